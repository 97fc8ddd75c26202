"""What enterprises and departments look for, for the school: the list, one need with its suggestions, and decisions."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.ask_filters import needs_narrowed
from partnerships.forms.editing import add_errors
from partnerships.forms.needs import DecideForm, NeedForm, SaidForm
from partnerships.models import Enterprise, Match, Need, Offer
from partnerships.services import links as link_services
from partnerships.services import matches
from partnerships.services import needs as services
from partnerships.services.enterprises import Conflict
from partnerships.suggestions import offers_for, partners_for
from partnerships.views.doors import partner, school_only, school_page
from partnerships.views.lists import list_page, narrowing
from partnerships.workflow import NEED, NeedState, looks_after_this_need
from records import keyset
from records.workflow import NotAllowed, moves_open_to

#: Public name of a sort -> its column, NOT NULL and indexed with the id.
SORTS = {"until": "until_on", "posted": "posted_at"}
PANEL = ["side", "kind", "state", "department"]
CHOICES = {"side", "kind", "state"}


@require_safe
def need_list(request):
    school_only(request.user)
    chosen = needs_narrowed(request.user, request.GET)
    rows = chosen.qs.select_related("enterprise", "department").prefetch_related("specialties")
    page = keyset.page(rows, SORTS, request.GET, default="until")
    context = {
        **narrowing(request, chosen.form, PANEL, CHOICES, ticks=("mine", "closed")),
        "title": _("Needs"),
        "list": "needs",
        "newest": "-posted",
        "page": page,
        "lines": [(row, NEED.words[row.state]) for row in page],
        "count": keyset.count(chosen.qs),
    }
    return list_page(request, "partnerships/need_list.html", context)


def need_of(request, pk):
    rows = Need.objects.select_related(
        "enterprise__owner", "enterprise__industry", "department", "site__region", "proxy", "posted_by"
    )
    return school_page(rows.prefetch_related("specialties__category", "enterprise__departments"), request, pk)


@require_safe
def need_detail(request, pk):
    return _detail(request, need_of(request, pk))


def _detail(request, need, faulty=""):
    today, is_live = timezone.localdate(), need.state in (NeedState.OPEN, NeedState.MATCHED)
    find = offers_for if need.enterprise_id else partners_for
    decided = need.matches.select_related("offer__department", "enterprise", "decided_by").prefetch_related("asks")
    context = {
        "need": need,
        "words": NEED.words[need.state],
        "why_not": looks_after_this_need(need, request.user),
        "moves": [one for one in moves_open_to(need, NEED, request.user) if one.move.name in services.STEPS],
        "suggestions": find(need, today=today) if is_live else [],
        "is_live": is_live,
        "accepted": [row for row in decided if row.verdict == Match.Verdict.ACCEPTED],
        "declined": [row for row in decided if row.verdict == Match.Verdict.DECLINED],
        "may_decide": not looks_after_this_need(need, request.user),
        "faulty": faulty,
    }
    return render(request, "partnerships/need_detail.html", context, status=422 if faulty else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def need_new(request, pk):
    """An officer posts what somebody of this enterprise looks for (代办)."""
    enterprise = partner(request, pk)
    form = NeedForm(request.POST or None, enterprise=enterprise)
    said = SaidForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and said.is_valid():
        try:
            need = services.post_need(
                enterprise, by=request.user, on_behalf=said.on_behalf, form_key=_key(form), **form.values
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Posted. The enterprise is asked to check it; here is what fits."))
            return redirect("partnerships:need_detail", need.pk)
    context = {"form": form, "said": said, "enterprise": enterprise, "people": enterprise.contacts.present()}
    return render(request, "partnerships/need_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def wish_new(request):
    """What a department looks for at enterprises; from an offer or a specialty with its fields filled."""
    school_only(request.user)
    form = NeedForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        values = form.values
        try:
            need = services.post_wish(values.pop("department"), by=request.user, form_key=_key(form), **values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Posted. Here are the partners that fit."))
            return redirect("partnerships:need_detail", need.pk)
    return render(request, "partnerships/need_form.html", {"form": form}, status=422 if form.is_bound else 200)


def _key(form):
    return form.cleaned_data["form_key"] or uuid.uuid4()


@require_http_methods(["GET", "HEAD", "POST"])
def need_edit(request, pk):
    need = need_of(request, pk)
    if reason := looks_after_this_need(need, request.user):
        raise NotAllowed(reason)
    form, conflict = NeedForm(request.POST or None, instance=need, enterprise=need.enterprise, user=request.user), None
    if request.method == "POST" and form.is_valid():
        form, conflict = save_need(form, request.user)
        if form is None:
            messages.success(request, _("Saved."))
            return redirect("partnerships:need_detail", pk)
    named = Need(pk=pk, title=form.initial["title"])
    context = {"form": form, "need": named, "conflict": conflict, "enterprise": need.enterprise}
    status = 409 if conflict else 422 if form.is_bound else 200
    return render(request, "partnerships/need_form.html", context, status=status)


def save_need(form, user):
    """(None, None) once it is saved; else the form to show again, and the conflict where there was one."""
    try:
        services.change_need(form.instance, by=user, version=form.cleaned_data["version"], changes=form.changes)
    except Conflict as conflict:
        return form.redrawn(conflict.current, form.changes), conflict
    except ValidationError as error:
        add_errors(form, error)
        return form, None
    return None, None


@require_POST
def need_move(request, pk, name):
    need = need_of(request, pk)
    if name not in services.STEPS:
        raise Http404
    moved = services.move_need(need, name, by=request.user)
    label = NEED.words[moved.state].label
    messages.success(request, _("%(name)s: now “%(state)s”.") % {"name": need.title, "state": label})
    return redirect("partnerships:need_detail", pk)


@require_POST
def need_link(request, pk):
    """Hand out a link on which this enterprise says what it looks for."""
    enterprise = partner(request, pk)
    contact = enterprise.contacts.present().first()
    made = link_services.hand_out_need(enterprise, by=request.user, contact=contact)
    return redirect("partnerships:link_carry", pk, made.pk)


# --- decisions -----------------------------------------------------------------------------------------------------


@require_POST
def need_decide(request, pk):
    """Accept or decline an offer for an enterprise's need, or a partner for a department's wish."""
    need, form = need_of(request, pk), DecideForm(request.POST)
    if not form.is_valid():
        raise Http404
    if need.enterprise_id:
        rows = Offer.objects.visible_to(request.user).select_related("department")
        other = {"offer": get_object_or_404(rows, pk=form.cleaned_data["offer"] or 0)}
    else:
        rows = Enterprise.objects.visible_to(request.user).current()
        other = {"enterprise": get_object_or_404(rows, pk=form.cleaned_data["enterprise"] or 0)}
    made = decided(request, form, need=need, **other)
    if made is None:
        return _detail(request, need, faulty=_("Say why it does not suit."))
    if made.enterprise_id and made.verdict == Match.Verdict.ACCEPTED:
        return asking(made)
    return redirect("partnerships:need_detail", pk)


def decided(request, form, **two):
    """The Match, or None where a decline said no reason."""
    data = form.cleaned_data
    said = {"reason": data["reason"], "number": data["number"]}
    try:
        made = matches.decide(data["verdict"], by=request.user, **said, **two)
    except ValidationError:
        return None
    is_yes = made.verdict == Match.Verdict.ACCEPTED
    messages.success(request, _("Accepted.") if is_yes else _("Declined: it is not suggested again."))
    return made


def asking(match):
    """On to the request that follows from an accepted partner."""
    answer = redirect("partnerships:ask_new", match.enterprise_id)
    answer["Location"] += f"?match={match.pk}"
    return answer


@require_POST
def match_reconsider(request, pk):
    """Take a decision back."""
    match = school_page(Match.objects.select_related("need", "offer__department", "enterprise"), request, pk)
    matches.reconsider(match, by=request.user)
    messages.success(request, _("Taken back: it stands among the suggestions again."))
    if match.need_id:
        return redirect("partnerships:need_detail", match.need_id)
    return redirect("partnerships:offer_detail", match.offer_id)

"""What departments offer to enterprises, for the school: the list, one offer with its suggestions, and its form."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.ask_filters import offers_narrowed
from partnerships.forms.editing import add_errors
from partnerships.forms.needs import DecideForm, OfferForm
from partnerships.models import Enterprise, Match, Need, Offer
from partnerships.services import offers as services
from partnerships.services.enterprises import Conflict
from partnerships.suggestions import needs_for, partners_for
from partnerships.views.doors import school_only, school_page
from partnerships.views.lists import list_page, narrowing
from partnerships.views.needs import asking, decided
from records import keyset
from records.workflow import NotAllowed

SORTS = {"title": "title", "recorded": "created_at"}
PANEL = ["department", "kind"]
CHOICES = {"kind"}


@require_safe
def offer_list(request):
    school_only(request.user)
    chosen = offers_narrowed(request.user, request.GET)
    rows = chosen.qs.select_related("department", "owner").prefetch_related("specialties")
    page = keyset.page(rows, SORTS, request.GET, default="title")
    context = {
        **narrowing(request, chosen.form, PANEL, CHOICES, ticks=("closed",)),
        "title": _("What we offer"),
        "list": "offers",
        "newest": "-recorded",
        "page": page,
        "count": keyset.count(chosen.qs),
    }
    return list_page(request, "partnerships/offer_list.html", context)


def offer_of(request, pk):
    rows = Offer.objects.with_taken(timezone.localdate()).select_related("department", "owner")
    return school_page(rows.prefetch_related("specialties__category"), request, pk)


@require_safe
def offer_detail(request, pk):
    return _detail(request, offer_of(request, pk))


def _detail(request, offer, faulty=""):
    today, is_live = timezone.localdate(), offer.withdrawn_at is None
    rows = offer.matches.select_related("need__enterprise", "enterprise", "decided_by").prefetch_related("asks")
    context = {
        "offer": offer,
        "why_not": services.why_not_offer(offer.department, request.user),
        "needs": needs_for(offer, today=today) if is_live else [],
        "partners": partners_for(offer, today=today) if is_live else [],
        "is_live": is_live,
        "may_decide": not services.why_not_offer(offer.department, request.user),
        "accepted": [row for row in rows if row.verdict == Match.Verdict.ACCEPTED],
        "declined": [row for row in rows if row.verdict == Match.Verdict.DECLINED],
        "faulty": faulty,
    }
    return render(request, "partnerships/offer_detail.html", context, status=422 if faulty else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def offer_new(request):
    school_only(request.user)
    form = OfferForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        values, key = form.values, form.cleaned_data["form_key"] or uuid.uuid4()
        try:
            offer = services.make_offer(values.pop("department"), by=request.user, form_key=key, **values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("It stands on the list. Here is whom it could help."))
            return redirect("partnerships:offer_detail", offer.pk)
    return render(request, "partnerships/offer_form.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def offer_edit(request, pk):
    offer = offer_of(request, pk)
    if reason := services.why_not_offer(offer.department, request.user):
        raise NotAllowed(reason)
    form, conflict = OfferForm(request.POST or None, instance=offer, user=request.user), None
    if request.method == "POST" and form.is_valid():
        try:
            services.change_offer(offer, by=request.user, version=form.cleaned_data["version"], changes=form.changes)
        except Conflict as error:
            conflict, form = error, form.redrawn(error.current, form.changes)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("partnerships:offer_detail", pk)
    context = {"form": form, "offer": Offer(pk=pk, title=form.initial["title"]), "conflict": conflict}
    status = 409 if conflict else 422 if form.is_bound else 200
    return render(request, "partnerships/offer_form.html", context, status=status)


@require_POST
def offer_withdraw(request, pk):
    """Take it off the list, or with `back` put it back."""
    is_back = "back" in request.POST
    services.withdraw_offer(offer_of(request, pk), by=request.user, is_back=is_back)
    messages.success(request, _("It stands on the list again.") if is_back else _("It is off the list."))
    return redirect("partnerships:offer_detail", pk)


@require_POST
def offer_decide(request, pk):
    """Accept or decline a need for this offer, or a partner to whom it is to be offered."""
    offer, form = offer_of(request, pk), DecideForm(request.POST)
    if not form.is_valid():
        raise Http404
    if form.cleaned_data["need"]:
        rows = Need.objects.visible_to(request.user).of_enterprises().select_related("enterprise")
        other = {"need": get_object_or_404(rows, pk=form.cleaned_data["need"])}
    else:
        rows = Enterprise.objects.visible_to(request.user).current()
        other = {"enterprise": get_object_or_404(rows, pk=form.cleaned_data["enterprise"] or 0)}
    made = decided(request, form, offer=offer, **other)
    if made is None:
        return _detail(request, offer, faulty=_("Say why it does not suit."))
    if made.enterprise_id and made.verdict == Match.Verdict.ACCEPTED:
        return asking(made)
    return redirect("partnerships:offer_detail", pk)

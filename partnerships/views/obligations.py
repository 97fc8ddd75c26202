"""Promises for the school: the list over all partners, one of them, and what is said and decided about it."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.filters import obligations_for
from partnerships.forms.editing import add_errors
from partnerships.forms.obligations import KeepForm, KeepForThemForm, ObligationForm
from partnerships.models import Obligation
from partnerships.obligations import promise, record_of
from partnerships.services import links as link_services
from partnerships.services import obligations as services
from partnerships.services.enterprises import Conflict
from partnerships.timeline import sentence
from partnerships.views.agreements.drafts import kept
from partnerships.views.doors import school_only, school_page
from partnerships.views.lists import list_page, narrowing
from partnerships.workflow import OBLIGATION, ObligationState, keeps_this_agreement, settles_it
from records import keyset
from records.models import Event, Side
from records.workflow import NotAllowed, Refused, moves_open_to

#: Public name of a sort -> its column.
SORTS = {"due": "due_on", "enterprise": "enterprise__sort_key"}
PANEL = ["side", "state", "due", "owner", "kind"]
CHOICES = {"side", "state", "due", "kind"}
#: Steps that are a press of a button with a reason.
BUTTONS = ("waive", "breach", "reopen")


@require_safe
def obligation_list(request):
    school_only(request.user)
    chosen, today = obligations_for(request.user, request.GET), timezone.localdate()
    rows = chosen.qs.select_related("enterprise", "agreement__owner", "owner", "contact").with_happened()
    page = keyset.page(rows, SORTS, request.GET, default="due")
    context = {
        **narrowing(request, chosen.form, PANEL, CHOICES, ticks=("mine", "settled")),
        "title": _("Obligations"),
        "list": "obligations",
        "page": page,
        "lines": [promise(row, today) for row in page],
        "count": keyset.count(chosen.qs),
    }
    return list_page(request, "partnerships/obligation_list.html", context)


def _of(request, pk):
    rows = Obligation.objects.select_related(
        "enterprise", "agreement__enterprise", "agreement__owner", "owner", "contact", "clause", "closed_by",
        "proxy__entered_by", "carried_from__agreement",
    )  # fmt: skip
    rows = rows.prefetch_related("agreement__enterprise__departments")  # who may is asked for each button
    return school_page(rows.with_happened(), request, pk)


@require_safe
def obligation_detail(request, pk):
    row, today = _of(request, pk), timezone.localdate()
    open_to = moves_open_to(row, OBLIGATION, request.user)
    context = {
        "row": row,
        "promise": promise(row, today),
        "moves": [one for one in open_to if one.move.name in BUTTONS],
        "may_keep": row.state == ObligationState.OPEN and not settles_it(row, request.user),
        "why_not": keeps_this_agreement(row.agreement, request.user),
        "is_theirs": row.side == Side.ENTERPRISE,
        "files": row.files.all(),
        "history": [(event, sentence(event)) for event in Event.objects.of(row).select_related("by", "subject_type")],
        "record": record_of(row.enterprise.obligations.signed(), today),
    }
    return render(request, "partnerships/obligation_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def obligation_keep(request, pk):
    """It was kept: by the school, or by the enterprise as somebody there said."""
    row = _of(request, pk)
    if reason := settles_it(row, request.user):
        raise NotAllowed(reason)
    if row.state != ObligationState.OPEN:
        raise Refused(_("This is settled already."))
    form = (KeepForThemForm if row.side == Side.ENTERPRISE else KeepForm)(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and kept_as_said(row, form, by=request.user):
        messages.success(request, _("Written down as kept. Both sides read it."))
        return redirect("partnerships:obligation_detail", pk)
    people = row.enterprise.contacts.present() if row.side == Side.ENTERPRISE else ()
    context = {"form": form, "row": row, "people": people}
    return render(request, "partnerships/obligation_keep.html", context, status=422 if form.errors else 200)


def kept_as_said(row, form, **who):
    """Whether it was written down; what was wrong stands in the form."""
    try:
        services.keep_obligation(row, **form.said, **who)
    except ValidationError as error:
        add_errors(form, error, otherwise="files")
        return False
    return True


@require_POST
def obligation_move(request, pk, name):
    row = _of(request, pk)
    if name not in BUTTONS:
        raise Http404
    note = request.POST.get("note", "").replace("\x00", "")[:300]
    row = services.settle_obligation(row, name, by=request.user, note=note)
    messages.success(request, _("Now “%(state)s”.") % {"state": OBLIGATION.words[row.state].label})
    return redirect("partnerships:obligation_detail", pk)


@require_POST
def obligation_link(request, pk):
    """Hand out a link through which the enterprise says that it is done."""
    row = _of(request, pk)
    made = link_services.hand_out_promise(row, by=request.user)
    return redirect("partnerships:link_carry", row.enterprise_id, made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def obligation_new(request, pk):
    """Write down a duty that no clause made."""
    agreement = kept(request, pk)
    if reason := services.why_not_add(agreement):
        raise Refused(reason)
    form = ObligationForm(request.POST or None, enterprise=agreement.enterprise)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["form_key"] or uuid.uuid4()
        try:
            row = services.add_obligation(agreement, by=request.user, form_key=key, **form.values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Written down. Both sides read it."))
            return redirect("partnerships:obligation_detail", row.pk)
    context = {"form": form, "agreement": agreement, "row": None, "conflict": None}
    return render(request, "partnerships/obligation_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def obligation_edit(request, pk):
    row, conflict = _of(request, pk), None
    if reason := keeps_this_agreement(row.agreement, request.user):
        raise NotAllowed(reason)
    if row.state != ObligationState.OPEN:
        raise Refused(_("This is settled already."))
    form = ObligationForm(request.POST or None, instance=row, enterprise=row.enterprise)
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            services.change_obligation(row, by=request.user, version=version, changes=form.changes)
        except Conflict as error:
            conflict, form = error, form.redrawn(error.current, form.changes)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("partnerships:obligation_detail", pk)
    context = {"form": form, "agreement": row.agreement, "row": row, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "partnerships/obligation_form.html", context, status=status)

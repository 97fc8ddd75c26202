"""Requests to enterprises, for the school: the list, the form with who else asks, one request and its steps."""

from dataclasses import replace
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.ask_filters import asks_narrowed
from partnerships.forms.editing import add_errors
from partnerships.forms.needs import AnswerAskOnBehalfForm, AskForm
from partnerships.models import Ask, Match
from partnerships.models.need import NeedKind
from partnerships.services import asks as services
from partnerships.services import links as link_services
from partnerships.views.doors import partner, school_only, school_page
from partnerships.views.lists import list_page, narrowing
from partnerships.workflow import ASK, asked_it
from records import keyset
from records.workflow import NotAllowed, moves_open_to

SORTS = {"due": "due_on", "asked": "asked_at"}
PANEL = ["kind", "state", "department"]
CHOICES = {"kind", "state"}
#: Steps that are buttons on the page; answers have a form of their own, and the clock does the rest.
STEPS = ("finish", "withdraw")
#: Kind of a department's wish -> kind of the request that follows from it.
KINDS = {
    NeedKind.INTERNS: "host", NeedKind.GRADUATES: "other", NeedKind.RESEARCH: "visit", NeedKind.TRAINING: "other",
    NeedKind.EQUIPMENT: "equipment", NeedKind.LECTURERS: "lecture",
}  # fmt: skip


@require_safe
def ask_list(request):
    school_only(request.user)
    chosen = asks_narrowed(request.user, request.GET)
    rows = chosen.qs.select_related("enterprise", "department", "asked_by")
    page = keyset.page(rows, SORTS, request.GET, default="due")
    context = {
        **narrowing(request, chosen.form, PANEL, CHOICES, ticks=("mine", "closed")),
        "title": _("Asks"),
        "list": "asks",
        "newest": "-asked",
        "page": page,
        "lines": [(row, ASK.words[row.state]) for row in page],
        "count": keyset.count(chosen.qs),
    }
    return list_page(request, "partnerships/ask_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_new(request, pk):
    """Ask this partner for something; before it is sent the page says who else at the school asks them."""
    enterprise = partner(request, pk)
    room = services.room_of(enterprise, timezone.localdate())
    match = _match(request, enterprise)
    form = AskForm(
        request.POST or None, enterprise=enterprise, user=request.user, is_full=room.is_full, initial=_begin(match)
    )
    if request.method == "POST" and form.is_valid():
        try:
            ask = services.ask_enterprise(enterprise, by=request.user, match=match, **form.asked)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Asked. Pass the link on, or wait: they are told."))
            return redirect("partnerships:ask_detail", ask.pk)
    context = {"form": form, "enterprise": enterprise, "room": room, "match": match}
    return render(request, "partnerships/ask_form.html", context, status=422 if form.is_bound else 200)


def _match(request, enterprise):
    """The accepted suggestion it follows from, by the address or the form."""
    key = request.POST.get("match") or request.GET.get("match", "")
    if not key.isdecimal() or len(key) > 18:
        return None
    rows = Match.objects.visible_to(request.user).filter(verdict=Match.Verdict.ACCEPTED)
    rows = rows.select_related("need", "offer")
    return rows.filter(pk=key, enterprise=enterprise).first()


def _begin(match):
    """What the form begins with where it follows from a suggestion."""
    if match is None:
        return {}
    about = match.need or match.offer
    kind = KINDS[match.need.kind] if match.need_id else "other"
    first = {"match": match.pk, "kind": kind, "text": about.title, "number": match.number}
    if match.need_id:
        soon = timezone.localdate() + timedelta(days=10)
        first["due_on"] = max(min(match.need.until_on, soon), timezone.localdate() + timedelta(days=1))
    return first


def ask_of(request, pk):
    rows = Ask.objects.select_related(
        "enterprise__owner", "department", "asked_by", "contact", "answered_by", "proxy", "match__need", "match__offer"
    )
    return school_page(rows.prefetch_related("enterprise__departments"), request, pk)


@require_safe
def ask_detail(request, pk):
    ask = ask_of(request, pk)
    why_not = asked_it(ask, request.user)
    context = {
        "ask": ask,
        "words": ASK.words[ask.state],
        "why_not": why_not,
        "moves": [one for one in moves_open_to(ask, ASK, request.user) if one.move.name in STEPS],
        "waits": ask.state == Ask.State.ASKED,
        "is_unread": not why_not and ask.seen_at is None and ask.state not in (Ask.State.ASKED, Ask.State.WITHDRAWN),
        "room": _others(ask),
    }
    return render(request, "partnerships/ask_detail.html", context)


def _others(ask):
    """Who else asks this enterprise, without this very request."""
    room = services.room_of(ask.enterprise, timezone.localdate())
    return replace(room, busy_with=[one for one in room.busy_with if one.pk != ask.pk])


@require_POST
def ask_move(request, pk, name):
    ask = ask_of(request, pk)
    if name not in STEPS:
        raise Http404
    note = request.POST.get("note", "").replace("\x00", "")[:500]
    moved = services.move_ask(ask, name, by=request.user, note=note)
    messages.success(request, _("Now “%(state)s”.") % {"state": ASK.words[moved.state].label})
    return redirect("partnerships:ask_detail", pk)


@require_POST
def ask_seen(request, pk):
    """Whoever asked has read how it ended."""
    services.mark_seen(ask_of(request, pk), by=request.user)
    messages.success(request, _("Read: it is off your tasks."))
    return redirect("partnerships:ask_detail", pk)


@require_POST
def ask_link(request, pk):
    """Hand out a link to answer with one tap."""
    ask = ask_of(request, pk)
    made = link_services.hand_out_ask(ask, by=request.user)
    return redirect("partnerships:link_carry", ask.enterprise_id, made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_on_behalf(request, pk):
    """An officer enters what somebody of the enterprise answered (代办)."""
    ask = ask_of(request, pk)
    if reason := asked_it(ask, request.user):
        raise NotAllowed(reason)
    form = AnswerAskOnBehalfForm(request.POST or None, ask=ask)
    if request.method == "POST" and form.is_valid():
        try:
            services.answer_ask(ask, by=request.user, on_behalf=form.on_behalf, **form.said)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Entered. The enterprise is asked to check it."))
            return redirect("partnerships:ask_detail", pk)
    context = {"form": form, "ask": ask, "people": ask.enterprise.contacts.present()}
    return render(request, "partnerships/ask_on_behalf.html", context, status=422 if form.errors else 200)

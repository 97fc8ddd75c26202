"""Seminars: the school's pages, and calendars to subscribe to."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import Avg, Count, Prefetch, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import errors
from accounts.access import client_address
from partnerships import calendars
from partnerships.filters import seminars_for
from partnerships.forms.editing import add_errors
from partnerships.forms.seminars import (
    AnswerForm,
    AnswerOnBehalfForm,
    CancelForm,
    FeedbackForm,
    FeedbackOnBehalfForm,
    InviteForm,
    ItemForm,
    MinutesForm,
    SeminarForm,
    SheetForm,
)
from partnerships.forms.trips import near
from partnerships.models import CalendarFeed, Seminar, SeminarFeedback, SeminarGuest
from partnerships.models.seminar import Answer
from partnerships.services import seminars as services
from partnerships.views.doors import school_only, school_page
from partnerships.views.seminar_door import door_address
from partnerships.views.seminar_guests import feedback_of, said
from partnerships.workflow import SEMINAR, SeminarState, keeps_this_seminar
from records import keyset, links, qr, saved
from records.workflow import NotAllowed, Refused

#: Lines on the sheet for those who come unannounced.
EMPTY_LINES = 6


def _seminar(request, pk):
    return school_page(Seminar.objects.select_related("organiser", "department", "series"), request, pk)


def _kept(request, pk):
    """The seminar, for somebody who may change it. Raises Http404, PermissionDenied, NotAllowed."""
    seminar = _seminar(request, pk)
    if reason := keeps_this_seminar(seminar, request.user):
        raise NotAllowed(reason)
    return seminar


# --- planning ------------------------------------------------------------------------------------------------------


@require_safe
def seminar_list(request):
    school_only(request.user)
    comes = Sum("guests__head_count", filter=Q(guests__answer=Answer.YES))
    counted, chosen = seminars_for(request.user, request.GET)
    rows = counted.select_related("organiser").annotate(invited=Count("guests"), coming=comes)
    context = {
        "page": keyset.page(rows, {"day": "starts_at"}, request.GET, default="-day"),
        "count": keyset.count(counted),
        "kinds": Seminar.Kind.choices,
        "states": Seminar.State.choices,
        "query": request.GET.urlencode(),
        "saved": saved.views_of(request.user, "events"),
        **chosen,
    }
    return render(request, "partnerships/seminar_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def seminar_new(request):
    school_only(request.user)
    form = SeminarForm(request.POST or None, initial={"department": request.user.department_id})
    if request.method == "POST" and form.is_valid():
        key = {"by": request.user, "form_key": form.cleaned_data["form_key"] or form.initial["form_key"]}
        try:
            if form.rule:
                seminar = services.plan_series(rule=form.rule, **key, **form.values)[0]
            else:
                seminar = services.plan_seminar(**key, **form.values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Planned. Now invite."))
            return redirect("partnerships:seminar_invite", seminar.pk)
    return render(request, "partnerships/seminar_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def seminar_edit(request, pk):
    seminar, conflict = _kept(request, pk), None
    form = SeminarForm(request.POST or None, instance=seminar)
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"]
        try:
            services.change_seminar(seminar, by=request.user, version=version, changes=form.values)
        except services.Conflict as error:
            conflict = error
            typed = request.POST.copy()
            typed["version"] = error.current.version
            form = SeminarForm(typed, instance=error.current)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved. Guests hear of a new date or place by themselves."))
            return redirect("partnerships:seminar_detail", pk)
    context = {"form": form, "seminar": seminar, "conflict": conflict}
    status = 409 if conflict else 422 if form.is_bound and form.errors else 200
    return render(request, "partnerships/seminar_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def seminar_invite(request, pk):
    seminar = _kept(request, pk)
    if reason := services.why_not_invite(seminar, timezone.now()):
        raise Refused(reason)
    is_sent = request.method == "POST" and "find" not in request.POST
    form = InviteForm(request.POST if is_sent else None, user=request.user, seminar=seminar)
    if is_sent and form.is_valid():
        whom = {"enterprises": form.cleaned_data["enterprises"], "users": form.cleaned_data["users"]}
        rows = [seminar]
        if form.cleaned_data.get("whole_series"):
            later = {"state": SeminarState.PLANNED, "starts_at__gt": timezone.now()}
            rows = list(seminar.series.seminars.filter(**later).select_related("organiser"))
        new = services.invite_to_all(rows, by=request.user, **whom)
        messages.success(request, _("Invited: %(count)d. Each hears of it by mail or through you.") % {"count": new})
        return redirect("partnerships:seminar_detail", pk)
    data = request.POST if request.method == "POST" else request.GET
    ticked = [int(key) for key in data.getlist("enterprises") if key.isdecimal() and len(key) < 19]
    words = data.get("words", "")[:60]
    invited = seminar.guests.filter(enterprise__isnull=False).values_list("enterprise", flat=True)
    chosen, offered = near(request.user, ticked, words, list(invited))
    choices = {"chosen": chosen, "offered": offered, "words": words}
    if request.htmx and request.method == "GET":
        return render(request, "partnerships/_trip_choices.html#choices", choices)
    context = {"form": form, "seminar": seminar, **choices}
    return render(request, "partnerships/seminar_invite.html", context, status=422 if form.errors else 200)


# --- one seminar -----------------------------------------------------------------------------------------------------


def _page_of(seminar):
    guests = list(seminar.guests.select_related("enterprise", "user", "contact").order_by("pk"))
    attendees = list(seminar.attendees.select_related("enterprise", "user").order_by("signed_at", "pk"))
    coming = [guest for guest in guests if guest.answer == Answer.YES]
    _sign_in(guests, attendees)
    return {
        "seminar": seminar,
        "guests": guests,
        "walk_ins": [attendee for attendee in attendees if not attendee.is_of_a_guest],
        "signed_in": len(attendees),
        "coming": coming,
        "heads": sum(guest.head_count or 0 for guest in coming),
        "plates": [guest for guest in guests if guest.number_plate],
        "meals": sum(guest.head_count or 0 for guest in coming if guest.meal),
        "items": seminar.items.select_related("owner", "enterprise", "done_by"),
    }


def _sign_in(guests, attendees):
    """Give each guest those who signed in for it, and the tick with which the organiser's form begins.

    Where anybody of an enterprise has signed in, signing in decides; on an event without it, the answer does.
    """
    of_guest = {("e", guest.enterprise_id) if guest.enterprise_id else ("u", guest.user_id): guest for guest in guests}
    for guest in guests:
        guest.people = []
    for attendee in attendees:
        whose = ("e", attendee.enterprise_id) if attendee.enterprise_id else ("u", attendee.user_id)
        guest = of_guest.get(whose)
        attendee.is_of_a_guest = guest is not None
        if guest is not None:
            guest.people.append(attendee)
    decides = any(attendee.enterprise_id for attendee in attendees)
    for guest in guests:
        says_yes = guest.answer == Answer.YES and not (decides and guest.enterprise_id)
        guest.is_here = bool(guest.people) or says_yes if guest.attended is None else guest.attended


@require_safe
def seminar_detail(request, pk):
    return _detail(request, _seminar(request, pk))


def _detail(request, seminar, item_form=None, cancel_form=None):
    now = timezone.now()
    why_not = keeps_this_seminar(seminar, request.user)
    page = _page_of(seminar)
    is_planned = seminar.state == SeminarState.PLANNED
    is_after = seminar.state in (SeminarState.HELD, SeminarState.CLOSED)
    context = {
        **page,
        "words": SEMINAR.words[seminar.state],
        "why_not": why_not,
        "may_change": not why_not and is_planned,
        "may_invite": not why_not and services.why_not_invite(seminar, now) is None,
        "may_record": not why_not and services.why_not_record(seminar, now) is None,
        "may_answer": services.why_not_answer(seminar, now) is None,
        "may_minute": not why_not and seminar.state == SeminarState.HELD,
        "is_after": is_after,
        "sheet_form": SheetForm(seminar=seminar),
        **_told(seminar, why_not),
        "own": next((guest for guest in page["guests"] if guest.user_id == request.user.pk), None),
        "item_form": (item_form or ItemForm(seminar=_with_guests(seminar))) if is_after and not why_not else None,
        "cancel_form": cancel_form or CancelForm(),
        "others": seminar.series.seminars.exclude(pk=seminar.pk).order_by("starts_at") if seminar.series_id else [],
    }
    faulty = (item_form and item_form.errors) or (cancel_form and cancel_form.errors)
    return render(request, "partnerships/seminar_detail.html", context, status=422 if faulty else 200)


def _told(seminar, why_not):
    """How it was: average and count for the school, the texts for whoever keeps the event."""
    rows = SeminarFeedback.objects.filter(guest__seminar=seminar)
    told = rows.aggregate(count=Count("pk"), average=Avg("useful"))
    texts = [] if why_not else rows.select_related("guest__enterprise", "guest__user").order_by("given_at", "pk")
    return {"told": told, "texts": texts}


def _with_guests(seminar):
    guests = SeminarGuest.objects.select_related("enterprise").filter(enterprise__isnull=False)
    return Seminar.objects.prefetch_related(Prefetch("guests", guests)).get(pk=seminar.pk)


@require_safe
def seminar_print(request, pk):
    """The sheet on which people sign in."""
    seminar = _seminar(request, pk)
    page = _page_of(seminar)
    expected = [guest for guest in page["guests"] if guest.answer != Answer.NO or guest.people]
    address = door_address(seminar)
    context = {**page, "expected": expected, "empty": range(EMPTY_LINES), "address": address, "qr": qr.svg(address)}
    return render(request, "partnerships/seminar_print.html", context)


@require_POST
def seminar_cancel(request, pk):
    seminar, form = _kept(request, pk), CancelForm(request.POST)
    if not form.is_valid():
        return _detail(request, seminar, cancel_form=form)
    services.cancel_seminar(seminar, by=request.user, note=form.cleaned_data["note"])
    messages.success(request, _("Cancelled. Whoever had been told hears of it."))
    return redirect("partnerships:seminar_detail", pk)


@require_POST
def seminar_close(request, pk):
    services.close_seminar(_kept(request, pk), by=request.user)
    messages.success(request, _("Closed."))
    return redirect("partnerships:seminar_detail", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def seminar_guest(request, pk, guest):
    """An answer: entered for an enterprise that said it elsewhere, or one's own."""
    seminar = _seminar(request, pk)
    found = get_object_or_404(seminar.guests.select_related("enterprise", "user", "seminar"), pk=guest)
    kind = AnswerOnBehalfForm if found.enterprise_id else AnswerForm
    form = kind(request.POST or None, guest=found)
    if request.method == "POST" and form.is_valid() and said(services.answer_invitation, found, form, by=request.user):
        messages.success(request, _("The answer is written down."))
        return redirect("partnerships:seminar_detail", pk)
    context = {"seminar": seminar, "guest": found, "form": form}
    return render(request, "partnerships/seminar_guest.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def seminar_feedback(request, pk, guest):
    """How it was: entered for an enterprise that said it elsewhere, or one's own."""
    seminar = _seminar(request, pk)
    found = get_object_or_404(seminar.guests.select_related("enterprise", "user", "seminar"), pk=guest)
    kind = FeedbackOnBehalfForm if found.enterprise_id else FeedbackForm
    if reason := _why_not_tell(found, request.user):
        raise NotAllowed(reason)
    form = kind(request.POST or None, feedback=feedback_of(found))
    if request.method == "POST" and form.is_valid() and said(services.give_feedback, found, form, by=request.user):
        messages.success(request, _("Written down. Only the school reads it."))
        return redirect("partnerships:seminar_detail", pk)
    why_not = services.why_not_feedback(found, timezone.now())
    context = {"seminar": seminar, "guest": found, "form": form, "why_not": why_not}
    return render(request, "partnerships/seminar_feedback.html", context, status=422 if form.errors else 200)


def _why_not_tell(guest, user):
    """What somebody said about an event is read by whoever keeps it, and by themselves."""
    return None if guest.user_id == user.pk else keeps_this_seminar(guest.seminar, user)


@require_POST
def seminar_attendance(request, pk):
    walked_in = {key: next(iter(_keys(request, f"belongs-{key}")), None) for key in _keys(request, "walked_in")}
    came = set(_keys(request, "came"))
    services.record_attendance(_kept(request, pk), by=request.user, attended=came, walked_in=walked_in)
    messages.success(request, _("Noted who came. For each enterprise it counts as contact."))
    return redirect("partnerships:seminar_detail", pk)


def _keys(request, name):
    return [int(key) for key in request.POST.getlist(name) if key.isdecimal() and len(key) < 19]


@require_http_methods(["GET", "HEAD", "POST"])
def seminar_minutes(request, pk):
    seminar, conflict = _kept(request, pk), None
    initial = {"minutes": seminar.minutes, "decisions": seminar.decisions, "version": seminar.version}
    form = MinutesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.write_minutes(seminar, by=request.user, **form.cleaned_data)
        except services.Conflict as error:
            conflict = error
            typed = request.POST.copy()
            typed["version"] = error.current.version
            form = MinutesForm(typed)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved. The invited enterprises read the minutes."))
            return redirect("partnerships:seminar_detail", pk)
    context = {"seminar": seminar, "form": form, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "partnerships/seminar_minutes.html", context, status=status)


@require_POST
def seminar_item_new(request, pk):
    seminar = _kept(request, pk)
    form = ItemForm(request.POST, seminar=_with_guests(seminar))
    if form.is_valid():
        try:
            services.add_action_item(seminar, by=request.user, **form.item)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Written down. It stands among the tasks of that side."))
            return redirect("partnerships:seminar_detail", pk)
    return _detail(request, seminar, item_form=form)


@require_POST
def seminar_item_done(request, pk, item):
    seminar = _seminar(request, pk)
    services.finish_action_item(get_object_or_404(seminar.items, pk=item), by=request.user)
    messages.success(request, _("Done, thank you."))
    return redirect("partnerships:seminar_detail", pk)


# --- calendars -------------------------------------------------------------------------------------------------------


@require_safe
def seminar_calendar(request, pk):
    """One seminar as a calendar file, for whoever may see it."""
    seminar = get_object_or_404(Seminar.objects.visible_to(request.user).select_related("organiser"), pk=pk)
    return _calendar(calendars.single(seminar), f"event-{seminar.pk}.ics")


@require_http_methods(["GET", "HEAD", "POST"])
def calendar_own(request):
    """The private calendar address of whoever is signed in: made, made anew, ended."""
    if request.method == "POST":
        if "end" in request.POST:
            services.end_feed(request.user)
            messages.success(request, _("The address no longer works."))
        else:
            services.make_feed(request.user)
            messages.success(request, _("Copy the address into your calendar program."))
        return redirect("partnerships:calendar_own")
    feed = CalendarFeed.objects.filter(user=request.user).first()
    context = {"feed": feed, "address": calendars.feed_address(feed) if feed else ""}
    frame = "frame_school.html" if request.user.is_school else "frame_portal.html"
    return render(request, "partnerships/seminar_calendar.html", context | {"frame": frame})


@login_not_required
@never_cache
@require_safe
def calendar_feed(request, code):
    """What a calendar program reads: whoever knows the address sees it, so it can be ended by its owner."""
    if not links.within_rate(client_address(request)):
        return errors.too_many(request)
    feed = get_object_or_404(CalendarFeed.objects.select_related("user"), code=code, user__is_active=True)
    return _calendar(calendars.feed(feed.user), "events.ics")


def _calendar(text, name):
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response

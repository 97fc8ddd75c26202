"""Seminars: planned, moved, cancelled; guests invited and answering; who came, what was decided, what follows."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from partnerships.models import ActionItem, CalendarFeed, Seminar, SeminarGuest, SeminarSeries, is_member
from partnerships.models.seminar import Answer
from partnerships.models.touchpoint import Kind, Precision
from partnerships.rules.seminars import FARTHEST, occurrences
from partnerships.services.enterprises import Conflict
from partnerships.services.links import SEMINAR as LINK
from partnerships.services.touchpoints import (
    check_length,
    lock_enterprises,
    once,
    refresh_last_contact,
    write_touchpoint,
)
from partnerships.workflow import SEMINAR, SeminarState, keeps_this_partner, keeps_this_seminar
from records import links
from records.links import new_code
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused, move
from reminders import planner
from reminders import services as reminders
from reminders.workflow import DeliveryState

FIELDS = ("kind", "title", "title_en", "starts_at", "ends_at", "place", "online", "agenda", "department")
#: What a calendar shows: a change of these is told again.
TOLD_AGAIN = ("title", "starts_at", "ends_at", "place", "online")
TEXTS = ("agenda", "minutes", "decisions")
FEED_CODE = 28


# --- planning ------------------------------------------------------------------------------------------------------


def plan_seminar(*, by, form_key, enterprises=(), users=(), now=None, **fields):
    """Plan one seminar, invite `enterprises` and `users`, and return it; the same `form_key` twice returns the first.

    Writes "seminar.planned" (school) and "seminar.invited" on each enterprise's stream (both). Raises NotAllowed,
    ValidationError for a day that has passed, lies more than two years ahead, or a broken rule.
    """
    now = now or timezone.now()
    _may_plan(by)

    def make():
        seminar = _new(by, now, form_key=form_key, **fields)
        _invite(seminar, by, now, enterprises, users)
        return seminar

    return once(Seminar.objects.filter(organiser=by), form_key, make)


def plan_series(*, by, form_key, rule, enterprises=(), users=(), now=None, **fields):
    """Plan the seminars of a series by `rule` (RFC 5545) and return them, each with a UID of its own.

    The rule is read once: afterwards every seminar lives on its own. Raises as plan_seminar, and ValidationError for
    a rule that cannot be read, has no end or makes too many.
    """
    now = now or timezone.now()
    _may_plan(by)
    try:
        moments = occurrences(rule, fields["starts_at"])
    except ValueError as error:
        raise ValidationError({"count": str(error)}) from None
    length = fields["ends_at"] - fields["starts_at"]

    def make():
        series = SeminarSeries.objects.create(form_key=form_key, rule=rule, created_by=by, created_at=now)
        for moment in moments:
            seminar = _new(by, now, series=series, **fields | {"starts_at": moment, "ends_at": moment + length})
            _invite(seminar, by, now, enterprises, users)
        return series

    series = once(SeminarSeries.objects.filter(created_by=by), form_key, make)
    return list(series.seminars.order_by("starts_at", "pk"))


def _may_plan(by):
    if not by.sees_partners:
        raise NotAllowed(_("Events are planned by the school's liaison staff."))


def _new(by, now, **fields):
    seminar = Seminar(organiser=by, planned_at=now, **fields)
    _check(seminar, now)
    seminar.save(force_insert=True)
    record("seminar.planned", subject=seminar, by=by, data=_data(seminar), happened_at=now)
    return seminar


def _check(seminar, now):
    if seminar.starts_at <= now:
        raise ValidationError({"starts_at": _("This moment has passed.")})
    if seminar.starts_at > now + FARTHEST:
        raise ValidationError({"starts_at": _("This lies more than two years ahead.")})
    if seminar.ends_at - seminar.starts_at > timedelta(days=7):
        raise ValidationError({"ends_at": _("It lasts a week at most.")})
    seminar.full_clean(exclude=["form_key", "organiser", "series", "uid"], validate_unique=False)
    for name in TEXTS:
        check_length(Seminar, name, getattr(seminar, name))


def _data(seminar, **more):
    day = timezone.localtime(seminar.starts_at)
    return {"name": seminar.title, "day": f"{day:%Y-%m-%d}", "time": f"{day:%H:%M}", **more}


def _lock(seminar, by, version=None, changes=None):
    """The locked row. Raises NotAllowed, Conflict."""
    locked = Seminar.objects.select_for_update(of=("self",), no_key=True).select_related("organiser").get(pk=seminar.pk)
    if reason := keeps_this_seminar(locked, by):
        raise NotAllowed(reason)
    if version is not None and locked.version != version:
        raise Conflict(locked, changes or {})
    return locked


def change_seminar(seminar, *, by, version, changes, now=None):
    """Change what was planned and return it; `changes` by field of FIELDS.

    What a calendar shows (TOLD_AGAIN) raises `sequence`: every guest who has not declined is told once more, their
    answers stay. Writes "seminar.changed" on every guest's stream. Raises NotAllowed, Conflict, Refused once it is
    over or cancelled, ValidationError.
    """
    now = now or timezone.now()
    if unknown := set(changes) - set(FIELDS):
        raise TypeError(f"not a field of a seminar: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        locked = _lock(seminar, by, version, changes)
        if locked.state != SeminarState.PLANNED:
            raise Refused(_("Only what is still planned can be changed."))
        changed = {name: value for name, value in changes.items() if getattr(locked, name) != value}
        if not changed:
            return locked
        for name, value in changed.items():
            setattr(locked, name, value)
        _check(locked, now)
        is_told = any(name in TOLD_AGAIN for name in changed)
        locked.version += 1
        locked.sequence += is_told
        locked.save()
        if is_told:
            _tell_streams("seminar.changed", locked, by, now)
        else:
            record("seminar.changed", subject=locked, by=by, data=_data(locked), happened_at=now)
        _settle(locked, now)
    return locked


def cancel_seminar(seminar, *, by, note, now=None):
    """Cancel it, say why, and tell everybody who was invited; its reminders fall silent at once.

    Raises NotAllowed, Refused when it is held or cancelled already, or without a note.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(seminar, by)
        move(locked, SEMINAR, "cancel", by=by, note=note, now=now)
        locked.sequence += 1
        locked.version += 1
        locked.save(update_fields=["sequence", "version"])
        _tell_streams("seminar.cancelled", locked, by, now, reason=note.strip())
        _settle(locked, now)
    return locked


def _tell_streams(kind, seminar, by, now, **data):
    """One Event on the stream of every invited enterprise, which both sides read."""
    for enterprise in (
        seminar.guests.filter(enterprise__isnull=False).order_by("pk").values_list("enterprise", flat=True)
    ):
        record(
            kind, subject=seminar, stream=enterprise, by=by, audience=Audience.BOTH, data=_data(seminar, **data),
            happened_at=now,
        )  # fmt: skip


def _settle(seminar, now):
    """Close the tasks, and silence the tellings, that the facts no longer ask for."""
    guests = list(seminar.guests.values_list("pk", flat=True))
    for rule in ("seminar", "seminar_cancelled"):
        planner.settle(rule, guests, now)


# --- guests --------------------------------------------------------------------------------------------------------


def invite(seminar, *, by, enterprises=(), users=(), now=None):
    """Invite further enterprises and colleagues; who is invited already stays as they are. Return the new guests.

    Writes "seminar.invited" on each enterprise's stream. Raises NotAllowed, Refused once it is over or cancelled, and
    for a merged enterprise.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(seminar, by)
        if reason := why_not_invite(locked, now):
            raise Refused(reason)
        return _invite(locked, by, now, enterprises, users)


def invite_to_all(seminars, *, by, enterprises=(), users=(), now=None):
    """Invite to several seminars of a series, all or none; return how many invitations are new. Raises as invite."""
    with transaction.atomic():
        new = [guest for row in seminars for guest in invite(row, by=by, enterprises=enterprises, users=users, now=now)]
    return len(new)


def why_not_invite(seminar, now):
    """Until its end, while it is planned."""
    if seminar.state != SeminarState.PLANNED or seminar.ends_at <= now:
        return _("Nobody is invited to what is over or cancelled.")
    return None


def _invite(seminar, by, now, enterprises, users):
    enterprises = sorted(set(enterprises), key=lambda row: row.pk)
    if enterprises:
        lock_enterprises(enterprises)
    invited = set(seminar.guests.values_list("enterprise", flat=True))
    asked = set(seminar.guests.values_list("user", flat=True))
    new = []
    for enterprise in enterprises:
        if enterprise.pk not in invited:
            contact = enterprise.contacts.present().first()
            guest = SeminarGuest(seminar=seminar, enterprise=enterprise, contact=contact, invited_by=by, invited_at=now)
            guest.save()
            new.append(guest)
            record(
                "seminar.invited", subject=seminar, stream=enterprise.pk, by=by, audience=Audience.BOTH,
                data=_data(seminar), happened_at=now,
            )  # fmt: skip
    for user in sorted(set(users), key=lambda row: row.pk):
        if user.pk in asked:
            continue
        if not (user.is_active and user.is_school):
            raise ValidationError(_("Only colleagues of the school are invited by name."))
        guest = SeminarGuest(seminar=seminar, user=user, invited_by=by, invited_at=now)
        guest.save()
        new.append(guest)
    return new


def why_not_answer(seminar, now):
    """The same, for answers."""
    if seminar.state == SeminarState.CANCELLED:
        return _("It does not take place.")
    if seminar.state != SeminarState.PLANNED or seminar.ends_at <= now:
        return _("It has taken place already.")
    return None


def answer_invitation(
    guest, *, answer, head_count=None, number_plate="", meal=False, by=None, via=None, name="", said_by="", now=None
):
    """Write the answer of a guest and return them; a later answer replaces the earlier one.

    A member of the enterprise answers in the portal (`by`); whoever holds an open link of this invitation says who
    they are (`via`, `name`); an officer who keeps the partner or the seminar enters what `said_by` said (`by`); a
    colleague answers for themselves (`by`). Writes "seminar.answered" on the enterprise's stream.
    Raises NotAllowed, Refused when it is over or the link is, ValidationError for what is missing.
    """
    now, name, said_by = now or timezone.now(), name.strip(), said_by.strip()
    if answer not in (Answer.YES, Answer.MAYBE, Answer.NO):
        raise ValidationError({"answer": _("Choose an answer.")})
    with transaction.atomic():
        locked = SeminarGuest.objects.select_for_update(of=("self",), no_key=True).select_related(
            "seminar", "enterprise", "user"
        ).get(pk=guest.pk)  # fmt: skip
        who = _who_answers(locked, by, via, name, said_by, now)
        if reason := why_not_answer(locked.seminar, now):
            raise Refused(reason)
        comes = answer != Answer.NO
        locked.answer, locked.answered_at, locked.answered_name = answer, now, who[:60]
        locked.head_count = (head_count if locked.enterprise_id else 1) if comes else None
        locked.number_plate, locked.meal = (number_plate.strip(), bool(meal)) if comes else ("", False)
        if answer == Answer.YES and not locked.head_count:
            raise ValidationError({"head_count": _("Say how many come: 1 to 99.")})
        locked.full_clean(
            exclude=["seminar", "enterprise", "contact", "user", "invited_by", "touchpoint"], validate_unique=False
        )
        locked.save()
        if via is not None:
            links.mark_answered(via, now=now)
            reminders.mark_link(via, DeliveryState.ANSWERED, now=now)
        if locked.enterprise_id:
            record(
                "seminar.answered", subject=locked.seminar, stream=locked.enterprise_id, by=by,
                by_name="" if by else who, side=Side.ENTERPRISE, audience=Audience.BOTH,
                data=_data(locked.seminar, answer=answer, count=locked.head_count or 0, said_by=said_by),
                happened_at=now,
            )  # fmt: skip
        planner.settle("seminar", [locked.pk], now)
    return locked


def _who_answers(guest, by, via, name, said_by, now):
    if by is None:
        if via is None or not name:
            raise ValidationError({"name": _("Say who you are.")})
        check_link(guest, via, now)
        return name
    if guest.user_id:
        if by.pk != guest.user_id:
            raise NotAllowed(_("Everybody of the school answers for themselves."))
        return str(by)
    if not by.is_school:
        if not is_member(by, guest.enterprise):
            raise NotAllowed(_("You do not belong to this enterprise any more."))
        return str(by)
    if (reason := keeps_this_partner(guest.enterprise, by)) and keeps_this_seminar(guest.seminar, by):
        raise NotAllowed(reason)
    if not said_by:
        raise ValidationError({"said_by": _("Name the person who said it.")})
    return said_by


def check_link(guest, link, now):
    """Raise Refused unless `link` is an open one for this very guest."""
    if (
        link.purpose != LINK
        or link.subject_id != guest.pk
        or link.stream != guest.enterprise_id
        or not link.is_open(now)
    ):
        raise Refused(_("This link is no longer open: ask for a new one on its page."))


# --- afterwards ----------------------------------------------------------------------------------------------------


def why_not_record(seminar, now):
    """Attendance is recorded from its beginning until it is closed."""
    if seminar.state == SeminarState.CANCELLED:
        return _("It does not take place.")
    if seminar.state == SeminarState.CLOSED:
        return _("It is closed.")
    if seminar.starts_at > now:
        return _("This opens once it has begun.")
    return None


def record_attendance(seminar, *, by, attended, now=None):
    """Record who came: `attended` holds the ids of the guests. From then on it counts as held.

    Each enterprise that came has one two-way exchange of that day, which counts as contact; where the tick is taken
    back it no longer does. Raises NotAllowed, Refused before it has begun.
    """
    now, attended = now or timezone.now(), set(attended)
    with transaction.atomic():
        locked = _lock(seminar, by)
        if reason := why_not_record(locked, now):
            raise Refused(reason)
        if locked.state == SeminarState.PLANNED:
            move(locked, SEMINAR, "hold", by=by, now=now)
        guests = list(locked.guests.select_related("enterprise", "touchpoint").order_by("enterprise_id", "pk"))
        for guest in guests:
            came = guest.pk in attended
            if came == guest.attended:
                continue
            guest.attended = came
            if guest.enterprise_id:
                _log_coming(guest, locked, by, now)
            guest.save(update_fields=["attended", "touchpoint"])
        _settle(locked, now)
    return locked


def _log_coming(guest, seminar, by, now):
    lock_enterprises([guest.enterprise])
    if guest.touchpoint is not None:
        guest.touchpoint.is_two_way = guest.attended
        guest.touchpoint.save(update_fields=["is_two_way"])
        refresh_last_contact(guest.enterprise)
    elif guest.attended:
        guest.touchpoint = write_touchpoint(
            enterprise=guest.enterprise, by=by, now=now, kind=Kind.MEETING, happened_at=seminar.starts_at,
            precision=Precision.MOMENT, is_two_way=True, summary=seminar.title,
        )  # fmt: skip


def write_minutes(seminar, *, by, version, minutes, decisions, now=None):
    """Write or correct the minutes and decisions. Writes "seminar.minuted" for every enterprise that was invited.

    Raises NotAllowed, Conflict, Refused before who came is recorded and once it is closed, ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(seminar, by, version, {"minutes": minutes, "decisions": decisions})
        if locked.state != SeminarState.HELD:
            raise Refused(_("Minutes are written once it was held, and until it is closed."))
        locked.minutes, locked.decisions = minutes.strip(), decisions.strip()
        for name in TEXTS:
            check_length(Seminar, name, getattr(locked, name))
        locked.version += 1
        locked.save(update_fields=["minutes", "decisions", "version"])
        _tell_streams("seminar.minuted", locked, by, now)
    return locked


def add_action_item(seminar, *, by, text, due_on, owner=None, enterprise=None, now=None):
    """Write down who does what by when; it becomes a task of that side. Writes "seminar.item_added".

    Raises NotAllowed, Refused before it was held, ValidationError for a day that has passed, and for an enterprise
    that was not invited.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(seminar, by)
        if locked.state not in (SeminarState.HELD, SeminarState.CLOSED):
            raise Refused(_("What follows is written down once it was held."))
        if due_on < timezone.localdate(now):
            raise ValidationError({"due_on": _("This day has passed.")})
        if enterprise is not None and not locked.guests.filter(enterprise=enterprise).exists():
            raise ValidationError({"who": _("This enterprise was not invited.")})
        item = ActionItem(
            seminar=locked, text=text.strip(), due_on=due_on, owner=owner, enterprise=enterprise,
            side=Side.ENTERPRISE if enterprise else Side.SCHOOL,
        )  # fmt: skip
        item.full_clean(exclude=["seminar", "done_by"])
        item.save()
        if enterprise is not None:
            record(
                "seminar.item_added", subject=locked, stream=enterprise.pk, by=by, audience=Audience.BOTH,
                data={"name": item.text, "day": f"{due_on}"}, happened_at=now,
            )  # fmt: skip
        planner.settle("seminar_item", [item.pk], now)
    return item


def finish_action_item(item, *, by=None, via=None, name="", now=None):
    """Mark it done: by its owner, a member of its enterprise, the link of the invitation, or who keeps the seminar.

    Doing it twice changes nothing. Writes "seminar.item_done". Raises NotAllowed, Refused for a link that is over,
    ValidationError where nobody is named.
    """
    now, name = now or timezone.now(), name.strip()
    with transaction.atomic():
        rows = ActionItem.objects.select_for_update(of=("self",), no_key=True).select_related("seminar", "enterprise")
        locked = rows.get(pk=item.pk)
        if by is None:
            guest = SeminarGuest.objects.filter(seminar=locked.seminar, enterprise=locked.enterprise_id or -1).first()
            if via is None or not name:
                raise ValidationError({"name": _("Say who you are.")})
            if guest is None:
                raise NotAllowed(_("This belongs to somebody else."))
            check_link(guest, via, now)
        elif reason := why_not_finish(locked, by):
            raise NotAllowed(reason)
        if locked.done_at:
            return locked
        locked.done_at, locked.done_by, locked.done_name = now, by, (str(by) if by else name)[:60]
        locked.save()
        if locked.enterprise_id:
            side = Side.SCHOOL if by is not None and by.is_school else Side.ENTERPRISE
            record(
                "seminar.item_done", subject=locked.seminar, stream=locked.enterprise_id, by=by,
                by_name="" if by else name, side=side, audience=Audience.BOTH, data={"name": locked.text},
                happened_at=now,
            )  # fmt: skip
        if via is not None:
            links.mark_answered(via, now=now)
        planner.settle("seminar_item", [locked.pk], now)
    return locked


def why_not_finish(item, by):
    """The side on which it stands may, and at the school whoever keeps the seminar."""
    if by.role == Role.HR:
        if item.enterprise_id and is_member(by, item.enterprise):
            return None
    elif by.pk == item.owner_id or keeps_this_seminar(item.seminar, by) is None:
        return None
    return _("This belongs to somebody else.")


def close_seminar(seminar, *, by, now=None):
    """Close it. Raises NotAllowed, Refused where it was not held or the minutes are missing."""
    with transaction.atomic():
        locked = _lock(seminar, by)
        if locked.state == SeminarState.HELD and not (locked.minutes or locked.decisions):
            raise Refused(_("First write the minutes."))
        return move(locked, SEMINAR, "close", by=by, now=now)


# --- the private calendar --------------------------------------------------------------------------------------------


def make_feed(user):
    """Give `user` a private calendar address, a new one in place of the old, which ends at once."""
    feed, _new = CalendarFeed.objects.update_or_create(
        user=user, defaults={"code": new_code(FEED_CODE), "made_at": timezone.now()}
    )  # fmt: skip
    return feed


def end_feed(user):
    """End the private calendar address of `user`."""
    CalendarFeed.objects.filter(user=user).delete()


# --- merging ---------------------------------------------------------------------------------------------------------


def move_guests(survivor, other):
    """Re-point invitations and action items of a merged row; where both were invited, the survivor's stays."""
    double = SeminarGuest.objects.filter(enterprise=survivor).values("seminar")
    for guest in SeminarGuest.objects.filter(enterprise=other, seminar__in=double):
        stays = SeminarGuest.objects.get(enterprise=survivor, seminar=guest.seminar_id)
        values = {}
        if stays.answer == Answer.NONE and guest.answer != Answer.NONE:
            names = ("answer", "head_count", "number_plate", "meal", "answered_at", "answered_name")
            values = {name: getattr(guest, name) for name in names}
        if guest.attended and not stays.attended:
            values |= {"attended": True, "touchpoint": guest.touchpoint}
        guest.delete()
        if values:
            SeminarGuest.objects.filter(pk=stays.pk).update(**values)
    other.seminar_guests.update(enterprise=survivor)
    other.seminar_items.update(enterprise=survivor)

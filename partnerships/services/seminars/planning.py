"""Seminars planned one by one or as a series, changed, cancelled."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Seminar, SeminarSeries
from partnerships.rules.seminars import FARTHEST, occurrences
from partnerships.services.seminars.guests import invite_locked, settle_guests
from partnerships.services.seminars.rows import TEXTS, facts, lock_seminar, tell_streams
from partnerships.services.touchpoints import check_length, once
from partnerships.workflow import SEMINAR, SeminarState
from records.services import record
from records.workflow import NotAllowed, Refused, move

FIELDS = ("kind", "title", "title_en", "starts_at", "ends_at", "place", "online", "agenda", "department")
#: What a calendar shows: a change of these is told again.
TOLD_AGAIN = ("title", "starts_at", "ends_at", "place", "online")


def plan_seminar(*, by, form_key, enterprises=(), users=(), now=None, **fields):
    """Plan one seminar, invite `enterprises` and `users`, and return it; the same `form_key` twice returns the first.

    Writes "seminar.planned" (school) and "seminar.invited" on each enterprise's stream (both). Raises NotAllowed,
    ValidationError for a day that has passed, lies more than two years ahead, or a broken rule.
    """
    now = now or timezone.now()
    _may_plan(by)

    def make():
        seminar = _new(by, now, form_key=form_key, **fields)
        invite_locked(seminar, by, now, enterprises, users)
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
            invite_locked(seminar, by, now, enterprises, users)
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
    record("seminar.planned", subject=seminar, by=by, data=facts(seminar), happened_at=now)
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
        locked = lock_seminar(seminar, by, version, changes)
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
            tell_streams("seminar.changed", locked, by, now)
        else:
            record("seminar.changed", subject=locked, by=by, data=facts(locked), happened_at=now)
        settle_guests(locked, now)
    return locked


def cancel_seminar(seminar, *, by, note, now=None):
    """Cancel it, say why, and tell everybody who was invited; its reminders fall silent at once.

    Raises NotAllowed, Refused when it is held or cancelled already, or without a note.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_seminar(seminar, by)
        move(locked, SEMINAR, "cancel", by=by, note=note, now=now)
        locked.sequence += 1
        locked.version += 1
        locked.save(update_fields=["sequence", "version"])
        tell_streams("seminar.cancelled", locked, by, now, reason=note.strip())
        settle_guests(locked, now)
    return locked

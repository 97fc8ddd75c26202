"""An exchange that was logged wrong: corrected with its former values kept, or taken back with a reason.

Nothing is deleted. What both sides read keeps its former values in the event that both sides read; the private note and
the reason stay with the school.
"""

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Touchpoint, Trip, is_member
from partnerships.services.touchpoints import (
    check,
    check_day,
    lock_rows,
    record_touchpoint,
    refresh_last_contact,
)
from partnerships.workflow import keeps_this_partner
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused

#: What a person may correct. Of a tour's part day and kind are the tour's; an enterprise corrects what it wrote itself.
FIELDS = (
    "kind", "side", "happened_at", "precision", "is_two_way", "summary", "agreed", "wishes", "people", "jobs_offered",
    "internships_offered", "private_note",
)  # fmt: skip
OF_TRIP = ("kind", "side", "happened_at", "precision")
OF_ENTERPRISE = ("kind", "happened_at", "precision", "summary", "wishes")
#: Never in what both sides read.
SCHOOL_ONLY = ("private_note", "is_two_way")
#: The words of a list beside its numbers: a number typed by hand takes their place.
SAID = {"jobs_offered": "jobs_said", "internships_offered": "internships_said"}


class Conflict(Refused):
    """Somebody else corrected the same exchange first. `theirs` and `mine` hold the values kept and typed, by field."""

    def __init__(self, current, changes):
        super().__init__(_("Somebody else changed this while you were writing."))
        self.current = current
        self.mine = {name: value for name, value in changes.items() if getattr(current, name) != value}
        self.theirs = {name: getattr(current, name) for name in self.mine}


def is_theirs(touchpoint):
    """Whether the enterprise itself logged it: its own words, not an officer's on its behalf."""
    if touchpoint.proxy_id:
        return False
    return touchpoint.logged_via_id is not None or not touchpoint.logged_by.is_school


def why_not_correct(touchpoint, by):
    """Whoever logged it, came along or keeps the partner; the enterprise's members what it logged itself."""
    if not by.is_school:
        if is_theirs(touchpoint) and is_member(by, touchpoint.enterprise):
            return None
        return _("The school logged this: write to it what should be corrected.")
    if not by.sees_partners:
        return _("Only the school changes this.")
    came_along = touchpoint.trip and touchpoint.trip.colleagues.filter(pk=by.pk).exists()
    if touchpoint.logged_by_id == by.pk or came_along:
        return None
    return keeps_this_partner(touchpoint.enterprise, by)


def why_not_withdraw(touchpoint, by):
    """As for a correction, for the school alone."""
    return why_not_correct(touchpoint, by) if by.is_school else _("Only the school changes this.")


def why_not_now(touchpoint):
    """What stands as it is, whoever asks."""
    if touchpoint.is_withdrawn:
        return _("It was taken back.")
    if touchpoint.proxy and touchpoint.proxy.checked_at:
        return _("The enterprise has checked this entry: log what is new as a contact of its own.")
    return None


# --- correcting --------------------------------------------------------------------------------------------------


def correct_touchpoint(touchpoint, *, by, version, changes, now=None):
    """Write `changes` (field → value, of FIELDS) as a new version of the exchange and return it.

    `version` is the one the person saw. The former values are kept in "touchpoint.corrected", which both sides read;
    those of SCHOOL_ONLY in an event of the school. A new day moves the exchange along the timeline and refreshes the
    last contact. Raises NotAllowed, Refused, Conflict, ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(touchpoint)
        if reason := why_not_correct(locked, by):
            raise NotAllowed(reason)
        if reason := why_not_now(locked):
            raise Refused(reason)
        if unknown := set(changes) - set(_open_fields(locked, by)):
            raise TypeError(f"not to be corrected here: {', '.join(sorted(unknown))}")
        if locked.version != version:
            raise Conflict(locked, changes)
        fresh = {name: value for name, value in changes.items() if getattr(locked, name) != value}
        if fresh:
            _rewrite(locked, fresh, by, now)
    return locked


def _open_fields(touchpoint, by):
    fields = FIELDS if by.is_school else OF_ENTERPRISE
    return [name for name in fields if not (touchpoint.trip_id and name in OF_TRIP)]


def _lock(touchpoint):
    """The row as it stands now, locked after its trip and its enterprise: the order of everybody who changes a trip."""
    if touchpoint.trip_id:
        Trip.objects.select_for_update(of=("self",), no_key=True).get(pk=touchpoint.trip_id)
    lock_rows([touchpoint.enterprise_id])
    rows = Touchpoint.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("enterprise", "trip", "proxy", "logged_by").get(pk=touchpoint.pk)


def _rewrite(touchpoint, fresh, by, now):
    if "happened_at" in fresh:
        check_day(fresh["happened_at"], now)
    before = values_of(touchpoint, fresh)
    write_values(touchpoint, fresh)
    if touchpoint.trip_id:  # whoever has its form open sees that something changed
        touchpoint.trip.version += 1
        touchpoint.trip.save(update_fields=["version"])
    record_new_values(touchpoint, before, by=by, now=now)
    if "happened_at" in fresh:
        record_touchpoint(touchpoint, by=by)
    if {"happened_at", "is_two_way"} & set(fresh):
        refresh_last_contact(touchpoint.enterprise, now)


def write_values(touchpoint, fresh):
    """Save `fresh` as the next version, checked; a number typed by hand takes the place of a list's words."""
    fresh = fresh | {SAID[name]: "" for name in fresh if name in SAID}
    for name, value in fresh.items():
        setattr(touchpoint, name, value)
    touchpoint.version += 1
    check(touchpoint)
    touchpoint.save(update_fields=[*fresh, "version"])


def values_of(touchpoint, names):
    """The values of the named fields as they stand, fit to be kept in an Event. The day goes with its precision."""
    names = set(names)
    if names & {"happened_at", "precision"}:
        names |= {"happened_at", "precision"}
    return {name: getattr(touchpoint, name) for name in sorted(names)}


def record_new_values(touchpoint, before, *, by, now):
    """Write down that the exchange reads differently now: for both sides what both may read, the rest for the school.

    "touchpoint.corrected" where something else stood there before, "touchpoint.changed" where only gaps were filled.
    """
    side = Side.SCHOOL if by.is_school else Side.ENTERPRISE
    day = timezone.localdate(touchpoint.happened_at)
    shared = {name: value for name, value in before.items() if name not in SCHOOL_ONLY}
    replaced = {name: value for name, value in shared.items() if value not in ("", None)}
    if shared:
        kind = "touchpoint.corrected" if replaced else "touchpoint.changed"
        data = {"day": day, "fields": sorted(shared)} | ({"before": replaced} if replaced else {})
        record(kind, subject=touchpoint, stream=touchpoint.stream, by=by, side=side, audience=Audience.BOTH, data=data,
               happened_at=now)  # fmt: skip
    if own := {name: value for name, value in before.items() if name in SCHOOL_ONLY}:
        record("touchpoint.note_changed", subject=touchpoint, stream=touchpoint.stream, by=by,
               data={"day": day, "before": own}, happened_at=now)  # fmt: skip


# --- taking back -------------------------------------------------------------------------------------------------


def withdraw_touchpoint(touchpoint, *, by, reason, now=None):
    """Take the exchange back, for a reason that only the school reads, and return it.

    It stays where it was, marked; of what it said the enterprise sees nothing more, and it counts no longer as contact.
    The part of a tour leaves the tour, whose last enterprise cannot. Writes "touchpoint.withdrawn" and, for a tour,
    "trip.changed". Raises NotAllowed, Refused, ValidationError.
    """
    now, reason = now or timezone.now(), reason.strip()
    with transaction.atomic():
        locked = _lock(touchpoint)
        if refusal := why_not_withdraw(locked, by):
            raise NotAllowed(refusal)
        if refusal := why_not_now(locked) or why_not_leave(locked):
            raise Refused(refusal)
        if not reason:
            raise ValidationError({"reason": _("Say why it is taken back.")})
        MaxLengthValidator(Touchpoint._meta.get_field("withdrawn_because").max_length)(reason)
        locked.withdrawn_at, locked.withdrawn_by, locked.withdrawn_because = now, by, reason
        locked.version += 1
        locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because", "version"])
        if locked.trip_id:
            locked.trip.version += 1
            locked.trip.save(update_fields=["version"])
            record("trip.changed", subject=locked.trip, by=by, happened_at=now,
                   data={"changes": {"enterprises": [locked.enterprise.name, ""]}})  # fmt: skip
        record("touchpoint.withdrawn", subject=locked, stream=locked.stream, by=by, audience=Audience.BOTH,
               data={"day": timezone.localdate(locked.happened_at)}, happened_at=now)  # fmt: skip
        refresh_last_contact(locked.enterprise, now)
    return locked


def why_not_leave(touchpoint):
    """A tour visits somebody: its last enterprise is replaced, not taken off."""
    if touchpoint.trip_id and not touchpoint.trip.touchpoints.standing().exclude(pk=touchpoint.pk).exists():
        return _("It is the only enterprise of the trip: add the right one first, then take this one off.")
    return None

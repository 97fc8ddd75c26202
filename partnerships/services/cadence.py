"""How often both sides want to talk, whether messages leave by themselves, and when the enterprise is closed."""

from datetime import timedelta

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Enterprise, Shutdown, is_member
from partnerships.services.enterprises import apply_changes, lock_for_change, record_changes
from partnerships.workflow import is_not_merged, keeps_this_partner
from records.models import Side
from records.services import record
from records.workflow import NotAllowed, Refused
from reminders import planner

#: Closed days lie at most this far ahead.
FAR = timedelta(days=730)


def set_cadence(enterprise, *, by, version, cadence_days, now=None):
    """Give a partner its own days between contacts; None: as its tier says. Writes "enterprise.cadence_set".

    `version` is the one the person saw. Opens and closes the tasks of the gap at once. Raises NotAllowed, Refused,
    Conflict where somebody else saved in between, ValidationError for days outside of 7 to 365.
    """
    return _change(enterprise, "enterprise.cadence_set", by, version, {"cadence_days": cadence_days}, now)


def switch_messages(enterprise, *, by, version, on, now=None):
    """Let messages to the enterprise leave by themselves, or keep them as drafts; "enterprise.messages_switched".

    What waits as a draft stays a draft. Raises as set_cadence does.
    """
    return _change(enterprise, "enterprise.messages_switched", by, version, {"messages_automatic": on}, now)


def why_no_rhythm(enterprise):
    """Hosts of single internships have no cadence and get no reminders."""
    return None if enterprise.is_partner else _("A host of single internships has no cadence and gets no reminders.")


def _change(enterprise, kind, by, version, changes, now):
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_for_change(enterprise, by)
        if reason := why_no_rhythm(locked):
            raise Refused(reason)
        if differing := apply_changes(locked, version, changes):
            locked.full_clean(exclude=["grams", "search_text"])
            locked.save(update_fields=[*changes, "version"])
            record_changes(kind, locked, by, differing, stream=locked.pk, now=now)
            planner.settle("gap", [locked.pk], now)
    return locked


# --- closed days -------------------------------------------------------------------------------------------------


def why_not_plan_shutdown(enterprise, by):
    """Whoever keeps the partner at the school, and the enterprise's own people."""
    if by.is_school:
        return keeps_this_partner(enterprise, by)
    return None if by.is_active and is_member(by, enterprise) else _("You do not belong to this enterprise any more.")


def add_shutdown(enterprise, *, by, starts_on, ends_on, note="", now=None):
    """Note days on which the enterprise is closed, and return the Shutdown; the same days twice return the first.

    Its ladders stand still on these days. Writes "shutdown.added", seen by the school. Raises NotAllowed, Refused,
    ValidationError for a last day before the first, days that are over, or more than two years ahead.
    """
    today = timezone.localdate(now)
    with transaction.atomic():
        locked = _lock(enterprise, by)
        if starts_on <= ends_on < today:
            raise ValidationError({"ends_on": _("These days are over.")})
        if ends_on > today + FAR:
            raise ValidationError({"ends_on": _("Choose days within the next two years.")})
        if first := locked.shutdowns.filter(starts_on=starts_on, ends_on=ends_on).first():
            return first
        shutdown = Shutdown(enterprise=locked, starts_on=starts_on, ends_on=ends_on, note=note.strip())
        shutdown.full_clean(exclude=["enterprise"])
        shutdown.save()
        _record("shutdown.added", shutdown, by, now)
        planner.settle("gap", [locked.pk], now)
    return shutdown


def remove_shutdown(shutdown, *, by, now=None):
    """Take closed days off the table; the event keeps them. Writes "shutdown.removed". Raises NotAllowed, Refused."""
    with transaction.atomic():
        locked = _lock(shutdown.enterprise, by)
        found = locked.shutdowns.filter(pk=shutdown.pk).first()
        if found is None:
            return  # the same button, pressed twice
        _record("shutdown.removed", found, by, now)
        found.delete()
        planner.settle("gap", [locked.pk], now)


def _lock(enterprise, by):
    locked = Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=enterprise.pk)
    if reason := why_not_plan_shutdown(locked, by):
        raise NotAllowed(reason)
    if reason := is_not_merged(locked, by):
        raise Refused(reason)
    return locked


def _record(kind, shutdown, by, now):
    record(
        kind, subject=shutdown.enterprise, stream=shutdown.enterprise_id, by=by,
        side=Side.SCHOOL if by.is_school else Side.ENTERPRISE,
        data={"first": shutdown.starts_on.isoformat(), "last": shutdown.ends_on.isoformat(), "note": shutdown.note},
        happened_at=now,
    )  # fmt: skip

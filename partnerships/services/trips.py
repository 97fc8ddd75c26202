"""Trips: one tour of several enterprises, logged at once, completed later."""

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Touchpoint, Trip
from partnerships.models.touchpoint import EvidenceTag, Kind, Precision
from partnerships.services import enterprises as enterprise_services
from partnerships.services.corrections import record_new_values, values_of, write_values
from partnerships.services.touchpoints import (
    check_length,
    lock_enterprises,
    once,
    record_touchpoint,
    start_of,
    write_last_contact,
    write_touchpoint,
)
from records.files import ATTACHMENTS, store_file
from records.models import Side
from records.services import record
from records.workflow import NotAllowed

#: What a person may write about the tour as a whole, and about one enterprise of it.
FIELDS = (
    "kind", "starts_on", "ends_on", "leader", "head_count", "colleagues", "others", "summary", "follow_up_by",
    "follow_up_on", "tags",
)  # fmt: skip
DETAILS = ("summary", "people", "agreed", "wishes", "jobs_offered", "internships_offered", "private_note")


class Conflict(enterprise_services.Conflict):
    """Somebody else completed the same trip first; `rows` also holds what was said about single enterprises."""

    def __init__(self, trip, changes, details):
        super().__init__(trip, {name: value for name, value in changes.items() if name != "tags"})
        if "tags" in changes and list(changes["tags"]) != trip.tags:
            self.add(
                "tags", Trip._meta.get_field("tags").verbose_name, tag_words(trip.tags), tag_words(changes["tags"])
            )
        for touchpoint in trip.touchpoints.standing().select_related("enterprise"):
            for name, value in details.get(touchpoint.enterprise_id, {}).items():
                theirs = "" if getattr(touchpoint, name) is None else str(getattr(touchpoint, name))
                mine = "" if value is None else str(value)
                label = Touchpoint._meta.get_field(name).verbose_name
                self.add(name, f"{touchpoint.enterprise.title}: {label}", theirs, mine)

    def add(self, field, label, theirs, mine):
        if theirs != mine:
            self.rows.append({"field": field, "label": label, "theirs": theirs, "mine": mine})


def tag_words(tags):
    return "、".join(str(EvidenceTag(tag).label) for tag in tags)


def side_of(kind):
    """Who came forward: the school drives out or calls; a visit to the school is the enterprise's."""
    return Side.ENTERPRISE if kind == Kind.RECEIVED else Side.SCHOOL


def why_not_change(trip, by):
    """Whoever logged the trip, came along or leads; others ask them."""
    if not by.sees_partners:
        return _("Only the school changes this.")
    if by.sees_everything or trip.logged_by_id == by.pk or trip.colleagues.filter(pk=by.pk).exists():
        return None
    return _("This trip was logged by %(name)s: ask for the change, or log a contact of your own.") % {
        "name": trip.logged_by
    }


# --- logging -----------------------------------------------------------------------------------------------------


def log_trip(
    *, by, enterprises, starts_on, summary, ends_on=None, kind=Kind.VISIT, details=None, files=(), form_key=None,
    now=None, **fields,
):  # fmt: skip
    """Log a tour and return its Trip; the same `form_key` twice returns the first.

    One touchpoint per enterprise, each with its own `details` (enterprise id → values of DETAILS; no summary of its
    own: the trip's). `fields`: leader, colleagues, others, tags. Files of a trip to one enterprise belong to that
    exchange, where it sees them; files of a longer tour stay with the school until they are given to one enterprise.
    Writes "trip.logged" and a "touchpoint.logged" each. Raises NotAllowed, ValidationError, Rejected.
    """
    now, form_key, details = now or timezone.now(), form_key or uuid.uuid4(), details or {}
    if not by.sees_partners:
        raise NotAllowed(_("Trips are logged by the school's liaison staff."))
    enterprises = list({enterprise.pk: enterprise for enterprise in enterprises}.values())
    if not enterprises:
        raise ValidationError({"enterprises": _("Choose at least one enterprise.")})
    trip = Trip(form_key=form_key, kind=kind, starts_on=starts_on, ends_on=ends_on or starts_on, summary=summary,
                logged_by=by, logged_at=now)  # fmt: skip
    colleagues = fields.pop("colleagues", ())
    _fill(trip, fields, now)

    def log():
        lock_enterprises(enterprises)
        trip.save()
        trip.colleagues.add(*colleagues)
        record("trip.logged", subject=trip, by=by, data={"enterprises": [e.pk for e in enterprises]}, happened_at=now)
        for enterprise in sorted(enterprises, key=lambda row: row.pk):
            _add_enterprise(trip, enterprise, by, now, details.get(enterprise.pk, {}))
        keeper = trip.touchpoints.get() if len(enterprises) == 1 else trip
        for upload in files:
            store_file(upload, kinds=ATTACHMENTS, by=by, subject=keeper, now=now)
        return trip

    return once(Trip.objects.filter(logged_by=by), form_key, log)


def _fill(trip, fields, now):
    for name, value in fields.items():
        setattr(trip, name, value)
    today = timezone.localdate(now)
    for name in ("starts_on", "ends_on"):
        if getattr(trip, name) > today:
            raise ValidationError({name: _("This day lies ahead: log it once it has happened.")})
    trip.full_clean(exclude=["form_key", "logged_by"], validate_unique=False)
    check_length(Trip, "summary", trip.summary)


def _add_enterprise(trip, enterprise, by, now, values):
    return write_touchpoint(
        enterprise=enterprise, trip=trip, by=by, now=now, kind=trip.kind, side=side_of(trip.kind),
        happened_at=start_of(trip.starts_on), precision=Precision.DAY,
        **{**values, "summary": values.get("summary") or trip.summary},
    )  # fmt: skip


# --- completing --------------------------------------------------------------------------------------------------


def change_trip(trip, *, by, version, changes, details=None, added=(), files=None, given=None, now=None):
    """Complete or correct the record of a tour and return it.

    `changes`: field → value, of FIELDS. `details`: enterprise id → values of DETAILS. `added`: further enterprises.
    `files`: enterprise id (None: the trip) → uploads. `given`: file id → enterprise id that may see it (None: only the
    school). `version` is the one the person saw. Writes "trip.changed" (school only) and, where an enterprise's own
    record differs, "touchpoint.changed" or "touchpoint.corrected". Raises NotAllowed, Conflict, ValidationError,
    Rejected.
    """
    now, details, changes = now or timezone.now(), details or {}, dict(changes)
    if unknown := set(changes) - set(FIELDS):
        raise TypeError(f"not a field of a trip: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        locked = Trip.objects.select_for_update(of=("self",), no_key=True).get(pk=trip.pk)
        if reason := why_not_change(locked, by):
            raise NotAllowed(reason)
        if locked.version != version:
            raise Conflict(locked, changes, details)
        touchpoints = list(locked.touchpoints.standing().select_related("enterprise").order_by("enterprise_id"))
        lock_enterprises([row.enterprise for row in touchpoints] + list(added))
        before = {name: enterprise_services.shown(locked, name) for name in changes}
        old_summary = locked.summary
        _rewrite(locked, changes, now)
        for touchpoint in touchpoints:
            _rewrite_touchpoint(touchpoint, locked, old_summary, details.get(touchpoint.enterprise_id, {}), by, now)
        for enterprise in sorted(set(added) - {row.enterprise for row in touchpoints}, key=lambda row: row.pk):
            _add_enterprise(locked, enterprise, by, now, details.get(enterprise.pk, {}))
        _file(locked, files or {}, given or {}, by, now)
        after = {name: enterprise_services.shown(locked, name) for name in changes}
        differing = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
        record("trip.changed", subject=locked, by=by, data={"changes": differing}, happened_at=now)
    return locked


def _rewrite(trip, changes, now):
    colleagues = changes.pop("colleagues", None)
    if colleagues is not None:
        trip.colleagues.set(colleagues)
        changes["colleagues"] = colleagues
    _fill(trip, {name: value for name, value in changes.items() if name != "colleagues"}, now)
    trip.version += 1
    trip.save()


def _rewrite_touchpoint(touchpoint, trip, old_summary, values, by, now):
    """Bring one enterprise's record up to date; an own summary stays, a shared one follows the trip's."""
    fresh = {"kind": trip.kind, "side": side_of(trip.kind), **values}
    if timezone.localdate(touchpoint.happened_at) != trip.starts_on:
        fresh |= {"happened_at": start_of(trip.starts_on), "precision": Precision.DAY}
    if not values.get("summary") and ("summary" in values or touchpoint.summary == old_summary):
        fresh["summary"] = trip.summary
    fresh = {name: value for name, value in fresh.items() if getattr(touchpoint, name) != value}
    if not fresh:
        return
    before = values_of(touchpoint, fresh)
    write_values(touchpoint, fresh)
    record_new_values(touchpoint, before, by=by, now=now)
    if "happened_at" in fresh:
        record_touchpoint(touchpoint, by=by)
        write_last_contact(touchpoint.enterprise, now)


def _file(trip, files, given, by, now):
    """Keep new files with the trip or one enterprise's record, and give kept ones to the enterprise named."""
    owners = {None: trip, **{row.enterprise_id: row for row in trip.touchpoints.standing()}}
    for key, uploads in files.items():
        for upload in uploads:
            store_file(upload, kinds=ATTACHMENTS, by=by, subject=owners[key], now=now)
    for kept in files_of(trip):
        owner = owners[given[kept.pk]] if kept.pk in given else None
        if owner is not None and kept.subject != owner:
            kept.subject = owner
            kept.save(update_fields=["subject_type", "subject_id"])
            record("file.given", subject=owner, by=by, data={"file": kept.pk, "name": kept.name}, happened_at=now)


def files_of(trip):
    """Every file of the tour: those of the trip itself first, then those of its enterprises' records."""
    kept = list(trip.files.all())
    for touchpoint in trip.touchpoints.standing().prefetch_related("files").order_by("pk"):
        kept += touchpoint.files.all()
    return kept

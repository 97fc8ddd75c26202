"""Taking a list of visits in: a row becomes a trip with one touchpoint for each of its enterprises.

Driven by services.imports, which reads the file, keeps the rows and moves the import along. What a row says of several
enterprises at once stays with the trip, where only the school reads it. Nobody is told: the rows are history.
"""

from django.db.models import Q
from django.utils import timezone

from partnerships.imports.plan import moment_of
from partnerships.imports.visit_plan import VisitDraft, VisitsKnown, plan_visits
from partnerships.models import Enterprise, Touchpoint, Trip
from partnerships.models.touchpoint import Precision
from partnerships.rules.names import core_key, name_key, similarity
from partnerships.services.corrections import record_new_values, values_of
from partnerships.services.merging import similar_pairs
from partnerships.services.touchpoints import lock_rows, refresh_last_contacts, start_of
from partnerships.services.trips import side_of
from records.models import Audience
from records.services import record_many

BATCH = 1_000
#: Stands for the trip of a touchpoint that has none any more: its enterprise was merged into one of the same tour.
GONE = 0
#: So many names without any likeness to a recorded one are searched for one by one.
SEARCHED = 50
#: From here on a name is shown as near: it only helps to find the right one.
FAINTLY = 0.4

#: What a column of the list fills: fields of the trip, and of the touchpoint where the row is about one enterprise.
OF_TRIP = {
    "kind": ("kind",), "leader": ("leader", "head_count"), "party": ("others", "leader", "head_count"),
    "follow_up": ("follow_up_by", "follow_up_on"),
}  # fmt: skip
OF_PART = {
    "people": ("people",), "agreed": ("agreed",), "wishes": ("wishes",), "jobs": ("jobs_offered", "jobs_said"),
    "internships": ("internships_offered", "internships_said"),
}  # fmt: skip


def plan_list(rows, by, *, now, lock=False, expected=None):
    """The verdict on each row, as it stands now; with `lock` under the locks that writing needs."""
    return plan_visits(rows, _load_known(rows, timezone.localdate(now), lock), expected)


def write_list(batch, planned, *, by, now):
    """Write what `planned` says and refresh the last contacts. Call it in the transaction that locked and planned."""
    drafts = list({id(one.draft): one.draft for one in planned if one.draft}.values())
    _write_trips([draft for draft in drafts if draft.trip is None], by, now)
    changed = _write_changes([draft for draft in drafts if draft.changed and draft.trip], by, now)
    written = _write_parts([draft for draft in drafts if draft.added], by, now)
    if keys := {part.enterprise_id for part in [*written, *changed]}:
        refresh_last_contacts(keys, now)


# --- what is known -----------------------------------------------------------------------------------------------


def _load_known(rows, today, lock):
    names = {name for row in rows for name in row.firms}
    by_name, by_other_name = _enterprises(names)
    found = {key for index in (by_name, by_other_name) for keys in index.values() for key in keys}
    before = Touchpoint.objects.filter(enterprise__in=found, list_key__in={row.key for row in rows if row.when})
    if lock:  # trips first, as whoever changes one does
        trips = Trip.objects.select_for_update(of=("self",), no_key=True)
        list(trips.filter(pk__in=before.values("trip")).order_by("pk"))
        lock_rows(found)
        by_name, by_other_name = _enterprises(names)
    drafts, visits = {}, {}
    for part in before.select_related("trip").order_by("pk"):
        draft = drafts.setdefault(part.trip_id, VisitDraft(part.trip_id, part.trip.listed)) if part.trip_id else None
        visits[part.enterprise_id, part.list_key] = draft or VisitDraft(GONE, None)
    unknown = [name for name in names if not {name_key(name)} & (by_name.keys() | by_other_name.keys())]
    return VisitsKnown(by_name, by_other_name, _near(sorted(unknown)), visits, today)


def _enterprises(names):
    """Two indexes from name key to ids: today's names, and short and former ones."""
    formerly = Q(~Q(former_names=[]), former_names__overlap=list(names))
    asked = Q(name_key__in={name_key(name) for name in names}) | Q(short_name__in=names) | formerly
    by_name, by_other_name = {}, {}
    rows = Enterprise.objects.current().filter(asked)
    for pk, name, short_name, former_names in rows.values_list("pk", "name", "short_name", "former_names"):
        by_name.setdefault(name_key(name), set()).add(pk)
        for other in filter(None, [short_name, *former_names]):
            by_other_name.setdefault(name_key(other), set()).add(pk)
    return by_name, by_other_name


def _near(names):
    """{name that is not recorded: recorded names like it}."""
    if not names:
        return {}
    near = {names[pair.index]: [pair.name] for pair in similar_pairs(names)}
    for name in [name for name in names if name not in near][:SEARCHED]:
        core = core_key(name)
        alike = Enterprise.objects.current().filter(core_key__startswith=core[:2]).order_by("core_key", "pk")[:SEARCHED]
        scored = sorted((similarity(core, row.core_key), row.name) for row in alike.only("core_key", "name"))
        likeliest = [found for score, found in reversed(scored) if score >= FAINTLY][:2]
        searched = Enterprise.objects.current().named_like(name).order_by("sort_key", "pk")
        near[name] = likeliest or list(searched.values_list("name", flat=True)[:2])
    return near


# --- writing -----------------------------------------------------------------------------------------------------


def _trip_values(row, today):
    return {
        "kind": row.kind,
        "starts_on": row.when.first,
        "ends_on": min(row.when.last, today),
        "leader": row.leader[:60],
        "others": row.text("party"),
        "head_count": row.head_count,
        "summary": row.text("summary"),
        "follow_up_by": row.follow_up_by,
        "follow_up_on": row.follow_up_on or None,
    }


def _part_values(row):
    """What the row says of its one enterprise; nothing where it speaks of several."""
    if row.is_shared:
        return {}
    values = {name: row.text(name) for name in ("people", "agreed", "wishes")}
    for name in ("jobs", "internships"):
        count = getattr(row, name)
        is_plain = count is not None and not count.approximate and not count.note
        values[f"{name}_offered"] = count.value if count else None
        values[f"{name}_said"] = "" if is_plain else row.text(name)
    return values


def _write_trips(drafts, by, now):
    today = timezone.localdate(now)
    trips = [
        Trip(**_trip_values(draft.row, today), listed=draft.listed, logged_by=by, logged_at=now) for draft in drafts
    ]
    for draft, trip in zip(drafts, Trip.objects.bulk_create(trips, batch_size=BATCH), strict=True):
        draft.trip = trip.pk
    rows = [(trip, None, now, {"enterprises": draft.added}) for draft, trip in zip(drafts, trips, strict=True)]
    record_many("trip.logged", rows, by=by, now=now)


def _write_parts(drafts, by, now):
    """A touchpoint for each enterprise; one that a list of partners named with the bare day is filled in instead."""
    bare = _bare(drafts)
    new, filled = [], []
    for draft in drafts:
        row = draft.row
        values = {
            "trip_id": draft.trip or None,
            "kind": row.kind,
            "side": side_of(row.kind),
            "summary": row.text("summary"),
        }
        values |= _part_values(row) | {"list_key": row.key}
        for key in draft.added:
            if row.when.precision == Precision.DAY and (part := bare.pop((key, row.when.first), None)):
                for name, value in values.items():
                    setattr(part, name, value)
                filled.append(part)
                continue
            new.append(Touchpoint(
                enterprise_id=key, happened_at=start_of(row.when.first), precision=row.when.precision,
                is_from_list=True, logged_by=by, logged_at=now, **values,
            ))  # fmt: skip
    Touchpoint.objects.bulk_create(new, batch_size=BATCH)
    if filled:
        names = ["trip", "kind", "side", "summary", "list_key", *(name for names in OF_PART.values() for name in names)]
        Touchpoint.objects.bulk_update(filled, names, batch_size=BATCH)
    rows = [(part, part.enterprise_id, part.happened_at, {"kind": part.kind}) for part in new]
    record_many("touchpoint.logged", rows, by=by, now=now, audience=Audience.BOTH)
    return [*new, *filled]


def _bare(drafts):
    """{(enterprise, day): touchpoint} of the days that a list of partners brought without a word about them."""
    keys = {key for draft in drafts for key in draft.added}
    moments = {moment_of(draft.row.when.first) for draft in drafts}
    rows = Touchpoint.objects.standing().filter(
        enterprise__in=keys, happened_at__in=moments, is_from_list=True, trip=None, summary="", list_key="",
        precision=Precision.DAY, version=0,
    )  # fmt: skip
    return {(row.enterprise_id, timezone.localdate(row.happened_at)): row for row in rows}


def _write_changes(drafts, by, now):
    """Bring known trips up to date where the list has changed since; what it says no more is left as it is."""
    trips = Trip.objects.in_bulk([draft.trip for draft in drafts])
    parts = {}
    for part in Touchpoint.objects.standing().filter(trip__in=trips).select_related("enterprise"):
        parts.setdefault(part.trip_id, []).append(part)
    differing = []
    for draft in drafts:
        trip, values = trips[draft.trip], _trip_values(draft.row, timezone.localdate(now))
        trip.listed, trip.version = draft.listed, trip.version + 1
        for name in {name for column in draft.changed for name in OF_TRIP.get(column, ())}:
            setattr(trip, name, values[name])
        differing += [part for part in parts.get(trip.pk, ()) if _change_part(part, draft, by, now)]
    fields = ["listed", "version", *{name for names in OF_TRIP.values() for name in names}]
    Trip.objects.bulk_update(trips.values(), fields, batch_size=BATCH)
    rows = [(trips[draft.trip], None, now, {"columns": sorted(draft.changed)}) for draft in drafts]
    record_many("trip.changed", rows, by=by, now=now)
    return differing


def _change_part(part, draft, by, now):
    """Whether the touchpoint differs now, saved with its former values kept."""
    values = _part_values(draft.row) if part.list_key == draft.row.key else {}
    fresh = {name: values[name] for c in draft.changed for name in OF_PART.get(c, ()) if name in values}
    if "kind" in draft.changed:
        fresh |= {"kind": draft.row.kind, "side": side_of(draft.row.kind)}
    fresh = {name: value for name, value in fresh.items() if getattr(part, name) != value}
    if not fresh:
        return False
    before = values_of(part, fresh)
    for name, value in fresh.items():
        setattr(part, name, value)
    part.version += 1
    part.save(update_fields=[*fresh, "version"])
    record_new_values(part, before, by=by, now=now)
    return True

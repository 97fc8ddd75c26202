"""Finding enterprises that are probably one, and making one of two."""

from dataclasses import dataclass

import pghistory
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Abs, Length
from django.utils.translation import gettext as _

from partnerships.models import Contact, Enterprise, ImportRow, Touchpoint
from partnerships.rules import names
from partnerships.services.agreements.merging import move_agreements, why_not_move
from partnerships.services.enterprises import FIELDS, NAMES, naming, shown
from partnerships.services.health import refresh as refresh_health
from partnerships.services.matches import move_matches
from partnerships.services.results import move_results
from partnerships.services.seminars import move_guests
from partnerships.services.touchpoints import refresh_last_contact
from partnerships.workflow import keeps_this_partner
from records.models import Event, Link, Signature
from records.services import record
from records.workflow import NotAllowed, Refused
from reminders import planner

#: From here on two names are shown as probably one. Half of the pairs of characters differ below two thirds.
SIMILAR = 0.66
#: A run of three characters that more names share than this says nothing (精密机械): it finds no candidates.
COMMON = 300
CANDIDATES = 300


# --- finding -----------------------------------------------------------------------------------------------------


def find_similar(enterprise, limit=5, least=SIMILAR):
    """Enterprises that are probably the same as `enterprise` (a row, saved or not, or a name), likeliest first.

    One query through the indexes on code, keys and n-grams; each row carries its `score` of 0 to 1. Two rows with two
    valid codes are two legal persons and never similar.
    """
    if not isinstance(enterprise, Enterprise):
        enterprise = Enterprise(name=enterprise)
    core, key = names.core_key(enterprise.name), names.name_key(enterprise.name)
    same = Q(core_key=core) | Q(name_key=key)
    if enterprise.uscc:
        same |= Q(uscc=enterprise.uscc)
    for run in _runs(core):
        same |= Q(grams__contains=[run[:2], run[1:]])
    rows = Enterprise.objects.current().filter(same).exclude(pk=enterprise.pk)
    if enterprise.uscc:
        rows = rows.filter(Q(uscc="") | Q(uscc=enterprise.uscc))
    rows = rows.order_by(Abs(Length("core_key") - len(core)), "pk")
    rows = rows.only("name", "name_en", "core_key", "former_names", "uscc", "state", "address")[:CANDIDATES]
    found = []
    for row in rows:
        row.score = 1.0 if row.uscc and row.uscc == enterprise.uscc else _score(core, row)
        if row.score >= least:
            found.append(row)
    return sorted(found, key=lambda row: (-row.score, row.pk))[:limit]


def _runs(core):
    """Every three successive characters; of a shorter key nothing: only equality counts there."""
    runs = {core[i : i + 3] for i in range(len(core) - 2)}
    return sorted(run for run in runs if not run.isascii())


def _score(core, row):
    return max(names.similarity(core, one) for one in (row.core_key, *map(names.core_key, row.former_names)))


@dataclass(frozen=True)
class Similar:
    """One name of a list, by its position, and an enterprise that is probably the same."""

    index: int
    enterprise: int
    name: str
    score: float


def similar_pairs(wanted, least=SIMILAR):
    """For each of many names the likeliest enterprise, as a list of Similar, in the order of `wanted`.

    For imports: one query for all keys, then compared in memory, since 10,000 look-ups cost more than reading
    50,000 short keys once. Equal keys come first; else names that share a run of three characters are compared.
    """
    rows = list(Enterprise.objects.current().values_list("pk", "core_key", "name").order_by("pk"))
    by_core, by_run = {}, {}
    for position, (_pk, core, _name) in enumerate(rows):
        by_core.setdefault(core, position)
        for run in _runs(core):
            by_run.setdefault(run, []).append(position)
    found = []
    for index, name in enumerate(wanted):
        core = names.core_key(name)
        if core in by_core:
            best, score = by_core[core], 1.0
        else:
            best, score = _likeliest(core, rows, by_run)
        if score >= least:
            found.append(Similar(index, rows[best][0], rows[best][2], score))
    return found


def _likeliest(core, rows, by_run):
    tried, best, score = set(), None, 0.0
    for run in _runs(core):
        positions = by_run.get(run, ())
        if len(positions) > COMMON:
            continue
        for position in positions:
            if position in tried:
                continue
            tried.add(position)
            if (like := names.similarity(core, rows[position][1])) > score:
                best, score = position, like
    return best, score


def suspected_pairs(queryset, limit=100):
    """Pairs of enterprises of `queryset` under one key that are not known to be two: [(older, newer)], by name.

    Two valid codes are two legal persons; a branch and its parent share their name on purpose.
    """
    keys = queryset.current().exclude(core_key="").order_by("core_key").values_list("core_key", flat=True)
    repeated = list(keys.annotate(rows=Count("pk")).filter(rows__gt=1)[:limit])
    rows = queryset.current().filter(core_key__in=repeated)
    groups = {}
    for row in rows.select_related("region", "owner").order_by("core_key", "pk"):
        groups.setdefault(row.core_key, []).append(row)
    pairs = []
    for group in groups.values():
        first = group[0]
        pairs += [(first, other) for other in group[1:] if not _known_as_two(first, other)]
    return pairs[:limit]


def _known_as_two(a, b):
    return bool(a.uscc and b.uscc and a.uscc != b.uscc) or a.parent_id == b.pk or b.parent_id == a.pk


# --- making one of two -------------------------------------------------------------------------------------------


def comparison(survivor, other):
    """What stands in both rows, for the page that lets choose: a list of dicts per field."""
    rows = []
    for name in FIELDS:
        if name == "former_names":
            continue  # both lists are kept
        mine, theirs = shown(survivor, name), shown(other, name)
        if mine or theirs:
            label = Enterprise._meta.get_field(name).verbose_name
            row = {"field": name, "label": label, "mine": mine, "theirs": theirs}
            rows.append(row | {"differs": mine != theirs, "choice": bool(mine and theirs and mine != theirs)})
    return rows


def why_not_merge(survivor, other, user):
    """(not allowed, reason) why `user` cannot merge `other` into `survivor`; (False, None) where it can be done.

    A lead may, and an officer who may change both. Two valid codes are two legal persons.
    """
    for enterprise in (survivor, other):
        if reason := keeps_this_partner(enterprise, user):
            return True, reason
    if survivor.pk == other.pk:
        return False, _("Choose two different enterprises.")
    for enterprise in (survivor, other):
        if enterprise.merged_into_id:
            return False, _("%(name)s was merged into another enterprise already.") % {"name": enterprise.title}
    if survivor.uscc and other.uscc and survivor.uscc != other.uscc:
        return False, _(
            "Each carries a valid code of its own: they are two legal persons. If one code is wrong, correct it first."
        )
    return False, why_not_move(survivor, other)


def merge_enterprises(survivor, other, *, by, versions, take=(), now=None):
    """Make one of two: `other` goes into `survivor`, which is returned. Cannot be undone.

    `take` names the fields of FIELDS whose value comes from `other`; an empty value of the survivor is filled from
    there anyway. `versions` are the two the person compared. Everything that hangs on `other` is re-pointed, its
    names become former names, its address leads to the survivor. Where both have a keeper the survivor's stays.
    One transaction; writes "enterprise.merged". Raises NotAllowed, Refused.
    """
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = Enterprise.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=[survivor.pk, other.pk])
        rows = {row.pk: row for row in locked.order_by("pk")}
        survivor, other = rows[survivor.pk], rows[other.pk]
        not_allowed, reason = why_not_merge(survivor, other, by)
        if reason:
            raise (NotAllowed if not_allowed else Refused)(reason)
        if (survivor.version, other.version) != tuple(versions):
            raise Refused(_("Somebody changed one of the two in the meantime: compare them once more."))
        data = {"name": other.name, "uscc": other.uscc, "id": other.pk, "taken": _take(survivor, other, take)}
        _close(other, survivor, now)
        survivor.version += 1
        survivor.save()
        survivor.departments.add(*other.departments.all())
        _move_people(survivor, other)
        _move_rows(survivor, other)
        refresh_last_contact(survivor, now)
        refresh_health([survivor.pk, other.pk], now=now)
        record("enterprise.merged", subject=survivor, stream=survivor.pk, by=by, data=data, happened_at=now)
    return survivor


def _take(survivor, other, take):
    """Bring the chosen values over and both name lists together; return {field: [before, after]}."""
    values = {name: getattr(other, name) for name in FIELDS if name != "former_names"}
    taken = {}
    for name, value in values.items():
        if name in take or (not getattr(survivor, name) and value):
            before = shown(survivor, name)
            if name == "name":
                survivor.former_names = [*survivor.former_names, survivor.name]
            setattr(survivor, name, value)
            if before != shown(survivor, name):
                taken[name] = [before, shown(survivor, name)]
    if survivor.parent_id in (survivor.pk, other.pk):
        survivor.parent = None
    if survivor.parent_id is None:
        survivor.kinship = ""
    if not survivor.registry:
        survivor.registry_on = None
    every_name = [*survivor.former_names, other.name, *other.former_names]
    survivor.former_names = [name for name in dict.fromkeys(every_name) if name != survivor.name]
    survivor.listed = [*survivor.listed, *other.listed]
    for column, value in naming(*(getattr(survivor, name) for name in NAMES)).items():
        setattr(survivor, column, value)
    return taken


def _close(other, survivor, now):
    """The row stays, so that its old address still leads somewhere; its code is free for the survivor."""
    other.merged_into, other.uscc, other.parent, other.kinship = survivor, "", None, ""
    other.version += 1
    other.save(update_fields=["merged_into", "uscc", "parent", "kinship", "version"])
    Enterprise.objects.filter(merged_into=other).update(merged_into=survivor)
    planner.settle("gap", [other.pk], now)  # nobody is told of it any more


def _move_people(survivor, other):
    """One keeper, and one seat per account: the survivor's own come first."""
    people = Contact.objects.filter(enterprise=other)
    if survivor.contacts.filter(is_keeper=True).exists():
        people.filter(is_keeper=True).update(is_keeper=False)
    seated = survivor.contacts.members().values("user")
    people.filter(user__in=seated).update(user=None, is_keeper=False)
    people.update(enterprise=survivor)


def _move_rows(survivor, other):
    """Everything else that hangs on `other`; tests/partnerships/test_merging.py looks that nothing is forgotten."""
    trips = Touchpoint.objects.filter(enterprise=survivor, trip__isnull=False).values("trip")
    # one trip holds an enterprise once; the second record of it stays in the timeline
    other.touchpoints.filter(trip__in=trips).update(trip=None)
    rows_of_lists = Touchpoint.objects.filter(enterprise=survivor).exclude(list_key="").values("list_key")
    other.touchpoints.filter(list_key__in=rows_of_lists).update(list_key="")
    for rows in (
        other.touchpoints, other.messages, other.proxy_entries, other.sites, other.assessments, other.shutdowns,
    ):  # fmt: skip
        rows.update(enterprise=survivor)
    other.registrations.update(enterprise=survivor)
    move_guests(survivor, other)
    move_agreements(survivor, other)
    move_matches(survivor, other)
    move_results(survivor, other)
    ImportRow.objects.filter(enterprise=other).update(enterprise=survivor)
    other.children.exclude(pk=survivor.pk).update(parent=survivor)
    Event.objects.in_stream(other.pk).update(stream=survivor.pk)
    links = Link.objects.filter(stream=other.pk)
    kind = ContentType.objects.get_for_model(Enterprise)
    links.filter(subject_type=kind, subject_id=other.pk).update(subject_id=survivor.pk)
    links.update(stream=survivor.pk)
    Signature.objects.filter(stream=other.pk).update(stream=survivor.pk)

"""What applying a list of visits would do, worked out row by row against what is known. Reads nothing, writes nothing.

A row is known again by day, enterprise and content: the same list adds nothing, an enlarged one adds what is new, and
what was filled in since (what became of it, the evidence) is brought up to date. As for partners the same function
plans the preview and, under locks, the apply.
"""

from dataclasses import dataclass, field
from datetime import date

from partnerships.imports.plan import CHANGED, FAULTY, NEW, UNCHANGED
from partnerships.imports.problems import Problem
from partnerships.imports.visit_columns import LABELS
from partnerships.rules.names import name_key


@dataclass
class VisitDraft:
    """One tour as it would stand after the rows read so far. `trip` is None for a new one; `listed` is what the list
    said of it before, None where that is not kept."""

    trip: int | None
    listed: dict | None
    row: object = None
    #: Enterprises that are to be added, and of a known tour the columns that differ.
    added: list = field(default_factory=list)
    changed: set = field(default_factory=set)


@dataclass
class VisitsKnown:
    """What the plan compares with, loaded in bulk."""

    #: {name key: ids of the enterprises that carry it}, as a name, then as a short or former one.
    by_name: dict
    by_other_name: dict
    near: dict
    #: {(enterprise, key of the row): VisitDraft} of what was taken in before.
    visits: dict
    today: date
    lines: dict = field(default_factory=dict)


@dataclass
class PlannedVisit:
    """The verdict on one row: what it changes as [column, old, new], or the problems that stop it."""

    row: object
    verdict: str
    changes: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    draft: VisitDraft | None = None
    enterprise_pk: int | None = None


def plan_visits(rows, known, expected=None):
    """Return one PlannedVisit per VisitRow, in order.

    `expected` holds the changes shown in the preview, row by row; a row that would do something else now becomes faulty
    with the problem "stale_visit". One that somebody else has taken in meanwhile is unchanged.
    """
    return [_plan_row(row, known, expected[at] if expected else None) for at, row in enumerate(rows)]


def _plan_row(row, known, shown):
    problems = list(row.problems)
    keys, unknown = _firms(row, known)
    problems += unknown
    if row.when and (row.when.first > known.today or (row.when.precision == "day" and row.when.last > known.today)):
        problems.append(_problem(row, "day_ahead", "when", value=row.text("when") or row.when.last.isoformat()))
    if not problems and (other := _listed_before(row, keys, known)):
        problems.append(_problem(row, "twice_in_list", "summary", line=other.line))
    if problems:
        return PlannedVisit(row, FAULTY, problems=problems)
    draft = next((known.visits[key, row.key] for key in keys if (key, row.key) in known.visits), None)
    missing = [key for key in keys if (key, row.key) not in known.visits]
    changes = _differences(row, draft, [row.firms[keys.index(key)] for key in missing])
    if shown is not None and changes and changes != shown:
        return PlannedVisit(row, FAULTY, problems=[_problem(row, "stale_visit", "firms")])
    verdict = NEW if draft is None else CHANGED if changes else UNCHANGED
    draft = _take_over(row, draft, missing, changes)
    for key in keys:
        known.visits.setdefault((key, row.key), draft)
        known.lines[key, row.key] = row
    return PlannedVisit(row, verdict, changes, draft=draft, enterprise_pk=keys[0] if len(keys) == 1 else None)


def _problem(row, code, column, **params):
    return Problem(code, *row.places[column], params)


def _firms(row, known):
    """(ids of the enterprises of the row, problems for each name that is not one recorded enterprise)."""
    keys, problems = [], []
    for name in row.firms:
        found = known.by_name.get(name_key(name)) or known.by_other_name.get(name_key(name)) or set()
        if len(found) == 1:
            keys.extend(found)
        elif found:
            problems.append(_problem(row, "several_firms", "firms", value=name))
        elif near := known.near.get(name):
            problems.append(_problem(row, "unknown_firm", "firms", value=name, near="、".join(near)))
        else:
            problems.append(_problem(row, "unknown_firm_alone", "firms", value=name))
    return list(dict.fromkeys(keys)) if not problems else [], problems


def _listed_before(row, keys, known):
    """A row above that is about the same visit and says something else of it."""
    above = (known.lines.get((key, row.key)) for key in keys)
    return next((other for other in above if other and other.listed != row.listed), None)


def _differences(row, draft, added):
    if draft is None:
        return [[column, "", row.listed[column]] for column in LABELS if row.listed.get(column)]
    changes = [["firms", "", "、".join(added)]] if added else []
    for column in LABELS if draft.listed is not None else ():
        old, new = draft.listed.get(column, ""), row.listed.get(column, "")
        if new and new != old and column not in ("firms", "summary"):
            changes.append([column, old, new])
    return changes


def _take_over(row, draft, missing, changes):
    if draft is None:
        return VisitDraft(None, dict(row.listed), row, added=missing)
    draft.row = row
    draft.added += [key for key in missing if key not in draft.added]
    draft.changed |= {column for column, _old, _new in changes if column != "firms"}
    draft.listed = (draft.listed or {}) | row.listed
    return draft

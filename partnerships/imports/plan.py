"""What applying a list would do, worked out row by row against what is known. Reads nothing, writes nothing.

A list may name one enterprise in several rows (one row per agreement): they share one Draft. The same function plans
the preview and, under locks, the apply; a row whose outcome is no longer the one that was shown is left out.
"""

from dataclasses import dataclass, field
from datetime import datetime, time

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerships.imports.columns import known as known_head
from partnerships.imports.problems import Problem
from partnerships.rules.names import name_key

NEW, CHANGED, UNCHANGED, FAULTY = "new", "changed", "unchanged", "faulty"

#: Words of lists for the choices of the enterprise; the first hit in the text counts.
OWNERSHIPS = (
    ("state", ("国有", "国企", "央企", "国资", "国营", "全民")),
    ("foreign", ("外资", "外商", "合资", "港澳台", "台资", "港资", "中外")),
    ("collective", ("集体",)),
    ("public", ("事业", "机关", "政府", "社会团体", "行政")),
    ("private", ("民营", "私营", "私企", "民企", "个体", "股份", "有限责任", "有限公司", "自然人")),
)
SIZES = (("large", ("大型", "大")), ("medium", ("中型", "中")), ("micro", ("微型", "微")), ("small", ("小型", "小")))

#: Columns whose raw text is kept on the enterprise, agreement by agreement, until agreements are recorded themselves.
LISTED = {
    "agreement_title": pgettext_lazy("column", "agreement"),
    "agreement_number": _("agreement number"),
    "signed": _("signed"),
    "term": _("term"),
    "cooperation_modes": _("forms of cooperation"),
    "specialties": _("specialties"),
    "interns_taken": _("interns taken"),
    "graduates_hired": _("graduates hired"),
    "donation": _("donated or lent (¥10,000)"),
    "remark": _("remark"),
}


@dataclass
class Known:
    """What the plan compares with, loaded in bulk: `drafts` of existing enterprises by code and by name key."""

    by_uscc: dict
    by_name: dict
    departments: dict
    people: dict
    place: object
    trade: object
    uploader: object
    may_change: object


@dataclass
class Draft:
    """One enterprise as it would stand after the rows read so far. `pk` is None for a new one."""

    pk: int | None
    values: dict
    former_names: list = field(default_factory=list)
    contacts: dict = field(default_factory=dict)
    listed: list = field(default_factory=list)
    visits: dict = field(default_factory=dict)
    changed: set = field(default_factory=set)
    new_contacts: list = field(default_factory=list)
    changed_contacts: dict = field(default_factory=dict)
    new_visits: list = field(default_factory=list)


@dataclass
class Planned:
    """The verdict on one row: what it changes as [field, old, new], or the problems that stop it."""

    row: object
    verdict: str
    changes: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    draft: Draft | None = None

    @property
    def enterprise_pk(self):
        """The enterprise the row belongs to; of a new one only once it is written."""
        return self.draft.pk if self.draft else None


def plan(rows, known, expected=None):
    """Return one Planned per PartnerRow, in order.

    `expected` holds the changes shown in the preview, row by row (None for a faulty one); a row that would do
    something else now becomes faulty with the problem "stale".
    """
    planned = []
    for index, row in enumerate(rows):
        outcome = _plan_row(row, known, expected[index] if expected else None, checked=expected is not None)
        planned.append(outcome)
    return planned


def _plan_row(row, known, shown, checked):
    if row.problems:
        return Planned(row, FAULTY, problems=list(row.problems))
    draft, problem = _find(row, known)
    if problem:
        return Planned(row, FAULTY, problems=[problem])
    is_new = draft is None
    if is_new:
        draft = Draft(pk=None, values={})
    wanted = _wanted(row, known, draft, is_new)
    changes = _differences(row, wanted, draft)
    if checked and changes != shown:
        return Planned(row, FAULTY, problems=[Problem("stale")])
    if changes and draft.pk is not None and not known.may_change(draft.pk):
        return Planned(row, FAULTY, problems=[Problem("not_yours", "name", _cell(row), {"value": row.name})])
    _take_over(row, wanted, draft)
    for index, key in ((known.by_uscc, draft.values.get("uscc")), (known.by_name, name_key(draft.values["name"]))):
        if key:
            index.setdefault(key, draft)
    verdict = NEW if is_new else CHANGED if changes else UNCHANGED
    return Planned(row, verdict, changes=changes, draft=draft)


def _find(row, known):
    """The Draft the row belongs to (None: a new enterprise), or the problem that forbids to decide."""
    by_code = known.by_uscc.get(row.uscc) if row.uscc else None
    by_name = known.by_name.get(name_key(row.name))
    for former in row.former_names:
        by_name = by_name or known.by_name.get(name_key(former))
    if by_code and by_name and by_code is not by_name:
        return None, Problem(
            "two_enterprises",
            "uscc",
            _cell(row),
            {"code": row.uscc, "owner": by_code.values["name"], "name": by_name.values["name"]},
        )
    if by_name and not by_code and row.uscc and by_name.values.get("uscc") and by_name.values["uscc"] != row.uscc:
        return None, Problem("other_code", "uscc", _cell(row), {"code": row.uscc, "recorded": by_name.values["uscc"]})
    return by_code or by_name, None


def _wanted(row, known, draft, is_new):
    """The values the row asks for; what it leaves empty or what was not understood asks for nothing."""
    wanted = {
        "name": row.name,
        "uscc": row.uscc or "",
        "ownership": _word(row.ownership, OWNERSHIPS),
        "industry": known.trade(row.industry_text) if row.industry_text else None,
        "region": known.place(row.address) if row.address else None,
        "address": row.address or "",
        "size": _word(row.size_text, SIZES),
        "headcount": row.headcount.value if row.headcount else None,
        "legal_representative": row.legal_representative or "",
    }
    department = known.departments.get(row.lead_department or "")
    owner = known.people.get(row.school_contact or "")
    if not draft.values.get("lead_department"):  # handing a partner over is an act of its own, not a cell
        wanted["lead_department"] = department or (known.uploader.department_id if is_new else None)
    if not draft.values.get("owner"):
        wanted["owner"] = owner or (known.uploader.pk if is_new else None)
    return {key: value for key, value in wanted.items() if value not in (None, "")}


def _differences(row, wanted, draft):
    changes = []
    for key, value in wanted.items():
        old = draft.values.get(key)
        if old != value:
            changes.append([key, _text(old), _text(value)])
    for name in _added_names(row, wanted, draft):
        changes.append(["former_names", "", name])
    for person in row.contacts:
        known_person = draft.contacts.get(called(person))
        phones = [phone for phone in person.phones if phone not in (known_person or {}).get("phones", [])]
        if known_person is None or phones:
            changes.append(["contacts", "", " ".join([called(person), *phones])])
    if row.last_visit and row.last_visit.value.isoformat() not in draft.visits:
        changes.append(["last_visit", "", row.last_visit.value.isoformat()])
    listed = listed_of(row)
    if listed and listed not in draft.listed:
        old = next((entry for entry in draft.listed if _same_agreement(entry, listed)), None)
        changes.append(["listed", _listed_text(old), _listed_text(listed)])
    return changes


def _take_over(row, wanted, draft):
    """Write the row into its draft, so that the next row of the same enterprise is compared with the result."""
    draft.former_names.extend(_added_names(row, wanted, draft))
    for key, value in wanted.items():
        if draft.values.get(key) != value:
            draft.values[key] = value
            draft.changed.add(key)
    for person in row.contacts:
        _take_over_contact(person, draft)
    if row.last_visit and (day := row.last_visit.value.isoformat()) not in draft.visits:
        draft.visits[day] = row.last_visit.precision
        draft.new_visits.append((moment_of(row.last_visit.value), row.last_visit.precision))
    listed = listed_of(row)
    if listed and listed not in draft.listed:
        draft.listed = [entry for entry in draft.listed if not _same_agreement(entry, listed)] + [listed]
        draft.changed.add("listed")


def _take_over_contact(person, draft):
    numbers = list(person.phones)
    entry = draft.contacts.get(called(person))
    if entry is None:
        entry = {"pk": None, "phones": numbers, "person": person}
        draft.contacts[called(person)] = entry
        draft.new_contacts.append(entry)
        return
    missing = [number for number in numbers if number not in entry["phones"]]
    if missing:
        entry["phones"] = entry["phones"] + missing
        if entry["pk"] is not None:
            draft.changed_contacts[entry["pk"]] = entry["phones"]


def _added_names(row, wanted, draft):
    added = [name for name in row.former_names if name not in draft.former_names]
    old = draft.values.get("name")
    if old and old != wanted["name"] and old not in draft.former_names and old not in added:
        added.append(old)
    return added


def listed_shown(entries):
    """The kept agreements with the words of their columns: one list of (label, text) per agreement."""
    return [[(label, entry[key]) for key, label in LISTED.items() if key in entry] for entry in entries]


def called(person):
    """The name of a contact; where the cell gives only a number or a position, that."""
    return (person.name or person.position or next(iter(person.phones), "") or "?")[:60]


def listed_of(row):
    """What the row says about one agreement, as raw text by column; {} where it says nothing."""
    found = {known_head(head): text for head, text in row.raw.items() if text}
    return {key: found[key] for key in LISTED if key in found}


def _cell(row):
    return f"{row.sheet}!{row.line}"


def moment_of(day):
    """A day of a list as a moment: noon, so that no time zone moves it."""
    return timezone.make_aware(datetime.combine(day, time(12)))


def _same_agreement(entry, listed):
    for key in ("agreement_number", "agreement_title"):
        if entry.get(key) or listed.get(key):
            return entry.get(key) == listed.get(key)
    return False


def _listed_text(entry):
    return "; ".join(entry[key] for key in LISTED if key in entry) if entry else ""


def _word(text, table):
    return next((value for value, words in table if any(word in text for word in words)), "") if text else ""


def _text(value):
    return "" if value is None else str(value)

"""What an agreement is made of, and what follows from a change: pure functions over plain values."""

import hashlib
import json
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext_lazy as _

#: The last day of what has no end: sorts behind every real day.
OPEN_END = date(9999, 12, 31)
#: Days before its end on which an agreement speaks up; from the first of them it reads "expiring".
EXPIRY_STEPS = (90, 30, 1)

#: What is signed, in the order of the page: block -> (label, fields). An amendment ticks blocks.
BLOCKS = {
    "subject": (_("subject and purpose"), ("title", "title_en", "aim", "specialties")),
    "term": (_("term and renewal"), ("starts_on", "ends_on", "auto_renews", "renewal_months", "notice_days")),
    "places": (_("places and seminars"), ("places_per_year", "seminars_per_year", "sites")),
    "money": (_("money"), ("amount", "payment")),
    "school": (_("what the school does"), ("school_duties",)),
    "enterprise": (_("what the enterprise does"), ("enterprise_duties",)),
    "school_contact": (_("contact at the school"), ("school_contact",)),
    "enterprise_contact": (_("contact at the enterprise"), ("enterprise_contact",)),
    "other": (_("other provisions"), ("other_terms",)),
}
SIGNED = tuple(field for _label, fields in BLOCKS.values() for field in fields)
BLOCK_OF = {field: block for block, (_label, fields) in BLOCKS.items() for field in fields}
#: Of those, what is kept in a table of its own.
MANY = ("sites",)
#: What a preset may fill in: texts and numbers, which fit every partner.
PRESET = tuple(
    field for field in SIGNED if field not in ("starts_on", "ends_on", "sites", "school_contact", "enterprise_contact")
)
#: Kept about the agreement, but no part of what is signed: changing it touches no signature.
INTERNAL = ("number", "copies", "archive_box", "owner", "department", "departments", "other_parties")

#: Whose signature a changed block asks for again. Everything that binds both asks both; a side's own contact, its own.
BOTH = ("school", "enterprise")
RESETS = {
    "subject": BOTH,
    "term": BOTH,
    "places": BOTH,
    "money": BOTH,
    "school": BOTH,
    "enterprise": BOTH,
    "school_contact": ("school",),
    "enterprise_contact": ("enterprise",),
    "other": BOTH,
}


def blocks_of(fields):
    """The blocks to which changed `fields` belong, in the order of the page; internal fields belong to none."""
    touched = {BLOCK_OF[field] for field in fields if field in BLOCK_OF}
    return [block for block in BLOCKS if block in touched]


def sides_to_sign_again(fields):
    """The sides whose signatures a change of `fields` resets, the school's first."""
    touched = {side for block in blocks_of(fields) for side in RESETS[block]}
    return [side for side in BOTH if side in touched]


def digest(values):
    """The SHA-256 of a text: of its fields in one form, whatever page showed them.

    `values` hold text, numbers, truth values, days, amounts, or lists of ids; None is nothing agreed.
    """
    canonical = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value):
    return value.isoformat() if isinstance(value, date) else f"{value:.2f}"


def term_end(ends_on):
    """The last day on which it counts: OPEN_END where none is agreed."""
    return ends_on or OPEN_END


def renewed_until(ends_on, months, today):
    """The end after as many renewals of `months` as `today` asks for: an agreement nobody gave notice of goes on.

    2026-01-31 and one month give 2026-02-28, and the month after 2026-03-31: counted from the first end.
    """
    times, until = 0, ends_on
    while until < today:
        times += 1
        until = ends_on + relativedelta(months=months * times)
    return until


def last_day_of_notice(until, notice_days):
    """The last day on which notice can be given before an automatic renewal."""
    return until - timedelta(days=notice_days)


def is_expiring(until, today):
    """Whether the end is so near that people should decide what comes next."""
    return today <= until <= today + timedelta(days=EXPIRY_STEPS[0])


def in_effect(versions, day):
    """Which of `versions` counts on `day`: the last whose `valid_from` has come, else the first.

    `versions` is the agreement and after it its amendments in force, by number; each holds the whole text.
    """
    found = versions[0]
    for version in versions[1:]:
        if version.valid_from <= day:
            found = version
    return found

"""How promises read: the word of each side, how much has happened, the record of kept promises, what is shown where."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from partnerships.models import Obligation
from partnerships.rules.obligations import kept_record
from partnerships.services.obligations import standings
from partnerships.workflow import LATE, OBLIGATION, ObligationState
from records.models import Side

BADGES = {"kept": " badge--kept", "breached": " badge--trouble"}
#: So many promises stand on the page of an agreement.
SHOWN = 60


@dataclass(frozen=True)
class Promise:
    """One obligation as a reader sees it."""

    row: Obligation
    label: str
    next_step: str
    badge: str
    counted: str
    is_late: bool

    @property
    def person(self):
        return str(self.row.person or "")


def promise(row, today, *, for_enterprise=False):
    """The Promise of `row`; the enterprise never reads that something is late. Reads `happened` where it is there."""
    is_late = row.is_late(today)
    words = LATE if is_late else OBLIGATION.words[row.state]
    words = words.for_enterprise() if for_enterprise else words
    badge = BADGES.get(row.state, "")
    if is_late and not for_enterprise:
        badge = " badge--trouble"
    elif for_enterprise and row.state == ObligationState.BREACHED:
        badge = ""
    return Promise(row, str(words.label), str(words.next_step), badge, counted(row), is_late and not for_enterprise)


def counted(row):
    """“3 of 6” while it counts by itself, else “6 in all”; empty where no number was promised."""
    if not row.count:
        return ""
    happened = getattr(row, "happened", None)
    if happened is None or row.state != ObligationState.OPEN:
        return _("%(count)s in all") % {"count": row.count}
    return pgettext("promise", "%(happened)s of %(count)s") % {"happened": happened, "count": row.count}


def promises_of(agreement, today, *, for_enterprise=False):
    """{"school": [Promise], "enterprise": [Promise]} of an agreement: what is open by its day, then what is settled."""
    rows = agreement.obligations.select_related("owner", "contact").with_happened().filter(is_beyond_term=False)
    found = {Side.SCHOOL.value: [], Side.ENTERPRISE.value: []}
    for row in sorted(rows.order_by("due_on", "pk")[:SHOWN], key=lambda row: row.state != ObligationState.OPEN):
        found[row.side].append(promise(row, today, for_enterprise=for_enterprise))
    return found


def record_of(obligations, today):
    """{"school": {"kept", "due", "share"}, "enterprise": …}: the record of kept promises of both sides; one query."""
    found = {side: {"kept": 0, "breached": 0, "late": 0} for side in (Side.SCHOOL.value, Side.ENTERPRISE.value)}
    for row in standings(obligations, today):
        for name in found[row["side"]]:
            found[row["side"]][name] += row[name]
    return {side: kept_record(counts) for side, counts in found.items()}


def record_shown(enterprise, today):
    """The same for the page of a partner; None where nothing was ever due."""
    record = record_of(enterprise.obligations.signed(), today)
    return record if any(one["due"] for one in record.values()) else None

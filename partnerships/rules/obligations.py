"""When what was promised is due: pure functions over plain values."""

from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

#: Nothing is written down further ahead: a nightly run adds what comes nearer.
HORIZON = relativedelta(years=5)


@dataclass(frozen=True)
class Due:
    """One occurrence of a promise: the days in which it counts, and the day by which it is to be kept."""

    first: date
    last: date

    @property
    def on(self):
        return self.last


def occurrences(starts_on, until, *, every_months, after_days=0, today):
    """The Due days of a promise made for the days from `starts_on` to `until`.

    `every_months` 0: once, `after_days` after the beginning, and not after the end. Otherwise one for each full period,
    due on its last day; a period cut short by the end is due on the end if at least half of it lies within. Months are
    counted from the beginning, so 31 January, 28 February, 31 March. No further than HORIZON from `today`.
    """
    end = min(until, today + HORIZON)
    if not every_months:
        due = starts_on + timedelta(days=after_days)
        return [Due(starts_on, due)] if due <= end else []
    found, n = [], 0
    while (first := starts_on + relativedelta(months=every_months * n)) <= end:
        n += 1
        last = starts_on + relativedelta(months=every_months * n) - timedelta(days=1)
        if last <= end:
            found.append(Due(first, last))
        elif end == until and (until - first) * 2 >= (last - first):
            found.append(Due(first, until))
    return found


def kept_record(counts):
    """Of what was due, how much was kept: {"kept": 7, "due": 9, "share": 78} in percent, share None of nothing.

    `counts` maps states of obligations to numbers; what was waived by both sides does not count, what is open counts
    only under "late".
    """
    kept = counts.get("kept", 0)
    due = kept + counts.get("breached", 0) + counts.get("late", 0)
    return {"kept": kept, "due": due, "share": round(100 * kept / due) if due else None}

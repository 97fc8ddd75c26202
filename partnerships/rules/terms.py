"""School terms: 2026-2027-1 runs from September 2026 to January 2027, 2026-2027-2 from February to August 2027."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

_CODE = re.compile(r"(20\d{2})-(20\d{2})-([12])")


@dataclass(frozen=True, order=True)
class Term:
    """One half of the school year that begins in September of `year`."""

    year: int
    half: int

    @property
    def code(self):
        return f"{self.year}-{self.year + 1}-{self.half}"

    @property
    def first_day(self):
        return date(self.year, 9, 1) if self.half == 1 else date(self.year + 1, 2, 1)

    @property
    def last_day(self):
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self):
        return Term(self.year, 2) if self.half == 1 else Term(self.year + 1, 1)

    @property
    def previous(self):
        return Term(self.year, 1) if self.half == 2 else Term(self.year - 1, 2)

    def __str__(self):
        years = {"first": self.year, "second": self.year + 1}
        if self.half == 1:
            return _("first term %(first)s–%(second)s") % years
        return _("second term %(first)s–%(second)s") % years


def term_of(day):
    """The term that `day` lies in; January still belongs to the autumn."""
    if day.month >= 9:
        return Term(day.year, 1)
    return Term(day.year - 1, 1 if day.month == 1 else 2)


def read_term(code):
    """The term of a code such as 2026-2027-1, or None."""
    match = _CODE.fullmatch(code or "")
    if not match or int(match[2]) != int(match[1]) + 1:
        return None
    return Term(int(match[1]), int(match[3]))

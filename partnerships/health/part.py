"""What a part of the health of a partnership is, and where the parts and their weights stand."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Behind:
    """One row behind a part: when, what, what it says about the part, where it stands."""

    text: str
    on: date | datetime | None = None
    says: str = ""
    url: str = ""
    #: Whether it speaks for the partnership; None: neither way.
    is_good: bool | None = None


@dataclass(frozen=True)
class Advice:
    """What would raise a part, in one sentence, and the page on which it is done."""

    text: str
    action: str
    url: str


class Part:
    """The base of every part. Parts are named in settings.HEALTH_PARTS, each with its weight.

    `sql` answers for all partnerships at once: a SELECT of (enterprise, value), from 0 to 1, or NULL where there is too
    little data; at most one row each. It reads `scope`, the partnerships that are asked about: (key, cadence in days,
    since when they are known). Rows count that were known when the day %(day)s ended, before the moment %(until)s; so
    the same statement tells how it stood on a day long ago. `parameters` are further values of it, by name.
    """

    #: Kept in rows; never changes.
    name = ""
    label = ""
    #: What it looks at, in one sentence.
    explanation = ""
    sql = ""
    #: Where what lasted then is known only from what happened: the statement for days past; None: `sql` serves.
    sql_then = None

    def parameters(self):
        return {}

    def rows(self, enterprise, today):
        """[Behind]: the rows behind the part of one partnership, the newest first; a handful of queries."""
        raise NotImplementedError

    def advice(self, enterprise, today):
        """The Advice for a partnership whose part is not good; None where nothing can be done."""
        raise NotImplementedError


def parts():
    """{part: its weight}, in the order of the settings."""
    return {import_string(path): weight for path, weight in settings.HEALTH_PARTS.items()}

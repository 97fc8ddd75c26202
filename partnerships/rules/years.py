"""School years and calendar years, as reports name them."""

from django.utils.translation import gettext as _

#: No figure of ours is older, or further ahead.
EARLIEST, LATEST = 2000, 2099
SCHOOL, CALENDAR = "school", "calendar"


def year_label(kind, year):
    """2026–2027 for the school year that begins in 2026; 2026 for the calendar year."""
    if kind == SCHOOL:
        return _("school year %(first)s–%(second)s") % {"first": year, "second": year + 1}
    return _("calendar year %(year)s") % {"year": year}


def current_year(kind, day):
    """The year that `day` lies in: a school year begins in September."""
    return day.year - (kind == SCHOOL and day.month < 9)


def years_offered(kind, day, back=6):
    """The years a page offers, the newest first."""
    newest = current_year(kind, day)
    return list(range(newest, newest - back - 1, -1))


def read_year(text, day, default=SCHOOL):
    """(kind, year) of an address such as school-2026; the current one of `default` for anything else."""
    kind, _dash, year = (text or "").partition("-")
    is_year = year.isascii() and year.isdecimal() and len(year) == 4 and EARLIEST <= int(year) <= LATEST
    if is_year and kind in (SCHOOL, CALENDAR):
        return kind, int(year)
    return default, current_year(default, day)

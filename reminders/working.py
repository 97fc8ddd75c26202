"""Decent hours and days: when a reminder may leave, and which days count for a ladder.

Everything here is a pure function of a Calendar, which is read once per pass. Source of the statutory holidays and of
the published make-up workdays: the `holidays` package; the table of special days has the last word.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

import holidays
from django.utils import timezone

from reminders.models import SpecialDay, Vacation

MORNING, EVENING = time(8), time(20)
#: A vacation longer than this is a mistake in the table; no loop goes further.
FAR = 400


@dataclass(frozen=True)
class Calendar:
    """The school's days: `special` day -> works or not, `vacations` (first day, last day)."""

    special: dict
    vacations: tuple = ()

    @cached_property
    def published(self):
        return holidays.country_holidays("CN")

    def is_working(self, day):
        """Whether people are at work on `day`: a make-up day counts, a vacation of the school does not matter."""
        if day in self.special:
            return self.special[day]
        return self.published.is_working_day(day)

    def is_vacation(self, day):
        return any(first <= day <= last for first, last in self.vacations)

    def is_decent(self, moment):
        local = timezone.localtime(moment)
        return self.is_working(local.date()) and MORNING <= local.time() < EVENING

    def next_decent(self, moment):
        """`moment` itself, or the next working morning."""
        if self.is_decent(moment):
            return moment
        return self.next_morning(moment)

    def next_morning(self, moment):
        """The first hour of the first working day that begins after `moment`."""
        local = timezone.localtime(moment)
        day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
        for _n in range(FAR):
            if self.is_working(day):
                return timezone.make_aware(datetime.combine(day, MORNING))
            day += timedelta(days=1)
        raise ValueError(f"no working day within {FAR} days after {local.date()}: look at the special days")

    def reached(self, today, days):
        """The latest due day of which `days` days have passed on `today`, vacations not counted.

        Negative: days before the due day. None on a day of vacation: the ladder stands still.
        """
        if self.is_vacation(today):
            return None
        if days <= 0:
            return today - timedelta(days=days)
        day, left = today, days
        for _n in range(FAR + days):
            day -= timedelta(days=1)
            if not self.is_vacation(day):
                left -= 1
                if left == 0:
                    return day
        return date.min


def read_calendar():
    """The Calendar as the tables say now: two queries."""
    return Calendar(
        special=dict(SpecialDay.objects.values_list("day", "is_working")),
        vacations=tuple(Vacation.objects.values_list("starts_on", "ends_on")),
    )

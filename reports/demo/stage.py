"""What every part of the demonstration shares: the clock, the dice, the school and the partners made so far."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import holidays
from django.utils import timezone

from reports.demo import phrases

SEED = 20_260_901
DAYS = 730


@dataclass
class Partner:
    """One partner as the story knows it: its row of the file, its row of the database, its people."""

    firm: object
    enterprise: object
    owner: object
    contacts: list = field(default_factory=list)
    members: dict = field(default_factory=dict)

    @property
    def contact(self):
        return self.contacts[0]

    def refreshed(self):
        """The row as the database has it now; for services that ask for its version."""
        self.enterprise.refresh_from_db()
        return self.enterprise


class Stage:
    """The same day gives the same story: every choice comes from `random`, every moment from `now`."""

    def __init__(self, now):
        self.now = now
        self.today = timezone.localdate(now)
        self.random = random.Random(f"{SEED}")  # noqa: S311 - dice of a story, no secret
        self.departments, self.staff, self.partners = {}, {}, {}
        years = range(self.today.year - 3, self.today.year + 1)
        self.free_days = set(holidays.country_holidays("CN", years=years))

    @property
    def start(self):
        return self.at(DAYS)

    def working_day(self, days_ago):
        """The day so long ago, or the last working day before it."""
        day = self.today - timedelta(days=days_ago)
        while day.weekday() > 4 or day in self.free_days:
            day -= timedelta(days=1)
        return day

    def at(self, days_ago, hour=None, minute=None):
        """A moment of working hours so many days ago; never one to come."""
        return self.moment(self.working_day(days_ago), hour, minute)

    def moment(self, day: date, hour=None, minute=None):
        hour = self.random.choice((9, 9, 10, 10, 11, 14, 14, 15, 15, 16)) if hour is None else hour
        minute = self.random.randrange(0, 60, 5) if minute is None else minute
        return min(timezone.make_aware(datetime.combine(day, time(hour, minute))), self.now)

    def moment_ahead(self, days, hour, minute):
        """A moment of a weekday to come, `days` days ahead or a little later."""
        day = self.today + timedelta(days=days)
        day += timedelta(days=max(7 - day.weekday(), 0) if day.weekday() > 4 else 0)
        return timezone.make_aware(datetime.combine(day, time(hour, minute)))

    def words(self, partner, moment):
        """What the placeholders of a phrase stand for, about this partner at this moment."""
        posts, places, courses = phrases.TRADES[partner.firm.trade]
        contact = self.random.choice(partner.contacts[:2])
        others = [one for one in partner.contacts if one is not contact] or [contact]
        month = timezone.localdate(moment).month
        return {
            "post": self.random.choice(posts),
            "place": self.random.choice(places),
            "course": self.random.choice(courses),
            "who": contact.address_form,
            "other": self.random.choice(others).address_form,
            "n": self.random.choice((3, 4, 5, 6, 8, 10, 12, 15)),
            "k": self.random.choice((4, 6, 7, 9, 11, 14, 18)),
            "m": self.random.choice((2, 3, 4, 5)),
            "month": (month + self.random.choice((0, 1, 1, 2))) % 12 + 1,
            "season": "暑期" if month in (7, 8) else "寒假" if month in (1, 2) else "本学期",
            "school": self.departments[partner.firm.department].name,
        }

    def say(self, choices, words, chance=1.0):
        """One of the phrases with its places filled, or nothing."""
        return self.random.choice(choices).format(**words) if self.random.random() < chance else ""

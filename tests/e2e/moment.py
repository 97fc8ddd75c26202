"""The clock of one event, moved beside a running site: python -m tests.e2e.moment <title> begin | told | <days>.

The site itself keeps the true time, so it is the event that comes nearer, the whole series with it. `begin`: the first
of the series began ten minutes ago. A number: it begins in so many days. Then, as with `told`, its reminders run at the
next decent hour, for this event alone. Prints what was told as JSON.
"""

import json
import os
import sys
import time
from datetime import timedelta

RULES = ("seminar", "seminar_cancelled", "seminar_minutes", "seminar_feedback")


def main(title, when):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(json.dumps(move(title, when)))


def move(title, when):
    from django.db.models import F
    from django.utils import timezone

    from partnerships.models import Seminar, SeminarGuest
    from reminders import planner
    from reminders.working import read_calendar

    now = timezone.now()
    decent = read_calendar().next_decent(now)
    series = Seminar.objects.filter(title=title).order_by("starts_at")
    if when != "told":
        begins = now - timedelta(minutes=10) if when == "begin" else decent + timedelta(days=int(when))
        shift = begins - series.first().starts_at
        series.update(starts_at=F("starts_at") + shift, ends_at=F("ends_at") + shift)
    guests = list(SeminarGuest.objects.filter(seminar__title=title).values_list("pk", flat=True))
    told = sum(planner.plan(decent, only=rule, subjects=guests).told for rule in RULES)
    return {"told": told, "sent": deliver(guests, decent)}


def deliver(guests, moment):
    """Hand over what is due, and see the end of what the site's own worker has taken meanwhile."""
    from reminders import sending
    from reminders.models import Delivery

    sent, patience = 0, time.monotonic() + 30
    waiting = Delivery.objects.filter(
        rule__in=RULES, task__subject_id__in=guests, channel="mail", state__in=["due", "claimed", "sending"],
        due_at__lte=moment,
    )  # fmt: skip
    while True:
        sent += sending.send_due(moment).sent
        if not waiting.exists() or time.monotonic() > patience:
            return sent


if __name__ == "__main__":
    main(*sys.argv[1:])

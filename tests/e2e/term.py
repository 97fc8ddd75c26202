"""The days of an agreement, moved beside a running site: python -m tests.e2e.term <step> <arguments>; prints JSON.

The site keeps the true time, so it is the promise whose day lies further back; passes of days to come run for it alone.

    due <key> <days>    the promise is due in so many days (negative: was), as its officer would write it; a pass
    end <key> <days>    a pass so many days before the end of the agreement
"""

import json
import os
import sys
from datetime import timedelta


def main(step, *arguments):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(json.dumps(STEPS[step](*map(int, arguments))))


def due(key, days):
    from django.db.models import F
    from django.utils import timezone

    from partnerships.models import Obligation

    day = timezone.localdate() + timedelta(days=days)
    Obligation.objects.filter(pk=key).update(due_on=day, version=F("version") + 1)
    return run("obligation", key, timezone.now())


def end(key, days):
    from django.utils import timezone

    from partnerships.models import Agreement

    ahead = Agreement.objects.get(pk=key).effective_until - timezone.localdate() - timedelta(days=days)
    return run("agreement_end", key, timezone.now() + ahead)


def run(rule, key, moment):
    """One transaction: the site's own pass would take back what is planned before its day, and has not left."""
    from django.db import transaction

    from reminders import planner, sending
    from reminders.working import read_calendar

    then = read_calendar().next_decent(moment)
    with transaction.atomic():
        told = planner.plan(then, only=rule, subjects=[key]).told
        planner.prepare_drafts(then)
        return {"told": told, "sent": sending.send_due(then).sent}


STEPS = {"due": due, "end": end}

if __name__ == "__main__":
    main(*sys.argv[1:])

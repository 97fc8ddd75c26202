"""celery --app=tests.chaos.worker: the Celery of config/, with a lease, a batch and a beat that suit a short run.

Nothing but these and the decent hours differs from production. CHAOS_LEASE (seconds), CHAOS_BATCH (rows) and CHAOS_TICK (seconds) are read here
and nowhere else.
"""

import os
from datetime import timedelta

import django

from config.celery import app

django.setup()

from reminders import sending  # noqa: E402 - models need the setup
from tests.chaos import hours  # noqa: E402

sending.LEASE = timedelta(seconds=float(os.environ.get("CHAOS_LEASE", sending.LEASE.total_seconds())))
sending.BATCH = int(os.environ.get("CHAOS_BATCH", sending.BATCH))
hours.open_all_day()
TICK = float(os.environ.get("CHAOS_TICK", "15"))
app.conf.beat_schedule = {
    "plan reminders": {"task": "reminders.tasks.plan", "schedule": max(TICK, 2)},
    "send reminders": {"task": "reminders.tasks.send_due", "schedule": TICK},
}

"""Does what is told leave, and do those who see to it live? Asked by a monitor; says numbers, never a name."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Q
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reminders.models import Channel, Delivery, Pulse
from reminders.workflow import DeliveryState as S
from reminders.working import read_calendar

#: What leaves by itself, without anybody's hand.
BY_ITSELF = [Channel.MAIL, Channel.ROBOT]
#: What might leave is late after this.
LATE = timedelta(minutes=5)
#: Longest silence of each process. The sender beats with every batch, the planner after every pass.
SILENT = {"planner": timedelta(minutes=5), "sender": timedelta(seconds=90)}
#: What was just installed may take as long as this to give its first sign of life.
STARTING = timedelta(minutes=5)
#: Refused and doubled mails are counted for a week, among the newest tellings.
WEEK, NEWEST = timedelta(days=7), 20_000
#: So many of those that wait are looked at, the oldest first.
OLDEST = 1_000


@dataclass(frozen=True)
class Health:
    """What a monitor reads: ok, starting, late telling or silent worker, and the figures behind it."""

    status: str
    oldest_overdue_seconds: int
    planner_seconds: int | None
    sender_seconds: int | None
    possibly_twice: int
    refused: int

    @property
    def is_well(self):
        return self.status in ("ok", "starting")


def take_health(now):
    """The Health at `now`; six small questions to the database."""
    overdue, ages = oldest_overdue(now), pulses(now)
    status = "ok"
    if overdue > LATE:
        status = "late telling"
    if any(age is not None and age > SILENT[name] for name, age in ages.items()):
        status = "silent worker"
    elif None in ages.values():
        status = "starting" if installed_for(now) <= STARTING else "silent worker"
    return Health(
        status=status,
        oldest_overdue_seconds=_seconds(overdue),
        planner_seconds=_seconds(ages["planner"]),
        sender_seconds=_seconds(ages["sender"]),
        **troubles(now),
    )


def oldest_overdue(now):
    """How long the mail, or message to a robot, that waits longest could have left already.

    At night and on days off only what is urgent counts, and nothing whose task is put off; what fell due then is late
    from the next decent moment on.
    """
    calendar, today = read_calendar(), timezone.localdate(now)
    waiting = Delivery.objects.filter(state__in=[S.DUE, S.CLAIMED, S.SENDING], due_at__lte=now)
    waiting = waiting.filter(channel__in=BY_ITSELF).filter(
        Q(task__snoozed_until=None) | Q(task__snoozed_until__lte=today)
    )
    if not calendar.is_decent(now):
        waiting = waiting.filter(is_urgent=True)
    rows = waiting.order_by("due_at").values_list("due_at", "task__snoozed_until", "is_urgent")[:OLDEST]
    return max((now - _could_leave(calendar, *row) for row in rows), default=timedelta())


def _could_leave(calendar, due_at, awake_on, is_urgent):
    if awake_on:
        due_at = max(due_at, timezone.make_aware(datetime.combine(awake_on, time.min)))
    return due_at if is_urgent else calendar.next_decent(due_at)


def pulses(now):
    """{name: how long ago it gave a sign of life, None: never yet}."""
    last = dict(Pulse.objects.filter(name__in=SILENT).values_list("name", "at"))
    return {name: now - last[name] if name in last else None for name in SILENT}


def installed_for(now):
    """How long the tables of this app exist: until when "no sign of life yet" is no trouble."""
    since = MigrationRecorder.Migration.objects.filter(app="reminders").order_by("applied").first()
    return now - since.applied if since else STARTING * 2


def troubles(now):
    """How many were possibly told twice, and refused: one reading of the newest rows."""
    this_week = Q(created_at__gt=now - WEEK)
    return Delivery.objects.order_by("-id")[:NEWEST].aggregate(
        possibly_twice=Count("pk", filter=this_week & Q(may_be_double=True)),
        refused=Count("pk", filter=this_week & Q(state=S.FAILED)),
    )


def recent(now):
    """The tellings of the last week, among the newest: a bounded reading, whatever the size of the table."""
    newest = Delivery.objects.order_by("-id").values("pk")[:NEWEST]
    return Delivery.objects.filter(pk__in=newest, created_at__gt=now - WEEK)


def _seconds(age):
    return None if age is None else int(age.total_seconds())


@login_not_required
@require_safe
@never_cache
def healthz_reminders(request):
    """200 while what is told leaves in time and planner and sender live, else 503; the body says which and how long."""
    try:
        health = take_health(timezone.now())
    except Error:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    return JsonResponse(health.__dict__, status=200 if health.is_well else 503)

"""The stored health of partnerships: one writer, by the clock; and what it was when each month began."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from partnerships.health.statement import end_of, figures, figures_sql, watched
from partnerships.models import Health
from records.models import Event

#: A transaction that began before a figure was made may be seen only after it: so long its events count as later.
OVERLAP = timedelta(minutes=5)
#: So many of the newest events are looked through for partnerships that changed; the night makes good for the rest.
NEWEST = 5_000

REFRESH = """
    INSERT INTO partnerships_health (enterprise_id, score, parts, refreshed_at)
    SELECT enterprise, score, parts, %(now)s FROM ({figures}) figure ORDER BY enterprise
    ON CONFLICT (enterprise_id) DO UPDATE
        SET score = excluded.score, parts = excluded.parts, refreshed_at = excluded.refreshed_at
"""


def refresh(keys=None, *, now=None):
    """Write the health of all watched partnerships, or of those among the enterprises `keys`; return how many.

    Whoever is no longer watched loses its row. One statement for all, in the order of the keys, so that two runs
    cannot block each other. Any number of times, also at once.
    """
    now = now or timezone.now()
    scope, rows = watched(), Health.objects.all()
    if keys is not None:
        scope, rows = scope.filter(pk__in=keys), rows.filter(pk__in=keys)
    sql, parameters = figures_sql(scope, timezone.localdate(now))
    with transaction.atomic(), connection.cursor() as cursor:
        rows.exclude(pk__in=watched().values("pk")).delete()
        cursor.execute(REFRESH.format(figures=sql), parameters | {"now": now})
        return cursor.rowcount


def refresh_changed(*, now=None):
    """Write the health of the partnerships in which something happened since it was written; return how many.

    Every change writes an event: so nobody has to say that a figure is stale.
    """
    now = now or timezone.now()
    newest = Event.objects.order_by("-pk").values("pk")[:NEWEST]
    lately = Event.objects.filter(pk__in=newest, recorded_at__gte=now - timedelta(days=1)).exclude(stream=None)
    heard = {}
    for stream, recorded_at in lately.values_list("stream", "recorded_at"):
        heard[stream] = max(recorded_at, heard.get(stream, recorded_at))
    written = dict(Health.objects.filter(pk__in=heard).values_list("pk", "refreshed_at"))
    stale = [key for key, at in heard.items() if key not in written or written[key] - OVERLAP <= at]
    return refresh(stale, now=now) if stale else 0


SNAPSHOT = """
    INSERT INTO partnerships_healthmonth (enterprise_id, month, score, parts)
    SELECT enterprise, %(month)s, score, parts FROM ({figures}) figure WHERE score <> %(unknown)s ORDER BY enterprise
    ON CONFLICT (enterprise_id, month) DO NOTHING
"""


def take_snapshot(month, *, now=None):
    """Write how every watched partnership stood when `month` (its first day) began; return how many were new.

    As it was known then, so that a clock which missed the first writes the same later. What is written stays.
    """
    day = month - timedelta(days=1)
    sql, parameters = figures_sql(watched().filter(created_at__lt=end_of(day)), day, then=True)
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT.format(figures=sql), parameters | {"month": month})
        return cursor.rowcount


def differing_health():
    """Ids whose stored health is not that of the rows; there must be none.

    Whoever had an event since waits for the next minute, and is not looked at.
    """
    later = Event.objects.filter(stream=OuterRef("pk"), recorded_at__gte=OuterRef("refreshed_at") - OVERLAP)
    stored = {}
    for row in Health.objects.filter(~Exists(later)):
        stored.setdefault(timezone.localdate(row.refreshed_at), {})[row.pk] = (row.score, row.parts)
    wrong = []
    for day, rows in stored.items():
        found = figures(watched().filter(pk__in=rows), day)
        wrong += [key for key, figure in rows.items() if found.get(key) != figure]
    return sorted(wrong)

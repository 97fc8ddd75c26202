"""The one statement that makes figures of the parts: of all partnerships or of one, today or on a day past."""

import json
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from partnerships.health.part import parts
from partnerships.models import Enterprise
from partnerships.rhythms import WATCHED, cadence_days
from partnerships.rules.health import UNKNOWN


def watched():
    """The partnerships that have a health: those with a rhythm of contact."""
    return Enterprise.objects.filter(WATCHED)


def end_of(day):
    """The moment at which a day is over."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def figures_sql(scope, day, *, then=False):
    """(SQL, parameters) of (enterprise, score, parts as {name: percent}), one row for each of `scope`, by enterprise.

    The score is the mean of the parts that have data, by their weights, times 100; UNKNOWN with fewer parts than
    settings.HEALTH_FEWEST_PARTS. `then`: as it was known when `day` ended, a day past.
    """
    rows = scope.order_by().values(key=F("pk"), cadence=cadence_days(), since=F("created_at"))
    sql, values = rows.query.sql_with_params()
    parameters = {f"scope_{n}": value for n, value in enumerate(values)}
    parameters |= {"day": day, "until": end_of(day), "fewest": settings.HEALTH_FEWEST_PARTS, "unknown": UNKNOWN}
    valued = []
    for part, weight in parts().items():
        statement = part.sql_then if then and part.sql_then else part.sql
        valued.append(f"SELECT enterprise, '{part.name}' AS name, {weight} AS weight, value FROM ({statement}) part")
        parameters |= part.parameters()
    named = sql % tuple(f"%(scope_{n})s" for n in range(len(values)))
    return FIGURES.format(scope=named, valued=" UNION ALL ".join(valued)), parameters


#: Weighed and rounded as decimals: halves go up.
FIGURES = """
    WITH scope AS MATERIALIZED ({scope}),
    valued AS ({valued}),
    weighed AS (
        SELECT enterprise, count(*) AS number, sum(weight * value::numeric) / sum(weight) AS mean,
            jsonb_object_agg(name, round(value::numeric * 100)) AS parts
        FROM valued WHERE value IS NOT NULL GROUP BY enterprise
    )
    SELECT key AS enterprise, CASE WHEN number >= %(fewest)s THEN round(mean * 100)::int ELSE %(unknown)s END AS score,
        coalesce(parts, '{{}}') AS parts
    FROM scope LEFT JOIN weighed ON enterprise = key
    ORDER BY key
"""


def figures(scope, day, *, then=False):
    """{enterprise id: (score, {part: percent})}; one query."""
    sql, parameters = figures_sql(scope, day, then=then)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {key: (score, json.loads(found)) for key, score, found in cursor.fetchall()}

"""Suggestions for one need against every enterprise, beside the bare SQL that finds the same partners."""

import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Department
from partnerships.models import Enterprise, Need, Offer
from partnerships.services.needs import post_wish
from partnerships.suggestions import POOL, candidates, partners_for
from policies.models import Specialty
from policies.services import affinities_of
from reports.demo import scale
from tests.bench.measure import FEW, Pairs, Row, Section, explained, milliseconds
from tests.bench.pages import lead

LIMIT = 0.2
#: The partners nearest to Hangzhou in trades to which a category leads, the largest first: what has to be read at least.
BARE = """
    SELECT e.id FROM partnerships_enterprise e
    JOIN policies_affinity a ON a.industry_id = e.industry_id AND a.category_id = '46'
    WHERE e.merged_into_id IS NULL AND e.relation = 'partner' AND e.state IN ('prospect', 'assessed', 'active')
    ORDER BY 40 * a.closeness + CASE WHEN e.region_id = '330100' THEN 20 WHEN e.region_id LIKE '33%%' THEN 12 ELSE 3 END
        DESC, e.last_contact_at DESC
    LIMIT 60
"""


def section(runs, repeats):
    """What is posted for it is taken back at the end.

    The section before changes every enterprise and takes that back too, which no day of a school does: until the table
    is vacuumed no index can be read alone, and the planner rightly reads the whole table, a third of the pages that the
    index would then cost. What is promised is promised of a table that autovacuum has been to.
    """
    scale.tidy(Enterprise._meta.db_table)
    found = Section(
        "Suggestions",
        "Partners for a department's wish (40 interns) and for what it offers, each with its parts and reasons, among "
        "all enterprises, once autovacuum has been there; the yard-stick is one plain SELECT of the best sixty by trade and distance.",
    )
    with transaction.atomic():
        found.rows = [_row(name, subject, runs, repeats) for name, subject in _subjects()]
        transaction.set_rollback(True)
    return found


def _subjects():
    person, department, today = lead(), Department.objects.order_by("pk").last(), timezone.localdate()
    mechatronics = Specialty.objects.filter(pk="460301")
    wish = {
        "kind": "interns",
        "title": "实习岗位",
        "number": 40,
        "from_on": today,
        "until_on": today + timedelta(days=60),
    }
    yield (
        "40 interns of one specialty",
        post_wish(department, by=person, form_key=uuid.uuid4(), specialties=mechatronics, **wish),
    )
    yield "40 interns, whatever they study", post_wish(department, by=person, form_key=uuid.uuid4(), **wish)
    offer = Offer.objects.create(department=department, kind="laboratory", title="检测中心", owner=person)
    offer.specialties.set(mechatronics)
    yield "a laboratory", Offer.objects.with_taken(today).get(pk=offer.pk)


def _row(name, subject, runs, repeats):
    today, pairs = timezone.localdate(), Pairs()
    suggested = partners_for(subject, today=today)
    for _ in range(runs):
        pairs.take(lambda: partners_for(subject, today=today), _bare, repeats)
    faults = _faults(subject, today)
    note = "; ".join([f"{len(suggested)} suggestions", *faults])
    return Row(
        name, milliseconds(pairs.p50), milliseconds(pairs.p99), milliseconds(pairs.yardstick), f"{pairs.ratio:.1f} ×",
        f"≤ {LIMIT * 1000:.0f} ms", met=pairs.p50 <= LIMIT and not faults, note=note,
    )  # fmt: skip


def _bare():
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        return cursor.fetchall()


def _faults(subject, today):
    """Whether more rows are read than stand in question: those of partners in the trades that are asked for."""
    codes = {row.category_id for row in subject.specialties.all()}
    near = affinities_of(codes, today) if codes else {}
    number = subject.number if isinstance(subject, Need) else None
    rows = candidates(near, number, bool(codes))
    sql, values = rows[:POOL].query.sql_with_params()
    table = Enterprise._meta.db_table
    read = sum(count for node, count in explained(sql, values) if node.get("Relation Name") == table)
    asked = rows.order_by().count()
    return [f"{read:,} rows read for {asked:,} in question"] if read > max(asked * 1.05, FEW) else []

"""The health of all partnerships beside its bare SQL, written by hand for today alone: the same figures are asked for."""

from datetime import timedelta
from statistics import median

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Department
from partnerships.health.part import parts
from partnerships.health.statement import end_of
from partnerships.models import (
    Agreement,
    Ask,
    Enterprise,
    Health,
    Match,
    Message,
    Need,
    Obligation,
    Offer,
    Seminar,
    SeminarGuest,
)
from partnerships.models.agreement import AgreementKind
from partnerships.services.health import refresh
from partnerships.services.links import REMINDED
from tests.bench.measure import Row, Section, seconds, timed

RATIO, BATCH = 3, 2_000


def section(runs):
    """Everything is taken back at the end."""
    found = Section(
        "Health of partnerships",
        "Every enterprise an active partner, two in three with an agreement and four promises each, every tenth with "
        "letters, asks and needs, every twentieth at a seminar: the parts of all partnerships made to figures and written. The "
        "yard-stick is one statement by hand that knows only today and writes the same rows into a table alike; both "
        "must come to the same figures.",
    )
    with transaction.atomic():
        partners = _partnerships()
        now = timezone.now()
        refresh(now=now)
        _bare(now)
        pairs = [(timed(lambda: _bare(now))[0], timed(lambda: refresh(now=now))[0]) for _n in range(runs)]
        differing, known = _compared()
        if differing:
            raise AssertionError(f"{differing} figures differ from those of the bare SQL")
        ratio = median(own / bare for bare, own in pairs)
        found.rows.append(
            Row(
                f"{partners:,} partnerships, {known:,} with a figure",
                seconds(median(own for _bare, own in pairs)),
                yardstick=seconds(median(bare for bare, _own in pairs)),
                ratio=f"{ratio:.1f} ×",
                limit=f"≤ {RATIO} ×",
                met=ratio <= RATIO,
                note="the same figures",
            )  # fmt: skip
        )
        transaction.set_rollback(True)
    return found


def _partnerships():
    """Everybody a partner, with papers, letters and seminars; triggers and foreign keys are off meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Enterprise.objects.update(relation="partner", state="active")
        firms = Enterprise.objects.exclude(owner=None).filter(agreements=None).order_by("pk")
        _papers(list(firms.values_list("pk", "owner")))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("CREATE TEMPORARY TABLE bare_health (LIKE partnerships_health INCLUDING ALL) ON COMMIT DROP")
        cursor.execute("ANALYZE")
    return Enterprise.objects.current().count()


def _papers(firms):
    """By arithmetic on the keys, so that the same rows come each time."""
    today, now, day = timezone.localdate(), timezone.now(), timedelta(days=1)
    long_ago = {"created_at": now - 700 * day}
    agreements = Agreement.objects.bulk_create(
        (
            Agreement(
                enterprise_id=key, owner_id=owner, created_by_id=owner, title="协议", **long_ago,
                state="in_force" if key % 7 else "expired", kind=AgreementKind.values[key % 3],
                starts_on=today - 700 * day, ends_on=today + key % 500 * day, effective_from=today - 700 * day,
                effective_until=today + key % 500 * day, auto_renews=key % 11 == 0, renewal_months=12,
            )
            for key, owner in firms
            if key % 3
        ),
        batch_size=BATCH,
    )  # fmt: skip
    Obligation.objects.bulk_create(
        (
            Obligation(
                agreement=row, enterprise_id=row.enterprise_id, side=("school", "enterprise")[n % 2], text="事项",
                first_on=today - 600 * day, due_on=today + (n * 150 - 400) * day, **long_ago, **_state(row.pk + n, n, now),
            )
            for row in agreements
            for n in range(4)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    letters = Message.objects.bulk_create(
        Message(
            enterprise_id=key, author_id=owner, body="您好", side=("school", "enterprise")[n % 2],
            written_at=now - (n * 11 + key % 60) * day,
        )
        for key, owner in firms[::10]
        for n in range(3)
    )  # fmt: skip
    Message.objects.bulk_create(
        Message(
            enterprise_id=row.enterprise_id, author_id=row.author_id, body="收到", answers=row,
            side="enterprise" if row.side == "school" else "school", written_at=row.written_at + day / 2,
        )
        for row in letters[::2]
    )  # fmt: skip
    held = Seminar.objects.filter(starts_at__lt=now).order_by("pk").first() or Seminar.objects.create(
        title="研讨会",
        place="A101",
        organiser_id=firms[0][1],
        starts_at=now - 9 * day,
        ends_at=now - 8 * day,
        state="held",
    )
    SeminarGuest.objects.bulk_create(
        SeminarGuest(seminar=held, enterprise_id=key, invited_by_id=owner, attended=n % 2 == 0)
        for n, (key, owner) in enumerate(firms[::20])
        if not held.guests.filter(enterprise=key).exists()
    )
    _asks(firms, today, now, day)


def _asks(firms, today, now, day):
    department = Department.objects.order_by("pk").first()
    Ask.objects.bulk_create(
        Ask(
            enterprise_id=key, department=department, asked_by_id=owner, asked_at=now - 90 * day, kind="survey", text="问卷",
            due_on=today - 60 * day, **({"state": "done", "answered_at": now - key % 80 * day} if key % 2 else {}),
        )
        for key, owner in firms[::8]
    )  # fmt: skip
    needs = Need.objects.bulk_create(
        Need(
            enterprise_id=key, kind="research", title="工艺", from_on=today - 50 * day, until_on=today + 50 * day,
            posted_by_id=owner, posted_at=now - (20 + key % 20) * day,
        )
        for key, owner in firms[::9]
    )  # fmt: skip
    offer = Offer.objects.create(department=department, kind="expertise", title="工艺", owner_id=firms[0][1])
    Match.objects.bulk_create(
        Match(need=need, offer=offer, verdict="accepted", decided_by_id=firms[0][1]) for need in needs[::3]
    )


def _state(number, n, now):
    """Kept in time or late, open, broken or waived."""
    closed = {"closed_at": now - timedelta(days=60)}
    kept = {"state": "kept", "kept_on": timezone.localdate(now) + timedelta(days=n * 50 - 390), **closed}
    return (kept, kept, {}, {"state": "breached", "note": "x", **closed}, {"state": "waived", "note": "x", **closed})[
        number * 7 % 5
    ]


# --- by hand -------------------------------------------------------------------------------------------------------------


def _bare(now):
    weights = {part.name: weight for part, weight in parts().items()}
    values = weights | {"day": timezone.localdate(now), "until": end_of(timezone.localdate(now)), "now": now}
    values |= {"fewest": settings.HEALTH_FEWEST_PARTS, "reminded": list(REMINDED)}
    with connection.cursor() as cursor:
        cursor.execute(BARE, values)


def _compared():
    """(how many rows differ, how many have a figure)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM partnerships_health h FULL JOIN bare_health b USING (enterprise_id) "
            "WHERE (h.score, h.parts) IS DISTINCT FROM (b.score, b.parts)"
        )
        return cursor.fetchone()[0], Health.objects.known().count()


#: Touchpoints are read three times, as wide as each part needs them: less than once for all of them.
BARE = """
    WITH s AS MATERIALIZED (
        SELECT id, created_at AS since, registry, registry_on,
            coalesce(cadence_days, CASE tier WHEN 1 THEN 30 WHEN 2 THEN 60 ELSE 90 END) AS c
        FROM partnerships_enterprise WHERE merged_into_id IS NULL AND relation = 'partner' AND state = 'active'
    ),
    exchange AS (
        SELECT s.id, c, since, happened_at AS at FROM s JOIN partnerships_touchpoint t ON t.enterprise_id = s.id
        WHERE is_two_way AND withdrawn_at IS NULL AND happened_at < %(until)s
            AND happened_at >= %(until)s - c * interval '5 days'
        UNION ALL
        SELECT s.id, c, since, m.written_at FROM s JOIN partnerships_message m ON m.enterprise_id = s.id
        LEFT JOIN partnerships_message a ON a.id = m.answers_id LEFT JOIN records_link l ON l.id = m.via_id
        WHERE (a.side <> m.side OR l.purpose = ANY(%(reminded)s)) AND m.written_at < %(until)s
            AND m.written_at >= %(until)s - c * interval '5 days'
    ),
    span AS (
        SELECT id, c, at, least(lead(at) OVER w, at + c * interval '1 day', %(until)s) AS over,
            CASE WHEN since > %(until)s - c * interval '4 days' THEN greatest(since, first_value(at) OVER w)
                ELSE %(until)s - c * interval '4 days' END AS begun
        FROM exchange WINDOW w AS (PARTITION BY id ORDER BY at)
    ),
    contact AS (
        SELECT id, (sum(extract(epoch FROM greatest(over - greatest(at, begun), interval '0')))
                / extract(epoch FROM %(until)s - min(begun))
            + greatest(0, least(1, 2 - extract(epoch FROM %(until)s - max(at)) / 86400 / min(c)))) / 2 AS v
        FROM span GROUP BY id
    ),
    kept AS (
        SELECT enterprise_id AS id, side, avg(CASE WHEN state <> 'kept' THEN 0 WHEN kept_on > due_on THEN 0.5 ELSE 1 END) v
        FROM partnerships_obligation
        WHERE due_on > %(day)s - 730 AND (state IN ('kept', 'breached') OR (state = 'open' AND due_on < %(day)s))
        GROUP BY 1, 2
    ),
    agreement AS (
        SELECT enterprise_id AS id,
            max(CASE WHEN state <> 'in_force' OR effective_until < %(day)s THEN 0
                WHEN renews AND ended_on IS NULL THEN 1 ELSE least(1, (effective_until - %(day)s) / 365.0) END) AS v,
            count(DISTINCT kind) FILTER (WHERE state = 'in_force' AND effective_until >= %(day)s) AS kinds
        FROM partnerships_agreement a, LATERAL (SELECT coalesce((
            SELECT auto_renews FROM partnerships_agreement m WHERE m.amends_id = a.id AND m.state = 'in_force'
            ORDER BY nth DESC LIMIT 1), auto_renews) AS renews) last
        WHERE amends_id IS NULL AND state IN ('in_force', 'expired', 'renewed', 'terminated') GROUP BY 1
    ),
    seminar AS (
        SELECT DISTINCT enterprise_id AS id FROM partnerships_seminarguest g JOIN partnerships_seminar m ON m.id = seminar_id
        WHERE attended AND enterprise_id IS NOT NULL AND starts_at >= %(until)s - interval '730 days' AND starts_at < %(until)s
    ),
    met AS (
        SELECT DISTINCT n.enterprise_id AS id FROM partnerships_need n JOIN partnerships_match m ON m.need_id = n.id
        WHERE n.enterprise_id IS NOT NULL AND verdict = 'accepted' AND decided_at < %(until)s
            AND decided_at >= %(until)s - interval '730 days'
    ),
    answer AS (
        SELECT enterprise_id AS id, CASE WHEN answered_at IS NULL THEN CASE WHEN due_on < %(day)s THEN 0 END
            WHEN (answered_at AT TIME ZONE 'Asia/Shanghai')::date > due_on THEN 0.5 ELSE 1 END AS v
        FROM partnerships_ask WHERE asked_at >= %(until)s - interval '730 days' AND state <> 'withdrawn'
        UNION ALL SELECT enterprise_id, CASE WHEN EXISTS (
                SELECT FROM partnerships_match m WHERE m.need_id = n.id AND verdict = 'accepted') THEN 1
            WHEN posted_at < %(until)s - interval '30 days' THEN 0 END
        FROM partnerships_need n
        WHERE enterprise_id IS NOT NULL AND posted_at >= %(until)s - interval '730 days' AND state <> 'withdrawn'
    ),
    answers AS (SELECT id, avg(v) AS v FROM answer GROUP BY id),
    together AS (
        SELECT enterprise_id AS id, bool_or(kind IN ('visit', 'received', 'meeting') AND is_two_way)::int
            + coalesce(bool_or(internships_offered > 0), false)::int + coalesce(bool_or(jobs_offered > 0), false)::int AS n
        FROM partnerships_touchpoint
        WHERE withdrawn_at IS NULL AND happened_at >= %(until)s - interval '730 days' AND happened_at < %(until)s GROUP BY 1
    ),
    spread AS (
        SELECT id, least(1, (coalesce(kinds, 0) + coalesce(n, 0) + (m.id IS NOT NULL)::int + (e.id IS NOT NULL)::int)
            / 5.0) AS v
        FROM agreement FULL JOIN together USING (id) FULL JOIN seminar m USING (id) FULL JOIN met e USING (id)
    ),
    talk AS (
        SELECT t.id, enterprise_id AS firm, trip_id, proxy_id, logged_name, u.name, logged_by_id IS NULL OR role = 'hr' AS hr
        FROM partnerships_touchpoint t LEFT JOIN accounts_user u ON u.id = logged_by_id
        WHERE is_two_way AND withdrawn_at IS NULL AND happened_at >= %(until)s - interval '365 days' AND happened_at < %(until)s
    ),
    letter AS (
        SELECT -m.id AS id, m.enterprise_id AS firm, m.side = 'school' AS ours,
            coalesce(p.said_by, nullif(m.author_name, ''), u.name) AS wrote,
            coalesce(q.said_by, nullif(a.author_name, ''), v.name) AS asked
        FROM partnerships_message m JOIN partnerships_message a ON a.id = m.answers_id AND a.side <> m.side
        LEFT JOIN partnerships_proxyentry p ON p.id = m.proxy_id LEFT JOIN accounts_user u ON u.id = m.author_id
        LEFT JOIN partnerships_proxyentry q ON q.id = a.proxy_id LEFT JOIN accounts_user v ON v.id = a.author_id
        WHERE m.written_at >= %(until)s - interval '365 days' AND m.written_at < %(until)s
    ),
    part AS (
        SELECT firm, NOT hr AS ours, id, CASE WHEN hr THEN coalesce(nullif(logged_name, ''), name) ELSE name END AS name
        FROM talk
        UNION ALL SELECT firm, true, talk.id, u.name FROM talk JOIN partnerships_trip_colleagues c USING (trip_id)
            JOIN accounts_user u ON u.id = c.user_id
        UNION ALL SELECT firm, false, talk.id, p.name FROM talk
            JOIN partnerships_touchpoint_contacts c ON c.touchpoint_id = talk.id
            JOIN partnerships_contact p ON p.id = c.contact_id
        UNION ALL SELECT firm, false, talk.id, said_by FROM talk JOIN partnerships_proxyentry p ON p.id = proxy_id
        UNION ALL SELECT firm, ours, id, wrote FROM letter
        UNION ALL SELECT firm, NOT ours, id, asked FROM letter
    ),
    side AS (
        SELECT firm AS id, ours, count(DISTINCT id) > 2 AS known,
            count(DISTINCT id) > 2 AND min(nullif(name, '')) = max(nullif(name, '')) AS hangs
        FROM part GROUP BY 1, 2
    ),
    person AS (
        SELECT enterprise_id AS id, count(*) = 1 AS single FROM partnerships_contact
        WHERE (left_on IS NULL OR left_on > %(day)s) AND (phones <> '{}' OR email <> '') GROUP BY 1
    ),
    dependence AS (
        SELECT id, 1 - (coalesce(bool_or(hangs) FILTER (WHERE ours), false)::int
            + (coalesce(bool_or(hangs) FILTER (WHERE NOT ours), false) OR coalesce(bool_or(single), false))::int) / 2.0 AS v
        FROM side LEFT JOIN person USING (id) GROUP BY id HAVING bool_or(known)
    ),
    issue AS (
        SELECT enterprise_id AS id, (side = 'enterprise' AND written_at < %(until)s - interval '7 days' AND NOT EXISTS (
            SELECT FROM partnerships_message a JOIN partnerships_message q ON q.id = a.answers_id
            WHERE a.enterprise_id = m.enterprise_id AND a.side = 'school' AND q.written_at >= m.written_at))::int AS n
        FROM partnerships_message m
        UNION ALL SELECT i.enterprise_id, (due_on < %(day)s AND done_at IS NULL)::int
        FROM partnerships_actionitem i JOIN partnerships_seminar e ON e.id = seminar_id
        WHERE i.enterprise_id IS NOT NULL AND starts_at < %(until)s
        UNION ALL SELECT id, (registry IN ('abnormal', 'cancelled'))::int FROM s
        WHERE registry <> '' AND registry_on <= %(day)s
    ),
    issues AS (SELECT id, greatest(0, 1 - sum(n) / 3.0) AS v FROM issue GROUP BY id),
    valued AS (
        SELECT s.id, coalesce(contact.v, CASE WHEN EXISTS (
                SELECT FROM partnerships_touchpoint t WHERE t.enterprise_id = s.id AND is_two_way AND withdrawn_at IS NULL
                    AND happened_at < %(until)s) THEN 0 END)::numeric AS contact,
            there.v AS kept_there, here.v AS kept_here, agreement.v AS runway, spread.v AS spread,
            dependence.v AS dependence, answers.v AS answers, issues.v AS issues
        FROM s LEFT JOIN contact USING (id) LEFT JOIN kept there ON there.id = s.id AND there.side = 'enterprise'
        LEFT JOIN kept here ON here.id = s.id AND here.side = 'school' LEFT JOIN agreement ON agreement.id = s.id
        LEFT JOIN spread ON spread.id = s.id LEFT JOIN dependence ON dependence.id = s.id
        LEFT JOIN answers ON answers.id = s.id LEFT JOIN issues ON issues.id = s.id
    )
    INSERT INTO bare_health (enterprise_id, score, parts, refreshed_at)
    SELECT id,
        CASE WHEN num_nonnulls(contact, kept_there, kept_here, runway, spread, dependence, answers, issues) < %(fewest)s THEN -1
        ELSE round(100 * (coalesce(contact, 0) * %(contact)s + coalesce(kept_there, 0) * %(kept_there)s
            + coalesce(kept_here, 0) * %(kept_here)s + coalesce(runway, 0) * %(runway)s + coalesce(spread, 0) * %(spread)s
            + coalesce(dependence, 0) * %(dependence)s + coalesce(answers, 0) * %(answers)s
            + coalesce(issues, 0) * %(issues)s)
            / ((contact IS NOT NULL)::int * %(contact)s + (kept_there IS NOT NULL)::int * %(kept_there)s
            + (kept_here IS NOT NULL)::int * %(kept_here)s + (runway IS NOT NULL)::int * %(runway)s
            + (spread IS NOT NULL)::int * %(spread)s + (dependence IS NOT NULL)::int * %(dependence)s
            + (answers IS NOT NULL)::int * %(answers)s + (issues IS NOT NULL)::int * %(issues)s)) END,
        jsonb_strip_nulls(jsonb_build_object('contact', round(contact * 100), 'kept_there', round(kept_there * 100),
            'kept_here', round(kept_here * 100), 'runway', round(runway * 100), 'spread', round(spread * 100),
            'dependence', round(dependence * 100), 'answers', round(answers * 100), 'issues', round(issues * 100))),
        %(now)s
    FROM valued ORDER BY id
    ON CONFLICT (enterprise_id) DO UPDATE
        SET score = excluded.score, parts = excluded.parts, refreshed_at = excluded.refreshed_at
"""

"""The planner over all partnerships beside its bare SQL, and the hand-over beside a bare loop of smtplib."""

import os
import smtplib
import sys
import time
from datetime import datetime, timedelta
from email.message import EmailMessage
from statistics import median

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.mail import get_connection
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import PARTNER_ROLES, User
from partnerships.models import Enterprise, Seminar, SeminarGuest
from reminders import planner, sending
from reminders.channels import mail
from reminders.models import Delivery, Switch, Task
from tests.bench.measure import Row, Section, seconds, timed
from tests.smoke.machine import free_port, listens, server, wait_until

STEADY_LIMIT, STEADY_RATIO, FIRST_RATIO, HAND_OVER_SHARE = 5, 3, 3, 0.45
#: A working morning, from which everybody's last contact is counted back.
NOW = timezone.make_aware(datetime(2026, 11, 19, 9, 0))
#: What a pass has to know of each partnership: one read of the facts, with what its task says.
FACTS = """
    SELECT id, extract(epoch FROM last_contact_at)::bigint::text AS episode, owner_id,
        greatest((last_contact_at AT TIME ZONE 'Asia/Shanghai')::date
            + coalesce(cadence_days, CASE tier WHEN 1 THEN 30 WHEN 2 THEN 60 ELSE 90 END),
            (created_at AT TIME ZONE 'Asia/Shanghai')::date) AS due_on,
        EXISTS (SELECT FROM partnerships_shutdown s WHERE s.enterprise_id = e.id AND date '2026-11-19' BETWEEN
            s.starts_on AND s.ends_on) AS is_held
    FROM partnerships_enterprise e
    WHERE merged_into_id IS NULL AND relation = 'partner' AND state = 'active' AND last_contact_at > '1900-01-02'
"""
#: The same of the guests of seminars; the side of the enterprises, and that of the school.
GUESTS = """
    SELECT g.id, replace(s.uid::text, '-', '') || ':' || s.sequence AS episode,
        (s.starts_at AT TIME ZONE 'Asia/Shanghai')::date AS due_on, coalesce(g.user_id, e.owner_id, s.organiser_id) AS owner_id,
        false AS is_held
    FROM partnerships_seminarguest g JOIN partnerships_seminar s ON s.id = g.seminar_id
        LEFT JOIN partnerships_enterprise e ON e.id = g.enterprise_id
    WHERE g.answer <> 'no' AND s.state = 'planned' AND s.starts_at > %(now)s
        AND (g.user_id IS NULL) = (%(side)s = 'enterprise')
"""


def section(open_tasks, mails, runs):
    """Everything is taken back at the end of each part; what the rest of the bench measures stays as it is."""
    found = Section(
        "Reminders",
        "The rule of quiet partners over every enterprise, and that of invitations over 2,000 seminars of twenty "
        "guests; the yard-stick of a first pass is the same rows by one plain INSERT … SELECT and one read of the "
        "facts, that of a steady pass the facts compared with the tasks and the ladder looked at, that of the "
        "hand-over a loop of smtplib over one connection to the same mail server.",
    )
    with transaction.atomic():
        partners = _everybody_is_a_partner()
        first, bare_first, rows = _first_pass(runs)
        _empty()
        planner.plan(NOW)
        _more_tasks(open_tasks - Task.objects.open().count())
        _analyse()
        steady, bare_steady = _steady_pass(runs, {"gap": FACTS})
        found.rows += [
            _against(f"first pass: {partners:,} partnerships, {rows:,} rows", first, bare_first, FIRST_RATIO),
            _against(
                f"steady pass: {partners:,} partnerships, {Task.objects.open().count():,} open tasks", steady, bare_steady,
                STEADY_RATIO, cap=STEADY_LIMIT,
            ),
        ]  # fmt: skip
        guests = _seminars(2_000 if partners > 10_000 else 20)
        planner.plan(NOW)
        _analyse()
        steady, bare_steady = _steady_pass(runs, {"gap": FACTS, "seminar": GUESTS})
        found.rows.append(
            _against(
                f"steady pass of all rules: {guests:,} guests besides, {Task.objects.open().count():,} open tasks", steady,
                bare_steady, STEADY_RATIO, cap=STEADY_LIMIT,
            )
        )  # fmt: skip
        transaction.set_rollback(True)
    own, bare = _hand_over(mails, runs)
    share = median(one / other for one, other in zip(own, bare, strict=True))
    found.rows.append(
        Row(
            f"hand-over of {mails:,} mails", f"{median(own):.0f} /s", yardstick=f"{median(bare):.0f} /s",
            ratio=f"{share:.0%}", limit=f"≥ {HAND_OVER_SHARE:.0%}", met=share >= HAND_OVER_SHARE,
        )
    )  # fmt: skip
    return found


def _against(figure, own, bare, limit, cap=None):
    ratio = median(one / other for one, other in zip(own, bare, strict=True))
    met = ratio <= limit and (cap is None or median(own) <= cap)
    return Row(
        figure, seconds(median(own)), yardstick=seconds(median(bare)), ratio=f"{ratio:.1f} ×",
        limit=f"≤ {limit:g} ×" + (f", ≤ {cap} s" if cap else ""), met=met,
    )  # fmt: skip


def _run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _empty():
    """As new: rows that were only deleted, or taken back, would still stand in every index and slow both down."""
    _run("SET CONSTRAINTS ALL IMMEDIATE", "TRUNCATE reminders_task, reminders_delivery", "SET CONSTRAINTS ALL DEFERRED")


def _analyse():
    """What autovacuum does within a minute after such a pass."""
    _run("SET CONSTRAINTS ALL IMMEDIATE", "ANALYZE reminders_task, reminders_delivery, partnerships_enterprise")
    _run("ANALYZE partnerships_seminar, partnerships_seminarguest", "SET CONSTRAINTS ALL DEFERRED")


def _everybody_is_a_partner():
    """Active, with an owner, and the gap of each somewhere between fresh and long over."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            """
            UPDATE partnerships_enterprise SET relation = 'partner', state = 'active', cadence_days = NULL,
                created_at = %s - interval '900 days', last_contact_at = %s - (1 + id %% 120) * interval '1 day'
            WHERE merged_into_id IS NULL
            """,
            [NOW, NOW],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    _empty()
    _analyse()
    Switch.objects.exclude(rule="gap").update(mode="off")
    Switch.objects.update_or_create(rule="gap", defaults={"mode": "on", "changed_at": NOW - timedelta(days=365)})
    return Enterprise.objects.count()


def _first_pass(runs):
    """The pass beside a plain INSERT … SELECT of the very rows it writes, into the same tables, empty for each."""
    with transaction.atomic():
        planner.plan(NOW)
        _run("CREATE TEMPORARY TABLE bench_task AS SELECT * FROM reminders_task")
        _run("CREATE TEMPORARY TABLE bench_delivery AS SELECT * FROM reminders_delivery")
        rows = Task.objects.count() + Delivery.objects.count()

        def bare():
            _run(
                f"SELECT count(*) FROM ({FACTS}) facts",
                "INSERT INTO reminders_task SELECT * FROM bench_task",
                "INSERT INTO reminders_delivery SELECT * FROM bench_delivery",
                "SET CONSTRAINTS ALL IMMEDIATE",
            )

        def own():
            planner.plan(NOW)
            _run("SET CONSTRAINTS ALL IMMEDIATE")

        figures = [(_on_empty_tables(bare), _on_empty_tables(own)) for _n in range(runs)]
        transaction.set_rollback(True)
    return [own for _bare, own in figures], [bare for bare, _own in figures], rows


def _on_empty_tables(function):
    """How long it takes; taken back afterwards."""
    with transaction.atomic():
        _empty()
        taken, _answer = timed(function)
        transaction.set_rollback(True)
    return taken


def _more_tasks(number):
    """Tasks of rules to come, so that the table is as large as a busy school's."""
    kind = ContentType.objects.get_for_model(Enterprise).pk
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO reminders_task (rule, side, subject_type_id, subject_id, stream, episode, due_on, params, is_held,
                steps_planned, state, opened_at, snooze_reason)
            SELECT 'bench', CASE n %% 2 WHEN 0 THEN 'school' ELSE 'enterprise' END, %s, n, n, n::text, %s::date, '{}', false, 4,
                'open', %s, ''
            FROM generate_series(1, %s) n
            """,
            [kind, NOW.date(), NOW, max(0, number)],
        )


def _seminars(number):
    """So many seminars ahead, each with eighteen enterprises and two colleagues; every tenth is off."""
    staff = list(User.objects.active().filter(role__in=PARTNER_ROLES)[:2])
    partners = list(Enterprise.objects.current().values_list("pk", flat=True)[:1_000])
    seminars = Seminar.objects.bulk_create(
        Seminar(
            title=f"研讨会{n}", place="A101", organiser=staff[0], starts_at=NOW + timedelta(days=1 + n % 60),
            ends_at=NOW + timedelta(days=1 + n % 60, hours=2), state="cancelled" if n % 10 == 0 else "planned",
        )
        for n in range(number)
    )  # fmt: skip
    guests = [
        SeminarGuest(seminar=seminar, enterprise_id=partners[(n * 18 + one) % len(partners)], invited_by=staff[0])
        for n, seminar in enumerate(seminars)
        for one in range(min(18, len(partners)))
    ]
    guests += [SeminarGuest(seminar=seminar, user=user, invited_by=staff[0]) for seminar in seminars for user in staff]
    SeminarGuest.objects.bulk_create(guests, batch_size=1_000)
    for rule in ("seminar", "seminar_cancelled", "seminar_item"):
        Switch.objects.update_or_create(rule=rule, defaults={"mode": "on", "changed_at": NOW - timedelta(days=365)})
    return len(guests)


def _steady_pass(runs, facts):
    """Nothing changed since the last pass: facts and open tasks are read and compared, nobody's next step has come.

    The plain statements ask the same of the same rows: what stands and should not, what should stand and does not, what
    says something else, and whose next step is due; not a constant more.
    """
    compared = """
        SELECT count(*) FROM ({}) facts FULL JOIN
            (SELECT * FROM reminders_task WHERE rule = %(rule)s AND side = %(side)s AND state = 'open') task
            ON task.subject_id = facts.id AND task.episode = facts.episode
        WHERE task.id IS NULL OR facts.id IS NULL OR task.due_on <> facts.due_on OR task.is_held <> facts.is_held
            OR task.owner_id IS DISTINCT FROM facts.owner_id
    """
    ladder = """
        SELECT count(*) FROM reminders_task
        WHERE rule = %(rule)s AND state = 'open' AND NOT is_held AND steps_planned < 4 AND due_on <= %(until)s
            AND (snoozed_until IS NULL OR snoozed_until <= %(now)s)
    """

    def bare():
        with connection.cursor() as cursor:
            for rule, its_facts in facts.items():
                values = {"rule": rule, "now": NOW, "until": NOW.date()}
                for side in ("school", "enterprise"):
                    cursor.execute(compared.format(its_facts), values | {"side": side})
                cursor.execute(ladder, values)

    figures = [(timed(bare)[0], timed(planner.plan, NOW)[0]) for _n in range(runs)]
    return [own for _bare, own in figures], [bare for bare, _own in figures]


# --- the hand-over ---------------------------------------------------------------------------------------------------


def _hand_over(number, runs):
    """Mails a second: our own, and those of a bare loop over one connection."""
    port = free_port()
    # a process of its own: in ours it would share the interpreter with what is measured
    sink = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    open_line = mail.get_connection
    mail.get_connection = lambda: get_connection(
        "django.core.mail.backends.smtp.EmailBackend", host="127.0.0.1", port=port
    )
    with server(sink, os.devnull):
        wait_until(lambda: listens(port), 20, "the mail server does not listen")
        try:
            _own_loop(10)  # what is read once per process is read now
            figures = [(number / _bare_loop(port, number), number / _own_loop(number)) for _n in range(runs)]
        finally:
            mail.get_connection = open_line
    return [own for _bare, own in figures], [bare for bare, _own in figures]


def _bare_loop(port, number):
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for n in range(number):
            letter = EmailMessage()
            letter["From"], letter["To"] = settings.DEFAULT_FROM_EMAIL, f"p{n}@school.example"
            letter["Subject"] = "恒力轴承有限公司：该联系了"
            letter.set_content("上次往来已有一段时间，合作节奏为 90 天。\n\nhttps://ronghe.example/partners/1/\n")
            line.send_message(letter)
    return time.perf_counter() - started


def _own_loop(number):
    """As in production: nothing around it is one transaction, each mail's end is committed."""
    enterprise = Enterprise.objects.current().exclude(owner=None).first()
    before = (enterprise.relation, enterprise.state, enterprise.last_contact_at, enterprise.created_at)
    rows = Enterprise.objects.filter(pk=enterprise.pk)
    rows.update(
        relation="partner",
        state="active",
        last_contact_at=NOW - timedelta(days=400),
        created_at=NOW - timedelta(days=500),
    )
    Switch.objects.update_or_create(rule="gap", defaults={"mode": "on", "changed_at": NOW - timedelta(days=500)})
    planner.plan(NOW, subjects=[enterprise.pk])
    task = Task.objects.open().filter(subject_id=enterprise.pk, side="school").first()
    Delivery.objects.bulk_create(
        Delivery(
            key=f"bench:{n}", task=task, rule="gap", step=2, side="school", stream=enterprise.pk, channel="mail",
            user=enterprise.owner, address=enterprise.owner.email, due_at=NOW - timedelta(days=900), first_due_at=NOW,
        )
        for n in range(number)
    )  # fmt: skip
    try:
        taken, done = timed(lambda: sending.send_due(NOW, seconds=600))
        assert done.sent >= number, done
    finally:
        Delivery.objects.filter(task__subject_id=enterprise.pk).delete()
        Task.objects.filter(subject_id=enterprise.pk).delete()
        rows.update(**dict(zip(("relation", "state", "last_contact_at", "created_at"), before, strict=True)))
    return taken * number / done.sent

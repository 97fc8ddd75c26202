"""The planner: from the facts and a moment to tasks and tellings.

A pass may run at any time, in any number, beside another one: it writes what is missing and nothing twice. Every
statement works on all partnerships at once; what a pass did is what it returns.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from reminders.models import Channel, Delivery, Pulse, Switch
from reminders.rules import SIDES, TOLD, WANTED, rules
from reminders.workflow import DeliveryState
from reminders.working import read_calendar


@dataclass
class Account:
    """What one pass did."""

    opened: int = 0
    closed: int = 0
    told: int = 0
    left_out: int = 0


def plan(now=None, *, only=None, subjects=None):
    """Run one pass at `now` and return its Account; `only` one rule, `subjects` only those ids.

    A rule that is off keeps its tasks as they are and tells nobody; in rehearsal it is left alone as well: the
    reminder centre shows what it would do (see rehearse).
    """
    now = now or timezone.now()
    calendar, account = read_calendar(), Account()
    on = dict(Switch.objects.filter(mode=Switch.Mode.ON).values_list("rule", "changed_at"))
    for name, rule in rules().items():
        if name not in on or (only and name != only):
            continue
        with transaction.atomic():
            # One pass per rule at a time: not for safety, which the unique keys give, but so as not to work twice.
            _run("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reminders:{name}"])
            for side in SIDES:
                _reconcile(rule, side, now, subjects, account)
            _climb(rule, now, calendar, account, subjects, since=timezone.localdate(on[name]))
    if only is None:
        beat("planner", now, account.__dict__)
    return account


def settle(name, subjects, now=None):
    """Open, update and close the tasks of rule `name` about `subjects` at once, in the caller's transaction.

    For the service that changed the facts: the task is gone when the page comes back. The ladder waits for the pass.
    """
    if Switch.objects.filter(rule=name, mode=Switch.Mode.ON).exists():
        account, rule = Account(), rules()[name]
        for side in SIDES:
            _reconcile(rule, side, now or timezone.now(), subjects, account)


def prepare_drafts(now=None, *, most=1_000):
    """Give the messages to carry by hand what they need, their links; return how many."""
    now, prepared = now or timezone.now(), 0
    for name, rule in rules().items():
        with transaction.atomic():
            bare = Delivery.objects.filter(rule=name, channel=Channel.HAND, state=DeliveryState.FORWARD, link=None)
            drafts = list(bare.select_for_update(skip_locked=True, of=("self",), no_key=True).order_by("id")[:most])
            if drafts:
                rule.prepare(drafts, now)
        prepared += len(drafts)
    return prepared


@dataclass(frozen=True)
class Rehearsal:
    """What a pass of one rule would do now: its Account and the first of its tellings."""

    account: Account
    deliveries: list


def rehearse(name, now=None, *, most=200):
    """Run one rule as if it were on, look, and take everything back: at most `most` told, and `most` left out."""
    now, rule, account = now or timezone.now(), rules()[name], Account()
    with transaction.atomic():
        before = Delivery.objects.order_by("-id").values_list("id", flat=True).first() or 0
        for side in SIDES:
            _reconcile(rule, side, now, None, account)
        switched = Switch.objects.filter(rule=name, mode=Switch.Mode.ON).values_list("changed_at", flat=True).first()
        _climb(rule, now, read_calendar(), account, since=timezone.localdate(switched or now))
        new = Delivery.objects.filter(rule=name, id__gt=before).select_related("task", "user")
        told, left_out = new.exclude(state=DeliveryState.SKIPPED), new.filter(state=DeliveryState.SKIPPED)
        found = [*told.order_by("id")[:most], *left_out.order_by("id")[:most]]
        transaction.set_rollback(True)
    return Rehearsal(account, found)


def beat(name, now, data=None):
    """Leave a sign of life of process `name`."""
    Pulse.objects.update_or_create(name=name, defaults={"at": now, "data": data or {}})


# --- tasks -------------------------------------------------------------------------------------------------------


def _reconcile(rule, side, now, subjects, account):
    """Open, update and close the tasks of one side: three parts of one statement, over one reading of the facts."""
    wanted = rule.wanted(side, now)
    if wanted is None:
        return
    subject_type = ContentType.objects.get_for_model(rule.subject_model).pk
    if subjects is not None:
        wanted = wanted.filter(pk__in=subjects)
    sql, values = _columns(wanted, "task", WANTED)
    here = [rule.name, side, subject_type]
    only_these = "AND t.subject_id = ANY(%s)" if subjects is not None else ""
    statement = f"""
        WITH wanted AS MATERIALIZED ({sql}),
        standing AS MATERIALIZED (
            SELECT t.* FROM reminders_task t
            WHERE t.rule = %s AND t.side = %s AND t.subject_type_id = %s AND t.state = 'open' {only_these}
        ),
        written AS (
            INSERT INTO reminders_task AS t (rule, side, subject_type_id, subject_id, stream, episode, due_on, owner_id,
                params, is_held, steps_planned, state, opened_at, snooze_reason)
            SELECT %s, %s, %s, w.subject_id, w.stream, w.episode, w.due_on, w.owner_id, w.params, w.held, 0, 'open',
                %s, ''
            FROM wanted w
            WHERE NOT EXISTS (
                SELECT FROM standing s WHERE s.subject_id = w.subject_id AND s.episode = w.episode
                AND s.due_on = w.due_on AND s.owner_id IS NOT DISTINCT FROM w.owner_id AND s.params = w.params
                AND s.is_held = w.held
            )
            ON CONFLICT (rule, side, subject_type_id, subject_id, episode) DO UPDATE SET
                due_on = excluded.due_on, owner_id = excluded.owner_id, params = excluded.params,
                is_held = excluded.is_held, stream = excluded.stream, state = 'open', closed_at = NULL
            RETURNING t.id, t.opened_at = %s AS is_new
        ),
        closed AS (
            UPDATE reminders_task t SET state = 'done', closed_at = %s
            FROM standing s
            WHERE t.id = s.id AND NOT EXISTS (
                SELECT FROM wanted w WHERE w.subject_id = s.subject_id AND w.episode = s.episode
            )
            RETURNING t.id
        ),
        silenced AS (
            UPDATE reminders_delivery d
            SET state = 'cancelled', reason = 'finished', leased_until = NULL, finished_at = %s
            FROM closed c
            WHERE d.task_id = c.id AND d.state IN ('due', 'claimed', 'forward', 'copied')
            RETURNING d.id
        ),
        revived AS (
            -- A task closed by mistake, by a clock that went back or a partner paused for a day, is opened again: what
            -- its last step had not told yet is told after all. `old` is the row as it stood before this statement.
            UPDATE reminders_delivery d
            SET state = CASE d.channel WHEN 'hand' THEN 'forward' ELSE 'due' END, reason = '', finished_at = NULL
            FROM written w JOIN reminders_task old ON old.id = w.id AND old.state = 'done'
            WHERE d.task_id = old.id AND d.step = old.steps_planned AND d.state = 'cancelled' AND d.reason = 'finished'
            RETURNING d.id
        )
        SELECT (SELECT count(*) FROM written WHERE is_new), (SELECT count(*) FROM closed),
            (SELECT count(*) FROM silenced), ARRAY(SELECT id FROM revived)
    """  # noqa: S608 -- made of our own constants; every value is a parameter
    these = [list(subjects)] if subjects is not None else []
    opened, closed, _silenced, revived = _run(statement, [*values, *here, *these, *here, now, now, now, now])
    if revived:
        due_at = now if rule.is_urgent else read_calendar().next_decent(now)
        Delivery.objects.filter(pk__in=revived).update(due_at=due_at, first_due_at=due_at)
    account.opened += opened
    account.closed += closed


# --- tellings ----------------------------------------------------------------------------------------------------


def _climb(rule, now, calendar, account, subjects=None, *, since):
    """Plan each step whose day has come. One missed and overtaken by the next is written down as left out; a message
    that still waits to be carried to the same person gives way to the new one.

    The ladder of what was due before the rule was switched on, `since`, begins on that day: nobody escalates the past.
    """
    today = timezone.localdate(now)
    due_at = now if rule.is_urgent else calendar.next_decent(now)
    for step, following in zip(rule.steps, [*rule.steps[1:], None], strict=True):
        reached = _reached(rule, calendar, today, step)
        if reached is None:
            return  # a vacation: the ladder stands still
        overtaken = _reached(rule, calendar, today, following) if following else None
        parts, values = [], []
        for side, told in rule.told(step, now):
            sql, its_values = _columns(told, "told", TOLD)
            parts.append(
                f"SELECT %s::text AS side, told.* FROM ({sql}) told "  # noqa: S608 -- as above
                "WHERE told.subject_id IN (SELECT subject_id FROM ready)"
            )
            values += [side, *its_values]
        only_these = "AND t.subject_id = ANY(%s)" if subjects is not None else ""
        statement = f"""
            WITH ready AS MATERIALIZED (
                SELECT t.id, t.side, t.subject_id, t.stream, t.episode,
                    greatest(t.due_on, %s::date) AS due_on
                FROM reminders_task t
                WHERE t.rule = %s AND t.state = 'open' AND NOT t.is_held AND t.steps_planned < %s
                AND greatest(t.due_on, %s::date) <= %s
                AND (t.snoozed_until IS NULL OR t.snoozed_until <= %s) {only_these}
            ),
            told AS ({" UNION ALL ".join(parts)}),
            climbed AS (UPDATE reminders_task t SET steps_planned = %s FROM ready r WHERE t.id = r.id),
            replaced AS (
                UPDATE reminders_delivery d SET state = 'cancelled', reason = 'overtaken', finished_at = %s
                FROM ready r JOIN told ON told.subject_id = r.subject_id AND told.side = r.side AND told.skip = ''
                WHERE d.task_id = r.id AND d.addressee_id = told.addressee_id AND d.channel = 'hand'
                AND d.state IN ('forward', 'copied')
            ),
            written AS (
                INSERT INTO reminders_delivery (key, task_id, rule, step, side, stream, channel, user_id, addressee_id,
                    name, address, language, is_urgent, state, reason, created_at, due_at, first_due_at, attempts,
                    may_be_double, error, finished_at)
                SELECT concat_ws(':', %s::text, r.subject_id, r.episode, %s, told.dedup, told.channel), r.id, %s, %s,
                    told.side, r.stream, told.channel, told.user_id, told.addressee_id, told.name, told.address,
                    told.language, %s,
                    CASE WHEN told.skip <> '' OR r.due_on <= %s THEN 'skipped'
                         WHEN told.channel = 'app' THEN 'sent' WHEN told.channel = 'hand' THEN 'forward' ELSE 'due' END,
                    CASE WHEN told.skip <> '' THEN told.skip WHEN r.due_on <= %s THEN 'overtaken' ELSE '' END,
                    %s, %s, %s, 0, false, '',
                    CASE WHEN told.skip <> '' OR r.due_on <= %s OR told.channel = 'app' THEN %s::timestamptz END
                FROM ready r JOIN told ON told.subject_id = r.subject_id AND told.side = r.side
                ON CONFLICT (key) DO NOTHING
                RETURNING state
            )
            SELECT count(*) FILTER (WHERE state <> 'skipped'), count(*) FILTER (WHERE state = 'skipped') FROM written
        """  # noqa: S608 -- as above
        these = [list(subjects)] if subjects is not None else []
        told, left_out = _run(
            statement,
            [since, rule.name, step.number, since, reached, today, *these, *values, step.number, now, rule.name,
             step.number, rule.name, step.number, rule.is_urgent, overtaken, overtaken, now, due_at, due_at, overtaken,
             now],
        )  # fmt: skip
        account.told += told
        account.left_out += left_out


def _reached(rule, calendar, today, step):
    if rule.pauses_in_vacation:
        return calendar.reached(today, step.days)
    return today - timedelta(days=step.days)


# --- SQL ---------------------------------------------------------------------------------------------------------


def _columns(queryset, prefix, names):
    """(SQL, values) of the subjects' ids and their annotations, by name and in our order."""
    sql, values = queryset.order_by().values("pk", *(f"{prefix}_{name}" for name in names)).query.sql_with_params()
    columns = ", ".join(f"{prefix}_{name}::{kind} AS {name}" for name, kind in names.items())
    return f"SELECT pk AS subject_id, {columns} FROM ({sql}) q", list(values)  # noqa: S608 -- as above


def _run(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()

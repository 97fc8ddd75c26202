"""The planner: from the facts and a moment to tasks and tellings.

A pass may run at any time, in any number, beside another one: it writes what is missing and nothing twice. Every
statement works on all partnerships at once; what a pass did is what it returns.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from reminders.models import Channel, Delivery, Pulse, Switch
from reminders.robots import recipients
from reminders.rules import SIDES, TOLD, WANTED, rules
from reminders.workflow import NOT_LEFT, DeliveryState
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
    if subjects and Switch.objects.filter(rule=name, mode=Switch.Mode.ON).exists():
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
    """Open, update and close the tasks of one side: parts of one statement, over one reading of the facts.

    The facts and the tasks meet in a full join, which is hashed or merged whatever the statistics say: tables that
    were filled a moment ago never make it compare row with row. Where nothing changed nothing comes out of it.
    """
    wanted = rule.wanted(side, now)
    if wanted is None:
        return
    subject_type = ContentType.objects.get_for_model(rule.subject_model).pk
    if subjects is not None:
        wanted = wanted.filter(pk__in=subjects)
    sql, values = _columns(wanted, "task", WANTED)
    only_these, these = _only(subjects)
    statement = f"""
        WITH changed AS MATERIALIZED (
            SELECT wanted.*, t.id AS standing
            FROM ({sql}) wanted FULL JOIN (
                SELECT t.* FROM reminders_task t
                WHERE t.rule = %s AND t.side = %s AND t.subject_type_id = %s AND t.state = 'open' {only_these}
            ) t ON t.subject_id = wanted.subject_id AND t.episode = wanted.episode
            WHERE t.id IS NULL OR wanted.subject_id IS NULL
                OR (t.stream, t.due_on, t.owner_id, t.params, t.is_held) IS DISTINCT FROM
                    (wanted.stream, wanted.due_on, wanted.owner_id, wanted.params, wanted.held)
        ),
        written AS (
            -- What was closed by mistake, by a clock that went back or a partner paused for a day, is opened again
            -- and climbs its ladder anew: the keys know who was told already.
            INSERT INTO reminders_task AS t (rule, side, subject_type_id, subject_id, stream, episode, due_on, owner_id,
                params, is_held, steps_planned, state, opened_at, snooze_reason)
            SELECT %s, %s, %s, subject_id, stream, episode, due_on, owner_id, params, held, 0, 'open', %s, ''
            FROM changed WHERE subject_id IS NOT NULL
            ON CONFLICT (rule, side, subject_type_id, subject_id, episode) DO UPDATE SET
                due_on = excluded.due_on, owner_id = excluded.owner_id, params = excluded.params,
                is_held = excluded.is_held, stream = excluded.stream, state = 'open', closed_at = NULL,
                steps_planned = CASE t.state WHEN 'open' THEN t.steps_planned ELSE 0 END
            RETURNING t.opened_at = %s AS is_new
        ),
        closed AS (
            UPDATE reminders_task t SET state = 'done', closed_at = %s
            FROM changed WHERE t.id = changed.standing AND changed.subject_id IS NULL
            RETURNING t.id
        ),
        silenced AS (
            UPDATE reminders_delivery d
            SET state = 'cancelled', reason = 'finished', leased_until = NULL, finished_at = %s
            FROM closed WHERE d.task_id = closed.id AND d.state IN %s
        )
        SELECT (SELECT count(*) FROM written WHERE is_new), (SELECT count(*) FROM closed)
    """  # noqa: S608 -- made of our own constants; every value is a parameter
    here = [rule.name, side, subject_type]
    opened, closed = _run(statement, [*values, *here, *these, *here, now, now, now, now, tuple(NOT_LEFT)])
    account.opened += opened
    account.closed += closed


# --- tellings ----------------------------------------------------------------------------------------------------


def _climb(rule, now, calendar, account, subjects=None, *, since):
    """Plan each step whose day has come. One missed and overtaken by the next is written down as left out.

    The ladder of what was due before the rule was switched on, `since`, begins on that day: nobody escalates the past.
    """
    today = timezone.localdate(now)
    days = {step.number: _reached(rule, calendar, today, step) for step in rule.steps}
    if None in days.values():
        return  # a vacation: the ladder stands still
    _climb_down(rule, days, now, subjects)
    ready = _ready(rule, {number: day for number, day in days.items() if day >= since}, today, subjects)
    lowest, highest = _run(
        f"SELECT min(following.planned), max({REACHED}) FROM {FOLLOWING}, reminders_task t WHERE {ready.where}",  # noqa: S608
        ready.values,
    )
    if lowest is None:
        return  # nobody's day has come: who would be told is not asked
    steps = [step for step in rule.steps if lowest < step.number <= highest]
    due_at = now if rule.is_urgent else calendar.next_decent(now)
    told, left_out, asked = _tell(rule, steps, ready, now, due_at, calendar.next_morning(now))
    if asked:
        _give_way(asked, now)
    account.told += told
    account.left_out += left_out


def _climb_down(rule, days, now, subjects):
    """Take back the steps whose day is ahead again, because the date moved or a wrong clock was put right.

    Their tellings that have not left wait for their day; a key that was told stays told.
    """
    only_these, these = _only(subjects)
    numbers, until = list(days), list(days.values())
    statement = f"""
        WITH early AS (
            UPDATE reminders_task t SET steps_planned = {REACHED}
            FROM unnest(%s::int[], %s::date[]) AS planned (step, day)
            WHERE t.rule = %s AND t.side = ANY(%s) AND t.state = 'open' AND t.steps_planned = planned.step
                AND t.due_on > planned.day {only_these}
            RETURNING t.id, t.steps_planned
        ),
        put_off AS (
            UPDATE reminders_delivery d SET state = 'cancelled', reason = 'early', leased_until = NULL, finished_at = %s
            FROM early
            WHERE d.task_id = early.id AND d.step > early.steps_planned AND d.step = ANY(%s) AND d.state IN %s
        )
        SELECT count(*) FROM early
    """  # noqa: S608 -- as above
    _run(statement, [numbers, until, numbers, until, rule.name, list(SIDES), *these, now, numbers, tuple(NOT_LEFT)])


#: The last step whose day has come for a task; 0 where none has. Takes steps and their days.
REACHED = """(
    SELECT coalesce(max(rung.step), 0) FROM unnest(%s::int[], %s::date[]) AS rung (step, day) WHERE t.due_on <= rung.day
)"""


#: The step that is planned next for whoever's last one is `planned`, by the day it is reached for.
FOLLOWING = "unnest(%s::int[], %s::date[]) AS following (planned, day)"


class _Ready(NamedTuple):
    """Which tasks `t` have a step to plan; `values` are those of REACHED, of FOLLOWING, and of the condition."""

    where: str
    values: list


def _ready(rule, days, today, subjects):
    """`days`: step -> the latest due day it is reached for. The index finds a task by the step it waits for alone."""
    numbers, until = list(days), list(days.values())
    following = [min(number for number in numbers if number > planned) for planned in range(max(numbers, default=0))]
    only_these, these = _only(subjects)
    where = f"""
        t.steps_planned = following.planned AND t.due_on <= following.day
        AND t.rule = %s AND t.side = ANY(%s) AND t.state = 'open' AND NOT t.is_held
        AND (t.snoozed_until IS NULL OR t.snoozed_until <= %s) {only_these}
    """
    rungs = [list(range(len(following))), [days[number] for number in following]]
    return _Ready(where, [numbers, until, *rungs, rule.name, list(SIDES), today, *these])


def _tell(rule, steps, ready, now, due_at, morning):
    """Write the tellings of `steps` to whose task is `ready`.

    Returns how many are told, how many left out, and the tasks of which somebody of the enterprise is told.

    A key that was left out or called off before is decided anew; one that was told, or dropped by a person, stays as it
    is, and nobody hears the same step over a second channel.

    Nothing here depends on how many rows the server expects, which it cannot know of tables filled a moment ago: each
    join leads from a task to its rows by their keys; what was heard before is read once, before anything is written.
    """
    parts, values = [], []
    for step in steps:
        for side, told, robot in recipients(rule, step, now):
            sql, its_values = _columns(told, "told", TOLD)
            parts.append(f"""
                SELECT ready.*, %s::int AS step, %s::bigint AS robot_id, %s AS is_courtesy,
                    {", ".join(f"told.{name}" for name in TOLD)}
                FROM ready JOIN ({sql}) told ON told.subject_id = ready.subject_id
                WHERE ready.side = %s AND ready.planned < %s AND ready.reached >= %s
            """)  # noqa: S608 -- as above
            values += [step.number, robot, side in step.courtesy, *its_values, side, step.number, step.number]
    statement = f"""
        WITH ready AS (
            UPDATE reminders_task t SET steps_planned = {REACHED} FROM {FOLLOWING} WHERE {ready.where}
            RETURNING t.id, t.side, t.subject_id, t.stream, t.episode, following.planned, t.steps_planned AS reached
        ),
        heard AS MATERIALIZED (
            SELECT d.task_id, d.step, d.channel, d.user_id, d.addressee_id
            FROM ready JOIN reminders_delivery d ON d.task_id = ready.id
            WHERE d.state NOT IN ('skipped', 'cancelled') OR d.reason = ''
        ),
        told AS ({" UNION ALL ".join(parts)}),
        decided AS (
            SELECT told.*, CASE WHEN skip <> '' THEN skip WHEN step < reached THEN 'overtaken'
                    WHEN is_courtesy AND channel = 'mail' AND coalesce(own.silenced_at, theirs.silenced_at) IS NOT NULL
                    THEN 'unsubscribed' ELSE '' END AS reason,
                %s AND (channel = 'robot' OR (channel = 'mail' AND coalesce(own.rhythm, theirs.rhythm, '') = 'digest'))
                    AS is_bundled
            FROM told
            LEFT JOIN reminders_preference own ON own.user_id = told.user_id
            LEFT JOIN reminders_preference theirs ON theirs.addressee_id = told.addressee_id
            WHERE NOT EXISTS (
                SELECT FROM heard
                WHERE heard.task_id = told.id AND heard.step = told.step AND heard.channel <> told.channel
                    AND (heard.user_id = told.user_id OR heard.addressee_id = told.addressee_id)
            )
        ),
        written AS (
            INSERT INTO reminders_delivery AS d (key, task_id, rule, step, side, stream, channel, user_id, addressee_id,
                robot_id, name, address, language, is_urgent, bundle, state, reason, created_at, due_at, first_due_at,
                attempts, may_be_double, error, finished_at)
            SELECT concat_ws(':', %s::text, subject_id, episode, step, dedup, channel), id, %s, step, side, stream,
                channel, user_id, addressee_id, robot_id, name, address, language, %s,
                CASE WHEN is_bundled THEN dedup ELSE '' END,
                CASE WHEN reason <> '' THEN 'skipped' WHEN channel = 'app' THEN 'sent' WHEN channel = 'hand'
                    THEN 'forward' ELSE 'due' END,
                reason, %s, moment, moment, 0, false, '',
                CASE WHEN reason <> '' OR channel = 'app' THEN %s::timestamptz END
            FROM decided, LATERAL (
                SELECT CASE WHEN is_bundled AND channel = 'mail' THEN %s::timestamptz ELSE %s::timestamptz END AS moment
            ) due
            ON CONFLICT (key) DO UPDATE SET
                state = excluded.state, reason = excluded.reason, name = excluded.name, address = excluded.address,
                language = excluded.language, bundle = excluded.bundle, parcel = NULL,
                created_at = excluded.created_at, due_at = excluded.due_at, first_due_at = excluded.first_due_at,
                finished_at = excluded.finished_at
                WHERE d.state IN ('skipped', 'cancelled') AND d.reason <> ''
            RETURNING d.state, d.task_id, d.addressee_id
        )
        SELECT count(*) FILTER (WHERE state <> 'skipped'), count(*) FILTER (WHERE state = 'skipped'),
            array_agg(task_id) FILTER (WHERE state <> 'skipped' AND addressee_id IS NOT NULL)
        FROM written
    """  # noqa: S608 -- as above
    may_bundle = not (rule.is_urgent or rule.has_calendar)
    rest = [may_bundle, rule.name, rule.name, rule.is_urgent, now, now, morning, due_at]
    return _run(statement, [*ready.values, *values, *rest])


def _give_way(tasks, now):
    """A message that still waits to be carried gives way to what the same person was told just now."""
    statement = """
        WITH replaced AS (
            UPDATE reminders_delivery d SET state = 'cancelled', reason = 'overtaken', finished_at = %s
            FROM (
                SELECT id, channel, state, created_at,
                    bool_or(created_at = %s AND state <> 'skipped') OVER (PARTITION BY task_id, addressee_id)
                        AS has_newer
                FROM reminders_delivery WHERE task_id = ANY(%s) AND addressee_id IS NOT NULL
            ) one
            WHERE d.id = one.id AND one.has_newer AND one.created_at <> %s AND one.channel = 'hand'
                AND one.state IN ('forward', 'copied')
            RETURNING d.id
        )
        SELECT count(*) FROM replaced
    """
    _run(statement, [now, now, tasks, now])


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


def _only(subjects):
    """(SQL, values) that keep to the tasks about `subjects`; None: to all."""
    return ("", []) if subjects is None else ("AND t.subject_id = ANY(%s)", [list(subjects)])


def _run(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()

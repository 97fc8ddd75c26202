"""The sender: takes what is due, hands it over, and writes down how far it got.

    due -> claimed -> sending -> sent | due (again later) | failed

A claim is one conditional update under SKIP LOCKED, so any number of senders share the work. A row stands in `sending`
only while its message is on the wire: a process that dies there leaves one message of which nobody knows whether it
arrived. It is sent again under the same Message-ID and marked as possibly twice. No row is locked while a server waits.
"""

import logging
import os
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from reminders.channels import Said, Unreachable
from reminders.channels.mail import MailLine
from reminders.channels.robot import RobotLine
from reminders.models import Channel, Delivery, Task
from reminders.planner import beat
from reminders.second_look import second_look
from reminders.services import BY_HAND
from reminders.workflow import DeliveryState as S
from reminders.working import read_calendar

log = logging.getLogger(__name__)

#: How long a claim holds, and one message may stand on the wire; longer than one answer of a mail server may take
#: (EMAIL_TIMEOUT). Whoever dies is replaced after lease and ring of the beat: 25 + 15 s, well within a minute. A server
#: slower than this in all may get a message twice, marked; a sender too slow for its batch loses the rest of it.
LEASE = timedelta(seconds=25)
BATCH = 100
#: Who hands over what, and for how long in one round.
LINES = {Channel.MAIL: (MailLine, timedelta(minutes=5)), Channel.ROBOT: (RobotLine, LEASE)}
#: After so many days of trying a person has to look (RFC 5321, 4.5.4.1).
GIVE_UP = timedelta(days=5)
#: The pause after the n-th refusal "not now"; the last one repeats. Greylisting asks for a few minutes.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120))


@dataclass
class Round:
    """What one call of send_due did."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    cancelled: int = 0
    is_down: bool = False


def crash_point(name):
    """Die here, as by kill -9, when CRASH_AT says so: for the proof that nothing is lost."""
    rate = float(os.environ.get("CRASH_RATE", "1"))
    if os.environ.get("CRASH_AT") == name and random.random() < rate:  # noqa: S311 -- a die
        os.kill(os.getpid(), 9)


def send_due(now=None, *, seconds=50):
    """Hand over what is due at `now`, channel by channel; return the Round.

    `now` is the clock's unless given; a server that cannot be reached ends the round of its channel and costs no row a
    try. Mail goes on until nothing is left or `seconds` have passed, whatever has few messages has as long as a lease.
    """
    done, clock = Round(), lambda: now or timezone.now()
    for channel, (line, share) in LINES.items():
        _work_off(channel, line, done, clock, time.monotonic() + min(seconds, share.total_seconds()))
    beat("sender", clock(), done.__dict__)
    return done


def _work_off(channel, make_line, done, clock, until):
    """What one channel has to hand over; the line is made when there is something, and ended."""
    line, is_down = None, False
    try:
        while time.monotonic() < until and not is_down:
            beat("sender", clock(), done.__dict__)  # a slow batch is no silence
            recover(clock())
            batch = claim(clock(), channel)
            crash_point("claim")
            if not batch:
                break
            line = line or make_line()
            is_down = _hand_over(batch, line, done, clock)
    finally:
        if line is not None:
            line.close()
    done.is_down |= is_down


def recover(now):
    """Take back what a dead sender held. What was on the wire is marked: it may arrive twice."""
    lapsed = Delivery.objects.filter(leased_until__lt=now)
    lapsed.filter(state=S.CLAIMED).update(state=S.DUE, leased_until=None)
    lapsed.filter(state=S.SENDING).update(state=S.DUE, leased_until=None, may_be_double=True)


def claim(now, channel=Channel.MAIL):
    """Take up to BATCH messages that are due, those waiting longest first, and return their tellings.

    A reminder leaves at a decent hour only; what was due in the evening and is claimed at night waits for the morning.
    What was put off after it had been planned waits as long. Of a bundle the first telling is taken, and with it all
    others that are due: two senders never share one.
    """
    due = Delivery.objects.filter(state=S.DUE, channel=channel, due_at__lte=now)
    due = due.filter(Q(task__snoozed_until=None) | Q(task__snoozed_until__lte=timezone.localdate(now)))
    if not read_calendar().is_decent(now):
        due = due.filter(is_urgent=True)
    with transaction.atomic():
        heads = due.filter(Q(bundle="") | ~Exists(_of_one_bundle(due).filter(pk__lt=OuterRef("pk"))))
        heads = heads.order_by("due_at", "id").select_for_update(skip_locked=True, of=("self",), no_key=True)
        keys = list(heads.values_list("pk", flat=True)[:BATCH])
        bundled = Delivery.objects.filter(pk__in=keys).exclude(bundle="")
        others = due.filter(Exists(_of_one_bundle(bundled)), bundle__in=bundled.values("bundle"))
        keys += others.exclude(pk__in=keys).values_list("pk", flat=True)
        Delivery.objects.filter(pk__in=keys, state=S.DUE).update(state=S.CLAIMED, leased_until=now + LEASE)
        taken = Delivery.objects.filter(pk__in=keys, state=S.CLAIMED).select_related("task", "user", "robot")
        return list(taken.order_by("due_at", "id"))


def _of_one_bundle(deliveries):
    """Those of `deliveries` that leave with the outer one: what was on the wire together stays together."""
    return deliveries.annotate(with_it=Coalesce("parcel", Value(0))).filter(
        bundle=OuterRef("bundle"), with_it=Coalesce(OuterRef("parcel"), Value(0))
    )


# --- handing over ------------------------------------------------------------------------------------------------


def _hand_over(batch, line, done, clock):
    """Hand a claimed batch over, and write down how each ended; was the server gone?"""
    _prepare_turn()
    waiting, ended, is_down = _packed(batch, line, done, clock()), None, False
    while waiting:
        try:
            line.open()
        except Unreachable as trouble:
            # Nothing was said of any of them: no try is counted, and this round is over.
            is_down = True
            _release(waiting, trouble)
            line.close()
            break
        parcel = waiting.pop(0)
        is_ours, ended = _turn(ended, parcel, clock() + LEASE), None
        if not is_ours:  # a task was closed a moment ago, or the lease lapsed and somebody else took it
            done.cancelled += 1
            _release([parcel])  # of a bundle the rest: it is due again, and put together anew
            continue
        crash_point("before_smtp")
        answer = line.hand_over(parcel)
        if answer.said is Said.BROKEN:
            is_down = True
            _release([parcel], answer.text, **_doubt(parcel.head, answer, clock()))
            _release(waiting, answer.text)
            line.close()
            break
        crash_point("after_smtp")
        ended = (parcel, *_verdict(parcel.head, answer, clock()))
        _count(done, ended[1], len(parcel.keys))
        if answer.hangs_up:
            line.close()
    crash_point("before_commit")
    _turn(ended, None, clock())
    return is_down


def _packed(batch, line, done, now):
    """The parcels of what is still wanted; the others are written down for what they are."""
    stays = second_look(batch, now)
    for one in batch:
        if stay := stays.get(one.pk):
            due_at = {"due_at": stay.due_at} if stay.due_at else {"finished_at": now}
            held = Delivery.objects.filter(pk=one.pk, state=S.CLAIMED)
            done.cancelled += held.update(state=stay.state, reason=stay.reason, leased_until=None, **due_at)
            if stay.reason == "finished" and one.step != BY_HAND:
                _plan_anew(one)
    batch = [one for one in batch if one.pk not in stays]
    parcels, faults = line.pack(batch, now)
    for pk, fault in faults.items():
        held = Delivery.objects.filter(pk=pk, state=S.CLAIMED)
        done.failed += held.update(state=S.FAILED, leased_until=None, finished_at=now, error=fault)
    return parcels


def _plan_anew(delivery):
    """Leave the step of a task that no longer stood to the planner: it closes the task, or tells after all.

    A fact may be false for a moment only, such as a partner paused by mistake, and true again before the next pass.
    """
    Task.objects.filter(pk=delivery.task_id, steps_planned__gte=delivery.step).update(steps_planned=delivery.step - 1)


#: The end of one parcel and the beginning of the next: one statement and one commit for both. The end counts if it is
#: still ours; that a server took it is true whoever holds it. The beginning counts if all of the parcel is still ours:
#: the end of its lease tells our claim from another's. Planned once per connection: else planning is half its cost.
PREPARE_TURN = """
    PREPARE reminders_turn (
        text, text, timestamptz, timestamptz, bigint[], timestamptz, boolean,
        bigint[], timestamptz, timestamptz, int, bigint
    ) AS
    WITH ended AS (
        UPDATE reminders_delivery SET state = $1, error = $2, leased_until = NULL,
            due_at = coalesce($3, due_at), finished_at = coalesce($4, finished_at)
        WHERE id = ANY($5) AND (
            (state = 'sending' AND leased_until = $6) OR ($7 AND state IN ('due', 'claimed', 'sending'))
        )
    ), ours AS (
        SELECT array_agg(id) AS ids FROM (
            SELECT id FROM reminders_delivery
            WHERE id = ANY($8) AND state = 'claimed' AND leased_until = $9 FOR NO KEY UPDATE
        ) locked
    )
    UPDATE reminders_delivery SET state = 'sending', reason = '', attempts = attempts + 1, leased_until = $10,
        parcel = CASE WHEN bundle <> '' THEN coalesce(parcel, $12) END
    FROM ours WHERE id = ANY(ids) AND cardinality(ids) = $11
"""
TURN = f"EXECUTE reminders_turn ({', '.join(['%s'] * 12)})"


def _prepare_turn():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_prepared_statements WHERE name = 'reminders_turn'")
        if not cursor.rowcount:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            cursor.execute(PREPARE_TURN)


def _turn(ended, parcel, until):
    """Write down how one parcel ended, and put the next on the wire; was that still ours? Either may be None."""
    if ended is None and parcel is None:
        return False
    over, state, due_at, error = ended or (None, "", None, "")
    finished_at = timezone.now() if over and due_at is None else None
    end = [state, error, due_at, finished_at, over.keys if over else [], over.head.leased_until if over else None,
           state == S.SENT]  # fmt: skip
    begin = [[], None, None, -1, None]
    if parcel:
        begin = [parcel.keys, parcel.head.leased_until, until, len(parcel.keys), parcel.head.pk]
    with connection.cursor() as cursor:
        cursor.execute(TURN, end + begin)
        is_ours = cursor.rowcount > 0
    for delivery in parcel.deliveries if is_ours else ():
        delivery.leased_until = until
    return is_ours


def _verdict(delivery, answer, now):
    """(state, due_at, error) after the server's answer."""
    if answer.said is Said.TAKEN:
        return S.SENT, None, ""
    since = delivery.first_due_at
    if awake_on := delivery.task.snoozed_until:
        since = max(since, timezone.make_aware(datetime.combine(awake_on, datetime.min.time())))
    if answer.said is Said.NEVER or now - since > GIVE_UP:
        return S.FAILED, None, answer.text[:500]
    pause = timedelta(seconds=settings.MAIL_PAUSE) or PAUSES[min(delivery.attempts, len(PAUSES) - 1)]
    pause *= random.uniform(1, 1.2)  # noqa: S311 -- so that not all come back at once
    return S.DUE, now + pause, answer.text[:500]


def _doubt(delivery, answer, now):
    """What to write on a message at which the line broke: marked, and tried again at once.

    Where it was tried before, it may be the reason: it waits as if refused, so that the others are not stuck behind it.
    """
    if not delivery.attempts:
        return {"may_be_double": True}
    state, due_at, _error = _verdict(delivery, answer, now)
    then = {"due_at": due_at} if due_at else {"finished_at": now}
    return {"may_be_double": True, "state": state} | then


def _release(parcels, trouble="", **mark):
    """Give rows back to whoever comes next, as far as they are still ours."""
    if trouble:
        log.warning("messages are not taken: %s", trouble)
    deliveries = [delivery for parcel in parcels for delivery in parcel.deliveries]
    held = Delivery.objects.filter(
        pk__in=[delivery.pk for delivery in deliveries], state__in=[S.CLAIMED, S.SENDING],
        leased_until__in={delivery.leased_until for delivery in deliveries},
    )  # fmt: skip
    held.update(**{"state": S.DUE, "leased_until": None, "error": str(trouble)[:500]} | mark)


def _count(done, state, number):
    if state == S.SENT:
        done.sent += number
    elif state == S.FAILED:
        done.failed += number
    else:
        done.postponed += number

"""The sender: takes what is due, hands it over, and writes down how far it got.

    due -> claimed -> sending -> sent | due (again later) | failed

A claim is one conditional update under SKIP LOCKED, so any number of senders share the work. A row stands in `sending`
only while its message is on the wire: a process that dies there leaves one message of which nobody knows whether it
arrived. It is sent again under the same Message-ID and marked as possibly twice. No row is locked while SMTP waits.
"""

import logging
import os
import random
import smtplib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation

from reminders.models import Channel, Delivery
from reminders.planner import beat
from reminders.rules import rules
from reminders.workflow import DeliveryState as S
from reminders.working import read_calendar

log = logging.getLogger(__name__)

#: How long a claim holds, and one message may stand on the wire. A sender too slow for its batch loses the rest of it.
LEASE = timedelta(seconds=40)
BATCH = 50
#: After so many days of trying a person has to look (RFC 5321, 4.5.4.1).
GIVE_UP = timedelta(days=5)
#: With this answer the server ends the conversation (RFC 5321, 3.8): the next mail needs a new one.
HANGS_UP = 421
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
    """Hand over what is due at `now` until nothing is left or `seconds` have passed; return the Round.

    `now` is the clock's unless given; a mail server that cannot be reached ends the round and costs no row a try.
    """
    started, done = time.monotonic(), Round()
    connection = None
    try:
        while time.monotonic() - started < seconds and not done.is_down:
            moment = now or timezone.now()
            beat("sender", moment, done.__dict__)  # a slow batch is no silence
            recover(moment)
            batch = claim(moment)
            crash_point("claim")
            if not batch:
                break
            connection = connection or get_connection()
            _hand_over(batch, connection, done, lambda: now or timezone.now())
    finally:
        if connection is not None:
            _close(connection)
    beat("sender", now or timezone.now(), done.__dict__)
    return done


def recover(now):
    """Take back what a dead sender held. What was on the wire is marked: it may arrive twice."""
    lapsed = Delivery.objects.filter(leased_until__lt=now)
    lapsed.filter(state=S.CLAIMED).update(state=S.DUE, leased_until=None)
    lapsed.filter(state=S.SENDING).update(state=S.DUE, leased_until=None, may_be_double=True)


def claim(now):
    """Take up to BATCH mails that are due, those waiting longest first, and return them.

    A reminder leaves at a decent hour only; what was due in the evening and is claimed at night waits for the morning.
    What was put off after it had been planned waits as long.
    """
    due = Delivery.objects.filter(state=S.DUE, channel=Channel.MAIL, due_at__lte=now)
    due = due.filter(Q(task__snoozed_until=None) | Q(task__snoozed_until__lte=timezone.localdate(now)))
    if not read_calendar().is_decent(now):
        due = due.filter(is_urgent=True)
    with transaction.atomic():
        taken = due.order_by("due_at", "id").select_for_update(skip_locked=True, of=("self",), no_key=True)
        keys = list(taken.values_list("pk", flat=True)[:BATCH])
        Delivery.objects.filter(pk__in=keys).update(state=S.CLAIMED, leased_until=now + LEASE)
    return list(Delivery.objects.filter(pk__in=keys).select_related("task").order_by("due_at", "id"))


# --- handing over ------------------------------------------------------------------------------------------------


def _hand_over(batch, connection, done, clock):
    batch = _still_wanted(batch, clock(), done)
    letters = _letters(batch, clock(), done)
    finished = None  # the delivery whose end is written together with the next one's beginning: one commit per mail
    waiting = [delivery for delivery in batch if delivery.pk in letters]
    while waiting:
        try:
            connection.open()
        except (smtplib.SMTPException, OSError) as trouble:
            # Nothing was said of any of them: no try is counted, and this round is over.
            done.is_down = True
            _release(waiting, trouble)
            _close(connection)
            break
        delivery = waiting.pop(0)
        with transaction.atomic():
            _finish(finished)
            finished = None
            begun = _begin(delivery, clock() + LEASE)
        if not begun:  # its task was closed a moment ago, or the lease lapsed and somebody else took it
            done.cancelled += 1
            continue
        crash_point("before_smtp")
        try:
            connection.send_messages([letters[delivery.pk]])
        except smtplib.SMTPRecipientsRefused as refusal:
            code, answer = next(iter(refusal.recipients.values()))
            finished = (delivery, *_verdict(delivery, code, answer, clock()))
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
            code = refusal.smtp_code
            finished = (delivery, *_verdict(delivery, code, refusal.smtp_error, clock()))
        except ValueError as fault:  # an address that no mail server could be told
            code = HANGS_UP
            finished = (delivery, S.FAILED, None, f"{type(fault).__name__}: {fault}"[:500])
        except (smtplib.SMTPException, OSError) as trouble:
            # The line broke in the middle: nobody knows whether this one arrived.
            done.is_down = True
            _release([delivery], trouble, **_doubt(delivery, trouble, clock()))
            _release(waiting, trouble)
            _close(connection)
            break
        else:
            crash_point("after_smtp")
            code = 250
            finished = (delivery, S.SENT, None, "")
        _count(done, finished[1])
        if code == HANGS_UP:
            _close(connection)
    with transaction.atomic():
        crash_point("before_commit")
        _finish(finished)


def _begin(delivery, until):
    """Put `delivery` on the wire if it is still ours: the end of its lease tells our claim from another's."""
    ours = Delivery.objects.filter(pk=delivery.pk, state=S.CLAIMED, leased_until=delivery.leased_until)
    delivery.leased_until = until
    return ours.update(state=S.SENDING, attempts=F("attempts") + 1, leased_until=until)


def _still_wanted(batch, now, done):
    """Leave out, and cancel, what the facts no longer ask for: they may have changed since the last pass."""
    by_rule = {}
    for delivery in batch:
        by_rule.setdefault((delivery.rule, delivery.task.side), []).append(delivery)
    gone, known = [], rules()
    for (name, side), deliveries in by_rule.items():
        standing = known[name].wanted(side, now).filter(pk__in={d.task.subject_id for d in deliveries})
        wanted = set(standing.values_list("pk", "task_episode"))
        gone += [d for d in deliveries if (d.task.subject_id, d.task.episode) not in wanted]
    if gone:
        Delivery.objects.filter(pk__in=[d.pk for d in gone], state=S.CLAIMED).update(
            state=S.CANCELLED, reason="finished", leased_until=None, finished_at=now
        )
        done.cancelled += len(gone)
    lost = {d.pk for d in gone}
    return [d for d in batch if d.pk not in lost]


def _letters(batch, now, done):
    """{pk: EmailMessage} of a batch. What cannot be written is refused by itself and keeps nobody else waiting."""
    by_rule, letters, known = {}, {}, rules()
    for delivery in batch:
        by_rule.setdefault(delivery.rule, []).append(delivery)
    for name, deliveries in by_rule.items():
        try:
            letters |= _written(known[name], deliveries, now)
        except Exception:
            log.exception("the words of rule %s", name)
            for delivery in deliveries:
                try:
                    letters |= _written(known[name], [delivery], now)
                except Exception as fault:
                    held = Delivery.objects.filter(pk=delivery.pk, state=S.CLAIMED)
                    done.failed += held.update(
                        state=S.FAILED,
                        leased_until=None,
                        finished_at=now,
                        error=f"{type(fault).__name__}: {fault}"[:500],
                    )
    return letters


def _written(rule, deliveries, now):
    with transaction.atomic():
        rule.prepare(deliveries, now)
    words = rule.words(deliveries)
    letters = {delivery.pk: _mail(delivery, words[delivery.pk]) for delivery in deliveries}
    for letter in letters.values():
        letter.message()  # a header that cannot be written shows now, before anything is on the wire
    return letters


def _mail(delivery, told):
    with translation.override(delivery.language):
        mail = EmailMessage(told.subject, told.body, settings.DEFAULT_FROM_EMAIL, [delivery.address])
    mail.extra_headers["Message-ID"] = delivery.message_id
    for attachment in told.attachments:
        mail.attach(*attachment)
    return mail


def _verdict(delivery, code, answer, now):
    """(state, due_at, error) after the server's refusal: 4xx is "not now", 5xx is "never"."""
    error = f"{code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"[:500]
    since = delivery.first_due_at
    if awake_on := delivery.task.snoozed_until:
        since = max(since, timezone.make_aware(datetime.combine(awake_on, datetime.min.time())))
    if code >= 500 or now - since > GIVE_UP:
        return S.FAILED, None, error
    pause = timedelta(seconds=settings.MAIL_PAUSE) or PAUSES[min(delivery.attempts, len(PAUSES) - 1)]
    return S.DUE, now + pause * random.uniform(1, 1.2), error  # noqa: S311 -- so that not all come back at once


def _doubt(delivery, trouble, now):
    """What to write on a mail at which the line broke: marked, and tried again at once.

    Where it was tried before, it may be the reason: it waits as if refused, so that the others are not stuck behind it.
    """
    if not delivery.attempts:
        return {"may_be_double": True}
    state, due_at, _error = _verdict(delivery, 0, str(trouble), now)
    then = {"due_at": due_at} if due_at else {"finished_at": now}
    return {"may_be_double": True, "state": state} | then


def _finish(finished):
    """Write down the end of one delivery, if it is still ours; that the server took it is true whoever holds it."""
    if finished is None:
        return
    delivery, state, due_at, error = finished
    values = {"state": state, "error": error, "leased_until": None}
    if due_at:
        values["due_at"] = due_at
    else:
        values["finished_at"] = timezone.now()
    held = Delivery.objects.filter(pk=delivery.pk, state=S.SENDING, leased_until=delivery.leased_until)
    if state == S.SENT:
        held = Delivery.objects.filter(pk=delivery.pk, state__in=[S.DUE, S.CLAIMED, S.SENDING])
    held.update(**values)


def _release(deliveries, trouble, **mark):
    """Give rows back to whoever comes next, as far as they are still ours."""
    log.warning("mail is not taken: %s", trouble)
    held = Delivery.objects.filter(
        pk__in=[delivery.pk for delivery in deliveries], state__in=[S.CLAIMED, S.SENDING],
        leased_until__in={delivery.leased_until for delivery in deliveries},
    )  # fmt: skip
    held.update(**{"state": S.DUE, "leased_until": None, "error": str(trouble)[:500]} | mark)


def _count(done, state):
    if state == S.SENT:
        done.sent += 1
    elif state == S.FAILED:
        done.failed += 1
    else:
        done.postponed += 1


def _close(connection):
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        connection.connection = None

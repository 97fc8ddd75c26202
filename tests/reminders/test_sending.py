"""Handing over: every answer a mail server can give, every moment at which a sender can die, and many senders at once."""

import re
import smtplib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import get_connection
from django.db import connection
from django.utils import timezone

from partnerships.services.touchpoints import log_touchpoint
from reminders import planner, sending
from reminders.channels import Parcel
from reminders.channels import mail as mail_channel
from reminders.models import Delivery, Pulse, Task
from reminders.workflow import DeliveryState as S
from tests.reminders.test_gap import DAY, partner, switched_on
from tests.smoke.machine import free_port

__all__ = ["switched_on"]  # a fixture, found here
pytestmark = pytest.mark.usefixtures("switched_on")
#: Long after any lease.
LATER = DAY + timedelta(minutes=10)


def mails(number=1, **fields):
    """So many due mails to people of the school about one open task."""
    enterprise = partner(since=90)
    planner.plan(DAY)
    Delivery.objects.all().delete()
    task = Task.objects.get(side="school")
    values = {"state": S.DUE, "due_at": DAY, "first_due_at": DAY, "language": "en"} | fields
    return Delivery.objects.bulk_create(
        Delivery(
            key=f"gap:{number}:{n}", task=task, rule="gap", step=2, side="school", stream=enterprise.pk, channel="mail",
            user=enterprise.owner, address=f"p{n}@school.example", **values,
        )
        for n in range(number)
    )  # fmt: skip


def now_of(delivery):
    delivery.refresh_from_db()
    return delivery


class Post:
    """A mail server in a few lines: the n-th message meets the n-th answer: None (taken), an exception, a function."""

    def __init__(self, *answers):
        self.answers, self.taken, self.opened, self.closed = list(answers), [], 0, 0

    def open(self):
        self.opened += 1

    def close(self):
        self.closed += 1

    def send_messages(self, messages):
        (message,) = messages
        answer = self.answers.pop(0) if self.answers else None
        if callable(answer):
            answer = answer(message)
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(message.extra_headers["Message-ID"])


@pytest.fixture
def post(monkeypatch):
    def behave(*answers):
        server = Post(*answers)
        monkeypatch.setattr(mail_channel, "get_connection", lambda: server)
        return server

    return behave


def test_what_is_taken_is_sent_once(post):
    (mail,), server = mails(), post()
    assert sending.send_due(DAY).sent == 1
    assert sending.send_due(LATER).sent == 0
    assert server.taken == [mail.message_id]
    mail = now_of(mail)
    assert (mail.state, mail.attempts, mail.may_be_double, mail.leased_until) == (S.SENT, 1, False, None)
    assert mail.finished_at
    assert Pulse.objects.get(name="sender").data["sent"] == 0


def test_nothing_due_opens_no_line(post):
    mails(due_at=LATER)
    server = post()
    sending.send_due(DAY)
    assert (server.opened, server.taken) == (0, [])


NOT_NOW = {
    "at the sender": smtplib.SMTPSenderRefused(451, b"greylisted", "us"),
    "at the recipient": smtplib.SMTPRecipientsRefused({"p0@school.example": (450, b"greylisted")}),
    "after the text": smtplib.SMTPDataError(452, b"full"),
}
NEVER = {
    "at the sender": smtplib.SMTPSenderRefused(550, b"not you", "us"),
    "at the recipient": smtplib.SMTPRecipientsRefused({"p0@school.example": (550, b"no such person")}),
    "after the text": smtplib.SMTPDataError(554, b"spam"),
}


@pytest.mark.parametrize("answer", NOT_NOW.values(), ids=NOT_NOW)
def test_not_now_is_tried_again_after_a_pause(post, answer):
    (mail,), server = mails(), post(answer)
    done = sending.send_due(DAY)
    assert (done.postponed, done.sent, done.is_down) == (1, 0, False)
    mail = now_of(mail)
    assert (mail.state, mail.attempts, mail.may_be_double, mail.leased_until) == (S.DUE, 1, False, None)
    assert DAY + timedelta(minutes=5) <= mail.due_at <= DAY + timedelta(minutes=6)
    assert mail.error[:2] == "45"
    assert sending.send_due(DAY + timedelta(minutes=4)).sent == 0
    assert sending.send_due(DAY + timedelta(minutes=6)).sent == 1
    assert server.taken == [mail.message_id]


def test_the_pause_grows(post):
    (mail,) = mails()
    post(*[NOT_NOW["after the text"]] * 7)
    moment, pauses = DAY, []
    for _n in range(7):
        sending.send_due(moment)
        due_at = now_of(mail).due_at
        pauses.append((due_at - moment).total_seconds() // 60)
        Delivery.objects.update(due_at=moment)
    assert all(low <= pause <= low * 1.2 for pause, low in zip(pauses, (5, 15, 30, 60, 120, 120, 120), strict=True))


@pytest.mark.parametrize("answer", NEVER.values(), ids=NEVER)
def test_never_is_refused(post, answer):
    (mail,) = mails()
    server = post(answer)
    assert sending.send_due(DAY).failed == 1
    mail = now_of(mail)
    assert (mail.state, mail.attempts, mail.leased_until, mail.error[:2]) == (S.FAILED, 1, None, "55")
    assert sending.send_due(LATER).sent == 0
    assert server.taken == []


def test_one_refusal_holds_up_nobody(post):
    rows = mails(5)
    server = post(None, NEVER["at the recipient"], NOT_NOW["after the text"])
    done = sending.send_due(DAY)
    assert (done.sent, done.failed, done.postponed) == (3, 1, 1)
    assert server.taken == [rows[n].message_id for n in (0, 3, 4)]


def test_after_five_days_a_person_has_to_look(post):
    (mail,) = mails(first_due_at=DAY - timedelta(days=5, minutes=1))
    post(NOT_NOW["after the text"])
    assert sending.send_due(DAY).failed == 1
    assert now_of(mail).state == S.FAILED


def test_being_put_off_is_no_trying(post):
    (mail,) = mails(first_due_at=DAY - timedelta(days=30))
    Task.objects.update(snoozed_until=DAY.date(), snooze_reason="…", snoozed_by=mail.user)
    post(NOT_NOW["after the text"])
    assert sending.send_due(DAY).postponed == 1


def test_a_server_that_cannot_be_reached_costs_no_try(post, monkeypatch):
    rows, server = mails(sending.BATCH + 1), post()
    monkeypatch.setattr(server, "open", lambda: (_ for _ in ()).throw(ConnectionRefusedError("nobody there")))
    done = sending.send_due(DAY)
    assert done.is_down
    assert (done.sent, done.postponed, done.failed) == (0, 0, 0)
    assert set(Delivery.objects.values_list("state", "attempts", "may_be_double", "due_at")) == {(S.DUE, 0, False, DAY)}
    assert now_of(rows[0]).error == "nobody there"
    assert now_of(rows[-1]).error == "", "the round ends with the first batch"


def test_a_server_that_goes_in_the_middle_is_down(post):
    rows = mails(3)
    server = post(None, smtplib.SMTPServerDisconnected("gone"))
    done = sending.send_due(DAY)
    assert (done.sent, done.is_down) == (1, True)
    assert [now_of(row).state for row in rows] == [S.SENT, S.DUE, S.DUE]
    assert [(row.attempts, row.may_be_double) for row in rows] == [(1, False), (1, True), (0, False)]
    assert sending.send_due(DAY).sent == 2, "at once, as soon as the server is back"
    assert server.taken == [row.message_id for row in rows]


def test_a_mail_that_breaks_the_line_again_lets_the_others_pass(post):
    """Else one message that a filter chokes on would hold up everybody behind it for ever."""
    first, second = mails(2)
    server = post(*[smtplib.SMTPServerDisconnected("gone")] * 2)
    assert sending.send_due(DAY).is_down
    assert sending.send_due(DAY).is_down
    assert now_of(first).due_at >= DAY + timedelta(minutes=5)
    assert sending.send_due(DAY).sent == 1
    assert server.taken == [second.message_id]
    assert sending.send_due(DAY + timedelta(minutes=30)).sent == 1


def test_a_mail_that_always_breaks_the_line_ends_with_a_person(post):
    (mail,) = mails(first_due_at=DAY - timedelta(days=6), attempts=9)
    post(smtplib.SMTPServerDisconnected("gone"))
    sending.send_due(DAY)
    mail = now_of(mail)
    assert (mail.state, mail.may_be_double, mail.leased_until) == (S.FAILED, True, None)
    assert mail.finished_at == DAY


def test_an_address_that_no_server_can_be_told_is_refused_alone(post):
    bad, good = mails(2)
    server = post(ValueError("Invalid address"))
    done = sending.send_due(DAY)
    assert (done.failed, done.sent) == (1, 1)
    assert now_of(bad).error == "ValueError: Invalid address"
    assert server.taken == [good.message_id]


def test_after_421_the_next_mail_finds_a_new_line(post):
    mails(2)
    server = post(smtplib.SMTPSenderRefused(421, b"too many", "us"))
    done = sending.send_due(DAY)
    assert (done.postponed, done.sent, done.is_down) == (1, 1, False)
    assert server.closed == 2


# --- leases --------------------------------------------------------------------------------------------------------


def test_a_lapsed_claim_is_due_again_unmarked(post):
    (mail,) = mails(state=S.CLAIMED, leased_until=DAY + sending.LEASE)
    post()
    assert sending.send_due(DAY + sending.LEASE - timedelta(seconds=1)).sent == 0
    assert sending.send_due(DAY + sending.LEASE + timedelta(seconds=1)).sent == 1
    assert not now_of(mail).may_be_double


def test_what_was_on_the_wire_is_sent_again_and_marked(post):
    (mail,), server = mails(state=S.SENDING, leased_until=DAY + sending.LEASE, attempts=1), post()
    assert sending.send_due(DAY + sending.LEASE - timedelta(seconds=1)).sent == 0
    assert sending.send_due(DAY + sending.LEASE + timedelta(seconds=1)).sent == 1
    assert now_of(mail).may_be_double
    assert server.taken == [mail.message_id], "under the same Message-ID"


@pytest.mark.parametrize(
    ("point", "taken", "state", "is_marked"),
    [
        ("claim", 0, S.CLAIMED, False),
        ("before_smtp", 0, S.SENDING, True),
        ("after_smtp", 1, S.SENDING, True),
        ("before_commit", 1, S.SENDING, True),
    ],
)
def test_a_sender_that_dies_loses_nothing(post, monkeypatch, point, taken, state, is_marked):
    class Died(BaseException):
        pass

    def die(name):
        if name == point:
            raise Died

    (mail,), server = mails(), post()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "crash_point", die)
        with pytest.raises(Died):
            sending.send_due(DAY)
    assert (now_of(mail).state, len(server.taken)) == (state, taken)
    assert sending.send_due(LATER).sent == 1
    assert (now_of(mail).state, mail.may_be_double) == (S.SENT, is_marked)
    assert set(server.taken) == {mail.message_id}


def test_the_crash_point_kills_only_the_one_named(monkeypatch):
    killed = []
    monkeypatch.setattr(sending.os, "kill", lambda pid, signal: killed.append(signal))
    sending.crash_point("claim")
    monkeypatch.setenv("CRASH_AT", "claim")
    sending.crash_point("after_smtp")
    assert killed == []
    sending.crash_point("claim")
    assert killed == [9]


def test_a_sender_too_slow_takes_nothing_back_from_who_came_after(post):
    """Its lease lapsed on the wire; the other one has begun with the rest of the batch."""
    slow, other = mails(2)

    def meanwhile(_message):
        sending.recover(LATER)
        taken = sending.claim(LATER)
        assert [mail.pk for mail in taken] == [slow.pk, other.pk]
        assert sending._turn(None, Parcel((taken[1],), None), LATER + sending.LEASE)
        return smtplib.SMTPServerDisconnected("timed out")

    post(meanwhile)
    assert sending.send_due(DAY).is_down
    assert (now_of(other).state, other.leased_until) == (S.SENDING, LATER + sending.LEASE)
    assert (now_of(slow).state, slow.leased_until) == (S.CLAIMED, LATER + sending.LEASE)
    assert slow.may_be_double


def test_a_server_slower_than_the_lease_gets_the_mail_twice_at_most(post):
    (mail,) = mails()

    def meanwhile(_message):
        sending.recover(LATER)

    server = post(meanwhile)
    sending.send_due(DAY)
    assert (now_of(mail).state, mail.may_be_double) == (S.SENT, True)
    assert sending.send_due(LATER + timedelta(hours=1)).sent == 0
    assert len(server.taken) == 1


def test_the_rest_of_a_lost_batch_is_left_to_who_took_it(post):
    first, second = mails(2)

    def meanwhile(_message):
        Delivery.objects.filter(pk=second.pk).update(leased_until=LATER)

    server = post(meanwhile)
    done = sending.send_due(DAY)
    assert (done.sent, done.cancelled) == (1, 1)
    assert server.taken == [first.message_id]
    assert now_of(second).state == S.CLAIMED


# --- the facts change ------------------------------------------------------------------------------------------------


def test_what_was_closed_between_claim_and_hand_over_is_not_sent(post, monkeypatch):
    (mail,) = mails()
    enterprise = mail.task.subject
    claim = sending.claim

    def claim_and_close(now, channel):
        batch = claim(now, channel)
        if batch:
            log_touchpoint(enterprise=enterprise, by=enterprise.owner, kind="call", happened_at=DAY, now=DAY)
        return batch

    monkeypatch.setattr(sending, "claim", claim_and_close)
    server = post()
    assert sending.send_due(DAY).sent == 0
    assert server.taken == []
    assert (now_of(mail).state, mail.reason, mail.leased_until) == (S.CANCELLED, "finished", None)


def test_facts_that_changed_without_a_pass_are_seen_at_the_last_moment(post):
    """Nobody settled the task: the sender asks the rule once more."""
    (mail,), server = mails(), post()
    type(mail.task.subject).objects.update(state="paused")
    assert sending.send_due(DAY).cancelled == 1
    assert server.taken == []
    assert now_of(mail).state == S.CANCELLED


def test_what_was_closed_while_the_batch_was_on_the_wire_is_not_sent(post):
    first, second = mails(2)

    def meanwhile(_message):
        Delivery.objects.filter(pk=second.pk).update(state=S.CANCELLED, leased_until=None)

    server = post(meanwhile)
    done = sending.send_due(DAY)
    assert (done.sent, done.cancelled) == (1, 1)
    assert server.taken == [first.message_id]


def test_what_was_put_off_after_planning_waits_as_long(post):
    (mail,), server = mails(), post()
    Task.objects.update(snoozed_until=DAY.date() + timedelta(days=4), snooze_reason="…", snoozed_by=mail.user)
    assert sending.send_due(DAY + timedelta(days=1)).sent == 0
    assert sending.send_due(DAY + timedelta(days=4)).sent == 1
    assert server.taken == [mail.message_id]


# --- decent hours ----------------------------------------------------------------------------------------------------

INDECENT = {
    "night": DAY.replace(hour=22),
    "dawn": DAY.replace(hour=7, minute=59) + timedelta(days=1),
    "Saturday": DAY + timedelta(days=2),
    "New Year": timezone.make_aware(datetime(2027, 1, 1, 10)),
}


@pytest.mark.parametrize("moment", INDECENT.values(), ids=INDECENT)
def test_a_reminder_waits_for_a_decent_hour_and_urgent_mail_does_not(post, moment):
    calm, urgent = mails(2)
    Delivery.objects.filter(pk=urgent.pk).update(is_urgent=True)
    server = post()
    assert sending.send_due(moment).sent == 1
    assert server.taken == [urgent.message_id]
    assert now_of(calm).state == S.DUE


# --- a real conversation ---------------------------------------------------------------------------------------------


class Talker:
    """An aiosmtpd handler that reads its answers from a list: what to say to the n-th text, or "drop" after it."""

    def __init__(self, *answers):
        self.answers, self.taken = list(answers), []

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer in ("250 OK", "drop"):
            self.taken.append(re.search(rb"Message-ID: (\S+)", envelope.original_content)[1].decode())
        if answer == "drop":
            server.transport.abort()
            answer = "250 OK"
        if answer.startswith("421"):
            await server.push(answer)
            server.transport.close()
        return answer


@pytest.fixture
def talk(monkeypatch):
    """Start a mail server that answers so; the sender talks to it through smtplib."""
    started = []

    def begin(*answers):
        handler, port = Talker(*answers), free_port()
        started.append(Controller(handler, hostname="127.0.0.1", port=port))
        started[-1].start()
        backend = "django.core.mail.backends.smtp.EmailBackend"
        monkeypatch.setattr(
            mail_channel, "get_connection", lambda: get_connection(backend, host="127.0.0.1", port=port, timeout=5)
        )
        return handler

    yield begin
    for controller in started:
        controller.stop()


def test_a_conversation_with_every_answer(talk):
    rows = mails(5)
    server = talk("250 OK", "451 greylisted", "554 spam", "250 OK", "drop")
    done = sending.send_due(DAY)
    assert (done.sent, done.postponed, done.failed, done.is_down) == (2, 1, 1, True)
    assert [now_of(row).state for row in rows] == [S.SENT, S.DUE, S.FAILED, S.SENT, S.DUE]
    assert [row.may_be_double for row in rows] == [False, False, False, False, True]
    assert sending.send_due(LATER).sent == 2
    expected = Counter(row.message_id for row in rows if row.state != S.FAILED)
    assert Counter(server.taken) == expected + Counter([rows[4].message_id])
    assert not Delivery.objects.exclude(state__in=[S.SENT, S.FAILED]).exists()


def test_a_server_that_says_421_and_hangs_up(talk):
    rows = mails(3)
    server = talk("421 too many")
    done = sending.send_due(DAY)
    assert (done.sent, done.postponed, done.is_down) == (2, 1, False)
    assert not any(now_of(row).may_be_double for row in rows), "nobody is marked: each answer was heard"
    assert server.taken == [row.message_id for row in rows[1:]]


def test_nobody_listens(monkeypatch):
    mails(2)
    backend = "django.core.mail.backends.smtp.EmailBackend"
    port = free_port()
    monkeypatch.setattr(mail_channel, "get_connection", lambda: get_connection(backend, host="127.0.0.1", port=port))
    assert sending.send_due(DAY).is_down
    assert set(Delivery.objects.values_list("state", "attempts", "may_be_double")) == {(S.DUE, 0, False)}


# --- many at once ----------------------------------------------------------------------------------------------------


def send_at_once(senders, monkeypatch, now=DAY):
    """Let so many senders loose on what is due; how often each message was taken."""
    server = Post()
    monkeypatch.setattr(mail_channel, "get_connection", lambda: server)
    start = Barrier(senders)

    def work(_n):
        start.wait(10)
        try:
            return sending.send_due(now).sent
        finally:
            connection.close()

    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(work, range(senders)))
    return Counter(server.taken)


@pytest.mark.django_db(transaction=True)
def test_of_many_senders_none_sends_what_another_has(transactional_db, monkeypatch):
    rows = mails(200)
    monkeypatch.setattr(sending, "BATCH", 10)
    taken = send_at_once(3, monkeypatch)
    assert taken == Counter(row.message_id for row in rows)
    assert set(Delivery.objects.values_list("state", "attempts", "may_be_double")) == {(S.SENT, 1, False)}


def claim_without_lock(together):
    """claim() as one would write it first: look, then take."""

    def claim(now, channel):
        due = Delivery.objects.filter(state=S.DUE, channel=channel, due_at__lte=now)
        keys = list(due.values_list("pk", flat=True)[: sending.BATCH])
        if channel == "mail":
            together.wait(10)  # with the lock in place the second one would find other rows
        Delivery.objects.filter(pk__in=keys).update(state=S.CLAIMED, leased_until=now + sending.LEASE)
        return list(Delivery.objects.filter(pk__in=keys).select_related("task"))

    return claim


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_asked", "times"), [(False, 2), (True, 1)], ids=["no guard at all", "the second guard"])
def test_without_the_lock_the_double_appears(transactional_db, monkeypatch, is_asked, times):
    """Both senders hold the same ten; what keeps the double away then is the conditional update before the wire."""
    mails(10)
    monkeypatch.setattr(sending, "BATCH", 10)
    monkeypatch.setattr(sending, "claim", claim_without_lock(Barrier(2)))
    monkeypatch.setattr(sending, "recover", lambda now: None)
    if not is_asked:
        monkeypatch.setattr(sending, "_turn", lambda ended, parcel, until: True)
    taken = send_at_once(2, monkeypatch)
    assert set(taken.values()) == {times}
    assert len(taken) == 10

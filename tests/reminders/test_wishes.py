"""How somebody wants mail: each by itself or one in the morning, with or without courtesies."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from partnerships.models import Contact
from records.models import Event
from reminders import planner, sending, services
from reminders.channels import mail as mail_channel
from reminders.models import Delivery, Preference, Switch
from reminders.workflow import DeliveryState as S
from tests.partnerships.factories import UserFactory
from tests.partnerships.test_seminars import planned
from tests.reminders.test_gap import DAY, partner, switched_on
from tests.reminders.test_sending import post, send_at_once

__all__ = ["post", "switched_on"]  # fixtures, found here
pytestmark = pytest.mark.usefixtures("switched_on")

#: The planner's pass just after midnight, and the morning after it.
MIDNIGHT = DAY.replace(hour=0, minute=1)
MORNING = DAY.replace(hour=8)
NEXT = MORNING + timedelta(days=1)


@pytest.fixture
def officer(db):
    """Somebody of the school with three partners who are due, and one mail each morning."""
    officer = UserFactory(email="lin@school.example", language="en")
    services.choose_rhythm("digest", by=officer, user=officer, now=DAY - timedelta(days=9))
    for _n in range(3):
        partner(since=90, owner=officer)
    return officer


def mine(officer):
    return list(Delivery.objects.filter(user=officer, channel="mail").order_by("pk"))


def states(rows):
    return {(one.state, one.attempts, one.may_be_double) for one in rows}


# --- one mail each working morning ---------------------------------------------------------------------------------


def test_the_morning_brings_all_lines_in_one_mail(officer):
    planner.plan(MIDNIGHT)
    assert sending.send_due(MIDNIGHT).sent == 0
    assert sending.send_due(MORNING).sent == 3
    (letter,) = mail.outbox
    rows = mine(officer)
    assert letter.to == ["lin@school.example"]
    assert letter.extra_headers["Message-ID"] == rows[0].message_id
    assert "3 reminders this morning" in letter.subject
    assert letter.body.count("time to get in touch") == letter.body.count("/partners/") == 3
    assert letter.body.count("No contact for too long") == 1, "grouped by rule"
    assert states(rows) == {(S.SENT, 1, False)}
    assert {one.parcel for one in rows} == {rows[0].pk}


def test_what_is_planned_by_day_waits_for_the_next_working_morning(officer):
    planner.plan(DAY)
    assert {one.due_at for one in mine(officer)} == {NEXT}
    assert sending.send_due(DAY + timedelta(hours=3)).sent == 0
    assert sending.send_due(NEXT).sent == 3
    assert len(mail.outbox) == 1


def test_a_digest_of_one_line_is_that_mail(officer):
    planner.plan(MIDNIGHT)
    first, *others = mine(officer)
    Delivery.objects.filter(pk__in=[one.pk for one in others]).update(state=S.CANCELLED)
    assert sending.send_due(MORNING).sent == 1
    assert "time to get in touch" in mail.outbox[0].subject
    assert mail.outbox[0].extra_headers["Message-ID"] == first.message_id


def test_others_get_each_by_itself(officer):
    other = UserFactory()
    partner(since=90, owner=other)
    partner(since=90, owner=other)
    planner.plan(MIDNIGHT)
    assert sending.send_due(MORNING).sent == 5
    assert sorted(len(letter.to) for letter in mail.outbox) == [1, 1, 1]
    assert {one.bundle for one in mine(other)} == {""}


def test_what_is_urgent_is_in_no_digest(officer):
    planner.plan(MIDNIGHT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(is_urgent=True)


def test_an_invitation_with_its_calendar_file_is_in_no_digest(officer):
    Switch.objects.create(rule="seminar", mode="on", changed_at=DAY - timedelta(days=365))
    planned(enterprises=[], users=[officer], now=DAY)
    planner.plan(MIDNIGHT)
    invitation = Delivery.objects.exclude(state=S.SKIPPED).get(rule="seminar", user=officer)
    assert (invitation.bundle, invitation.state) == ("", S.DUE)
    assert sending.send_due(MORNING).sent == 4
    assert sorted(len(letter.attachments) for letter in mail.outbox) == [0, 1]


@pytest.mark.parametrize(
    ("point", "taken", "is_marked"),
    [("claim", 0, False), ("before_smtp", 0, True), ("after_smtp", 1, True), ("before_commit", 1, True)],
)
def test_a_sender_that_dies_with_a_digest_loses_no_line(officer, post, monkeypatch, point, taken, is_marked):
    class Died(BaseException):
        pass

    def die(name):
        if name == point:
            raise Died

    planner.plan(MIDNIGHT)
    server = post()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "crash_point", die)
        with pytest.raises(Died):
            sending.send_due(MORNING)
    assert len(server.taken) == taken
    partner(since=90, owner=officer)
    planner.plan(MORNING - timedelta(minutes=1))
    assert sending.send_due(MORNING + timedelta(minutes=1)).sent == 4
    rows = mine(officer)
    assert {one.may_be_double for one in rows[:3]} == {is_marked}
    assert not rows[3].may_be_double
    again = {rows[0].message_id} if point == "claim" else {rows[0].message_id, rows[3].message_id}
    assert set(server.taken) == again, "the same message once more, and the new line in one of its own"


def test_not_now_is_said_of_all_lines(officer, post):
    planner.plan(MIDNIGHT)
    server = post(smtplib.SMTPDataError(452, b"full"))
    assert sending.send_due(MORNING).postponed == 3
    rows = mine(officer)
    assert states(rows) == {(S.DUE, 1, False)}
    assert len({one.due_at for one in rows}) == 1
    assert sending.send_due(MORNING + timedelta(minutes=7)).sent == 3
    assert server.taken == [rows[0].message_id]


def test_a_line_that_was_settled_on_the_way_is_not_in_it(officer, post):
    """Of three lines one is settled while the sender holds them: the other two are put together anew."""
    planner.plan(MIDNIGHT)
    rows, packed = mine(officer), mail_channel.MailLine.pack

    def pack(line, batch, now):
        parcels = packed(line, batch, now)
        Delivery.objects.filter(pk=rows[1].pk, state=S.CLAIMED).update(state=S.CANCELLED, leased_until=None)
        return parcels

    server = post()
    mail_channel.MailLine.pack = pack
    try:
        done = sending.send_due(MORNING)
    finally:
        mail_channel.MailLine.pack = packed
    assert (done.sent, server.taken) == (2, [rows[0].message_id])
    assert [one.state for one in mine(officer)] == [S.SENT, S.CANCELLED, S.SENT]


def test_turning_the_digest_off_frees_what_waits(officer):
    planner.plan(DAY)
    services.choose_rhythm("at_once", by=officer, user=officer, now=DAY)
    assert sending.send_due(DAY).sent == 3
    assert len(mail.outbox) == 3
    assert [event.data["to"] for event in Event.objects.filter(kind="mail.rhythm_chosen").order_by("pk")] == [
        "digest", "at_once"
    ]  # fmt: skip


def test_a_contact_chooses_for_each_enterprise(db):
    one = partner(since=90, messages_automatic=True, contact={"email": "zhao@hengli.example"})
    two = partner(since=90, messages_automatic=True, contact={"email": "zhao@hengli.example"})
    contact = Contact.objects.get(enterprise=one)
    services.choose_rhythm("digest", by=one.owner, addressee_id=contact.pk, now=DAY)
    planner.plan(DAY)
    bundles = dict(Delivery.objects.filter(side="enterprise").values_list("stream", "bundle"))
    assert bundles == {one.pk: f"c{contact.pk}", two.pk: ""}


# --- unsubscribing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def courtesy(db):
    """A friendly question by mail to a contact."""
    enterprise = partner(since=90, messages_automatic=True, contact={"email": "zhao@hengli.example", "language": "en"})
    return Contact.objects.get(enterprise=enterprise)


def test_a_courtesy_says_how_to_unsubscribe_and_a_duty_does_not(courtesy):
    planner.plan(DAY)
    assert sending.send_due(DAY).sent == 2
    to_contact = next(one for one in mail.outbox if one.to == ["zhao@hengli.example"])
    duty = next(one for one in mail.outbox if one is not to_contact)
    address = f"http://localhost:8000/u/{Preference.objects.get(addressee_id=courtesy.pk).code}"
    assert to_contact.extra_headers["List-Unsubscribe"] == f"<{address}>"
    assert to_contact.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert to_contact.body.rstrip().endswith(address)
    assert "List-Unsubscribe" not in duty.extra_headers
    assert not Preference.objects.exclude(addressee_id=courtesy.pk).exists()


def test_the_morning_s_mail_says_it_until_somebody_did(officer):
    planner.plan(MIDNIGHT)
    sending.send_due(MORNING)
    assert "List-Unsubscribe" in mail.outbox[0].extra_headers
    Delivery.objects.update(state=S.DUE, parcel=None, due_at=MORNING, finished_at=None)
    services.silence(Preference.objects.get(user=officer), True, by=officer)
    assert sending.send_due(MORNING).sent == 3, "duties all the same"
    assert "List-Unsubscribe" not in mail.outbox[1].extra_headers


def test_who_unsubscribed_is_left_out_with_the_reason(courtesy):
    services.silence(services.preference_of(addressee_id=courtesy.pk), True)
    planner.plan(DAY)
    row = Delivery.objects.get(side="enterprise")
    assert (row.state, row.reason) == (S.SKIPPED, "unsubscribed")
    assert sending.send_due(DAY).sent == 1, "the officer's duty"


def test_who_unsubscribed_after_planning_gets_nothing_either(courtesy):
    planner.plan(DAY)
    services.silence(services.preference_of(addressee_id=courtesy.pk), True)
    assert sending.send_due(DAY).sent == 1
    row = Delivery.objects.get(side="enterprise")
    assert (row.state, row.reason) == (S.SKIPPED, "unsubscribed")


def test_duties_cannot_be_switched_off(officer):
    services.silence(Preference.objects.get(user=officer), True, by=officer)
    planner.plan(MIDNIGHT)
    assert states(mine(officer)) == {(S.DUE, 0, False)}


def test_what_is_carried_by_hand_is_no_mail(db):
    enterprise = partner(since=90)
    contact = Contact.objects.get(enterprise=enterprise)
    services.silence(services.preference_of(addressee_id=contact.pk), True)
    planner.plan(DAY)
    assert Delivery.objects.get(side="enterprise").state == S.FORWARD


# --- the page behind the link ----------------------------------------------------------------------------------------


@pytest.fixture
def wish(courtesy):
    return services.choose_rhythm("at_once", by=courtesy.enterprise.owner, addressee_id=courtesy.pk)


def page(wish):
    return reverse("reminders:mail_wish", args=[wish.code])


def test_looking_changes_nothing(client, wish):
    for method in (client.get, client.head):
        assert method(page(wish)).status_code == 200
    wish.refresh_from_db()
    assert wish.silenced_at is None


def test_one_click_of_a_mail_program(wish):
    """RFC 8058: a POST without cookies, token or redirect."""
    program = Client(enforce_csrf_checks=True)
    response = program.post(page(wish), {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    wish.refresh_from_db()
    first = wish.silenced_at
    assert first
    program.post(page(wish), {"List-Unsubscribe": "One-Click"})
    wish.refresh_from_db()
    assert wish.silenced_at == first
    event = Event.objects.get(kind="mail.unsubscribed")
    assert (event.by, event.side, event.audience) == (None, "enterprise", "school")


def test_it_is_taken_back_on_the_same_page(client, wish):
    client.post(page(wish), {"unsubscribe": "1"})
    client.post(page(wish), {"subscribe": "1"})
    wish.refresh_from_db()
    assert wish.silenced_at is None


def test_a_code_that_was_never_handed_out(client, db):
    assert client.get(reverse("reminders:mail_wish", args=["1111111111111111"])).status_code == 404


def test_the_page_names_nobody(client, wish, courtesy):
    answer = client.get(page(wish)).content.decode()
    assert courtesy.name not in answer
    assert courtesy.email not in answer


# --- one's own page --------------------------------------------------------------------------------------------------


def test_somebody_of_the_school_chooses_in_the_profile(cast, signed_in):
    client = signed_in(cast.officer)
    url = reverse("accounts:profile_mail")
    assert client.post(url, {"rhythm": "digest"}).status_code == 302
    assert Preference.objects.get(user=cast.officer).rhythm == "digest"
    client.post(url, {"unsubscribe": "1"})
    wish = Preference.objects.get(user=cast.officer)
    assert wish.silenced_at
    assert wish.rhythm == "digest", "one has nothing to do with the other"
    assert "subscribe" in client.get(reverse("accounts:profile")).content.decode()
    client.post(url, {"subscribe": "1"})
    assert Preference.objects.get(user=cast.officer).silenced_at is None


@pytest.mark.parametrize("typed", [{}, {"rhythm": ""}, {"rhythm": "weekly"}])
def test_what_the_page_never_sends_is_refused(cast, signed_in, typed):
    assert signed_in(cast.officer).post(reverse("accounts:profile_mail"), typed).status_code == 404
    assert not Preference.objects.exists()


def test_hr_chooses_for_the_enterprise_at_hand(cast, signed_in):
    client = signed_in(cast.hr_of_both)
    url = reverse("partnerships:portal_mail", args=[cast.a.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"rhythm": "digest"}).status_code == 302
    seat = Contact.objects.get(enterprise=cast.a, user=cast.hr_of_both)
    assert Preference.objects.get().addressee_id == seat.pk
    assert client.post(url, {"rhythm": "weekly"}).status_code == 422
    assert client.get(reverse("partnerships:portal_mail", args=[cast.b.pk])).status_code == 200


# --- constraints


@pytest.mark.parametrize(
    "fields", [{}, {"addressee_id": 1, "rhythm": "weekly"}, {"addressee_id": 1, "code": "short"}, {"addressee_id": 7}]
)
def test_the_database_refuses(db, fields):
    Preference.objects.create(addressee_id=7)
    with pytest.raises(IntegrityError), transaction.atomic():
        Preference.objects.create(**fields)


# --- many at once ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_senders_none_tears_a_digest_apart(transactional_db, monkeypatch):
    officers = [UserFactory(email=f"lin{n}@school.example") for n in range(6)]
    for officer in officers:
        services.choose_rhythm("digest", by=officer, user=officer, now=DAY - timedelta(days=9))
        for _n in range(5):
            partner(since=90, owner=officer)
    planner.plan(MIDNIGHT)
    monkeypatch.setattr(sending, "BATCH", 2)
    taken = send_at_once(3, monkeypatch, MORNING)
    heads = {mine(officer)[0].message_id for officer in officers}
    assert taken == dict.fromkeys(heads, 1)
    assert states(Delivery.objects.filter(channel="mail", side="school")) == {(S.SENT, 1, False)}

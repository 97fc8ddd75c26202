"""Between planning and sending the facts change: whoever is not to be told any more is not told."""

from datetime import timedelta

import pytest

from accounts.models import Role
from partnerships.models import Contact, Enterprise, Shutdown
from records.models import Event
from reminders import planner, sending
from reminders.models import Delivery, Task
from reminders.services import remind_now
from reminders.workflow import DeliveryState as S
from tests.partnerships.factories import UserFactory
from tests.reminders.test_gap import DAY, partner, switched_on
from tests.reminders.test_sending import post

__all__ = ["post", "switched_on"]  # fixtures, found here
pytestmark = pytest.mark.usefixtures("switched_on")


@pytest.fixture
def planned():
    """One mail to the officer and one to the contact of a partner, planned and due."""
    enterprise = partner(since=90, messages_automatic=True, contact={"email": "zhao@hengli.example"})
    planner.plan(DAY)
    return enterprise


def row(side):
    return Delivery.objects.get(side=side, channel="mail")


def outcome(side):
    return row(side).state, row(side).reason


def test_where_nothing_changed_both_sides_are_told(planned, post):
    server = post()
    assert sending.send_due(DAY).sent == 2
    assert set(server.taken) == {row("school").message_id, row("enterprise").message_id}


def contact_leaves(enterprise):
    Contact.objects.update(left_on=DAY.date())


def contact_is_followed(enterprise):
    Contact.objects.update(left_on=DAY.date())
    Contact.objects.create(enterprise=enterprise, name="钱波", phones=["13800000002"], email="qian@hengli.example")


def contact_writes(enterprise):
    Event.objects.create(stream=enterprise.pk, kind="message", side="enterprise", happened_at=DAY - timedelta(hours=1))


def officer_writes(enterprise):
    Event.objects.create(
        stream=enterprise.pk, kind="note", side="school", by=enterprise.owner, happened_at=DAY - timedelta(hours=1)
    )


def officer_leaves(enterprise):
    enterprise.owner.is_active = False
    enterprise.owner.save()


def officer_hands_over(enterprise):
    Enterprise.objects.update(owner=UserFactory(role=Role.OFFICER))


def partner_pauses(enterprise):
    Enterprise.objects.update(state=Enterprise.State.PAUSED)


def partner_is_merged(enterprise):
    Enterprise.objects.filter(pk=enterprise.pk).update(merged_into=partner(since=1))


def officer_writes_by_hand(enterprise):
    Enterprise.objects.update(messages_automatic=False)


@pytest.mark.parametrize(
    ("change", "school", "enterprise"),
    [
        (contact_leaves, (S.SENT, ""), (S.CANCELLED, "left")),
        (contact_is_followed, (S.SENT, ""), (S.CANCELLED, "left")),
        (contact_writes, (S.SENT, ""), (S.SKIPPED, "active")),
        (officer_writes, (S.SKIPPED, "active"), (S.SENT, "")),
        (officer_leaves, (S.SKIPPED, "disabled"), (S.SENT, "")),
        (officer_hands_over, (S.CANCELLED, "left"), (S.SENT, "")),
        (partner_pauses, (S.CANCELLED, "finished"), (S.CANCELLED, "finished")),
        (partner_is_merged, (S.CANCELLED, "finished"), (S.CANCELLED, "finished")),
        (officer_writes_by_hand, (S.SENT, ""), (S.CANCELLED, "other_channel")),
    ],
)
def test_who_is_not_to_be_told_any_more_is_not_told(planned, post, change, school, enterprise):
    server = post()
    change(planned)
    done = sending.send_due(DAY)
    assert (outcome("school"), outcome("enterprise")) == (school, enterprise)
    sent = {row(side).message_id for side in ("school", "enterprise") if row(side).state == S.SENT}
    assert (set(server.taken), done.sent, done.cancelled) == (sent, len(sent), 2 - len(sent))
    assert not Delivery.objects.exclude(leased_until=None).exists()
    assert not Delivery.objects.filter(channel="mail", finished_at=None).exists()


def test_while_the_enterprise_is_closed_its_mail_waits(planned, post):
    server = post()
    Shutdown.objects.create(enterprise=planned, starts_on=DAY.date(), ends_on=DAY.date() + timedelta(days=1))
    assert sending.send_due(DAY).sent == 0
    assert {(one.state, one.reason) for one in (row("school"), row("enterprise"))} == {(S.DUE, "held")}
    assert row("school").due_at == (DAY + timedelta(days=1)).replace(hour=8)
    assert sending.send_due(DAY + timedelta(days=1)).sent == 0
    monday = DAY + timedelta(days=4)
    assert sending.send_due(monday).sent == 2
    assert len(server.taken) == 2
    assert (outcome("school"), row("school").attempts) == ((S.SENT, ""), 1)


def test_what_was_called_off_for_a_moment_is_told_after_all(planned, post):
    """The partner was paused by mistake just when the mail was to leave, and the planner never saw it."""
    server = post()
    partner_pauses(planned)
    assert sending.send_due(DAY).cancelled == 2
    Enterprise.objects.update(state=Enterprise.State.ACTIVE)
    planner.plan(DAY)
    assert sending.send_due(DAY).sent == 2
    assert len(server.taken) == 2
    planner.plan(DAY)
    assert sending.send_due(DAY).sent == 0


def test_what_was_called_off_for_good_stays_so(planned, post):
    post()
    partner_pauses(planned)
    sending.send_due(DAY)
    planner.plan(DAY)
    assert sending.send_due(DAY).sent == 0
    assert not Task.objects.filter(state="open").exists()
    assert {outcome("school"), outcome("enterprise")} == {(S.CANCELLED, "finished")}


def test_a_corrected_address_is_written_to(planned, post):
    post()
    Contact.objects.update(email="zhao.min@hengli.example")
    assert sending.send_due(DAY).sent == 2
    assert row("enterprise").address == "zhao.min@hengli.example"


def test_what_a_person_asked_for_just_now_leaves_though_they_were_active(planned, post):
    """Whoever presses “remind now” knows that they talked yesterday."""
    post()
    Delivery.objects.all().delete()
    contact_writes(planned)
    (made,) = remind_now(Task.objects.get(side="enterprise"), by=planned.owner, now=DAY)
    assert sending.send_due(DAY).sent == 1
    made.refresh_from_db()
    assert made.state == S.SENT


def test_it_costs_the_same_for_one_partner_and_for_many(post, django_assert_max_num_queries):
    for _n in range(12):
        partner(since=90, messages_automatic=True, contact={"email": "zhao@hengli.example"})
    planner.plan(DAY)
    batch = sending.claim(DAY)
    assert len(batch) == 24
    with django_assert_max_num_queries(8):
        assert sending.second_look(batch, DAY) == {}

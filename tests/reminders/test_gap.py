"""A partnership goes quiet: who is told, when, over what, and who is not."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Role
from partnerships.models import Enterprise, Shutdown
from partnerships.services.touchpoints import log_touchpoint, refresh_last_contact
from partnerships.services.visits import Reply, answer_visit
from records.models import Side
from reminders import planner, sending
from reminders.models import Delivery, Switch, Task, Vacation
from reminders.services import forward, to_forward
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, TouchpointFactory, UserFactory

#: A Thursday morning; the day on which a general partner's 90 days are over.
DAY = timezone.make_aware(datetime(2026, 11, 19, 9, 0))


@pytest.fixture
def switched_on(db):
    Switch.objects.create(rule="gap", mode="on", changed_at=DAY - timedelta(days=365))


def partner(*, since, **fields):
    """An active partner of an officer, with one contact, last spoken to `since` days before DAY."""
    owner = fields.pop("owner", None) or UserFactory()
    contact = fields.pop("contact", {})
    enterprise = EnterpriseFactory(owner=owner, **{"created_at": DAY - timedelta(days=500), **fields})
    if contact is not None:
        ContactFactory(enterprise=enterprise, **contact)
    TouchpointFactory(enterprise=enterprise, happened_at=DAY - timedelta(days=since), logged_by=owner)
    refresh_last_contact(enterprise)
    return enterprise


def told():
    return sorted(Delivery.objects.values_list("step", "side", "channel", "state", "reason"))


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (82, []),
        (83, [(1, "school", "app", "sent", "")]),
        (90, [(1, "school", "app", "skipped", "overtaken"),
              (2, "enterprise", "hand", "forward", ""), (2, "school", "mail", "due", "")]),
        (97, [(1, "school", "app", "skipped", "overtaken"), (2, "enterprise", "hand", "skipped", "overtaken"),
              (2, "school", "mail", "skipped", "overtaken"),
              (3, "enterprise", "hand", "forward", ""), (3, "school", "mail", "due", "")]),
    ],
)  # fmt: skip
def test_the_ladder_by_days_since_the_last_exchange(switched_on, since, expected):
    partner(since=since)
    planner.plan(DAY)
    assert told() == expected


def test_a_pass_a_day_tells_each_step_once(switched_on):
    UserFactory(role=Role.LEAD)
    partner(since=80)
    for day in range(30):
        planner.plan(DAY + timedelta(days=day))
        planner.plan(DAY + timedelta(days=day, hours=1))
    assert told() == [
        (1, "school", "app", "sent", ""),
        (2, "enterprise", "hand", "cancelled", "overtaken"), (2, "school", "mail", "due", ""),
        (3, "enterprise", "hand", "forward", ""), (3, "school", "mail", "due", ""),
        (4, "school", "mail", "due", ""),
    ]  # fmt: skip


def test_an_exchange_ends_it(switched_on):
    enterprise = partner(since=95)
    planner.plan(DAY)
    assert Task.objects.open().count() == 2
    log_touchpoint(enterprise=enterprise, by=enterprise.owner, kind="call", happened_at=DAY, now=DAY)
    assert Task.objects.open().count() == 0
    planner.plan(DAY + timedelta(days=10))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"skipped", "cancelled"}


def test_a_one_tap_answer_ends_it(switched_on):
    enterprise = partner(since=95)
    planner.plan(DAY)
    planner.prepare_drafts(DAY)
    draft = Delivery.objects.get(channel="hand", state="forward")
    answer = answer_visit(
        enterprise, reply=Reply.YES, via=draft.link, name="钱师傅", when="周三下午", form_key=uuid4(), now=DAY
    )
    assert (answer.side, answer.is_two_way, answer.logged_name) == (Side.ENTERPRISE, True, "钱师傅")
    assert Enterprise.objects.get(pk=enterprise.pk).last_contact_at == DAY
    assert not Task.objects.open().exists()


def test_nobody_is_told_of_a_partner_that_is_not_watched(switched_on):
    partner(since=200, relation="host_only")
    partner(since=200, state="paused")
    EnterpriseFactory(owner=UserFactory())  # too little data
    planner.plan(DAY)
    assert not Task.objects.exists()


def test_the_ladder_stands_still_in_a_vacation_and_goes_on_after_it(switched_on):
    partner(since=90)
    Vacation.objects.create(
        name="寒假", starts_on=DAY.date() + timedelta(days=3), ends_on=DAY.date() + timedelta(days=40)
    )
    planner.plan(DAY)
    planner.plan(DAY + timedelta(days=20))
    assert {step for step, *_ in told()} == {1, 2}
    planner.plan(DAY + timedelta(days=42))
    assert {step for step, *_ in told()} == {1, 2}
    planner.plan(DAY + timedelta(days=45))
    assert {step for step, *_ in told()} == {1, 2, 3}


def test_the_ladder_stands_still_while_the_enterprise_is_closed(switched_on):
    enterprise = partner(since=90)
    Shutdown.objects.create(enterprise=enterprise, starts_on=DAY.date(), ends_on=DAY.date() + timedelta(days=5))
    planner.plan(DAY)
    assert told() == []
    assert Task.objects.open().count() == 2
    planner.plan(DAY + timedelta(days=6))
    assert {step for step, *_ in told()} == {1, 2}


def test_both_sides_have_their_row_even_where_nobody_can_be_told(switched_on):
    partner(since=90, contact=None)
    planner.plan(DAY)
    assert (2, "enterprise", "hand", "skipped", "nobody") in told()


def test_mail_goes_by_itself_where_it_is_switched_on(switched_on, settings):
    partner(since=90, messages_automatic=True, contact={"email": "zhao@example.org"})
    planner.plan(DAY)
    done = sending.send_due(DAY)
    assert done.sent == 2
    letter = next(m for m in mail.outbox if m.to == ["zhao@example.org"])
    message, below = letter.body.split("\n-- \n")  # what is below the line is no part of the message
    text, address = message.strip().rsplit("\n", 1)
    assert "/u/" in below
    assert len(text) <= 80
    assert "/l/" in address
    assert letter.extra_headers["Message-ID"] == Delivery.objects.get(side="enterprise", step=2).message_id


def test_no_reminder_leaves_at_night_or_on_a_holiday(switched_on):
    partner(since=90)
    night = DAY.replace(hour=21)
    planner.plan(night)
    assert sending.send_due(night).sent == 0
    assert sending.send_due(night + timedelta(hours=11)).sent == 1


def test_forty_messages_take_two_actions_each(switched_on):
    owner = UserFactory()
    for _n in range(3):
        partner(since=90, owner=owner)
    planner.plan(DAY)
    planner.prepare_drafts(DAY)
    waiting = list(to_forward(owner, now=DAY))
    assert len(waiting) == 3
    forward(waiting[0], "copy", by=owner, now=DAY)
    forward(waiting[0], "tick", by=owner, now=DAY)
    assert len(to_forward(owner, now=DAY)) == 2


def test_switching_on_escalates_nothing_of_the_past(db):
    """What was due long before begins its ladder on the day of the switch."""
    UserFactory(role=Role.LEAD)
    partner(since=400)
    Switch.objects.create(rule="gap", mode="on", changed_at=DAY)
    planner.plan(DAY)
    assert {row[0] for row in told() if row[3] != "skipped"} == {2}
    planner.plan(DAY + timedelta(days=7))
    planner.plan(DAY + timedelta(days=14))
    assert [row[0] for row in told() if row[2] == "mail"] == [2, 3, 4]


def test_a_partner_recorded_late_begins_its_ladder_then(switched_on):
    """After an import nobody is told at once by the lead: the list's last visit lies long back."""
    UserFactory(role=Role.LEAD)
    partner(since=400, created_at=DAY - timedelta(days=2))
    planner.plan(DAY)
    assert {row[0] for row in told() if row[3] != "skipped"} == {2}
    assert {task.due_on for task in Task.objects.all()} == {(DAY - timedelta(days=2)).date()}


def test_a_rehearsal_writes_nothing(db):
    partner(since=90)
    found = planner.rehearse("gap", DAY)
    assert found.account.told == 2
    assert len(found.deliveries) == 3
    assert not Task.objects.exists()
    assert not Delivery.objects.exists()

"""What people do with tasks and tellings: each step, and each refusal."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from partnerships.services.touchpoints import refresh_last_contact
from records.models import Event, Side
from records.workflow import NotAllowed, Refused
from reminders import planner, services
from reminders.models import Delivery, Switch, Task
from reminders.workflow import DeliveryState
from tests.partnerships.factories import ContactFactory, TouchpointFactory

pytestmark = pytest.mark.django_db

#: A Thursday morning.
DAY = timezone.make_aware(datetime(2026, 11, 19, 9, 0))
TODAY = DAY.date()
#: Who may not touch what belongs to cast.officer.
STRANGERS = ["other_officer", "teacher", "counsellor", "hr", "disabled"]


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def task(cast):
    """The gap of cast.a, 90 days after the last exchange, planned and with its draft; on the school's side."""
    type(cast.a).objects.filter(pk=cast.a.pk).update(created_at=DAY - timedelta(days=500))
    TouchpointFactory(enterprise=cast.a, happened_at=DAY - timedelta(days=90), logged_by=cast.officer)
    refresh_last_contact(cast.a)
    Switch.objects.create(rule="gap", mode="on", changed_at=DAY - timedelta(days=365))
    planner.plan(DAY)
    planner.prepare_drafts(DAY)
    return Task.objects.get(side="school")


def finish(task):
    Task.objects.filter(pk=task.pk).update(state="done", closed_at=DAY)


def events(kind):
    return list(Event.objects.filter(kind=kind))


# --- putting off -------------------------------------------------------------------------------------------------


def put_off(task, by, until=TODAY + timedelta(days=7), reason="The works is being moved."):
    return services.snooze_task(task, by=by, until=until, reason=reason, now=DAY)


@pytest.mark.parametrize("who", ["officer", "lead", "administrator"])
def test_a_task_is_put_off_by_its_owner_and_by_leads(cast, task, who):
    put_off(task, getattr(cast, who), reason="  The works is being moved.  ")
    task.refresh_from_db()
    assert (task.snoozed_until, task.snooze_reason) == (TODAY + timedelta(days=7), "The works is being moved.")
    assert task.snoozed_by == getattr(cast, who)
    (event,) = events("task.snoozed")
    assert (event.stream, event.audience, event.data["rule"]) == (cast.a.pk, "school", "gap")


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_puts_it_off(cast, task, who):
    with pytest.raises(NotAllowed, match="belongs to somebody else"):
        put_off(task, getattr(cast, who))
    assert events("task.snoozed") == []


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_not_without_a_reason(cast, task, reason):
    with pytest.raises(ValidationError) as refusal:
        put_off(task, cast.officer, reason=reason)
    assert list(refusal.value.message_dict) == ["reason"]


@pytest.mark.parametrize(
    ("days", "is_possible"), [(-1, False), (0, False), (1, True), (92, True), (93, False), (4000, False)]
)
def test_only_until_a_day_that_lies_ahead_and_not_too_far(cast, task, days, is_possible):
    if is_possible:
        assert put_off(task, cast.officer, TODAY + timedelta(days=days)).snoozed_until
    else:
        with pytest.raises(ValidationError) as refusal:
            put_off(task, cast.officer, TODAY + timedelta(days=days))
        assert list(refusal.value.message_dict) == ["until"]


def test_what_is_done_is_not_put_off(cast, task):
    finish(task)
    with pytest.raises(Refused, match="done already"):
        put_off(task, cast.officer)


def test_while_it_is_put_off_its_ladder_stands_still(cast, task):
    """Of both sides: what one side's task is put off for keeps only that side quiet."""
    for one in Task.objects.all():
        put_off(one, cast.lead, TODAY + timedelta(days=20))
    planner.plan(DAY + timedelta(days=10))
    assert not Delivery.objects.filter(step__gt=2).exists()
    planner.plan(DAY + timedelta(days=20))
    assert Delivery.objects.filter(step__gt=2).exists()


# --- waking ------------------------------------------------------------------------------------------------------


def test_a_task_is_woken(cast, task):
    put_off(task, cast.officer)
    services.wake_task(task, by=cast.lead, now=DAY)
    task.refresh_from_db()
    assert (task.snoozed_until, task.snooze_reason, task.snoozed_by) == (None, "", None)
    assert len(events("task.woken")) == 1


def test_waking_what_is_awake_says_nothing(cast, task):
    services.wake_task(task, by=cast.officer, now=DAY)
    assert events("task.woken") == []


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_wakes_it(cast, task, who):
    put_off(task, cast.officer)
    with pytest.raises(NotAllowed):
        services.wake_task(task, by=getattr(cast, who), now=DAY)


def test_what_is_done_is_not_woken(cast, task):
    finish(task)
    with pytest.raises(Refused):
        services.wake_task(task, by=cast.officer, now=DAY)


# --- reminding now -----------------------------------------------------------------------------------------------

LATER = DAY + timedelta(days=4)


def test_the_enterprise_is_reminded_once_more(cast, task):
    before = Delivery.objects.count()
    (made,) = services.remind_now(task, by=cast.officer, now=LATER)
    assert (made.step, made.side, made.channel, made.state) == (services.BY_HAND, "enterprise", "hand", "forward")
    assert (made.stream, made.link.purpose) == (cast.a.pk, "visit")
    assert Delivery.objects.count() == before + 1
    assert events("task.reminded")[0].data["to"] == [made.name]
    assert services.last_reminder(task) == made


def test_a_mail_made_at_night_leaves_in_the_morning(cast, task):
    type(cast.a).objects.filter(pk=cast.a.pk).update(messages_automatic=True)
    cast.a.contacts.update(email="zhao@example.org")
    night = LATER.replace(hour=22)
    (made,) = services.remind_now(task, by=cast.officer, now=night)
    assert (made.channel, made.state, made.due_at) == ("mail", "due", night.replace(hour=8) + timedelta(days=1))


@pytest.mark.parametrize(
    ("hours", "is_possible"), [(0, False), (1, False), (71, False), (72, True), (73, True)]
)  # fmt: skip
def test_nobody_is_reminded_again_within_three_days(cast, task, hours, is_possible):
    moment = DAY + timedelta(hours=hours)
    assert (services.why_not_remind(task, moment) is None) is is_possible
    if is_possible:
        assert services.remind_now(task, by=cast.officer, now=moment)
    else:
        with pytest.raises(Refused, match="2026"):
            services.remind_now(task, by=cast.officer, now=moment)


def test_a_telling_that_was_left_out_or_dropped_is_no_reminder(cast, task):
    draft = Delivery.objects.get(channel="hand", state="forward")
    services.forward(draft, "drop", by=cast.officer, now=DAY)
    assert services.last_reminder(task) is None
    assert services.remind_now(task, by=cast.officer, now=DAY + timedelta(hours=1))


def test_nobody_is_reminded_of_a_partner_without_owner(cast, task):
    type(cast.a).objects.filter(pk=cast.a.pk).update(owner=None)
    with pytest.raises(Refused, match="give it an owner first"):
        services.remind_now(task, by=cast.lead, now=LATER)


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_reminds(cast, task, who):
    with pytest.raises(NotAllowed):
        services.remind_now(task, by=getattr(cast, who), now=LATER)


def test_nobody_is_reminded_of_what_is_done(cast, task):
    finish(task)
    with pytest.raises(Refused, match="done already"):
        services.remind_now(task, by=cast.officer, now=LATER)


def test_nobody_is_reminded_where_nobody_is_known(cast, task):
    cast.a.contacts.update(is_keeper=False, left_on=TODAY)
    with pytest.raises(Refused, match="enter a contact first"):
        services.remind_now(task, by=cast.officer, now=LATER)
    assert events("task.reminded") == []


def test_who_was_active_lately_may_be_reminded_by_a_person(cast, task):
    ContactFactory(enterprise=cast.a)
    event = Event.objects.create(kind="message.written", stream=cast.a.pk, side=Side.ENTERPRISE, happened_at=LATER)
    assert services.remind_now(task, by=cast.officer, now=event.happened_at + timedelta(hours=1))


# --- carried by hand ---------------------------------------------------------------------------------------------


def in_state(delivery, state):
    Delivery.objects.filter(pk=delivery.pk).update(state=state)
    delivery.refresh_from_db()
    return delivery


@pytest.fixture
def draft(task):
    return Delivery.objects.get(channel="hand", state="forward")


ALLOWED = {
    ("copy", "forward"): "copied", ("copy", "copied"): "copied", ("tick", "forward"): "sent", ("tick", "copied"): "sent",
    ("untick", "sent"): "forward", ("untick", "cancelled"): "forward", ("drop", "forward"): "cancelled",
    ("drop", "copied"): "cancelled",
}  # fmt: skip
CARRIED = ["forward", "copied", "sent", "cancelled", "opened", "answered", "skipped"]


@pytest.mark.parametrize("step", ["copy", "tick", "untick", "drop"])
@pytest.mark.parametrize("state", CARRIED)
def test_each_step_from_each_state(cast, draft, step, state):
    if state == "skipped":
        Delivery.objects.filter(pk=draft.pk).update(reason="nobody")
    in_state(draft, state)
    if target := ALLOWED.get((step, state)):
        assert services.forward(draft, step, by=cast.officer, now=DAY).state == target
    else:
        with pytest.raises(Refused, match="not possible"):
            services.forward(draft, step, by=cast.officer, now=DAY)
        assert Delivery.objects.get(pk=draft.pk).state == state


def test_when_it_was_copied_and_when_it_left(cast, draft):
    services.forward(draft, "copy", by=cast.officer, now=DAY)
    services.forward(draft, "tick", by=cast.officer, now=DAY + timedelta(minutes=1))
    draft.refresh_from_db()
    assert (draft.copied_at, draft.finished_at) == (DAY, DAY + timedelta(minutes=1))
    services.forward(draft, "untick", by=cast.officer, now=DAY)
    draft.refresh_from_db()
    assert draft.finished_at is None


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("step", ["copy", "tick", "drop"])
def test_nobody_else_carries_it(cast, draft, step, who):
    with pytest.raises(NotAllowed):
        services.forward(draft, step, by=getattr(cast, who), now=DAY)


@pytest.mark.parametrize(
    ("state", "mark", "after"),
    [
        ("forward", "opened", "opened"),
        ("copied", "opened", "opened"),
        ("sent", "opened", "opened"),
        ("cancelled", "opened", "cancelled"),
        ("answered", "opened", "answered"),
        ("forward", "answered", "answered"),
        ("opened", "answered", "answered"),
        ("sent", "answered", "answered"),
    ],
)
def test_a_link_that_was_opened_or_answered(draft, state, mark, after):
    in_state(draft, state)
    services.mark_link(draft.link, DeliveryState(mark), now=DAY)
    draft.refresh_from_db()
    assert draft.state == after


# --- the reminder centre -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["off", "rehearsal", "on"])
@pytest.mark.parametrize("who", ["lead", "administrator"])
def test_a_rule_is_switched(cast, mode, who):
    switch = services.switch_rule("gap", mode, by=getattr(cast, who), now=DAY)
    assert (switch.mode, switch.changed_by, switch.changed_at) == (mode, getattr(cast, who), DAY)
    (event,) = events("rule.switched")
    assert event.data == {"from": "rehearsal", "to": mode, "rule": "gap"}


def test_a_rule_has_one_switch(cast):
    services.switch_rule("gap", "on", by=cast.lead, now=DAY)
    services.switch_rule("gap", "off", by=cast.administrator, now=DAY)
    assert Switch.objects.get().mode == "off"
    assert [event.data["from"] for event in Event.objects.filter(kind="rule.switched").order_by("pk")] == [
        "rehearsal",
        "on",
    ]


@pytest.mark.parametrize("who", ["officer", *STRANGERS])
def test_nobody_else_switches(cast, who):
    with pytest.raises(NotAllowed):
        services.switch_rule("gap", "on", by=getattr(cast, who), now=DAY)
    assert not Switch.objects.exists()


@pytest.fixture
def refused(task):
    mail = Delivery.objects.get(channel="mail", state="due")
    Delivery.objects.filter(pk=mail.pk).update(state="failed", finished_at=DAY, attempts=3, error="550 unknown")
    mail.refresh_from_db()
    return mail


def test_a_refused_mail_is_tried_once_more(cast, refused):
    again = services.resend(refused, by=cast.lead, now=LATER)
    assert (again.state, again.due_at, again.first_due_at, again.finished_at) == ("due", LATER, LATER, None)
    assert events("delivery.resent")[0].stream == cast.a.pk


@pytest.mark.parametrize("state", ["due", "sent", "cancelled", "skipped"])
def test_only_what_was_refused_is_sent_again(cast, refused, state):
    Delivery.objects.filter(pk=refused.pk).update(reason="nobody")
    in_state(refused, state)
    with pytest.raises(Refused, match="Only a refused mail"):
        services.resend(refused, by=cast.lead, now=LATER)


def test_nothing_is_sent_again_about_what_is_done(cast, refused):
    finish(refused.task)
    with pytest.raises(Refused):
        services.resend(refused, by=cast.lead, now=LATER)


@pytest.mark.parametrize("who", ["officer", *STRANGERS])
def test_nobody_else_sends_again(cast, refused, who):
    with pytest.raises(NotAllowed):
        services.resend(refused, by=getattr(cast, who), now=LATER)
    assert events("delivery.resent") == []


def test_sent_again_twice_is_refused_the_second_time(cast, refused):
    services.resend(refused, by=cast.lead, now=LATER)
    with pytest.raises(Refused):
        services.resend(refused, by=cast.administrator, now=LATER)


@pytest.mark.parametrize(
    "code", ["nobody", "no_phone", "active", "overtaken", "finished", "early", "no_address", "no_owner", "no_lead"]
)
def test_every_reason_is_a_sentence(code):
    """Those that the rules give; one that has no sentence would be shown as a code."""
    assert services.reason_label(code).endswith(".")


def test_a_reason_nobody_knows_is_shown_as_it_is():
    assert services.reason_label("eclipse") == "eclipse"

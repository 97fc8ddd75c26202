"""Forty messages are carried by hand: copy, paste, sent, the next one. Who carries what, and how it is taken back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from records import links
from records.models import Event
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Delivery, Switch
from reminders.rules import rules
from reminders.services import forward, to_forward
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, TouchpointFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/forward/"


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def gap(db, now):
    return Switch.objects.create(rule="gap", mode="on", changed_at=now - timedelta(days=365))


def quiet_partner(owner, now, **contact):
    """A partner of `owner` last spoken to 91 days ago."""
    enterprise = EnterpriseFactory(owner=owner, created_at=now - timedelta(days=500))
    ContactFactory(enterprise=enterprise, **contact)
    TouchpointFactory(enterprise=enterprise, happened_at=now - timedelta(days=91), logged_by=owner)
    enterprise.refresh_from_db()
    type(enterprise).objects.filter(pk=enterprise.pk).update(last_contact_at=now - timedelta(days=91))
    return enterprise


@pytest.fixture
def three(cast, gap, now):
    """Three messages that wait for the officer."""
    for name in ("赵经理", "钱总", "孙师傅"):
        quiet_partner(cast.officer, now, honorific=name)
    planner.plan(now)
    planner.prepare_drafts(now)
    found = list(to_forward(cast.officer))
    assert len(found) == 3
    return found


def step(delivery, name):
    return reverse("reminders:forward_move", args=[delivery.pk, name])


def state(delivery):
    return Delivery.objects.get(pk=delivery.pk).state


# --- the page ------------------------------------------------------------------------------------------------------


def test_one_message_at_a_time_as_it_is_pasted(cast, signed_in, three):
    page = signed_in(cast.officer).get(PAGE)
    card = page.context["card"]
    assert (page.context["number"], page.context["total"]) == (1, 3)
    assert card["delivery"] == three[0]
    words, address = card["text"].rsplit("\n", 1)
    assert len(words) <= 80
    assert address == card["address"]
    assert address.endswith(f"/l/{three[0].link.code}")
    content = page.content.decode()
    assert 'data-copy="carried"' in content
    assert "<svg" in content
    assert three[0].name in content
    assert card["about"] in content


def test_two_actions_each_and_the_next_one_follows(cast, signed_in, three):
    client = signed_in(cast.officer)
    for number, delivery in enumerate(three, 1):
        page = client.get(PAGE)
        assert (page.context["card"]["delivery"], page.context["number"]) == (delivery, number)
        assert client.post(step(delivery, "copy")).status_code == 204
        assert state(delivery) == "copied"
        assert client.post(step(delivery, "tick")).url == PAGE
        assert state(delivery) == "sent"
    page = client.get(PAGE)
    assert page.context["card"] is None
    assert "Nothing to forward" in page.content.decode()
    assert [row["delivery"] for row in page.context["done"]] == three[::-1]


def test_without_scripts_the_tick_alone_suffices(cast, signed_in, three):
    assert signed_in(cast.officer).post(step(three[0], "tick")).status_code == 302
    assert state(three[0]) == "sent"


def test_htmx_gets_the_next_message_alone(cast, signed_in, three):
    client = signed_in(cast.officer)
    answer = client.post(step(three[0], "tick"), headers={"HX-Request": "true"}, follow=True)
    content = answer.content.decode()
    assert "<html" not in content
    assert 'id="carry"' in content
    assert f"/l/{three[1].link.code}" in content


def test_sent_by_mistake_is_taken_back(cast, signed_in, three):
    client = signed_in(cast.officer)
    for name in ("tick", "drop"):
        client.post(step(three[0], name))
        assert client.get(PAGE).context["done"][0]["can_undo"]
        assert client.post(step(three[0], "untick")).status_code == 302
        assert state(three[0]) == "forward"
        assert len(to_forward(cast.officer)) == 3


def test_not_this_time_counts_neither_as_waiting_nor_as_sent(cast, signed_in, three):
    client = signed_in(cast.officer)
    client.post(step(three[0], "drop"))
    page = client.get(PAGE)
    assert (page.context["number"], page.context["total"]) == (1, 2)
    assert "not this time" in page.content.decode()


def test_another_message_is_put_first(cast, signed_in, three):
    client = signed_in(cast.officer)
    assert client.get(PAGE, {"message": three[2].pk}).context["card"]["delivery"] == three[2]
    for wrong in ("999999999", "9" * 30):
        assert client.get(PAGE, {"message": wrong}).status_code == 404
    assert client.get(PAGE, {"message": "x"}).context["card"]["delivery"] == three[0]


def test_a_draft_without_its_link_is_not_shown(cast, signed_in, gap, now):
    quiet_partner(cast.officer, now)
    planner.plan(now)
    draft = Delivery.objects.get(channel="hand", state="forward")
    client = signed_in(cast.officer)
    assert client.get(PAGE).context["card"] is None
    assert client.post(step(draft, "tick")).status_code == 404
    draft.refresh_from_db()
    assert draft.link is None


def test_a_message_whose_link_is_over_is_not_carried(cast, three, now):
    links.withdraw(three[0].link, by=cast.officer)
    assert list(to_forward(cast.officer)) == three[1:]
    assert not to_forward(cast.officer, now=now + timedelta(days=31))


def test_reading_changes_nothing(cast, signed_in, three):
    before = list(Delivery.objects.order_by("pk").values()), Event.objects.count()
    signed_in(cast.officer).get(PAGE)
    assert (list(Delivery.objects.order_by("pk").values()), Event.objects.count()) == before


def test_the_page_asks_the_same_for_three_as_for_one(cast, signed_in, gap, now, django_assert_max_num_queries):
    for _n in range(12):
        quiet_partner(cast.officer, now)
    planner.plan(now)
    planner.prepare_drafts(now)
    client = signed_in(cast.officer)
    client.get(PAGE)
    with django_assert_max_num_queries(25):
        client.get(PAGE)


def test_only_this_week_stands_below(cast, signed_in, three, now):
    client = signed_in(cast.officer)
    client.post(step(three[0], "tick"))
    Delivery.objects.filter(pk=three[0].pk).update(finished_at=now - timedelta(days=8))
    assert client.get(PAGE).context["done"] == []


# --- who -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("other_officer", 404),
        ("teacher", 404),
        ("hr", 404),
        ("stranger_hr", 404),
        ("lead", 302),
        ("administrator", 302),
    ],
)
def test_who_may_carry_a_message(cast, signed_in, three, who, status):
    answer = signed_in(getattr(cast, who)).post(step(three[0], "tick"))
    assert answer.status_code == status
    assert state(three[0]) == ("sent" if status == 302 else "forward")


@pytest.mark.parametrize(
    ("who", "status"), [("other_officer", 200), ("teacher", 200), ("hr", 403), ("stranger_hr", 403)]
)
def test_everybody_of_the_school_has_an_own_page(cast, signed_in, three, who, status):
    answer = signed_in(getattr(cast, who)).get(PAGE)
    assert answer.status_code == status
    if status == 200:
        assert answer.context["card"] is None
        assert not answer.context["waiting"]


def test_a_lead_opens_the_message_of_an_officer_and_a_colleague_does_not(cast, signed_in, three):
    asked = {"message": three[1].pk}
    assert signed_in(cast.lead).get(PAGE, asked).context["card"]["delivery"] == three[1]
    assert signed_in(cast.other_officer).get(PAGE, asked).status_code == 404


def test_the_service_refuses_whoever_does_not_own_the_task(cast, three):
    for who in (cast.other_officer, cast.hr, cast.disabled):
        with pytest.raises(NotAllowed):
            forward(three[0], "tick", by=who)


def test_nothing_of_a_score_is_in_the_message(cast, three):
    text = rules()["gap"].words(three)[three[0].pk].body
    for word in ("超期", "逾期", "长期未联系", "overdue", "silent"):
        assert word not in text


# --- not now -------------------------------------------------------------------------------------------------------


def test_sent_is_sent_once(cast, signed_in, three):
    client = signed_in(cast.officer)
    client.post(step(three[0], "tick"))
    assert client.post(step(three[0], "tick")).status_code == 409
    assert client.post(step(three[0], "drop")).status_code == 409


def test_an_unknown_step_is_nothing(cast, signed_in, three):
    assert signed_in(cast.officer).post(step(three[0], "burn")).status_code == 404


def test_what_was_settled_meanwhile_is_not_put_back(cast, three, now):
    forward(three[0], "tick", by=cast.officer)
    type(three[0].task).objects.filter(pk=three[0].task_id).update(state="done", closed_at=now)
    with pytest.raises(Refused):
        forward(three[0], "untick", by=cast.officer)
    assert state(three[0]) == "sent"


def test_what_a_newer_message_replaced_is_not_put_back(cast, signed_in, three, now):
    Delivery.objects.filter(pk=three[0].pk).update(state="cancelled", reason="overtaken", finished_at=now)
    client = signed_in(cast.officer)
    assert client.get(PAGE).context["done"] == []
    assert client.post(step(three[0], "untick")).status_code == 409
    assert state(three[0]) == "cancelled"


def test_messages_of_a_task_that_is_done_wait_no_longer(cast, three, now):
    planner.settle("gap", [three[0].stream], now=now)
    assert len(to_forward(cast.officer)) == 3
    TouchpointFactory(enterprise_id=three[0].stream, happened_at=now, logged_by=cast.officer)
    type(cast.a).objects.filter(pk=three[0].stream).update(last_contact_at=now)
    planner.settle("gap", [three[0].stream], now=now)
    assert list(to_forward(cast.officer)) == three[1:]


def test_a_task_that_changes_hands_takes_its_messages_along(cast, three):
    other = UserFactory(role=Role.OFFICER)
    type(three[0].task).objects.filter(pk=three[0].task_id).update(owner=other)
    assert len(to_forward(cast.officer)) == 2
    assert list(to_forward(other)) == [three[0]]


def test_the_steps_stand_in_the_schools_timeline(cast, signed_in, three):
    client = signed_in(cast.officer)
    client.post(step(three[0], "tick"))
    event = Event.objects.get(kind="delivery.tick")
    assert (event.stream, event.by, event.audience) == (three[0].stream, cast.officer, "school")
    timeline = client.get(reverse("partnerships:timeline", args=[three[0].stream])).content.decode()
    assert "A message to the enterprise was forwarded by hand." in timeline


def test_today_leads_there_with_the_number(cast, signed_in, three):
    page = signed_in(cast.officer).get(reverse("reports:today"))
    assert page.context["to_forward"] == 3
    assert f'href="{PAGE}"' in page.content.decode()
    assert f'href="{PAGE}"' not in signed_in(cast.other_officer).get(reverse("reports:today")).content.decode()

"""The reminder centre: who may open it, what it shows, rehearsal, switch and sending again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from partnerships.services.touchpoints import refresh_last_contact
from records.models import Event
from reminders import planner
from reminders.models import Delivery, Pulse, Switch, Task
from reminders.rules import rules
from reminders.workflow import DeliveryState
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, TouchpointFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet():
    """A partner of an officer with whom nobody has spoken for a year."""
    owner, now = UserFactory(name="林薇"), timezone.now()
    enterprise = EnterpriseFactory(name="杭州恒力轴承有限公司", owner=owner, created_at=now - timedelta(days=500))
    ContactFactory(enterprise=enterprise)
    TouchpointFactory(enterprise=enterprise, happened_at=now - timedelta(days=365), logged_by=owner)
    refresh_last_contact(enterprise)
    return enterprise


@pytest.fixture
def told(quiet):
    """The same partner after a pass of the planner."""
    Switch.objects.create(rule="gap", mode="on")
    planner.plan()
    return quiet


@pytest.fixture
def lead(cast, signed_in):
    return signed_in(cast.lead)


def page(client, name, *args, **query):
    response = client.get(reverse(f"reminders:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["officer", "other_officer", "teacher", "counsellor", "hr"])
def test_it_is_open_to_leads_and_administrators_only(cast, signed_in, told, name):
    client = signed_in(getattr(cast, name))
    for url in (
        reverse("reminders:centre"),
        reverse("reminders:rule", args=["gap"]),
        reverse("reminders:delivery_list"),
    ):
        assert client.get(url).status_code == 403
    assert client.post(reverse("reminders:rule", args=["gap"])).status_code == 403
    assert client.post(reverse("reminders:rule_switch", args=["gap"]), {"mode": "off"}).status_code == 403
    assert Switch.objects.get().mode == "on"


def test_a_rule_nobody_knows_is_not_found(lead):
    assert lead.get(reverse("reminders:rule", args=["nothing"])).status_code == 404
    assert lead.post(reverse("reminders:rule_switch", args=["nothing"]), {"mode": "on"}).status_code == 404
    assert lead.post(reverse("reminders:rule_switch", args=["gap"]), {"mode": "loud"}).status_code == 404
    assert not Switch.objects.exists()


# --- every rule --------------------------------------------------------------------------------------------------


def test_an_untouched_rule_stands_in_rehearsal(lead):
    text = page(lead, "centre")
    assert "No contact for too long" in text
    assert "rehearsal" in text
    assert "The planner has not run yet." in text


def test_the_card_counts_what_is_open_told_waiting_refused_and_doubled(lead, told):
    response = lead.get(reverse("reminders:centre"))
    card = next(card for card in response.context["cards"] if card["rule"].name == "gap")
    assert (card["mode"], card["tasks"], card["waiting"], card["refused"], card["double"]) == ("on", 2, 1, 0, 0)
    assert {state: number for state, _l, _b, number in card["told"]} == {"due": 1, "forward": 1, "skipped": 1}
    Delivery.objects.filter(channel="mail", state="due").update(state="failed", may_be_double=True)
    Delivery.objects.filter(channel="hand").update(created_at=timezone.now() - timedelta(days=8))
    card = lead.get(reverse("reminders:centre")).context["cards"][0]
    assert (card["waiting"], card["refused"], card["double"]) == (0, 1, 1)
    assert "forward" not in {state for state, *_rest in card["told"]}


def test_the_last_pass_is_shown(lead):
    Pulse.objects.create(name="planner", at=timezone.now() - timedelta(minutes=7))
    Pulse.objects.create(name="sender", at=timezone.now())
    text = page(lead, "centre")
    assert "7 minutes ago" in text
    assert "just now" in text


def test_more_tellings_cost_no_more_questions(lead, told, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        page(lead, "centre")
    for number in range(60):
        copy_of(Delivery.objects.first(), f"copy:{number}")
    with django_assert_max_num_queries(25):
        page(lead, "centre")
    with django_assert_max_num_queries(25):
        page(lead, "delivery_list")


def copy_of(delivery, key, **values):
    delivery.pk, delivery.key = None, key
    for name, value in values.items():
        setattr(delivery, name, value)
    delivery.save(force_insert=True)
    return delivery


# --- one rule ----------------------------------------------------------------------------------------------------


def test_the_ladder_is_said_in_words(lead):
    text = page(lead, "rule", "gap")
    for words in ("7 days before", "On the day", "7 days later", "14 days later", "a note to the officer"):
        assert words in text


def test_reading_rehearses_nothing_and_offers_no_switch_before_a_rehearsal(lead, quiet):
    text = page(lead, "rule", "gap")
    assert "Would be told" not in text
    assert 'value="on"' not in text


def test_a_rehearsal_shows_who_is_told_and_who_is_left_out(lead, quiet):
    response = lead.post(reverse("reminders:rule", args=["gap"]))
    text, found = response.content.decode(), response.context["rehearsal"]
    told = {(line["to"], line["delivery"].channel, line["delivery"].side) for line in found["told"]}
    assert told == {("林薇", "mail", "school"), ("赵经理", "hand", "enterprise")}
    assert [line["reason"] for line in found["left_out"]] == ["A later step was due already."]
    for words in ("badge--school", "badge--enterprise", reverse("partnerships:enterprise_detail", args=[quiet.pk]),
                  "杭州恒力轴承有限公司", "when it is forwarded", 'value="on"'):  # fmt: skip
        assert words in text
    assert not Task.objects.exists()
    assert not Delivery.objects.exists()


def test_a_rehearsal_comes_as_a_fragment_to_the_same_page(lead, quiet):
    text = lead.post(reverse("reminders:rule", args=["gap"]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text
    assert 'id="rehearsal"' in text
    assert "赵经理" in text


def test_a_rehearsal_with_nobody_to_tell_says_so(lead):
    assert "Nobody would be told now." in lead.post(reverse("reminders:rule", args=["gap"])).content.decode()


@pytest.mark.parametrize("name", sorted(rules()))
def test_every_rule_has_its_page_and_its_rehearsal(lead, quiet, name):
    url = reverse("reminders:rule", args=[name])
    assert lead.get(url).status_code == 200
    assert lead.post(url).status_code == 200
    assert not Delivery.objects.exists()


def test_a_long_rehearsal_is_cut_and_counts_all(lead, quiet, monkeypatch):
    rehearse = planner.rehearse
    monkeypatch.setattr(planner, "rehearse", lambda name, now: rehearse(name, now, most=1))
    response = lead.post(reverse("reminders:rule", args=["gap"]))
    found = response.context["rehearsal"]
    assert (found["account"].told, len(found["told"]), found["told_more"]) == (2, 1, 1)
    assert "and 1 more" in response.content.decode()


def test_switching_on_and_off(lead, cast, quiet):
    assert lead.post(reverse("reminders:rule_switch", args=["gap"]), {"mode": "on"}).status_code == 302
    switch = Switch.objects.get()
    assert (switch.mode, switch.changed_by) == ("on", cast.lead)
    planner.plan()
    assert Delivery.objects.count() == 3
    text = lead.post(reverse("reminders:rule", args=["gap"])).content.decode()
    assert "Nobody would be told now." in text
    assert "Back to rehearsal" in text
    lead.post(reverse("reminders:rule_switch", args=["gap"]), {"mode": "off"})
    assert Event.objects.filter(kind="rule.switched").count() == 2
    assert "Rehearse" in page(lead, "rule", "gap")


# --- every telling -----------------------------------------------------------------------------------------------


def test_the_list_is_empty_at_first(lead):
    assert "Nobody was told anything yet." in page(lead, "delivery_list")


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({}, 3),
        ({"rule": "gap"}, 3),
        ({"rule": "nothing"}, 3),  # what does not exist narrows nothing
        ({"state": "forward"}, 1),
        ({"state": "sent"}, 0),
        ({"channel": "mail"}, 1),
        ({"side": "enterprise"}, 1),
        ({"double": "true"}, 0),
    ],
)
def test_the_list_is_narrowed(lead, told, query, number):
    response = lead.get(reverse("reminders:delivery_list"), query)
    assert len(response.context["lines"]) == number == response.context["count"].shown


def test_the_list_goes_on_by_key(lead, told):
    first = Delivery.objects.order_by("pk").first()
    for number in range(60):
        copy_of(Delivery.objects.first(), f"copy:{number}")
    response = lead.get(reverse("reminders:delivery_list"))
    assert len(response.context["lines"]) == 50
    rest = lead.get(reverse("reminders:delivery_list") + response.context["page"].next)
    assert [line["delivery"].pk for line in rest.context["lines"]][-1] == first.pk
    assert len(rest.context["lines"]) == 13


def test_a_doubled_mail_says_so_and_links_to_the_partner(lead, told):
    Delivery.objects.filter(channel="mail").update(may_be_double=True)
    text = page(lead, "delivery_list")
    assert "possibly twice" in text
    assert reverse("partnerships:enterprise_detail", args=[told.pk]) in text


def test_each_partner_is_named_by_one_question(lead, told, django_assert_max_num_queries):
    for number in range(10):
        other = EnterpriseFactory(name=f"宁波远洋{number}有限公司")
        copy_of(Delivery.objects.first(), f"copy:{number}", stream=other.pk)
    with django_assert_max_num_queries(20):
        text = page(lead, "delivery_list")
    assert "宁波远洋3有限公司" in text
    assert "宁波远洋9有限公司" in text


def test_what_hangs_on_no_partner_says_what_it_is_about(lead, told):
    Delivery.objects.update(stream=None)
    text = page(lead, "delivery_list")
    assert "杭州恒力轴承有限公司" in text
    assert reverse("partnerships:enterprise_detail", args=[told.pk]) not in text


def test_a_telling_of_a_rule_that_is_gone_is_still_listed(lead, told, settings):
    settings.REMINDER_RULES = []
    assert "杭州恒力轴承有限公司" in page(lead, "delivery_list")


def test_a_refused_mail_is_sent_again(lead, told):
    refused = Delivery.objects.get(channel="mail", state="due")
    Delivery.objects.filter(pk=refused.pk).update(state="failed", error="550 no such user")
    assert "550 no such user" in page(lead, "delivery_list", state="failed")
    assert lead.post(reverse("reminders:delivery_resend", args=[refused.pk])).status_code == 302
    refused.refresh_from_db()
    assert refused.state == DeliveryState.DUE
    assert lead.post(reverse("reminders:delivery_resend", args=[refused.pk])).status_code == 409


def test_a_refused_mail_of_a_settled_matter_offers_nothing(lead, told):
    Delivery.objects.filter(channel="mail").update(state="failed")
    Task.objects.update(state="done", closed_at=timezone.now())
    assert "Send again" not in page(lead, "delivery_list", state="failed")


def test_sending_again_is_for_leads_and_unknown_to_strangers(cast, signed_in, told):
    refused = Delivery.objects.get(channel="mail", state="due")
    Delivery.objects.filter(pk=refused.pk).update(state="failed")
    url = reverse("reminders:delivery_resend", args=[refused.pk])
    assert signed_in(told.owner).post(url).status_code == 403
    assert signed_in(cast.other_officer).post(url).status_code == 404
    assert signed_in(cast.hr).post(url).status_code == 404
    assert Delivery.objects.get(pk=refused.pk).state == "failed"

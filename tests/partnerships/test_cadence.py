"""How often both sides talk: who sets it, what it means on the list, when the enterprise is closed."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Enterprise, Shutdown
from partnerships.rhythms import in_rhythm, portfolio_band, rhythm_of
from partnerships.rules.rhythm import Rhythm
from partnerships.services import cadence
from partnerships.services.enterprises import Conflict
from records.models import Event
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Delivery, Switch, Task
from tests.partnerships.factories import EnterpriseFactory, UserFactory

pytestmark = pytest.mark.django_db


def contacted(days_ago, **values):
    """An active partner last spoken to so many days ago."""
    moment = timezone.now() - timedelta(days=days_ago)
    return EnterpriseFactory(last_contact_at=moment, created_at=moment - timedelta(days=400), **values)


@pytest.fixture
def gap_is_on():
    Switch.objects.create(rule="gap", mode="on", changed_at=timezone.now() - timedelta(days=900))


def days(first, last):
    today = timezone.localdate()
    return {"starts_on": today + timedelta(days=first), "ends_on": today + timedelta(days=last)}


# --- the state, in words and in the database -----------------------------------------------------------------------


def test_the_filter_says_what_the_rule_says():
    """Every state, for tiers and own cadences, on each side of every bound."""
    today = timezone.localdate()
    for own in (None, 7, 10, 60, 365):
        for tier, days_of_tier in ((1, 30), (3, 90)):
            length = own or days_of_tier
            for since in {0, length - 8, length - 7, length - 1, length, 2 * length - 1, 2 * length, 3 * length}:
                contacted(max(since, 0), tier=tier, cadence_days=own)
    EnterpriseFactory()
    contacted(500, relation="host_only")
    contacted(500, state="paused")
    for state in Rhythm:
        by_rule = {row.pk for row in Enterprise.objects.all() if rhythm_of(row, today) == state}
        assert set(Enterprise.objects.filter(in_rhythm(state, today)).values_list("pk", flat=True)) == by_rule
        assert by_rule


def test_midnight_counts_and_not_the_hour():
    day = timezone.localdate() - timedelta(days=90)
    for hour in (0, 23):
        EnterpriseFactory(last_contact_at=timezone.make_aware(datetime(day.year, day.month, day.day, hour, 59)))
    assert Enterprise.objects.filter(in_rhythm(Rhythm.GAP, timezone.localdate())).count() == 2


def test_the_list_is_narrowed_by_rhythm_at_no_more_queries(cast, signed_in):
    quiet = contacted(400, name="杭州静远有限公司")
    client, url = signed_in(cast.officer), reverse("partnerships:enterprise_list")
    page = client.get(url + "?rhythm=silent").content.decode()
    assert quiet.name in page
    assert cast.a.name not in page
    assert "silent for long" in page
    assert "Contact rhythm: silent for long" in page
    assert client.get(url + "?rhythm=nonsense").status_code == 200
    counts = []
    for more in (0, 49):
        for _n in range(more):
            contacted(400, cadence_days=20)
        with CaptureQueriesContext(connection) as narrowed:
            client.get(url + "?rhythm=silent")
        with CaptureQueriesContext(connection) as plain:
            client.get(url)
        counts.append(len(narrowed))
        assert len(narrowed) == len(plain)
    assert counts[0] == counts[1]


def test_a_portfolio_adds_up(cast):
    for since in (1, 85, 100, 400):
        contacted(since, owner=cast.officer)
    contacted(400, owner=cast.other_officer)
    band = portfolio_band(cast.officer, timezone.localdate())
    assert {part["state"]: part["number"] for part in band} == {
        "fresh": 1, "soon": 1, "gap": 1, "silent": 1, "unknown": 1,
    }  # fmt: skip
    assert band[1]["x"] == "20.0%"
    assert portfolio_band(cast.lead, timezone.localdate()) == []


# --- the own cadence -----------------------------------------------------------------------------------------------


def test_a_longer_cadence_closes_the_task_at_once(cast, gap_is_on):
    partner = contacted(100, owner=cast.officer)
    planner.plan()
    assert Task.objects.open().count() == 2
    cadence.set_cadence(partner, by=cast.officer, version=0, cadence_days=200)
    assert Task.objects.open().count() == 0
    changed = Enterprise.objects.get(pk=partner.pk)
    assert (changed.cadence_days, changed.version) == (200, 1)
    event = Event.objects.get(kind="enterprise.cadence_set")
    assert event.data["changes"] == {"cadence_days": ["", "200"]}
    assert event.audience == "school"
    cadence.set_cadence(partner, by=cast.lead, version=1, cadence_days=None)
    assert Task.objects.open().count() == 2


def test_who_may_not_and_what_may_not_be(cast):
    with pytest.raises(NotAllowed):
        cadence.set_cadence(cast.a, by=cast.other_officer, version=0, cadence_days=20)
    with pytest.raises(NotAllowed):
        cadence.set_cadence(cast.a, by=cast.hr, version=0, cadence_days=20)
    with pytest.raises(Conflict):
        cadence.set_cadence(cast.a, by=cast.officer, version=5, cadence_days=20)
    for wrong in (6, 366):
        with pytest.raises(ValidationError):
            cadence.set_cadence(cast.a, by=cast.officer, version=0, cadence_days=wrong)
    host = EnterpriseFactory(relation="host_only", owner=cast.officer)
    with pytest.raises(Refused):
        cadence.switch_messages(host, by=cast.officer, version=0, on=True)
    assert not Event.objects.filter(kind__in=["enterprise.cadence_set", "enterprise.messages_switched"]).exists()


def test_the_page_sets_it_and_shows_both_values_where_two_did(cast, signed_in):
    client, url = signed_in(cast.officer), reverse("partnerships:enterprise_cadence", args=[cast.a.pk])
    assert "Let them leave by themselves" in client.get(url).content.decode()
    assert client.post(url, {"version": 0, "cadence_days": 45, "initial-cadence_days": ""}).status_code == 302
    assert Enterprise.objects.get(pk=cast.a.pk).cadence_days == 45
    second = client.post(url, {"version": 0, "cadence_days": 50, "initial-cadence_days": ""})
    assert second.status_code == 409
    assert "45" in second.content.decode()
    assert client.post(url, {"version": 1, "cadence_days": 3}).status_code == 422
    host = EnterpriseFactory(relation="host_only", owner=cast.officer)
    assert client.get(reverse("partnerships:enterprise_cadence", args=[host.pk])).status_code == 409


def test_messages_are_switched_on_and_off(cast, signed_in):
    client, url = signed_in(cast.officer), reverse("partnerships:enterprise_messages", args=[cast.a.pk])
    assert client.post(url, {"version": 0, "on": "1"}).status_code == 302
    assert Enterprise.objects.get(pk=cast.a.pk).messages_automatic
    assert client.post(url, {"version": 0}).status_code == 409
    assert client.post(url, {}).status_code == 409
    assert client.post(url, {"version": 1}).status_code == 302
    assert not Enterprise.objects.get(pk=cast.a.pk).messages_automatic
    assert Event.objects.filter(kind="enterprise.messages_switched").count() == 2


# --- closed days ---------------------------------------------------------------------------------------------------


def test_both_sides_say_when_the_enterprise_is_closed(cast, signed_in):
    text = {name: day.isoformat() for name, day in days(3, 9).items()} | {"note": "设备检修"}
    for who, page, args in (
        ("officer", "enterprise_shutdown", [cast.a.pk]), ("colleague_hr", "portal_shutdown", [cast.a.pk]),
    ):  # fmt: skip
        assert signed_in(getattr(cast, who)).post(reverse(f"partnerships:{page}", args=args), text).status_code == 302
    shutdown = Shutdown.objects.get()  # the same days, said twice
    assert (
        "设备检修" in signed_in(cast.hr).get(reverse("partnerships:portal_company", args=[cast.a.pk])).content.decode()
    )
    timeline = signed_in(cast.officer).get(reverse("partnerships:timeline", args=[cast.a.pk])).content.decode()
    assert "Closed from" in timeline
    assert "设备检修" in timeline
    remove = reverse("partnerships:portal_shutdown_remove", args=[cast.a.pk, shutdown.pk])
    assert signed_in(cast.hr).post(remove).status_code == 302
    assert not Shutdown.objects.exists()
    assert Event.objects.filter(kind="shutdown.removed").count() == 1
    assert signed_in(cast.hr).post(remove).status_code == 404


@pytest.mark.parametrize(("first", "last"), [(5, 4), (-9, -1), (5, 900)])
def test_days_that_cannot_be(cast, signed_in, first, last):
    text = {name: day.isoformat() for name, day in days(first, last).items()}
    for who, page in (("officer", "enterprise_shutdown"), ("hr", "portal_shutdown")):
        url = reverse(f"partnerships:{page}", args=[cast.a.pk])
        assert signed_in(getattr(cast, who)).post(url, text).status_code == 422
    assert not Shutdown.objects.exists()


@pytest.mark.parametrize("who", ["other_officer", "teacher", "former_hr", "stranger_hr"])
def test_others_plan_no_closed_days(cast, who):
    with pytest.raises(NotAllowed):
        cadence.add_shutdown(cast.a, by=getattr(cast, who), **days(1, 2))
    shutdown = cadence.add_shutdown(cast.a, by=cast.officer, **days(1, 2))
    with pytest.raises(NotAllowed):
        cadence.remove_shutdown(shutdown, by=getattr(cast, who))


def test_the_ladder_stands_still_while_it_is_closed(cast, gap_is_on):
    partner = contacted(100, owner=cast.officer)
    planner.plan()
    shutdown = cadence.add_shutdown(partner, by=cast.officer, **days(0, 5))
    assert Task.objects.filter(is_held=True).count() == 2
    cadence.remove_shutdown(shutdown, by=cast.officer)
    assert Task.objects.filter(is_held=True).count() == 0


# --- the page of a partner -----------------------------------------------------------------------------------------


def test_the_page_of_a_partner_shows_its_rhythm(cast, signed_in, gap_is_on):
    partner = contacted(100, owner=cast.officer)
    planner.plan()
    url = reverse("partnerships:enterprise_detail", args=[partner.pk])
    page = signed_in(cast.officer).get(url).content.decode()
    assert "no contact for too long" in page
    assert "every 90 days" in page
    assert "Open the task" in page
    task = Task.objects.get(side="school")
    assert reverse("reminders:task_remind", args=[task.pk]) in page
    seen = signed_in(cast.other_officer).get(url).content.decode()
    assert "no contact for too long" in seen
    assert "Open the task" not in seen
    assert "Change the rhythm" not in seen
    Delivery.objects.create(
        key="x", task=task, rule="gap", step=2, side="enterprise", stream=partner.pk, channel="hand", state="sent",
        due_at=timezone.now(), first_due_at=timezone.now(),
    )  # fmt: skip
    page = signed_in(cast.officer).get(url).content.decode()
    assert "The last reminder is of" in page
    assert reverse("reminders:task_remind", args=[task.pk]) not in page


def test_a_host_has_no_rhythm(cast, signed_in):
    host = EnterpriseFactory(relation="host_only", owner=UserFactory())
    page = signed_in(cast.lead).get(reverse("partnerships:enterprise_detail", args=[host.pk])).content.decode()
    assert "Contact rhythm" not in page

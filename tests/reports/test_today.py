"""Today: what waits for a person, for how long, and that it goes away by itself."""

import html
import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Enterprise, HandOver, Import, Registration
from partnerships.services.proxies import correct_proxy_entry
from partnerships.services.thread import write_message
from records import links
from reminders.models import Delivery, Task
from reports import today
from reports.views import today as todays
from tests.partnerships.factories import EnterpriseFactory, MessageFactory, ProxyEntryFactory


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def titles(user):
    return [item.title for item in today.items_for(user)]


def test_a_message_waits_until_it_is_answered(cast):
    write_message(cast.a, by=cast.hr, body="三月能来看看吗？")
    assert titles(cast.officer) == ["hr wrote to you"]
    assert titles(cast.other_officer) == []
    write_message(cast.a, by=cast.officer, body="下周三到。")
    assert titles(cast.officer) == []


def test_what_waits_longest_stands_there_even_where_much_waits(cast):
    for days in [3, *range(today.MOST + 1, 3, -1), 2, 1]:
        enterprise = EnterpriseFactory(owner=cast.officer)
        MessageFactory(enterprise=enterprise, side="enterprise", written_at=timezone.now() - timedelta(days=days))
    waiting = [(timezone.now() - item.since).days for item in today.items_for(cast.officer)]
    assert waiting == list(range(today.MOST + 1, 1, -1))


def test_everything_that_waits_comes_in_one_query(cast, django_assert_num_queries):
    """One of each kind: every column of the union finds its words again."""
    write_message(cast.a, by=cast.hr, body="三月能来看看吗？")
    correct_proxy_entry(ProxyEntryFactory(enterprise=cast.a, entered_by=cast.officer), by=cast.hr, text="是周四。")
    link = links.hand_out("partnership", subject=cast.a, stream=cast.a.pk, by=cast.officer, addressee="赵经理")
    links.withdraw(link, by=cast.officer)
    links.ask_new_one(link, name="赵敏")
    told = HandOver.objects.create(person=cast.lead, successor=cast.officer, by=cast.lead)
    told.enterprises.set([cast.a, cast.b])
    left = timezone.localdate() - timedelta(days=9)
    cast.a.contacts.filter(user__isnull=False).update(is_keeper=False, left_on=left)
    batch = Import.objects.create(name="台账.xlsx", uploaded_by=cast.officer, state="preview")
    registration = Registration.objects.create(name="恒新", uscc="x", contact_name="赵敏", phone="1", wishes="实习")
    prospect = EnterpriseFactory(owner=cast.officer, state=Enterprise.State.PROSPECT, name_en="Hangzhou Gears")
    with django_assert_num_queries(1):
        items = {item.title: item for item in today.items_for(cast.officer)}
    assert {(title, item.about) for title, item in items.items()} == {
        ("hr wrote to you", cast.a.title), ("hr corrected your entry", cast.a.title),
        ("赵敏 asks for a new link", cast.a.title), ("lead hands over to you", "2 partners"),
        ("Nobody keeps the enterprise's access", cast.a.title), ("Check the list you uploaded", batch.name),
        (f"Vet a new enterprise: {registration.name}", registration.contact_name),
        ("Visit and assess a prospect", "Hangzhou Gears"),
    }  # fmt: skip
    assert items["hr wrote to you"].why == "三月能来看看吗？"
    assert items["hr corrected your entry"].why == "是周四。"
    assert items["赵敏 asks for a new link"].url == reverse("partnerships:link_carry", args=[cast.a.pk, link.pk])
    assert items["Nobody keeps the enterprise's access"].day == left
    assert items["Visit and assess a prospect"].url.endswith(f"/{prospect.pk}/")


def test_each_reads_their_own_after_another_of_the_same_role(cast):
    """The statement is written once for all officers: whose it is must not be written into it."""
    for owner in (cast.officer, cast.other_officer):
        EnterpriseFactory(owner=owner, state=Enterprise.State.PROSPECT, name=f"{owner}的企业")
    for owner in (cast.officer, cast.other_officer, cast.officer):
        assert [item.about for item in today.items_for(owner)] == [f"{owner}的企业"]


def test_a_correction_is_shown_for_two_weeks(cast):
    entry = ProxyEntryFactory(enterprise=cast.a, entered_by=cast.officer)
    correct_proxy_entry(entry, by=cast.hr, text="是周四。")
    assert titles(cast.officer) == ["hr corrected your entry"]
    assert titles(cast.lead) == []
    type(entry).objects.update(checked_at=timezone.now() - timedelta(days=15))
    assert titles(cast.officer) == []


def test_a_new_link_is_asked_for(cast):
    link = links.hand_out("partnership", subject=cast.a, stream=cast.a.pk, by=cast.officer, addressee="赵经理")
    links.withdraw(link, by=cast.officer)
    links.ask_new_one(link, name="赵敏")
    (item,) = today.items_for(cast.officer)
    assert (item.title, item.about) == ("赵敏 asks for a new link", cast.a.title)
    assert titles(cast.other_officer) == []


def test_a_prospect_waits_for_its_owner_alone(cast):
    Enterprise.objects.filter(pk=cast.a.pk).update(state=Enterprise.State.PROSPECT)
    assert titles(cast.officer) == ["Visit and assess a prospect"]
    assert titles(cast.other_officer) == []


@pytest.mark.parametrize(("who", "status"), [("officer", 200), ("teacher", 200), ("hr", 403)])
def test_who_sees_the_page(cast, signed_in, who, status):
    write_message(cast.a, by=cast.hr, body="三月能来看看吗？")
    response = signed_in(getattr(cast, who)).get("/today/")
    assert response.status_code == status
    assert ("三月能来看看吗" in response.content.decode()) == (who == "officer")


# --- the tasks of the reminder rules ---------------------------------------------------------------------------------


def gap_task(owner, due_in, **values):
    """An open task of the gap rule, due in so many days, about an active partner of `owner`."""
    enterprise = EnterpriseFactory(owner=owner, last_contact_at=timezone.now() - timedelta(days=90))
    return Task.objects.create(
        rule="gap", subject=enterprise, stream=enterprise.pk, owner=owner, episode=str(enterprise.pk),
        due_on=timezone.localdate() + timedelta(days=due_in), **values,
    )  # fmt: skip


def test_grouped_by_due_day(cast):
    monday = timezone.make_aware(datetime(2026, 11, 23, 9))
    made = {}
    for due in (-3, 0, 1, 6, 7):
        task = gap_task(cast.officer, 0)
        task.due_on = monday.date() + timedelta(days=due)
        made[due] = task
    items = today.items_of(list(made.values()))
    groups = {group.title: [item.task for item in group.items] for group in today.groups_of(items, monday.date())}
    assert groups == {
        "Overdue": [made[-3]], "Today": [made[0]], "This week": [made[1], made[6]], "Later": [made[7]],
    }  # fmt: skip


def test_what_has_no_due_day_is_overdue_after_a_week(cast):
    for days in (8, 7, 6, 0):
        enterprise = EnterpriseFactory(owner=cast.officer)
        MessageFactory(enterprise=enterprise, side="enterprise", written_at=timezone.now() - timedelta(days=days))
    groups = today.groups_of(today.items_for(cast.officer), timezone.localdate())
    assert [(group.title, len(group.items)) for group in groups] == [("Overdue", 2), ("Today", 2)]


def test_whose_tasks_stand_on_the_page(cast, signed_in):
    mine, other, nobodys = gap_task(cast.officer, 0), gap_task(cast.other_officer, 0), gap_task(None, 0)
    told = gap_task(cast.other_officer, -20)
    for who, state in ((cast.lead, "due"), (cast.administrator, "skipped")):
        Delivery.objects.create(
            key=who.email, task=told, rule="gap", step=4, side="school", channel="mail", user=who, address=who.email,
            state=state, reason="x", due_at=timezone.now(), first_due_at=timezone.now(),
        )  # fmt: skip

    def shown(who, query=""):
        page = signed_in(who).get("/today/" + query).content.decode()
        return {task for task in (mine, other, nobodys, told) if task.subject.name in page}

    assert shown(cast.officer) == shown(cast.officer, "?whose=all") == {mine}
    assert shown(cast.lead) == {nobodys, told}
    assert shown(cast.administrator) == {nobodys}
    assert shown(cast.lead, "?whose=all") == {mine, other, nobodys, told}
    assert shown(cast.teacher, "?whose=all") == set()


def test_what_is_put_off_is_folded_away_until_its_day(cast, signed_in):
    asleep = gap_task(
        cast.officer, -1, snoozed_until=timezone.localdate() + timedelta(days=4), snooze_reason="盘点",
        snoozed_by=cast.officer,
    )  # fmt: skip
    page = signed_in(cast.officer).get("/today/").content.decode()
    assert reverse("reminders:task_wake", args=[asleep.pk]) in page
    assert reverse("reminders:task_snooze", args=[asleep.pk]) not in page
    assert "盘点" in page
    assert f'href="{reverse("reminders:task_detail", args=[asleep.pk])}"' not in page
    Task.objects.update(snoozed_until=timezone.localdate())
    page = signed_in(cast.officer).get("/today/").content.decode()
    assert f'href="{reverse("reminders:task_detail", args=[asleep.pk])}"' in page
    assert reverse("reminders:task_wake", args=[asleep.pk]) not in page


def test_the_enterprises_own_tasks_stay_in_its_portal(cast, signed_in):
    gap_task(cast.officer, 0, side="enterprise")
    assert "Shall we meet again?" not in signed_in(cast.officer).get("/today/").content.decode()


@pytest.mark.parametrize(("role", "address"), [("officer", "/today/"), ("lead", "/today/?whose=all")])
def test_as_many_queries_for_fifty_as_for_one(cast, signed_in, role, address):
    client, counts = signed_in(getattr(cast, role)), []
    client.get(address)  # what is asked once for all pages
    for more in (1, 49):
        for days in range(more):
            gap_task(cast.officer, days - 20)
            gap_task(cast.officer, 3, snoozed_until=timezone.localdate() + timedelta(days=9), snooze_reason="盘点",
                     snoozed_by=cast.officer)  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_more_than_a_page(cast, signed_in, monkeypatch):
    monkeypatch.setattr(todays, "TASKS", 2)
    tasks = [gap_task(cast.officer, days) for days in (-3, -2, -1)]
    write_message(cast.a, by=cast.hr, body="三月能来看看吗？")
    client = signed_in(cast.officer)
    first = client.get("/today/").content.decode()
    assert "4 things need you." in first
    assert "三月能来看看吗" in first
    assert f"task-{tasks[2].pk}" not in first
    assert re.search(r"Overdue <span [^>]+>3</span>", first), "the count is of all pages"
    following = client.get(
        "/today/" + html.unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])
    ).content.decode()
    assert f"task-{tasks[2].pk}" in following
    assert f"task-{tasks[0].pk}" not in following
    assert "三月能来看看吗" not in following


def test_the_band_of_the_own_portfolio(cast, signed_in):
    gap_task(cast.officer, 0)
    page = signed_in(cast.officer).get("/today/").content.decode()
    assert "?mine=true&amp;rhythm=gap" in page
    assert 'class="band__gap" x="0.0%"' in page
    assert "band__" not in signed_in(cast.lead).get("/today/").content.decode()

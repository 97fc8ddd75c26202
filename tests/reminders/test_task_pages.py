"""One task: its page, putting it off, waking it, reminding now; for who has it and for leads."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from records.models import Event
from reminders import planner
from reminders.models import Delivery, Switch, Task
from reminders.workflow import TaskState
from tests.partnerships.factories import EnterpriseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(cast):
    """The officer's task: enterprise A has been silent for 100 days."""
    now = timezone.now()
    Switch.objects.create(rule="gap", mode="on", changed_at=now - timedelta(days=900))
    cast.a.last_contact_at, cast.a.created_at = now - timedelta(days=100), now - timedelta(days=900)
    cast.a.save()
    planner.plan(now - timedelta(days=5))
    return Task.objects.get(side="school")


def url(page, task):
    return reverse(f"reminders:{page}", args=[task.pk])


#: As htmx asks from a row of Today.
IN_ROW = {"headers": {"HX-Request": "true", "HX-Current-URL": "http://testserver/today/?whose=all"}}


def in_days(days):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_the_page_says_what_and_who_was_told(cast, task, signed_in):
    page = signed_in(cast.officer).get(url("task_detail", task)).content.decode()
    assert cast.a.title in page
    assert "Get in touch" in page
    assert "赵经理" not in page  # the enterprise's own task has its own tellings
    assert "Remind now" in page


@pytest.mark.parametrize(
    ("who", "status"), [("lead", 200), ("administrator", 200), ("other_officer", 404), ("teacher", 404), ("hr", 404)]
)
def test_who_reaches_it(cast, task, signed_in, who, status):
    client = signed_in(getattr(cast, who))
    assert client.get(url("task_detail", task)).status_code == status
    for page in ("task_wake", "task_snooze"):
        answer = client.post(url(page, task), {"until": in_days(5), "reason": "盘点"})
        assert answer.status_code == (302 if status == 200 else 404)


def test_in_a_row_of_today_only_what_may_be_done(cast, task, signed_in):
    client = signed_in(cast.officer)
    part = client.get(url("task_detail", task), **IN_ROW).content.decode()
    assert "<html" not in part
    assert f'action="{url("task_snooze", task)}"' in part
    assert f'action="{url("task_remind", task)}"' in part
    assert part.count('name="next" value="/today/?whose=all"') == 2
    Delivery.objects.filter(side="enterprise").update(created_at=timezone.now())
    part = client.get(url("task_detail", task), **IN_ROW).content.decode()
    assert "The last reminder is of" in part
    assert url("task_remind", task) not in part
    Task.objects.filter(pk=task.pk).update(state="done", closed_at=timezone.now())
    assert "<html" in client.get(url("task_detail", task), **IN_ROW).content.decode()


@pytest.mark.parametrize(("who", "status"), [("lead", 200), ("other_officer", 404), ("teacher", 404), ("hr", 404)])
def test_who_unfolds_a_row(cast, task, signed_in, who, status):
    assert signed_in(getattr(cast, who)).get(url("task_detail", task), **IN_ROW).status_code == status


def test_put_off_and_woken(cast, task, signed_in):
    client = signed_in(cast.officer)
    sent = {"until": in_days(10), "reason": "盘点后再联系", "next": "/today/"}
    assert client.post(url("task_snooze", task), sent).url == "/today/"
    task.refresh_from_db()
    assert (task.snooze_reason, task.snoozed_by) == ("盘点后再联系", cast.officer)
    assert "盘点后再联系" in client.get(url("task_detail", task)).content.decode()
    timeline = client.get(reverse("partnerships:timeline", args=[cast.a.pk])).content.decode()
    assert "put off until" in timeline
    assert (
        "盘点后再联系"
        not in signed_in(cast.hr).get(reverse("partnerships:portal_partnership", args=[cast.a.pk])).content.decode()
    )
    assert client.post(url("task_wake", task), {"next": "https://elsewhere.example/"}).url == "/"
    task.refresh_from_db()
    assert task.snoozed_until is None


@pytest.mark.parametrize(
    ("until", "reason"), [(0, "盘点"), (-1, "盘点"), (93, "盘点"), (5, " "), (5, ""), (None, "盘点"), (5, "长" * 201)]
)
def test_not_without_reason_nor_for_ever(cast, task, signed_in, until, reason):
    sent = {"until": "" if until is None else in_days(until), "reason": reason}
    assert signed_in(cast.officer).post(url("task_snooze", task), sent).status_code == 422
    assert not Task.objects.exclude(snoozed_until=None).exists()


def test_reminded_now_and_not_again_for_three_days(cast, task, signed_in):
    Delivery.objects.filter(side="enterprise").update(created_at=timezone.now() - timedelta(days=4))
    client = signed_in(cast.officer)
    answer = client.post(url("task_remind", task), {"next": "/today/"}, follow=True)
    assert "ready to be forwarded" in answer.content.decode()
    assert Delivery.objects.filter(step=90, state="forward").exclude(link=None).count() == 1
    again = client.post(url("task_remind", task))
    assert again.status_code == 409
    assert "The last reminder is of" in again.content.decode()
    assert "The last reminder is of" in client.get(url("task_detail", task), **IN_ROW).content.decode()
    assert Event.objects.filter(kind="task.reminded").count() == 1
    timeline = client.get(reverse("partnerships:timeline", args=[cast.a.pk])).content.decode()
    assert "prepared a reminder to" in timeline


def test_what_is_done_is_not_touched(cast, task, signed_in):
    Task.objects.update(state=TaskState.DONE, closed_at=timezone.now())
    client = signed_in(cast.officer)
    assert "Put off" not in client.get(url("task_detail", task)).content.decode()
    for page in ("task_wake", "task_remind", "task_snooze"):
        assert client.post(url(page, task), {"until": in_days(5), "reason": "盘点"}).status_code == 409


def test_a_task_whose_rule_is_gone_still_has_a_page(cast, task, signed_in, settings):
    settings.REMINDER_RULES = []
    client = signed_in(cast.officer)
    assert client.get(url("task_detail", task)).status_code == 200
    assert client.get("/today/").status_code == 200


def test_the_portal_lists_what_is_to_arrange_in_its_own_words(cast, task, signed_in):
    own = Task.objects.get(side="enterprise")
    for days, heading in ((0, "To arrange"), (40, "Later")):
        Task.objects.filter(pk=own.pk).update(due_on=timezone.localdate() + timedelta(days=days))
        page = signed_in(cast.hr).get(reverse("partnerships:portal_home", args=[cast.a.pk])).content.decode()
        assert "Shall we meet again?" in page
        assert heading in page
        assert reverse("partnerships:portal_visit", args=[cast.a.pk]) in page
        for word in ("overdue", "Overdue", "silent", "too long", "Get in touch"):
            assert word not in page
    EnterpriseFactory()
    Task.objects.filter(pk=own.pk).update(is_held=True)
    assert (
        "Shall we" not in signed_in(cast.hr).get(reverse("partnerships:portal_home", args=[cast.a.pk])).content.decode()
    )

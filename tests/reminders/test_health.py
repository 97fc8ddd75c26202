"""/healthz/reminders: well while mail leaves in time and planner and sender live."""

from datetime import datetime, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from reminders import health, planner, sending
from reminders.health import installed_for, take_health
from reminders.models import Delivery, Pulse, Robot, SpecialDay, Switch, Task
from tests.partnerships.factories import UserFactory

pytestmark = pytest.mark.django_db

URL = "/healthz/reminders"
#: A Thursday; people are at work until 20:00.
NOW = timezone.make_aware(datetime(2026, 11, 19, 10, 0))
NIGHT = NOW.replace(hour=22)


def beats(now=NOW, *, planner=0, sender=0):
    for name, seconds in (("planner", planner), ("sender", sender)):
        Pulse.objects.update_or_create(name=name, defaults={"at": now - timedelta(seconds=seconds)})


def mail(due_at, **fields):
    kind = ContentType.objects.get_for_model(Switch)
    number = Delivery.objects.count() + 1
    task = Task.objects.create(
        rule="gap", subject_type=kind, subject_id=number, episode="1", due_on=due_at.date(), **fields.pop("task", {})
    )
    values = {"channel": "mail", "state": "due", "address": "zhao@example.org", "side": "school", "created_at": due_at}
    return Delivery.objects.create(
        key=f"k{number}", task=task, rule="gap", step=1, due_at=due_at, first_due_at=due_at, **values | fields
    )


def ago(now=NOW, **age):
    return now - timedelta(**age)


# --- late tellings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "due_at", "fields", "seconds", "status"),
    [
        (NOW, ago(minutes=4), {}, 240, "ok"),
        (NOW, ago(minutes=5), {}, 300, "ok"),
        (NOW, ago(minutes=5, seconds=1), {}, 301, "late telling"),
        (NOW, ago(minutes=-1), {}, 0, "ok"),  # not due yet
        (NOW, ago(hours=1), {"state": "sent"}, 0, "ok"),
        (NOW, ago(hours=1), {"state": "failed"}, 0, "ok"),
        (NOW, ago(hours=1), {"channel": "hand", "state": "forward"}, 0, "ok"),
        (NOW, ago(hours=1), {"state": "claimed", "leased_until": NOW}, 3600, "late telling"),
        (NOW, ago(hours=1), {"state": "sending", "leased_until": NOW}, 3600, "late telling"),
        # due in the evening before, it could leave from eight on
        (NOW.replace(hour=8, minute=2), ago(days=1).replace(hour=21), {}, 120, "ok"),
        (NOW.replace(hour=8, minute=6), ago(days=1).replace(hour=21), {}, 360, "late telling"),
        # at night only what is urgent could leave
        (NIGHT, ago(NIGHT, hours=3), {}, 0, "ok"),
        (NIGHT, ago(NIGHT, hours=3), {"is_urgent": True}, 3 * 3600, "late telling"),
        # a Saturday
        (ago(days=-2), ago(hours=1), {}, 0, "ok"),
    ],
)
def test_how_late_the_oldest_mail_is(now, due_at, fields, seconds, status):
    beats(now)
    mail(due_at, **fields)
    found = take_health(now)
    assert (found.oldest_overdue_seconds, found.status) == (seconds, status)


def test_a_message_to_a_robot_is_late_as_a_mail_is():
    beats()
    robot = Robot.objects.create(
        name="Cooperation office", kind="wecom", token="633a31f6-7f9c-4bc4-97a0-0ec1eefa5898", rules=["gap"]
    )
    mail(ago(minutes=9), channel="robot", robot=robot, address="")
    found = take_health(NOW)
    assert (found.oldest_overdue_seconds, found.status) == (540, "late telling")


def test_the_oldest_counts():
    beats()
    for minutes in (1, 9, 4):
        mail(ago(minutes=minutes))
    assert take_health(NOW).oldest_overdue_seconds == 540


@pytest.mark.parametrize(("until", "seconds"), [(1, 0), (0, 2 * 3600), (-1, 26 * 3600), (-9, 3 * 24 * 3600)])
def test_what_is_put_off_is_late_only_once_it_is_awake(until, seconds):
    beats()
    awake_on = NOW.date() + timedelta(days=until)
    snoozed = {"snoozed_until": awake_on, "snooze_reason": "Fair.", "snoozed_by": UserFactory()}
    mail(ago(days=3), task=snoozed)
    assert take_health(NOW).oldest_overdue_seconds == seconds


def test_on_a_special_day_off_nothing_is_late():
    beats()
    mail(ago(hours=1))
    SpecialDay.objects.create(day=NOW.date(), is_working=False)
    assert take_health(NOW).status == "ok"


# --- silent workers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planner", "sender", "status"),
    [
        (0, 0, "ok"),
        (300, 90, "ok"),
        (301, 0, "silent worker"),
        (0, 91, "silent worker"),
        (3600, 3600, "silent worker"),
    ],
)
def test_how_long_each_was_silent(planner, sender, status):
    beats(planner=planner, sender=sender)
    found = take_health(NOW)
    assert (found.planner_seconds, found.sender_seconds, found.status) == (planner, sender, status)


def test_a_silent_worker_is_said_before_the_late_mail_that_follows_from_it():
    beats(sender=600)
    mail(ago(minutes=9))
    assert take_health(NOW).status == "silent worker"


def installed(seconds):
    MigrationRecorder.Migration.objects.filter(app="reminders").update(applied=NOW - timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "status"), [(0, "starting"), (300, "starting"), (301, "silent worker")])
def test_a_young_database_is_starting_for_five_minutes(seconds, status):
    installed(seconds)
    found = take_health(NOW)
    assert (found.status, found.planner_seconds, found.sender_seconds) == (status, None, None)


def test_one_that_never_lived_beside_one_that_does():
    installed(3600)
    Pulse.objects.create(name="planner", at=NOW)
    assert take_health(NOW).status == "silent worker"


def test_in_a_young_database_late_or_silent_counts_all_the_same():
    installed(10)
    Pulse.objects.create(name="sender", at=ago(minutes=2))
    assert take_health(NOW).status == "silent worker"


def test_no_trace_of_the_installation_is_old():
    MigrationRecorder.Migration.objects.filter(app="reminders").delete()
    assert installed_for(NOW) > health.STARTING


def test_planner_and_sender_beat():
    """A pass for one rule or one partner is no sign of life of the planner."""
    Switch.objects.create(rule="gap", mode="on")
    planner.plan(NOW, only="gap")
    assert not Pulse.objects.exists()
    planner.plan(NOW)
    sending.send_due(NOW)
    assert take_health(NOW).status == "ok"
    assert dict(Pulse.objects.values_list("name", "at")) == {"planner": NOW, "sender": NOW}


# --- figures and the answer --------------------------------------------------------------------------------------


def test_refused_and_doubled_of_a_week():
    beats()
    mail(ago(days=6), state="failed")
    mail(ago(days=8), state="failed")
    mail(ago(days=6), state="sent", may_be_double=True)
    mail(ago(days=6), state="failed", may_be_double=True)
    found = take_health(NOW)
    assert (found.refused, found.possibly_twice, found.status) == (2, 2, "ok")


def answer(method="get"):
    return getattr(Client(), method)(URL)


def test_it_answers_anybody_with_numbers_only():
    now = timezone.now()
    beats(now)
    mail(now, name="赵经理", state="sent")
    response = answer()
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Cache-Control"].startswith("max-age=0")
    found = response.json()
    assert found.pop("status") == "ok"
    assert set(found) == {"oldest_overdue_seconds", "planner_seconds", "sender_seconds", "possibly_twice", "refused"}
    assert all(isinstance(value, int) for value in found.values())


def test_a_silent_worker_answers_503():
    beats(timezone.now(), sender=120)
    response = answer()
    assert (response.status_code, response.json()["status"]) == (503, "silent worker")


def test_starting_answers_200():
    MigrationRecorder.Migration.objects.filter(app="reminders").update(applied=timezone.now())
    assert (answer().status_code, answer().json()["status"]) == (200, "starting")


def test_without_its_database_it_says_so(monkeypatch):
    def gone(now):
        raise OperationalError("gone")

    monkeypatch.setattr(health, "take_health", gone)
    response = answer()
    assert (response.status_code, response.json()) == (503, {"status": "the database does not answer"})


def test_it_is_asked_by_reading():
    assert answer("post").status_code == 405


def test_it_costs_little(django_assert_max_num_queries):
    beats()
    for minutes in range(5):
        mail(ago(minutes=minutes))
    with django_assert_max_num_queries(6):
        take_health(NOW)

"""Every constraint of the app, each with a row that breaks it; and what the querysets find."""

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone, translation

from records.links import hand_out
from reminders.models import Delivery, Pulse, SpecialDay, Switch, Task, Vacation
from tests.partnerships.factories import EnterpriseFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = timezone.make_aware(datetime(2026, 11, 19, 9, 0))
TODAY = NOW.date()


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def enterprise(person):
    return EnterpriseFactory(owner=person)


def task(enterprise, **fields):
    values = {"rule": "gap", "stream": enterprise.pk, "episode": "1", "due_on": TODAY, "owner": enterprise.owner}
    return Task.objects.create(subject=enterprise, **values | fields)


def delivery(one, **fields):
    number = Delivery.objects.count()
    values = {"rule": "gap", "step": 1, "side": "school", "channel": "app", "due_at": NOW, "first_due_at": NOW}
    return Delivery.objects.create(**{"task": one, "key": f"key {number}", **values, **fields})


def breaks(name):
    """The database itself refuses, and names the constraint."""
    return pytest.raises(IntegrityError, match=name)


# --- switch ------------------------------------------------------------------------------------------------------


def test_a_mode_nobody_knows():
    with breaks("switch_mode_known"):
        Switch.objects.create(rule="gap", mode="loud")


def test_two_switches_of_one_rule():
    Switch.objects.create(rule="gap")
    with breaks("rule"):
        Switch.objects.create(rule="gap")


# --- task --------------------------------------------------------------------------------------------------------


def test_a_task_once_per_episode(enterprise):
    task(enterprise)
    with breaks("task_once_per_episode"):
        task(enterprise)


@pytest.mark.parametrize("fields", [{"rule": "seminar"}, {"side": "enterprise"}, {"episode": "2"}])
def test_another_occurrence_is_another_task(enterprise, fields):
    task(enterprise)
    assert task(enterprise, **fields).pk


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "done"},
        {"state": "open", "closed_at": NOW},
        {"state": "lost"},
        {"state": "lost", "closed_at": NOW},
    ],
)
def test_a_task_is_closed_with_its_moment(enterprise, fields):
    with breaks("task_closed_with_moment"):
        task(enterprise, **fields)


@pytest.mark.parametrize(
    "given", [("until",), ("reason",), ("by",), ("until", "reason"), ("until", "by"), ("reason", "by")]
)
def test_a_task_is_put_off_wholly_or_not(enterprise, person, given):
    whole = {"until": ("snoozed_until", TODAY), "reason": ("snooze_reason", "Fair."), "by": ("snoozed_by", person)}
    with breaks("task_put_off_with_reason"):
        task(enterprise, **dict(whole[name] for name in given))


def test_a_task_belongs_to_one_side(enterprise):
    with breaks("task_on_one_side"):
        task(enterprise, side="both")


def test_a_task_whose_person_is_needed_keeps_the_person(enterprise, person):
    task(enterprise)
    with pytest.raises(models.ProtectedError):
        person.delete()


# --- delivery ----------------------------------------------------------------------------------------------------


def test_a_telling_exists_once(enterprise):
    one = task(enterprise)
    delivery(one, key="the same")
    with breaks("key"):
        delivery(one, key="the same")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("delivery_state_known", {"state": "lost"}),
        ("delivery_skipped_with_reason", {"state": "skipped"}),
        ("delivery_mail_addressed", {"channel": "mail", "state": "due"}),
        ("delivery_mail_addressed", {"channel": "mail", "state": "sent"}),
        ("delivery_mail_addressed", {"channel": "mail", "state": "claimed", "leased_until": NOW}),
        ("delivery_mail_addressed", {"channel": "mail", "state": "sending", "leased_until": NOW}),
        ("delivery_leased_while_taken", {"state": "claimed"}),
        ("delivery_leased_while_taken", {"state": "sending"}),
        ("delivery_leased_while_taken", {"state": "due", "leased_until": NOW}),
        ("delivery_leased_while_taken", {"state": "sent", "leased_until": NOW}),
    ],
)
def test_a_telling_that_cannot_be(enterprise, name, fields):
    with breaks(name):
        delivery(task(enterprise), **fields)


def test_a_telling_has_one_recipient(enterprise, person):
    with breaks("delivery_one_recipient"):
        delivery(task(enterprise), user=person, addressee_id=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": "mail", "state": "skipped", "reason": "no_address"},
        {"channel": "mail", "state": "failed"},
        {"channel": "mail", "state": "due", "address": "zhao@example.org"},
        {"channel": "hand", "state": "forward"},
        {"state": "claimed", "leased_until": NOW},
        {"addressee_id": 1},
        {},
    ],
)
def test_a_telling_that_can_be(enterprise, fields):
    assert delivery(task(enterprise), **fields).pk


def test_what_a_telling_hangs_on_stays(enterprise, person):
    link = hand_out("visit", subject=enterprise, stream=enterprise.pk, by=person)
    one = delivery(task(enterprise), link=link)
    for needed in (one.task, link):
        with pytest.raises(models.ProtectedError), transaction.atomic():
            needed.delete()


def test_every_try_carries_the_same_message_id(enterprise, settings):
    settings.MAIL_DOMAIN = "ronghe.example.edu.cn"
    one = delivery(task(enterprise))
    assert one.message_id == f"<reminder-{one.pk}@ronghe.example.edu.cn>" == Delivery.objects.get().message_id


# --- the calendar ------------------------------------------------------------------------------------------------


def test_a_vacation_does_not_end_before_it_starts():
    with breaks("vacation_ends_after_start"):
        Vacation.objects.create(name="寒假", starts_on=TODAY, ends_on=TODAY - timedelta(days=1))


def test_and_the_form_says_so_in_a_sentence():
    with translation.override("en"), pytest.raises(ValidationError, match="cannot lie before the first"):
        Vacation(name="寒假", starts_on=date(2026, 2, 2), ends_on=date(2026, 2, 1)).full_clean()


def test_a_vacation_of_one_day():
    assert Vacation.objects.create(name="校庆", starts_on=TODAY, ends_on=TODAY).pk


def test_a_special_day_stands_once():
    SpecialDay.objects.create(day=TODAY, is_working=False)
    with breaks("day"):
        SpecialDay.objects.create(day=TODAY, is_working=True)


def test_a_process_has_one_sign_of_life():
    Pulse.objects.create(name="planner", at=NOW)
    with breaks("name"):
        Pulse.objects.create(name="planner", at=NOW)


# --- who sees, and what waits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("administrator", True),
        ("lead", True),
        ("officer", True),
        ("other_officer", False),
        ("teacher", False),
        ("hr", False),
        ("stranger_hr", False),
    ],
)
def test_a_task_is_seen_by_whoever_is_on_it_and_by_leads(cast, who, seen):
    for side in ("school", "enterprise"):
        task(cast.a, side=side)
    assert Task.objects.visible_to(getattr(cast, who)).count() == (2 if seen else 0)


@pytest.mark.parametrize(("days", "is_awake"), [(-1, True), (0, True), (1, False)])
def test_a_task_that_was_put_off_wakes_on_its_day(enterprise, person, days, is_awake):
    task(enterprise, snoozed_until=TODAY + timedelta(days=days), snooze_reason="Fair.", snoozed_by=person)
    assert Task.objects.awake(TODAY).exists() is is_awake


def test_what_is_done_is_neither_open_nor_awake(enterprise):
    task(enterprise, state="done", closed_at=NOW)
    assert not Task.objects.open().exists()
    assert not Task.objects.awake(TODAY).exists()


def test_rows_say_what_they_are(enterprise):
    one = task(enterprise)
    rows = [
        one, delivery(one), Switch(rule="gap"), Vacation(name="寒假", starts_on=TODAY), SpecialDay(day=TODAY),
        Pulse(name="planner", at=NOW),
    ]  # fmt: skip
    assert all(str(row) for row in rows)

"""The administration: everything is read there; only the calendar is kept there, each change with an Event."""

from datetime import date, datetime

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from records.models import Event
from reminders import planner
from reminders.models import Delivery, Preference, Pulse, SpecialDay, Switch, Task, Vacation
from tests.partnerships.factories import EnterpriseFactory

pytestmark = pytest.mark.django_db

NOW = timezone.make_aware(datetime(2026, 11, 19, 9, 0))
READ_ONLY, KEPT = [Switch, Task, Delivery, Preference, Pulse], [Vacation, SpecialDay]
VACATION = {"name": "寒假", "starts_on": "2026-01-20", "ends_on": "2026-02-28"}


@pytest.fixture
def client(cast, signed_in):
    return signed_in(cast.administrator)


@pytest.fixture
def rows(cast):
    """One row of every kind."""
    task = Task.objects.create(
        rule="gap", subject=cast.a, stream=cast.a.pk, episode="1", due_on=NOW.date(), owner=cast.officer
    )
    Delivery.objects.create(
        key="k", task=task, rule="gap", step=2, side="school", channel="mail", address="lin@example.org", state="failed",
        user=cast.officer, due_at=NOW, first_due_at=NOW,
    )  # fmt: skip
    Switch.objects.create(rule="gap", changed_by=cast.lead)
    Preference.objects.create(user=cast.officer, rhythm="digest")
    planner.beat("planner", NOW)
    Vacation.objects.create(name="寒假", starts_on=date(2026, 1, 20), ends_on=date(2026, 2, 28))
    SpecialDay.objects.create(day=date(2026, 11, 21), is_working=True)


def url(model, page, *args):
    return reverse(f"admin:reminders_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", [*READ_ONLY, *KEPT], ids=lambda model: model.__name__)
def test_each_kind_has_its_list_with_search_and_its_page(client, rows, model):
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "changelist"), {"q": "1"}).status_code == 200
    assert client.get(url(model, "change", model.objects.get().pk)).status_code == 200
    options = admin.site._registry[model]
    assert options.search_fields
    assert options.list_filter
    assert len(options.list_display) > 1


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_what_happened_is_only_read(client, rows, model):
    row = model.objects.get()
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(model, "change", row.pk), {}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_of_the_calendar_nothing_is_deleted(client, rows, model):
    assert client.post(url(model, "delete", model.objects.get().pk), {"post": "yes"}).status_code == 403


def test_a_vacation_is_entered_with_an_event(client, cast):
    assert client.post(url(Vacation, "add"), VACATION).status_code == 302
    event = Event.objects.get(kind="calendar.added")
    assert (event.subject, event.by, event.stream) == (Vacation.objects.get(), cast.administrator, None)
    assert event.data == {"before": {}, "after": VACATION}


def test_a_vacation_is_corrected_with_an_event(client, rows):
    vacation = Vacation.objects.get()
    assert client.post(url(Vacation, "change", vacation.pk), VACATION | {"ends_on": "2026-03-01"}).status_code == 302
    assert Vacation.objects.get().ends_on == date(2026, 3, 1)
    event = Event.objects.get(kind="calendar.changed")
    assert event.data == {"before": {"ends_on": "2026-02-28"}, "after": {"ends_on": "2026-03-01"}}


def test_a_vacation_that_ends_before_it_starts_is_refused_in_a_sentence(client):
    response = client.post(url(Vacation, "add"), VACATION | {"ends_on": "2026-01-01"})
    assert "The last day cannot lie before the first." in response.content.decode()
    assert not Vacation.objects.exists()
    assert not Event.objects.filter(kind="calendar.added").exists()


def test_a_special_day_is_entered_and_turned_round(client):
    assert (
        client.post(url(SpecialDay, "add"), {"day": "2026-11-21", "is_working": "on", "note": "运动会"}).status_code
        == 302
    )
    day = SpecialDay.objects.get()
    assert client.post(url(SpecialDay, "change", day.pk), {"day": "2026-11-21", "note": "运动会"}).status_code == 302
    assert SpecialDay.objects.get().is_working is False
    assert Event.objects.get(kind="calendar.changed").data == {
        "before": {"is_working": True},
        "after": {"is_working": False},
    }


@pytest.mark.parametrize("who", ["lead", "officer", "hr"])
def test_the_calendar_is_kept_by_administrators(cast, signed_in, who):
    assert signed_in(getattr(cast, who)).post(url(Vacation, "add"), VACATION).status_code == 302
    assert not Vacation.objects.exists()


def test_the_shutdowns_of_enterprises_are_read(client):
    shutdown = EnterpriseFactory().shutdowns.create(starts_on=NOW.date(), ends_on=NOW.date(), note="检修")
    assert "检修" in client.get(reverse("admin:partnerships_shutdown_changelist")).content.decode()
    change = reverse("admin:partnerships_shutdown_change", args=[shutdown.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {}).status_code == 403

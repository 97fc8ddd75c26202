"""Invented histories: what became of each comes from a trait that no row holds, and the health foresees some of it."""

from datetime import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Role
from partnerships.health.backtest import judge
from partnerships.models import Agreement, Enterprise, Health, Obligation, Touchpoint
from partnerships.rules.terms import term_of
from partnerships.services.health import differing_health, refresh
from partnerships.services.touchpoints import check_last_contact
from records.models import Event
from reports.demo import histories
from tests.partnerships.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.make_aware(datetime(2026, 11, 20, 10, 15))


@pytest.fixture
def told():
    UserFactory(role=Role.OFFICER), UserFactory(role=Role.LEAD)
    said = []
    histories.fill(400, say=said.append, now=NOW)
    return said


def test_the_rows_are_whole(told):
    assert told == ["400 partnerships stand with the history of 8 terms."]
    assert Enterprise.objects.count() == 400
    assert set(Agreement.objects.values_list("state", flat=True)) == {"in_force", "expired", "renewed"}
    assert set(Obligation.objects.values_list("state", flat=True)) == {"kept", "open"}
    assert not check_last_contact().exists()
    assert not Event.objects.filter(happened_at__gt=NOW).exists()
    refresh()
    assert differing_health() == []
    assert Health.objects.known().count() > 200


def test_the_health_foresees_some_and_chance_foresees_nothing(told):
    verdict = judge(term_of(NOW.date()).previous.previous)
    assert len(verdict.judged) > 300
    assert 0.1 < verdict.base_rate < 0.5
    low, mean, high = verdict.by_chance("x")
    assert verdict.by_score > high > mean > low
    assert verdict.by_days > high
    assert mean == pytest.approx(0.5, abs=0.02)
    assert len(verdict.in_touch.judged) < len(verdict.judged)


def test_the_same_each_time():
    def tell():
        with transaction.atomic():
            histories.fill(20, say=str, now=NOW)
            rows = Touchpoint.objects.order_by("pk").values_list("enterprise__name", "happened_at", "is_two_way")
            found = list(rows), list(Enterprise.objects.order_by("pk").values_list("name", "state"))
            transaction.set_rollback(True)
        return found

    UserFactory(role=Role.OFFICER)
    assert tell() == tell()

"""Two at once: for the last place of a budget, for the last of what is offered. Without the lock each goes wrong."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from partnerships.models import Ask, AskBudget, Match, Offer
from partnerships.services import asks, matches
from tests.cast import gather
from tests.partnerships.factories import NeedFactory, OfferFactory
from tests.partnerships.test_agreement_races import race

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()


@pytest.fixture
def cast():
    for tier in (1, 2, 3):  # a test that commits leaves no rows of the migrations behind it
        AskBudget.objects.update_or_create(tier=tier, defaults={"most": 1, "days": 14})
    return gather()


def requests(cast):
    def ask(by, department):
        asks.ask_enterprise(
            cast.a, department=department, by=by, form_key=uuid.uuid4(), kind="visit", text="来访",
            due_on=TODAY + timedelta(days=9),
        )  # fmt: skip

    return [lambda: ask(cast.officer, cast.d1), lambda: ask(cast.other_officer, cast.d2)]


def test_of_two_departments_one_gets_the_last_place(cast):
    assert race(*requests(cast)) == ["done", "refused"]
    assert Ask.objects.count() == 1


def test_without_the_lock_both_get_it(cast, monkeypatch):
    everybody = threading.Barrier(2, timeout=20)
    room_of = asks.room_of

    def counted(*arguments):
        room = room_of(*arguments)
        everybody.wait()
        return room

    monkeypatch.setattr(asks, "lock_enterprises", lambda enterprises: enterprises)
    monkeypatch.setattr(asks, "room_of", counted)
    assert race(*requests(cast)) == ["done", "done"]


def acceptances(cast):
    offer = OfferFactory(department=cast.d1, capacity=10)
    needs = [NeedFactory(enterprise=cast.a, number=8) for _n in range(2)]
    return offer, [
        lambda need=need: matches.decide("accepted", by=cast.officer, need=need, offer=offer) for need in needs
    ]


def test_of_two_needs_one_gets_the_last_of_an_offer(cast):
    offer, acts = acceptances(cast)
    assert race(*acts) == ["done", "refused"]
    assert Match.objects.filter(offer=offer).count() == 1


def test_without_the_lock_more_is_given_away_than_there_is(cast, monkeypatch):
    offer, acts = acceptances(cast)
    everybody = threading.Barrier(2, timeout=20)

    def unlocked(need, offer, enterprise):
        everybody.wait()
        return need, offer

    take = matches.offers.take

    def taken(*arguments):
        take(*arguments)
        everybody.wait()

    monkeypatch.setattr(matches, "_locked", unlocked)
    monkeypatch.setattr(matches.offers, "take", taken)
    assert race(*acts) == ["done", "done"]
    assert Offer.objects.with_taken(TODAY).get(pk=offer.pk).taken == 16

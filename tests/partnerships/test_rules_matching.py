"""How well something suits: each part as a table of cases."""

import pytest

from partnerships.rules import matching as rules
from partnerships.rules.matching import Part


@pytest.mark.parametrize(
    ("there", "where"),
    [("330100", "city"), ("330200", "province"), ("330000", "province"), ("310000", "elsewhere"), ("", "unknown"),
     (None, "unknown")],
)  # fmt: skip
def test_local_first(there, where):
    assert rules.distance("330100", there) == where


def test_the_nearer_the_more():
    order = [rules.DISTANCE[where] for where in ("city", "province", "unknown", "elsewhere")]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("wanted", "offered", "closeness", "share"),
    [
        (["460301"], ["460301", "460103"], None, rules.SAME_SPECIALTY),
        (["460301"], ["460103"], 3, rules.SAME_CATEGORY),
        (["460301"], ["530301"], 3, rules.STRANGE),
        ([], ["460103"], 3, 1.0), ([], ["460103"], 2, 0.6), ([], ["460103"], 1, 0.3),
        ([], ["460103"], 0, rules.STRANGE),
        ([], ["460103"], None, rules.NOTHING_NAMED), ([], [], None, rules.NOTHING_NAMED),
        (["460301"], [], None, rules.NOTHING_NAMED),
    ],
)  # fmt: skip
def test_specialty_and_industry(wanted, offered, closeness, share):
    assert rules.trade_between(wanted, offered, closeness) == share


@pytest.mark.parametrize(
    ("number", "headcount", "size", "share"),
    [(40, 400, "", 1.0), (41, 400, "", 0.5), (80, 400, "", 0.5), (81, 400, "", rules.CROWDED), (None, 3, "micro", 1.0),
     (40, None, "large", 1.0), (40, None, "micro", 0.2), (40, None, "", 0.4), (40, 0, "medium", 0.8)],
)  # fmt: skip
def test_a_tenth_of_the_people_fits(number, headcount, size, share):
    assert rules.fit_of_size(number, headcount, size) == share


@pytest.mark.parametrize(
    ("number", "capacity", "taken", "share"),
    [(10, None, 0, 1.0), (10, 40, 0, 1.0), (10, 40, 35, 0.5), (10, 40, 40, 0.0), (10, 40, 50, 0.0),
     (None, 40, 39, 1.0), (None, 40, 40, 0.0)],
)  # fmt: skip
def test_what_is_free(number, capacity, taken, share):
    assert rules.room(number, capacity, taken) == share


@pytest.mark.parametrize(
    ("counts", "days", "share"),
    [
        ({"kept": 4}, 10, 1.0), ({"kept": 4}, 200, 0.85), ({"kept": 4}, 900, 0.7), ({"kept": 4}, None, 0.7),
        ({"kept": 2, "late": 1, "breached": 1}, 90, 0.65), ({}, 90, 0.65), ({"open": 3}, None, 0.35),
        ({"breached": 2}, None, 0.0),
    ],
)  # fmt: skip
def test_the_record(counts, days, share):
    assert rules.record(counts, days) == share


@pytest.mark.parametrize(("wanted", "offered"), [("", "higher"), ("higher", ""), ("higher", "higher"), ("", "")])
def test_a_level_that_fits(wanted, offered):
    assert rules.fit_of_level(wanted, offered) == 1


def test_another_level_fits_hardly():
    assert rules.fit_of_level("bachelor", "higher") == rules.OTHER_LEVEL


def test_the_sum_of_all_parts_is_a_hundred():
    assert sum(rules.WEIGHTS.values()) == 100
    assert rules.total([Part(name, 1) for name in rules.WEIGHTS]) == 100
    assert rules.total([Part("trade", 0.5), Part("distance", 1)]) == 40


def test_every_kind_of_need_has_offers_that_answer_it(db):
    from partnerships.models.need import NeedKind, OfferKind

    assert set(rules.ANSWERED_BY) == set(NeedKind.values)
    assert {kind for kinds in rules.ANSWERED_BY.values() for kind in kinds} == set(OfferKind.values)

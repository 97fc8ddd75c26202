"""A row's rules, asked all at once, say what Django says when it asks one after the other."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from partnerships.models import Touchpoint
from records.ruled import question_of
from tests.partnerships.factories import AgreementFactory, EnterpriseFactory, TouchpointFactory

pytestmark = pytest.mark.django_db


def asked_one_by_one(row, exclude=None):
    try:
        models.Model.validate_constraints(row, exclude=exclude)
    except ValidationError as error:
        return error.message_dict
    return {}


def asked_at_once(row, exclude=None):
    try:
        row.validate_constraints(exclude=exclude)
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.parametrize(
    ("broken", "number"),
    [
        ({}, 0),
        ({"name": ""}, 1),
        ({"uscc": "9133"}, 1),
        ({"uscc": "9133", "tier": 4, "cadence_days": 3, "registry": "abnormal"}, 4),
        ({"cadence_days": None, "registry_on": None}, 0),
    ],
)
def test_the_same_sentences(broken, number):
    row = EnterpriseFactory()
    for name, value in broken.items():
        setattr(row, name, value)
    sentences = asked_at_once(row)
    assert sentences == asked_one_by_one(row)
    assert sum(map(len, sentences.values())) == number


def test_each_row_is_asked_about_its_own_values():
    """The question is put once for a model; whoever comes second must not be judged by the first."""
    question_of.cache_clear()
    kept, broken = AgreementFactory(), AgreementFactory()
    broken.ends_on = broken.starts_on.replace(year=broken.starts_on.year - 1)
    for row in (kept, broken, kept, broken):
        assert asked_at_once(row) == asked_one_by_one(row)
    assert asked_at_once(kept) == {} != asked_at_once(broken)
    assert question_of.cache_info().misses == 1


@pytest.mark.parametrize(("days", "number"), [(1, 0), (-400, 1)])
def test_a_value_that_only_the_database_knows(days, number):
    row = EnterpriseFactory(cadence_days=60)
    row.cadence_days = models.Value(60) + models.Value(days)
    assert asked_at_once(row) == asked_one_by_one(row)
    assert len(asked_at_once(row)) == number


@pytest.mark.parametrize("exclude", [{"uscc"}, {"tier", "parent"}, {"id"}, {"registry"}])
def test_rules_on_what_is_left_out_are_not_asked(exclude):
    row = EnterpriseFactory()
    row.uscc, row.tier, row.registry = "9133", 4, "abnormal"
    assert asked_at_once(row, exclude) == asked_one_by_one(row, exclude) != {}


def test_a_code_that_another_carries_is_found_too():
    EnterpriseFactory(uscc="91330100MA27XL0C42")
    row = EnterpriseFactory()
    row.uscc = "91330100MA27XL0C42"
    assert asked_at_once(row) == asked_one_by_one(row) != {}


def test_one_question_for_all_rules():
    touchpoint = TouchpointFactory()
    with CaptureQueriesContext(connection) as queries:
        touchpoint.validate_constraints()
    assert sum(isinstance(one, models.CheckConstraint) for one in Touchpoint._meta.constraints) > 2
    of_no_table = [query["sql"] for query in queries.captured_queries if " FROM " not in query["sql"]]
    assert sum(sql.startswith("SELECT 1") for sql in of_no_table) == 1

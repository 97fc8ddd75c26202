"""Pages by key: complete, in order, both ways, and robust against any address."""

import base64
import json

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Department
from records import keyset
from records.models import Look

SORTS = {"name": "name", "kind": "kind"}


@pytest.fixture
def rows(db):
    """Names with ties in `kind`, so that only the id tells neighbours apart."""
    Department.objects.bulk_create(Department(name=f"{n:02d}", kind=["faculty", "office"][n % 2]) for n in range(23))
    return Department.objects.all()


def page(rows, address="", size=5, default="name"):
    return keyset.page(rows, SORTS, QueryDict(address.lstrip("?")), default=default, size=size)


def walk(rows, address, way="next"):
    seen = []
    for _n in range(30):
        found = page(rows, address)
        seen.append([row.pk for row in found])
        address = getattr(found, way)
        if not address:
            return seen
    raise AssertionError("the pages have no end")


def in_order(rows, sort):
    sign = "-" if sort.startswith("-") else ""
    return list(rows.order_by(sort, f"{sign}pk").values_list("pk", flat=True))


@pytest.mark.parametrize("sort", ["name", "-name", "kind", "-kind"])
def test_forwards_backwards_and_from_the_end(rows, sort):
    forwards = walk(rows, f"?sort={sort}")
    assert sum(forwards, []) == in_order(rows, sort)
    assert [len(one) for one in forwards] == [5, 5, 5, 5, 3]
    last = page(rows, page(rows, f"?sort={sort}").last)
    assert (last.next, last.last) == ("", "")
    backwards = walk(rows, f"?sort={sort}&end=1", "previous")
    assert sum(reversed(backwards), []) == in_order(rows, sort)


def test_a_row_that_is_added_meanwhile_moves_no_page(rows):
    first = page(rows)
    Department.objects.create(name="00a")
    second = page(rows, first.next)
    assert not {row.pk for row in first} & {row.pk for row in second}


def test_other_parameters_travel_along(rows):
    found = page(rows, "?q=恒&sort=-name&after=nonsense")
    query = QueryDict(found.next.lstrip("?"))
    assert (query["q"], query["sort"]) == ("恒", "-name")
    assert len(query.getlist("after")) == 1


def key(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "place",
    ["x", "====", "\ud83d", "W10", key("a"), key("a", "b"), key(None, 1), key({"a": 1}, 1), key("a", 10**30),
     key("a", -(10**30)), key("a\x00", 1), key([1], 1), key("a", None), key("a", 1.5), key("a" * 10_000, 1), key("\ud83d", 1),
     base64.urlsafe_b64encode(b"[" * 2_000).decode(), "%FF"],
)  # fmt: skip
@pytest.mark.parametrize("word", ["after", "before"])
def test_any_address_answers(rows, place, word):
    parameters = QueryDict(mutable=True)
    parameters[word] = place
    for sorts in (SORTS, {"name": "name"}):
        assert keyset.page(rows, sorts, parameters, default="name", size=5) is not None


@pytest.mark.parametrize("value", ["yesterday", "2026-13-45T00:00:00", "9999999-01-01", 12, None, "2026-03-12"])
def test_any_moment_answers(db, value):
    parameters = QueryDict(mutable=True)
    parameters["after"] = key(value, 1)
    assert list(keyset.page(Look.objects.all(), {"at": "at"}, parameters, default="-at")) == []


@pytest.mark.parametrize("sort", ["", "password", "-password", "--name", "name,pk", "name__contains"])
def test_unknown_sorts_fall_back(rows, sort):
    assert page(rows, f"?sort={sort}").sort == "name"


def test_no_offset_and_no_count(rows):
    with CaptureQueriesContext(connection) as queries:
        page(rows, page(rows, page(rows).next).next)
    assert not [query for query in queries if "OFFSET" in query["sql"] or "COUNT(" in query["sql"]]


def test_counts_stop_at_the_cap(rows, monkeypatch):
    assert keyset.count(rows) == keyset.Count(23)
    assert not keyset.count(rows).is_capped
    monkeypatch.setattr(keyset, "COUNT_CAP", 11)
    with CaptureQueriesContext(connection) as queries:
        counted = keyset.count(rows)
    assert (counted.is_capped, counted.shown) == (True, 10)
    assert "LIMIT 11" in queries[0]["sql"]


def test_an_empty_list_has_no_neighbours(db):
    found = page(Department.objects.none(), "?end=1")
    assert (list(found), found.previous, found.next, found.last) == ([], "", "", "")

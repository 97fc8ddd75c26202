"""Over 20,000 requests: every address, as every person, by every method, about own, foreign, mixed and absent objects.

The access table says what the right answers are; here nobody may read a canary that is not theirs, nothing may fall
over, and what is too large to exist is answered like what does not exist.
"""

import base64
import json
import uuid
from types import SimpleNamespace

import pytest

from tests.access import CARRIED, form, standing_stage
from tests.canary import Reader
from tests.stage import MEMBERS
from tests.test_access import ROWS

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

HEADERS = ({}, {"HX-Request": "true"})
KEY = base64.urlsafe_b64encode(json.dumps(["9999-01-01T00:00:00+00:00", 10**12]).encode()).decode().rstrip("=")
#: For addresses without an object: what is asked of them besides.
QUERIES = (
    "",
    f"?after={KEY}",
    f"?before={KEY}&sort=-id",
    "?q=%00%25_'&end=1",
    "?page=2&verdict=x&state=x&owner=1&mine=x",
)


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with standing_stage(django_db_blocker) as standing:
        standing.absurd = SimpleNamespace(**dict.fromkeys(vars(standing.a), 10**30))
        standing.absurd.picture = standing.absurd.document = uuid.uuid4()
        standing.absurd.code = standing.absurd.dead_code = standing.absurd.invitation_code = "z" * 22
        standing.absurd.feed_code = "z" * 28
        standing.absurd.wish_code = "z" * 22
        yield standing


def places(row, stage=None):
    """(path, side whose form is sent, canaries that a code in the address opens), five for each line of the table."""
    if stage is None:
        return QUERIES
    if not row.arguments or row.arguments[0].startswith("'") or row.arguments == ["digest"]:
        return [(row.path(stage.a) + query, stage.a, set()) for query in QUERIES]
    opened = row.arguments[0] in CARRIED
    sides = [(stage.a,), (stage.b,), (stage.missing,), (stage.absurd,)]
    found = [(row.path(*side), side[0], {side[0].canary} if opened and side[0] in (stage.a, stage.b) else set())
             for side in sides]  # fmt: skip
    mixed = row.path(stage.a, stage.b) if len(row.arguments) == 2 else row.path(stage.b) + QUERIES[1]
    carried = {(stage.a if len(row.arguments) == 2 else stage.b).canary} if opened else set()
    return [*found, (mixed, stage.b, carried)]


def test_the_matrix_is_large():
    by_get, by_post = len(ROWS) * len(MEMBERS) * 5 * len(HEADERS), len(ROWS) * len(MEMBERS) * 5
    print(f"{by_get + by_post} requests")
    assert by_get + by_post >= 20_000
    assert {len(places(row)) for row in ROWS} == {5}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_nobody_reads_what_is_not_theirs(stage, row):
    for member in MEMBERS:
        reader, told = Reader(stage, member), {}
        for path, side, opened in places(row, stage):
            for headers in HEADERS:
                told[path] = reader.get(path, opened, **headers).letter
            sender = (
                side
                if hasattr(side, "canary") and isinstance(side.canary, str) and side in (stage.a, stage.b)
                else stage.a
            )
            told[path] += reader.post(path, form(row.name, sender), opened | {sender.canary}).letter
        assert not reader.leaks
        assert not reader.faults
        assert reader.read["requests"] == 15
        if row.is_about_something:
            absurd, missing = row.path(stage.absurd), row.path(stage.missing)
            assert told[absurd] == told[missing], f"{member} {told}"

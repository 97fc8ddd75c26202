"""The engine of lifecycles, whatever moves along it."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone, translation

from partnerships.models import Enterprise
from records.models import Event
from records.workflow import Lifecycle, Move, NotAllowed, Refused, Words, move, moves_open_to

S = Enterprise.State


def anybody(obj, user):
    return None


def nobody(obj, user):
    return "Not you."


def when_named(obj, user):
    return None if obj.name_en else "It needs an English name."


LIFE = Lifecycle(
    "life",
    S,
    {state: Words(state.value, "next") for state in S},
    (
        Move("go", "Go", (S.ACTIVE,), S.PAUSED, anybody, (when_named,)),
        Move("stay", "Stay", (S.ACTIVE,), S.ACTIVE, nobody),
        Move("say", "Say", (S.ACTIVE, S.PAUSED), S.ENDED, anybody, needs_note=True, audience="both"),
    ),
)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def row(cast):
    cast.a.name_en = "Hengli"
    cast.a.save()
    return cast.a


def test_a_move_saves_the_state_alone_and_writes_an_event(cast, row):
    row.name = "typed, but never saved"
    now = timezone.now() - timedelta(hours=1)
    assert move(row, LIFE, "go", by=cast.officer, now=now, data={"why": 1}) is row
    kept = Enterprise.objects.get(pk=row.pk)
    assert (kept.state, kept.name, row.state) == ("paused", "杭州恒力轴承有限公司", "paused")
    event = Event.objects.of(row).get()
    assert (event.kind, event.happened_at, event.side) == ("life.go", now, "school")
    assert event.data == {"from": "active", "to": "paused", "note": "", "why": 1}


def test_the_sides_and_readers_of_an_event(cast, row):
    move(row, LIFE, "say", by=cast.hr, note=" 停产 ")
    event = Event.objects.of(row).get()
    assert (event.side, event.audience, event.data["note"]) == ("enterprise", "both", "停产")


def test_the_locked_row_decides_not_the_one_at_hand(cast, row):
    stale = Enterprise.objects.get(pk=row.pk)
    Enterprise.objects.filter(pk=row.pk).update(state="ended")
    with pytest.raises(Refused, match="Go.*ended"):
        move(stale, LIFE, "go", by=cast.officer)
    Enterprise.objects.filter(pk=row.pk).update(state="active", name_en="")
    with pytest.raises(Refused, match="English name"):
        move(stale, LIFE, "go", by=cast.officer)
    assert not Event.objects.of(row).exists()


def test_who_may_not_is_told_apart_from_not_now(cast, row):
    with pytest.raises(NotAllowed, match="Not you"):
        move(row, LIFE, "stay", by=cast.officer)
    Enterprise.objects.filter(pk=row.pk).update(state="ended")
    with pytest.raises(NotAllowed):  # even where it would not be possible either: nothing about the state is told
        move(row, LIFE, "stay", by=cast.officer)
    Enterprise.objects.filter(pk=row.pk).update(state="active")
    with pytest.raises(Refused, match="why"):
        move(row, LIFE, "say", by=cast.officer, note="\n")
    with pytest.raises(KeyError):
        move(row, LIFE, "fly", by=cast.officer)


def test_rolled_back_with_whatever_it_belongs_to(cast, row):
    class Stop(Exception):
        pass

    def write_and_fail():
        with transaction.atomic():
            move(row, LIFE, "go", by=cast.officer)
            raise Stop

    with pytest.raises(Stop):
        write_and_fail()
    assert Enterprise.objects.get(pk=row.pk).state == "active"
    assert not Event.objects.of(row).exists()


def test_buttons_show_what_one_may_and_why_not_now(cast, row):
    row.name_en = ""
    assert [(o.move.name, o.reason) for o in moves_open_to(row, LIFE, cast.officer)] == [
        ("go", "It needs an English name."),
        ("say", None),
    ]


def test_the_enterprises_words():
    words = Words("suspended", "A lead decides.", "paused", "The school will call.")
    assert words.for_enterprise() == Words("paused", "The school will call.")
    assert Words("active", "Log contacts.").for_enterprise() == Words("active", "")

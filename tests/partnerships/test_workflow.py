"""What may happen to an enterprise, and by whom: every state × every move × everybody of the cast."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone, translation

from partnerships.models import Assessment, Enterprise
from partnerships.services.enterprises import move_enterprise
from partnerships.workflow import ENTERPRISE, REGISTRATION
from records.models import Event
from records.workflow import NotAllowed, Refused, moves_open_to
from tests.cast import ENTERPRISE_CAST, SCHOOL_CAST

State = Enterprise.State
LEADS = {"administrator", "lead"}
KEEPERS = LEADS | {"officer"}
#: Typed by hand, not taken from MOVES: move → (from which states, to which, by whom).
ALLOWED = {
    "assess": ({"prospect"}, "assessed", KEEPERS),
    "activate": ({"assessed"}, "active", KEEPERS),
    "pause": ({"active"}, "paused", KEEPERS),
    "resume": ({"paused"}, "active", KEEPERS),
    "suspend": ({"assessed", "active", "paused"}, "suspended", LEADS),
    "lift": ({"suspended"}, "active", LEADS),
    "end": ({"prospect", "assessed", "active", "paused", "suspended"}, "ended", KEEPERS),
    "reopen": ({"ended"}, "prospect", KEEPERS),
}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def assessed(enterprise, *, by, is_suitable=True):
    return Assessment.objects.create(
        enterprise=enterprise, visited_on=timezone.localdate(), assessors="林薇、何军", conclusion="可以",
        is_suitable=is_suitable, written_by=by,
    )  # fmt: skip


def put(enterprise, **values):
    Enterprise.objects.filter(pk=enterprise.pk).update(**values)
    return Enterprise.objects.get(pk=enterprise.pk)


def test_the_table_is_the_one_we_agreed_on():
    assert {m.name: (set(m.sources), m.target) for m in ENTERPRISE.moves} == {
        name: (sources, target) for name, (sources, target, _who) in ALLOWED.items()
    }
    assert set(ENTERPRISE.words) == set(State)


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("state", State.values)
def test_every_move_from_every_state_by_everybody(cast, state, name):
    sources, target, who_may = ALLOWED[name]
    assessed(cast.a, by=cast.officer)
    for who in (*SCHOOL_CAST, *ENTERPRISE_CAST, "disabled"):
        enterprise = put(cast.a, state=state)
        before = Event.objects.count()
        if who not in who_may:
            with pytest.raises(NotAllowed):
                move_enterprise(enterprise, name, by=getattr(cast, who), note="因为")
        elif state not in sources:
            with pytest.raises(Refused) as refused:
                move_enterprise(enterprise, name, by=getattr(cast, who), note="因为")
            assert not isinstance(refused.value, NotAllowed)
        else:
            move_enterprise(enterprise, name, by=getattr(cast, who), note="因为")
            assert Enterprise.objects.get(pk=enterprise.pk).state == enterprise.state == target
            event = Event.objects.of(enterprise).latest("pk")
            assert (event.kind, event.stream, event.by) == (f"enterprise.{name}", enterprise.pk, getattr(cast, who))
            assert event.data == {"from": state, "to": target, "note": "因为"}
            continue
        assert Enterprise.objects.get(pk=enterprise.pk).state == state
        assert Event.objects.count() == before


def test_the_buttons_are_the_moves_that_are_possible(cast):
    for state in State.values:
        enterprise = put(cast.a, state=state)
        for who in SCHOOL_CAST:
            shown = {o.move.name for o in moves_open_to(enterprise, ENTERPRISE, getattr(cast, who))}
            assert shown == {n for n, (sources, _to, may) in ALLOWED.items() if state in sources and who in may}


def test_an_officer_of_a_department_that_takes_part_may_too(cast):
    enterprise = put(cast.a, state="active")
    enterprise.departments.add(cast.d2)
    move_enterprise(enterprise, "pause", by=cast.other_officer, note="停产检修")
    assert enterprise.state == "paused"


def test_assessing_needs_an_assessment_that_finds_it_suitable(cast):
    enterprise = put(cast.a, state="prospect")
    (button,) = [o for o in moves_open_to(enterprise, ENTERPRISE, cast.officer) if o.move.name == "assess"]
    assert "nine contents" in str(button.reason)
    assessed(enterprise, by=cast.officer, is_suitable=False)
    enterprise = put(cast.a, state="prospect")
    with pytest.raises(Refused):
        move_enterprise(enterprise, "assess", by=cast.officer)
    assessed(enterprise, by=cast.officer)
    move_enterprise(put(cast.a, state="prospect"), "assess", by=cast.officer)


@pytest.mark.parametrize(("state", "name"), [("assessed", "activate"), ("paused", "resume"), ("suspended", "lift")])
def test_a_cancelled_enterprise_does_not_become_active(cast, state, name):
    enterprise = put(cast.a, state=state, registry="cancelled", registry_on=timezone.localdate())
    with pytest.raises(Refused, match="registry"):
        move_enterprise(enterprise, name, by=cast.lead, note="因为")


def test_a_merged_enterprise_moves_no_more(cast):
    enterprise = put(cast.a, state="active", merged_into=cast.b)
    for name in ("pause", "suspend", "end"):
        with pytest.raises(Refused, match="merged"):
            move_enterprise(enterprise, name, by=cast.lead, note="因为")


@pytest.mark.parametrize("name", [move.name for move in ENTERPRISE.moves if move.needs_note])
@pytest.mark.parametrize("note", ["", "  "])
def test_a_step_that_wants_a_reason_is_refused_without(cast, name, note):
    enterprise = put(cast.a, state=next(iter(ALLOWED[name][0])))
    with pytest.raises(Refused, match="why"):
        move_enterprise(enterprise, name, by=cast.lead, note=note)


def test_the_enterprise_never_reads_suspended():
    words = ENTERPRISE.words[State.SUSPENDED].for_enterprise()
    assert "suspend" not in f"{words.label} {words.next_step}".lower()


@pytest.mark.parametrize("state", State.values)
def test_every_state_has_words_for_both_sides(state):
    words = ENTERPRISE.words[state]
    for text in (words.label, words.next_step, words.for_enterprise().label, words.for_enterprise().next_step):
        assert str(text).strip()


def test_registrations_are_decided_by_whoever_sees_partners(cast):
    for who in SCHOOL_CAST:
        for move in REGISTRATION.moves:
            allowed = move.may(None, getattr(cast, who)) is None
            assert allowed == (who in LEADS | {"officer", "other_officer"})


# --- at once ---------------------------------------------------------------------------------------------------------


def press_at_once(enterprise, people, name="pause"):
    """Each person presses the same button in a thread of their own; returns how many got through."""
    barrier = Barrier(len(people))

    def press(person):
        try:
            stale = Enterprise.objects.get(pk=enterprise.pk)
            barrier.wait(10)
            move_enterprise(stale, name, by=person, note="因为")
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        return sum(pool.map(press, people))


@pytest.fixture
def stage(transactional_db):
    from tests.cast import gather

    return gather()


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_press_at_once_one_wins(stage):
    assert press_at_once(stage.a, [stage.officer, stage.lead] * 4) == 1
    assert Event.objects.of(stage.a).filter(kind="enterprise.pause").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_race_shows(stage, monkeypatch):
    """The same run with the lock taken out: both read the old state before either writes."""
    together = Barrier(2)
    refusal = type(ENTERPRISE).refusal

    def slow_refusal(self, obj, step, user):
        answer = refusal(self, obj, step, user)
        together.wait(10)  # with the lock in place nobody would ever arrive second
        return answer

    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **kwargs: self)
    monkeypatch.setattr(type(ENTERPRISE), "refusal", slow_refusal)
    assert press_at_once(stage.a, [stage.officer, stage.lead]) == 2

"""Whatever the calendar, and however often, late or out of order the planner runs: the planned tellings, each once."""

from collections import Counter
from contextlib import contextmanager
from datetime import date, timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from partnerships.models import Contact, Enterprise
from partnerships.reminders import GAP
from records.models import Side
from reminders import planner
from reminders.models import Delivery, Task
from reminders.working import Calendar
from tests.reminders.story import PARTNERS, Stage, alter, at, calendars, deliveries, minutes, stories, tasks

moments = st.builds(lambda minute: timedelta(minutes=minute), minutes)


# --- the calendar ----------------------------------------------------------------------------------------------------


@settings(max_examples=500, deadline=None)
@given(calendars(), moments)
def test_the_next_decent_moment_is_decent_and_the_first(drawn, offset):
    calendar, day = drawn
    moment = at(day, 0) + offset
    found = calendar.next_decent(moment)
    assert found >= moment
    assert calendar.is_decent(found)
    assert calendar.next_decent(found) == found
    hour = moment
    while hour < found:
        assert not calendar.is_decent(hour)
        hour += timedelta(minutes=30)


@settings(max_examples=500, deadline=None)
@given(calendars(), st.integers(1, 20))
def test_the_day_reached_lies_so_many_counted_days_back(drawn, steps):
    calendar, today = drawn
    reached = calendar.reached(today, steps)
    if calendar.is_vacation(today):
        assert reached is None
        return
    between = [reached + timedelta(days=n) for n in range((today - reached).days)]
    assert sum(not calendar.is_vacation(day) for day in between) == steps
    assert not calendar.is_vacation(reached)


@settings(max_examples=200, deadline=None)
@given(calendars(), st.integers(-10, 20))
def test_a_day_reached_stays_reached(drawn, steps):
    """No later day takes a step back: a ladder never climbs down."""
    calendar, today = drawn
    reached = [calendar.reached(today + timedelta(days=n), steps) for n in range(30)]
    reached = [day for day in reached if day is not None]
    assert reached == sorted(reached)


# --- the planner -----------------------------------------------------------------------------------------------------

#: So many examples of PARTNERS timelines each.
EXAMPLES = 52


def walk(looks, *, examples=EXAMPLES, seen=None):
    """Take `examples` stories and look with `looks` after every pass; a second pass at once must find nothing to do.

    They are the same ones in every run, so that how often each state is reached does not depend on luck.
    """

    @settings(
        max_examples=examples, phases=[Phase.generate], deadline=None, report_multiple_bugs=False, derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(stories())
    def take(story):
        with Stage(story) as stage:
            for now in stage.run():
                for look in looks:
                    look(stage, now)
            again = planner.plan(now, only="gap")
            assert (again.opened, again.closed, again.told, again.left_out) == (0, 0, 0, 0)
            if seen is not None:
                seen["calendars"] += len(stage.partners)
                seen.update(state if state != "cancelled" else reason for state, reason in deliveries().values())
                seen.update(reason for state, reason in deliveries().values() if state == "skipped")

    take()


def as_the_model_has_it(stage, now):
    assert deliveries() == stage.planned()
    assert tasks() == stage.standing()


def both_sides_or_neither(stage, now):
    """Of the steps that concern both, of everybody for whom neither side's task was put off by a person."""
    put_off = set(Task.objects.exclude(snoozed_until=None).values_list("subject_id", flat=True))
    sides = {}
    rows = Delivery.objects.filter(step__in=[GAP.DAY, GAP.AGAIN]).exclude(stream__in=put_off)
    for stream, episode, step, side in rows.values_list("stream", "task__episode", "step", "side"):
        sides.setdefault((stream, episode, step), set()).add(side)
    assert [where for where, found in sides.items() if len(found) != 2] == []


def nobody_in_vain(stage, now):
    """Of whom this pass told: none finished, departed, put off, closed or active; nothing in a vacation."""
    today = timezone.localdate(now)
    told = list(Delivery.objects.filter(created_at=now).exclude(state="skipped").select_related("task"))
    left = set(Contact.objects.exclude(left_on=None).values_list("pk", flat=True))
    assert not (told and stage.calendar.is_vacation(today))
    for row in told:
        partner = stage.by_stream[row.stream]
        assert (partner.enterprise.state, partner.enterprise.relation) == ("active", "partner")
        assert row.task.state == "open"
        assert row.task.episode == str(int(partner.enterprise.last_contact_at.timestamp()))
        assert row.task.snoozed_until is None or row.task.snoozed_until <= today
        assert not partner.is_closed(today)
        assert row.addressee_id not in left
        assert row.step == GAP.LEAD or (partner.owner and not partner.is_active(row.side, now))


def at_a_decent_hour(stage, now):
    for created_at, due_at in Delivery.objects.filter(created_at=now).values_list("created_at", "due_at"):
        assert due_at >= created_at
        assert stage.calendar.is_decent(due_at)


def nobody_twice(stage, now):
    """Whatever changed, cadence, tier, channel or clock: in one episode a step reaches a person once."""
    stands = Delivery.objects.exclude(state__in=["skipped", "cancelled"]).exclude(addressee_id=None, user_id=None)
    heard = Counter(stands.values_list("stream", "task__episode", "step", "user_id", "addressee_id"))
    assert [who for who, times in heard.items() if times > 1] == []


LOOKS = (as_the_model_has_it, both_sides_or_neither, nobody_in_vain, at_a_decent_hour, nobody_twice)


def test_the_planner_does_what_the_model_says(db):
    """1,040 calendars: 52 stories of 20 partners, each with its own days, contacts, closed days and changes of fact.

    Passes come in any order, as from a clock that jumps back and forth, around leap days, holidays, vacations and
    make-up days; between them partners are spoken to, paused, put off, change cadence, tier, people and channel, and
    what waits is sent or dropped.
    """
    seen = Counter()
    walk(LOOKS, seen=seen)
    assert seen["calendars"] == EXAMPLES * PARTNERS >= 1_000
    for state in ("due", "forward", "sent", "overtaken", "finished", "early", "active", "nobody", "no_owner"):
        assert seen[state] > 10, f"hardly any story comes to “{state}”: {seen}"


@contextmanager
def without(*replacements):
    """The planner with these pieces of its statements replaced: as if somebody had forgotten them."""
    run, hits = planner._run, Counter()

    def forgetful(statement, values):
        for piece, other in replacements:
            hits[piece] += statement.count(piece)
            statement = statement.replace(piece, other)
        return run(statement, values)

    with mock.patch.object(planner, "_run", forgetful):
        yield
    assert all(hits[piece] for piece, _other in replacements), "the planner does not say this any more"


@pytest.mark.parametrize(
    ("look", "piece", "other"),
    [
        (as_the_model_has_it, "WHEN step < reached THEN 'overtaken'", ""),
        (as_the_model_has_it, "t.steps_planned = planned.step", "false"),
        (as_the_model_has_it, "CASE t.state WHEN 'open' THEN t.steps_planned ELSE 0 END", "t.steps_planned"),
        (as_the_model_has_it, "one.has_newer", "false"),
        (nobody_in_vain, "AND NOT t.is_held", ""),
        (nobody_in_vain, "t.snoozed_until <= %s", "%s IS NOT NULL"),
        (both_sides_or_neither, "ready.planned < %s AND ready.reached >= %s", "ready.side <> 'enterprise' AND %s < 9 AND %s < 9"),
    ],
    ids=["overtaken", "climbing down", "climbing anew", "giving way", "holds", "snoozes", "both sides"],
)  # fmt: skip
def test_a_planner_that_forgets_is_found_out(db, look, piece, other):
    with without((piece, other)), pytest.raises(AssertionError):
        walk([look], examples=40)


def test_a_planner_that_writes_at_night_is_found_out(db):
    with mock.patch.object(Calendar, "next_decent", lambda calendar, moment: moment), pytest.raises(AssertionError):
        walk([at_a_decent_hour], examples=40)


# --- told one by one -------------------------------------------------------------------------------------------------

PARTNER = {
    "due": 0, "tier": 3, "contacts": 1, "automatic": False, "owned": True, "closed": None, "changes": [],
}  # fmt: skip
START = date(2026, 11, 19)


def one(**facts):
    """A story of one partner, due on START; the passes are the test's own."""
    return Stage((Calendar({}), START, START - timedelta(days=900), [PARTNER | facts], []))


def states(**where):
    return list(Delivery.objects.filter(**where).order_by("id").values_list("state", "reason"))


def test_the_number_of_statements_is_that_of_the_rules_not_of_the_partners(db):
    def statements(number):
        story = (Calendar({}), START, START - timedelta(days=900), [PARTNER] * number, [])
        with Stage(story) as stage, CaptureQueriesContext(connection) as captured:
            planner.plan(at(stage.start + timedelta(days=30)))
        return len(captured)

    statements(1)  # the first one reads what is then known
    assert statements(1) == statements(8)


def versions():
    """Where each row stands in its table: another place after each write, even of the same values."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM reminders_task UNION ALL SELECT ctid::text FROM reminders_delivery")
        return cursor.fetchall()


def test_where_nobody_is_due_nobody_is_looked_up_and_nothing_is_written(db):
    with one():
        planner.plan(at(START))
        before = versions()
        with mock.patch.object(GAP, "told", side_effect=AssertionError("asked who is told")):
            planner.plan(at(START, 10), only="gap")
        assert versions() == before


@pytest.mark.parametrize("automatic", [True, False])
def test_a_partner_paused_by_mistake_is_told_after_all(db, automatic):
    with one(automatic=automatic) as stage:
        for number, state in enumerate(("active", "paused", "active")):
            Enterprise.objects.update(state=state)
            planner.plan(at(START, 21, number))
        told = Delivery.objects.filter(step=GAP.DAY, side=Side.ENTERPRISE)
        state = "due" if automatic else "forward"
        assert list(told.values_list("state", "reason", "finished_at")) == [(state, "", None)]
        assert stage.calendar.is_decent(told.get().due_at)


def test_what_was_planned_by_a_wrong_clock_is_told_on_its_day(db):
    """A clock two weeks ahead leaves out the steps between; put right, each of them comes on its day after all."""
    with one():
        planner.plan(at(START))
        planner.plan(at(START + timedelta(days=14)))
        assert states(step=GAP.LEAD) == [("due", "")]
        assert states(step=GAP.AGAIN, side="enterprise") == [("skipped", "overtaken")]
        planner.plan(at(START, 10))
        assert states(step=GAP.LEAD) == [("cancelled", "early")]
        planner.plan(at(START + timedelta(days=7)))
        assert states(step=GAP.AGAIN, side="enterprise") == [("forward", "")]
        planner.plan(at(START + timedelta(days=14), 9, 5))
        assert states(step=GAP.LEAD) == [("due", "")]


def test_a_message_gives_way_only_to_one_that_is_told(db):
    """The second message is overtaken by the lead's: the first one, which waits to be carried, stays."""
    with one():
        planner.plan(at(START))
        planner.plan(at(START + timedelta(days=14)))
        assert states(step=GAP.AGAIN, side="enterprise") == [("skipped", "overtaken")]
        assert states(step=GAP.DAY, side="enterprise") == [("forward", "")]


def test_a_waiting_message_gives_way_to_a_mail(db):
    with one() as stage:
        planner.plan(at(START))
        alter(stage.partners[0], "automatic", at(START), stage.lead)
        planner.plan(at(START + timedelta(days=7)))
        assert states(side="enterprise") == [("cancelled", "overtaken"), ("due", "")]


def test_whoever_heard_it_by_hand_does_not_hear_it_again_by_mail(db):
    with one() as stage:
        planner.plan(at(START))
        alter(stage.partners[0], "sent", at(START), stage.lead)
        for number, state in enumerate(("paused", "active"), start=1):
            Enterprise.objects.update(state=state, messages_automatic=True)
            planner.plan(at(START, 9, number))
        assert states(side="enterprise") == [("sent", "")]


def test_what_a_person_dropped_stays_dropped(db):
    with one() as stage:
        planner.plan(at(START))
        alter(stage.partners[0], "dropped", at(START), stage.lead)
        for number, state in enumerate(("paused", "active"), start=1):
            Enterprise.objects.update(state=state)
            planner.plan(at(START, 9, number))
        assert states(side="enterprise") == [("cancelled", "")]

"""Whatever the calendar, and however often, late or out of order the planner runs: the same tellings, each once.

The expected set of keys is computed here from the facts alone, without the planner.
"""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from partnerships.models import Contact, Enterprise, Shutdown
from partnerships.reminders import GAP
from partnerships.rules.rhythm import CADENCE
from records.models import Event, Side
from reminders import planner
from reminders.models import Delivery, SpecialDay, Switch, Task, Vacation
from reminders.working import Calendar
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, UserFactory

ON_THE_DATABASE = settings(
    max_examples=8, phases=[Phase.generate], deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
#: Around the end of a leap February, the new year, the long holidays, and the summer of 1988, when clocks were moved.
EDGES = (
    date(2028, 2, 29),
    date(2026, 12, 31),
    date(2026, 10, 1),
    date(2027, 2, 6),
    date(1988, 4, 10),
    date(2024, 2, 29),
)
days = st.builds(lambda edge, n: edge + timedelta(days=n), st.sampled_from(EDGES), st.integers(-40, 40))
PUBLISHED = Calendar({}).published


@st.composite
def calendars(draw):
    """Vacations that may touch or overlap, make-up days and days off, around one edge; (calendar, a day of it)."""
    here = draw(days)
    vacations = tuple(
        (first := here + timedelta(days=draw(st.integers(-60, 60))), first + timedelta(days=draw(st.integers(0, 50))))
        for _n in range(draw(st.integers(0, 3)))
    )
    offsets = st.dictionaries(st.integers(-30, 30), st.booleans(), max_size=8)
    special = {here + timedelta(days=n): works for n, works in draw(offsets).items()}
    calendar = Calendar(special, vacations)
    calendar.__dict__["published"] = PUBLISHED  # read once, not once per example
    return calendar, here


moments = st.builds(
    lambda minute: timedelta(minutes=minute),
    st.one_of(st.integers(0, 1439), st.sampled_from([0, 479, 480, 1199, 1200])),
)


def at(day, hour=9, minute=0):
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


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

SPAN = 45


@st.composite
def stories(draw):
    """A calendar, some partners, and passes at any moments of a span, in any order, some doubled, one at its end."""
    calendar, start = draw(calendars())
    while calendar.is_vacation(start + timedelta(days=SPAN)):
        start += timedelta(days=1)
    partners = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "due": st.integers(-20, SPAN + 10),
                    "tier": st.sampled_from([1, 2, 3]),
                    "contacts": st.integers(0, 2),
                    "automatic": st.booleans(),
                    "owned": st.booleans(),
                    "closed": st.one_of(st.none(), st.tuples(st.integers(0, SPAN - 10), st.integers(0, 9))),
                }
            ),
            min_size=1, max_size=6,
        )
    )  # fmt: skip
    passes = draw(st.lists(st.tuples(st.integers(0, SPAN), moments), max_size=7))
    doubled = draw(st.lists(st.sampled_from(passes), max_size=3)) if passes else []
    return calendar, start, partners, draw(st.permutations(passes + doubled))


class Stage:
    """The rows of a story; taken back at the end of each example."""

    def __init__(self, story):
        self.calendar, self.start, self.partners, self.passes = story
        self.end = self.start + timedelta(days=SPAN)

    def __enter__(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        Switch.objects.create(rule="gap", mode="on", changed_at=at(self.start) - timedelta(days=900))
        SpecialDay.objects.bulk_create(SpecialDay(day=day, is_working=on) for day, on in self.calendar.special.items())
        Vacation.objects.bulk_create(
            Vacation(name=f"假{first}", starts_on=first, ends_on=last) for first, last in self.calendar.vacations
        )
        self.lead = UserFactory(role=Role.LEAD, password="x")
        self.owner = UserFactory(password="x")
        self.enterprises = [self.partner(**values) for values in self.partners]
        return self

    def __exit__(self, *trouble):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def partner(self, *, due, tier, contacts, automatic, owned, closed):
        due_on = self.start + timedelta(days=due)
        enterprise = EnterpriseFactory(
            owner=self.owner if owned else None, tier=tier, messages_automatic=automatic,
            created_at=at(self.start) - timedelta(days=500), last_contact_at=at(due_on - timedelta(days=CADENCE[tier]), 15),
        )  # fmt: skip
        for _n in range(contacts):
            ContactFactory(enterprise=enterprise, email=f"contact{enterprise.pk}@enterprise.example")
        if closed:
            first = self.start + timedelta(days=closed[0])
            Shutdown.objects.create(enterprise=enterprise, starts_on=first, ends_on=first + timedelta(days=closed[1]))
        enterprise.due_on = due_on
        return enterprise

    def run(self):
        for day, offset in self.passes:
            planner.plan(at(self.start + timedelta(days=day), 0) + offset)
        planner.plan(at(self.end))

    def expected(self):
        """{key} from the facts, read at the end of the span: every step whose day has come, to everybody it concerns."""
        keys = set()
        for enterprise in self.enterprises:
            contacts = list(enterprise.contacts.order_by("id"))
            officer = f"u{enterprise.owner_id or 0}"
            mail = "mail" if enterprise.messages_automatic else "hand"
            first = (f"c{contacts[0].pk}", mail) if contacts else ("c0", "hand")
            both = [(officer, "mail"), first]
            told = {
                GAP.NOTE: [(officer, "app")],
                GAP.DAY: both,
                GAP.AGAIN: [*both, *((f"c{contact.pk}", mail) for contact in contacts[1:2])],
                GAP.LEAD: [(f"u{self.lead.pk}", "mail")],
            }
            for step in GAP.steps:
                if enterprise.due_on <= self.calendar.reached(self.end, step.days):
                    episode = int(enterprise.last_contact_at.timestamp())
                    keys |= {
                        f"gap:{enterprise.pk}:{episode}:{step.number}:{who}:{over}" for who, over in told[step.number]
                    }
        return keys


def keys():
    return set(Delivery.objects.values_list("key", flat=True))


def one_sided():
    """Rows of the steps that tell both sides, where one side has none."""
    sides = {}
    for stream, step, side in Delivery.objects.filter(step__in=[GAP.DAY, GAP.AGAIN]).values_list(
        "stream", "step", "side"
    ):
        sides.setdefault((stream, step), set()).add(side)
    return [where for where, found in sides.items() if len(found) != 2]


@ON_THE_DATABASE
@given(stories())
def test_any_passes_give_the_keys_of_the_facts(db, story):
    with Stage(story) as stage:
        stage.run()
        assert keys() == stage.expected()
        again = planner.plan(at(stage.end, 10))
        assert (again.opened, again.closed, again.told, again.left_out) == (0, 0, 0, 0)


@ON_THE_DATABASE
@given(stories())
def test_both_sides_have_their_row_or_neither_and_each_leaves_at_a_decent_hour(db, story):
    with Stage(story) as stage:
        for day, offset in stage.passes:
            planner.plan(at(stage.start + timedelta(days=day), 0) + offset)
            assert one_sided() == []
        for delivery in Delivery.objects.filter(state__in=["due", "forward"]):
            assert stage.calendar.is_decent(delivery.due_at)
            assert delivery.due_at >= delivery.created_at


@ON_THE_DATABASE
@given(stories(), st.integers(0, SPAN), st.integers(1, 3))
def test_a_clock_that_goes_back_and_comes_right_takes_nothing_from_anybody(db, story, day, back):
    with Stage(story) as stage:
        right = at(stage.start + timedelta(days=day), 21)
        planner.plan(right)
        before = list(Delivery.objects.order_by("id").values_list("key", "state"))
        planner.plan(right - timedelta(days=back))
        planner.plan(right)
        after = dict(Delivery.objects.values_list("key", "state"))
        assert {key: after[key] for key, _state in before} == dict(before)


CHANGES = ("spoken", "left", "snoozed", "paused", "wrote", "merged", "host_only")


@ON_THE_DATABASE
@given(stories(), st.lists(st.sampled_from(CHANGES), min_size=6, max_size=6), st.integers(0, SPAN - 1))
def test_nobody_is_told_who_need_not_be(db, story, changes, day):
    """From a day on partners were spoken to, left, put off, ended, or just wrote: no later pass tells them."""
    with Stage(story) as stage:
        moment = at(stage.start + timedelta(days=day), 12)
        planner.plan(moment)
        untouched = dict(Delivery.objects.values_list("key", "state"))
        concerned = list(zip(stage.enterprises, changes, strict=False))
        for enterprise, change in concerned:
            alter(enterprise, change, moment, stage)
        left = set(Contact.objects.exclude(left_on=None).values_list("pk", flat=True))
        planner.plan(moment + timedelta(hours=1))
        planner.plan(moment + timedelta(days=1))
        for delivery in Delivery.objects.exclude(state__in=["skipped", "cancelled"]).filter(
            key__in=keys() - set(untouched)
        ):
            change = next(change for enterprise, change in concerned if enterprise.pk == delivery.stream)
            assert change in ("left", "wrote"), (change, delivery.key)
            assert delivery.addressee_id not in left
            if change == "wrote":
                assert delivery.side == Side.SCHOOL, "who has just written is not asked"
                assert delivery.step == GAP.LEAD or delivery.user_id is None
        gone = [
            enterprise.pk for enterprise, change in concerned if change in ("spoken", "paused", "merged", "host_only")
        ]
        assert not Task.objects.open().filter(subject_id__in=gone).exists()
        assert not Delivery.objects.filter(stream__in=gone, state__in=["due", "claimed", "forward", "copied"]).exists()


def alter(enterprise, change, moment, stage):
    rows = Enterprise.objects.filter(pk=enterprise.pk)
    if change == "spoken":
        rows.update(last_contact_at=moment)
    elif change == "left":
        Contact.objects.filter(enterprise=enterprise).update(left_on=moment.date())
    elif change == "snoozed":
        until = moment.date() + timedelta(days=30)
        Task.objects.filter(subject_id=enterprise.pk).update(
            snoozed_until=until, snooze_reason="…", snoozed_by=stage.lead
        )
        if not Task.objects.filter(subject_id=enterprise.pk, side=Side.ENTERPRISE).exists():
            rows.update(state="paused")  # nothing stands yet that could be put off
    elif change == "paused":
        rows.update(state="paused")
    elif change == "wrote":
        for by, side in ((enterprise.owner, Side.SCHOOL), (None, Side.ENTERPRISE)):
            Event.objects.create(
                stream=enterprise.pk, kind="message.sent", subject=enterprise, side=side, by=by, happened_at=moment
            )
    elif change == "merged":
        rows.update(merged_into=EnterpriseFactory())
    elif change == "host_only":
        rows.update(relation="host_only")


@ON_THE_DATABASE
@given(
    stories(),
    st.lists(st.tuples(st.sampled_from([None, 7, 45, 200]), st.sampled_from([1, 2, 3])), min_size=1, max_size=5),
)
def test_a_changed_cadence_or_tier_tells_nobody_twice(db, story, changes):
    with Stage(story) as stage:
        for n, (own, tier) in enumerate(changes):
            planner.plan(at(stage.start + timedelta(days=8 * n)))
            Enterprise.objects.update(cadence_days=own, tier=tier)
        planner.plan(at(stage.end))
        told = Delivery.objects.values_list("stream", "step", "user_id", "addressee_id", "channel", "task__episode")
        assert len(told) == len(set(told))
        assert one_sided() == []


def test_the_number_of_statements_is_that_of_the_rules_not_of_the_partners(db):
    def statements(number):
        story = (Calendar({}), date(2026, 11, 2), [partner] * number, [])
        with Stage(story) as stage, CaptureQueriesContext(connection) as captured:
            planner.plan(at(stage.start + timedelta(days=30)))
        return len(captured)

    partner = {"due": 3, "tier": 3, "contacts": 1, "automatic": True, "owned": True, "closed": None}
    statements(1)  # the first one reads what is then known
    assert statements(1) == statements(8)


def test_the_expected_keys_are_not_empty(db):
    """The yard-stick itself: a partner through all four steps."""
    partner = {"due": 3, "tier": 3, "contacts": 2, "automatic": True, "owned": True, "closed": None}
    with Stage((Calendar({}), date(2026, 11, 2), [partner], [])) as stage:
        assert len(stage.expected()) == 1 + 2 + 3 + 1


@pytest.mark.parametrize("state", ["due", "forward"])
def test_a_partner_paused_by_mistake_is_told_after_all(db, state):
    partner = {"due": 0, "tier": 3, "contacts": 1, "automatic": state == "due", "owned": True, "closed": None}
    with Stage((Calendar({}), date(2026, 11, 19), [partner], [])) as stage:
        for minutes, enterprise_state in enumerate(("active", "paused", "active")):
            Enterprise.objects.update(state=enterprise_state)
            planner.plan(at(stage.start, 21, minutes))
        told = Delivery.objects.filter(step=GAP.DAY, side=Side.ENTERPRISE)
        assert list(told.values_list("state", "reason", "finished_at")) == [(state, "", None)]
        assert stage.calendar.is_decent(told.get().due_at)

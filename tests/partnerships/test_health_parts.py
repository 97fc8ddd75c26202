"""Each part of the health of a partnership as a table of cases, from too little data to full."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone, translation

from accounts.models import Role
from partnerships.health.answers import ANSWERS
from partnerships.health.contact import CONTACT, DEPENDENCE
from partnerships.health.issues import ISSUES
from partnerships.health.part import parts
from partnerships.health.promises import KEPT_HERE, KEPT_THERE, RUNWAY_LEFT, SPREAD
from partnerships.health.statement import figures
from partnerships.models import (
    ActionItem,
    Ask,
    Enterprise,
    Match,
    Need,
    Obligation,
    Offer,
    Seminar,
    SeminarGuest,
    Touchpoint,
)
from partnerships.succession import dependence_of
from records.services import record
from tests.partnerships.factories import (
    AgreementFactory,
    ContactFactory,
    DepartmentFactory,
    EnterpriseFactory,
    MessageFactory,
    ProxyEntryFactory,
    TouchpointFactory,
    TripFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
NOON = timedelta(hours=12)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def today():
    return timezone.localdate()


def midnight(day):
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def ago(days):
    return midnight(today() - timedelta(days=days)) + NOON


def firm(known=2_000, **fields):
    return EnterpriseFactory(created_at=ago(known), **{"tier": 2} | fields)  # 60 days between contacts


def spoke(enterprise, *days, **fields):
    return [TouchpointFactory(enterprise=enterprise, happened_at=ago(n), logged_at=ago(n), **fields) for n in days]


def percent(part, enterprise, day=None, **how):
    """The part in whole percent, None for too little data."""
    scope = Enterprise.objects.filter(pk=enterprise.pk)
    return figures(scope, day or today(), **how)[enterprise.pk][1].get(part.name)


# --- contact in its own rhythm -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "days", "expected"),
    [
        (2_000, [], None),  # nobody ever spoke
        (2_000, [900], 0),  # long ago
        (2_000, [0, 60, 120, 180, 239], 100),
        (2_000, [0, 30, 60, 90, 120, 150, 180, 210, 239], 100),  # more often is no more than full
        (2_000, [60], 62),  # 60 of 240 days, and today just over
        (2_000, [59, 119], 75),  # 120 of 240 days, and within today
        (2_000, [90], 37),  # half-way to twice the cadence
        (2_000, [179, 239], 25),
        (2_000, [270], 6),  # begun before the window, the second half of its days within
        (20, [10], 100),  # known for short: measured from the first contact on
        (100, [99], 47),
        (100, [99, 39], 100),
    ],
)
def test_contact(known, days, expected):
    enterprise = firm(known=known)
    spoke(enterprise, *days)
    found = percent(CONTACT, enterprise)
    assert found == expected or abs(found - expected) <= 1  # noon is not midnight


def test_contact_goes_by_the_own_cadence():
    enterprise = firm(cadence_days=10)
    spoke(enterprise, 20, 30)
    assert percent(CONTACT, enterprise) == pytest.approx(25, abs=1)


def test_what_does_not_reset_the_gap_is_no_contact():
    enterprise = firm()
    spoke(enterprise, 1, is_two_way=False)
    spoke(enterprise, 2, withdrawn_at=timezone.now(), withdrawn_by=UserFactory(), withdrawn_because="x")
    question = MessageFactory(enterprise=enterprise, written_at=ago(3))
    assert percent(CONTACT, enterprise) is None
    MessageFactory(enterprise=enterprise, side="enterprise", answers=question, written_at=ago(2))
    assert percent(CONTACT, enterprise) > 0


def test_contact_as_it_was_known_then():
    enterprise = firm()
    spoke(enterprise, 230)
    then = today() - timedelta(days=150)
    before = percent(CONTACT, enterprise, then, then=True)
    TouchpointFactory(enterprise=enterprise, happened_at=ago(160), logged_at=ago(100))  # told too late
    spoke(enterprise, 140)  # after it
    assert percent(CONTACT, enterprise, then, then=True) == before
    TouchpointFactory(enterprise=enterprise, happened_at=ago(160), logged_at=ago(100), is_from_list=True)
    assert percent(CONTACT, enterprise, then, then=True) > before


# --- promises ----------------------------------------------------------------------------------------------------------


def promised(agreement, side, due, state="open", kept=None):
    closed = None if state == "open" else ago(kept if kept is not None else due)
    day = lambda n: today() - timedelta(days=n)
    return Obligation.objects.create(
        agreement=agreement, enterprise=agreement.enterprise, side=side, text="x", first_on=day(due + 30), due_on=day(due),
        state=state, kept_on=day(kept) if kept is not None else None, closed_at=closed,
        note="" if state in ("open", "kept") else "x", created_at=ago(due + 30),
    )  # fmt: skip


KEPT, KEPT_LATE, LATE, BROKEN, WAIVED, AHEAD, OLD = (
    (100, "kept", 101), (100, "kept", 90), (100,), (100, "breached"), (100, "waived"), (-5,), (800, "kept", 800),
)  # fmt: skip


@pytest.mark.parametrize("part", [KEPT_HERE, KEPT_THERE], ids=lambda part: part.name)
@pytest.mark.parametrize(
    ("duties", "expected"),
    [
        ([], None), ([AHEAD], None), ([WAIVED], None), ([OLD], None),
        ([KEPT], 100), ([LATE], 0), ([BROKEN], 0), ([KEPT_LATE], 50),
        ([KEPT, LATE], 50), ([KEPT, WAIVED, AHEAD], 100), ([KEPT, KEPT_LATE, BROKEN, LATE], 38),
    ],
)  # fmt: skip
def test_promises(part, duties, expected):
    agreement = AgreementFactory(enterprise=firm(), state="in_force")
    for duty in duties:
        promised(agreement, part.side, *duty)
    other = "school" if part.side == "enterprise" else "enterprise"
    promised(agreement, other, 100, "breached")  # is not the side's own
    assert percent(part, agreement.enterprise) == expected


def test_a_promise_kept_later_was_late_then():
    agreement = AgreementFactory(enterprise=firm(), state="in_force")
    promised(agreement, "school", 100, "kept", 20)
    assert percent(KEPT_HERE, agreement.enterprise, today() - timedelta(days=50), then=True) == 0
    assert percent(KEPT_HERE, agreement.enterprise) == 50


# --- runway ------------------------------------------------------------------------------------------------------------


def signed(enterprise, begins=700, left=400, state="in_force", **fields):
    """An agreement that began so many days ago and ends in so many, with the event of its entry."""
    day = today() - timedelta(days=begins)
    until = None if left is None else today() + timedelta(days=left)
    row = AgreementFactory(enterprise=enterprise, starts_on=day, ends_on=until, state=state, **fields)
    if state != "draft":
        event(row, "enter", begins)
    if state in ("expired", "renewed", "terminated"):
        event(row, {"expired": "expire", "renewed": "renew", "terminated": "terminate"}[state], -left)
    return row


def event(row, name, days):
    made = record(f"agreement.{name}", subject=row, stream=row.enterprise_id, by=None, happened_at=ago(days))
    type(made).objects.filter(pk=made.pk).update(recorded_at=ago(days))


RENEWS = {"auto_renews": True, "renewal_months": 12}
ENDED = {"ended_on": date(2030, 1, 1), "end_reason": "x"}


@pytest.mark.parametrize(
    ("agreements", "expected"),
    [
        ([], None),
        ([{"state": "draft"}], None),
        ([{"left": 365}], 100),
        ([{"left": 73}], 20),
        ([{"left": 0}], 0),
        ([{"left": None}], 100),
        ([{"left": 20, **RENEWS}], 100),
        ([{"left": -10, "state": "expired"}], 0),
        ([{"left": -10, "state": "expired"}, {"left": 73, "begins": 5}], 20),
        ([{"left": 73}, {"left": 146, "kind": "research"}], 40),
    ],
)
@pytest.mark.parametrize("then", [False, True], ids=["stored", "by events"])
def test_runway(agreements, expected, then):
    """By the stored terms and by what happened it is the same."""
    enterprise = firm()
    for agreement in agreements:
        signed(enterprise, **agreement)
    assert percent(RUNWAY_LEFT, enterprise, then=then) == expected


def test_a_shortened_term_counts_from_when_it_was_signed():
    enterprise = firm()
    base = signed(enterprise, left=600)
    amended = AgreementFactory(
        enterprise=enterprise, amends=base, nth=1, blocks=["term"], valid_from=today(), state="in_force",
        starts_on=base.starts_on, ends_on=today() + timedelta(days=73),
    )  # fmt: skip
    event(amended, "enter", 10)
    type(base).objects.filter(pk=base.pk).update(effective_until=amended.ends_on)
    assert percent(RUNWAY_LEFT, enterprise) == 20
    assert percent(RUNWAY_LEFT, enterprise, then=True) == 20
    assert percent(RUNWAY_LEFT, enterprise, today() - timedelta(days=11), then=True) == 100


def test_notice_given_ends_what_renews_itself():
    enterprise = firm()
    row = signed(enterprise, left=73, **RENEWS)
    type(row).objects.filter(pk=row.pk).update(ended_on=row.ends_on, end_reason="x")
    assert percent(RUNWAY_LEFT, enterprise) == 20


def test_what_expired_later_still_counted_then():
    enterprise = firm()
    signed(enterprise, left=-10, state="expired")
    assert percent(RUNWAY_LEFT, enterprise, today() - timedelta(days=83), then=True) == 20


# --- spread --------------------------------------------------------------------------------------------------------------


def came(enterprise, days=30, attended=True):
    held = Seminar.objects.create(
        title="x", place="x", organiser=UserFactory(), starts_at=ago(days), ends_at=ago(days) + NOON / 6, state="held"
    )
    return SeminarGuest.objects.create(
        seminar=held, enterprise=enterprise, invited_by=held.organiser, attended=attended
    )


WAYS = {
    "call": lambda firm: spoke(firm, 30, kind="call"),
    "visit": lambda firm: spoke(firm, 30, kind="visit"),
    "twice": lambda firm: spoke(firm, 30, 60, kind="visit"),
    "old visit": lambda firm: spoke(firm, 800, kind="visit"),
    "places": lambda firm: spoke(firm, 30, kind="call", internships_offered=3),
    "no places": lambda firm: spoke(firm, 30, kind="call", internships_offered=0),
    "jobs": lambda firm: spoke(firm, 30, kind="call", jobs_offered=1),
    "seminar": came,
    "need": lambda firm: looked_for(firm, met="accepted"),
    "need of nobody": lambda firm: looked_for(firm),
    "absent": lambda firm: came(firm, attended=False),
    "framework": lambda firm: signed(firm, kind="framework"),
    "research": lambda firm: signed(firm, kind="research"),
    "expired": lambda firm: signed(firm, kind="order_class", left=-5, state="expired"),
}


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ([], None), (["old visit"], None), (["absent"], None),
        (["call"], 0), (["expired"], 0), (["no places"], 0),
        (["visit"], 20), (["twice"], 20), (["seminar"], 20), (["framework"], 20), (["need"], 20),
        (["call", "need of nobody"], 0),
        (["visit", "places", "jobs"], 60), (["framework", "research", "visit"], 60),
        (["framework", "research", "visit", "places", "jobs", "seminar"], 100),
    ],
)  # fmt: skip
@pytest.mark.parametrize("then", [False, True], ids=["stored", "by events"])
def test_spread(ways, expected, then):
    enterprise = firm()
    for way in ways:
        WAYS[way](enterprise)
    assert percent(SPREAD, enterprise, then=then) == expected


# --- dependence -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def people():
    return SimpleNamespace(
        one=UserFactory(name="林薇"), other=UserFactory(name="周同"), hr=UserFactory(name="赵敏", role=Role.HR)
    )


def reachable(enterprise, *names):
    return [ContactFactory(enterprise=enterprise, name=name) for name in names]


def test_dependence_needs_three_contacts(people):
    enterprise = firm()
    reachable(enterprise, "赵敏", "钱波")
    spoke(enterprise, 10, 20, logged_by=people.one)
    assert percent(DEPENDENCE, enterprise) is None
    spoke(enterprise, 30, logged_by=people.one)
    assert percent(DEPENDENCE, enterprise) == 50


def test_dependence_by_side(people):
    enterprise = firm()
    first, second = reachable(enterprise, "赵敏", "钱波")
    for row in spoke(enterprise, 10, 20, 30, logged_by=people.one):
        row.contacts.add(first)
    assert percent(DEPENDENCE, enterprise) == 0
    for row in spoke(enterprise, 40, logged_by=people.other):
        row.contacts.add(first)
    assert percent(DEPENDENCE, enterprise) == 50
    for row in spoke(enterprise, 50, logged_by=people.other):
        row.contacts.add(second)
    assert percent(DEPENDENCE, enterprise) == 100


def test_dependence_on_whoever_alone_can_be_reached(people):
    enterprise = firm()
    reachable(enterprise, "赵敏")
    spoke(enterprise, 10, 20, 30, logged_by=people.one)
    spoke(enterprise, 40, logged_by=people.other)
    assert percent(DEPENDENCE, enterprise) == 50
    reachable(enterprise, "钱波")
    assert percent(DEPENDENCE, enterprise) == 100


def test_dependence_says_what_the_rule_says(people):
    """Every way in which somebody can take part, against rules.dependence through the page's own reading."""
    colleague, trip = UserFactory(name="蒋"), TripFactory()
    trip.colleagues.add(colleague)
    told = {"said_by": "孙总"}
    made = []
    for n in range(6):
        enterprise = firm()
        made.append(enterprise)
        reachable(enterprise, "赵敏", "钱波")[0].left_on = today()
        spoke(enterprise, 5, 6, logged_by=people.one)
        spoke(enterprise, 7, logged_by=people.one, trip=trip if n == 1 else None)
        if n == 2:
            for day in (8, 9, 10):
                spoke(enterprise, day, logged_by=people.hr)
        if n == 3:
            for day in (8, 9, 10):
                entry = ProxyEntryFactory(enterprise=enterprise, **told)
                spoke(enterprise, day, logged_by=people.other, proxy=entry)
        if n == 4:
            for day in (8, 9, 10):
                asked = MessageFactory(enterprise=enterprise, author=people.one, written_at=ago(day))
                MessageFactory(
                    enterprise=enterprise, side="enterprise", author=people.hr, answers=asked, written_at=ago(day - 1)
                )
        if n == 5:
            spoke(enterprise, 20, 21, 22, is_two_way=False, logged_by=people.other)
            spoke(enterprise, 400, 401, logged_by=people.other)
    hanging = dependence_of(made)
    assert {len(hanging.get(one.pk, ())) for one in made} == {0, 1, 2}
    for one in made:
        assert percent(DEPENDENCE, one) == 100 - 50 * len(hanging.get(one.pk, ()))


# --- asks and needs --------------------------------------------------------------------------------------------------------


def asked(enterprise, due=30, answered=None, **fields):
    values = {"state": "done", "answered_at": ago(answered)} if answered is not None else {}
    return Ask.objects.create(
        enterprise=enterprise, department=DepartmentFactory(), asked_by=UserFactory(), asked_at=ago(60), kind="survey",
        text="x", due_on=today() - timedelta(days=due), **values | fields,
    )  # fmt: skip


def looked_for(enterprise, posted=40, met=None, **fields):
    need = Need.objects.create(
        enterprise=enterprise, kind="research", title="x", from_on=today(), until_on=today(), posted_by=UserFactory(),
        posted_at=ago(posted), **fields,
    )  # fmt: skip
    if met:
        offer = Offer.objects.create(department=DepartmentFactory(), kind="expertise", title="x", owner=UserFactory())
        by = UserFactory()
        Match.objects.create(need=need, offer=offer, verdict=met, reason="x", decided_by=by, decided_at=ago(5))
    return need


ANSWER_CASES = {
    "in time": lambda firm: asked(firm, answered=40),
    "on the day": lambda firm: asked(firm, answered=30),
    "late": lambda firm: asked(firm, answered=20),
    "not at all": asked,
    "declined": lambda firm: asked(firm, answered=40, state="declined", answer_note="x"),
    "waits": lambda firm: asked(firm, due=-3),
    "withdrawn": lambda firm: asked(firm, state="withdrawn"),
    "met": lambda firm: looked_for(firm, met="accepted"),
    "declined by us": lambda firm: looked_for(firm, met="declined"),
    "nothing yet": looked_for,
    "fresh": lambda firm: looked_for(firm, posted=10),
    "fresh and met": lambda firm: looked_for(firm, posted=10, met="accepted"),
    "taken back": lambda firm: looked_for(firm, state="withdrawn"),
}


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([], None), (["waits"], None), (["withdrawn"], None), (["fresh"], None), (["taken back"], None),
        (["in time"], 100), (["on the day"], 100), (["declined"], 100), (["met"], 100), (["fresh and met"], 100),
        (["late"], 50), (["not at all"], 0), (["nothing yet"], 0), (["declined by us"], 0),
        (["in time", "not at all"], 50), (["met", "late", "nothing yet", "waits"], 50),
    ],
)  # fmt: skip
def test_answers(cases, expected):
    enterprise = firm()
    for case in cases:
        ANSWER_CASES[case](enterprise)
    assert percent(ANSWERS, enterprise) == expected
    assert len(ANSWERS.rows(enterprise, today())) == len(
        [case for case in cases if case not in ("waits", "withdrawn", "fresh", "taken back")]
    )


def test_what_was_answered_later_had_no_answer_then():
    enterprise = firm()
    ANSWER_CASES["late"](enterprise)
    ANSWER_CASES["met"](enterprise)
    assert percent(ANSWERS, enterprise, today() - timedelta(days=8), then=True) == 25  # late; the need waits 32 days
    assert percent(ANSWERS, enterprise, today() - timedelta(days=25), then=True) == 0


# --- open issues ------------------------------------------------------------------------------------------------------------


def item(enterprise, due, done=None):
    guest = came(enterprise, days=60)
    done = {"done_at": ago(done), "done_by": guest.invited_by, "done_name": "x"} if done is not None else {}
    return ActionItem.objects.create(
        seminar=guest.seminar, text="x", side="enterprise", enterprise=enterprise,
        due_on=today() - timedelta(days=due), **done,
    )  # fmt: skip


def letter(enterprise, days, side="enterprise", **fields):
    return MessageFactory(enterprise=enterprise, side=side, written_at=ago(days), **fields)


def answered(enterprise):
    letter(enterprise, 3, side="school", answers=letter(enterprise, 20))


ISSUE_CASES = {
    "letter": lambda firm: letter(firm, 20),
    "fresh letter": lambda firm: letter(firm, 3),
    "our letter": lambda firm: letter(firm, 20, side="school"),
    "answered": answered,
    "item late": lambda firm: item(firm, 5),
    "item ahead": lambda firm: item(firm, -5),
    "item done": lambda firm: item(firm, 5, done=1),
    "flag": lambda firm: Enterprise.objects.filter(pk=firm.pk).update(registry="abnormal", registry_on=today()),
    "checked": lambda firm: Enterprise.objects.filter(pk=firm.pk).update(registry="normal", registry_on=today()),
}


@pytest.mark.parametrize(
    ("issues", "expected"),
    [
        ([], None), (["checked"], 100), (["our letter"], 100), (["fresh letter"], 100), (["answered"], 100),
        (["item ahead"], 100), (["item done"], 100),
        (["letter"], 67), (["item late"], 67), (["flag"], 67),
        (["letter", "item late"], 33), (["letter", "item late", "flag"], 0),
        (["letter", "item late", "item late", "flag"], 0),
    ],
)  # fmt: skip
def test_issues(issues, expected):
    enterprise = firm()
    for issue in issues:
        ISSUE_CASES[issue](enterprise)
    assert percent(ISSUES, enterprise) == expected


def test_a_letter_answered_later_waited_then():
    enterprise = firm()
    answered(enterprise)
    assert percent(ISSUES, enterprise, today() - timedelta(days=5), then=True) == 67


# --- the figure ----------------------------------------------------------------------------------------------------------------


def test_the_figure_is_the_weighted_mean_of_what_is_known(settings):
    settings.HEALTH_PARTS = {
        "partnerships.health.contact.CONTACT": 30, "partnerships.health.promises.KEPT_THERE": 20,
        "partnerships.health.promises.RUNWAY_LEFT": 10,
    }  # fmt: skip
    enterprise = firm()
    agreement = signed(enterprise, left=73)
    promised(agreement, "enterprise", *KEPT_LATE)
    scope = Enterprise.objects.filter(pk=enterprise.pk)
    settings.HEALTH_FEWEST_PARTS = 3
    assert figures(scope, today())[enterprise.pk] == (-1, {"kept_there": 50, "runway": 20})
    settings.HEALTH_FEWEST_PARTS = 2
    assert figures(scope, today())[enterprise.pk][0] == 40  # (20 * 50 + 10 * 20) / 30
    spoke(enterprise, 0, 60, 120, 180, 239)
    assert figures(scope, today())[enterprise.pk][0] == 70  # (30 * 100 + 1200) / 60


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.name)
def test_a_part_asks_for_no_more_than_its_scope(part):
    """What happens at another partner changes nothing."""
    enterprise, other = firm(), firm()
    everything(other)
    assert figures(Enterprise.objects.filter(pk=enterprise.pk), today()) == {enterprise.pk: (-1, {})}


def everything(enterprise):
    for way in ("visit", "places", "jobs", "seminar", "framework", "need"):
        WAYS[way](enterprise)
    ISSUE_CASES["letter"](enterprise)
    spoke(enterprise, 1, 2, 3)
    for side in ("school", "enterprise"):
        promised(enterprise.agreements.first(), side, *KEPT_LATE)
    return enterprise


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.name)
def test_every_part_shows_its_rows_and_says_what_would_raise_it(part):
    for enterprise in (firm(), everything(firm())):
        rows, advice = part.rows(enterprise, today()), part.advice(enterprise, today())
        assert advice.text if advice else part is ISSUES
        assert advice is None or advice.url.startswith("/")
        assert all(row.text for row in rows)
        assert bool(rows) or not Touchpoint.objects.filter(enterprise=enterprise).exists() or part is ISSUES
    assert rows

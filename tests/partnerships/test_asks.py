"""Requests to an enterprise: within its budget, answered by either way, done, withdrawn, expired; who is told what."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from partnerships.models import Ask, AskBudget, Enterprise, ProxyEntry, Touchpoint
from partnerships.services import asks as services
from partnerships.services import links as link_services
from partnerships.services import matches
from partnerships.workflow import ASK, AskState
from records.models import Event
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Delivery, Switch, Task
from tests.partnerships.factories import AskFactory, ContactFactory, NeedFactory, UserFactory

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
SAID = {"source": "wechat", "said_by": "赵敏", "said_at": NOW - timedelta(minutes=5)}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def fields(**more):
    values = {"kind": "host", "text": "接收机电一体化实习生", "number": 20, "due_on": TODAY + timedelta(days=10)}
    return values | {"form_key": uuid.uuid4()} | more


def asked(cast, **more):
    return services.ask_enterprise(cast.a, **{"department": cast.d1, "by": cast.officer} | fields(**more))


# --- asking --------------------------------------------------------------------------------------------------------


def test_asked_once(cast):
    values = fields(contact=cast.foreman)
    ask = services.ask_enterprise(cast.a, department=cast.d1, by=cast.officer, **values)
    assert services.ask_enterprise(cast.a, department=cast.d1, by=cast.officer, **values) == ask
    assert (ask.state, ask.contact, ask.over_budget_because) == ("asked", cast.foreman, "")
    event = Event.objects.get(kind="ask.asked")
    assert (event.stream, event.audience, event.side) == (cast.a.pk, "both", "school")


@pytest.mark.parametrize(
    ("who", "department"),
    [("teacher", "d1"), ("hr", "d1"), ("officer", "d2"), ("other_officer", "d1"), ("disabled", "d1")],
)
def test_who_may_not_ask(cast, who, department):
    with pytest.raises(NotAllowed):
        services.ask_enterprise(cast.a, department=getattr(cast, department), by=getattr(cast, who), **fields())


@pytest.mark.parametrize(
    "wrong",
    [{"text": ""}, {"number": None}, {"kind": "x"}, {"due_on": TODAY}, {"due_on": TODAY + timedelta(days=181)},
     {"text": "x" * 501}],
)  # fmt: skip
def test_what_is_refused(cast, wrong):
    with pytest.raises(ValidationError):
        asked(cast, **wrong)
    assert not Ask.objects.exists()


def test_a_contact_of_somebody_else_is_refused(cast):
    for contact in (ContactFactory(enterprise=cast.b), ContactFactory(enterprise=cast.a, left_on=TODAY)):
        with pytest.raises(ValidationError):
            asked(cast, contact=contact)


def test_a_merged_partner_is_not_asked(cast):
    Enterprise.objects.filter(pk=cast.a.pk).update(merged_into=cast.b)
    with pytest.raises(Refused):
        asked(cast)


# --- the budget ----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(db):
    """At most two within 14 days, whatever the tier."""
    AskBudget.objects.update(most=2, days=14)


def busy(cast, days_ago, **more):
    return AskFactory(
        enterprise=cast.a, department=cast.d2, asked_by=cast.other_officer, asked_at=NOW - timedelta(days=days_ago),
        **more,
    )  # fmt: skip


def test_over_the_budget_who_and_until_when(cast, two):
    busy(cast, 3)
    asked(cast)
    with pytest.raises(Refused) as refused:
        asked(cast)
    assert f"{cast.d2} {cast.other_officer}" in str(refused.value)
    assert "at most 2 in 14 days" in str(refused.value)
    room = services.room_of(cast.a, TODAY)
    assert room.free_on == TODAY + timedelta(days=11)  # both expire unanswered on the tenth, the older leaves with it
    assert room.is_full


@pytest.mark.parametrize(
    ("state", "days_ago", "counts"),
    [("asked", 0, True), ("asked", 13, True), ("asked", 14, False), ("accepted", 5, True), ("declined", 1, False),
     ("done", 1, False), ("expired", 1, False), ("withdrawn", 1, False)],
)  # fmt: skip
def test_what_counts(cast, state, days_ago, counts):
    busy(cast, days_ago, state=state, answered_at=NOW, answer_note="x")
    assert len(services.room_of(cast.a, TODAY).busy_with) == int(counts)


def test_there_is_room_when_the_oldest_leaves_the_window(cast, two):
    for days_ago in (10, 4, 2):
        busy(cast, days_ago, due_on=TODAY + timedelta(days=60))
    assert services.room_of(cast.a, TODAY).free_on == TODAY + timedelta(days=10)  # two of three have to leave
    assert not services.room_of(cast.a, TODAY + timedelta(days=10)).is_full


def test_a_lead_asks_in_spite_of_that_and_says_why(cast, two):
    for _n in range(2):
        busy(cast, 1)
    with pytest.raises(Refused):
        services.ask_enterprise(cast.a, department=cast.d1, by=cast.lead, **fields())
    with pytest.raises(Refused):
        asked(cast, because="急")
    ask = services.ask_enterprise(cast.a, department=cast.d1, by=cast.lead, because="校长要求", **fields())
    assert ask.over_budget_because == "校长要求"
    assert Event.objects.get(kind="ask.over_budget").audience == "school"


def test_within_the_budget_no_reason_is_kept(cast):
    ask = services.ask_enterprise(cast.a, department=cast.d1, by=cast.lead, because="x", **fields())
    assert ask.over_budget_because == ""


def test_each_tier_has_its_own_row(cast):
    assert dict(AskBudget.objects.values_list("tier", "most")) == {1: 4, 2: 3, 3: 2}
    cast.a.tier = 1
    assert services.room_of(cast.a, TODAY).most == 4
    budget = AskBudget.objects.get(tier=1)
    budget.most = 9
    with pytest.raises(NotAllowed):
        services.set_budget(budget, by=cast.lead, changed=["most"])
    services.set_budget(budget, by=cast.administrator, changed=["most"])
    assert services.room_of(cast.a, TODAY).most == 9
    assert Event.objects.get(kind="ask.budget_changed").data["most"] == 9
    budget.most = 0
    with pytest.raises(ValidationError):
        services.set_budget(budget, by=cast.administrator, changed=["most"])


# --- answering -----------------------------------------------------------------------------------------------------


def test_hr_says_yes_with_a_number_and_it_is_a_contact(cast):
    ask = services.answer_ask(asked(cast), is_yes=True, number=12, note="两个车间", by=cast.hr)
    assert (ask.state, ask.answer_number, ask.answer_note, ask.answered_by) == ("accepted", 12, "两个车间", cast.hr)
    contact = Touchpoint.objects.get()
    assert (contact.side, contact.is_two_way) == ("enterprise", True)
    assert "12" in contact.summary
    cast.a.refresh_from_db()
    assert cast.a.had_contact
    assert Event.objects.get(kind="ask.accept").audience == "both"


def test_a_foreman_says_no_through_a_link(cast):
    ask = asked(cast)
    link = link_services.hand_out_ask(ask, by=cast.officer)
    assert link_services.hand_out_ask(ask, by=cast.officer) == link
    with pytest.raises(ValidationError):
        services.answer_ask(ask, is_yes=False, via=link, name="钱师傅")
    with pytest.raises(ValidationError):
        services.answer_ask(ask, is_yes=True, via=link, name=" ")
    ask = services.answer_ask(ask, is_yes=False, note="旺季", via=link, name="钱师傅")
    assert (ask.state, ask.who_answered, ask.answered_via) == ("declined", "钱师傅", link)
    with pytest.raises(Refused):
        services.answer_ask(ask, is_yes=True, via=link, name="钱师傅")
    with pytest.raises(Refused):
        link_services.hand_out_ask(ask, by=cast.officer)


def test_a_link_of_something_else_answers_nothing(cast):
    ask, other = asked(cast), asked(cast)
    for link in (
        link_services.hand_out_ask(other, by=cast.officer),
        link_services.hand_out_need(cast.a, by=cast.officer),
    ):
        with pytest.raises(Refused):
            services.answer_ask(ask, is_yes=True, via=link, name="钱师傅")


def test_an_officer_enters_the_answer(cast):
    ask = asked(cast)
    with pytest.raises(ValidationError):
        services.answer_ask(ask, is_yes=True, by=cast.officer)
    ask = services.answer_ask(ask, is_yes=True, by=cast.officer, on_behalf=SAID)
    assert (ask.who_answered, ask.proxy) == ("赵敏", ProxyEntry.objects.get())
    assert Touchpoint.objects.get().proxy == ask.proxy


@pytest.mark.parametrize("who", ["other_officer", "teacher", "stranger_hr", "former_hr"])
def test_who_may_not_answer(cast, who):
    with pytest.raises(NotAllowed):
        services.answer_ask(
            asked(cast), is_yes=True, by=getattr(cast, who), on_behalf=SAID if "hr" not in who else None
        )


def test_of_a_survey_the_answer_is_all(cast):
    ask = services.answer_ask(asked(cast, kind="survey", number=None), is_yes=True, note="见附件", by=cast.hr)
    assert (ask.state, bool(ask.closed_at)) == ("done", True)


ROLES = ("officer", "lead", "administrator", "other_officer", "teacher", "hr")
MAY = {"finish": {"officer", "lead", "administrator"}, "withdraw": {"officer", "lead", "administrator"}}


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("state", AskState.values)
@pytest.mark.parametrize("step", MAY)
def test_every_step_from_every_state_by_everybody(cast, who, state, step):
    ask = AskFactory(
        enterprise=cast.a, department=cast.d1, asked_by=cast.officer, state=state, answered_at=NOW, answer_note="x"
    )
    if who in MAY[step] and state in ASK.by_name[step].sources:
        assert services.move_ask(ask, step, by=getattr(cast, who), note="x").state == ASK.by_name[step].target
    else:
        with pytest.raises(Refused):
            services.move_ask(ask, step, by=getattr(cast, who), note="x")
        ask.refresh_from_db()
        assert ask.state == state


def test_withdrawing_needs_a_reason(cast):
    with pytest.raises(Refused):
        services.move_ask(asked(cast), "withdraw", by=cast.officer)


def test_it_expires_by_the_clock(cast):
    ask = asked(cast)
    assert services.expire_asks(ask.due_on) == 0
    assert services.expire_asks(ask.due_on + timedelta(days=1)) == 1
    assert services.expire_asks(ask.due_on + timedelta(days=1)) == 0
    with pytest.raises(Refused):
        services.answer_ask(ask, is_yes=True, by=cast.hr)


@pytest.mark.parametrize(
    "values",
    [{"text": ""}, {"kind": "host"}, {"state": "x"}, {"state": "accepted"}, {"state": "declined", "answered_at": NOW}],
)
def test_the_database_is_the_last_reviewer(cast, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        AskFactory(enterprise=cast.a, **values)


def test_a_request_that_follows_from_a_suggestion_holds_it(cast):
    wish = NeedFactory(enterprise=None, department=cast.d1)
    match = matches.decide("accepted", by=cast.officer, need=wish, enterprise=cast.a)
    ask = asked(cast, match=match)
    assert ask.match == match
    with pytest.raises(Refused):
        matches.reconsider(match, by=cast.officer)


# --- who is told ---------------------------------------------------------------------------------------------------


@pytest.fixture
def switched_on(db):
    for rule in services.RULES:
        Switch.objects.create(rule=rule, mode="on", changed_at=NOW - timedelta(days=900))


def told(rule):
    found = Delivery.objects.filter(rule=rule).order_by("step", "pk")
    return list(found.values_list("step", "side", "channel", "state", "reason"))


def test_the_enterprise_is_told_on_asking_and_once_before_it_expires(cast, switched_on):
    ask = asked(cast, contact=cast.foreman)
    assert Task.objects.open().get().due_on == ask.due_on
    for _n in range(2):  # a second pass adds nothing
        planner.plan(NOW)
        assert told("ask") == [(1, "enterprise", "hand", "forward", "")]
    planner.prepare_drafts(NOW)
    draft = Delivery.objects.get()
    assert (draft.link.purpose, draft.link.subject, draft.name) == ("ask", ask, cast.foreman.honorific)
    before = NOW + timedelta(days=7)
    for _n in range(2):
        planner.plan(before)
    assert told("ask") == [
        (1, "enterprise", "hand", "cancelled", "overtaken"),
        (2, "enterprise", "hand", "forward", ""),
    ]
    from reminders.rules import rules

    (words,) = rules()["ask"].words([draft]).values()
    assert ask.text in words.body
    services.answer_ask(ask, is_yes=True, via=draft.link, name="钱师傅", now=before)
    assert not Task.objects.open().filter(rule="ask").exists()
    draft.refresh_from_db()
    assert draft.state == "answered"


def test_by_mail_where_that_is_switched_on(cast, switched_on):
    Enterprise.objects.filter(pk=cast.a.pk).update(messages_automatic=True)
    contact = ContactFactory(enterprise=cast.a, email="zhao@example.org")
    asked(cast, contact=contact)
    planner.plan(NOW)
    assert told("ask") == [(1, "enterprise", "mail", "due", "")]


@pytest.mark.parametrize("ends", ["yes", "no", "expired"])
def test_who_asked_hears_how_it_ended_and_reads_it_off(cast, switched_on, ends):
    ask = asked(cast)
    later = NOW + timedelta(days=1)
    if ends == "expired":
        later = NOW + timedelta(days=12)
        services.expire_asks(timezone.localdate(later), now=later)
    else:
        services.answer_ask(ask, is_yes=ends == "yes", note="旺季", by=cast.hr, now=later)
    task = Task.objects.open().get()
    assert (task.rule, task.owner) == ("ask_answered", cast.officer)
    for _n in range(2):
        planner.plan(later)
        assert told("ask_answered") == [(1, "school", "mail", "due", "")]
    services.mark_seen(ask, by=cast.officer)
    assert not Task.objects.open().exists()
    with pytest.raises(NotAllowed):
        services.mark_seen(ask, by=cast.other_officer)


def test_where_the_asker_has_left_the_keeper_of_the_partner_hears_it(cast, switched_on):
    gone = UserFactory(department=cast.d1)
    ask = services.ask_enterprise(cast.a, department=cast.d1, by=gone, **fields())
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    services.answer_ask(ask, is_yes=True, by=cast.hr)
    assert Task.objects.open().get().owner == cast.officer


def test_a_withdrawn_one_is_told_to_nobody(cast, switched_on):
    services.move_ask(asked(cast), "withdraw", by=cast.officer, note="x")
    planner.plan(NOW)
    assert not Task.objects.open().exists()
    assert told("ask_answered") == []

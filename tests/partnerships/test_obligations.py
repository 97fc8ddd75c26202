"""What was promised: made from clauses, following the term, kept with proof, settled with a reason, carried over."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from partnerships.models import Agreement, Clause, Obligation
from partnerships.services import obligations as services
from partnerships.services.agreements import terms
from partnerships.services.enterprises import Conflict
from partnerships.workflow import OBLIGATION
from records import links
from records.models import Event, File
from records.workflow import NotAllowed, Refused, move
from tests.partnerships.factories import AgreementFactory
from tests.partnerships.test_models import changed, refused
from tests.stage import jpeg

START, END = date(2026, 9, 1), date(2029, 8, 31)
TODAY = date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def agreement(cast):
    return AgreementFactory(
        enterprise=cast.a, owner=cast.officer, state="in_force", starts_on=START, ends_on=END, places_per_year=20,
        kind="internship_base",
    )  # fmt: skip


@pytest.fixture
def clauses(db):
    Clause.objects.all().delete()
    return [
        Clause.objects.create(
            kind="internship_base",
            side="enterprise",
            text="提供实习岗位",
            every_months=12,
            count_from="places_per_year",
        ),
        Clause.objects.create(kind="", side="school", text="送年度报告", every_months=12),
        Clause.objects.create(
            kind="",
            side="school",
            text="举办交流活动",
            every_months=12,
            count_from="seminars_per_year",
            counter="seminars",
        ),
        Clause.objects.create(kind="research", side="school", text="提交成果", every_months=0, after_days=30),
        Clause.objects.create(kind="", side="school", text="不再使用", is_active=False),
    ]


def follow(agreement, **how):
    agreement.refresh_from_db()
    return services.follow_term(agreement, terms.versions_of(agreement), today=TODAY, **how)


def open_days(agreement):
    rows = agreement.obligations.filter(state="open").order_by("side", "due_on")
    return [(row.side, row.due_on.year) for row in rows]


def duty(agreement, cast, side="enterprise", **fields):
    values = {"text": "接待教师实践", "first_on": START, "due_on": date(2027, 1, 31), "form_key": uuid.uuid4()} | fields
    return services.add_obligation(agreement, by=cast.officer, side=side, **values)


def test_clauses_become_duties_of_their_side_once(cast, agreement, clauses):
    follow(agreement)
    follow(agreement)
    assert open_days(agreement) == [("enterprise", year) for year in (2027, 2028, 2029)] + [
        ("school", year) for year in (2027, 2028, 2029)
    ]
    places = agreement.obligations.filter(side="enterprise").first()
    assert (places.count, places.enterprise, places.owner) == (20, cast.a, None)
    assert agreement.obligations.filter(side="school").first().owner == cast.officer


def test_a_shorter_term_sets_aside_and_a_longer_one_takes_up(cast, agreement, clauses):
    follow(agreement)
    kept = agreement.obligations.filter(side="school", due_on__year=2028).get()
    services.keep_obligation(kept, kept_on=TODAY, by=cast.officer)
    Agreement.objects.filter(pk=agreement.pk).update(effective_until=date(2027, 8, 31))
    follow(agreement)
    assert open_days(agreement) == [("enterprise", 2027), ("school", 2027)]
    assert set(agreement.obligations.filter(is_beyond_term=True).values_list("due_on__year", flat=True)) == {2028, 2029}
    assert Obligation.objects.get(pk=kept.pk).state == "kept"
    Agreement.objects.filter(pk=agreement.pk).update(effective_until=END)
    follow(agreement)
    assert open_days(agreement) == [("enterprise", year) for year in (2027, 2028, 2029)] + [
        ("school", 2027),
        ("school", 2029),
    ]


def test_open_numbers_follow_the_text(cast, agreement, clauses):
    follow(agreement)
    first = agreement.obligations.filter(side="enterprise").first()
    services.keep_obligation(first, kept_on=TODAY, by=cast.hr)
    Agreement.objects.filter(pk=agreement.pk).update(places_per_year=30, seminars_per_year=2)
    follow(agreement)
    assert list(agreement.obligations.filter(side="enterprise").order_by("due_on").values_list("count", flat=True)) == [
        20,
        30,
        30,
    ]
    assert agreement.obligations.filter(counter="seminars").count() == 3


@pytest.mark.parametrize("who", ["officer", "lead", "administrator", "hr", "colleague_hr"])
def test_who_says_that_a_duty_of_the_enterprise_was_kept(cast, agreement, who):
    row = services.keep_obligation(
        duty(agreement, cast), kept_on=TODAY, by=getattr(cast, who), note="四名教师", files=[jpeg("x")]
    )
    assert (row.state, row.kept_on, row.note, row.closed_name) == ("kept", TODAY, "四名教师", str(getattr(cast, who)))
    assert File.objects.filter(subject_id=row.pk, name__startswith="x").exists()
    event = Event.objects.get(kind="obligation.keep")
    assert event.audience == "both"
    again = services.keep_obligation(row, kept_on=TODAY - timedelta(days=1), by=cast.officer)
    assert again.kept_on == TODAY


@pytest.mark.parametrize("who", ["other_officer", "teacher", "stranger_hr", "former_hr"])
def test_who_may_not(cast, agreement, who):
    if who in ("stranger_hr", "former_hr"):  # they do not even see it
        assert not Obligation.objects.visible_to(getattr(cast, who)).filter(pk=duty(agreement, cast).pk).exists()
        return
    with pytest.raises(NotAllowed):
        services.keep_obligation(duty(agreement, cast), kept_on=TODAY, by=getattr(cast, who))


def test_the_enterprise_settles_no_duty_of_the_school(cast, agreement):
    with pytest.raises(NotAllowed):
        services.keep_obligation(duty(agreement, cast, side="school"), kept_on=TODAY, by=cast.hr)


def test_a_duty_is_kept_through_a_link_by_whoever_says_who_they_are(cast, agreement):
    row, link = duty(agreement, cast), links.hand_out("agreement", subject=agreement, stream=cast.a.pk, by=cast.officer)
    with pytest.raises(ValidationError):
        services.keep_obligation(row, kept_on=TODAY, via=link, name=" ")
    other = links.hand_out("agreement", subject=agreement, stream=cast.b.pk, by=cast.officer)
    over = links.hand_out(
        "agreement",
        subject=agreement,
        stream=cast.a.pk,
        by=cast.officer,
        days=1,
        now=timezone.now() - timedelta(days=2),
    )
    for wrong in (other, over):
        with pytest.raises(Refused):
            services.keep_obligation(row, kept_on=TODAY, via=wrong, name="钱波")
    kept = services.keep_obligation(row, kept_on=TODAY, via=link, name="钱波")
    assert (kept.closed_name, kept.closed_via) == ("钱波", link)
    with pytest.raises(Refused):
        services.keep_obligation(duty(agreement, cast, side="school"), kept_on=TODAY, via=link, name="钱波")


def test_an_entry_on_behalf_asks_the_enterprise_to_check(cast, agreement):
    said = {"source": "phone", "said_by": "赵经理", "said_at": timezone.now()}
    row = services.keep_obligation(duty(agreement, cast), kept_on=TODAY, by=cast.officer, on_behalf=said)
    assert row.proxy.said_by == "赵经理"


def test_a_day_to_come_is_no_proof(cast, agreement):
    with pytest.raises(ValidationError):
        services.keep_obligation(
            duty(agreement, cast), kept_on=timezone.localdate() + timedelta(days=1), by=cast.officer
        )


@pytest.mark.parametrize(("step", "who", "state"), [("waive", "officer", "waived"), ("breach", "lead", "breached")])
def test_settled_with_a_reason_and_opened_again(cast, agreement, step, who, state):
    row = duty(agreement, cast)
    with pytest.raises(Refused):
        services.settle_obligation(row, step, by=getattr(cast, who), note=" ")
    row = services.settle_obligation(row, step, by=getattr(cast, who), note="双方商定")
    assert (row.state, row.note) == (state, "双方商定")
    row = services.settle_obligation(row, "reopen", by=cast.officer, note="还是要做")
    assert (row.state, row.note, row.closed_at) == ("open", "", None)


@pytest.mark.parametrize("who", ["officer", "other_officer", "hr"])
def test_only_leads_call_it_broken(cast, agreement, who):
    with pytest.raises(NotAllowed):
        services.settle_obligation(duty(agreement, cast), "breach", by=getattr(cast, who), note="x")


def test_a_duty_that_no_clause_made(cast, agreement):
    key = uuid.uuid4()
    assert duty(agreement, cast, form_key=key) == duty(agreement, cast, form_key=key)
    with pytest.raises(NotAllowed):
        services.add_obligation(
            agreement,
            by=cast.other_officer,
            side="school",
            form_key=uuid.uuid4(),
            text="x",
            first_on=START,
            due_on=START,
        )
    for wrong in (
        {"text": ""},
        {"due_on": START - timedelta(days=1)},
        {"owner": cast.officer},
        {"contact": cast.b.contacts.first()},
    ):
        with pytest.raises(ValidationError):
            duty(agreement, cast, **wrong)
    agreement.state = "draft"
    with pytest.raises(Refused):
        duty(agreement, cast)


def test_two_editors(cast, agreement):
    row = duty(agreement, cast)
    services.change_obligation(row, by=cast.officer, version=0, changes={"due_on": date(2027, 2, 28)})
    with pytest.raises(Conflict):
        services.change_obligation(row, by=cast.lead, version=0, changes={"due_on": date(2027, 3, 31)})
    assert Obligation.objects.get(pk=row.pk).due_on == date(2027, 2, 28)


def test_a_renewal_carries_over_what_is_open(cast, agreement, clauses):
    follow(agreement)
    row = duty(agreement, cast)
    kept = services.keep_obligation(duty(agreement, cast), kept_on=TODAY, by=cast.officer)
    new = AgreementFactory(
        enterprise=cast.a,
        owner=cast.officer,
        state="in_force",
        starts_on=END + timedelta(days=1),
        kind="internship_base",
        renews=agreement,
    )
    carried = services.carry_over(agreement, new, by=cast.officer)
    assert services.carry_over(agreement, new, by=cast.officer) == []
    assert [(one.carried_from, one.text, one.state) for one in carried] == [(row, row.text, "open")]
    assert Obligation.objects.get(pk=row.pk).state == "waived"
    assert Obligation.objects.get(pk=kept.pk).state == "kept"


def test_how_many_stand_in_which_state(cast, agreement):
    late, kept = duty(agreement, cast, due_on=TODAY - timedelta(days=1)), duty(agreement, cast)
    services.keep_obligation(kept, kept_on=TODAY, by=cast.officer)
    duty(agreement, cast)
    assert services.tally(agreement.obligations.all(), TODAY) == {"open": 1, "late": 1, "kept": 1}
    assert late.is_late(TODAY)
    assert not late.is_late(TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("values", "name"),
    [({"state": "lost"}, "state_known"), ({"side": "both"}, "done_by_its_side"), ({"text": ""}, "says_what"), ({"due_on": date(2020, 1, 1)}, "due_after_start"),
     ({"amount": -1}, "amount_not_negative"), ({"state": "kept"}, "kept_on_a_day"), ({"state": "waived"}, "settled_with_reason"),
     ({"state": "breached"}, "settled_with_reason"), ({"is_beyond_term": True}, "beyond_term_waived")],
)  # fmt: skip
def test_the_database_refuses(cast, agreement, values, name):
    row = duty(agreement, cast)
    refused(f"obligation_{name}", changed(Obligation, row.pk, **values))


@pytest.mark.parametrize("step", OBLIGATION.moves, ids=lambda step: step.name)
@pytest.mark.parametrize("state", list(Obligation.State))
@pytest.mark.parametrize("who", ["lead", "officer", "other_officer", "hr", "teacher"])
def test_every_state_and_person_allows_only_the_moves_of_the_table(cast, agreement, step, state, who):
    row, user = duty(agreement, cast), getattr(cast, who)
    Obligation.objects.filter(pk=row.pk).update(state=state, note="x", closed_at=timezone.now(), kept_on=TODAY)
    row.refresh_from_db()
    may = {
        "keep": ("lead", "officer", "hr"), "waive": ("lead", "officer"), "breach": ("lead",), "reopen": ("lead", "officer"),
        "set_aside": ("lead", "officer", "other_officer", "hr", "teacher"), "take_up": ("lead", "officer", "other_officer", "hr", "teacher"),
    }[step.name]  # fmt: skip
    if who not in may:
        with pytest.raises(NotAllowed):
            move(row, OBLIGATION, step.name, by=user, note="x")
    elif state not in step.sources:
        with pytest.raises(Refused):
            move(row, OBLIGATION, step.name, by=user, note="x")
    else:
        assert move(row, OBLIGATION, step.name, by=user, note="x").state == step.target

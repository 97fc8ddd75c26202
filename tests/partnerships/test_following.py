"""Promises follow term and text of their agreement, whatever changes it, and count what really happens."""

import uuid
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from partnerships.models import Agreement, Clause, Obligation, Seminar, SeminarGuest
from partnerships.obligations import record_of
from partnerships.services import obligations as services
from partnerships.services.agreements import amending, drafting, ending, terms
from partnerships.services.seminars import record_attendance
from partnerships.tasks import follow_obligations
from records.models import Event
from records.workflow import Refused
from tests.partnerships.factories import AgreementFactory, TouchpointFactory, signed_by_both

START, END = date(2026, 9, 1), date(2029, 8, 31)
TODAY = date(2026, 11, 25)
NOW = timezone.make_aware(datetime(2026, 11, 25, 10, 0))


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def clauses(db):
    Clause.objects.all().delete()
    places = {"kind": "internship_base", "side": "enterprise", "text": "提供实习岗位", "every_months": 12}
    return {
        "places": Clause.objects.create(**places, count_from="places_per_year", counter="places"),
        "report": Clause.objects.create(side="school", text="送年度报告", every_months=12),
        "events": Clause.objects.create(
            side="school", text="举办交流活动", every_months=12, count_from="seminars_per_year", counter="seminars"
        ),
    }


def signed(cast, **values):
    """An agreement that has just entered into force."""
    text = {"starts_on": START, "ends_on": END, "places_per_year": 20, "kind": "internship_base"}
    row = AgreementFactory(**{"enterprise": cast.a, "owner": cast.officer, "state": "signature"} | text | values)
    return terms.enter_into_force(signed_by_both(row), by=cast.officer, now=NOW)


def amended(cast, base, changes, *, valid_from, now=NOW):
    blocks = ["term"] if set(changes) & {"ends_on", "starts_on", "auto_renews"} else ["places"]
    row = amending.start_amendment(base, by=cast.officer, blocks=blocks, valid_from=valid_from, now=now)
    row = drafting.change_draft(row, by=cast.officer, version=0, changes=changes, now=now)
    Agreement.objects.filter(pk=row.pk).update(state="signature")
    terms.enter_into_force(signed_by_both(Agreement.objects.get(pk=row.pk)), by=cast.officer, now=now)
    return Agreement.objects.get(pk=base.pk)


def standing(agreement, **narrowed):
    rows = agreement.obligations.filter(**narrowed).order_by("side", "due_on")
    return [(row.side, row.due_on.isoformat(), row.count, row.state) for row in rows]


# --- the term ------------------------------------------------------------------------------------------------------


def test_entering_into_force_writes_down_what_clauses_promise(cast, clauses):
    base = signed(cast)
    assert standing(base) == [
        ("enterprise", f"{year}-08-31", 20, "open") for year in (2027, 2028, 2029)
    ] + [("school", f"{year}-08-31", None, "open") for year in (2027, 2028, 2029)]  # fmt: skip


def test_an_amendment_that_shortens_the_term_sets_aside_what_lies_beyond_and_cuts_the_last_period(cast, clauses):
    base = amended(cast, signed(cast), {"ends_on": date(2028, 6, 30)}, valid_from=date(2027, 1, 1))
    assert base.effective_until == date(2028, 6, 30)
    assert standing(base, side="school") == [
        ("school", "2027-08-31", None, "open"), ("school", "2028-06-30", None, "open"),
        ("school", "2029-08-31", None, "waived"),
    ]  # fmt: skip
    assert Event.objects.filter(kind="obligation.set_aside").count() == 2
    base = amended(cast, base, {"ends_on": END}, valid_from=date(2027, 2, 1))
    assert standing(base, side="school", state="open") == [
        ("school", f"{year}-08-31", None, "open") for year in (2027, 2028, 2029)
    ]
    assert Event.objects.filter(kind="obligation.take_up").count() == 2


def test_ending_early_sets_aside_the_rest(cast, clauses):
    base = signed(cast)
    ending.terminate_agreement(base, by=cast.lead, day=date(2027, 12, 31), reason="搬迁", now=NOW)
    assert [row[1] for row in standing(base, side="school", state="open")] == ["2027-08-31"]
    assert {row.note for row in base.obligations.filter(is_beyond_term=True)} == {
        "The agreement no longer asks for it."
    }


def test_renewing_itself_writes_down_the_next_years(cast, clauses):
    base = signed(cast, ends_on=date(2027, 8, 31), auto_renews=True, renewal_months=12)
    assert len(standing(base, side="school")) == 1
    terms.run_clock(date(2027, 8, 31), timezone.make_aware(datetime(2027, 8, 31, 1, 0)))
    assert [row[1] for row in standing(base, side="school")] == ["2027-08-31", "2028-08-31"]


def test_a_renewal_carries_over_what_nobody_else_promises_and_ends_what_lies_beyond(cast, clauses):
    former = signed(cast, ends_on=date(2027, 8, 31), auto_renews=True, renewal_months=24)
    terms.run_clock(date(2027, 8, 31), timezone.make_aware(datetime(2027, 8, 31, 1, 0)))
    own = services.add_obligation(
        former, by=cast.officer, side="enterprise", text="捐赠机床", first_on=START, due_on=date(2027, 6, 30),
        form_key=uuid.uuid4(),
    )  # fmt: skip
    renewal = AgreementFactory(
        enterprise=cast.a, owner=cast.officer, state="signature", kind="internship_base", renews=former,
        starts_on=date(2028, 9, 1), ends_on=date(2031, 8, 31), places_per_year=25,
    )  # fmt: skip
    terms.enter_into_force(
        signed_by_both(renewal), by=cast.officer, now=timezone.make_aware(datetime(2028, 3, 1, 9, 0))
    )
    former.refresh_from_db()
    assert (former.state, former.effective_until) == ("renewed", date(2028, 8, 31))
    assert [row[1] for row in standing(former, side="school", state="open")] == ["2027-08-31", "2028-08-31"]
    carried = renewal.obligations.get(clause=None)
    assert (carried.carried_from, carried.text, carried.due_on) == (own, "捐赠机床", date(2027, 6, 30))
    assert Obligation.objects.get(pk=own.pk).state == "waived"
    assert standing(renewal, side="enterprise", clause__isnull=False)[0] == ("enterprise", "2029-08-31", 25, "open")


def test_an_open_end_is_written_down_five_years_ahead_and_each_night_goes_on(cast, clauses):
    base = signed(cast, ends_on=None)
    assert [row[1][:4] for row in standing(base, side="school")] == ["2027", "2028", "2029", "2030", "2031"]
    assert terms.follow_horizon(TODAY) == 0  # nothing has come nearer
    assert terms.follow_horizon(date(2027, 8, 30)) == 0
    assert terms.follow_horizon(date(2027, 8, 31)) == 1
    assert terms.follow_horizon(date(2027, 8, 31)) == 0
    assert terms.follow_horizon(date(2027, 8, 30)) == 0  # a clock that went back sets nothing aside
    assert [row[1][:4] for row in standing(base, side="school", state="open")][-1] == "2032"


def test_the_nightly_run_is_one_call(cast, clauses, monkeypatch):
    base = signed(cast, ends_on=None)
    monkeypatch.setattr(timezone, "localdate", lambda *now: date(2028, 9, 1))
    follow_obligations()
    assert len(standing(base, side="school")) == 7


# --- the text ------------------------------------------------------------------------------------------------------


def test_each_period_promises_what_the_text_of_its_last_day_says(cast, clauses):
    base = amended(cast, signed(cast), {"places_per_year": 30}, valid_from=date(2028, 1, 1))
    assert [row[2] for row in standing(base, side="enterprise")] == [20, 30, 30]
    base = amended(cast, base, {"places_per_year": None, "seminars_per_year": 2}, valid_from=date(2029, 1, 1))
    assert [row[2:] for row in standing(base, side="enterprise")] == [(20, "open"), (30, "open"), (30, "waived")]
    assert standing(base, counter="seminars") == [("school", "2029-08-31", 2, "open")]


def test_a_day_changed_by_hand_stays_while_the_term_reaches_it(cast, clauses):
    base = signed(cast)
    first = base.obligations.filter(clause=clauses["report"]).order_by("due_on")[0]
    moved = date(2027, 10, 15)
    services.change_obligation(first, by=cast.officer, version=0, changes={"due_on": moved})
    amended(cast, base, {"places_per_year": 25}, valid_from=START)
    first.refresh_from_db()
    assert (first.due_on, first.state) == (moved, "open")
    amended(cast, Agreement.objects.get(pk=base.pk), {"ends_on": date(2027, 9, 30)}, valid_from=START)
    first.refresh_from_db()
    assert (first.due_on, first.state) == (date(2027, 8, 31), "open")


@pytest.mark.parametrize("changes", [{"first_on": date(2026, 10, 1)}, {"count": 5}], ids=str)
def test_what_the_agreement_says_is_amended_and_not_typed_over(cast, clauses, changes):
    row = signed(cast).obligations.filter(clause=clauses["places"])[0]
    with pytest.raises(ValidationError):
        services.change_obligation(row, by=cast.officer, version=0, changes=changes)


def test_a_clause_that_is_switched_off_sets_nothing_aside(cast, clauses):
    base = signed(cast)
    Clause.objects.filter(pk=clauses["report"].pk).update(is_active=False)
    base = amended(cast, base, {"ends_on": date(2028, 8, 31)}, valid_from=START)
    assert [row[3] for row in standing(base, side="school")] == ["open", "open", "waived"]


def test_twice_changes_nothing(cast, clauses):
    base = signed(cast, seminars_per_year=2)
    before, events = standing(base), Event.objects.count()
    for _n in range(2):
        services.follow_term(base, terms.versions_of(base), today=TODAY, now=NOW)
    assert (standing(base), Event.objects.count()) == (before, events)


# --- what really happens -------------------------------------------------------------------------------------------


def held(cast, day, *, came=True):
    begins = timezone.make_aware(datetime.combine(day, datetime.min.time().replace(hour=9)))
    seminar = Seminar.objects.create(
        title="座谈会", starts_at=begins, ends_at=begins + timedelta(hours=2), organiser=cast.officer, place="厅"
    )
    guest = SeminarGuest.objects.create(seminar=seminar, enterprise=cast.a, invited_by=cast.officer)
    record_attendance(seminar, by=cast.officer, attended=[guest.pk] if came else [], now=begins + timedelta(hours=3))
    return seminar


def test_events_count_within_their_days_and_keep_the_promise(cast, clauses):
    base = signed(cast, seminars_per_year=2)
    first, second, third = base.obligations.filter(counter="seminars").order_by("due_on")
    held(cast, date(2026, 10, 1))
    held(cast, date(2026, 12, 1), came=False)
    held(cast, date(2027, 9, 2))
    assert [services.counted(row) for row in (first, second, third)] == [1, 1, 0]
    assert not Obligation.objects.filter(state="kept").exists()
    held(cast, date(2027, 8, 31))
    first.refresh_from_db()
    assert (first.state, first.kept_on, first.closed_by) == ("kept", date(2027, 8, 31), None)
    assert Event.objects.filter(kind="obligation.keep").count() == 1
    with pytest.raises(Refused):
        services.settle_obligation(first, "reopen", by=cast.officer, note="再看看")
    assert services.keep_reached() == 0


def test_places_count_by_what_was_offered(cast, clauses):
    row = signed(cast).obligations.filter(counter="places").order_by("due_on")[0]
    for day, offered in ((date(2026, 9, 1), 8), (date(2027, 3, 1), 11), (date(2027, 9, 1), 5), (date(2026, 8, 31), 9)):
        moment = timezone.make_aware(datetime.combine(day, datetime.min.time()))
        TouchpointFactory(enterprise=cast.a, happened_at=moment, internships_offered=offered)
    assert services.counted(row) == 19
    assert services.keep_reached(now=NOW) == 0
    withdrawn = TouchpointFactory(enterprise=cast.a, happened_at=NOW, internships_offered=1)
    assert services.keep_reached(enterprises=[cast.b.pk], now=NOW) == 0
    assert services.keep_reached(enterprises=[cast.a.pk], now=NOW) == 1
    assert withdrawn.pk
    row.refresh_from_db()
    assert (row.state, row.kept_on) == ("kept", TODAY)


# --- the record ----------------------------------------------------------------------------------------------------


def test_the_record_of_both_sides_is_one_query_over_all_enterprises(cast, clauses, django_assert_num_queries):
    for enterprise, kind in ((cast.a, "internship_base"), (cast.b, "research")):
        base = signed(cast, enterprise=enterprise, kind=kind, starts_on=date(2022, 9, 1), ends_on=date(2026, 8, 31))
        reports = base.obligations.filter(clause=clauses["report"]).order_by("due_on")
        services.keep_obligation(reports[0], kept_on=TODAY, by=cast.lead)
        services.settle_obligation(reports[1], "breach", by=cast.lead, note="没有交")
        services.settle_obligation(reports[2], "waive", by=cast.lead, note="双方商定")
    with django_assert_num_queries(1):
        rows = list(services.standings(Obligation.objects.all(), TODAY))
    assert {(row["enterprise"], row["side"]) for row in rows} == {
        (cast.a.pk, "enterprise"), (cast.a.pk, "school"), (cast.b.pk, "school")
    }  # fmt: skip
    with django_assert_num_queries(1):
        record = record_of(cast.a.obligations.all(), TODAY)
    assert record["school"] == {"kept": 1, "due": 3, "share": 33}
    assert record["enterprise"] == {"kept": 0, "due": 4, "share": 0}

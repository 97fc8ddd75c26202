"""Contacts are logged by either side, once, and the last of them is kept on the enterprise."""

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Enterprise, Touchpoint
from partnerships.models.enterprise import NEVER
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services import touchpoints as services
from partnerships.services.touchpoints import check_last_contact, log_touchpoint, refresh_last_contacts, start_of
from records.models import Event, Side
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import (
    ContactFactory,
    EnterpriseFactory,
    MessageFactory,
    TouchpointFactory,
    UserFactory,
)

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
MARCH, MAY = datetime(2026, 3, 12, 2, tzinfo=UTC), datetime(2026, 5, 2, 2, tzinfo=UTC)


def log(cast, by=None, **said):
    said = {"kind": Kind.CALL, "happened_at": MARCH, "summary": "谈了冬季实习。", "now": NOW} | said
    return log_touchpoint(enterprise=said.pop("enterprise", cast.a), by=by or cast.officer, **said)


# --- who -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who", ["administrator", "lead", "officer", "other_officer", "hr", "colleague_hr", "hr_of_both"]
)
def test_either_side_logs_a_contact(cast, who):
    by = getattr(cast, who)
    touchpoint = log(cast, by, private_note="streng vertraulich")
    assert touchpoint.logged_by == by
    assert touchpoint.side == (Side.SCHOOL if by.is_school else Side.ENTERPRISE)
    assert touchpoint.private_note == ("streng vertraulich" if by.is_school else "")


@pytest.mark.parametrize("who", ["teacher", "counsellor", "former_hr", "stranger_hr", "disabled"])
def test_nobody_else_does(cast, who):
    with pytest.raises(NotAllowed):
        log(cast, getattr(cast, who))
    assert not Touchpoint.objects.exists()
    assert not Event.objects.filter(kind="touchpoint.logged").exists()


def test_an_officer_of_another_department_logs_for_any_partner(cast):
    assert log(cast, cast.other_officer, enterprise=cast.b).enterprise == cast.b


def test_a_merged_enterprise_takes_no_contacts(cast):
    merged = EnterpriseFactory(merged_into=cast.a)
    with pytest.raises(Refused):
        log(cast, enterprise=merged)


# --- what ----------------------------------------------------------------------------------------------------------


def test_the_event_stands_at_the_day_for_both_sides_without_the_private_note(cast):
    touchpoint = log(cast, side=Side.ENTERPRISE, private_note="Chef wechselt", agreed="Zwölf Plätze")
    event = Event.objects.of(touchpoint).get()
    assert (event.kind, event.stream, event.side, event.audience) == (
        "touchpoint.logged",
        cast.a.pk,
        "enterprise",
        "both",
    )
    assert event.happened_at == MARCH
    assert "Chef" not in str(event.data)


@pytest.mark.parametrize(
    ("who", "page", "typed"),
    [("officer", "touchpoint_new", {"kind": "call", "side": "school", "day": "0026-03-01", "summary": "x"}),
     ("officer", "proxy_new", {"source": "phone", "said_by": "x", "said_at": "0001-01-01T00:00", "summary": "x"}),
     ("officer", "message_on_behalf", {"source": "phone", "said_by": "x", "said_at": "0001-01-01T00:00", "body": "x"}),
     ("hr", "portal_touchpoint_new", {"kind": "call", "day": "0001-01-01", "precision": "term", "summary": "x"})],
)  # fmt: skip
def test_a_year_with_a_digit_too_few_is_refused_at_the_field(cast, signed_in, who, page, typed):
    address = reverse(f"partnerships:{page}", args=[cast.a.pk])
    response = signed_in(getattr(cast, who)).post(address, typed | {"form_key": uuid4()})
    assert response.status_code == 422
    assert set(response.context["form"].errors) <= {"day", "said_at"}
    assert not Event.objects.in_stream(cast.a.pk).exists()


def test_a_day_before_any_contact_is_refused(cast):
    with pytest.raises(ValidationError):
        log_touchpoint(
            enterprise=cast.a, by=cast.officer, kind=Kind.CALL, happened_at=NEVER - timedelta(days=1), now=NOW
        )


def test_a_day_ahead_is_refused_and_today_is_not(cast):
    with pytest.raises(ValidationError):
        log(cast, happened_at=NOW + timedelta(days=1))
    assert log(cast, happened_at=NOW + timedelta(hours=3)).pk, "later today may be a typing slip of the clock"


def test_the_same_form_sent_twice_is_one_contact(cast):
    key = uuid4()
    first, second = log(cast, form_key=key), log(cast, form_key=key, summary="noch einmal")
    assert first == second
    assert Touchpoint.objects.get().summary == "谈了冬季实习。"
    assert Event.objects.filter(kind="touchpoint.logged").count() == 1


def test_a_foreign_form_key_leads_nowhere(cast):
    """HR of B who sends a key seen at A gets no row of A."""
    key = log(cast).form_key
    with translation.override("en"), pytest.raises(Refused, match="already sent"):
        log(cast, cast.stranger_hr, enterprise=cast.b, form_key=key)


def test_contacts_of_another_enterprise_are_refused(cast):
    with pytest.raises(ValidationError):
        log(cast, contacts=[ContactFactory(enterprise=cast.b)])
    assert not Touchpoint.objects.exists()
    assert list(log(cast, contacts=[cast.foreman]).contacts.all()) == [cast.foreman]


def test_too_long_a_text_is_a_sentence_not_a_crash(cast):
    with pytest.raises(ValidationError) as error:
        log(cast, summary="长" * 2001)
    assert "summary" in error.value.error_dict


@pytest.mark.parametrize(
    ("precision", "day"),
    [(Precision.DAY, "2026-03-12"), (Precision.MONTH, "2026-03-01"), (Precision.TERM, "2026-02-01"),
     (Precision.YEAR, "2026-01-01")],
)  # fmt: skip
def test_a_vague_day_is_kept_as_its_beginning(precision, day):
    moment = start_of(timezone.localdate(MARCH), precision)
    assert timezone.localtime(moment).isoformat() == f"{day}T00:00:00+08:00"


# --- the last contact ----------------------------------------------------------------------------------------------


def stored(enterprise):
    return Enterprise.objects.get(pk=enterprise.pk).last_contact_at


def test_the_latest_two_way_contact_counts(cast):
    assert stored(cast.a) == NEVER
    log(cast, happened_at=MAY)
    log(cast, happened_at=MARCH)
    log(cast, happened_at=MAY + timedelta(days=30), is_two_way=False)
    assert stored(cast.a) == MAY
    assert stored(cast.b) == NEVER


def test_an_answer_counts_and_a_letter_nobody_answered_does_not(cast):
    letter = MessageFactory(enterprise=cast.a, written_at=MARCH)
    assert services.refresh_last_contact(cast.a) == NEVER
    MessageFactory(enterprise=cast.a, written_at=MARCH + timedelta(days=1), side=Side.SCHOOL, answers=letter)
    assert services.refresh_last_contact(cast.a) == NEVER, "the school answers itself"
    answer = MessageFactory(enterprise=cast.a, written_at=MAY, side=Side.ENTERPRISE, answers=letter)
    assert services.refresh_last_contact(cast.a) == answer.written_at
    MessageFactory(enterprise=cast.a, written_at=MAY + timedelta(days=1), side=Side.ENTERPRISE)
    assert services.refresh_last_contact(cast.a) == answer.written_at
    reply = MessageFactory(enterprise=cast.a, written_at=MAY + timedelta(days=2), side=Side.SCHOOL, answers=answer)
    assert services.refresh_last_contact(cast.a) == reply.written_at


def test_many_are_refreshed_in_few_queries(cast, django_assert_num_queries):
    for enterprise, moment in ((cast.a, MARCH), (cast.b, MAY)):
        TouchpointFactory(enterprise=enterprise, happened_at=moment)
    with django_assert_num_queries(5):  # savepoint, lock, update, whether the gap is watched, release
        refresh_last_contacts({cast.a.pk, cast.b.pk})
    assert (stored(cast.a), stored(cast.b)) == (MARCH, MAY)


def test_the_nightly_check_finds_what_differs_and_mends_it(cast):
    log(cast)
    out = StringIO()
    call_command("check_stored_figures", stdout=out)
    assert "agrees" in out.getvalue()
    TouchpointFactory(enterprise=cast.b, happened_at=MAY)  # written past the services
    assert [row.pk for row in check_last_contact()] == [cast.b.pk]
    with pytest.raises(CommandError, match="1 stored"):
        call_command("check_stored_figures", stdout=out)
    call_command("check_stored_figures", "--mend", stdout=out)
    assert not check_last_contact().exists()
    assert stored(cast.b) == MAY


class TestRace:
    """Two people log at once. The later contact must win, whoever writes last."""

    def race(self, monkeypatch):
        enterprise, officer = EnterpriseFactory(), UserFactory(role="officer")
        older_has_read, newer_is_done = threading.Event(), threading.Event()
        read = services.last_exchange

        def read_and_wait(row):
            moment = read(row)
            if moment == MAY:
                older_has_read.wait(1)
            else:
                older_has_read.set()
                newer_is_done.wait(1)
            return moment

        monkeypatch.setattr(services, "last_exchange", read_and_wait)

        def write(moment):
            try:
                log_touchpoint(
                    enterprise=Enterprise.objects.get(pk=enterprise.pk), by=officer, kind=Kind.CALL,
                    happened_at=moment, summary="x", now=NOW,
                )  # fmt: skip
            finally:
                if moment == MAY:
                    newer_is_done.set()
                connection.close()

        threads = [threading.Thread(target=write, args=(moment,)) for moment in (MAY, MARCH)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert Touchpoint.objects.filter(enterprise=enterprise).count() == 2
        return stored(enterprise)

    @pytest.mark.django_db(transaction=True)
    def test_the_lock_keeps_the_later_contact(self, monkeypatch):
        assert self.race(monkeypatch) == MAY

    @pytest.mark.django_db(transaction=True)
    def test_without_the_lock_it_is_lost(self, monkeypatch):
        monkeypatch.setattr(services, "lock_rows", lambda keys: list(Enterprise.objects.filter(pk__in=keys)))
        assert self.race(monkeypatch) == MARCH

"""The rhythm of contact over two years: the one statement against a plain count, and the page."""

import random
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Enterprise, Touchpoint
from partnerships.services.touchpoints import refresh_last_contacts
from reports import rhythm, services
from reports.models import RhythmMonth
from tests.partnerships.factories import EnterpriseFactory, MessageFactory, TouchpointFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 18)
NOON = timedelta(hours=12)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def partner(since=date(2020, 1, 1), **fields):
    return EnterpriseFactory(created_at=rhythm.midnight(since), **fields)


def spoke(enterprise, *days):
    for day in days:
        TouchpointFactory(enterprise=enterprise, happened_at=rhythm.midnight(day) + NOON)


def months(**kwargs):
    return {month.name: month for month in rhythm.months_of(Enterprise.objects.all(), TODAY, **kwargs)}


def plainly(enterprises, ends):
    """How many are within their cadence at each end, counted one by one."""
    found = []
    for end in ends:
        within = 0
        for enterprise in enterprises:
            days = [timezone.localdate(row.happened_at) for row in enterprise.touchpoints.all() if row.is_two_way]
            past = [day for day in days if day <= end]
            within += bool(past) and (end - max(past)).days < enterprise.cadence
        found.append(within)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_statement_counts_as_one_would_by_hand(seed):
    dice = random.Random(seed)
    enterprises = [
        partner(tier=dice.choice((1, 2, 3)), cadence_days=dice.choice((None, 7, 31, 200, 365))) for _ in range(6)
    ]
    for enterprise in enterprises:
        for _ in range(dice.randrange(9)):
            spoke(enterprise, TODAY - timedelta(days=dice.randrange(1100)))
    Touchpoint.objects.filter(pk__in=list(Touchpoint.objects.values_list("pk", flat=True))[::5]).update(
        is_two_way=False
    )
    found = list(months().values())
    assert len(found) == 24
    ends = [min(rhythm.first_of(month.first_day, -1) - timedelta(days=1), TODAY) for month in found]
    assert [month.within for month in found] == plainly(enterprises, ends)
    assert {month.partners for month in found} == {6}
    two_way = [timezone.localdate(row.happened_at) for row in Touchpoint.objects.filter(is_two_way=True)]
    assert [month.contacts for month in found] == [
        sum((day.year, day.month) == (month.first_day.year, month.first_day.month) for day in two_way)
        for month in found
    ]


def test_a_contact_lasts_as_long_as_the_cadence_to_the_day():
    enterprise = partner(tier=1)  # 30 days
    spoke(enterprise, date(2026, 9, 1))
    assert [months()[name].within for name in ("2026-08", "2026-09", "2026-10")] == [0, 1, 0]
    spoke(enterprise, date(2026, 10, 2))  # 29 days before the 31st
    assert months()["2026-10"].within == 1
    Touchpoint.objects.filter(happened_at__month=10).update(happened_at=rhythm.midnight(date(2026, 10, 1)) + NOON)
    assert months()["2026-10"].within == 0


def test_this_month_is_as_it_is_today():
    enterprise = partner(tier=1)
    spoke(enterprise, TODAY - timedelta(days=29))
    assert months()["2026-11"].within == 1  # though it will not last until the month's end
    Touchpoint.objects.update(happened_at=rhythm.midnight(TODAY - timedelta(days=30)) + NOON)
    assert months()["2026-11"].within == 0


def test_a_partner_counts_from_when_it_was_known():
    recorded = partner(since=date(2026, 6, 10))
    listed = partner(since=date(2026, 6, 10))
    spoke(listed, date(2026, 2, 3))  # came with the list's last visit
    assert recorded.pk != listed.pk
    assert [months()[name].partners for name in ("2026-01", "2026-02", "2026-05", "2026-06")] == [0, 1, 1, 2]
    assert months()["2026-01"].share is None


def test_answers_in_the_thread_count_and_letters_do_not():
    enterprise = partner()
    asked = MessageFactory(enterprise=enterprise, written_at=rhythm.midnight(date(2026, 5, 4)))
    assert months()["2026-05"].contacts == 0
    MessageFactory(
        enterprise=enterprise, side="enterprise", answers=asked, written_at=rhythm.midnight(date(2026, 5, 31)) + NOON
    )
    assert (months()["2026-05"].contacts, months()["2026-05"].answers, months()["2026-05"].within) == (1, 1, 1)


def test_the_evening_of_the_last_day_belongs_to_its_month():
    TouchpointFactory(enterprise=partner(), happened_at=rhythm.midnight(date(2026, 6, 1)) - timedelta(minutes=1))
    assert [months()[name].contacts for name in ("2026-05", "2026-06")] == [1, 0]


def test_nothing_at_all_is_no_fault():
    assert {month.share for month in months().values()} == {None}


# --- the whole school, counted once an hour ----------------------------------------------------------------------------


def scattered(seed):
    """Six partners with exchanges and answers here and there in three years, some of them today."""
    dice = random.Random(seed)
    for _n in range(6):
        enterprise = partner(tier=dice.choice((1, 2, 3)), cadence_days=dice.choice((None, 7, 31, 200)))
        spoke(enterprise, *(TODAY - timedelta(days=int(dice.expovariate(1 / 90))) for _ in range(dice.randrange(12))))
        asked = MessageFactory(enterprise=enterprise, written_at=rhythm.midnight(TODAY) - timedelta(days=40))
        MessageFactory(
            enterprise=enterprise, side="enterprise", answers=asked,
            written_at=rhythm.midnight(TODAY) - timedelta(days=dice.randrange(30)),
        )  # fmt: skip
    refresh_last_contacts(list(Enterprise.objects.values_list("pk", flat=True)))
    return dice


@pytest.mark.parametrize("seed", range(4))
def test_what_was_counted_and_this_month_are_what_the_statement_says(cast, seed):
    scattered(seed)
    plain = rhythm.months_of(rhythm.partners_of_everybody(), TODAY)
    assert rhythm.counted_months(TODAY) is None
    assert rhythm.months_shown("all", cast.lead, TODAY) == plain
    services.count_rhythm(now=rhythm.midnight(TODAY) + NOON)
    assert rhythm.counted_months(TODAY) == plain[:-1]
    assert rhythm.months_shown("all", cast.lead, TODAY) == plain
    spoke(Enterprise.objects.first(), TODAY)
    refresh_last_contacts(list(Enterprise.objects.values_list("pk", flat=True)))
    assert rhythm.months_shown("all", cast.lead, TODAY) == rhythm.months_of(rhythm.partners_of_everybody(), TODAY)


def test_counting_again_follows_what_was_logged_late(cast):
    scattered(1)
    services.count_rhythm(now=rhythm.midnight(TODAY))
    spoke(cast.a, TODAY - timedelta(days=100))
    assert rhythm.months_shown("all", cast.lead, TODAY) != rhythm.months_of(rhythm.partners_of_everybody(), TODAY)
    services.count_rhythm(now=rhythm.midnight(TODAY))
    assert rhythm.counted_months(TODAY) == rhythm.months_of(rhythm.partners_of_everybody(), TODAY)[:-1]
    assert RhythmMonth.objects.count() == rhythm.MONTHS - 1


def test_a_month_that_nobody_counted_yet_is_no_hole(cast):
    scattered(2)
    services.count_rhythm(now=rhythm.midnight(TODAY))
    next_month = rhythm.first_of(TODAY, -1)
    assert rhythm.counted_months(next_month) is None
    plain = rhythm.months_of(rhythm.partners_of_everybody(), next_month)
    assert rhythm.months_shown("all", cast.lead, next_month) == plain
    services.count_rhythm(now=rhythm.midnight(next_month))
    assert rhythm.counted_months(next_month) == plain[:-1]
    assert RhythmMonth.objects.count() == rhythm.MONTHS - 1


def test_the_own_portfolio_is_never_the_whole_school(cast):
    spoke(cast.a, TODAY)
    spoke(cast.b, TODAY)
    services.count_rhythm(now=rhythm.midnight(TODAY))
    assert rhythm.months_shown("mine", cast.officer, TODAY)[-1].contacts == 1
    assert rhythm.months_shown("all", cast.lead, TODAY)[-1].contacts == 2


# --- whose ----------------------------------------------------------------------------------------------------------


def test_whose_partners_each_may_look_at(cast):
    assert list(rhythm.scopes_of(cast.lead)) == ["mine", "department", "all"]
    assert list(rhythm.scopes_of(cast.officer)) == ["mine", "department"]
    assert list(rhythm.scopes_of(UserFactory())) == ["mine"]
    shared = EnterpriseFactory()
    shared.departments.add(cast.d1)
    assert set(rhythm.partners_in("department", cast.officer)) == {cast.a, shared}
    assert set(rhythm.partners_in("mine", cast.officer)) == {cast.a}
    Enterprise.objects.filter(pk=cast.a.pk).update(state="paused")
    assert not rhythm.partners_in("mine", cast.officer).exists()


def test_the_page_shows_numbers_and_leads_to_the_rows(cast, signed_in, django_assert_max_num_queries):
    now = timezone.now()
    for number in range(30):
        TouchpointFactory(enterprise=cast.a, happened_at=now - timedelta(minutes=number), logged_by=cast.officer)
    TouchpointFactory(enterprise=cast.b, happened_at=now, summary="外人的事")
    client, page = signed_in(cast.officer), reverse("reports:contact_rhythm")
    month = f"{timezone.localdate():%Y-%m}"
    with django_assert_max_num_queries(8):
        response = client.get(page, {"whose": "mine", "month": month})
    shown = response.content.decode()
    assert response.context["now"].contacts == 30
    assert f"?whose=mine&amp;month={month}#rows" in shown
    assert shown.count(reverse("partnerships:touchpoint_detail", args=[1])[:-2]) >= 30
    assert "外人的事" not in shown
    assert "外人的事" in signed_in(cast.lead).get(page, {"month": month}).content.decode()


@pytest.mark.parametrize(
    "query", [{"whose": "all"}, {"whose": "x"}, {"month": "2026-13"}, {"month": "x"}, {"after": "x"}]
)
def test_an_address_that_asks_for_too_much_falls_back(cast, signed_in, query):
    response = signed_in(cast.officer).get(reverse("reports:contact_rhythm"), query)
    assert response.status_code == 200
    assert response.context["whose"] == "department"

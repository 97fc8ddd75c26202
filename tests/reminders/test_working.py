"""Decent hours and days: tables of cases. The calendar of 2026 is that of the State Council's notice."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reminders.models import SpecialDay, Vacation
from reminders.working import Calendar, read_calendar

PLAIN = Calendar(special={})


def at(text):
    return timezone.make_aware(datetime.fromisoformat(text))


# --- days --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-19", True),  # a Thursday
        ("2026-11-21", False),  # a Saturday
        ("2026-11-22", False),
        ("2026-01-01", False),  # 元旦
        ("2026-02-14", True),  # a Saturday worked for the Spring Festival
        ("2026-02-17", False),  # 春节
        ("2026-02-28", True),  # another make-up Saturday
        ("2026-04-05", False),  # 清明
        ("2026-05-01", False),  # 劳动节
        ("2026-05-09", True),
        ("2026-06-19", False),  # 端午
        ("2026-09-25", False),  # 中秋
        ("2026-10-01", False),  # 国庆
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday worked for the National Day
        ("2026-10-11", False),
    ],
)
def test_who_is_at_work_on(day, works):
    assert PLAIN.is_working(date.fromisoformat(day)) is works


@pytest.mark.parametrize(("day", "works"), [("2026-11-19", False), ("2026-11-21", True), ("2026-10-01", True)])
def test_a_special_day_has_the_last_word(day, works):
    calendar = Calendar(special={date.fromisoformat(day): works})
    assert calendar.is_working(date.fromisoformat(day)) is works
    assert PLAIN.is_working(date.fromisoformat(day)) is not works


# --- hours -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "leaves"),
    [
        ("2026-11-19 07:59", "2026-11-19 08:00"),
        ("2026-11-19 08:00", None),
        ("2026-11-19 12:00", None),
        ("2026-11-19 19:59", None),
        ("2026-11-19 20:00", "2026-11-20 08:00"),
        ("2026-11-19 23:59", "2026-11-20 08:00"),
        ("2026-11-20 00:00", "2026-11-20 08:00"),
        ("2026-11-20 20:00", "2026-11-23 08:00"),  # Friday evening: Monday
        ("2026-11-21 12:00", "2026-11-23 08:00"),
        ("2026-02-13 20:00", "2026-02-14 08:00"),  # a make-up Saturday follows
        ("2026-02-14 19:59", None),
        ("2026-02-14 20:00", "2026-02-24 08:00"),  # the Spring Festival, 15 to 23 February
        ("2026-09-30 20:00", "2026-10-08 08:00"),
        ("2026-10-10 09:00", None),
    ],
)
def test_when_a_reminder_leaves(moment, leaves):
    assert PLAIN.is_decent(at(moment)) is (leaves is None)
    assert PLAIN.next_decent(at(moment)) == at(leaves or moment)


def test_a_special_day_off_moves_it_on():
    calendar = Calendar(special={date(2026, 11, 20): False, date(2026, 11, 21): True})
    assert calendar.next_decent(at("2026-11-19 20:00")) == at("2026-11-21 08:00")


def test_a_vacation_of_the_school_does_not_matter_for_the_hour():
    calendar = Calendar(special={}, vacations=((date(2026, 11, 1), date(2026, 11, 30)),))
    assert calendar.is_decent(at("2026-11-19 09:00"))


def test_hours_are_those_of_the_school_wherever_the_clock_stands():
    assert PLAIN.is_decent(datetime.fromisoformat("2026-11-19T00:00+00:00"))
    assert not PLAIN.is_decent(datetime.fromisoformat("2026-11-19T12:00+00:00"))


def test_a_calendar_without_a_working_day_says_so():
    never = {date(2026, 11, 19) + timedelta(days=number): False for number in range(500)}
    with pytest.raises(ValueError, match="no working day"):
        Calendar(special=never).next_decent(at("2026-11-19 09:00"))


@given(st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2026, 12, 20)))
def test_what_leaves_leaves_decently_and_never_before(moment):
    moment = timezone.make_aware(moment)
    leaves = PLAIN.next_decent(moment)
    assert leaves >= moment
    assert PLAIN.is_decent(leaves)
    assert PLAIN.next_decent(leaves) == leaves


# --- ladders -----------------------------------------------------------------------------------------------------


def reached(today, days, *vacations):
    spans = tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in vacations)
    found = Calendar(special={}, vacations=spans).reached(date.fromisoformat(today), days)
    return found and found.isoformat()


WINTER, SUMMER = ("2026-01-20", "2026-02-28"), ("2026-07-10", "2026-08-31")


@pytest.mark.parametrize(
    ("today", "days", "vacations", "due_on"),
    [
        ("2026-11-19", 0, [], "2026-11-19"),
        ("2026-11-19", 7, [], "2026-11-12"),
        ("2026-11-19", -7, [], "2026-11-26"),
        ("2026-11-19", 7, [WINTER], "2026-11-12"),  # long over
        ("2026-03-01", 0, [WINTER], "2026-03-01"),
        ("2026-03-01", 1, [WINTER], "2026-01-19"),  # the day before counts as yesterday
        ("2026-03-04", 7, [WINTER], "2026-01-16"),
        ("2026-03-08", 7, [WINTER], "2026-03-01"),
        ("2026-03-07", 7, [WINTER], "2026-01-19"),
        ("2026-01-19", -7, [WINTER], "2026-01-26"),  # a note before the day looks ahead over it
        ("2026-01-20", 0, [WINTER], None),  # its first and its last day stand still
        ("2026-02-28", 14, [WINTER], None),
        ("2026-02-10", -7, [WINTER], None),
        ("2026-09-01", 1, [WINTER, SUMMER], "2026-07-09"),
        ("2026-09-01", 140, [WINTER, SUMMER], "2026-01-11"),  # over both
        ("2028-03-01", 1, [], "2028-02-29"),  # a leap day counts
        ("2028-03-07", 7, [], "2028-02-29"),
        ("2028-03-01", 1, [("2028-02-29", "2028-02-29")], "2028-02-28"),  # unless it is a vacation
        ("2027-03-01", 1, [], "2027-02-28"),
    ],
)
def test_which_due_day_has_reached_a_step(today, days, vacations, due_on):
    assert reached(today, days, *vacations) == due_on


def test_a_vacation_without_an_end_reaches_nobody():
    assert reached("2026-11-19", 7, ("2020-01-01", "2026-11-18")) == date.min.isoformat()


@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.integers(1, 60), st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.integers(0, 90),
)  # fmt: skip
def test_as_many_days_of_school_lie_between(today, days, first, length):
    calendar = Calendar(special={}, vacations=((first, first + timedelta(days=length)),))
    found = calendar.reached(today, days)
    if calendar.is_vacation(today):
        assert found is None
    else:
        between = [found + timedelta(days=number) for number in range((today - found).days)]
        assert sum(not calendar.is_vacation(day) for day in between) == days


# --- the tables --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_is_read_with_two_questions(django_assert_num_queries):
    SpecialDay.objects.create(day=date(2026, 11, 21), is_working=True, note="运动会调休")
    Vacation.objects.create(name="寒假", starts_on=date(2026, 1, 20), ends_on=date(2026, 2, 28))
    with django_assert_num_queries(2):
        calendar = read_calendar()
    assert calendar == Calendar(special={date(2026, 11, 21): True}, vacations=((date(2026, 1, 20), date(2026, 2, 28)),))

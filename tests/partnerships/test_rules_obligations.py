"""When what was promised is due: tables of cases, and properties over any term."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerships.rules.obligations import HORIZON, kept_record, occurrences

TODAY = date(2026, 11, 25)
START = date(2026, 9, 1)


def days(until, **how):
    return [(due.first.isoformat(), due.on.isoformat()) for due in occurrences(START, until, today=TODAY, **how)]


@pytest.mark.parametrize(
    ("until", "how", "expected"),
    [(date(2029, 8, 31), {"every_months": 12}, [("2026-09-01", "2027-08-31"), ("2027-09-01", "2028-08-31"), ("2028-09-01", "2029-08-31")]),
     (date(2027, 8, 30), {"every_months": 12}, [("2026-09-01", "2027-08-30")]),
     (date(2027, 1, 1), {"every_months": 12}, []),
     (date(2027, 3, 2), {"every_months": 12}, [("2026-09-01", "2027-03-02")]),
     (date(2026, 12, 31), {"every_months": 1}, [("2026-09-01", "2026-09-30"), ("2026-10-01", "2026-10-31"), ("2026-11-01", "2026-11-30"), ("2026-12-01", "2026-12-31")]),
     (date(2027, 8, 31), {"every_months": 0, "after_days": 30}, [("2026-09-01", "2026-10-01")]),
     (date(2026, 9, 30), {"every_months": 0, "after_days": 30}, []),
     (date(2026, 10, 1), {"every_months": 0, "after_days": 30}, [("2026-09-01", "2026-10-01")])],
)  # fmt: skip
def test_when_it_is_due(until, how, expected):
    assert days(until, **how) == expected


def test_months_are_counted_from_the_beginning():
    found = occurrences(date(2026, 1, 31), date(2026, 5, 31), every_months=1, today=TODAY)
    assert [due.first.day for due in found] == [31, 28, 31, 30, 31][: len(found)]


def test_nothing_is_written_down_further_ahead_than_the_horizon():
    found = occurrences(START, date(9999, 12, 31), every_months=12, today=TODAY)
    assert len(found) == 5
    assert found[-1].on <= TODAY + HORIZON


@given(
    start=st.dates(date(2015, 1, 1), date(2035, 1, 1)), length=st.integers(0, 4000), months=st.integers(1, 24),
    day=st.dates(date(2015, 1, 1), date(2035, 1, 1)),
)  # fmt: skip
def test_periods_follow_each_other_within_the_term(start, length, months, day):
    until = start + timedelta(days=length)
    found = occurrences(start, until, every_months=months, today=day)
    for due, following in zip(found, found[1:], strict=False):
        assert following.first == due.last + timedelta(days=1)
    assert all(due.first <= due.on <= until for due in found)
    assert [due.on for due in found] == [due.on for due in occurrences(start, until, every_months=months, today=day)]


@given(start=st.dates(date(2015, 1, 1), date(2035, 1, 1)), days_more=st.integers(0, 2000), months=st.integers(1, 24))
def test_a_longer_term_keeps_the_first_days_of_all_periods(start, days_more, months):
    short, long = start + timedelta(days=800), start + timedelta(days=800 + days_more)
    before, after = (occurrences(start, until, every_months=months, today=start) for until in (short, long))
    assert {due.first for due in before} <= {due.first for due in after}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [({}, (0, 0, None)), ({"kept": 7, "breached": 1, "late": 1, "open": 5, "waived": 9}, (7, 9, 78)), ({"kept": 2}, (2, 2, 100))],
)  # fmt: skip
def test_the_record_of_kept_promises(counts, expected):
    assert tuple(kept_record(counts).values()) == expected


@pytest.mark.parametrize(
    ("start", "until", "months", "expected"),
    [
        (date(2027, 8, 31), date(2028, 8, 30), 6, ["2028-02-28", "2028-08-30"]),
        (date(2028, 2, 29), date(2030, 2, 27), 12, ["2029-02-27", "2030-02-27"]),
        (date(2028, 2, 29), date(2029, 2, 28), 12, ["2029-02-27"]),
        (date(2027, 12, 31), date(2028, 3, 30), 1, ["2028-01-30", "2028-02-28", "2028-03-30"]),
        (date(2027, 3, 1), date(2028, 2, 29), 12, ["2028-02-29"]),
    ],
)
def test_month_ends_and_leap_days(start, until, months, expected):
    found = occurrences(start, until, every_months=months, today=TODAY)
    assert [due.on.isoformat() for due in found] == expected

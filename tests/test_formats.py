"""Dates and numbers as the school writes them, in both languages."""

from datetime import date, datetime

import pytest
from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import override

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("zh-hans", "DATE_FORMAT", "2026年3月1日"),
        ("zh-hans", "MONTH_DAY_FORMAT", "3月1日"),
        ("zh-hans", "YEAR_MONTH_FORMAT", "2026年3月"),
        ("en", "DATE_FORMAT", "1 March 2026"),
        ("en", "SHORT_DATE_FORMAT", "2026-03-01"),
    ],
)
def test_dates(language, name, text):
    with override(language):
        assert date_format(DAY, name) == text


@pytest.mark.parametrize(("language", "text"), [("zh-hans", "2026年3月1日 08:05"), ("en", "1 March 2026 08:05")])
def test_moments(language, text):
    with override(language):
        assert date_format(datetime(2026, 3, 1, 8, 5), "DATETIME_FORMAT") == text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_numbers_are_grouped_in_threes(language):
    with override(language):
        assert intcomma(1234567) == "1,234,567"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_date_field_shows_what_the_browser_understands(language):
    with override(language):
        assert forms.DateField().widget.render("day", DAY).count('value="2026-03-01"') == 1


@pytest.mark.parametrize("typed", ["2026-03-01", "2026/3/1", "2026.3.1", "2026年3月1日"])
def test_a_date_may_be_typed_as_people_write_it(typed):
    with override("zh-hans"):
        assert forms.DateField().clean(typed) == DAY


@pytest.mark.parametrize("typed", ["2026-13-01", "1.3.2026", "昨天"])
def test_what_is_no_date_is_refused(typed):
    with override("zh-hans"), pytest.raises(forms.ValidationError):
        forms.DateField().clean(typed)

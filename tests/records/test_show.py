"""How values are shown."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django import forms
from django.template import engines
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from records.templatetags import show

NOW = timezone.make_aware(datetime(2026, 11, 23, 15, 0))


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(minutes=-59), "59 minutes ago"),
        (timedelta(minutes=30), "in 30 minutes"),
        (timedelta(hours=-5), "today 10:00"),
        (timedelta(hours=-16), "yesterday 23:00"),
        (timedelta(hours=20), "tomorrow 11:00"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(days=-13), "13 days ago"),
        (timedelta(days=5), "in 5 days"),
    ],
)
def test_moments_in_words(away, words):
    with translation.override("en"):
        assert show.near_moment(NOW + away, NOW) == words


def test_further_away_a_date_and_beyond_the_year_its_year():
    with translation.override("zh-hans"):
        assert show.near_moment(NOW - timedelta(days=14), NOW) == "11月9日"
        assert show.near_moment(NOW - timedelta(days=365), NOW) == "2025年11月23日"


def test_moment_carries_the_exact_one_for_hover_and_paper():
    with translation.override("zh-hans"):
        shown = show.moment(NOW - timedelta(days=3), NOW)
    assert 'title="2026年11月20日 15:00"' in shown
    assert '<span class="moment__exact">2026年11月20日 15:00</span>' in shown
    assert 'datetime="2026-11-20T15:00+08:00"' in shown


def test_dates_need_no_clock_and_nothing_stays_nothing():
    with translation.override("zh-hans"):
        assert "2024年9月1日" in show.moment(date(2024, 9, 1), NOW)
    assert show.moment(None) == "" == show.moment("")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(Decimal("1234567.895"), "¥1,234,567.90"), (0, "¥0.00"), (-12, "−¥12.00"), (None, ""), ("", "")],
)
def test_money(value, shown):
    assert show.yuan(value) == shown


@pytest.mark.parametrize(("name", "shown"), [("林薇", "林"), ("Lin Wei", "LW"), ("阿卜杜拉·买买提", "阿"), ("", "")])
def test_initials(name, shown):
    assert show.initials(name) == shown


@pytest.mark.parametrize(
    ("language", "words", "shown"),
    [
        ("zh-hans", ["地址", "规模"], "地址、规模"),
        ("en", ["address", gettext_lazy("size")], "address, size"),
        ("en", iter([1]), "1"),
        ("zh-hans", [], ""),
    ],
)
def test_listed(language, words, shown):
    with translation.override(language):
        assert show.listed(words) == shown


def test_unknown_drawings_draw_nothing():
    assert show.icon("no-such-thing") == ""
    assert 'aria-hidden="true"' in show.icon("partners")


def test_the_rhythm_ends_at_its_end():
    assert show.rhythm(71, 45, 60)["now_at"] == "59.2%"
    assert show.rhythm(4000, 45, 60)["now_at"] == "100.0%"
    assert show.rhythm(None, 45, 60)["now_at"] is None


class Visit(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the licence")
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "Visit"), ("b", "Call")], widget=forms.RadioSelect)
    seen = forms.BooleanField(label="Seen")


def test_a_refused_form_leads_from_the_summary_to_each_field():
    with translation.override("en"):
        page = str(Visit({"note": "kept <b>"}))
    assert page.count('class="error-summary"') == 1
    for name in ("name", "kind", "seen"):
        assert f'href="#id_{name}"' in page
        assert f'id="id_{name}"' in page
        assert f'id="id_{name}_error"' in page
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert 'id="id_name_helptext"' in page
    assert "kept &lt;b&gt;" in page
    assert 'href="#id_note"' not in page


def test_needed_fields_say_so_in_words_and_choices_are_groups():
    with translation.override("en"):
        page = str(Visit())
    assert "error-summary" not in page
    assert page.count('<span class="field__needed">required</span>') == 2  # the name and the kind; a tick says itself
    assert "<fieldset" in page
    assert "<legend>Kind" in page


def head(url, sort):
    from django.test import RequestFactory

    template = engines["django"].from_string(
        '<tr>{% include "_head.html" with label="Name" field="name" sort=sort only %}</tr>'
    )
    return template.render({"sort": sort}, request=RequestFactory().get(url))


def test_a_sorted_head_turns_round_and_keeps_the_filters():
    fresh = head("/?q=a&after=9", "last")
    assert "aria-sort" not in fresh
    assert 'href="?q=a&amp;sort=name"' in fresh
    up = head("/?sort=name", "name")
    assert 'aria-sort="ascending"' in up
    assert 'href="?sort=-name"' in up
    down = head("/?sort=-name&before=3", "-name")
    assert 'aria-sort="descending"' in down
    assert 'href="?sort=name"' in down

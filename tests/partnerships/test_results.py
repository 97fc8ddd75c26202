"""The results of years: entered for one or for many, summed, downloaded, read by the enterprise."""

import io
import uuid
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import YearResult
from partnerships.rules.years import current_year, read_year, year_label, years_offered
from partnerships.services.enterprises import Conflict
from partnerships.services.results import keep_result, totals
from records.models import Event
from records.workflow import NotAllowed
from tests.partnerships.browser import form_data
from tests.partnerships.factories import EnterpriseFactory
from tests.partnerships.test_models import changed, refused

YEAR = {"kind": "school", "year": 2025}


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


def text(response):
    return response.content.decode()


# --- years ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "day", "year"),
    [("school", date(2026, 8, 31), 2025), ("school", date(2026, 9, 1), 2026), ("school", date(2027, 1, 1), 2026),
     ("calendar", date(2026, 12, 31), 2026), ("calendar", date(2027, 1, 1), 2027)],
)  # fmt: skip
def test_which_year_a_day_lies_in(kind, day, year):
    assert current_year(kind, day) == year
    assert years_offered(kind, day)[0] == year


@pytest.mark.parametrize(
    ("word", "expected"),
    [("school-2024", ("school", 2024)), ("calendar-2024", ("calendar", 2024)), ("", ("school", 2026)),
     ("school-24", ("school", 2026)), ("school-1999", ("school", 2026)), ("lunar-2024", ("school", 2026)),
     ("school-２０２４", ("school", 2026)), (None, ("school", 2026))],
)  # fmt: skip
def test_the_year_of_an_address(word, expected):
    assert read_year(word, date(2026, 11, 25)) == expected


def test_how_a_year_reads():
    with translation.override("zh-hans"):
        assert year_label("school", 2026) == "2026-2027学年"
        assert year_label("calendar", 2026) == "2026年（自然年）"


# --- written -------------------------------------------------------------------------------------------------------


def test_written_changed_and_told(cast):
    row = keep_result(cast.a, by=cast.officer, changes={"interns": 12, "donated": Decimal("80000")}, **YEAR)
    row = keep_result(cast.a, by=cast.lead, version=0, changes={"interns": 14, "note": "约数"}, **YEAR)
    assert (row.interns, row.donated, row.version, row.entered_by) == (14, Decimal("80000"), 1, cast.lead)
    first, second = Event.objects.filter(kind="result.entered").order_by("pk")
    assert (first.audience, second.data["changes"]) == ("both", {"interns": ["12", "14"]})
    with pytest.raises(Conflict) as conflict:
        keep_result(cast.a, by=cast.officer, version=0, changes={"interns": 20}, **YEAR)
    assert conflict.value.rows[0]["theirs"] == "14"
    with pytest.raises(Conflict):
        keep_result(cast.a, by=cast.officer, changes={"interns": 20}, **YEAR)


def test_the_same_form_twice_is_one_row(cast):
    key = uuid.uuid4()
    first = keep_result(cast.a, by=cast.officer, changes={"interns": 12}, form_key=key, **YEAR)
    assert keep_result(cast.a, by=cast.officer, changes={"interns": 12}, form_key=key, **YEAR) == first
    assert keep_result(cast.b, by=cast.lead, changes={}, **YEAR) is None
    assert YearResult.objects.count() == 1


@pytest.mark.parametrize("who", ["other_officer", "hr", "teacher"])
def test_who_may_not_write(cast, who):
    with pytest.raises(NotAllowed):
        keep_result(cast.a, by=getattr(cast, who), changes={"interns": 1}, **YEAR)


@pytest.mark.parametrize("changes", [{"donated": Decimal("-1")}, {"interns": -1}, {"lent": Decimal("1e12")}], ids=str)
def test_what_cannot_be_is_refused(cast, changes):
    with pytest.raises(ValidationError):
        keep_result(cast.a, by=cast.officer, changes=changes, **YEAR)
    assert not YearResult.objects.exists()


@pytest.mark.parametrize(
    ("values", "name"),
    [({"kind": "lunar"}, "kind_known"), ({"year": 1999}, "year_sensible"), ({"donated": -1}, "donated_not_negative"),
     ({"lent": -1}, "lent_not_negative"), ({"service_income": -1}, "income_not_negative")],
)  # fmt: skip
def test_the_database_refuses(cast, values, name):
    row = keep_result(cast.a, by=cast.officer, changes={"interns": 1}, **YEAR)
    refused(f"result_{name}", changed(YearResult, row.pk, **values))


# --- pages ---------------------------------------------------------------------------------------------------------


def test_many_on_one_page(cast, signed_in):
    others = [EnterpriseFactory(owner=cast.officer) for _n in range(3)]
    client, address = signed_in(cast.officer), page("result_enter") + "?year=school-2025"
    shown = client.get(address)
    assert cast.b.name not in text(shown)  # not theirs
    data = form_data(shown, "stack")
    data |= {f"e{cast.a.pk}-interns": "12", f"e{others[0].pk}-service_income": "3500.50", f"e{others[1].pk}-hires": "0"}
    assert client.post(address, data | {f"e{cast.a.pk}-interns": "-3"}).status_code == 422
    assert client.post(address, data).status_code == 302
    assert client.post(address, data).status_code == 302  # sent twice
    kept = {row.enterprise_id: (row.interns, row.service_income, row.hires) for row in YearResult.objects.all()}
    assert kept == {
        cast.a.pk: (12, None, None), others[0].pk: (None, Decimal("3500.50"), None), others[1].pk: (None, None, 0)
    }  # fmt: skip


def test_who_was_slower_sees_what_is_kept_and_saves_again(cast, signed_in):
    keep_result(cast.a, by=cast.officer, changes={"interns": 12, "hires": 1}, **YEAR)
    client, address = signed_in(cast.officer), page("result_enter") + "?year=school-2025"
    mine = form_data(client.get(address), "stack") | {f"e{cast.a.pk}-interns": "20"}
    keep_result(cast.a, by=cast.lead, version=0, changes={"interns": 15, "hires": 4}, **YEAR)
    answer = client.post(address, mine)
    assert answer.status_code == 422
    assert "15" in text(answer)
    assert YearResult.objects.get().interns == 15
    assert client.post(address, form_data(answer, "stack")).status_code == 302
    row = YearResult.objects.get()
    assert (row.interns, row.hires) == (20, 4)


def test_one_enterprise_with_its_note_and_two_editors(cast, signed_in):
    client, address = signed_in(cast.officer), page("result_edit", cast.a.pk, "school", 2025)
    first = form_data(client.get(address))
    assert client.post(address, first | {"interns": "x"}).status_code == 422
    assert client.post(address, first | {"interns": "12", "note": "内部口径"}).status_code == 302
    assert client.post(address, first | {"interns": "13"}).status_code == 302  # the same form: the first stands
    assert "内部口径" in text(client.get(page("enterprise_detail", cast.a.pk)))
    again = form_data(client.get(address))
    assert client.post(address, again | {"hires": "3"}).status_code == 302
    late = client.post(address, again | {"hires": "5"})
    assert late.status_code == 409
    assert client.post(address, form_data(late)).status_code == 302
    row = YearResult.objects.get()
    assert (row.interns, row.hires) == (12, 5)
    for wrong in (page("result_edit", cast.a.pk, "lunar", 2025), page("result_edit", cast.a.pk, "school", 1999)):
        assert client.get(wrong).status_code == 404


def test_the_list_has_sums_and_goes_out_as_a_sheet(cast, signed_in):
    keep_result(cast.a, by=cast.lead, changes={"interns": 12, "donated": Decimal("80000")}, **YEAR)
    keep_result(cast.b, by=cast.lead, changes={"interns": 30, "note": "口径"}, **YEAR)
    keep_result(cast.b, by=cast.lead, changes={"interns": 99}, kind="calendar", year=2025)
    client = signed_in(cast.other_officer)
    shown = text(client.get(page("result_list") + "?year=school-2025"))
    assert cast.a.title in shown
    assert ">42<" in shown
    assert "¥80,000.00" in shown
    assert ">99<" not in shown
    assert totals(YearResult.objects.filter(kind="school"))["interns"] == 42
    book = client.get(reverse("reports:list_export", args=["results"]) + "?year=school-2025")
    rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).active.values)
    assert len(rows) == 4
    assert 42 in rows[-1]
    one = text(client.get(page("result_list") + f"?year=school-2025&q={cast.a.name}"))
    assert ">12<" in one
    assert ">42<" not in one
    assert text(client.get(page("result_list") + "?year=school-2019")).count('scope="row"') == 0


def test_the_enterprise_reads_its_own_figures_and_writes_back(cast, signed_in):
    keep_result(cast.a, by=cast.officer, changes={"interns": 12, "note": "内部口径"}, **YEAR)
    keep_result(cast.b, by=cast.lead, changes={"interns": 77}, **YEAR)
    portal = signed_in(cast.hr)
    shown = portal.get(page("portal_results", cast.a.pk))
    assert ">12<" in text(shown)
    assert ">77<" not in text(shown)
    assert "内部口径" not in text(shown)
    data = form_data(shown, "form card card--enterprise measure") | {"body": "实习生应为 13 人。"}
    assert portal.post(page("portal_thread", cast.a.pk), data).status_code == 302
    assert cast.a.messages.get().body == "实习生应为 13 人。"


def test_pages_cost_the_same_for_many(cast, signed_in):
    client, counts = signed_in(cast.officer), {}
    for number in (1, 15):
        for _n in range(number):
            keep_result(EnterpriseFactory(owner=cast.officer), by=cast.lead, changes={"interns": 3}, **YEAR)
        for address in (page("result_list") + "?year=school-2025", page("result_enter") + "?year=school-2025"):
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.setdefault(address, []).append(len(queries))
    assert [few == many for few, many in counts.values()] == [True, True], counts


def test_the_current_school_year_is_offered(cast, signed_in):
    year = current_year("school", timezone.localdate())
    assert page("result_edit", cast.a.pk, "school", year) in text(
        signed_in(cast.officer).get(page("enterprise_detail", cast.a.pk))
    )

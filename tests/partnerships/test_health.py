"""The stored health of partnerships: its one writer, its pages, who reads figures, and what it would have foreseen."""

import io
import re
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from python_calamine import CalamineWorkbook

from partnerships import tasks
from partnerships.health import backtest, shown
from partnerships.health.statement import figures, watched
from partnerships.models import Enterprise, Health, HealthMonth, Touchpoint
from partnerships.rules.terms import term_of
from partnerships.services import health
from partnerships.services.touchpoints import log_touchpoint
from partnerships.workflow import ENTERPRISE
from records.models import Event
from records.services import record
from records.workflow import move
from tests.partnerships.factories import EnterpriseFactory, TouchpointFactory, UserFactory
from tests.partnerships.test_health_parts import everything, firm, midnight, signed, spoke, today

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def lively():
    return everything(firm())


def stored():
    return {row.pk: (row.score, row.parts) for row in Health.objects.all()}


def plainly():
    """Recomputed one by one."""
    found = {}
    for enterprise in watched():
        found |= figures(Enterprise.objects.filter(pk=enterprise.pk), today())
    return found


# --- one writer ----------------------------------------------------------------------------------------------------------


def test_everybody_at_once_is_as_one_by_one(lively):
    firm()
    spoke(firm(), 5, 90)
    signed(firm(), left=30)
    firm(state="paused")
    firm(relation="host_only")
    assert health.refresh() == 4
    assert stored() == plainly()
    assert stored()[lively.pk][0] > 0
    assert health.refresh() == 4
    assert stored() == plainly()


def test_whoever_is_no_longer_active_has_no_health(lively):
    health.refresh()
    Enterprise.objects.filter(pk=lively.pk).update(state="ended")
    other = firm()
    health.refresh([other.pk])
    assert set(stored()) == {lively.pk, other.pk}  # only those that were asked for
    health.refresh([lively.pk])
    assert set(stored()) == {other.pk}


def test_what_happened_is_followed_within_a_minute(cast):
    health.refresh(now=timezone.now() - timedelta(hours=2))
    assert cast.a.pk in stored()
    before = stored()
    log_touchpoint(enterprise=cast.a, by=cast.officer, kind="call", happened_at=timezone.now())
    assert stored() == before
    assert health.refresh_changed() == 1
    assert stored()[cast.a.pk] != before[cast.a.pk]
    assert stored() == plainly()
    Event.objects.update(recorded_at=timezone.now() - timedelta(hours=1))
    assert health.refresh_changed() == 0


def test_a_partner_that_became_active_gets_its_health_within_a_minute(cast):
    Enterprise.objects.filter(pk=cast.a.pk).update(state="paused")
    health.refresh()
    assert cast.a.pk not in stored()
    move(cast.a, ENTERPRISE, "resume", by=cast.officer)
    health.refresh_changed()
    assert cast.a.pk in stored()


def test_the_nightly_check_finds_what_was_written_past_the_writer(lively, caplog):
    health.refresh()
    assert health.differing_health() == []
    Health.objects.update(score=3)
    assert health.differing_health() == [lively.pk]
    tasks.check_stored_figures()
    assert "1 partnerships show another health" in caplog.text
    with pytest.raises(CommandError):
        call_command("check_stored_figures", stdout=io.StringIO())
    call_command("check_stored_figures", "--mend", stdout=io.StringIO())
    assert health.differing_health() == []
    assert stored() == plainly()


def test_the_check_leaves_out_what_changed_since(lively):
    health.refresh()
    Touchpoint.objects.all().delete()
    assert health.differing_health() == [lively.pk]
    record("touchpoint.withdrawn", subject=lively, stream=lively.pk, by=None)
    assert health.differing_health() == []


def test_a_night_writes_all_and_once_how_the_month_began(lively):
    tasks.refresh_health()
    row = HealthMonth.objects.get()
    assert (row.enterprise, row.month) == (lively, today().replace(day=1))
    HealthMonth.objects.update(score=1)
    tasks.refresh_health()
    assert HealthMonth.objects.get().score == 1  # what is written stays
    assert stored() == plainly()


def test_a_snapshot_is_what_was_known_when_the_month_began():
    enterprise = firm()
    everything(enterprise)
    month = (today() - timedelta(days=50)).replace(day=1)
    assert health.take_snapshot(month) == 1
    first = HealthMonth.objects.get().parts
    HealthMonth.objects.all().delete()
    spoke(enterprise, 0)
    health.take_snapshot(month)
    assert HealthMonth.objects.get().parts == first
    assert health.take_snapshot(month) == 0


def test_too_little_data_leaves_no_month():
    firm()
    health.refresh()
    assert health.take_snapshot(today().replace(day=1)) == 0


# --- who reads what --------------------------------------------------------------------------------------------------------


def write(enterprise, score, **percents):
    values = {"score": score, "parts": percents, "refreshed_at": timezone.now()}
    Health.objects.update_or_create(enterprise=enterprise, defaults=values)


def page(client, name, *arguments, **query):
    response = client.get(reverse(f"partnerships:{name}", args=arguments), query)
    assert response.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())


def test_an_officer_reads_words_and_never_the_figure(cast, signed_in, monkeypatch):
    """Two figures that read alike make the same page, to the byte; for a lead they do not."""
    everything(cast.a)
    pages = {}
    for score, percent in ((61, 73), (68, 88)):
        write(cast.a, score, contact=percent, runway=percent - 60)
        HealthMonth.objects.update_or_create(
            enterprise=cast.a, month=date(2026, 1, 1), defaults={"score": score, "parts": {}}
        )
        found = {cast.a.pk: (score, {"contact": percent, "runway": percent - 60})}
        monkeypatch.setattr(shown, "figures", lambda scope, day, found=found: found)
        for reader in (cast.officer, cast.other_officer, cast.lead):
            client = signed_in(reader)
            for name in ("enterprise_detail", "enterprise_health"):
                pages.setdefault((reader.name, name), []).append(page(client, name, cast.a.pk))
    for (reader, name), (one, other) in pages.items():
        assert (one == other) == (reader != "lead" or name == "enterprise_detail"), (reader, name)
    words = pages["officer", "enterprise_health"][0]
    assert "good" in words
    assert "/ 100" not in words
    assert "/ 100" in pages["lead", "enterprise_health"][0]


def test_officers_cannot_sort_filter_or_export_by_it(cast, signed_in):
    client = signed_in(cast.officer)
    for name in ("health_list", "health_portfolios"):
        assert client.get(reverse(f"partnerships:{name}")).status_code == 403
    assert client.get(reverse("reports:list_export", args=["health"])).status_code == 403
    for query in ({"sort": "health"}, {"level": "weak"}):
        write(cast.a, 10)
        write(cast.b, 90)
        one = page(client, "enterprise_list", **query)
        write(cast.a, 90)
        write(cast.b, 10)
        assert page(client, "enterprise_list", **query) == one
    assert reverse("partnerships:health_list") not in page(client, "enterprise_list")
    assert reverse("partnerships:health_list") in page(signed_in(cast.lead), "enterprise_list")


def test_the_enterprise_reads_nothing_of_it(cast, signed_in):
    everything(cast.a)
    write(cast.a, 61, contact=73)
    client = signed_in(cast.hr)
    for name in ("enterprise_health", "enterprise_detail"):
        assert client.get(reverse(f"partnerships:{name}", args=[cast.a.pk])).status_code == 403
    assert client.get(reverse("partnerships:enterprise_health", args=[cast.b.pk])).status_code == 404
    for name in ("portal_home", "portal_partnership", "portal_company", "portal_agreements"):
        assert "health" not in page(client, name, cast.a.pk).lower()
    assert not Health.objects.visible_to(cast.hr).exists()
    assert not HealthMonth.objects.visible_to(cast.officer).exists()
    assert Health.objects.visible_to(cast.lead).exists()


# --- pages -------------------------------------------------------------------------------------------------------------------


def test_the_page_shows_each_part_its_rows_and_what_would_raise_it(lively, cast, signed_in):
    shown_page = page(signed_in(cast.lead), "enterprise_health", lively.pk)
    for part in shown.parts():
        assert f'id="{part.name}"' in shown_page
        assert str(part.label) in shown_page
    assert reverse("partnerships:touchpoint_detail", args=[lively.touchpoints.first().pk]) in shown_page
    assert "What would raise it" in shown_page
    assert reverse("partnerships:thread", args=[lively.pk]) in shown_page


def test_the_page_costs_no_more_with_many_rows(cast, signed_in, django_assert_max_num_queries):
    enterprise = everything(firm())
    spoke(enterprise, *range(1, 60))
    for kind in ("research", "order_class", "training_base"):
        signed(enterprise, kind=kind)
    client = signed_in(cast.lead)
    with django_assert_max_num_queries(40):
        page(client, "enterprise_health", enterprise.pk)


def test_the_trend_is_for_leads(lively, cast, signed_in):
    for month in range(1, 7):
        HealthMonth.objects.create(enterprise=lively, month=date(2026, month, 1), score=40 + month, parts={})
    assert "2026-05" in page(signed_in(cast.lead), "enterprise_health", lively.pk)
    assert "2026-05" not in page(signed_in(cast.officer), "enterprise_health", lively.pk)


def test_an_enterprise_without_a_rhythm_has_no_health(cast, signed_in):
    host = EnterpriseFactory(relation="host_only")
    assert "Only active partners have one" in page(signed_in(cast.officer), "enterprise_health", host.pk)
    assert "health-title" not in page(signed_in(cast.officer), "enterprise_detail", host.pk)


def test_a_merged_one_leads_on(cast, signed_in):
    Enterprise.objects.filter(pk=cast.b.pk).update(merged_into=cast.a)
    response = signed_in(cast.officer).get(reverse("partnerships:enterprise_health", args=[cast.b.pk]))
    assert response.headers["Location"] == reverse("partnerships:enterprise_health", args=[cast.a.pk])


def test_leads_page_through_the_partners_by_figure(cast, signed_in):
    for n in range(120):
        write(firm(name=f"第{n:03d}厂", owner=cast.officer), (n * 37) % 101 if n % 10 else -1, contact=20)
    client, found, address = signed_in(cast.lead), [], "?owner=" + str(cast.officer.pk)
    while address:
        response = client.get(reverse("partnerships:health_list") + address)
        found += [row.score for row in response.context["page"]]
        address = response.context["page"].next
    assert found == sorted(found)
    assert len(found) == 108  # without those that have no figure
    response = client.get(reverse("partnerships:health_list"), {"level": "unknown"})
    assert {row.score for row in response.context["page"]} == {-1}
    weak = client.get(reverse("partnerships:health_list"), {"level": "weak", "sort": "-health"})
    scores = [row.score for row in weak.context["page"]]
    assert scores == sorted(scores, reverse=True)
    assert scores
    assert {0 <= score < 40 for score in scores} == {True}
    assert "contact in its own rhythm" in weak.content.decode()


@pytest.mark.parametrize("query", [{"level": "x"}, {"sort": "x"}, {"after": "x"}, {"q": "恒力", "owner": "x"}])
def test_an_address_that_asks_for_what_is_not_there_narrows_nothing(cast, signed_in, query):
    write(cast.a, 50)
    assert cast.a.title in page(signed_in(cast.lead), "health_list", **query)


def test_the_list_is_query_flat(cast, signed_in, django_assert_num_queries):
    client = signed_in(cast.lead)
    write(cast.a, 50)
    page(client, "health_list")  # what is read once per process is read now
    with CaptureQueriesContext(connection) as asked:
        page(client, "health_list")
    for n in range(50):
        write(firm(owner=UserFactory()), n)
    with django_assert_num_queries(len(asked)):
        page(client, "health_list")


def test_portfolios_by_person_and_department(cast, signed_in):
    write(cast.a, 30)
    write(firm(owner=cast.officer), 80)
    write(firm(owner=cast.officer), -1)
    write(cast.b, 50)
    rows = {row.name: row for row in shown.portfolios(cast.lead, "owner")}
    mine = rows[cast.officer.name]
    assert (mine.partners, mine.mean) == (3, 55)
    assert [number for _word, number in mine.levels] == [1, 0, 1, 1]
    assert rows[""].partners == 1
    assert shown.portfolios(cast.officer, "owner") == []
    client = signed_in(cast.lead)
    assert f"?owner={cast.officer.pk}&amp;level=weak" in page(client, "health_portfolios")
    assert cast.d1.name in page(client, "health_portfolios", by="department")


def test_the_sheet_is_for_leads(cast, signed_in):
    write(cast.a, 61, contact=73)
    write(cast.b, 90)
    response = signed_in(cast.lead).get(reverse("reports:list_export", args=["health"]), {"level": "so_so"})
    rows = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(response.streaming_content))).get_sheet_by_index(0)
    rows = [row for row in rows.to_python() if cast.a.name in row or cast.b.name in row]
    assert len(rows) == 1
    assert rows[0][6:8] == [61, 73]


# --- what it would have foreseen -------------------------------------------------------------------------------------------------


TERM = term_of(today() - timedelta(days=200)).previous


def at(days):
    """A moment so many days after the term began; negative: before."""
    return midnight(TERM.first_day + timedelta(days=days)) + timedelta(hours=12)


def talked(enterprise, *days):
    for n in days:
        TouchpointFactory(enterprise=enterprise, happened_at=at(n), logged_at=at(n))


def partner(name, *days, since=-900, **fields):
    enterprise = EnterpriseFactory(name=name, created_at=at(since), tier=2, **fields)
    talked(enterprise, *days)
    return enterprise


def judged(term=None):
    verdict = backtest.judge(term or TERM)
    return verdict, {one.name: one for one in verdict.judged}


@pytest.fixture
def past(settings):
    settings.HEALTH_FEWEST_PARTS = 1
    last = (TERM.last_day - TERM.first_day).days
    partner("常来常往", -100, -50, -10, 30, 90, last - 20)
    partner("渐行渐远", -300, -120, 5)
    partner("突然失联", -100, -50, -10)
    ended = partner("中途结束", -100, -40, 20, last - 5, state="ended")
    step(ended, "end", 60, "active", "ended")
    partner("后来才到", 20, 60, since=10)
    paused = partner("当时暂停", -100, 10, last - 5)
    step(paused, "pause", -30, "active", "paused")
    step(paused, "resume", 30, "paused", "active")
    return last


def step(enterprise, name, days, before, after):
    data = {"from": before, "to": after}
    made = record(
        f"enterprise.{name}", subject=enterprise, stream=enterprise.pk, by=None, data=data, happened_at=at(days)
    )
    Event.objects.filter(pk=made.pk).update(recorded_at=at(days))


def test_who_was_there_and_what_became_of_them(past):
    verdict, found = judged()
    assert {name: one.lost for name, one in found.items()} == {
        "常来常往": "", "渐行渐远": "silent", "突然失联": "silent", "中途结束": "ended",
    }  # fmt: skip
    assert verdict.base_rate == 0.75
    assert found["渐行渐远"].score < found["常来常往"].score
    assert found["突然失联"].days == 9  # on the day before the term
    assert [one.name for one in verdict.kept_against_it] == ["常来常往"]


def test_an_agreement_that_ran_out_is_a_loss_and_a_renewed_one_is_not(past):
    enterprise, begun = Enterprise.objects.get(name="常来常往"), (today() - TERM.first_day).days
    signed(enterprise, begins=begun + 400, left=60 - begun, state="expired")
    assert judged()[1]["常来常往"].lost == "agreement ran out"
    signed(enterprise, begins=begun - 65, left=300, kind="research")
    assert judged()[1]["常来常往"].lost == ""


def test_nothing_of_what_followed_is_read_for_the_figure(past):
    before = {name: (one.score, one.days) for name, one in judged()[1].items()}
    for enterprise in Enterprise.objects.all():
        talked(enterprise, *range(0, 150, 10))
        signed(enterprise, begins=(today() - TERM.first_day).days - 3, left=900)
    after = judged()[1]
    assert {name: (one.score, one.days) for name, one in after.items()} == before
    assert after["突然失联"].lost != "silent" or past > 150 + 120


def test_the_report_names_figures_and_partners(past):
    said = io.StringIO()
    call_command("backtest_health", "--term", TERM.code, stdout=said)
    report = said.getvalue()
    assert f"{TERM.code}: 4 partnerships with a figure, 0 without" in report
    assert "lost by its end: 3 (75.0%)" in report
    assert "AUC of the health figure" in report
    assert "AUC with shuffled labels" in report
    assert "突然失联: silent" in report
    again = io.StringIO()
    call_command("backtest_health", "--term", TERM.code, stdout=again)
    assert again.getvalue() == report


def test_all_past_terms_are_those_that_are_over(past):
    terms = backtest.past_terms(today())
    assert TERM in terms
    assert all(term.last_day < today() for term in terms)
    assert terms == sorted(terms)


@pytest.mark.parametrize("code", ["2025", "2025-2026-3", term_of(today()).code])
def test_a_term_that_is_none_or_not_over_is_refused(code):
    with pytest.raises(CommandError):
        call_command("backtest_health", "--term", code)


def test_without_any_partner_there_is_nothing_to_say():
    said = io.StringIO()
    call_command("backtest_health", stdout=said)
    assert "No term is over" in said.getvalue()


def test_chance_alone_lies_around_a_half(past):
    low, mean, high = judged()[0].by_chance("x")
    assert low <= mean <= high
    assert judged()[0].by_chance("x") == (low, mean, high)

"""The bench cannot rot: its parts run on a small database; its judgement sees what it shall see."""

from collections import Counter

import pytest
from django.utils import timezone

from accounts.models import Department, Role
from partnerships.models import Enterprise
from partnerships.services.touchpoints import check_last_contact
from records.models import Event
from reports.demo import scale
from tests.accounts.factories import person
from tests.bench import health, measure, pages, reminders, report, sheets, suggestions
from tests.chaos.machine import Account
from tests.partnerships.factories import EnterpriseFactory


@pytest.fixture
def filled(db, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    settings.ROOT_URLCONF = "tests.bench.urls"
    department = Department.objects.create(name="智能制造学院")
    lead = person(Role.LEAD, department=department)
    person(Role.OFFICER, department=department)
    said = []
    scale.fill(300, 2_000, say=said.append, now=timezone.now())
    return lead, said


def test_the_large_tables_are_whole_and_skewed(filled):
    _lead, said = filled
    assert any("Triggers are off" in line for line in said)
    assert Enterprise.objects.count() == 300
    assert Event.objects.filter(kind="touchpoint.logged").count() == 2_000
    assert max(enterprise.touchpoints.count() for enterprise in Enterprise.objects.all()) == 1_000
    assert 0.7 < Enterprise.objects.filter(name__endswith="有限公司").count() / 300 < 0.9
    assert not check_last_contact().exists()
    some = Enterprise.objects.exclude(uscc="").first()
    assert some in Enterprise.objects.named_like(some.uscc)


def test_every_part_runs(filled, tmp_path):
    visitor = pages.Visitor(filled[0])
    cases = {title: group[:2] for title, group in pages.all_cases(visitor).items()}
    sections = pages.sections(cases, visitor, pages.numbers_of_queries(cases, visitor), runs=1, repeats=1)
    sections += [sheets.import_section(visitor, 60, 1), sheets.visits_section(visitor, 40, 1)]
    sections += [sheets.export_section(400, 1), reminders.section(700, 20, 1), health.section(1)]
    sections += [suggestions.section(1, 1)]
    out = tmp_path / "benchmarks.md"
    report.write(out, sections, scale="small", runs=1, postgres="18")
    text = out.read_text()
    for section in sections:
        assert f"## {section.title}" in text
        assert section.rows
    assert not [row.note for section in sections for row in section.rows if ";" in row.note]


def test_the_section_of_chaos_stays_and_is_replaced(tmp_path):
    out = tmp_path / "benchmarks.md"
    account = Account(Counter({7: 2}), {7: ("sent", True, 7)}, crashes={"claim": 3}, left=1_069, drained=41.6)
    report.write(out, [], scale="small", runs=1, postgres="18")
    report.write_chaos(out, {1: account}, mails=2_000)
    report.write(out, [], scale="other", runs=1, postgres="18")
    text = out.read_text()
    assert "other" in text
    assert text.endswith("| 1 | 3 | 2, 1 | 0 | 1 | 0 | 1 | 1,069 | 42 s |\n")
    report.write_chaos(out, {2: account}, mails=2_000)
    assert "| 1 | 3 |" not in out.read_text()
    assert out.read_text().count("## Everything killed") == 1


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (lambda: list(Enterprise.objects.order_by("pk")[50:60]), "OFFSET"),
        (lambda: Enterprise.objects.count(), "COUNT without an end"),
    ],
)
def test_the_eye_on_the_sql_sees(db, read, fault):
    assert measure.asked_by(read)[0].faults() == [fault]


def test_a_capped_count_is_no_fault(db):
    assert measure.asked_by(lambda: Enterprise.objects.all()[:1_001].count())[0].faults() == []


def test_a_long_walk_is_seen(db, monkeypatch):
    monkeypatch.setattr(measure, "FEW", 0)
    EnterpriseFactory()
    asked, _rows = measure.asked_by(lambda: list(Enterprise.objects.filter(address="nowhere").order_by()))
    assert "Seq Scan over partnerships_enterprise: 1 rows" in asked.faults()

"""Lists as files: the rows a person sees, as text, in the order the office keeps them."""

import io
import zipfile

import pytest
from django.urls import reverse

from partnerships.models import AgreementPreset, DocumentTemplate, Enterprise, Import, ImportRow, Scan, ScanPage
from records.sheets import read_workbook
from tests.partnerships.factories import EnterpriseFactory, TouchpointFactory, TripFactory

pytestmark = pytest.mark.django_db


def download(client, name, **parameters):
    response = client.get(reverse("reports:list_export", args=[name]), parameters)
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def test_the_list_of_partners_as_it_is_filtered(cast, signed_in):
    EnterpriseFactory(name="=HYPERLINK(1)有限公司", headcount=30, tier=Enterprise.Tier.CORE)
    data = download(signed_in(cast.officer), "partners", tier="2")
    (sheet,) = read_workbook(data, "a.xlsx").sheets
    assert [row[0] for row in sheet.rows[1:]] == ["=HYPERLINK(1)有限公司"]
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b"<f>" not in b"".join(book.read(name) for name in book.namelist())


def test_the_list_of_trips_has_a_row_for_each_firm(cast, signed_in):
    trip = TripFactory(logged_by=cast.officer, leader="张校长", tags=["annual_report"])
    for enterprise, agreed in ((cast.a, "接收6人"), (cast.b, "再议")):
        TouchpointFactory(
            enterprise=enterprise, trip=trip, agreed=agreed, logged_by=cast.officer, private_note="不外传"
        )
    (sheet,) = read_workbook(download(signed_in(cast.officer), "trips"), "a.xlsx").sheets
    assert [(row[0], row[3], row[5], row[8]) for row in sheet.rows[1:]] == [
        (1, "张校长", cast.a.name, "接收6人"),
        (2, "张校长", cast.b.name, "再议"),
    ]
    assert "不外传" not in str(sheet.rows), "a private note stays in the record"


def test_exports_are_for_those_who_see_partners(cast, signed_in):
    for name in ("partners", "trips", "events", "registrations"):
        for who in ("teacher", "hr"):
            assert signed_in(getattr(cast, who)).get(reverse("reports:list_export", args=[name])).status_code == 403


def test_more_rows_cost_no_more_queries(cast, signed_in, django_assert_max_num_queries):
    client = signed_in(cast.officer)
    for number in range(30):
        trip = TripFactory(logged_by=cast.officer)
        TouchpointFactory(enterprise=EnterpriseFactory(), trip=trip, logged_by=cast.officer)
        if number in (0, 29):
            with django_assert_max_num_queries(11):
                download(client, "trips")


# --- what was uploaded ---------------------------------------------------------------------------------------------


def sheet_of(client, name):
    (sheet,) = read_workbook(download(client, name), "a.xlsx").sheets
    return sheet.rows


def test_the_list_of_scanned_stacks_is_of_those_a_person_sees(cast, signed_in):
    own = Scan.objects.create(name="甲.pdf", uploaded_by=cast.officer, state="preview", pages=3)
    Scan.objects.create(name="乙.pdf", uploaded_by=cast.lead, state="uploaded")
    ScanPage.objects.bulk_create(ScanPage(scan=own, position=n, fate="open") for n in (1, 2))
    rows = sheet_of(signed_in(cast.officer), "scans")
    assert [(row[1], row[2], row[4], row[5]) for row in rows[1:]] == [("甲.pdf", 3, 2, 0)]
    assert len(sheet_of(signed_in(cast.lead), "scans")) == 3


def test_the_lists_of_templates_and_presets(cast, signed_in):
    DocumentTemplate.objects.create(name="订单班", kind="order_class", nth=2, uploaded_by=cast.lead)
    AgreementPreset.objects.create(name="框架", kind="framework", created_by=cast.lead)
    client = signed_in(cast.officer)
    assert [row[1:3] for row in sheet_of(client, "templates")[1:]] == [["订单班", 2]]
    assert [row[1] for row in sheet_of(client, "presets")[1:]] == ["框架"]


def test_the_list_of_imports_says_what_became_of_the_rows(cast, signed_in):
    batch = Import.objects.create(name="台账.xlsx", uploaded_by=cast.officer, state="preview")
    Import.objects.create(name="别人的.xlsx", uploaded_by=cast.other_officer)
    ImportRow.objects.bulk_create(
        ImportRow(batch=batch, position=n, line=n, sheet="s", parsed={}, verdict=verdict)
        for n, verdict in enumerate(("new", "new", "faulty"))
    )
    rows = sheet_of(signed_in(cast.officer), "imports")
    assert [(row[1], *row[4:8]) for row in rows[1:]] == [("台账.xlsx", 2, 0, 0, 1)]


@pytest.mark.parametrize("name", ["scans", "templates", "presets", "imports"])
def test_what_was_uploaded_is_not_for_everybody(cast, signed_in, name):
    for who in (cast.teacher, cast.hr):
        assert signed_in(who).get(reverse("reports:list_export", args=[name])).status_code == 403
    page = {"scans": "scan_list", "templates": "template_list", "presets": "preset_list", "imports": "import_list"}[
        name
    ]
    Scan.objects.create(name="甲.pdf", uploaded_by=cast.officer)
    DocumentTemplate.objects.create(name="订单班", uploaded_by=cast.lead)
    AgreementPreset.objects.create(name="框架", created_by=cast.lead)
    Import.objects.create(name="台账.xlsx", uploaded_by=cast.officer)
    shown = signed_in(cast.officer).get(reverse(f"partnerships:{page}")).content.decode()
    assert reverse("reports:list_export", args=[name]) in shown

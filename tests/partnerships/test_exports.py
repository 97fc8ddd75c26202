"""Lists as files: the rows a person sees, as text, in the order the office keeps them."""

import io
import zipfile

import pytest
from django.urls import reverse

from partnerships.models import Enterprise
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

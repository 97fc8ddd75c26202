"""The written on-site assessment: nine contents, written once, printable."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Assessment
from partnerships.models.assessment import Content
from partnerships.services.assessments import write_assessment
from partnerships.services.enterprises import move_enterprise
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import EnterpriseFactory, SiteFactory


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


def findings(**other):
    return {content: (f"看过{content.label}", False) for content in Content} | other


def write(cast, by=None, **other):
    values = {
        "visited_on": timezone.localdate(), "assessors": "林薇、何军", "findings": findings(), "conclusion": "可以",
        "is_suitable": True,
    }  # fmt: skip
    return write_assessment(cast.a, by=by or cast.officer, **values | other)


def test_nine_contents_once(cast):
    key = uuid.uuid4()
    assessment = write(cast, form_key=key, findings=findings(**{Content.SAFETY: ("冲压机缺护罩", True)}))
    assert write(cast, form_key=key) == assessment
    kept = assessment.findings.all()
    assert [finding.content for finding in kept] == Content.values
    assert [finding.content for finding in kept if finding.is_concern] == ["safety"]
    event = Event.objects.of(assessment).get()
    assert (event.kind, event.stream, event.data) == ("assessment.written", cast.a.pk, {"is_suitable": True})


@pytest.mark.parametrize("content", Content.values)
def test_none_may_be_missing(cast, content):
    with pytest.raises(ValidationError, match="Still without"):
        write(cast, findings=findings(**{content: ("  ", False)}))
    assert not Assessment.objects.exists()


def test_not_before_the_visit_nor_at_somebody_elses_site(cast):
    with pytest.raises(ValidationError):
        write(cast, visited_on=timezone.localdate() + timedelta(days=1))
    with pytest.raises(Refused, match="another enterprise"):
        write(cast, site=SiteFactory(enterprise=cast.b))


@pytest.mark.parametrize("who", ["other_officer", "teacher", "hr", "disabled"])
def test_who_may_not_write(cast, who):
    with pytest.raises(NotAllowed):
        write(cast, by=getattr(cast, who))


def test_from_prospect_to_assessed_in_the_browser(cast, signed_in):
    prospect = EnterpriseFactory(owner=cast.officer, state="prospect")
    site = SiteFactory(enterprise=prospect, name="萧山厂房")
    client = signed_in(cast.officer)
    page = url("assessment_new", prospect.pk)
    data = form_data(client.get(page)) | {
        "site": site.pk, "assessors": "林薇、何军", "conclusion": "整改后可用", "is_suitable": "yes",
        **{content: f"看过：{content.label}" for content in Content}, "safety_concern": "on",
    }  # fmt: skip
    refused = client.post(page, data | {"hours": ""})
    assert refused.status_code == 422
    assert "整改后可用" in refused.content.decode()
    response = client.post(page, data)
    assert client.post(page, data).headers["Location"] == response.headers["Location"]
    html = client.get(response.headers["Location"]).content.decode()
    for text in ("萧山厂房", "林薇、何军", "整改后可用", "concern", "Written by officer"):
        assert text in html
    prospect.refresh_from_db()
    assert move_enterprise(prospect, "assess", by=cast.officer).state == "assessed"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("officer", 200),
        ("other_officer", 200),
        ("lead", 200),
        ("teacher", 404),
        ("hr", 404),
        ("stranger_hr", 404),
        (None, 302),
    ],
)
def test_who_reads_it(cast, signed_in, who, status):
    assessment = write(cast)
    client = signed_in(getattr(cast, who) if who else None)
    assert client.get(url("assessment_detail", assessment.pk)).status_code == status

"""The canary crawler has eyes: with each filter of the application taken out in turn, it finds the hole.

Where nothing is found although a filter is gone, either a second wall stands behind it, or the crawler looks past it.
"""

from unittest import mock

import pytest
from django.urls import reverse

from partnerships import access, timeline
from partnerships.models import Enterprise
from partnerships.models.assessment import AssessmentQuerySet
from partnerships.models.enterprise import EnterpriseQuerySet
from partnerships.views import doors, files, links
from records import keyset
from records.models import Event, EventQuerySet, File
from tests.access import standing_stage
from tests.canary import Reader

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with standing_stage(django_db_blocker) as standing:
        yield standing


def pages(*names):
    return lambda stage: [reverse(f"partnerships:{name}", args=[stage.a.enterprise]) for name in names]


def contacts_in_the_portal(stage):
    return [path + "?show=contacts" for path in pages("portal_partnership")(stage)]


def hand_over_in_the_portal(stage):
    """The page of the timeline that begins with a change whose reason the school keeps to itself."""
    events = Event.objects.in_stream(stage.a.enterprise).filter(audience="both").order_by("happened_at", "pk")
    told = events.filter(kind="enterprise.handed_over").latest("pk")
    newer = events.filter(happened_at__gte=told.happened_at, pk__gt=told.pk).first()
    after = keyset._key_of(newer, "happened_at")
    return [f"{path}?after={after}" for path in pages("portal_partnership")(stage)]


def school_files(stage):
    return [reverse("partnerships:file", args=[key]) for key in stage.a.school_files]


def link_files(stage):
    return [reverse("partnerships:link_file", args=[stage.b.code, stage.a.asked_document])]


def for_the_school(event, row, files, enterprise, for_enterprise):
    return ENTRY(event, row, files, enterprise, False)


def by_key(user, key):
    return File.objects.get(key=key)


def anybodys_file(link, pk):
    return File.objects.get(pk=pk)


ENTRY = timeline.touchpoint_entry
PORTAL = pages("portal_home", "portal_partnership", "portal_thread", "portal_company", "portal_team")
SCHOOL_PAGES = pages("enterprise_detail", "timeline", "thread")

#: What is taken out -> (where, name, what stands there instead), who then reads too much, and where.
HOLES = {
    "seeing only the own enterprises": (
        (EnterpriseQuerySet, "visible_to", lambda self, user: self), "stranger_hr", PORTAL
    ),
    "having left": (
        (access, "enterprises_of", lambda user: Enterprise.objects.filter(contacts__user=user)), "former_hr", PORTAL
    ),
    "the portal for members alone": (
        (access, "enterprises_of", lambda user: Enterprise.objects.all()), "teacher", PORTAL
    ),
    "events both sides may read": ((EventQuerySet, "shared", lambda self: self), "hr", PORTAL),
    "the private note": ((timeline, "touchpoint_entry", for_the_school), "hr", contacts_in_the_portal),
    "the sentences of the enterprise": (
        (timeline, "sentence", lambda event, for_enterprise=False: SENTENCE(event)), "hr", hand_over_in_the_portal
    ),
    "pages of the school": ((doors, "school_only", lambda user: None), "hr", SCHOOL_PAGES),
    "the door of a file": ((files, "visible_file", by_key), "hr", school_files),
    "assessments for the school": ((AssessmentQuerySet, "visible_to", lambda self, user: self), "hr", school_files),
    "files of this link alone": ((links, "_file_of", anybodys_file), "anonymous", link_files),
}  # fmt: skip
SENTENCE = timeline.sentence


@pytest.mark.parametrize("hole", HOLES)
def test_without_the_filter_the_crawler_finds_the_hole(stage, hole):
    (place, name, instead), member, where = HOLES[hole]
    whole = Reader(stage, member)
    for path in where(stage):
        whole.get(path)
    assert not whole.leaks
    holed = Reader(stage, member)
    with mock.patch.object(place, name, instead):
        for path in where(stage):
            holed.get(path)
    assert holed.leaks, f"nothing found: {holed.faults}"

"""What the database keeps of events, links, files and looks, and what it refuses."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from records.models import Event, File, Link, Look
from records.services import look, record
from tests.partnerships.factories import FileFactory


def refused(name, write):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        write()


@pytest.fixture
def link(cast):
    return Link.objects.create(
        code="abcdefghijk", purpose="thread", subject=cast.a, stream=cast.a.pk, created_by=cast.officer,
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip


def test_an_event_keeps_who_what_and_for_whom(cast):
    event = record("enterprise.created", subject=cast.a, stream=cast.a.pk, by=cast.officer, data={"at": timezone.now()})
    event.refresh_from_db()
    assert (event.subject, event.who, event.side, event.audience) == (cast.a, "officer", "school", "school")
    assert list(Event.objects.of(cast.a)) == list(Event.objects.in_stream(cast.a.pk)) == [event]
    assert not Event.objects.shared().exists()
    assert record("x", subject=cast.a, by=None, by_name="钱波").who == "钱波"
    assert record("x", subject=cast.a, by=None).who == ""


def test_events_of_another_object_with_the_same_number_are_not_mixed_up(cast):
    record("x", subject=cast.a, by=None)
    assert not Event.objects.of(type(cast.d1)(pk=cast.a.pk)).exists()


@pytest.mark.parametrize(
    ("values", "name"),
    [({"side": "moon"}, "event_side_known"), ({"audience": "moon"}, "event_audience_known"),
     ({"subject_id": None}, "event_subject_whole")],
)  # fmt: skip
def test_an_event_is_whole(cast, values, name):
    event = record("x", subject=cast.a, by=None)
    refused(name, lambda: Event.objects.filter(pk=event.pk).update(**values))


@pytest.mark.parametrize("code", ["short", "abcdefghij0", "abcdefghijO", "abcdefghijl", "abcdefghij-", "a" * 23])
def test_codes_of_links_are_long_and_plain(link, code):
    with pytest.raises(Exception, match="link_code_long_enough|too long"), transaction.atomic():
        Link.objects.filter(pk=link.pk).update(code=code)


def test_a_link_is_open_until_it_expires_or_is_withdrawn(link):
    now = timezone.now()
    assert link.is_open(now)
    assert not link.is_open(link.expires_at)
    link.withdrawn_at = now
    assert not link.is_open(now)
    refused("link_expires_after_it_is_made", lambda: Link.objects.filter(pk=link.pk).update(expires_at=link.created_at))
    assert "abcdefghijk" not in str(link)


def test_a_file_comes_from_somebody(link):
    file = FileFactory()
    refused("file_came_from_someone", lambda: File.objects.filter(pk=file.pk).update(uploaded_by=None))
    refused("file_hash_whole", lambda: File.objects.filter(pk=file.pk).update(sha256="ABC"))
    File.objects.filter(pk=file.pk).update(uploaded_by=None, uploaded_via=link)
    assert file.path.split("/") == [file.key.hex[:2], str(file.key)]
    assert file.is_picture


def test_looks_remember_people_and_links(cast, link):
    from django.contrib.auth.models import AnonymousUser

    assert look("page", subject=cast.a, by=cast.hr, address="10.0.0.1").by == cast.hr
    seen = look("page", subject=cast.a, by=AnonymousUser(), link=link)
    assert (seen.by, seen.link) == (None, link)
    assert Look.objects.count() == 2

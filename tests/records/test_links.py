"""Links: made, opened, ended, asked for again; nothing here knows what they open."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from records import links
from records.files import Rejected
from records.models import Event, Link
from tests.partnerships.factories import EnterpriseFactory, FileFactory, UserFactory

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return UserFactory()


@pytest.fixture
def link(officer):
    return hand_out(officer)


def hand_out(officer, **values):
    enterprise = EnterpriseFactory()
    values = {"addressee": "赵经理", "language": "zh-hans", "now": NOW} | values
    return links.hand_out("answer", subject=enterprise, stream=enterprise.pk, by=officer, **values)


def test_a_code_is_long_random_and_never_mistaken(officer):
    codes = {hand_out(officer).code for _ in range(20)}
    assert len(codes) == 20
    assert {len(code) for code in codes} == {11}
    assert not set("".join(codes)) & set("0OIl-_")


def test_a_link_ends_by_itself_after_thirty_days(link):
    assert link.is_open(NOW + timedelta(days=30) - timedelta(seconds=1))
    assert not link.is_open(NOW + timedelta(days=30))


def test_handing_out_is_remembered_for_the_school_alone(link, officer):
    event = Event.objects.get(kind="link.handed_out")
    assert (event.by, event.stream, event.audience) == (officer, link.stream, "school")
    assert link.code not in str(event.data)


def test_a_link_is_found_by_its_code_and_purpose_only(link):
    assert links.find(link.code) == link
    assert links.find(link.code, "answer") == link
    assert links.find(link.code, "partnership") is None
    assert links.find("1" * 14) is None


def test_finding_writes_nothing(link):
    with CaptureQueriesContext(connection) as queries:
        links.find(link.code)
    assert all(query["sql"].startswith("SELECT") for query in queries)
    link.refresh_from_db()
    assert link.opened_at is None


def test_the_first_opening_counts(link):
    links.mark_opened(link, now=NOW)
    links.mark_opened(link, now=NOW + timedelta(hours=1))
    link.refresh_from_db()
    assert link.opened_at == NOW


def test_an_answer_opens_as_well(link):
    links.mark_answered(link, now=NOW)
    links.mark_answered(link, now=NOW + timedelta(hours=1))
    link.refresh_from_db()
    assert (link.opened_at, link.answered_at) == (NOW, NOW)


def test_a_withdrawn_link_is_closed_at_once_and_only_once(link, officer):
    links.withdraw(link, by=officer, now=NOW)
    gone = links.withdraw(link, by=officer, now=NOW + timedelta(days=1))
    assert gone.withdrawn_at == NOW
    assert not gone.is_open(NOW)
    assert Event.objects.filter(kind="link.withdrawn").count() == 1


def test_somebody_asks_for_a_new_one_and_the_officer_finds_it(link):
    links.ask_new_one(link, name="钱波", phone="13800000001", now=NOW)
    (asked,) = links.asked_for_again([link.stream])
    assert asked.renewal_asked_by == "钱波 13800000001"
    event = Event.objects.get(kind="link.renewal_asked")
    assert (event.by, event.by_name, event.side, event.audience) == (None, "钱波", "enterprise", "school")
    assert not links.asked_for_again([link.stream + 1])


def test_asking_twice_a_day_is_asking_once(link):
    links.ask_new_one(link, name="钱波", now=NOW)
    links.ask_new_one(link, name="钱波", now=NOW + timedelta(hours=2))
    links.ask_new_one(link, name="钱波", now=NOW + timedelta(hours=25))
    assert Event.objects.filter(kind="link.renewal_asked").count() == 2


def test_a_long_name_and_phone_still_fit(link):
    links.ask_new_one(link, name="阿" * 30, phone="1" * 25, now=NOW)
    assert Link.objects.get().renewal_asked_by.endswith("1" * 25)


def test_a_new_link_is_for_the_same_and_settles_the_request(link, officer):
    links.ask_new_one(link, name="钱波", now=NOW)
    fresh = links.renew(link, by=officer, now=NOW + timedelta(days=40))
    assert fresh.code != link.code
    assert (fresh.purpose, fresh.subject, fresh.addressee, fresh.stream) == (
        link.purpose, link.subject, link.addressee, link.stream,
    )  # fmt: skip
    assert fresh.is_open(NOW + timedelta(days=69))
    assert not links.asked_for_again()


def test_pressed_twice_it_is_renewed_once(link, officer):
    links.ask_new_one(link, name="钱波", now=NOW)
    later = NOW + timedelta(days=40)
    fresh = links.renew(link, by=officer, now=later)
    assert links.renew(link, by=officer, now=later + timedelta(minutes=9)) == fresh
    assert Link.objects.count() == 2


@pytest.mark.parametrize("what", ["asked for again", "withdrawn", "long ago"])
def test_it_is_renewed_anew_where_that_is_meant(link, officer, what):
    later = NOW + timedelta(days=40)
    fresh = links.renew(link, by=officer, now=later)
    if what == "asked for again":
        links.ask_new_one(link, name="钱波", now=later)
    elif what == "withdrawn":
        links.withdraw(fresh, by=officer, now=later)
    else:
        later += timedelta(minutes=11)
    assert links.renew(link, by=officer, now=later) != fresh


def test_withdrawing_leaves_a_request_aside(link, officer):
    links.withdraw(link, by=officer, now=NOW)
    links.ask_new_one(link, name="钱波", now=NOW)
    links.withdraw(link, by=officer, now=NOW)
    assert not links.asked_for_again()


# --- how often, how much -------------------------------------------------------------------------------------------


def test_so_many_a_minute_per_address_then_no_more():
    allowed = [links.within_rate("203.0.113.7", now=NOW) for _ in range(links.PER_MINUTE["page"] + 1)]
    assert allowed == [True] * links.PER_MINUTE["page"] + [False]
    assert links.within_rate("203.0.113.8", now=NOW), "another address is another count"
    assert links.within_rate("203.0.113.7", now=NOW + timedelta(minutes=1)), "the next minute begins anew"


def test_one_household_of_ipv6_is_one_address():
    allowed = [links.within_rate(f"2001:db8::{n:x}", now=NOW) for n in range(links.PER_MINUTE["page"] + 1)]
    assert allowed[-1] is False
    assert links.within_rate("2001:db8:0:1::1", now=NOW)


def test_an_address_that_cannot_be_read_is_counted_too():
    assert [links.within_rate(None, now=NOW) for _ in range(links.PER_MINUTE["page"] + 1)][-1] is False


def test_pictures_have_a_count_of_their_own():
    assert all(links.within_rate("203.0.113.7", "picture", now=NOW) for _ in range(links.PER_MINUTE["picture"]))
    assert not links.within_rate("203.0.113.7", "picture", now=NOW)
    assert links.within_rate("203.0.113.7", now=NOW)


def test_a_link_takes_thirty_files(link):
    for _ in range(30):
        FileFactory(uploaded_by=None, uploaded_via=link)
    with pytest.raises(Rejected):
        links.check_room(link, [SimpleUploadedFile("a.jpg", b"x")])


def test_a_link_takes_so_many_bytes(link):
    FileFactory(uploaded_by=None, uploaded_via=link, size=links.MAX_BYTES - 1)
    links.check_room(link, [SimpleUploadedFile("a.jpg", b"x")])
    with pytest.raises(Rejected):
        links.check_room(link, [SimpleUploadedFile("a.jpg", b"xx")])

"""The pages of seminars: planning, inviting, answering in the portal and through a link, calendars to subscribe to."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from partnerships.models import ActionItem, CalendarFeed, Seminar, SeminarGuest
from partnerships.services import seminars as services
from partnerships.services.links import SEMINAR
from records.links import hand_out
from tests.partnerships.test_seminars import DETAILS, planned, uuid4

NOW = timezone.now().replace(microsecond=0)
SOON = {"starts_at": NOW + timedelta(days=9), "ends_at": NOW + timedelta(days=9, hours=2), "now": NOW}


@pytest.fixture
def seminar(cast):
    return planned(cast.officer, enterprises=[cast.a], users=[cast.lead], department=cast.d1, **SOON)


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


def typed(**changes):
    day = (NOW + timedelta(days=9)).date()
    values = {
        "kind": "round_table", "title": "座谈会", "starts_at": f"{day}T09:00", "ends_at": f"{day}T11:00",
        "place": "报告厅", "form_key": str(uuid4()),
    }  # fmt: skip
    return values | changes


def test_planned_then_invited(cast, signed_in):
    client = signed_in(cast.officer)
    answer = client.post(page("seminar_new"), typed())
    seminar = Seminar.objects.get()
    assert answer.url == page("seminar_invite", seminar.pk)
    assert client.get(answer.url).status_code == 200
    client.post(answer.url, {"enterprises": [cast.a.pk, cast.b.pk], "users": [cast.lead.pk]})
    assert seminar.guests.count() == 3
    shown = client.get(page("seminar_detail", seminar.pk)).content.decode()
    assert cast.a.name in shown
    assert cast.b.name in shown
    assert "座谈会" in client.get(page("seminar_list") + "?kind=round_table").content.decode()
    assert "座谈会" not in client.get(page("seminar_list") + "?kind=job_fair").content.decode()


def test_a_series_is_invited_as_a_whole(cast, signed_in):
    client = signed_in(cast.officer)
    answer = client.post(page("seminar_new"), typed(repeats="weekly", count="3"))
    assert Seminar.objects.count() == 3
    client.post(answer.url, {"enterprises": [cast.a.pk], "whole_series": "on"})
    assert SeminarGuest.objects.count() == 3


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"place": ""}, {"ends_at": "2020-01-01T10:00"}, {"starts_at": "2020-01-01T10:00"},
     {"repeats": "weekly"}, {"repeats": "weekly", "count": "25"}, {"kind": "party"}],
)  # fmt: skip
def test_a_wrong_plan_comes_back(cast, signed_in, wrong):
    answer = signed_in(cast.officer).post(page("seminar_new"), typed(**wrong))
    assert answer.status_code == 422
    assert not Seminar.objects.exists()


def test_two_editors(cast, signed_in, seminar):
    client = signed_in(cast.officer)
    url = page("seminar_edit", seminar.pk)
    assert client.get(url).status_code == 200
    assert client.post(url, typed(version=0)).status_code == 302
    late = client.post(url, typed(version=0, title="另一个"))
    assert late.status_code == 409
    assert "另一个" in late.content.decode()
    assert client.post(url, typed(version=1, title="另一个")).status_code == 302
    seminar.refresh_from_db()
    assert (seminar.title, seminar.sequence) == ("另一个", 2)


def test_an_answer_in_the_portal(cast, signed_in, seminar):
    client, url = signed_in(cast.hr), page("portal_seminar", cast.a.pk, seminar.pk)
    assert DETAILS["title"] in client.get(page("portal_seminars", cast.a.pk)).content.decode()
    assert client.get(url).status_code == 200
    assert client.post(url, {"answer": "yes"}).status_code == 422
    assert (
        client.post(url, {"answer": "yes", "head_count": "3", "number_plate": "浙A1", "meal": "on"}).status_code == 302
    )
    shown = signed_in(cast.officer).get(page("seminar_detail", seminar.pk)).content.decode()
    assert "浙A1" in shown
    assert signed_in(cast.stranger_hr).get(page("portal_seminar", cast.b.pk, seminar.pk)).status_code == 404


def test_an_answer_through_the_link(cast, signed_in, seminar):
    guest = seminar.guests.get(enterprise=cast.a)
    link = hand_out(SEMINAR, subject=guest, stream=cast.a.pk, by=cast.officer, language="en")
    client, url = signed_in(), page("link", link.code)
    assert DETAILS["title"] in client.get(url).content.decode()
    guest.refresh_from_db()
    assert guest.answer == "none"
    assert client.post(url, {"answer": "no"}).status_code == 422
    assert client.post(url, {"answer": "no", "name": "钱波"}).status_code == 302
    guest.refresh_from_db()
    assert (guest.answer, guest.answered_name) == ("no", "钱波")
    assert signed_in(cast.officer).post(url, {"answer": "yes", "name": "x"}).status_code == 409
    assert client.get(url).status_code == 200


def test_what_was_taken_on_is_done_through_the_link(cast, signed_in, seminar):
    now = NOW + timedelta(days=10)
    services.record_attendance(seminar, by=cast.officer, attended=[], now=now)
    due = now.date() + timedelta(days=9)
    item = services.add_action_item(seminar, by=cast.officer, text="提供案例", due_on=due, enterprise=cast.a, now=now)
    other = services.add_action_item(seminar, by=cast.officer, text="写标准", due_on=due, owner=cast.officer, now=now)
    guest = seminar.guests.get(enterprise=cast.a)
    link = hand_out(SEMINAR, subject=guest, stream=cast.a.pk, by=cast.officer, language="en")
    client, url = signed_in(), page("link", link.code)
    shown = client.get(url).content.decode()
    assert "提供案例" in shown
    assert "写标准" not in shown
    assert client.post(url, {"done": item.pk, "name": " "}).status_code == 200
    assert client.post(url, {"done": other.pk, "name": "钱波"}).status_code == 404
    assert client.post(url, {"done": "x", "name": "钱波"}).status_code == 404
    assert client.post(url, {"done": item.pk, "name": "钱波"}).status_code == 302
    item.refresh_from_db()
    assert item.done_name == "钱波"


def test_after_the_day(cast, signed_in, seminar):
    client = signed_in(cast.officer)
    guest = seminar.guests.get(enterprise=cast.a)
    assert client.post(page("seminar_attendance", seminar.pk), {"came": [guest.pk]}).status_code == 409
    Seminar.objects.filter(pk=seminar.pk).update(starts_at=NOW - timedelta(hours=5), ends_at=NOW - timedelta(hours=3))
    assert client.post(page("seminar_attendance", seminar.pk), {"came": [guest.pk]}).status_code == 302
    assert client.post(page("seminar_close", seminar.pk)).status_code == 409
    assert client.get(page("seminar_minutes", seminar.pk)).status_code == 200
    minutes = {"minutes": "谈了课程。", "decisions": "共建。", "version": seminar.version}
    assert client.post(page("seminar_minutes", seminar.pk), minutes).status_code == 302
    assert client.post(page("seminar_minutes", seminar.pk), minutes).status_code == 409
    due = NOW.date() + timedelta(days=20)
    items = page("seminar_item_new", seminar.pk)
    assert client.post(items, {"text": "", "who": f"e{cast.a.pk}", "due_on": due}).status_code == 422
    assert client.post(items, {"text": "案例", "who": f"e{cast.b.pk}", "due_on": due}).status_code == 422
    assert client.post(items, {"text": "案例", "who": f"e{cast.a.pk}", "due_on": due}).status_code == 302
    item = ActionItem.objects.get()
    shown = signed_in(cast.hr).get(page("portal_seminar", cast.a.pk, seminar.pk)).content.decode()
    assert "谈了课程。" in shown
    assert "案例" in shown
    assert signed_in(cast.stranger_hr).post(page("portal_item_done", cast.b.pk, item.pk)).status_code == 404
    assert signed_in(cast.hr).post(page("portal_item_done", cast.a.pk, item.pk)).status_code == 302
    assert client.get(page("seminar_detail", seminar.pk)).status_code == 200
    assert client.post(page("seminar_close", seminar.pk)).status_code == 302
    assert client.get(page("seminar_print", seminar.pk)).status_code == 200


def test_cancelled_with_a_reason(cast, signed_in, seminar):
    client = signed_in(cast.officer)
    assert client.post(page("seminar_cancel", seminar.pk), {"note": ""}).status_code == 422
    assert client.post(page("seminar_cancel", seminar.pk), {"note": "疫情"}).status_code == 302
    assert client.post(page("seminar_cancel", seminar.pk), {"note": "疫情"}).status_code == 409
    assert client.get(page("seminar_invite", seminar.pk)).status_code == 409
    assert "疫情" in signed_in(cast.hr).get(page("portal_partnership", cast.a.pk)).content.decode()


def test_a_file_for_the_own_calendar(cast, signed_in, seminar):
    for who in (cast.officer, cast.hr):
        answer = signed_in(who).get(page("seminar_calendar", seminar.pk))
        assert answer.headers["Content-Type"].startswith("text/calendar")
        (event,) = Calendar.from_ical(answer.content).events
        assert event["UID"].startswith(str(seminar.uid))
    assert signed_in(cast.stranger_hr).get(page("seminar_calendar", seminar.pk)).status_code == 404


@pytest.mark.parametrize("who", ["officer", "lead", "hr", "colleague_hr"])
def test_the_feed_holds_the_own_seminars(cast, signed_in, seminar, who):
    planned(cast.other_officer, enterprises=[cast.b], **SOON)
    client = signed_in(getattr(cast, who))
    client.post(page("calendar_own"))
    feed = CalendarFeed.objects.get()
    assert feed.code in client.get(page("calendar_own")).content.decode()
    url = page("calendar_feed", feed.code)
    (event,) = Calendar.from_ical(signed_in().get(url).content).events
    assert event["UID"].startswith(str(seminar.uid))
    services.cancel_seminar(seminar, by=cast.officer, note="x")
    (event,) = Calendar.from_ical(signed_in().get(url).content).events
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    client.post(page("calendar_own"))
    assert signed_in().get(url).status_code == 404
    client.post(page("calendar_own"), {"end": "1"})
    assert not CalendarFeed.objects.exists()


def test_a_feed_ends_with_the_account_and_leaves_out_what_was_declined(cast, signed_in, seminar):
    cache.clear()
    feed = services.make_feed(cast.hr)
    services.answer_invitation(seminar.guests.get(enterprise=cast.a), answer="no", by=cast.hr)
    url = page("calendar_feed", feed.code)
    assert Calendar.from_ical(signed_in().get(url).content).events == []
    cast.hr.is_active = False
    cast.hr.save()
    assert signed_in().get(url).status_code == 404


def test_many_cost_no_more_queries_than_few(cast, signed_in, django_assert_max_num_queries):
    """The guard against N+1 reads along; here the pages have something to trip over."""
    for n in range(4):
        row = planned(cast.officer, enterprises=[cast.a, cast.b], users=[cast.lead, cast.administrator], **SOON)
        if n:
            Seminar.objects.filter(pk=row.pk).update(
                starts_at=NOW - timedelta(days=n), ends_at=NOW - timedelta(hours=9)
            )
            services.record_attendance(row, by=cast.officer, attended=[], now=NOW)
            due = NOW.date() + timedelta(days=9)
            for whom in ({"enterprise": cast.a}, {"enterprise": cast.b}, {"owner": cast.lead}, {"owner": cast.officer}):
                services.add_action_item(row, by=cast.officer, text="x", due_on=due, now=NOW, **whom)
    officer, hr = signed_in(cast.officer), signed_in(cast.hr)
    with django_assert_max_num_queries(30):
        officer.get(page("seminar_list"))
    for name in ("seminar_detail", "seminar_print"):
        with django_assert_max_num_queries(40):
            assert officer.get(page(name, row.pk)).status_code == 200
    assert hr.get(page("portal_seminars", cast.a.pk)).status_code == 200
    assert hr.get(page("portal_seminar", cast.a.pk, row.pk)).status_code == 200
    assert hr.get(page("portal_home", cast.a.pk)).status_code == 200


def test_the_officer_carries_an_invitations_link(cast, signed_in, seminar):
    guest = seminar.guests.get(enterprise=cast.a)
    link = hand_out(SEMINAR, subject=guest, stream=cast.a.pk, by=cast.officer, language="en")
    client = signed_in(cast.officer)
    assert client.get(page("link_carry", cast.a.pk, link.pk)).status_code == 200
    assert client.get(page("link_hand_out", cast.a.pk)).status_code == 200
    assert client.post(page("link_renew", cast.a.pk, link.pk)).status_code == 302

"""One stream of events, read by two sides in their own words."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Seminar
from partnerships.models.touchpoint import Precision
from partnerships.services.proxies import confirm_proxy_entry, correct_proxy_entry, enter_touchpoint_on_behalf
from partnerships.services.touchpoints import log_touchpoint
from partnerships.services.trips import change_trip, log_trip
from partnerships.timeline import SENTENCES, TwoSided, known, sentence, timeline_page
from partnerships.workflow import ENTERPRISE
from records.models import Side
from records.services import record
from tests.partnerships.factories import FileFactory, MessageFactory, TouchpointFactory

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def url(cast):
    return reverse("partnerships:timeline", args=[cast.a.pk])


def log(cast, by=None, enterprise=None, **said):
    said = {"kind": "call", "happened_at": NOW, "summary": "谈了冬季实习。", "now": NOW} | said
    return log_touchpoint(enterprise=enterprise or cast.a, by=by or cast.officer, **said)


def write(message):
    record("message.written", subject=message, stream=message.stream, by=message.author, side=message.side,
           audience="both", happened_at=message.written_at)  # fmt: skip
    return message


def read(cast, user, **parameters):
    return timeline_page(cast.a, user, parameters)


# --- who reads what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("administrator", 200), ("lead", 200), ("officer", 200), ("other_officer", 200), ("teacher", 404),
     ("counsellor", 404), ("hr", 403), ("hr_of_both", 403), ("former_hr", 404), ("stranger_hr", 404)],
)  # fmt: skip
def test_who_opens_the_schools_page(cast, signed_in, who, status):
    touchpoint = log(cast)
    client = signed_in(getattr(cast, who))
    assert client.get(url(cast)).status_code == status
    assert client.get(reverse("partnerships:touchpoint_detail", args=[touchpoint.pk])).status_code == status
    assert client.get(reverse("partnerships:touchpoint_new", args=[cast.a.pk])).status_code == status
    assert client.get(reverse("partnerships:proxy_new", args=[cast.a.pk])).status_code == status


def test_the_enterprise_reads_what_is_shared_and_no_private_note(cast):
    log(cast, private_note="GEHEIM", agreed="Zwölf Plätze", is_two_way=False)
    record("enterprise.changed", subject=cast.a, stream=cast.a.pk, by=cast.officer, data={"changes": {"tier": [1, 2]}})
    log(cast, enterprise=cast.b, summary="NUR FÜR B")
    school, enterprise = read(cast, cast.officer), read(cast, cast.hr)
    assert [entry.event.kind for entry in school.entries] == ["enterprise.changed", "touchpoint.logged"]
    (entry,) = enterprise.entries
    assert (entry.private_note, entry.url, entry.is_unanswered) == ("", "", False)
    assert (school.entries[1].private_note, school.entries[1].is_unanswered) == ("GEHEIM", True)


def test_the_page_shows_both_sides(cast, signed_in):
    log(cast, private_note="GEHEIM", agreed="Zwölf Plätze")
    log(cast, cast.hr, summary="Wir rufen zurück.")
    write(MessageFactory(enterprise=cast.a, body="Passt Mittwoch?"))
    text = signed_in(cast.officer).get(url(cast)).content.decode()
    for value in ("GEHEIM", "Zwölf Plätze", "Wir rufen zurück.", "Passt Mittwoch?", 'data-side="enterprise"'):
        assert value in text


def test_the_portal_shows_the_same_stream_without_the_private_note(cast, signed_in):
    log(cast, private_note="GEHEIM", agreed="Zwölf Plätze")
    entry = enter_touchpoint_on_behalf(
        enterprise=cast.a, by=cast.officer, source="phone", said_by="钱波", said_at=NOW, summary="Im Dezember.", now=NOW
    ).proxy
    text = signed_in(cast.hr).get(reverse("partnerships:portal_partnership", args=[cast.a.pk])).content.decode()
    assert "GEHEIM" not in text
    assert "Zwölf Plätze" in text
    assert "please check" in text
    assert reverse("partnerships:portal_proxy_confirm", args=[cast.a.pk, entry.pk]) in text


# --- words ---------------------------------------------------------------------------------------------------------


def all_kinds():
    moves = {f"enterprise.{move.name}" for move in ENTERPRISE.moves}
    return sorted(set(SENTENCES) | moves)


@pytest.mark.parametrize("kind", all_kinds())
def test_every_kind_has_words_even_without_its_data(cast, kind):
    assert kind in SENTENCES
    event = record(kind, subject=cast.a, stream=cast.a.pk, by=cast.officer)
    for for_enterprise in (False, True):
        with translation.override("en"):
            text = sentence(event, for_enterprise=for_enterprise)
        assert text or kind == "message.written"
        assert "%(" not in text


def test_the_enterprise_reads_its_own_words(cast):
    event = record(
        "enterprise.suspend", subject=cast.a, stream=cast.a.pk, by=cast.lead, data={"to": "suspended", "note": "X"}
    )
    with translation.override("en"):
        assert sentence(event) == "Now suspended. X"
        assert sentence(event, for_enterprise=True) == "The partnership pauses."


def test_words_a_step_hides_from_the_enterprise_never_carry_the_note():
    shared = [move.name for move in ENTERPRISE.moves if move.audience == "both"]
    assert shared
    assert all(isinstance(SENTENCES[f"enterprise.{name}"], TwoSided) for name in shared)


@pytest.mark.parametrize(
    ("kind", "data"),
    [("satellite.launched", {}), ("touchpoint.logged", {"kind": "telepathy"}), ("enterprise.changed", {"changes": 7})],
)
def test_what_nobody_knows_reads_neutrally(cast, signed_in, kind, data):
    record(kind, subject=cast.a, stream=cast.a.pk, by=cast.officer, data=data)
    page = signed_in(cast.officer).get(url(cast))
    assert page.status_code == 200
    assert "An entry was made." in page.content.decode()


def test_an_edit_names_its_fields_not_the_columns(cast):
    data = {"changes": {"headcount": ["1", "2"], "no_longer_there": ["", "x"]}}
    event = record("enterprise.changed", subject=cast.a, stream=cast.a.pk, by=cast.officer, data=data)
    with translation.override("en"):
        assert sentence(event) == "Details changed: headcount、no_longer_there"


@pytest.mark.parametrize(
    ("precision", "english", "chinese"),
    [(Precision.MONTH, "March 2024", "2024年3月"), (Precision.TERM, "second term 2023–2024", None),
     (Precision.YEAR, "year 2024", None)],
)  # fmt: skip
def test_a_day_is_shown_as_exactly_as_it_is_known(precision, english, chinese):
    moment = datetime(2024, 3, 12, 2, tzinfo=UTC)
    with translation.override("en"):
        assert known(moment, precision) == english
    if chinese:
        with translation.override("zh-hans"):
            assert known(moment, precision) == chinese


def test_a_day_has_no_clock_and_a_moment_has():
    moment = datetime(2024, 3, 12, 2, 5, tzinfo=UTC)
    with translation.override("en"):
        assert "10:05" not in known(moment, Precision.DAY)
        assert "10:05" in known(moment, Precision.MOMENT)


# --- entries on behalf ---------------------------------------------------------------------------------------------


def test_an_entry_on_behalf_says_so_until_it_is_checked(cast):
    def enter():
        return enter_touchpoint_on_behalf(
            enterprise=cast.a, by=cast.officer, source="phone", said_by="钱波", said_at=NOW, summary="Dezember", now=NOW
        )

    first, second = enter().proxy, enter().proxy
    entries = read(cast, cast.hr).entries
    assert [(entry.who, entry.side, entry.waits_for_check) for entry in entries] == [("钱波", "enterprise", True)] * 2
    confirm_proxy_entry(first, by=cast.hr, now=NOW + timedelta(hours=1))
    correct_proxy_entry(second, by=cast.hr, text="Januar", now=NOW + timedelta(hours=2))
    kinds = [(entry.event.kind, entry.waits_for_check) for entry in read(cast, cast.hr).entries]
    assert kinds == [("proxy.corrected", False), ("proxy.confirmed", False), *[("touchpoint.logged", False)] * 2]


# --- pages of it ---------------------------------------------------------------------------------------------------


def test_older_entries_follow_page_by_page_and_months_are_named_once(cast, signed_in):
    for number in range(45):
        log(cast, happened_at=NOW - timedelta(days=number), summary=f"Nr {number}.")
    client, address, seen, months = signed_in(cast.officer), url(cast), [], []
    while address:
        text = client.get(address, headers={"HX-Request": "true"} if seen else {}).content.decode()
        assert ("<html" in text) == (not seen)
        assert ('<ol class="timeline"' in text) == (not seen)
        seen += re.findall(r"<p>Nr (\d+)", text)
        months += re.findall(r'class="timeline__day">(\w+ \d+)', text)
        older = re.search(r'href="([^"]+)" hx-get', text)
        address = html.unescape(older[1]) if older else ""
    assert [int(number) for number in seen] == list(range(45))
    assert months == ["November 2026", "October 2026"]


def test_the_stream_is_narrowed_and_nonsense_narrows_nothing(cast):
    log(cast)
    write(MessageFactory(enterprise=cast.a))
    record("enterprise.changed", subject=cast.a, stream=cast.a.pk, by=cast.officer)

    def kinds(**parameters):
        return {entry.event.kind for entry in read(cast, cast.officer, **parameters).entries}

    everything = {"touchpoint.logged", "message.written", "enterprise.changed"}
    assert kinds() == kinds(show="x") == kinds(after="%%%") == kinds(month="x") == everything
    assert kinds(show="contacts") == {"touchpoint.logged"}
    assert kinds(show="messages") == {"message.written"}
    assert kinds(show="changes") == {"enterprise.changed"}


def test_a_corrected_day_leaves_one_entry_at_the_new_day(cast):
    today = timezone.localdate()
    trip = log_trip(by=cast.officer, enterprises=[cast.a], starts_on=today, summary="Besuch")
    earlier = today - timedelta(days=9)
    change_trip(trip, by=cast.officer, version=0, changes={"starts_on": earlier, "ends_on": earlier})
    (entry,) = [entry for entry in read(cast, cast.officer).entries if entry.event.kind == "touchpoint.logged"]
    assert timezone.localdate(entry.event.happened_at) == earlier


def test_one_entry_and_fifty_cost_the_same(cast):
    def write_one(number):
        touchpoint = log(cast, happened_at=NOW - timedelta(days=number))
        FileFactory(subject=touchpoint)
        FileFactory(subject=write(MessageFactory(enterprise=cast.a, author=cast.officer)))
        enter_touchpoint_on_behalf(
            enterprise=cast.a, by=cast.officer, source="phone", said_by="钱波", said_at=NOW, summary="x", now=NOW
        )
        record("enterprise.changed", subject=cast.a, stream=cast.a.pk, by=cast.officer)

    def cost():
        with CaptureQueriesContext(connection) as counted:
            page = timeline_page(cast.a, cast.officer, {}, size=200)
            assert all(entry.who for entry in page.entries)
            [str(entry.text) for entry in page.entries]
        return len(counted), len(page.entries)

    write_one(0)
    cost()
    (one, few), _ = cost(), [write_one(number) for number in range(1, 50)]
    fifty, many = cost()
    assert (one, few, many) == (fifty, 4, 200)
    assert fifty == 7  # events; touchpoints and messages, each with their files; entries on behalf and who made them


def test_the_page_itself_is_flat(cast, signed_in):
    client = signed_in(cast.officer)
    TouchpointFactory(enterprise=cast.a)
    log(cast)
    client.get(url(cast))
    costs = []
    for __ in range(2):
        with CaptureQueriesContext(connection) as counted:
            client.get(url(cast))
        costs.append(len(counted))
        for __ in range(15):
            FileFactory(subject=log(cast))
    assert costs[0] == costs[1]


# --- the forms -----------------------------------------------------------------------------------------------------


def test_logging_a_contact_on_its_page(cast, signed_in):
    client, address = signed_in(cast.officer), reverse("partnerships:touchpoint_new", args=[cast.a.pk])
    form = client.get(address).context["form"]
    said = {"form_key": form.initial["form_key"], "kind": "wechat", "side": "enterprise", "day": "2026-03-12",
            "precision": "month", "summary": "发来需求", "contacts": [cast.foreman.pk]}  # fmt: skip
    for __ in range(2):
        assert client.post(address, said).status_code == 302
    touchpoint = cast.a.touchpoints.get()
    assert (touchpoint.precision, touchpoint.is_two_way) == ("month", False)
    assert timezone.localtime(touchpoint.happened_at).isoformat() == "2026-03-01T00:00:00+08:00"
    assert list(touchpoint.contacts.all()) == [cast.foreman]


@pytest.mark.parametrize(
    "wrong", [{"day": "2999-01-01"}, {"day": ""}, {"kind": "x"}, {"summary": ""}, {"side": "both"}]
)
def test_a_faulty_contact_is_not_logged(cast, signed_in, wrong):
    said = {"form_key": "6f3cfd4a-6cb5-4b4f-92a2-74c0a5e0d1ce", "kind": "call", "side": "school", "day": "2026-03-12",
            "summary": "保留这句", "agreed": "也保留"} | wrong  # fmt: skip
    page = signed_in(cast.officer).post(reverse("partnerships:touchpoint_new", args=[cast.a.pk]), said)
    assert page.status_code == 422
    assert "也保留" in page.content.decode()
    assert not cast.a.touchpoints.exists()


def test_entering_on_behalf_on_its_page(cast, signed_in):
    client, address = signed_in(cast.officer), reverse("partnerships:proxy_new", args=[cast.a.pk])
    form = client.get(address).context["form"]
    said = {"form_key": form.initial["form_key"], "source": "wechat", "said_by": "钱波", "said_at": "2026-03-12T10:30",
            "summary": "十二月可以来"}  # fmt: skip
    for __ in range(2):
        assert client.post(address, said).status_code == 302
    touchpoint = cast.a.touchpoints.get()
    assert (touchpoint.kind, touchpoint.side, touchpoint.proxy.said_by) == ("wechat", Side.ENTERPRISE, "钱波")
    faulty = client.post(address, said | {"said_at": "2999-01-01T10:00", "form_key": "x"})
    assert faulty.status_code == 422
    assert "十二月可以来" in faulty.content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"addressee": "赵敏"}, "Link handed out to 赵敏."),
        ({"addressee": ""}, "Link handed out."),
        ({}, "Link handed out."),
    ],
)
def test_a_link_for_nobody_in_particular_reads_whole(cast, data, said):
    event = record("link.handed_out", subject=cast.a, stream=cast.a.pk, by=cast.officer, data=data)
    with translation.override("en"):
        assert sentence(event, for_enterprise=False) == said


def test_what_opens_a_seminar_is_named_by_what_is_said_of_it(cast, signed_in):
    seminar = Seminar.objects.create(
        title="专业建设研讨会", place="A101", organiser=cast.officer, starts_at=NOW, ends_at=NOW + timedelta(hours=2)
    )
    data = {"name": seminar.title, "day": "2026-11-20"}
    record("seminar.invited", subject=seminar, stream=cast.a.pk, by=cast.officer, data=data, happened_at=NOW)
    page = signed_in(cast.officer).get(url(cast)).content.decode()
    found = re.search(r'Open<span class="visually-hidden">: ([^<]+)</span>', page)
    assert seminar.title in html.unescape(found[1])
    assert not found[1].startswith(",")

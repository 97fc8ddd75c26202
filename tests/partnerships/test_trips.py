"""A trip to several enterprises: logged at once on the phone, completed later, printed."""

import io
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from partnerships.models import Enterprise, Touchpoint, Trip
from partnerships.rules.terms import Term, read_term, term_of
from partnerships.services.touchpoints import start_of
from partnerships.services.trips import Conflict, change_trip, log_trip
from records.files import Rejected
from records.models import Event, File, Side
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import EnterpriseFactory, TripFactory

NEW = "/trips/new/"


def picture(name="press.jpg"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def log(cast, by=None, **said):
    said = {"enterprises": [cast.a, cast.b], "starts_on": timezone.localdate(), "summary": "看了生产线。"} | said
    return log_trip(by=by or cast.officer, **said)


def typed(cast, **said):
    return {
        "form_key": str(uuid4()),
        "enterprises": [cast.a.pk, cast.b.pk],
        "starts_on": timezone.localdate().isoformat(),
        "kind": "visit",
        "summary": "看了生产线。",
    } | said


# --- the service ---------------------------------------------------------------------------------------------------


def test_one_trip_writes_one_touchpoint_for_each_enterprise(cast):
    trip = log(cast, details={cast.b.pk: {"agreed": "六个岗位", "private_note": "小心"}}, tags=["annual_report"])
    of_a, of_b = Touchpoint.objects.order_by("enterprise_id")
    assert {of_a.trip, of_b.trip} == {trip}
    assert (of_a.summary, of_a.agreed, of_b.agreed, of_b.private_note) == ("看了生产线。", "", "六个岗位", "小心")
    assert set(Event.objects.values_list("kind", "stream", "audience")) == {
        ("trip.logged", None, "school"),
        ("touchpoint.logged", cast.a.pk, "both"),
        ("touchpoint.logged", cast.b.pk, "both"),
    }
    today = start_of(timezone.localdate())
    assert set(Enterprise.objects.values_list("last_contact_at", flat=True)) == {today}


def test_a_visit_to_the_school_is_the_enterprises_step(cast):
    log(cast, kind="received")
    assert set(Touchpoint.objects.values_list("side", flat=True)) == {Side.ENTERPRISE}


def test_the_same_form_sent_twice_is_one_trip(cast):
    key = uuid4()
    assert log(cast, form_key=key) == log(cast, form_key=key)
    assert (Trip.objects.count(), Touchpoint.objects.count()) == (1, 2)


@pytest.mark.parametrize("who", ["teacher", "counsellor", "hr", "disabled"])
def test_only_liaison_staff_logs_trips(cast, who):
    with pytest.raises(NotAllowed):
        log(cast, getattr(cast, who))
    assert not Trip.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"enterprises": []},
        {"starts_on": timezone.localdate() + timedelta(days=2)},
        {"ends_on": timezone.localdate() - timedelta(days=1)},
        {"summary": ""},
        {"summary": "长" * 2001},
        {"kind": "pilgrimage"},
        {"tags": ["weather"]},
    ],
)
def test_a_trip_that_cannot_be_is_refused_whole(cast, wrong):
    with pytest.raises(ValidationError):
        log(cast, **wrong)
    assert not Trip.objects.exists()
    assert not Touchpoint.objects.exists()


def test_a_merged_enterprise_stops_the_whole_trip(cast):
    with pytest.raises(Refused):
        log(cast, enterprises=[cast.b, EnterpriseFactory(merged_into=cast.a)])
    assert not Trip.objects.exists()


def test_a_file_that_is_no_picture_stops_the_whole_trip(cast):
    with pytest.raises(Rejected):
        log(cast, files=[SimpleUploadedFile("press.jpg", b"GIF89a")])
    assert not Trip.objects.exists()
    assert not File.objects.exists()


def test_pictures_of_a_tour_stay_with_the_school_until_they_are_given(cast):
    trip = log(cast, files=[picture()])
    kept = File.objects.get()
    assert kept.subject == trip
    change_trip(trip, by=cast.officer, version=0, changes={}, given={kept.pk: cast.b.pk})
    kept.refresh_from_db()
    assert kept.subject == trip.touchpoints.get(enterprise=cast.b)


def test_the_picture_of_one_enterprise_is_its_own(cast):
    trip = log(cast, enterprises=[cast.a], files=[picture()])
    assert File.objects.get().subject == trip.touchpoints.get()


# --- completing ----------------------------------------------------------------------------------------------------


def test_completing_changes_the_shared_record_and_says_so(cast):
    trip = log(cast)
    change_trip(
        trip, by=cast.officer, version=0, changes={"leader": "张校长", "summary": "谈了订单班。"},
        details={cast.a.pk: {"people": "赵敏", "private_note": "秘密", "summary": ""}},
    )  # fmt: skip
    trip.refresh_from_db()
    assert (trip.version, trip.leader) == (1, "张校长")
    of_a, of_b = trip.touchpoints.order_by("enterprise_id")
    assert (of_a.people, of_a.private_note, of_a.summary, of_b.summary) == (
        "赵敏",
        "秘密",
        "谈了订单班。",
        "谈了订单班。",
    )
    changes = Event.objects.filter(kind="touchpoint.corrected").order_by("stream")
    assert [event.data["fields"] for event in changes] == [["people", "summary"], ["summary"]]
    assert [event.data["before"] for event in changes] == [{"summary": "看了生产线。"}] * 2
    assert "秘密" not in str(list(Event.objects.filter(audience="both").values_list("data")))


def test_only_a_private_note_is_nothing_for_the_enterprise(cast):
    change_trip(log(cast), by=cast.officer, version=0, changes={}, details={cast.a.pk: {"private_note": "秘密"}})
    assert not Event.objects.filter(kind="touchpoint.changed").exists()


def test_a_sentence_of_its_own_stays_when_the_trips_changes(cast):
    trip = log(cast, details={cast.a.pk: {"summary": "只谈了轴承。"}})
    change_trip(trip, by=cast.officer, version=0, changes={"summary": "neu"})
    assert list(trip.touchpoints.order_by("enterprise_id").values_list("summary", flat=True)) == ["只谈了轴承。", "neu"]


def test_a_corrected_day_moves_the_last_contact_and_the_entry(cast):
    trip, earlier = log(cast), timezone.localdate() - timedelta(days=40)
    change_trip(trip, by=cast.officer, version=0, changes={"starts_on": earlier, "ends_on": earlier})
    assert Enterprise.objects.get(pk=cast.a.pk).last_contact_at == start_of(earlier)
    events = Event.objects.filter(kind="touchpoint.logged", stream=cast.a.pk)
    assert start_of(earlier) in events.values_list("happened_at", flat=True)


def test_an_enterprise_is_added_and_a_day_ahead_is_not_taken(cast):
    trip, third = log(cast), EnterpriseFactory()
    change_trip(trip, by=cast.officer, version=0, changes={}, added=[third, cast.a])
    assert trip.touchpoints.count() == 3
    with pytest.raises(ValidationError):
        change_trip(trip, by=cast.officer, version=1, changes={"ends_on": date(2999, 1, 1)})
    assert Trip.objects.get().version == 1


def test_who_may_complete_a_trip(cast):
    trip = log(cast)
    for who in (cast.other_officer, cast.hr):
        with pytest.raises(NotAllowed):
            change_trip(trip, by=who, version=0, changes={"leader": "x"})
    trip.colleagues.add(cast.other_officer)
    assert change_trip(trip, by=cast.other_officer, version=0, changes={"leader": "x"}).leader == "x"
    assert change_trip(trip, by=cast.lead, version=1, changes={"leader": "y"}).leader == "y"


def test_the_second_editor_sees_both_values(cast):
    trip = log(cast)
    change_trip(trip, by=cast.officer, version=0, changes={"leader": "张"}, details={cast.a.pk: {"agreed": "六"}})
    with pytest.raises(Conflict) as conflict:
        change_trip(
            trip, by=cast.lead, version=0, changes={"leader": "李", "tags": ["annual_report"]},
            details={cast.a.pk: {"agreed": "七"}},
        )  # fmt: skip
    assert {(row["field"], row["theirs"], row["mine"]) for row in conflict.value.rows} >= {
        ("leader", "张", "李"),
        ("agreed", "六", "七"),
    }
    assert Trip.objects.get().leader == "张"


# --- the pages -----------------------------------------------------------------------------------------------------


def test_four_taps_and_a_sentence(cast, signed_in):
    client = signed_in(cast.officer)
    page = client.get(NEW)
    assert page.status_code == 200
    assert cast.a.name in page.content.decode()
    response = client.post(NEW, typed(cast, files=[picture(), picture("b.jpg")]), follow=True)
    trip = Trip.objects.get()
    assert response.redirect_chain == [(reverse("partnerships:trip_detail", args=[trip.pk]), 302)]
    assert "Complete the record" in response.content.decode()
    assert trip.files.count() == 2


def test_searching_without_javascript_keeps_what_was_typed(cast, signed_in):
    third = EnterpriseFactory(name="苏州光电有限公司")
    said = typed(cast, enterprises=[cast.b.pk], summary="谈到一半", find="1", words="光电", leader="张")
    page = signed_in(cast.officer).post(NEW, said)
    text = page.content.decode()
    assert page.status_code == 200
    assert not Trip.objects.exists()
    assert f'value="{cast.b.pk}" checked' in text
    assert f'value="{third.pk}"' in text
    assert cast.a.name not in text
    assert "谈到一半" in text
    assert said["form_key"] in text


def test_searching_with_htmx_answers_the_choices_alone(cast, signed_in):
    page = signed_in(cast.officer).get(NEW, {"words": "恒力", "enterprises": cast.b.pk}, headers={"HX-Request": "true"})
    text = page.content.decode()
    assert "<html" not in text
    assert f'value="{cast.b.pk}" checked' in text
    assert f'value="{cast.a.pk}"' in text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"enterprises": []}, "enterprises"), ({"enterprises": ["x"]}, "enterprises"), ({"summary": " "}, "summary"),
     ({"starts_on": "2999-01-01"}, "starts_on"), ({"starts_on": "gestern"}, "starts_on"),
     ({"ends_on": "2001-01-01"}, "ends_on"), ({"summary": "长" * 2001}, "summary"), ({"form_key": ""}, "form_key"),
     ({"enterprises": [99999999999999999999]}, "enterprises")],
)  # fmt: skip
def test_a_faulty_form_keeps_everything_typed(cast, signed_in, wrong, field):
    page = signed_in(cast.officer).post(NEW, typed(cast, leader="张校长", **wrong))
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert "张校长" in page.content.decode()
    assert not Trip.objects.exists()


def test_a_wrong_picture_is_one_sentence_and_nothing_is_lost(cast, signed_in):
    page = signed_in(cast.officer).post(NEW, typed(cast, files=[SimpleUploadedFile("a.jpg", b"no")]))
    assert page.status_code == 422
    assert "does not fit its ending" in page.content.decode()
    assert "看了生产线。" in page.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [("officer", 200), ("other_officer", 200), ("lead", 200), ("teacher", 404), ("hr", 404), ("stranger_hr", 404)],
)
def test_who_reads_a_trip(cast, signed_in, who, status):
    trip, client = log(cast), signed_in(getattr(cast, who))
    for name in ("trip_detail", "trip_print"):
        assert client.get(reverse(f"partnerships:{name}", args=[trip.pk])).status_code == status
    for address in ("/trips/", NEW):
        assert client.get(address).status_code == (200 if status == 200 else 403)


def test_an_officer_from_elsewhere_reads_but_does_not_change(cast, signed_in):
    address = reverse("partnerships:trip_edit", args=[log(cast).pk])
    assert signed_in(cast.other_officer).get(address).status_code == 403
    assert signed_in(cast.lead).get(address).status_code == 200


def edit_data(trip, **said):
    data = {"version": trip.version, "kind": "visit", "starts_on": trip.starts_on.isoformat(),
            "ends_on": trip.ends_on.isoformat(), "summary": trip.summary}  # fmt: skip
    return data | said


def test_two_editors_at_once(cast, signed_in):
    trip = log(cast)
    address = reverse("partnerships:trip_edit", args=[trip.pk])
    prefix = f"e{cast.a.pk}-"
    first = edit_data(trip, leader="张", **{prefix + "agreed": "六个岗位"})
    assert signed_in(cast.officer).post(address, first).status_code == 302
    page = signed_in(cast.lead).post(address, edit_data(trip, leader="李", **{prefix + "agreed": "七个岗位"}))
    text = page.content.decode()
    assert page.status_code == 409
    for value in ("张", "李", "六个岗位", "七个岗位"):
        assert value in text
    assert Trip.objects.get().leader == "张"
    again = edit_data(trip, leader="李", version=page.context["form"]["version"].value())
    assert signed_in(cast.lead).post(address, again).status_code == 302
    assert Trip.objects.get().leader == "李"


def test_faults_in_the_part_of_one_enterprise_are_shown_there(cast, signed_in):
    trip = log(cast)
    said = edit_data(trip, **{f"e{cast.b.pk}-jobs_offered": "many", f"e{cast.a.pk}-agreed": "保留"})
    page = signed_in(cast.officer).post(reverse("partnerships:trip_edit", args=[trip.pk]), said)
    assert page.status_code == 422
    assert f'href="#id_e{cast.b.pk}-jobs_offered"' in page.content.decode()
    assert "保留" in page.content.decode()


def test_the_record_prints_what_was_done(cast, signed_in):
    trip = log(cast, details={cast.b.pk: {"jobs_offered": 3, "people": "钱波"}, cast.a.pk: {"jobs_offered": 4}})
    text = signed_in(cast.officer).get(reverse("partnerships:trip_print", args=[trip.pk])).content.decode()
    for value in (cast.a.name, cast.b.name, "钱波", '<td class="number">7</td>', "record__signs"):
        assert value in text


# --- the list ------------------------------------------------------------------------------------------------------


def test_the_list_narrows_by_term_year_tag_and_person(cast, signed_in):
    spring = TripFactory(starts_on=date(2026, 3, 12), ends_on=date(2026, 3, 12), logged_by=cast.officer)
    autumn = TripFactory(starts_on=date(2026, 9, 3), ends_on=date(2026, 9, 3), tags=["double_high"])
    autumn.colleagues.add(cast.lead)
    client = signed_in(cast.officer)

    def listed(client=client, **query):
        return [trip.pk for trip in client.get("/trips/", query).context["page"]]

    assert listed() == [autumn.pk, spring.pk]
    assert listed(sort="day") == [spring.pk, autumn.pk]
    assert listed(when="2025-2026-2") == [spring.pk]
    assert listed(when="2026-2027-1") == [autumn.pk]
    assert listed(when="2026") == [autumn.pk, spring.pk]
    assert listed(tag="double_high") == [autumn.pk]
    assert listed(mine="1") == [spring.pk]
    assert listed(signed_in(cast.lead), mine="1") == [autumn.pk]
    for nonsense in ({"when": "2026-2028-1"}, {"when": "0000"}, {"tag": "x"}, {"sort": "id;--"}, {"after": "%00"}):
        assert listed(**nonsense) == [autumn.pk, spring.pk]


def test_the_list_costs_the_same_with_one_row_and_with_fifty(cast, signed_in):
    client, queries = signed_in(cast.officer), []
    log(cast)
    client.get("/trips/")
    for __ in range(2):
        with CaptureQueriesContext(connection) as counted:
            client.get("/trips/")
        queries.append(len(counted))
        for __ in range(49):
            log(cast)
    assert queries[0] == queries[1]


@pytest.mark.parametrize(
    ("day", "code"),
    [(date(2026, 9, 1), "2026-2027-1"), (date(2027, 1, 31), "2026-2027-1"), (date(2027, 2, 1), "2026-2027-2"),
     (date(2027, 8, 31), "2026-2027-2")],
)  # fmt: skip
def test_terms(day, code):
    assert term_of(day).code == code
    assert read_term(code).first_day <= day <= read_term(code).last_day


def test_terms_follow_each_other():
    assert Term(2026, 1).next.previous == Term(2026, 1)
    assert Term(2026, 2).next == Term(2027, 1)
    assert [read_term(code) for code in ("", "2026-2028-1", "2026-2027-3", None)] == [None] * 4


def test_a_forgotten_enterprise_is_found_and_added(cast, signed_in):
    trip, third = log(cast), EnterpriseFactory(name="苏州光电有限公司")
    client, address = signed_in(cast.officer), reverse("partnerships:trip_edit", args=[trip.pk])
    found = client.post(address, edit_data(trip, leader="张校长", find="1", words="光电"))
    assert f'value="{third.pk}"' in found.content.decode()
    assert "张校长" in found.content.decode()
    assert Trip.objects.get().version == 0
    assert client.post(address, edit_data(trip, enterprises=[third.pk])).status_code == 302
    assert trip.touchpoints.count() == 3

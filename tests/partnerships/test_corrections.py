"""What was logged wrong is corrected with its former values kept, or taken back; nothing is deleted."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Enterprise, Touchpoint
from partnerships.models.enterprise import NEVER
from partnerships.services import corrections as services
from partnerships.services.corrections import Conflict, correct_touchpoint, withdraw_touchpoint
from partnerships.services.proxies import confirm_proxy_entry, enter_touchpoint_on_behalf
from partnerships.services.touchpoints import check_last_contact, log_touchpoint, start_of
from partnerships.services.trips import change_trip, log_trip
from partnerships.timeline import timeline_page
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.cast import gather
from tests.partnerships.browser import form_data
from tests.partnerships.factories import FileFactory, TouchpointFactory

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
MARCH, MAY = datetime(2026, 3, 12, 2, tzinfo=UTC), datetime(2026, 5, 2, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def log(cast, by=None, **said):
    said = {"kind": "call", "happened_at": MARCH, "summary": "谈了冬季实习。", "now": NOW} | said
    return log_touchpoint(enterprise=said.pop("enterprise", cast.a), by=by or cast.officer, **said)


def tour(cast, by=None, **said):
    said = {"enterprises": [cast.a, cast.b], "starts_on": timezone.localdate(), "summary": "看了生产线。"} | said
    return log_trip(by=by or cast.officer, **said)


def correct(touchpoint, by, version=0, **changes):
    return correct_touchpoint(touchpoint, by=by, version=version, changes=changes, now=NOW)


def stored(enterprise):
    return Enterprise.objects.get(pk=enterprise.pk).last_contact_at


# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logged_by", "by", "may"),
    [("officer", "officer", True), ("officer", "lead", True), ("officer", "administrator", True),
     ("other_officer", "officer", True), ("other_officer", "other_officer", True), ("officer", "other_officer", False),
     ("officer", "teacher", False), ("officer", "hr", False), ("officer", "stranger_hr", False),
     ("hr", "hr", True), ("hr", "colleague_hr", True), ("hr", "hr_of_both", True), ("hr", "former_hr", False),
     ("hr", "stranger_hr", False), ("hr", "officer", True), ("hr", "other_officer", False), ("hr", "disabled", False)],
)  # fmt: skip
def test_whoever_logged_it_or_keeps_the_partner_and_the_enterprise_its_own(cast, logged_by, by, may):
    touchpoint = log(cast, getattr(cast, logged_by))
    if may:
        assert correct(touchpoint, getattr(cast, by), summary="别的").summary == "别的"
        return
    with pytest.raises(NotAllowed):
        correct(touchpoint, getattr(cast, by), summary="别的")
    assert not Event.objects.filter(kind="touchpoint.corrected").exists()


def test_the_enterprise_changes_only_what_it_could_write(cast):
    touchpoint = log(cast, cast.hr)
    for name in ("private_note", "is_two_way", "agreed", "jobs_offered"):
        with pytest.raises(TypeError):
            correct(touchpoint, cast.hr, **{name: ""})


def test_a_checked_entry_on_behalf_stands_and_the_enterprise_corrects_it_its_own_way(cast):
    said = {"source": "phone", "said_by": "钱波", "said_at": NOW, "summary": "八名。", "now": NOW}
    touchpoint = enter_touchpoint_on_behalf(enterprise=cast.a, by=cast.officer, **said)
    with pytest.raises(NotAllowed):
        correct(touchpoint, cast.hr, summary="六名。")
    correct(touchpoint, cast.officer, summary="七名。")
    confirm_proxy_entry(touchpoint.proxy, by=cast.hr, now=NOW)
    with pytest.raises(Refused, match="has checked"):
        correct(touchpoint, cast.officer, version=1, summary="九名。")


# --- what --------------------------------------------------------------------------------------------------------


def test_the_former_values_stand_in_what_both_sides_read(cast):
    touchpoint = log(cast, agreed="", jobs_offered=3)
    fresh = correct(touchpoint, cast.lead, summary="谈了春季实习。", agreed="六个岗位", jobs_offered=5)
    assert (fresh.version, fresh.summary, fresh.agreed) == (1, "谈了春季实习。", "六个岗位")
    event = Event.objects.get(kind="touchpoint.corrected")
    assert (event.audience, event.side, event.stream, event.by) == ("both", "school", cast.a.pk, cast.lead)
    assert event.data["before"] == {"summary": "谈了冬季实习。", "jobs_offered": 3}
    assert event.data["fields"] == ["agreed", "jobs_offered", "summary"]
    for reader in (cast.officer, cast.hr):
        entries = timeline_page(cast.a, reader, {}).entries
        (entry,) = [entry for entry in entries if entry.event.kind == "touchpoint.logged"]
        (correction,) = entry.corrections
        assert correction["who"] == str(cast.lead)
        assert {str(value) for _label, value in correction["rows"]} == {"谈了冬季实习。", "3"}


def test_private_notes_stay_private(cast, signed_in):
    touchpoint = log(cast, private_note="GEHEIM", is_two_way=False)
    correct(touchpoint, cast.officer, private_note="NOCH GEHEIMER", is_two_way=True, summary="新")
    for event in Event.objects.filter(audience="both"):
        assert "GEHEIM" not in str(event.data)
        assert "is_two_way" not in str(event.data)
    own = Event.objects.get(kind="touchpoint.note_changed")
    assert (own.audience, own.data["before"]) == ("school", {"private_note": "GEHEIM", "is_two_way": False})
    portal = signed_in(cast.hr).get(reverse("partnerships:portal_partnership", args=[cast.a.pk])).content.decode()
    assert "GEHEIM" not in portal


def test_only_the_note_changed_tells_the_enterprise_nothing(cast):
    correct(log(cast), cast.officer, private_note="GEHEIM")
    assert list(Event.objects.filter(audience="both").values_list("kind", flat=True)) == ["touchpoint.logged"]


def test_nothing_changed_is_no_correction(cast):
    touchpoint = correct(log(cast), cast.officer, summary="谈了冬季实习。")
    assert touchpoint.version == 0
    assert Event.objects.count() == 1


def test_a_new_day_moves_the_exchange_and_the_last_contact(cast):
    log(cast, happened_at=MARCH, summary="早的")
    touchpoint = log(cast, happened_at=MAY)
    assert stored(cast.a) == MAY
    earlier = start_of(timezone.localdate(MARCH) - timedelta(days=9))
    correct(touchpoint, cast.officer, happened_at=earlier, precision="day")
    assert stored(cast.a) == MARCH
    correct(touchpoint, cast.officer, version=1, happened_at=MAY, precision="moment")
    assert stored(cast.a) == MAY
    assert not check_last_contact().exists()
    entries = timeline_page(cast.a, cast.officer, {}).entries
    stood = [entry for entry in entries if entry.touchpoint and entry.touchpoint.pk == touchpoint.pk]
    assert len(stood) == 1, "there and back again is still one exchange"
    assert len(stood[0].corrections) == 2


def test_whether_both_spoke_decides_about_the_contact(cast):
    touchpoint = log(cast)
    correct(touchpoint, cast.officer, is_two_way=False)
    assert stored(cast.a) == NEVER


@pytest.mark.parametrize(
    "wrong", [{"summary": "长" * 2001}, {"kind": "pilgrimage"}, {"happened_at": NOW + timedelta(days=2)},
              {"happened_at": NEVER - timedelta(days=2)}, {"people": "长" * 201}, {"jobs_offered": -1}],
)  # fmt: skip
def test_what_cannot_be_is_refused_whole(cast, wrong):
    touchpoint = log(cast)
    with pytest.raises(ValidationError):
        correct(touchpoint, cast.officer, agreed="x", **wrong)
    touchpoint.refresh_from_db()
    assert (touchpoint.agreed, touchpoint.version) == ("", 0)


def test_the_second_editor_sees_both_values(cast):
    touchpoint = log(cast)
    correct(touchpoint, cast.officer, summary="一")
    with pytest.raises(Conflict) as error:
        correct(touchpoint, cast.lead, summary="二", agreed="")
    assert (error.value.theirs, error.value.mine) == ({"summary": "一"}, {"summary": "二"})
    touchpoint.refresh_from_db()
    assert touchpoint.summary == "一"


def test_a_part_of_a_trip_keeps_the_day_of_the_trip_and_its_form_notices(cast):
    trip = tour(cast)
    part = trip.touchpoints.get(enterprise=cast.b)
    with pytest.raises(TypeError):
        correct(part, cast.officer, happened_at=MARCH)
    correct(part, cast.officer, agreed="六个岗位")
    with pytest.raises(Refused, match="Somebody else"):
        change_trip(trip, by=cast.officer, version=0, changes={"leader": "张校长"})


def test_the_words_of_a_list_leave_when_a_number_is_typed(cast):
    touchpoint = TouchpointFactory(enterprise=cast.a, logged_by=cast.officer, jobs_offered=20, jobs_said="20+")
    fresh = correct(touchpoint, cast.officer, jobs_offered=22)
    assert (fresh.jobs_offered, fresh.jobs_said, fresh.jobs_shown) == (22, "", 22)


# --- taking back -------------------------------------------------------------------------------------------------


def test_a_trip_loses_an_enterprise_and_nothing_is_deleted(cast, signed_in):
    trip = tour(cast)
    part = trip.touchpoints.get(enterprise=cast.b)
    kept = FileFactory(subject=part)
    withdraw_touchpoint(part, by=cast.officer, reason="Nicht angetroffen, falsche Firma")
    part.refresh_from_db()
    assert (part.trip, part.withdrawn_by, part.withdrawn_because) == (
        trip,
        cast.officer,
        "Nicht angetroffen, falsche Firma",
    )
    assert (stored(cast.b), stored(cast.a)) == (NEVER, start_of(timezone.localdate()))
    assert not check_last_contact().exists()
    event = Event.objects.get(kind="touchpoint.withdrawn")
    assert (event.stream, event.audience) == (cast.b.pk, "both")
    assert "Nicht" not in str(event.data)
    page = signed_in(cast.officer).get(reverse("partnerships:trip_detail", args=[trip.pk]))
    assert [row.enterprise for row in page.context["parts"]] == [cast.a]
    assert "falsche Firma" in page.content.decode()
    portal = (
        signed_in(cast.stranger_hr).get(reverse("partnerships:portal_partnership", args=[cast.b.pk])).content.decode()
    )
    assert "took this entry back" in portal
    assert "&lt;" not in portal.split('id="stream"')[1], "a sentence holds no markup"
    assert "看了生产线" not in portal
    assert "falsche Firma" not in portal
    file = reverse("partnerships:file", args=[kept.key])
    assert signed_in(cast.stranger_hr).get(file).status_code == 404, "nor its pictures"


def test_what_was_taken_off_can_be_visited_after_all(cast):
    trip = tour(cast)
    withdraw_touchpoint(trip.touchpoints.get(enterprise=cast.b), by=cast.officer, reason="Verwechselt")
    trip.refresh_from_db()
    change_trip(trip, by=cast.officer, version=trip.version, changes={}, added=[cast.b])
    assert trip.touchpoints.standing().filter(enterprise=cast.b).count() == 1
    assert stored(cast.b) == start_of(timezone.localdate())


@pytest.mark.parametrize(
    ("who", "may"),
    [("officer", True), ("lead", True), ("other_officer", True), ("teacher", False), ("hr", False), ("stranger_hr", False)],
)  # fmt: skip
def test_who_takes_an_enterprise_off(cast, who, may):
    """The other officer keeps enterprise B and was not on the trip."""
    Enterprise.objects.filter(pk=cast.b.pk).update(owner=cast.other_officer)
    part = tour(cast).touchpoints.get(enterprise=cast.b)
    if may:
        assert withdraw_touchpoint(part, by=getattr(cast, who), reason="x").is_withdrawn
        return
    with pytest.raises(NotAllowed):
        withdraw_touchpoint(part, by=getattr(cast, who), reason="x")
    assert not Touchpoint.objects.exclude(withdrawn_at=None).exists()


def test_hr_takes_nothing_back_not_even_its_own(cast):
    with pytest.raises(NotAllowed):
        withdraw_touchpoint(log(cast, cast.hr), by=cast.hr, reason="x")


def test_the_last_enterprise_stays(cast):
    trip = tour(cast, enterprises=[cast.a])
    with pytest.raises(Refused, match="only enterprise"):
        withdraw_touchpoint(trip.touchpoints.get(), by=cast.officer, reason="x")


@pytest.mark.parametrize("reason", ["", "  ", "长" * 301])
def test_without_a_reason_nothing_is_taken_back(cast, reason):
    touchpoint = log(cast)
    with pytest.raises(ValidationError):
        withdraw_touchpoint(touchpoint, by=cast.officer, reason=reason)
    assert stored(cast.a) == MARCH


def test_what_was_taken_back_is_neither_corrected_nor_taken_back_again(cast):
    touchpoint = withdraw_touchpoint(log(cast), by=cast.officer, reason="Doppelt")
    with pytest.raises(Refused, match="taken back"):
        withdraw_touchpoint(touchpoint, by=cast.officer, reason="Doppelt")
    with pytest.raises(Refused, match="taken back"):
        correct(touchpoint, cast.officer, version=1, summary="x")


# --- races -------------------------------------------------------------------------------------------------------


class TestRace:
    """Two people save the same version at once: one correction is written, the other is shown both values."""

    def race(self, first, second):
        answers, barrier = [], threading.Barrier(2, timeout=20)

        def run(act):
            barrier.wait()
            try:
                act()
                answers.append("done")
            except Refused:
                answers.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return sorted(answers)

    @pytest.mark.django_db(transaction=True)
    def test_one_of_two_corrections_wins(self):
        cast = gather()
        touchpoint = log(cast)
        acts = [
            lambda text=text: correct(Touchpoint.objects.get(pk=touchpoint.pk), cast.officer, summary=text)
            for text in "一二"
        ]
        assert self.race(*acts) == ["done", "refused"]
        assert Event.objects.filter(kind="touchpoint.corrected").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_without_the_lock_one_is_lost(self, monkeypatch):
        cast = gather()
        touchpoint, both_read = log(cast), threading.Barrier(2, timeout=20)
        rewrite = services._rewrite

        def read_then_wait(*args):
            both_read.wait()
            rewrite(*args)

        monkeypatch.setattr(
            services,
            "_lock",
            lambda row: Touchpoint.objects.select_related("enterprise", "trip", "proxy", "logged_by").get(pk=row.pk),
        )
        monkeypatch.setattr(services, "_rewrite", read_then_wait)
        acts = [
            lambda text=text: correct(Touchpoint.objects.get(pk=touchpoint.pk), cast.officer, summary=text)
            for text in "一二"
        ]
        assert self.race(*acts) == ["done", "done"]

    @pytest.mark.django_db(transaction=True)
    def test_the_last_two_enterprises_do_not_both_leave(self):
        cast = gather()
        trip = tour(cast)
        acts = [
            lambda part=part: withdraw_touchpoint(part, by=cast.lead, reason="x") for part in trip.touchpoints.all()
        ]
        assert self.race(*acts) == ["done", "refused"]
        assert trip.touchpoints.standing().count() == 1


# --- pages -------------------------------------------------------------------------------------------------------


def test_the_school_corrects_on_the_page(cast, signed_in):
    client, touchpoint = signed_in(cast.officer), log(cast, precision="moment", private_note="leise")
    url = reverse("partnerships:touchpoint_correct", args=[touchpoint.pk])
    data = form_data(client.get(url))
    assert client.post(url, data, follow=True).status_code == 200
    touchpoint.refresh_from_db()
    assert touchpoint.version == 0, "sent as it was drawn it changes nothing, not even the seconds of its moment"
    response = client.post(url, data | {"summary": "谈了春季实习。", "day": "2026-03-10", "time": ""}, follow=True)
    text = response.content.decode()
    assert "谈了冬季实习。" in text
    assert "before: what it was about" in text
    touchpoint.refresh_from_db()
    assert (touchpoint.precision, str(timezone.localdate(touchpoint.happened_at))) == ("day", "2026-03-10")
    late = client.post(url, data | {"summary": "第三种"})
    assert late.status_code == 409
    assert "谈了春季实习。" in late.content.decode()
    assert "第三种" in late.content.decode()
    again = client.post(url, form_data(late), follow=True)
    assert "第三种" in again.content.decode()


def test_the_enterprise_corrects_its_own_in_the_portal(cast, signed_in):
    client, touchpoint = signed_in(cast.hr), log(cast, cast.hr, wishes="两名")
    page = client.get(reverse("partnerships:portal_partnership", args=[cast.a.pk])).content.decode()
    url = reverse("partnerships:portal_touchpoint_correct", args=[cast.a.pk, touchpoint.pk])
    assert url in page
    page = client.post(url, form_data(client.get(url)) | {"wishes": "三名"}, follow=True).content.decode()
    assert "三名" in page
    assert "before: what the enterprise wishes" in page
    assert Event.objects.get(kind="touchpoint.corrected").side == "enterprise"
    foreign = log(cast)
    url = reverse("partnerships:portal_touchpoint_correct", args=[cast.a.pk, foreign.pk])
    assert client.get(url).status_code == 403
    assert client.post(url, {"version": 0}).status_code == 403


def test_taking_off_on_the_page(cast, signed_in):
    trip, client = tour(cast), signed_in(cast.officer)
    part = trip.touchpoints.get(enterprise=cast.b)
    url = reverse("partnerships:touchpoint_withdraw", args=[part.pk])
    assert url in client.get(reverse("partnerships:trip_detail", args=[trip.pk])).content.decode()
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "Falsche Firma"}).status_code == 302
    assert client.get(url).status_code == 409
    last = reverse("partnerships:touchpoint_withdraw", args=[trip.touchpoints.standing().get().pk])
    assert client.get(last).status_code == 409
    assert "took it back" in client.get(reverse("partnerships:timeline", args=[cast.b.pk])).content.decode()


def test_what_was_taken_back_leaves_the_lists(cast, signed_in):
    trip, client = tour(cast), signed_in(cast.officer)
    withdraw_touchpoint(trip.touchpoints.get(enterprise=cast.b), by=cast.officer, reason="x")
    assert cast.b.name not in client.get(reverse("partnerships:trip_list")).content.decode()
    assert cast.b.name not in client.get(reverse("partnerships:trip_print", args=[trip.pk])).content.decode()
    assert (
        cast.b.name
        not in client.get(reverse("partnerships:trip_edit", args=[trip.pk])).content.decode().split("choices")[0]
    )

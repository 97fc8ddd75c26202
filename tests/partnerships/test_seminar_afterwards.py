"""Seminars at the door and afterwards: who signs in, what counts as contact, how it was, and who hears of the minutes."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Enterprise, Seminar, SeminarAttendee, SeminarFeedback, SeminarGuest, Touchpoint
from partnerships.rules.seminars import meant
from partnerships.services import seminars as services
from partnerships.services.links import SEMINAR, default_message
from partnerships.services.merging import merge_enterprises
from records.links import PER_MINUTE, hand_out
from records.models import Event
from records.workflow import NotAllowed, Refused
from reminders.models import Delivery, Switch, Task
from reminders.rules import rules
from tests.partnerships.factories import EnterpriseFactory, UserFactory
from tests.partnerships.test_seminars import DAY, START, held, partner, planned, round_at

END = START + timedelta(hours=3)
AFTER = START + timedelta(hours=4)
#: The next morning, when reminders leave.
NEXT = timezone.make_aware(timezone.datetime(2026, 12, 4, 9, 0))


@pytest.fixture
def switched_on(db):
    for rule in ("seminar", "seminar_minutes", "seminar_feedback"):
        Switch.objects.create(rule=rule, mode="on", changed_at=DAY - timedelta(days=365))


@pytest.fixture
def seminar(cast):
    return planned(cast.officer, enterprises=[cast.a], users=[cast.lead], department=cast.d1)


def link_to(guest, by, now=DAY):
    return hand_out(SEMINAR, subject=guest, stream=guest.stream, by=by, now=now, days=60)


# --- an answer is contact ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["yes", "maybe", "no"])
@pytest.mark.parametrize("how", ["portal", "link", "on behalf"])
def test_an_answered_invitation_is_contact(cast, seminar, answer, how):
    guest = seminar.guests.get(enterprise=cast.a)
    whom = {
        "portal": lambda: {"by": cast.hr},
        "link": lambda: {"via": link_to(guest, cast.officer), "name": "钱波"},
        "on behalf": lambda: {"by": cast.officer, "said_by": "赵经理", "source": "wechat"},
    }[how]()
    services.answer_invitation(guest, answer=answer, head_count=2, now=DAY, **whom)
    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.side, touchpoint.is_two_way, touchpoint.happened_at) == ("enterprise", True, DAY)
    assert seminar.title in touchpoint.summary
    assert Enterprise.objects.get(pk=cast.a.pk).last_contact_at == DAY
    assert (touchpoint.proxy is not None) == (how == "on behalf")
    if touchpoint.proxy:
        assert (touchpoint.proxy.said_by, touchpoint.proxy.source, touchpoint.proxy.checked_at) == (
            "赵经理",
            "wechat",
            None,
        )


def test_an_invitation_alone_and_the_answer_of_a_colleague_are_no_contact(cast, seminar):
    services.answer_invitation(seminar.guests.get(user=cast.lead), answer="yes", by=cast.lead, now=DAY)
    assert not Touchpoint.objects.exists()
    assert not Enterprise.objects.get(pk=cast.a.pk).had_contact


def test_the_same_answer_twice_is_one_and_another_is_a_second(cast, seminar):
    guest = seminar.guests.get(enterprise=cast.a)
    for n in range(2):
        services.answer_invitation(guest, answer="yes", head_count=2, by=cast.hr, now=DAY + timedelta(hours=n))
    assert Touchpoint.objects.count() == 1
    services.answer_invitation(guest, answer="no", by=cast.hr, now=DAY + timedelta(hours=3))
    assert Enterprise.objects.get(pk=cast.a.pk).last_contact_at == DAY + timedelta(hours=3)


def test_an_answer_on_behalf_names_its_source(cast, seminar):
    guest = seminar.guests.get(enterprise=cast.a)
    for source in ("", "pigeon"):
        with pytest.raises(ValidationError):
            services.answer_invitation(guest, answer="no", by=cast.officer, said_by="赵经理", source=source, now=DAY)
    guest.refresh_from_db()
    assert (guest.answer, Touchpoint.objects.count()) == ("none", 0)


# --- at the door ---------------------------------------------------------------------------------------------------

NAMES = {
    1: ["杭州恒力轴承有限公司", "恒力", "Hengli Bearing", "恒力机械厂"],
    2: ["宁波远洋物流有限公司", "", "", ""],
    3: ["宁波恒远物流有限公司", "", "", ""],
}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("杭州恒力轴承有限公司", 1), ("杭州恒力轴承有限公司 ", 1), ("恒力", 1), ("hengli bearing", 1), ("恒力机械厂", 1),
        ("恒力轴承", 1), ("浙江杭州恒力轴承集团", 1), ("轴承", 1), ("远洋", 2), ("恒远", 3),
        ("物流", None), ("恒", None), ("", None), ("有限公司", None), ("上海电气", None), ("恒力轴承宁波分公司", None),
    ],
)  # fmt: skip
def test_whom_somebody_means_at_the_door(text, key):
    assert meant(text, NAMES) == key


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (START - timedelta(hours=2, seconds=1), False), (START - timedelta(hours=2), True), (START, True),
        (END + timedelta(hours=4), True), (END + timedelta(hours=4, seconds=1), False),
    ],
)  # fmt: skip
def test_signing_in_is_open_around_the_event(seminar, now, is_open):
    assert (services.why_not_sign_in(seminar, now) is None) == is_open
    if is_open:
        services.sign_in_at_door(seminar, name="孙工", now=now)
    else:
        with pytest.raises(Refused):
            services.sign_in_at_door(seminar, name="孙工", now=now)
    assert SeminarAttendee.objects.count() == is_open


def test_the_sentence_names_the_hour(seminar):
    assert "12:00" in services.why_not_sign_in(seminar, DAY)


def test_nobody_signs_in_to_what_is_off_or_closed(cast, seminar):
    other = planned(cast.officer, enterprises=[cast.a])
    services.cancel_seminar(other, by=cast.officer, note="x", now=DAY)
    held(seminar)
    services.write_minutes(seminar, by=cast.officer, version=0, minutes="x", decisions="", now=AFTER)
    services.close_seminar(seminar, by=cast.officer, now=AFTER)
    for row in (seminar, other):
        row.refresh_from_db()
        with pytest.raises(Refused):
            services.sign_in_at_door(row, name="孙工", now=AFTER)


def test_who_signs_in_is_found_among_the_invited_then_the_partners(cast, seminar):
    of = {
        "恒力": cast.a, "宁波远洋物流有限公司": cast.b, "远洋物流": cast.b, "远洋": None, "某某公司": None, "": None,
    }  # fmt: skip
    for n, company in enumerate(of):
        attendee = services.sign_in_at_door(seminar, company=company, name=f"人{n}", phone="1", now=START)
        assert (attendee.enterprise, attendee.user) == (of[company], None), company
    assert services.sign_in_at_door(seminar, name=str(cast.lead), now=START).user == cast.lead
    assert services.sign_in_at_door(seminar, name="x", by=cast.other_officer, now=START).user == cast.other_officer


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"name": "x", "phone": "1" * 41}, {"name": "x", "company": "x" * 101}]
)
def test_a_wrong_sign_in(seminar, wrong):
    with pytest.raises(ValidationError):
        services.sign_in_at_door(seminar, now=START, **wrong)
    assert not SeminarAttendee.objects.exists()


def test_a_link_signs_in_its_own_enterprise_only(cast, seminar):
    guest = seminar.guests.get(enterprise=cast.a)
    other = planned(cast.officer, enterprises=[cast.b]).guests.get()
    link = link_to(guest, cast.officer)
    assert services.sign_in_by_link(guest, via=link, name="钱波", now=START).enterprise == cast.a
    with pytest.raises(Refused):
        services.sign_in_by_link(other, via=link, name="钱波", now=START)
    with pytest.raises(Refused):
        services.sign_in_by_link(guest, via=link, name="孙工", now=DAY)


def test_a_line_of_the_sheet(cast, seminar):
    guest = seminar.guests.get(enterprise=cast.a)
    with pytest.raises(Refused):
        services.sign_in_from_sheet(seminar, by=cast.officer, guest=guest, name="钱波", now=DAY)
    with pytest.raises(NotAllowed):
        services.sign_in_from_sheet(seminar, by=cast.other_officer, guest=guest, name="钱波", now=AFTER)
    # the organiser copies the sheet days later, when nobody else may sign in any more
    line = services.sign_in_from_sheet(
        seminar, by=cast.officer, guest=guest, name="钱波", now=AFTER + timedelta(days=3)
    )
    assert (line.enterprise, line.source, line.entered_by) == (cast.a, "sheet", cast.officer)
    assert (
        services.sign_in_from_sheet(seminar, by=cast.officer, company="远洋物流", name="林青", now=AFTER).enterprise
        == cast.b
    )


def test_the_list_has_an_end(seminar):
    people = [SeminarAttendee(seminar=seminar, name=f"{n}", source="qr") for n in range(500)]
    SeminarAttendee.objects.bulk_create(people)
    with pytest.raises(Refused):
        services.sign_in_at_door(seminar, name="x", now=START)
    assert services.sign_in_at_door(seminar, name="3", now=START).name == "3"


def test_the_database_has_the_last_word(seminar):
    row = services.sign_in_at_door(seminar, name="孙工", now=START)
    rows = SeminarAttendee.objects.filter(pk=row.pk)
    for fields in ({"name": ""}, {"source": "link"}, {"source": "sheet"}, {"source": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**fields)
    for fields in ({"code": "short"}, {"closed_at": DAY}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Seminar.objects.filter(pk=seminar.pk).update(**fields)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_two_presses_at_once_are_one_person(is_locked, monkeypatch):
    """Without the lock on the event both find nobody of this name; then the unique key is left to say no."""
    seminar = planned()
    barrier, refused = Barrier(2, timeout=20), []
    if not is_locked:
        check = SeminarAttendee.full_clean

        def check_together(attendee, **how):
            check(attendee, **how)
            barrier.wait()

        monkeypatch.setattr(SeminarAttendee, "full_clean", check_together)
        monkeypatch.setattr(services.attendance, "_open_door", lambda seminar, now: seminar)

    def press():
        try:
            services.sign_in_at_door(seminar, company="某公司", name="孙工", now=START)
        except IntegrityError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=press) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SeminarAttendee.objects.count() == 1
    assert len(refused) == (not is_locked)


# --- the organiser's word -----------------------------------------------------------------------------------------


def test_walk_ins_count_once_they_are_confirmed(cast, seminar):
    twin = EnterpriseFactory(name="温州青山泵业有限公司")
    of = {"known": "温州青山泵业有限公司", "invited": "恒力某部门", "nobody": "", "refused": "宁波远洋物流有限公司"}
    rows = {key: services.sign_in_at_door(seminar, company=company, name=key, now=START) for key, company in of.items()}
    assert set(services.walk_ins(seminar)) == set(rows.values())
    invited = seminar.guests.get(enterprise=cast.a)
    walked_in = {rows["known"].pk: None, rows["invited"].pk: invited.pk, rows["nobody"].pk: None}
    services.record_attendance(seminar, by=cast.officer, attended=[], walked_in=walked_in, now=AFTER)
    guests = SeminarGuest.objects.filter(seminar=seminar, attended=True)
    assert set(guests.values_list("enterprise", flat=True)) == {twin.pk, cast.a.pk}
    for enterprise in (twin, cast.a):
        assert Enterprise.objects.get(pk=enterprise.pk).last_contact_at == START
    assert not Enterprise.objects.get(pk=cast.b.pk).had_contact
    assert dict(SeminarAttendee.objects.values_list("name", "confirmed")) == {
        "known": True, "invited": True, "nobody": True, "refused": False
    }  # fmt: skip
    # the organiser looks again: who came with them is a guest by now, and its tick alone decides
    services.record_attendance(seminar, by=cast.officer, attended=[invited.pk], walked_in={}, now=AFTER)
    assert not Enterprise.objects.get(pk=twin.pk).had_contact


def test_a_latecomer_is_counted_anew(cast, seminar):
    held(seminar, [], now=START)
    guest = seminar.guests.get(enterprise=cast.a)
    assert guest.attended is False
    services.sign_in_at_door(seminar, company="恒力", name="钱波", now=START + timedelta(hours=1))
    guest.refresh_from_db()
    assert guest.attended is None
    held(seminar, [guest.pk])
    services.sign_in_at_door(seminar, company="恒力", name="孙工", now=START + timedelta(hours=1))
    guest.refresh_from_db()
    assert guest.attended is True


# --- how it was ----------------------------------------------------------------------------------------------------


def test_who_may_say_how_it_was(cast, seminar):
    guest, colleague = seminar.guests.get(enterprise=cast.a), seminar.guests.get(user=cast.lead)
    link = link_to(guest, cast.officer)
    with pytest.raises(Refused):
        services.give_feedback(guest, useful=5, by=cast.hr, now=DAY)
    held(seminar, [guest.pk])
    with pytest.raises(Refused):
        services.give_feedback(colleague, useful=5, by=cast.lead, now=AFTER)
    held(seminar)
    first = services.give_feedback(guest, useful=3, follow_up="案例", by=cast.hr, now=AFTER)
    again = services.give_feedback(guest, useful=5, text="很好", via=link, name="钱波", now=AFTER + timedelta(days=1))
    assert first.pk == again.pk
    assert (again.useful, again.follow_up, again.given_name, again.given_at) == (5, "", "钱波", AFTER)
    assert again.changed_at == AFTER + timedelta(days=1)
    assert Event.objects.filter(kind="seminar.feedback").count() == 1
    services.give_feedback(colleague, useful=4, by=cast.lead, now=AFTER)
    services.give_feedback(guest, useful=4, by=cast.officer, said_by="赵经理", now=AFTER)
    for whom in ({"by": cast.stranger_hr}, {"by": cast.other_officer, "said_by": "x"}):
        with pytest.raises(NotAllowed):
            services.give_feedback(guest, useful=1, now=AFTER, **whom)
    for whom in ({"by": cast.officer}, {"via": link}, {}):
        with pytest.raises(ValidationError):
            services.give_feedback(guest, useful=1, now=AFTER, **whom)
    for useful in (0, 6):
        with pytest.raises(ValidationError):
            services.give_feedback(guest, useful=useful, by=cast.hr, now=AFTER)
    assert SeminarFeedback.objects.get(guest=guest).useful == 4


@pytest.mark.parametrize(
    ("is_given", "days", "is_open"), [(False, 30, True), (False, 31, False), (True, 14, True), (True, 15, False)]
)
def test_how_long_it_is_taken_and_changed(cast, seminar, is_given, days, is_open):
    held(seminar)
    guest = seminar.guests.get(enterprise=cast.a)
    if is_given:
        services.give_feedback(guest, useful=3, by=cast.hr, now=AFTER)
    now = END + timedelta(days=days)
    if is_open:
        assert services.give_feedback(guest, useful=5, by=cast.hr, now=now).useful == 5
    else:
        with pytest.raises(Refused):
            services.give_feedback(guest, useful=5, by=cast.hr, now=now)


def test_how_it_was_is_no_contact(cast, seminar):
    held(seminar)
    services.give_feedback(seminar.guests.get(enterprise=cast.a), useful=5, by=cast.hr, now=NEXT)
    assert Enterprise.objects.get(pk=cast.a.pk).last_contact_at == START


# --- who hears of it -----------------------------------------------------------------------------------------------


def closed(seminar, now):
    services.write_minutes(
        seminar, by=seminar.organiser, version=seminar.version, minutes="谈了课程。", decisions="", now=now
    )
    services.close_seminar(seminar, by=seminar.organiser, now=now)


def told(rule):
    return list(Delivery.objects.filter(rule=rule).order_by("pk").values_list("state", "reason"))


def test_the_minutes_are_told_once_to_who_came(switched_on):
    came, absent = partner(), partner(contact={"email": "sun@example.org"})
    seminar = planned(enterprises=[came, absent], users=[UserFactory(email="wei@example.org")])
    round_at(DAY)
    mail.outbox.clear()
    held(seminar, [guest.pk for guest in seminar.guests.exclude(enterprise=absent)])
    round_at(NEXT)
    asked = mail.outbox[:]
    assert sorted(letter.to[0] for letter in asked) == ["wei@example.org", "zhao@example.org"]
    closed(seminar, NEXT)
    for n in range(20):
        round_at(NEXT + timedelta(days=n, hours=1))
    letters = mail.outbox[len(asked) :]
    assert sorted(letter.to[0] for letter in letters) == ["wei@example.org", "zhao@example.org"]
    for letter in letters:
        assert seminar.title in letter.subject
        assert not letter.attachments
    text, address = next(letter for letter in letters if letter.to == ["zhao@example.org"]).body.strip().rsplit("\n", 1)
    assert len(text) <= 80
    assert "/l/" in address
    assert not Task.objects.open().exists()


def test_one_line_asks_along_with_the_minutes_and_no_second_message(switched_on, cast):
    """Closed on the day itself: the minutes ask, and the question of the next day is left out."""
    one, two = partner(), partner(contact={"email": "sun@example.org"})
    seminar = planned(enterprises=[one, two])
    held(seminar)
    services.give_feedback(
        seminar.guests.get(enterprise=two), useful=5, by=seminar.organiser, said_by="孙总", now=AFTER
    )
    mail.outbox.clear()
    closed(seminar, AFTER)
    for n in range(5):
        round_at(NEXT + timedelta(days=n))
    bodies = {letter.to[0]: letter.body for letter in mail.outbox}
    assert len(mail.outbox) == 2
    assert "感受" in bodies["zhao@example.org"]
    assert "感受" not in bodies["sun@example.org"]
    assert told("seminar_feedback") == [("skipped", "overtaken")]


def test_who_has_said_is_not_asked(switched_on, cast):
    seminar = planned()
    held(seminar)
    guest = seminar.guests.get()
    assert Task.objects.open().filter(rule="seminar_feedback").count() == 1
    services.give_feedback(guest, useful=5, by=seminar.organiser, said_by="赵经理", now=AFTER)
    assert not Task.objects.open().filter(rule="seminar_feedback").exists()
    round_at(NEXT)
    assert not mail.outbox


def test_without_the_officers_word_both_wait_to_be_carried(switched_on):
    seminar = planned(enterprises=[partner(messages_automatic=False)])
    held(seminar)
    round_at(NEXT)
    closed(seminar, NEXT)
    round_at(NEXT + timedelta(hours=1))
    assert not mail.outbox
    assert told("seminar_minutes") == [("forward", "")]
    assert told("seminar_feedback") == [("forward", "")]


def test_every_task_has_its_line(switched_on):
    seminar = planned(users=[UserFactory()])
    held(seminar)
    closed(seminar, AFTER)
    round_at(AFTER)
    for name in ("seminar_minutes", "seminar_feedback"):
        tasks = list(Task.objects.open().filter(rule=name))
        lines = rules()[name].lines(tasks)
        assert len(lines) == len(tasks) == 2
        assert all(line.title and line.why and line.action and "#" in line.url for line in lines.values())


def test_a_renewed_link_speaks_of_what_came_of_it(cast, seminar):
    link = link_to(seminar.guests.get(enterprise=cast.a), cast.officer)
    before = default_message(link)
    held(seminar)
    link.refresh_from_db()
    assert default_message(link) != before


def test_what_two_merged_rows_said(cast):
    twin = EnterpriseFactory(name="恒力轴承", owner=cast.officer)
    both = planned(cast.officer, enterprises=[cast.a, twin])
    alone = planned(cast.officer, enterprises=[cast.a, twin])
    for seminar in (both, alone):
        services.sign_in_at_door(seminar, company=twin.name, name="孙工", now=START)
        held(seminar)
    for row, useful in ((cast.a, 2), (twin, 5)):
        services.give_feedback(both.guests.get(enterprise=row), useful=useful, by=cast.lead, said_by="x", now=AFTER)
    services.give_feedback(alone.guests.get(enterprise=twin), useful=4, by=cast.lead, said_by="x", now=AFTER)
    cast.a.refresh_from_db()
    twin.refresh_from_db()
    merge_enterprises(cast.a, twin, by=cast.lead, versions=(cast.a.version, twin.version))
    assert both.guests.get().feedback.useful == 2
    assert alone.guests.get().feedback.useful == 4
    assert set(SeminarAttendee.objects.values_list("enterprise", flat=True)) == {cast.a.pk}


# --- the pages -----------------------------------------------------------------------------------------------------


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


@pytest.fixture
def now_on(seminar):
    """The same event, which began an hour ago."""
    now = timezone.now()
    Seminar.objects.filter(pk=seminar.pk).update(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))
    seminar.refresh_from_db()
    cache.clear()
    return seminar


def test_the_door_takes_names_and_tells_none(cast, signed_in, now_on):
    url, client = page("door", now_on.code), signed_in()
    shown = client.get(url).content.decode()
    assert now_on.title in shown
    assert not SeminarAttendee.objects.exists()
    answers = []
    for company in ("恒力", "别的公司"):
        assert client.post(url, {"company": company, "name": "钱波"}).url == url
        answers.append(client.get(url).content.decode())
    for text in (shown, *answers):
        assert not [
            word for word in (cast.a.name, cast.b.name, cast.foreman.name + "（", str(cast.lead)) if word in text
        ]
    assert SeminarAttendee.objects.filter(enterprise=cast.a).count() == 1
    assert client.post(url, {"company": "恒力", "name": ""}).status_code == 422
    assert client.get(page("door", "1" * 14)).status_code == 404


def test_the_door_is_shut_before_and_after(signed_in, seminar):
    url = page("door", seminar.code)
    answer = signed_in().get(url)
    assert answer.status_code == 200
    assert '<form class="form"' not in answer.content.decode()
    assert signed_in().post(url, {"name": "x"}).status_code == 409


def test_nobody_fills_the_list_by_machine(signed_in, now_on, monkeypatch):
    monkeypatch.setitem(PER_MINUTE, "sign_in", 3)
    client, url = signed_in(), page("door", now_on.code)
    codes = [client.post(url, {"name": f"{n}"}).status_code for n in range(6)]
    assert 429 in codes
    assert SeminarAttendee.objects.count() <= 4
    assert client.get(url).status_code == 200


def test_the_organiser_finds_the_ticks_set(cast, signed_in, now_on):
    services.invite(now_on, by=cast.officer, enterprises=[cast.b])
    services.answer_invitation(now_on.guests.get(enterprise=cast.b), answer="yes", head_count=1, by=cast.stranger_hr)
    services.sign_in_at_door(now_on, company="恒力", name="钱波")
    stray = services.sign_in_at_door(now_on, company="某公司", name="林青")
    client = signed_in(cast.officer)
    shown = client.get(page("seminar_detail", now_on.pk)).content.decode()
    ticked = {row.pk: f'name="came" value="{row.pk}" checked' in shown for row in now_on.guests.all()}
    here, absent = now_on.guests.get(enterprise=cast.a), now_on.guests.get(enterprise=cast.b)
    assert (ticked[here.pk], ticked[absent.pk]) == (True, False)
    assert f'name="walked_in" value="{stray.pk}" checked' in shown
    assert "钱波" in client.get(page("seminar_print", now_on.pk)).content.decode()
    assert "林青" in client.get(page("seminar_print", now_on.pk)).content.decode()
    data = {"came": [here.pk], "walked_in": [stray.pk, "x"], f"belongs-{stray.pk}": str(absent.pk)}
    assert client.post(page("seminar_attendance", now_on.pk), data).status_code == 302
    assert set(now_on.guests.filter(attended=True)) == {here, absent}
    assert client.get(page("seminar_door", now_on.pk)).status_code == 200


def test_a_sheet_is_copied_line_by_line(cast, signed_in, now_on):
    client, url = signed_in(cast.officer), page("seminar_attendee_new", now_on.pk)
    assert client.post(url, {"name": ""}).status_code == 302
    assert client.post(url, {"name": "钱波", "guest": now_on.guests.get(enterprise=cast.a).pk}).status_code == 302
    assert SeminarAttendee.objects.get().enterprise == cast.a


def test_how_it_was_in_the_portal_and_through_the_link(cast, signed_in, now_on):
    services.invite(now_on, by=cast.officer, enterprises=[cast.b])
    held(now_on, now=timezone.now())
    client = signed_in(cast.hr)
    url, post = page("portal_seminar", cast.a.pk, now_on.pk), page("portal_feedback", cast.a.pk, now_on.pk)
    assert 'id="feedback"' in client.get(url).content.decode()
    assert client.post(post, {"text": "x"}).status_code == 422
    assert client.post(post, {"useful": 3, "text": "讲得清楚"}).status_code == 302
    link = hand_out(SEMINAR, subject=now_on.guests.get(enterprise=cast.b), stream=cast.b.pk, by=cast.officer)
    door = page("link", link.code)
    assert signed_in().post(door, {"feedback": "1", "useful": 5}).status_code == 422
    assert signed_in().post(door, {"feedback": "1", "useful": 5, "text": "再办", "name": "孙总"}).status_code == 302
    theirs = signed_in().get(door).content.decode()
    assert "再办" in theirs
    assert "讲得清楚" not in theirs
    shown = signed_in(cast.officer).get(page("seminar_detail", now_on.pk)).content.decode()
    assert "4.0" in shown
    assert "讲得清楚" in shown
    average_only = signed_in(cast.other_officer).get(page("seminar_detail", now_on.pk)).content.decode()
    assert "4.0" in average_only
    assert "讲得清楚" not in average_only


def test_how_it_was_for_a_colleague_and_on_behalf(cast, signed_in, now_on):
    held(now_on, now=timezone.now())
    own, theirs = now_on.guests.get(user=cast.lead), now_on.guests.get(enterprise=cast.a)
    assert signed_in(cast.lead).post(page("seminar_feedback", now_on.pk, own.pk), {"useful": 4}).status_code == 302
    client = signed_in(cast.officer)
    assert client.post(page("seminar_feedback", now_on.pk, theirs.pk), {"useful": 4}).status_code == 422
    data = {"useful": 4, "said_by": "赵经理"}
    assert client.post(page("seminar_feedback", now_on.pk, theirs.pk), data).status_code == 302
    assert "赵经理" in signed_in(cast.hr).get(page("portal_seminar", cast.a.pk, now_on.pk)).content.decode()


def test_they_say_they_are_here_through_the_link(cast, signed_in, now_on):
    guest = now_on.guests.get(enterprise=cast.a)
    link = hand_out(SEMINAR, subject=guest, stream=cast.a.pk, by=cast.officer)
    url = page("link", link.code)
    assert signed_in().post(url, {"arrive": "1"}).status_code == 422
    assert signed_in().post(url, {"arrive": "1", "name": "林青"}).status_code == 302
    assert "林青" in signed_in().get(url).content.decode()
    guest.refresh_from_db()
    assert guest.answer == "none"

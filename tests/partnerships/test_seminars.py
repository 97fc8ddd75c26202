"""Seminars: planned, moved, cancelled; who is told what, when, with which calendar file; who came and what follows."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from icalendar import Calendar

from partnerships.models import Enterprise, Seminar, SeminarGuest, Touchpoint
from partnerships.rules.seminars import occurrences, rule_of
from partnerships.services import seminars as services
from partnerships.services.enterprises import Conflict
from partnerships.services.links import SEMINAR
from partnerships.services.merging import merge_enterprises
from partnerships.timeline import SENTENCES, entries_of
from records.links import hand_out
from records.models import Event
from records.workflow import NotAllowed, Refused
from reminders import planner, sending
from reminders.models import Delivery, Switch, Task
from reminders.rules import rules
from reminders.services import remind_now
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, UserFactory

#: A Thursday morning, and a seminar four weeks later.
DAY = timezone.make_aware(datetime(2026, 11, 5, 9, 0))
START = timezone.make_aware(datetime(2026, 12, 3, 14, 0))
DETAILS = {
    "kind": "research", "title": "人才培养方案研讨会", "starts_at": START, "ends_at": START + timedelta(hours=3),
    "place": "图书馆报告厅",
}  # fmt: skip


@pytest.fixture
def switched_on(db):
    for rule in ("seminar", "seminar_cancelled", "seminar_item"):
        Switch.objects.create(rule=rule, mode="on", changed_at=DAY - timedelta(days=365))


def partner(**fields):
    contact = fields.pop("contact", {"email": "zhao@example.org"})
    enterprise = EnterpriseFactory(**{"messages_automatic": True, "owner": UserFactory(), **fields})
    if contact is not None:
        ContactFactory(enterprise=enterprise, **contact)
    return enterprise


def planned(by=None, *, enterprises=None, users=(), now=DAY, **fields):
    by = by or UserFactory()
    enterprises = [partner()] if enterprises is None else enterprises
    values = {**DETAILS, **fields}
    return services.plan_seminar(by=by, form_key=uuid4(), enterprises=enterprises, users=users, now=now, **values)


def held(seminar, attended=None, now=START + timedelta(hours=4)):
    guests = [guest.pk for guest in seminar.guests.all()] if attended is None else attended
    return services.record_attendance(seminar, by=seminar.organiser, attended=guests, now=now)


def round_at(now):
    planner.plan(now)
    sending.send_due(now)


def calendar_of(letter):
    name, content, kind = letter.attachments[0]
    assert name == "invite.ics"
    part = next(p for p in letter.message().walk() if p.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(content)
    assert part.get_param("method") == calendar["METHOD"]
    assert kind == f"text/calendar; method={calendar['METHOD']}"
    return calendar, calendar.events[0]


# --- series --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (rule_of("weekly", 3), [(12, 3), (12, 10), (12, 17)]),
        (rule_of("fortnightly", 2), [(12, 3), (12, 17)]),
        (rule_of("monthly", 3), [(12, 3), (1, 3), (2, 3)]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261210T235959", [(12, 3), (12, 10)]),
        ("FREQ=MONTHLY;BYDAY=1TH;COUNT=2", [(12, 3), (1, 7)]),
    ],
)
def test_a_rule_makes_these_days(rule, days):
    found = [timezone.localtime(moment) for moment in occurrences(rule, START)]
    assert [(moment.month, moment.day) for moment in found] == days
    assert {(moment.hour, moment.minute) for moment in found} == {(14, 0)}


@pytest.mark.parametrize(
    "rule",
    ["", "weekly", "FREQ=WEEKLY", "FREQ=HOURLY;COUNT=3", "FREQ=WEEKLY;COUNT=25", "FREQ=WEEKLY;COUNT=x",
     "FREQ=WEEKLY;UNTIL=20200101", "FREQ=SOMETIMES;COUNT=2", "FREQ=DAILY;COUNT=2\nEXRULE:FREQ=DAILY"],
)  # fmt: skip
def test_a_rule_that_is_refused(rule):
    with pytest.raises(ValueError):
        occurrences(rule, START)


def test_a_series_is_made_once_each_with_its_own_uid(db):
    by, key = UserFactory(), uuid4()
    values = {
        **DETAILS,
        "by": by,
        "form_key": key,
        "rule": rule_of("weekly", 4),
        "enterprises": [partner()],
        "now": DAY,
    }
    rows = services.plan_series(**values)
    assert [row.pk for row in services.plan_series(**values)] == [row.pk for row in rows]
    assert len({row.uid for row in rows}) == 4 == Seminar.objects.count() == SeminarGuest.objects.count()
    services.change_seminar(rows[1], by=by, version=0, changes={"place": "二号楼"}, now=DAY)
    assert Seminar.objects.filter(place="二号楼").count() == 1


# --- planning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("starts_at", {"starts_at": DAY - timedelta(hours=1)}),
        ("starts_at", {"starts_at": DAY + timedelta(days=800), "ends_at": DAY + timedelta(days=800, hours=1)}),
        ("__all__", {"ends_at": START}),
        ("__all__", {"place": ""}),
        ("ends_at", {"ends_at": START + timedelta(days=9)}),
        ("agenda", {"agenda": "x" * 2001}),
    ],
)
def test_what_cannot_be_planned(db, field, fields):
    with pytest.raises(ValidationError) as refusal:
        planned(**fields)
    assert field in refusal.value.message_dict
    assert not Seminar.objects.exists()
    assert not SeminarGuest.objects.exists()


def test_only_liaison_staff_plans_and_only_who_keeps_it_changes_it(cast):
    for who in (cast.teacher, cast.hr):
        with pytest.raises(NotAllowed):
            planned(who)
    seminar = planned(cast.officer, department=cast.d1)
    with pytest.raises(NotAllowed):
        services.cancel_seminar(seminar, by=cast.other_officer, note="x", now=DAY)
    with pytest.raises(NotAllowed):
        services.invite(seminar, by=cast.other_officer, enterprises=[cast.b], now=DAY)
    services.invite(seminar, by=cast.lead, enterprises=[cast.b, cast.b], now=DAY)
    assert seminar.guests.count() == 2


def test_the_database_has_the_last_word(db):
    seminar = planned()
    guest = seminar.guests.get()
    for fields in (
        {"answer": "yes", "answered_at": DAY, "answered_name": "x"},
        {"answer": "no"},
        {"user": UserFactory()},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SeminarGuest.objects.filter(pk=guest.pk).update(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Seminar.objects.filter(pk=seminar.pk).update(minutes="too early")


def test_a_change_is_seen_by_the_second_editor(db):
    seminar = planned()
    services.change_seminar(seminar, by=seminar.organiser, version=0, changes={"agenda": "一、二"}, now=DAY)
    with pytest.raises(Conflict):
        services.change_seminar(seminar, by=seminar.organiser, version=0, changes={"agenda": "三"}, now=DAY)
    seminar.refresh_from_db()
    assert (seminar.agenda, seminar.version, seminar.sequence) == ("一、二", 1, 0)


# --- reminders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_before", "expected"),
    [
        (28, [(1, "due", "")]),
        (14, [(1, "skipped", "overtaken"), (2, "due", "")]),
        (13, [(1, "skipped", "overtaken"), (2, "due", "")]),
        (3, [(1, "skipped", "overtaken"), (2, "skipped", "overtaken"), (3, "due", "")]),
        (2, [(1, "skipped", "overtaken"), (2, "skipped", "overtaken"), (3, "due", "")]),
        (1, [(1, "skipped", "overtaken"), (2, "skipped", "overtaken"), (3, "skipped", "overtaken"), (4, "due", "")]),
        (0, [(1, "skipped", "overtaken"), (2, "skipped", "overtaken"), (3, "skipped", "overtaken"), (4, "due", "")]),
    ],
)
def test_invited_so_many_days_before(switched_on, days_before, expected):
    now = START - timedelta(days=days_before, hours=3)
    planned(now=now)
    planner.plan(now)
    assert sorted(Delivery.objects.values_list("step", "state", "reason")) == expected
    sending.send_due(now)
    (letter,) = mail.outbox
    assert "Reminder" not in letter.subject
    assert "提醒" not in letter.subject
    calendar, event = calendar_of(letter)
    assert (calendar["METHOD"], event["SEQUENCE"], event["STATUS"]) == ("REQUEST", 0, "CONFIRMED")


def test_a_pass_a_day_tells_each_step_once_on_its_day(switched_on):
    planned(users=[UserFactory(name="林薇")])
    days = {}
    for n in range(40):
        for hour in (0, 1):
            round_at(DAY + timedelta(days=n, hours=hour))
        days[n] = len(mail.outbox)
    grown = [n for n in days if days[n] > days.get(n - 1, 0)]
    assert len(mail.outbox) == 8
    assert grown == [0, 14, 25, 27]  # 28, 14, 3 and 1 days before


def test_each_mail_carries_the_calendar_file_and_a_short_text(switched_on):
    seminar = planned()
    round_at(DAY)
    (letter,) = mail.outbox
    text, address = letter.body.strip().rsplit("\n", 1)
    assert len(text) <= 80
    assert "/l/" in address
    _calendar, event = calendar_of(letter)
    assert event["UID"] == f"{seminar.uid}@ronghe.localhost"
    assert event["DTSTART"].dt == START.astimezone(UTC)
    assert event["DTEND"].dt == DETAILS["ends_at"].astimezone(UTC)
    assert event["ATTENDEE"] == "mailto:zhao@example.org"
    assert event["ORGANIZER"] == "mailto:ronghe@localhost"
    assert event["ORGANIZER"].params["CN"] == str(seminar.organiser)


def test_without_the_officers_word_it_waits_to_be_carried(switched_on):
    enterprise = partner(messages_automatic=False)
    planned(enterprises=[enterprise])
    planner.plan(DAY)
    planner.prepare_drafts(DAY)
    draft = Delivery.objects.get()
    assert (draft.channel, draft.state, draft.link.purpose) == ("hand", "forward", SEMINAR)
    assert Task.objects.get().owner == enterprise.owner
    assert not mail.outbox


def test_an_enterprise_without_a_contact_is_left_out_with_a_reason(switched_on):
    planned(enterprises=[partner(contact=None)])
    planner.plan(DAY)
    assert list(Delivery.objects.values_list("state", "reason")) == [("skipped", "nobody")]


def test_who_declined_hears_no_more_and_who_comes_is_reminded(switched_on):
    seminar = planned(enterprises=[partner(), partner(contact={"email": "sun@example.org"})])
    round_at(DAY)
    one, two = seminar.guests.order_by("pk")
    services.answer_invitation(one, answer="no", by=seminar.organiser, said_by="赵经理", source="phone", now=DAY)
    services.answer_invitation(
        two, answer="yes", head_count=2, by=seminar.organiser, said_by="孙总", source="phone", now=DAY
    )
    mail.outbox.clear()
    for n in range(40):
        round_at(DAY + timedelta(days=n, hours=2))
    assert {letter.to[0] for letter in mail.outbox} == {"sun@example.org"}
    assert len(mail.outbox) == 3


def test_moved_replaces_what_calendars_hold(switched_on):
    seminar = planned()
    round_at(DAY)
    later = START + timedelta(days=7)
    changes = {"starts_at": later, "ends_at": later + timedelta(hours=2)}
    services.change_seminar(seminar, by=seminar.organiser, version=0, changes=changes, now=DAY)
    for n in range(3):
        round_at(DAY + timedelta(days=n, hours=1))
    first, second = mail.outbox
    (_one, before), (_two, after) = calendar_of(first), calendar_of(second)
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after["DTSTART"].dt == later.astimezone(UTC)
    assert Task.objects.open().count() == 1
    mail.outbox.clear()
    for n in range(3, 50):
        round_at(DAY + timedelta(days=n, hours=1))
    assert len(mail.outbox) == 3  # 14, 3 and 1 days before the new day, none for the old one


def test_a_move_keeps_the_answers_and_silences_a_waiting_draft(switched_on):
    seminar = planned(enterprises=[partner(messages_automatic=False)])
    planner.plan(DAY)
    guest = seminar.guests.get()
    services.answer_invitation(
        guest, answer="yes", head_count=3, by=seminar.organiser, said_by="x", source="phone", now=DAY
    )
    services.change_seminar(seminar, by=seminar.organiser, version=0, changes={"place": "二号楼"}, now=DAY)
    assert Delivery.objects.get().state == "cancelled"
    guest.refresh_from_db()
    assert (guest.answer, guest.head_count) == ("yes", 3)


def test_another_agenda_is_told_to_nobody(switched_on):
    seminar = planned()
    round_at(DAY)
    services.change_seminar(seminar, by=seminar.organiser, version=0, changes={"agenda": "新"}, now=DAY)
    round_at(DAY + timedelta(hours=1))
    assert len(mail.outbox) == 1


def test_cancelled_removes_it_from_calendars_and_is_said_once(switched_on):
    seminar = planned(users=[UserFactory(email="wei@example.org")])
    round_at(DAY)
    services.cancel_seminar(seminar, by=seminar.organiser, note="疫情", now=DAY)
    assert not Task.objects.open().filter(rule="seminar").exists()
    told = mail.outbox[:]
    mail.outbox.clear()
    for n in range(40):
        round_at(DAY + timedelta(days=n, hours=1))
    assert sorted(letter.to[0] for letter in mail.outbox) == ["wei@example.org", "zhao@example.org"]
    for letter in mail.outbox:
        calendar, event = calendar_of(letter)
        (before,) = [calendar_of(old)[1] for old in told if old.to == letter.to]
        assert (calendar["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")
        assert event["UID"] == before["UID"]
        assert event["SEQUENCE"] > before["SEQUENCE"]


def test_who_was_never_told_need_not_hear_that_it_is_off(switched_on):
    seminar = planned()
    services.cancel_seminar(seminar, by=seminar.organiser, note="x", now=DAY)
    round_at(DAY)
    assert not mail.outbox
    assert not Task.objects.exists()


def test_a_letter_caught_in_between_does_not_leave(switched_on):
    seminar = planned()
    planner.plan(DAY)
    Seminar.objects.filter(pk=seminar.pk).update(state="cancelled")  # behind the planner's back
    sending.send_due(DAY)
    assert not mail.outbox
    assert Delivery.objects.get().state == "cancelled"


def test_cancelling_needs_a_reason_and_happens_once(db):
    seminar = planned()
    with pytest.raises(Refused):
        services.cancel_seminar(seminar, by=seminar.organiser, note=" ", now=DAY)
    services.cancel_seminar(seminar, by=seminar.organiser, note="x", now=DAY)
    with pytest.raises(Refused):
        services.cancel_seminar(seminar, by=seminar.organiser, note="x", now=DAY)
    with pytest.raises(Refused):
        services.invite(seminar, by=seminar.organiser, enterprises=[partner()], now=DAY)
    with pytest.raises(Refused):
        services.change_seminar(seminar, by=seminar.organiser, version=1, changes={"place": "x"}, now=DAY)


# --- answering -----------------------------------------------------------------------------------------------------


def test_a_link_answers_with_a_name_and_only_its_own_invitation(db):
    seminar = planned(enterprises=[partner(), partner(contact={})])
    guest, other = seminar.guests.order_by("pk")
    link = hand_out(SEMINAR, subject=guest, stream=guest.stream, by=seminar.organiser, now=DAY)
    answered = services.answer_invitation(
        guest, answer="yes", head_count=2, number_plate="浙A12345", meal=True, via=link, name="钱波", now=DAY
    )
    assert (answered.answered_name, answered.head_count, answered.number_plate) == ("钱波", 2, "浙A12345")
    with pytest.raises(ValidationError):
        services.answer_invitation(guest, answer="yes", head_count=2, via=link, name=" ", now=DAY)
    with pytest.raises(Refused):
        services.answer_invitation(other, answer="no", via=link, name="钱波", now=DAY)
    with pytest.raises(Refused):
        services.answer_invitation(guest, answer="no", via=link, name="钱波", now=DAY + timedelta(days=60))
    withdrawn = services.answer_invitation(guest, answer="no", head_count=2, via=link, name="钱波", now=DAY)
    assert (withdrawn.head_count, withdrawn.number_plate, withdrawn.meal) == (None, "", False)


@pytest.mark.parametrize("count", [None, 0, 100])
def test_who_comes_says_how_many(db, count):
    guest = planned().guests.get()
    with pytest.raises(ValidationError):
        services.answer_invitation(
            guest, answer="yes", head_count=count, by=guest.invited_by, said_by="x", source="phone", now=DAY
        )


def test_who_may_answer(cast):
    seminar = planned(cast.officer, enterprises=[cast.a], users=[cast.lead])
    guest, colleague = seminar.guests.order_by("pk")
    services.answer_invitation(guest, answer="maybe", by=cast.hr, now=DAY)
    services.answer_invitation(colleague, answer="yes", by=cast.lead, now=DAY)
    for who, said_by in ((cast.stranger_hr, ""), (cast.former_hr, ""), (cast.other_officer, "x")):
        with pytest.raises(NotAllowed):
            services.answer_invitation(guest, answer="no", by=who, said_by=said_by, now=DAY)
    with pytest.raises(ValidationError):
        services.answer_invitation(guest, answer="no", by=cast.officer, now=DAY)
    with pytest.raises(NotAllowed):
        services.answer_invitation(colleague, answer="no", by=cast.officer, said_by="x", source="phone", now=DAY)
    with pytest.raises(Refused):
        services.answer_invitation(guest, answer="no", by=cast.hr, now=START + timedelta(days=1))


# --- afterwards ----------------------------------------------------------------------------------------------------


def test_coming_counts_as_contact_once(db):
    enterprise, absent = partner(), partner()
    seminar = planned(enterprises=[enterprise, absent])
    guest = seminar.guests.get(enterprise=enterprise)
    with pytest.raises(Refused):
        services.record_attendance(seminar, by=seminar.organiser, attended=[guest.pk], now=DAY)
    for _n in range(2):
        held(seminar, [guest.pk])
    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.kind, touchpoint.is_two_way, touchpoint.happened_at) == ("meeting", True, START)
    assert Enterprise.objects.get(pk=enterprise.pk).last_contact_at == START
    assert not Enterprise.objects.get(pk=absent.pk).had_contact
    held(seminar, [])
    assert not Enterprise.objects.get(pk=enterprise.pk).had_contact
    held(seminar, [guest.pk])
    assert Enterprise.objects.get(pk=enterprise.pk).last_contact_at == START
    assert Touchpoint.objects.count() == 1


def test_minutes_and_what_follows(switched_on):
    enterprise = partner()
    seminar = planned(enterprises=[enterprise])
    by, now = seminar.organiser, START + timedelta(hours=4)
    with pytest.raises(Refused):
        services.write_minutes(seminar, by=by, version=0, minutes="x", decisions="", now=now)
    held(seminar)
    with pytest.raises(Refused):
        services.close_seminar(seminar, by=by, now=now)
    services.write_minutes(seminar, by=by, version=0, minutes="谈了课程。", decisions="共建课程。", now=now)
    due = date(2026, 12, 31)
    ours = services.add_action_item(seminar, by=by, text="写课程标准", due_on=due, owner=by, now=now)
    theirs = services.add_action_item(seminar, by=by, text="提供案例", due_on=due, enterprise=enterprise, now=now)
    for wrong in (
        {"due_on": date(2026, 12, 1), "owner": by},
        {"due_on": due, "enterprise": partner()},
        {"due_on": due},
    ):
        with pytest.raises(ValidationError):
            services.add_action_item(seminar, by=by, text="x", now=now, **wrong)
    assert set(Task.objects.open().values_list("side", "subject_id")) == {
        ("school", ours.pk),
        ("enterprise", theirs.pk),
    }
    round_at(now)
    assert len(mail.outbox) == 2
    letter = next(letter for letter in mail.outbox if letter.to == ["zhao@example.org"])
    assert len(letter.body.strip().rsplit("\n", 1)[0]) <= 80
    link = Delivery.objects.get(side="enterprise", step=1).link
    services.finish_action_item(theirs, via=link, name="赵敏", now=now)
    services.finish_action_item(ours, by=by, now=now)
    assert not Task.objects.open().exists()
    with pytest.raises(NotAllowed):
        services.finish_action_item(ours, via=link, name="赵敏", now=now)
    services.close_seminar(seminar, by=by, now=now)
    with pytest.raises(Refused):
        services.write_minutes(seminar, by=by, version=1, minutes="x", decisions="", now=now)


def test_both_timelines_tell_it(cast):
    seminar = planned(cast.officer, enterprises=[cast.a])
    guest = seminar.guests.get()
    services.change_seminar(seminar, by=cast.officer, version=0, changes={"place": "二号楼"}, now=DAY)
    services.answer_invitation(guest, answer="yes", head_count=2, by=cast.hr, now=DAY)
    held(seminar)
    services.write_minutes(
        seminar, by=cast.officer, version=1, minutes="x", decisions="", now=START + timedelta(hours=5)
    )
    events = list(Event.objects.in_stream(cast.a.pk).shared().filter(kind__startswith="seminar."))
    assert [event.kind for event in reversed(events)] == [
        "seminar.invited", "seminar.changed", "seminar.minuted"
    ]  # fmt: skip
    said = Event.objects.in_stream(cast.a.pk).shared().filter(kind="touchpoint.logged", side="enterprise")
    (answer,) = entries_of(list(said), cast.a, for_enterprise=True)
    assert DETAILS["title"] in answer.text
    texts = [entry.text for entry in entries_of(events, cast.a, for_enterprise=True)]
    assert all(DETAILS["title"] in text for text in texts)
    assert {event.kind for event in Event.objects.filter(kind__startswith="seminar.")} <= set(SENTENCES)


# --- beside the ladder -----------------------------------------------------------------------------------------------


def test_every_task_has_its_line_and_every_rule_can_be_rehearsed(switched_on):
    seminar = planned(users=[UserFactory()])
    off = planned(enterprises=[partner()])
    round_at(DAY)
    services.cancel_seminar(off, by=off.organiser, note="x", now=DAY)
    over = planned(starts_at=DAY + timedelta(hours=1), ends_at=DAY + timedelta(hours=2))
    now = DAY + timedelta(hours=3)
    held(over, now=now)
    for who in ({"owner": over.organiser}, {"enterprise": over.guests.get().enterprise}):
        services.add_action_item(over, by=over.organiser, text="写课程标准", due_on=date(2026, 12, 1), now=now, **who)
    planner.plan(now)
    known = rules()
    for name in ("seminar", "seminar_cancelled", "seminar_item"):
        tasks = list(Task.objects.open().filter(rule=name))
        lines = known[name].lines(tasks)
        assert tasks
        assert {task.pk for task in tasks} == set(lines)
        assert all(line.title and line.url and line.action for line in lines.values())
    Delivery.objects.all().delete()
    assert planner.rehearse("seminar", now).account.told == 0  # the tasks stand: their steps are planned
    services.invite(seminar, by=seminar.organiser, enterprises=[partner()], now=now)
    assert planner.rehearse("seminar", now).account.told == 1


def test_remind_now_repeats_the_invitation(switched_on):
    seminar = planned()
    round_at(DAY)
    (task,) = Task.objects.open()
    again = DAY + timedelta(days=4)
    remind_now(task, by=task.owner, now=again)
    sending.send_due(again)
    assert len(mail.outbox) == 2
    assert calendar_of(mail.outbox[1])[1]["UID"].startswith(str(seminar.uid))


def test_two_rows_of_one_enterprise_become_one_invitation(cast):
    twin = EnterpriseFactory(name="恒力轴承", owner=cast.officer)
    both = planned(cast.officer, enterprises=[cast.a, twin])
    alone = planned(cast.officer, enterprises=[twin])
    guest = both.guests.get(enterprise=twin)
    services.answer_invitation(
        guest, answer="yes", head_count=2, by=cast.officer, said_by="孙总", source="phone", now=DAY
    )
    merge_enterprises(cast.a, twin, by=cast.lead, versions=(cast.a.version, twin.version))
    stays = both.guests.get()
    assert (stays.enterprise, stays.answer, stays.head_count) == (cast.a, "yes", 2)
    assert alone.guests.get().enterprise == cast.a


@pytest.mark.parametrize(
    ("language", "title_en", "shown"),
    [("en", "Round table", "Round table"), ("en", "", "座谈会"), ("zh-hans", "Round table", "座谈会")],
)
def test_the_title_for_a_reader(language, title_en, shown):
    with translation.override(language):
        assert Seminar(title="座谈会", title_en=title_en).heading == shown

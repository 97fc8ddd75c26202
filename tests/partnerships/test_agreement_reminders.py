"""Who is reminded of promises and of the end of an agreement: which task stands on which side, who is told, and who not."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone, translation

from accounts.models import Role
from partnerships.models import Agreement, Obligation, Seminar, SeminarGuest, Shutdown
from partnerships.services import obligations as services
from partnerships.services import seminars
from partnerships.services.agreements import amending, drafting, ending, terms
from partnerships.services.agreements.expiring import let_end, say_wish
from records.workflow import NotAllowed, Refused
from reminders import planner, sending
from reminders.models import Delivery, Switch, Task
from reminders.rules import lines_of
from tests.partnerships.factories import AgreementFactory, UserFactory, signed_by_both

#: A Thursday morning.
DAY = timezone.make_aware(datetime(2026, 11, 26, 9, 0))
TODAY = DAY.date()
RULES = ("obligation", "unscheduled", "agreement_end", "agreement_notice")


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def on(db):
    for rule in RULES:
        Switch.objects.create(rule=rule, mode="on", changed_at=DAY - timedelta(days=900))


def day(offset):
    return TODAY + timedelta(days=offset)


def in_force(cast, **values):
    known = {"enterprise": cast.a, "owner": cast.officer, "state": "in_force", "starts_on": day(-300)}
    return AgreementFactory(**known | {"enterprise_contact": cast.foreman} | values)


def duty(cast, due, side="enterprise", agreement=None, **values):
    agreement = agreement or Agreement.objects.filter(title="承诺").first() or in_force(cast, title="承诺")
    values = {"text": "接待教师实践", "first_on": day(-300), "due_on": day(due), "side": side} | values
    return Obligation.objects.create(agreement=agreement, enterprise=agreement.enterprise, **values)


def plan(offset=0):
    return planner.plan(DAY + timedelta(days=offset))


def told(rule="obligation"):
    rows = Delivery.objects.filter(rule=rule).exclude(state__in=["skipped", "cancelled"])
    return sorted(rows.values_list("step", "side", "name", "channel"))


def tasks(rule="obligation"):
    return sorted(Task.objects.open().filter(rule=rule).values_list("side", "owner__name", "due_on"))


# --- promises ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (15, []),
        (14, [(1, "enterprise", "钱师傅", "hand"), (1, "school", "officer", "app")]),
        (1, [(1, "enterprise", "钱师傅", "hand"), (1, "school", "officer", "app")]),
        (0, [(2, "enterprise", "钱师傅", "hand"), (2, "school", "officer", "mail")]),
        (-6, [(2, "enterprise", "钱师傅", "hand"), (2, "school", "officer", "mail")]),
        (-7, [(3, "enterprise", "钱师傅", "hand"), (3, "school", "officer", "mail")]),
        (-14, [(4, "school", "lead", "mail")]),
    ],
)  # fmt: skip
def test_the_ladder_of_what_the_enterprise_promised(cast, on, due, expected):
    duty(cast, due)
    plan()
    assert told() == expected
    assert len(tasks()) == (2 if expected else 0)
    before = Delivery.objects.count()
    again = plan()
    assert (again.opened, again.closed, again.told, again.left_out) == (0, 0, 0, 0)
    assert Delivery.objects.count() == before


@pytest.mark.parametrize(("owner", "name"), [("other_officer", "other_officer"), (None, "officer")])
def test_what_the_school_promised_stands_with_whoever_does_it(cast, on, owner, name):
    duty(cast, 0, side="school", owner=owner and getattr(cast, owner))
    plan()
    assert tasks() == [("school", name, TODAY)]
    assert told() == [(2, "school", name, "mail")]


def test_a_pass_a_day_climbs_both_sides_and_the_lead_once(cast, on):
    duty(cast, 14)
    duty(cast, 14, side="school")
    for offset in range(30):
        plan(offset)
        plan(offset)
    assert Delivery.objects.filter(step=4).count() == 2
    assert sorted(Delivery.objects.filter(side="enterprise").values_list("step", "state")) == [
        (1, "cancelled"), (2, "cancelled"), (3, "forward")
    ]  # fmt: skip
    assert sorted(Delivery.objects.filter(side="school").values_list("step", flat=True)) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_what_is_done_vanishes_at_once_from_both_lists(cast, on):
    row = duty(cast, -7)
    plan()
    services.keep_obligation(row, kept_on=TODAY, by=cast.hr, now=DAY)
    assert tasks() == []
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"skipped", "cancelled", "sent"}
    services.settle_obligation(row, "reopen", by=cast.officer, note="还没有")
    assert len(tasks()) == 2


@pytest.mark.parametrize("step", ["waive", "breach"])
def test_what_is_settled_otherwise_vanishes_too(cast, on, step):
    row = duty(cast, 0)
    plan()
    services.settle_obligation(row, step, by=cast.lead, note="商定")
    assert tasks() == []


def test_another_day_begins_anew(cast, on):
    row = duty(cast, 0)
    plan()
    services.change_obligation(row, by=cast.officer, version=0, changes={"due_on": day(10)}, now=DAY)
    assert [task[2] for task in tasks()] == [day(10)] * 2
    plan()
    plan(10)
    assert told()[-2:] == [(2, "enterprise", "钱师傅", "hand"), (2, "school", "officer", "mail")]
    assert Delivery.objects.filter(step=2, side="school").exclude(state="cancelled").count() == 1


def test_a_clock_that_went_back_takes_back_what_did_not_leave(cast, on):
    duty(cast, 5)
    plan(12)
    assert told() == [(3, "enterprise", "钱师傅", "hand"), (3, "school", "officer", "mail")]
    plan(0)
    assert [row for row in told() if row[3] != "app"] == []
    plan(5)
    assert (2, "school", "officer", "mail") in told()


def test_by_mail_where_it_is_switched_on_and_the_link_says_that_it_is_done(cast, on, client):
    type(cast.a).objects.filter(pk=cast.a.pk).update(messages_automatic=True)
    type(cast.foreman).objects.filter(pk=cast.foreman.pk).update(email="qian@example.org")
    row = duty(cast, 0, contact=cast.foreman)
    plan()
    sending.send_due(DAY)
    letter = next(one for one in mail.outbox if one.to == ["qian@example.org"])
    assert row.text in letter.subject
    link = Delivery.objects.get(side="enterprise", step=2).link
    *_rest, last = letter.body.strip().splitlines()
    assert link.code in letter.body
    page = client.get(f"/l/{link.code}")
    assert row.text in page.content.decode()
    assert "逾期" not in page.content.decode()
    answer = client.post(
        f"/l/{link.code}", {"kept_on": timezone.localdate(), "who": "other", "name": "钱波", "note": "四位老师"}
    )
    assert answer.status_code == 302, last
    row.refresh_from_db()
    assert (row.state, row.closed_name, row.closed_via) == ("kept", "钱波", link)
    link.refresh_from_db()
    assert link.answered_at
    assert tasks() == []


def test_carried_messages_are_short_and_never_say_late(cast, on):
    duty(cast, 0, text="每学年接收三十名机电一体化技术专业学生到数控车间开展岗位实习并安排指导教师")
    duty(cast, -8, text="捐赠数控机床")
    plan()
    planner.prepare_drafts(DAY)
    for delivery in Delivery.objects.filter(side="enterprise", state="forward"):
        body = planner.rules()["obligation"].words([delivery])[delivery.pk].body
        text, address = body.strip().rsplit("\n", 1)
        assert len(text) <= 80
        assert delivery.link.code in address
        assert "逾期" not in body


@pytest.mark.parametrize("side", ["school", "enterprise"])
def test_a_closed_enterprise_is_left_in_peace_with_its_own_duties(cast, on, side):
    Shutdown.objects.create(enterprise=cast.a, starts_on=day(-1), ends_on=day(5))
    duty(cast, 0, side=side)
    plan()
    assert bool(told()) == (side == "school")
    plan(6)
    assert told()


def test_nobody_to_tell_is_said(cast, on):
    cast.a.contacts.update(left_on=TODAY, is_keeper=False)
    duty(cast, 0)
    cast.lead.is_active = False
    cast.lead.save(update_fields=["is_active"])
    plan()
    assert list(Delivery.objects.filter(side="enterprise", step=2).values_list("state", "reason")) == [
        ("skipped", "nobody")
    ]
    plan(14)
    assert list(Delivery.objects.filter(step=4).values_list("reason", flat=True)) == ["no_lead"]


@pytest.mark.parametrize(("state", "watched"), [("review", False), ("in_force", True), ("expired", True)])
def test_only_what_was_signed_is_watched(cast, on, state, watched):
    duty(cast, 0, agreement=in_force(cast, kind="research", state=state))
    plan()
    assert bool(tasks()) == watched


def test_lines_of_both_sides(cast, on):
    row = duty(cast, -20, count=3, counter="seminars", text_en="Hold meetings")
    plan()
    lines = {task.side: line for task, line in lines_of(list(Task.objects.open().filter(rule="obligation")))}
    assert (lines["school"].title, lines["school"].about) == ("Hold meetings", cast.a.title)
    assert "0 of 3" in lines["school"].why
    assert lines["school"].url == f"/obligations/{row.pk}/"
    assert "when could it be done" in lines["enterprise"].why
    assert lines["enterprise"].url == f"/portal/{cast.a.pk}/promises/{row.pk}/"


# --- promised events -----------------------------------------------------------------------------------------------


def planned(cast, offset, state="planned"):
    begins = DAY + timedelta(days=offset)
    seminar = Seminar.objects.create(
        title="座谈会", starts_at=begins, ends_at=begins + timedelta(hours=2), organiser=cast.officer, place="厅",
        state=state,
    )  # fmt: skip
    SeminarGuest.objects.create(seminar=seminar, enterprise=cast.a, invited_by=cast.officer, attended=state == "held")
    return seminar


@pytest.mark.parametrize(
    ("due", "events", "expected"),
    [(121, [], 0), (120, [], 1), (0, [], 1), (-1, [], 0), (100, [(50, "planned")], 0), (40, [(50, "planned")], 1),
     (100, [(-9, "held")], 1), (100, [(-9, "held"), (-8, "held")], 0), (100, [(50, "cancelled")], 1)],
)  # fmt: skip
def test_events_that_were_promised_and_nobody_planned(cast, on, due, events, expected):
    duty(cast, due, side="school", count=2, counter="seminars")
    for offset, state in events:
        planned(cast, offset, state)
    plan()
    assert len(tasks("unscheduled")) == expected


def test_planning_one_takes_the_warning_away_at_once_and_calling_it_off_brings_it_back(cast, on):
    duty(cast, 100, side="school", count=2, counter="seminars")
    plan()
    assert told("unscheduled") == [(1, "school", "officer", "mail")]
    begins = timezone.now() + timedelta(days=9)
    values = {"title": "座谈会", "starts_at": begins, "ends_at": begins + timedelta(hours=1), "place": "厅"}
    Obligation.objects.update(due_on=timezone.localdate() + timedelta(days=90))
    seminar = seminars.plan_seminar(by=cast.officer, form_key=uuid.uuid4(), enterprises=[cast.a], **values)
    assert tasks("unscheduled") == []
    seminars.cancel_seminar(seminar, by=cast.officer, note="x")
    assert len(tasks("unscheduled")) == 1


def test_what_counts_by_itself_is_done_when_the_number_is_reached(cast, on):
    duty(cast, 5, side="school", count=1, counter="seminars")
    plan()
    assert len(tasks()) == 1
    planned(cast, -3, "held")
    plan()
    assert tasks() == []
    assert services.keep_reached(now=DAY) == 1


# --- the end -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (91, []),
        (90, [(1, "school", "officer", "app")]),
        (30, [(2, "enterprise", "钱师傅", "hand"), (2, "school", "officer", "mail")]),
        (1, [(3, "school", "lead", "mail"), (3, "school", "officer", "mail")]),
    ],
)
def test_the_ladder_of_ends(cast, on, left, expected):
    in_force(cast, ends_on=day(left))
    plan()
    assert told("agreement_end") == expected
    assert plan().told == 0


def test_a_lead_who_looks_after_it_hears_once(cast, on):
    in_force(cast, ends_on=day(1), owner=cast.lead)
    UserFactory(role=Role.LEAD, name="second lead")
    plan()
    assert told("agreement_end") == [(3, "school", "lead", "mail"), (3, "school", "second lead", "mail")]


@pytest.mark.parametrize(
    "values", [{"ends_on": None}, {"auto_renews": True, "renewal_months": 12}, {"state": "expired"}]
)
def test_what_has_no_end_or_goes_on_by_itself_is_left_out(cast, on, values):
    in_force(cast, **{"ends_on": day(20)} | values)
    plan()
    assert tasks("agreement_end") == []


@pytest.mark.parametrize(
    ("until", "notice", "expected"),
    [(61, 30, None), (60, 30, 1), (37, 30, 2), (30, 30, 2), (29, 30, None), (30, None, 1), (0, None, 2)],
)
def test_what_renews_itself_speaks_before_the_last_day_of_notice(cast, on, until, notice, expected):
    in_force(cast, ends_on=day(until), auto_renews=True, renewal_months=12, notice_days=notice)
    plan()
    assert [row[0] for row in told("agreement_notice")] == ([expected] if expected else [])
    assert tasks("agreement_notice") == ([("school", "officer", day(until - (notice or 0)))] if expected else [])


def amend(cast, base, changes):
    row = amending.start_amendment(base, by=cast.officer, blocks=["term"], valid_from=day(0), now=DAY)
    drafting.change_draft(row, by=cast.officer, version=0, changes=changes, now=DAY)
    Agreement.objects.filter(pk=row.pk).update(state="signature")
    terms.enter_into_force(signed_by_both(Agreement.objects.get(pk=row.pk)), by=cast.officer, now=DAY)
    return Agreement.objects.get(pk=base.pk)


def test_the_ladder_follows_amendments_both_ways_at_once(cast, on):
    base = in_force(cast, ends_on=day(400))
    plan()
    assert tasks("agreement_end") == []
    base = amend(cast, base, {"ends_on": day(25)})
    assert tasks("agreement_end") == [("enterprise", "officer", day(25)), ("school", "officer", day(25))]
    base = amend(cast, base, {"ends_on": day(300)})
    assert tasks("agreement_end") == []
    base = amend(cast, base, {"ends_on": day(40), "auto_renews": True, "renewal_months": 12, "notice_days": 20})
    assert (tasks("agreement_end"), len(tasks("agreement_notice"))) == ([], 1)


def test_a_renewal_or_an_early_end_ends_the_ladder_at_once(cast, on):
    first = in_force(cast, ends_on=day(20))
    second = in_force(cast, ends_on=day(20), kind="research")
    plan()
    assert len(tasks("agreement_end")) == 4
    renewal = ending.start_renewal(first, by=cast.officer, now=DAY)
    Agreement.objects.filter(pk=renewal.pk).update(state="signature")
    terms.enter_into_force(signed_by_both(Agreement.objects.get(pk=renewal.pk)), by=cast.officer, now=DAY)
    ending.terminate_agreement(second, by=cast.lead, day=day(10), reason="搬迁", now=DAY)
    assert tasks("agreement_end") == []


def test_let_it_end_and_decide_anew(cast, on):
    base = in_force(cast, ends_on=day(20))
    plan()
    with pytest.raises(NotAllowed):
        let_end(base, by=cast.other_officer)
    let_end(base, by=cast.officer, now=DAY)
    assert tasks("agreement_end") == []
    let_end(base, by=cast.officer, ends=False, now=DAY)
    assert len(tasks("agreement_end")) == 2
    let_end(base, by=cast.officer, now=DAY)
    base = amend(cast, Agreement.objects.get(pk=base.pk), {"ends_on": day(28)})
    assert base.let_end_at is None  # another end asks anew
    plan()
    assert len(tasks("agreement_end")) == 2


@pytest.mark.parametrize("values", [{"ends_on": None}, {"state": "expired"}, {"ended_on": day(3), "end_reason": "x"}])
def test_where_nothing_is_decided(cast, values):
    base = in_force(cast, **{"ends_on": day(20)} | values)
    with pytest.raises(Refused):
        let_end(base, by=cast.officer)
    with pytest.raises(Refused):
        say_wish(base, wish="go_on", by=cast.hr)


@pytest.mark.parametrize("wish", ["go_on", "talk", "end"])
def test_the_enterprise_answers_with_one_tap(cast, on, client, wish):
    base = in_force(cast, ends_on=day(30))
    plan()
    planner.prepare_drafts(DAY)
    link = Delivery.objects.get(rule="agreement_end", side="enterprise", state="forward").link
    type(link).objects.filter(pk=link.pk).update(expires_at=timezone.now() + timedelta(days=9))
    assert base.title in client.get(f"/l/{link.code}").content.decode()
    answer = client.post(f"/l/{link.code}", {"wish": wish, "who": "other", "name": "钱波", "form_key": uuid.uuid4()})
    assert answer.status_code == 302
    base.refresh_from_db()
    assert base.wish == wish
    assert [task[0] for task in tasks("agreement_end")] == ["school"]
    message = cast.a.messages.get()
    assert (message.author_name, message.side) == ("钱波", "enterprise")
    assert Delivery.objects.get(link=link).state == "answered"
    lines = {task.side: line for task, line in lines_of(list(Task.objects.open()))}
    assert str(base.get_wish_display()) in lines["school"].why

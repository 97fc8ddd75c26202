"""Hand-overs: of everything one colleague looks after, of what a contact held; and who a partnership hangs on."""

import uuid
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Invitation
from accounts.services import disable_user
from partnerships.models import ActionItem, Contact, Enterprise, HandOver, Obligation, Seminar, Touchpoint
from partnerships.rules.dependence import TookPart, hangs_on
from partnerships.services import links as link_services
from partnerships.services.agreements import signing
from partnerships.services.contacts import mark_left
from partnerships.services.seats import invite_contact, remove_member
from partnerships.services.seminars import add_action_item, plan_seminar, record_attendance
from partnerships.services.succession import (
    Plan,
    fingerprint,
    hand_over,
    hand_over_all,
    mark_read,
    shares_of,
)
from partnerships.succession import dependence_of, holdings_of
from partnerships.timeline import sentence
from records import links
from records.models import Event, Link, Signature
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Delivery, Switch, Task
from reports.today import items_for
from tests.partnerships.factories import (
    AgreementFactory,
    AskFactory,
    ContactFactory,
    EnterpriseFactory,
    MessageFactory,
    TouchpointFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


def quiet(enterprise, days=95):
    """Nobody spoke with it for so long: its gap is due."""
    last = timezone.now() - timedelta(days=days)
    TouchpointFactory(enterprise=enterprise, happened_at=last, logged_by=enterprise.owner)
    Enterprise.objects.filter(pk=enterprise.pk).update(
        last_contact_at=last, created_at=last - timedelta(days=400), tier=3, state="active"
    )


def switch(*names):
    for name in names:
        Switch.objects.create(rule=name, mode="on", changed_at=timezone.now() - timedelta(days=365))


def event_of(organiser, enterprises, begins, title="研讨会"):
    return plan_seminar(
        by=organiser, form_key=uuid.uuid4(), enterprises=enterprises, kind="research", title=title, starts_at=begins,
        ends_at=begins + timedelta(hours=2), place="报告厅", now=begins - 9 * DAY,
    )  # fmt: skip


@pytest.fixture
def portfolio(cast):
    """The officer: two partners of two departments, a third person's event task, one event to come, an item, an
    invitation, an unanswered thread, a gap with its mail and draft."""
    cast.second = EnterpriseFactory(name="第二伙伴", owner=cast.officer, lead_department=cast.d2)
    now = timezone.now()
    for rule in ("gap", "seminar", "seminar_item"):
        switch(rule)
    for enterprise in (cast.a, cast.second):
        quiet(enterprise)
    cast.seminar = event_of(cast.officer, [cast.a], now + 6 * DAY)
    cast.held = event_of(cast.officer, [cast.a], now - 5 * DAY, "已办")
    cast.held = record_attendance(cast.held, by=cast.officer, attended=[], now=now)
    cast.item = add_action_item(
        cast.held, by=cast.officer, text="发课程标准", due_on=now.date() + 9 * DAY, owner=cast.officer
    )
    cast.invitation = invite_contact(cast.foreman, by=cast.officer, email="q@example.org")
    MessageFactory(enterprise=cast.a, side="enterprise", author=cast.hr)
    planner.plan(now)
    planner.prepare_drafts(now)
    return cast


def everything(person, successor, **narrowed):
    plan = Plan(successor, **narrowed)
    return {"plan": plan, "seen": fingerprint(shares_of(person, plan, now=timezone.now()))}


def give(person, successor, *, by, **values):
    return hand_over_all(person, by=by, form_key=uuid.uuid4(), **(everything(person, successor) | values))


# --- a colleague: all of it, in one step ----------------------------------------------------------------------------


def test_everything_moves_in_one_step(portfolio):
    cast = portfolio
    assert {one.label: one.number for one in holdings_of(cast.officer)} == {
        "partners": 2, "open tasks": Task.objects.open().filter(owner=cast.officer).count(),
        "threads without an answer": 1, "messages to forward": 2, "events": 2, "action items": 1,
        "open invitations": 1,
    }  # fmt: skip
    mails = Delivery.objects.filter(user=cast.officer, state="due", channel="mail")
    waiting = list(mails.exclude(rule="seminar").values_list("pk", flat=True))
    assert waiting
    (told,) = give(cast.officer, cast.other_officer, by=cast.lead, note="调岗")
    assert (told.person, told.successor, told.by, told.note) == (cast.officer, cast.other_officer, cast.lead, "调岗")
    assert set(told.enterprises.all()) == {cast.a, cast.second}
    assert holdings_of(cast.officer) == []
    for model, pk, column in (
        (Enterprise, cast.a.pk, "owner"), (Enterprise, cast.second.pk, "owner"), (Seminar, cast.seminar.pk, "organiser"),
        (Seminar, cast.held.pk, "organiser"), (ActionItem, cast.item.pk, "owner"),
        (Invitation, cast.invitation.pk, "invited_by"),
    ):  # fmt: skip
        assert getattr(model.objects.get(pk=pk), column) == cast.other_officer
    moved = Delivery.objects.filter(pk__in=waiting)
    assert set(moved.values_list("user", "address")) == {(cast.other_officer.pk, cast.other_officer.email)}
    assert set(Task.objects.open().values_list("owner", flat=True)) == {cast.other_officer.pk}
    before = Task.objects.count()
    planner.plan()
    assert (Task.objects.count(), Task.objects.open().exclude(owner=cast.other_officer).count()) == (before, 0)


def test_agreements_and_what_was_promised_in_them_go_with_their_partner(portfolio):
    cast, day = portfolio, timezone.localdate()
    mine, his, over = (
        AgreementFactory(enterprise=enterprise, owner=cast.officer, state=state)
        for enterprise, state in ((cast.a, "in_force"), (cast.second, "draft"), (cast.a, "expired"))
    )
    values = {
        "agreement": mine,
        "enterprise": cast.a,
        "side": "school",
        "text": "派教师",
        "first_on": day,
        "due_on": day,
    }
    promise = Obligation.objects.create(owner=cast.officer, **values)
    give(
        cast.officer, cast.lead, by=cast.lead, **everything(cast.officer, cast.lead, enterprises=frozenset([cast.a.pk]))
    )
    for row in (mine, his, over, promise):
        row.refresh_from_db()
    assert [row.owner for row in (mine, promise, his, over)] == [cast.lead, cast.lead, cast.officer, cast.officer]


def test_what_was_asked_goes_with_its_partner_unless_it_is_over(portfolio):
    cast = portfolio
    asks = [
        AskFactory(enterprise=enterprise, asked_by=by, state=state)
        for enterprise, by, state in (
            (cast.a, cast.officer, "asked"), (cast.a, cast.officer, "expired"), (cast.a, cast.other_officer, "asked"),
            (cast.second, cast.officer, "asked"),
        )
    ]  # fmt: skip
    give(
        cast.officer, cast.lead, by=cast.lead, **everything(cast.officer, cast.lead, enterprises=frozenset([cast.a.pk]))
    )
    for ask in asks:
        ask.refresh_from_db()
    assert [ask.asked_by for ask in asks] == [cast.lead, cast.officer, cast.other_officer, cast.officer]


# --- what a colleague was asked to sign ------------------------------------------------------------------------------


def out_for_signature(cast, *people, enterprise=None, owner=None, title="订单班协议"):
    """The requests to sign a new agreement: of colleagues as "principal", of contacts as "director"."""
    agreement = AgreementFactory(
        enterprise=enterprise or cast.a, owner=owner or cast.officer, state="signature", title=title,
        school_contact=cast.officer,
    )  # fmt: skip
    asked = [
        signing.of_the_enterprise(one, "director")
        if isinstance(one, Contact)
        else signing.of_the_school(one, "principal")
        for one in people
    ]
    return signing.ask_for_signatures(agreement, asked, by=agreement.owner)


def requests_of(agreement):
    """{(name, state)} of everybody asked."""
    return set(Signature.objects.filter(subject_id=agreement.pk).values_list("name", "state"))


def test_what_a_colleague_was_asked_to_sign_goes_to_the_successor(portfolio):
    cast = portfolio
    switch("signature")
    (own,), (foreign,) = (
        out_for_signature(cast, cast.officer),
        out_for_signature(cast, cast.officer, enterprise=cast.b, owner=cast.lead),
    )
    assert {one.label: one.number for one in holdings_of(cast.officer)}["agreements to sign"] == 2
    (told,) = give(cast.officer, cast.other_officer, by=cast.lead)
    for row in (own, foreign):
        row.refresh_from_db()
        fresh = row.passed_to
        assert (row.state, fresh.state, fresh.user, fresh.capacity) == (
            "delegated", "asked", cast.other_officer, "principal"
        )  # fmt: skip
        assert fresh.subject.open_signatures == 1
        assert fresh.subject.state == "signature"
        tasks = Task.objects.open().filter(rule="signature", subject_id__in=[row.pk, fresh.pk])
        assert list(tasks.values_list("subject_id", "owner")) == [(fresh.pk, cast.other_officer.pk)]
    event = Event.objects.get(kind="signature.hand_over", subject_id=own.pk)
    assert (event.by, event.audience, event.data["to_name"]) == (cast.lead, "both", "other_officer")
    assert "other_officer is asked to sign instead of officer." in sentence(event)
    with pytest.raises(Refused):
        signing.sign(own, digest=signing.digest_of(own.subject), by=cast.officer)


def test_where_the_successor_is_asked_already_the_request_stays_open_and_is_named(portfolio, signed_in):
    cast = portfolio
    rows = out_for_signature(cast, cast.officer, cast.other_officer)
    page = url("portfolio_hand_over", cast.officer.pk)
    typed = {"successor": cast.other_officer.pk, "scope": "all", "form_key": str(uuid.uuid4())}
    shown = signed_in(cast.lead).post(page, typed).content.decode()
    assert "still wait for the signature of officer" in shown
    give(cast.officer, cast.other_officer, by=cast.lead)
    assert requests_of(rows[0].subject) == {("officer", "asked"), ("other_officer", "asked")}


def test_what_is_not_ticked_still_waits_for_the_same_person(portfolio):
    """The partner goes over, the signature does not: neither does its task."""
    cast = portfolio
    switch("signature")
    first, second = (out_for_signature(cast, cast.officer, title=title)[0] for title in ("甲", "乙"))
    narrowed = {"enterprises": frozenset([cast.a.pk]), "signatures": frozenset([second.pk])}
    give(cast.officer, cast.lead, by=cast.lead, **everything(cast.officer, cast.lead, **narrowed))
    assert requests_of(first.subject) == {("officer", "asked")}
    assert requests_of(second.subject) == {("officer", "delegated"), ("lead", "asked")}
    waiting = Task.objects.open().filter(rule="signature")
    assert set(waiting.values_list("subject_id", "owner")) == {
        (first.pk, cast.officer.pk), (Signature.objects.get(name="lead").pk, cast.lead.pk)
    }  # fmt: skip


def test_what_was_signed_meanwhile_is_shown_again(portfolio):
    cast = portfolio
    (row, _other) = out_for_signature(cast, cast.officer, cast.foreman)
    shown = everything(cast.officer, cast.lead)
    signing.sign(row, digest=signing.digest_of(row.subject), by=cast.officer)
    with pytest.raises(Refused, match="look at the list again"):
        hand_over_all(cast.officer, by=cast.lead, form_key=uuid.uuid4(), **shown)
    assert ("officer", "signed") in requests_of(row.subject)


def test_signatures_stand_on_the_pages_of_a_hand_over(portfolio, signed_in):
    cast = portfolio
    (row,) = out_for_signature(cast, cast.officer)
    client, page = signed_in(cast.lead), url("portfolio_hand_over", cast.officer.pk)
    shown = client.get(page).content.decode()
    assert "Sign: 订单班协议" in shown
    typed = {
        "successor": cast.other_officer.pk, "scope": "ticked", "signatures": [row.pk], "form_key": str(uuid.uuid4())
    }  # fmt: skip
    assert f'value="{row.pk}" checked' in client.post(page, typed | {"change": "1"}).content.decode()
    check = client.post(page, typed)
    assert "Agreements to sign" in check.content.decode()
    client.post(page, typed | {"confirm": "1", "seen": check.context["seen"]})
    told = HandOver.objects.get()
    assert not told.enterprises.exists()
    assert "订单班协议" in signed_in(cast.other_officer).get(url("hand_over", told.pk)).content.decode()
    stranger = out_for_signature(cast, cast.lead)[0]
    wrong = client.post(page, typed | {"signatures": [stranger.pk]})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["signatures"])


def test_tasks_of_a_rule_that_is_off_go_along(portfolio):
    Switch.objects.update(mode="off")
    give(portfolio.officer, portfolio.lead, by=portfolio.lead)
    assert not Task.objects.open().filter(owner=portfolio.officer).exists()


def test_each_partnership_says_so_to_both_sides(portfolio):
    give(portfolio.officer, portfolio.other_officer, by=portfolio.lead, note="调岗")
    events = Event.objects.filter(kind="enterprise.handed_over")
    assert set(events.values_list("stream", "audience")) == {(portfolio.a.pk, "both"), (portfolio.second.pk, "both")}
    event = events.get(stream=portfolio.a.pk)
    assert sentence(event) == "Now looked after by other_officer, before by officer. 调岗"
    assert sentence(event, for_enterprise=True) == "other_officer of the school looks after you from now on."


def test_the_successor_finds_it_on_today_until_read(portfolio, signed_in):
    (told,) = give(portfolio.officer, portfolio.other_officer, by=portfolio.lead)
    (item,) = [one for one in items_for(portfolio.other_officer) if one.url == url("hand_over", told.pk)]
    assert (item.title, item.about) == ("officer hands over to you", "2 partners")
    client = signed_in(portfolio.other_officer)
    assert portfolio.second.name in client.get(item.url).content.decode()
    with pytest.raises(NotAllowed):
        mark_read(told, by=portfolio.lead)
    assert client.post(url("hand_over_read", told.pk)).url == reverse("reports:today")
    assert item.url not in {one.url for one in items_for(portfolio.other_officer)}


def test_a_department_of_its_own_and_only_what_is_ticked(portfolio):
    cast = portfolio
    narrowed = {
        "by_department": {cast.d2.pk: cast.other_officer}, "seminars": frozenset([cast.seminar.pk]),
        "items": frozenset(), "invitations": False,
    }  # fmt: skip
    told = hand_over_all(
        cast.officer, by=cast.officer, form_key=uuid.uuid4(), **everything(cast.officer, cast.lead, **narrowed)
    )
    assert {(one.successor, one.enterprises.get(), one.seminars, one.items) for one in told} == {
        (cast.lead, cast.a, 1, 0), (cast.other_officer, cast.second, 0, 0),
    }  # fmt: skip
    cast.held.refresh_from_db()
    cast.item.refresh_from_db()
    cast.invitation.refresh_from_db()
    assert {cast.held.organiser, cast.item.owner, cast.invitation.invited_by} == {cast.officer}


def test_invitations_go_only_to_somebody_who_may_invite_such_people(portfolio):
    Invitation.objects.filter(pk=portfolio.invitation.pk).update(role="teacher", invited_by=portfolio.lead)
    Enterprise.objects.filter(pk=portfolio.b.pk).update(owner=portfolio.lead)
    give(portfolio.lead, portfolio.officer, by=portfolio.administrator)
    assert Invitation.objects.get(pk=portfolio.invitation.pk).invited_by == portfolio.lead


def test_somebody_who_may_no_longer_sign_in_still_hands_over(portfolio):
    disable_user(portfolio.officer, by=portfolio.administrator)
    portfolio.officer.refresh_from_db()
    assert give(portfolio.officer, portfolio.other_officer, by=portfolio.lead)


@pytest.mark.parametrize("who", ["other_officer", "teacher", "counsellor", "hr", "stranger_hr"])
def test_who_may_not_hand_over_somebody_elses(portfolio, who):
    with pytest.raises(NotAllowed):
        give(portfolio.officer, portfolio.lead, by=getattr(portfolio, who))
    portfolio.a.refresh_from_db()
    assert portfolio.a.owner == portfolio.officer


@pytest.mark.parametrize("who", ["teacher", "disabled", "hr", "officer"])
def test_who_cannot_take_over(portfolio, who):
    with pytest.raises(Refused):
        give(portfolio.officer, getattr(portfolio, who), by=portfolio.lead)
    assert not HandOver.objects.exists()


def test_nothing_is_not_handed_over(cast):
    with pytest.raises(Refused, match="nothing"):
        give(cast.other_officer, cast.lead, by=cast.lead)


def test_what_changed_since_it_was_shown_is_shown_again(portfolio):
    shown = everything(portfolio.officer, portfolio.other_officer)
    EnterpriseFactory(owner=portfolio.officer)
    with pytest.raises(Refused, match="look at the list again"):
        hand_over_all(portfolio.officer, by=portfolio.lead, form_key=uuid.uuid4(), **shown)
    assert not Event.objects.filter(kind="enterprise.handed_over").exists()


def test_the_same_press_twice_is_one(portfolio):
    values = everything(portfolio.officer, portfolio.other_officer) | {"form_key": uuid.uuid4()}
    first = hand_over_all(portfolio.officer, by=portfolio.lead, **values)
    assert hand_over_all(portfolio.officer, by=portfolio.lead, **values) == first
    assert HandOver.objects.count() == 1


def test_the_number_of_statements_does_not_grow(portfolio, django_assert_max_num_queries):
    EnterpriseFactory.create_batch(60, owner=portfolio.officer)
    values = everything(portfolio.officer, portfolio.other_officer)
    with django_assert_max_num_queries(45):
        hand_over_all(portfolio.officer, by=portfolio.lead, form_key=uuid.uuid4(), **values)


def two_at_once(cast, monkeypatch=None):
    """A lead gives the portfolio to one colleague while another lead gives it to another; [outcome of each]."""
    together, outcomes = Barrier(2), {}
    plans = {name: everything(cast.officer, getattr(cast, name)) for name in ("lead", "other_officer")}
    if monkeypatch is not None:
        from partnerships.services import succession

        read = succession.shares_of

        def read_together(*args, **kwargs):
            shares = read(*args, **kwargs)
            together.wait(10)
            return shares

        monkeypatch.setattr(succession, "shares_of", read_together)

    def press(name):
        try:
            if monkeypatch is None:
                together.wait(10)
            with translation.override("en"):
                outcomes[name] = hand_over_all(
                    cast.officer, by=cast.administrator, form_key=uuid.uuid4(), **plans[name]
                )
        except Refused as refused:
            outcomes[name] = refused
        finally:
            connection.close()

    threads = [Thread(target=press, args=(name,)) for name in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(outcomes.values())


@pytest.mark.django_db(transaction=True)
def test_of_two_hand_overs_at_once_one_wins_and_the_other_is_told(cast):
    EnterpriseFactory.create_batch(5, owner=cast.officer)
    outcomes = two_at_once(cast)
    (refused,) = [one for one in outcomes if isinstance(one, Refused)]
    assert "nothing" in str(refused.reason) or "again" in str(refused.reason)
    assert HandOver.objects.count() == 1
    assert Event.objects.filter(kind="enterprise.handed_over").count() == 6
    assert Enterprise.objects.filter(name__contains="恒力").values("owner").distinct().count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_both_would_win(cast, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self)
    outcomes = two_at_once(cast, monkeypatch)
    assert not any(isinstance(one, Refused) for one in outcomes)
    assert HandOver.objects.count() == 2


# --- one partnership ------------------------------------------------------------------------------------------------


def test_the_tasks_of_one_partner_follow_at_once(portfolio):
    hand_over(portfolio.a, by=portfolio.officer, version=0, owner=portfolio.lead, lead_department=portfolio.d1)
    gap = Task.objects.open().filter(rule="gap", stream=portfolio.a.pk)
    assert set(gap.values_list("owner", flat=True)) == {portfolio.lead.pk}
    assert HandOver.objects.get().successor == portfolio.lead
    other = Task.objects.open().filter(rule="gap", stream=portfolio.second.pk)
    assert set(other.values_list("owner", flat=True)) == {portfolio.officer.pk}


def test_several_in_a_row_are_one_thing_to_read(portfolio):
    for enterprise in (portfolio.a, portfolio.second):
        hand_over(enterprise, by=portfolio.officer, version=0, owner=portfolio.lead, lead_department=portfolio.d1)
    assert HandOver.objects.get().enterprises.count() == 2
    mark_read(HandOver.objects.get(), by=portfolio.lead)
    hand_over(portfolio.b, by=portfolio.lead, version=0, owner=portfolio.officer, lead_department=None)
    hand_over(portfolio.b, by=portfolio.officer, version=1, owner=portfolio.lead, lead_department=None)
    assert HandOver.objects.filter(successor=portfolio.lead).count() == 2


def test_who_takes_a_partner_is_not_told_so_and_nobody_is_not_announced(portfolio):
    hand_over(portfolio.a, by=portfolio.lead, version=0, owner=portfolio.lead, lead_department=portfolio.d1)
    hand_over(portfolio.a, by=portfolio.lead, version=1, owner=None, lead_department=portfolio.d1)
    assert not HandOver.objects.exists()
    last = Event.objects.filter(kind="enterprise.handed_over").latest("pk")
    assert (last.audience, sentence(last)) == ("school", "lead no longer looks after it, nobody does yet.")


# --- the pages ------------------------------------------------------------------------------------------------------


def test_looked_at_checked_and_pressed(portfolio, signed_in):
    client, page = signed_in(portfolio.lead), url("portfolio_hand_over", portfolio.officer.pk)
    assert portfolio.second.name in client.get(page).content.decode()
    typed = {"successor": portfolio.other_officer.pk, "scope": "ticked", "enterprises": [portfolio.second.pk],
             "note": "请多关照", "form_key": str(uuid.uuid4())}  # fmt: skip
    checked = client.post(page, typed)
    assert checked.status_code == 200
    assert not HandOver.objects.exists()
    assert portfolio.second.name in checked.content.decode()
    assert portfolio.a.name not in checked.content.decode()
    assert client.post(page, typed | {"change": "1"}).context["form"]["note"].value() == "请多关照"
    pressed = client.post(page, typed | {"confirm": "1", "seen": checked.context["seen"]})
    assert pressed.url == page
    assert HandOver.objects.get().enterprises.get() == portfolio.second
    assert "请多关照" in client.get(url("hand_over", HandOver.objects.get().pk)).content.decode()


def test_what_is_wrong_is_said(portfolio, signed_in):
    client, page = signed_in(portfolio.lead), url("portfolio_hand_over", portfolio.officer.pk)
    typed = {"successor": portfolio.other_officer.pk, "scope": "all", "form_key": str(uuid.uuid4())}
    for wrong, field in (
        ({"successor": ""}, "successor"), ({"successor": portfolio.officer.pk}, "successor"),
        ({"successor": portfolio.teacher.pk}, "successor"), ({"scope": "ticked"}, "scope"),
        ({"scope": "ticked", "enterprises": [portfolio.b.pk]}, "enterprises"), ({"form_key": "x"}, "form_key"),
    ):  # fmt: skip
        response = client.post(page, typed | wrong)
        assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert client.post(page, typed | {"confirm": "1", "seen": "0" * 32}).status_code == 409
    assert not HandOver.objects.exists()


def test_whoever_is_stopped_is_handed_over_first(portfolio, signed_in):
    page = reverse("accounts:person", args=[portfolio.officer.pk])
    link = url("portfolio_hand_over", portfolio.officer.pk)
    assert link in signed_in(portfolio.administrator).get(page).content.decode()
    give(portfolio.officer, portfolio.other_officer, by=portfolio.lead)
    assert link not in signed_in(portfolio.administrator).get(page).content.decode()
    hr = reverse("accounts:person", args=[portfolio.hr.pk])
    assert "hand-over" not in signed_in(portfolio.administrator).get(hr).content.decode()


# --- a contact of an enterprise -------------------------------------------------------------------------------------


@pytest.fixture
def leaver(cast):
    """赵敏 alone signs; she is the first contact, sits at an event, holds a draft, a sent message and two links."""
    Contact.objects.filter(enterprise=cast.a, user__isnull=False).update(left_on=timezone.localdate(), is_keeper=False)
    Contact.objects.filter(pk=cast.foreman.pk).update(mentors=True)
    cast.zhao = ContactFactory(enterprise=cast.a, name="赵敏", honorific="赵经理", signs=True, mentors=True)
    Contact.objects.filter(pk=cast.foreman.pk).update(left_on=timezone.localdate())  # so that 赵敏 is the first
    quiet(cast.a)
    switch("gap", "seminar")
    cast.seminar = event_of(cast.officer, [cast.a], timezone.now() + 6 * DAY)
    planner.plan()
    planner.prepare_drafts()
    Contact.objects.filter(pk=cast.foreman.pk).update(left_on=None)
    cast.foreman.refresh_from_db()
    cast.shown = link_services.hand_out_link(cast.a, by=cast.officer, contact=cast.zhao)
    return cast


def test_what_a_contact_held_goes_to_the_successor(leaver):
    cast = leaver
    old = list(Delivery.objects.filter(addressee_id=cast.zhao.pk, state="forward"))
    assert {row.rule for row in old} == {"gap", "seminar"}
    day = timezone.localdate()
    promise = Obligation.objects.create(
        agreement=AgreementFactory(enterprise=cast.a), enterprise=cast.a, side="enterprise", text="接收实习生",
        contact=cast.zhao, first_on=day, due_on=day,
    )  # fmt: skip
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate(), successor=cast.foreman)
    promise.refresh_from_db()
    assert promise.contact == cast.foreman
    cast.foreman.refresh_from_db()
    assert (cast.foreman.signs, cast.foreman.mentors, cast.foreman.keeps_pay) == (True, True, False)
    assert cast.seminar.guests.get().contact == cast.foreman
    for row in old:
        row.refresh_from_db()
        assert (row.state, row.reason) == ("cancelled", "left")
        assert row.link.withdrawn_at
    fresh = Delivery.objects.filter(addressee_id=cast.foreman.pk)
    assert {(row.rule, row.state, row.name) for row in fresh} == {
        ("gap", "forward", "钱师傅"), ("seminar", "forward", "钱师傅")
    }  # fmt: skip
    assert all(row.link.is_open(timezone.now()) and row.link.addressee == "钱师傅" for row in fresh)
    cast.shown.refresh_from_db()
    assert cast.shown.withdrawn_at
    again = Link.objects.get(purpose="partnership", withdrawn_at=None)
    assert (again.addressee, again.created_by) == ("钱师傅", cast.officer)
    event = Event.objects.get(kind="contact.left", subject_id=cast.zhao.pk)
    assert event.data["moved"] == {"flags": ["signs"], "seats": 1, "links": 3, "signatures": 0}
    assert sentence(event, for_enterprise=True) == "赵敏 no longer works with us. 钱波 takes over."


def test_with_nobody_yet_links_end_and_seats_are_nobodys(leaver):
    cast = leaver
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate())
    assert cast.seminar.guests.get().contact is None
    assert not Link.objects.filter(withdrawn_at=None).exists()
    assert not Delivery.objects.filter(addressee_id=cast.foreman.pk).exists()
    cast.foreman.refresh_from_db()
    assert not cast.foreman.signs


def test_an_answered_link_ends_and_is_not_made_anew(leaver):
    links.mark_answered(leaver.shown)
    mark_left(leaver.zhao, by=leaver.officer, left_on=timezone.localdate(), successor=leaver.foreman)
    assert not Link.objects.filter(purpose="partnership", withdrawn_at=None).exists()


def test_a_shared_form_of_address_is_nobodys(leaver):
    """赵经理 may be the other one: a link that only names the form stays as it is."""
    ContactFactory(enterprise=leaver.a, name="赵刚", honorific="赵经理")
    mark_left(leaver.zhao, by=leaver.officer, left_on=timezone.localdate(), successor=leaver.foreman)
    leaver.shown.refresh_from_db()
    assert leaver.shown.withdrawn_at is None
    assert not Delivery.objects.filter(
        addressee_id=leaver.zhao.pk, link__isnull=False, link__withdrawn_at=None
    ).exists()


def test_a_message_already_sent_is_told_again(leaver):
    Delivery.objects.filter(addressee_id=leaver.zhao.pk, rule="gap").update(state="sent", finished_at=timezone.now())
    mark_left(leaver.zhao, by=leaver.officer, left_on=timezone.localdate(), successor=leaver.foreman)
    assert Delivery.objects.get(addressee_id=leaver.zhao.pk, rule="gap").state == "sent"
    assert Delivery.objects.get(addressee_id=leaver.foreman.pk, rule="gap").state == "forward"


def test_a_partner_without_owner_makes_no_new_drafts(leaver):
    Enterprise.objects.filter(pk=leaver.a.pk).update(owner=None)
    mark_left(leaver.zhao, by=leaver.lead, left_on=timezone.localdate(), successor=leaver.foreman)
    assert not Delivery.objects.filter(addressee_id=leaver.foreman.pk).exists()


def test_somebody_new_takes_over(leaver):
    newcomer = {"name": "孙丽", "honorific": "孙主管", "phones": ["13800000009"]}
    mark_left(leaver.zhao, by=leaver.officer, left_on=timezone.localdate(), newcomer=newcomer)
    sun = Contact.objects.get(name="孙丽")
    assert (sun.enterprise, sun.signs, sun.phones) == (leaver.a, True, ["13800000009"])
    assert leaver.seminar.guests.get().contact == sun


def test_who_cannot_follow_a_contact(leaver):
    gone = leaver.a.contacts.get(user=leaver.former_hr)
    stranger = ContactFactory(enterprise=leaver.b)
    for nobody in (leaver.zhao, gone, stranger):
        with pytest.raises(Refused):
            mark_left(leaver.zhao, by=leaver.officer, left_on=timezone.localdate(), successor=nobody)
    assert Contact.objects.get(pk=leaver.zhao.pk).left_on is None


def test_what_a_contact_was_asked_to_sign_goes_to_the_successor(leaver):
    cast = leaver
    row, school = out_for_signature(cast, cast.zhao, cast.lead)
    link = link_services.hand_out_to_sign(row, by=cast.officer)
    Link.objects.filter(pk=link.pk).update(addressee=cast.zhao.address_form)
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate(), successor=cast.foreman)
    row.refresh_from_db()
    fresh = row.passed_to
    assert (row.state, fresh.state, fresh.addressee_id, fresh.capacity) == (
        "delegated", "asked", cast.foreman.pk, "director"
    )  # fmt: skip
    assert requests_of(row.subject) == {("赵敏", "delegated"), ("钱波", "asked"), ("lead", "asked")}
    assert fresh.subject.open_signatures == 2
    link.refresh_from_db()
    assert link.withdrawn_at
    assert [one.subject for one in Link.objects.filter(purpose="sign", withdrawn_at=None)] == [fresh]
    assert Event.objects.get(kind="contact.left", subject_id=cast.zhao.pk).data["moved"]["signatures"] == 1
    school.refresh_from_db()
    assert school.state == "asked"


@pytest.mark.parametrize("successor", ["foreman", None])
def test_signatures_that_are_not_passed_on_stay_open(leaver, successor):
    cast = leaver
    (row,) = out_for_signature(cast, cast.zhao)
    link = link_services.hand_out_to_sign(row, by=cast.officer)
    Link.objects.filter(pk=link.pk).update(addressee=cast.zhao.address_form)
    taken = {"successor": cast.foreman, "signatures": []} if successor else {}
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate(), **taken)
    assert requests_of(row.subject) == {("赵敏", "asked")}
    assert row.subject.open_signatures == 1
    assert not Link.objects.filter(purpose="sign", withdrawn_at=None).exists()


def test_nobody_is_asked_twice_in_one_capacity_for_somebody_who_left(leaver):
    cast = leaver
    rows = out_for_signature(cast, cast.zhao, cast.foreman)
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate(), successor=cast.foreman)
    assert requests_of(rows[0].subject) == {("赵敏", "asked"), ("钱波", "asked")}


def test_the_page_of_whoever_leaves_lists_what_they_are_to_sign(leaver, signed_in):
    cast = leaver
    (row,), (other,) = (out_for_signature(cast, cast.zhao, title=title) for title in ("甲协议", "乙协议"))
    stranger = out_for_signature(cast, cast.foreman)[0]
    client, page = signed_in(cast.officer), url("contact_left", cast.zhao.pk)
    shown = client.get(page).content.decode()
    assert "甲协议 (director, asked on" in shown
    typed = {"left_on": timezone.localdate().isoformat(), "successor": cast.foreman.pk}
    wrong = client.post(page, typed | {"signatures": [stranger.pk]})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["signatures"])
    answer = client.post(page, typed | {"signatures": [row.pk]}, follow=True).content.decode()
    assert "“乙协议” still waits for the signature of 赵敏" in answer
    assert "甲协议” still waits" not in answer
    assert requests_of(row.subject) == {("赵敏", "delegated"), ("钱波", "asked")}
    assert requests_of(other.subject) == {("赵敏", "asked")}


def test_somebody_is_asked_in_place_of_whoever_is_gone(leaver, signed_in):
    cast = leaver
    row, school = out_for_signature(cast, cast.zhao, cast.lead)
    act = url("agreement_signature", row.subject_id, row.pk, "instead")
    client = signed_in(cast.officer)
    assert client.post(act, {"to": cast.foreman.pk}).status_code == 409  # she is still there
    with pytest.raises(Refused, match="can still sign"):
        signing.ask_instead(row, cast.foreman, by=cast.officer)
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate())
    stranger = ContactFactory(enterprise=cast.b)
    client.post(act, {"to": stranger.pk})
    client.post(act, {"to": ""})
    with pytest.raises(NotAllowed):
        signing.ask_instead(row, cast.foreman, by=cast.other_officer)
    assert requests_of(row.subject) == {("赵敏", "asked"), ("lead", "asked")}
    page = client.get(url("agreement_detail", row.subject_id)).content.decode()
    assert "no longer works there" in page
    assert f'value="{cast.foreman.pk}"' in page
    client.post(act, {"to": cast.foreman.pk})
    assert requests_of(row.subject) == {("赵敏", "delegated"), ("钱波", "asked"), ("lead", "asked")}
    with pytest.raises(Refused):
        signing.ask_instead(row, cast.foreman, by=cast.officer)
    disable_user(cast.lead, by=cast.administrator)
    signing.ask_instead(school, cast.other_officer, by=cast.officer)
    assert ("other_officer", "asked") in requests_of(row.subject)


def test_who_did_not_sign_and_left_is_not_passed_on_by_itself(leaver):
    """What should change is settled first; then somebody else is asked on the page."""
    cast = leaver
    (row,) = out_for_signature(cast, cast.zhao)
    Signature.objects.filter(pk=row.pk).update(state="refused", reason="期限太长", closed_at=timezone.now())
    mark_left(cast.zhao, by=cast.officer, left_on=timezone.localdate(), successor=cast.foreman)
    assert requests_of(row.subject) == {("赵敏", "refused")}
    signing.ask_instead(row, cast.foreman, by=cast.officer)
    assert requests_of(row.subject) == {("赵敏", "delegated"), ("钱波", "asked")}
    row.refresh_from_db()
    assert row.reason == "期限太长"


@pytest.mark.parametrize(("who", "state"), [("colleague_hr", "delegated"), ("hr", "asked")])
def test_in_the_portal_only_the_person_passes_a_signature_on(cast, signed_in, who, state):
    seat = cast.a.contacts.get(user=cast.colleague_hr)
    (row,) = out_for_signature(cast, seat)
    by = getattr(cast, who)
    page = url("portal_left", cast.a.pk, seat.pk)
    shown = signed_in(by).get(page).content.decode()
    assert "订单班协议" in shown
    assert ("the school asks who signs instead" in shown) == (state == "asked")
    typed = {"successor": cast.foreman.pk, "signatures": [row.pk]}
    assert signed_in(by).post(page, typed).status_code == 302
    row.refresh_from_db()
    assert row.state == state
    assert row.passed_to is None or row.passed_to.addressee_id == cast.foreman.pk


def test_in_the_portal_it_is_handed_over_likewise(cast):
    seat = cast.a.contacts.get(user=cast.colleague_hr)
    Contact.objects.filter(pk=seat.pk).update(keeps_pay=True)
    shown = link_services.hand_out_link(cast.a, by=cast.officer, contact=seat)
    Link.objects.filter(pk=shown.pk).update(addressee=seat.address_form)
    Contact.objects.filter(enterprise=cast.a).exclude(pk=seat.pk).update(honorific="")
    remove_member(seat, by=cast.colleague_hr, successor=cast.foreman)
    cast.foreman.refresh_from_db()
    assert cast.foreman.keeps_pay
    shown.refresh_from_db()
    assert shown.withdrawn_at
    withdrawn = Event.objects.get(kind="link.withdrawn")
    assert (withdrawn.by, withdrawn.side) == (cast.colleague_hr, "enterprise")
    assert Link.objects.get(withdrawn_at=None).created_by == cast.officer


def test_the_page_asks_who_takes_over_and_shows_what(leaver, signed_in):
    TouchpointFactory(enterprise=leaver.a, agreed="年内签协议").contacts.add(leaver.zhao)
    client, page = signed_in(leaver.officer), url("contact_left", leaver.zhao.pk)
    shown = client.get(page).content.decode()
    for text in ("signs agreements", leaver.seminar.title, "年内签协议"):
        assert text in shown
    today = timezone.localdate().isoformat()
    for typed, field in (
        ({}, "successor"), ({"successor": leaver.zhao.pk}, "successor"), ({"successor": "new"}, "new_name"),
        ({"successor": "new", "new_name": "孙丽"}, "new_phone"),
    ):  # fmt: skip
        response = client.post(page, {"left_on": today} | typed)
        assert response.status_code == 422
        assert field in response.context["form"].errors
    typed = {"left_on": today, "successor": "new", "new_name": "孙丽", "new_phone": "13800000009"}
    assert client.post(page, typed).status_code == 302
    assert Contact.objects.get(name="孙丽").signs


def test_a_keeper_is_asked_who_keeps_the_team(cast, signed_in):
    keeper = cast.a.contacts.get(is_keeper=True)
    client, page = signed_in(cast.officer), url("contact_left", keeper.pk)
    today, colleague = timezone.localdate().isoformat(), cast.a.contacts.get(user=cast.colleague_hr)
    typed = {"left_on": today, "successor": cast.foreman.pk}
    assert "keeper" in client.post(page, typed).context["form"].errors
    both = client.post(page, typed | {"keeper": colleague.pk, "without_keeper": "on"})
    assert "without_keeper" in both.context["form"].errors
    assert client.post(page, typed | {"keeper": colleague.pk}).status_code == 302
    assert cast.a.contacts.get(is_keeper=True) == colleague


def test_an_enterprise_that_lost_its_keeper_stands_on_today(cast):
    assert not [item for item in items_for(cast.officer) if "keeps the enterprise" in item.title]
    mark_left(cast.a.contacts.get(is_keeper=True), by=cast.officer, left_on=timezone.localdate(), without_keeper=True)
    (item,) = [item for item in items_for(cast.officer) if "keeps the enterprise" in item.title]
    assert item.about == cast.a.title


# --- the rule -------------------------------------------------------------------------------------------------------

LIN, ZHOU, ZHAO, QIAN = {"林薇"}, {"周子昂"}, {"赵敏"}, {"钱波"}
BOTH = ZHAO | QIAN


@pytest.mark.parametrize(
    ("exchanges", "reachable", "expected"),
    [
        ([], [], []),
        ([], ["赵敏", "钱波"], []),
        ([], ["赵敏"], [("enterprise", "赵敏", 0)]),
        ([(LIN, ZHAO)] * 2, ["赵敏", "钱波"], []),  # two contacts say nothing yet
        ([(LIN, ZHAO)] * 3, ["赵敏", "钱波"], [("school", "林薇", 3), ("enterprise", "赵敏", 3)]),
        ([(LIN, ZHAO)] * 9 + [(LIN, QIAN)], ["赵敏", "钱波"], [("school", "林薇", 10)]),
        ([(LIN, ZHAO)] * 9 + [(ZHOU, ZHAO)], ["赵敏", "钱波"], [("enterprise", "赵敏", 10)]),
        ([(LIN, ZHAO)] * 9 + [(ZHOU, QIAN)], ["赵敏", "钱波"], []),
        ([(LIN | ZHOU, BOTH)] * 5, ["赵敏", "钱波"], []),  # always both of them
        ([(LIN, BOTH)] + [(ZHOU, ZHAO)] * 5, ["赵敏", "钱波"], []),  # the second was there once
        ([(LIN, set())] * 5 + [(ZHOU, ZHAO)] * 2, ["赵敏", "钱波"], []),  # who was there is known of two only
        ([(LIN, set())] * 5, ["赵敏", "钱波"], [("school", "林薇", 5)]),
        ([(LIN, ZHAO)] * 3, ["赵敏"], [("school", "林薇", 3), ("enterprise", "赵敏", 3)]),  # said once
        ([(LIN, ZHAO), (ZHOU, QIAN)] * 2, ["钱波"], [("enterprise", "钱波", 0)]),
    ],
)
def test_the_rule(exchanges, reachable, expected):
    took_part = {}
    for position, side in enumerate(("school", "enterprise")):
        named = [sides[position] for sides in exchanges if sides[position]]
        took_part[side] = TookPart(len(named), frozenset().union(*named))
    assert [(one.side, one.name, one.contacts) for one in hangs_on(took_part, reachable)] == expected


def test_the_page_says_on_whom_it_hangs_and_the_portal_never_does(cast, signed_in):
    zhao = ContactFactory(enterprise=cast.a, name="赵敏")
    for days in range(9):
        row = TouchpointFactory(
            enterprise=cast.a, logged_by=cast.officer, happened_at=timezone.now() - (days + 1) * DAY
        )
        row.contacts.add(zhao)
    says = "All 9 contacts of the last year were with 赵敏."
    assert dependence_of([cast.a])[cast.a.pk] == ["All 9 contacts of the last year were kept by officer.", says]
    assert says in signed_in(cast.officer).get(url("enterprise_detail", cast.a.pk)).content.decode()
    for page in ("portal_home", "portal_partnership", "portal_team"):
        shown = signed_in(cast.hr).get(url(page, cast.a.pk)).content.decode()
        assert "contacts of the last year" not in shown
        assert "hangs on" not in shown


def test_what_is_old_unanswered_or_of_the_enterprise_counts_as_it_should(cast):
    now = timezone.now()
    TouchpointFactory.create_batch(4, enterprise=cast.a, logged_by=cast.officer, happened_at=now - 366 * DAY)
    TouchpointFactory.create_batch(
        4, enterprise=cast.a, logged_by=cast.officer, happened_at=now - DAY, is_two_way=False
    )
    assert dependence_of([cast.a]) == {}
    for person in (cast.hr, cast.hr, cast.hr):
        TouchpointFactory(enterprise=cast.a, logged_by=person, side="enterprise", happened_at=now - DAY)
    assert dependence_of([cast.a]) == {cast.a.pk: ["All 3 contacts of the last year were with hr."]}
    asked = MessageFactory(enterprise=cast.a, author=UserFactory(name="许"), written_at=now - DAY)
    MessageFactory(enterprise=cast.a, side="enterprise", author=cast.colleague_hr, answers=asked, written_at=now)
    assert dependence_of([cast.a]) == {}


def test_many_partners_cost_as_much_as_one(cast, django_assert_num_queries):
    rows = EnterpriseFactory.create_batch(4)
    for row in rows:
        TouchpointFactory.create_batch(2, enterprise=row, happened_at=timezone.now() - DAY)
        asked = MessageFactory(enterprise=row)
        MessageFactory(enterprise=row, side="enterprise", answers=asked)
    assert Touchpoint.objects.count() == 8
    with django_assert_num_queries(2):
        dependence_of(rows)

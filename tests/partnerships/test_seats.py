"""Seats: who is invited, who keeps the team, and that no enterprise loses its keeper silently."""

from datetime import timedelta
from threading import Barrier, Thread, current_thread
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation
from accounts.services import accept_invitation
from partnerships.models import Contact, Enterprise
from partnerships.services import seats
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.cast import gather
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, MemberFactory, UserFactory

pytestmark = pytest.mark.django_db


def seat_of(user, enterprise):
    return Contact.objects.get(user=user, enterprise=enterprise)


# --- at once -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_accepting_and_withdrawing_at_once_do_not_wait_for_each_other(transactional_db, monkeypatch):
    """Each has taken its first row before the other asks for it: in two orders, that would be a deadlock."""
    cast, together, outcomes = gather(), Barrier(2), []
    invitation = seats.invite_contact(cast.foreman, by=cast.officer, email="q@example.org")
    lock = seats._locked

    def locked(pk):
        if current_thread().name == "accepting":
            together.wait(10)  # with whatever it has locked until now
            return lock(pk)
        enterprise = lock(pk)
        together.wait(10)
        return enterprise

    def run(step):
        try:
            step()
            outcomes.append("done")
        except Refused:
            outcomes.append("refused")
        except OperationalError as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    monkeypatch.setattr(seats, "_locked", locked)
    threads = [
        Thread(target=run, name="accepting", args=[lambda: accept_invitation(invitation, name="钱波")]),
        Thread(target=run, args=[lambda: seats.invite_contact(cast.foreman, by=cast.officer, email="r@example.org")]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    invitation.refresh_from_db()
    assert (invitation.withdrawn_at is None) != (invitation.accepted_at is None)


# --- inviting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["officer", "lead", "administrator", "hr"])
def test_the_officer_and_the_keeper_invite(cast, who):
    invitation = seats.invite_contact(cast.foreman, by=getattr(cast, who), email="Qian@Example.org")
    cast.foreman.refresh_from_db()
    assert cast.foreman.invitation == invitation
    assert (invitation.role, invitation.email, invitation.name) == ("hr", "qian@example.org", "钱波")
    assert cast.foreman.email == "qian@example.org"
    assert Event.objects.get(kind="seat.invited").audience == "both"


@pytest.mark.parametrize("who", ["colleague_hr", "former_hr", "stranger_hr", "other_officer", "teacher", "disabled"])
def test_nobody_else_invites(cast, who):
    with pytest.raises(NotAllowed):
        seats.invite_contact(cast.foreman, by=getattr(cast, who))
    assert not Invitation.objects.exists()


def test_an_open_invitation_is_not_made_twice(cast):
    first = seats.invite_contact(cast.foreman, by=cast.officer, email="q@example.org")
    assert seats.invite_contact(cast.foreman, by=cast.officer, email="q@example.org") == first
    assert Invitation.objects.count() == 1


def test_another_address_withdraws_the_first_invitation(cast):
    first = seats.invite_contact(cast.foreman, by=cast.officer, email="q@example.org")
    second = seats.invite_contact(cast.foreman, by=cast.officer, email="r@example.org")
    first.refresh_from_db()
    assert first.withdrawn_at
    assert second.pk != first.pk


def test_an_invitation_that_ran_out_is_made_anew(cast):
    first = seats.invite_contact(cast.foreman, by=cast.officer)
    later = timezone.now() + timedelta(days=15)
    assert seats.invite_contact(cast.foreman, by=cast.officer, now=later) != first


def test_whoever_has_left_or_sits_there_already_is_not_invited(cast):
    gone = ContactFactory(enterprise=cast.a, left_on=timezone.localdate())
    for contact in (gone, seat_of(cast.colleague_hr, cast.a)):
        with pytest.raises(Refused):
            seats.invite_contact(contact, by=cast.officer)


def test_the_address_of_a_member_is_not_invited_again(cast):
    with pytest.raises(ValidationError):
        seats.invite_contact(cast.foreman, by=cast.officer, email=cast.colleague_hr.email)


def test_an_address_longer_than_any_is_refused_at_the_field(cast, signed_in):
    address = f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.org"
    response = signed_in(cast.hr).post(
        reverse("partnerships:portal_invitation", args=[cast.a.pk, cast.foreman.pk]), {"email": address}
    )
    assert (response.status_code, response.context["form"].errors.keys()) == (422, {"email"})


def test_a_colleague_sent_twice_is_one(cast):
    values = {"by": cast.hr, "name": "孙丽", "form_key": uuid4()}
    first = seats.add_colleague(cast.a, **values)
    assert seats.add_colleague(cast.a, **values) == first
    with pytest.raises(NotAllowed):
        seats.add_colleague(cast.a, **values | {"by": cast.colleague_hr})


def test_the_address_of_school_staff_is_refused(cast):
    with pytest.raises(ValidationError):
        seats.invite_contact(cast.foreman, by=cast.officer, email=cast.teacher.email)
    cast.foreman.refresh_from_db()
    assert cast.foreman.invitation is None


# --- accepting -----------------------------------------------------------------------------------------------------


def test_the_first_member_becomes_keeper_the_second_does_not(cast):
    enterprise = EnterpriseFactory(owner=cast.officer)
    people = [ContactFactory(enterprise=enterprise) for _ in range(2)]
    for n, contact in enumerate(people):
        invitation = seats.invite_contact(contact, by=cast.officer)
        accept_invitation(invitation, email=f"new{n}@example.org")
        contact.refresh_from_db()
        assert contact.user.email == contact.email == f"new{n}@example.org"
        assert enterprise in Enterprise.objects.visible_to(contact.user)
    assert [contact.is_keeper for contact in people] == [True, False]
    taken = Event.objects.filter(kind="seat.taken").order_by("pk")
    assert [event.data["keeper"] for event in taken] == [True, False]


def test_somebody_with_an_account_takes_a_second_enterprise(cast):
    enterprise = EnterpriseFactory(owner=cast.officer)
    invitation = seats.invite_contact(ContactFactory(enterprise=enterprise), by=cast.officer, email=cast.hr.email)
    accept_invitation(invitation, user=cast.hr)
    assert set(Enterprise.objects.visible_to(cast.hr)) == {cast.a, enterprise}


def test_one_person_does_not_take_two_seats_of_one_enterprise(cast):
    invitation = seats.invite_contact(cast.foreman, by=cast.officer)
    with pytest.raises(Refused):
        accept_invitation(invitation, user=cast.hr)
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_whoever_left_meanwhile_gets_no_seat(cast):
    invitation = seats.invite_contact(cast.foreman, by=cast.officer)
    seats.remove_member(cast.foreman, by=cast.hr)
    with pytest.raises(Refused):
        accept_invitation(invitation, email="q@example.org")
    assert not Contact.objects.get(pk=cast.foreman.pk).user


def test_an_invitation_for_no_contact_seats_nobody(cast):
    from accounts.services import invite_person

    invitation = invite_person(by=cast.lead, name="无处", role="hr")
    user = accept_invitation(invitation, email="nowhere@example.org")
    assert not Enterprise.objects.visible_to(user)


# --- leaving -------------------------------------------------------------------------------------------------------


def test_the_keeper_removes_a_colleague_at_once(cast):
    gone = seats.remove_member(seat_of(cast.colleague_hr, cast.a), by=cast.hr)
    assert gone.left_on == timezone.localdate()
    assert not Enterprise.objects.visible_to(cast.colleague_hr)
    assert Event.objects.get(kind="contact.left").side == "enterprise"


def test_whoever_leaves_before_accepting_is_no_longer_invited(cast):
    invitation = seats.invite_contact(cast.foreman, by=cast.hr, email="q@example.org")
    seats.remove_member(cast.foreman, by=cast.hr)
    invitation.refresh_from_db()
    assert invitation.withdrawn_at


def test_a_member_says_so_himself(cast):
    seats.remove_member(seat_of(cast.colleague_hr, cast.a), by=cast.colleague_hr)
    assert not Enterprise.objects.visible_to(cast.colleague_hr)


@pytest.mark.parametrize("who", ["colleague_hr", "stranger_hr", "former_hr", "officer", "teacher"])
def test_others_remove_nobody(cast, who):
    with pytest.raises(NotAllowed):
        seats.remove_member(seat_of(cast.hr_of_both, cast.a), by=getattr(cast, who))
    assert cast.a in Enterprise.objects.visible_to(cast.hr_of_both)


def test_the_keeper_does_not_leave_without_a_successor(cast):
    own = seat_of(cast.hr, cast.a)
    with pytest.raises(Refused):
        seats.remove_member(own, by=cast.hr)
    seats.hand_over_keeper(seat_of(cast.colleague_hr, cast.a), by=cast.hr)
    own.refresh_from_db()
    assert not own.is_keeper
    seats.remove_member(own, by=cast.hr)
    assert seat_of(cast.colleague_hr, cast.a).is_keeper


def test_the_last_one_may_leave_and_the_officer_is_shown(cast):
    assert not seats.without_keeper(Enterprise.objects.filter(pk=cast.b.pk))
    seats.remove_member(seat_of(cast.hr_of_both, cast.b), by=cast.hr_of_both)
    seats.remove_member(seat_of(cast.stranger_hr, cast.b), by=cast.stranger_hr)
    assert list(seats.without_keeper(Enterprise.objects.all())) == [cast.b]


def test_a_keeper_who_may_not_sign_in_keeps_nothing(cast):
    cast.hr.is_active = False
    cast.hr.save()
    assert list(seats.without_keeper(Enterprise.objects.all())) == [cast.a]


def test_an_enterprise_that_never_had_a_member_misses_no_keeper(cast):
    ContactFactory(enterprise=EnterpriseFactory())
    assert not seats.without_keeper(Enterprise.objects.all())


# --- the keeper ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["hr", "officer", "lead"])
def test_who_hands_the_role_over(cast, who):
    seats.hand_over_keeper(seat_of(cast.colleague_hr, cast.a), by=getattr(cast, who))
    assert list(cast.a.contacts.filter(is_keeper=True)) == [seat_of(cast.colleague_hr, cast.a)]
    assert Event.objects.filter(kind="seat.keeper_changed").count() == 1


@pytest.mark.parametrize("who", ["colleague_hr", "hr_of_both", "former_hr", "stranger_hr", "other_officer", "teacher"])
def test_who_does_not(cast, who):
    with pytest.raises(NotAllowed):
        seats.hand_over_keeper(seat_of(cast.colleague_hr, cast.a), by=getattr(cast, who))
    assert seat_of(cast.hr, cast.a).is_keeper


def test_only_a_member_who_can_act_becomes_keeper(cast):
    gone = seat_of(cast.former_hr, cast.a)
    stopped = MemberFactory(enterprise=cast.a, user=UserFactory(role="hr", is_active=False))
    elsewhere = seat_of(cast.stranger_hr, cast.b)
    for contact in (cast.foreman, gone, stopped):
        with pytest.raises(Refused):
            seats.hand_over_keeper(contact, by=cast.hr)
    with pytest.raises(NotAllowed):
        seats.hand_over_keeper(elsewhere, by=cast.hr)


def test_the_same_keeper_again_changes_nothing(cast):
    seats.hand_over_keeper(seat_of(cast.hr, cast.a), by=cast.hr)
    assert not Event.objects.filter(kind="seat.keeper_changed").exists()


def test_the_officer_names_a_keeper_where_there_is_none(cast):
    cast.a.contacts.filter(is_keeper=True).update(is_keeper=False)
    with pytest.raises(NotAllowed):
        seats.hand_over_keeper(seat_of(cast.colleague_hr, cast.a), by=cast.colleague_hr)
    seats.hand_over_keeper(seat_of(cast.colleague_hr, cast.a), by=cast.officer)
    assert seat_of(cast.colleague_hr, cast.a).is_keeper


# --- the officer's page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"), [("officer", 200), ("other_officer", 200), ("teacher", 404), ("hr", 403), ("stranger_hr", 404)]
)
def test_who_sees_the_officers_page(cast, signed_in, who, status):
    assert signed_in(getattr(cast, who)).get(f"/partners/contacts/{cast.foreman.pk}/invite/").status_code == status


def test_the_officer_invites_and_carries_the_message(cast, signed_in):
    client, url = signed_in(cast.officer), f"/partners/contacts/{cast.foreman.pk}/invite/"
    assert client.post(url, {"email": ""}).status_code == 302
    page = client.get(url).content.decode()
    assert Invitation.objects.get().code in page
    assert "<svg" in page


def test_another_department_does_not_invite(cast, signed_in):
    client, url = signed_in(cast.other_officer), f"/partners/contacts/{cast.foreman.pk}/invite/"
    assert client.post(url, {"email": ""}).status_code == 403
    assert client.post(f"/partners/contacts/{cast.foreman.pk}/keeper/").status_code == 403

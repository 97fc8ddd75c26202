"""Inviting, being invited, and all the ways in which an invitation is dead."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts import mails, services, tasks
from accounts.models import Department, Invitation, Role, User
from records.links import BASE58
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.accounts.factories import PASSWORD, invitation, person, sign_in

pytestmark = pytest.mark.django_db
ANSWER = {"name": "Zhao Min", "language": "en", "password": PASSWORD}


@pytest.fixture
def lead():
    return person(Role.LEAD, name="Lin Wei")


@pytest.fixture(autouse=True)
def seated(settings, monkeypatch):
    """Who was seated by the app above, with what it saw inside the transaction."""
    seen = []
    monkeypatch.setattr("tests.accounts.test_invitations.seat", lambda made, user: seen.append((made, user)))
    settings.INVITATION_ACCEPTED = ["tests.accounts.test_invitations.seat"]
    return seen


def seat(made, user):
    raise AssertionError("stands for the app above")


def accept(client, made, **values):
    return client.post(f"/i/{made.code}/", ANSWER | values)


class TestInviting:
    def test_makes_an_unguessable_code_and_an_event(self, lead):
        made = services.invite_person(by=lead, name="Zhao Min", role=Role.HR, email="ZHAO@example.test")
        assert len(made.code) == 11
        assert set(made.code) <= set(BASE58)
        assert made.email == "zhao@example.test"
        assert timedelta(days=13, hours=23) < made.expires_at - timezone.now() <= timedelta(days=14)
        assert Event.objects.of(made).get().kind == "invitation.made"

    def test_the_same_form_sent_twice_makes_one(self, lead, client):
        sign_in(client, lead)
        key = client.get("/people/invite/").context["form"].initial["form_key"]
        values = {"name": "Zhao Min", "role": "hr", "language": "zh-hans", "form_key": str(key)}
        first, second = client.post("/people/invite/", values), client.post("/people/invite/", values)
        assert first["Location"] == second["Location"]
        assert Invitation.objects.count() == 1

    @pytest.mark.parametrize(
        ("by", "role"),
        [
            (Role.LEAD, Role.ADMINISTRATOR),
            (Role.LEAD, Role.LEAD),
            (Role.OFFICER, Role.OFFICER),
            (Role.TEACHER, Role.HR),
            (Role.COUNSELLOR, Role.HR),
            (Role.HR, Role.OFFICER),
        ],
    )
    def test_a_role_hands_out_only_what_it_may(self, by, role):
        with pytest.raises(NotAllowed):
            services.invite_person(by=person(by), name="Zhao Min", role=role)
        assert not Invitation.objects.exists()

    @pytest.mark.parametrize(("theirs", "invited_as"), [(Role.OFFICER, Role.HR), (Role.HR, Role.OFFICER)])
    def test_nobody_is_invited_to_be_staff_and_hr_at_once(self, lead, theirs, invited_as):
        known = person(theirs)
        with pytest.raises(ValidationError) as refusal:
            services.invite_person(by=lead, name="Zhao Min", role=invited_as, email=known.email.upper())
        assert "email" in refusal.value.message_dict
        assert not Invitation.objects.exists()

    def test_a_disabled_lead_invites_nobody(self, lead):
        lead.is_active = False
        with pytest.raises(NotAllowed):
            services.invite_person(by=lead, name="Zhao Min", role=Role.HR)

    def test_hr_belongs_to_no_department(self, lead):
        made = services.invite_person(
            by=lead, name="Zhao Min", role=Role.HR, department=Department.objects.create(name="机电学院")
        )
        assert made.department is None


def sent_code():
    return next(line for line in mail.outbox[-1].body.splitlines() if len(line) == 9 and line[4] == "-")


def refuse(message):
    raise OSError("refused")


class TestSending:
    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    def test_mail_in_the_invitees_language(self, lead, settings, language):
        made = invitation(lead, email="zhao@example.test", language=language)
        assert mails.send_invitation_mail(made.pk)
        (message,) = mail.outbox
        assert message.to == ["zhao@example.test"]
        assert made.link in message.body.splitlines()
        assert settings.UNIVERSITY[language] in message.subject

    def test_is_sent_once_until_asked_again(self, lead, django_capture_on_commit_callbacks):
        made = invitation(lead, email="zhao@example.test")
        assert mails.send_invitation_mail(made.pk)
        assert not mails.send_invitation_mail(made.pk)
        assert len(mail.outbox) == 1
        services.send_invitation_again(made, by=lead)
        assert mails.send_invitation_mail(made.pk)
        assert len(mail.outbox) == 2

    def test_a_mail_server_that_refuses_leaves_it_waiting(self, lead, monkeypatch):
        made = invitation(lead, email="zhao@example.test")
        monkeypatch.setattr(
            "django.core.mail.EmailMessage.send", lambda self: (_ for _ in ()).throw(OSError("refused"))
        )
        with pytest.raises(OSError, match="refused"):
            mails.send_invitation_mail(made.pk)
        assert list(Invitation.objects.waiting_for_mail(timezone.now())) == [made]

    def test_a_lost_ring_is_found_again(self, lead, monkeypatch):
        rung = []
        monkeypatch.setattr(tasks.send_invitation, "delay", rung.append)
        waiting = invitation(lead, email="zhao@example.test")
        invitation(lead)
        invitation(lead, email="late@example.test", expires_at=timezone.now() - timedelta(seconds=1))
        invitation(lead, email="gone@example.test", withdrawn_at=timezone.now())
        tasks.send_waiting_invitations()
        assert rung == [waiting.pk]

    def test_those_that_fail_do_not_keep_the_others_waiting(self, lead, monkeypatch):
        rung = []
        monkeypatch.setattr(tasks.send_invitation, "delay", rung.append)
        monkeypatch.setattr(tasks, "ROUND", 2)
        waiting = [invitation(lead, email=f"zhao{number}@example.test").pk for number in range(5)]
        rounds = []
        for _minute in range(3):
            rung.clear()
            tasks.send_waiting_invitations()
            rounds.append(list(rung))
        assert rounds == [waiting[:2], waiting[2:4], [waiting[4], waiting[0]]]

    @pytest.mark.django_db(transaction=True)
    def test_a_broker_that_is_away_stops_nobody_from_inviting(self, lead, monkeypatch):
        monkeypatch.setattr(tasks.send_invitation, "delay", lambda number: refuse(number))
        made = services.invite_person(by=lead, name="Zhao Min", role=Role.HR, email="zhao@example.test")
        assert list(Invitation.objects.waiting_for_mail(timezone.now())) == [made]

    @pytest.mark.parametrize("language", ["zh-hans", "en"])
    @pytest.mark.parametrize("name", ["赵敏", "A" * 60])
    def test_the_message_carried_by_hand_is_short_and_ends_with_the_link(self, lead, language, name):
        made = invitation(lead, name=name, language=language)
        *text, link = mails.invitation_message(made).split("\n")
        assert link == made.link
        assert 10 < len("\n".join(text)) <= 80

    def test_again_gives_another_fortnight_under_the_same_address(self, lead):
        made = invitation(lead, expires_at=timezone.now() - timedelta(days=1))
        again = services.send_invitation_again(made, by=lead)
        assert again.code == made.code
        assert again.is_open(timezone.now() + timedelta(days=13))

    @pytest.mark.parametrize("step", [services.send_invitation_again, services.withdraw_invitation])
    def test_only_who_invited_or_leads_the_office(self, lead, step):
        made = invitation(lead)
        with pytest.raises(NotAllowed):
            step(made, by=person(Role.OFFICER))
        step(made, by=person(Role.ADMINISTRATOR))

    def test_a_withdrawn_one_is_not_sent_again(self, lead):
        made = services.withdraw_invitation(invitation(lead), by=lead)
        with pytest.raises(Refused):
            services.send_invitation_again(made, by=lead)


class TestAccepting:
    def test_reading_changes_nothing(self, client, lead):
        made = invitation(lead)
        before = Invitation.objects.values().get()
        for _ in range(3):
            assert client.get(f"/i/{made.code}/").status_code == 200
        assert Invitation.objects.values().get() == before
        assert not User.objects.exclude(pk=lead.pk).exists()

    def test_with_a_password(self, client, lead, seated):
        made = invitation(lead, email="zhao@example.test", role=Role.HR)
        assert accept(client, made)["Location"] == "/"
        someone = User.objects.get(email="zhao@example.test")
        assert (someone.role, someone.name, someone.language) == (Role.HR, "Zhao Min", "en")
        assert someone.check_password(PASSWORD)
        assert client.session["_auth_user_id"] == str(someone.pk)
        made.refresh_from_db()
        assert (made.user, made.accepted_at is not None) == (someone, True)
        assert seated == [(made, someone)]

    def test_without_a_password_to_sign_in_with_codes(self, client, lead):
        made = invitation(lead, email="zhao@example.test")
        accept(client, made, password="")
        assert not User.objects.get(email="zhao@example.test").has_usable_password()

    def test_the_address_typed_counts_only_where_none_was_given(self, client, lead):
        made = invitation(lead, email="zhao@example.test")
        accept(client, made, email="other@example.test")
        assert not User.objects.filter(email="other@example.test").exists()

    @pytest.mark.parametrize("password", ["short", "password1234", "zhao@example.test"])
    def test_a_weak_password_is_refused_and_nothing_is_lost(self, client, lead, password):
        made = invitation(lead, email="zhao@example.test")
        response = accept(client, made, password=password)
        assert response.status_code == 422
        assert "password" in response.context["form"].errors
        assert response.context["form"]["name"].value() == "Zhao Min"
        made.refresh_from_db()
        assert made.accepted_at is None
        assert not User.objects.filter(email="zhao@example.test").exists()

    def test_an_address_that_was_typed_is_proven_by_a_code(self, client, lead):
        made = invitation(lead)
        page = accept(client, made, email="Zhao@example.test")
        assert page.context["sent_to"] == "zhao@example.test"
        assert not User.objects.filter(email="zhao@example.test").exists()
        assert accept(client, made, email="zhao@example.test", code="XXXX-XXXX").status_code == 422
        code = sent_code()
        assert code not in str(dict(client.session))
        assert accept(client, made, email="zhao@example.test", code=code)["Location"] == "/"
        assert User.objects.get(email="zhao@example.test").check_password(PASSWORD)

    def test_the_code_of_one_address_proves_no_other(self, client, client_elsewhere, lead):
        made = invitation(lead)
        accept(client, made, email="mine@example.test")
        code = sent_code()
        assert accept(client, made, email="theirs@example.test", code=code).status_code == 422
        assert accept(client_elsewhere, made, email="mine@example.test", code=code).status_code == 422
        assert not User.objects.filter(email__in=["mine@example.test", "theirs@example.test"]).exists()

    def test_the_code_is_tried_five_times_at_most(self, client, lead):
        made = invitation(lead)
        accept(client, made, email="zhao@example.test")
        for _ in range(5):
            accept(client, made, email="zhao@example.test", code="XXXX-XXXX")
        assert accept(client, made, email="zhao@example.test", code=sent_code()).status_code == 422
        assert not User.objects.filter(email="zhao@example.test").exists()

    def test_nobody_is_flooded_with_codes(self, client, lead):
        made = invitation(lead)
        answers = [accept(client, made, email="zhao@example.test").status_code for _ in range(5)]
        assert answers == [200, 200, 200, 422, 422]
        assert len(mail.outbox) == 3

    def test_an_address_in_use_gets_no_code(self, client, lead):
        made = invitation(lead)
        assert accept(client, made, email=person().email.upper()).status_code == 422
        assert mail.outbox == []

    def test_whatever_fails_above_leaves_nothing(self, lead, settings):
        settings.INVITATION_ACCEPTED = ["tests.accounts.test_invitations.break_down"]
        made = invitation(lead, email="zhao@example.test")
        with pytest.raises(ZeroDivisionError):
            services.accept_invitation(made, name="Zhao Min", password=PASSWORD)
        made.refresh_from_db()
        assert made.accepted_at is None
        assert not User.objects.filter(email="zhao@example.test").exists()


def break_down(made, user):
    raise ZeroDivisionError


class TestDead:
    @pytest.mark.parametrize(
        "fields",
        [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"withdrawn_at": timezone.now()}],
        ids=["expired", "withdrawn"],
    )
    def test_says_whom_to_ask(self, client, lead, fields):
        made = invitation(lead, email="zhao@example.test", **fields)
        for response in (client.get(f"/i/{made.code}/"), accept(client, made)):
            assert response.status_code == 410
            assert "Lin Wei" in response.content.decode()
        assert not User.objects.filter(email="zhao@example.test").exists()

    def test_used_twice(self, client, client_elsewhere, lead):
        made = invitation(lead, email="first@example.test")
        accept(client, made)
        assert accept(client_elsewhere, made, name="Somebody else").status_code == 410
        assert User.objects.get(email="first@example.test").name == "Zhao Min"

    @pytest.mark.parametrize("code", ["1111111111111111111111", "%00", "林"])
    def test_unknown_code(self, client, code):
        assert client.get(f"/i/{code}/").status_code == 404

    def test_an_address_of_former_days_still_opens(self, client, lead):
        """22 characters and a slash at the end: they were handed out so."""
        made = invitation(lead, code="8pQ2vXn4Tz7LkR5mWc9YbA")
        assert client.get(f"/i/{made.code}/").status_code == client.get(f"/i/{made.code}").status_code == 200

    def test_guessing_codes_is_slowed(self, client):
        answers = [client.get(f"/i/{number:0>22}/").status_code for number in range(12)]
        assert answers == [404] * 10 + [429] * 2


class TestWithAnAccount:
    def test_a_known_address_signs_in_first(self, client, lead):
        known = person(Role.HR)
        made = invitation(lead, email=known.email)
        page = client.get(f"/i/{made.code}/")
        assert f"/account/login/?next=/i/{made.code}" in page.content.decode()
        assert accept(client, made).status_code == 200
        made.refresh_from_db()
        assert made.accepted_at is None

    def test_hr_of_one_enterprise_joins_a_second(self, client, lead, seated):
        known = person(Role.HR)
        made = invitation(lead, role=Role.HR)
        sign_in(client, known)
        assert client.get(f"/i/{made.code}/").status_code == 200
        assert client.post(f"/i/{made.code}/")["Location"] == "/"
        assert seated == [(made, known)]

    @pytest.mark.parametrize(
        ("theirs", "invited_as"),
        [(Role.OFFICER, Role.HR), (Role.HR, Role.OFFICER), (Role.OFFICER, Role.TEACHER)],
    )
    def test_the_wrong_mix_is_refused(self, client, lead, seated, theirs, invited_as):
        known = person(theirs)
        made = invitation(lead, role=invited_as)
        sign_in(client, known)
        assert client.get(f"/i/{made.code}/").context["reason"]
        assert client.post(f"/i/{made.code}/").status_code == 409
        with pytest.raises(Refused):
            services.accept_invitation(made, user=known)
        made.refresh_from_db()
        known.refresh_from_db()
        assert made.accepted_at is None
        assert known.role == theirs
        assert seated == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_wins(lead):
    made = invitation(lead)
    outcomes = []
    start = threading.Barrier(2)

    def go(number):
        start.wait()
        try:
            services.accept_invitation(made, name="Zhao Min", email=f"zhao{number}@example.test")
            outcomes.append("in")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "refused"]
    assert User.objects.filter(email__startswith="zhao").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_invitations_for_one_new_address_accepted_at_once(lead, monkeypatch):
    """Both find the address free; the second is told what it would be told a moment later."""
    outcomes, together = [], threading.Barrier(2)
    validate = services.validate_password
    monkeypatch.setattr(services, "validate_password", lambda *args: (validate(*args), together.wait(10)))

    def go(made):
        try:
            services.accept_invitation(made, password=PASSWORD, email="zhao@example.test")
            outcomes.append("in")
        except ValidationError as error:
            outcomes.append(f"refused: {','.join(error.message_dict)}")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[invitation(lead)]) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "refused: email"]
    assert User.objects.filter(email="zhao@example.test").count() == 1


class TestPages:
    def test_shows_message_and_code_to_scan(self, client, lead):
        sign_in(client, lead)
        made = invitation(lead)
        text = client.get(f"/people/invitations/{made.pk}/").content.decode()
        assert made.link in text
        assert "<svg" in text

    @pytest.mark.parametrize("role", [Role.OFFICER, Role.TEACHER, Role.HR])
    def test_others_see_neither_list_nor_form(self, client, lead, role):
        sign_in(client, person(role))
        made = invitation(lead)
        assert client.get("/people/invitations/").status_code == 403
        assert client.get("/people/invite/").status_code == 403
        assert client.post("/people/invite/", {"name": "x", "role": "hr"}).status_code == 403
        assert client.get(f"/people/invitations/{made.pk}/").status_code == 404
        assert client.post(f"/people/invitations/{made.pk}/withdraw/").status_code == 404

    def test_an_officer_sees_the_one_he_sent(self, client):
        officer = person(Role.OFFICER)
        sign_in(client, officer)
        made = services.invite_person(by=officer, name="Zhao Min", role=Role.HR)
        assert client.get(f"/people/invitations/{made.pk}/").status_code == 200

    def test_list_costs_the_same_with_many(self, client, lead, django_assert_max_num_queries):
        sign_in(client, lead)
        for _ in range(50):
            invitation(lead)
        with django_assert_max_num_queries(6):
            assert len(client.get("/people/invitations/").context["rows"]) == 50

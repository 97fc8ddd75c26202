"""Signing in both ways, and staying signed in no longer than one should."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Role, User
from tests.accounts.factories import PASSWORD, person, sign_in

pytestmark = pytest.mark.django_db


def signed_in(client):
    return "_auth_user_id" in client.session


def test_password(client):
    response = sign_in(client, person())
    assert response.status_code == 302
    assert response["Location"] == "/"
    assert signed_in(client)


def test_password_ignores_the_case_of_the_address(client):
    someone = person(email="Lin.Wei@Example.test")
    assert someone.email == "lin.wei@example.test"
    client.post("/account/login/", {"login": "LIN.wei@example.test", "password": PASSWORD})
    assert signed_in(client)


def test_wrong_password_and_unknown_address_read_alike(client):
    someone = person()
    wrong = sign_in(client, someone, "not this one at all")
    unknown = client.post("/account/login/", {"login": "nobody@example.test", "password": PASSWORD})
    assert not signed_in(client)
    assert wrong.context["form"].errors == unknown.context["form"].errors


def test_code_by_mail(client, settings):
    someone = person(language="en")
    response = client.post("/account/login/code/", {"email": someone.email})
    assert response["Location"] == reverse("account_confirm_login_code")
    (message,) = mail.outbox
    assert message.to == [someone.email]
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", message.body, re.MULTILINE)[0]
    assert not signed_in(client)
    assert client.post("/account/login/code/confirm/", {"code": "XXXX-XXXX", "action": "verify"}).status_code == 200
    assert not signed_in(client)
    client.post("/account/login/code/confirm/", {"code": code, "action": "verify"})
    assert signed_in(client)


@pytest.mark.parametrize(("theirs", "browser"), [("zh-hans", "en"), ("en", "zh-hans")])
def test_code_is_written_in_the_receivers_language(client, settings, theirs, browser):
    client.post("/account/login/code/", {"email": person(language=theirs).email}, headers={"accept-language": browser})
    assert mail.outbox[0].body.endswith(settings.UNIVERSITY[theirs])


def test_unknown_address_gets_the_same_page_and_no_mail(client):
    response = client.post("/account/login/code/", {"email": "nobody@example.test"})
    assert response["Location"] == reverse("account_confirm_login_code")
    assert mail.outbox == []


def test_three_wrong_codes_end_the_attempt(client):
    client.post("/account/login/code/", {"email": person().email})
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail.outbox[0].body, re.MULTILINE)[0]
    for _ in range(3):
        client.post("/account/login/code/confirm/", {"code": "XXXX-XXXX", "action": "verify"})
    client.post("/account/login/code/confirm/", {"code": code, "action": "verify"})
    assert not signed_in(client)


def test_nobody_signs_up(client):
    assert client.get("/account/signup/").status_code == 404
    assert client.post("/account/signup/", {"email": "new@example.test", "password1": PASSWORD}).status_code == 404
    assert User.objects.count() == 0


def test_password_reset_does_not_sign_in(client):
    someone = person()
    client.post("/account/password/reset/", {"email": someone.email})
    path = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "a new long password", "password2": "a new long password"})
    assert not signed_in(client)
    sign_in(client, someone, "a new long password")
    assert signed_in(client)


def test_the_admin_has_no_sign_in_of_its_own(client):
    response = client.get("/admin/login/?next=/admin/accounts/user/")
    assert response["Location"] == "/account/login/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    credentials = {"username": person(Role.ADMINISTRATOR).email, "password": PASSWORD}
    assert client.post("/admin/login/", credentials).status_code == 405
    assert not signed_in(client)


@pytest.mark.parametrize(("role", "status"), [(Role.ADMINISTRATOR, 200), (Role.LEAD, 302), (Role.HR, 302)])
def test_only_administrators_enter_the_admin(client, role, status):
    """Others are told so, not sent to the sign-in page, which would send them back, and so on."""
    sign_in(client, person(role))
    assert client.get("/admin/").status_code == status
    assert client.get("/admin/", follow=True).status_code == (200 if status == 200 else 403)


@pytest.mark.parametrize("path", ["//elsewhere.test/", "https://elsewhere.test/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(client, path):
    response = client.post("/account/login/", {"login": person().email, "password": PASSWORD, "next": path})
    assert response["Location"] == "/"


class TestSession:
    def test_ends_after_half_an_hour_without_a_request(self, client, time_machine):
        time_machine.move_to("2026-11-23 08:00+08:00", tick=False)
        sign_in(client, person())
        for _ in range(3):
            time_machine.shift(29 * 60)
            assert client.get("/account/profile/").status_code == 200
        time_machine.shift(31 * 60)
        response = client.get("/account/profile/")
        assert response["Location"].startswith("/account/login/")
        assert not signed_in(client)

    def test_ends_after_twelve_hours_of_work(self, client, time_machine):
        time_machine.move_to("2026-11-23 08:00+08:00", tick=False)
        sign_in(client, person())
        for _ in range(36):
            time_machine.shift(20 * 60)
            assert client.get("/account/profile/").status_code == 200
        time_machine.shift(60)
        assert client.get("/account/profile/").status_code == 302

    def test_disabling_counts_on_the_next_request(self, client):
        someone = person()
        sign_in(client, someone)
        assert client.get("/account/profile/").status_code == 200
        User.objects.filter(pk=someone.pk).update(is_active=False)
        assert client.get("/account/profile/").status_code == 302

    def test_disabled_people_sign_in_in_no_way(self, client):
        someone = person(is_active=False)
        assert sign_in(client, someone)["Location"] == reverse("account_inactive")
        client.post("/account/login/code/", {"email": someone.email})
        assert mail.outbox == []
        client.post("/account/password/reset/", {"email": someone.email})
        assert mail.outbox == []
        assert not signed_in(client)

    def test_is_listed_and_ended_from_elsewhere(self, client, client_elsewhere):
        someone = person()
        sign_in(client, someone)
        sign_in(client_elsewhere, someone)
        page = client.get("/account/sessions/")
        assert len(page.context["sessions"]) == 2
        other = next(s for s in page.context["sessions"] if s.session_key == client_elsewhere.session.session_key)
        assert client.post(f"/account/sessions/{other.pk}/end/").status_code == 302
        assert client_elsewhere.get("/account/profile/").status_code == 302
        assert client.get("/account/profile/").status_code == 200

    def test_of_others_cannot_be_ended(self, client, client_elsewhere):
        sign_in(client, person())
        sign_in(client_elsewhere, person())
        foreign = client_elsewhere.get("/account/sessions/").context["sessions"][0]
        assert client.post(f"/account/sessions/{foreign.pk}/end/").status_code == 404
        assert client_elsewhere.get("/account/profile/").status_code == 200

    def test_changing_the_password_ends_the_others(self, client, client_elsewhere):
        someone = person()
        sign_in(client, someone)
        sign_in(client_elsewhere, someone)
        new = "another long password"
        client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
        assert client_elsewhere.get("/account/profile/").status_code == 302

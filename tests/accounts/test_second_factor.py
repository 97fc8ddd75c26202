"""A role that needs a second factor reaches nothing without it, by whichever door it comes."""

import re
import threading
import time

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import access
from accounts.models import Role
from tests.accounts.factories import PASSWORD, invitation, person, sign_in, totp, totp_code

pytestmark = pytest.mark.django_db

STAFF = [Role.ADMINISTRATOR, Role.LEAD, Role.OFFICER, Role.TEACHER, Role.COUNSELLOR]
SETUP = "/account/second-factor/"
SHOW = "/account/second-factor/reauthenticate/"


@pytest.fixture(autouse=True)
def _forced(settings):
    settings.SECOND_FACTOR_FORCED = True


def every_address():
    """(path with made-up arguments, view, name) of every route the resolver knows."""

    def walk(patterns, prefix, namespace):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = [*namespace, pattern.namespace] if pattern.namespace else namespace
                yield from walk(pattern.url_patterns, prefix + made_up(pattern.pattern), inner)
            elif isinstance(pattern, URLPattern):
                yield prefix + made_up(pattern.pattern), pattern.callback, ":".join([*namespace, pattern.name or ""])

    yield from walk(get_resolver().url_patterns, "/", [])


def made_up(pattern):
    """A path that the pattern matches."""
    text = str(pattern)
    text = re.sub(r"\(\?P<uidb36>[^)]*\)-\(\?P<key>[^)]*\)", "1-set-password", text)
    text = re.sub(r"\(\?P<content_type_id>[^)]*\)", "1", text)
    text = re.sub(r"\(\?P<object_id>[^)]*\)|\(\?P<url>[^)]*\)|\(\?P<app_label>[^)]*\)", "accounts", text)
    text = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", text)
    text = re.sub(r"<int:\w+>", "1", text)
    text = re.sub(r"<\w*:?\w+>", "abc", text)
    return text.replace("^", "").replace("\\Z", "").replace("$", "").replace("\\", "")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OFFICER])
def test_no_address_opens_to_a_password_alone(client, role, method):
    sign_in(client, person(role))
    walked = 0
    for path, view, name in every_address():
        if name in access.TO_SET_UP or not getattr(view, "login_required", True):
            continue
        response = getattr(client, method)(path)
        assert response.status_code in (302, 404), path
        if response.status_code == 302:
            assert response["Location"].split("?")[0] == SETUP, path
            walked += 1
        else:
            assert response.resolver_match is None or name == "", f"{path} answered 404 by itself"
    assert walked > 40


def test_public_pages_take_the_half_signed_in_for_a_stranger(client):
    admin = person(Role.ADMINISTRATOR)
    sign_in(client, admin)
    page = client.get(invitation(admin).link.removeprefix("http://localhost:8000"))
    assert page.status_code == 200
    assert not page.context["user"].is_authenticated


@pytest.mark.parametrize("role", STAFF)
def test_staff_without_one_are_led_to_set_one_up(client, role):
    sign_in(client, person(role))
    assert client.get("/account/profile/")["Location"].startswith(SETUP)
    assert client.get(SETUP).status_code == 200


def test_hr_is_not_asked(client):
    sign_in(client, person(Role.HR))
    assert client.get("/account/profile/").status_code == 200


def test_setting_up_the_app_opens_the_house(client):
    someone = person()
    sign_in(client, someone)
    form = client.get("/account/second-factor/totp/activate/")
    secret = form.context["form"].secret
    response = client.post("/account/second-factor/totp/activate/", {"code": totp_code(secret, time.time())})
    assert response["Location"] == "/account/second-factor/recovery-codes/"
    assert client.get("/account/profile/").status_code == 200
    assert Authenticator.objects.filter(user=someone, type="totp").exists()


def test_signing_in_asks_for_the_code_of_the_app(client):
    someone = person()
    secret = totp(someone)
    assert sign_in(client, someone)["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/account/profile/")["Location"].startswith("/account/login/")
    client.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert client.get("/account/profile/").status_code == 302
    client.post("/account/second-factor/authenticate/", {"code": totp_code(secret, time.time())})
    assert client.get("/account/profile/").status_code == 200


def test_the_same_code_of_the_app_opens_once(client, client_elsewhere):
    someone = person()
    code = totp_code(totp(someone), time.time())
    for browser in (client, client_elsewhere):
        sign_in(browser, someone)
        browser.post("/account/second-factor/authenticate/", {"code": code})
    assert client.get("/account/profile/").status_code == 200
    assert client_elsewhere.get("/account/profile/").status_code == 302


def test_a_recovery_code_opens_once(client, client_elsewhere):
    someone = person()
    totp(someone)
    code = Authenticator.objects.get(user=someone, type="recovery_codes").wrap().get_unused_codes()[0]
    for browser in (client, client_elsewhere):
        sign_in(browser, someone)
        browser.post("/account/second-factor/authenticate/", {"code": code})
    assert client.get("/account/profile/").status_code == 200
    assert client_elsewhere.get("/account/profile/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_used_eight_times_at_once_opens_once():
    someone = person()
    totp(someone)
    code = Authenticator.objects.get(user=someone, type="recovery_codes").wrap().get_unused_codes()[0]
    browsers = [Client() for _ in range(8)]
    for browser in browsers:
        sign_in(browser, someone)
    start = threading.Barrier(8)

    def show(browser):
        start.wait()
        try:
            browser.post("/account/second-factor/authenticate/", {"code": code})
        finally:
            connection.close()

    threads = [threading.Thread(target=show, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(browser.get("/account/profile/").status_code == 200 for browser in browsers) == 1


def test_seeds_are_unreadable_in_the_database_and_survive_a_new_key(settings):
    someone = person()
    secret = totp(someone)
    app = Authenticator.objects.get(user=someone, type="totp")
    assert secret not in str(app.data)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of another year " + "1" * 30
    assert app.wrap().validate_code(totp_code(secret, time.time()))


def test_a_code_by_mail_is_no_way_around(client):
    someone = person()
    totp(someone)
    client.post("/account/login/code/", {"email": someone.email})
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail.outbox[0].body, re.MULTILINE)[0]
    response = client.post("/account/login/code/confirm/", {"code": code, "action": "verify"}, follow=True)
    assert response.request["PATH_INFO"] == "/account/second-factor/authenticate/"
    assert client.get("/account/profile/").status_code == 302


def test_a_new_password_is_no_way_around(client):
    someone = person()
    totp(someone)
    client.post("/account/password/reset/", {"email": someone.email})
    path = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "a new long password", "password2": "a new long password"})
    assert client.get("/account/profile/")["Location"].startswith("/account/login/")
    sign_in(client, someone, "a new long password")
    assert client.get("/account/profile/").status_code == 302


def test_a_session_from_before_is_asked_too(client, client_elsewhere):
    """Two browsers signed in by password; one sets the app up: the other has to show it."""
    someone = person()
    sign_in(client, someone)
    sign_in(client_elsewhere, someone)
    secret = client.get("/account/second-factor/totp/activate/").context["form"].secret
    client.post("/account/second-factor/totp/activate/", {"code": totp_code(secret, time.time())})
    assert client_elsewhere.get("/account/profile/")["Location"].startswith(SHOW)
    assert client_elsewhere.get("/account/second-factor/totp/activate/")["Location"].startswith(SHOW)
    assert client_elsewhere.get("/account/second-factor/webauthn/add/")["Location"].startswith(SHOW)
    code = Authenticator.objects.get(user=someone, type="recovery_codes").wrap().get_unused_codes()[0]
    client_elsewhere.post(SHOW, {"code": code})
    assert client_elsewhere.get("/account/profile/").status_code == 200


def test_the_record_of_another_person_counts_for_nothing(client):
    someone = person()
    sign_in(client, someone)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time()}]
    session["account_authentication_methods_user"] = str(someone.pk + 1)
    session.save()
    assert client.get("/account/profile/").status_code == 302


def test_a_stranger_with_the_password_cannot_add_a_key_of_his_own(client):
    someone = person()
    totp(someone)
    sign_in(client, someone)
    for path in ("/account/second-factor/totp/activate/", "/account/second-factor/webauthn/add/"):
        assert client.get(path)["Location"].startswith("/account/login/")


def test_the_last_one_stays(client):
    someone = person()
    secret = totp(someone)
    sign_in(client, someone)
    client.post("/account/second-factor/authenticate/", {"code": totp_code(secret, time.time())})
    response = client.post("/account/second-factor/totp/deactivate/")
    assert response.status_code == 200
    assert Authenticator.objects.filter(user=someone, type="totp").exists()


def test_accepting_an_invitation_leads_to_the_second_factor(client):
    made = invitation(person(Role.ADMINISTRATOR), role=Role.OFFICER, email="new@example.test")
    answer = {"name": "Sun Li", "language": "en", "password": PASSWORD}
    client.post(f"/i/{made.code}/", answer)
    assert client.get("/account/profile/")["Location"].startswith(SETUP)


def test_fragments_are_led_there_too(client):
    sign_in(client, person())
    response = client.get("/account/profile/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"].startswith(SETUP)


class TestInDemonstration:
    @pytest.fixture(autouse=True)
    def _offered(self, settings):
        settings.SECOND_FACTOR_FORCED = False

    def test_it_is_offered_not_forced(self, client):
        sign_in(client, person())
        page = client.get("/account/profile/")
        assert page.status_code == 200
        assert page.context["second_factor_offered"] is True

    def test_who_has_one_is_asked_all_the_same(self, client):
        someone = person()
        totp(someone)
        assert sign_in(client, someone)["Location"] == "/account/second-factor/authenticate/"

    def test_hr_is_not_offered_it(self, client):
        sign_in(client, person(Role.HR))
        assert client.get("/account/profile/").context["second_factor_offered"] is False

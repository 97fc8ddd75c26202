"""Guessing is slowed per account; nobody else, and no office, is locked out by it."""

import pytest
from django.contrib.auth import hashers
from django.core import mail

from tests.accounts.factories import PASSWORD, person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def hashed(monkeypatch):
    """Every password that was hashed to be compared, or to take as long as a comparison."""
    seen = []
    encode = hashers.MD5PasswordHasher.encode

    def counted(self, password, salt):
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
    return seen


def guess(client, someone, times, address="127.0.0.1", **extra):
    for number in range(times):
        response = client.post(
            "/account/login/", {"login": someone.email, "password": f"guess {number}"}, REMOTE_ADDR=address, **extra
        )
    return response


def signed_in(client):
    return "_auth_user_id" in client.session


def test_the_sixth_wrong_password_is_not_even_looked_at(client, hashed):
    someone = person()
    hashed.clear()
    response = guess(client, someone, 8)
    assert len(hashed) == 5
    sentence = str(response.context["form"].non_field_errors())
    assert "15" in sentence
    assert not signed_in(client)


def test_a_thousand_addresses_cost_no_more_than_twenty_hashes_an_hour(client, hashed, time_machine, settings):
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    time_machine.move_to("2026-11-23 08:00+08:00", tick=False)
    someone = person()
    hashed.clear()
    for number in range(1000):
        address = f"10.0.{number // 250}.{number % 250}"
        guess(client, someone, 1, HTTP_X_FORWARDED_FOR=address)
        time_machine.shift(3.6)
    assert 5 <= len(hashed) <= 20


def test_a_forged_forwarded_address_changes_nothing(client, hashed):
    """Without a trusted proxy the header is the client's own invention."""
    someone = person()
    hashed.clear()
    for number in range(20):
        guess(client, someone, 1, HTTP_X_FORWARDED_FOR=f"10.1.1.{number}")
    assert len(hashed) == 5


def test_a_colleague_at_the_same_address_still_signs_in(client, client_elsewhere):
    guess(client, person(), 30, address="127.0.0.9")
    colleague = person()
    sign_in(client_elsewhere, colleague, REMOTE_ADDR="127.0.0.9")
    assert signed_in(client_elsewhere)


def test_a_whole_office_signs_in_within_a_minute(client_elsewhere):
    for _ in range(60):
        client_elsewhere.logout()
        sign_in(client_elsewhere, person())
        assert signed_in(client_elsewhere)


def test_a_right_password_uses_up_nothing(client):
    someone = person()
    for _ in range(12):
        client.logout()
        sign_in(client, someone)
        assert signed_in(client)


def test_the_owner_signs_in_by_mail_while_a_stranger_guesses(client, client_elsewhere):
    someone = person()
    guess(client, someone, 20)
    client_elsewhere.post("/account/login/code/", {"email": someone.email})
    code = next(line for line in mail.outbox[0].body.splitlines() if len(line) == 9 and line[4] == "-")
    client_elsewhere.post("/account/login/code/confirm/", {"code": code, "action": "verify"})
    assert signed_in(client_elsewhere)


def test_it_is_over_after_a_quarter_of_an_hour(client, time_machine):
    time_machine.move_to("2026-11-23 08:00+08:00", tick=False)
    someone = person()
    guess(client, someone, 9)
    time_machine.shift(14 * 60)
    sign_in(client, someone)
    assert not signed_in(client)
    time_machine.shift(61)
    sign_in(client, someone)
    assert signed_in(client)


def test_one_count_for_all_our_host_names(client, hashed, settings):
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
    someone = person()
    hashed.clear()
    for host in ("testserver", "localhost", "127.0.0.1"):
        guess(client, someone, 5, HTTP_HOST=host)
    assert len(hashed) == 5


def test_unknown_addresses_are_slowed_alike(client, hashed):
    someone = person(email="known@example.test")
    someone.email = "unknown@example.test"
    hashed.clear()
    guess(client, someone, 8)
    assert len(hashed) == 5


def test_codes_by_mail_are_limited_per_address(client):
    someone = person()
    for _ in range(10):
        client.session.flush()
        client.cookies.clear()
        client.post("/account/login/code/", {"email": someone.email})
    assert len(mail.outbox) == 3


def test_the_app_s_codes_are_limited_too(client):
    from tests.accounts.factories import totp

    someone = person()
    totp(someone)
    sign_in(client, someone, PASSWORD)
    for number in range(6):
        response = client.post("/account/second-factor/authenticate/", {"code": f"{number:06}"})
    assert response.context["form"].errors["code"].data[0].code == "too_many_login_attempts"

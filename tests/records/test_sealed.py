"""What is kept sealed: unreadable in the database, read under the present and the former keys, and under no other."""

import io

import pytest
from django.core.management import call_command
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st

from records.sealed import SealedField, seal, unseal
from reminders.models import Robot

FORMER, PRESENT, OTHER = ("former-" + "0" * 50, "present-" + "1" * 50, "other-" + "2" * 50)


@pytest.fixture
def keys(settings):
    def use(present, *former):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = present, list(former)

    use(PRESENT)
    return use


@given(st.text(max_size=300))
def test_what_is_sealed_is_opened(text):
    sealed = seal(text)
    assert unseal(sealed) == text
    assert sealed == "" if not text else text not in sealed or len(text) < 4


def test_the_same_text_is_sealed_differently_each_time(keys):
    assert seal("abc0123456789def") != seal("abc0123456789def")


def test_a_former_key_still_opens_and_no_other_does(keys, caplog):
    keys(FORMER)
    sealed = seal("abc0123456789def")
    keys(PRESENT, FORMER)
    assert unseal(sealed) == "abc0123456789def"
    keys(PRESENT, OTHER)
    assert unseal(sealed) == ""
    assert "cannot be read" in caplog.text
    assert "abc0123456789def" not in caplog.text
    assert unseal("spoilt") == ""


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, secret FROM reminders_robot ORDER BY id")
        return cursor.fetchall()


def robot(**fields):
    return Robot.objects.create(
        **{"name": "群机器人", "kind": "dingtalk", "token": "abc0123456789def", "rules": ["gap"]} | fields
    )


@pytest.mark.django_db
def test_the_database_holds_no_key(keys):
    made = robot(secret="s3cr3ts3cr3t")
    (token, secret), *_others = stored()
    assert "abc0123456789def" not in token
    assert "s3cr3t" not in secret
    made.refresh_from_db()
    assert (made.token, made.secret, made.masked) == ("abc0123456789def", "s3cr3ts3cr3t", "…9def")
    robot(name="另一个", kind="wecom")
    assert stored()[1][1] == ""  # none is none: the rule that only DingTalk signs still sees it


@pytest.mark.django_db
def test_after_a_new_key_all_is_sealed_again(keys):
    keys(FORMER)
    robot(secret="s3cr3ts3cr3t")
    keys(PRESENT, FORMER)
    said = io.StringIO()
    call_command("seal_again", stdout=said)
    assert "reminders.Robot: 1 sealed under the present key." in said.getvalue()
    keys(PRESENT)
    made = Robot.objects.get()
    assert (made.token, made.secret) == ("abc0123456789def", "s3cr3ts3cr3t")


@pytest.mark.django_db
def test_what_no_key_opens_is_left_as_it_is(keys):
    keys(OTHER)
    robot()
    before = stored()
    keys(PRESENT)
    call_command("seal_again", stdout=io.StringIO())
    assert stored() == before
    keys(OTHER)
    assert Robot.objects.get().token == "abc0123456789def"


def test_it_is_a_plain_text_for_forms_and_migrations():
    field = SealedField("key", blank=True)
    assert isinstance(field, models.TextField)
    assert field.deconstruct()[1] == "records.sealed.SealedField"

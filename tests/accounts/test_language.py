"""The person's language, else the cookie's, else the browser's, else Chinese."""

import pytest

from accounts.models import User
from tests.accounts.factories import person, sign_in

pytestmark = pytest.mark.django_db


def language(client, **headers):
    return client.get("/account/login/", headers=headers)["Content-Language"]


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [("", "zh-hans"), ("en-GB,en;q=0.9", "en"), ("zh-CN", "zh-hans"), ("fr", "zh-hans"), ("xx;;q=", "zh-hans")],
)
def test_of_a_stranger_is_the_browser_s(client, accepted, shown):
    assert language(client, accept_language=accepted) == shown


def test_the_cookie_wins_over_the_browser(client):
    client.post("/language/", {"language": "zh-hans", "next": "/account/login/"})
    assert language(client, accept_language="en") == "zh-hans"


def test_the_person_wins_over_the_cookie(client):
    someone = person(language="en")
    client.cookies["language"] = "zh-hans"
    sign_in(client, someone)
    assert client.get("/account/profile/")["Content-Language"] == "en"


def test_is_kept_on_the_person(client):
    someone = person(language="zh-hans")
    sign_in(client, someone)
    assert client.post("/language/", {"language": "en", "next": "/account/profile/"})["Location"] == "/account/profile/"
    assert User.objects.get(pk=someone.pk).language == "en"


def test_an_unknown_one_changes_nothing(client):
    someone = person(language="zh-hans")
    sign_in(client, someone)
    response = client.post("/language/", {"language": "tlh"})
    assert "language" not in response.cookies
    assert User.objects.get(pk=someone.pk).language == "zh-hans"


@pytest.mark.parametrize("target", ["https://elsewhere.test/", "//elsewhere.test", "javascript:alert(1)"])
def test_leads_to_no_other_site(client, target):
    assert client.post("/language/", {"language": "en", "next": target})["Location"] == "/"


def test_is_not_set_by_reading(client):
    assert client.get("/language/?language=en").status_code == 405

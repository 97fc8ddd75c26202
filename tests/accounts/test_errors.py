"""Each refusal is a page with a sentence, never a trace."""

import pytest
from django.test import Client

from accounts.models import Role
from tests.accounts.factories import invitation, person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client):
    lead = person(Role.LEAD)
    sign_in(client, lead)
    return lead


def test_missing(client, lead):
    page = client.get("/no/such/page/")
    assert page.status_code == 404
    assert "404.html" in [template.name for template in page.templates]


def test_not_allowed_says_why(client, lead):
    page = client.post(f"/people/{lead.pk}/disable/")
    assert page.status_code == 403
    assert page.context["reason"] in page.content.decode()


def test_not_now_says_why(client, lead):
    made = invitation(lead, user=person(Role.HR), accepted_at=lead.date_joined)
    page = client.post(f"/people/invitations/{made.pk}/send/")
    assert page.status_code == 409
    assert str(made.user) in page.content.decode()


def test_without_token(lead):
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/account/login/", {"login": lead.email, "password": "x"})
    assert page.status_code == 403
    assert "403_csrf.html" in [template.name for template in page.templates]


def test_broken(client, lead, settings, caplog):
    settings.HOME_URLS = ["tests.accounts.test_errors.broken"]
    client.raise_request_exception = False
    page = client.get("/")
    assert page.status_code == 500
    assert "ZeroDivisionError" not in page.content.decode()
    assert "<h1" in page.content.decode()


def broken(user):
    raise ZeroDivisionError

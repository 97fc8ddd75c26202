"""What every page's frame shows, where each role lands, and the small public pages."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.timeline import SENTENCES
from records.models import Event
from tests.accounts.factories import person, sign_in

pytestmark = pytest.mark.django_db


def names(client):
    return [item["name"] for item in client.get("/account/profile/").context["rail"]]


@pytest.mark.parametrize(
    ("role", "seen", "hidden"),
    [
        (Role.ADMINISTRATOR, {"people", "admin"}, {"mail"}),
        (Role.LEAD, {"people"}, {"admin", "mail"}),
        (Role.OFFICER, set(), {"people", "admin", "mail"}),
        (Role.TEACHER, set(), {"partners", "people", "admin", "mail"}),
    ],
)
def test_the_rail_shows_what_the_role_may_open(client, role, seen, hidden):
    sign_in(client, person(role))
    shown = set(names(client))
    assert seen <= shown
    assert not hidden & shown


def test_hr_sees_no_rail(client):
    sign_in(client, person(Role.HR))
    assert names(client) == []


def test_the_place_one_is_at_is_marked(client):
    sign_in(client, person(Role.LEAD))
    rail = client.get(reverse("accounts:invitation_list")).context["rail"]
    assert [item["name"] for item in rail if item["active"]] == ["people"]


def test_strangers_cost_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/account/login/").status_code == 200


def test_a_half_signed_in_session_sees_no_way_on(client, settings):
    settings.SECOND_FACTOR_FORCED = True
    sign_in(client, person(Role.ADMINISTRATOR))
    page = client.get("/account/second-factor/")
    assert page.context["rail"] == []
    assert page.context["second_factor_needed"] is True
    assert client.get("/no/such/page/").context["rail"] == []


def test_home_leads_where_the_role_begins(client, settings):
    settings.HOME_URLS = ["tests.accounts.test_frame.nowhere", "tests.accounts.test_frame.people_page"]
    sign_in(client, person(Role.LEAD))
    assert client.get("/")["Location"] == "/people/"
    settings.HOME_URLS = ["tests.accounts.test_frame.nowhere"]
    assert client.get("/")["Location"] == "/account/profile/"


def nowhere(user):
    return None


def people_page(user):
    return "/people/"


def test_security_txt_names_a_contact_and_expires_in_months(client, settings):
    settings.SECURITY_CONTACT = "mailto:security@example.test"
    lines = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").content.decode().splitlines())
    assert lines["Contact"] == "mailto:security@example.test"
    assert datetime.fromisoformat(lines["Expires"]) > timezone.now() + timedelta(days=30)


@pytest.mark.parametrize("kind", sorted(SENTENCES))
def test_every_event_has_a_sentence(kind):
    data = {"role": "officer", "from": {"role": "officer"}, "to": {"role": "teacher"}}
    sentence = SENTENCES[kind](Event(kind=kind, data=data))
    assert len(sentence) > 5
    assert "%" not in sentence


def test_no_model_waits_for_a_migration():
    call_command("makemigrations", "accounts", check=True, dry_run=True, verbosity=0)

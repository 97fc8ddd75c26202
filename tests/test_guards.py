"""Each guard of tests/guards.py bites, and leaves the allowed alone."""

import socket
import warnings

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.template import engines
from django.urls import path
from django.utils import timezone
from zeal import NPlusOneError

from accounts.models import Department, Role, User
from config.urls import urlpatterns as house
from tests.guards import WRITE, Guard, faults_of


@login_not_required
def writes(request):
    Department.objects.create(name="航空学院")
    return HttpResponse("done")


@login_not_required
def remembers(request):
    Session.objects.create(session_key="k", session_data="", expire_date=timezone.now())
    return HttpResponse("done")


@login_not_required
def asks_again_and_again(request):
    return HttpResponse(", ".join(str(user.department) for user in User.objects.all()))


@login_not_required
def inline(request):
    return HttpResponse("<p onclick='go()'>x</p>")


urlpatterns = [
    path("writes", writes),
    path("remembers", remembers),
    path("again", asks_again_and_again),
    path("inline", inline),
    *house,
]
pytestmark = pytest.mark.urls(__name__)


@pytest.mark.django_db
def test_a_get_must_not_write(client):
    with pytest.raises(Guard, match="accounts_department"):
        client.get("/writes")


@pytest.mark.django_db
def test_a_post_may_write(client):
    assert client.post("/writes").status_code == 200


@pytest.mark.django_db
def test_a_get_may_keep_its_session(client):
    assert client.get("/remembers").status_code == 200


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT 1 FROM "t" FOR NO KEY UPDATE OF "t"', []),
        ('SELECT 1 FROM "t" FOR UPDATE', []),
        ('UPDATE "t" SET a = 1', ["t"]),
        ("SELECT set_config('a', 'b', true); INSERT INTO \"t\" VALUES (1)", ["t"]),
        ('WITH gone AS (DELETE FROM "t" RETURNING id) SELECT 1', ["t"]),
    ],
)
def test_writes_are_told_from_reads(sql, tables):
    assert WRITE.findall(sql) == tables


@pytest.mark.django_db
def test_alike_queries_fail(client):
    for number in range(4):
        department = Department.objects.create(name=f"学院{number}")
        User.objects.create(email=f"{number}@example.edu", name="王", role=Role.TEACHER, department=department)
    with pytest.raises(NPlusOneError):
        client.get("/again")


def test_inline_handlers_fail(client):
    with pytest.raises(Guard, match="inline onclick"):
        client.get("/inline")


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<p style='color:red'>", "inline style"),
        ("<style>p{}</style>", "<style>"),
        ("<script>go()</script>", "<script>"),
        ("<form method='post' action='/x'><button>Go</button></form>", "no CSRF token"),
    ],
)
def test_faults_of_a_page_are_found(html, fault):
    assert fault in faults_of(html)[0]


def test_a_proper_page_has_no_faults():
    page = """<script src="/static/app.js"></script><script type="application/json">{}</script><form><input></form>
              <form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="x"></form>"""
    assert faults_of(page) == []


def test_an_undefined_variable_fails_in_our_templates(settings):
    engine = engines["django"]
    template = engine.from_string("{{ nobody.name }}")
    assert template.render() == "", "a string of the test is no template of ours"
    for node in template.template.nodelist:
        node.origin.name = str(settings.BASE_DIR / "templates" / "page.html")
    with pytest.raises(Guard, match=r"nobody\.name"):
        template.render()
    assert engine.from_string("{% if nobody %}x{% endif %}").render() == ""


def test_other_hosts_are_out_of_reach():
    with pytest.raises(Guard, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(Guard, match=r"example\.com"):
        socket.getaddrinfo("example.com", 80)


def test_this_machine_is_within_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()


def test_warnings_are_errors():
    with pytest.raises(UserWarning):
        warnings.warn("look out", stacklevel=1)

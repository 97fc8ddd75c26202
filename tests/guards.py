"""Guards that watch every test: what they forbid fails the test that did it, whatever the test was about.

* an undefined variable in a template of ours
* an inline handler, style or script in any page (the Content-Security-Policy would silence it in the browser)
* a form that posts without a CSRF token
* a GET or HEAD that writes (only the session, the log of looks and the framework's own session and cache tables may)
* more than two alike queries in one GET (N+1)
* a connection to another host

Warnings are errors by `filterwarnings` in pyproject.toml. Django's own admin keeps its own pages: they are exempt from
the first three and from N+1. tests/test_guards.py shows that each guard bites.
"""

import inspect
import ipaddress
import re
import socket
from contextlib import ExitStack
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.template import engines
from django.template.base import Node
from django.test import Client
from zeal import zeal_context

READING = ("GET", "HEAD")
#: The only tables a GET may write to.
WRITABLE_ON_GET = re.compile(r"django_session|django_cache|records_look|usersessions_\w+|account_\w+")
WRITE = re.compile(r'\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE(?=\s+"?\w+"?\s+SET\b))\s+"?(\w+)"?', re.IGNORECASE)


class Guard(AssertionError):
    """A guard has caught something."""


# --- templates -----------------------------------------------------------------------------------------------------


class Undefined(str):
    """Stands in for `string_if_invalid`: Django fills the name of the missing variable into it."""

    def __mod__(self, variable):
        template = _template_being_rendered()
        if template and _is_ours(template):
            raise Guard(f"{template}: the variable “{variable}” is not defined")
        return ""


def _template_being_rendered():
    frame = inspect.currentframe()
    while frame:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None):
            return node.origin.name
        frame = frame.f_back
    return None


def _is_ours(path):
    path = Path(path)
    return path.is_relative_to(settings.BASE_DIR) and ".venv" not in path.parts


@pytest.fixture(autouse=True)
def no_undefined_variables():
    """Set for each test: a test that changes DEBUG makes Django build its template engines anew."""
    engines["django"].engine.string_if_invalid = Undefined("%s")


# --- pages ---------------------------------------------------------------------------------------------------------


class PageGuard(HTMLParser):
    """Collects what a page must not contain."""

    def __init__(self):
        super().__init__()
        self.faults = []
        self.form = None  # the posting form being read: its action, until its token is seen

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        for name in attributes:
            if name.startswith("on") or name == "style":
                self.faults.append(f"<{tag}> carries an inline {name}=…")
        if tag == "style":
            self.faults.append("an inline <style>")
        if tag == "script" and "src" not in attributes and attributes.get("type") != "application/json":
            self.faults.append("an inline <script>")
        if tag == "form" and (attributes.get("method") or "get").lower() == "post":
            self.form = attributes.get("action") or "(same page)"
        if tag == "input" and attributes.get("name") == "csrfmiddlewaretoken":
            self.form = None

    def handle_endtag(self, tag):
        if tag == "form" and self.form:
            self.faults.append(f"the form posting to {self.form} carries no CSRF token")
            self.form = None


def faults_of(html):
    page = PageGuard()
    page.feed(html)
    return page.faults


def _refuse_faulty_page(request, response):
    if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
        return
    if response.get("Content-Encoding"):
        return  # the same page is also read uncompressed
    faults = faults_of(response.content.decode())
    if faults:
        raise Guard(f"{request['PATH_INFO']}: " + "; ".join(sorted(set(faults))))


# --- reading writes nothing, and asks once --------------------------------------------------------------------------


def _refuse_write(execute, sql, params, many, context):
    for table in WRITE.findall(str(sql)):
        if not WRITABLE_ON_GET.fullmatch(table):
            raise Guard(f"a GET writes to {table}: {str(sql)[:200]}")
    return execute(sql, params, many, context)


@pytest.fixture(autouse=True, scope="session")
def guarded_client():
    """Wrap the one door through which every test client sends its requests."""
    unguarded = Client.request

    def request(self, **environ):
        of_admin = environ.get("PATH_INFO", "").startswith("/admin/")
        with ExitStack() as stack:
            if environ.get("REQUEST_METHOD", "GET") in READING:
                for connection in connections.all(initialized_only=True):
                    stack.enter_context(connection.execute_wrapper(_refuse_write))
                if not of_admin:
                    stack.enter_context(zeal_context())
            response = unguarded(self, **environ)
        if not of_admin:
            _refuse_faulty_page(environ, response)
        return response

    Client.request = request
    yield
    Client.request = unguarded


# --- network -------------------------------------------------------------------------------------------------------


def _is_here(host):
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Loopback and Unix sockets only. Names of other hosts are not even looked up."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(host):
        if not _is_here(host):
            raise Guard(f"a test reaches for the network: {host}")

    def guarded(call):
        def guard(self, address):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                refuse(address[0])
            return call(self, address)

        return guard

    def look_up(host, *args, **kwargs):
        refuse(host)
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect, socket.socket.connect_ex = guarded(connect), guarded(connect_ex)
    socket.getaddrinfo = look_up
    yield
    socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, getaddrinfo

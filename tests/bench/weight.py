"""What a first visit carries: the page, its style sheet, scripts and pictures, compressed as a browser gets them."""

import gzip
from html.parser import HTMLParser

from django.urls import reverse

from accounts.models import Role, User
from partnerships.access import portal_home
from partnerships.models import Enterprise
from records.models import Link
from tests.bench.measure import Row, Section
from tests.bench.pages import Visitor, lead

LIMIT_KB, LIMIT_REQUESTS = 100, 8


class Parts(HTMLParser):
    """The addresses a browser fetches by itself."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "link" and values.get("rel") in ("stylesheet", "icon", "manifest"):
            self.addresses.append(values["href"])
        elif tag in ("script", "img") and values.get("src") and not values["src"].startswith("data:"):
            self.addresses.append(values["src"])


def section():
    officer, partner = Visitor(lead()), Enterprise.objects.filter(contacts__user__isnull=False).order_by("pk").first()
    rows = [_row(name, officer, address) for name, address in (
        ("Today", reverse("reports:today")),
        ("list of partners", reverse("partnerships:enterprise_list")),
        ("one partner", reverse("partnerships:enterprise_detail", args=[partner.pk])),
        ("timeline", reverse("partnerships:timeline", args=[partner.pk])),
        ("a new trip", reverse("partnerships:trip_new")),
        ("import", reverse("partnerships:import_new")),
    )]  # fmt: skip
    member = User.objects.filter(role=Role.HR).order_by("pk").first()
    rows.append(_row("portal", Visitor(member), portal_home(member)))
    if link := Link.objects.filter(withdrawn_at=None).order_by("-expires_at").first():
        rows.append(_row("a link", Visitor(lead()), reverse("partnerships:link", args=[link.code])))
    return Section("First visit, compressed", "Page, style sheet, scripts, pictures; nothing kept from before.", rows)


def _row(name, visitor, address):
    page = visitor.get(address)
    parser = Parts()
    parser.feed(visitor.text(address))
    parts = dict.fromkeys(parser.addresses)
    sizes = [_size(page)] + [_size(visitor.get(part)) for part in parts]
    total = sum(sizes) / 1024
    return Row(
        name, f"{total:.0f} kB", limit=f"≤ {LIMIT_KB} kB in ≤ {LIMIT_REQUESTS} requests",
        met=total <= LIMIT_KB and len(sizes) <= LIMIT_REQUESTS,
        note=f"{len(sizes)} requests, the page itself {sizes[0] / 1024:.0f} kB",
    )  # fmt: skip


def _size(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return len(content) if response.get("Content-Encoding") else min(len(content), len(gzip.compress(content)))

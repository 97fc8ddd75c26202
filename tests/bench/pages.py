"""Lists, timelines and searches at 50,000 enterprises and 1,000,000 contacts, against the yard-stick view."""

import html
import re
from dataclasses import dataclass

from django.db.models import Count
from django.test import Client
from django.urls import reverse

from accounts.models import Department, Role, User
from partnerships.models import Enterprise
from partnerships.views.partner_list import SORTS
from records import keyset
from records.models import Event
from tests.bench.measure import Pairs, Row, Section, asked_by

LIMIT = 5
YARDSTICK = "/bench/yardstick/"
_AFTER = re.compile(r'href="(\?[^"]*\bafter=[^"]*)"')


@dataclass(frozen=True)
class Case:
    """One page to fetch. A search must not read the whole table; pages of one thing carry no limit, only their figure."""

    name: str
    url: str
    is_search: bool = False
    has_limit: bool = True


class Visitor:
    """Somebody signed in; every request passes the whole middleware and is compressed as for a browser."""

    def __init__(self, user):
        self.client = Client(headers={"accept-encoding": "gzip", "accept-language": "zh-CN"})
        self.client.force_login(user)

    def get(self, url):
        response = self.client.get(url, secure=True)
        if response.status_code != 200:
            raise AssertionError(f"{url} answered {response.status_code}")
        return response

    def text(self, url):
        response = self.client.get(url, secure=True, headers={"accept-encoding": "identity"})
        return response.content.decode()


def lead():
    return User.objects.active().filter(role=Role.LEAD).order_by("pk").first()


# --- the cases ---------------------------------------------------------------------------------------------------


def list_cases(visitor):
    """Every sort, both ways: first, second and last page."""
    address = reverse("partnerships:enterprise_list")
    for sort in SORTS:
        for sign, way in (("", "up"), ("-", "down")):
            first = f"{address}?sort={sign}{sort}"
            yield Case(f"{sort} {way}, first page", first)
            if second := _AFTER.search(visitor.text(first)):
                yield Case(f"{sort} {way}, second page", address + html.unescape(second[1]))
            yield Case(f"{sort} {way}, last page", f"{first}&end=1")


def filter_cases():
    """Every filter, common and rare values: first page by name, first by contact, last page; some together."""
    address = reverse("partnerships:enterprise_list")
    faculty = Department.objects.order_by("pk").last().pk
    officer = User.objects.active().filter(role=Role.OFFICER).order_by("pk").first().pk
    filters = {
        "state active": "state=active", "state suspended": "state=suspended", "tier 1": "tier=1", "tier 3": "tier=3",
        "partner": "relation=partner", "host only": "relation=host_only", "department": f"department={faculty}",
        "owner": f"owner={officer}", "own portfolio": "mine=true", "province Zhejiang": "province=330000",
        "province Tibet": "province=540000", "city Hangzhou": "province=330000&region=330100",
        "city Lishui": "province=330000&region=331100", "industry C34": "industry=C34", "industry none has": "industry=T97",
        "size large": "size=large", "red flag": "flagged=true", "no red flag": "flagged=false",
        "city, state, tier": "province=330000&region=330100&state=active&tier=1",
        "department, suspended": f"department={faculty}&state=suspended",
        "Tibet, tier 1, red flag": "province=540000&tier=1&flagged=true",
    }  # fmt: skip
    for name, query in filters.items():
        yield Case(f"{name}, first page", f"{address}?{query}")
        yield Case(f"{name}, by contact", f"{address}?{query}&sort=-contact")
        yield Case(f"{name}, last page", f"{address}?{query}&end=1")


def search_cases():
    """One and two characters, initials, pinyin, English, parts of a code, a common pair, nothing found."""
    address = reverse("partnerships:enterprise_list")
    code = Enterprise.objects.exclude(uscc="").order_by("-pk").values_list("uscc", flat=True).first()
    words = {
        "one character 恒": "恒", "one common character 有": "有", "two characters 恒力": "恒力", "common pair 有限": "有限",
        "common pair 公司": "公司", "place 杭州": "杭州", "long 精密机械有限公司": "精密机械有限公司", "two words 杭州 轴承": "杭州 轴承",
        "initial h": "h", "initials hl": "hl", "initials hzhl": "hzhl", "initials yxgs": "yxgs", "pinyin heng": "heng",
        "pinyin hengli": "hengli", "pinyin youxian": "youxian", "English bearing": "bearing", "whole code": code,
        "part of a code": code[9:16], "start of codes 9133": "9133", "mixed 恒l": "恒l", "not there 龘龘": "龘龘",
        "not there zzqx": "zzqx",
    }  # fmt: skip
    for name, text in words.items():
        yield Case(f"{name}, first page", f"{address}?q={text}", is_search=True)
    for text in ("有限", "恒", "h", "9133"):
        yield Case(f"{text}, by contact", f"{address}?q={text}&sort=-contact", is_search=True)
        yield Case(f"{text}, last page", f"{address}?q={text}&end=1", is_search=True)
        yield Case(
            f"{text}, active, in Hangzhou",
            f"{address}?q={text}&state=active&region=330100&province=330000",
            is_search=True,
        )


def timeline_cases():
    """The enterprise everybody talks to, from its first page to its last, and what can be shown of it alone."""
    busiest = Event.objects.exclude(stream=None).values("stream").annotate(n=Count("pk")).order_by("-n").first()
    address = reverse("partnerships:timeline", args=[busiest["stream"]])
    events = Event.objects.in_stream(busiest["stream"]).order_by("-happened_at", "-pk")
    deep, late = (keyset._key_of(events[n], "happened_at") for n in (busiest["n"] // 2, busiest["n"] - 10))
    yield Case(f"timeline of {busiest['n']:,} entries, first page", address)
    yield Case("timeline, half-way", f"{address}?after={deep}")
    yield Case("timeline, last page", f"{address}?after={late}")
    for show in ("contacts", "messages", "changes"):
        yield Case(f"timeline, {show} only", f"{address}?show={show}")
    yield Case("its own page", reverse("partnerships:enterprise_detail", args=[busiest["stream"]]), has_limit=False)


def all_cases(visitor):
    return {
        "Partners: every sort": list(list_cases(visitor)),
        "Partners: every filter": list(filter_cases()),
        "Search": list(search_cases()),
        "Timeline": list(timeline_cases()),
        "Today": [Case("Today", reverse("reports:today"))],
        "Reports": [Case("rhythm of the whole school", reverse("reports:contact_rhythm"), has_limit=False)],
    }


# --- measuring ---------------------------------------------------------------------------------------------------


def numbers_of_queries(cases, visitor):
    """Name of the case -> number of queries of its page; taken on the small database before the large tables."""
    numbers = {}
    for group in cases.values():
        for case in group:
            visitor.get(case.url)
            numbers[case.name] = asked_by(lambda case=case: visitor.get(case.url))[0].number
    return numbers


def sections(cases, visitor, before, *, runs, repeats):
    """Measure every case `runs` times, the groups in turns, and look once at what each asks the database."""
    pairs = {case.name: Pairs() for group in cases.values() for case in group}
    for group in cases.values():
        for case in group:
            visitor.get(case.url)
    for _ in range(runs):
        for group in cases.values():
            for case in group:
                pairs[case.name].take(lambda case=case: visitor.get(case.url), lambda: visitor.get(YARDSTICK), repeats)
    return [
        Section(title, rows=[_row(case, pairs[case.name], visitor, before) for case in group])
        for title, group in cases.items()
    ]


def _row(case, pairs, visitor, before):
    # the fewer of two: once a minute a request also writes down that somebody is there
    asked = min((asked_by(lambda: visitor.get(case.url))[0] for _ in range(2)), key=lambda asked: asked.number)
    faults = asked.faults(no_seq_scan=case.is_search)
    if (expected := before.get(case.name)) is not None and asked.number > expected:
        faults.append(f"{asked.number} queries instead of {expected}")
    row: Row = pairs.row(case.name, LIMIT, note="; ".join([f"{asked.number} queries", *faults]))
    row.met = row.met and not faults
    if not case.has_limit:
        row.limit, row.met = "", None
    return row

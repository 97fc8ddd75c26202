"""Reads what a person can read, and tells whose canaries are in it."""

import io
import re
import zipfile
from collections import Counter, deque
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urlencode, urljoin, urlsplit

from django.urls import Resolver404, resolve

from tests.access import CARRIED, ask, form
from tests.stage import SCHOOL, A, B

#: What nobody but these may read: whoever meets another's canary has found a hole.
FOREIGN = {
    "hr": {B, SCHOOL},
    "colleague_hr": {B, SCHOOL},
    "hr_of_both": {SCHOOL},
    "stranger_hr": {A, SCHOOL},
    "former_hr": {A, B, SCHOOL},
    "teacher": {A, B, SCHOOL},
    "counsellor": {A, B, SCHOOL},
    "anonymous": {A, B, SCHOOL},
    "disabled": {A, B, SCHOOL},
    "officer": set(),
    "other_officer": set(),
    "lead": set(),
    "administrator": set(),
}
TOKENS = re.compile(r'csrfmiddlewaretoken" value="[^"]+"')
#: So many variants of one address (filters, sorts, pages) are read, and so many addresses by one person.
VARIANTS, PAGES = 3, 40


class Links(HTMLParser):
    """Every address a page leads to by reading: links, pictures, fragments, and GET forms with each of their choices."""

    def __init__(self):
        super().__init__()
        self.found, self.form, self.select = [], None, None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found += [attrs[name] for name in ("href", "src", "hx-get") if attrs.get(name)]
        if tag == "form":
            is_get = (attrs.get("method") or "get").lower() == "get"
            self.form = (attrs.get("action") or "", []) if is_get else None
        elif self.form and tag == "select":
            self.select = attrs.get("name")
        elif self.form and tag == "option" and self.select:
            self.form[1].append((self.select, attrs.get("value", "")))
        elif self.form and tag == "input" and attrs.get("name"):
            self.form[1].append((attrs["name"], attrs.get("value") or "qx7wk"))

    def handle_endtag(self, tag):
        if tag == "form" and self.form:
            action, choices = self.form
            self.found += [f"{action}?{urlencode([choice])}" for choice in choices]
            self.form = None
        if tag == "select":
            self.select = None


class Reader:
    """One person reading. `read` counts what was read; `leaks` says where somebody else's canary was."""

    def __init__(self, stage, member):
        self.stage, self.member, self.client = stage, member, stage.clients[member]
        self.person = getattr(stage.cast, member, None)
        self.read, self.names, self.found, self.leaks, self.faults = Counter(), set(), Counter(), [], []

    def get(self, path, allowed=frozenset(), **headers):
        return self._look_at(path, ask(self.client, "get", path, **headers), allowed)

    def post(self, path, data, allowed=frozenset()):
        return self._look_at(path, ask(self.client, "post", path, data), allowed)

    def _look_at(self, path, answer, allowed):
        self.read["requests"] += 1
        self.read[kind_of(answer)] += 1
        try:
            self.names.add(resolve(urlsplit(path).path).view_name)
        except Resolver404:
            self.read["addresses nobody knows"] += 1
        if answer.letter in "X?":
            self.faults.append(f"{path}: {answer}")
        text = text_of(answer).lower()
        for own in (self.person.email, self.person.phone) if self.person else ():
            text = text.replace(own.lower(), "") if own else text
        for canary in (A, B, SCHOOL):
            if canary in text:
                self.found[canary] += 1
                if canary in FOREIGN[self.member] - set(allowed):
                    at = text.index(canary)
                    self.leaks.append(f"{self.member} reads {path}: …{text[max(0, at - 90) : at + 40]}…")
        return answer

    def crawl(self, start="/", pages=PAGES):
        """Follow every link from `start`, whole pages and their fragments."""
        seen, variants, queue = {start}, Counter(), deque([start])
        while queue and self.read["pages crawled"] < pages:
            path = queue.popleft()
            answer = self.get(path)
            self.read["pages crawled"] += 1
            html = answer.headers.get("Content-Type", "").startswith("text/html")
            if html and answer.status == 200:
                self.get(path, **{"HX-Request": "true"})
            for link in links_of(answer, path) if html else [answer.location] if answer.location else []:
                target = urldefrag(urljoin(path, link)).url
                place = urlsplit(target)
                is_ours = not place.netloc and place.scheme in ("", "http") and place.path.startswith("/")
                if not is_ours or place.path.startswith(("/static/", "/css/", "/admin/")) or target in seen:
                    continue
                variants[place.path] += 1
                if variants[place.path] <= VARIANTS:
                    seen.add(target)
                    queue.append(target)
        return self

    def visit(self, rows, side):
        """Read every address of the table about the objects of `side`."""
        for row in rows:
            self.get(row.path(side), {side.canary} if row.arguments and row.arguments[0] in CARRIED else set())
        return self

    def send(self, rows, side):
        """Send every form about the objects of `side`, well filled in and empty: the pages of refusal are read too."""
        for row in rows:
            allowed = {side.canary} if row.arguments and row.arguments[0] in CARRIED else set()
            for data in (form(row.name, side), {"nothing": "1"}):
                self.post(row.path(side), data, allowed)
        return self


def links_of(answer, path):
    page = Links()
    page.feed(answer.content.decode())
    return page.found + ([answer.location] if answer.location else [])


def kind_of(answer):
    disposition, media = answer.headers.get("Content-Disposition", ""), answer.headers.get("Content-Type", "")
    if answer.status >= 400:
        return f"pages {answer.status}"
    if answer.location:
        return "redirects"
    if "spreadsheet" in media and "partners" in disposition or "return" in disposition:
        return "exports"
    if disposition or media.startswith("image/"):
        return "files"
    return "pages"


def text_of(answer):
    """Everything in an answer that a person or a program could read: spreadsheets are unpacked."""
    content = answer.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"\n".join([name.encode() + archive.read(name) for name in archive.namelist()])
    headers = "\n".join(f"{name}: {unquote(value)}" for name, value in answer.headers.items())
    return TOKENS.sub("", f"{headers}\n{content.decode('utf-8', 'replace')}")

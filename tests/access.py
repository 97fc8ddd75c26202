"""What the access table is asked with: addresses out of the stage, what each form is sent, and how an answer reads."""

import io
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import override_settings
from django.urls import URLResolver, get_resolver, reverse
from django.utils.timezone import localdate
from PIL import Image

from config.css import bundle
from partnerships.models.assessment import Content
from partnerships.services.agreements.documents import starter
from tests.cast import bare
from tests.partnerships.factories import PASSWORD
from tests.partnerships.lists import code_for
from tests.stage import MEMBERS, clients, pdf, set_stage

DAY, MOMENT = "2026-03-12", "2026-03-12T09:00"

# --- the stage, once for a module ----------------------------------------------------------------------------------


@contextmanager
def standing_stage(blocker):
    """The stage inside one transaction that is rolled back at the end; each request below is undone by itself."""
    with (
        tempfile.TemporaryDirectory() as folder,
        override_settings(FILES_DIR=folder),
        blocker.unblock(),
        transaction.atomic(),
    ):
        stage = set_stage()
        stage.clients = clients(stage)
        try:
            yield stage
        finally:
            transaction.set_rollback(True)


# --- the resolver --------------------------------------------------------------------------------------------------


def names_of(resolver=None, namespace="") -> Iterator[tuple[str, object]]:
    """(name with namespace, pattern) of every address the site knows; where the pattern has no name, its text."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from names_of(pattern, inner)
        else:
            yield namespace + (pattern.name or str(pattern.pattern)), pattern


# --- one line of the table -----------------------------------------------------------------------------------------

LINE = re.compile(r"(?P<name>[\w:]+)(?:\((?P<arguments>[^)]*)\))?\s+(?P<marks>[a-z ]+)$")
GROUPS = (2, 4, 2, 3, 2)


class Row:
    """`name(arguments)`, then a letter for each member: first of the answers to GET, then of those to POST."""

    def __init__(self, line):
        found = LINE.match(line)
        if not found:
            raise ValueError(f"not a line of the table: {line}")
        self.name, self.arguments = found["name"], (found["arguments"] or "").split()
        marks = found["marks"].split()
        if tuple(map(len, marks)) != GROUPS * 2:
            raise ValueError(f"a letter too many or too few: {line}")
        half = len(GROUPS)
        self.expected = {
            "get": dict(zip(MEMBERS, "".join(marks[:half]), strict=True)),
            "post": dict(zip(MEMBERS, "".join(marks[half:]), strict=True)),
        }

    @property
    def is_about_something(self):
        """Whether the address carries the id of an object; a code is a key that whoever holds it may use."""
        return bool(self.arguments) and self.arguments[0] not in CARRIED and not self.arguments[0].startswith("'")

    def path(self, *sides):
        """The address; one side for all arguments, or one for each."""
        sides = sides if len(sides) > 1 else sides * len(self.arguments)
        return address(self.name, [value_of(word, side) for word, side in zip(self.arguments, sides, strict=True)])


#: Arguments that are secrets of their own: to know one is to hold it.
CARRIED = {"code", "dead_code", "invitation_code", "feed_code", "wish_code", "door_code", "digest"}


def read_table(text):
    lines = (line.strip() for line in text.splitlines())
    return [Row(line) for line in lines if line and not line.startswith("#")]


def value_of(word, side):
    if word.startswith("'"):
        return word.strip("'")
    return bundle()[0] if word == "digest" else getattr(side, word)


def address(name, arguments=()):
    return reverse(name, args=arguments)


# --- asking --------------------------------------------------------------------------------------------------------

LETTERS = {200: "o", 204: "e", 403: "f", 404: "n", 405: "m", 409: "c", 410: "g", 422: "u", 429: "t"}


class Answer:
    """What came back: status, a letter for the table, the bytes, and the bytes without what differs each time."""

    def __init__(self, response, path):
        self.status = response.status_code
        self.headers = response.headers
        self.location = response.headers.get("Location") or response.headers.get("HX-Redirect", "")
        self.content = b"".join(response.streaming_content) if response.streaming else response.content
        if not response.streaming:
            self.bare = bare(response).replace(path.encode(), b"PATH")
        else:
            self.bare = self.content
        self.letter = LETTERS.get(self.status, "?")
        if self.location:
            self.letter = "i" if urlsplit(self.location).path == reverse("account_login") else "r"

    def __repr__(self):
        return f"{self.letter} ({self.status} {self.location})"


class Fault:
    """The view fell over, or a guard caught something."""

    letter, status, location, headers, content = "X", 500, "", {}, b""

    def __init__(self, error):
        self.error = error
        self.bare = repr(error).encode()

    def __repr__(self):
        return f"X ({type(self.error).__name__}: {str(self.error)[:300]})"


def ask(client, method, path, data=None, **headers):
    """Send one request and undo whatever it did, in the database and in the browser."""
    cache.clear()
    cookies = client.cookies.output()
    before = transaction.savepoint()
    try:
        answer = Answer(getattr(client, method)(path, data, headers=headers or None), path.split("?")[0])
    except Exception as error:
        answer = Fault(error)
    transaction.set_rollback(False)
    transaction.savepoint_rollback(before)
    if client.cookies.output() != cookies:
        client.cookies.clear()
        client.cookies.load("; ".join(line.partition(": ")[2].partition(";")[0] for line in cookies.splitlines()))
    return answer


# --- what each form is sent ----------------------------------------------------------------------------------------


def key():
    return str(uuid.uuid4())


def soon():
    return (localdate() + timedelta(days=9)).isoformat()


def csv():
    return SimpleUploadedFile("list.csv", "单位名称,地址,联系人\n青山有限公司,杭州,张三\n".encode())


def docx():
    return SimpleUploadedFile("template.docx", starter("en"))


def png():
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return SimpleUploadedFile("page.png", out.getvalue())


def _version(side):
    return {"version": 0}


def _person(name="林青"):
    return {"name": name, "honorific": "林经理", "phones": "13800000009", "language": "en", "form_key": key()}


def _seminar():
    day = localdate() + timedelta(days=9)
    return {
        "kind": "research", "title": "研讨会", "starts_at": f"{day}T09:00", "ends_at": f"{day}T11:00", "place": "报告厅"
    }  # fmt: skip


def _need(**more):
    today = localdate()
    return {
        "kind": "interns",
        "title": "数控实习生",
        "number": 8,
        "from_on": today,
        "until_on": soon(),
        "form_key": key(),
        **more,
    }


def _offer(side):
    return {
        "kind": "service",
        "title": "检测服务",
        "owner": side.owner,
        "department": side.department,
        "form_key": key(),
    }


def _said():
    return {"source": "phone", "said_by": "林青", "said_at": MOMENT}


def _findings():
    return {content.value: "Seen." for content in Content}


#: URL name -> what somebody who may do it would send. `side` has the ids of the enterprise in the address.
FORMS = {
    "account_login": lambda side: {"login": "nobody@example.org", "password": "wrong"},
    "account_request_login_code": lambda side: {"email": "hr@example.org"},
    "account_reauthenticate": lambda side: {"password": PASSWORD},
    "account_reset_password": lambda side: {"email": "hr@example.org"},
    "mfa_edit_webauthn": lambda side: {"name": "Blue key"},
    "accounts:language_set": lambda side: {"language": "en", "next": "/healthz"},
    "accounts:profile": lambda side: {"name": "林青", "language": "en"},
    "accounts:invitation_new": lambda side: {"name": "林青", "role": "hr", "language": "en", "form_key": key()},
    "accounts:person_role": lambda side: {"role": "teacher"},
    "accounts:invitation_accept": lambda side: {"name": "林青", "language": "en"},
    "reports:list_export": lambda side: {"form_key": key()},
    "reports:view_save": lambda side: {"name": "Mine", "query": "tier=1"},
    "reports:view_rename": lambda side: {"name": "Ours"},
    "partnerships:bulk": lambda side: {
        "do": "tier", "tier": 2, "enterprises": [side.enterprise, side.twin], "form_key": key()
    },
    "reminders:task_snooze": lambda side: {"until": soon(), "reason": "Stocktaking."},
    "accounts:profile_mail": lambda side: {"rhythm": "digest"},
    "partnerships:portal_mail": lambda side: {"rhythm": "digest"},
    "reminders:rule_switch": lambda side: {"mode": "off"},
    "partnerships:enterprise_new": lambda side: {
        "name": "温州青山泵业有限公司", "relation": "partner", "tier": 3, "form_key": key()
    },
    "partnerships:enterprise_edit": lambda side: _version(side) | {
        "name": "新名", "relation": "partner", "tier": 2, "kinship": ""
    },
    "partnerships:enterprise_hand_over": lambda side: _version(side) | {"owner": "", "note": "On leave."},
    "partnerships:enterprise_move": lambda side: {"note": "Rebuilding."},
    "partnerships:enterprise_cadence": lambda side: _version(side) | {"cadence_days": 45},
    "partnerships:enterprise_messages": lambda side: _version(side) | {"on": "1"},
    "partnerships:enterprise_shutdown": lambda side: {"starts_on": soon(), "ends_on": soon()},
    "partnerships:portal_shutdown": lambda side: {"starts_on": soon(), "ends_on": soon()},
    "partnerships:contact_new": lambda side: _person(),
    "partnerships:contact_edit": lambda side: _person() | _version(side),
    "partnerships:contact_left": lambda side: {"left_on": DAY, "successor": "nobody"},
    "partnerships:portfolio_hand_over": lambda side: {
        "successor": side.third, "scope": "all", "form_key": key()
    },
    "partnerships:site_new": lambda side: {"kind": "workshop", "name": "二号厂房", "form_key": key()},
    "partnerships:site_edit": lambda side: _version(side) | {"kind": "workshop", "name": "二号厂房"},
    "partnerships:site_close": lambda side: {"closed_on": DAY},
    "partnerships:assessment_new": lambda side: {
        "form_key": key(), "visited_on": DAY, "assessors": "林青", "conclusion": "Fit.", "is_suitable": "yes",
        **_findings(),
    },
    "partnerships:enterprise_merge": lambda side: {"version": 0, "other_version": 0},
    "partnerships:trip_new": lambda side: {
        "enterprises": [side.enterprise], "starts_on": DAY, "kind": "visit", "summary": "Seen.", "form_key": key()
    },
    "partnerships:trip_edit": lambda side: _version(side) | {
        "kind": "visit", "starts_on": DAY, "ends_on": DAY, "summary": "Seen."
    },
    "partnerships:touchpoint_new": lambda side: {
        "kind": "call", "side": "school", "day": DAY, "precision": "day", "summary": "Spoke.", "form_key": key()
    },
    "partnerships:touchpoint_correct": lambda side: {
        "kind": "call", "side": "school", "day": DAY, "precision": "day", "summary": "Spoke twice.", "version": 1
    },
    "partnerships:touchpoint_withdraw": lambda side: {"reason": "Another firm."},
    "partnerships:portal_touchpoint_correct": lambda side: {
        "kind": "call", "day": DAY, "precision": "day", "summary": "Spoke twice.", "version": 1
    },
    "partnerships:proxy_new": lambda side: {
        "source": "phone", "said_by": "林青", "said_at": MOMENT, "summary": "Yes.", "form_key": key()
    },
    "partnerships:thread": lambda side: {"body": "Good morning.", "form_key": key()},
    "partnerships:message_on_behalf": lambda side: {
        "source": "phone", "said_by": "林青", "said_at": MOMENT, "body": "Yes.", "form_key": key()
    },
    "partnerships:seat_invite": lambda side: {"email": "lin@example.org"},
    "partnerships:link_hand_out": lambda side: {"contact": side.contact},
    "partnerships:portal_proxy_correct": lambda side: {"text": "It was Tuesday."},
    "partnerships:portal_touchpoint_new": lambda side: {
        "kind": "call", "day": DAY, "precision": "day", "summary": "Spoke.", "form_key": key()
    },
    "partnerships:portal_visit": lambda side: {"reply": "later", "form_key": key()},
    "partnerships:portal_thread": lambda side: {"body": "Good morning.", "form_key": key()},
    "partnerships:portal_company": lambda side: _version(side) | {"short_name": "恒力"},
    "partnerships:portal_site": lambda side: _version(side) | {"capacity": 5},
    "partnerships:portal_colleague_new": lambda side: _person(),
    "partnerships:portal_colleague": lambda side: _person() | _version(side),
    "partnerships:portal_left": lambda side: {"successor": "nobody"},
    "partnerships:portal_invitation": lambda side: {"email": "lin@example.org"},
    "partnerships:link": lambda side: {"body": "Wednesday.", "who": "other", "name": "林青", "form_key": key()},
    "partnerships:link_ask": lambda side: {"name": "林青"},
    "partnerships:import_new": lambda side: {"file": csv(), "form_key": key()},
    "partnerships:seminar_new": lambda side: _seminar() | {"form_key": key()},
    "partnerships:seminar_edit": lambda side: _version(side) | _seminar(),
    "partnerships:seminar_invite": lambda side: {"enterprises": [side.twin]},
    "partnerships:seminar_cancel": lambda side: {"note": "Too few."},
    "partnerships:seminar_guest": lambda side: {"answer": "yes", "head_count": 1, "source": "phone", "said_by": "林青"},
    "partnerships:seminar_minutes": lambda side: _version(side) | {"minutes": "Spoken."},
    "partnerships:seminar_item_new": lambda side: {
        "text": "Write it.", "who": f"e{side.enterprise}", "due_on": localdate() + timedelta(days=9)
    },
    "partnerships:portal_seminar": lambda side: {"answer": "no"},
    "partnerships:portal_feedback": lambda side: {"useful": 4},
    "partnerships:seminar_feedback": lambda side: {"useful": 4, "said_by": "林青"},
    "partnerships:seminar_attendee_new": lambda side: {"name": "林青"},
    "partnerships:door": lambda side: {"name": "林青"},
    "partnerships:preset_new": lambda side: {"name": "订单班", "kind": "order_class", "form_key": key()},
    "partnerships:preset_edit": lambda side: _version(side) | {"name": "订单班", "kind": "order_class"},
    "partnerships:agreement_new": lambda side: {"kind": "research", "title": "协议", "owner": side.owner, "form_key": key()},
    "partnerships:agreement_edit": lambda side: _version(side) | {"kind": "research", "title": "协议", "owner": side.owner},
    "partnerships:agreement_filing": lambda side: _version(side) | {"copies": 4, "owner": side.owner},
    "partnerships:agreement_comment": lambda side: {"field": "aim", "text": "Say more."},
    "partnerships:agreement_agree": _version,
    "partnerships:agreement_on_behalf": lambda side: {
        "source": "phone", "said_by": "林青", "said_at": MOMENT, "field": "aim", "text": "More.", "form_key": key()
    },
    "partnerships:agreement_ask": lambda side: {
        "line-TOTAL_FORMS": 1, "line-INITIAL_FORMS": 0, "line-0-who": "enterprise", "line-0-name": "林青",
        "line-0-capacity": "manager",
    },
    "partnerships:agreement_signed": lambda side: {"signatures": [side.request], "scan": png()},
    "partnerships:agreement_correct": lambda side: _version(side) | {"title": "协议", "aim": "More.", "confirmed": "1"},
    "partnerships:agreement_sign": lambda side: {"do": "refuse", "reason": "Too few."},
    "partnerships:portal_agreement_sign": lambda side: {"do": "refuse", "reason": "Too few."},
    "partnerships:agreement_amend": lambda side: {"blocks": ["term"], "valid_from": soon(), "form_key": key()},
    "partnerships:agreement_blocks": lambda side: _version(side) | {"blocks": ["money"], "valid_from": soon()},
    "partnerships:agreement_end": lambda side: {"day": localdate(), "reason": "Closed."},
    "partnerships:agreement_paper": lambda side: {"step": "copies", "on": localdate(), "reference": "4"},
    "partnerships:paper_many": lambda side: {
        "step": "copies", "on": localdate(), "agreements": [side.signing, side.agreement]
    },
    "partnerships:scan_new": lambda side: {"file": pdf("scan"), "form_key": key()},
    "partnerships:scan_page": lambda side: {"do": "drop"},
    "partnerships:template_new": lambda side: {
        "name": "Ours", "language": "en", "kind": "", "file": docx(), "form_key": key()
    },
    "partnerships:template_use": lambda side: {"on": "0"},
    "partnerships:portal_agreement_edit": lambda side: _version(side) | {"aim": "More."},
    "partnerships:portal_agreement_agree": _version,
    "partnerships:portal_agreement_comment": lambda side: {"field": "aim", "text": "Say more."},
    "partnerships:wish_new": lambda side: _need(department=side.department),
    "partnerships:need_new": lambda side: _need(**_said()),
    "partnerships:need_edit": lambda side: _need() | _version(side),
    "partnerships:need_decide": lambda side: {"verdict": "accepted", "offer": side.offer},
    "partnerships:offer_new": _offer,
    "partnerships:offer_edit": lambda side: _offer(side) | _version(side),
    "partnerships:offer_decide": lambda side: {"verdict": "accepted", "need": side.need},
    "partnerships:ask_new": lambda side: {
        "department": side.department, "kind": "visit", "text": "周三来访", "due_on": soon(), "form_key": key()
    },
    "partnerships:ask_move": lambda side: {"note": "Not needed."},
    "partnerships:ask_on_behalf": lambda side: {"answer": "yes", **_said()},
    "partnerships:portal_need_new": lambda side: _need(),
    "partnerships:portal_need_edit": lambda side: _need() | _version(side),
    "partnerships:portal_ask": lambda side: {"answer": "yes"},
    "partnerships:obligation_new": lambda side: {
        "side": "school", "text": "Report.", "first_on": DAY, "due_on": soon(), "form_key": key()
    },
    "partnerships:obligation_keep": lambda side: {
        "kept_on": DAY, "source": "phone", "said_by": "林青", "said_at": MOMENT
    },
    "partnerships:obligation_edit": lambda side: _version(side) | {"text": "Report.", "first_on": DAY, "due_on": soon()},
    "partnerships:obligation_move": lambda side: {"note": "Both agreed."},
    "partnerships:agreement_ending": lambda side: {"do": "end"},
    "partnerships:portal_obligation": lambda side: {"kept_on": DAY, "note": "Done."},
    "partnerships:portal_wish": lambda side: {"wish": "go_on", "form_key": key()},
    "partnerships:result_edit": lambda side: {"interns": 12, "form_key": key()},
    "partnerships:registration_new": lambda side: {
        "name": "温州青山泵业有限公司", "uscc": code_for(9), "contact_name": "林青", "phone": "13800000009",
        "wishes": "Interns.", "form_key": key(),
    },
    "partnerships:registration_refuse": lambda side: {"reason": "Unknown."},
}  # fmt: skip


def form(name, side):
    return FORMS[name](side) if name in FORMS else {}


# --- the administration ------------------------------------------------------------------------------------------

ADMIN = sorted({(name, str(pattern.pattern)) for name, pattern in names_of() if name.startswith("admin:")})
#: Configuration: what an administrator adds and changes in the admin. Of all rows only a lost second factor is removed.
ADDED = {
    "partnerships_askbudget",
    "partnerships_clause",
    "accounts_department",
    "reminders_vacation",
    "reminders_specialday",
    "reminders_robot",
}
REMOVED = {"mfa_authenticator"}
#: Pages that are about no model -> what the administrator gets by GET.
PLAIN = {
    "index": "o", "login": "r", "logout": "m", "password_change": "o", "password_change_done": "o",
    "autocomplete": "f", "jsi18n": "o", "view_on_site": "n", "app_list": "o", "(?P<url>.*)$": "n",
}  # fmt: skip


def of_admin(name, pattern):
    """(path, what the administrator gets by GET) of one address of the admin, by rule."""
    word = name.removeprefix("admin:")
    if word in PLAIN:
        arguments = {"view_on_site": [1, 999_999_999], "app_list": ["accounts"], "(?P<url>.*)$": ["nothing/"]}
        if word == "(?P<url>.*)$":
            return "/admin/nothing/", "n"
        return reverse(name, args=arguments.get(word, [])), PLAIN[word]
    if "object_id" in word:
        return "/admin/accounts/user/1/", "r"
    label, action = word.rsplit("_", 1)
    model = apps.get_model(*label.split("_", 1))
    row = model._default_manager.order_by("pk").first()
    expected = {"add": label in ADDED, "delete": label in REMOVED}.get(action, True)
    arguments = [] if action in ("changelist", "add") else [row.pk if row else "1"]
    return reverse(name, args=arguments), ("o" if row else "r") if expected and arguments else "o" if expected else "f"

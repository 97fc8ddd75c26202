"""Robots in the groups of the school: over real HTTP, with every answer their servers give, and never to an enterprise."""

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections import defaultdict
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Department
from partnerships.models import Enterprise
from records.models import Event
from records.workflow import NotAllowed
from reminders import planner, sending, services
from reminders.channels import robot as robot_channel
from reminders.models import Delivery, Robot
from reminders.rules import rules
from reminders.workflow import DeliveryState as S
from tests.partnerships.factories import UserFactory
from tests.reminders.test_gap import DAY, partner, switched_on
from tests.smoke.machine import free_port

__all__ = ["switched_on"]  # a fixture, found here
pytestmark = pytest.mark.usefixtures("switched_on")

KEY, SECRET = "abc0123456789def", "s3cr3ts3cr3t"
FINE = {Robot.Kind.WECOM: {"errcode": 0, "errmsg": "ok"}, Robot.Kind.DINGTALK: {"errcode": 0, "errmsg": "ok"},
        Robot.Kind.FEISHU: {"code": 0, "msg": "success", "data": {}}}  # fmt: skip
PATHS = {Robot.Kind.WECOM: f"/cgi-bin/webhook/send?key={KEY}", Robot.Kind.DINGTALK: f"/robot/send?access_token={KEY}",
         Robot.Kind.FEISHU: f"/open-apis/bot/v2/hook/{KEY}/"}  # fmt: skip


class Gateway:
    """A server of robots on the loopback: the n-th message meets the n-th answer: (status, body), "drop" or "hang"."""

    def __init__(self):
        self.answers, self.heard = [], []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gateway.heard.append((self.path, body))
                answer = gateway.answers.pop(0) if gateway.answers else (200, {"errcode": 0, "code": 0})
                if answer == "drop":
                    self.connection.close()
                elif answer == "hang":
                    gateway.released.wait(20)
                else:
                    status, content = answer
                    content = content if isinstance(content, bytes) else json.dumps(content).encode()
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, *_words):
                pass

        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def texts(self):
        return [body.get("text", body.get("content", {})) for _path, body in self.heard]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def gateway():
    gateway = Gateway()
    yield gateway
    gateway.close()


def a_robot(gateway=None, kind=Robot.Kind.WECOM, **fields):
    values = {"name": f"校企合作群 {kind}", "token": KEY, "rules": ["gap"], "gateway": gateway.url if gateway else "",
              "language": "en"}  # fmt: skip
    return Robot.objects.create(kind=kind, **values | fields)


def rows():
    """What robots are told; steps that were overtaken say nothing."""
    return Delivery.objects.filter(channel="robot").exclude(state=S.SKIPPED).order_by("pk")


def plan_for(number=1, **fields):
    partners = [partner(since=90, **fields) for _n in range(number)]
    planner.plan(DAY)
    Delivery.objects.exclude(channel="robot").delete()
    return partners


# --- who hears what --------------------------------------------------------------------------------------------------


def test_a_group_hears_once_what_the_school_is_told(gateway):
    robot = a_robot(gateway)
    (firm,) = plan_for()
    (row,) = rows()
    assert (row.robot, row.side, row.state, row.user, row.addressee_id) == (robot, "school", S.DUE, None, None)
    planner.plan(DAY + timedelta(minutes=1))
    assert rows().count() == 1
    assert sending.send_due(DAY).sent == 1
    ((path, body),) = gateway.heard
    assert path == PATHS[Robot.Kind.WECOM]
    head, line, link = body["text"]["content"].split("\n")
    assert (head, line) == ("1 thing is due", f"· Get in touch：{firm.title}")
    assert link == "http://localhost:8000/", "the link alone on the last line"


def test_it_says_nothing_of_people(gateway):
    a_robot(gateway)
    (firm,) = plan_for()
    sending.send_due(DAY)
    said = json.dumps(gateway.heard, ensure_ascii=False)
    for person in (firm.owner.name, firm.owner.email, firm.contacts.get().name, "13800000001"):
        assert person not in said


def test_only_rules_about_partners_are_heard(db):
    assert [name for name, rule in rules().items() if rule.is_for_groups] == ["gap"]


@pytest.mark.parametrize("fields", [{"is_on": False}, {"rules": []}, {"rules": ["seminar"]}])
def test_what_a_robot_does_not_hear(fields):
    a_robot(**fields)
    plan_for()
    assert not rows().exists()


def test_a_robot_hears_its_departments_only():
    mine, theirs = Department.objects.create(name="机电学院"), Department.objects.create(name="商学院")
    robot = a_robot(departments=[mine.pk])
    heard, _other = (partner(since=90, owner=UserFactory(department=one)) for one in (mine, theirs))
    planner.plan(DAY)
    assert list(rows().values_list("stream", "robot")) == [(heard.pk, robot.pk)]


def test_many_lines_leave_in_one_message(gateway):
    a_robot(gateway)
    plan_for(3)
    assert sending.send_due(DAY).sent == 3
    assert len(gateway.heard) == 1
    assert len({row.parcel for row in rows()}) == 1


def test_no_message_is_longer_than_robots_take(gateway):
    a_robot(gateway)
    for number in range(60):
        partner(since=90, short_name="", name=f"{number:03}" + "恒力精密轴承制造" * 6 + "有限公司")
    planner.plan(DAY)
    assert sending.send_due(DAY).sent >= 60
    assert len(gateway.heard) > 3
    for text in gateway.texts():
        assert len(text["content"].encode()) <= 2048
        assert text["content"].endswith("\nhttp://localhost:8000/")


def test_what_was_settled_meanwhile_is_not_said(gateway):
    a_robot(gateway)
    plan_for()
    Enterprise.objects.update(state="paused")
    assert sending.send_due(DAY).cancelled == 1
    assert gateway.heard == []


def test_a_robot_switched_off_after_planning_is_silent(gateway):
    robot = a_robot(gateway)
    plan_for()
    Robot.objects.filter(pk=robot.pk).update(is_on=False)
    assert sending.send_due(DAY).sent == 0
    assert (gateway.heard, rows().get().reason) == ([], "robot_off")


def test_nothing_is_said_at_night(gateway):
    a_robot(gateway)
    plan_for()
    assert sending.send_due(DAY.replace(hour=22)).sent == 0
    assert gateway.heard == []


@pytest.mark.parametrize(
    "values", [{"side": "enterprise"}, {"robot": None}, {"channel": "mail", "address": "a@b.example"}]
)
def test_the_database_lets_no_robot_speak_to_an_enterprise(values):
    a_robot()
    plan_for()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows().update(**values)


# --- every answer ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Robot.Kind)
def test_each_kind_is_spoken_to_in_its_own_way(gateway, kind):
    a_robot(gateway, kind)
    plan_for()
    gateway.answers = [(200, FINE[kind])]
    assert sending.send_due(DAY).sent == 1
    ((path, body),) = gateway.heard
    assert path == PATHS[kind]
    assert body["msg_type" if kind == Robot.Kind.FEISHU else "msgtype"] == "text"
    assert (rows().get().state, rows().get().attempts) == (S.SENT, 1)


def test_dingtalk_is_signed(gateway):
    a_robot(gateway, Robot.Kind.DINGTALK, secret=SECRET)
    plan_for()
    assert sending.send_due(DAY).sent == 1
    asked = parse_qs(urlsplit(gateway.heard[0][0]).query)
    assert asked["access_token"] == [KEY]
    told = f"{asked['timestamp'][0]}\n{SECRET}".encode()
    assert base64.b64decode(asked["sign"][0]) == hmac.digest(SECRET.encode(), told, hashlib.sha256)


ANSWERS = {
    "too fast, wecom": (Robot.Kind.WECOM, (200, {"errcode": 45009, "errmsg": "api freq out of limit"}), S.DUE),
    "no such robot, wecom": (Robot.Kind.WECOM, (200, {"errcode": 93000, "errmsg": "invalid webhook url"}), S.FAILED),
    "busy, dingtalk": (Robot.Kind.DINGTALK, (200, {"errcode": -1, "errmsg": "系统繁忙"}), S.DUE),
    "too fast, dingtalk": (Robot.Kind.DINGTALK, (200, {"errcode": 130101, "errmsg": "send too fast"}), S.DUE),
    "keyword, dingtalk": (Robot.Kind.DINGTALK, (200, {"errcode": 310000, "errmsg": "keywords not in content"}), S.FAILED),
    "too fast, feishu": (Robot.Kind.FEISHU, (200, {"code": 11232, "msg": "frequency limited"}), S.DUE),
    "bad token, feishu": (Robot.Kind.FEISHU, (200, {"code": 19001, "msg": "param invalid"}), S.FAILED),
    "server broken": (Robot.Kind.WECOM, (500, b"oops"), S.DUE),
    "gateway busy": (Robot.Kind.WECOM, (429, b""), S.DUE),
    "not allowed": (Robot.Kind.WECOM, (403, b""), S.FAILED),
    "led elsewhere": (Robot.Kind.WECOM, (302, b""), S.FAILED),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "answer", "state"), ANSWERS.values(), ids=ANSWERS)
def test_not_now_is_tried_again_and_never_is_refused(gateway, kind, answer, state):
    a_robot(gateway, kind)
    plan_for()
    gateway.answers = [answer]
    done = sending.send_due(DAY)
    row = rows().get()
    assert (row.state, row.attempts, row.may_be_double) == (state, 1, False)
    assert (done.postponed, done.failed) == ((1, 0) if state == S.DUE else (0, 1))
    assert sending.send_due(DAY + timedelta(minutes=7)).sent == (state == S.DUE)


@pytest.mark.parametrize("answer", ["drop", (200, b"<html>Sign in to the network</html>")], ids=["dropped", "a page"])
def test_where_nobody_knows_it_is_said_again_and_marked(gateway, answer):
    a_robot(gateway)
    plan_for()
    gateway.answers = [answer]
    assert sending.send_due(DAY).is_down
    assert sending.send_due(DAY).sent == 1
    assert (rows().get().state, rows().get().may_be_double) == (S.SENT, True)
    assert len(gateway.heard) == 2


def test_a_server_that_hangs_is_left(gateway, monkeypatch):
    monkeypatch.setattr(robot_channel, "PATIENCE", (1, 0.3))
    a_robot(gateway)
    plan_for()
    gateway.answers = ["hang"]
    assert sending.send_due(DAY).is_down
    assert rows().get().may_be_double


def test_where_nobody_listens_nothing_was_said():
    robot = a_robot()
    Robot.objects.filter(pk=robot.pk).update(gateway=f"http://127.0.0.1:{free_port()}")
    plan_for()
    assert sending.send_due(DAY).postponed == 1
    row = rows().get()
    assert (row.state, row.may_be_double, row.error) == (S.DUE, False, "ConnectionError")


def test_one_robot_s_trouble_is_not_mail_s(gateway):
    a_robot(gateway)
    partner(since=90)
    planner.plan(DAY)
    gateway.answers = ["drop"]
    done = sending.send_due(DAY)
    assert done.is_down
    assert Delivery.objects.get(channel="mail").state == S.SENT


def test_patience_ends_before_the_lease():
    assert sum(robot_channel.PATIENCE) < sending.LEASE.total_seconds()


@pytest.mark.parametrize(
    ("point", "said", "is_marked"), [("claim", 0, False), ("before_smtp", 0, True), ("after_smtp", 1, True)]
)
def test_a_sender_that_dies_loses_nothing(gateway, monkeypatch, point, said, is_marked):
    class Died(BaseException):
        pass

    calls = defaultdict(int)

    def die(name):
        calls[name] += 1
        if name == point and rows().exclude(state=S.DUE).exists():
            raise Died

    a_robot(gateway)
    plan_for()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "crash_point", die)
        with pytest.raises(Died):
            sending.send_due(DAY)
    assert len(gateway.heard) == said
    assert sending.send_due(DAY + timedelta(minutes=1)).sent == 1
    assert (rows().get().state, rows().get().may_be_double) == (S.SENT, is_marked)


def test_the_key_is_in_no_log_and_on_no_row(gateway, caplog):
    caplog.set_level(logging.INFO)
    robot = a_robot(gateway)
    plan_for()
    gateway.answers = [(200, {"errcode": 93000, "errmsg": f"invalid webhook url, key={KEY}"})]
    sending.send_due(DAY)
    Robot.objects.filter(pk=robot.pk).update(gateway=f"http://127.0.0.1:{free_port()}")
    rows().update(state=S.DUE, due_at=DAY, finished_at=None)
    error = rows().get().error
    sending.send_due(DAY)
    assert KEY not in error + rows().get().error + caplog.text
    assert KEY not in str(robot) + repr(robot)


# --- administrators keep them ----------------------------------------------------------------------------------------

TYPED = {"name": "机电学院群", "kind": "dingtalk", "token": KEY, "secret": SECRET, "gateway": "", "rules": ["gap"],
         "departments": [], "language": "zh-hans", "is_on": "on"}  # fmt: skip
ADD = "admin:reminders_robot_add"


def test_an_administrator_adds_a_robot_with_an_event(cast, signed_in):
    client = signed_in(cast.administrator)
    assert client.post(reverse(ADD), TYPED | {"departments": [cast.d1.pk]}).status_code == 302
    robot = Robot.objects.get()
    assert (robot.token, robot.secret, robot.departments, robot.rules) == (KEY, SECRET, [cast.d1.pk], ["gap"])
    event = Event.objects.get(kind="robot.added")
    assert (event.subject, event.by) == (robot, cast.administrator)
    assert KEY not in json.dumps(event.data)
    assert SECRET not in json.dumps(event.data)


def test_key_and_secret_are_shown_nowhere_and_stay_when_left_empty(cast, signed_in):
    robot = a_robot(kind=Robot.Kind.DINGTALK, secret=SECRET)
    client = signed_in(cast.administrator)
    change = reverse("admin:reminders_robot_change", args=[robot.pk])
    for url in (change, reverse("admin:reminders_robot_changelist")):
        page = client.get(url).content.decode()
        assert KEY not in page
        assert SECRET not in page
    assert client.post(change, TYPED | {"token": "", "secret": "", "is_on": ""}).status_code == 302
    robot.refresh_from_db()
    assert (robot.token, robot.secret, robot.is_on, robot.name) == (KEY, SECRET, False, "机电学院群")
    assert "token" not in Event.objects.get(kind="robot.changed").data["changed"]


@pytest.mark.parametrize(
    "wrong",
    [{"token": ""}, {"token": "https://oapi.dingtalk.com/robot/send?access_token=1"}, {"kind": "irc"}, {"rules": []},
     {"rules": ["seminar"]}, {"departments": ["999999"]}, {"gateway": "ftp://relay"}, {"kind": "wecom"}],
)  # fmt: skip
def test_what_is_no_robot_is_refused(cast, signed_in, wrong):
    assert signed_in(cast.administrator).post(reverse(ADD), TYPED | wrong).status_code == 200
    assert not Robot.objects.exists()


def test_no_robot_is_deleted(cast, signed_in):
    robot = a_robot()
    url = reverse("admin:reminders_robot_delete", args=[robot.pk])
    assert signed_in(cast.administrator).post(url, {"post": "yes"}).status_code == 403
    assert not admin.site._registry[Robot].has_delete_permission(None)


def test_robots_are_kept_by_administrators(cast, signed_in):
    assert signed_in(cast.lead).post(reverse(ADD), TYPED).status_code == 302
    assert not Robot.objects.exists()
    with pytest.raises(NotAllowed):
        services.keep_robot(Robot(name="x", kind="wecom", token=KEY, rules=[]), by=cast.lead, changed=[], is_new=True)

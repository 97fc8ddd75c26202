"""Robots in the groups of the school's own people: WeCom, DingTalk, Feishu.

Apprise knows each robot's address, what its key looks like, how a request is signed and how long a message may be. It
answers with yes or no only, while all three say “no” in the body of a 200: so the posting, and the reading of what was
said, is ours. A message carries partners and what is due, no person, and a link alone on its last line.
"""

import json
import logging
from urllib.parse import urlsplit

import requests
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot
from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from reminders.channels import Answer, Line, Parcel, Said, bundles, written
from reminders.models import Robot

log = logging.getLogger(__name__)

#: Seconds to reach a robot's server, and to hear its answer: well within a lease.
PATIENCE = (5, 10)
#: Bytes one message may take with all three; the tightest is WeCom's 2,048.
MOST = min(plugin.body_maxlen for plugin in (NotifyWeComBot, NotifyDingTalk, NotifyFeishu)) - 48
#: “Too fast” and “busy”, by kind: to be tried again. Every other code is for ever.
NOT_NOW = {
    Robot.Kind.WECOM: {-1, 45009, 45033},
    Robot.Kind.DINGTALK: {-1, 130101, 130102, 410100},
    Robot.Kind.FEISHU: {9499, 11232, 99991400},
}


def plugin_of(kind, token, secret=""):
    """Apprise's plugin of one robot. Raises AppriseImproperlyConfigured for a key that cannot be one."""
    if kind == Robot.Kind.WECOM:
        return NotifyWeComBot(key=token)
    if kind == Robot.Kind.DINGTALK:
        return NotifyDingTalk(token=token, secret=secret or None)
    return NotifyFeishu(token=token)


class RobotLine(Line):
    def __init__(self):
        self.session = requests.Session()

    def pack(self, batch, now):
        lines, faults = written(batch, _lines)
        parcels = []
        for bundle in bundles([one for one in batch if one.pk in lines]):
            parcels += _messages(bundle, lines)
        return parcels, faults

    def hand_over(self, parcel):
        robot = parcel.head.robot
        if not robot.token:  # sealed under a key that is gone: records.sealed has logged it
            return Answer(Said.NEVER, "its key cannot be read: type it again")
        try:
            url, payload = _request(robot, parcel.content)
            answer = self.session.post(url, json=payload, timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException as trouble:
            # Its text would say the address, and with it the key.
            said = Said.NOT_NOW if _was_nothing_said(trouble) else Said.BROKEN
            return Answer(said, type(trouble).__name__)
        return _heard(robot, answer)

    def close(self):
        self.session.close()


def _request(robot, text):
    """(address, body) of one message, signed where the robot asks for it."""
    plugin = plugin_of(robot.kind, robot.token, robot.secret)
    url = plugin.notify_url.format(key=robot.token, token=robot.token)
    if robot.gateway:
        parts = urlsplit(url)
        url = f"{robot.gateway.rstrip('/')}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    if robot.kind == Robot.Kind.FEISHU:
        return url, {"msg_type": "text", "content": {"text": text}}
    if robot.kind == Robot.Kind.DINGTALK and robot.secret:
        moment, signature = plugin.get_signature()
        url += f"&timestamp={moment}&sign={signature}"
    return url, {"msgtype": "text", "text": {"content": text}}


def _heard(robot, answer):
    """What the server made of it, by the class of its answer: 5xx and “too fast” pass, the rest does not."""
    if answer.status_code != requests.codes.ok:
        passes = answer.status_code >= 500 or answer.status_code in (408, 429)
        return Answer(Said.NOT_NOW if passes else Said.NEVER, f"HTTP {answer.status_code}")
    try:
        said = json.loads(answer.content)
        code = int(said.get("errcode", said.get("code", 0)))
    except (ValueError, TypeError, AttributeError):
        return Answer(Said.BROKEN, "HTTP 200 without an answer of a robot's server")
    if not code:
        return Answer(Said.TAKEN)
    words = str(said.get("errmsg", said.get("msg", ""))).replace(robot.token, "…")
    return Answer(Said.NOT_NOW if code in NOT_NOW[robot.kind] else Said.NEVER, f"{code} {words}"[:300])


def _was_nothing_said(trouble):
    reason = getattr(trouble.args[0], "reason", None) if trouble.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


# --- words -------------------------------------------------------------------------------------------------------


def _lines(rule, deliveries):
    """{delivery.pk: what is due, and with whom}, in the robot's language."""
    found = {}
    for language in {one.language for one in deliveries}:
        these = [one for one in deliveries if one.language == language]
        with translation.override(language):
            lines = rule.lines([one.task for one in these])
        found |= {one.pk: f"· {lines[one.task_id].title}：{lines[one.task_id].about}" for one in these}
    return found


def _messages(bundle, lines):
    """The parcels of one bundle: as many tellings in each as fit."""
    parcels, rows, size = [], [], 0
    for delivery in bundle:
        length = len(lines[delivery.pk].encode()) + 1
        if rows and size + length > MOST - 200:
            parcels.append(_parcel(rows, lines))
            rows, size = [], 0
        rows.append(delivery)
        size += length
    return [*parcels, _parcel(rows, lines)]


def _parcel(rows, lines):
    texts = list(dict.fromkeys(lines[one.pk] for one in rows))
    with translation.override(rows[0].language):
        head = ngettext("%(number)s thing is due", "%(number)s things are due", len(texts)) % {"number": len(texts)}
    body = "\n".join([head, *texts]).encode()[: MOST - 100].decode(errors="ignore")
    return Parcel(tuple(rows), f"{body}\n{settings.SITE_URL}/")

"""A month of reminders: partners that went quiet, the ladders they set off, and what became of each message."""

import uuid
from datetime import date, timedelta

import holidays
from django.db.models import F

from partnerships.services.cadence import add_shutdown, set_cadence, switch_messages
from partnerships.services.visits import Reply, answer_visit
from records import links
from records.models import Side
from reminders.models import Channel, Delivery, Robot, SpecialDay, Task, Vacation
from reminders.planner import plan, prepare_drafts
from reminders.rules import rules
from reminders.services import (
    choose_rhythm,
    forward,
    mark_link,
    preference_of,
    silence,
    snooze_task,
    switch_rule,
)
from reminders.workflow import DeliveryState
from reminders.working import read_calendar

#: The lead switched the rule on so many days ago; the planner has passed every working day since.
SWITCHED_ON = 27
#: Partner -> own days between contacts.
CADENCES = {"澄工模塑": 21, "禾阀流体": 45}
#: Here mails leave by themselves; everywhere else messages are carried by hand.
AUTOMATIC = ("海屿泵业", "骋嘉汽车", "百禾堂医药", "康陌健康", "青芒互动")
#: What became of messages: (days ago, partner, which message, what); all others still wait.
#: "tick" sent, "copy" copied, "drop" not this time, "opened" sent and read; else what the contact answered with a tap.
FATES = (
    (24, "锡岳刀具", 0, "tick"), (17, "锡岳刀具", 1, "opened"), (22, "瓯鹭电器", 0, "tick"),
    (20, "云汀度假村", 0, "tick"),
    (18, "南泓自动化", 0, "opened"), (12, "南泓自动化", 0, (Reply.YES, "下周三下午两点以后")),
    (17, "苕川电梯", 0, "opened"), (9, "苕川电梯", 1, "tick"), (9, "苕川电梯", 2, "drop"),
    (11, "闵恒自动化", 0, "tick"), (6, "婺能电机", 0, "opened"), (5, "桐屹电气", 0, "tick"),
    (5, "百衡会计", 0, "copy"), (6, "惠邻里物业", 0, "opened"), (4, "惠邻里物业", 0, (Reply.LATER, "")),
    (1, "澄工模塑", 0, "copy"),
)  # fmt: skip
#: Whoever gets one mail each morning, and the partner whose contact wants no courtesies by mail any more.
DIGEST, SILENT = "zhou", "康陌健康"
KEY_OF_NOBODY = "demonstration"
REFUSED = "550 5.1.1 <{address}>: Recipient address rejected: User unknown"


def remind(stage):
    """Let the planner pass over the last weeks as it would have, and the officers do what they do."""
    _calendar(stage)
    switch_rule("gap", "on", by=stage.staff["lead"], now=stage.at(SWITCHED_ON, 16, 30))
    _arrange(stage)
    _wishes(stage)
    calendar, waiting = read_calendar(), list(FATES)
    for ago in range(SWITCHED_ON - 1, 0, -1):
        day = stage.today - timedelta(days=ago)
        if calendar.is_working(day):
            _pass(stage, stage.moment(day, 7, 55))
            _carry(stage, ago, waiting)
    plan(stage.now)
    prepare_drafts(stage.now)
    Robot.objects.update(is_on=False)  # nothing leaves this machine from now on
    _put_off(stage)
    _troubles(stage)


def _calendar(stage):
    """The school's vacations of this school year and the next, and Saturdays with lessons that make up for days off."""
    first = stage.today.year if stage.today.month >= 9 else stage.today.year - 1
    for year in (first + 1, first + 2):
        new_year = min(holidays.country_holidays("CN", years=year, language="zh_CN").get_named("春节"))
        for name, starts_on, ends_on in (
            (f"{year}年寒假", new_year - timedelta(days=17), new_year + timedelta(days=14)),
            (f"{year}年暑假", date(year, 7, 8), date(year, 8, 30)),
        ):
            Vacation.objects.get_or_create(name=name, starts_on=starts_on, ends_on=ends_on)
    saturday = stage.today + timedelta(days=5 - stage.today.weekday())
    for weeks, note in ((-5, "校运动会补课"), (4, "元旦前补课"), (9, "期末补课")):
        SpecialDay.objects.update_or_create(
            day=saturday + timedelta(weeks=weeks), defaults={"is_working": True, "note": note}
        )


def _arrange(stage):
    """Own cadences, mails that leave by themselves, and an enterprise that is closed just now."""
    moment = stage.at(SWITCHED_ON + 8, 10)
    for short, days in CADENCES.items():
        partner = stage.partners[short]
        enterprise = partner.refreshed()
        set_cadence(enterprise, by=partner.owner, version=enterprise.version, cadence_days=days, now=moment)
    for short in AUTOMATIC:
        partner = stage.partners[short]
        enterprise = partner.refreshed()
        switch_messages(enterprise, by=partner.owner, version=enterprise.version, on=True, now=moment)
    closed = stage.partners["闵恒自动化"]
    add_shutdown(
        closed.enterprise, by=closed.owner, starts_on=stage.today - timedelta(days=4),
        ends_on=stage.today + timedelta(days=10), note="搬厂停产", now=stage.at(20),
    )  # fmt: skip


def _wishes(stage):
    """How some want their mail; and the robot in the group of one faculty."""
    heard = {"rules": ["gap"], "departments": [stage.staff["lin"].department_id], "is_on": True}
    Robot.objects.update_or_create(
        name="智能制造学院校企合作群", defaults={"kind": Robot.Kind.WECOM, "token": KEY_OF_NOBODY, **heard}
    )
    officer, contact = stage.staff[DIGEST], stage.partners[SILENT].contact
    choose_rhythm("digest", by=officer, user=officer, now=stage.at(SWITCHED_ON - 1, 9))
    silence(preference_of(addressee_id=contact.pk), True, now=stage.at(SWITCHED_ON - 2, 19))


def _pass(stage, moment):
    """One pass of the planner; the mails of that morning have left long since, and nothing is mailed now."""
    plan(moment)
    prepare_drafts(moment)
    leaving = Delivery.objects.filter(channel__in=[Channel.MAIL, Channel.ROBOT], state=DeliveryState.DUE)
    to_contacts = list(leaving.filter(side=Side.ENTERPRISE))
    for name in {delivery.rule for delivery in to_contacts}:
        rules()[name].prepare([one for one in to_contacts if one.rule == name], moment)
    leaving.update(state=DeliveryState.SENT, attempts=1, finished_at=F("due_at") + timedelta(seconds=40))


def _carry(stage, ago, waiting):
    """Do what is due by the day `ago`; what finds no message yet stays in `waiting` for the next day."""
    for fate in [fate for fate in waiting if fate[0] >= ago]:
        when, short, number, what = fate
        partner, moment = stage.partners[short], stage.moment(stage.today - timedelta(days=ago), 10 + number % 6)
        carried = list(
            Delivery.objects.filter(stream=partner.enterprise.pk, channel=Channel.HAND, side=Side.ENTERPRISE)
            .exclude(state=DeliveryState.SKIPPED)
            .order_by("id")
        )
        if len(carried) <= number:
            continue
        waiting.remove(fate)
        if carried[number].reason == "overtaken":  # a newer message took its place before the officer came to it
            continue
        if isinstance(what, str):
            _meet(partner, carried[number], what, moment)
        else:
            _answer(partner, carried[number], *what, moment)


def _meet(partner, delivery, fate, moment):
    if fate != "opened":
        forward(delivery, fate, by=partner.owner, now=moment)
        return
    forward(delivery, "copy", by=partner.owner, now=moment)
    forward(delivery, "tick", by=partner.owner, now=moment + timedelta(minutes=1))
    later = moment + timedelta(minutes=95)
    links.mark_opened(delivery.link, now=later)
    mark_link(delivery.link, DeliveryState.OPENED, now=later)


def _answer(partner, delivery, reply, when, moment):
    """One tap of the contact: the silence is over, and the task is gone from that moment on."""
    answer_visit(
        partner.enterprise, reply=reply, via=delivery.link, name=partner.contact.name, when=when,
        form_key=uuid.uuid4(), now=moment,
    )  # fmt: skip
    mark_link(delivery.link, DeliveryState.ANSWERED, now=moment)
    closed = Task.objects.filter(stream=partner.enterprise.pk, closed_at__gt=moment)
    Delivery.objects.filter(task__in=closed, state=DeliveryState.CANCELLED, finished_at__gt=moment).update(
        finished_at=moment
    )
    closed.update(closed_at=moment)


def _put_off(stage):
    partner = stage.partners["凌焊金属"]
    task = Task.objects.open().filter(stream=partner.enterprise.pk, side=Side.SCHOOL).get()
    snooze_task(
        task, by=partner.owner, until=stage.today + timedelta(days=18), now=stage.at(8, 16),
        reason="企业月底年度审计，约好忙完再去车间看。",
    )  # fmt: skip


def _troubles(stage):
    """What mail servers said: one address is unknown, and one line broke after the mail may have arrived."""
    sent = Delivery.objects.filter(channel=Channel.MAIL, state=DeliveryState.SENT)
    refused = sent.filter(stream=stage.partners["百禾堂医药"].enterprise.pk, side=Side.ENTERPRISE).latest("id")
    refused.state, refused.error = DeliveryState.FAILED, REFUSED.format(address=refused.address)
    refused.save(update_fields=["state", "error"])
    doubled = sent.filter(user=stage.staff["lin"]).latest("id")
    doubled.attempts, doubled.may_be_double, doubled.error = 2, True, "Connection unexpectedly closed"
    doubled.save(update_fields=["attempts", "may_be_double", "error"])

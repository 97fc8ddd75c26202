"""Stories for the planner: a school's calendar, twenty partners each with a timeline of its own, passes at any moments;
and a plain model that says, partner by partner and without SQL, what must stand after each of them.

Facts are written as rows, without services: a story is about the planner, and has to be cheap.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from accounts.models import Role
from partnerships.models import Contact, Enterprise, Shutdown
from partnerships.reminders import ACTIVE, GAP
from partnerships.rules.rhythm import CADENCE, SOON
from records.models import Event, Side
from reminders import planner
from reminders.models import Delivery, SpecialDay, Switch, Task, Vacation
from reminders.working import Calendar
from tests.partnerships.factories import UserFactory

SPAN, PARTNERS = 45, 20
#: Around the end of a leap February, the new year, the long holidays, and the summer of 1988, when clocks were moved.
EDGES = (
    date(2028, 2, 29), date(2026, 12, 31), date(2026, 10, 1), date(2027, 2, 6), date(1988, 4, 10), date(2024, 2, 29),
)  # fmt: skip
PUBLISHED = Calendar({}).published
NOT_LEFT = ("due", "claimed", "forward", "copied")

days = st.builds(lambda edge, n: edge + timedelta(days=n), st.sampled_from(EDGES), st.integers(-40, 40))
#: From one pass to the next, in days: every day, after a silence, and by a clock set wrong or put right.
JUMPS = (0, 1, 1, 2, 5, 7, 7, 8, 14, 20, -1, -7, -14)
minutes = st.one_of(st.integers(0, 1439), st.sampled_from([0, 479, 480, 1199, 1200]))


def at(day, hour=9, minute=0):
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


@st.composite
def calendars(draw, longest=50):
    """Vacations that may touch or overlap, make-up days and days off, around one edge; (calendar, a day of it)."""
    here = draw(days)
    vacations = tuple(
        (
            first := here + timedelta(days=draw(st.integers(-60, 60))),
            first + timedelta(days=draw(st.integers(0, longest))),
        )
        for _n in range(draw(st.integers(0, 3)))
    )
    offsets = st.dictionaries(st.integers(-30, 30), st.booleans(), max_size=8)
    special = {here + timedelta(days=n): works for n, works in draw(offsets).items()}
    calendar = Calendar(special, vacations)
    calendar.__dict__["published"] = PUBLISHED  # read once, not once per example
    return calendar, here


#: What may happen to a partner between two passes; what is put off must be so while a step's day comes.
CHANGES = (
    "spoken", "left", "arrived", "snoozed", "snoozed", "snoozed", "snoozed", "paused", "resumed", "enterprise wrote",
    "officer wrote", "host_only", "faster", "slower", "other tier", "automatic", "disowned", "sent", "dropped",
)  # fmt: skip


def partner(dice):
    """What is told of one partner; `changes`: (before which pass, what)."""
    closed = (dice.randint(0, SPAN - 10), dice.randint(0, 9))
    return {
        "due": dice.randint(-20, SPAN),
        "tier": dice.choice([1, 2, 3]),
        "contacts": dice.choice([0, 1, 1, 2, 2, 3]),
        "automatic": dice.random() < 0.4,
        "owned": dice.random() < 0.85,
        "closed": closed if dice.random() < 0.3 else None,
        "changes": [(dice.randint(0, 7), dice.choice(CHANGES)) for _n in range(dice.randint(0, 4))],
    }


@st.composite
def stories(draw):
    """(calendar, first day, day of the switch, partners, passes): the passes as a clock has it that jumps both ways."""
    calendar, start = draw(calendars(longest=9))
    day, passes = 0, []
    for jump in draw(st.lists(st.sampled_from(JUMPS), min_size=4, max_size=8)):
        day += jump
        passes.append((day, draw(minutes)))
    switched = draw(st.sampled_from([-900, -900, -5, 10]))
    dice = Random(draw(st.integers(0, 2**32)))  # twenty partners drawn one by one come out alike
    everybody = [partner(dice) for _n in range(PARTNERS)]
    return calendar, start, start + timedelta(days=switched), everybody, passes


# --- the model -------------------------------------------------------------------------------------------------------


@dataclass
class ModelTask:
    is_open: bool = True
    planned: int = 0
    due_on: date = None
    is_held: bool = False
    snoozed_until: date = None


@dataclass
class ModelRow:
    task: tuple
    step: int
    who: str
    channel: str
    state: str
    reason: str
    pass_: int


@dataclass
class Partner:
    """The facts of one partner, and what must stand about it after each pass."""

    enterprise: Enterprise
    owner: object
    contacts: list
    shutdowns: list
    wrote: list = field(default_factory=list)
    tasks: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)

    def due_on(self):
        row = self.enterprise
        cadence = row.cadence_days or CADENCE[row.tier]
        return max(
            timezone.localdate(row.last_contact_at) + timedelta(days=cadence), timezone.localdate(row.created_at)
        )

    def is_closed(self, day):
        return any(first <= day <= last for first, last in self.shutdowns)

    def is_active(self, side, now):
        return any(by == side and now - ACTIVE < moment <= now for by, moment in self.wrote)

    def present(self):
        return [contact for contact in self.contacts if contact.left_on is None]

    def told(self, step, side, now, lead):
        """[(who, channel, why left out)] of one step on one side."""
        if side == "school":
            if step == GAP.LEAD:
                return [(f"u{lead.pk}", "mail", "")]
            reason = "no_owner" if not self.owner else "active" if self.is_active("school", now) else ""
            return [(f"u{self.owner.pk if self.owner else 0}", "app" if step == GAP.NOTE else "mail", reason)]
        asked = {GAP.DAY: [*self.present()[:1]] or [None], GAP.AGAIN: self.present()[:2] or [None]}.get(step, [])
        found = []
        for contact in asked:
            by_mail = contact and contact.email and self.enterprise.messages_automatic
            reason = "no_owner" if not self.owner else "" if contact else "nobody"
            reason = reason or ("active" if self.is_active("enterprise", now) else "")
            found.append((f"c{contact.pk if contact else 0}", "mail" if by_mail else "hand", reason))
        return found

    def plan(self, now, calendar, switched, lead, pass_):
        today, due_on, row = timezone.localdate(now), self.due_on(), self.enterprise
        is_watched = row.state == "active" and row.relation == "partner"
        episode = str(int(row.last_contact_at.timestamp()))
        for side, ahead in (("school", SOON), ("enterprise", 0)):
            is_wanted = is_watched and due_on <= today + timedelta(days=ahead)
            for key, task in self.tasks.items():
                if key[0] == side and task.is_open and not (is_wanted and key[1] == episode):
                    task.is_open = False
                    self.call_off(key, "finished")
            if is_wanted:
                task = self.tasks.setdefault((side, episode), ModelTask(is_open=False))
                if not task.is_open:
                    task.is_open, task.planned = True, 0
                task.due_on, task.is_held = due_on, self.is_closed(today)
        if not calendar.is_vacation(today):
            days = {step.number: calendar.reached(today, step.days) for step in GAP.steps}
            for key, task in self.tasks.items():
                if task.is_open:
                    self.climb(key, task, now, days, switched, lead, pass_)

    def climb(self, key, task, now, days, switched, lead, pass_):
        come = max((step for step, day in days.items() if task.due_on <= day), default=0)
        if come < task.planned:
            task.planned = come
            self.call_off(key, "early", above=come)
        if task.is_held or (task.snoozed_until and task.snoozed_until > timezone.localdate(now)):
            return
        reached = max((step for step, day in days.items() if max(task.due_on, switched) <= day), default=0)
        for step in range(task.planned + 1, reached + 1):
            for who, channel, left_out in self.told(step, key[0], now, lead):
                self.tell(
                    ModelRow(key, step, who, channel, "", left_out or ("overtaken" if step < reached else ""), pass_)
                )
        task.planned = max(task.planned, reached)
        new = {
            row.who for row in self.rows.values() if row.pass_ == pass_ and row.task == key and row.state != "skipped"
        }
        for row in self.rows.values():
            waits = row.channel == "hand" and row.state == "forward" and row.pass_ != pass_
            if waits and row.task == key and row.who in new:
                row.state, row.reason = "cancelled", "overtaken"

    def tell(self, row):
        key = f"gap:{self.enterprise.pk}:{row.task[1]}:{row.step}:{row.who}:{row.channel}"
        for other in self.rows.values():
            same = (other.task, other.step, other.who) == (row.task, row.step, row.who)
            if same and not (other.state in ("skipped", "cancelled") and other.reason):
                return  # heard already, or dropped by a person
        row.state = "skipped" if row.reason else {"app": "sent", "hand": "forward", "mail": "due"}[row.channel]
        self.rows[key] = row

    def call_off(self, key, reason, above=0):
        for row in self.rows.values():
            if row.task == key and row.step > above and row.state in NOT_LEFT:
                row.state, row.reason = "cancelled", reason


# --- the rows --------------------------------------------------------------------------------------------------------


class Stage:
    """The rows of a story beside its model; taken back at the end of each example."""

    def __init__(self, story):
        self.calendar, self.start, self.switched, self.told_of, self.passes = story
        self.number = 0

    def __enter__(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        Switch.objects.create(rule="gap", mode="on", changed_at=at(self.switched))
        SpecialDay.objects.bulk_create(SpecialDay(day=day, is_working=on) for day, on in self.calendar.special.items())
        Vacation.objects.bulk_create(
            Vacation(name=f"假{first}", starts_on=first, ends_on=last) for first, last in self.calendar.vacations
        )
        self.lead, self.owner = UserFactory(role=Role.LEAD, password="x"), UserFactory(password="x")
        self.partners = self._partners()
        self.by_stream = {partner.enterprise.pk: partner for partner in self.partners}
        return self

    def __exit__(self, *trouble):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def _partners(self):
        rows = Enterprise.objects.bulk_create(
            Enterprise(
                name=f"恒力轴承{n:04d}有限公司", state="active", owner=self.owner if told["owned"] else None, tier=told["tier"],
                messages_automatic=told["automatic"], created_at=at(self.start) - timedelta(days=500),
                last_contact_at=at(self.start + timedelta(days=told["due"] - CADENCE[told["tier"]]), 15),
            )
            for n, told in enumerate(self.told_of)
        )  # fmt: skip
        contacts = Contact.objects.bulk_create(
            Contact(enterprise=row, name=f"赵敏{n}", email="" if n == 2 else f"c{row.pk}@enterprise.example")
            for row, told in zip(rows, self.told_of, strict=True)
            for n in range(told["contacts"])
        )
        found = []
        for row, told in zip(rows, self.told_of, strict=True):
            first = self.start + timedelta(days=told["closed"][0]) if told["closed"] else None
            shutdowns = [(first, first + timedelta(days=told["closed"][1]))] if first else []
            mine = [contact for contact in contacts if contact.enterprise_id == row.pk]
            found.append(Partner(row, row.owner, mine, shutdowns))
        Shutdown.objects.bulk_create(
            Shutdown(enterprise=one.enterprise, starts_on=first, ends_on=last)
            for one in found
            for first, last in one.shutdowns
        )
        return found

    def moments(self):
        """Of the passes, no two alike: what happened between two of them has its own second."""
        for n, (day, minute) in enumerate(self.passes):
            yield at(self.start + timedelta(days=day), 0) + timedelta(minutes=minute, seconds=n)

    def run(self):
        """Yields after each pass, with its moment; the planner and the model have both run."""
        for n, now in enumerate(self.moments()):
            for partner, told in zip(self.partners, self.told_of, strict=True):
                for when, change in told["changes"]:
                    if when == n:
                        alter(partner, change, now, self.lead)
            self.plan(now)
            yield now

    def plan(self, now):
        self.number += 1
        planner.plan(now, only="gap")
        for partner in self.partners:
            partner.plan(now, self.calendar, self.switched, self.lead, self.number)

    def planned(self):
        """{key: (state, reason)} as the model has it."""
        return {key: (row.state, row.reason) for one in self.partners for key, row in one.rows.items()}

    def standing(self):
        """{(subject, side, episode)} of the open tasks, with their ladder, as the model has it."""
        return {
            (one.enterprise.pk, *key): (task.planned, task.due_on, task.is_held)
            for one in self.partners
            for key, task in one.tasks.items()
            if task.is_open
        }


def deliveries():
    return {key: (state, reason) for key, state, reason in Delivery.objects.values_list("key", "state", "reason")}


def tasks():
    rows = Task.objects.open().values_list("subject_id", "side", "episode", "steps_planned", "due_on", "is_held")
    return {row[:3]: row[3:] for row in rows}


def alter(partner, change, now, lead):
    """One change of the facts, in the rows and in the model."""
    row, fields = partner.enterprise, {}
    if change == "spoken":
        fields = {"last_contact_at": now}
    elif change in ("paused", "resumed"):
        fields = {"state": "paused" if change == "paused" else "active"}
    elif change == "host_only":
        fields = {"relation": "host_only"}
    elif change in ("faster", "slower"):
        cadence = row.cadence_days or CADENCE[row.tier]
        fields = {"cadence_days": max(7, cadence - 12) if change == "faster" else cadence + 9}
    elif change == "other tier":
        fields = {"tier": row.tier % 3 + 1}
    elif change == "automatic":
        fields = {"messages_automatic": not row.messages_automatic}
    elif change == "disowned":
        partner.owner, fields = None, {"owner": None}
    elif change == "left" and partner.present():
        contact = partner.present()[0]
        contact.left_on = now.date()
        Contact.objects.filter(pk=contact.pk).update(left_on=contact.left_on)
    elif change == "arrived":
        partner.contacts.append(Contact.objects.create(enterprise=row, name="钱波", email="qian@enterprise.example"))
    elif change == "snoozed":
        _snooze(partner, timezone.localdate(now) + timedelta(days=15), lead)
    elif change == "enterprise wrote":
        _write(partner, "enterprise", None, now)
    elif change == "officer wrote" and partner.owner:
        _write(partner, "school", partner.owner, now)
    elif change in ("sent", "dropped"):
        _carry(partner, change)
    if fields:
        Enterprise.objects.filter(pk=row.pk).update(**fields)
        for name, value in fields.items():
            setattr(row, name, value)


def _snooze(partner, until, lead):
    Task.objects.open().filter(subject_id=partner.enterprise.pk).update(
        snoozed_until=until, snooze_reason="…", snoozed_by=lead
    )
    for task in partner.tasks.values():
        if task.is_open:
            task.snoozed_until = until


def _write(partner, side, by, now):
    Event.objects.create(
        stream=partner.enterprise.pk,
        kind="message.sent",
        subject=partner.enterprise,
        side=Side(side),
        by=by,
        happened_at=now,
    )
    partner.wrote.append((side, now))


def _carry(partner, change):
    """What waits leaves, or the officer drops what was to be carried."""
    waiting = Delivery.objects.filter(stream=partner.enterprise.pk)
    if change == "sent":
        waiting.filter(state__in=["due", "forward"]).update(state="sent")
    else:
        waiting.filter(state="forward").update(state="cancelled")
    for row in partner.rows.values():
        if change == "sent" and row.state in ("due", "forward"):
            row.state = "sent"
        elif change == "dropped" and row.state == "forward":
            row.state = "cancelled"

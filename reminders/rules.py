"""What a reminder rule is: which tasks should stand, who is told at which step, and the words.

An app writes its rules in its own reminders.py and names them in settings.REMINDER_RULES. A rule answers with
querysets of plain values, so that the planner works on all partnerships in a handful of statements.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from records.models import Side

#: What Rule.wanted() annotates its subjects with, each name behind "task_", and its type in the database.
WANTED = {
    "stream": "bigint", "episode": "text", "due_on": "date", "owner_id": "bigint", "params": "jsonb", "held": "boolean",
}  # fmt: skip
#: What Rule.told() annotates its subjects with, each name behind "told_": `dedup` names the recipient within the key,
#: `skip` says why somebody is left out ("" = told).
TOLD = {
    "dedup": "text", "user_id": "bigint", "addressee_id": "bigint", "name": "text", "address": "text",
    "language": "text", "channel": "text", "skip": "text",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One rung of a ladder: so many days after the due day (negative: before), who is told.

    `courtesy` names the sides to which it is a kindness: whoever unsubscribed gets no mail of it. To the others it is a
    duty, which nobody can switch off.
    """

    number: int
    days: int
    label: object
    courtesy: tuple = ()


@dataclass(frozen=True)
class Told:
    """What one person reads: subject and text of a mail, or the message carried by hand (text alone)."""

    subject: str
    body: str
    #: (file name, content, media type), as EmailMessage.attach takes them.
    attachments: tuple = ()


@dataclass(frozen=True)
class Line:
    """What a task says on a page of its own side: what, about whom, why, and its one action."""

    title: str
    about: str
    why: str
    action: str
    url: str


class Rule:
    """The base of every rule; the name is kept in rows and never changes."""

    name = ""
    label = ""
    explanation = ""
    subject_model = None
    steps: tuple[Step, ...] = ()
    #: The step that "remind now" repeats; None: it cannot be pressed.
    again: Step | None = None
    #: Whether the days of a school vacation count for nothing.
    pauses_in_vacation = True
    #: Whether its messages wait for a decent hour.
    is_urgent = False
    #: Whether a group of the school may hear of it: what its lines say is about partners, not about people.
    is_for_groups = False
    #: Whether its mails carry a calendar part, which belongs to a mail of its own: never in a digest.
    has_calendar = False

    def step(self, number):
        """The step of that number; None: an older version of the ladder had it."""
        return next((step for step in self.steps if step.number == number), None)

    def wanted(self, side, now):
        """The subjects, annotated with WANTED, that should have a task of `side` at `now`; None where none ever has."""
        raise NotImplementedError

    def told(self, step, now):
        """[(side, subjects annotated with TOLD)]: who is told at `step`, among all subjects that may have a task.

        Every subject has at least one row per side that the step concerns, if only one that says who is missing:
        so both sides are planned or neither.
        """
        raise NotImplementedError

    def lines(self, tasks):
        """{task.pk: Line}, in the language that is active; a handful of queries for all of them."""
        raise NotImplementedError

    def words(self, deliveries):
        """{delivery.pk: Told}, each in its own language; a handful of queries for all of them."""
        raise NotImplementedError

    def prepare(self, deliveries, now):
        """Hand out what the messages need before they leave: their links. Called in a transaction."""


SIDES = (Side.SCHOOL, Side.ENTERPRISE)


def rules():
    """{name: rule}, in the order of the settings."""
    found = [import_string(path) for path in settings.REMINDER_RULES]
    return {rule.name: rule for rule in found}


def is_courtesy(delivery):
    """Whether this telling is a kindness, which its recipient may do without."""
    step = rules()[delivery.rule].step(delivery.step)
    return step is not None and delivery.side in step.courtesy


def lines_of(tasks):
    """[(task, Line)] in the order of `tasks`: each rule words its own at once. Without those whose rule is gone."""
    known, by_rule, lines = rules(), defaultdict(list), {}
    for task in tasks:
        if task.rule in known:
            by_rule[task.rule].append(task)
    for name, its_tasks in by_rule.items():
        lines |= known[name].lines(its_tasks)
    return [(task, lines[task.pk]) for task in tasks if task.pk in lines]

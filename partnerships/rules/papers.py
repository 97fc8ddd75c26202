"""The paper's own way: which steps it has, and what the steps that are done say about where it is. Pure functions."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: What was sent and has not come back for so many days is asked after.
AWAY_DAYS = 45


class Step(models.TextChoices):
    """In the usual order; either side stamps first, so the last ones may come in another."""

    DRAFTED = "drafted", pgettext_lazy("paper", "drafted")
    FACULTY = "faculty", pgettext_lazy("paper", "approved by the faculty")
    OFFICE = "office", pgettext_lazy("paper", "approved by the cooperation office")
    LEGAL = "legal", pgettext_lazy("paper", "seen by legal affairs")
    LEADER = "leader", pgettext_lazy("paper", "approved by the school's leader")
    SEAL = "seal", pgettext_lazy("paper", "seal asked for")
    COPIES = "copies", pgettext_lazy("paper", "copies made")
    SENT = "sent", pgettext_lazy("paper", "sent to the enterprise")
    RETURNED = "returned", pgettext_lazy("paper", "back from the enterprise")
    ARCHIVED = "archived", pgettext_lazy("paper", "archived")


#: What the reference of a step is.
REFERENCES = {
    Step.SEAL: _("number of the seal request"),
    Step.COPIES: _("how many copies"),
    Step.SENT: _("courier number"),
    Step.ARCHIVED: _("archive box"),
}
#: What the enterprise reads too.
SHARED = (Step.SENT, Step.RETURNED)


class Stage(models.TextChoices):
    """Where the paper is: follows from the steps, is kept nowhere."""

    APPROVAL = "approval", _("being approved on paper")
    SEALING = "sealing", _("being sealed")
    AWAY = "away", _("with the other side for its stamp")
    BACK = "back", _("back, to be archived")
    ARCHIVED = "archived", pgettext_lazy("paper", "archived")


def stage_of(steps):
    """The Stage that the done `steps` (names) lead to; None where nothing was ticked.

    The other side may stamp first: then what comes back still waits for the school's own seal.
    """
    done = set(steps)
    if not done:
        return None
    if Step.ARCHIVED in done:
        return Stage.ARCHIVED
    if Step.SENT in done and Step.RETURNED not in done:
        return Stage.AWAY
    if Step.RETURNED in done:
        return Stage.BACK if Step.SEAL in done else Stage.SEALING
    if done & {Step.SEAL, Step.COPIES}:
        return Stage.SEALING
    return Stage.APPROVAL


def next_step(steps):
    """The first step that nobody has ticked yet, behind the last one that is; None at the end."""
    order = list(Step)
    last = max((order.index(step) for step in steps), default=-1)
    return next((step for step in order[last + 1 :]), None)


def is_long_away(sent_on, today):
    return sent_on <= today - timedelta(days=AWAY_DAYS)

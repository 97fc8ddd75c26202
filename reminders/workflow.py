"""How far a task and a telling can get.

The planner and the sender move rows in bulk, by conditional updates; people move what they carry by hand, along HAND.
"""

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.workflow import Lifecycle, Move, Words


class TaskState(models.TextChoices):
    OPEN = "open", gettext_lazy("open")
    DONE = "done", gettext_lazy("done")


class DeliveryState(models.TextChoices):
    DUE = "due", gettext_lazy("waiting to be sent")
    CLAIMED = "claimed", gettext_lazy("taken by a sender")
    SENDING = "sending", gettext_lazy("being handed over")
    SENT = "sent", gettext_lazy("sent")
    FAILED = "failed", gettext_lazy("refused")
    CANCELLED = "cancelled", gettext_lazy("no longer needed")
    SKIPPED = "skipped", gettext_lazy("left out")
    FORWARD = "forward", gettext_lazy("to forward")
    COPIED = "copied", gettext_lazy("copied")
    OPENED = "opened", gettext_lazy("opened")
    ANSWERED = "answered", gettext_lazy("answered")


S = DeliveryState

#: What a telling that has not left yet may stand in: it is cancelled when its task closes.
NOT_LEFT = (S.DUE, S.CLAIMED, S.FORWARD, S.COPIED)


def carries_it(delivery, user):
    """Whoever owns the task carries its message; leads and administrators may, too."""
    if user.is_active and user.is_school and (user.sees_everything or delivery.task.owner_id == user.pk):
        return None
    return _("The messages of a partner are forwarded by the person who looks after it.")


def still_stands(delivery, user):
    """What was settled meanwhile, or replaced by a newer message, is not forwarded any more."""
    return None if delivery.task.state == TaskState.OPEN and not delivery.reason else _("This is done already.")


HAND = Lifecycle(
    "delivery",
    DeliveryState,
    {state: Words(state.label, "") for state in DeliveryState},
    (
        Move("copy", gettext_lazy("Copy the message"), (S.FORWARD, S.COPIED), S.COPIED, carries_it),
        Move("tick", gettext_lazy("Sent"), (S.FORWARD, S.COPIED), S.SENT, carries_it),
        Move("untick", gettext_lazy("Not sent yet"), (S.SENT, S.CANCELLED), S.FORWARD, carries_it, (still_stands,)),
        Move("drop", gettext_lazy("Not this time"), (S.FORWARD, S.COPIED), S.CANCELLED, carries_it),
    ),
)

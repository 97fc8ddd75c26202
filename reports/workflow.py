"""What may happen to an export, and by whom."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from records.workflow import Lifecycle, Move, Words


class ExportState(models.TextChoices):
    WAITING = "waiting", _("in the queue")
    WRITING = "writing", _("being written")
    READY = "ready", _("ready")
    FAILED = "failed", _("could not be written")
    EXPIRED = "expired", _("file removed")


def belongs_to(export, user):
    """Its owner alone moves it; the clock where nobody is there any more."""
    return None if user is None or user.pk == export.owner_id else _("This export belongs to somebody else.")


S = ExportState
EXPORT = Lifecycle(
    "export",
    S,
    {
        S.WAITING: Words(_("in the queue"), _("It begins when those before it are written. You may leave this page.")),
        S.WRITING: Words(_("being written"), _("You may leave this page: the file waits for you here.")),
        S.READY: Words(_("ready"), _("Download the file; after some days it is removed.")),
        S.FAILED: Words(_("could not be written"), _("Do what the sentence says and start again from the list.")),
        S.EXPIRED: Words(_("file removed"), _("Start again from the list where you need it once more.")),
    },
    (
        Move("start", _("Start"), (S.WAITING,), S.WRITING, belongs_to),
        Move("finish", _("Finish"), (S.WRITING,), S.READY, belongs_to),
        Move("fail", _("Give up"), (S.WAITING, S.WRITING), S.FAILED, belongs_to),
        Move("expire", _("Remove the file"), (S.READY,), S.EXPIRED, belongs_to),
    ),
)

"""What an enterprise answers when we ask for a visit, with one tap: in the portal, or through a link."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships.models import Touchpoint, is_member
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services.links import VISIT
from partnerships.services.touchpoints import lock_enterprises, once, write_touchpoint
from records import links
from records.models import Side
from records.workflow import NotAllowed, Refused
from reminders.services import mark_link
from reminders.workflow import DeliveryState


class Reply(models.TextChoices):
    YES = "yes", gettext_lazy("Yes, a time")
    LATER = "later", gettext_lazy("Busy, next month")
    SOMEONE = "someone", gettext_lazy("Someone else now")


def answer_visit(enterprise, *, reply, by=None, via=None, name="", when="", who="", form_key, now=None):
    """Write the answer as a touchpoint of the enterprise's side, which ends the silence, and return it.

    `reply` is a Reply; `when` the time that suits (yes), `who` name and phone of the person who looks after it now
    (someone). `by` is a member of the enterprise; without one, `via` is an open link and `name` who answers. The same
    `form_key` twice returns the first. The gap's task closes in the same transaction, and the message that carried the
    link counts as answered.

    Raises ValidationError for what is missing, NotAllowed, Refused for a link that is over.
    """
    now = now or timezone.now()
    reply, when, who, name = Reply(reply), when.strip(), who.strip(), name.strip()
    _check(enterprise, by, via, name, now)
    if reply == Reply.YES and not when:
        raise ValidationError({"when": _("Say which day or time suits you.")})
    if reply == Reply.SOMEONE and not who:
        raise ValidationError({"who": _("Give the name and the phone of the person who looks after it now.")})

    def write():
        lock_enterprises([enterprise])
        if via is not None:
            links.mark_answered(via, now=now)
            mark_link(via, DeliveryState.ANSWERED, now=now)
        return write_touchpoint(
            enterprise=enterprise, by=by, logged_via=via, logged_name="" if by else name, kind=Kind.WECHAT,
            side=Side.ENTERPRISE, happened_at=now, precision=Precision.MOMENT, form_key=form_key,
            summary=_sentence(reply, when, who), now=now,
        )  # fmt: skip

    return once(Touchpoint.objects.filter(enterprise=enterprise), form_key, write)


def _check(enterprise, by, via, name, now):
    if by is not None:
        if by.is_school or not is_member(by, enterprise):
            raise NotAllowed(_("You do not belong to this enterprise any more."))
    elif via is None or not name:
        raise ValidationError({"name": _("Say who you are.")})
    elif via.stream != enterprise.pk or via.purpose != VISIT or not via.is_open(now):
        raise Refused(_("This link is no longer open: ask for a new one on its page."))


def _sentence(reply, when, who):
    """The answer as it stands in the record, in the words of the person's language."""
    if reply == Reply.YES:
        return _("A visit suits: %(when)s") % {"when": when}
    if reply == Reply.LATER:
        return _("Busy now; next month suits better.")
    return _("Somebody else looks after it now: %(who)s") % {"who": who}

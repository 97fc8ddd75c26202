"""What follows on the end of an agreement: what the enterprise wishes, and the decision to let it end."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Agreement, is_member
from partnerships.models.agreement import EndWish
from partnerships.rules.agreements import OPEN_END
from partnerships.services.agreements.writing import lock, lock_kept, tell
from partnerships.services.links import ENDING
from partnerships.services.thread import write_message
from partnerships.services.touchpoints import lock_enterprises
from partnerships.workflow import AgreementState
from records.models import Audience
from records.workflow import NotAllowed, Refused
from reminders import planner

#: The rule of the reminders that watches the end.
RULE = "agreement_end"


def why_not_decide(agreement):
    """Why nothing is decided about its end, or None."""
    if agreement.is_amendment:
        return _("An amendment ends with its agreement.")
    if agreement.state != AgreementState.IN_FORCE:
        return _("Only what is in force comes to an end.")
    if agreement.ended_on:
        return _("It was ended for a day to come.")
    if agreement.effective_until == OPEN_END:
        return _("It has no end: nothing needs to be renewed.")
    return None


def let_end(agreement, *, by, ends=True, now=None):
    """Decide that nothing follows on the end of an agreement, or with `ends` False take that back; return it.

    Writes "agreement.let_end" or "agreement.keep_open" (school). Raises NotAllowed, Refused.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_kept(agreement, by)
        if reason := why_not_decide(locked):
            raise Refused(reason)
        if bool(locked.let_end_at) != ends:
            locked.let_end_at = now if ends else None
            Agreement.objects.filter(pk=locked.pk).update(let_end_at=locked.let_end_at)
            kind = "agreement.let_end" if ends else "agreement.keep_open"
            tell(kind, locked, by, now, audience=Audience.SCHOOL, day=f"{locked.effective_until}")
        planner.settle(RULE, [locked.pk], now)
    return locked


def say_wish(agreement, *, wish, text="", by=None, via=None, name="", on_behalf=None, form_key=None, now=None):
    """Say for the enterprise whether to go on after the end, and return the agreement; another answer replaces it.

    Who speaks as in thread.write_message, in whose thread the answer stands. Raises NotAllowed, Refused where there is
    nothing to decide or for a link that is over, ValidationError for a witness who is missing.
    """
    now, label = now or timezone.now(), EndWish(wish).label
    _check_speaker(agreement, by, via, on_behalf)
    with transaction.atomic():
        lock_enterprises([agreement.enterprise])
        locked = lock(agreement)
        if reason := why_not_decide(locked):
            raise Refused(reason)
        body = _("About “%(title)s”: ") % {"title": locked.title} + " ".join(filter(None, (f"{label}。", text.strip())))
        write_message(
            locked.enterprise, body=body, by=by, via=via, author_name=name, on_behalf=on_behalf, form_key=form_key,
            now=now,
        )  # fmt: skip
        Agreement.objects.filter(pk=locked.pk).update(wish=wish, wished_at=now)
        planner.settle(RULE, [locked.pk], now)
    locked.refresh_from_db(fields=["wish", "wished_at"])
    return locked


def _check_speaker(agreement, by, via, on_behalf):
    """The enterprise itself, whoever holds the link to this question, or an officer with a witness."""
    if by is None:
        if via is not None and (via.purpose, via.subject_id) != (ENDING, agreement.pk):
            raise Refused(_("This link is no longer open: ask for a new one on its page."))
    elif by.is_school:
        if not on_behalf:
            raise ValidationError({"said_by": _("Say who said it.")})
    elif not is_member(by, agreement.enterprise):
        raise NotAllowed(_("Only the enterprise itself and the school take part in this."))

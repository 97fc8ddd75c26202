"""What follows: minutes, who does what by when, how it was, and the close."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from partnerships.models import ActionItem, Seminar, SeminarFeedback, SeminarGuest, is_member
from partnerships.services.seminars.guests import settle_guests
from partnerships.services.seminars.rows import TEXTS, check_link, facts, lock_seminar, tell_streams, who_speaks
from partnerships.services.touchpoints import check_length
from partnerships.workflow import SEMINAR, SeminarState, keeps_this_seminar
from records import links
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused, move
from reminders import planner

#: How long after its end somebody may first say how it was, and change what they said.
TAKEN, CHANGED = timedelta(days=30), timedelta(days=14)


def write_minutes(seminar, *, by, version, minutes, decisions, now=None):
    """Write or correct the minutes and decisions. Writes "seminar.minuted" for every enterprise that was invited.

    Raises NotAllowed, Conflict, Refused before who came is recorded and once it is closed, ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_seminar(seminar, by, version, {"minutes": minutes, "decisions": decisions})
        if locked.state != SeminarState.HELD:
            raise Refused(_("Minutes are written once it was held, and until it is closed."))
        locked.minutes, locked.decisions = minutes.strip(), decisions.strip()
        for name in TEXTS:
            check_length(Seminar, name, getattr(locked, name))
        locked.version += 1
        locked.save(update_fields=["minutes", "decisions", "version"])
        tell_streams("seminar.minuted", locked, by, now)
    return locked


def add_action_item(seminar, *, by, text, due_on, owner=None, enterprise=None, now=None):
    """Write down who does what by when; it becomes a task of that side. Writes "seminar.item_added".

    Raises NotAllowed, Refused before it was held, ValidationError for a day that has passed, and for an enterprise
    that was not invited.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_seminar(seminar, by)
        if locked.state not in (SeminarState.HELD, SeminarState.CLOSED):
            raise Refused(_("What follows is written down once it was held."))
        if due_on < timezone.localdate(now):
            raise ValidationError({"due_on": _("This day has passed.")})
        if enterprise is not None and not locked.guests.filter(enterprise=enterprise).exists():
            raise ValidationError({"who": _("This enterprise was not invited.")})
        item = ActionItem(
            seminar=locked, text=text.strip(), due_on=due_on, owner=owner, enterprise=enterprise,
            side=Side.ENTERPRISE if enterprise else Side.SCHOOL,
        )  # fmt: skip
        item.full_clean(exclude=["seminar", "done_by"])
        item.save()
        if enterprise is not None:
            record(
                "seminar.item_added", subject=locked, stream=enterprise.pk, by=by, audience=Audience.BOTH,
                data={"name": item.text, "day": f"{due_on}"}, happened_at=now,
            )  # fmt: skip
        planner.settle("seminar_item", [item.pk], now)
    return item


def finish_action_item(item, *, by=None, via=None, name="", now=None):
    """Mark it done: by its owner, a member of its enterprise, the link of the invitation, or who keeps the seminar.

    Doing it twice changes nothing. Writes "seminar.item_done". Raises NotAllowed, Refused for a link that is over,
    ValidationError where nobody is named.
    """
    now, name = now or timezone.now(), name.strip()
    with transaction.atomic():
        rows = ActionItem.objects.select_for_update(of=("self",), no_key=True).select_related("seminar", "enterprise")
        locked = rows.get(pk=item.pk)
        if by is None:
            guest = SeminarGuest.objects.filter(seminar=locked.seminar, enterprise=locked.enterprise_id or -1).first()
            if via is None or not name:
                raise ValidationError({"name": _("Say who you are.")})
            if guest is None:
                raise NotAllowed(_("This belongs to somebody else."))
            check_link(guest, via, now)
        elif reason := why_not_finish(locked, by):
            raise NotAllowed(reason)
        if locked.done_at:
            return locked
        locked.done_at, locked.done_by, locked.done_name = now, by, (str(by) if by else name)[:60]
        locked.save()
        if locked.enterprise_id:
            side = Side.SCHOOL if by is not None and by.is_school else Side.ENTERPRISE
            record(
                "seminar.item_done", subject=locked.seminar, stream=locked.enterprise_id, by=by,
                by_name="" if by else name, side=side, audience=Audience.BOTH, data={"name": locked.text},
                happened_at=now,
            )  # fmt: skip
        if via is not None:
            links.mark_answered(via, now=now)
        planner.settle("seminar_item", [locked.pk], now)
    return locked


def why_not_finish(item, by):
    """The side on which it stands may, and at the school whoever keeps the seminar."""
    if by.role == Role.HR:
        if item.enterprise_id and is_member(by, item.enterprise):
            return None
    elif by.pk == item.owner_id or keeps_this_seminar(item.seminar, by) is None:
        return None
    return _("This belongs to somebody else.")


def close_seminar(seminar, *, by, now=None):
    """Close it: whoever came is told once where the minutes stand.

    Raises NotAllowed, Refused where it was not held or the minutes are missing.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_seminar(seminar, by)
        if locked.state == SeminarState.HELD and not (locked.minutes or locked.decisions):
            raise Refused(_("First write the minutes."))
        move(locked, SEMINAR, "close", by=by, now=now)
        locked.closed_at = now
        locked.save(update_fields=["closed_at"])
        settle_guests(locked, now, "seminar_minutes")
    return locked


# --- how it was ----------------------------------------------------------------------------------------------------


def why_not_feedback(guest, now):
    """Whoever came says how it was: first within thirty days of its end, and changes it within two weeks."""
    seminar = guest.seminar
    if seminar.state not in (SeminarState.HELD, SeminarState.CLOSED):
        return _("How it was is said once it was held.")
    if not guest.attended:
        return _("How it was is said by those who came.")
    is_given = SeminarFeedback.objects.filter(guest=guest).exists()
    if now > seminar.ends_at + (CHANGED if is_given else TAKEN):
        return _("It was too long ago.")
    return None


def give_feedback(guest, *, useful, follow_up="", text="", by=None, via=None, name="", said_by="", now=None):
    """Write how it was for `guest` and return the SeminarFeedback; a later answer replaces the earlier one.

    Who speaks as in answer_invitation. It counts as no contact: coming has counted already, and the form goes out by
    itself like a weekly confirmation. Writes "seminar.feedback", without what was said, once.
    Raises NotAllowed, Refused (why_not_feedback) or for a link that is over, ValidationError for what is missing.
    """
    now, name, said_by = now or timezone.now(), name.strip(), said_by.strip()
    with transaction.atomic():
        rows = SeminarGuest.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("seminar", "enterprise", "user").get(pk=guest.pk)
        who = who_speaks(locked, by=by, via=via, name=name, said_by=said_by, now=now)
        if reason := why_not_feedback(locked, now):
            raise Refused(reason)
        feedback = SeminarFeedback.objects.filter(guest=locked).first()
        is_new = feedback is None
        feedback = feedback or SeminarFeedback(guest=locked, given_at=now)
        feedback.useful, feedback.follow_up, feedback.text = useful, follow_up.strip(), text.strip()
        feedback.given_by, feedback.given_name, feedback.via = by, who[:60], via
        feedback.changed_at = None if is_new else now
        feedback.full_clean(exclude=["guest", "given_by", "via"])
        check_length(SeminarFeedback, "text", feedback.text)
        feedback.save()
        if via is not None:
            links.mark_answered(via, now=now)
        if is_new and locked.enterprise_id:
            side = Side.SCHOOL if by is not None and by.is_school else Side.ENTERPRISE
            record(
                "seminar.feedback", subject=locked.seminar, stream=locked.enterprise_id, by=by,
                by_name="" if by else who, side=side, audience=Audience.BOTH, data=facts(locked.seminar),
                happened_at=now,
            )  # fmt: skip
        planner.settle("seminar_feedback", [locked.pk], now)
    return feedback

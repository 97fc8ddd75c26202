"""Joint review: both sides read one text, comment on its fields, change what the other asked for, and agree."""

import uuid
from dataclasses import dataclass

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Agreement, AgreementComment, Touchpoint, is_member
from partnerships.rules.agreements import BLOCK_OF, SIGNED
from partnerships.services.agreements import documents
from partnerships.services.agreements.drafting import write_changes
from partnerships.services.agreements.signing import call_off
from partnerships.services.agreements.writing import check_known, lock, no_longer, save, tell, why_not_amend
from partnerships.services.enterprises import Conflict
from partnerships.services.links import AGREEMENT as LINK
from partnerships.services.proxies import enter_touchpoint_on_behalf
from partnerships.services.touchpoints import check_length, lock_enterprises
from partnerships.workflow import AGREEMENT, AgreementState, keeps_this_agreement
from records import links
from records.models import Link, Side
from records.workflow import NotAllowed, Refused, move
from reminders.services import mark_link
from reminders.workflow import DeliveryState


@dataclass(frozen=True)
class Speaker:
    """Who takes part in a review: for which side, as whom, and through which link."""

    side: str
    by: object = None
    via: Link | None = None
    name: str = ""

    @property
    def event(self):
        return {"by": self.by, "side": self.side, "by_name": self.name}


def speaker(agreement, *, by=None, via=None, name="", said_by="", now=None):
    """Who speaks, checked against the row: a member of the enterprise, whoever keeps it at the school, the holder of
    an open link (`via`, `name`), or an officer for somebody of the enterprise (`said_by`).

    Raises NotAllowed, Refused for a link that is over, ValidationError where nobody is named.
    """
    if by is None:
        if via is None or not name.strip():
            raise ValidationError({"name": _("Say who you are.")})
        check_link(agreement, via, now or timezone.now())
        return Speaker(Side.ENTERPRISE, via=via, name=name.strip()[:60])
    if not by.is_school:
        if not is_member(by, agreement.enterprise):
            raise NotAllowed(_("Only the enterprise itself and the school take part in this."))
        return Speaker(Side.ENTERPRISE, by=by)
    if reason := keeps_this_agreement(agreement, by):
        raise NotAllowed(reason)
    if said_by.strip():
        return Speaker(Side.ENTERPRISE, by=by, name=said_by.strip()[:60])
    return Speaker(Side.SCHOOL, by=by)


def check_link(agreement, link, now):
    """Raise Refused unless `link` is an open one for this very agreement."""
    is_ours = link.purpose == LINK and link.subject_id == agreement.pk and link.stream == agreement.enterprise_id
    if not is_ours or not link.is_open(now):
        raise Refused(_("This link is no longer open: ask for a new one on its page."))


def _locked(agreement, now, who):
    """The locked row in joint review, and who speaks."""
    locked = lock(agreement)
    speaks = speaker(locked, now=now, **who)
    if locked.state != AgreementState.REVIEW:
        raise no_longer(locked)
    return locked, speaks


# --- comments ------------------------------------------------------------------------------------------------------


def comment_on(agreement, *, field, text, now=None, **who):
    """Say what should change in one field; until it is settled the other side may change that field. Return it.

    `who` as in speaker(). It takes back what both sides agreed to. Writes "agreement.commented". Raises NotAllowed,
    Refused outside a joint review, ValidationError for no text or a field that is not signed; of an amendment, for
    one it does not touch.
    """
    now, text = now or timezone.now(), text.strip()
    with transaction.atomic():
        locked, speaks = _locked(agreement, now, who)
        return _comment(locked, speaks, field, text, now)


def _comment(locked, speaks, field, text, now):
    if field not in commentable(locked):
        raise ValidationError({"field": _("Choose the field the comment is about.")})
    if not text:
        raise ValidationError({"text": _("Write what should change.")})
    check_length(AgreementComment, "text", text)
    comment = AgreementComment.objects.create(
        agreement=locked, field=field, side=speaks.side, text=text, by=speaks.by, via=speaks.via, by_name=speaks.name,
        written_at=now,
    )  # fmt: skip
    if locked.agreed_school_at or locked.agreed_enterprise_at:
        locked.agreed_school_at = locked.agreed_enterprise_at = None
        save(locked, update_fields=["agreed_school_at", "agreed_enterprise_at"])
    tell("agreement.commented", locked, now=now, field=field, text=text, **speaks.event)
    _answered(speaks, now)
    return comment


def commentable(agreement):
    """The fields one can comment on: of an amendment those of the ticked blocks."""
    return [field for field in SIGNED if not agreement.is_amendment or BLOCK_OF[field] in agreement.blocks]


def settle_comment(comment, *, now=None, **who):
    """Say that a comment is settled: by the side that wrote it, or by the other once it has changed the field.

    Doing it twice changes nothing. Writes "agreement.comment_settled". Raises NotAllowed, Refused.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, speaks = _locked(comment.agreement, now, who)
        comment = locked.comments.get(pk=comment.pk)
        if comment.resolved_at:
            return comment
        if comment.side != speaks.side:
            raise Refused(_("Whoever wrote the comment settles it; a change of the field does so as well."))
        _settle([comment], speaks, now)
        tell("agreement.comment_settled", locked, now=now, field=comment.field, text=comment.text, **speaks.event)
        _answered(speaks, now)
    return comment


def _settle(comments, speaks, now):
    for comment in comments:
        comment.resolved_at, comment.resolved_by = now, speaks.by
        comment.save(update_fields=["resolved_at", "resolved_by"])


def _answered(speaks, now):
    if speaks.via is not None:
        links.mark_answered(speaks.via, now=now)
        mark_link(speaks.via, DeliveryState.ANSWERED, now=now)


# --- changes -------------------------------------------------------------------------------------------------------


def open_fields(agreement, side):
    """The fields `side` may change now: those on which the other side has an open comment. In the order of the page."""
    if agreement.state != AgreementState.REVIEW:
        return []
    theirs = {row.field for row in agreement.comments.all() if row.side != side and row.resolved_at is None}
    return [field for field in SIGNED if field in theirs]


def refuse_locked(agreement, side, fields):
    """Raise Refused where one of `fields` is not open to `side`."""
    allowed = open_fields(agreement, side)
    for name in fields:
        if name not in allowed:
            label = Agreement._meta.get_field(name).verbose_name
            raise Refused(_("“%(field)s” is locked: it opens with a comment of the other side.") % {"field": label})


def change_in_review(agreement, *, version, changes, now=None, **who):
    """Change fields that the other side has commented on, which settles those comments; return the agreement.

    Takes back what both sides agreed to. Writes "agreement.changed", which both sides read. `who` as in speaker().
    Raises NotAllowed, Refused for every other field and outside a joint review, Conflict, ValidationError.
    """
    now = now or timezone.now()
    check_known(changes, SIGNED)
    user = who.get("by")
    with pghistory.context(user=user.pk if user else None), transaction.atomic():
        locked, speaks = _locked(agreement, now, who)
        refuse_locked(locked, speaks.side, changes)
        if locked.version != version:
            raise Conflict(locked, changes)
        before = locked.version
        write_changes(locked, user, now, changes, side=speaks.side, by_name=speaks.name)
        if locked.version != before:
            theirs = locked.comments.filter(resolved_at=None, field__in=changes).exclude(side=speaks.side)
            _settle(theirs, speaks, now)
            _answered(speaks, now)
    return locked


# --- agreeing ------------------------------------------------------------------------------------------------------


def agree(agreement, *, now=None, version=None, **who):
    """Say yes to the text as it stands, for one side; return the agreement. Doing it twice changes nothing.

    `version` is the text the person read. Writes "agreement.agreed". Raises NotAllowed, Refused while a comment is
    open and outside a joint review, Conflict where the text has changed since.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, speaks = _locked(agreement, now, who)
        return _agree(locked, speaks, now, version)


def why_not_agree(agreement):
    """While a comment is open nobody agrees."""
    if any(comment.resolved_at is None for comment in agreement.comments.all()):
        return _("A comment is still open: settle it first.")
    return None


def _agree(locked, speaks, now, version=None):
    if version is not None and locked.version != version:
        raise Conflict(locked, {})
    if reason := why_not_agree(locked):
        raise Refused(reason)
    column = f"agreed_{speaks.side}_at"
    if getattr(locked, column):
        return locked
    setattr(locked, column, now)
    save(locked, update_fields=[column])
    tell("agreement.agreed", locked, now=now, **speaks.event)
    _answered(speaks, now)
    return locked


def enter_on_behalf(agreement, *, by, said_by, text="", field="", form_key=None, now=None, **said):
    """Write down what somebody of the enterprise said about the text: a comment on `field`, or that they agree.

    `said`: source, said_at and screenshot, as in enter_touchpoint_on_behalf: it stands in the timeline as an exchange
    that the enterprise is asked to check. The same `form_key` twice counts
    once. Raises NotAllowed, Refused, ValidationError.
    """
    now, text, form_key = now or timezone.now(), text.strip(), form_key or uuid.uuid4()
    if field:
        label = Agreement._meta.get_field(field).verbose_name
        summary = f"{agreement.title} · {label}: {text}"
    else:
        summary = text or _("Agrees to “%(name)s”.") % {"name": agreement.title}
    with transaction.atomic():
        lock_enterprises([agreement.enterprise])
        locked, speaks = _locked(agreement, now, {"by": by, "said_by": said_by})
        if Touchpoint.objects.filter(form_key=form_key).exists():
            return locked
        enter_touchpoint_on_behalf(
            enterprise=locked.enterprise, by=by, said_by=said_by, form_key=form_key, now=now, summary=summary, **said
        )
        if field:
            _comment(locked, speaks, field, text, now)
        else:
            _agree(locked, speaks, now)
    return locked


# --- along the lifecycle -------------------------------------------------------------------------------------------


#: The steps that are buttons of their own; ending, renewing and entering into force have functions of theirs.
STEPS = ("submit", "take_back", "approve")


def move_agreement(agreement, name, *, by, note="", now=None):
    """Give it to the enterprise to read, take it back, or approve it for signature; return it.

    Taken back or given out anew, nobody has agreed to it or signed it yet; what is approved is frozen as a document.
    Writes "agreement.<name>". Raises NotAllowed, Refused; for an amendment also where its agreement is no longer in
    force.
    """
    if name not in STEPS:
        raise TypeError(f"{name} is no step of its own")
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock(agreement)
        if name != "take_back" and (reason := why_not_amend(locked)):
            raise Refused(reason)
        move(locked, AGREEMENT, name, by=by, note=note, now=now, data={"name": locked.title, "nth": locked.nth})
        if name == "take_back":
            call_off(locked, by=by, reason=note, now=now)
        if name != "approve":
            locked.agreed_school_at = locked.agreed_enterprise_at = None
            locked.version += 1
            save(locked, update_fields=["agreed_school_at", "agreed_enterprise_at", "version"])
    if name == "approve":
        documents.prepare(locked, by=by, now=now)
    return locked

"""Links for an enterprise: a question to answer, or the partnership to look at; and the message that carries them."""

from datetime import timedelta
from itertools import product

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from partnerships.models import Contact, Enterprise
from partnerships.workflow import (
    AgreementState,
    AskState,
    ObligationState,
    SeminarState,
    asked_it,
    is_not_merged,
    keeps_this_agreement,
    keeps_this_partner,
)
from records import links
from records.models import Link, Side
from records.signatures import OPEN
from records.workflow import NotAllowed, Refused
from reminders.models import Delivery
from reminders.services import mark_link
from reminders.workflow import DeliveryState

ANSWER, PARTNERSHIP, VISIT, SEMINAR = "answer", "partnership", "visit", "seminar"
AGREEMENT, SIGN, ASK, NEED = "agreement", "sign", "ask", "need"
#: To one duty of the enterprise, and to an agreement that ends: shall we go on?
OBLIGATION, ENDING = "obligation", "ending"
#: The purposes of links that a reminder carries: whatever is said through one of them answers it.
REMINDED = (VISIT, SEMINAR, ASK, OBLIGATION, ENDING)
#: How long the page takes, in minutes, as the message promises.
MINUTES = {
    ANSWER: 2, PARTNERSHIP: 3, VISIT: 1, SEMINAR: 1, AGREEMENT: 5, SIGN: 5, ASK: 1, NEED: 2, OBLIGATION: 1, ENDING: 1
}  # fmt: skip
#: What a list of links calls each of them.
NAMES = {
    ANSWER: pgettext_lazy("link", "question"),
    PARTNERSHIP: pgettext_lazy("link", "the partnership"),
    VISIT: pgettext_lazy("link", "visit"),
    SEMINAR: pgettext_lazy("link", "event"),
    AGREEMENT: pgettext_lazy("link", "agreement to read"),
    SIGN: pgettext_lazy("link", "agreement to sign"),
    ASK: pgettext_lazy("link", "ask"),
    NEED: pgettext_lazy("link", "needs"),
    OBLIGATION: pgettext_lazy("link", "promise"),
    ENDING: pgettext_lazy("link", "end of an agreement"),
}
#: A message carried by hand: this many characters, then the link alone on the last line.
MESSAGE_LENGTH = 80
#: Two presses of the button within this time are one.
SAME_PRESS = timedelta(minutes=10)


def hand_out_link(enterprise, *, by, contact=None, message=None, now=None):
    """Hand out a link to the question `message`, or to the whole partnership, made out to `contact`; return it.

    The same person asking again within ten minutes gets the same link while nobody has used it. Raises NotAllowed,
    Refused for a merged enterprise, a message of the enterprise itself, a message or contact of another enterprise, or
    a contact who has left.
    """
    now = now or timezone.now()
    if reason := keeps_this_partner(enterprise, by):
        raise NotAllowed(reason)
    if reason := is_not_merged(enterprise, by):
        raise Refused(reason)
    if message is not None and message.side != Side.SCHOOL:
        raise Refused(_("A link asks for an answer to one of our own messages."))
    if any(one is not None and one.enterprise_id != enterprise.pk for one in (message, contact)):
        raise Refused(_("This belongs to another enterprise."))
    if contact is not None and contact.left_on:
        raise Refused(_("%(name)s has left: choose somebody else.") % {"name": contact})
    purpose, subject = (ANSWER, message) if message is not None else (PARTNERSHIP, enterprise)
    values = {
        "purpose": purpose,
        "stream": enterprise.pk,
        "addressee": contact.address_form if contact else "",
        "language": contact.language if contact else "zh-hans",
    }
    same = Link.objects.filter(
        **values,
        subject_id=subject.pk,
        created_by=by,
        created_at__gt=now - SAME_PRESS,
        withdrawn_at=None,
        opened_at=None,
    )
    return same.first() or links.hand_out(subject=subject, by=by, now=now, **values)


def hand_out_agreement(agreement, *, by, contact=None, now=None):
    """Hand out a link to an agreement: to read it, comment on it and agree to it without an account; return it.

    Asked for again within ten minutes it is the same. Raises NotAllowed, Refused for a draft.
    """
    now = now or timezone.now()
    if reason := keeps_this_agreement(agreement, by):
        raise NotAllowed(reason)
    if agreement.state == AgreementState.DRAFT:
        raise Refused(_("The enterprise reads no drafts: give it to them first."))
    return _once(AGREEMENT, agreement, agreement.enterprise_id, contact, by, now)


def hand_out_to_sign(signature, *, by, now=None):
    """Hand out the link through which the person asked for `signature` reads and signs without an account; return it.

    It opens the text to whoever holds it; to sign needs the code that is mailed to the person. Asked for again within
    ten minutes it is the same. Raises NotAllowed, Refused for what is answered.
    """
    agreement = signature.subject
    if reason := keeps_this_agreement(agreement, by):
        raise NotAllowed(reason)
    if signature.state not in OPEN:
        raise Refused(_("There is nothing to sign here any more."))
    contact = Contact.objects.filter(pk=signature.addressee_id).first()
    return _once(SIGN, signature, signature.stream, contact, by, now or timezone.now(), signature.name)


def hand_out_ask(ask, *, by, now=None):
    """Hand out a link to a request: yes or no with one tap, without an account; return it.

    Asked for again within ten minutes it is the same. Raises NotAllowed, Refused once it is answered or over.
    """
    now = now or timezone.now()
    if reason := asked_it(ask, by):
        raise NotAllowed(reason)
    if ask.state != AskState.ASKED:
        raise Refused(_("This is answered or over already."))
    days = (ask.due_on - timezone.localdate(now)).days + 1
    return _once(ASK, ask, ask.enterprise_id, ask.contact, by, now, days=days)


def hand_out_need(enterprise, *, by, contact=None, now=None):
    """Hand out a link on which the enterprise says what it looks for, without an account; return it.

    Asked for again within ten minutes it is the same. Raises NotAllowed, Refused for a merged enterprise.
    """
    if reason := keeps_this_partner(enterprise, by):
        raise NotAllowed(reason)
    if reason := is_not_merged(enterprise, by):
        raise Refused(reason)
    return _once(NEED, enterprise, enterprise.pk, contact, by, now or timezone.now())


def _once(purpose, subject, stream, contact, by, now, name="", days=links.DAYS):
    """A new link, or the one that the same person handed out a moment ago and nobody has opened."""
    values = {
        "purpose": purpose, "stream": stream, "addressee": contact.address_form if contact else name,
        "language": contact.language if contact else "zh-hans",
    }  # fmt: skip
    kept = {"subject_id": subject.pk, "created_by": by, "withdrawn_at": None, "opened_at": None}
    same = Link.objects.filter(**values, **kept, created_at__gt=now - SAME_PRESS)
    return same.first() or links.hand_out(subject=subject, by=by, now=now, days=days, **values)


def hand_out_promise(obligation, *, by, now=None):
    """Hand out a link to a duty of the enterprise, to say without an account that it is done; return it.

    Asked for again within ten minutes it is the same. Raises NotAllowed, Refused for a duty of the school or one that
    is settled.
    """
    now = now or timezone.now()
    if reason := keeps_this_agreement(obligation.agreement, by):
        raise NotAllowed(reason)
    if obligation.side != Side.ENTERPRISE or obligation.state != ObligationState.OPEN:
        raise Refused(_("A link asks the enterprise for what it still owes."))
    contact = obligation.contact or obligation.enterprise.contacts.present().first()
    return _once(OBLIGATION, obligation, obligation.enterprise_id, contact, by, now)


def withdraw_link(link, *, by, now=None):
    """End a link of a partner that `by` keeps. Raises NotAllowed."""
    _may_keep(link, by)
    return links.withdraw(link, by=by, now=now)


def renew_link(link, *, by, now=None):
    """Hand out a new link in place of a dead one and return it. Raises NotAllowed, Refused for a merged enterprise.

    The message that carried the old one tells from now on how far the new one got.
    """
    if reason := is_not_merged(_may_keep(link, by), by):
        raise Refused(reason)
    with transaction.atomic():
        fresh = links.renew(link, by=by, now=now)
        Delivery.objects.filter(link=link).update(link=fresh)
    return fresh


def open_link(link, *, now=None):
    """Somebody's browser showed the page: the link and the message that carried it say so. Called by POST only."""
    with transaction.atomic():
        links.mark_opened(link, now=now)
        mark_link(link, DeliveryState.OPENED, now=now)


def _may_keep(link, by):
    enterprise = Enterprise.objects.visible_to(by).filter(pk=link.stream).first()
    if enterprise is None:
        raise NotAllowed(_("Only the school hands out links."))
    if reason := keeps_this_partner(enterprise, by):
        raise NotAllowed(reason)
    return enterprise


# --- the message that carries it ---------------------------------------------------------------------------------


def address(link):
    """The link's whole address: at most 40 characters where the site's own (short) one has at most 26."""
    return whole(reverse("partnerships:link", args=[link.code]))


def whole(path):
    """The address of a page that is carried or scanned: under the site's short name, where it has one."""
    return settings.SITE_SHORT_URL + path


def default_message(link):
    """The message of a link as it stands: its sender, what it asks, and until when it is open."""
    with translation.override(link.language):
        what = WHAT[link.purpose](link.subject)
    return carried_message(
        link, sender=link.created_by, what=what, minutes=MINUTES[link.purpose], until=link.expires_at
    )


def _in_one_line(text):
    return " ".join(text.split())


def _of_event(guest):
    if guest.seminar.state in (SeminarState.HELD, SeminarState.CLOSED):
        return _("here are minutes and agreements")
    return _("here is what we invite you to, do you come?")


def visit_question():
    """What we ask of a partner we have not seen for a while, from the warmest wording to the shortest."""
    return (
        _("we haven't visited for a while, would Wednesday or Thursday afternoon suit?"),
        _("may we visit you soon?"),
    )


def promised(obligation, today):
    """What we say of a duty of the enterprise, from the fullest wording to the shortest; never that it is late."""
    values = {"text": obligation.heading, "day": date_format(obligation.due_on, "MONTH_DAY_FORMAT")}
    if obligation.is_late(today):
        return _("we agreed: %(text)s; when could it be done?") % values, _("%(text)s: when could it be done?") % values
    return _("we agreed: %(text)s, until %(day)s") % values, _("%(text)s, until %(day)s") % values


def end_question(agreement):
    """What we ask of an enterprise whose agreement ends."""
    values = {"title": agreement.heading, "day": date_format(agreement.effective_until, "MONTH_DAY_FORMAT")}
    return (
        _("“%(title)s” ends on %(day)s, shall we go on?") % values,
        _("our agreement ends on %(day)s, shall we go on?") % values,
    )


def carried_message(link, *, sender, what, minutes, until):
    """The text to paste into a messenger, in the addressee's language: at most 80 characters, then the link alone.

    Form of address, sender's real name, what, how long it takes, by when, that nobody registers. `what` may come in
    several wordings, the best first. When it is too long the school's name goes first, then the next wording is tried;
    at last the end of `what` goes.
    """
    with translation.override(link.language):
        values = {
            "sender": str(sender)[:20],
            "university": settings.UNIVERSITY.get(link.language, settings.UNIVERSITY["zh-hans"]),
            "minutes": minutes,
            "day": date_format(timezone.localdate(until), "MONTH_DAY_FORMAT"),
        }
        greeting = _("%(name)s, ") % {"name": link.addressee[:20]} if link.addressee else _("Hello, ")
        wordings = (
            _("this is %(sender)s of %(university)s: %(what)s (%(minutes)d min, by %(day)s, no registration)"),
            _("this is %(sender)s: %(what)s (%(minutes)d min, by %(day)s, no registration)"),
            _("%(sender)s here: %(what)s (%(minutes)d min by %(day)s, no sign-up)"),
        )
    for said, wording in product([what] if isinstance(what, str) else what, wordings):
        room = MESSAGE_LENGTH - len(greeting + wording % {**values, "what": ""})
        if len(said) <= room:
            break
    else:
        said = said[: max(room - 1, 0)].rstrip() + "…"
    text = (greeting + wording % {**values, "what": said})[:MESSAGE_LENGTH]
    return f"{text}\n{address(link)}"


#: What the message of each purpose says of the subject: one sentence, or several from the fullest to the shortest.
WHAT = {
    ANSWER: lambda message: _in_one_line(message.body),
    PARTNERSHIP: lambda _enterprise: _("please have a look at what we do together"),
    VISIT: lambda _enterprise: visit_question(),
    SEMINAR: _of_event,
    AGREEMENT: lambda _agreement: _("here is our agreement, please read it and say what should change"),
    SIGN: lambda _request: _("our agreement is ready, please read and sign it"),
    ASK: lambda ask: _in_one_line(ask.text),
    NEED: lambda _enterprise: _("whom or what are you looking for? Write it here, we look for you"),
    OBLIGATION: lambda obligation: promised(obligation, timezone.localdate()),
    ENDING: end_question,
}

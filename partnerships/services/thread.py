"""Messages between the two sides: written in the portal, by an officer, through a link, or on behalf of the other."""

import uuid

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Message, is_member
from partnerships.services.links import REMINDED
from partnerships.services.proxies import make_proxy_entry
from partnerships.services.touchpoints import lock_enterprises, write_last_contact
from partnerships.workflow import keeps_this_partner
from records import links
from records.files import ATTACHMENTS, Rejected, store_file
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused
from reminders.services import mark_link
from reminders.workflow import DeliveryState

MAX_FILES = 9
#: So much of a message stands in its Event: the timeline shows it without asking for the message.
EXCERPT = 160


def write_message(
    enterprise,
    *,
    body,
    by=None,
    via=None,
    author_name="",
    answers=None,
    files=(),
    on_behalf=None,
    form_key=None,
    now=None,
):
    """Write one message and return it; the same `form_key` twice returns the first.

    `by` is a member of the enterprise or an officer who keeps the partner; without one, `via` is an open link and
    `author_name` the name given there. `on_behalf` (source, said_by, said_at) makes an officer's message one of the
    enterprise, dated when it was said, to be checked there. `answers` is the message of the other side that was
    answered; without it, the latest one that waited. Writes "message.written" for both sides and refreshes the last
    contact where a message, or the reminder that carried the link, was answered; sends nothing.

    Raises NotAllowed or Refused with a sentence, Rejected for a file that is not taken, ValidationError for no text.
    """
    now = now or timezone.now()
    if form_key and (first := _sent_before(enterprise, form_key)):
        return first
    _check(enterprise, by, via, author_name, on_behalf, now)
    body = body.replace("\r\n", "\n").strip()
    if not body:
        raise ValidationError({"body": _("Write something first.")})
    if len(files) > MAX_FILES:
        raise Rejected(_("At most %(count)d files go with one message.") % {"count": MAX_FILES})
    side = Side.SCHOOL if by is not None and by.is_school and not on_behalf else Side.ENTERPRISE
    if answers is not None and (answers.enterprise_id != enterprise.pk or answers.side == side):
        raise Refused(_("This question belongs to another thread."))
    message = Message(
        form_key=form_key or uuid.uuid4(),
        enterprise=enterprise,
        side=side,
        body=body,
        author=by,
        author_name="" if by else author_name.strip(),
        via=via,
        answers=answers,
        written_at=on_behalf["said_at"] if on_behalf else now,
    )
    try:
        with transaction.atomic():
            return _write(message, files, on_behalf, now)
    except IntegrityError:
        if first := _sent_before(enterprise, message.form_key):
            return first  # the same form, sent twice at once
        raise


def _check(enterprise, by, via, author_name, on_behalf, now):
    if by is None:
        if via is None or not author_name.strip():
            raise ValidationError({"name": _("Say who you are.")})
        if via.stream != enterprise.pk or not via.is_open(now):
            raise Refused(_("This link is no longer open: ask for a new one on its page."))
    elif by.is_school:
        if reason := keeps_this_partner(enterprise, by):
            raise NotAllowed(reason)
    elif on_behalf or not is_member(by, enterprise):
        raise NotAllowed(_("You do not belong to this enterprise any more."))


def _write(message, files, on_behalf, now):
    """Within the transaction: the message, its files, its Event, what it means for the link and for the contact."""
    lock_enterprises([message.enterprise])
    if on_behalf:
        message.proxy = make_proxy_entry(enterprise=message.enterprise, by=message.author, now=now, **on_behalf)
    if message.answers is None:
        waiting = waiting_for(message.side, message.enterprise).filter(written_at__lte=message.written_at)
        message.answers = waiting.order_by("-written_at", "-pk").first()
    message.save(force_insert=True)
    if message.via:
        if files:
            links.check_room(message.via, files)
        links.mark_answered(message.via, now=now)
        mark_link(message.via, DeliveryState.ANSWERED, now=now)
    for upload in files:
        store_file(upload, kinds=ATTACHMENTS, by=message.author, via=message.via, subject=message, now=now)
    _record(message, len(files))
    if message.answers_id or (message.via and message.via.purpose in REMINDED):
        write_last_contact(message.enterprise, now)
    return message


def _record(message, files):
    record(
        "message.written",
        subject=message,
        stream=message.stream,
        by=message.author,
        by_name=message.author_name,
        side=message.side,
        audience=Audience.BOTH,
        data={
            "text": message.body[:EXCERPT],
            "files": files,
            "via_link": message.via_id is not None,
            "said_by": message.proxy.said_by if message.proxy_id else "",
        },
        happened_at=message.written_at,
    )


def _sent_before(enterprise, form_key):
    first = Message.objects.filter(form_key=form_key).first()
    if first and first.enterprise_id != enterprise.pk:
        raise Refused(_("This form belongs to another thread: open the page again."))
    return first


# --- reading -----------------------------------------------------------------------------------------------------


def in_thread(enterprise):
    """The messages of a thread with everything a page shows of them."""
    return enterprise.messages.select_related("author", "via", "proxy__entered_by", "answers").prefetch_related("files")


def waiting_for(side, enterprise=None):
    """Messages that wait for an answer of `side`: no word of that side answers them or a later one.

    Without `enterprise` the messages of all partners, for whoever narrows them down.
    """
    other = Side.SCHOOL if side == Side.ENTERPRISE else Side.ENTERPRISE
    answered = Message.objects.filter(
        enterprise=OuterRef("enterprise"), side=side, answers__written_at__gte=OuterRef("written_at")
    )
    waiting = Message.objects.filter(~Exists(answered), side=other)
    return waiting if enterprise is None else waiting.filter(enterprise=enterprise)

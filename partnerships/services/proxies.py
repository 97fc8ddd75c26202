"""Entries that an officer makes on behalf of an enterprise (代办); the enterprise checks them."""

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import ProxyEntry, Touchpoint, is_member
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services.touchpoints import check_length, lock_enterprises, once, write_touchpoint
from records.files import PICTURES, store_file
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused

Source = ProxyEntry.Source
#: What a conversation that was passed on counts as.
KIND_OF = {Source.PHONE: Kind.CALL, Source.WECHAT: Kind.WECHAT, Source.ON_SITE: Kind.VISIT, Source.PAPER: Kind.MEETING}


def make_proxy_entry(enterprise, *, by, source, said_by, said_at, screenshot=None, now=None):
    """Return a ProxyEntry: `said_by` of the enterprise said it at `said_at`, `by` enters it.

    Call it inside the transaction that writes what was said (a touchpoint, a message) and put it into its `proxy`.
    Writes "proxy.entered" beside the entry; the timeline shows what was said itself. Raises NotAllowed for whoever
    does not see partners, ValidationError for a missing witness or a moment to come, Rejected for the screenshot.
    """
    now = now or timezone.now()
    if not by.sees_partners:
        raise NotAllowed(_("Only the school's liaison staff enters something on behalf of an enterprise."))
    entry = ProxyEntry(
        enterprise=enterprise, source=source, said_by=said_by, said_at=said_at, entered_by=by, entered_at=now
    )
    entry.full_clean(exclude=["enterprise", "checked_by", "checked_at"])
    with transaction.atomic():
        entry.save()
        if screenshot:
            store_file(screenshot, kinds=PICTURES, by=by, subject=entry, now=now)
        record(
            "proxy.entered",
            subject=entry,
            by=by,
            side=Side.ENTERPRISE,
            audience=Audience.BOTH,
            data={"source": source, "said_by": said_by},
            happened_at=now,
        )
    return entry


def enter_touchpoint_on_behalf(
    *, enterprise, by, source, said_by, said_at, screenshot=None, form_key=None, now=None, **said
):
    """Log what somebody of the enterprise said, as an exchange of the enterprise's side that it is asked to check.

    Returns the Touchpoint; the same `form_key` twice returns the first. `said` as in log_touchpoint, `kind` included
    where it does not follow from `source`. Raises as make_proxy_entry and log_touchpoint do.
    """
    now, form_key = now or timezone.now(), form_key or uuid.uuid4()
    said = {"kind": KIND_OF.get(source, Kind.CALL), "side": Side.ENTERPRISE, "precision": Precision.MOMENT} | said

    def enter():
        lock_enterprises([enterprise])
        entry = make_proxy_entry(
            enterprise, by=by, source=source, said_by=said_by, said_at=said_at, screenshot=screenshot, now=now
        )
        return write_touchpoint(
            enterprise=enterprise, by=by, happened_at=said_at, now=now, form_key=form_key, proxy=entry, **said
        )

    return once(Touchpoint.objects.filter(enterprise=enterprise), form_key, enter)


def confirm_proxy_entry(entry, *, by, now=None):
    """The enterprise says: it is right. Writes "proxy.confirmed".

    Raises NotAllowed for everybody but its own HR staff, Refused where it was checked before.
    """
    return _check(entry, "proxy.confirmed", by, now or timezone.now())


def correct_proxy_entry(entry, *, by, text, now=None):
    """The enterprise says how it was. The entry stays as it is, the correction is shown beside it.

    Writes "proxy.corrected". Raises as confirm_proxy_entry, ValidationError without a text.
    """
    text = text.strip()
    if not text:
        raise ValidationError(_("Write how it was: the correction is shown beside the entry."))
    return _check(entry, "proxy.corrected", by, now or timezone.now(), correction=text)


def _check(entry, kind, by, now, correction=""):
    """Mark as checked by a conditional update: of two colleagues who answer at once, one is told."""
    if not by.is_active or by.is_school or not is_member(by, entry.enterprise):
        raise NotAllowed(_("Only the enterprise itself checks what was entered on its behalf."))
    checked = {"checked_by": by, "checked_at": now, "correction": correction}
    check_length(ProxyEntry, "correction", correction)
    with transaction.atomic():
        if not ProxyEntry.objects.filter(pk=entry.pk, checked_by=None).update(**checked):
            raise Refused(_("This entry was checked before. Write a message if something is still wrong."))
        record(
            kind,
            subject=entry,
            stream=entry.stream,
            by=by,
            side=Side.ENTERPRISE,
            audience=Audience.BOTH,
            data={"correction": correction} if correction else {},
            happened_at=now,
        )
    entry.refresh_from_db()
    return entry

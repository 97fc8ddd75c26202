"""Correcting a text that is out for signature: whose signatures are asked again is shown first, then done."""

from dataclasses import dataclass

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Agreement
from partnerships.rules.agreements import BLOCKS, MANY, RESETS, SIGNED, blocks_of, sides_to_sign_again
from partnerships.services.agreements import documents
from partnerships.services.agreements.drafting import refuse_unticked, write_changes
from partnerships.services.agreements.signing import ask_sides_again, out_for_signature
from partnerships.services.agreements.writing import check_known
from partnerships.services.enterprises import Conflict
from records.models import Signature
from records.signatures import ledger
from records.templatetags.show import listed
from records.workflow import Refused


@dataclass(frozen=True)
class Touched:
    """A block that a correction changes, and who signs again because of it."""

    label: str
    fields: list
    again: list


@dataclass(frozen=True)
class Consequence:
    """What a correction leads to: per changed block whose signatures are asked again, and who had refused."""

    touched: list
    refused: list
    kept: list

    @property
    def asks_again(self):
        return bool(self.refused) or any(block.again for block in self.touched)


def would_change(agreement, changes):
    """The names of those of `changes` that really differ from the row, in the order of the page."""
    return [name for name in SIGNED if name in changes and _differs(agreement, name, changes[name])]


def _differs(agreement, name, value):
    if name in MANY:
        return {row.pk for row in value} != set(getattr(agreement, name).values_list("pk", flat=True))
    return getattr(agreement, name) != value


def consequence(agreement, changes):
    """The Consequence of `changes`, before anything is written. `agreement` is the row as it stands."""
    names = would_change(agreement, changes)
    rows = list(ledger(agreement).filter(state__in=[Signature.State.SIGNED, Signature.State.REFUSED]))
    signed = [row for row in rows if row.state == Signature.State.SIGNED]
    touched = []
    for block in blocks_of(names):
        label, fields = BLOCKS[block]
        labels = [Agreement._meta.get_field(name).verbose_name for name in fields if name in names]
        touched.append(Touched(label, labels, [row for row in signed if row.side in RESETS[block]]))
    sides = sides_to_sign_again(names)
    refused = [row for row in rows if row.state == Signature.State.REFUSED] if names else []
    return Consequence(touched, refused, [row for row in signed if row.side not in sides])


def correct_text(agreement, *, by, version, changes, reason="", now=None):
    """Correct a text that is out for signature and return it; whoever signed a part that it touches is asked again.

    `reason` is read by everybody who signs again; without one they read which parts changed. Whoever had refused is
    asked again too, and the document is made anew. Writes "agreement.changed", and "signature.reset" for each. Raises
    NotAllowed, Conflict where somebody saved since `version`, Refused once everybody has signed, and for a part that
    an amendment does not touch, ValidationError.
    """
    now, changes = now or timezone.now(), dict(changes)
    check_known(changes, SIGNED)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = out_for_signature(agreement, by)
        if locked.version != version:
            raise Conflict(locked, changes)
        if locked.is_amendment:
            refuse_unticked(locked, changes)
        names = would_change(locked, changes)
        if not names:
            return locked
        if "starts_on" in names and changes["starts_on"] is None:
            raise Refused(_("Say first from which day it counts."))
        write_changes(locked, by, now, changes)
        ask_sides_again(locked, sides_to_sign_again(names), by=by, reason=reason.strip() or _changed(names), now=now)
    documents.prepare(locked, by=by, now=now)
    return locked


def _changed(names):
    labels = [str(Agreement._meta.get_field(name).verbose_name) for name in names]
    return _("Changed: %(fields)s") % {"fields": listed(labels)}

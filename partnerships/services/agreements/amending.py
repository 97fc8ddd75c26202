"""Amendments: cloned from what counts, changed in the blocks that are ticked, and restored without a tick."""

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Agreement
from partnerships.rules.agreements import BLOCKS, INTERNAL
from partnerships.services.agreements.drafting import draft_agreement, write_changes
from partnerships.services.agreements.terms import versions_of
from partnerships.services.agreements.writing import lock_kept, text_of
from partnerships.workflow import AgreementState
from records.workflow import Refused

#: What an amendment takes over from its agreement beside the text; number and box are its own.
TAKEN_OVER = tuple(name for name in INTERNAL if name not in ("number", "copies", "archive_box"))


def why_not_start(agreement):
    """Why no amendment can be started now, or None."""
    if agreement.is_amendment:
        return _("An amendment is not amended: amend its agreement again.")
    if agreement.state != AgreementState.IN_FORCE:
        return _("Only what is in force is amended.")
    if agreement.ended_on:
        return _("It was ended for a day to come.")
    at_work = agreement.amendments.exclude(state=AgreementState.IN_FORCE)
    if at_work.exists():
        return _("Finish the amendment that is under way first.")
    return None


def start_amendment(agreement, *, by, blocks, valid_from, form_key=None, now=None):
    """Start the next amendment and return it: a draft with the whole text as it counts after the last one.

    `blocks` are the parts it will change. Writes "agreement.drafted" (school). Raises NotAllowed, Refused where one is
    under way or the agreement has ended, ValidationError for no block, an unknown one, or a day before the last
    amendment's.
    """
    with transaction.atomic():
        base = lock_kept(agreement, by)
        if form_key and (first := base.amendments.filter(form_key=form_key, created_by=by).first()):
            return first
        if reason := why_not_start(base):
            raise Refused(reason)
        versions = versions_of(base)
        check_blocks(versions, blocks, valid_from)
        nth = (base.amendments.aggregate(last=Max("nth"))["last"] or 0) + 1
        taken = {
            name: list(getattr(base, name).all()) if name in ("departments", "other_parties") else getattr(base, name)
            for name in TAKEN_OVER
        }
        return draft_agreement(
            base.enterprise, by=by, kind=base.kind, form_key=form_key, now=now, amends=base, nth=nth,
            blocks=[block for block in BLOCKS if block in blocks], valid_from=valid_from, **taken,
            **text_of(versions[-1]),
        )  # fmt: skip


def check_blocks(versions, blocks, valid_from):
    """Raise ValidationError under `blocks` or `valid_from`."""
    if not blocks:
        raise ValidationError({"blocks": _("Tick what it changes.")})
    if set(blocks) - set(BLOCKS):
        raise ValidationError({"blocks": _("Tick what it changes.")})
    if valid_from is None:
        raise ValidationError({"valid_from": _("Say from which day it counts.")})
    earliest = versions[-1].valid_from or versions[0].starts_on
    if valid_from < earliest:
        raise ValidationError({"valid_from": _("It cannot count before what it amends.")})


def predecessor(amendment):
    """What counted before: the last amendment in force with a smaller number, else the agreement itself."""
    before = Agreement.objects.filter(amends=amendment.amends_id, state=AgreementState.IN_FORCE, nth__lt=amendment.nth)
    return before.order_by("-nth").first() or amendment.amends


def tick_blocks(amendment, *, by, version, blocks, valid_from, now=None):
    """Tick and untick what a draft changes, and from which day it counts; what is unticked reads again as before.

    Writes "agreement.filed" and "agreement.changed" (school). Raises NotAllowed, Conflict, Refused once it left the
    drawer, ValidationError.
    """
    now = now or timezone.now()
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_kept(amendment, by, version, {"blocks": blocks, "valid_from": valid_from})
        if not locked.is_amendment or locked.state != AgreementState.DRAFT:
            raise Refused(_("Only the draft of an amendment is ticked anew."))
        check_blocks(versions_of(locked.amends), blocks, valid_from)
        restored = text_of(predecessor(locked))
        dropped = [block for block in locked.blocks if block not in blocks]
        fields = [field for block in dropped for field in BLOCKS[block][1]]
        changes = {field: restored[field] for field in fields}
        changes |= {"blocks": [block for block in BLOCKS if block in blocks], "valid_from": valid_from}
        return write_changes(locked, by, now, changes)

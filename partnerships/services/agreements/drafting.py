"""Drafts: made from nothing, from a preset or from another agreement; changed, filed, thrown away."""

import uuid

import pghistory
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Agreement
from partnerships.rules.agreements import BLOCK_OF, INTERNAL, SIGNED
from partnerships.services.agreements.writing import (
    LINKED,
    check,
    check_known,
    check_linked,
    lock_kept,
    save,
    set_fields,
    tell,
    tell_changes,
    text_of,
)
from partnerships.services.touchpoints import lock_enterprises, once
from partnerships.workflow import AgreementState, keeps_this_partner
from records.models import Audience
from records.workflow import NotAllowed, Refused


def draft_agreement(
    enterprise, *, by, kind, form_key=None, now=None, amends=None, nth=0, blocks=(), renews=None, **fields
):
    """Make a draft for `enterprise` and return it; the same `form_key` twice returns the first.

    `fields` are those of what is signed and what is filed. Whoever drafts it looks after it unless `owner` says
    otherwise. Writes "agreement.drafted" (school). Raises NotAllowed for whoever does not keep the partner, Refused
    for a merged one, ValidationError under the field at fault.
    """
    now, form_key = now or timezone.now(), form_key or uuid.uuid4()
    if reason := keeps_this_partner(enterprise, by):
        raise NotAllowed(reason)
    check_known(fields, (*SIGNED, *INTERNAL, "valid_from"))
    linked = {name: fields.pop(name) for name in LINKED if name in fields}

    def make():
        lock_enterprises([enterprise])
        values = {"owner": by, "department": by.department, "school_contact": by} | fields
        agreement = Agreement(
            enterprise=enterprise, kind=kind, form_key=form_key, created_by=by, created_at=now, amends=amends, nth=nth,
            blocks=list(blocks), renews=renews, **values,
        )  # fmt: skip
        check_linked(agreement, values | linked)
        check(agreement)
        agreement.save(force_insert=True)
        for name, rows in linked.items():
            getattr(agreement, name).set(rows)
        tell("agreement.drafted", agreement, by, now, audience=Audience.SCHOOL, of=amends.title if amends else "")
        return agreement

    with pghistory.context(user=by.pk):
        return once(Agreement.objects.filter(created_by=by), form_key, make)


def values_like(agreement, enterprise):
    """What a duplicate of `agreement` for `enterprise` starts with: its text without what belongs to its partner."""
    values = text_of(agreement)
    if agreement.enterprise_id != enterprise.pk:
        values |= {"sites": [], "enterprise_contact": None}
    values |= {"starts_on": None, "ends_on": None}
    return values | {"kind": agreement.kind}


def shifted_term(starts_on, ends_on, first):
    """The same length of time from `first` on: (first, last day), the last None where there was no end."""
    if not (starts_on and ends_on):
        return first, None
    months = relativedelta(ends_on + relativedelta(days=1), starts_on)
    return first, first + months - relativedelta(days=1)


def change_draft(agreement, *, by, version, changes, now=None):
    """Change a draft's text, kind or what is filed about it, and return it. `version` is the one the person saw.

    Of an amendment only the ticked blocks are open. Writes "agreement.changed" and "agreement.filed" for what really
    differs, both for the school. Raises NotAllowed, Conflict, Refused once it left the drawer and for a block that is
    not ticked, ValidationError.
    """
    now, changes = now or timezone.now(), dict(changes)
    check_known(changes, ("kind", "valid_from", *SIGNED, *INTERNAL))
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_kept(agreement, by, version, changes)
        if locked.state != AgreementState.DRAFT:
            raise Refused(_("Only a draft is changed freely: take it back, or comment on what should change."))
        if locked.is_amendment:
            refuse_unticked(locked, changes)
        return write_changes(locked, by, now, changes)


def refuse_unticked(amendment, changes):
    """Raise Refused where an amendment would change a part that it does not touch."""
    for name in changes:
        if name == "kind" or (name in BLOCK_OF and BLOCK_OF[name] not in amendment.blocks):
            label = Agreement._meta.get_field(name).verbose_name
            raise Refused(_("This amendment does not touch “%(field)s”: tick its part first.") % {"field": label})


def write_changes(locked, by, now, changes, **how):
    """Write `changes` to a locked row, take back what both sides had agreed to, and return it."""
    check_linked(locked, changes)
    differing = set_fields(locked, changes)
    if not differing:
        return locked
    if any(name in SIGNED for name in differing):
        locked.agreed_school_at = locked.agreed_enterprise_at = None
    locked.version += 1
    check(locked)
    save(locked)
    tell_changes(locked, by, now, differing, **how)
    return locked


def file_agreement(agreement, *, by, version, changes, now=None):
    """Change what is kept about it but not signed: number, copies, box, who looks after it, departments, parties.

    Open in every state; touches no agreement of the sides. Writes "agreement.filed" (school). Raises NotAllowed,
    Conflict, ValidationError for a number that another one carries.
    """
    now, changes = now or timezone.now(), dict(changes)
    check_known(changes, INTERNAL)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_kept(agreement, by, version, changes)
        number = changes.get("number")
        if number and Agreement.objects.filter(number=number).exclude(pk=locked.pk).exists():
            raise ValidationError({"number": _("Another agreement already carries this number.")})
        return write_changes(locked, by, now, changes)


def delete_draft(agreement, *, by, now=None):
    """Throw a draft away, with the comments on it. Writes "agreement.deleted" (school).

    Raises NotAllowed, Refused for what is no draft and where something else hangs on it.
    """
    now = now or timezone.now()
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_kept(agreement, by)
        if locked.state != AgreementState.DRAFT:
            raise Refused(_("Only a draft can be deleted: take it back first."))
        tell("agreement.deleted", locked, by, now, audience=Audience.SCHOOL)
        locked.comments.all().delete()
        try:
            locked.delete()
        except ProtectedError:
            raise Refused(_("Something is filed with it: it stays.")) from None

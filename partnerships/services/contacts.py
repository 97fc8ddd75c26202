"""Every write to the people of an enterprise that the school makes; accounts and invitations are services.seats."""

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Contact
from partnerships.services.enterprises import apply_changes, lock_for_change, record_changes
from partnerships.services.seats import leave
from records.models import Audience
from records.services import record
from records.workflow import Refused

FIELDS = (
    "name", "honorific", "position", "phones", "same_wechat", "email", "language", "site", "arranges_interns",
    "keeps_pay", "mentors", "signs", "note",
)  # fmt: skip


def add_contact(enterprise, *, by, form_key=None, now=None, **fields):
    """Add a person to an enterprise and return the Contact; the same `form_key` twice returns the first.

    `fields` are those of FIELDS. Writes "contact.added". Raises NotAllowed, Refused, ValidationError.
    """
    _check_known(fields)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_for_change(enterprise, by)  # a second submit waits here, then finds the first
        if form_key and (first := Contact.objects.filter(form_key=form_key).first()):
            return first
        return _add(locked, by, now, fields | ({"form_key": form_key} if form_key else {}))


def _add(enterprise, by, now, fields):
    contact = Contact(enterprise=enterprise, **fields)
    _check_site(contact)
    contact.full_clean()
    contact.save()
    record("contact.added", subject=contact, stream=enterprise.pk, by=by, data={"name": contact.name}, happened_at=now)
    return contact


def change_contact(contact, *, by, version, changes, now=None):
    """Write `changes` (field → value, of FIELDS). Writes "contact.changed" with both values of what differs.

    Raises NotAllowed, Refused, Conflict where somebody else saved in between, ValidationError.
    """
    _check_known(changes)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = _lock(contact, by)
        if differing := apply_changes(locked, version, changes):
            _check_site(locked)
            locked.full_clean()
            locked.save()
            stream = locked.enterprise_id
            record_changes("contact.changed", locked, by, differing, stream=stream, now=now, name=locked.name)
    return locked


def mark_left(
    contact, *, by, left_on, successor=None, newcomer=None, keeper=None, without_keeper=False, signatures=None, now=None
):  # fmt: skip
    """Say that a person left: their access ends, what they held goes over (services.leaving); writes "contact.left".

    `successor` takes over, or `newcomer` (fields of a new contact), or nobody yet; of the requests to sign that wait
    for the person those of `signatures` (None: all), the others stay open. A keeper hands that role to
    `keeper`, by default the successor, who needs an account; or the school accepts by `without_keeper` that there is
    none for now: never silently. Raises NotAllowed, Refused, ValidationError.
    """
    now = now or timezone.now()
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = _lock(contact, by)
        if locked.left_on:
            return locked
        if locked.is_keeper and not (keeper or successor) and not without_keeper:
            sentence = _("%(name)s is the keeper: name a successor, or say that there is none for now.")
            raise Refused(sentence % {"name": locked})
        if newcomer is not None:
            successor = _add(locked.enterprise, by, now, newcomer)
        keeper = None if without_keeper else keeper or successor
        leave(
            locked, by=by, left_on=left_on, successor=successor, keeper=keeper, signatures=signatures, now=now
        )  # fmt: skip
    return locked


def bring_back(contact, *, by, now=None):
    """Say that a person works there again; writes "contact.returned".

    Without access: whoever comes back is invited anew. Raises NotAllowed, Refused.
    """
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = _lock(contact, by)
        if locked.left_on is None:
            return locked
        locked.left_on, locked.user, locked.invitation = None, None, None
        locked.version += 1
        locked.save(update_fields=["left_on", "user", "invitation", "version"])
        record(
            "contact.returned",
            subject=locked,
            stream=locked.enterprise_id,
            by=by,
            audience=Audience.BOTH,
            data={"name": locked.name},
            happened_at=now,
        )
    return locked


def _check_known(fields):
    if unknown := set(fields) - set(FIELDS):
        raise TypeError(f"not a field of a contact: {', '.join(sorted(unknown))}")


def _lock(contact, by):
    """Lock the enterprise, then the person: always in this order, so that no two writers wait for each other."""
    enterprise = lock_for_change(contact.enterprise, by)
    locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
    locked.enterprise = enterprise
    return locked


def _check_site(contact):
    if contact.site and contact.site.enterprise_id != contact.enterprise_id:
        raise Refused(_("This site belongs to another enterprise."))

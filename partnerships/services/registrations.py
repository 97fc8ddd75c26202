"""Enterprises that present themselves, and what the school decides about them."""

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Enterprise, Registration
from partnerships.services.contacts import add_contact
from partnerships.services.enterprises import create_enterprise
from partnerships.workflow import REGISTRATION, RegistrationState
from records.models import Side
from records.services import record
from records.workflow import NotAllowed, Refused


def register_enterprise(*, name, uscc, contact_name, phone, email="", wishes, language, form_key, now=None):
    """Put an enterprise's own presentation into the queue and return it; the same `form_key` twice returns the first.

    Nobody outside learns whether the enterprise is known already, and nothing of the school becomes visible.
    """
    fields = {
        "name": name, "uscc": uscc, "contact_name": contact_name, "phone": phone, "email": email, "wishes": wishes,
        "language": language, "received_at": now or timezone.now(),
    }  # fmt: skip
    registration, _created = Registration.objects.get_or_create(form_key=form_key, defaults=fields)
    return registration


def accept_registration(registration, *, by, enterprise=None, now=None):
    """Make a prospect of a registration, or add its person to `enterprise`, which is known already; return it.

    Writes "enterprise.registered" with what the enterprise wished. Of two people who decide at once one wins.
    Raises NotAllowed, Refused where it is decided already or the code is on record under another row.
    """
    now = now or timezone.now()
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = _lock(registration, "accept", by)
        if enterprise is None:
            if Enterprise.objects.filter(uscc=locked.uscc).exists():
                raise Refused(_("This code is on record already: add the person to that enterprise instead."))
            enterprise = create_enterprise(by=by, name=locked.name, uscc=locked.uscc, now=now)
        add_contact(
            enterprise, by=by, now=now, name=locked.contact_name, phones=[locked.phone], email=locked.email,
            language=locked.language,
        )  # fmt: skip
        _decide(locked, RegistrationState.ACCEPTED, by, now, enterprise=enterprise)
        record(
            "enterprise.registered", subject=locked, stream=enterprise.pk, by=None, by_name=locked.contact_name,
            side=Side.ENTERPRISE, data={"wishes": locked.wishes, "text": locked.wishes},
            happened_at=locked.received_at,
        )  # fmt: skip
    return enterprise


def refuse_registration(registration, *, by, reason, now=None):
    """Close a registration with a reason, kept for the school. Raises NotAllowed, Refused."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(registration, "refuse", by)
        if not reason.strip():
            raise Refused(_("Say why in a sentence: it is kept with the step."))
        _decide(locked, RegistrationState.REFUSED, by, now, reason=reason.strip())
        record("registration.refused", subject=locked, by=by, data={"reason": reason.strip()}, happened_at=now)
    return locked


def _lock(registration, name, by):
    """Decision and its facts are one row under one CHECK, so the state is written here and not by move()."""
    locked = Registration.objects.select_for_update(of=("self",), no_key=True).get(pk=registration.pk)
    not_allowed, reason = REGISTRATION.refusal(locked, REGISTRATION.by_name[name], by)
    if reason:
        raise (NotAllowed if not_allowed else Refused)(reason)
    return locked


def _decide(registration, state, by, now, *, enterprise=None, reason=""):
    registration.state, registration.decided_by, registration.decided_at = state, by, now
    registration.enterprise, registration.reason = enterprise, reason
    registration.save(update_fields=["state", "decided_by", "decided_at", "enterprise", "reason"])

"""How an agreement ends: early and for a reason, or continued by a renewal."""

from datetime import timedelta

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.rules.agreements import INTERNAL, OPEN_END
from partnerships.services.agreements.drafting import draft_agreement, shifted_term
from partnerships.services.agreements.signing import call_off
from partnerships.services.agreements.terms import effective_version, follow, refresh_term
from partnerships.services.agreements.writing import AT_WORK, check_known, lock, lock_kept, save, tell, text_of
from partnerships.workflow import AGREEMENT, AgreementState, is_lead
from records.files import ATTACHMENTS, store_file
from records.workflow import NotAllowed, Refused, move


def terminate_agreement(agreement, *, by, day, reason, documents=(), now=None):
    """End an agreement early: `day` is its last. Return it.

    A day that has come ends it at once, a later one when it has passed (services.agreements.terms.run_clock). An
    amendment under way goes back into the drawer. Writes "agreement.terminate" or "agreement.notice_given", which both
    sides read. Raises NotAllowed for whoever is no lead, Refused for what is not in force, ValidationError, Rejected.
    """
    now, reason = now or timezone.now(), reason.strip()
    today = timezone.localdate(now)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock(agreement)
        if refused := is_lead(locked, by):
            raise NotAllowed(refused)
        not_allowed, why = AGREEMENT.refusal(locked, AGREEMENT.by_name["terminate"], by)
        if why:
            raise (NotAllowed if not_allowed else Refused)(why)
        _check_end(locked, day, reason)
        for upload in documents:
            store_file(upload, kinds=ATTACHMENTS, by=by, subject=locked, now=now)
        locked.ended_on, locked.end_reason = day, reason
        locked.version += 1
        save(locked, update_fields=["ended_on", "end_reason", "version"])
        refresh_term(locked, today)
        follow(locked, today, by, now)
        _take_back_amendments(locked, by, reason, now)
        data = {"name": locked.title, "nth": 0, "reason": reason, "day": f"{day}"}
        if day <= today:
            move(locked, AGREEMENT, "terminate", by=by, note=reason, now=now, data=data)
        else:
            tell("agreement.notice_given", locked, by, now, reason=reason, day=f"{day}")
    return locked


def _check_end(agreement, day, reason):
    if not reason:
        raise ValidationError({"reason": _("Say why: both sides read it.")})
    if len(reason) > 300:
        raise ValidationError({"reason": _("Say it in 300 characters.")})
    if day < agreement.effective_from:
        raise ValidationError({"day": _("It did not count yet on that day.")})
    if day > agreement.effective_until and not agreement.renewing:
        raise ValidationError({"day": _("By then it has ended by itself.")})


def _take_back_amendments(agreement, by, reason, now):
    for amendment in agreement.amendments.filter(state__in=AT_WORK).exclude(state=AgreementState.DRAFT):
        data = {"name": amendment.title, "nth": amendment.nth}
        move(amendment, AGREEMENT, "take_back", by=by, note=reason, now=now, data=data)
        call_off(amendment, by=by, reason=reason, now=now)


def why_not_renew(agreement):
    """Why no renewal can be started now, or None."""
    if agreement.is_amendment:
        return _("An amendment ends with its agreement.")
    if agreement.state not in (AgreementState.IN_FORCE, AgreementState.EXPIRED):
        return _("Only what is in force or has expired is renewed.")
    if agreement.effective_until == OPEN_END:
        return _("It has no end: nothing needs to be renewed.")
    if agreement.renewals.exclude(state=AgreementState.TERMINATED).exists():
        return _("Its renewal is under way already.")
    return None


def start_renewal(agreement, *, by, form_key=None, now=None):
    """Draft the agreement that continues this one and return it: the text as it counts at the end, sites and parties
    kept, beginning the day after, for as long again.

    Writes "agreement.drafted" (school). Raises NotAllowed, Refused where a renewal is under way.
    """
    with transaction.atomic():
        former = lock_kept(agreement, by)
        if form_key and (first := former.renewals.filter(form_key=form_key, created_by=by).first()):
            return first
        if reason := why_not_renew(former):
            raise Refused(reason)
        last = effective_version(former, former.effective_until)
        text = text_of(last)
        first_day = former.effective_until + timedelta(days=1)
        text["starts_on"], text["ends_on"] = shifted_term(last.starts_on, last.ends_on, first_day)
        kept = {name: getattr(former, name) for name in ("owner", "department")}
        kept |= {name: list(getattr(former, name).all()) for name in ("departments", "other_parties")}
        check_known(kept, INTERNAL)
        return draft_agreement(
            former.enterprise, by=by, kind=former.kind, form_key=form_key, now=now, renews=former, **kept, **text
        )

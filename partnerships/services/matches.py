"""What is decided about a suggestion: accepted or declined with a reason, remembered, and taken back."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Ask, Match, Offer
from partnerships.services import offers
from partnerships.services.needs import lock as lock_need
from partnerships.services.touchpoints import lock_enterprises
from partnerships.workflow import NEED, NeedState, keeps_this_partner, looks_after_this_need
from records.models import Audience
from records.services import record
from records.workflow import NotAllowed, Refused, move

ACCEPTED, DECLINED = Match.Verdict.ACCEPTED, Match.Verdict.DECLINED


def why_not_decide(by, *, need=None, offer=None, enterprise=None):
    """Whoever looks after one of the two: the need, the offer's department, or the partner."""
    reasons = []
    if need is not None:
        reasons.append(looks_after_this_need(need, by) if by.is_school else _("Only the school decides this."))
    if offer is not None:
        reasons.append(offers.why_not_offer(offer.department, by))
    if enterprise is not None:
        reasons.append(keeps_this_partner(enterprise, by))
    return None if None in reasons else reasons[0]


def decide(verdict, *, by, need=None, offer=None, enterprise=None, reason="", number=None, now=None):
    """Accept or decline a suggestion and return the Match: an offer for a need, a partner for a wish or an offer.

    Declining needs a `reason`; the suggestion is not made again. Accepting an offer for a need of an enterprise gives
    away `number` of its capacity (that of the need, where none is said) and marks the need as matched, which the
    enterprise reads. Writes "match.accepted" or "match.declined" for the school.
    Raises NotAllowed, Refused where it was decided before, is over, or too little is left, ValidationError.
    """
    now, reason = now or timezone.now(), reason.strip()
    if why_not := why_not_decide(by, need=need, offer=offer, enterprise=enterprise):
        raise NotAllowed(why_not)
    if verdict == DECLINED and not reason:
        raise ValidationError({"reason": _("Say why it does not suit.")})
    try:
        with transaction.atomic():
            need, offer = _locked(need, offer, enterprise)
            if verdict == ACCEPTED:
                number = number or (need.number if need is not None else None)
                _accept(need, offer, by, number, now)
            match = Match(
                need=need, offer=offer, enterprise=enterprise, verdict=verdict, reason=reason[:300],
                number=number if verdict == ACCEPTED else None, decided_by=by, decided_at=now,
            )  # fmt: skip
            match.full_clean(exclude=["need", "offer", "enterprise"], validate_constraints=False)
            match.save()
            _record(f"match.{verdict}", match, by, now)
    except IntegrityError:
        raise Refused(_("This was decided already: load the page again.")) from None
    return match


def reconsider(match, *, by, now=None):
    """Take a decision back: the suggestion stands on the list again. Writes "match.reconsidered".

    Raises NotAllowed, Refused for an accepted one whose request to the partner stands.
    """
    now = now or timezone.now()
    with transaction.atomic():
        need = lock_need(match.need) if match.need_id else None  # before the decision, as who decides does
        found = Match.objects.select_for_update(of=("self",), no_key=True).filter(pk=match.pk).first()
        if found is None:
            return  # the same button, pressed twice
        if why_not := why_not_decide(by, need=need, offer=found.offer, enterprise=found.enterprise):
            raise NotAllowed(why_not)
        if found.asks.exists():
            raise Refused(_("The partner was asked already: withdraw the request instead."))
        _record("match.reconsidered", found, by, now)
        found.delete()
        if need is not None and need.enterprise_id:
            _open_again(need, by, now)


def _locked(need, offer, enterprise):
    """Each of the two locked, the need first; partners in between as everywhere."""
    if enterprise is not None:
        lock_enterprises([enterprise])
    if need is not None:
        need = lock_need(need)
        if need.state not in (NeedState.OPEN, NeedState.MATCHED):
            raise Refused(_("It is not open any more."))
    if offer is not None:
        rows = Offer.objects.select_for_update(of=("self",), no_key=True)
        offer = rows.select_related("department").get(pk=offer.pk)
    return need, offer


def _accept(need, offer, by, number, now):
    if offer is not None:
        offers.take(offer, number, timezone.localdate(now))
    if need is not None and need.state == NeedState.OPEN and need.enterprise_id:
        data = {"name": need.title, "offer": offer.title if offer else ""}
        move(need, NEED, "match", by=by, now=now, data=data)


def _open_again(need, by, now):
    """With its last accepted offer taken back, and its day still ahead, it is open again."""
    stands = need.matches.filter(verdict=ACCEPTED).exists()
    if need.state == NeedState.MATCHED and not stands and need.until_on >= timezone.localdate(now):
        move(need, NEED, "reopen", by=by, now=now, data={"name": need.title})


def _record(kind, match, by, now):
    about = match.need or match.offer
    other = match.enterprise or match.offer
    data = {"name": about.title, "other": str(other), "reason": match.reason}
    record(
        kind, subject=about, stream=match.stream, by=by, audience=Audience.SCHOOL, data=data, happened_at=now,
    )  # fmt: skip


def move_matches(survivor, other):
    """Re-point needs, requests and decisions of a merged row; where both were decided about, the survivor's stands."""
    other.needs.update(enterprise=survivor)
    other.asks.update(enterprise=survivor)
    for pair in ("need", "offer"):
        stands = Match.objects.filter(enterprise=survivor, **{f"{pair}__isnull": False}).values(pair)
        double = Match.objects.filter(enterprise=other, **{f"{pair}__in": stands})
        Ask.objects.filter(match__in=double).update(match=None)
        double.delete()
    other.matches.update(enterprise=survivor)

"""One change to several partners: each by the service that changes one, and those that may not be changed are named."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Department, User
from partnerships.models import BulkChange, Enterprise
from partnerships.models.bulk import BulkAction
from partnerships.services.cadence import set_cadence, switch_messages, why_no_rhythm
from partnerships.services.enterprises import change_enterprise
from partnerships.services.succession import hand_over
from partnerships.services.touchpoints import once
from partnerships.workflow import is_not_merged, keeps_this_partner
from records.workflow import Refused

#: So many partners at most: four pages of the list.
MOST = 200
DONE, SAME, REFUSED = "done", "same", "refused"


def why_not(enterprise, action, by):
    """Why `action` cannot be done to this partner by this person; None: it can."""
    if reason := keeps_this_partner(enterprise, by) or is_not_merged(enterprise, by):
        return reason
    if action in (BulkAction.CADENCE, BulkAction.MESSAGES_ON, BulkAction.MESSAGES_OFF):
        return why_no_rhythm(enterprise)
    return None


def change_many(*, by, action, value, versions, form_key, now=None):
    """Do `action` with `value` to each partner in `versions` (id → the version the person saw); return the BulkChange.

    One transaction, the rows locked by id, each behind a savepoint: a partner that may not be changed, or was changed
    by somebody else meanwhile, is named with the reason and the others are done. The same form twice returns the first.
    `value`: HAND_OVER owner and lead_department (ids; a key that is missing stays as it is), TIER tier, CADENCE
    cadence_days or None. Raises Refused for the form of somebody else.
    """
    now = now or timezone.now()

    def change():
        bulk = BulkChange.objects.create(form_key=form_key, by=by, action=action, value=value, made_at=now)
        seen = Enterprise.objects.visible_to(by).filter(pk__in=list(versions)[:MOST]).order_by("pk")
        rows = seen.select_for_update(of=("self",), no_key=True)
        bulk.outcomes = [_outcome(row, by, action, value, versions[row.pk], now) for row in rows]
        bulk.save(update_fields=["outcomes"])
        return bulk

    return once(BulkChange.objects.filter(by=by), form_key, change)


def _outcome(enterprise, by, action, value, version, now):
    try:
        with transaction.atomic():
            changed = CHANGES[action](enterprise, value, by=by, version=version, now=now)
    except Refused as refused:
        return {"enterprise": enterprise.pk, "outcome": REFUSED, "reason": str(refused.reason)}
    except ValidationError as error:
        return {"enterprise": enterprise.pk, "outcome": REFUSED, "reason": " ".join(error.messages)}
    return {"enterprise": enterprise.pk, "outcome": DONE if changed.version != version else SAME}


def _hand_over(enterprise, value, **how):
    owner = User.objects.get(pk=value["owner"]) if "owner" in value else enterprise.owner
    department = enterprise.lead_department
    if "lead_department" in value:
        department = Department.objects.get(pk=value["lead_department"])
    return hand_over(enterprise, owner=owner, lead_department=department, **how)


CHANGES = {
    BulkAction.HAND_OVER: _hand_over,
    BulkAction.TIER: lambda row, value, **how: change_enterprise(row, changes={"tier": value["tier"]}, **how),
    BulkAction.CADENCE: lambda row, value, **how: set_cadence(row, cadence_days=value["cadence_days"], **how),
    BulkAction.MESSAGES_ON: lambda row, value, **how: switch_messages(row, on=True, **how),
    BulkAction.MESSAGES_OFF: lambda row, value, **how: switch_messages(row, on=False, **how),
}

"""What a department can do for enterprises: written, changed, and taken off the list."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Match, Offer
from partnerships.services.enterprises import Conflict, shown
from partnerships.services.touchpoints import check_length, once
from records.services import record
from records.workflow import NotAllowed, Refused

FIELDS = (
    "kind", "title", "title_en", "text", "text_en", "specialties", "level", "capacity", "place", "owner", "is_shown",
)  # fmt: skip


def why_not_offer(department, by):
    """Colleagues of the department; leads and administrators for every one."""
    if by.sees_everything or (by.sees_partners and department is not None and by.department_id == department.pk):
        return None
    return _("This belongs to another department.")


def make_offer(department, *, by, form_key, now=None, **fields):
    """Put something on the list of `department` and return the Offer; the same `form_key` twice returns the first.

    Writes "offer.made". Raises NotAllowed, ValidationError.
    """
    now = now or timezone.now()
    if reason := why_not_offer(department, by):
        raise NotAllowed(reason)

    def write():
        specialties = fields.pop("specialties", ())
        offer = Offer(department=department, form_key=form_key, created_at=now, **fields)
        _check(offer)
        offer.save(force_insert=True)
        offer.specialties.set(specialties)
        record("offer.made", subject=offer, by=by, data={"name": offer.title}, happened_at=now)
        return offer

    return once(Offer.objects.filter(department=department), form_key, write)


def change_offer(offer, *, by, version, changes, now=None):
    """Change FIELDS and return it. Writes "offer.changed".

    Raises NotAllowed, Conflict where somebody else saved first, ValidationError; also for less than is given away.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock(offer, by)
        if version != locked.version:
            raise Conflict(locked, changes)
        changes, before = dict(changes), {field: shown(locked, field) for field in changes}
        specialties = changes.pop("specialties", None)
        for field, value in changes.items():
            setattr(locked, field, value)
        _check(locked)
        taken = taken_of(locked, timezone.localdate(now))
        if locked.capacity is not None and locked.capacity < taken:
            raise ValidationError({"capacity": _("%(taken)s are given away this year already.") % {"taken": taken}})
        locked.version += 1
        locked.save()
        if specialties is not None:
            locked.specialties.set(specialties)
        changed = {field: [was, shown(locked, field)] for field, was in before.items()}
        data = {"name": locked.title, "changes": {k: v for k, v in changed.items() if v[0] != v[1]}}
        record("offer.changed", subject=locked, by=by, data=data, happened_at=now)
    return locked


def withdraw_offer(offer, *, by, is_back=False, now=None):
    """Take it off the list, or put it back (`is_back`); doing it twice changes nothing. Raises NotAllowed."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock(offer, by)
        if (locked.withdrawn_at is None) != is_back:
            locked.withdrawn_at = None if is_back else now
            locked.version += 1
            locked.save(update_fields=["withdrawn_at", "version"])
            kind = "offer.returned" if is_back else "offer.withdrawn"
            record(kind, subject=locked, by=by, data={"name": locked.title}, happened_at=now)
    return locked


def lock(offer, by):
    """The locked row, for somebody of its department. Raises NotAllowed."""
    rows = Offer.objects.select_for_update(of=("self",), no_key=True).select_related("department", "owner")
    locked = rows.get(pk=offer.pk)
    if reason := why_not_offer(locked.department, by):
        raise NotAllowed(reason)
    return locked


def take(offer, number, today):
    """See that `number` of it are free this year, the row being locked. Raises Refused where too little is left."""
    if offer.withdrawn_at is not None:
        raise Refused(_("This is no longer offered."))
    if offer.capacity is None or not number:
        return
    free = offer.capacity - taken_of(offer, today)
    if number > free:
        raise Refused(
            _("Only %(free)s of %(capacity)s are free this year.") % {"free": max(free, 0), "capacity": offer.capacity}
        )


def taken_of(offer, today):
    """How many of its capacity are given away this calendar year."""
    rows = Match.objects.filter(offer=offer, verdict=Match.Verdict.ACCEPTED, decided_at__year=today.year)
    return sum(number or 0 for number in rows.values_list("number", flat=True))


def _check(offer):
    offer.full_clean(exclude=["form_key", "department"], validate_unique=False)
    for name in ("text", "text_en"):
        check_length(Offer, name, getattr(offer, name))
    if not offer.owner.sees_partners:
        raise ValidationError({"owner": _("Choose somebody who reads partners.")})

"""What an enterprise or a department looks for: posted, changed, moved on, and lapsed by the clock."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Need, is_member
from partnerships.services.enterprises import Conflict, shown
from partnerships.services.links import NEED as LINK
from partnerships.services.proxies import make_proxy_entry
from partnerships.services.touchpoints import check_length, once
from partnerships.workflow import NEED, NeedState, is_not_merged, looks_after_this_need
from records import links
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused, move

#: What somebody may write about it.
FIELDS = ("kind", "title", "text", "specialties", "level", "number", "from_on", "until_on", "site")
#: Steps that are buttons; the others follow from a decision or from the clock.
STEPS = ("meet", "reopen", "withdraw")


def why_not_post(enterprise, by):
    """The enterprise's own people; of the school, on their behalf, whoever reads partners."""
    if by.sees_partners or (by.is_active and not by.is_school and is_member(by, enterprise)):
        return None
    return _("Needs are posted by the enterprise itself, or by the school's liaison staff on its behalf.")


def why_not_wish(department, by):
    """Colleagues of the department; leads and administrators for every one."""
    if by.sees_everything or (by.sees_partners and department is not None and by.department_id == department.pk):
        return None
    return _("Choose your own department.")


def post_need(enterprise, *, form_key, by=None, via=None, name="", on_behalf=None, now=None, **fields):
    """Write down what `enterprise` looks for and return the Need; the same `form_key` twice returns the first.

    `by` belongs to it; without one, `via` is an open link for this and `name` who writes. Whoever of the school writes
    gives `on_behalf` (source, said_by, said_at), which the enterprise is asked to check. `fields` are of FIELDS.
    Writes "need.posted" for both sides. Raises NotAllowed, Refused for a link that is over and a merged row,
    ValidationError for a broken rule, a last day that has passed, a site of somebody else.
    """
    now, name = now or timezone.now(), name.strip()
    if by is not None and (reason := why_not_post(enterprise, by)):
        raise NotAllowed(reason)
    if by is None:
        _check_link(enterprise, via, name, now)
    elif by.is_school and not on_behalf:
        raise ValidationError(_("Say who said it, and how."))
    if reason := is_not_merged(enterprise, by):
        raise Refused(reason)

    def write():
        proxy = make_proxy_entry(enterprise, by=by, now=now, **on_behalf) if on_behalf else None
        if via is not None:
            links.mark_answered(via, now=now)
        posted = {"posted_by": by, "posted_via": via, "posted_name": "" if by else name[:60], "proxy": proxy}
        return _write(Need(enterprise=enterprise, form_key=form_key, posted_at=now, **posted), fields, by, name, now)

    return once(Need.objects.filter(enterprise=enterprise), form_key, write)


def post_wish(department, *, by, form_key, now=None, **fields):
    """Write down what `department` looks for at enterprises; the same `form_key` twice returns the first.

    Only the school reads it. Raises NotAllowed, ValidationError.
    """
    now = now or timezone.now()
    if reason := why_not_wish(department, by):
        raise NotAllowed(reason)

    def write():
        return _write(Need(department=department, form_key=form_key, posted_by=by, posted_at=now), fields, by, "", now)

    return once(Need.objects.filter(department=department), form_key, write)


def _write(need, fields, by, name, now):
    specialties = fields.pop("specialties", ())
    for field, value in fields.items():
        setattr(need, field, value)
    _check(need, timezone.localdate(now))
    need.save(force_insert=True)
    need.specialties.set(specialties)
    side = Side.SCHOOL if need.department_id else Side.ENTERPRISE
    _record("need.posted", need, by, now, by_name=name, side=side)
    return need


def change_need(need, *, by, version, changes, now=None):
    """Change FIELDS of what is open and return it. Writes "need.changed".

    Raises NotAllowed, Refused once it is closed, Conflict where somebody else saved first, ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock(need)
        if reason := looks_after_this_need(locked, by):
            raise NotAllowed(reason)
        if locked.state not in (NeedState.OPEN, NeedState.MATCHED, NeedState.LAPSED):
            raise Refused(_("This is closed: open it again, or post a new one."))
        if version != locked.version:
            raise Conflict(locked, changes)
        changes, before = dict(changes), {field: shown(locked, field) for field in changes}
        specialties = changes.pop("specialties", None)
        for field, value in changes.items():
            setattr(locked, field, value)
        _check(locked, timezone.localdate(now))
        locked.version += 1
        locked.save()
        if specialties is not None:
            locked.specialties.set(specialties)
        touched = {field: [was, shown(locked, field)] for field, was in before.items()}
        _record("need.changed", locked, by, now, changes={k: v for k, v in touched.items() if v[0] != v[1]})
    return locked


def move_need(need, step, *, by, note="", now=None):
    """Move it by `step` of STEPS and return it. Raises NotAllowed, Refused."""
    with transaction.atomic():
        locked = lock(need)
        move(locked, NEED, step, by=by, note=note, now=now, data={"name": locked.title})
        Need.objects.filter(pk=locked.pk).update(version=locked.version + 1)
    locked.refresh_from_db()
    return locked


def lapse_needs(today, now=None):
    """Let lapse what is open and whose last day has passed; return how many. May run twice, late, or beside another."""
    lapsed = 0
    for pk in Need.objects.open().filter(until_on__lt=today).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            locked = lock(Need(pk=pk))
            if locked.state == NeedState.OPEN and locked.until_on < today:
                move(locked, NEED, "lapse", by=None, now=now, data={"name": locked.title})
                lapsed += 1
    return lapsed


def lock(need):
    """The locked row with its owner on either side. Called in a transaction."""
    rows = Need.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("enterprise", "department", "site").get(pk=need.pk)


# --- inside --------------------------------------------------------------------------------------------------------


def _check_link(enterprise, link, name, now):
    if not name:
        raise ValidationError({"name": _("Say who you are.")})
    if link is None or link.purpose != LINK or link.stream != enterprise.pk or not link.is_open(now):
        raise Refused(_("This link is no longer open: ask for a new one on its page."))


def _check(need, today):
    if need.site_id and need.site.enterprise_id != need.enterprise_id:
        raise ValidationError({"site": _("This site belongs to another enterprise.")})
    if need.until_on and need.until_on < today:
        raise ValidationError({"until_on": _("This day has passed.")})
    whence = ["form_key", "enterprise", "department", "posted_by", "posted_via", "proxy"]
    need.full_clean(exclude=whence, validate_unique=False)
    check_length(Need, "text", need.text)


def _record(kind, need, by, now, by_name="", side=None, **more):
    if side is None:
        side = Side.SCHOOL if by is not None and by.is_school else Side.ENTERPRISE
    record(
        kind, subject=need, stream=need.stream, by=by, by_name=by_name, side=side,
        audience=Audience.BOTH if need.enterprise_id else Audience.SCHOOL, data={"name": need.title, **more},
        happened_at=now,
    )  # fmt: skip

"""Every write to one enterprise: recorded, changed, moved along its lifecycle; who looks after it is succession."""

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Manager, Model
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Enterprise
from partnerships.rules import names
from partnerships.workflow import ENTERPRISE, is_not_merged, keeps_this_partner
from records.models import Side
from records.services import record
from records.workflow import NotAllowed, Refused, move

#: What a person may write; everything else is derived or moves through the lifecycle.
FIELDS = (
    "relation", "name", "name_en", "short_name", "former_names", "uscc", "ownership", "industry", "region", "address",
    "size", "headcount", "legal_representative", "strengths", "tier", "lead_department", "owner", "parent", "kinship",
    "registry", "registry_on", "is_labour_agency",
)  # fmt: skip
#: A change of one of these rewrites the keys for sorting and searching.
NAMES = ("name", "name_en", "short_name", "former_names", "uscc")


class Conflict(Refused):
    """Somebody else saved first. `rows` holds field name, label, the value now kept and the value typed here."""

    def __init__(self, current, changes):
        super().__init__(_("Somebody else changed this while you were writing."))
        self.current = current
        self.rows = [
            {
                "field": name,
                "label": current._meta.get_field(name).verbose_name,
                "theirs": shown(current, name),
                "mine": shown_value(current, name, value),
            }
            for name, value in changes.items()
        ]
        self.rows = [row for row in self.rows if row["theirs"] != row["mine"]]


# --- how values read ---------------------------------------------------------------------------------------------


def shown(obj, name):
    """The value of a field as a person reads it; plain text, fit to be kept in an Event."""
    value = getattr(obj, name)
    return shown_value(obj, name, value.all() if isinstance(value, Manager) else value)


def shown_value(obj, name, value):
    """The same for a value that the field could hold."""
    field = obj._meta.get_field(name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, Model):
        return str(value)
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        return "、".join(str(one) for one in value)
    return str(value)


# --- names and keys ----------------------------------------------------------------------------------------------


def naming(name, name_en="", short_name="", former_names=(), uscc=""):
    """Return the columns that follow from the names: sort_key, name_key, core_key, search_text and grams.

    Whoever writes a name writes these with it: this service, the import and the demonstration data.
    """
    every_name = [one for one in (name, short_name, *former_names) if one]
    return {
        "sort_key": names.sort_key(name),
        "name_key": names.name_key(name)[:200],
        "core_key": names.core_key(name)[:200],
        "search_text": names.search_text(every_name, name_en, uscc),
        "grams": names.search_grams(every_name, name_en, uscc),
    }


# --- writing -----------------------------------------------------------------------------------------------------


def create_enterprise(*, by, name, departments=(), form_key=None, now=None, **fields):
    """Record an enterprise as prospect and return it; the same `form_key` twice returns the first.

    `fields` are those of FIELDS. An officer who names no owner becomes the owner. Writes "enterprise.created".
    Raises NotAllowed for whoever does not see partners, ValidationError under the field at fault.
    """
    if not by.sees_partners:
        raise NotAllowed(_("Only the school records enterprises."))
    now = now or timezone.now()
    _check_known(fields)
    if form_key and (first := Enterprise.objects.filter(form_key=form_key).first()):
        return first
    enterprise = Enterprise(name=name, created_at=now, **fields)
    if form_key:
        enterprise.form_key = form_key
    if "owner" not in fields and not by.is_staff:
        enterprise.owner = by
    if "lead_department" not in fields:
        enterprise.lead_department = by.department
    _set_names(enterprise)
    with pghistory.context(user=by.pk), transaction.atomic():
        try:
            _save(enterprise)
        except ValidationError:
            if first := Enterprise.objects.filter(form_key=enterprise.form_key).first():
                return first  # the same form, sent twice at once
            raise
        enterprise.departments.set(departments)
        record("enterprise.created", subject=enterprise, stream=enterprise.pk, by=by, happened_at=now)
    return enterprise


def change_enterprise(enterprise, *, by, version, changes, now=None):
    """Write `changes` (field → value, of FIELDS and departments) and return the enterprise as it is now.

    `version` is the one the person saw. Writes "enterprise.changed" with the label and both values of each field that
    really differs; nothing where none does. Raises NotAllowed, Refused for a merged row, Conflict where somebody
    else saved in between, ValidationError under the field at fault.
    """
    changes = dict(changes)
    departments = changes.pop("departments", None)
    _check_known(changes)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_for_change(enterprise, by)
        typed = changes if departments is None else {**changes, "departments": departments}
        if locked.version != version:
            raise Conflict(locked, typed)
        differing = apply_changes(locked, version, changes)
        differing |= _set_departments(locked, departments)
        if not differing:
            return locked
        if any(name in NAMES for name in differing):
            _set_names(locked)
        locked.version = version + 1
        _save(locked)
        record_changes("enterprise.changed", locked, by, differing, stream=locked.pk, now=now)
    return locked


def move_enterprise(enterprise, name, *, by, note="", now=None):
    """Make one step along the lifecycle. Raises NotAllowed or Refused with the sentence to show."""
    with pghistory.context(user=by.pk):
        return move(enterprise, ENTERPRISE, name, by=by, note=note, now=now)


# --- parts shared with contacts, sites and merging ---------------------------------------------------------------


def lock_for_change(enterprise, by):
    """Lock the row and return it. Raises NotAllowed or Refused where `by` may not change this partner now."""
    locked = Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=enterprise.pk)
    return refuse_unless_changeable(locked, by)


def refuse_unless_changeable(enterprise, by):
    """Return the enterprise; pages ask before drawing. Raises NotAllowed, Refused where `by` may not change it."""
    if reason := keeps_this_partner(enterprise, by):
        raise NotAllowed(reason)
    if reason := is_not_merged(enterprise, by):
        raise Refused(reason)
    return enterprise


def record_changes(kind, obj, by, values, *, stream, now=None, **extra):
    """Append the Event of an edit: for each field its name and both values as they read, seen by the school alone."""
    record(
        kind,
        subject=obj,
        stream=stream,
        by=by,
        side=Side.SCHOOL if by.is_school else Side.ENTERPRISE,
        data={"changes": {name: list(pair) for name, pair in values.items()}, **extra},
        happened_at=now,
    )


def apply_changes(row, version, changes):
    """Set `changes` on a locked row and return {field: (before, after)} of what really differs, as it reads.

    Counts the row's version up where something differs; saves nothing. Raises Conflict where the row has moved on.
    """
    if row.version != version:
        raise Conflict(row, changes)
    differing = {}
    for name, value in changes.items():
        before, kept = shown(row, name), getattr(row, name)
        setattr(row, name, value)
        namesakes = isinstance(kept, Model) and kept != value  # two people of one name read alike
        if namesakes or before != shown(row, name):
            differing[name] = (before, shown(row, name))
    row.version += bool(differing)
    return differing


def _check_known(fields):
    if unknown := set(fields) - set(FIELDS):
        raise TypeError(f"not a field of an enterprise: {', '.join(sorted(unknown))}")


def _set_departments(enterprise, departments):
    if departments is None:
        return {}
    before = shown(enterprise, "departments")
    enterprise.departments.set(departments)
    after = shown(enterprise, "departments")
    return {"departments": (before, after)} if before != after else {}


def _set_names(enterprise):
    columns = naming(*(getattr(enterprise, name) for name in NAMES))
    for column, value in columns.items():
        setattr(enterprise, column, value)


def _save(enterprise):
    """Save, or raise ValidationError with the sentence of the rule that was broken."""
    enterprise.full_clean(exclude=["grams", "search_text"])
    try:
        with transaction.atomic():
            enterprise.save()
    except IntegrityError as error:  # somebody was quicker than full_clean
        for constraint in Enterprise._meta.constraints:
            if constraint.name in str(error):
                raise ValidationError(constraint.get_violation_error_message()) from error
        if "form_key" in str(error):
            raise ValidationError({"form_key": _("This form was already sent.")}) from error
        raise

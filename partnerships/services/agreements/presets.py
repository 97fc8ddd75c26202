"""Presets: what a new agreement starts with. Kept by leads."""

import uuid

from django.db import transaction
from django.utils import timezone

from partnerships.models import Agreement, AgreementPreset
from partnerships.rules.agreements import PRESET
from partnerships.services.agreements.writing import TEXTS, check_known
from partnerships.services.enterprises import Conflict
from partnerships.services.touchpoints import check_length, once
from partnerships.workflow import is_lead
from records.services import record
from records.workflow import NotAllowed

FIELDS = ("name", "name_en", "kind", "is_offered")


def make_preset(*, by, values, form_key=None, now=None, **fields):
    """Make a preset and return it; the same `form_key` twice returns the first. `values` by field of rules' PRESET.

    Writes "preset.made". Raises NotAllowed for whoever is no lead, ValidationError.
    """
    now, form_key = now or timezone.now(), form_key or uuid.uuid4()
    _may(by)

    def make():
        preset = AgreementPreset(form_key=form_key, created_by=by, created_at=now, **fields)
        _set(preset, values)
        preset.save(force_insert=True)
        record("preset.made", subject=preset, by=by, data={"name": preset.name}, happened_at=now)
        return preset

    return once(AgreementPreset.objects.filter(created_by=by), form_key, make)


def change_preset(preset, *, by, version, values, now=None, **fields):
    """Change a preset and return it; agreements made from it before stay as they are. Writes "preset.changed".

    Raises NotAllowed, Conflict where somebody else saved since `version`, ValidationError.
    """
    _may(by)
    with transaction.atomic():
        locked = AgreementPreset.objects.select_for_update(of=("self",), no_key=True).get(pk=preset.pk)
        if locked.version != version:
            raise Conflict(locked, fields)
        for name in FIELDS:
            setattr(locked, name, fields.get(name, getattr(locked, name)))
        _set(locked, values)
        locked.version += 1
        locked.save()
        record("preset.changed", subject=locked, by=by, data={"name": locked.name}, happened_at=now)
    return locked


def _may(by):
    if reason := is_lead(None, by):
        raise NotAllowed(reason)


def _set(preset, values):
    """Check `values` as an agreement would, and keep those that say something."""
    check_known(values, PRESET)
    said = {name: value for name, value in values.items() if value not in (None, "", False)}
    model = Agreement(kind=preset.kind, **said)
    model.clean_fields(exclude=[field.name for field in Agreement._meta.fields if field.name not in said])
    for name in TEXTS:
        check_length(Agreement, name, getattr(model, name))
    preset.values = said
    preset.full_clean(exclude=["form_key", "created_by"])


def values_of(preset):
    """What a preset fills in, as the fields of a form hold it."""
    return {name: value for name, value in preset.values.items() if name in PRESET} | {"kind": preset.kind}

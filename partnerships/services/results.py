"""The results of a year: written by the school, one enterprise at a time or many on one page."""

import uuid

import pghistory
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from partnerships.models import YearResult
from partnerships.models.result import FIGURES
from partnerships.services.enterprises import Conflict, shown
from partnerships.workflow import is_not_merged, keeps_this_partner
from records.models import Audience
from records.services import record
from records.workflow import NotAllowed, Refused


def keep_result(enterprise, *, by, kind, year, version=None, changes, form_key=None, now=None):
    """Write `changes` (of FIGURES and note) to the results of one year and return them; None for nothing to write.

    `version` is the one that was read, None where there was none: whoever else wrote meanwhile makes it a Conflict.
    Writes "result.entered" for both sides, without the note. Raises NotAllowed, Refused for a merged enterprise,
    ValidationError.
    """
    now = now or timezone.now()
    if reason := keeps_this_partner(enterprise, by):
        raise NotAllowed(reason)
    if reason := is_not_merged(enterprise, by):
        raise Refused(reason)
    with pghistory.context(user=by.pk), transaction.atomic():
        rows = YearResult.objects.select_for_update(of=("self",), no_key=True)
        row = rows.filter(enterprise=enterprise, kind=kind, year=year).first()
        if row is not None and form_key and row.form_key == form_key:
            return row
        if (row.version if row else None) != version:
            raise Conflict(row or YearResult(enterprise=enterprise, kind=kind, year=year), changes)
        row = row or YearResult(enterprise=enterprise, kind=kind, year=year, form_key=form_key or uuid.uuid4())
        return _write(row, by, now, changes)


def _write(row, by, now, changes):
    touched = {name: value for name, value in changes.items() if getattr(row, name) != value}
    if not touched:
        return row if row.pk else None
    before = {name: shown(row, name) for name in touched}
    for name, value in touched.items():
        setattr(row, name, value)
    row.entered_by, row.entered_at = by, now
    row.version += bool(row.pk)
    row.full_clean(exclude=["form_key", "enterprise", "entered_by"], validate_unique=False)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # somebody began the same year at the same moment
        row.pk = None
        current = YearResult.objects.get(enterprise=row.enterprise, kind=row.kind, year=row.year)
        raise Conflict(current, changes) from None
    figures = {name: [before[name], shown(row, name)] for name in touched if name in FIGURES}
    if figures:
        data = {"year_kind": row.kind, "year": row.year, "changes": figures}
        record(
            "result.entered", subject=row, stream=row.stream, by=by, audience=Audience.BOTH, data=data, happened_at=now
        )
    return row


def totals(rows):
    """{figure: its sum over `rows` (a queryset of one year)}, None where nobody knows any; one query."""
    return rows.order_by().aggregate(**{name: Sum(name) for name in FIGURES})


def move_results(survivor, other):
    """Re-point the years of a merged row; where both have one the survivor's figures stay and empty ones are filled."""
    own = {(row.kind, row.year): row for row in survivor.results.all()}
    for row in other.results.all():
        kept = own.get((row.kind, row.year))
        if kept is None:
            YearResult.objects.filter(pk=row.pk).update(enterprise=survivor)
            continue
        for name in (*FIGURES, "note"):
            if getattr(kept, name) in (None, ""):
                setattr(kept, name, getattr(row, name))
        kept.version += 1
        kept.save()
        row.delete()

"""Lists as files: at once where they are short, by a worker where they are long; and what is counted of the school.

The worker writes outside of a transaction, so that its progress is seen; it holds the export by a number (`attempt`)
and by signs of life. A worker that dies leaves both behind: the clock lets another begin anew, three times at most.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partnerships.services.touchpoints import once
from records.files import Rejected, keep_made, room_today
from records.models import File
from records.spreadsheets import write_xlsx, written
from records.workflow import NotAllowed, Refused, move
from reports import rhythm
from reports.models import Export, RhythmMonth
from reports.workflow import EXPORT, ExportState

log = logging.getLogger(__name__)

#: Rows that one file holds. Up to settings.EXPORT_AT_ONCE are written while the person waits.
MOST = 500_000
#: How long a file stands ready.
KEPT = timedelta(days=7)
#: Without a sign of life for this long an export has lost its worker.
LEFT_ALONE = timedelta(minutes=2)
TRIES = 3
#: Rows between two signs of life.
STEP = 500
#: Unfinished exports of one person.
AT_A_TIME = 3


class Lost(Exception):
    """Somebody else writes this export by now, or it was given up."""


# --- at once -------------------------------------------------------------------------------------------------------


def count_rows(source, queryset, most):
    """How many rows the sheet will have; counts no further than one beyond `most`."""
    return source.row_of(queryset).order_by()[: most + 1].count()


def write_at_once(source, queryset):
    """Return an open temporary file with the list, in the language that is active."""
    return written(lambda stream: write_xlsx(stream, [source.sheet(queryset)]))


def name_of_file(source, today):
    return source.file_name % {"day": today.strftime("%Y%m%d")}


# --- in the background ---------------------------------------------------------------------------------------------


def start_export(source, *, by, query, form_key, now=None):
    """Let a worker write `source` as `query` narrows it, and return the Export; the same form twice returns the first.

    Raises NotAllowed where the list is not open to `by`, Refused with three unfinished ones already.
    """
    if not source.may(by):
        raise NotAllowed(_("This list is not open to you."))
    query = source.cleaned(query, with_hidden=True).urlencode()

    def start():
        if Export.objects.unfinished().filter(owner=by).count() >= AT_A_TIME:
            raise Refused(_("Several of your exports are still being written: wait for one of them."))
        return Export.objects.create(
            list=source.name, query=query, owner=by, form_key=form_key, asked_at=now or timezone.now()
        )

    return once(Export.objects.filter(owner=by), form_key, start)


def write_next(*, now=None):
    """Write the export whose turn it is; returns whether there may be another one to write."""
    began = now or timezone.now()
    with transaction.atomic():
        export = _whose_turn(began)
        if export is None:
            return False
        if reason := _why_not(export):
            _give_up(export, reason, now=began)
            return True
        _begin(export, began)
    try:
        with translation.override(export.owner.language):
            _write(export, now)
    except Lost:
        log.warning("export %s went to another worker", export.pk)
    except Rejected:
        _give_up(export, Export.Reason.NO_ROOM)
    except Exception:
        log.exception("export %s broke off", export.pk)
        Export.objects.filter(pk=export.pk, attempt=export.attempt).update(alive_at=None)
    return True


def expire_exports(*, now=None):
    """Remove the files whose time is over; returns how many. Their bytes go with the nightly sweep."""
    now = now or timezone.now()
    over = list(Export.objects.filter(state=ExportState.READY, expires_at__lte=now))
    for export in over:
        with transaction.atomic():
            move(export, EXPORT, "expire", by=None, now=now)
            File.objects.filter(pk__in=export.files.values("pk")).delete()
    return len(over)


def queue_ahead(export):
    """How many exports are written before this one."""
    earlier = Export.objects.unfinished().filter(asked_at__lte=export.asked_at).exclude(pk=export.pk)
    return earlier.count()


def _whose_turn(now):
    """Lock what is unfinished and return the one to write; None where a worker writes already, or nothing waits."""
    unfinished = Export.objects.unfinished().select_related("owner").order_by("asked_at", "pk")
    rows = list(unfinished.select_for_update(of=("self",), no_key=True))
    writing = next((row for row in rows if row.state == ExportState.WRITING), None)
    if writing and writing.alive_at and writing.alive_at > now - LEFT_ALONE:
        return None
    return writing or next(iter(rows), None)


def _why_not(export):
    if export.attempt >= TRIES:
        return Export.Reason.BROKEN
    return None if _may_still(export) else Export.Reason.NOBODY


def _begin(export, now):
    if export.state == ExportState.WAITING:
        move(export, EXPORT, "start", by=export.owner, now=now)
    export.attempt, export.alive_at, export.rows_done, export.rows_total = export.attempt + 1, now, 0, None
    export.save(update_fields=["attempt", "alive_at", "rows_done", "rows_total"])


def _may_still(export):
    """Whether the list exists and is open to the owner now, whatever was so when it was asked for."""
    return export.source is not None and export.owner.is_active and export.source.may(export.owner)


def _write(export, now=None):
    source, data = export.source, export.source.cleaned(export.query, with_hidden=True)
    queryset, _faults = source.narrow(export.owner, data)
    total = count_rows(source, queryset, MOST)
    if total > MOST:
        _give_up(export, Export.Reason.TOO_LONG)
        return
    if room_today(by=export.owner, now=timezone.now()) <= 0:
        raise Rejected("")
    _sign_of_life(export, rows_total=total)
    title, heads, rows = source.sheet(queryset)
    with written(lambda stream: write_xlsx(stream, [(title, heads, _counted(export, rows))])) as stream:
        _finish(export, stream, now or timezone.now())


def _counted(export, rows):
    """The rows, with a sign of life every few: the page that waits reads it."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % STEP == 0:
            _sign_of_life(export, rows_done=number)


def _sign_of_life(export, *, rows_done=0, **values):
    """Say that this worker lives and how far it is. Raises Lost where the export is not its own any more.

    Rows that came after the count are written too: the count then follows, so that nobody reads 5,001 of 5,000.
    """
    held = Export.objects.filter(pk=export.pk, state=ExportState.WRITING, attempt=export.attempt)
    if export.rows_total is not None and rows_done > export.rows_total:
        values["rows_total"] = export.rows_total = rows_done
    if not held.update(alive_at=timezone.now(), rows_done=rows_done, **values):
        raise Lost
    export.rows_done = rows_done
    export.rows_total = values.get("rows_total", export.rows_total)


def _finish(export, stream, now):
    """Keep the file and move to "ready". Raises Lost, and Rejected where the owner's quota is used up."""
    with transaction.atomic():
        locked = Export.objects.select_related("owner").select_for_update(of=("self",), no_key=True).get(pk=export.pk)
        if locked.state != ExportState.WRITING or locked.attempt != export.attempt:
            raise Lost
        if not _may_still(locked):
            _give_up(locked, Export.Reason.NOBODY, now=now)
            return
        name = name_of_file(locked.source, timezone.localdate(locked.asked_at))
        keep_made(stream, name=name, by=locked.owner, subject=locked, now=now)
        Export.objects.filter(pk=locked.pk).update(
            finished_at=now, expires_at=now + KEPT, rows_done=F("rows_total"), alive_at=None
        )
        move(locked, EXPORT, "finish", by=locked.owner, now=now)


def _give_up(export, reason, *, now=None):
    """Move to "could not be written" with the reason to show, where no other worker has taken it over."""
    now = now or timezone.now()
    with transaction.atomic():
        held = Export.objects.unfinished().filter(pk=export.pk, attempt=export.attempt)
        if held.update(reason=reason, finished_at=now, alive_at=None):
            move(export, EXPORT, "fail", by=None, now=now)


# --- the rhythm of the whole school -----------------------------------------------------------------------------------


def count_rhythm(*, now=None):
    """Count anew each month of the whole school that is over, and forget what lies further back.

    Each hour all of them from the rows: so what was logged late, corrected or merged is counted within the hour, and
    there is no sum that could drift from its rows. Any number of times, also at once.
    """
    now = now or timezone.now()
    months = rhythm.months_of(rhythm.partners_of_everybody(), timezone.localdate(now))[:-1]
    rows = [
        RhythmMonth(
            month=one.first_day, contacts=one.contacts, answers=one.answers, within=one.within, partners=one.partners,
            counted_at=now,
        )
        for one in months
    ]  # fmt: skip
    figures = ["contacts", "answers", "within", "partners", "counted_at"]
    with transaction.atomic():
        RhythmMonth.objects.filter(month__lt=months[0].first_day).delete()
        RhythmMonth.objects.bulk_create(rows, update_conflicts=True, unique_fields=["month"], update_fields=figures)

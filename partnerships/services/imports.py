"""Taking a list in, of partners or of visits: upload, read, apply, give back what could not be applied.

Nothing reaches the partners before apply, and apply is one transaction: all good rows or none. A worker that dies in
between leaves the import waiting; `pick_up_imports` starts it again.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from accounts.models import PARTNER_ROLES, Department, User
from partnerships.imports.kinds import kind_of
from partnerships.imports.plan import FAULTY, Draft, Known, called, plan
from partnerships.imports.problems import LOST, NOBODY
from partnerships.imports.rows import PartnerRow, few_collections, read_partner_rows
from partnerships.imports.visit_rows import VisitRow, read_visit_rows
from partnerships.models import Contact, Enterprise, Import, ImportRow, Touchpoint
from partnerships.rules.names import name_key
from partnerships.services import visit_imports
from partnerships.services.enterprises import naming
from partnerships.services.touchpoints import once, refresh_last_contacts
from partnerships.workflow import IMPORT, ImportState
from policies import rules as tables
from policies.models import Region
from policies.services import gazetteer, trades
from records.files import LISTS, open_file, store_file
from records.models import Audience, File
from records.services import record, record_many
from records.sheets import UnreadableSheet, read_workbook
from records.workflow import move

log = logging.getLogger(__name__)

#: How often apply starts over when somebody recorded the same enterprise in the same second.
TRIES = 3
BATCH = 1_000
#: An import that waits longer than this lost its worker.
LEFT_ALONE = timedelta(minutes=2)
#: Values of a draft that are keys of other rows.
FOREIGN = {"industry", "region", "lead_department", "owner"}


def upload_import(*, by, upload, form_key, kind=Import.Kind.UNKNOWN, now=None):
    """Keep the file and return its Import, still unread. The same form sent twice returns the first.

    `kind` is an Import.Kind; where it is UNKNOWN the heads of the list say it when it is read.

    Raises records.files.Rejected where the file is no list, Refused for the form of somebody else.
    """
    now = now or timezone.now()

    def keep():
        batch = Import.objects.create(
            form_key=form_key, kind=kind, name=upload.name[:200], uploaded_by=by, uploaded_at=now
        )
        store_file(upload, kinds=LISTS, by=by, subject=batch, now=now)
        record("import.uploaded", subject=batch, by=by, data={"name": batch.name}, happened_at=now)
        return batch

    return once(Import.objects.filter(uploaded_by=by), form_key, keep)


def read_import(batch, *, now=None):
    """Read the file and keep every row with its verdict; moves to "to check", or to "could not be read" with why.

    Without its bytes, or without a person who may change partners, a list is not read either.
    """
    with transaction.atomic():
        batch = (
            Import.objects.select_for_update(of=("self",), no_key=True).select_related("uploaded_by").get(pk=batch.pk)
        )
        if batch.state != ImportState.UPLOADED:
            return batch
        if not batch.uploaded_by.sees_partners:
            return _give_up(batch, NOBODY, now=now)
        try:
            with open_file(batch.files.get()) as file:
                book = read_workbook(file.read(), batch.name)
        except UnreadableSheet as error:
            return _give_up(batch, error.code, error.params, by=batch.uploaded_by, now=now)
        except (Http404, File.DoesNotExist):
            return _give_up(batch, LOST, now=now)
        batch.kind = batch.kind or kind_of(book)
        kind = KINDS[batch.kind]
        listed = kind.read(book, batch.name)
        batch.remarks = [
            {"sheet": sheet.name, "rows": sheet.rows, "notes": [note.as_json() for note in sheet.notes]}
            for sheet in listed.sheets
        ]
        batch.save(update_fields=["kind", "remarks"])
        with few_collections():
            planned = kind.plan(listed.rows, batch.uploaded_by, now=now or timezone.now())
            ImportRow.objects.bulk_create(
                [_import_row(batch, position, outcome) for position, outcome in enumerate(planned)], batch_size=BATCH
            )
        return move(batch, IMPORT, "read", by=batch.uploaded_by, now=now)


def _give_up(batch, code, params=None, *, by=None, now=None):
    """Move a locked import to "could not be read", with the reason to show."""
    batch.remarks = [{"code": code, "params": params or {}}]
    batch.save(update_fields=["remarks"])
    return move(batch, IMPORT, "fail", by=by, now=now)


def start_applying(batch, *, by, now=None):
    """Mark the import as being applied; `finish_applying` does it. Raises Refused unless it stands to check."""
    return move(batch, IMPORT, "apply", by=by, now=now)


def finish_applying(batch, *, now=None):
    """Write the good rows in one transaction and move to "applied". Does nothing unless the import is being applied.

    Rows whose outcome would differ from the preview are left out with the reason "stale"; they and the faulty rows
    make up the return file. Where the person may no longer change partners nothing is written.
    """
    now = now or timezone.now()
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                return _apply(batch, now)
        except IntegrityError:
            if attempt == TRIES - 1:
                raise
            log.warning("import %s met a partner recorded at the same moment; starting over", batch.pk)
    raise AssertionError("unreachable")


def discard_import(batch, *, by, now=None):
    """Put the import aside; its file and rows stay, nothing of it is written."""
    return move(batch, IMPORT, "discard", by=by, now=now)


def pick_up_imports(*, now=None):
    """Read and apply what a lost worker left behind; returns how many. Run by the clock each minute.

    One that fails again is logged and does not keep the others waiting.
    """
    now = now or timezone.now()
    steps = {ImportState.UPLOADED: read_import, ImportState.APPLYING: finish_applying}
    waiting = list(Import.objects.filter(uploaded_at__lt=now - LEFT_ALONE, state__in=steps).order_by("pk"))
    for batch in waiting:
        try:
            steps[batch.state](batch, now=now)
        except Exception:
            log.exception("import %s could not be picked up", batch.pk)
    return len(waiting)


# --- what is known -----------------------------------------------------------------------------------------------


def _load_known(rows, uploader, lock=False):
    """Load everything the plan compares `rows` with, in a fixed number of queries."""
    drafts = _load_drafts(rows, lock)
    place_table, trade_table = gazetteer(), trades()
    if uploader.sees_everything:
        changeable = None
    else:
        changeable = set(Enterprise.objects.changeable_by(uploader).filter(pk__in=drafts).values_list("pk", flat=True))
    by_name = {}
    for draft in drafts.values():
        for name in [*draft.former_names, draft.values["name"]]:
            by_name[name_key(name)] = draft
    known_regions = set(Region.objects.values_list("code", flat=True))
    return Known(
        by_uscc={draft.values["uscc"]: draft for draft in drafts.values() if draft.values.get("uscc")},
        by_name=by_name,
        departments={name: pk for pk, name in Department.objects.values_list("pk", "name")},
        people=_people(),
        place=_cached(lambda text: code if (code := tables.place(text, place_table)) in known_regions else None),
        trade=_cached(lambda text: tables.industry(text, trade_table)),
        uploader=uploader,
        may_change=lambda pk: changeable is None or pk in changeable,
    )


def _people():
    """Officers and leads by name; a name that two of them bear names nobody."""
    found = defaultdict(list)
    for pk, name in User.objects.filter(role__in=PARTNER_ROLES, is_active=True).values_list("pk", "name"):
        found[name].append(pk)
    return {name: pks[0] for name, pks in found.items() if len(pks) == 1}


def _cached(function):
    answers = {}

    def cached(text):
        if text not in answers:
            answers[text] = function(text)
        return answers[text]

    return cached


def _load_drafts(rows, lock):
    codes = {row.uscc for row in rows if row.uscc}
    names = {name for row in rows for name in [row.name, *row.former_names] if name}
    keys = {name_key(name) for name in names}
    # the short question first: comparing ten thousand names with an empty list costs as much as with a long one
    formerly = Q(~Q(former_names=[]), former_names__overlap=list(names))
    existing = Enterprise.objects.current().filter(Q(uscc__in=codes) | Q(name_key__in=keys) | formerly)
    existing = existing.defer("grams", "search_text")  # most of a row, and nothing a list is compared with
    if lock:
        existing = existing.select_for_update(of=("self",), no_key=True).order_by("pk")
    drafts = {}
    for enterprise in existing:
        values = {name: getattr(enterprise, name) for name in ("name", "uscc", "ownership", "address", "size")}
        values |= {"headcount": enterprise.headcount, "legal_representative": enterprise.legal_representative}
        values |= {name: getattr(enterprise, f"{name}_id") for name in FOREIGN}
        drafts[enterprise.pk] = Draft(
            pk=enterprise.pk,
            values=values,
            former_names=list(enterprise.former_names),
            listed=list(enterprise.listed),
        )
    for pk, owner, name, phones in (
        Contact.objects.present().filter(enterprise__in=drafts).values_list("pk", "enterprise", "name", "phones")
    ):
        drafts[owner].contacts[name] = {"pk": pk, "phones": phones}
    visits = Touchpoint.objects.filter(enterprise__in=drafts, is_from_list=True)
    for owner, moment, precision in visits.values_list("enterprise", "happened_at", "precision"):
        drafts[owner].visits[timezone.localdate(moment).isoformat()] = precision
    return drafts


# --- writing -----------------------------------------------------------------------------------------------------


def _import_row(batch, position, outcome):
    return ImportRow(
        batch=batch,
        position=position,
        sheet=outcome.row.sheet[:100],
        line=outcome.row.line,
        parsed=outcome.row.as_json() | {"problems": [problem.as_json() for problem in outcome.problems]},
        verdict=outcome.verdict,
        changes=outcome.changes,
        enterprise_id=outcome.enterprise_pk,
    )


def row_of(row):
    """The ImportRow as the row of its list: a PartnerRow or a VisitRow."""
    return KINDS[row.batch.kind].row.from_json(row.parsed)


def _plan_partners(rows, by, *, now, lock=False, expected=None):
    return plan(rows, _load_known(rows, by, lock), expected)


def _write_partners(batch, planned, *, by, now):
    drafts = list({id(outcome.draft): outcome.draft for outcome in planned if outcome.draft}.values())
    new, old = [d for d in drafts if d.pk is None], [d for d in drafts if d.pk is not None]
    created, changed = _create(new, now), _change(old)
    _write_contacts(drafts)
    _write_visits(drafts, by, now)
    _write_events(batch, created, changed, by, now)


def _apply(batch, now):
    # Every import being applied is locked, in one order: two lists that both hold a new partner follow one another, and
    # the second finds what the first has written.
    applying = Import.objects.filter(state=ImportState.APPLYING).select_related("uploaded_by").order_by("pk")
    locked = {row.pk: row for row in applying.select_for_update(of=("self",), no_key=True)}
    if batch.pk not in locked:
        return Import.objects.get(pk=batch.pk)
    batch = locked[batch.pk]
    by = batch.uploaded_by
    if not by.sees_partners:
        return _give_up(batch, NOBODY, now=now)
    kept = list(batch.rows.order_by("position"))
    rows, kind = [row_of(row) for row in kept], KINDS[batch.kind]
    planned = kind.plan(rows, by, now=now, lock=True, expected=[row.changes for row in kept])
    kind.write(batch, planned, by=by, now=now)
    record("import.applied", subject=batch, by=by, data={"name": batch.name}, happened_at=now)
    for row, outcome in zip(kept, planned, strict=True):
        row.enterprise_id = outcome.enterprise_pk
        row.applied_at = None if outcome.verdict == FAULTY else now
        if outcome.verdict == FAULTY and row.verdict != FAULTY:
            row.parsed["problems"] = [problem.as_json() for problem in outcome.problems]
        row.verdict = outcome.verdict
    _save(kept, ["enterprise", "applied_at", "verdict", "parsed"])
    batch = move(batch, IMPORT, "finish", by=by, now=now, data=_tally(planned))
    Import.objects.filter(pk=batch.pk).update(applied_at=now)
    return batch


def _save(rows, columns):
    """Save those columns of rows that stand, by upsert: bulk_update compares each row with every other of its batch."""
    if rows:
        type(rows[0]).objects.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["pk"], update_fields=columns
        )


def _tally(planned):
    tally = defaultdict(int)
    for outcome in planned:
        tally[outcome.verdict] += 1
    return dict(tally)


def _columns(draft):
    """The draft as columns of an Enterprise row, with the keys that follow from its names."""
    values = {f"{name}_id" if name in FOREIGN else name: value for name, value in draft.values.items()}
    values |= {"former_names": draft.former_names, "listed": draft.listed}
    return values | naming(draft.values["name"], former_names=draft.former_names, uscc=draft.values.get("uscc", ""))


def _create(drafts, now):
    """A list of partners holds partners: they begin as active."""
    rows = [Enterprise(**_columns(draft), state=Enterprise.State.ACTIVE, created_at=now) for draft in drafts]
    for draft, row in zip(drafts, Enterprise.objects.bulk_create(rows, batch_size=BATCH), strict=True):
        draft.pk = row.pk
    return drafts


def _change(drafts):
    drafts = [draft for draft in drafts if draft.changed or draft.new_contacts or draft.changed_contacts]
    rows = {row.pk: row for row in Enterprise.objects.filter(pk__in=[draft.pk for draft in drafts if draft.changed])}
    columns = {"version"}
    for draft in drafts:
        if row := rows.get(draft.pk):
            columns |= _set(row, draft)
            row.version += 1
    _save(list(rows.values()), [name.removesuffix("_id") for name in sorted(columns)])
    return drafts


def _set(row, draft):
    """Set on the row what differs in the draft, and the keys that follow where a name does; return the columns."""
    before = row.name, row.former_names, row.uscc
    values = {f"{k}_id" if k in FOREIGN else k: v for k, v in draft.values.items() if k in draft.changed}
    values |= {"former_names": draft.former_names, "listed": draft.listed}
    for name, value in values.items():
        setattr(row, name, value)
    if (row.name, row.former_names, row.uscc) != before:
        keys = naming(row.name, row.name_en, row.short_name, row.former_names, row.uscc)
        for name, value in keys.items():
            setattr(row, name, value)
        values |= keys
    return set(values)


def _write_contacts(drafts):
    new = []
    for draft in drafts:
        for entry in draft.new_contacts:
            person = entry["person"]
            new.append(
                Contact(
                    enterprise_id=draft.pk,
                    name=called(person),
                    position=person.position[:60],
                    honorific=person.honorific[:30],
                    phones=[number[:40] for number in entry["phones"]],
                    same_wechat=person.same_wechat,
                    note=person.note[:1000],
                )
            )
    Contact.objects.bulk_create(new, batch_size=BATCH)
    phones = {pk: numbers for draft in drafts for pk, numbers in draft.changed_contacts.items()}
    contacts = list(Contact.objects.filter(pk__in=phones))
    for contact in contacts:
        contact.phones = phones[contact.pk]
        contact.version += 1
    _save(contacts, ["phones", "version"])


def _write_visits(drafts, by, now):
    rows = [
        Touchpoint(
            enterprise_id=draft.pk,
            happened_at=moment,
            precision=precision,
            is_from_list=True,
            logged_by=by,
            logged_at=now,
        )
        for draft in drafts
        for moment, precision in draft.new_visits
    ]
    touchpoints = Touchpoint.objects.bulk_create(rows, batch_size=BATCH)
    rows = [(touchpoint, touchpoint.enterprise_id, touchpoint.happened_at, {}) for touchpoint in touchpoints]
    record_many("touchpoint.logged", rows, by=by, now=now, audience=Audience.BOTH)
    refresh_last_contacts({touchpoint.enterprise_id for touchpoint in touchpoints}, now)


def _write_events(batch, created, changed, by, now):
    data = {"import": batch.pk, "name": batch.name}
    rows = [("enterprise.listed", draft) for draft in created] + [
        ("enterprise.list_changed", draft) for draft in changed
    ]
    for kind in ("enterprise.listed", "enterprise.list_changed"):
        subjects = [(Enterprise(pk=draft.pk), draft.pk, now, data) for row_kind, draft in rows if row_kind == kind]
        record_many(kind, subjects, by=by, now=now)


@dataclass(frozen=True)
class Kind:
    """How one kind of list is taken in: its row, its reader, what its rows would do, and how that is written."""

    row: type
    read: Callable
    plan: Callable
    write: Callable


KINDS = {
    Import.Kind.PARTNERS: Kind(PartnerRow, read_partner_rows, _plan_partners, _write_partners),
    Import.Kind.VISITS: Kind(VisitRow, read_visit_rows, visit_imports.plan_list, visit_imports.write_list),
}

"""A stack of stamped papers that came back: uploaded, read in the background, checked, filed at each agreement.

Nothing reaches an agreement before apply, and apply is one transaction. A worker that dies in between leaves the stack
waiting; `pick_up_scans` starts it again.
"""

import io
import logging
from collections import defaultdict
from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from partnerships.models import Agreement, AgreementDocument, AgreementScan, Scan, ScanPage
from partnerships.rules.papers import Step
from partnerships.scans import piles_of
from partnerships.services.agreements import papers, signing
from partnerships.services.agreements.writing import lock_kept, tell
from partnerships.services.touchpoints import once
from partnerships.workflow import SCAN, ImportState, sees_partners
from records.files import DOCUMENTS, Rejected, keep_made, open_file, store_file
from records.leaves import UNCOUNTED
from records.models import File, Signature
from records.scans import UnreadableScan, sheets_of, split
from records.services import record
from records.signatures import OPEN
from records.workflow import NotAllowed, Refused, move

log = logging.getLogger(__name__)

PDF = (DOCUMENTS[0],)
#: A stack of which nothing was heard for so long lost its worker.
LEFT_ALONE = timedelta(minutes=3)
#: After so many pages the progress is written down.
EACH = 5
LOST = "damaged"


def upload_scan(*, by, upload, form_key, now=None):
    """Keep the PDF and return its Scan, still unread. The same form sent twice returns the first.

    Writes "scan.uploaded". Raises NotAllowed, Rejected where the file is no PDF or too large.
    """
    now = now or timezone.now()
    if reason := sees_partners(None, by):
        raise NotAllowed(reason)

    def keep():
        scan = Scan.objects.create(
            form_key=form_key, name=upload.name[:200], uploaded_by=by, uploaded_at=now, heard_at=now
        )
        store_file(upload, kinds=PDF, by=by, subject=scan, now=now)
        record("scan.uploaded", subject=scan, by=by, data={"name": scan.name}, happened_at=now)
        return scan

    return once(Scan.objects.filter(uploaded_by=by), form_key, keep)


# --- reading -------------------------------------------------------------------------------------------------------


def read_scan(scan, *, now=None):
    """Read every page and move to "to check", or to "could not be read" with why; return the row.

    The progress is written after every few pages. Two that read it at once: the second one to finish changes nothing.
    """
    if scan.state != ImportState.UPLOADED:
        return scan
    try:
        with open_file(scan.files.get()) as file:
            sheets = _read(scan, file.read())
    except UnreadableScan as error:
        return _give_up(scan, error.code, error.params, now)
    except (Http404, File.DoesNotExist):
        return _give_up(scan, LOST, {}, now)
    with transaction.atomic():
        locked = _locked(scan)
        if locked.state != ImportState.UPLOADED:
            return locked
        _write_pages(locked, sheets, now or timezone.now())
        locked.pages = locked.pages_read = len(sheets)
        locked.save(update_fields=["pages", "pages_read"])
        return move(locked, SCAN, "read", by=locked.uploaded_by, now=now)


def _read(scan, content):
    sheets = []
    for sheet in sheets_of(content):
        sheets.append(sheet)
        if sheet.number % EACH == 0:
            progress = {"pages": sheet.pages, "pages_read": len(sheets), "heard_at": timezone.now()}
            Scan.objects.filter(pk=scan.pk, state=ImportState.UPLOADED).update(**progress)
    return sheets


def _write_pages(scan, sheets, now):
    """A page whose code names a document that its uploader may see is found; of the others the picture is kept.

    One on which nothing stands is the back of a sheet: it is left out unless a person says otherwise.
    """
    codes = {sheet.mark[0] for sheet in sheets if sheet.mark}
    known = AgreementDocument.objects.visible_to(scan.uploaded_by).filter(code__in=codes)
    by_code = {document.code: document for document in known}
    for sheet in sheets:
        document = by_code.get(sheet.mark[0]) if sheet.mark else None
        page = ScanPage(scan=scan, position=sheet.number + 1, turn=sheet.turn, fate=ScanPage.Fate.OPEN)
        if document is not None and sheet.mark[1] <= document.leaves:
            page.fate, page.document, page.leaf = ScanPage.Fate.FOUND, document, sheet.mark[1]
        elif sheet.is_empty:
            page.fate = ScanPage.Fate.EMPTY
        page.save(force_insert=True)
        if page.fate != ScanPage.Fate.FOUND:
            _keep_picture(page, sheet, now)


def _keep_picture(page, sheet, now):
    """Where the uploader has used up the room of the day the page waits without a picture."""
    by, name = page.scan.uploaded_by, f"{page.scan_id}-{page.position}.jpg"
    try:
        page.picture = keep_made(io.BytesIO(sheet.picture), name=name, by=by, subject=page, now=now)
    except Rejected:
        return
    page.save(update_fields=["picture"])


def _give_up(scan, code, params, now):
    with transaction.atomic():
        locked = _locked(scan)
        if locked.state != ImportState.UPLOADED:
            return locked
        locked.remarks = [{"code": code, "params": params}]
        locked.save(update_fields=["remarks"])
        return move(locked, SCAN, "fail", by=None, now=now)


def _locked(scan):
    rows = Scan.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("uploaded_by", "applied_by").get(pk=scan.pk)


# --- by hand -------------------------------------------------------------------------------------------------------


def place_page(page, *, by, document=None, leaf=None):
    """Say of which `document` a page is and which sheet, or with no document that it is left out; return it.

    Raises NotAllowed, Refused once the stack is applied, ValidationError for a sheet the document does not have.
    """
    if reason := sees_partners(None, by):
        raise NotAllowed(reason)
    if document is not None and not (leaf is not None and UNCOUNTED <= leaf <= document.leaves):
        sentence = _("This document has %(count)s sheets: say which one it is.")
        raise ValidationError({"leaf": sentence % {"count": document.leaves}})
    with transaction.atomic():
        scan = _locked(page.scan)
        if scan.state != ImportState.PREVIEW:
            raise Refused(_("This stack is no longer to be checked."))
        page = scan.sheets.get(pk=page.pk)
        page.document, page.leaf, page.handled_by = document, leaf if document else None, by
        page.fate = ScanPage.Fate.ASSIGNED if document else ScanPage.Fate.DROPPED
        page.save(update_fields=["document", "leaf", "handled_by", "fate"])
    return page


# --- applying ------------------------------------------------------------------------------------------------------


def start_applying(scan, *, by, now=None):
    """Mark the stack as being filed; `finish_applying` does it. Raises Refused unless it stands to check, and while a
    page is neither assigned nor left out."""
    with transaction.atomic():
        locked = _locked(scan)
        locked = move(locked, SCAN, "apply", by=by, now=now)
        Scan.objects.filter(pk=locked.pk).update(applied_by=by, heard_at=now or timezone.now())
    return locked


def finish_applying(scan, *, now=None):
    """File the pages of each agreement with it, tick “back”, and move to "applied"; return the row.

    Does nothing unless the stack is being filed, so that a second run changes nothing. An agreement that the person
    may not change is left out, with the reason. Writes "agreement.scan_filed", which both sides read.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked(scan)
        if locked.state != ImportState.APPLYING:
            return locked
        by = locked.applied_by
        piles = piles_of(locked, by)
        able = [pile for pile in piles if pile.why_not is None]
        with open_file(locked.files.get()) as file:
            groups = [[(page.position - 1, page.turn) for page in pile.pages] for pile in able]
            parts = split(file.read(), groups) if groups else []
        refused = [_remark(pile, pile.why_not) for pile in piles if pile.why_not is not None]
        for pile, content in zip(able, parts, strict=True):
            if reason := _file(locked, pile, content, by, now):
                refused.append(_remark(pile, reason))
        locked = move(locked, SCAN, "finish", by=by, now=now)
        Scan.objects.filter(pk=locked.pk).update(remarks=refused, applied_at=now)
    locked.refresh_from_db()
    return locked


def _remark(pile, reason):
    return {"agreement": pile.agreement.pk, "reason": str(reason)}


def _file(scan, pile, content, by, now):
    """File one agreement's pages behind a savepoint; the reason where it could not be done."""
    try:
        with transaction.atomic():
            locked = lock_kept(pile.agreement, by)
            name = f"{locked.title[:60]}-{pile.document.nth}.pdf"
            file = keep_made(io.BytesIO(content), name=name, by=by, subject=locked, now=now)
            row = AgreementScan.objects.create(
                agreement=locked, scan=scan, document=pile.document, file=file, sha256=file.sha256,
                is_of_this_text=pile.is_of_this_text and not pile.older, missing=pile.missing, filed_by=by,
                filed_at=now,
            )  # fmt: skip
            file.subject = row  # handed out through its own door
            file.save(update_fields=["subject_type", "subject_id"])
            tell("agreement.scan_filed", locked, by, now, version=pile.document.nth)
            papers.tick(locked, Step.RETURNED, by=by, now=now)
    except Refused as refused:
        return str(refused.reason)
    except (ValidationError, Rejected) as error:
        return " ".join(error.messages)
    return None


def discard_scan(scan, *, by, now=None):
    """Put the stack aside; its file stays, nothing of it is filed."""
    return move(scan, SCAN, "discard", by=by, now=now)


def pick_up_scans(*, now=None):
    """Read and file what a lost worker left behind; returns how many. Run by the clock each minute.

    One that fails again is logged and does not keep the others waiting.
    """
    now = now or timezone.now()
    steps = {ImportState.UPLOADED: read_scan, ImportState.APPLYING: finish_applying}
    waiting = list(Scan.objects.filter(heard_at__lt=now - LEFT_ALONE, state__in=steps).order_by("pk"))
    for scan in waiting:
        try:
            with override(scan.uploaded_by.language):
                steps[scan.state](scan, now=now)
        except Exception:
            log.exception("scan %s could not be picked up", scan.pk)
    return len(waiting)


# --- signed on paper -----------------------------------------------------------------------------------------------


def open_signatures(agreements):
    """{id of an agreement: the requests to sign that a filed paper may answer}, in one query."""
    kind, found = ContentType.objects.get_for_model(Agreement), defaultdict(list)
    rows = Signature.objects.filter(subject_type=kind, subject_id__in=[row.pk for row in agreements], state__in=OPEN)
    for row in rows.order_by("position", "pk"):
        found[row.subject_id].append(row)
    return found


def sign_by_scan(filed, signatures, *, by, signed_on=None, now=None):
    """Enter that `signatures` stand on the filed paper; return the rows. The last one brings it into force.

    Raises NotAllowed, Refused where the paper shows another text than the one that stands now, ValidationError.
    """
    if not filed.is_of_this_text or signing.digest_of(filed.agreement) != filed.document.digest:
        raise Refused(_("The paper shows another version of the text: print the present one and have it signed."))
    return signing.sign_all_on_paper(filed.agreement, signatures, filed.file, by=by, signed_on=signed_on, now=now)

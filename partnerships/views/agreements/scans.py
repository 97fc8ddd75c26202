"""Stacks of stamped papers: upload, what would be filed where, pages by hand, apply, signatures on them."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships import tasks
from partnerships.forms.editing import add_errors
from partnerships.forms.papers import PageForm, PaperSignedForm, ScanForm
from partnerships.models import Agreement, AgreementScan, Scan, ScanPage
from partnerships.scans import offered_for, piles_of, suggested_for
from partnerships.services.agreements import scans as services
from partnerships.views.doors import school_only, school_page
from partnerships.views.lists import list_page
from partnerships.workflow import SCAN, ImportState
from records import keyset
from records.files import Rejected
from records.scans import sentence_of
from records.workflow import moves_open_to

SORTS = {"uploaded": "uploaded_at"}
#: A stack up to this size is read, and up to so many pages filed, while the person waits; a larger one by a worker.
READ_AT_ONCE, FILE_AT_ONCE = 300_000, 60


@require_safe
def scan_list(request):
    school_only(request.user)
    rows = Scan.objects.visible_to(request.user).select_related("uploaded_by")
    page = keyset.page(rows, SORTS, request.GET, default="-uploaded")
    lines = [(scan, SCAN.words[scan.state].label) for scan in page]
    context = {"title": _("Scanned stacks"), "list": "", "page": page, "lines": lines}
    return list_page(request, "partnerships/scan_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def scan_new(request):
    school_only(request.user)
    form = ScanForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            scan = _uploaded(request.user, **form.cleaned_data)
            return redirect("partnerships:scan_detail", scan.pk)
        except Rejected as error:
            form.add_error("file", error)
    return render(request, "partnerships/scan_new.html", {"form": form}, status=422 if form.errors else 200)


def _uploaded(user, file, form_key):
    with transaction.atomic():
        scan = services.upload_scan(by=user, upload=file, form_key=form_key)
        if file.size > READ_AT_ONCE:
            tasks.read_scan.delay_on_commit(scan.pk)
            return scan
    return services.read_scan(scan)


def _scan(request, pk):
    return school_page(Scan.objects.select_related("uploaded_by", "applied_by"), request, pk)


@require_safe
def scan_detail(request, pk):
    return _detail(request, _scan(request, pk))


def _detail(request, scan, faulty=None):
    """`faulty` is the form of a page that was filled in wrongly."""
    sheets = list(scan.sheets.select_related("picture", "document__agreement"))
    loose = [page for page in sheets if page.fate != ScanPage.Fate.FOUND]
    is_preview = scan.state == ImportState.PREVIEW
    offered = offered_for(scan, request.user) if is_preview and (loose or faulty) else None
    suggested = suggested_for(sheets) if is_preview else {}
    rows = [(page, _page_form(page, offered, faulty, suggested), page.position in suggested) for page in loose]
    context = {
        "scan": scan,
        "words": SCAN.words[scan.state],
        "is_waiting": scan.state in (ImportState.UPLOADED, ImportState.APPLYING),
        "moves": {open.move.name: open for open in moves_open_to(scan, SCAN, request.user)},
        "why": [sentence_of(one["code"], one["params"]) for one in scan.remarks if "code" in one],
        "piles": piles_of(scan, request.user) if is_preview else [],
        "loose": [row for row in rows if row[0].fate != ScanPage.Fate.EMPTY],
        "empty": [row for row in rows if row[0].fate == ScanPage.Fate.EMPTY],
        "is_empty_faulty": faulty is not None and faulty.page.fate == ScanPage.Fate.EMPTY,
        "filed": with_sign_forms(scan.filed.select_related("agreement__enterprise", "file", "document").order_by("pk")),
        "refused": _refused(scan),
    }
    return render(request, "partnerships/scan_detail.html", context, status=422 if faulty else 200)


def _page_form(page, offered, faulty, suggested):
    if offered is None:
        return None
    if faulty is not None and faulty.page == page:
        return faulty
    return PageForm(page=page, documents=offered, suggested=suggested.get(page.position))


def with_sign_forms(filed):
    """[(stamped paper, form of the open signatures it may answer)]; None where there are none, or of another text."""
    filed = list(filed)
    waiting = services.open_signatures([row.agreement for row in filed])
    found = []
    for row in filed:
        rows = waiting[row.agreement_id] if row.is_of_this_text else []
        form = PaperSignedForm(signatures=rows, auto_id=f"sign-{row.pk}-%s") if rows else None
        found.append((row, form))
    return found


def _refused(scan):
    reasons = {one["agreement"]: one["reason"] for one in scan.remarks if "agreement" in one}
    found = Agreement.objects.filter(pk__in=reasons).select_related("enterprise")
    return [(row, reasons[row.pk]) for row in found]


@require_POST
def scan_page(request, pk, page):
    """Assign one page by hand, or leave it out."""
    scan = _scan(request, pk)
    found = get_object_or_404(scan.sheets, pk=page)
    if request.POST.get("do") == "drop":
        services.place_page(found, by=request.user)
        messages.success(request, _("Left out."))
        return redirect("partnerships:scan_detail", pk)
    form = PageForm(request.POST, page=found, documents=offered_for(scan, request.user))
    if form.is_valid():
        try:
            services.place_page(found, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Assigned."))
            return redirect("partnerships:scan_detail", pk)
    return _detail(request, scan, faulty=form)


@require_POST
def scan_apply(request, pk):
    scan = _scan(request, pk)
    if scan.state in (ImportState.APPLYING, ImportState.APPLIED):  # pressed twice: show what the first press did
        return redirect("partnerships:scan_detail", pk)
    with transaction.atomic():
        services.start_applying(scan, by=request.user)
        if scan.pages > FILE_AT_ONCE:
            tasks.finish_scan.delay_on_commit(scan.pk)
            return redirect("partnerships:scan_detail", pk)
    services.finish_applying(scan)
    messages.success(request, _("Filed with each agreement, and ticked as back."))
    return redirect("partnerships:scan_detail", pk)


@require_POST
def scan_discard(request, pk):
    services.discard_scan(_scan(request, pk), by=request.user)
    messages.success(request, _("Put aside. Nothing of it was filed."))
    return redirect("partnerships:scan_list")


@require_POST
def scan_sign(request, filed):
    """Enter who has signed on a filed paper."""
    row = school_page(AgreementScan.objects.select_related("agreement", "document", "file"), request, filed)
    form = PaperSignedForm(request.POST, signatures=services.open_signatures([row.agreement])[row.agreement_id])
    if form.is_valid():
        services.sign_by_scan(row, form.chosen, by=request.user, signed_on=form.cleaned_data["signed_on"])
        messages.success(request, _("Entered as signed on paper."))
    else:
        messages.error(request, _("Tick who has signed, and the day, which does not lie ahead."))
    return redirect("partnerships:agreement_detail", row.agreement_id)

"""Taking in a list of partners or of visits: upload, preview, apply, return file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships import tasks
from partnerships.forms.imports import ImportForm
from partnerships.imports.returns import write_return_file
from partnerships.imports.shown import remarks_shown, rows_shown
from partnerships.models import Import, ImportRow
from partnerships.services import imports as services
from partnerships.workflow import IMPORT, ImportState
from records import keyset
from records.files import Rejected
from records.spreadsheets import written
from records.workflow import moves_open_to

#: A list up to this size is read while the person waits, a larger one by a worker.
READ_AT_ONCE = 200_000
APPLY_AT_ONCE = 500
SORTS = {"position": "position"}


def _officers_only(user):
    if not user.sees_partners:
        raise PermissionDenied(_("Partner records are open to liaison officers, leads and administrators."))


@require_safe
def import_list(request):
    _officers_only(request.user)
    batches = Import.objects.visible_to(request.user).select_related("uploaded_by")[:100]
    return render(request, "partnerships/import_list.html", {"batches": batches})


@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request):
    _officers_only(request.user)
    form = ImportForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind", "")})
    if request.method == "POST" and form.is_valid():
        try:
            batch = upload(request.user, form.cleaned_data)
            return redirect("partnerships:import_detail", batch.pk)
        except Rejected as error:
            form.add_error("file", error)
    return render(request, "partnerships/import_new.html", {"form": form}, status=422 if form.errors else 200)


def upload(user, data):
    with transaction.atomic():
        batch = services.upload_import(by=user, upload=data["file"], form_key=data["form_key"], kind=data["kind"])
        if data["file"].size > READ_AT_ONCE:
            tasks.read_import.delay_on_commit(batch.pk)
            return batch
    return services.read_import(batch)


@require_safe
def import_detail(request, pk):
    batch = get_object_or_404(Import.objects.visible_to(request.user).select_related("uploaded_by"), pk=pk)
    tally = dict(batch.rows.order_by().values_list("verdict").annotate(Count("pk")))
    chosen = request.GET.get("verdict", "")
    rows = batch.rows.select_related("enterprise")
    if chosen in ImportRow.Verdict.values:
        rows = rows.filter(verdict=chosen)
    page = keyset.page(rows, SORTS, request.GET, default="position", size=50)
    context = {
        "batch": batch,
        "words": IMPORT.words[batch.state],
        "moves": {item.move.name: item for item in moves_open_to(batch, IMPORT, request.user)},
        "is_waiting": batch.state in (ImportState.UPLOADED, ImportState.APPLYING),
        "step": {"uploaded": 1, "unreadable": 1, "applied": 3}.get(batch.state, 2),
        "tabs": [(verdict, verdict.label, tally.get(verdict, 0)) for verdict in ImportRow.Verdict],
        "good": tally.get("new", 0) + tally.get("changed", 0),
        "faulty": tally.get("faulty", 0),
        "total": sum(tally.values()),
        "chosen": chosen,
        "page": page,
        "rows": rows_shown(page),
        "remarks": remarks_shown(batch),
    }
    return render(request, "partnerships/import_detail.html", context)


@require_POST
def import_apply(request, pk):
    batch = get_object_or_404(Import.objects.visible_to(request.user), pk=pk)
    if batch.state in (ImportState.APPLYING, ImportState.APPLIED):  # pressed twice: show what the first press did
        return redirect("partnerships:import_detail", pk)
    with transaction.atomic():
        services.start_applying(batch, by=request.user)
        if batch.rows.count() > APPLY_AT_ONCE:
            tasks.finish_applying.delay_on_commit(batch.pk)
            return redirect("partnerships:import_detail", pk)
    services.finish_applying(batch)
    messages.success(request, _("The good rows are written. The others wait in the return file."))
    return redirect("partnerships:import_detail", pk)


@require_POST
def import_discard(request, pk):
    batch = get_object_or_404(Import.objects.visible_to(request.user), pk=pk)
    services.discard_import(batch, by=request.user)
    messages.success(request, _("Put aside. Nothing of it was written."))
    return redirect("partnerships:import_list")


@require_safe
def import_return(request, pk):
    """The faulty rows as they stood, with the reason in the last column."""
    batch = get_object_or_404(Import.objects.visible_to(request.user), pk=pk)
    faulty = batch.rows.filter(verdict=ImportRow.Verdict.FAULTY).order_by("position")
    rows = [services.row_of(row) for row in faulty.select_related("batch")]
    file = written(lambda stream: write_return_file(stream, rows))
    name = _("return-%(name)s.xlsx") % {"name": batch.name.rsplit(".", 1)[0]}
    return FileResponse(file, as_attachment=True, filename=name)

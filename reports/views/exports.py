"""Lists as files: at once, or by a worker while the page shows how far it is."""

import uuid

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import client_address
from records.files import attachment
from records.services import look
from records.workflow import Refused
from reports import services, tasks
from reports.forms import ExportForm
from reports.lists import LISTS
from reports.models import Export
from reports.workflow import EXPORT, ExportState

#: So many exports stand on the page, the newest.
SHOWN = 50
BADGES = {"waiting": "badge--due", "writing": "badge--due", "ready": "badge--kept", "failed": "badge--trouble"}


def list_named(request, name):
    """The list, where it is open to this person. Raises Http404, PermissionDenied."""
    if name not in LISTS:
        raise Http404
    if not LISTS[name].may(request.user):
        raise PermissionDenied(_("This list is not open to you."))
    return LISTS[name]


@require_http_methods(["GET", "HEAD", "POST"])
def list_export(request, name):
    """The list as the address narrows it: a short one at once, for a long one the button that lets a worker."""
    source = list_named(request, name)
    query = source.cleaned(request.GET.urlencode(), with_hidden=True)
    if request.method == "POST":
        return _start(request, source, query)
    queryset, _faults = source.narrow(request.user, query)
    if services.count_rows(source, queryset, settings.EXPORT_AT_ONCE) <= settings.EXPORT_AT_ONCE:
        look("export", subject=request.user, by=request.user)
        file = services.write_at_once(source, queryset)
        return FileResponse(file, as_attachment=True, filename=services.name_of_file(source, timezone.localdate()))
    context = {
        "source": source,
        "back": f"{reverse(source.page)}?{query.urlencode()}",
        "most": settings.EXPORT_AT_ONCE,
        "form": ExportForm(initial={"form_key": uuid.uuid4()}),
    }
    return render(request, "reports/export_new.html", context)


def _start(request, source, query):
    form = ExportForm(request.POST)
    if not form.is_valid():
        raise Refused(_("This form was sent incomplete: open the page again."))
    with transaction.atomic():
        export = services.start_export(source, by=request.user, query=query.urlencode(), **form.cleaned_data)
        tasks.write_exports.delay_on_commit()
    return redirect("reports:export_detail", export.pk)


@require_safe
def export_list(request):
    """The own exports."""
    exports = Export.objects.visible_to(request.user).filter(owner=request.user)[:SHOWN]
    return render(request, "reports/export_list.html", {"rows": [(one, BADGES.get(one.state, "")) for one in exports]})


@require_safe
def export_detail(request, pk):
    """How far it is; a fragment of it asks for itself again until the file stands ready."""
    export = get_object_or_404(Export.objects.visible_to(request.user).select_related("owner"), pk=pk)
    is_waiting = export.state in (ExportState.WAITING, ExportState.WRITING)
    context = {
        "export": export,
        "words": EXPORT.words[export.state],
        "badge": BADGES.get(export.state, ""),
        "is_waiting": is_waiting,
        "ahead": services.queue_ahead(export) if export.state == ExportState.WAITING else 0,
        "file": export.files.first() if export.state == ExportState.READY else None,
        "back": f"{reverse(export.source.page)}?{export.query}" if export.source else "",
    }
    fragment = "#progress" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"reports/export_detail.html{fragment}", context)


@require_safe
def export_file(request, pk):
    export = get_object_or_404(Export.objects.visible_to(request.user), pk=pk)
    if export.state != ExportState.READY or export.expires_at <= timezone.now():
        raise Refused(_("There is no file to download: it is not ready yet, or it was removed after some days."))
    file = get_object_or_404(export.files)
    response = attachment(file)
    look("file.read", subject=file, by=request.user, address=client_address(request))
    return response

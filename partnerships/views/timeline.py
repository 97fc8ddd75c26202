"""The timeline of one partnership on a page of its own, and its further pages as fragments."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from partnerships.timeline import timeline_page
from partnerships.views.doors import partner


@require_safe
def timeline(request, pk):
    enterprise = partner(request, pk)
    context = {"enterprise": enterprise, "timeline": timeline_page(enterprise, request.user, request.GET)}
    fragment = "#entries" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"partnerships/timeline.html{fragment}", context)

"""Enterprises that are probably one: the list of pairs, and the page on which one is made of two."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partnerships.forms.merging import MergeForm
from partnerships.models import Enterprise
from partnerships.services import merging as services
from partnerships.views.doors import school_only, school_page
from records.workflow import NotAllowed

PAIRS = 100


@require_safe
def duplicate_list(request):
    school_only(request.user)
    pairs = services.suspected_pairs(Enterprise.objects.visible_to(request.user), limit=PAIRS)
    return render(request, "partnerships/duplicate_list.html", {"pairs": pairs, "is_full": len(pairs) == PAIRS})


@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_merge(request, pk, other):
    rows = Enterprise.objects.select_related("region__parent", "industry", "lead_department", "owner", "parent")
    rows = rows.prefetch_related("departments")
    survivor, other = school_page(rows, request, pk), school_page(rows, request, other)
    if survivor.pk == other.pk:
        raise Http404
    not_allowed, reason = services.why_not_merge(survivor, other, request.user)
    if not_allowed:
        raise NotAllowed(reason)
    form = MergeForm(request.POST or None, initial={"version": survivor.version, "other_version": other.version})
    if request.method == "POST" and form.is_valid():
        services.merge_enterprises(survivor, other, by=request.user, versions=form.versions, take=form.take)
        messages.success(request, _("%(name)s: both histories are in one now.") % {"name": survivor.title})
        return redirect("partnerships:enterprise_detail", survivor.pk)
    context = {"form": form, "survivor": survivor, "other": other, "reason": reason}
    context["rows"] = services.comparison(survivor, other)
    return render(request, "partnerships/enterprise_merge.html", context, status=422 if form.is_bound else 200)

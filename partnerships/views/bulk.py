"""One change to several partners: what to, check, done. The first two pages are only read; the third was written."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Department, User
from partnerships.filters import keys_in
from partnerships.forms.bulk import FORMS
from partnerships.models import BulkChange, Enterprise
from partnerships.models.bulk import BulkAction
from partnerships.services import bulk as services
from partnerships.views.doors import school_only
from records.templatetags.show import listed


def _chosen(request, data):
    rows = Enterprise.objects.visible_to(request.user).current().filter(pk__in=keys_in(data, "enterprises"))
    rows = rows.select_related("owner", "lead_department").prefetch_related("departments")
    return list(rows.order_by("sort_key", "pk")[: services.MOST])


@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request):
    """GET without `check` asks what to, with it shows what would happen; POST does it."""
    school_only(request.user)
    data = request.POST if request.method == "POST" else request.GET
    if data.get("do") not in BulkAction.values:
        raise Http404
    action, rows = BulkAction(data["do"]), _chosen(request, data)
    if not rows:
        messages.error(request, _("Tick the partners first."))
        return redirect("partnerships:enterprise_list")
    kind = FORMS[action]
    is_answered = request.method == "POST" or "check" in data or not set(kind.base_fields) - {"form_key"}
    form = kind(data if is_answered else None, initial={"form_key": uuid.uuid4()})
    context = {"action": action, "form": form, "rows": rows}
    if not (is_answered and form.is_valid()):
        return render(request, "partnerships/bulk_form.html", context, status=422 if form.errors else 200)
    if request.method == "POST":
        return _change(request, action, form, rows)
    context |= {"lines": _lines(rows, action, request.user), "said": said(action, form.value)}
    context |= {"form_key": uuid.uuid4(), "able": sum(not line["reason"] for line in context["lines"])}
    return render(request, "partnerships/bulk_check.html", context)


def _change(request, action, form, rows):
    """The version each row had on the page that was checked; one that carries none is taken as it stands."""
    sent = {row.pk: request.POST.get(f"version-{row.pk}", "") for row in rows}
    versions = {row.pk: int(sent[row.pk]) if sent[row.pk].isdecimal() else row.version for row in rows}
    made = services.change_many(
        by=request.user, action=action, value=form.value, versions=versions, form_key=form.key
    )  # fmt: skip
    return redirect("partnerships:bulk_detail", made.pk)


def _lines(rows, action, user):
    return [
        {"enterprise": row, "now": now_of(row, action), "reason": services.why_not(row, action, user)} for row in rows
    ]


def now_of(enterprise, action):
    """How it stands today, beside what it is to become."""
    if action == BulkAction.HAND_OVER:
        return listed(str(one) for one in (enterprise.owner, enterprise.lead_department) if one)
    if action == BulkAction.TIER:
        return enterprise.get_tier_display()
    if action == BulkAction.CADENCE:
        return _("%(days)d days") % {"days": enterprise.cadence}
    return _("leave by themselves") if enterprise.messages_automatic else _("wait as drafts")


def said(action, value):
    """What the partners are to become, in words."""
    if action == BulkAction.HAND_OVER:
        found = [User.objects.filter(pk=value.get("owner")), Department.objects.filter(pk=value.get("lead_department"))]
        return listed(str(one) for rows in found for one in rows)
    if action == BulkAction.TIER:
        return Enterprise.Tier(value["tier"]).label
    if action == BulkAction.CADENCE:
        days = value["cadence_days"]
        return _("%(days)d days") % {"days": days} if days else _("as the tier says")
    return _("leave by themselves") if action == BulkAction.MESSAGES_ON else _("wait as drafts")


@require_safe
def bulk_detail(request, pk):
    """What became of each."""
    school_only(request.user)
    made = get_object_or_404(BulkChange.objects.visible_to(request.user).select_related("by"), pk=pk)
    known = Enterprise.objects.visible_to(request.user).in_bulk([one["enterprise"] for one in made.outcomes])
    lines = [{**one, "enterprise": known[one["enterprise"]]} for one in made.outcomes if one["enterprise"] in known]
    groups = {name: [one for one in lines if one["outcome"] == name] for name in ("refused", "done", "same")}
    context = {"made": made, "said": said(made.action, made.value), "groups": groups}
    return render(request, "partnerships/bulk_detail.html", context)

"""One exchange, and what an officer enters on behalf of an enterprise."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partnerships.forms.editing import add_errors
from partnerships.forms.proxies import ProxyForm
from partnerships.forms.touchpoints import TouchpointForm
from partnerships.models import Touchpoint
from partnerships.services import corrections
from partnerships.services.proxies import enter_touchpoint_on_behalf
from partnerships.services.touchpoints import log_touchpoint
from partnerships.timeline import touchpoint_alone
from partnerships.views.doors import partner, school_page


@require_http_methods(["GET", "HEAD", "POST"])
def touchpoint_new(request, pk):
    enterprise = partner(request, pk)
    form = TouchpointForm(request.POST or None, request.FILES or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        try:
            log_touchpoint(enterprise=enterprise, by=request.user, **form.said)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Logged. The enterprise sees it in its timeline."))
            return redirect("partnerships:timeline", enterprise.pk)
    context = {"form": form, "enterprise": enterprise}
    return render(request, "partnerships/touchpoint_new.html", context, status=422 if form.errors else 200)


@require_safe
def touchpoint_detail(request, pk):
    rows = Touchpoint.objects.select_related(
        "enterprise", "trip", "logged_by", "proxy__entered_by", "proxy__checked_by"
    )
    touchpoint = school_page(rows.prefetch_related("files", "contacts"), request, pk)
    entry = touchpoint_alone(touchpoint, for_enterprise=False)
    now = corrections.why_not_now(touchpoint)
    context = {
        "touchpoint": touchpoint,
        "entry": entry,
        "entries": [entry],
        "enterprise": touchpoint.enterprise,
        "why_not_correct": now or corrections.why_not_correct(touchpoint, request.user),
        "why_not_withdraw": now
        or corrections.why_not_withdraw(touchpoint, request.user)
        or corrections.why_not_leave(touchpoint),
    }
    return render(request, "partnerships/touchpoint_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def proxy_new(request, pk):
    enterprise = partner(request, pk)
    form = ProxyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            enter_touchpoint_on_behalf(enterprise=enterprise, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Entered. The enterprise is asked to check it."))
            return redirect("partnerships:timeline", enterprise.pk)
    context = {"form": form, "enterprise": enterprise, "people": enterprise.contacts.present()}
    return render(request, "partnerships/proxy_new.html", context, status=422 if form.errors else 200)

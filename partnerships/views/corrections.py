"""Correcting one exchange, by the school or by the enterprise for its own; taking one back."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partnerships.access import enterprise_in_portal
from partnerships.forms.corrections import CorrectForm, EnterpriseCorrectForm, WithdrawForm
from partnerships.forms.editing import add_errors
from partnerships.models import Touchpoint
from partnerships.services import corrections as services
from partnerships.timeline import values_shown
from partnerships.views.doors import school_page
from records.workflow import NotAllowed, Refused

ROWS = Touchpoint.objects.select_related("enterprise", "trip", "proxy", "logged_by")


def check_open(touchpoint, user, why_not):
    """Refuse before anything is typed what the service would refuse. Raises NotAllowed, Refused."""
    if reason := why_not(touchpoint, user):
        raise NotAllowed(reason)
    if reason := services.why_not_now(touchpoint):
        raise Refused(reason)


def correct(request, form_class, touchpoint):
    """(form, conflict, whether it is saved): the typed values stay, also where somebody else saved first."""
    form = form_class(request.POST or None, touchpoint=touchpoint)
    if request.method != "POST" or not form.is_valid():
        return form, None, False
    values = {"by": request.user, "version": form.cleaned_data["version"], "changes": form.changes}
    try:
        services.correct_touchpoint(touchpoint, **values)
    except services.Conflict as error:
        data = request.POST.copy()
        data["version"] = error.current.version
        rows = zip(values_shown(error.theirs), values_shown(error.mine), strict=True)
        conflict = {"rows": [{"label": label, "theirs": old, "mine": new} for (label, old), (_label, new) in rows]}
        return form_class(data, touchpoint=error.current), conflict, False
    except ValidationError as error:
        add_errors(form, error)
        return form, None, False
    return form, None, True


def status_of(form, conflict):
    return 409 if conflict else 422 if form.errors else 200


@require_http_methods(["GET", "HEAD", "POST"])
def touchpoint_correct(request, pk):
    touchpoint = school_page(ROWS, request, pk)
    check_open(touchpoint, request.user, services.why_not_correct)
    form, conflict, is_saved = correct(request, CorrectForm, touchpoint)
    if is_saved:
        messages.success(request, _("Corrected. What stood there before stays to be read."))
        return redirect("partnerships:touchpoint_detail", pk)
    context = {"touchpoint": touchpoint, "enterprise": touchpoint.enterprise, "form": form, "conflict": conflict}
    return render(request, "partnerships/touchpoint_correct.html", context, status=status_of(form, conflict))


@require_http_methods(["GET", "HEAD", "POST"])
def portal_touchpoint_correct(request, enterprise, touchpoint):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(ROWS.visible_to(request.user).filter(enterprise=enterprise), pk=touchpoint)
    check_open(found, request.user, services.why_not_correct)
    form, conflict, is_saved = correct(request, EnterpriseCorrectForm, found)
    if is_saved:
        messages.success(request, _("Corrected. What stood there before stays to be read."))
        return redirect("partnerships:portal_partnership", enterprise.pk)
    context = {"enterprise": enterprise, "form": form, "conflict": conflict}
    return render(request, "partnerships/portal_correct.html", context, status=status_of(form, conflict))


@require_http_methods(["GET", "HEAD", "POST"])
def touchpoint_withdraw(request, pk):
    """Take one exchange back; of a trip, one enterprise off it."""
    touchpoint = school_page(ROWS, request, pk)
    check_open(touchpoint, request.user, services.why_not_withdraw)
    if reason := services.why_not_leave(touchpoint):
        raise Refused(reason)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.withdraw_touchpoint(touchpoint, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("Taken back. The enterprise reads that it was corrected."))
        if touchpoint.trip_id:
            return redirect("partnerships:trip_detail", touchpoint.trip_id)
        return redirect("partnerships:timeline", touchpoint.enterprise_id)
    context = {"touchpoint": touchpoint, "enterprise": touchpoint.enterprise, "form": form}
    return render(request, "partnerships/touchpoint_withdraw.html", context, status=422 if form.errors else 200)

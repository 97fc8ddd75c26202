"""The rhythm of contact with one enterprise: how often, whether messages leave by themselves, when it is closed."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partnerships.access import enterprise_in_portal
from partnerships.forms.cadence import CadenceForm, ShutdownForm, SwitchForm
from partnerships.forms.editing import add_errors
from partnerships.models import Enterprise
from partnerships.services import cadence as services
from partnerships.services.enterprises import Conflict
from partnerships.views.doors import partner
from partnerships.views.enterprise import changeable, conflict_page
from records.workflow import Refused


def coming(enterprise):
    """The closed days that are not over."""
    return enterprise.shutdowns.filter(ends_on__gte=timezone.localdate())


def _page(request, enterprise, form=None, shutdown_form=None):
    kept = partner(request, enterprise.pk)  # not what a form has typed into it
    form = form or CadenceForm(instance=enterprise)
    shutdown_form = shutdown_form or ShutdownForm(auto_id="shutdown-%s")
    context = {"enterprise": kept, "form": form, "shutdown_form": shutdown_form, "shutdowns": coming(enterprise)}
    status = 422 if form.errors or shutdown_form.errors else 200
    return render(request, "partnerships/enterprise_cadence.html", context, status=status)


def _with_rhythm(request, pk):
    """The partner, where this person may change its rhythm. Raises Http404, NotAllowed, Refused."""
    enterprise = changeable(request, pk)
    if reason := services.why_no_rhythm(enterprise):
        raise Refused(reason)
    return enterprise


@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_cadence(request, pk):
    """The page of the rhythm, and its first form: the own cadence."""
    enterprise = _with_rhythm(request, pk)
    form = CadenceForm(request.POST or None, instance=enterprise)
    if request.method == "POST" and form.is_valid():
        days, version = form.cleaned_data["cadence_days"], form.cleaned_data["version"]
        try:
            changed = services.set_cadence(Enterprise(pk=pk), by=request.user, version=version, cadence_days=days)
        except Conflict as conflict:
            context = {"enterprise": Enterprise(pk=pk, name=enterprise.name, name_en=enterprise.name_en)}
            return conflict_page(request, form, conflict, context)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The aim is a contact every %(days)s days.") % {"days": changed.cadence})
            return redirect("partnerships:enterprise_detail", pk)
    return _page(request, enterprise, form=form)


@require_POST
def enterprise_messages(request, pk):
    """Messages leave by themselves from now on, or wait as drafts again."""
    enterprise = _with_rhythm(request, pk)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        raise Refused(_("This form was sent incomplete: open the page again."))
    services.switch_messages(enterprise, by=request.user, **form.cleaned_data)
    if form.cleaned_data["on"]:
        messages.success(request, _("Messages with an e-mail address leave by themselves from now on."))
    else:
        messages.success(request, _("Messages wait as drafts until somebody forwards them."))
    return redirect("partnerships:enterprise_cadence", pk)


@require_POST
def enterprise_shutdown(request, pk):
    """Note days on which the enterprise is closed."""
    enterprise = _with_rhythm(request, pk)
    form = ShutdownForm(request.POST, auto_id="shutdown-%s")
    if form.is_valid():
        services.add_shutdown(enterprise, by=request.user, **form.cleaned_data)
        messages.success(request, _("Noted: reminders stand still on these days."))
        return redirect("partnerships:enterprise_cadence", pk)
    return _page(request, enterprise, shutdown_form=form)


@require_POST
def shutdown_remove(request, pk, shutdown):
    enterprise = _with_rhythm(request, pk)
    services.remove_shutdown(get_object_or_404(enterprise.shutdowns, pk=shutdown), by=request.user)
    messages.success(request, _("Removed."))
    return redirect("partnerships:enterprise_cadence", pk)


# --- in the portal -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def portal_shutdown(request, enterprise):
    """The enterprise says when it is closed, so that nobody plans a visit then."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    form = ShutdownForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.add_shutdown(enterprise, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved. The school sees it too."))
        return redirect("partnerships:portal_company", enterprise.pk)
    context = {"enterprise": enterprise, "form": form}
    return render(request, "partnerships/portal_shutdown.html", context, status=422 if form.errors else 200)


@require_POST
def portal_shutdown_remove(request, enterprise, shutdown):
    enterprise = enterprise_in_portal(request.user, enterprise)
    services.remove_shutdown(get_object_or_404(enterprise.shutdowns, pk=shutdown), by=request.user)
    messages.success(request, _("Saved. The school sees it too."))
    return redirect("partnerships:portal_company", enterprise.pk)

"""Presets of agreements: read by whoever drafts, kept by leads."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partnerships.forms.agreements import PresetForm
from partnerships.forms.editing import add_errors
from partnerships.models import AgreementPreset
from partnerships.services.agreements import presets as services
from partnerships.services.enterprises import Conflict
from partnerships.views.doors import school_only
from partnerships.workflow import is_lead
from records.workflow import NotAllowed


@require_safe
def preset_list(request):
    school_only(request.user)
    rows = AgreementPreset.objects.select_related("created_by")
    context = {"presets": rows, "may_change": request.user.sees_everything}
    return render(request, "partnerships/preset_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def preset_new(request):
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def preset_edit(request, pk):
    school_only(request.user)
    return _edit(request, get_object_or_404(AgreementPreset, pk=pk))


def _edit(request, preset):
    school_only(request.user)
    if reason := is_lead(preset, request.user):
        raise NotAllowed(reason)
    form = PresetForm(request.POST or None, instance=preset)
    if request.method == "POST" and form.is_valid() and _save(request, form, preset):
        messages.success(request, _("Saved. It is offered with the next draft."))
        return redirect("partnerships:preset_list")
    return render(request, "partnerships/preset_form.html", {"form": form}, status=422 if form.is_bound else 200)


def _save(request, form, preset):
    values = {"by": request.user, "values": form.text, **form.kept}
    try:
        if preset is None:
            return services.make_preset(form_key=form.cleaned_data["form_key"], **values)
        return services.change_preset(preset, version=form.cleaned_data["version"], **values)
    except Conflict as conflict:
        form.add_error(None, conflict.reason)
        form.data = form.data.copy()
        form.data["version"] = conflict.current.version
    except ValidationError as error:
        add_errors(form, error)
    return None

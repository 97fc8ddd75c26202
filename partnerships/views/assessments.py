"""The written on-site assessment: its form, and the page that is printed."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partnerships.forms.assessments import AssessmentForm
from partnerships.forms.editing import add_errors
from partnerships.models import Assessment
from partnerships.services.assessments import write_assessment
from partnerships.views.doors import school_page
from partnerships.views.enterprise import changeable


@require_http_methods(["GET", "HEAD", "POST"])
def assessment_new(request, pk):
    enterprise = changeable(request, pk)
    form = AssessmentForm(request.POST or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        try:
            assessment = write_assessment(enterprise, by=request.user, **form.values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The assessment is written."))
            return redirect("partnerships:assessment_detail", assessment.pk)
    context = {"form": form, "enterprise": enterprise}
    return render(request, "partnerships/assessment_form.html", context, status=422 if form.is_bound else 200)


@require_safe
def assessment_detail(request, pk):
    rows = Assessment.objects.select_related("enterprise", "site__region__parent", "written_by")
    assessment = school_page(rows.prefetch_related("findings"), request, pk)
    context = {"assessment": assessment, "enterprise": assessment.enterprise}
    return render(request, "partnerships/assessment_detail.html", context)

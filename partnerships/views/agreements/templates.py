"""Templates of documents: read by whoever drafts, uploaded and put into use by leads."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.forms.editing import add_errors
from partnerships.forms.papers import WORD, PreviewForm, TemplateForm
from partnerships.models import Agreement, DocumentTemplate
from partnerships.models.papers import LANGUAGES
from partnerships.rules.documents import HINT, VARIABLES
from partnerships.services.agreements import documents, templates
from partnerships.views.doors import school_only, school_page
from partnerships.workflow import is_lead
from records.documents import UnusableTemplate
from records.workflow import NotAllowed

#: So many agreements are offered to try a template with.
OFFERED = 50


@require_safe
def template_list(request):
    school_only(request.user)
    rows = DocumentTemplate.objects.visible_to(request.user).select_related("uploaded_by").prefetch_related("files")
    context = {"templates": rows, "variables": VARIABLES, "hint": HINT, "papers": LANGUAGES}
    context["may_change"] = request.user.sees_everything
    return render(request, "partnerships/template_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request):
    school_only(request.user)
    if reason := is_lead(None, request.user):
        raise NotAllowed(reason)
    form = TemplateForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            template = templates.upload_template(data.pop("file"), by=request.user, **data)
        except ValidationError as error:
            add_errors(form, error, otherwise="file")
        else:
            messages.success(request, _("In use from now on. Try it with an agreement."))
            return redirect("partnerships:template_detail", template.pk)
    context = {"form": form, "variables": VARIABLES, "hint": HINT}
    return render(request, "partnerships/template_new.html", context, status=422 if form.errors else 200)


@require_safe
def template_detail(request, pk):
    template = school_page(DocumentTemplate.objects.select_related("uploaded_by"), request, pk)
    form = PreviewForm(agreements=_fitting(request.user, template))
    context = {"template": template, "form": form, "may_change": request.user.sees_everything}
    return render(request, "partnerships/template_detail.html", context)


def _fitting(user, template):
    rows = Agreement.objects.visible_to(user).filter(amends__isnull=not template.is_for_amendments)
    rows = rows.filter(kind=template.kind) if template.kind else rows
    newest = rows.order_by("-created_at", "-pk").values("pk")[:OFFERED]
    return Agreement.objects.filter(pk__in=newest).select_related("enterprise").order_by("-created_at", "-pk")


@require_safe
def template_preview(request, pk):
    """The template filled with an agreement, to be looked at: kept nowhere, without a code."""
    template = school_page(DocumentTemplate.objects.all(), request, pk)
    form = PreviewForm(request.GET, agreements=_fitting(request.user, template))
    if not form.is_valid():
        raise Http404
    agreement = form.cleaned_data["agreement"]
    try:
        values = documents.values_of(agreement, template.language)
        content, _leaves = documents.made_from(template, agreement, values, template.language)
    except UnusableTemplate as error:
        messages.error(request, _("The template cannot be filled. %(why)s") % {"why": error.sentence})
        return redirect("partnerships:template_detail", pk)
    return _attachment(content, _("preview-%(name)s.docx") % {"name": template.name})


@require_POST
def template_use(request, pk):
    template = school_page(DocumentTemplate.objects.all(), request, pk)
    used = templates.use_template(template, by=request.user, is_active=request.POST.get("on") == "1")
    messages.success(request, _("In use from now on.") if used.is_active else _("Laid aside."))
    return redirect("partnerships:template_detail", pk)


@require_safe
def template_starter(request, language):
    """The plain paper with its placeholders: a template to begin with."""
    school_only(request.user)
    if language not in dict(LANGUAGES):
        raise Http404
    return _attachment(documents.starter(language), _("template-%(language)s.docx") % {"language": language})


def _attachment(content, name):
    response = HttpResponse(content, content_type=WORD)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    return response

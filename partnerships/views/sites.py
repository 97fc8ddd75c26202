"""The places where one enterprise's people work: added, changed, closed, reopened."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partnerships.forms.sites import CloseForm, SiteForm
from partnerships.models import Enterprise, Site
from partnerships.services import sites as services
from partnerships.services.enterprises import Conflict, refuse_unless_changeable
from partnerships.views.doors import partner
from partnerships.views.enterprise import changeable, conflict_page


@require_http_methods(["GET", "HEAD", "POST"])
def site_new(request, pk):
    enterprise = changeable(request, pk)
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        site = services.add_site(enterprise, by=request.user, form_key=form.cleaned_data["form_key"], **form.values)
        messages.success(request, _("%(name)s is added.") % {"name": site})
        return _back(site)
    context = {"form": form, "enterprise": enterprise}
    return render(request, "partnerships/site_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def site_edit(request, pk):
    site = _site(request, pk)
    form = SiteForm(request.POST or None, instance=site)
    context = {"form": form, "enterprise": site.enterprise, "site": Site(pk=pk, name=site.name)}
    if request.method == "POST" and form.is_valid():
        try:
            version = form.cleaned_data["version"]
            changed = services.change_site(site, by=request.user, version=version, changes=form.changes)
        except Conflict as conflict:
            return conflict_page(request, form, conflict, context)
        messages.success(request, _("%(name)s is saved.") % {"name": changed})
        return _back(site)
    return render(request, "partnerships/site_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def site_close(request, pk):
    site = _site(request, pk)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.close_site(site, by=request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s is closed.") % {"name": site})
        return _back(site)
    context = {"form": form, "enterprise": site.enterprise, "site": site}
    return render(request, "partnerships/site_close.html", context, status=422 if form.is_bound else 200)


@require_POST
def site_reopen(request, pk):
    site = _site(request, pk)
    services.reopen_site(site, by=request.user)
    messages.success(request, _("%(name)s is in use again.") % {"name": site})
    return _back(site)


def _site(request, pk):
    """The site, where this user may change the enterprise. Raises Http404, PermissionDenied, NotAllowed, Refused."""
    visible = Site.objects.filter(enterprise__in=Enterprise.objects.visible_to(request.user))
    site = get_object_or_404(visible.select_related("enterprise__owner"), pk=pk)
    refuse_unless_changeable(partner(request, site.enterprise_id), request.user)
    return site


def _back(site):
    response = redirect("partnerships:enterprise_detail", site.enterprise_id)
    response["Location"] += "#sites"
    return response

"""The people of one enterprise: added, changed, gone, back."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partnerships.forms.contacts import ContactForm, LeftForm
from partnerships.models import Contact
from partnerships.services import contacts as services
from partnerships.services.agreements.signing import waiting_for
from partnerships.services.enterprises import Conflict, refuse_unless_changeable
from partnerships.succession import hangs_on_contact
from partnerships.views.doors import partner
from partnerships.views.enterprise import changeable, conflict_page


@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request, pk):
    enterprise = changeable(request, pk)
    form = ContactForm(request.POST or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        form_key = form.cleaned_data["form_key"]
        contact = services.add_contact(enterprise, by=request.user, form_key=form_key, **form.values)
        messages.success(request, _("%(name)s is added.") % {"name": contact})
        return _back(contact)
    context = {"form": form, "enterprise": enterprise}
    return render(request, "partnerships/contact_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_edit(request, pk):
    contact = _contact(request, pk)
    form = ContactForm(request.POST or None, instance=contact, enterprise=contact.enterprise)
    context = {"form": form, "enterprise": contact.enterprise, "contact": Contact(pk=pk, name=contact.name)}
    if request.method == "POST" and form.is_valid():
        try:
            version = form.cleaned_data["version"]
            changed = services.change_contact(contact, by=request.user, version=version, changes=form.changes)
        except Conflict as conflict:
            return conflict_page(request, form, conflict, context)
        messages.success(request, _("%(name)s is saved.") % {"name": changed})
        return _back(contact)
    return render(request, "partnerships/contact_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_left(request, pk):
    contact = _contact(request, pk)
    form = LeftForm(request.POST or None, contact=contact)
    if request.method == "POST" and form.is_valid():
        services.mark_left(contact, by=request.user, **form.values)
        messages.success(request, _("%(name)s no longer works there, and has no access any more.") % {"name": contact})
        _say_what_stays(request, contact)
        return _back(contact)
    context = {"form": form, "enterprise": contact.enterprise, "contact": contact, "held": hangs_on_contact(contact)}
    return render(request, "partnerships/contact_left.html", context, status=422 if form.is_bound else 200)


def _say_what_stays(request, contact):
    """Requests to sign that went to nobody."""
    for row in waiting_for(contact).prefetch_related("subject"):
        sentence = _("“%(title)s” still waits for the signature of %(name)s: choose on its page who signs instead.")
        messages.warning(request, sentence % {"title": row.subject.heading, "name": row.name})


@require_POST
def contact_return(request, pk):
    contact = _contact(request, pk)
    services.bring_back(contact, by=request.user)
    messages.success(request, _("%(name)s works there again. Access needs a new invitation.") % {"name": contact})
    return _back(contact)


def _contact(request, pk):
    """The person, where this user may change the enterprise. Raises Http404, PermissionDenied, NotAllowed, Refused."""
    contact = get_object_or_404(Contact.objects.visible_to(request.user).select_related("enterprise__owner"), pk=pk)
    refuse_unless_changeable(partner(request, contact.enterprise_id), request.user)
    return contact


def _back(contact):
    response = redirect("partnerships:enterprise_detail", contact.enterprise_id)
    response["Location"] += "#people"
    return response

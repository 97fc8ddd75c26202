"""The enterprise about itself, in the portal: its profile, its sites, and the people who act for it."""

from copy import copy

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.access import enterprise_in_portal, enterprises_of
from partnerships.forms.contacts import SuccessorForm
from partnerships.forms.editing import add_errors
from partnerships.forms.portal import CompanyForm, SiteFactsForm
from partnerships.forms.seats import ColleagueForm, InviteForm, OwnDataForm, PhoneForm
from partnerships.models import Contact
from partnerships.services import company, seats
from partnerships.services.agreements.signing import waiting_for
from partnerships.services.enterprises import Conflict
from partnerships.views.portal import seat_of
from partnerships.views.thread import carried_invitation
from records.workflow import NotAllowed
from reminders.forms import RhythmForm
from reminders.services import change_wish, preference_of


def _edit(request, form, save, context, template, done):
    """Save a form under its version, or draw it again with what was typed; `save` takes version and changes."""
    if request.method == "POST" and form.is_valid():
        try:
            save(by=request.user, version=form.cleaned_data["version"], changes=form.changes)
        except Conflict as conflict:
            again = form.redrawn(conflict.current, form.changes)
            return render(request, template, context | {"form": again, "conflict": conflict}, status=409)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved. The school sees it too."))
            return redirect(*done)
    return render(request, template, context | {"form": form}, status=422 if form.errors else 200)


# --- the company -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def portal_company(request, enterprise):
    """The profile: what the enterprise changes itself, and what the school keeps as on the licence."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    context = {
        "enterprise": enterprise,
        "sites": enterprise.sites.filter(closed_on=None).select_related("region__parent"),
        "shutdowns": enterprise.shutdowns.filter(ends_on__gte=timezone.localdate()),
        "conflict": None,
    }
    form = CompanyForm(request.POST or None, instance=copy(enterprise))  # the page goes on showing what is kept

    def save(**values):
        return company.change_company(enterprise, **values)

    done = ("partnerships:portal_company", enterprise.pk)
    return _edit(request, form, save, context, "partnerships/portal_company.html", done)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_site(request, enterprise, site):
    """How many interns a site takes and what its safety asks."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(enterprise.sites.filter(closed_on=None), pk=site)
    context = {"enterprise": enterprise, "name": found.name, "conflict": None}
    form = SiteFactsForm(request.POST or None, instance=found)

    def save(**values):
        return company.change_site_facts(found, **values)

    done = ("partnerships:portal_company", enterprise.pk)
    return _edit(request, form, save, context, "partnerships/portal_site.html", done)


# --- the team ----------------------------------------------------------------------------------------------------


@require_safe
def portal_team(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    people = enterprise.contacts.present().select_related("user", "invitation", "enterprise")
    own = seat_of(enterprise, request.user)
    context = {
        "enterprise": enterprise,
        "own": own,
        "people": people.order_by("-is_keeper", "name", "pk"),
        "why_not_team": seats.keeps_the_team(enterprise, request.user),
    }
    return render(request, "partnerships/portal_team.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_colleague_new(request, enterprise):
    """The keeper invites a colleague."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    form = ColleagueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contact = seats.add_colleague(enterprise, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect("partnerships:portal_invitation", enterprise.pk, contact.pk)
    why_not = seats.keeps_the_team(enterprise, request.user)
    context = {"enterprise": enterprise, "form": form, "why_not": why_not}
    return render(request, "partnerships/portal_colleague_new.html", context, status=422 if form.errors else 200)


def _colleague(enterprise, pk):
    queryset = enterprise.contacts.present().select_related("user", "invitation__invited_by", "enterprise")
    return get_object_or_404(queryset, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_colleague(request, enterprise, contact):
    """How somebody is called and reached: oneself, or by the keeper anybody."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = _colleague(enterprise, contact)
    why_not = None if found.user_id == request.user.pk else seats.keeps_the_team(enterprise, request.user)
    context = {"enterprise": enterprise, "name": found.name, "why_not": why_not, "conflict": None}
    if "only_phones" in request.POST:  # the short form of the tasks page
        form = PhoneForm(request.POST, instance=found)
    else:
        form = OwnDataForm(request.POST or None, instance=found, enterprise=enterprise)

    def save(**values):
        return company.change_colleague(Contact(pk=contact, enterprise=enterprise), **values)

    done = ("partnerships:portal_team", enterprise.pk)
    return _edit(request, form, save, context, "partnerships/portal_colleague.html", done)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_mail(request, enterprise):
    """How reminders about this enterprise come by mail to whoever looks: each of one's enterprises has its own wish."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    own = seat_of(enterprise, request.user)
    wish = preference_of(addressee_id=own.pk)
    form = RhythmForm(request.POST or None, wish=wish)
    if request.method == "POST" and form.is_valid():
        change_wish(wish, form.pressed, by=request.user, stream=enterprise.pk)
        messages.success(request, _("Saved."))
        return redirect("partnerships:portal_mail", enterprise.pk)
    context = {"enterprise": enterprise, "own": own, "wish": wish, "form": form}
    return render(request, "partnerships/portal_mail.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_invitation(request, enterprise, contact):
    """Invite a contact who has no account, and pass the invitation on by hand."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = _colleague(enterprise, contact)
    form = InviteForm(request.POST or None, initial={"email": found.email})
    if request.method == "POST" and form.is_valid():
        try:
            seats.invite_contact(found, by=request.user, email=form.cleaned_data["email"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect("partnerships:portal_invitation", enterprise.pk, contact)
    why_not = seats.keeps_the_team(enterprise, request.user)
    context = {
        "enterprise": enterprise,
        "contact": found,
        "form": form,
        "why_not": why_not,
        **carried_invitation(None if why_not else found.invitation),
    }
    return render(request, "partnerships/portal_invitation.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_left(request, enterprise, contact):
    """Somebody has left the enterprise, and who takes over; who says it of themselves is out with it."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = _colleague(enterprise, contact)
    if found.user_id != request.user.pk and (reason := seats.keeps_the_team(enterprise, request.user)):
        raise NotAllowed(reason)
    is_own = found.user_id == request.user.pk
    form = SuccessorForm(request.POST or None, contact=found, may_pass_on=is_own)
    if not form.is_valid():
        context = {"enterprise": enterprise, "contact": found, "form": form, "is_own": is_own}
        context["to_sign"] = [] if is_own else waiting_for(found).prefetch_related("subject")
        return render(request, "partnerships/portal_left.html", context, status=422 if form.errors else 200)
    gone = seats.remove_member(found, by=request.user, **form.values)
    messages.success(request, _("%(name)s no longer belongs to the team. Thank you for telling us.") % {"name": gone})
    if enterprises_of(request.user).filter(pk=enterprise.pk).exists():
        return redirect("partnerships:portal_team", enterprise.pk)
    return redirect("home")


@require_POST
def portal_keeper(request, enterprise, contact):
    enterprise = enterprise_in_portal(request.user, enterprise)
    keeper = seats.hand_over_keeper(_colleague(enterprise, contact), by=request.user)
    messages.success(request, _("%(name)s is the keeper now.") % {"name": keeper})
    return redirect("partnerships:portal_team", enterprise.pk)

"""Where an enterprise presents itself, and the queue in which the school decides."""

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import errors
from partnerships.filters import registrations_for
from partnerships.forms.registrations import DecisionForm, RegistrationForm
from partnerships.models import Enterprise, Registration
from partnerships.services import registrations as services
from partnerships.services.merging import find_similar
from partnerships.views.doors import school_only, school_page
from partnerships.workflow import REGISTRATION
from records import keyset

LIMITS = {"registration": "5/h/ip"}


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def registration_new(request):
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, app="partnerships", action="registration", config=LIMITS):
            return errors.too_many(request)
        services.register_enterprise(language=get_language(), **form.cleaned_data)
        return redirect("partnerships:registration_sent")
    return render(request, "partnerships/registration_new.html", {"form": form}, status=422 if form.is_bound else 200)


@login_not_required
@require_safe
def registration_sent(request):
    return render(request, "partnerships/registration_sent.html")


@require_safe
def registration_list(request):
    school_only(request.user)
    rows, chosen = registrations_for(request.user, request.GET)
    page = keyset.page(
        rows.select_related("decided_by", "enterprise"), {"received": "received_at"}, request.GET, default="-received"
    )
    context = {"page": page, "count": keyset.count(rows), "shows_decided": bool(chosen["show"])}
    return render(request, "partnerships/registration_list.html", context)


@require_safe
def registration_detail(request, pk):
    return _page(request, school_page(_rows(), request, pk), DecisionForm())


def _rows():
    return Registration.objects.select_related("decided_by", "enterprise")


def _page(request, registration, form, status=200):
    presented = Enterprise(name=registration.name, uscc=registration.uscc)
    context = {
        "registration": registration,
        "form": form,
        "words": REGISTRATION.words[registration.state],
        "similar": find_similar(presented) if registration.state == Registration.State.WAITING else [],
    }
    return render(request, "partnerships/registration_detail.html", context, status=status)


@require_POST
def registration_accept(request, pk):
    registration = school_page(_rows(), request, pk)
    known = None
    if request.POST.get("enterprise", "").isdecimal():
        known = get_object_or_404(Enterprise.objects.visible_to(request.user).current(), pk=request.POST["enterprise"])
    enterprise = services.accept_registration(registration, by=request.user, enterprise=known)
    messages.success(request, _("%(name)s is accepted; its person is among the contacts.") % {"name": enterprise.title})
    return redirect("partnerships:enterprise_detail", enterprise.pk)


@require_POST
def registration_refuse(request, pk):
    registration = school_page(_rows(), request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, registration, form, status=422)
    services.refuse_registration(registration, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("The registration of %(name)s is refused.") % {"name": registration.name})
    return redirect("partnerships:registration_list")

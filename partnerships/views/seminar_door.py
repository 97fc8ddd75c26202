"""Signing in at the door: the QR that the organiser shows, the page it opens, and the lines of the paper sheet."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import errors
from accounts.access import client_address
from partnerships.forms.editing import add_errors
from partnerships.forms.seminars import DoorForm, SheetForm
from partnerships.models import Seminar
from partnerships.services import seminars as services
from partnerships.services.links import whole
from partnerships.views.doors import school_page
from partnerships.workflow import keeps_this_seminar
from records import links, qr
from records.workflow import NotAllowed


def door_address(seminar):
    return whole(reverse("partnerships:door", args=[seminar.code]))


@require_safe
def seminar_door(request, pk):
    """One QR for everybody: on the screen at the door, or printed and hung up."""
    seminar = school_page(Seminar.objects.all(), request, pk)
    address = door_address(seminar)
    context = {
        "seminar": seminar,
        "address": address,
        "qr": qr.svg(address),
        "why_not": services.why_not_sign_in(seminar, timezone.now()),
        "signed_in": seminar.attendees.count(),
    }
    return render(request, "partnerships/seminar_door.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def door(request, code):
    """What the QR opens. Nothing on it names a guest, and GET changes nothing."""
    if not links.within_rate(client_address(request), "sign_in" if request.method == "POST" else "page"):
        return errors.too_many(request)
    seminar = get_object_or_404(Seminar, code=code)
    why_not = services.why_not_sign_in(seminar, timezone.now())
    who = request.user if request.user.is_authenticated else None
    form = DoorForm(request.POST or None, initial={"name": str(who)} if who else {})
    if request.method == "POST" and form.is_valid():
        try:
            attendee = services.sign_in_at_door(seminar, by=who, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("%(name)s, you are signed in. Welcome!") % {"name": attendee.name})
            return redirect("partnerships:door", code)
    context = {"seminar": seminar, "form": form, "why_not": why_not}
    response = render(request, "partnerships/seminar_sign_in.html", context, status=422 if form.errors else 200)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_POST
def seminar_attendee_new(request, pk):
    """One line of the paper sheet."""
    seminar = school_page(Seminar.objects.select_related("organiser"), request, pk)
    if reason := keeps_this_seminar(seminar, request.user):
        raise NotAllowed(reason)
    form = SheetForm(request.POST, seminar=seminar)
    if form.is_valid():
        attendee = services.sign_in_from_sheet(seminar, by=request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s is on the list.") % {"name": attendee.name})
    else:
        messages.error(request, _("Give the name as it stands on the sheet."))
    return redirect(reverse("partnerships:seminar_detail", args=[pk]) + "#guests")

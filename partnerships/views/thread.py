"""The thread of a partnership for the school, and the seats an officer hands out."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import mails
from partnerships.forms.editing import add_errors
from partnerships.forms.links import CarryForm
from partnerships.forms.seats import InviteForm
from partnerships.forms.thread import MessageForm, OnBehalfForm
from partnerships.models import Contact
from partnerships.services import seats
from partnerships.services.thread import in_thread, waiting_for, write_message
from partnerships.views.doors import partner, school_page
from partnerships.workflow import keeps_this_partner
from records import keyset, qr
from records.models import Side

PAGE = 20


def thread_page(enterprise, parameters):
    """One page of a thread, newest last as people read it, and where the older ones are."""
    page = keyset.page(in_thread(enterprise), {"written": "written_at"}, parameters, default="-written", size=PAGE)
    return {"thread": page.rows[::-1], "older": page.next, "newer": page.previous}


@require_http_methods(["GET", "HEAD", "POST"])
def thread(request, pk):
    enterprise = partner(request, pk)
    form = MessageForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            write_message(enterprise, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error, otherwise="files")
        else:
            messages.success(request, _("Your message stands in the thread; the enterprise reads it in the portal."))
            return redirect("partnerships:thread", pk)
    waiting = list(waiting_for(Side.ENTERPRISE, enterprise)[:PAGE])
    context = {
        "enterprise": enterprise,
        "form": form,
        "carry": CarryForm(enterprise=enterprise, questions=waiting) if waiting else None,
        "why_not": keeps_this_partner(enterprise, request.user),
        **thread_page(enterprise, request.GET),
    }
    return render(request, "partnerships/thread.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def message_on_behalf(request, pk):
    """An officer enters what somebody of the enterprise said (代办)."""
    enterprise = partner(request, pk)
    form = OnBehalfForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("body", "files", "form_key")}
        try:
            write_message(enterprise, by=request.user, on_behalf=form.on_behalf, **values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Entered. The enterprise sees who entered it and can correct it."))
            return redirect("partnerships:thread", pk)
    context = {
        "enterprise": enterprise,
        "form": form,
        "people": enterprise.contacts.present().values_list("name", flat=True)[:50],
        "why_not": keeps_this_partner(enterprise, request.user),
    }
    return render(request, "partnerships/message_on_behalf.html", context, status=422 if form.errors else 200)


# --- seats: the officer invites a contact ------------------------------------------------------------------------


def _contact(request, pk):
    contacts = Contact.objects.select_related("user", "invitation__invited_by", "enterprise__owner")
    return school_page(contacts, request, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def seat_invite(request, pk):
    """A contact's way into the portal: invite, pass the invitation on, see whether it was taken."""
    contact = _contact(request, pk)
    form = InviteForm(request.POST or None, initial={"email": contact.email})
    if request.method == "POST" and form.is_valid():
        try:
            seats.invite_contact(contact, by=request.user, email=form.cleaned_data["email"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The invitation is ready: pass it on."))
            return redirect("partnerships:seat_invite", pk)
    enterprise = contact.enterprise
    context = {
        "enterprise": enterprise,
        "contact": contact,
        "form": form,
        "why_not": keeps_this_partner(enterprise, request.user),
        "has_keeper": enterprise.contacts.filter(is_keeper=True).exists(),
        **carried_invitation(contact.invitation),
    }
    return render(request, "partnerships/seat_invite.html", context, status=422 if form.errors else 200)


def carried_invitation(invitation):
    """The message and the code to scan of an invitation that is still open; empty otherwise."""
    if invitation is None or not invitation.is_open(timezone.now()):
        return {"invitation": None, "message": "", "qr": ""}
    return {
        "invitation": invitation,
        "message": mails.invitation_message(invitation),
        "qr": qr.svg(invitation.link),
    }


@require_POST
def seat_keeper(request, pk):
    contact = _contact(request, pk)
    seats.hand_over_keeper(contact, by=request.user)
    messages.success(request, _("%(name)s is the keeper now.") % {"name": contact})
    return redirect("partnerships:seat_invite", pk)

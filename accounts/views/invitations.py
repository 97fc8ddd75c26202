"""Inviting, and being invited."""

import uuid

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import errors, mails, proof, rules, services
from accounts.forms import AcceptForm, InvitationForm
from accounts.models import Invitation, User
from records import qr
from records.workflow import Refused

LIMITS = {"invitation": "10/m/ip"}
SHOWN = 200


@require_safe
def invitation_list(request):
    """The newest 200: older ones are found by the person."""
    if not request.user.sees_everything:
        raise PermissionDenied(_("Only administrators and leads manage people."))
    invitations = Invitation.objects.visible_to(request.user).select_related("invited_by", "user")[:SHOWN]
    now = timezone.now()
    rows = [(invitation, state_of(invitation, now)) for invitation in invitations]
    return render(request, "accounts/invitation_list.html", {"rows": rows})


def state_of(invitation, now):
    if invitation.accepted_at:
        return "accepted"
    if invitation.withdrawn_at:
        return "withdrawn"
    return "open" if now < invitation.expires_at else "expired"


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_new(request):
    if not request.user.sees_everything:
        raise PermissionDenied(_("Only administrators and leads manage people."))
    form = InvitationForm(request.POST or None, by=request.user, initial={"form_key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.invite_person(by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("accounts:invitation", made.pk)
    return render(request, "accounts/invitation_new.html", {"form": form}, status=422 if form.errors else 200)


def _invitation(request, pk):
    return get_object_or_404(
        Invitation.objects.visible_to(request.user).select_related("invited_by", "user", "department"), pk=pk
    )


@require_safe
def invitation(request, pk):
    shown = _invitation(request, pk)
    context = {
        "invitation": shown,
        "state": state_of(shown, timezone.now()),
        "message": mails.invitation_message(shown),
        "qr": qr.svg(shown.link),
    }
    return render(request, "accounts/invitation.html", context)


@require_POST
def invitation_send_again(request, pk):
    sent = services.send_invitation_again(_invitation(request, pk), by=request.user)
    messages.success(request, _("The invitation for %(name)s is good for another 14 days.") % {"name": sent.name})
    return redirect("accounts:invitation", pk)


@require_POST
def invitation_withdraw(request, pk):
    gone = services.withdraw_invitation(_invitation(request, pk), by=request.user)
    messages.success(request, _("The invitation for %(name)s is withdrawn.") % {"name": gone.name})
    return redirect("accounts:invitation", pk)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request, code):
    """The invitee's page. Reading it changes nothing: messengers fetch links by themselves."""
    if not ratelimit.consume(request, app="accounts", action="invitation", config=LIMITS, limit_get=True):
        return errors.too_many(request)
    found = get_object_or_404(Invitation.objects.select_related("invited_by"), code=code)
    if not found.is_open(timezone.now()):
        return render(request, "accounts/invitation_dead.html", {"invitation": found}, status=410)
    if request.user.is_authenticated:
        return _accept_as(request, found, request.user)
    if found.email and User.objects.filter(email=found.email).exists():
        return render(request, "accounts/invitation_sign_in.html", {"invitation": found})
    return _accept_as_new(request, found)


def _accept_as(request, found, user):
    reason = rules.why_not_join(user, found.role)
    if request.method == "POST" and reason is None:
        services.accept_invitation(found, user=user)
        messages.success(request, _("You have accepted the invitation."))
        return redirect("home")
    context = {"invitation": found, "reason": reason}
    return render(request, "accounts/invitation_join.html", context, status=409 if request.method == "POST" else 200)


def _accept_as_new(request, found):
    form = AcceptForm(request.POST or None, invitation=found)
    if request.method == "POST" and form.is_valid() and _address_is_proven(request, form):
        values = {name: value for name, value in form.cleaned_data.items() if name != "code"}
        try:
            user = services.accept_invitation(found, **values)
        except ValidationError as error:
            form.add_error(None, error)
        except Refused:
            found.refresh_from_db()
            return render(request, "accounts/invitation_dead.html", {"invitation": found}, status=410)
        else:
            record_authentication(request, user, method="invitation")
            return perform_login(request, Login(user=user, email=user.email))
    address = form.data.get("email", "").lower()
    sent_to = address if proof.was_sent(request, address) else ""
    context = {"form": form, "invitation": found, "sent_to": sent_to}
    return render(request, "accounts/invitation_accept.html", context, status=422 if form.errors else 200)


def _address_is_proven(request, form):
    """An address the inviter gave needs no proof; one that was typed gets a code first."""
    address = form.cleaned_data.get("email")
    if not address:
        return True
    if code := form.cleaned_data["code"]:
        if proof.is_right(request, address, code):
            return True
        form.add_error("code", _("That is not the code we sent. Look again, or leave it empty to get a new one."))
    elif not proof.send_code(request, address):
        form.add_error("email", _("Several codes are on their way there. Wait a minute before you ask for another."))
    return False

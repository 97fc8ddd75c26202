"""Demonstration mode only: sign in with one click, and read the mail that was not sent."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts import mailbox
from accounts.models import User


def demonstration_only():
    if not settings.DEMO:
        raise Http404


@login_not_required
@require_POST
def demo_login(request, pk):
    """Sign in as one of the demonstration accounts; real accounts are never among them."""
    demonstration_only()
    user = get_object_or_404(User.objects.active(), pk=pk, is_demo=True)
    logout(request)
    record_authentication(request, user, method="demonstration")
    return perform_login(request, Login(user=user, email=user.email))


@login_not_required
@require_safe
def mail_list(request):
    demonstration_only()
    return render(request, "accounts/mail_list.html", {"mails": mailbox.latest()})


@login_not_required
@require_safe
def mail_detail(request, key):
    demonstration_only()
    mail = mailbox.find(key)
    if mail is None:
        raise Http404
    return render(request, "accounts/mail_detail.html", {"mail": mail})

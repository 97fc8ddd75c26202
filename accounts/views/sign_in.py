"""allauth's own pages, where ours differ."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User


class SignInView(LoginView):
    def get_context_data(self, **kwargs):
        """In demonstration mode: the accounts that sign in with one click, by role."""
        context = super().get_context_data(**kwargs)
        if settings.DEMO:
            people = list(User.objects.active().filter(is_demo=True).select_related("department").order_by("pk"))
            groups = [(role.label, [person for person in people if person.role == role]) for role in Role]
            context["demo_accounts"] = [(label, members) for label, members in groups if members]
        return context


class SetUpTOTPView(ActivateTOTPView):
    def form_valid(self, form):
        """Typing the app's code is showing it: the session need not be asked again."""
        response = super().form_valid(form)
        record_authentication(self.request, self.request.user, "mfa", type=Authenticator.Type.TOTP)
        return response


class AddKeyView(AddWebAuthnView):
    def get_form(self, *args, **kwargs):
        form = super().get_form(*args, **kwargs)
        form.fields["name"].label = _("Name")  # made from the name of the field, and English, otherwise
        return form

    def form_valid(self, form):
        response = super().form_valid(form)
        record_authentication(self.request, self.request.user, "mfa", type=Authenticator.Type.WEBAUTHN)
        return response


class RemoveKeyView(RemoveWebAuthnView):
    def form_valid(self, form):
        """The last second factor of a role that needs one stays (accounts.adapters.MFAAdapter)."""
        if not get_adapter().can_delete_authenticator(self.object):
            messages.error(self.request, _("Your role needs a second factor: add another one before you remove this."))
            return HttpResponseRedirect(reverse("mfa_list_webauthn"))
        return super().form_valid(form)


sign_in = SignInView.as_view()
set_up_totp = SetUpTOTPView.as_view()
add_key = AddKeyView.as_view()
remove_key = RemoveKeyView.as_view()

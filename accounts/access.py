"""What a session has proven, and what that opens."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts.models import Department, User

#: Where a session keeps when it began and when it last did something.
SIGNED_IN, SEEN = "signed_in_at", "seen_at"

#: What a session may still reach while its second factor is missing, by what it has to do about it.
ALWAYS = {"account_logout", "accounts:language_set"}
TO_SET_UP = ALWAYS | {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate"}
TO_SHOW = ALWAYS | {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"}


def session_showed_second_factor(request):
    """Has this session, not the person somewhere else, shown a second factor?"""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def has_authenticator(user):
    return Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def missing_second_factor(request):
    """The URL names a session without its second factor may reach, or None when nothing is missing.

    A person of a role in SECOND_FACTOR_ROLES first sets one up; who has one shows it. Demonstration mode
    (SECOND_FACTOR_FORCED off) offers it only.
    """
    user = request.user
    if not settings.SECOND_FACTOR_FORCED or not user.is_authenticated or not user.needs_second_factor:
        return None
    if session_showed_second_factor(request):
        return None
    return TO_SHOW if has_authenticator(user) else TO_SET_UP


def people_of_departments(departments):
    """The ids of those who work in one of `departments`, for whoever knows departments by their numbers only."""
    return User.objects.filter(department__in=departments).values("pk")


def department_choices():
    """[(id, name)] of the departments in use."""
    return [(department.pk, str(department)) for department in Department.objects.filter(is_open=True)]


def client_address(request):
    """The client's address, counted from the right past our own proxies (settings.TRUSTED_PROXIES)."""
    return get_adapter(request).get_client_ip(request)

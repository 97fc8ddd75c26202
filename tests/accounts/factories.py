"""People and departments for the tests of accounts."""

from datetime import timedelta

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.utils import timezone

from accounts.models import Invitation, Role, User
from records.links import BASE58

PASSWORD = "correct horse battery"
_made = iter(range(1, 1_000_000))


def person(role=Role.OFFICER, **fields):
    number = next(_made)
    fields.setdefault("name", f"{Role(role).label} {number}")
    return User.objects.create_user(fields.pop("email", f"person{number}@example.test"), PASSWORD, role=role, **fields)


def invitation(by, **fields):
    number = next(_made)
    fields.setdefault("code", f"{number:a>22}".translate(str.maketrans("0123456789", BASE58[:10])))
    fields.setdefault("expires_at", timezone.now() + timedelta(days=14))
    return Invitation.objects.create(**{"name": "Zhao Min", "role": Role.HR, "invited_by": by, **fields})


def totp(user):
    """Give `user` an authenticator app and recovery codes; return its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def totp_code(secret, now):
    return format_hotp_value(hotp_value(secret, int(now) // 30))


def sign_in(client, user, password=PASSWORD, **extra):
    return client.post("/account/login/", {"login": user.email, "password": password}, **extra)

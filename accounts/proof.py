"""Proving who one is: an address that somebody typed, by a code that goes there; oneself, before something that binds.

The session keeps of a code only what it must hash to.
"""

import time

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare, salted_hmac

KEY = "address_proof"
MINUTES, TRIES = 10, 5
LIMITS = {
    "address_code": "3/m/key,30/h/ip",
    "own_code": "6/m/key,60/h/key",
    "signature_code": "3/m/key,12/h/key,60/h/ip",
    "own_proof": "5/15m/key",
}


def send_code(request, address, kind="address_code", **values):
    """Mail a code to `address`, good for ten minutes in this session alone; False where too many were asked for.

    `kind` names the mail, which says what the code is for, and `values` what it says beside it.
    """
    if not within_limit(request, kind, address):
        return False
    code = get_adapter(request).generate_login_code()
    request.session[KEY] = {"address": address, "digest": _digest(address, code), "at": time.time(), "tries": 0}
    mail_code(request, address, kind, code=code, **values)
    return True


def within_limit(request, action, key):
    """Count one `action` of LIMITS about `key`; False where there were too many."""
    return bool(ratelimit.consume(request, app="accounts", action=action, config=LIMITS, key=key, limit_get=True))


def mail_code(request, address, kind, **values):
    """Send the mail `kind` at once, in the language that is active; its words and the code are kept nowhere."""
    subject, body = render_to_string(f"emails/{kind}.txt", values, request).strip().split("\n", 1)
    EmailMessage(subject, body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [address]).send()


def was_sent(request, address):
    """Does this session wait for the code of this address?"""
    asked = request.session.get(KEY)
    return bool(asked) and asked["address"] == address and _is_fresh(asked)


def is_right(request, address, code):
    """Is `code` the one sent to `address`? Five tries, then another one has to be sent."""
    if not was_sent(request, address):
        return False
    asked = request.session[KEY]
    request.session[KEY] = asked | {"tries": asked["tries"] + 1}
    if not constant_time_compare(asked["digest"], _digest(address, code)):
        return False
    del request.session[KEY]
    return True


def is_self(request, typed):
    """Is `typed` the password of the person signed in, a code of their app, or the one mailed to them just now?

    None after five tries within 15 minutes that were not; a right one forgets them.
    """
    user, key = request.user, f"user-{request.user.pk}"
    if not within_limit(request, "own_proof", key):
        return None
    if not (user.check_password(typed) or is_right(request, user.email, typed) or _is_of_app(user, typed)):
        return False
    ratelimit.clear(request, app="accounts", action="own_proof", config=LIMITS, key=key)
    return True


def _is_of_app(user, typed):
    by_code = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN)
    with transaction.atomic():  # a code for recovery is used up under a lock
        return any(authenticator.wrap().validate_code(typed) for authenticator in by_code)


def _is_fresh(asked):
    return time.time() - asked["at"] < MINUTES * 60 and asked["tries"] < TRIES


def _digest(address, code):
    return salted_hmac("accounts.proof", f"{address} {normalize_user_code(code)}", algorithm="sha256").hexdigest()

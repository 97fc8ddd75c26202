"""Proving an address that somebody typed: a code goes there, the session keeps only what it must hash to."""

import time

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import normalize_user_code
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare, salted_hmac

KEY = "address_proof"
MINUTES, TRIES = 10, 5
LIMITS = {"address_proof": "3/m/key,30/h/ip"}


def send_code(request, address):
    """Mail a code to `address`, good for ten minutes in this session alone; False where too many were asked for."""
    if not ratelimit.consume(
        request, app="accounts", action="address_proof", config=LIMITS, key=address, limit_get=True
    ):
        return False
    code = get_adapter(request).generate_login_code()
    request.session[KEY] = {"address": address, "digest": _digest(address, code), "at": time.time(), "tries": 0}
    subject, body = render_to_string("emails/address_code.txt", {"code": code}, request).strip().split("\n", 1)
    EmailMessage(subject, body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [address]).send()
    return True


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


def _is_fresh(asked):
    return time.time() - asked["at"] < MINUTES * 60 and asked["tries"] < TRIES


def _digest(address, code):
    return salted_hmac("accounts.proof", f"{address} {normalize_user_code(code)}", algorithm="sha256").hexdigest()

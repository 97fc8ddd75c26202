"""How allauth behaves here: nobody signs up, guessing is slowed per account, a required second factor stays."""

import base64
import math
import time

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from qrcode.image.svg import SvgPathFillImage

from accounts import access
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def login(self, request, user):
        """From here the idle and the absolute time of the session are counted, even where a session goes on."""
        super().login(request, user)
        request.session[access.SIGNED_IN] = request.session[access.SEEN] = time.time()

    def _get_login_attempts_cache_key(self, request, **credentials):
        """One count per account, under whichever of our host names the guesses arrive."""
        return "account:" + (credentials.get("email") or "").strip().lower()

    def pre_authenticate(self, request, **credentials):
        """Five wrong passwords in 15 minutes per account, from wherever they come: 20 hashes an hour.

        The owner is not locked out by a stranger's guesses: a code by mail or a passkey does not count here.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            key = self._get_login_attempts_cache_key(request, **credentials)
            raise ValidationError(wait_sentence(minutes_left(request, key)), code=error.code) from error

    def is_reauthentication_required(self, *, app, **kwargs):
        """A sign-in of the last minutes is as good as typing the password again."""
        request = context.request
        records = get_authentication_records(request, request.user)
        if records and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    def send_mail(self, template_prefix, email, context):
        """Mail goes out in the language of the person it is for."""
        person = User.objects.filter(email=email.lower()).first()
        with translation.override(person.language if person else translation.get_language()):
            super().send_mail(template_prefix, email, context)


def minutes_left(request, key):
    """Minutes until the account's oldest wrong password is forgotten."""
    (rate,) = ratelimit.get_rates(app="allauth.account", action="login_failed")
    name = ratelimit.get_cache_key(request, app="allauth.account", action="login_failed", rate=rate, key=key)
    history = cache.get(name) or [time.time()]
    return max(1, math.ceil((history[-1] + rate.duration - time.time()) / 60))


def wait_sentence(minutes):
    return ngettext(
        "Too many wrong passwords for this account. Try again in %(minutes)d minute, or use a code sent by mail.",
        "Too many wrong passwords for this account. Try again in %(minutes)d minutes, or use a code sent by mail.",
        minutes,
    ) % {"minutes": minutes}


def _ciphers():
    """One cipher per SECRET_KEY, the present one first: a key that was replaced still reads what it wrote."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("accounts.second_factor", "", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text):
        """Seeds of apps and recovery codes lie in the database unreadable without SECRET_KEY."""
        return _ciphers().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return _ciphers().decrypt(encrypted_text.encode()).decode()

    def build_totp_svg(self, url):
        """Dark on white, also on a dark page: cameras read nothing else."""
        return qrcode.make(url, image_factory=SvgPathFillImage, border=3).to_string(encoding="unicode")

    def can_delete_authenticator(self, authenticator):
        """The last one of a role that needs one stays: add the new one first."""
        if not settings.SECOND_FACTOR_FORCED or not authenticator.user.needs_second_factor:
            return True
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()

    def generate_authenticator_name(self, user, type):
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Key %(number)d") % {"number": count + 1}

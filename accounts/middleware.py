"""Three questions on every request: which language, is the session still fresh, was the second factor shown?"""

import time

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from accounts import access

#: A session is written at most this often, in seconds, to remember that somebody is there.
SEEN_EVERY = 60


class LanguageMiddleware:
    """The person's language, else the cookie's, else the browser's, else Chinese."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        language = request.user.language if request.user.is_authenticated else language_of_stranger(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def language_of_stranger(request):
    language = translation.get_language_from_request(request)
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


class IdleMiddleware:
    """End a session after IDLE_MINUTES without a request, and after SESSION_COOKIE_AGE in any case.

    The cookie's own age is renewed by every write to the session, so both are counted in the session itself.
    Stands before LoginRequiredMiddleware: an ended session is nobody's.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            self.check(request, time.time())
        return self.get_response(request)

    def check(self, request, now):
        session = request.session
        signed_in, seen = session.setdefault(access.SIGNED_IN, now), session.setdefault(access.SEEN, now)
        if now - signed_in > settings.SESSION_COOKIE_AGE or now - seen > settings.IDLE_MINUTES * 60:
            logout(request)
        elif now - seen >= SEEN_EVERY:
            session[access.SEEN] = now
            UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())


class SecondFactorMiddleware:
    """A session of a role that needs a second factor reaches nothing until it has shown one (accounts.access)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.second_factor_pages = access.missing_second_factor(request)
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        allowed = request.second_factor_pages
        if allowed is None or request.resolver_match.view_name in allowed:
            return None
        if not getattr(view, "login_required", True):
            request.user = AnonymousUser()  # a public page is for everyone, and this session is nobody yet
            return None
        name = "mfa_index" if allowed is access.TO_SET_UP else "mfa_reauthenticate"
        target = reverse(name)
        if request.method == "GET":
            target += "?" + urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(target)

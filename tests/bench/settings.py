"""As in production, on the bench's own database. Only what stands between a request and its page is left out: the
second factor, which nobody can show here, and mail.
"""

from config.settings import *  # noqa: F403 - all of production

ROOT_URLCONF = "tests.bench.urls"
SECOND_FACTOR_FORCED = False
SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = False
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR"}}

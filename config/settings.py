"""All settings, read from the environment; docs/operations.md lists them.

Without DEBUG the process refuses to start unless SECRET_KEY, ALLOWED_HOSTS and DATABASE_URL are given.
"""

from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import localdb

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("DEMO", False)
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))

if DEBUG or DEMO:
    SECRET_KEY = env.str("SECRET_KEY", "only-for-a-developer-s-own-machine-" + "0" * 24)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
    DATABASE_URL = env.str("DATABASE_URL", "") or localdb.url(VAR_DIR)
else:
    missing = [name for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL") if not env.str(name, "")]
    if missing:
        raise ImproperlyConfigured(
            f"Set {', '.join(missing)} in the environment (docs/operations.md lists every setting), "
            "or start a demonstration with `make run`."
        )
    SECRET_KEY = env.str("SECRET_KEY")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
    DATABASE_URL = env.str("DATABASE_URL")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

PRODUCTION = not (DEBUG or DEMO)
if DEMO and env.bool("HTTPS", False):
    raise ImproperlyConfigured("DEMO=1 opens one-click sign-in to everyone: unset it where HTTPS=1 serves real people.")

# --- the house ---------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "records",
    "reminders",
    "accounts",
    "policies",
    "partnerships",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.htmx.FragmentMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.IdleMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.errors.RefusalMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
UNIVERSITY = {
    "zh-hans": env.str("UNIVERSITY_NAME", "青澜职业技术学院"),
    "en": env.str("UNIVERSITY_NAME_EN", "Qinglan Vocational and Technical College"),
}
#: Where the school lies, by its code in the table of regions: what is near and far is measured from there.
UNIVERSITY_REGION = env.str("UNIVERSITY_REGION", "330100")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.frame",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "template_partials.templatetags.partials",
                "records.templatetags.show",
                "records.templatetags.stamp",
                "config.css",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

# --- the upward doors: dotted names, read by import_string when called -------------------------------------------

#: Functions (invitation, user) called inside the transaction in which an invitation is accepted.
INVITATION_ACCEPTED = ["partnerships.services.seats.seat_invited_contact"]
#: Functions (user) -> URL: where each role lands after signing in; the first that answers wins.
HOME_URLS = ["partnerships.access.portal_home", "reports.access.staff_home"]
#: Functions (request) -> dict: what an app adds to every page's frame (portal, portal_enterprises, counts).
FRAME_PARTS = ["partnerships.access.frame"]
#: Dicts of event kind -> function (event) -> sentence, in the reader's language.
TIMELINE_SENTENCES = [
    "records.timeline.SENTENCES", "accounts.timeline.SENTENCES", "reminders.timeline.SENTENCES",
    "partnerships.timeline.SENTENCES", "partnerships.ask_timeline.SENTENCES",
    "partnerships.promise_timeline.SENTENCES",
    "partnerships.paper_timeline.SENTENCES",
]  # fmt: skip

#: Function (person, by) -> what still hangs on the person and where `by` hands it over, or None.
HOLDINGS = "partnerships.succession.before_leaving"
#: Function (ids) -> {id: name}: what the partnership behind `stream` is called.
STREAM_NAMES = "partnerships.access.stream_names"
#: Objects of partnerships.health.part.Part -> weight: what the health of a partnership is made of. docs/health.md says
#: why so; whoever changes a weight runs `manage.py backtest_health` before and after.
HEALTH_PARTS = {
    "partnerships.health.contact.CONTACT": 30,
    "partnerships.health.promises.KEPT_THERE": 20,
    "partnerships.health.promises.KEPT_HERE": 10,
    "partnerships.health.promises.RUNWAY_LEFT": 15,
    "partnerships.health.promises.SPREAD": 10,
    "partnerships.health.contact.DEPENDENCE": 5,
    "partnerships.health.answers.ANSWERS": 5,
    "partnerships.health.issues.ISSUES": 5,
}
#: With fewer parts that have data there is no figure.
HEALTH_FEWEST_PARTS = 3
#: Name of a counter -> function () -> expression: how many of what an obligation promises really happened in its days.
OBLIGATION_COUNTERS = {
    "seminars": "partnerships.services.obligations.count_seminars",
    "places": "partnerships.services.obligations.count_places",
}
#: Functions: (ids) -> the ids of the people of these departments; () -> [(id, name)] of the departments in use.
PEOPLE_OF_DEPARTMENTS = "accounts.access.people_of_departments"
DEPARTMENT_CHOICES = "accounts.access.department_choices"
#: Objects of reminders.rules.Rule: what the planner watches.
REMINDER_RULES = [
    "partnerships.reminders.GAP",
    "partnerships.seminar_reminders.INVITATION",
    "partnerships.seminar_reminders.CANCELLED",
    "partnerships.seminar_reminders.PROMISED",
    "partnerships.seminar_reminders.MINUTES",
    "partnerships.seminar_reminders.FEEDBACK",
    "partnerships.ask_reminders.ASKED",
    "partnerships.ask_reminders.ANSWERED",
    "partnerships.agreement_reminders.OBLIGATION",
    "partnerships.agreement_reminders.UNSCHEDULED",
    "partnerships.agreement_reminders.END",
    "partnerships.agreement_reminders.NOTICE",
    "partnerships.signing_reminders.TO_SIGN",
    "partnerships.signing_reminders.NOT_SIGNED",
]

# --- data --------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5

REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "django_cache",
            # Rate limits count here: the usual 300 entries could be flushed by guessing at many accounts.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    )
}

FILES_DIR = VAR_DIR / "files"
#: Bytes one person may upload in a day, and one upload may hold.
FILE_QUOTA_DAY = env.int("FILE_QUOTA_DAY", 200 * 1024 * 1024)
FILE_MAX_BYTES = env.int("FILE_MAX_BYTES", 20 * 1024 * 1024)
FILE_MAX_PIXELS = env.int("FILE_MAX_PIXELS", 50_000_000)
#: Rows of a list that are written as a file while the person waits; more of them are written by a worker.
EXPORT_AT_ONCE = env.int("EXPORT_AT_ONCE", 5_000)
#: nginx serves the bytes where this internal prefix is set; otherwise Django streams them.
FILES_ACCEL_PREFIX = env.str("FILES_ACCEL_PREFIX", "")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- who ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is proven by accepting the invitation sent to it
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
#: A whole office behind one address signs in at eight; one account takes five wrong passwords in 15 minutes.
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "5/15m/key",
    "request_login_code": "120/m/ip,3/m/key",
    "reset_password": "60/m/ip,3/15m/key",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TRUST_ENABLED = False
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}  # an office behind one address
MFA_TOTP_ISSUER = "Ronghe"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO
USERSESSIONS_TRACK_ACTIVITY = False  # accounts.middleware.IdleMiddleware writes it, at most once a minute
#: Roles that must show a second factor; in demonstration mode it is offered, not forced.
SECOND_FACTOR_ROLES = env.list(
    "SECOND_FACTOR_ROLES", default=["administrator", "lead", "officer", "teacher", "counsellor"]
)
SECOND_FACTOR_FORCED = not DEMO
#: How many proxies of ours stand before the application: the client's address is counted from the right.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
#: A session ends after this long without a request, and after SESSION_COOKIE_AGE in any case.
IDLE_MINUTES = env.int("IDLE_MINUTES", 30)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- transport ---------------------------------------------------------------------------------------------------

HTTPS = env.bool("HTTPS", PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz(/reminders)?$"]  # asked from inside the container, where no proxy stands
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
#: Where a hole is reported; shown under /.well-known/security.txt.
SECURITY_CONTACT = env.str("SECURITY_CONTACT", "mailto:postmaster@localhost")
#: The address people outside reach us under; links carried by hand begin with it.
SITE_URL = env.str("SITE_URL", "http://localhost:8000").rstrip("/")
#: A shorter name that the proxy leads on to SITE_URL: what is carried by hand begins with it, 40 characters in all.
SITE_SHORT_URL = env.str("SITE_SHORT_URL", "").rstrip("/") or SITE_URL

# --- languages and time ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
FORMAT_MODULE_PATH = ["config.formats"]

# --- static files ------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "static_built")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": FILES_DIR}},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION

# --- mail --------------------------------------------------------------------------------------------------------

EMAIL_FILE_PATH = VAR_DIR / "mail"  # demonstration mode writes mail here and shows it at /mail/
EMAIL_URL = env.str("EMAIL_URL", "")
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends." + ("smtp" if PRODUCTION else "filebased") + ".EmailBackend"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Ronghe <ronghe@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
#: Behind the @ of every Message-ID of ours.
MAIL_DOMAIN = env.str("MAIL_DOMAIN", "ronghe.localhost")
#: Seconds between two tries of a mail that the server refused for now; 0: 5, 15, 30, 60, then 120 minutes.
MAIL_PAUSE = env.int("MAIL_PAUSE", 0)

# --- Celery: a doorbell ------------------------------------------------------------------------------------------

BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "filesystem://")
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 900,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
    }
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "send waiting invitations": {"task": "accounts.tasks.send_waiting_invitations", "schedule": 60.0},
    "plan reminders": {"task": "reminders.tasks.plan", "schedule": 60.0},
    "send reminders": {"task": "reminders.tasks.send_due", "schedule": 15.0},
    "pick up imports": {"task": "partnerships.tasks.pick_up_imports", "schedule": 60.0},
    "pick up scans": {"task": "partnerships.tasks.pick_up_scans", "schedule": 60.0},
    "write exports": {"task": "reports.tasks.write_exports", "schedule": 60.0},
    "count rhythm": {"task": "reports.tasks.count_rhythm", "schedule": crontab(minute=35)},
    "expire exports": {"task": "reports.tasks.expire_exports", "schedule": 600.0},
    "run the clock of agreements": {"task": "partnerships.tasks.run_agreement_clock", "schedule": crontab(minute=5)},
    "refresh health": {"task": "partnerships.tasks.refresh_health", "schedule": crontab(hour=2, minute=50)},
    "refresh changed health": {"task": "partnerships.tasks.refresh_changed_health", "schedule": 60.0},
    "lapse needs and asks": {"task": "partnerships.tasks.lapse_needs_and_asks", "schedule": crontab(minute=10)},
    "follow obligations": {"task": "partnerships.tasks.follow_obligations", "schedule": crontab(hour=0, minute=35)},
    "check stored figures": {"task": "partnerships.tasks.check_stored_figures", "schedule": crontab(hour=3, minute=10)},
    "sweep files": {"task": "records.tasks.sweep_files", "schedule": crontab(hour=3, minute=20)},
}

# --- logs --------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "urllib3": {"level": "INFO"},  # at DEBUG it says whole addresses, and in those of robots stands their key
        "kombu.connection": {"level": "ERROR"},  # warns that a directory as broker has no host name
    },
}

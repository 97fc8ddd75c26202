"""Settings of the test suite: hermetic (nothing of the developer's environment counts), quick, and no server but ours.

Several runs may share a machine: each has its own databases, named after TEST_RUN, in one cluster under TEST_VAR_DIR
that tests/cluster.py starts and stops.
"""

import os
import tempfile
from pathlib import Path

from config import localdb

RUN = os.environ.setdefault("TEST_RUN", str(os.getpid()))  # xdist's workers inherit the number of their controller
TEST_VAR_DIR = Path(os.environ.get("TEST_VAR_DIR") or Path(__file__).resolve().parent.parent / "var" / "test")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw")

for _name in ("HTTPS", "REDIS_URL", "EMAIL_URL", "SITE_URL", "SITE_SHORT_URL", "TRUSTED_PROXIES", "FILES_ACCEL_PREFIX",
              "STATIC_ROOT", "CSRF_TRUSTED_ORIGINS", "SECOND_FACTOR_ROLES", "UNIVERSITY_NAME",
              "UNIVERSITY_NAME_EN"):  # fmt: skip
    os.environ.pop(_name, None)
os.environ |= {
    "DEBUG": "1",
    "DEMO": "0",
    "SECRET_KEY": "of-the-test-suite-" + "0" * 40,
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "DATABASE_URL": localdb.url(TEST_VAR_DIR, "postgres"),
    "CELERY_BROKER_URL": "memory://",
    "VAR_DIR": str(Path(tempfile.gettempdir()) / f"ronghe-test-{RUN}-{WORKER}"),
}

from config.settings import *
from config.settings import DATABASES, INSTALLED_APPS

DEBUG = False
#: The cast signs in with a password alone; tests of the second factor force it.
SECOND_FACTOR_FORCED = False

INSTALLED_APPS += ["zeal"]  # tests/guards.py: alike queries
ZEAL_NPLUSONE_THRESHOLD = 3

DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "TEST": {"NAME": f"test_ronghe_{RUN}"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
CELERY_TASK_STORE_EAGER_RESULT = False
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"level": "WARNING"}}

"""The database of the tests, migrated once and then copied.

Migrating takes half a minute, copying no time at all. The copy is named after what it was made of, so that it stays
true: whoever changes a migration, or a table that a migration loads, gets a new one.
"""

import fcntl
import hashlib
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from psycopg2 import sql

PREFIX = "template_ronghe_"
#: What has a part in a migrated database besides the migrations: an app whose tables they load, and whoever runs them.
BESIDES = ("policies", "requirements")


def migrated_template():
    """The name of a database that carries every migration; made first where there is none.

    Of several workers one makes it and the others wait for it.
    """
    name = PREFIX + digest_of(_sources())
    with open(settings.TEST_VAR_DIR / "template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _templates()
        if name not in known:
            _migrate(name)
            for outdated in known:
                _execute("DROP DATABASE {}", outdated)
    return name


def _sources():
    """Every file that has a part in what a migrated database holds."""
    folders = [Path(app.path) / "migrations" for app in apps.get_app_configs()]
    folders += [settings.BASE_DIR / name for name in BESIDES]
    return {file for folder in folders for kind in ("*.py", "*.csv", "*.txt") for file in folder.rglob(kind)}


def digest_of(files):
    digest = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"{file.parent.parent.name}/{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def _migrate(name):
    """Under a name of its own until it is complete: an interrupted run leaves no half template behind."""
    own, unfinished = connection.settings_dict["NAME"], f"{name}_unfinished"
    wanted = connection.settings_dict["TEST"]["NAME"]
    connection.settings_dict["TEST"]["NAME"] = unfinished
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        connection.creation.destroy_test_db(own, verbosity=0, keepdb=True)  # only leaves it
    finally:
        connection.settings_dict["TEST"]["NAME"] = wanted
    _execute("ALTER DATABASE {} RENAME TO {}", unfinished, name)


def _templates():
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        return {name for (name,) in cursor.fetchall()}


def _execute(statement, *databases):
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, databases)))

"""The site as `make run` starts it, in a process of its own: database, demonstration data, web server and worker."""

import json
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from config import localdb
from tests.smoke.machine import BIN, ROOT, free_port, server, wait_until


@dataclass(frozen=True)
class Site:
    """A running demonstration: where it answers and where it keeps its things."""

    address: str
    var_dir: Path
    database: Path | None = None  # the directory of its cluster, where that is another one

    @property
    def environment(self):
        """What our own commands need to work on the same database; nothing of the tests' settings."""
        return plain_environment() | {
            "DEMO": "1",
            "VAR_DIR": str(self.var_dir),
            "SITE_URL": self.address,
            "EXPORT_AT_ONCE": "20",
        }

    def ask(self, module, *arguments):
        """Run a module of ours beside the site and read what it prints as JSON."""
        command = [BIN / "python", "-m", module, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rows(self, statement, *values):
        """Look into the database, past every page."""
        connection = psycopg2.connect(
            host=str(localdb.socket_dir(self.database or self.var_dir)), user=localdb.SUPERUSER, dbname=localdb.DATABASE
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, statement, *values):
        return self.rows(statement, *values)[0][0]


def plain_environment():
    keep = ("PATH", "HOME", "LANG", "TZ")
    return {name: os.environ[name] for name in keep if name in os.environ} | {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


@contextmanager
def running(folder):
    """Start everything in `folder`; E2E_SITE=<address>,<var directory> takes a site that runs already."""
    if os.environ.get("E2E_SITE"):
        address, var_dir = os.environ["E2E_SITE"].split(",")
        yield Site(address, Path(var_dir))
        return
    port, log = free_port(), folder / "site.log"
    site = Site(f"http://localhost:{port}", folder / "var")
    environment = site.environment | {"PORT": str(port)}
    with server([BIN / "python", "-m", "config.run"], log, cwd=ROOT, env=environment) as process:
        wait_until(
            lambda: "Ctrl-C stops everything." in log.read_text() or process.poll() is not None, 300, log.read_text
        )
        assert process.poll() is None, log.read_text()
        yield site
        wrong = re.findall(r"^[-\d]+ [\d:,]+ (?:ERROR|CRITICAL) .*", log.read_text(), re.MULTILINE)
        assert not wrong, log.read_text()[-6000:]

"""`make run`: the whole site with demonstration data on one machine, in the foreground, until Ctrl-C.

Starts, in this order: the embedded PostgreSQL (unless DATABASE_URL, in the environment or in .env, names a server),
migrations, the demonstration data when the database is empty, the web server, and a worker with the clock (beat).
Every refusal is one sentence.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

from config import localdb

BASE_DIR = Path(__file__).resolve().parent.parent
GRACE = 20  # seconds a process may take to end by itself
#: SIGTERM and a closed terminal end the site as Ctrl-C does.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotRun(Exception):
    """The site cannot start or go on; the text is for the person at the terminal."""


def main():
    for name in ENDINGS:
        signal.signal(name, _end)
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    try:
        with ExitStack() as stack:
            run(stack)
    except KeyboardInterrupt:
        print("Ronghe has stopped.")
    except (CannotRun, localdb.LocalDatabaseError) as refusal:
        sys.exit(f"{refusal}")


def _end(number, frame):
    """The first signal ends the site; those after it (make passes on its own) must not interrupt the ending."""
    for name in ENDINGS:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def run(stack):
    """Start everything and wait; whatever was started is stopped when `stack` closes, the database last."""
    read_env_file()
    port = _port(os.environ.get("PORT", "8000"))
    address = f"http://localhost:{port}"
    os.environ |= {"DEMO": "1", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
    os.environ.setdefault("SITE_URL", address)
    var_dir = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve()
    os.environ.setdefault("STATIC_ROOT", str(var_dir / "static"))
    stack.enter_context(_only_one(var_dir, address))
    _refuse_busy(port)
    if not os.environ.get("DATABASE_URL"):
        print("Starting the database …")
        stack.callback(localdb.stop, var_dir)
        localdb.start(var_dir)
    load_django()
    migrate("DATABASE_URL" if os.environ.get("DATABASE_URL") else localdb.data_dir(var_dir))
    seed()
    for directory in ("broker/queue", "broker/control", "static"):
        (var_dir / directory).mkdir(parents=True, exist_ok=True)
    processes = {}
    stack.callback(_stop, processes)
    processes["web server"] = _start(
        "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2", "--threads=4", "--log-level=warning",
        "--graceful-timeout=5", "--no-control-socket",
    )  # fmt: skip
    processes["worker"] = _start(
        "celery", "--app=config", "--quiet", "worker", "--beat", f"--schedule={var_dir / 'beat-schedule'}",
        "--concurrency=1", "--loglevel=WARNING", "--without-gossip", "--without-mingle",
    )  # fmt: skip
    _wait_until_it_answers(f"http://127.0.0.1:{port}/healthz", processes)
    print(_welcome(address))
    _watch(processes)


# --- before the start --------------------------------------------------------------------------------------------


def read_env_file():
    """Take what .env says, as the settings do, before anything is decided by it; the environment has the last word."""
    from environ import Env

    if (BASE_DIR / ".env").exists():
        Env.read_env(BASE_DIR / ".env")


def _port(text):
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotRun(f"PORT={text} is no port: choose a number between 1024 and 65535.")
    return int(text)


def _refuse_busy(port):
    another = "choose another one, for example PORT=8123 make run."
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotRun(f"Port {port} is reserved for root: {another}") from None
        except OSError:
            raise CannotRun(f"Port {port} is in use by another program: {another}") from None


def _only_one(var_dir, address):
    """Hold var/run.lock while the site runs; a second start names the first."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        lock = open(var_dir / "run.lock", "a+")  # noqa: SIM115 - returned as the context
    except OSError:
        raise CannotRun(
            f"{var_dir} cannot be written: it may belong to another user. Set VAR_DIR to a directory of yours."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with lock:
            lock.seek(0)
            first = lock.read().strip()
        raise CannotRun(f"Ronghe already runs here: {first}. Stop it there with Ctrl-C first.") from None
    lock.truncate(0)
    lock.write(f"{address} (process {os.getpid()})")
    lock.flush()
    return lock


def load_django():
    """Load the settings of the demonstration; what they refuse becomes one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as refusal:
        raise CannotRun(str(refusal)) from None


def migrate(where):
    """Bring the database up to date, or say in one sentence that it is too old, too new or out of reach."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import Error, connection
    from django.db.migrations.exceptions import InconsistentMigrationHistory

    try:
        connection.ensure_connection()
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.REDIS_URL:
            call_command("createcachetable", verbosity=0)
    except (Error, InconsistentMigrationHistory) as error:
        reason = str(error).strip().splitlines()[0]
        raise CannotRun(
            f"The database in {where} cannot be used by this version of Ronghe ({reason}). "
            "A demonstration needs no rescue: move it away and a new one is made."
        ) from None


def seed():
    """Fill a database without people with the demonstration data, or with nothing when interrupted."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection, transaction

    if not get_user_model().objects.exists():
        print("Filling the empty database with demonstration data …")
        with transaction.atomic():
            call_command("seed_demo", verbosity=0)
    connection.close()


# --- while it runs -----------------------------------------------------------------------------------------------


def _start(name, *arguments):
    """Start a program of .venv in a process group of its own: only we end it, and it ends when we are killed."""
    command = [str(Path(sys.executable).parent / name), *arguments]
    quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
    return subprocess.Popen(
        command, cwd=BASE_DIR, env=os.environ | quiet, stdin=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=_end_with_parent,
    )  # fmt: skip


def _end_with_parent():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _wait_until_it_answers(address, processes):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        _refuse_dead(processes)
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise CannotRun("The web server does not answer; its lines above say why.")


def _welcome(address):
    from django.contrib.auth import get_user_model

    accounts = get_user_model().objects.filter(is_demo=True, is_active=True).order_by("role", "id")
    lines = [f"\nRonghe runs at {address}/", ""]
    if accounts:
        lines += ["Demonstration accounts, each with one click on that page:"]
        lines += [f"  {user.email:<34} {user.role:<14} {user.name} {user.name_en}".rstrip() for user in accounts]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _watch(processes):
    while True:
        _refuse_dead(processes)
        time.sleep(0.5)


def _refuse_dead(processes):
    for name, process in processes.items():
        if process.poll() is not None:
            raise CannotRun(f"The {name} has ended by itself (status {process.returncode}); its lines above say why.")


def _stop(processes):
    """End what runs, kindly and then firmly."""
    print("\nStopping …")
    for process in processes.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + GRACE
    for process in processes.values():
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a process group outlives its leader
        process.wait()


if __name__ == "__main__":
    main()

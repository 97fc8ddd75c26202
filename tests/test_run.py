"""`make run` says in one sentence what stands in its way. What it does when nothing does: tests/smoke."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.db import OperationalError

from config import environment, run


@pytest.mark.parametrize("text", ["", "http", "-1", "0", "65536", "80 80", "８０００ "])
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(run.CannotRun, match="is no port"):
        run._port(text)


def test_a_port_is_read():
    assert run._port("8123") == 8123


def test_a_busy_port_is_refused_and_a_free_one_is_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(run.CannotRun, match=f"Port {port} is in use by another program"):
            run._refuse_busy(port)
    run._refuse_busy(port)


def test_a_second_start_names_the_first(tmp_path):
    first = run._only_one(tmp_path, "http://localhost:8123")
    with pytest.raises(run.CannotRun, match=rf"already runs here: http://localhost:8123 \(process {os.getpid()}\)"):
        run._only_one(tmp_path, "http://localhost:9999")
    first.close()
    run._only_one(tmp_path, "http://localhost:9999").close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(run.CannotRun, match="cannot be written"):
        run._only_one(tmp_path / "var", "")


def test_a_process_that_ends_by_itself_ends_the_site():
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait()
    with pytest.raises(run.CannotRun, match=r"The worker has ended by itself \(status 3\)"):
        run._refuse_dead({"worker": process})


def test_whatever_runs_is_ended_also_what_does_not_listen(monkeypatch, capsys):
    monkeypatch.setattr(run, "GRACE", 0.3)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"deaf\n"
    run._stop({"deaf": process})
    process.stdout.close()
    assert process.returncode == -9
    assert "Stopping" in capsys.readouterr().out


def test_a_database_of_another_time_is_one_sentence(monkeypatch):
    def migrate(*args, **kwargs):
        raise OperationalError('relation "accounts_user" already exists\nLINE 1: CREATE TABLE')

    monkeypatch.setattr("django.core.management.call_command", migrate)
    monkeypatch.setattr("django.db.connection.ensure_connection", lambda: None)
    with pytest.raises(run.CannotRun) as refusal:
        run.migrate("var/db")
    assert str(refusal.value).count("\n") == 0
    assert "var/db cannot be used by this version" in str(refusal.value)


class ReachedError(Exception):
    """As far as the test goes."""


@pytest.mark.parametrize("named", [True, False])
def test_a_database_named_in_the_env_file_is_used(monkeypatch, tmp_path, named):
    for name in ("DEMO", "PYTHONUTF8", "LC_ALL", "SITE_URL", "STATIC_ROOT", "VAR_DIR", "PORT", "DATABASE_URL"):
        monkeypatch.setenv(name, "")  # so that all of them are as before in the end
        monkeypatch.delenv(name)
    monkeypatch.setattr(run, "BASE_DIR", tmp_path)
    if named:
        (tmp_path / ".env").write_text("DATABASE_URL=postgres://ronghe@elsewhere/ronghe\n")
    started = []
    monkeypatch.setattr(run.localdb, "start", started.append)
    monkeypatch.setattr(run.localdb, "stop", lambda var_dir: None)
    monkeypatch.setattr(run, "_refuse_busy", lambda port: None)

    def reached():
        raise ReachedError

    monkeypatch.setattr(run, "load_django", reached)
    with ExitStack() as stack, pytest.raises(ReachedError):
        run.run(stack)
    assert started == ([] if named else [tmp_path / "var"])
    assert os.environ.get("DATABASE_URL", "") == ("postgres://ronghe@elsewhere/ronghe" if named else "")


@pytest.mark.django_db
def test_an_empty_database_is_filled_or_left_empty(monkeypatch):
    from accounts.models import Department

    def interrupted(*args, **kwargs):
        Department.objects.create(name="航空学院")
        raise CommandError("stopped in the middle")

    monkeypatch.setattr("django.core.management.call_command", interrupted)
    monkeypatch.setattr("django.db.connection.close", lambda: None)
    with pytest.raises(CommandError):
        run.seed()
    assert not Department.objects.exists()


# --- the environment -----------------------------------------------------------------------------------------------


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(environment, "NEEDED", (4, 0))
    with pytest.raises(environment.EnvironmentRefused, match=r"Python 4\.0 or newer is needed"):
        environment.build("runtime")


def test_missing_venv_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    with pytest.raises(environment.EnvironmentRefused, match="apt install python3-venv"):
        environment._create()


def test_the_environment_is_stale_when_its_lock_changed(monkeypatch, tmp_path):
    lock = settings.BASE_DIR / "requirements" / "runtime.txt"
    monkeypatch.setattr(environment, "PYTHON", settings.BASE_DIR / ".venv" / "bin" / "python")
    assert environment._is_current({"runtime": environment._digest(lock)}, "runtime")
    assert not environment._is_current({"runtime": "another"}, "runtime")
    assert not environment._is_current({"runtime": environment._digest(lock)}, "development")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "gone")
    assert not environment._is_current({"runtime": environment._digest(lock)}, "runtime")


def test_locks_carry_hashes_and_no_index_address():
    for kind in ("runtime", "development"):
        text = (settings.BASE_DIR / "requirements" / f"{kind}.txt").read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text

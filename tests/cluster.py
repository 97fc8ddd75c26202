"""The PostgreSQL of the tests: one throw-away cluster per checkout, shared by every run at work in it.

The first run starts it, the last one out stops it: each run holds a shared lock on a file while it lasts, and whoever
gets the exclusive lock at the end is alone. A killed run loses its lock with its life.
"""

import fcntl
import os
import re

from config import localdb


class SharedCluster:
    def __init__(self, var_dir):
        self.var_dir = var_dir

    def join(self):
        """Start the cluster unless it runs, and count among its users until leave()."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        with self._door():
            self.users = open(self.var_dir / "users.lock", "w")  # noqa: SIM115 - open as long as the run
            fcntl.flock(self.users, fcntl.LOCK_SH)
            localdb.start(self.var_dir, localdb.THROWAWAY)
        self._drop_what_killed_runs_left()

    def leave(self):
        """Stop the cluster if nobody else uses it."""
        with self._door():
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                self.users.close()
            localdb.stop(self.var_dir)

    def _door(self):
        """Nobody joins while somebody leaves."""
        door = open(self.var_dir / "door.lock", "w")  # noqa: SIM115 - the caller closes it
        fcntl.flock(door, fcntl.LOCK_EX)
        return door  # closing the file opens the door

    def _drop_what_killed_runs_left(self):
        import psycopg2

        connection = psycopg2.connect(
            host=str(localdb.socket_dir(self.var_dir)), user=localdb.SUPERUSER, dbname="postgres"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_ronghe\\_%'")
            for (name,) in cursor.fetchall():
                run = re.match(r"test_ronghe_(\d+)(_|$)", name)
                if run and not _is_alive(int(run[1])):
                    cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.close()


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""The two commands of the README in a fresh clone, by root and by an ordinary user with an empty home.

Everything a developer's machine might lend is taken away: no environment variables but PATH and HOME, an empty home,
LANG unset, LC_ALL=C. The clone holds what is committed, nothing else.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import urllib.error
from pathlib import Path

import pytest

from tests.smoke.machine import ROOT, Visitor, free_port, listens, processes_below, server, wait_until

pytestmark = pytest.mark.smoke
ORDINARY = "ronghe-visitor"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Checkout:
    """A clone that belongs to one person, and the way to run a command in it as that person."""

    def __init__(self, base, user):
        self.folder, home = base / "ronghe", base / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT.as_uri(), self.folder], check=True)
        self.env = {"PATH": SYSTEM_PATH, "HOME": str(home), "LC_ALL": "C"}
        self.identity = {}
        if user:
            subprocess.run(["chown", "-R", f"{user}:{user}", base], check=True)
            self.identity = {"user": user, "group": user, "extra_groups": []}

    def options(self, **env):
        return {"cwd": self.folder, "env": self.env | env, **self.identity}


def _ordinary_user():
    """The name of a user without rights, made if root runs us; None when we are such a user ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(ORDINARY)
    except KeyError:
        subprocess.run(
            ["useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", ORDINARY], check=True
        )
    return ORDINARY


@pytest.fixture(scope="module", params=["root", "ordinary"])
def checkout(request):
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("only root can play root")
    base = Path(tempfile.mkdtemp(prefix="ronghe-checkout-"))
    base.chmod(0o755)
    yield Checkout(base, _ordinary_user() if request.param == "ordinary" else None)
    wait_until(lambda: not processes_below(base), 60, lambda: f"these outlive the tests: {processes_below(base)}")
    shutil.rmtree(base)


def test_make_run(checkout, tmp_path):
    """The sign-in page comes up, every demonstration account enters with one click, Ctrl-C leaves nothing behind."""
    port, log = free_port(), tmp_path / "run.log"
    options = checkout.options(PORT=str(port))
    with server(["make", "run"], log, **options) as run:
        wait_until(lambda: "Ctrl-C stops everything." in log.read_text() or run.poll() is not None, 600, log.read_text)
        assert run.poll() is None, log.read_text()
        assert f"http://localhost:{port}/" in log.read_text()
        _sign_in_everyone(f"http://localhost:{port}/", log)
        _refuse_a_second_start(checkout)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to make and to all in the foreground
        run.wait(60)
    assert "Ronghe has stopped." in log.read_text()
    assert "Traceback" not in log.read_text()
    assert not listens(port)
    wait_until(lambda: not processes_below(checkout.folder), 10, lambda: str(processes_below(checkout.folder)))


def _sign_in_everyone(address, log):
    offered = Visitor(address).demo_sign_ins()
    assert len(offered) >= 6, "the sign-in page offers at least one account per role"
    assert log.read_text().count("@") >= len(offered), "the terminal names each account"
    for path in offered:
        visitor = Visitor(address)
        token = visitor.demo_sign_ins()[path]
        try:
            landed, page = visitor.open(path, {"csrfmiddlewaretoken": token})
        except urllib.error.HTTPError as error:
            pytest.fail(f"{path} leads to {error.url}, status {error.code}:\n{log.read_text()[-3000:]}")
        assert "/account/login/" not in landed, f"{path} does not sign in"
        assert "</html>" in page


def _refuse_a_second_start(checkout):
    again = subprocess.run(["make", "run"], capture_output=True, text=True, check=False, timeout=120,
                           **checkout.options(PORT=str(free_port())))  # fmt: skip
    assert again.returncode != 0
    assert "Ronghe already runs here: http://localhost:" in again.stderr
    assert "Traceback" not in again.stderr


def test_make_run_again_keeps_the_data(checkout, tmp_path):
    """A second start finds its database, also after the first one was killed and its database left running."""
    for _ in range(2):
        port, log = free_port(), tmp_path / f"{free_port()}.log"
        with server(["make", "run"], log, **checkout.options(PORT=str(port))) as run:
            wait_until(lambda: "Ctrl-C stops" in log.read_text() or run.poll() is not None, 120, log.read_text)  # noqa: B023
            assert "Filling the empty database" not in log.read_text()
            for pid, command in processes_below(checkout.folder).items():
                if "config.run" in command:
                    os.kill(pid, signal.SIGKILL)
            run.wait(30)
        wait_until(lambda: not listens(port), 30, "the web server outlives a killed make run")  # noqa: B023
    subprocess.run(
        [".venv/bin/python", "-c", "from config import localdb; localdb.stop('var')"], check=True, **checkout.options()
    )


def test_a_busy_port_is_one_sentence(checkout):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = subprocess.run(["make", "run"], capture_output=True, text=True, check=False, timeout=120,
                              **checkout.options(PORT=str(port)))  # fmt: skip
    assert done.returncode != 0
    assert f"Port {port} is in use by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_test(checkout, tmp_path):
    """Green from a fresh clone; what it printed is kept in the report."""
    done = subprocess.run(
        ["make", "test"], capture_output=True, text=True, check=False, timeout=1_500, **checkout.options()
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "failed" not in done.stdout.splitlines()[-1]

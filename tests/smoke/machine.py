"""What the smoke tests need of a machine: free ports, servers of their own, a browser without a browser."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / ".venv" / "bin"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_until(condition, seconds, what):
    """Ask until the condition holds; fail with `what` when it takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.1)
    return answer


@contextmanager
def server(command, log, **options):
    """Run a server in a process group of its own; end the group at the end."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def get(port, path, headers=()):
    """One request, nothing followed: (status, headers with small names, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


class Visitor:
    """Follows redirects, keeps cookies and posts the forms it finds."""

    def __init__(self, address):
        self.address = address
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path, fields=None):
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(urllib.parse.urljoin(self.address, path), data)
        request.add_header("Referer", self.address)
        with self.opener.open(request, timeout=30) as response:
            return response.geturl(), response.read().decode()

    def demo_sign_ins(self):
        """Path of each one-click sign-in on the sign-in page -> its CSRF token."""
        _, page = self.open("/account/login/")
        forms = re.findall(r'<form[^>]*action="(/demo/\d+/)"[^>]*>(.*?)</form>', page, re.DOTALL)
        return {action: re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', fields)[1] for action, fields in forms}


def processes_below(folder):
    """The processes working in a folder or started from it, zombies left out: {pid: command line}."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if command and (str(folder) in command or str((entry / "cwd").readlink()).startswith(str(folder))):
                found[int(entry.name)] = command
        except OSError:
            continue  # it has just ended
    return found

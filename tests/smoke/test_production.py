"""The site as a university runs it: production settings, gunicorn, worker and beat, a real Redis and PostgreSQL."""

import http.client
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

import pytest

from config import localdb
from tests.smoke.machine import BIN, ROOT, free_port, get, listens, server, wait_until

pytestmark = pytest.mark.smoke
HOST = "ronghe.example.edu.cn"
BEHIND_PROXY = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


def environment(**changes):
    """The environment of a server: only what docs/operations.md asks for. A change to None leaves a name out."""
    values = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "a-key-of-the-smoke-test-" + os.urandom(24).hex(),
        "ALLOWED_HOSTS": HOST,
        "SITE_URL": f"https://{HOST}",
        "DATABASE_URL": "postgres://ronghe@db/ronghe",
        "TRUSTED_PROXIES": "1",
        "EMAIL_URL": "consolemail://",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def manage(*arguments, env):
    command = [BIN / "python", ROOT / "manage.py", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def site():
    """PostgreSQL, Redis and gunicorn on free ports: (port, environment, folder of logs)."""
    with tempfile.TemporaryDirectory(prefix="ronghe-site-") as folder:
        yield from _serve(Path(folder).resolve())


def _serve(folder):
    redis_port, port = free_port(), free_port()
    localdb.start(folder / "var")
    env = environment(
        DATABASE_URL=localdb.url(folder / "var"),
        REDIS_URL=f"redis://127.0.0.1:{redis_port}/1",
        CELERY_BROKER_URL=f"redis://127.0.0.1:{redis_port}/0",
        VAR_DIR=str(folder / "var"),
        STATIC_ROOT=str(folder / "static"),
    )
    redis = [shutil.which("redis-server"), "--port", redis_port, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    try:
        with server(redis, folder / "redis.log"):
            wait_until(lambda: listens(redis_port), 10, "Redis does not listen")
            for command in (["migrate", "--no-input"], ["collectstatic", "--no-input"]):
                done = manage(*command, env=env)
                assert done.returncode == 0, done.stderr
            web = [BIN / "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--workers=2", "--no-control-socket"]
            with server(web, folder / "web.log", env=env, cwd=ROOT):
                wait_until(lambda: listens(port), 30, (folder / "web.log").read_text)
                yield port, env, folder
    finally:
        localdb.stop(folder / "var")


def test_the_sign_in_page_is_served_behind_a_proxy(site):
    status, headers, body = get(site[0], "/account/login/", BEHIND_PROXY)
    assert status == 200, body[:300]
    assert "csrfmiddlewaretoken" in body.decode()
    assert "/demo/" not in body.decode(), "one-click sign-in belongs to demonstrations only"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "script-src 'self';" in headers["content-security-policy"] + ";"
    assert "unsafe" not in headers["content-security-policy"]
    assert "secure" in headers["set-cookie"].lower()


def test_the_first_administrator_needs_a_second_factor(site):
    """Made on the command line, let in by password, and then no further before the second factor is set up."""
    port, env, _ = site
    who = {"email": "first@example.edu.cn", "password": "a long enough password"}
    done = manage("createsuperuser", "--no-input", "--email", who["email"], "--name", "第一",
                  env=env | {"DJANGO_SUPERUSER_PASSWORD": who["password"]})  # fmt: skip
    assert done.returncode == 0, done.stderr

    cookies = {}

    def ask(method, path, **fields):
        headers = BEHIND_PROXY | {"Referer": f"https://{HOST}/", "Content-Type": "application/x-www-form-urlencoded"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, path, urllib.parse.urlencode(fields), headers)
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            cookies[name] = value
        page = response.read().decode()
        connection.close()
        return response.status, response.headers.get("Location", ""), page

    _, _, page = ask("GET", "/account/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    status, location, page = ask(
        "POST", "/account/login/", csrfmiddlewaretoken=token, login=who["email"], password=who["password"]
    )
    assert status == 302, page
    for path in ("/", "/admin/", "/today/"):
        status, location, _ = ask("GET", path)
        assert (status, location.startswith("/account/second-factor/")) == (302, True), (path, status, location)


def test_plain_http_is_sent_to_https(site):
    status, headers, _ = get(site[0], "/account/login/", {"Host": HOST})
    assert (status, headers["location"]) == (301, f"https://{HOST}/account/login/")


def test_a_strange_host_name_is_refused(site):
    assert get(site[0], "/account/login/", BEHIND_PROXY | {"Host": "elsewhere.example"})[0] == 400


def test_health_is_asked_without_https(site):
    assert get(site[0], "/healthz", {"Host": HOST})[::2] == (200, b"ok")


def test_health_is_what_the_container_asks(site):
    port, env, _ = site
    ask = [BIN / "python", "-m", "config.health", str(port)]
    assert subprocess.run(ask, env=env, cwd=ROOT, timeout=30, check=False).returncode == 0
    ask[-1] = str(free_port())
    assert subprocess.run(ask, env=env, cwd=ROOT, capture_output=True, timeout=30, check=False).returncode == 1


def test_static_files_are_compressed_and_kept_for_ever(site):
    _, _, page = get(site[0], "/account/login/", BEHIND_PROXY)
    files = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page.decode())
    assert files, "the page links no static file"
    for path in files:
        status, headers, body = get(site[0], path, BEHIND_PROXY | {"Accept-Encoding": "gzip"})
        assert status == 200, path
        assert "immutable" in headers["cache-control"], path
        assert re.search(r"max-age=(\d+)", headers["cache-control"])[1] >= "31536000", path
        assert headers.get("content-encoding") == "gzip" or len(body) < 300, path


def test_worker_and_beat_work_on_redis(site):
    _, env, folder = site
    celery = [BIN / "celery", "--app=config"]
    broker = ["redis-cli", "-u", env["CELERY_BROKER_URL"]]

    def waiting():
        return int(subprocess.check_output([*broker, "LLEN", "celery"], text=True))

    subprocess.run([*celery, "call", "celery.backend_cleanup"], env=env, cwd=ROOT, check=True, capture_output=True)
    assert waiting() == 1
    worker = [*celery, "worker", "--concurrency=1", "--loglevel=INFO"]
    beat = [*celery, "beat", "--loglevel=INFO", f"--schedule={folder / 'schedule'}"]
    with (
        server(worker, folder / "worker.log", env=env, cwd=ROOT) as worker_process,
        server(beat, folder / "beat.log", env=env, cwd=ROOT) as beat_process,
    ):
        wait_until(lambda: waiting() == 0, 60, (folder / "worker.log").read_text)
        done = "celery.backend_cleanup"
        wait_until(lambda: re.search(rf"{done}\[.*succeeded", (folder / "worker.log").read_text()), 30, "not done")
        wait_until(lambda: "beat: Starting" in (folder / "beat.log").read_text(), 30, (folder / "beat.log").read_text)
        assert worker_process.poll() is None
        assert beat_process.poll() is None


def test_the_deployment_check_is_clean(site):
    done = manage("check", "--deploy", "--fail-level", "WARNING", env=site[1])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_it_refuses_to_start_without(name, value):
    done = manage("check", env=environment(**{name: value}))
    assert done.returncode != 0
    assert f"Set {name} in the environment" in done.stderr


def test_a_demonstration_refuses_real_people():
    done = manage("check", env=environment(DEMO="1", HTTPS="1"))
    assert done.returncode != 0
    assert "DEMO=1 opens one-click sign-in to everyone" in done.stderr


def _compose():
    """`docker compose`, or docker-compose as Debian packages it; neither needs a daemon to read the file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True).returncode:
            return command
    pytest.skip("neither docker compose nor docker-compose on this machine")


#: What docker-compose.yml asks for.
ASKED = {
    "SECRET_KEY": "x", "POSTGRES_PASSWORD": "x", "ALLOWED_HOSTS": HOST, "SITE_URL": f"https://{HOST}",
    "EMAIL_URL": "smtp://mail.example", "UNIVERSITY_NAME": "x", "UNIVERSITY_NAME_EN": "x",
}  # fmt: skip


def _config(*arguments, **changes):
    known = {name: value for name, value in os.environ.items() if name not in ASKED}
    values = {name: value for name, value in (ASKED | changes).items() if value is not None}
    command = [*_compose(), "config", *arguments]
    return subprocess.run(command, cwd=ROOT, env=known | values, capture_output=True, text=True, check=False)


def test_the_compose_file_is_valid():
    done = _config("--quiet")
    assert done.returncode == 0, done.stderr


def test_the_compose_file_names_every_part():
    done = _config("--services")
    assert set(done.stdout.split()) == {"migrate", "web", "worker", "beat", "postgres", "redis"}, done.stderr
    assert set(_config("--volumes").stdout.split()) == {"data", "database", "redis"}


@pytest.mark.parametrize("name", ASKED)
def test_the_compose_file_asks_for_its_secrets(name):
    done = _config(**{name: None})
    assert done.returncode != 0
    assert f"Set {name} to" in done.stderr

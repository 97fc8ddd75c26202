"""A whole installation that can be hurt: PostgreSQL, Redis, workers, beats and a mail server, each a process of its own.

Every fault is a method called like it; `repair` puts back what a fault took away. Only processes started here are
touched, by their own numbers.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg2

from config import localdb
from tests.smoke.machine import BIN, ROOT, free_port, listens, wait_until

CRASH_POINTS = ("claim", "before_smtp", "after_smtp", "before_commit")
#: How often a worker dies at its point: the first and the last are met once per batch, the others once per mail.
CRASH_RATES = {"claim": 0.3, "before_smtp": 0.06, "after_smtp": 0.06, "before_commit": 0.3}
#: What breaks, and what repairs it a moment later (None: it stands up by itself).
FAULTS = {
    "kill_worker": "start_workers",  # the whole group, at a random moment
    "kill_child": None,  # the process at work alone: its parent starts another one
    "freeze_child": "thaw",  # alive, but silent for longer than a lease
    "kill_beat": "start_beats",
    "flush_redis": None,
    "kill_redis": "start_redis",  # it comes back empty
    "stop_postgres": "start_postgres",  # "immediate": as by a power cut
    "cut_connections": None,
    "kill_sink": "start_sink",
    "storm": "calm",  # every mail is refused, "not now"
    "drop": "calm",  # taken, but the line breaks before the answer
    "cut": "calm",  # the line breaks before anything is taken
    "settle": None,  # the facts change: what is due no longer is
}
MESSAGE_OF = re.compile(r"<reminder-(\d+)@")


@dataclass(frozen=True)
class Scale:
    mails: int
    lease: float
    batch: int
    tick: float
    #: Seconds each mail takes the server, and between two faults.
    delay: float
    pause: float


class Machine:
    def __init__(self, folder, scale, dice):
        self.folder, self.scale, self.dice = Path(folder), scale, dice
        self.var = self.folder / "var"
        self.ports = {name: free_port() for name in ("redis", "smtp")}
        self.taken, self.script = self.folder / "taken", self.folder / "script.json"
        self.taken.touch()
        self.running, self.frozen, self.killed = {}, [], Counter()
        broker = f"redis://127.0.0.1:{self.ports['redis']}"
        self.environment = {
            "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "of-chaos-" + "0" * 50,
            "ALLOWED_HOSTS": "ronghe.example", "SITE_URL": "https://ronghe.example",
            "DATABASE_URL": localdb.url(self.var), "VAR_DIR": str(self.var), "STATIC_ROOT": str(self.folder / "static"),
            "REDIS_URL": f"{broker}/1", "CELERY_BROKER_URL": f"{broker}/0", "MAIL_PAUSE": "1",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.ports['smtp']}", "PYTHONWARNINGS": "ignore",
            "CHAOS_LEASE": str(scale.lease), "CHAOS_BATCH": str(scale.batch), "CHAOS_TICK": str(scale.tick),
        }  # fmt: skip

    # --- start and end ---

    def __enter__(self):
        self.calm()
        self.start_postgres()
        done = subprocess.run(
            [BIN / "python", ROOT / "manage.py", "migrate", "--no-input", "--verbosity=0"],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.start_redis()
        self.start_sink()
        return self

    def __exit__(self, *_trouble):
        self.thaw()
        for name in list(self.running):
            self._end(name)
        localdb.stop(self.var)

    def _start(self, name, command, **environment):
        """A process group of its own, unless it runs already."""
        if name in self.running and self.running[name].poll() is None:
            return
        with open(self.folder / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                env=self.environment | environment, start_new_session=True,
            )  # fmt: skip

    def _end(self, name):
        """As by kill -9, the whole group."""
        process = self.running.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_postgres(self):
        localdb.start(self.var, localdb.DURABLE | {"fsync": "off"})

    def start_redis(self):
        port = self.ports["redis"]
        command = [
            shutil.which("redis-server"),
            "--port",
            port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            self.folder,
        ]
        self._start("redis", command)
        wait_until(lambda: listens(port), 10, "Redis does not listen")

    def start_sink(self):
        command = [BIN / "python", "-m", "tests.chaos.sink", self.ports["smtp"], self.taken, self.script]
        self._start("sink", command)
        wait_until(lambda: listens(self.ports["smtp"]), 10, "the mail server does not listen")

    def start_beats(self):
        """Two of them: each ring comes twice."""
        for n in (1, 2):
            self._start(f"beat{n}", self._celery("beat", f"--schedule={self.folder / f'schedule{n}'}"))

    def start_workers(self):
        """One for each point at which it may die."""
        for point in CRASH_POINTS:
            worker = self._celery("worker", "--concurrency=1", f"--hostname={point}@chaos")
            self._start(f"worker-{point}", worker, CRASH_AT=point, CRASH_RATE=str(CRASH_RATES[point]))

    def start_healthy_worker(self):
        self._start("worker-healthy", self._celery("worker", "--concurrency=1", "--hostname=healthy@chaos"))

    def _celery(self, what, *arguments):
        return [BIN / "celery", "--app=tests.chaos.worker", "--quiet", what, "--loglevel=INFO", *arguments]

    def business(self, *words):
        """One process of tests.chaos.business; what it says."""
        done = subprocess.run(
            [BIN / "python", "-m", "tests.chaos.business", *map(str, words)],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def end_of_faults(self):
        """The workers that die are gone, and whoever else was hurt stands again."""
        self.thaw()
        for name in [name for name in self.running if name.startswith("worker-")]:
            self._end(name)
        for repair in (self.start_postgres, self.start_redis, self.start_sink, self.start_beats, self.calm):
            repair()
        self.start_healthy_worker()

    # --- faults ---

    def _workers(self):
        return [name for name, one in self.running.items() if name.startswith("worker-") and one.poll() is None]

    def _children(self):
        pids = []
        for name in self._workers():
            tasks = Path(f"/proc/{self.running[name].pid}/task").glob("*/children")
            pids += [int(pid) for path in tasks for pid in path.read_text().split()]
        return pids

    def kill_worker(self):
        self._end(self.dice.choice(self._workers()))
        self.killed["worker groups"] += 1

    def kill_child(self):
        if children := self._children():
            os.kill(self.dice.choice(children), signal.SIGKILL)

    def freeze_child(self):
        if children := self._children():
            self.frozen.append(self.dice.choice(children))
            os.kill(self.frozen[-1], signal.SIGSTOP)
            self.killed["frozen"] += 1

    def thaw(self):
        for pid in self.frozen:
            if str(ROOT) in (Path(f"/proc/{pid}/cmdline").read_text() if Path(f"/proc/{pid}").exists() else ""):
                os.kill(pid, signal.SIGCONT)
        self.frozen = []

    def kill_beat(self):
        self._end(self.dice.choice(["beat1", "beat2"]))
        self.killed["beats"] += 1

    def flush_redis(self):
        subprocess.run(
            ["redis-cli", "-p", str(self.ports["redis"]), "FLUSHALL"], check=True, capture_output=True, timeout=10
        )
        self.killed["Redis flushed"] += 1

    def kill_redis(self):
        self._end("redis")
        self.killed["Redis"] += 1

    def stop_postgres(self):
        os.kill(localdb.running_pid(self.var), signal.SIGQUIT)
        wait_until(lambda: localdb.running_pid(self.var) is None, 20, "PostgreSQL does not stop")
        self.killed["PostgreSQL"] += 1

    def cut_connections(self):
        self.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'ronghe' "
                 "AND pid <> pg_backend_pid()")  # fmt: skip
        self.killed["connections cut"] += 1

    def kill_sink(self):
        self._end("sink")
        self.killed["mail server"] += 1

    def storm(self):
        self._write_script(storm=True)

    def drop(self):
        self._write_script(drop=0.3)

    def cut(self):
        self._write_script(cut=0.3)

    def settle(self):
        self.business("settle", max(2, self.scale.mails // 100))

    def calm(self):
        self._write_script()

    def _write_script(self, **script):
        fresh = self.script.with_suffix(".new")
        fresh.write_text(json.dumps({"delay": self.scale.delay, "greylist": True} | script))
        fresh.replace(self.script)

    # --- what came of it ---

    def ask(self, query):
        connection = psycopg2.connect(
            host=str(localdb.socket_dir(self.var)), user=localdb.SUPERUSER, dbname=localdb.DATABASE
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def waiting(self):
        waits = "channel = 'mail' AND state IN ('due', 'claimed', 'sending')"
        return self.ask(f"SELECT count(*) FROM reminders_delivery WHERE {waits}")[0][0]

    def crashes(self):
        """How often a process died at work, by crash point, as the logs of their parents say."""
        died = "exited with 'signal 9 (SIGKILL)'"
        logs = {point: self.folder / f"worker-{point}.log" for point in CRASH_POINTS}
        return {
            point: log.read_text(errors="replace").count(died) if log.exists() else 0 for point, log in logs.items()
        }

    def account(self):
        """Mail by mail: what the server took beside what the database says."""
        taken = Counter(int(MESSAGE_OF.match(line)[1]) for line in self.taken.read_text().splitlines())
        rows = self.ask(
            "SELECT id, state, may_be_double, coalesce(parcel, id) FROM reminders_delivery "
            "WHERE channel = 'mail' AND state <> 'skipped'"
        )
        return Account(taken, {pk: tuple(values) for pk, *values in rows})

    def one_sided(self):
        """Steps of which one side has a row and the other none: there must be none."""
        return self.ask(
            "SELECT stream, step FROM reminders_delivery WHERE step = 2 GROUP BY stream, step "
            "HAVING count(DISTINCT side) <> 2"
        )


@dataclass
class Account:
    """`taken`: how often each message was taken, by the id of its first row; `rows`: id -> (state, flagged, message).

    Of a whole run also: who died where, how many mails waited when the faults ended, and the seconds until none did.
    """

    taken: Counter
    rows: dict
    crashes: dict = field(default_factory=dict)
    left: int = 0
    drained: float = 0

    @property
    def states(self):
        return dict(Counter(state for state, _flagged, _message in self.rows.values()))

    @property
    def lost(self):
        """Written down as sent and never taken, or left lying."""
        left = ("due", "claimed", "sending")
        return [
            pk
            for pk, (state, _flagged, message) in self.rows.items()
            if state in left or (state == "sent" and not self.taken[message])
        ]

    @property
    def extra(self):
        """Taken more often than the end of its rows explains: {message: how often too much}."""
        due = {message for state, _flagged, message in self.rows.values() if state == "sent"}
        return {
            message: number - (message in due) for message, number in self.taken.items() if number > (message in due)
        }

    @property
    def unexplained(self):
        flagged = {message for _state, flagged, message in self.rows.values() if flagged}
        return [message for message in self.extra if message not in flagged]

    @property
    def flagged(self):
        return sum(flagged for _state, flagged, _message in self.rows.values())

    @property
    def bundled(self):
        """How many tellings left in the message of another one."""
        return sum(state == "sent" and message != pk for pk, (state, _flagged, message) in self.rows.items())


def run(machine, faults, say=print):
    """Fill, hurt, wait, count. Returns the Account."""
    due = machine.business("fill", machine.scale.mails)["due"]
    assert due == machine.scale.mails
    machine.start_beats()
    machine.start_workers()
    wait_until(lambda: machine.account().taken or any(machine.crashes().values()), 60, "no worker works")
    for fault in faults:
        before = machine.waiting()
        getattr(machine, fault)()
        say(f"  {fault}: {before} waited")
        time.sleep(machine.scale.pause * machine.dice.uniform(0.7, 1.3))
        if FAULTS[fault]:
            getattr(machine, FAULTS[fault])()
    wait_until(lambda: all(machine.crashes().values()), 60, lambda: f"nobody died at some point: {machine.crashes()}")
    crashes, left = machine.crashes(), machine.waiting()
    machine.end_of_faults()
    ended = time.monotonic()
    wait_until(lambda: machine.waiting() == 0, 60, lambda: f"{machine.waiting()} mails still wait")
    drained = time.monotonic() - ended
    first = machine.account()
    more = machine.business("again")
    last = replace(machine.account(), crashes=crashes, left=left, drained=drained)
    say(
        f"  killed: {sum(crashes.values())} processes at work {crashes}; {', '.join(f'{n} {what}' for what, n in machine.killed.items())}\n"
        f"  taken by the mail server: {last.taken.total()} messages, {len(last.taken)} different\n"
        f"  in the database: {last.states}; one more pass: {more}\n"
        f"  lost {len(last.lost)}, extra {sum(last.extra.values())}, of them unexplained {len(last.unexplained)}, "
        f"flagged {last.flagged}, in the message of another one {last.bundled}; {left} waited when the faults ended, none after {drained:.0f} s"
    )
    assert first.taken == last.taken, "one more pass told somebody again"
    assert more["told"] == more["opened"] == more["sent"] == 0
    return last


def dice_of(seed):
    return random.Random(seed)

"""Nothing is lost and nothing unexplained comes twice, whatever dies. `make chaos ARGS="-k short"` is the short form.

CHAOS_SEEDS (1,2,3) names the long runs: each shuffles every fault by its seed, over 2,000 mails, with the lease and
the batch of production; a worker for each crash point dies there again and again meanwhile.
"""

import os
import tempfile

import pytest

from tests.bench import report
from tests.chaos.machine import FAULTS, Machine, Scale, dice_of, run
from tests.smoke.machine import ROOT

pytestmark = pytest.mark.chaos
SHORT = Scale(mails=200, lease=4, batch=10, tick=1, delay=0.12, pause=2)
LONG = Scale(mails=2_000, lease=25, batch=100, tick=5, delay=0.02, pause=5)
REPORT = ROOT / "docs" / "benchmarks.md"
SEEDS = [int(seed) for seed in os.environ.get("CHAOS_SEEDS", "1,2,3").split(",")]


def hurt(scale, faults, dice, capsys):
    with tempfile.TemporaryDirectory(prefix="ronghe-chaos-") as folder, Machine(folder, scale, dice) as machine:
        with capsys.disabled():
            print()
            account = run(machine, faults)
        assert account.lost == []
        assert account.unexplained == []
        assert set(account.states) <= {"sent", "failed", "cancelled"}
        assert len(account.rows) == scale.mails
        assert account.bundled > 0
        assert machine.one_sided() == []
    return account


def test_short(capsys):
    faults = ["kill_worker", "flush_redis", "kill_child", "stop_postgres", "settle", "drop", "kill_worker"]
    hurt(SHORT, faults, dice_of(1), capsys)


@pytest.fixture(scope="module")
def accounts():
    """{seed: Account} of the long runs; once all are good they replace their section of the report."""
    found = {}
    yield found
    if sorted(found) == sorted(SEEDS):
        report.write_chaos(REPORT, dict(sorted(found.items())), mails=LONG.mails)


@pytest.mark.parametrize("seed", SEEDS)
def test_long(seed, accounts, capsys):
    dice = dice_of(seed)
    faults = list(FAULTS)
    dice.shuffle(faults)
    accounts[seed] = hurt(LONG, faults, dice, capsys)

"""python -m tests.bench [--quick] [--out FILE]: an own database cluster for the length of the run, then the report."""

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

from config import localdb

ROOT = Path(__file__).resolve().parent.parent.parent


def main():
    arguments = read_arguments()
    with tempfile.TemporaryDirectory(prefix="ronghe-bench-") as folder:
        os.chmod(folder, 0o755)
        localdb.start(folder)
        try:
            missed = bench(Path(folder), arguments)
        finally:
            localdb.stop(folder)
    sys.exit(1 if missed and arguments.strict else 0)


def read_arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small tables: shows that the bench itself works")
    parser.add_argument("--strict", action="store_true", help="end with status 1 where a limit was missed")
    parser.add_argument("--out", type=Path, help="where the report goes (docs/benchmarks.md; with --quick nowhere)")
    return parser.parse_args()


def bench(folder, arguments):
    _environment(folder)
    import django

    django.setup()
    from django.core.management import call_command

    from reports.demo.story import seed
    from tests.bench import report, run

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    size = run.QUICK if arguments.quick else run.FULL
    sections = run.measure(size, seed)
    out = arguments.out or (folder / "benchmarks.md" if arguments.quick else ROOT / "docs" / "benchmarks.md")
    missed = report.write(out, sections, scale=size.words, runs=size.runs, postgres=run.postgres_version())
    for row in missed:
        print(f"NOT met: {row.figure}: {row.value} {row.ratio} (limit {row.limit}) {row.note}")
    print(f"{sum(row.met is True for section in sections for row in section.rows)} met, {len(missed)} not.")
    return missed


def _environment(folder):
    for name in ("DEBUG", "DEMO", "REDIS_URL", "EMAIL_URL", "SITE_URL", "TRUSTED_PROXIES", "FILES_ACCEL_PREFIX"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings", "SECRET_KEY": "of-the-bench-" + "0" * 50,
        "ALLOWED_HOSTS": "testserver", "DATABASE_URL": localdb.url(folder), "VAR_DIR": str(folder),
        "STATIC_ROOT": str(folder / "static"), "CELERY_BROKER_URL": "memory://",
    }  # fmt: skip
    warnings.simplefilter("ignore")


if __name__ == "__main__":
    main()

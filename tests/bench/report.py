"""docs/benchmarks.md: every figure with its yard-stick, its limit, and whether it was met."""

import os
import platform
from datetime import date
from pathlib import Path

HEAD = """# Benchmarks

Written by `make bench`, the last section by `make chaos`; do not edit. {day}, {cores} cores, {memory} GiB, Python {python}, PostgreSQL {postgres}.
On average {load:.1f} processes wanted to run in the last fifteen minutes; times in seconds count only where these are
no more than the cores.

{scale}

Times are medians of {runs} interleaved runs; thing and yard-stick were timed in turns, and the ratio of the two is the
gate: a slow machine slows both. The yard-stick of pages is a view behind the same middleware that fetches 50 rows by
raw SQL and joins strings. "NOT" stands where a limit was missed.
"""

CHAOS = """## Everything killed at bad moments

Written by `make chaos`, {day}: worker, two beats, Redis, PostgreSQL and a mail server, each killed or cut off while
{mails:,} mails are due, in an order shuffled by the seed. *Extra* is what arrived more than once; each is flagged in
the database as possibly twice, or it would be unexplained. One more pass afterwards told nobody anything.

| seed | processes killed at work | taken, different | lost | extra | unexplained | flagged | waited at the end of the faults | drained after |
|---|---|---|---|---|---|---|---|---|
"""


def write(path: Path, sections, *, scale, runs, postgres):
    lines = [HEAD.format(day=date.today().isoformat(), cores=os.cpu_count(), memory=_memory(), load=os.getloadavg()[2], scale=scale, runs=runs,
                         python=platform.python_version(), postgres=postgres)]  # fmt: skip
    missed = [row for section in sections for row in section.rows if row.met is False]
    gates = sum(row.met is not None for section in sections for row in section.rows)
    lines.append(f"**{gates - len(missed)} of {gates} limits met.**\n")
    for section in sections:
        lines += [f"## {section.title}\n", *([section.text + "\n"] if section.text else [])]
        lines += ["| figure | p50 | p99 | yard-stick | ratio | limit | met | |", "|---|---|---|---|---|---|---|---|"]
        for row in section.rows:
            met = {True: "met", False: "**NOT**", None: ""}[row.met]
            cells = (row.figure, row.value, row.p99, row.yardstick, row.ratio, row.limit, met, row.note)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    if kept := _chaos_of(path):
        lines.append(kept)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), "utf-8")
    return missed


def write_chaos(path: Path, accounts, *, mails):
    """Replace the section of `make chaos`; `accounts` are {seed: the Account of its run}."""
    before = path.read_text("utf-8").removesuffix(_chaos_of(path)).rstrip()
    rows = [
        f"| {seed} | {sum(one.crashes.values())} | {one.taken.total():,}, {len(one.taken):,} | {len(one.lost)} "
        f"| {sum(one.extra.values())} | {len(one.unexplained)} | {one.flagged} | {one.left:,} | {one.drained:.0f} s |\n"
        for seed, one in accounts.items()
    ]
    head = CHAOS.format(day=date.today().isoformat(), mails=mails)
    path.write_text(f"{before}\n\n{head}{''.join(rows)}", "utf-8")


def _chaos_of(path):
    """The section as it stands in the report, "" where there is none."""
    text = path.read_text("utf-8") if path.exists() else ""
    at = text.find(CHAOS.splitlines()[0])
    return text[at:] if at >= 0 else ""


def _memory():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)

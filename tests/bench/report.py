"""docs/benchmarks.md: every figure with its yard-stick, its limit, and whether it was met."""

import os
import platform
from datetime import date
from pathlib import Path

HEAD = """# Benchmarks

Written by `make bench`; do not edit. {day}, {cores} cores, {memory} GiB, Python {python}, PostgreSQL {postgres}.
On average {load:.1f} processes wanted to run in the last fifteen minutes; times in seconds count only where these are
no more than the cores.

{scale}

Times are medians of {runs} interleaved runs; thing and yard-stick were timed in turns, and the ratio of the two is the
gate: a slow machine slows both. The yard-stick of pages is a view behind the same middleware that fetches 50 rows by
raw SQL and joins strings. "NOT" stands where a limit was missed.
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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), "utf-8")
    return missed


def _memory():
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)

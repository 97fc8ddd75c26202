"""Stopwatches, the eye on the SQL, and the rows of the report."""

import json
import re
import time
from dataclasses import dataclass, field
from statistics import median, quantiles

from django.db import connection
from django.test.utils import CaptureQueriesContext

#: Rows that one page may walk through without an index; below this a look at the whole table is no fault.
FEW = 10_000
LARGE = ("partnerships_enterprise", "partnerships_touchpoint", "records_event")
_COUNT = re.compile(r"\bCOUNT\(", re.IGNORECASE)
_OFFSET = re.compile(r"\bOFFSET\b", re.IGNORECASE)
_LIMITED = re.compile(r"\bLIMIT \d+\) subquery", re.IGNORECASE)


@dataclass
class Row:
    """One line of the report. `met` is None where nothing is promised."""

    figure: str
    value: str
    p99: str = ""
    yardstick: str = ""
    ratio: str = ""
    limit: str = ""
    met: bool | None = None
    note: str = ""


@dataclass
class Section:
    title: str
    text: str = ""
    rows: list = field(default_factory=list)


def timed(function, *arguments):
    started = time.perf_counter()
    answer = function(*arguments)
    return time.perf_counter() - started, answer


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def seconds(value):
    return f"{value:.2f} s"


@dataclass
class Pairs:
    """Timings of a thing and of its yard-stick, taken in turns; one list per run."""

    runs: list = field(default_factory=list)

    def take(self, thing, yardstick, repeats):
        """One more run: thing, yard-stick, thing, yard-stick … so that a busy moment meets both."""
        own, other = [], []
        for _ in range(repeats):
            other.append(timed(yardstick)[0])
            own.append(timed(thing)[0])
        self.runs.append((own, other))

    @property
    def p50(self):
        return median(median(own) for own, _other in self.runs)

    @property
    def yardstick(self):
        return median(median(other) for _own, other in self.runs)

    @property
    def ratio(self):
        return median(median(own) / median(other) for own, other in self.runs)

    @property
    def p99(self):
        everything = [value for own, _other in self.runs for value in own]
        return quantiles(everything, n=100)[98] if len(everything) > 1 else everything[0]

    def row(self, figure, limit, **values):
        """The line of a page: met where the ratio stays within the limit."""
        return Row(
            figure, milliseconds(self.p50), milliseconds(self.p99), milliseconds(self.yardstick), f"{self.ratio:.1f} ×",
            f"≤ {limit:g} ×", met=self.ratio <= limit, **values,
        )  # fmt: skip


# --- what a page asks the database -------------------------------------------------------------------------------


@dataclass
class Asked:
    """The queries of one request."""

    statements: list

    @property
    def number(self):
        return len(self.statements)

    def faults(self, no_seq_scan=False):
        """Sentences about OFFSET, counting without an end, and long walks without an index; none is good."""
        found = []
        for sql in self.statements:
            if _OFFSET.search(sql):
                found.append("OFFSET")
            if _COUNT.search(sql) and "GROUP BY" not in sql and not _LIMITED.search(sql) and _touches_large(sql):
                found.append("COUNT without an end")
            if sql.startswith("SELECT") and _touches_large(sql):
                found += _walks(sql, FEW // 2 if no_seq_scan else FEW)
        return sorted(set(found))


def asked_by(function):
    with CaptureQueriesContext(connection) as captured:
        answer = function()
    return Asked([query["sql"] for query in captured.captured_queries]), answer


def _touches_large(sql):
    return any(f'"{table}"' in sql for table in LARGE)


def explained(sql, values=()):
    """[(node of the plan, rows it really read)] of a statement, as the server counted them."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {sql}", values)
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return list(_nodes(plan[0]["Plan"]))


def _walks(sql, few):
    """Sequential scans of large tables that really read more than `few` rows, as the server counted them."""
    return [
        f"{node['Node Type']} over {node['Relation Name']}: {read:,} rows"
        for node, read in explained(sql.replace("%", "%%"))
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE and read > few
    ]


def _nodes(node):
    loops = node.get("Actual Loops", 1)
    yield node, int((node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) * loops)
    for child in node.get("Plans", ()):
        yield from _nodes(child)

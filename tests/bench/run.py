"""The whole bench on the database Django is connected to."""

import time
from dataclasses import dataclass

from django.db import connection

from reports.demo import scale
from reports.services import count_rhythm
from tests.bench import health, pages, reminders, sheets, suggestions, weight
from tests.bench.measure import Row, Section, seconds, timed

SEED_LIMIT, FILL_LIMIT = 20, 240


@dataclass(frozen=True)
class Size:
    enterprises: int
    touchpoints: int
    imported: int
    visits: int
    exported: int
    open_tasks: int
    mails: int
    runs: int
    repeats: int

    @property
    def words(self):
        return (
            f"Skewed data: {self.enterprises:,} enterprises, {self.touchpoints:,} contacts with their events; eight in "
            "ten names end in 有限公司, one enterprise holds 20,000 contacts."
        )


FULL = Size(50_000, 1_000_000, 10_000, 2_000, 100_000, 200_000, 4_000, runs=3, repeats=7)
QUICK = Size(2_000, 20_000, 300, 60, 1_000, 5_000, 100, runs=1, repeats=2)


def measure(size, seed, *, say=print):
    """Fill the database and measure everything; returns the sections. `seed` makes the demonstration's small database."""
    say("Filling the demonstration …")
    busy = time.process_time()
    seeding, _stage = timed(seed)
    busy = time.process_time() - busy
    count_rhythm()
    visitor = pages.Visitor(pages.lead())
    before = pages.numbers_of_queries(pages.all_cases(visitor), visitor)
    weights = weight.section()
    say("Filling the large tables …")
    filling, _nothing = timed(lambda: scale.fill(size.enterprises, size.touchpoints, say=say))
    data = Section("Data", rows=[
        Row("demonstration data", seconds(seeding), limit=f"≤ {SEED_LIMIT} s", met=seeding <= SEED_LIMIT,
            note=f"of them {seconds(busy)} at work in Python"),
        Row("large tables", seconds(filling), limit=f"≤ {FILL_LIMIT} s", met=filling <= FILL_LIMIT),
    ])  # fmt: skip
    count_rhythm()
    say("Measuring pages …")
    visitor = pages.Visitor(pages.lead())
    cases = pages.all_cases(visitor)
    sections = pages.sections(cases, visitor, before, runs=size.runs, repeats=size.repeats)
    say("Measuring lists in and out …")
    handed_out = sheets.export_section(size.exported, size.runs)
    taken_in = sheets.import_section(visitor, size.imported, size.runs)
    visits = sheets.visits_section(visitor, size.visits, size.runs)
    say("Measuring reminders …")
    reminded = reminders.section(size.open_tasks, size.mails, size.runs)
    say("Measuring health …")
    healthy = health.section(size.runs)
    say("Measuring suggestions …")
    suggested = suggestions.section(size.runs, size.repeats)
    return [*sections, taken_in, visits, handed_out, reminded, healthy, suggested, weights, data]


def postgres_version():
    number = connection.pg_version
    return f"{number // 10_000}.{number % 10_000}"

"""The files in data/, read without a database."""

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"

#: What the files hold: every unit of county level and above in force on 31 December 2024 (Ministry of Civil Affairs,
#: codes after GB/T 2260), and GB/T 4754-2017 with its amendment 1 of 2019.
REGIONS_EDITION = "2024-12-31"
INDUSTRIES_EDITION = "GB/T 4754-2017 (2019)"
#: The catalogue of vocational specialties of 2021 (教职成〔2021〕2号): all 19 categories, and of the specialties of
#: 高职专科 the better known ones only. Codes were not compared with the published file: see docs/operations.md.
SPECIALTIES_EDITION = "2021"


def read(name):
    """The rows of data/<name> as dicts."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def region_names():
    """Full names of provinces and cities."""
    return tuple(row["name"] for row in read("regions.csv"))

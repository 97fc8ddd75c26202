"""How the results of a year read: heads and cells, the years a page offers, what stands on the page of a partner."""

from django.utils.formats import number_format

from partnerships.models import YearResult
from partnerships.models.result import AMOUNTS, FIGURES
from partnerships.rules.years import CALENDAR, SCHOOL, current_year, year_label, years_offered
from records.templatetags.show import yuan

#: So many years stand on the page of a partner.
SHOWN = 4


def heads():
    """[(name, label)] of the figures."""
    return [(name, YearResult._meta.get_field(name).verbose_name) for name in FIGURES]


def cells_of(figures):
    """[(label, text)] of a row, or of sums by name; what nobody knows is empty."""
    values = figures if isinstance(figures, dict) else {name: getattr(figures, name) for name in FIGURES}
    return [(label, _cell(name, values[name])) for name, label in heads()]


def _cell(name, value):
    if value is None:
        return ""
    return yuan(value) if name in AMOUNTS else number_format(value, use_l10n=True, force_grouping=True)


def year_choices(today):
    """[(word in the address, label)], school years first, the newest first."""
    return [
        (f"{kind}-{year}", year_label(kind, year)) for kind in (SCHOOL, CALENDAR) for year in years_offered(kind, today)
    ]


def results_shown(enterprise, today):
    """{"lines": [(row, cells that say something)], "current": (kind, year)} for the page of a partner."""
    rows = enterprise.results.order_by("-year", "kind", "pk")[:SHOWN]
    lines = [(row, [(label, text) for label, text in cells_of(row) if text]) for row in rows]
    return {"lines": lines, "kind": SCHOOL, "year": current_year(SCHOOL, today)}

"""How the partnerships of the demonstration stood in the past year, and stand today: out of their rows alone."""

from dateutil.relativedelta import relativedelta

from partnerships.health.shown import MONTHS
from partnerships.services.health import refresh, take_snapshot


def weigh(stage):
    """The figures of the last twelve months, each as it was known when the month began, and those of today."""
    this_month = stage.today.replace(day=1)
    for back in range(MONTHS - 1, -1, -1):
        take_snapshot(this_month - relativedelta(months=back))
    refresh(now=stage.now)

"""Fill an empty database with the demonstration; with --scale fill it far beyond, to measure."""

from django.core.management.base import BaseCommand, CommandError

from reports.demo import histories, scale
from reports.demo.story import NotEmpty, seed

SIZES = ("enterprises", "touchpoints", "histories")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument(
            "--scale",
            nargs="+",
            default=[],
            metavar="TABLE=ROWS",
            help="add so many rows with bulk statements, e.g. enterprises=50000 touchpoints=1000000 to measure, "
            "histories=3000 for backtest_health",
        )

    def handle(self, *args, verbosity, **options):
        sizes = read_sizes(options["scale"])
        try:
            stage = seed()
        except NotEmpty:
            self.stdout.write("There are people in this database already: the demonstration is only for an empty one.")
            return
        if verbosity:
            self.stdout.write(f"The demonstration stands: {len(stage.partners)} partners, two years of contacts.")
        if "histories" in sizes:
            histories.fill(sizes.pop("histories"), say=self.stdout.write)
        if sizes:
            scale.fill(sizes.get("enterprises", 1_000), sizes.get("touchpoints", 0), say=self.stdout.write)


def read_sizes(texts):
    """["enterprises=50000"] → {"enterprises": 50000}. Raises CommandError with a sentence."""
    sizes = {}
    for text in texts:
        table, _, number = text.partition("=")
        if table not in SIZES or not number.isdecimal():
            raise CommandError(f"{text} is no size: write enterprises=50000 touchpoints=1000000.")
        sizes[table] = int(number)
    return sizes

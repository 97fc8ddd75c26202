from django.core.management.base import BaseCommand

from policies import services, tables


class Command(BaseCommand):
    help = "Bring the tables of regions, industries and specialties to the state of the files in policies/data/."

    def handle(self, **options):
        regions, industries = services.load_tables()
        categories, specialties, affinities = services.load_specialties()
        self.stdout.write(
            f"{regions} regions ({tables.REGIONS_EDITION}), {industries} industries ({tables.INDUSTRIES_EDITION}), "
            f"{specialties} specialties in {categories} categories ({tables.SPECIALTIES_EDITION}), "
            f"{affinities} pairs of category and industry"
        )

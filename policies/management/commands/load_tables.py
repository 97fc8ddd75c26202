from django.core.management.base import BaseCommand

from policies import services, tables


class Command(BaseCommand):
    help = "Bring the region and industry tables to the state of the files in policies/data/."

    def handle(self, **options):
        regions, industries = services.load_tables()
        self.stdout.write(
            f"{regions} regions ({tables.REGIONS_EDITION}), {industries} industries ({tables.INDUSTRIES_EDITION})"
        )

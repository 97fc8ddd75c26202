from django.core.management.base import BaseCommand

from records.files import sweep_files


class Command(BaseCommand):
    help = "Remove stored bytes that no row knows and that are older than a day."

    def handle(self, *args, **options):
        self.stdout.write(f"{sweep_files()} files removed.")

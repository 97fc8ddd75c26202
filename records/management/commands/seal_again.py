"""After a new SECRET_KEY: seal what is kept sealed under it, so that the former key can go."""

from django.apps import apps
from django.core.management.base import BaseCommand

from records.sealed import SealedField, seal_again


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        for model in apps.get_models():
            if any(isinstance(field, SealedField) for field in model._meta.concrete_fields):
                number = seal_again(model._base_manager.all())
                self.stdout.write(f"{model._meta.label}: {number} sealed under the present key.")

"""The nightly check of the figures that are stored because lists sort by them."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from partnerships.services.agreements.signing import differing_counts, mend_count
from partnerships.services.agreements.terms import differing_terms, mend_term
from partnerships.services.health import differing_health, refresh
from partnerships.services.touchpoints import check_last_contact, refresh_last_contact


class Command(BaseCommand):
    help = "Compare stored contacts, terms, signature counts and health with their rows; --mend writes the right ones."

    def add_arguments(self, parser):
        parser.add_argument("--mend", action="store_true", help="write what the rows say")

    def handle(self, *args, mend, **options):
        wrong = list(check_last_contact())
        for enterprise in wrong:
            self.stdout.write(
                f"{enterprise.pk} {enterprise.name}: last contact stored {enterprise.last_contact_at:%Y-%m-%d %H:%M}, "
                f"by its rows {enterprise.exchanged_at:%Y-%m-%d %H:%M}"
            )
            if mend:
                refresh_last_contact(enterprise)
        wrong += self._terms(mend) + self._signatures(mend) + self._health(mend)
        if wrong and not mend:
            raise CommandError(f"{len(wrong)} stored figures differ from their rows; run again with --mend.")
        self.stdout.write(f"{len(wrong)} mended." if wrong else "Every stored figure agrees with its rows.")

    def _terms(self, mend):
        """Ids of agreements whose stored term is not that of their text and amendments."""
        today = timezone.localdate()
        wrong = differing_terms(today)
        for pk in wrong:
            self.stdout.write(f"agreement {pk}: its stored term differs from its text and amendments")
            if mend:
                mend_term(pk, today)
        return wrong

    def _signatures(self, mend):
        """Ids of agreements whose stored count of open signatures is not that of the ledger."""
        wrong = differing_counts()
        for pk in wrong:
            self.stdout.write(f"agreement {pk}: its stored count of open signatures differs from the ledger")
            if mend:
                mend_count(pk)
        return wrong

    def _health(self, mend):
        """Ids of enterprises whose stored health is not that of their rows."""
        wrong = differing_health()
        for pk in wrong:
            self.stdout.write(f"enterprise {pk}: its stored health differs from its rows")
        if wrong and mend:
            refresh(wrong)
        return wrong

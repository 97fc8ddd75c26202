"""What the health of partnerships would have foreseen in the school's own past terms."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from partnerships.health.backtest import SHUFFLES, judge, past_terms
from partnerships.rules.terms import read_term


class Command(BaseCommand):
    help = "Score every partnership as of the start of past terms, and hold the figures against what followed."

    def add_arguments(self, parser):
        parser.add_argument("--term", action="append", default=[], metavar="2025-2026-1", help="this term; repeatable")
        parser.add_argument("--seed", default="health", help="seed of the shuffled labels")

    def handle(self, *args, term, seed, **options):
        terms = [self._term(code) for code in term] or past_terms(timezone.localdate())
        if not terms:
            self.stdout.write("No term is over since the first partner was known.")
        for one in terms:
            with translation.override("en"):
                self._report(judge(one), seed)

    def _term(self, code):
        """The Term of a code. Raises CommandError for one that is none, or is not over."""
        term = read_term(code)
        if term is None:
            raise CommandError(f"{code} is no term: write 2025-2026-1.")
        if term.last_day >= timezone.localdate():
            raise CommandError(f"{code} is not over: what follows is not known yet.")
        return term

    def _figures(self, verdict):
        self.stdout.write(f"  AUC of days without contact       {verdict.by_days:.3f}")
        self.stdout.write(f"  AUC of the same in own rhythms    {verdict.by_rhythms:.3f}")
        self.stdout.write(f"  AUC of the health figure          {verdict.by_score:.3f}")

    def _report(self, verdict, seed):
        n, lost = len(verdict.judged), sum(verdict.lost)
        self.stdout.write(f"\n{verdict.term.code}: {n} partnerships with a figure, {verdict.without} without")
        if not n:
            return
        self.stdout.write(f"  lost by its end: {lost} ({verdict.base_rate:.1%})")
        if not 0 < lost < n:
            self.stdout.write("  No AUC: it takes both, lost ones and kept ones.")
            return
        self._figures(verdict)
        low, mean, high = verdict.by_chance(f"{seed} {verdict.term.code}")
        self.stdout.write(f"  AUC with shuffled labels          {mean:.3f} ({low:.3f} to {high:.3f} in {SHUFFLES})")
        if (near := verdict.in_touch).by_score is not None:
            self.stdout.write(f"  Of them within their rhythm then: {len(near.judged)}, lost {sum(near.lost)}")
            self._figures(near)
        self.stdout.write("  Lost against the figure:")
        for one in verdict.lost_against_it:
            self.stdout.write(f"    {one.score:3d}  {one.name}: {one.lost}")
        self.stdout.write("  Kept against the figure:")
        for one in verdict.kept_against_it:
            self.stdout.write(f"    {one.score:3d}  {one.name}: {one.days} days without contact then")

"""What the health of partnerships would have foreseen: scored as of a past term's start, held against what followed.

Only what was known when the term began is read for the figures: rows written down by then, agreements by their events.
Tier, cadence and the names are those of today. What followed is read from all rows: a partnership was lost where, by
the end of the term, it had been ended, its agreements had run out with none in their place, or it was silent.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean

from django.db import connection
from django.db.models import CharField, F, Max, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.health.promises import IN_FORCE_THEN
from partnerships.health.statement import end_of, figures
from partnerships.models import Enterprise, Message, Touchpoint
from partnerships.rules.health import UNKNOWN, auc
from partnerships.rules.rhythm import Rhythm, rhythm
from partnerships.rules.terms import term_of
from partnerships.services.links import REMINDED
from partnerships.workflow import ENTERPRISE, EnterpriseState
from records.models import Event

#: Shuffled labels are drawn so many times: what chance alone gives.
SHUFFLES = 200
#: So many partners it got wrong are named, on each side.
NAMED = 5
MOVES = [f"{ENTERPRISE.name}.{move.name}" for move in ENTERPRISE.moves]


@dataclass(frozen=True)
class Judged:
    """One partnership: its figure and its days without contact when the term began, and why it was lost, if it was."""

    key: int
    name: str
    score: int
    days: int
    rhythms: float
    lost: str = ""


@dataclass(frozen=True)
class Verdict:
    """One term. `judged` are the partnerships with a figure; `without` had too little data for one."""

    term: object
    judged: list
    without: int

    @property
    def lost(self):
        return [bool(one.lost) for one in self.judged]

    @property
    def base_rate(self):
        return fmean(self.lost) if self.judged else None

    def by(self, read):
        """The AUC of read(judged), higher meaning likelier lost."""
        return auc([read(one) for one in self.judged], self.lost)

    @property
    def by_score(self):
        return self.by(lambda one: -one.score)

    @property
    def by_days(self):
        return self.by(lambda one: one.days)

    @property
    def by_rhythms(self):
        return self.by(lambda one: one.rhythms)

    @property
    def in_touch(self):
        """The same of those that were within their rhythm when the term began: whom nobody would have looked at."""
        return Verdict(self.term, [one for one in self.judged if one.rhythms < 1], 0)

    def by_chance(self, seed):
        """(lowest, mean, highest) AUC of the score over SHUFFLES with shuffled labels; None without both outcomes."""
        dice, scores, labels = random.Random(seed), [-one.score for one in self.judged], list(self.lost)  # noqa: S311 - no secret
        found = []
        for _n in range(SHUFFLES):
            dice.shuffle(labels)
            found.append(auc(scores, labels))
        return None if None in found else (min(found), fmean(found), max(found))

    @property
    def lost_against_it(self):
        """The lost ones with the highest figures."""
        return sorted((one for one in self.judged if one.lost), key=lambda one: (-one.score, one.key))[:NAMED]

    @property
    def kept_against_it(self):
        """The kept ones with the lowest figures."""
        return sorted((one for one in self.judged if not one.lost), key=lambda one: (one.score, one.key))[:NAMED]


def past_terms(today):
    """The terms that are over and before whose start a partner was known, the oldest first."""
    first = Enterprise.objects.current().partners().order_by("created_at").values_list("created_at", flat=True).first()
    found, term = [], term_of(timezone.localdate(first)).next if first else None
    while term and term.last_day < today:
        found.append(term)
        term = term.next
    return found


def judge(term):
    """The Verdict on a term that is over."""
    start, end = term.first_day - timedelta(days=1), term.last_day
    partners = list(active_at(end_of(start)).only("name", "tier", "cadence_days", "created_at"))
    scope = Enterprise.objects.filter(pk__in=[one.pk for one in partners])
    scored = figures(scope, start, then=True)
    before, after = last_exchanges(scope, end_of(start), known=True), last_exchanges(scope, end_of(end))
    ended = set(
        Event.objects.filter(stream__in=scored, kind="enterprise.end", happened_at__gte=end_of(start))
        .filter(happened_at__lt=end_of(end)).values_list("stream", flat=True)
    )  # fmt: skip
    signed, still_signed = with_agreement(scope, start), with_agreement(scope, end)
    judged = []
    for one in partners:
        since = timezone.localdate(before.get(one.pk, one.created_at))
        last = after.get(one.pk)
        silent = last is None or rhythm(timezone.localdate(last), end, one.cadence) == Rhythm.SILENT
        lost = (
            (one.pk in ended and _("ended")) or (one.pk in signed - still_signed and _("agreement ran out"))
            or (silent and _("silent")) or ""
        )  # fmt: skip
        days = (start - since).days
        judged.append(Judged(one.pk, one.name, scored[one.pk][0], days, days / one.cadence, str(lost)))
    with_figure = [one for one in judged if one.score != UNKNOWN]
    return Verdict(term, with_figure, len(judged) - len(with_figure))


# --- as it was then -------------------------------------------------------------------------------------------------


def active_at(moment):
    """The partners that were known and active at `moment`: by the step before it, else by what the next one left."""
    steps = Event.objects.filter(stream=OuterRef("pk"), kind__in=MOVES)
    reached = steps.filter(happened_at__lt=moment).order_by("-happened_at", "-pk").values(state=KT("data__to"))[:1]
    left = steps.filter(happened_at__gte=moment).order_by("happened_at", "pk").values(state=KT("data__from"))[:1]
    state = Coalesce(Subquery(reached), Subquery(left), Cast("state", CharField()), output_field=CharField())
    known = Enterprise.objects.current().partners().filter(created_at__lt=moment)
    return known.alias(state_then=state).filter(state_then=EnterpriseState.ACTIVE)


def last_exchanges(scope, until, *, known=False):
    """{enterprise id: its last two-way exchange before `until`}; `known`: as far as it was written down by then."""
    contacts = Touchpoint.objects.filter(enterprise__in=scope, is_two_way=True, happened_at__lt=until)
    if known:
        contacts = contacts.filter(Q(logged_at__lt=until) | Q(is_from_list=True))
        contacts = contacts.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gte=until))
    else:
        contacts = contacts.standing()
    answered = Q(answers__isnull=False) & ~Q(answers__side=F("side"))
    letters = Message.objects.filter(answered | Q(via__purpose__in=REMINDED), enterprise__in=scope)
    letters = letters.filter(written_at__lt=until)
    found = dict(contacts.order_by().values_list("enterprise").annotate(Max("happened_at")))
    for key, at in letters.order_by().values_list("enterprise").annotate(Max("written_at")):
        found[key] = max(at, found.get(key, at))
    return found


def with_agreement(scope, day):
    """The ids of those with an agreement in force when `day` ended, by its events."""
    sql, values = scope.order_by().values(key=F("pk")).query.sql_with_params()
    parameters = {f"scope_{n}": value for n, value in enumerate(values)} | {"day": day, "until": end_of(day)}
    named = sql % tuple(f"%(scope_{n})s" for n in range(len(values)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH scope AS ({named}) SELECT DISTINCT key FROM ({IN_FORCE_THEN}) agreement WHERE counts", parameters
        )
        return {key for (key,) in cursor.fetchall()}

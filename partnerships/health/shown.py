"""The health of partnerships as pages show it: words for whoever reads partners, figures for leads."""

from dataclasses import dataclass

from django.db.models import Avg, Count, F, Q
from django.utils.html import format_html

from partnerships.filters import partners_for
from partnerships.health.part import Advice, Part, parts
from partnerships.health.statement import figures
from partnerships.models import Enterprise, Health, HealthMonth
from partnerships.rules.health import SPANS, UNKNOWN, Level, level
from records.bars import bars_of

TONES = {Level.GOOD: "badge--kept", Level.SO_SO: "badge--due", Level.WEAK: "badge--trouble"}
#: So many months the trend looks back.
MONTHS = 12


def badge(percent):
    """A percent as a word in its colour."""
    word = level(percent)
    return format_html('<span class="badge {}">{}</span>', TONES.get(word, ""), word.label)


# --- one partner ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """One part on a page. Only a lead's page reads `percent` and `weight`."""

    part: Part
    badge: str
    percent: int | None
    weight: int
    rows: tuple = ()
    advice: Advice | None = None


def panel(enterprise):
    """[Shown] for the page of a partner, out of what is stored; None for whoever has no health."""
    stored = getattr(enterprise, "health", None)
    return None if stored is None else [_shown(part, weight, stored.parts) for part, weight in parts().items()]


def _shown(part, weight, percents, **more):
    percent = percents.get(part.name)
    return Shown(part, badge(percent), percent, weight, **more)


def detail(enterprise, today):
    """(score, [Shown] with the rows behind each and what would raise it), as of now; (None, []) without a health."""
    found = figures(Enterprise.objects.filter(pk=enterprise.pk), today)
    score, percents = found[enterprise.pk]
    shown = []
    for part, weight in parts().items():
        is_good = level(percents.get(part.name)) == Level.GOOD
        advice = None if is_good else part.advice(enterprise, today)
        shown.append(_shown(part, weight, percents, rows=tuple(part.rows(enterprise, today)), advice=advice))
    return score, shown


@dataclass(frozen=True)
class Trend:
    months: list
    bars: list

    @property
    def newest_first(self):
        return self.months[::-1]


def trend(enterprise, user):
    """The last MONTHS figures of a partner for whoever may read figures; None where there are none."""
    rows = HealthMonth.objects.visible_to(user).known().filter(enterprise=enterprise).order_by("-month")[:MONTHS]
    months = list(rows)[::-1]
    bars = bars_of(((f"{row.month:%Y-%m}", row.score) for row in months), most=100)
    return Trend(months, bars) if months else None


# --- many -----------------------------------------------------------------------------------------------------------


def health_for(user, data):
    """(figures that `user` may read, narrowed by `data` as partners are and by `level`; {"level": word}; filter).

    Those with too little data for a figure only where they are asked for.
    """
    chosen = partners_for(user, data)
    rows = Health.objects.visible_to(user).filter(enterprise__in=chosen.qs.values("pk"))
    word = data.get("level", "") if data.get("level") in Level else ""
    rows = rows.filter(score__range=SPANS[Level(word)]) if word else rows.known()
    return rows, {"level": word}, chosen


@dataclass(frozen=True)
class Portfolio:
    """How the partners of one person or department stand."""

    key: int | None
    name: str
    partners: int
    mean: float | None
    levels: list


def portfolios(user, by):
    """[Portfolio], the lowest mean first; `by` is "owner" or "lead_department". Two queries."""
    counted = {word.value: Count("pk", filter=Q(score__range=span)) for word, span in SPANS.items()}
    rows = Health.objects.visible_to(user).values(key=F(f"enterprise__{by}")).annotate(
        partners=Count("pk"), mean=Avg("score", filter=~Q(score=UNKNOWN)), **counted
    )  # fmt: skip
    rows = list(rows.order_by())
    names = Enterprise._meta.get_field(by).related_model.objects.in_bulk([row["key"] for row in rows if row["key"]])
    found = [
        Portfolio(
            row["key"], str(names.get(row["key"], "")), row["partners"], row["mean"],
            [(word, row[word.value]) for word in (Level.WEAK, Level.SO_SO, Level.GOOD, Level.UNKNOWN)],
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.mean is None, one.mean or 0, one.name))


def weakest(row):
    """The labels of the weak parts of a stored figure, the lowest first."""
    weak = [(row.parts[part.name], part.label) for part in parts() if level(row.parts.get(part.name)) == Level.WEAK]
    return [label for _percent, label in sorted(weak, key=lambda one: one[0])]

"""How well a partnership stands, in words, and how well such figures foresee: pure functions over plain values."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: From these percents on a part, and the whole, read so-so and good.
SO_SO, GOOD = 40, 70
#: Stands where too few parts have data for a figure, so that the column sorts and is never NULL.
UNKNOWN = -1


class Level(models.TextChoices):
    """A figure as a word. School only: the enterprise never reads these words."""

    UNKNOWN = "unknown", _("too little data")
    GOOD = "good", pgettext_lazy("health", "good")
    SO_SO = "so_so", pgettext_lazy("health", "so-so")
    WEAK = "weak", pgettext_lazy("health", "weak")


#: Level -> the lowest and the highest percent that reads so.
SPANS = {
    Level.UNKNOWN: (UNKNOWN, UNKNOWN),
    Level.WEAK: (0, SO_SO - 1),
    Level.SO_SO: (SO_SO, GOOD - 1),
    Level.GOOD: (GOOD, 100),
}


def level(percent):
    """The Level of a percent; None and UNKNOWN are too little data."""
    if percent is None or percent == UNKNOWN:
        return Level.UNKNOWN
    return next(word for word, (low, high) in SPANS.items() if low <= percent <= high)


def auc(values, outcomes):
    """How well `values` tell true `outcomes` from false ones: the area under the ROC curve; None without both kinds.

    The chance that one whose outcome came true has the higher value than one whose did not, a tie counting half. By
    ranks (Mann and Whitney): equal values share the mean of their ranks.
    """
    pairs = sorted(zip(values, map(bool, outcomes), strict=True))
    positives = sum(outcome for _value, outcome in pairs)
    negatives = len(pairs) - positives
    if not positives or not negatives:
        return None
    ranks, begin = 0.0, 0
    while begin < len(pairs):
        end = begin
        while end < len(pairs) and pairs[end][0] == pairs[begin][0]:
            end += 1
        tied = sum(outcome for _value, outcome in pairs[begin:end])
        ranks += tied * (begin + 1 + end) / 2
        begin = end
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)

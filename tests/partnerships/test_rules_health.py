"""Figures as words, and the area under the curve, against cases worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerships.rules.health import SPANS, UNKNOWN, Level, auc, level


@pytest.mark.parametrize(
    ("percent", "word"),
    [
        (None, Level.UNKNOWN), (UNKNOWN, Level.UNKNOWN), (0, Level.WEAK), (39, Level.WEAK), (40, Level.SO_SO),
        (69, Level.SO_SO), (70, Level.GOOD), (100, Level.GOOD),
    ],
)  # fmt: skip
def test_a_percent_reads_as_a_word(percent, word):
    assert level(percent) == word


def test_the_words_cover_every_percent_once():
    covered = [percent for low, high in SPANS.values() for percent in range(low, high + 1)]
    assert sorted(covered) == list(range(UNKNOWN, 101))


@pytest.mark.parametrize(
    ("values", "outcomes", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0.0),
        ([1, 2, 3, 4], [0, 1, 0, 1], 0.75),  # of four pairs one is the wrong way round
        ([5, 5, 5, 5], [0, 1, 0, 1], 0.5),  # all tied
        ([1, 2, 2, 3], [0, 0, 1, 1], 0.875),  # three pairs right, one tied
        ([2, 2, 1], [1, 0, 0], 0.75),  # one pair right, one tied
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ([1, 2], [1, 1], None),
        ([1, 2], [0, 0], None),
        ([], [], None),
    ],
)
def test_the_area_under_the_curve_by_hand(values, outcomes, expected):
    assert auc(values, outcomes) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_the_area_is_the_chance_of_a_pair(pairs):
    """Counted pair by pair, a tie for half."""
    came, stayed = [v for v, o in pairs if o], [v for v, o in pairs if not o]
    found = auc([value for value, _o in pairs], [outcome for _v, outcome in pairs])
    if not came or not stayed:
        assert found is None
        return
    right = sum((a > b) + (a == b) / 2 for a in came for b in stayed)
    assert found == pytest.approx(right / (len(came) * len(stayed)))

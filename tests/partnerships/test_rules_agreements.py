"""What follows from a change of an agreement: tables of cases."""

from datetime import date
from types import SimpleNamespace

import pytest

from partnerships.models import Agreement
from partnerships.rules import agreements as rules


def test_every_field_that_is_signed_belongs_to_one_block_and_resets_somebody():
    assert len(set(rules.SIGNED)) == len(rules.SIGNED)
    assert set(rules.RESETS) == set(rules.BLOCKS)
    assert all(rules.RESETS.values())
    for name in rules.SIGNED + rules.INTERNAL:
        assert Agreement._meta.get_field(name)
    assert not set(rules.SIGNED) & set(rules.INTERNAL)


@pytest.mark.parametrize(
    ("fields", "blocks", "sides"),
    [((), [], []), (("number", "archive_box"), [], []), (("ends_on",), ["term"], ["school", "enterprise"]),
     (("school_contact",), ["school_contact"], ["school"]), (("enterprise_contact",), ["enterprise_contact"], ["enterprise"]),
     (("enterprise_contact", "school_contact"), ["school_contact", "enterprise_contact"], ["school", "enterprise"]),
     (("number", "amount", "title"), ["subject", "money"], ["school", "enterprise"])],
)  # fmt: skip
def test_whose_signature_a_change_resets(fields, blocks, sides):
    assert rules.blocks_of(fields) == blocks
    assert rules.sides_to_sign_again(fields) == sides


@pytest.mark.parametrize(
    ("ends_on", "months", "today", "until"),
    [(date(2026, 8, 31), 12, date(2026, 8, 31), date(2026, 8, 31)), (date(2026, 8, 31), 12, date(2026, 9, 1), date(2027, 8, 31)),
     (date(2024, 2, 29), 12, date(2024, 3, 1), date(2025, 2, 28)), (date(2024, 2, 29), 12, date(2028, 1, 1), date(2028, 2, 29)),
     (date(2026, 1, 31), 1, date(2026, 3, 30), date(2026, 3, 31)), (date(2020, 12, 31), 36, date(2026, 11, 25), date(2026, 12, 31))],
)  # fmt: skip
def test_until_when_a_renewal_reaches(ends_on, months, today, until):
    assert rules.renewed_until(ends_on, months, today) == until


def test_the_last_day_of_notice():
    assert rules.last_day_of_notice(date(2026, 12, 31), 30) == date(2026, 12, 1)


def versions(*days):
    return [SimpleNamespace(valid_from=day) for day in (None, *days)]


@pytest.mark.parametrize(
    ("days", "day", "nth"),
    [((), date(2026, 1, 1), 0), ((date(2026, 1, 2),), date(2026, 1, 1), 0), ((date(2026, 1, 1),), date(2026, 1, 1), 1),
     ((date(2026, 3, 1), date(2026, 2, 1)), date(2026, 2, 15), 2), ((date(2026, 2, 1), date(2026, 3, 1)), date(2026, 2, 15), 1)],
)  # fmt: skip
def test_which_version_counts(days, day, nth):
    found = versions(*days)
    assert rules.in_effect(found, day) is found[nth]

"""The order of a scanned stack: a table of cases. "A2" is a page of sheet 2 of the paper A, "-" one without a code,
"a2" one that a person assigned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerships.rules.stacks import Lying, copies_of, in_order, suggestions

LEAVES = {"A": 3, "B": 2, "C": 1}


def stack(text):
    pages = []
    for position, said in enumerate(text.split(), start=1):
        if said == "-":
            pages.append(Lying(position))
        else:
            pages.append(Lying(position, said[0].upper(), int(said[1:]), by_hand=said[0].islower()))
    return pages


@pytest.mark.parametrize(
    ("pages", "copies"),
    [
        ("A1 A2 A3", [1, 1, 1]),
        ("A1 A1 A2", [1, 1, 1]),  # the text runs over: a further page of the same sheet
        ("A1 A1 A1 A2 A2 A3", [1, 1, 1, 1, 1, 1]),
        ("A1 - A1 A2", [1, 1, 1]),  # its back, or a stain
        ("A1 A2 A3 A1 A2 A3", [1, 1, 1, 2, 2, 2]),  # two copies came back
        ("A1 A2 A1", [1, 1, 2]),  # once more further on
        ("A1 A1 A2 A1", [1, 1, 1, 2]),
        ("A1 B1 A1", [1, 1, 2]),
        ("A3 A2 A2 A1", [1, 1, 1, 1]),
        ("C1 C1", [1, 1]),
        ("A1 a1 A2", [1, 1, 1]),
        ("A1 A2 a1", [1, 1, 1]),  # a person said so
        ("a1 A2 A1", [1, 1, 1]),
        ("A1 a2 A1", [1, 1, 2]),
        ("A1 A2 A1 A2 a2", [1, 1, 2, 2, 2]),
    ],
)
def test_which_copy_a_page_is_of(pages, copies):
    found = copies_of(stack(pages))
    assert [found[position] for position in sorted(found)] == copies


@pytest.mark.parametrize(
    ("pages", "order"),
    [
        ("A1 A1 A2", [1, 2, 3]),
        ("A2 A1 A1 A3", [2, 3, 1, 4]),
        ("A3 A2 A2 A1", [4, 3, 2, 1]),  # the last sheet went in first: its further page lies before it
        ("A3 A2 a2 A1", [4, 3, 2, 1]),
        ("A1 A2 A3 A1 A2 A3", [1, 2, 3, 4, 5, 6]),
        ("A1 B1 A2 B2", [1, 3, 2, 4]),
        ("A1 - A1 A2", [1, 3, 4]),
        ("A1 a1 A2", [1, 2, 3]),
        ("A3 A2 A1 A3 A2 A1", [3, 2, 1, 6, 5, 4]),
        ("a2 a1", [2, 1]),
    ],
)
def test_the_order_in_which_it_is_filed(pages, order):
    assert in_order(stack(pages)) == order


@pytest.mark.parametrize(
    ("pages", "suggested"),
    [
        ("A1 - A2 A3", {2: ("A", 1)}),  # further page of the sheet before it
        ("A1 - A3", {2: ("A", 2)}),  # the sheet that is missing
        ("A1 - A1 A2", {2: ("A", 1)}),
        ("A1 - - A2", {2: ("A", 1), 3: ("A", 1)}),
        ("A1 - - A3", {}),  # one of them is sheet 2, and the other?
        ("A3 - A1", {2: ("A", 2)}),
        ("A3 - A2 A1", {2: ("A", 2)}),  # last sheet first: the further page lies before its sheet
        ("A1 A2 - B1 B2", {3: ("A", 3)}),  # only A lacks one
        ("A1 A2 A3 - B2", {4: ("B", 1)}),
        ("A1 A2 - B2", {}),  # A lacks its last sheet, and B its first
        ("A1 A2 A3 - B1 B2", {}),  # none lacks one: an enclosure, a cover, the back of a sheet
        ("A1 - B1 B2", {}),  # A lacks two
        ("A1 - - B1 B2", {2: ("A", 2), 3: ("A", 3)}),
        ("A1 A2 -", {3: ("A", 3)}),
        ("- A2 A3", {1: ("A", 1)}),
        ("- A1", {}),
        ("C1 -", {}),
        ("-", {}),
        ("A1 - a3", {2: ("A", 2)}),
        ("A3 A1 - B1 B2", {}),  # sheet 2 is missing, but not behind the last one
        ("A0 - A0", {2: ("A", 0)}),  # printed by a browser, nobody counts them
        ("A0 - B1 B2", {}),
        ("A0 - B2", {2: ("B", 1)}),
    ],
)  # fmt: skip
def test_where_a_page_without_a_code_may_belong(pages, suggested):
    assert suggestions(stack(pages), LEAVES) == suggested


PAGES = st.lists(
    st.one_of(st.just("-"), st.sampled_from(["A1", "A2", "A3", "B1", "B2", "C1", "a1", "a3", "b2"])), max_size=12
)


@given(PAGES)
def test_nothing_is_lost_and_nothing_comes_twice(pages):
    known = [page for page in stack(" ".join(pages)) if page.paper]
    assert sorted(in_order(stack(" ".join(pages)))) == [page.position for page in known]
    assert set(copies_of(stack(" ".join(pages)))) == {page.position for page in known}


@given(PAGES)
def test_only_pages_that_are_not_known_are_suggested(pages):
    lying = stack(" ".join(pages))
    unknown = {page.position for page in lying if page.paper is None}
    for position, (paper, leaf) in suggestions(lying, LEAVES).items():
        assert position in unknown
        assert 1 <= leaf <= LEAVES[paper]

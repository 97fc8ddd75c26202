"""What the order of a scanned stack says: which pages are one sheet, which a second copy, and where one without a code
may belong. Pure functions.

Text that runs over goes on on a further page with the same code, and the back of a sheet has none. So pages of one
sheet that lie one behind the other are that sheet; the same sheet once more further on is another copy of it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby

RISING, FALLING = 1, -1


@dataclass(frozen=True)
class Lying:
    """One page of a stack: its place, of which paper and sheet (None: not known), and whether a person said so."""

    position: int
    paper: object = None
    leaf: int | None = None
    by_hand: bool = False

    @property
    def sheet(self):
        return (self.paper, self.leaf)


def copies_of(stack):
    """{position: of which copy of its sheet a page is, from 1}. What a person said is never a copy too many.

    A page that is not known does not part two others: its place is asked.
    """
    found, count, last = {}, Counter(), None
    for page in _placed(stack):
        if not page.by_hand and (page.sheet != last or not count[page.sheet]):
            count[page.sheet] += 1
        found[page.position] = max(count[page.sheet], 1)
        last = page.sheet
    return found


def in_order(stack):
    """The positions of the pages that are known, paper by paper as they come, each copy whole and as it reads.

    A stack that went in with its last sheet first is turned round, also where one sheet has several pages.
    """
    pages, copies = list(_placed(stack)), copies_of(stack)
    first = {page.paper: n for n, page in reversed(list(enumerate(pages)))}
    ways = {key: _way(leaves) for key, leaves in _leaves(pages, copies).items()}

    def key(page):
        whole = (page.paper, copies[page.position])
        return (first[page.paper], whole[1], page.leaf, ways[whole] * page.position)

    return [page.position for page in sorted(pages, key=key)]


def suggestions(stack, leaves):
    """{position: (paper, leaf)} of pages that are not known, where their neighbours leave one answer only.

    `leaves`: how many sheets each paper has. Between two sheets of a paper lie those that are missing, as many as
    pages, or the page goes with the sheet before it; between two papers only what one of them lacks.
    """
    there = defaultdict(set)
    for page in _placed(stack):
        there[page.paper].add(page.leaf)
    found, before = {}, None
    groups = [(known, list(pages)) for known, pages in groupby(sorted(stack, key=_position), key=_is_known)]
    for n, (known, pages) in enumerate(groups):
        if known:
            before = pages[-1]
            continue
        after = groups[n + 1][1][0] if n + 1 < len(groups) else None
        sheets = _between(before, after, len(pages), there, leaves)
        found |= {page.position: sheet for page, sheet in zip(pages, sheets, strict=False)}
    return found


def _between(before, after, number, there, leaves):
    """The sheets of so many unknown pages between two known ones; nothing where more than one answer is likely.

    Pages that are not counted (sheet 0) lack nothing.
    """
    if before and after and before.paper == after.paper:
        return [(before.paper, leaf) for leaf in _inside(before.leaf, after.leaf, number, there[before.paper])]
    tail = (
        []
        if not (before and before.leaf)
        else _lacking(before.paper, range(before.leaf + 1, leaves[before.paper] + 1), there)
    )
    head = [] if after is None else _lacking(after.paper, range(1, after.leaf), there)
    either = tail or head
    return either if not (tail and head) and len(either) == number else []


def _inside(before, after, number, there):
    step = RISING if after >= before else FALLING
    missing = [leaf for leaf in range(before + step, after, step) if leaf not in there]
    if missing:
        return missing if len(missing) == number else []
    return [before if step == RISING else after] * number


def _lacking(paper, sheets, there):
    """All of `sheets`, where the stack has none of them."""
    return [(paper, leaf) for leaf in sheets] if not there[paper].intersection(sheets) else []


def _placed(stack):
    return (page for page in sorted(stack, key=_position) if _is_known(page))


def _is_known(page):
    return page.paper is not None


def _position(page):
    return page.position


def _leaves(pages, copies):
    found = defaultdict(list)
    for page in pages:
        if not page.by_hand:
            found[page.paper, copies[page.position]].append(page.leaf)
        found[page.paper, copies[page.position]]  # a copy of which a person said everything
    return found


def _way(leaves):
    """Whether sheets lie from the last to the first: they fall somewhere and rise nowhere."""
    steps = [after - before for before, after in zip(leaves, leaves[1:], strict=False)]
    return FALLING if any(step < 0 for step in steps) and not any(step > 0 for step in steps) else RISING

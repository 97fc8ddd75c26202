"""Whether a partnership hangs on one person, on either side: a pure function over names and numbers."""

from dataclasses import dataclass

from records.models import Side

#: So far back contacts are looked at.
DAYS = 365
#: Fewer contacts than this say nothing about who carries the partnership.
FEWEST = 3


@dataclass(frozen=True)
class Dependence:
    """One reason why a partnership hangs on `name` of `side`; `contacts` is 0 where nobody else can be reached."""

    side: str
    name: str
    contacts: int = 0


@dataclass(frozen=True)
class TookPart:
    """Of one side: in how many two-way contacts of the last DAYS anybody is named, and everybody who ever was."""

    contacts: int = 0
    names: frozenset = frozenset()

    def __add__(self, other):
        return TookPart(self.contacts + other.contacts, frozenset(self.names) | frozenset(other.names))


def hangs_on(took_part, reachable):
    """The [Dependence] of a partnership, the school's side first; empty where it does not hang on one person.

    `took_part` is {side: TookPart}, `reachable` the names of the present contacts with a phone or an e-mail.

    A side hangs on one person where the same single name stands in all of at least FEWEST contacts that name anybody;
    the enterprise's also where just one person there can be reached.
    """
    found = []
    for side in (Side.SCHOOL, Side.ENTERPRISE):
        if took_part[side].contacts >= FEWEST and len(took_part[side].names) == 1:
            found.append(Dependence(side, *took_part[side].names, took_part[side].contacts))
    if len(reachable) == 1 and not any(one.side == Side.ENTERPRISE for one in found):
        found.append(Dependence(Side.ENTERPRISE, *reachable))
    return found

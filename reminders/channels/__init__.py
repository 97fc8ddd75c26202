"""How a telling leaves the house: one file for each channel that talks to a server; sending.py drives them all alike.

A channel packs what was claimed into parcels, each of which goes over the wire at once, and hands them over one after
another. What the other end says becomes an Answer; what it never heard of is Unreachable. What is carried by hand, and
what stands on the page, needs no channel: the planner's row is all of it.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum

from reminders.models import Delivery
from reminders.rules import rules

log = logging.getLogger(__name__)


class Said(Enum):
    """What a server makes of a message; BROKEN: the line broke, nobody knows whether it was taken."""

    TAKEN = "taken"
    NOT_NOW = "not now"
    NEVER = "never"
    BROKEN = "broken"


@dataclass(frozen=True)
class Answer:
    said: Said
    text: str = ""
    #: The server ends the conversation: the next message needs a new one.
    hangs_up: bool = False


class Unreachable(Exception):
    """Nobody answers; nothing was said of any message."""


@dataclass(frozen=True)
class Parcel:
    """Tellings that leave together, and what carries them: a mail, a robot's message."""

    deliveries: tuple[Delivery, ...]
    content: object

    @property
    def head(self):
        return self.deliveries[0]

    @property
    def keys(self):
        return [delivery.pk for delivery in self.deliveries]


class Line:
    """A conversation with one server, for the length of a round."""

    def pack(self, batch, now):
        """([Parcel], {pk: why it cannot be written}) of a claimed batch."""
        raise NotImplementedError

    def open(self):
        """Make sure somebody listens. Raises Unreachable."""

    def hand_over(self, parcel):
        """Hand `parcel` over and return the Answer."""
        raise NotImplementedError

    def close(self):
        """End the conversation, if there is one."""


def bundles(batch):
    """[(deliveries that leave together)], each with its first telling in front."""
    together = defaultdict(list)
    for delivery in sorted(batch, key=lambda one: one.pk):
        together[(delivery.bundle, delivery.parcel) if delivery.bundle else delivery.pk].append(delivery)
    return [tuple(one) for one in together.values()]


def written(batch, write):
    """({pk: what `write` made of it}, {pk: its fault}); write(rule, deliveries) answers with a dict by pk.

    What cannot be written is refused by itself and keeps nobody else waiting.
    """
    by_rule, made, faults, known = defaultdict(list), {}, {}, rules()
    for delivery in batch:
        by_rule[delivery.rule].append(delivery)
    for name, deliveries in by_rule.items():
        try:
            made |= write(known[name], deliveries)
        except Exception:
            log.exception("the words of rule %s", name)
            for delivery in deliveries:
                try:
                    made |= write(known[name], [delivery])
                except Exception as fault:
                    faults[delivery.pk] = f"{type(fault).__name__}: {fault}"[:500]
    return made, faults

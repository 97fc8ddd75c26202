"""How often both sides want to talk, and how long they have not: pure functions over plain values."""

from django.db import models
from django.utils.translation import gettext_lazy as _

#: Days between two-way contacts by tier: strategic, core, general (conventions: cadence).
CADENCE = {1: 30, 2: 60, 3: 90}
#: A contact is due soon this many days before.
SOON = 7
#: An own cadence lies between these many days.
SHORTEST, LONGEST = 7, 365


class Rhythm(models.TextChoices):
    """How a partnership stands against its cadence. School only: the enterprise never reads these words."""

    UNKNOWN = "unknown", _("too little data")
    FRESH = "fresh", _("fresh")
    SOON = "soon", _("due soon")
    GAP = "gap", _("no contact for too long")
    SILENT = "silent", _("silent for long")


def cadence(tier, own):
    """Days between contacts: the partner's own cadence, else its tier's."""
    return own or CADENCE[tier]


def rhythm(last_contact_on, today, days):
    """The Rhythm of a partnership whose last two-way contact was on `last_contact_on` (None: not known).

    `days` is its cadence. Silent from twice the cadence on.
    """
    if last_contact_on is None:
        return Rhythm.UNKNOWN
    since = (today - last_contact_on).days
    if since >= 2 * days:
        return Rhythm.SILENT
    if since >= days:
        return Rhythm.GAP
    return Rhythm.SOON if since >= days - SOON else Rhythm.FRESH

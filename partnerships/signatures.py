"""How signatures read: each person asked with a word, since when, by which way, and what comes next, for one side."""

from dataclasses import dataclass, replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partnerships.services.agreements import signing
from records import signatures as ledger
from records.models import Side, Signature
from records.signatures import SIGNATURE

S = Signature.State
BADGES = {S.SIGNED: " badge--kept", S.REFUSED: " badge--trouble", S.ASKED: " badge--due", S.SEEN: " badge--due"}
#: What waits for the person asked.
TO_SIGN = (S.ASKED, S.SEEN)
#: What was asked and is over: shown folded.
PAST = (S.DELEGATED, S.RESET, S.WITHDRAWN)


@dataclass(frozen=True)
class Asked:
    """One request on the page."""

    row: Signature
    label: str
    badge: str
    next_step: str
    waits: bool
    is_open: bool
    #: Whether the person asked has left, or can no longer sign in; then those who can be asked instead.
    is_gone: bool = False
    instead: tuple = ()


def shown(agreement, *, for_enterprise=False):
    """(those that count, those that are over): Asked rows in the order in which they sign.

    Two queries, and one for each person who is gone.
    """
    rows = list(ledger.ledger(agreement).select_related("user", "scan", "passed_to"))
    gone = set() if for_enterprise else signing.gone_of([row for row in rows if row.state in ledger.OPEN])
    first = min((row.position for row in rows if row.state in ledger.OPEN), default=0)
    asked = [_asked(row, first, for_enterprise, row.pk in gone) for row in rows]
    return [one for one in asked if one.row.state not in PAST], [one for one in asked if one.row.state in PAST]


def _asked(row, first, for_enterprise, is_gone):
    words = SIGNATURE.words[row.state]
    words = words.for_enterprise() if for_enterprise else words
    waits = row.state in TO_SIGN and row.position > first
    badge = "" if for_enterprise and row.state == S.REFUSED else BADGES.get(row.state, "")
    instead = tuple(signing.successors_of(row)) if is_gone else ()
    is_open = row.state in ledger.OPEN
    return Asked(row, str(words.label), badge, _next(row, waits), waits, is_open, is_gone, instead)


def _next(row, waits):
    """What comes next for one request, in a sentence; empty where nothing does."""
    if waits:
        return _("Signs after those before.")
    if row.state == S.REFUSED:
        return row.reason
    if row.state == S.DELEGATED:
        return _("Passed on to %(name)s.") % {"name": row.passed_to.name}
    if row.state == S.SIGNED and row.signed_on:
        return _("Signed on %(day)s.") % {"day": date_format(row.signed_on)}
    return ""


def turn(standing, asked, *, for_enterprise=False):
    """The Standing of an agreement that is out for signature, knowing who was asked: whose turn it is, and why."""
    if any(one.row.state == S.REFUSED for one in asked):
        said = _("The school looks at what should change.") if for_enterprise else _("Next: correct it, or ask again.")
        return replace(standing, next_step=said, whose=Side.SCHOOL)
    sides = {one.row.side for one in asked if one.is_open and not one.waits}
    return replace(standing, whose=sides.pop()) if len(sides) == 1 else standing


def own_request(agreement, user):
    """What `user` was asked, by account or as a contact who has one since: the open request first, else the last one.

    None where nobody asked.
    """
    seats = [seat.pk for seat in user.seats.all() if not seat.left_on]
    mine = [row for row in ledger.ledger(agreement) if row.user_id == user.pk or _is_of(row, seats)]
    waiting = [row for row in mine if row.state in TO_SIGN]
    return waiting[0] if waiting else mine[-1] if mine else None


def _is_of(row, seats):
    return row.user_id is None and row.addressee_id in seats

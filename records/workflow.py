"""One table per lifecycle and one way to move along it.

    ENTERPRISE = Lifecycle("enterprise", State, WORDS, MOVES)
    move(enterprise, ENTERPRISE, "activate", by=user)

A guard is a function (obj, user) -> a reason (a sentence for the person) or None. The reason explains the disabled
button and the refusal alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from records.models import Audience, Side
from records.services import record


class Refused(Exception):
    """Visible, but not now: shown with its sentence under status 409."""

    def __init__(self, reason):
        super().__init__(str(reason))
        self.reason = reason


class NotAllowed(Refused):
    """Visible, but not for this person: shown with its sentence under status 403."""


Guard = Callable[[object, object], object | None]


@dataclass(frozen=True)
class Words:
    """How one state reads on each side: its label and the sentence that says what comes next."""

    label: object
    next_step: object
    enterprise_label: object = None
    enterprise_next_step: object = None

    def for_enterprise(self):
        return Words(self.enterprise_label or self.label, self.enterprise_next_step or "")


@dataclass(frozen=True)
class Move:
    """One row of a lifecycle: from which states, to which, who may (`may`), under which conditions (`guards`)."""

    name: str
    label: object
    sources: tuple
    target: str
    may: Guard
    guards: tuple[Guard, ...] = ()
    needs_note: bool = False
    audience: str = Audience.SCHOOL


@dataclass(frozen=True)
class OpenMove:
    """A button: its move, and the reason why it cannot be pressed now (None: it can)."""

    move: Move
    reason: object | None


@dataclass(frozen=True)
class Lifecycle:
    name: str
    states: type
    words: dict
    moves: tuple[Move, ...]
    by_name: dict = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "by_name", {move.name: move for move in self.moves})

    def refusal(self, obj, move, user):
        """Return (not_allowed, reason): why `user` cannot make `move` on `obj` as it stands; (False, None) if so."""
        if reason := move.may(obj, user):
            return True, reason
        if obj.state not in move.sources:
            label = self.words[obj.state].label
            return False, _("“%(move)s” is not possible while it is “%(state)s”.") % {
                "move": move.label,
                "state": label,
            }
        for guard in move.guards:
            if reason := guard(obj, user):
                return False, reason
        return False, None


def move(obj, lifecycle, name, *, by, by_name="", side=None, note="", now=None, data=None):
    """Move `obj` along `lifecycle` and return it, its state saved and an Event written.

    The row is locked and everything is checked again on the locked row, so of two people who press at once one
    wins and the other is told. Without `by` the clock acted, or somebody who gave `by_name` at a link: for the
    enterprise, unless `side` says otherwise.
    Raises NotAllowed or Refused with the sentence to show; then nothing is written.
    """
    now = now or timezone.now()
    step = lifecycle.by_name[name]
    with transaction.atomic():
        locked = type(obj)._base_manager.select_for_update(of=("self",), no_key=True).get(pk=obj.pk)
        not_allowed, reason = lifecycle.refusal(locked, step, by)
        if reason:
            raise (NotAllowed if not_allowed else Refused)(reason)
        if step.needs_note and not note.strip():
            raise Refused(_("Say why in a sentence: it is kept with the step."))
        before = locked.state
        locked.state = step.target
        locked.save(update_fields=["state"])
        record(
            f"{lifecycle.name}.{name}",
            subject=locked,
            stream=locked.stream,
            by=by,
            by_name=by_name,
            side=side or _side_of(by, by_name),
            audience=step.audience,
            data={"from": before, "to": step.target, "note": note.strip(), **(data or {})},
            happened_at=now,
        )
    obj.state = locked.state
    return obj


def _side_of(by, by_name):
    if by is None:
        return Side.ENTERPRISE if by_name else Side.SCHOOL
    return Side.SCHOOL if by.is_school else Side.ENTERPRISE


def moves_open_to(obj, lifecycle, user):
    """The buttons `user` sees on `obj`: those from its state that the person may make at all, blocked ones with why."""
    open_moves = []
    for step in lifecycle.moves:
        if obj.state not in step.sources or step.may(obj, user):
            continue
        open_moves.append(OpenMove(step, lifecycle.refusal(obj, step, user)[1]))
    return open_moves

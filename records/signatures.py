"""The signature ledger: who is to sign what, in which order, and what each of them did.

Any object can be signed by any number of people, one after the other or side by side. A row is one request to one
person; it is never rewritten: who is asked once more gets a new row. Whether somebody may sign is decided by the app
that owns the object, which locks that object before it calls anything here.
"""

import hmac
import secrets
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from records.models import Audience, Side, Signature, SignatureState
from records.services import record
from records.workflow import Lifecycle, Move, Words, move

S = SignatureState
OPEN = (S.ASKED, S.SEEN, S.REFUSED)
#: A code to sign with lives this long and survives this many wrong answers.
CODE_SECONDS, CODE_TRIES = 600, 5


# --- what may happen, and by whom ----------------------------------------------------------------------------------


def is_the_signatory(signature, user):
    """The person asked; through a link (user None) whoever holds the code that was sent to that person."""
    if user is None or (user.is_active and user.pk == signature.user_id):
        return None
    return _("%(name)s was asked to sign this, nobody else.") % {"name": signature.name}


def is_of_the_school(signature, user):
    return None if user and user.is_active and user.is_school else _("The school enters what came back on paper.")


def anybody(signature, user):
    """What follows from a change of the text, or from a person's leaving; the app has checked who may."""
    return


def is_their_turn(signature, user):
    """Those of a lower position sign first; the same position signs side by side."""
    earlier = ledger(signature.subject).filter(state__in=OPEN, position__lt=signature.position)
    if first := earlier.order_by("position", "pk").first():
        return _("%(name)s signs first.") % {"name": first.name}
    return None


SIGNATURE = Lifecycle(
    "signature",
    S,
    {
        S.ASKED: Words(gettext_lazy("asked"), "", gettext_lazy("to sign"), ""),
        S.SEEN: Words(gettext_lazy("seen"), "", gettext_lazy("to sign"), ""),
        S.SIGNED: Words(pgettext_lazy("signature", "signed"), ""),
        S.REFUSED: Words(gettext_lazy("not signed, with a reason"), "", gettext_lazy("returned with a comment"), ""),
        S.DELEGATED: Words(gettext_lazy("passed on"), ""),
        S.RESET: Words(gettext_lazy("to be signed again"), ""),
        S.WITHDRAWN: Words(gettext_lazy("no longer asked"), ""),
    },
    (
        Move("see", gettext_lazy("Read it"), (S.ASKED,), S.SEEN, is_the_signatory),
        Move("sign", gettext_lazy("Sign"), (S.ASKED, S.SEEN), S.SIGNED, is_the_signatory, (is_their_turn,),
             audience=Audience.BOTH),
        Move("sign_on_paper", gettext_lazy("Signed on paper"), (S.ASKED, S.SEEN, S.REFUSED), S.SIGNED,
             is_of_the_school, audience=Audience.BOTH),
        Move("refuse", gettext_lazy("Do not sign"), (S.ASKED, S.SEEN), S.REFUSED, is_the_signatory, needs_note=True,
             audience=Audience.BOTH),
        Move("delegate", gettext_lazy("Pass on"), (S.ASKED, S.SEEN), S.DELEGATED, is_the_signatory,
             audience=Audience.BOTH),
        Move("hand_over", gettext_lazy("Ask somebody else instead"), (S.ASKED, S.SEEN, S.REFUSED), S.DELEGATED, anybody,
             audience=Audience.BOTH),
        Move("reset", gettext_lazy("Ask again"), (S.SIGNED, S.REFUSED), S.RESET, anybody, needs_note=True,
             audience=Audience.BOTH),
        Move("withdraw", gettext_lazy("Do not ask any more"), (S.ASKED, S.SEEN, S.REFUSED), S.WITHDRAWN, anybody),
    ),
)  # fmt: skip


# --- reading -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signatory:
    """Somebody to be asked: a person of the school or the portal (`user`), or whoever else, known by name.

    `addressee_id` is the app's own row about the person, such as a contact; `email` is where a code is sent.
    """

    side: str
    capacity: str
    name: str
    position: int = 1
    user: object = None
    addressee_id: int | None = None
    email: str = ""


def ledger(subject):
    """All requests about `subject`, in the order in which they sign."""
    kind = ContentType.objects.get_for_model(subject)
    return Signature.objects.filter(subject_type=kind, subject_id=subject.pk).order_by("position", "pk")


def open_count(subject):
    """How many signatures are still missing, refused ones among them."""
    return ledger(subject).filter(state__in=OPEN).count()


def has_signed(subject, side):
    return ledger(subject).filter(state=S.SIGNED, side=side).exists()


# --- writing -------------------------------------------------------------------------------------------------------


def ask(subject, signatories, *, by, now=None):
    """Ask each of `signatories` for a signature on `subject` and return the rows. Writes "signature.asked" for both.

    Raises ValidationError for nobody, a missing name or the same person twice in one capacity.
    """
    now = now or timezone.now()
    if not signatories:
        raise ValidationError(_("Name at least one person who signs."))
    known = {(row.side, row.capacity, row.name) for row in ledger(subject).filter(state__in=(*OPEN, S.SIGNED))}
    rows = []
    for one in signatories:
        if (one.side, one.capacity, one.name) in known:
            raise ValidationError(_("%(name)s is asked already.") % {"name": one.name})
        known.add((one.side, one.capacity, one.name))
        rows.append(_row(subject, one, by, now))
    with transaction.atomic():
        for row in rows:
            row.save(force_insert=True)
        _record("signature.asked", subject, by, now, {"names": [row.name for row in rows]})
    return rows


def see(signature, *, by=None, name="", now=None):
    """The person's browser showed the text; called by POST only, as messengers fetch pages by themselves."""
    if signature.state != S.ASKED:
        return signature
    Signature.objects.filter(pk=signature.pk, seen_at=None).update(seen_at=now or timezone.now())
    data = {"name": signature.name}
    return move(signature, SIGNATURE, "see", by=by, by_name=name, side=signature.side, now=now, data=data)


def sign(signature, *, digest, document=None, by=None, via=None, name="", address=None, now=None):
    """Sign on screen what has the SHA-256 `digest`, and return the row.

    The app has checked that the person proved who they are: a fresh sign-in (`by`), or through the link `via` the code
    sent to that person; `name` is what was typed. Raises NotAllowed, Refused before one's turn.
    """
    way = Signature.Way.SCREEN if via is None else Signature.Way.LINK
    facts = {"way": way, "digest": digest, "document": document, "via": via, "signed_as": name or signature.name}
    return _close(signature, "sign", facts | {"address": address}, by=by, name=name, now=now)


def sign_on_paper(signature, *, digest, scan, by, document=None, signed_on=None, now=None):
    """Enter a signature that came back on paper, with its `scan` (a File). Raises NotAllowed, Refused."""
    facts = {
        "way": Signature.Way.PAPER,
        "digest": digest,
        "document": document,
        "scan": scan,
        "signed_on": signed_on,
        "signed_as": signature.name,
    }
    return _close(signature, "sign_on_paper", facts, by=by, side=Side.SCHOOL, now=now)


def refuse(signature, *, reason, by=None, via=None, name="", now=None):
    """Say no, with what should change. Raises NotAllowed, Refused without a reason."""
    facts = {"reason": reason.strip()[:500], "via": via}
    return _close(signature, "refuse", facts, by=by, name=name, note=reason, now=now, data={"why": reason.strip()})


def delegate(signature, to, *, by=None, name="", now=None):
    """Pass the request on to the Signatory `to`, who signs in the same capacity and place; return the new row.

    Raises NotAllowed, Refused, ValidationError for oneself and for whoever is asked in that capacity already.
    """
    return _pass(signature, to, "delegate", asked_by=signature.asked_by, by=by, name=name, now=now)


def hand_over(signature, to, *, by, now=None):
    """The same for a person who is gone, as `by`, who asks anew; whoever had not signed with a reason is no exception.

    Raises Refused for what is answered, ValidationError as above.
    """
    side = Side.SCHOOL if by.is_school else Side.ENTERPRISE
    return _pass(signature, to, "hand_over", asked_by=by, by=by, side=side, now=now)


def not_yet_asked(rows, name):
    """Of requests those that `name` can be asked to sign instead: nobody signs twice in one capacity."""
    theirs = {key: OuterRef(key) for key in ("subject_type", "subject_id", "side", "capacity")}
    return rows.exclude(Exists(Signature.objects.filter(**theirs, name=name.strip(), state__in=(*OPEN, S.SIGNED))))


def _pass(signature, to, step, *, asked_by, by, name="", side=None, now=None):
    now = now or timezone.now()
    to = Signatory(
        signature.side, signature.capacity, to.name.strip(), signature.position, to.user, to.addressee_id, to.email
    )
    if not to.name or to.name == signature.name:
        raise ValidationError(_("Name somebody else who signs instead."))
    if not not_yet_asked(Signature.objects.filter(pk=signature.pk), to.name).exists():
        raise ValidationError(_("%(name)s is asked already.") % {"name": to.name})
    with transaction.atomic():
        fresh = _row(signature.subject, to, asked_by, now)
        fresh.save(force_insert=True)
        facts, data = {"passed_to": fresh}, {"to_name": fresh.name}
        _close(signature, step, facts, by=by, name=name, side=side, now=now, data=data)
    return fresh


def reset(subject, sides, *, reason, by, now=None):
    """Ask again whoever of `sides` has signed, and everybody who refused; return the new rows.

    For a text that has changed: what was signed was another one.
    """
    rows = ledger(subject).filter(state__in=[S.SIGNED, S.REFUSED])
    with transaction.atomic():
        return [
            ask_again(row, reason=reason, by=by, now=now) for row in rows if row.state == S.REFUSED or row.side in sides
        ]


def ask_again(signature, *, reason, by, now=None):
    """Ask somebody who signed or refused once more, in the same capacity and place; return the new row."""
    now, old = now or timezone.now(), signature
    data = {"name": old.name, "why": reason}
    with transaction.atomic():
        move(old, SIGNATURE, "reset", by=by, note=reason, now=now, data=data)
        again = Signatory(old.side, old.capacity, old.name, old.position, old.user, old.addressee_id, old.email)
        fresh = _row(old.subject, again, by, now)
        fresh.save(force_insert=True)
    return fresh


def withdraw(subject, *, by, only=None, now=None):
    """Ask nobody any more, or nobody of the rows `only`; what was signed stays as it is. Returns how many ended."""
    rows = ledger(subject).filter(state__in=OPEN)
    rows = list(rows if only is None else rows.filter(pk__in=[row.pk for row in only]))
    with transaction.atomic():
        for row in rows:
            move(row, SIGNATURE, "withdraw", by=by, now=now, data={"name": row.name})
    return len(rows)


def call_off(subject, *, reason, by, now=None):
    """Ask nobody any more, and let no signature count: the whole text is worked at anew. Returns how many ended."""
    with transaction.atomic():
        ended = withdraw(subject, by=by, now=now)
        for row in ledger(subject).filter(state=S.SIGNED):
            data = {"name": row.name, "why": reason, "is_over": True}
            move(row, SIGNATURE, "reset", by=by, note=reason, now=now, data=data)
            ended += 1
    return ended


# --- the code sent to the person -------------------------------------------------------------------------------------


def make_code(signature):
    """A code of six digits for the person asked, good for ten minutes; only its digest is kept, in the cache."""
    code = f"{secrets.randbelow(10**6):06}"
    cache.set(_code_key(signature), {"digest": _digest(signature, code), "tries": 0}, CODE_SECONDS)
    return code


def check_code(signature, code):
    """Whether `code` is the one that was sent; it works once. Five wrong ones and a new one must be sent."""
    kept = cache.get(_code_key(signature))
    if kept is None or kept["tries"] >= CODE_TRIES:
        return False
    if hmac.compare_digest(kept["digest"], _digest(signature, code.strip())):
        return cache.delete(_code_key(signature))  # of two at once, the one that deletes it
    cache.set(_code_key(signature), kept | {"tries": kept["tries"] + 1}, CODE_SECONDS)
    return False


def _code_key(signature):
    return f"signature-code:{signature.pk}"


def _digest(signature, code):
    return salted_hmac("records.signatures", f"{signature.pk}:{code}", algorithm="sha256").hexdigest()


# --- inside ----------------------------------------------------------------------------------------------------------


def _row(subject, one, by, now):
    row = Signature(
        subject=subject, stream=subject.stream, side=one.side, capacity=one.capacity.strip(), name=one.name.strip(),
        position=one.position, user=one.user, addressee_id=one.addressee_id, email=one.email, asked_by=by, asked_at=now,
    )  # fmt: skip
    row.full_clean(exclude=["subject_type", "asked_by", "user"], validate_unique=False)
    return row


def _close(signature, step, facts, *, by, name="", side=None, note="", now=None, data=None):
    """Write the facts, then the state that needs them; both or neither. It happens on the side that signs."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = Signature.objects.select_for_update(of=("self",), no_key=True).get(pk=signature.pk)
        Signature.objects.filter(pk=locked.pk).update(**facts, closed_at=now)  # taken back where move() refuses
        move(
            locked, SIGNATURE, step, by=by, by_name=name if by is None else "", side=side or locked.side, note=note,
            now=now,
            data={"name": locked.name, "capacity": locked.capacity, **(data or {})},
        )  # fmt: skip
    signature.refresh_from_db()
    return signature


def _record(kind, subject, by, now, data):
    side = Side.SCHOOL if by is None or by.is_school else Side.ENTERPRISE
    record(
        kind, subject=subject, stream=subject.stream, by=by, side=side, audience=Audience.BOTH, data=data,
        happened_at=now,
    )  # fmt: skip

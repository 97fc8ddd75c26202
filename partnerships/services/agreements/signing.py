"""Signing: who is asked, what each of them does, and what follows. The one writer of `open_signatures`.

Every function locks the agreement before it touches the ledger (records.signatures), so that signing, correcting,
taking back and amending wait in one queue; what the agreement renews is locked before it, as entering into force does.
"""

import pghistory
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import PARTNER_ROLES, Role, User
from partnerships.models import Agreement, AgreementDocument, Contact
from partnerships.rules.agreements import MANY, SIGNED, digest
from partnerships.services.agreements.terms import enter_into_force, lock_former
from partnerships.services.agreements.writing import lock, lock_kept, no_longer, save
from partnerships.services.links import SIGN
from partnerships.workflow import AgreementState, is_signed_by_all, keeps_this_agreement
from records import links
from records import signatures as ledger
from records.files import DOCUMENTS, PICTURES, store_file
from records.models import Link, Side, Signature
from records.signatures import SIGNATURE, Signatory
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Task
from reminders.services import mark_link, remind_now
from reminders.workflow import DeliveryState

#: The rules whose tasks follow from what happens here.
RULES = ("signature", "signature_refused")
#: What waits for the person asked.
WAITING = (Signature.State.ASKED, Signature.State.SEEN)
#: What a scan of a signed page may be.
SCANS = (*PICTURES, DOCUMENTS[0])


class TextChanged(Refused):
    """What was read is no longer what would be signed."""


# --- what is signed ------------------------------------------------------------------------------------------------


def digest_of(agreement):
    """The SHA-256 of the text as it stands in the row: everything that is signed, and of an amendment what it is."""
    text = {name: _plain(agreement, name) for name in SIGNED}
    about = {name: getattr(agreement, name) for name in ("kind", "nth", "blocks", "valid_from")}
    return digest({**text, **about})


def _plain(agreement, name):
    """What is linked by its id: a corrected name or form of address touches no signature."""
    if name in MANY:
        return sorted(row.pk for row in getattr(agreement, name).all())
    field = Agreement._meta.get_field(name)
    return getattr(agreement, field.attname)


# --- asking --------------------------------------------------------------------------------------------------------


def proposed(agreement):
    """The Signatories to begin with: for the school a lead, for the enterprise whoever signs there."""
    capacity = _("authorised representative")
    lead = User.objects.active().filter(role=Role.LEAD).order_by("pk").first() or agreement.school_contact
    people = agreement.enterprise.contacts.present()
    contact = people.filter(signs=True).first() or agreement.enterprise_contact or people.first()
    found = [of_the_school(lead, capacity)] if lead is not None else []
    return [*found, of_the_enterprise(contact, capacity)] if contact is not None else found


def of_the_school(user, capacity, position=1):
    return Signatory(Side.SCHOOL, capacity, user.name, position, user=user, email=user.email)


def of_the_enterprise(contact, capacity, position=1):
    return Signatory(
        Side.ENTERPRISE, capacity, contact.name, position, user=contact.user, addressee_id=contact.pk,
        email=contact.email,
    )  # fmt: skip


def ask_for_signatures(agreement, signatories, *, by, now=None):
    """Ask each of `signatories` (records.signatures.Signatory) to sign, and return the requests.

    The same position signs side by side, a lower one first. Their reminders begin. Writes "signature.asked". Raises
    NotAllowed, Refused unless it is out for signature, ValidationError for nobody, somebody of another enterprise or
    without access, or the same person twice in one capacity.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = out_for_signature(agreement, by)
        for one in signatories:
            _check(locked, one)
        rows = ledger.ask(locked, signatories, by=by, now=now)
        _follow(locked, by, now)
    return rows


def _check(agreement, one):
    """Raise ValidationError for a signatory who could not sign this."""
    if one.user is not None and not one.user.is_active:
        raise ValidationError(_("%(name)s can no longer sign in.") % {"name": one.name})
    if one.side == Side.SCHOOL:
        if one.user is not None and not one.user.sees_partners:
            raise ValidationError(
                _("%(name)s does not read agreements here: send a link instead.") % {"name": one.name}
            )
        return
    if one.addressee_id is None:
        return
    parties = [agreement.enterprise_id, *agreement.other_parties.values_list("pk", flat=True)]
    if not Contact.objects.present().filter(pk=one.addressee_id, enterprise__in=parties).exists():
        raise ValidationError(_("%(name)s works for none of the parties.") % {"name": one.name})


def is_anybody_asked(agreement):
    return ledger.ledger(agreement).filter(state__in=(*ledger.OPEN, Signature.State.SIGNED)).exists()


def withdraw_request(signature, *, by, now=None):
    """Ask one person no longer. Where everybody else has signed it enters into force. Raises NotAllowed, Refused."""
    with transaction.atomic():
        locked, row = _both(signature)
        if reason := keeps_this_agreement(locked, by):
            raise NotAllowed(reason)
        if not ledger.withdraw(locked, by=by, only=[row], now=now):
            raise Refused(_("Only an open request is withdrawn: a signature stays."))
        _follow(locked, by, now)
    return row


def remind(signature, *, by, now=None):
    """Tell somebody of the enterprise once more that they are to sign; return what was told. Writes "task.reminded".

    Nothing where nobody is told of signatures: then the link is carried by hand. Raises NotAllowed, Refused within the
    cool-down.
    """
    kind = ContentType.objects.get_for_model(Signature)
    tasks = Task.objects.open().filter(rule=RULES[0], subject_type=kind, subject_id=signature.pk, side=Side.ENTERPRISE)
    task = tasks.first()
    return remind_now(task, by=by, now=now) if task is not None else []


def ask_again(signature, *, by, reason, now=None):
    """Ask somebody who refused once more, because what stood in the way is settled; return the new request.

    Raises NotAllowed, Refused for whoever did not refuse, or without a reason.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        if reason_not := keeps_this_agreement(locked, by):
            raise NotAllowed(reason_not)
        if row.state != Signature.State.REFUSED:
            raise Refused(_("Only who did not sign is asked again."))
        fresh = ledger.ask_again(row, reason=reason, by=by, now=now)
        _pass_links([row], [fresh])
        _follow(locked, by, now)
    return fresh


def ask_sides_again(agreement, sides, *, by, reason, now):
    """A text has changed: ask again whoever of `sides` signed it, and everybody who refused.

    Its row is locked, in the caller's transaction.
    """
    old = list(ledger.ledger(agreement).filter(state__in=[Signature.State.SIGNED, Signature.State.REFUSED]))
    _pass_links(old, ledger.reset(agreement, sides, reason=_cut(reason), by=by, now=now))
    _follow(agreement, by, now)


def call_off(agreement, *, by, reason, now=None):
    """The agreement goes back into the drawer: nobody is asked any more, and no signature counts.

    Its row is locked, in the caller's transaction.
    """
    if ledger.call_off(agreement, by=by, reason=reason, now=now):
        _refresh(agreement, now)


# --- each person's own step ----------------------------------------------------------------------------------------


def see(signature, *, by, now=None):
    """The page showed the text to `by`, who was asked. Called by POST only; the first time counts."""
    with transaction.atomic():
        row = Signature.objects.select_for_update(of=("self",), no_key=True).get(pk=signature.pk)
        _adopt(row, by)
        return ledger.see(row, by=by, now=now)


def see_by_link(link, *, now=None):
    """The same through an open link to sign; messengers fetch pages by themselves, so by POST only."""
    row = Signature.objects.filter(pk=link.subject_id, state=Signature.State.ASKED).first()
    if row is not None and Agreement.objects.filter(pk=row.subject_id, state=AgreementState.SIGNATURE).exists():
        ledger.see(row, name=row.name, now=now)


def sign(signature, *, digest, by, address=None, now=None):
    """Sign on screen as `by`, who has just proved who they are; `digest` is that of the text they read. Return the row.

    The last signature brings the agreement into force. Writes "signature.sign". Raises NotAllowed for anybody else,
    Refused before one's turn, TextChanged where the text is no longer the one that was read, Refused where it cannot
    enter into force: then nothing is written.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        _adopt(row, by)
        _may(row, "sign", by)
        check_text(locked, digest)
        ledger.sign(row, digest=digest, document=_document(locked, digest), by=by, address=address, now=now)
        _follow(locked, by, now)
    return row


def sign_by_link(signature, *, link, code, digest, name="", address=None, now=None):
    """The same through `link`, with the code that was sent to the person; `name` is who they say they are.

    Raises ValidationError under `code` for a wrong, used or expired one, Refused for a link that is over; else as sign.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        check_link(row, link, now)
        _may(row, "sign", None)
        check_text(locked, digest)
        check_code(row, code)
        said = {"name": name.strip()[:60] or row.name, "address": address}
        ledger.sign(row, digest=digest, document=_document(locked, digest), via=link, now=now, **said)
        _answered(link, now)
        _follow(locked, None, now)
    return row


def sign_on_paper(agreement, signature, scan, by, signed_on=None, now=None):
    """Enter a signature that came back on paper; `scan` is the File that shows it. Return the row.

    Works out of turn and for whoever had refused on screen. The last signature brings the agreement into force. Raises
    NotAllowed, Refused, ValidationError for a day that lies ahead.
    """
    return sign_all_on_paper(agreement, [signature], scan, by=by, signed_on=signed_on, now=now)[0]


def sign_all_on_paper(agreement, signatures, scan, *, by, signed_on=None, now=None):
    """The same for everybody who signed the page that `scan` shows: all of them or none. `scan` may be an upload."""
    now = now or timezone.now()
    if signed_on and signed_on > timezone.localdate(now):
        raise ValidationError({"signed_on": _("This day lies ahead.")})
    with transaction.atomic():
        locked = out_for_signature(agreement, by)
        rows = list(ledger.ledger(locked).filter(pk__in=[row.pk for row in signatures]))
        if not rows or len(rows) < len(signatures):
            raise Refused(_("This is a request about something else."))
        if not getattr(scan, "pk", None):
            scan = store_file(scan, kinds=SCANS, by=by, subject=locked, now=now)
        values = {"digest": (digest := digest_of(locked)), "document": _document(locked, digest), "scan": scan}
        for row in rows:
            ledger.sign_on_paper(row, by=by, signed_on=signed_on, now=now, **values)
        _follow(locked, by, now)
    return rows


def refuse(signature, *, reason, by, now=None):
    """Say no as `by`, with what should change; whoever keeps the agreement is told. Return the row.

    It stays open until the text is corrected or the person is asked again. Writes "signature.refuse". Raises
    NotAllowed, Refused without a reason.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        _adopt(row, by)
        ledger.refuse(row, reason=_cut(reason), by=by, now=now)
        _follow(locked, by, now)
    return row


def refuse_by_link(signature, *, link, code, reason, name="", now=None):
    """The same through `link`, with the code that was sent to the person. Raises ValidationError under `code`."""
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        check_link(row, link, now)
        _may(row, "refuse", None)
        check_code(row, code)
        ledger.refuse(row, reason=_cut(reason), via=link, name=name.strip()[:60] or row.name, now=now)
        _answered(link, now)
        _follow(locked, None, now)
    return row


def delegate(signature, to, *, by, now=None):
    """Pass the request on to a colleague, as `by`, who was asked; return the new request.

    `to` is a Contact of the same enterprise, or a person of the school. Writes "signature.delegate". Raises
    NotAllowed, Refused, ValidationError for oneself or somebody elsewhere.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        _adopt(row, by)
        one = _in_place_of(row, to)
        _check(locked, one)
        fresh = ledger.delegate(row, one, by=by, now=now)
        _follow(locked, by, now)
    return fresh


# --- whoever is gone -----------------------------------------------------------------------------------------------


def waiting_for(person):
    """The requests to sign that wait for a Contact, or for a User of the school."""
    rows = Signature.objects.filter(
        subject_type=ContentType.objects.get_for_model(Agreement), state__in=WAITING,
        subject_id__in=Agreement.objects.filter(state=AgreementState.SIGNATURE).values("pk"),
    )  # fmt: skip
    if isinstance(person, Contact):
        return rows.filter(side=Side.ENTERPRISE, addressee_id=person.pk)
    return rows.filter(side=Side.SCHOOL, user=person)


def gone_of(signatures):
    """Ids of those requests whose person can no longer sign: has left, or no longer reads agreements here."""
    there = [row for row in signatures if row.side == Side.ENTERPRISE and row.addressee_id]
    left = Contact.objects.filter(pk__in=[row.addressee_id for row in there], left_on__isnull=False) if there else ()
    left = {contact.pk for contact in left}
    here = [row for row in signatures if row.side == Side.SCHOOL and row.user]
    return {row.pk for row in there if row.addressee_id in left} | {
        row.pk for row in here if not (row.user.is_active and row.user.sees_partners)
    }


def successors_of(signature):
    """Who can be asked in place of a person who is gone: those present there, or of the school who read agreements."""
    if signature.side == Side.SCHOOL:
        return User.objects.active().filter(role__in=PARTNER_ROLES).order_by("name", "pk")
    there = Contact.objects.filter(pk=signature.addressee_id).values("enterprise")
    return Contact.objects.present().filter(enterprise__in=there).order_by("name", "pk")


def hand_over(signatures, to, *, by, now=None):
    """Ask `to` (Contact or User) instead of the person who is asked by `signatures`; {id of the old request: new one}.

    In the transaction of whoever hands over, who has checked that `by` may and that `to` can sign. What is answered by
    now is left alone, and so is what `to` is asked in the same capacity already: nobody signs for two. Writes
    "signature.hand_over".
    """
    now, fresh = now or timezone.now(), {}
    for agreement in Agreement.objects.filter(pk__in={row.subject_id for row in signatures}).order_by("pk"):
        lock_former(agreement)
        locked = lock(agreement)
        rows = ledger.ledger(locked).filter(pk__in=[row.pk for row in signatures], state__in=WAITING)
        if locked.state != AgreementState.SIGNATURE:
            continue
        for row in list(ledger.not_yet_asked(rows, to.name)):
            if ledger.not_yet_asked(rows.filter(pk=row.pk), to.name).exists():  # of two in one capacity the first
                fresh[row.pk] = ledger.hand_over(row, _in_place_of(row, to), by=by, now=now)
        _refresh(locked, now)
    return fresh


def ask_instead(signature, to, *, by, now=None):
    """Ask `to`, a Contact or a User, in place of somebody who is gone; return the new request.

    Done by whoever keeps the agreement. Writes "signature.hand_over". Raises NotAllowed, Refused for what is answered
    and while the person can still sign, ValidationError for whoever could not sign it or is asked already.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked, row = _both(signature)
        if reason := keeps_this_agreement(locked, by):
            raise NotAllowed(reason)
        if row.state not in ledger.OPEN:
            raise Refused(_("There is nothing to sign here any more."))
        if not gone_of([row]):
            raise Refused(_("%(name)s can still sign this, or pass it on.") % {"name": row.name})
        one = _in_place_of(row, to)
        _check(locked, one)
        fresh = ledger.hand_over(row, one, by=by, now=now)
        _follow(locked, by, now)
    return fresh


def _in_place_of(row, to):
    made = of_the_school if row.side == Side.SCHOOL else of_the_enterprise
    return made(to, row.capacity, row.position)


# --- links and codes -----------------------------------------------------------------------------------------------


def check_link(signature, link, now=None):
    """Raise Refused unless `link` is an open one for this very request."""
    is_ours = link.purpose == SIGN and link.subject_id == signature.pk and link.stream == signature.stream
    if not is_ours or not link.is_open(now or timezone.now()):
        raise Refused(_("This link is no longer open: ask for a new one on its page."))


def check_code(signature, code):
    """Raise ValidationError under `code` unless it is the one that was sent; a right one is used up."""
    if not ledger.check_code(signature, code):
        raise ValidationError({"code": _("This code is not, or no longer, the one we sent: have a new one sent.")})


def make_code(signature, link, now=None):
    """A code to be mailed to the person at once, good for ten minutes. Raises Refused where nothing is to sign."""
    check_link(signature, link, now)
    if signature.state not in (Signature.State.ASKED, Signature.State.SEEN):
        raise Refused(_("There is nothing to sign here any more."))
    if not signature.email:
        raise Refused(_("We know no e-mail address of %(name)s: please sign on paper.") % {"name": signature.name})
    return ledger.make_code(signature)


def _answered(link, now):
    links.mark_answered(link, now=now)
    mark_link(link, DeliveryState.ANSWERED, now=now)


def _pass_links(old, fresh):
    """Whoever is asked again signs through the link they hold."""
    requests = {(row.side, row.capacity, row.name): row for row in fresh}
    for row in old:
        if again := requests.get((row.side, row.capacity, row.name)):
            Link.objects.filter(purpose=SIGN, subject_id=row.pk).update(subject_id=again.pk)


# --- inside --------------------------------------------------------------------------------------------------------


def out_for_signature(agreement, by):
    """The locked agreement, for whoever keeps it. Raises NotAllowed, Refused unless it is out for signature."""
    lock_former(agreement)
    locked = lock_kept(agreement, by)
    if locked.state != AgreementState.SIGNATURE:
        raise no_longer(locked)
    return locked


def _both(signature):
    """(the locked agreement, the request as it stands). Raises Refused unless it is out for signature."""
    agreement = Agreement.objects.only("pk", "amends", "renews").get(pk=signature.subject_id)
    lock_former(agreement)
    locked = lock(agreement)
    if locked.state != AgreementState.SIGNATURE:
        raise no_longer(locked)
    return locked, ledger.ledger(locked).get(pk=signature.pk)


def _adopt(row, by):
    """Whoever was asked as a contact and has an account since then signs with it."""
    if by is None or row.user_id or row.addressee_id is None or by.is_school:
        return
    if Contact.objects.members().filter(pk=row.addressee_id, user=by).exists():
        row.user = by
        row.save(update_fields=["user"])


def _may(row, step, by):
    not_allowed, reason = SIGNATURE.refusal(row, SIGNATURE.by_name[step], by)
    if reason:
        raise (NotAllowed if not_allowed else Refused)(reason)


def check_text(agreement, digest):
    """Raise TextChanged unless `digest` is that of the text as it stands."""
    if digest != digest_of(agreement):
        raise TextChanged(_("The text has changed since you read it: read it again, then sign."))


def _document(agreement, digest):
    """The file of the newest document that shows the text of `digest`; None where it was not printed."""
    shown = AgreementDocument.objects.select_related("file").filter(agreement=agreement, digest=digest)
    document = shown.order_by("-nth").first()
    return document.file if document is not None else None


def _cut(reason):
    return reason.strip()[:500]


def _follow(locked, by, now):
    """What follows from a change of the ledger: the count, the reminders, and at the last signature the agreement."""
    _refresh(locked, now)
    if is_signed_by_all(locked, by):
        return
    try:
        with pghistory.context(user=by.pk if by else None):
            enter_into_force(locked, by=by, now=now)
    except ValidationError as error:
        sentence = _("It cannot enter into force, so nothing was written: %(why)s")
        raise Refused(sentence % {"why": " ".join(error.messages)}) from error


def _refresh(locked, now=None):
    locked.open_signatures = ledger.open_count(locked)
    save(locked, update_fields=["open_signatures"])
    requests = list(ledger.ledger(locked).values_list("pk", flat=True))
    for rule in RULES:
        planner.settle(rule, requests, now)


# --- the nightly check ---------------------------------------------------------------------------------------------


def differing_counts():
    """Ids of agreements whose stored count of open signatures is not that of the ledger; there must be none."""
    kind = ContentType.objects.get_for_model(Agreement)
    rows = Signature.objects.filter(subject_type=kind, subject_id=OuterRef("pk"), state__in=ledger.OPEN)
    counted = rows.order_by().values("subject_id").annotate(count=Count("pk")).values("count")
    real = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    wrong = Agreement.objects.annotate(real=real).exclude(open_signatures=F("real"))
    return list(wrong.order_by("pk").values_list("pk", flat=True))


def mend_count(pk):
    """Write the count that the ledger gives, where the nightly check found another one."""
    with transaction.atomic():
        _refresh(lock(Agreement.objects.only("pk", "amends").get(pk=pk)))

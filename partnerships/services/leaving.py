"""A person of an enterprise leaves: what they held goes to whoever follows, on the school's page and in the portal."""

from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Contact, Obligation, SeminarGuest
from partnerships.services.agreements import signing
from partnerships.services.links import SIGN
from partnerships.workflow import ObligationState, SeminarState
from records import links
from records.models import Link
from records.workflow import Refused
from reminders.models import Channel
from reminders.services import Addressee, readdress

#: What a person does for an enterprise; somebody there should do each that was done.
FLAGS = ("arranges_interns", "keeps_pay", "mentors", "signs")


def flags_of_nobody_else(contact):
    """Of FLAGS those that only `contact` carries among the people present."""
    others = list(Contact.objects.present().filter(enterprise=contact.enterprise_id).exclude(pk=contact.pk))
    return [name for name in FLAGS if getattr(contact, name) and not any(getattr(one, name) for one in others)]


def seats_of(contact, now):
    """The events that lie ahead to which the enterprise is invited through this person."""
    return SeminarGuest.objects.filter(
        contact=contact, seminar__state=SeminarState.PLANNED, seminar__ends_at__gt=now
    )  # fmt: skip


def promises_of(contact):
    """What the enterprise promised in agreements and this person does, and is still open."""
    return Obligation.objects.filter(contact=contact, state=ObligationState.OPEN)


def open_links_of(contact, now):
    """Links in this person's hands: made out to them. A form of address that somebody present shares is nobody's."""
    present = Contact.objects.present().filter(enterprise=contact.enterprise_id).exclude(pk=contact.pk)
    if any(one.address_form == contact.address_form for one in present):
        return []
    return list(
        Link.objects.filter(
            stream=contact.enterprise_id, addressee=contact.address_form[:60], withdrawn_at=None, expires_at__gt=now
        ).select_related("created_by").order_by("pk")
    )  # fmt: skip


def refuse_successor(contact, successor):
    """Raise Refused unless `successor` works at the same enterprise today, and is somebody else."""
    if successor.pk == contact.pk or successor.enterprise_id != contact.enterprise_id or successor.left_on:
        raise Refused(_("Whoever takes over works there today: choose another person."))


def pass_on(contact, successor, *, by, signatures=None, now=None):
    """Give what `contact` held to `successor`, or to nobody yet; both are locked, in the caller's transaction.

    Moves what only this person did, what they promised in agreements, and their seats at events to come. Of the
    requests to sign that wait for them `signatures` (None: all) go to the successor; the others stay open, for the
    school to choose. Drafts and links made out to them end; where there is a successor, each that was not answered is
    made out anew, to be carried again. Returns what moved.
    """
    now = now or timezone.now()
    waiting = signing.waiting_for(contact)
    if signatures is not None:
        waiting = waiting.filter(pk__in=[row.pk for row in signatures])
    asked = signing.hand_over(list(waiting), successor, by=by, now=now) if successor is not None else {}
    flags = flags_of_nobody_else(contact)
    seats = seats_of(contact, now).update(contact=successor)
    promises_of(contact).update(contact=successor)
    if successor is not None and flags:
        for name in flags:
            setattr(successor, name, True)
        successor.version += 1
        successor.save(update_fields=[*flags, "version"])
    given = open_links_of(contact, now)  # before the new ones are made, which may be made out in the same words
    told = readdress(contact.pk, to=_addressee(successor, contact.enterprise), now=now)
    carried = {link.pk for link in told}
    for link in {link.pk: link for link in (*told, *given)}.values():
        links.withdraw(link, by=by, now=now)
        # a link to sign leads to the successor's own request, or to none
        subject = asked.get(link.subject_id) if link.purpose == SIGN else link.subject
        if successor is not None and subject and link.pk not in carried and link.answered_at is None:
            links.hand_out(
                link.purpose, subject=subject, stream=link.stream, by=link.created_by,
                addressee=successor.address_form, language=successor.language, now=now,
            )  # fmt: skip
    ended = {*carried, *(link.pk for link in given)}
    return {"flags": flags, "seats": seats, "links": len(ended), "signatures": len(asked)}


def _addressee(successor, enterprise):
    """How the successor is told; None where nobody follows, or nobody of the school would carry it."""
    if successor is None or enterprise.owner_id is None:
        return None
    by_mail = enterprise.messages_automatic and successor.email
    return Addressee(
        successor.pk, successor.address_form, successor.email, successor.language,
        Channel.MAIL if by_mail else Channel.HAND,
    )  # fmt: skip

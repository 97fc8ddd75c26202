"""Who acts for an enterprise with an account: invited, seated, leaving, and the one who keeps the team."""

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from accounts.services import invite_person, side_of, withdraw_invitation
from partnerships.models import Contact, Enterprise
from partnerships.services.leaving import pass_on, refuse_successor
from partnerships.workflow import is_not_merged, keeps_this_partner
from records.models import Audience
from records.services import record
from records.workflow import NotAllowed, Refused


def keeps_the_team(enterprise, user):
    """The enterprise's own keeper, and the officers who keep the partner. Returns a reason or None."""
    if user.is_school:
        return keeps_this_partner(enterprise, user)
    if enterprise.contacts.filter(user=user, is_keeper=True, left_on=None).exists():
        return None
    keeper = enterprise.contacts.filter(is_keeper=True).first()
    if keeper is None:
        return _("Your company has no keeper at the moment: ask the school to name one.")
    return _("The keeper of your company does this: ask %(name)s.") % {"name": keeper.name}


def invite_contact(contact, *, by, email="", now=None):
    """Invite a contact to the portal and return the invitation, to be mailed where it carries an e-mail, or by hand.

    An invitation that is still open and goes to the same address is returned as it is. Raises NotAllowed, Refused for
    somebody who has left or has an account already, ValidationError under `email`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        enterprise = _locked(contact.enterprise_id)
        if reason := keeps_the_team(enterprise, by):
            raise NotAllowed(reason)
        if reason := is_not_merged(enterprise, by):
            raise Refused(reason)
        locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
        if locked.left_on:
            raise Refused(_("%(name)s has left: choose somebody else.") % {"name": locked})
        if locked.user_id:
            raise Refused(_("%(name)s has an account already.") % {"name": locked})
        email = (email or locked.email).strip().lower()
        _refuse_address_of_a_member(enterprise, email)
        if (open_one := locked.invitation) and open_one.is_open(now) and open_one.email == email:
            return open_one
        withdraw_open_invitation(locked, by=by, now=now)
        locked.invitation = invite_person(
            by=by, name=locked.name, role=Role.HR, email=email, language=locked.language, now=now
        )
        locked.email = locked.email or email
        locked.save(update_fields=["invitation", "email"])
        _record("seat.invited", locked, by, now)
    return locked.invitation


def add_colleague(enterprise, *, by, name, honorific="", position="", phones=(), email="", form_key=None, now=None):
    """Record a colleague of the enterprise and invite them; returns the Contact, the same `form_key` twice the first.

    Raises as invite_contact does.
    """
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = _locked(enterprise.pk)  # a second submit waits here, then finds the first
        if reason := keeps_the_team(locked, by):
            raise NotAllowed(reason)
        if form_key and (first := locked.contacts.filter(form_key=form_key).first()):
            return first
        contact = Contact(
            enterprise=locked,
            name=name.strip(),
            honorific=honorific.strip(),
            position=position.strip(),
            phones=list(phones),
            email=email.strip().lower(),
            language=by.language,
        )
        if form_key:
            contact.form_key = form_key
        contact.full_clean()
        contact.save()
        invite_contact(contact, by=by, email=email, now=now)
    contact.refresh_from_db()
    return contact


def seat_invited_contact(invitation, user):
    """Give `user` the seat of the contact who was invited; called inside the acceptance (INVITATION_ACCEPTED).

    The first member of an enterprise becomes its keeper. Writes "seat.taken" for both sides. An invitation that was
    made for no contact seats nobody. Raises Refused where the contact has left or the person sits there already.
    """
    contact = Contact.objects.filter(invitation=invitation).first()
    if contact is None:
        return None
    with pghistory.context(user=user.pk), transaction.atomic():
        enterprise = _locked(contact.enterprise_id)
        locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
        if locked.left_on or is_not_merged(enterprise, user):
            raise Refused(
                _("This invitation is no longer open: ask %(name)s for a new one.") % {"name": invitation.invited_by}
            )
        if enterprise.contacts.members().filter(user=user).exists():
            raise Refused(_("You already have access to this enterprise: simply sign in."))
        locked.user = user
        locked.email = locked.email or user.email
        locked.is_keeper = not enterprise.contacts.filter(is_keeper=True).exists()
        locked.version += 1
        locked.save(update_fields=["user", "email", "is_keeper", "version"])
        _record("seat.taken", locked, user, invitation.accepted_at, keeper=locked.is_keeper)
    return locked


def remove_member(contact, *, by, successor=None, keeper=None, signatures=None, now=None):
    """The enterprise says that somebody has left: their access ends on their next request, what they held goes to
    `successor`, or nobody yet (services.leaving). Writes "contact.left".

    Done by the keeper or by the person; the school uses services.contacts.mark_left. Only the person hands the
    requests to sign over that wait for them, all or `signatures`; else the school is left to choose. A keeper hands
    that role to `keeper`, by default the successor. Raises NotAllowed, and Refused for a keeper without either while
    other members are there: an enterprise does not lose its keeper silently.
    """
    now = now or timezone.now()
    with pghistory.context(user=by.pk), transaction.atomic():
        enterprise = _locked(contact.enterprise_id)
        locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
        if by.is_school:
            raise NotAllowed(_("The enterprise says this itself; the school marks it on the contact's own page."))
        if locked.user_id != by.pk and (reason := keeps_the_team(enterprise, by)):
            raise NotAllowed(reason)
        if locked.left_on:
            return locked
        keeper = keeper or (successor if successor is not None and successor.user_id else None)
        if keeper is None and (reason := why_not_leave(locked)):
            raise Refused(reason)
        locked.enterprise = enterprise
        own = signatures if locked.user_id == by.pk else ()
        today = timezone.localdate(now)
        leave(locked, by=by, left_on=today, successor=successor, keeper=keeper, signatures=own, now=now)
    return locked


def leave(contact, *, by, left_on, successor, keeper, signatures, now):
    """Take a locked contact out, and hand over what they held. Writes "contact.left", which both sides read.

    Raises Refused where `successor` does not work there, or `keeper`, who takes the role of a keeper, has no account.
    """
    if contact.is_keeper and keeper is not None:
        _refuse_keeper(contact, keeper)
    if successor is not None:
        successor = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=successor.pk)
        refuse_successor(contact, successor)
    was_keeper, contact.is_keeper, contact.left_on = contact.is_keeper, False, left_on
    contact.version += 1
    contact.save(update_fields=["left_on", "is_keeper", "version"])
    withdraw_open_invitation(contact, by=by, now=now)
    moved = pass_on(contact, successor, by=by, signatures=signatures, now=now)
    if was_keeper and keeper is not None:
        Contact.objects.filter(pk=keeper.pk).update(is_keeper=True, version=F("version") + 1)
    names = {"keeper": keeper.name if was_keeper and keeper else "", "successor": successor.name if successor else ""}
    _record("contact.left", contact, by, now, was_keeper=was_keeper, **names, moved=moved)


def _refuse_keeper(contact, keeper):
    members = Contact.objects.members().filter(enterprise=contact.enterprise_id, user__is_active=True)
    if not members.filter(pk=keeper.pk).exclude(pk=contact.pk).exists():
        raise Refused(_("A keeper works there today and has an account."))


def withdraw_open_invitation(contact, *, by, now):
    """End the invitation of a locked contact where nobody has used it yet."""
    if contact.invitation and contact.invitation.is_open(now):
        withdraw_invitation(contact.invitation, by=by, may_replace=True, now=now)


def why_not_leave(contact):
    """The keeper hands the role over first, as long as somebody is there to take it. A reason or None."""
    if contact.is_keeper and contact.enterprise.contacts.members().exclude(pk=contact.pk).exists():
        return _("Name the colleague who keeps the team from now on: the company should not be without a keeper.")
    return None


def hand_over_keeper(contact, *, by, now=None):
    """Make `contact` the keeper in place of whoever is. Raises NotAllowed, Refused for somebody without an account."""
    now = now or timezone.now()
    with pghistory.context(user=by.pk), transaction.atomic():
        enterprise = _locked(contact.enterprise_id)
        if reason := keeps_the_team(enterprise, by):
            raise NotAllowed(reason)
        locked = enterprise.contacts.select_related("user").filter(pk=contact.pk, left_on=None).first()
        if locked is None or locked.user is None or not locked.user.is_active:
            raise Refused(
                _("A keeper has an account and still works there: invite %(name)s first.") % {"name": contact}
            )
        if locked.is_keeper:
            return locked
        for former in enterprise.contacts.filter(is_keeper=True):
            former.is_keeper = False
            former.save(update_fields=["is_keeper"])
        locked.is_keeper = True
        locked.save(update_fields=["is_keeper"])
        _record("seat.keeper_changed", locked, by, now)
    return locked


def without_keeper(enterprises):
    """Of `enterprises` those that had members once and have no keeper who can sign in now: the officer invites one."""
    contacts = Contact.objects.filter(enterprise=OuterRef("pk"))
    keeper = contacts.filter(is_keeper=True, user__is_active=True)
    return enterprises.filter(Exists(contacts.filter(user__isnull=False)), ~Exists(keeper))


def _locked(pk):
    """Every change of a team takes the enterprise's row first: two keepers cannot be made at once."""
    return Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)


def _refuse_address_of_a_member(enterprise, email):
    if email and enterprise.contacts.members().filter(user__email=email).exists():
        raise ValidationError({"email": _("Somebody with this e-mail already has access to this enterprise.")})


def _record(kind, contact, by, now, **data):
    record(
        kind,
        subject=contact,
        stream=contact.stream,
        by=by,
        side=side_of(by),
        audience=Audience.BOTH,
        data={"name": contact.name, **data},
        happened_at=now,
    )

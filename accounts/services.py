"""Every write to people and invitations, one function per intent."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import rules, tasks
from accounts.models import Invitation, Role, User
from records.links import new_code
from records.models import Side
from records.services import record
from records.workflow import NotAllowed, Refused

INVITATION_DAYS = 14


def side_of(user):
    return Side.SCHOOL if user.is_school else Side.ENTERPRISE


# --- people --------------------------------------------------------------------------------------------------------


def disable_user(person, *, by):
    """Stop `person` from signing in and end their sessions; counts on their next request.

    Raises NotAllowed (rules.why_not_manage), or Refused for the last active administrator.
    """
    with transaction.atomic():
        locked = _locked(person, by)
        _keep_one_administrator(locked)
        if locked.is_active:
            locked.is_active = False
            locked.save(update_fields=["is_active"])
            record("person.disabled", subject=locked, by=by, side=side_of(by))
    end_sessions(locked)
    return locked


def enable_user(person, *, by):
    """Let `person` sign in again. Raises NotAllowed."""
    with transaction.atomic():
        locked = _locked(person, by)
        if not locked.is_active:
            locked.is_active = True
            locked.save(update_fields=["is_active"])
            record("person.enabled", subject=locked, by=by, side=side_of(by))
    return locked


def change_role(person, *, by, role, department=None):
    """Give `person` another role and department; their sessions end, so that the new role's rules meet them at once.

    Raises NotAllowed (rules.why_not_role), or Refused for the last active administrator.
    """
    with transaction.atomic():
        locked = _locked(person, by)
        if reason := rules.why_not_role(by, locked, role):
            raise NotAllowed(reason)
        if role != Role.ADMINISTRATOR:
            _keep_one_administrator(locked)
        before = {"role": locked.role, "department": locked.department_id}
        locked.role, locked.department = role, None if role == Role.HR else department
        locked.version += 1
        locked.save(update_fields=["role", "department", "version"])
        after = {"role": locked.role, "department": locked.department_id}
        if before != after:
            record("person.role_changed", subject=locked, by=by, side=side_of(by), data={"from": before, "to": after})
    if before["role"] != role:
        end_sessions(locked)
    return locked


def remove_second_factor(authenticator, *, by):
    """Remove the second factor somebody has lost and end their sessions: the next one sets up another.

    Writes "person.second_factor_removed". Raises NotAllowed for whoever is no administrator.
    """
    if not (by.is_active and by.role == Role.ADMINISTRATOR):
        raise NotAllowed(_("Only an administrator does this."))
    person, kind = authenticator.user, authenticator.type
    with transaction.atomic():
        authenticator.delete()
        record("person.second_factor_removed", subject=person, by=by, side=side_of(by), data={"type": kind})
    end_sessions(person)


def edit_profile(person, *, name, name_en, phone, language):
    """Change what a person says about themselves."""
    person.name, person.name_en, person.phone, person.language = name, name_en, phone, language
    person.save(update_fields=["name", "name_en", "phone", "language"])
    return person


def set_language(person, language):
    User.objects.filter(pk=person.pk).update(language=language)
    person.language = language


def end_sessions(person):
    """End every session of `person`."""
    for session in UserSession.objects.filter(user=person):
        session.end()


def _locked(person, by):
    """The row as it is now. All administrators are locked with it, in one order: two cannot remove each other at once,
    nor wait for each other."""
    rows = User.objects.filter(Q(pk=person.pk) | Q(role=Role.ADMINISTRATOR)).order_by("pk")
    (locked,) = (row for row in rows.select_for_update(of=("self",), no_key=True) if row.pk == person.pk)
    if reason := rules.why_not_manage(by, locked):
        raise NotAllowed(reason)
    return locked


def _keep_one_administrator(person):
    """Refuse to lose the last one; `person` comes from _locked()."""
    if person.role != Role.ADMINISTRATOR or not person.is_active:
        return
    if not User.objects.active().filter(role=Role.ADMINISTRATOR).exclude(pk=person.pk).exists():
        raise Refused(_("This is the last administrator: make somebody else administrator first."))


# --- invitations ---------------------------------------------------------------------------------------------------


def invite_person(*, by, name, role, email="", department=None, language="zh-hans", form_key=None, now=None):
    """Make an Invitation, good for 14 days, and send it where it carries an e-mail. The same form_key twice makes one.

    Raises NotAllowed where the role of `by` does not hand out `role`, ValidationError under `email` where somebody
    who cannot accept it already uses the address.
    """
    now = now or timezone.now()
    if reason := rules.why_not_invite(by, role):
        raise NotAllowed(reason)
    _check_address(email, role)
    fields = {
        "code": new_code(),
        "email": email.strip().lower(),
        "name": name.strip(),
        "role": role,
        "department": None if role == Role.HR else department,
        "language": language,
        "invited_by": by,
        "expires_at": now + timedelta(days=INVITATION_DAYS),
    }
    with transaction.atomic():
        if form_key is None:
            invitation, created = Invitation.objects.create(**fields), True
        else:
            invitation, created = Invitation.objects.get_or_create(form_key=form_key, defaults=fields)
        if created:
            record("invitation.made", subject=invitation, by=by, side=side_of(by), data={"role": role})
            _send(invitation)
    return invitation


def send_invitation_again(invitation, *, by, now=None):
    """Give an invitation that nobody accepted another 14 days and send it again under the same address.

    Raises NotAllowed, or Refused where it was accepted or withdrawn.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked_invitation(invitation, by)
        if locked.withdrawn_at:
            raise Refused(_("This invitation was withdrawn: make a new one."))
        locked.expires_at = now + timedelta(days=INVITATION_DAYS)
        locked.sent_at = None
        locked.save(update_fields=["expires_at", "sent_at"])
        record("invitation.sent_again", subject=locked, by=by, side=side_of(by))
        _send(locked)
    return locked


def withdraw_invitation(invitation, *, by, may_replace=False, now=None):
    """End an invitation. Raises NotAllowed, or Refused where it was accepted already.

    `may_replace`: the caller has found that `by` may invite this person anew, whoever invited first.
    """
    with transaction.atomic():
        locked = _locked_invitation(invitation, by, may_replace)
        if locked.withdrawn_at is None:
            locked.withdrawn_at = now or timezone.now()
            locked.save(update_fields=["withdrawn_at"])
            record("invitation.withdrawn", subject=locked, by=by, side=side_of(by))
    return locked


def accept_invitation(invitation, *, user=None, name="", language="", password="", email="", now=None):
    """Accept `invitation` as `user`, or as a new person made from the other values; return the person.

    The functions of settings.INVITATION_ACCEPTED run inside the same transaction. Without a password the person
    signs in with codes sent by mail. Raises Refused where the invitation is not open any more or the person's role
    does not fit, ValidationError (email, password) for what was typed. Of two people who accept at once one wins.
    """
    now = now or timezone.now()
    with transaction.atomic():
        current = Invitation.objects.get(pk=invitation.pk)
        _refuse_unless(current.is_open(now), current)
        if user is None:
            user = _new_person(current, name=name, language=language, password=password, email=email)
        elif reason := rules.why_not_join(user, current.role):
            raise Refused(reason)
        current.user, current.accepted_at = user, now
        # What these functions lock comes before the invitation's row: whoever withdraws one locks in that order.
        for accepted in settings.INVITATION_ACCEPTED:
            import_string(accepted)(current, user)
        still_open = Invitation.objects.open(now).filter(pk=invitation.pk)
        _refuse_unless(still_open.update(user=user, accepted_at=now), current)
        record("invitation.accepted", subject=current, by=user, side=side_of(user), data={"role": current.role})
    invitation.user, invitation.accepted_at = user, now
    return user


def _refuse_unless(is_open, invitation):
    if not is_open:
        sentence = _("This invitation is no longer open: ask %(name)s for a new one.")
        raise Refused(sentence % {"name": invitation.invited_by})


def _new_person(invitation, *, name, language, password, email):
    email = (invitation.email or email).strip().lower()
    if not email:
        raise ValidationError({"email": _("We need an e-mail address: you sign in with it.")})
    if User.objects.filter(email=email).exists():
        raise _address_in_use()
    person = User(
        email=email,
        name=name.strip() or invitation.name,
        role=invitation.role,
        department=invitation.department,
        language=language or invitation.language,
    )
    if password:
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise ValidationError({"password": error.messages}) from error
    person.set_password(password or None)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:  # two invitations for one new address, accepted in the same instant
        if User.objects.filter(email=email).exists():
            raise _address_in_use() from None
        raise
    record("person.joined", subject=person, by=person, side=side_of(person), data={"role": person.role})
    return person


def _address_in_use():
    sentence = _("Somebody already uses this e-mail: sign in first, then open the link again.")
    return ValidationError({"email": sentence})


def _check_address(email, role):
    """An address in use may be invited only as what its owner may join."""
    person = User.objects.filter(email=email.strip().lower()).first() if email else None
    if person and (reason := rules.why_not_join(person, role)):
        sentence = _("%(name)s already uses this e-mail. %(reason)s") % {"name": person, "reason": reason}
        raise ValidationError({"email": sentence})


def _locked_invitation(invitation, by, may_replace=False):
    locked = Invitation.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
    if locked.invited_by_id != by.pk and not by.sees_everything and not may_replace:
        raise NotAllowed(_("Only the person who invited, a lead or an administrator does this."))
    if locked.accepted_at:
        raise Refused(_("%(name)s has accepted this invitation already.") % {"name": locked.user})
    return locked


def _send(invitation):
    """Ring for a worker. A broker that is away loses the ring only: the invitation stands, the next round finds it."""
    if invitation.email:
        transaction.on_commit(lambda: tasks.send_invitation.delay(invitation.pk), robust=True)

"""Who may bring in, change and stop whom. Each rule returns a reason (a sentence) or None."""

from django.utils.translation import gettext as _

from accounts.models import Role

#: Which roles a role may hand out. HR staff invite colleagues; partnerships decides who among them may.
MAY_INVITE = {
    Role.ADMINISTRATOR: {*Role},
    Role.LEAD: {Role.OFFICER, Role.TEACHER, Role.COUNSELLOR, Role.HR},
    Role.OFFICER: {Role.HR},
    Role.TEACHER: set(),
    Role.COUNSELLOR: set(),
    Role.HR: {Role.HR},
}


def why_not_invite(by, role):
    """May `by` hand out `role`?"""
    if not by.is_active or role not in MAY_INVITE[Role(by.role)]:
        return _("Your role does not invite people as %(role)s.") % {"role": Role(role).label}
    return None


def why_not_manage(by, person):
    """May `by` stop, let in or change `person`? Nobody does so to themselves; leads not to administrators or leads."""
    if by.pk == person.pk:
        return _("You cannot do this to your own account: ask another administrator.")
    if not by.is_active or not by.sees_everything:
        return _("Only administrators and leads manage people.")
    if by.role != Role.ADMINISTRATOR and person.role in (Role.ADMINISTRATOR, Role.LEAD):
        return _("Only an administrator manages administrators and leads.")
    return None


def why_not_role(by, person, role):
    """May `by` give `person` the role `role`? Nobody changes from the school's side to the enterprise's or back."""
    if reason := why_not_manage(by, person):
        return reason
    if (role == Role.HR) != (person.role == Role.HR):
        return _("Nobody is school staff and HR at once: invite the person under another e-mail.")
    if by.role != Role.ADMINISTRATOR and role in (Role.ADMINISTRATOR, Role.LEAD):
        return _("Only an administrator makes somebody administrator or lead.")
    return None


def why_not_join(person, role):
    """May somebody who has an account already accept an invitation for `role`?"""
    if role == Role.HR and person.role == Role.HR:
        return None
    if (role == Role.HR) != (person.role == Role.HR):
        return _("Nobody is school staff and HR at once: ask for an invitation to another e-mail.")
    return _("You already have an account here. An administrator can change your role.")

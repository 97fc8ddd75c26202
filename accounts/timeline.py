"""What a page says about people and invitations: event kind → function (event) → sentence."""

from django.utils.translation import gettext as _

from accounts.models import Role


def _role(value):
    return Role(value).label if value in Role.values else value


SENTENCES = {
    "person.joined": lambda event: _("Joined as %(role)s.") % {"role": _role(event.data.get("role"))},
    "person.disabled": lambda event: _("May no longer sign in."),
    "person.enabled": lambda event: _("May sign in again."),
    "person.role_changed": lambda event: (
        _("Role changed from %(before)s to %(after)s.")
        % {"before": _role(event.data["from"]["role"]), "after": _role(event.data["to"]["role"])}
    ),
    "person.second_factor_removed": lambda event: _("A lost second factor was removed."),
    "invitation.made": lambda event: _("Invited as %(role)s.") % {"role": _role(event.data.get("role"))},
    "invitation.sent_again": lambda event: _("Invitation sent again."),
    "invitation.withdrawn": lambda event: _("Invitation withdrawn."),
    "invitation.accepted": lambda event: _("Invitation accepted."),
}

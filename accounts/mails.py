"""What we write to people who are invited, in their language: the mail, and the message carried by hand."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Invitation

#: A message carried by hand: this many characters, then the link alone on the last line.
MESSAGE_LENGTH = 80


def university(language):
    return settings.UNIVERSITY.get(language, settings.UNIVERSITY["zh-hans"])


def invitation_message(invitation):
    """The text to paste into a messenger: at most 80 characters, then the link alone."""
    with translation.override(invitation.language):
        values = {
            "name": invitation.name,
            "inviter": str(invitation.invited_by),
            "university": university(invitation.language),
            "day": date_format(timezone.localdate(invitation.expires_at), "MONTH_DAY_FORMAT"),
        }
        wordings = (
            _("%(name)s, please open your account with %(university)s: two minutes, by %(day)s. %(inviter)s"),
            _("%(name)s, please open your account: two minutes, by %(day)s. %(inviter)s"),
            _("Please open your account: two minutes, by %(day)s."),
        )
        messages = [wording % values for wording in wordings]
    fitting = [message for message in messages if len(message) <= MESSAGE_LENGTH]
    return f"{fitting[0]}\n{invitation.link}"


def invitation_mail(invitation):
    """The mail of an invitation; the first line of its template is the subject."""
    with translation.override(invitation.language):
        text = render_to_string(
            "emails/invitation.txt", {"invitation": invitation, "university": university(invitation.language)}
        )
    subject, body = text.strip().split("\n", 1)
    return EmailMessage(subject, body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [invitation.email])


def send_invitation_mail(invitation_id, *, now=None):
    """Send an invitation that is open and not sent yet; return whether it left.

    The row is marked first and stays locked until the mail is out: two workers send one mail, and a mail server
    that refuses leaves the invitation waiting for the next round.
    """
    now = now or timezone.now()
    with transaction.atomic():
        waiting = Invitation.objects.waiting_for_mail(now).filter(pk=invitation_id)
        if not waiting.update(sent_at=now):
            return False
        invitation_mail(Invitation.objects.select_related("invited_by").get(pk=invitation_id)).send()
    return True

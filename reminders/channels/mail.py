"""Mail: one conversation over SMTP for all of a round."""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils.functional import cached_property

from reminders.channels import Answer, Line, Parcel, Said, Unreachable, written

#: With this answer the server ends the conversation (RFC 5321, 3.8).
HANGS_UP = 421


class Letter(EmailMessage):
    """A mail that is put together once: looked at before anything is on the wire, and then sent as it was."""

    @cached_property
    def _message(self):
        return super().message()

    def message(self):
        return self._message


class MailLine(Line):
    def __init__(self):
        self.connection = get_connection()

    def pack(self, batch, now):
        letters, faults = written(batch, lambda rule, deliveries: _letters(rule, deliveries, now))
        return [Parcel((one,), letters[one.pk]) for one in batch if one.pk in letters], faults

    def open(self):
        try:
            self.connection.open()
        except (smtplib.SMTPException, OSError) as trouble:
            raise Unreachable(str(trouble)) from trouble

    def hand_over(self, parcel):
        try:
            self.connection.send_messages([parcel.content])
        except smtplib.SMTPRecipientsRefused as refusal:
            return _refused(*next(iter(refusal.recipients.values())))
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
            return _refused(refusal.smtp_code, refusal.smtp_error)
        except ValueError as fault:  # an address that no mail server could be told
            return Answer(Said.NEVER, f"{type(fault).__name__}: {fault}", hangs_up=True)
        except (smtplib.SMTPException, OSError) as trouble:
            return Answer(Said.BROKEN, str(trouble))
        return Answer(Said.TAKEN)

    def close(self):
        try:
            self.connection.close()
        except (smtplib.SMTPException, OSError):
            self.connection.connection = None


def _refused(code, answer):
    """4xx is "not now", 5xx is "never"."""
    said = Said.NEVER if code >= 500 else Said.NOT_NOW
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return Answer(said, f"{code} {text}", hangs_up=code == HANGS_UP)


def _letters(rule, deliveries, now):
    with transaction.atomic():
        rule.prepare(deliveries, now)
    words = rule.words(deliveries)
    letters = {delivery.pk: _letter(delivery, words[delivery.pk]) for delivery in deliveries}
    for letter in letters.values():
        letter.message()  # a header that cannot be written shows now, before anything is on the wire
    return letters


def _letter(delivery, told):
    letter = Letter(
        told.subject, told.body, settings.DEFAULT_FROM_EMAIL, [delivery.address],
        headers={"Message-ID": delivery.message_id},
    )  # fmt: skip
    for attachment in told.attachments:
        letter.attach(*attachment)
    return letter

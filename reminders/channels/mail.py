"""Mail: one conversation over SMTP for all of a round.

Whoever chose one mail each working morning gets all lines of that morning in one letter. A letter of courtesies, and
that of the morning, says in its head how to unsubscribe (RFC 8058) and once more below.
"""

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from reminders.channels import Answer, Line, Parcel, Said, Unreachable, bundles, log, written
from reminders.models import Preference
from reminders.rules import Told, is_courtesy, rules

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
        told, faults = written(batch, lambda rule, deliveries: _told(rule, deliveries, now))
        wishes, parcels = _wishes(batch), []
        for bundle in bundles([one for one in batch if one.pk in told]):
            try:
                letter = _letter(bundle, told, wishes.get(bundle[0].pk))
                letter.message()  # a header that cannot be written shows now, before anything is on the wire
            except Exception as fault:
                log.exception("a letter to %s", bundle[0].address)
                faults |= dict.fromkeys([one.pk for one in bundle], f"{type(fault).__name__}: {fault}"[:500])
            else:
                parcels.append(Parcel(bundle, letter))
        return parcels, faults

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


def _told(rule, deliveries, now):
    with transaction.atomic():
        rule.prepare(deliveries, now)
    return rule.words(deliveries)


def _letter(bundle, told, wish):
    head, words = bundle[0], told[bundle[0].pk]
    headers = {"Message-ID": head.message_id}
    with translation.override(head.language):
        if len(bundle) > 1:
            words = _digest(bundle, told)
        body = words.body
        if wish is not None and _is_list(bundle, wish):
            address = unsubscribe_address(wish)
            stop = _("No more courtesies of this kind by mail: %(url)s") % {"url": address}
            body = f"{body.rstrip()}\n\n-- \n{stop}\n"
            headers |= {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    letter = Letter(words.subject, body, settings.DEFAULT_FROM_EMAIL, [head.address], headers=headers)
    for attachment in words.attachments:
        letter.attach(*attachment)
    return letter


def _digest(bundle, told):
    """All lines of one morning, rule by rule."""
    known, by_rule = rules(), {}
    for one in bundle:
        by_rule.setdefault(one.rule, []).append(f"* {told[one.pk].subject}\n{told[one.pk].body.strip()}\n")
    parts = [f"{known[name].label}\n\n" + "\n".join(lines) for name, lines in by_rule.items()]
    university = settings.UNIVERSITY.get(translation.get_language(), settings.UNIVERSITY["zh-hans"])
    subject = _("%(university)s: %(number)s reminders this morning")
    subject %= {"university": university, "number": len(bundle)}
    return Told(subject, "\n\n".join(parts))


# --- unsubscribing -----------------------------------------------------------------------------------------------


def unsubscribe_address(wish):
    return settings.SITE_URL + reverse("reminders:mail_wish", args=[wish.code])


def _is_list(bundle, wish):
    """A letter with courtesies; and that of the morning, as long as there is something to unsubscribe from."""
    return any(is_courtesy(one) for one in bundle) or bool(bundle[0].bundle and not wish.silenced_at)


def _wishes(batch):
    """{delivery.pk: Preference} for list mails, whose link needs one; it is made where there is none."""
    listed = [one for one in batch if one.bundle or is_courtesy(one)]
    if not listed:
        return {}
    found = Preference.objects.of(listed)
    missing = {(one.user_id, one.addressee_id) for one in listed if one.pk not in found}
    if missing:
        new = [Preference(user_id=user, addressee_id=addressee) for user, addressee in missing if user or addressee]
        Preference.objects.bulk_create(new, ignore_conflicts=True)
        found = Preference.objects.of(listed)
    return found

"""What a page says about tasks, and about messages carried by hand: event kind → function (event) → sentence."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from records.templatetags.show import listed


def put_off(event):
    until = date_format(date.fromisoformat(event.data["until"]))
    return _("A reminder was put off until %(day)s: %(reason)s") % {"day": until, "reason": event.data["reason"]}


def reminded(event):
    return _("The school prepared a reminder to %(names)s.") % {"names": listed(event.data["to"])}


SENTENCES = {
    "task.snoozed": put_off,
    "task.woken": lambda event: _("A reminder that was put off stands again."),
    "task.reminded": reminded,
    "delivery.resent": lambda event: _("A refused message was sent again."),
    "mail.rhythm_chosen": lambda event: (
        _("From now on reminders come in one mail each working morning.")
        if event.data["to"] == "digest"
        else _("From now on each reminder comes in a mail of its own.")
    ),
    "mail.unsubscribed": lambda event: _("Courtesies by mail were unsubscribed from."),
    "mail.subscribed": lambda event: _("Courtesies by mail were subscribed to again."),
    "robot.added": lambda event: _("A robot of a group was added: %(name)s") % event.data,
    "robot.changed": lambda event: _("A robot of a group was changed: %(name)s") % event.data,
    "rule.switched": lambda event: _("A rule of reminding was switched."),
    "delivery.copy": lambda event: _("A message to the enterprise was copied, to be forwarded."),
    "delivery.tick": lambda event: _("A message to the enterprise was forwarded by hand."),
    "delivery.untick": lambda event: _("A message to the enterprise waits again to be forwarded."),
    "delivery.drop": lambda event: _("A message to the enterprise is not forwarded this time."),
}

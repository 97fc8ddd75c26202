"""What a page says about tasks, and about messages carried by hand: event kind → function (event) → sentence."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _


def put_off(event):
    until = date_format(date.fromisoformat(event.data["until"]))
    return _("A reminder was put off until %(day)s: %(reason)s") % {"day": until, "reason": event.data["reason"]}


def reminded(event):
    return _("The school prepared a reminder to %(names)s.") % {"names": "、".join(event.data["to"])}


SENTENCES = {
    "task.snoozed": put_off,
    "task.woken": lambda event: _("A reminder that was put off stands again."),
    "task.reminded": reminded,
    "delivery.resent": lambda event: _("A refused message was sent again."),
    "rule.switched": lambda event: _("A rule of reminding was switched."),
    "delivery.copy": lambda event: _("A message to the enterprise was copied, to be forwarded."),
    "delivery.tick": lambda event: _("A message to the enterprise was forwarded by hand."),
    "delivery.untick": lambda event: _("A message to the enterprise waits again to be forwarded."),
    "delivery.drop": lambda event: _("A message to the enterprise is not forwarded this time."),
}

"""The list of tellings as a sheet: (title, heads, rows), as records.spreadsheets writes them."""

from itertools import islice

from django.utils.translation import gettext as _

from records.models import Side
from reminders import services
from reminders.models import Channel
from reminders.rules import rules
from reminders.shown import abouts, recipient, step_labels
from reminders.workflow import DeliveryState

CHUNK = 500


def delivery_sheet(queryset):
    """One row per telling of `queryset`, the newest first."""
    heads = [
        _("planned"), _("side"), _("to"), _("about"), _("rule"), _("step"), _("channel"), _("state"), _("reason"),
        _("due"), _("finished"), _("possibly twice"),
    ]  # fmt: skip
    return _("Everything told"), heads, delivery_rows(queryset)


def delivery_rows(queryset):
    known, labels = rules(), step_labels()
    sides, channels, states = (
        {value: str(label) for value, label in choices.choices} for choices in (Side, Channel, DeliveryState)
    )
    rows = queryset.select_related("task", "user").order_by("-pk").iterator(chunk_size=CHUNK)
    while several := list(islice(rows, CHUNK)):
        about = abouts(several)
        for one in several:
            yield (
                one.created_at, sides[one.side], recipient(one), about[one.pk],
                str(known[one.rule].label) if one.rule in known else one.rule,
                str(labels.get((one.rule, one.step)) or _("by hand: remind now")), channels[one.channel],
                states[one.state], str(services.reason_label(one.reason)) if one.reason else "", one.due_at,
                one.finished_at, _("yes") if one.may_be_double else "",
            )  # fmt: skip

"""How tellings read, on a page and in a sheet."""

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from reminders.rules import rules


def step_labels():
    """{(rule, number of the step): its label}."""
    return {(name, step.number): step.label for name, rule in rules().items() for step in rule.steps}


def recipient(delivery):
    return delivery.name or str(delivery.user or "") or _("nobody")


def abouts(deliveries):
    """{delivery.pk: the name of the partner, or without one what its task is about}."""
    names = import_string(settings.STREAM_NAMES)({one.stream for one in deliveries if one.stream})
    lines_of = {}
    for name, rule in rules().items():
        tasks = [one.task for one in deliveries if one.stream is None and one.rule == name]
        lines_of |= rule.lines(tasks) if tasks else {}
    return {
        one.pk: names.get(one.stream) or (lines_of[one.task_id].about if one.task_id in lines_of else "")
        for one in deliveries
    }

"""Which robots hear what: a group of the school's own people reads along with the school's side of a rule."""

from django.conf import settings
from django.db.models import BigIntegerField, CharField, Value
from django.utils.module_loading import import_string

from records.models import Side
from reminders.models import Channel, Robot
from reminders.rules import rules


def recipients(rule, step, now):
    """[(side, subjects annotated with TOLD, id of a robot or None)]: everybody who is told at `step`, robots last."""
    told = [(side, queryset, None) for side, queryset in rule.told(step, now)]
    if not rule.is_for_groups:
        return told
    heard = next((queryset for side, queryset, _robot in told if side == Side.SCHOOL), None)
    if heard is None:
        return told
    robots = Robot.objects.filter(is_on=True, rules__contains=[rule.name]).order_by("pk")
    return told + [(Side.SCHOOL, _to(robot, heard), robot.pk) for robot in robots]


def _to(robot, heard):
    """One row for each subject of which somebody of the robot's departments is told; without the person."""
    heard = heard.filter(told_skip="")
    if robot.departments:
        people = import_string(settings.PEOPLE_OF_DEPARTMENTS)(robot.departments)
        heard = heard.filter(told_user_id__in=people)
    texts = {"dedup": f"r{robot.pk}", "name": robot.name, "address": "", "language": robot.language}
    texts |= {"channel": Channel.ROBOT, "skip": ""}
    return heard.annotate(
        told_user_id=Value(None, BigIntegerField()),
        told_addressee_id=Value(None, BigIntegerField()),
        **{f"told_{name}": Value(text, CharField()) for name, text in texts.items()},
    )


def rules_for_groups():
    """[(name, label)] of the rules a robot may hear."""
    return [(name, rule.label) for name, rule in rules().items() if rule.is_for_groups]

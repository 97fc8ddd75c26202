"""Is it still so? Asked of every telling that was claimed, a moment before it leaves.

Between planning and sending a night may lie: somebody leaves, talks to the partner, or is no longer in charge; a
partner closes, or is merged. The rule itself is asked again, about just these subjects: which tasks stand, who is told.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from reminders.models import Delivery, Preference
from reminders.robots import recipients
from reminders.rules import is_courtesy, rules
from reminders.services import BY_HAND
from reminders.workflow import DeliveryState as S
from reminders.working import read_calendar


@dataclass(frozen=True)
class Stay:
    """Why a telling does not leave now, and how it ends; with `due_at` it waits until then."""

    state: str
    reason: str
    due_at: datetime | None = None


def second_look(batch, now):
    """{pk: Stay} for those of `batch` that are not to leave now. An address that changed is put right on the others."""
    found = _by_task(batch, now)
    found |= _by_recipient([one for one in batch if one.pk not in found], now)
    return found


def _by_task(batch, now):
    """What the facts no longer ask for is over; what stands still, because the enterprise is closed, waits."""
    found, known, morning = {}, rules(), None
    for (name, side), deliveries in _grouped(batch, lambda one: (one.rule, one.task.side)).items():
        wanted = known[name].wanted(side, now).filter(pk__in={one.task.subject_id for one in deliveries})
        standing = {row[:2]: row[2] for row in wanted.values_list("pk", "task_episode", "task_held")}
        for one in deliveries:
            here = one.task.subject_id, one.task.episode
            if here not in standing:
                found[one.pk] = Stay(S.CANCELLED, "finished")
            elif standing[here] and one.step != BY_HAND:
                morning = morning or read_calendar().next_morning(now)
                found[one.pk] = Stay(S.DUE, "held", morning)
    return found


def _by_recipient(batch, now):
    """Whoever is not told any more, or is left out today, gets no mail of yesterday's reasons."""
    found, moved, wishes = {}, [], Preference.objects.of(batch)
    for (name, number), deliveries in _grouped(batch, lambda one: (one.rule, one.step)).items():
        told = _told(name, number, {one.task.subject_id for one in deliveries}, now)
        for one in deliveries:
            row = told.get((one.task.subject_id, one.side, one.user_id, one.addressee_id, one.robot_id))
            if one.user_id and not one.user.is_active:
                found[one.pk] = Stay(S.SKIPPED, "disabled")
            elif row is None:
                found[one.pk] = Stay(S.CANCELLED, "robot_off" if one.robot_id else "left")
            elif row["told_skip"] and not (number == BY_HAND and row["told_skip"] == "active"):
                found[one.pk] = Stay(S.SKIPPED, row["told_skip"])
            elif row["told_channel"] != one.channel:
                found[one.pk] = Stay(S.CANCELLED, "other_channel")
            elif one.pk in wishes and wishes[one.pk].silenced_at and is_courtesy(one):
                found[one.pk] = Stay(S.SKIPPED, "unsubscribed")
            elif row["told_address"] not in ("", one.address):
                one.address = row["told_address"]
                moved.append(one)
    if moved:
        Delivery.objects.bulk_update(moved, ["address"])
    return found


def _told(name, number, subjects, now):
    """{(subject, side, user, addressee, robot): what the rule says of them today} at step `number`."""
    rule = rules()[name]
    step = rule.again if number == BY_HAND else rule.step(number)
    columns = ("told_user_id", "told_addressee_id", "told_skip", "told_channel", "told_address")
    rows = {}
    for side, told, robot in recipients(rule, step, now) if step else []:
        for row in told.filter(pk__in=subjects).values("pk", *columns):
            rows[row["pk"], side, row["told_user_id"], row["told_addressee_id"], robot] = row
    return rows


def _grouped(batch, key):
    groups = defaultdict(list)
    for delivery in batch:
        groups[key(delivery)].append(delivery)
    return groups

"""What people do with tasks and messages: put off, wake, remind now, forward by hand."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from records.models import Audience, Link, Side
from records.services import record
from records.workflow import NotAllowed, Refused, move
from reminders.models import Channel, Delivery, Preference, Switch, Task
from reminders.rules import TOLD, rules
from reminders.workflow import HAND, DeliveryState, TaskState
from reminders.working import read_calendar

#: Nobody reminds the same enterprise of the same thing again within these days.
COOL_DOWN = timedelta(days=3)
#: A task is put off for at most this long.
LONGEST_SNOOZE = timedelta(days=92)
#: The step under which a person's own "remind now" is kept: above every ladder.
BY_HAND = 90


def why_not_touch(task, by):
    if by.is_active and by.is_school and (by.sees_everything or task.owner_id == by.pk):
        return None
    return _("This task belongs to somebody else.")


def _locked(task, by):
    locked = Task.objects.select_for_update(of=("self",), no_key=True).get(pk=task.pk)
    if reason := why_not_touch(locked, by):
        raise NotAllowed(reason)
    if locked.state != TaskState.OPEN:
        raise Refused(_("This is done already."))
    return locked


def snooze_task(task, *, by, until, reason, now=None):
    """Put `task` off until the day `until`, with a reason; its ladder stands still so long. Writes "task.snoozed".

    Raises NotAllowed, Refused for a task that is done, ValidationError for a day that does not lie ahead or is too far.
    """
    now = now or timezone.now()
    today, reason = timezone.localdate(now), reason.strip()
    if not reason:
        raise ValidationError({"reason": _("Say why in a sentence.")})
    if not today < until <= today + LONGEST_SNOOZE:
        last = today + LONGEST_SNOOZE
        raise ValidationError({"until": _("Choose a day from tomorrow to %(last)s.") % {"last": date_format(last)}})
    with transaction.atomic():
        locked = _locked(task, by)
        locked.snoozed_until, locked.snooze_reason, locked.snoozed_by = until, reason, by
        locked.save(update_fields=["snoozed_until", "snooze_reason", "snoozed_by"])
        _record("task.snoozed", locked, by, now, {"until": until, "reason": reason, "rule": locked.rule})
    return locked


def wake_task(task, *, by, now=None):
    """End the putting off. Raises NotAllowed, Refused."""
    with transaction.atomic():
        locked = _locked(task, by)
        if locked.snoozed_until is not None:
            locked.snoozed_until, locked.snooze_reason, locked.snoozed_by = None, "", None
            locked.save(update_fields=["snoozed_until", "snooze_reason", "snoozed_by"])
            _record("task.woken", locked, by, now or timezone.now(), {"rule": locked.rule})
    return locked


def hand_over_tasks(tasks, owner):
    """Give the open ones of `tasks` to `owner`, in the caller's transaction; what is put off stays put off.

    A mail to whoever had them that has not left goes to the new owner: nobody learns of it twice, or not at all.
    """
    waiting = Delivery.objects.filter(task__in=tasks.open(), user=F("task__owner"), state=DeliveryState.DUE)
    waiting.update(user=owner, name=owner.name, address=owner.email, language=owner.language)
    tasks.open().update(owner=owner)


def last_reminders(tasks):
    """{task.pk: Delivery}: of each task the last telling of the enterprise's side about its matter that went out."""
    told = (
        Delivery.objects.filter(
            rule__in={task.rule for task in tasks}, stream__in={task.stream for task in tasks}, side=Side.ENTERPRISE
        )
        .exclude(state__in=[DeliveryState.SKIPPED, DeliveryState.CANCELLED])
        .order_by("rule", "stream", "-id")
        .distinct("rule", "stream")
    )
    last = {(one.rule, one.stream): one for one in told}
    return {task.pk: last[task.rule, task.stream] for task in tasks if (task.rule, task.stream) in last}


def last_reminder(task):
    """The last telling of the enterprise's side about what `task` is about, which really went out; or None."""
    return last_reminders([task]).get(task.pk)


def why_not_remind(task, now):
    """Why the enterprise cannot be reminded again now: the sentence names the day of the last time."""
    return why_too_soon(last_reminder(task), now)


def why_too_soon(last, now):
    """The same where the last telling, or None, was read before."""
    if last and last.created_at > now - COOL_DOWN:
        return _("The last reminder is of %(day)s: wait until %(next)s.") % {
            "day": date_format(timezone.localdate(last.created_at)),
            "next": date_format(timezone.localdate(last.created_at + COOL_DOWN)),
        }
    return None


def remind_now(task, *, by, now=None):
    """Tell the enterprise's side of `task` once more, beyond the ladder; return the deliveries. Writes "task.reminded".

    Raises NotAllowed, Refused within the cool-down, when it is done, or when nobody there can be told.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _locked(task, by)
        if reason := why_not_remind(locked, now):
            raise Refused(reason)
        rule, day = rules()[locked.rule], timezone.localdate(now)
        made = []
        for side, told in rule.told(rule.again, now):
            if side != Side.ENTERPRISE:
                continue
            for row in told.filter(pk=locked.subject_id).values(*(f"told_{name}" for name in TOLD)):
                row = {name.removeprefix("told_"): value for name, value in row.items()}
                if row["skip"] not in ("", "active"):
                    raise Refused(reason_label(row["skip"]))
                made.append(_told_by_hand(locked, rule, row, day, now))
        rule.prepare(made, now)
        _record("task.reminded", locked, by, now, {"rule": locked.rule, "to": [one.name for one in made]})
    return made


def _told_by_hand(task, rule, row, day, now):
    due_at = now if rule.is_urgent else read_calendar().next_decent(now)
    key = _key(task, BY_HAND, row["dedup"], row["channel"], day)
    return _tell(task, BY_HAND, row, key, now, due_at, is_urgent=rule.is_urgent)


def _tell(task, step, row, key, now, due_at, *, is_urgent=False):
    """One telling of the enterprise's side beyond the ladder; `row` as the rule says whom (TOLD)."""
    by_hand = row["channel"] == Channel.HAND
    return Delivery.objects.create(
        key=key, task=task, rule=task.rule, step=step, side=Side.ENTERPRISE, stream=task.stream,
        channel=row["channel"], user_id=row["user_id"], addressee_id=row["addressee_id"], name=row["name"],
        address=row["address"], language=row["language"], is_urgent=is_urgent,
        state=DeliveryState.FORWARD if by_hand else DeliveryState.DUE, created_at=now, due_at=due_at,
        first_due_at=due_at,
    )  # fmt: skip


# --- somebody else of the enterprise ---------------------------------------------------------------------------------

#: What was told and may still be acted upon. What a sender has taken leaves; its link ends with the others.
STILL_OUT = (
    DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.FORWARD, DeliveryState.COPIED,
    DeliveryState.SENT, DeliveryState.OPENED,
)  # fmt: skip


@dataclass(frozen=True)
class Addressee:
    """Somebody of an enterprise as a telling knows them."""

    pk: int
    name: str
    address: str
    language: str
    channel: str


def readdress(addressee_id, *, to, now=None):
    """Tell `to` (an Addressee, or None) what the person `addressee_id` was told and nobody has settled or answered.

    Within the caller's transaction. What had not left is cancelled; of each task one new telling is made, with a link
    of its own. Returns the open links that the person got with any telling, to be ended by the caller.
    """
    now = now or timezone.now()
    rows = Delivery.objects.filter(
        addressee_id=addressee_id, side=Side.ENTERPRISE, task__state=TaskState.OPEN, state__in=STILL_OUT
    ).select_related("task")  # fmt: skip
    rows = list(rows.select_for_update(of=("self",), no_key=True).order_by("id"))
    waiting = [row.pk for row in rows if row.state in (DeliveryState.DUE, DeliveryState.FORWARD, DeliveryState.COPIED)]
    Delivery.objects.filter(pk__in=waiting).update(state=DeliveryState.CANCELLED, reason="left", finished_at=now)
    if to is not None:
        latest = {row.task_id: row for row in rows}
        _tell_anew(list(latest.values()), to, now)
    told = Delivery.objects.filter(addressee_id=addressee_id, side=Side.ENTERPRISE).values("link")
    return list(Link.objects.filter(pk__in=told, withdrawn_at=None, expires_at__gt=now).order_by("pk"))


def _tell_anew(rows, to, now):
    keys = {row.pk: _key(row.task, row.step, f"c{to.pk}", to.channel) for row in rows}
    known = set(Delivery.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    made, decent = defaultdict(list), read_calendar().next_decent(now)
    for row in rows:
        if keys[row.pk] not in known:
            told = {"dedup": f"c{to.pk}", "user_id": None, "addressee_id": to.pk, "name": to.name,
                    "address": to.address, "language": to.language, "channel": to.channel}  # fmt: skip
            due_at = now if row.is_urgent else decent
            made[row.rule].append(_tell(row.task, row.step, told, keys[row.pk], now, due_at, is_urgent=row.is_urgent))
    for name, deliveries in made.items():
        if rule := rules().get(name):
            rule.prepare(deliveries, now)


def _key(task, step, dedup, channel, *more):
    return ":".join(str(part) for part in (task.rule, task.subject_id, task.episode, step, dedup, channel, *more))


# --- carried by hand -----------------------------------------------------------------------------------------------


def to_forward(user, *, now=None):
    """The messages that wait to be carried by `user`, oldest first: those whose link is made and still open."""
    now = now or timezone.now()
    waiting = Delivery.objects.filter(
        channel=Channel.HAND, state__in=[DeliveryState.FORWARD, DeliveryState.COPIED], task__state=TaskState.OPEN
    )
    waiting = waiting.filter(link__withdrawn_at=None, link__expires_at__gt=now)
    return waiting.filter(task__owner=user).select_related("task", "link").order_by("due_at", "id")


def forward(delivery, step, *, by, now=None):
    """Move a carried message along HAND: "copy", "tick", "untick", "drop". Raises NotAllowed, Refused."""
    now = now or timezone.now()
    with transaction.atomic():
        move(delivery, HAND, step, by=by, now=now)
        Delivery.objects.filter(pk=delivery.pk).update(
            **({"copied_at": now} if step == "copy" else {"finished_at": None if step == "untick" else now})
        )
    return delivery


def mark_link(link, state, *, now=None):
    """A carried message whose link was opened or answered says so; an answer outlives a later opening."""
    behind = Delivery.objects.filter(link=link)
    if state == DeliveryState.OPENED:
        behind = behind.filter(state__in=[DeliveryState.FORWARD, DeliveryState.COPIED, DeliveryState.SENT])
    behind.filter(channel=Channel.HAND).exclude(state=DeliveryState.ANSWERED).update(
        state=state, finished_at=now or timezone.now()
    )


def keep_robot(robot, *, by, changed, is_new, now=None):
    """Save a robot as an administrator typed it. Writes "robot.added" or "robot.changed": what, never key or secret."""
    if not (by.is_active and by.is_staff):
        raise NotAllowed(_("Robots are kept by administrators."))
    with transaction.atomic():
        robot.save()
        kind = "robot.added" if is_new else "robot.changed"
        data = {"name": robot.name, "changed": sorted(changed)}
        record(kind, subject=robot, by=by, data=data, happened_at=now or timezone.now())
    return robot


# --- how somebody wants mail ----------------------------------------------------------------------------------------


def preference_of(*, user=None, addressee_id=None):
    """The Preference of a person of the school or of a contact; one that is not kept where nobody chose yet."""
    found = Preference.objects.filter(user=user, addressee_id=addressee_id).first()
    return found or Preference(user=user, addressee_id=addressee_id)


def change_wish(wish, pressed, *, by, stream=None):
    """Do what somebody pressed on a page of their own: “unsubscribe”, “subscribe”, or one of the rhythms."""
    if pressed in ("unsubscribe", "subscribe"):
        return silence(wish, pressed == "unsubscribe", by=by)
    return choose_rhythm(pressed, by=by, user=wish.user, addressee_id=wish.addressee_id, stream=stream)


def choose_rhythm(rhythm, *, by, user=None, addressee_id=None, stream=None, now=None):
    """Each reminder mail at once, or one each working morning. Writes "mail.rhythm_chosen".

    What waits for the morning leaves at once where somebody turns the digest off; what waits otherwise stays as it is.
    """
    now = now or timezone.now()
    with transaction.atomic():
        wish = _kept(user, addressee_id)
        before, wish.rhythm = wish.rhythm, Preference.Rhythm(rhythm)
        wish.save(update_fields=["rhythm"])
        if wish.rhythm == Preference.Rhythm.AT_ONCE:
            waiting = Delivery.objects.filter(
                user=user, addressee_id=addressee_id, state=DeliveryState.DUE, parcel=None
            )
            due_at = read_calendar().next_decent(now)
            waiting.exclude(bundle="").update(bundle="", due_at=due_at, first_due_at=due_at)
        if before != wish.rhythm:
            data = {"from": before, "to": wish.rhythm}
            record(
                "mail.rhythm_chosen", subject=wish, by=by, stream=stream, side=_side(user), data=data, happened_at=now
            )
    return wish


def silence(wish, silent, *, by=None, now=None):
    """Unsubscribe from courtesies by mail, or take it back. Writes "mail.unsubscribed" or "mail.subscribed".

    Without `by` somebody acted through the link of a mail, without an account.
    """
    now = now or timezone.now()
    with transaction.atomic():
        kept = _kept(wish.user, wish.addressee_id)
        if bool(kept.silenced_at) != silent:
            kept.silenced_at = now if silent else None
            kept.save(update_fields=["silenced_at"])
            kind = "mail.unsubscribed" if silent else "mail.subscribed"
            record(kind, subject=kept, by=by, side=_side(kept.user), happened_at=now)
    return kept


def _kept(user, addressee_id):
    Preference.objects.bulk_create([Preference(user=user, addressee_id=addressee_id)], ignore_conflicts=True)
    locked = Preference.objects.select_for_update(of=("self",), no_key=True)
    return locked.get(user=user, addressee_id=addressee_id)


def _side(user):
    return Side.SCHOOL if user else Side.ENTERPRISE


# --- the reminder centre ---------------------------------------------------------------------------------------------


def switch_rule(name, mode, *, by, now=None):
    """Switch rule `name` to `mode` (off, rehearsal, on). Writes "rule.switched". Raises NotAllowed."""
    now = now or timezone.now()
    if not (by.is_active and by.sees_everything):
        raise NotAllowed(_("Rules are switched by administrators and leads."))
    with transaction.atomic():
        switch, _new = Switch.objects.select_for_update(of=("self",), no_key=True).get_or_create(rule=name)
        before, switch.mode, switch.changed_by, switch.changed_at = switch.mode, mode, by, now
        switch.save()
        record("rule.switched", subject=switch, by=by, data={"from": before, "to": mode, "rule": name}, happened_at=now)
    return switch


def resend(delivery, *, by, now=None):
    """Try a refused mail once more, at once. Raises NotAllowed, Refused."""
    now = now or timezone.now()
    if not (by.is_active and by.sees_everything):
        raise NotAllowed(_("Mail is sent again by administrators and leads."))
    with transaction.atomic():
        again = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED, task__state=TaskState.OPEN)
        if not again.update(state=DeliveryState.DUE, due_at=now, first_due_at=now, finished_at=None):
            raise Refused(_("Only a refused mail about something still open is sent again."))
        record("delivery.resent", subject=delivery, by=by, stream=delivery.stream, happened_at=now)
    delivery.refresh_from_db()
    return delivery


def reason_label(code):
    """Why somebody was left out, as a sentence."""
    return {
        "nobody": _("Nobody of the enterprise is known yet: enter a contact first."),
        "no_owner": _("Nobody of the school looks after this partner yet: give it an owner first."),
        "no_lead": _("There is no lead with an account."),
        "no_phone": _("This contact has neither phone nor e-mail."),
        "active": _("Was active in the last three days."),
        "overtaken": _("A later step was due already."),
        "finished": _("It was settled before."),
        "early": _("Its day was put off."),
        "no_address": _("No e-mail address."),
        "unsubscribed": _("Has unsubscribed from courtesies by mail."),
        "left": _("Has left, or somebody else is in charge now."),
        "robot_off": _("This robot is switched off, or does not hear this any more."),
        "disabled": _("This account is closed."),
        "held": _("The enterprise is closed: it waits until work begins again."),
        "other_channel": _("Messages to this partner go another way now."),
    }.get(code, code)


def _record(kind, task, by, now, data):
    record(
        kind, subject=task, stream=task.stream, by=by, audience=Audience.SCHOOL, data=data, happened_at=now,
    )  # fmt: skip

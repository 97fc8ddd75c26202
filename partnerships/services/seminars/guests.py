"""Guests of a seminar: invited, answering, and moved with a merged enterprise."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerships.models import Obligation, SeminarFeedback, SeminarGuest
from partnerships.models.seminar import Answer
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services.proxies import KIND_OF, make_proxy_entry
from partnerships.services.seminars.rows import facts, lock_seminar, who_speaks
from partnerships.services.touchpoints import lock_enterprises, lock_rows, write_touchpoint
from partnerships.workflow import SeminarState
from records import links
from records.models import Audience, Side
from records.services import record
from records.workflow import Refused
from reminders import planner
from reminders import services as reminders
from reminders.workflow import DeliveryState


def invite(seminar, *, by, enterprises=(), users=(), now=None):
    """Invite further enterprises and colleagues; who is invited already stays as they are. Return the new guests.

    Writes "seminar.invited" on each enterprise's stream. Raises NotAllowed, Refused once it is over or cancelled, and
    for a merged enterprise.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_seminar(seminar, by)
        if reason := why_not_invite(locked, now):
            raise Refused(reason)
        return invite_locked(locked, by, now, enterprises, users)


def invite_to_all(seminars, *, by, enterprises=(), users=(), now=None):
    """Invite to several seminars of a series, all or none; return how many invitations are new. Raises as invite."""
    with transaction.atomic():
        new = [guest for row in seminars for guest in invite(row, by=by, enterprises=enterprises, users=users, now=now)]
    return len(new)


def why_not_invite(seminar, now):
    """Until its end, while it is planned."""
    if seminar.state != SeminarState.PLANNED or seminar.ends_at <= now:
        return _("Nobody is invited to what is over or cancelled.")
    return None


def invite_locked(seminar, by, now, enterprises, users):
    """Write the invitations of a seminar whose row the caller holds; return those that are new."""
    enterprises = sorted(set(enterprises), key=lambda row: row.pk)
    if enterprises:
        lock_enterprises(enterprises)
    invited = set(seminar.guests.values_list("enterprise", flat=True))
    asked = set(seminar.guests.values_list("user", flat=True))
    new = []
    for enterprise in enterprises:
        if enterprise.pk not in invited:
            contact = enterprise.contacts.present().first()
            guest = SeminarGuest(seminar=seminar, enterprise=enterprise, contact=contact, invited_by=by, invited_at=now)
            guest.save()
            new.append(guest)
            record(
                "seminar.invited", subject=seminar, stream=enterprise.pk, by=by, audience=Audience.BOTH,
                data=facts(seminar), happened_at=now,
            )  # fmt: skip
    for user in sorted(set(users), key=lambda row: row.pk):
        if user.pk in asked:
            continue
        if not (user.is_active and user.is_school):
            raise ValidationError(_("Only colleagues of the school are invited by name."))
        guest = SeminarGuest(seminar=seminar, user=user, invited_by=by, invited_at=now)
        guest.save()
        new.append(guest)
    _settle_promised(seminar, now)
    return new


def why_not_answer(seminar, now):
    """The same, for answers."""
    if seminar.state == SeminarState.CANCELLED:
        return _("It does not take place.")
    if seminar.state != SeminarState.PLANNED or seminar.ends_at <= now:
        return _("It has taken place already.")
    return None


def answer_invitation(
    guest, *, answer, head_count=None, number_plate="", meal=False, by=None, via=None, name="", said_by="", source="",
    now=None,
):  # fmt: skip
    """Write the answer of a guest and return them; a later answer replaces the earlier one, the same one does nothing.

    A member of the enterprise answers in the portal (`by`); whoever holds an open link of this invitation says who
    they are (`via`, `name`); an officer who keeps the partner or the seminar enters what `said_by` said by `source`
    (`by`); a colleague answers for themselves (`by`). An answer of the enterprise is a touchpoint of its side.
    Raises NotAllowed, Refused when it is over or the link is, ValidationError for what is missing.
    """
    now, name, said_by = now or timezone.now(), name.strip(), said_by.strip()
    if answer not in (Answer.YES, Answer.MAYBE, Answer.NO):
        raise ValidationError({"answer": _("Choose an answer.")})
    with transaction.atomic():
        lock_rows([guest.enterprise_id])  # before the guest's row, as a merge does
        locked = SeminarGuest.objects.select_for_update(of=("self",), no_key=True).select_related(
            "seminar", "enterprise", "user"
        ).get(pk=guest.pk)  # fmt: skip
        who = who_speaks(locked, by=by, via=via, name=name, said_by=said_by, now=now)
        if reason := why_not_answer(locked.seminar, now):
            raise Refused(reason)
        comes, before = answer != Answer.NO, _said(locked)
        locked.answer, locked.answered_at, locked.answered_name = answer, now, who[:60]
        locked.head_count = (head_count if locked.enterprise_id else 1) if comes else None
        locked.number_plate, locked.meal = (number_plate.strip(), bool(meal)) if comes else ("", False)
        if answer == Answer.YES and not locked.head_count:
            raise ValidationError({"head_count": _("Say how many come: 1 to 99.")})
        if _said(locked) == before:
            return locked
        locked.full_clean(
            exclude=["seminar", "enterprise", "contact", "user", "invited_by", "touchpoint"], validate_unique=False
        )
        locked.save()
        if via is not None:
            links.mark_answered(via, now=now)
            reminders.mark_link(via, DeliveryState.ANSWERED, now=now)
        if locked.enterprise_id:
            _log_answer(locked, by, via, who, source, now)
        planner.settle("seminar", [locked.pk], now)
    return locked


def _said(guest):
    return (guest.answer, guest.answered_name, guest.head_count, guest.number_plate, guest.meal)


def _log_answer(guest, by, via, who, source, now):
    """An invitation is an ask, its answer a one-tap answer: two-way contact, as an answer about a visit is.

    Whether they come says nothing about that: who declines has answered as well. Source: conventions, what resets the
    gap. What an officer enters for them is theirs to check, like every entry on behalf.
    """
    lock_enterprises([guest.enterprise])
    proxy, kind = None, Kind.WECHAT
    if by is not None and by.is_school:
        proxy = make_proxy_entry(guest.enterprise, by=by, source=source, said_by=who, said_at=now, now=now)
        kind = KIND_OF[source]
    write_touchpoint(
        enterprise=guest.enterprise, by=by, logged_via=via, logged_name="" if by else who, proxy=proxy, kind=kind,
        side=Side.ENTERPRISE, happened_at=now, precision=Precision.MOMENT, summary=_sentence(guest), now=now,
    )  # fmt: skip


def _sentence(guest):
    """The answer as it stands in the record, in the words of the person's language."""
    sentences = {Answer.YES: _("Comes to “%(name)s”."), Answer.NO: _("Cannot come to “%(name)s”.")}
    said = sentences.get(guest.answer, _("May come to “%(name)s”.")) % {"name": guest.seminar.title}
    if guest.answer == Answer.YES:
        people = ngettext(" %(count)d person.", " %(count)d people.", guest.head_count)
        said += people % {"count": guest.head_count}
    return said


def settle_guests(seminar, now, *rules):
    """Open and close the tasks, and silence the tellings, that the facts about the guests (no longer) ask for."""
    guests = list(seminar.guests.values_list("pk", flat=True))
    for rule in rules or ("seminar", "seminar_cancelled"):
        planner.settle(rule, guests, now)
    if not rules:
        _settle_promised(seminar, now)


def _settle_promised(seminar, now):
    """Planned, moved or called off: where events were promised to the invited, one is planned or none."""
    firms = seminar.guests.filter(enterprise__isnull=False).values("enterprise")
    promised = Obligation.objects.open().filter(enterprise__in=firms, counter="seminars")
    planner.settle("unscheduled", list(promised.values_list("pk", flat=True)), now)


# --- merging ---------------------------------------------------------------------------------------------------------


def move_guests(survivor, other):
    """Re-point invitations and action items of a merged row; where both were invited, the survivor's stays."""
    double = SeminarGuest.objects.filter(enterprise=survivor).values("seminar")
    for guest in SeminarGuest.objects.filter(enterprise=other, seminar__in=double):
        stays = SeminarGuest.objects.get(enterprise=survivor, seminar=guest.seminar_id)
        values = {}
        if stays.answer == Answer.NONE and guest.answer != Answer.NONE:
            names = ("answer", "head_count", "number_plate", "meal", "answered_at", "answered_name")
            values = {name: getattr(guest, name) for name in names}
        if guest.attended and not stays.attended:
            values |= {"attended": True, "touchpoint": guest.touchpoint}
        _move_feedback(guest, stays)
        guest.delete()
        if values:
            SeminarGuest.objects.filter(pk=stays.pk).update(**values)
    other.seminar_guests.update(enterprise=survivor)
    other.seminar_items.update(enterprise=survivor)
    other.seminar_attendees.update(enterprise=survivor)


def _move_feedback(guest, stays):
    """One answer for each guest: the survivor's own, else the other's."""
    feedback = SeminarFeedback.objects.filter(guest=guest)
    if SeminarFeedback.objects.filter(guest=stays).exists():
        feedback.delete()
    else:
        feedback.update(guest=stays)

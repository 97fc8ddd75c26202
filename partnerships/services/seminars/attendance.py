"""Who was there: signed in at the door, through the invitation or on the sheet, and confirmed by the organiser."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partnerships.models import Enterprise, Seminar, SeminarAttendee, SeminarGuest
from partnerships.models.touchpoint import Kind, Precision
from partnerships.rules.names import core_key, name_key
from partnerships.rules.seminars import meant
from partnerships.services.obligations import keep_reached
from partnerships.services.seminars.guests import settle_guests
from partnerships.services.seminars.rows import check_link, lock_seminar
from partnerships.services.touchpoints import lock_enterprises, write_last_contact, write_touchpoint
from partnerships.workflow import SEMINAR, SeminarState
from records import links
from records.workflow import Refused, move

Source = SeminarAttendee.Source
#: Signing in without an account is open around the event only: its QR hangs on a wall and is photographed.
OPENS, CLOSES = timedelta(hours=2), timedelta(hours=4)
#: More people than any hall of ours holds; whoever plays with the QR stops here.
MOST = 500


# --- signing in ------------------------------------------------------------------------------------------------------


def why_not_sign_in(seminar, now):
    """From two hours before it begins to four hours after it ends, unless it is cancelled or closed."""
    if seminar.state == SeminarState.CANCELLED:
        return _("It does not take place.")
    if seminar.state == SeminarState.CLOSED or now > seminar.ends_at + CLOSES:
        return _("Signing in is over. If you were there, tell the organiser.")
    if now < seminar.starts_at - OPENS:
        opens = timezone.localtime(seminar.starts_at - OPENS)
        return _("Signing in opens on %(day)s at %(time)s.") % {"day": date_format(opens), "time": f"{opens:%H:%M}"}
    return None


def sign_in_at_door(seminar, *, name, company="", phone="", by=None, now=None):
    """Sign somebody in who scanned the QR, and return the SeminarAttendee; the same person twice is the first row.

    `company` is what they typed. It is compared in silence with the invited enterprises, then with all partners: the
    answer is the same whether it was found or not, so that nobody learns at the door who works with the school. `by`
    is a colleague who happens to be signed in. Raises Refused outside of its time, ValidationError without a name.
    """
    now, company = now or timezone.now(), company.strip()
    with transaction.atomic():
        locked = _open_door(seminar, now)
        enterprise = _meant(locked, company) if company else None
        user = None if enterprise or company else _colleague(locked, name.strip(), by)
        return _write(
            locked, name, now, company=company, phone=phone, source=Source.QR, enterprise=enterprise, user=user
        )


def sign_in_by_link(guest, *, via, name, phone="", now=None):
    """Sign somebody in who holds the link of the invitation. Raises as sign_in_at_door, Refused for another's link."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = _open_door(guest.seminar, now)
        check_link(guest, via, now)
        links.mark_opened(via, now=now)
        enterprise = guest.enterprise
        return _write(
            locked, name, now, company=enterprise.name, phone=phone, source=Source.LINK, enterprise=enterprise, via=via
        )


def sign_in_from_sheet(seminar, *, by, name, company="", guest=None, now=None):
    """Copy one line of the paper sheet: somebody of `guest`, or of the `company` as it is written there.

    Raises NotAllowed, Refused before it has begun and once it is closed, ValidationError without a name.
    """
    now, company = now or timezone.now(), company.strip()
    with transaction.atomic():
        locked = lock_seminar(seminar, by)
        if reason := why_not_record(locked, now):
            raise Refused(reason)
        whose = {"enterprise": guest.enterprise, "user": guest.user} if guest else {}
        if guest is None and company:
            whose["enterprise"] = _meant(locked, company)
        company = guest.enterprise.name if guest and guest.enterprise_id else company
        return _write(locked, name, now, company=company, source=Source.SHEET, entered_by=by, **whose)


def _open_door(seminar, now):
    """The locked row: of two who sign in at once under one name, the second finds the first. Raises Refused."""
    locked = Seminar.objects.select_for_update(of=("self",), no_key=True).get(pk=seminar.pk)
    if reason := why_not_sign_in(locked, now):
        raise Refused(reason)
    return locked


def _write(seminar, name, now, *, company, **values):
    """The row of one person. Who signs in after the organiser has counted is counted anew."""
    name = name.strip()[:60]
    if not name:
        raise ValidationError({"name": _("Please type your name.")})
    if first := seminar.attendees.filter(company=company, name=name).first():
        return first
    if seminar.attendees.count() >= MOST:
        raise Refused(_("The list is full: please sign in on paper."))
    attendee = SeminarAttendee(seminar=seminar, name=name, company=company, signed_at=now, **values)
    attendee.phone = attendee.phone.strip()
    attendee.full_clean(exclude=["seminar", "enterprise", "user", "via", "entered_by"])
    attendee.save()
    if attendee.enterprise_id:
        seminar.guests.filter(enterprise=attendee.enterprise_id, attended=False).update(attended=None)
    return attendee


def _meant(seminar, company):
    """The enterprise that `company` names: an invited one by any of its names or a part of it, else a partner's whole
    name; None where it could be several."""
    invited = list(Enterprise.objects.filter(seminar_guests__seminar=seminar))
    names = {one.pk: [one.name, one.short_name, one.name_en, *one.former_names] for one in invited}
    if key := meant(company, names):
        return next(one for one in invited if one.pk == key)
    known = Enterprise.objects.current()
    for exact in ({"name_key": name_key(company)}, {"core_key": core_key(company)}):
        found = list(known.filter(**exact).order_by("pk")[:2])
        if len(found) == 1 and all(exact.values()):
            return found[0]
    return None


def _colleague(seminar, name, by):
    """The colleague who signs in: who is signed in to the site, else the invited one of exactly this name."""
    if by is not None:
        return by if by.is_school else None
    guests = seminar.guests.filter(user__name=name).select_related("user")[:2]
    return guests[0].user if len(guests) == 1 else None


def walk_ins(seminar):
    """Attendees who belong to no guest: from an enterprise that was not invited, unknown, or a colleague."""
    guests = seminar.guests
    own = seminar.attendees.exclude(enterprise__in=guests.filter(enterprise__isnull=False).values("enterprise"))
    return own.exclude(user__in=guests.filter(user__isnull=False).values("user"))


# --- the organiser's word ------------------------------------------------------------------------------------------


def why_not_record(seminar, now):
    """Attendance is recorded from its beginning until it is closed."""
    if seminar.state == SeminarState.CANCELLED:
        return _("It does not take place.")
    if seminar.state == SeminarState.CLOSED:
        return _("It is closed.")
    if seminar.starts_at > now:
        return _("This opens once it has begun.")
    return None


def record_attendance(seminar, *, by, attended, walked_in=None, now=None):
    """Record who came: `attended` holds the ids of the guests. From then on it counts as held.

    `walked_in` holds those who signed in without belonging to a guest, by id, each with the id of the guest to whom
    the organiser sees they belong, or None. A known enterprise that was not invited becomes a guest by coming.
    Each enterprise that came has one two-way exchange of that day, which counts as contact; where the tick is taken
    back it no longer does. Raises NotAllowed, Refused before it has begun.
    """
    now, attended = now or timezone.now(), set(attended)
    with transaction.atomic():
        locked = lock_seminar(seminar, by)
        if reason := why_not_record(locked, now):
            raise Refused(reason)
        if locked.state == SeminarState.PLANNED:
            move(locked, SEMINAR, "hold", by=by, now=now)
        attended |= _seat(locked, by, now, walked_in or {})
        guests = list(locked.guests.select_related("enterprise", "touchpoint").order_by("enterprise_id", "pk"))
        for guest in guests:
            came = guest.pk in attended
            if came == guest.attended:
                continue
            guest.attended = came
            if guest.enterprise_id:
                _log_coming(guest, locked, by, now)
            guest.save(update_fields=["attended", "touchpoint"])
        settle_guests(locked, now, "seminar", "seminar_cancelled", "seminar_feedback")
        keep_reached(enterprises=[guest.enterprise_id for guest in guests if guest.enterprise_id], now=now)
    return locked


def _seat(seminar, by, now, walked_in):
    """Confirm the walk-ins; return the ids of the guests who came with them."""
    guests = {guest.pk: guest for guest in seminar.guests.select_related("enterprise")}
    came = set()
    for attendee in walk_ins(seminar).select_related("enterprise"):
        attendee.confirmed = attendee.pk in walked_in
        if attendee.confirmed:
            guest = guests.get(walked_in[attendee.pk])
            if guest is not None and guest.enterprise_id:
                attendee.enterprise, attendee.user = guest.enterprise, None
            elif guest is not None:
                attendee.enterprise, attendee.user = None, guest.user
            elif attendee.enterprise_id:
                contact = attendee.enterprise.contacts.present().first()
                guest, _new = SeminarGuest.objects.get_or_create(
                    seminar=seminar, enterprise=attendee.enterprise,
                    defaults={"contact": contact, "invited_by": by, "invited_at": now},
                )  # fmt: skip
            if guest is not None:
                came.add(guest.pk)
        attendee.save(update_fields=["confirmed", "enterprise", "user"])
    return came


def _log_coming(guest, seminar, by, now):
    lock_enterprises([guest.enterprise])
    if guest.touchpoint is not None:
        guest.touchpoint.is_two_way = guest.attended
        guest.touchpoint.save(update_fields=["is_two_way"])
        write_last_contact(guest.enterprise, now)
    elif guest.attended:
        guest.touchpoint = write_touchpoint(
            enterprise=guest.enterprise, by=by, now=now, kind=Kind.MEETING, happened_at=seminar.starts_at,
            precision=Precision.MOMENT, is_two_way=True, summary=seminar.title,
        )  # fmt: skip

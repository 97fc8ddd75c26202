"""Calendar files (RFC 5545): the invitation of one guest, its end, and the feed of one person."""

from datetime import UTC, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from icalendar import Calendar, Event, vCalAddress, vUri

from partnerships.models import Seminar, SeminarGuest
from partnerships.workflow import SeminarState

PRODUCT = "-//Ronghe//Seminars//EN"
REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"


def invitation(guest, *, name="", address="", now=None, url=""):
    """The calendar file that belongs into a mail to a guest, as text.

    REQUEST while it is planned, CANCEL once it is cancelled: the same UID each time, and a SEQUENCE that has risen
    with each change, so that a calendar replaces or removes what it holds (RFC 5546, 3.2.2 and 3.2.5).
    """
    method = CANCEL if guest.seminar.state == SeminarState.CANCELLED else REQUEST
    event = _event(guest.seminar, now or timezone.now(), url)
    if address:
        attendee = vCalAddress(f"mailto:{address}")
        attendee.params["CN"] = name or address
        attendee.params["PARTSTAT"] = PARTSTAT[guest.answer]
        attendee.params["RSVP"] = "FALSE"
        event.add("attendee", attendee, encode=0)
    return _file(method, [event])


def single(seminar, *, now=None, url=""):
    """One seminar to keep in a calendar, as text."""
    return _file(PUBLISH, [_event(seminar, now or timezone.now(), url)])


def feed(user, *, now=None):
    """The seminars of `user`, as text: those they organise or are invited to, alone or with their enterprise.

    One whose invitation was declined is left out; a cancelled one says so until its day has passed.
    """
    now = now or timezone.now()
    return _file(PUBLISH, [_event(row, now, "") for row in seminars_of(user, now)])


#: How long a seminar stays in the feed.
KEPT = timedelta(days=365)


def seminars_of(user, now):
    guests = SeminarGuest.objects.exclude(answer="no")
    if user.is_school:
        mine = Seminar.objects.filter(organiser=user) | Seminar.objects.filter(
            pk__in=guests.filter(user=user).values("seminar")
        )
    else:
        seats = user.seats.filter(left_on=None).values("enterprise")
        mine = Seminar.objects.filter(pk__in=guests.filter(enterprise__in=seats).values("seminar"))
    mine = mine.filter(ends_at__gt=now - KEPT).exclude(state=SeminarState.CANCELLED, ends_at__lt=now)
    return mine.select_related("organiser").order_by("starts_at", "pk")


PARTSTAT = {"none": "NEEDS-ACTION", "yes": "ACCEPTED", "maybe": "TENTATIVE", "no": "DECLINED"}


def uid_of(seminar):
    return f"{seminar.uid}@{settings.MAIL_DOMAIN}"


def _event(seminar, now, url):
    event = Event()
    event.add("uid", uid_of(seminar))
    event.add("sequence", seminar.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", seminar.starts_at.astimezone(UTC))
    event.add("dtend", seminar.ends_at.astimezone(UTC))
    english = (translation.get_language() or "").startswith("en") and seminar.title_en
    event.add("summary", seminar.title_en if english else seminar.title)
    if seminar.where:
        event.add("location", seminar.where)
    description = "\n\n".join(filter(None, (seminar.agenda, seminar.online, url)))
    if description:
        event.add("description", description)
    if url:
        event.add("url", vUri(url))
    # The site's own mailbox, from which the mail comes: how to reach a colleague is not handed around in files.
    organiser = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organiser.params["CN"] = str(seminar.organiser)
    event.add("organizer", organiser)
    event.add("status", "CANCELLED" if seminar.state == SeminarState.CANCELLED else "CONFIRMED")
    return event


def _file(method, events):
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical().decode()


def feed_address(feed):
    return settings.SITE_URL + reverse("partnerships:calendar_feed", args=[feed.code])

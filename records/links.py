"""Links carried by hand: made, found, opened, withdrawn, asked for again and renewed.

A link is forwarded, and messengers fetch it by themselves: reading it changes nothing. What a link opens is decided by
the app that handed it out, through its `purpose`.
"""

import ipaddress
import secrets
from datetime import timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from records.files import Rejected
from records.models import File, Link, Side
from records.services import record

#: Bitcoin's alphabet: nothing in it is mistaken for something else. 11 of them are 64 bits, which nobody guesses at
#: PER_MINUTE, and behind an address of 26 characters the whole link has 40.
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CODE_LENGTH = 11
DAYS = 30
#: Two presses of the button within this time are one.
SAME_PRESS = timedelta(minutes=10)
#: What one address may ask of all links in a minute: a whole factory sits behind it, and pictures come several to a
#: page. A code cannot be guessed at this pace. A hall signs in behind one address as well.
PER_MINUTE = {"page": 120, "picture": 360, "sign_in": 60}
#: What one link takes in: it has no person behind it whose daily quota would count.
MAX_FILES, MAX_BYTES = 30, 60 * 1024 * 1024


def new_code(length=CODE_LENGTH):
    return "".join(secrets.choice(BASE58) for _ in range(length))


def hand_out(purpose, *, subject, stream, by, addressee="", language="zh-hans", days=DAYS, now=None):
    """Make a Link to `subject` for `purpose`, good for `days`, and return it. Writes "link.handed_out"."""
    now = now or timezone.now()
    with transaction.atomic():
        link = Link.objects.create(
            code=new_code(),
            purpose=purpose,
            subject=subject,
            stream=stream,
            addressee=addressee,
            language=language,
            created_by=by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        _record("link.handed_out", link, by, now, data={"addressee": addressee})
    return link


def find(code, purpose=None):
    """The Link of `code`, dead or alive, or None. The caller asks is_open(now)."""
    links = Link.objects.select_related("created_by").filter(code=code)
    return links.filter(purpose=purpose).first() if purpose else links.first()


def within_rate(address, kind="page", *, now=None):
    """Count one request from `address` in this minute; False when it asked too often.

    The shared cache counts, so several processes count together; two requests in the same instant may count as one.
    """
    minute = int((now or timezone.now()).timestamp() // 60)
    key = f"link-rate:{kind}:{_network(address)}:{minute}"
    if cache.add(key, 1, timeout=120):
        return True
    try:
        return cache.incr(key) <= PER_MINUTE[kind]
    except ValueError:  # it ran out between the two questions
        return True


def mark_opened(link, *, now=None):
    """Somebody's browser showed the page; the first time counts. Called by POST only."""
    now = now or timezone.now()
    if Link.objects.filter(pk=link.pk, opened_at=None).update(opened_at=now):
        link.opened_at = now
    return link


def mark_answered(link, *, now=None):
    """Somebody acted through the link, so it was opened as well; the first time counts. Within their transaction."""
    now = now or timezone.now()
    mark_opened(link, now=now)
    if Link.objects.filter(pk=link.pk, answered_at=None).update(answered_at=now):
        link.answered_at = now
    return link


def withdraw(link, *, by, now=None):
    """End the link at once, and with it a request for a new one. Writes "link.withdrawn"."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = Link.objects.select_for_update(of=("self",), no_key=True).get(pk=link.pk)
        asked, locked.renewal_asked_at, locked.renewal_asked_by = locked.renewal_asked_at, None, ""
        if locked.withdrawn_at is None:
            locked.withdrawn_at = now
            _record("link.withdrawn", locked, by, now)
        elif asked is None:
            return locked
        locked.save(update_fields=["withdrawn_at", "renewal_asked_at", "renewal_asked_by"])
    return locked


def ask_new_one(link, *, name, phone="", now=None):
    """Remember on a dead link's row, and in an Event for the officer, that somebody wants a new one.

    The same link asked for again says nothing new within a day.
    """
    now = now or timezone.now()
    who = f"{name[: 59 - len(phone)]} {phone}".strip()
    yesterday = now - timedelta(days=1)
    with transaction.atomic():
        fresh = Link.objects.filter(Q(renewal_asked_at=None) | Q(renewal_asked_at__lt=yesterday), pk=link.pk)
        if fresh.update(renewal_asked_at=now, renewal_asked_by=who):
            data = {"phone": phone, "addressee": link.addressee}
            _record("link.renewal_asked", link, None, now, data=data, by_name=name)
    return link


def renew(link, *, by, days=DAYS, now=None):
    """Hand out a new link of the same purpose, subject and addressee, which settles the request for one.

    Pressed again within ten minutes, with no request since, it returns the first.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = Link.objects.select_for_update(of=("self",), no_key=True).get(pk=link.pk)
        if locked.renewal_asked_at is None and (first := _renewed(locked, by, now)):
            return first
        locked.renewal_asked_at, locked.renewal_asked_by = None, ""
        locked.save(update_fields=["renewal_asked_at", "renewal_asked_by"])
        return hand_out(
            locked.purpose,
            subject=locked.subject,
            stream=locked.stream,
            by=by,
            addressee=locked.addressee,
            language=locked.language,
            days=days,
            now=now,
        )


def _renewed(link, by, now):
    """The link that `by` has handed out in place of `link` a moment ago, or None."""
    alike = {name: getattr(link, name) for name in ("purpose", "subject_type_id", "subject_id", "stream", "addressee")}
    fresh = Link.objects.filter(**alike, created_by=by, withdrawn_at=None, created_at__gt=now - SAME_PRESS)
    return fresh.filter(pk__gt=link.pk, created_at__lte=now).first()


def asked_for_again(streams=None):
    """Links whose holder waits for a new one, oldest request first; of the partnerships `streams` only, if given."""
    links = Link.objects.filter(renewal_asked_at__isnull=False).order_by("renewal_asked_at", "pk")
    return links if streams is None else links.filter(stream__in=streams)


def check_room(link, uploads):
    """Raise Rejected where `uploads` are more than one link may bring in. The link's row is locked until commit."""
    Link.objects.select_for_update(of=("self",), no_key=True).get(pk=link.pk)
    kept = File.objects.filter(uploaded_via=link).aggregate(count=Count("pk"), size=Sum("size"))
    size = (kept["size"] or 0) + sum(upload.size for upload in uploads)
    if kept["count"] + len(uploads) > MAX_FILES or size > MAX_BYTES:
        raise Rejected(_("This link has taken as many files as it can. Ask for a new one, or send fewer."))


def _network(address):
    """One IPv6 household has a whole /64: it counts as one address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address).replace(":", ".")
    return str(parsed)


def _record(kind, link, by, now, *, data=None, by_name=""):
    side = Side.SCHOOL if by is not None and by.is_school else Side.ENTERPRISE
    data = {"purpose": link.purpose, **(data or {})}
    return record(kind, subject=link, stream=link.stream, by=by, by_name=by_name, side=side, data=data, happened_at=now)

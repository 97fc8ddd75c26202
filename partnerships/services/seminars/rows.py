"""What the services about seminars share: the locked row, its facts for an event, and who speaks for a guest."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Seminar, is_member
from partnerships.services.enterprises import Conflict
from partnerships.services.links import SEMINAR as LINK
from partnerships.workflow import keeps_this_partner, keeps_this_seminar
from records.models import Audience
from records.services import record
from records.workflow import NotAllowed, Refused

TEXTS = ("agenda", "minutes", "decisions")


def lock_seminar(seminar, by, version=None, changes=None):
    """The locked row, for somebody who keeps it. Raises NotAllowed, Conflict."""
    locked = Seminar.objects.select_for_update(of=("self",), no_key=True).select_related("organiser").get(pk=seminar.pk)
    if reason := keeps_this_seminar(locked, by):
        raise NotAllowed(reason)
    if version is not None and locked.version != version:
        raise Conflict(locked, changes or {})
    return locked


def facts(seminar, **more):
    """What an event keeps of a seminar: title, day, hour."""
    day = timezone.localtime(seminar.starts_at)
    return {"name": seminar.title, "day": f"{day:%Y-%m-%d}", "time": f"{day:%H:%M}", **more}


def tell_streams(kind, seminar, by, now, **data):
    """One Event on the stream of every invited enterprise, which both sides read."""
    for enterprise in (
        seminar.guests.filter(enterprise__isnull=False).order_by("pk").values_list("enterprise", flat=True)
    ):
        record(
            kind, subject=seminar, stream=enterprise, by=by, audience=Audience.BOTH, data=facts(seminar, **data),
            happened_at=now,
        )  # fmt: skip


def who_speaks(guest, *, by, via, name, said_by, now):
    """The name under which something is written for `guest`: an answer, or how it was.

    Whoever holds an open link of this invitation (`via`) says their `name`; a member of the enterprise and a colleague
    speak for themselves; an officer who keeps the partner or the seminar writes what `said_by` said.
    Raises NotAllowed, Refused for a link that is over, ValidationError where nobody is named.
    """
    if by is None:
        if via is None or not name:
            raise ValidationError({"name": _("Say who you are.")})
        check_link(guest, via, now)
        return name
    if guest.user_id:
        if by.pk != guest.user_id:
            raise NotAllowed(_("Everybody of the school answers for themselves."))
        return str(by)
    if not by.is_school:
        if not is_member(by, guest.enterprise):
            raise NotAllowed(_("You do not belong to this enterprise any more."))
        return str(by)
    if (reason := keeps_this_partner(guest.enterprise, by)) and keeps_this_seminar(guest.seminar, by):
        raise NotAllowed(reason)
    if not said_by:
        raise ValidationError({"said_by": _("Name the person who said it.")})
    return said_by


def check_link(guest, link, now):
    """Raise Refused unless `link` is an open one for this very guest."""
    if (
        link.purpose != LINK
        or link.subject_id != guest.pk
        or link.stream != guest.enterprise_id
        or not link.is_open(now)
    ):
        raise Refused(_("This link is no longer open: ask for a new one on its page."))

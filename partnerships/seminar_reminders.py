"""The rules about seminars: who is invited and reminded, who hears that it is off, what was promised there, where the
minutes stand, and how it was."""

from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField, CharField, Exists, F, JSONField, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, Replace, TruncDate
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships import calendars
from partnerships.models import ActionItem, SeminarGuest
from partnerships.models.seminar import Answer
from partnerships.services import links
from partnerships.told import of, to_contact, to_person
from partnerships.workflow import SeminarState
from records.links import new_code
from records.models import Link, Side
from reminders.models import Delivery
from reminders.rules import SIDES, Line, Rule, Step, Told
from reminders.workflow import DeliveryState

#: Before every day that can be planned: what is told at once.
AT_ONCE = -1000
#: A link lives a little longer than what it is about: minutes and what follows are read through it.
AFTERWARDS = timedelta(days=30)
#: How long the minutes, and the question how it was, stand among the tasks of those who came.
SHOWN = timedelta(days=14)
#: Tellings that reached somebody, as far as we know.
REACHED = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.OPENED, DeliveryState.ANSWERED)


class AboutGuests(Rule):
    """What the rules about seminars share: on each side one row of people, by mail or by hand."""

    #: The column of the person at the school.
    person = "user"
    pauses_in_vacation = False

    def subjects(self, side):
        queryset = self.subject_model.objects.all()
        if side == Side.ENTERPRISE:
            return queryset.filter(enterprise__isnull=False)
        return queryset.filter(**{f"{self.person}__isnull": False})

    def owned(self, queryset, side):
        """The task of the enterprise is carried by who looks after it, else by who organises."""
        owner = F(f"{self.person}_id")
        if side == Side.ENTERPRISE:
            owner = Coalesce(F("enterprise__owner_id"), F("seminar__organiser_id"))
        return queryset.annotate(
            task_stream=F("enterprise_id"),
            task_owner_id=owner,
            task_params=Value({}, JSONField()),
            task_held=Value(False, BooleanField()),
        )

    def told(self, step, now):
        return [(Side.SCHOOL, self._colleague()), (Side.ENTERPRISE, self._contact())]

    def _colleague(self):
        return to_person(self.subjects(Side.SCHOOL), of(self.person), skip=self._skipped())

    def _skipped(self):
        """When somebody is left out, and why."""
        return []

    def _contact(self):
        return to_contact(self.subjects(Side.ENTERPRISE), self._chosen(), skip=self._skipped())

    def _chosen(self):
        """Who of an enterprise goes before the others."""
        return Q(pk=OuterRef("contact_id"))

    # --- links ---

    def guests_of(self, deliveries):
        """{delivery.pk: guest} with everything the words need."""
        guests = SeminarGuest.objects.select_related("seminar__organiser", "enterprise__owner", "user")
        found = guests.in_bulk({d.task.subject_id for d in deliveries})
        return {d.pk: found[d.task.subject_id] for d in deliveries if d.task.subject_id in found}

    def prepare(self, deliveries, now):
        """A link of its own for each message to an enterprise: whoever holds it answers, and reads what follows."""
        waiting = [d for d in deliveries if d.side == Side.ENTERPRISE and d.link_id is None]
        guests = self.guests_of(waiting)
        waiting = [d for d in waiting if d.pk in guests]
        kind = ContentType.objects.get_for_model(SeminarGuest)
        for delivery in waiting:
            guest = guests[delivery.pk]
            delivery.link = Link(
                code=new_code(), purpose=links.SEMINAR, subject_type=kind, subject_id=guest.pk,
                stream=delivery.stream, addressee=delivery.name[:60], language=delivery.language,
                created_by_id=guest.seminar.organiser_id, created_at=now,
                expires_at=max(guest.seminar.ends_at, now) + AFTERWARDS,
            )  # fmt: skip
        Link.objects.bulk_create([delivery.link for delivery in waiting])
        Delivery.objects.bulk_update(waiting, ["link"])

    def words(self, deliveries):
        guests, told = self.guests_of(deliveries), {}
        known = self.told_before(deliveries)
        for delivery in deliveries:
            with translation.override(delivery.language):
                guest = guests[delivery.pk]
                write = self.to_contact if delivery.side == Side.ENTERPRISE else self.to_colleague
                told[delivery.pk] = write(delivery, guest, known)
        return told

    def told_before(self, deliveries):
        """For each delivery's id: "" where nobody was told yet, "this" of this very date, "other" of an earlier one."""
        subjects = {d.task.subject_id for d in deliveries}
        kind = ContentType.objects.get_for_model(self.subject_model)
        earlier = Delivery.objects.filter(
            rule=self.name, task__subject_type=kind, task__subject_id__in=subjects, state__in=REACHED
        ).values_list("pk", "task__subject_id", "task__episode", "side")
        seen = {}
        for delivery in deliveries:
            mine = [
                episode
                for pk, subject, episode, side in earlier
                if pk < delivery.pk and subject == delivery.task.subject_id and side == delivery.side
            ]
            seen[delivery.pk] = "this" if delivery.task.episode in mine else "other" if mine else ""
        return seen

    def lines(self, tasks):
        rows = self.subject_model.objects.select_related("seminar__organiser", "enterprise")
        found = rows.in_bulk([task.subject_id for task in tasks])
        return {task.pk: self.line(task, found[task.subject_id]) for task in tasks if task.subject_id in found}


def when(seminar):
    """Its day and hour, short enough for a message."""
    begins = timezone.localtime(seminar.starts_at)
    return f"{date_format(begins, 'MONTH_DAY_FORMAT')} {begins:%H:%M}"


def page_of(guest):
    if guest.enterprise_id:
        return reverse("partnerships:portal_seminar", args=[guest.enterprise_id, guest.seminar_id])
    return reverse("partnerships:seminar_detail", args=[guest.seminar_id])


def university():
    language = translation.get_language()
    return settings.UNIVERSITY.get(language, settings.UNIVERSITY["zh-hans"])


def calendar_part(delivery, guest, url):
    content = calendars.invitation(guest, name=delivery.name, address=delivery.address, url=url)
    method = calendars.CANCEL if guest.seminar.state == SeminarState.CANCELLED else calendars.REQUEST
    return (("invite.ics", content, f"text/calendar; method={method}"),)


class Invitation(AboutGuests):
    """Invited at once, reminded 14, 3 and 1 days before; told anew where it was moved.

    Every mail carries the calendar part of the date that stands, and reads as the invitation where none came before:
    one that is planned two days before is not lost with the steps it has overtaken. So none of them is a courtesy.
    """

    name = "seminar"
    label = gettext_lazy("Invitations to events")
    explanation = gettext_lazy(
        "Guests who have not declined are invited at once and reminded 14, 3 and 1 days before. Where the date or the "
        "place changes they are told once more."
    )
    subject_model = SeminarGuest
    INVITE, FORTNIGHT, THREE, EVE = 1, 2, 3, 4
    steps = (
        Step(INVITE, AT_ONCE, gettext_lazy("the invitation")),
        Step(FORTNIGHT, -14, gettext_lazy("two weeks before")),
        Step(THREE, -3, gettext_lazy("three days before")),
        Step(EVE, -1, gettext_lazy("the day before")),
    )
    again = steps[0]
    has_calendar = True

    def wanted(self, side, now):
        return self.owned(self.subjects(side), side).filter(
            ~Q(answer=Answer.NO), seminar__state=SeminarState.PLANNED, seminar__starts_at__gt=now
        ).annotate(task_episode=episode(), task_due_on=TruncDate("seminar__starts_at"))  # fmt: skip

    def line(self, task, guest):
        open_ = guest.answer in (Answer.NONE, Answer.MAYBE)
        return Line(
            title=guest.seminar.title,
            about=str(guest.seminar.organiser) if guest.enterprise_id else when(guest.seminar),
            why=_("%(when)s, %(where)s") % {"when": when(guest.seminar), "where": guest.seminar.where},
            action=_("Answer") if open_ else _("Show"),
            url=page_of(guest),
        )

    def to_contact(self, delivery, guest, known):
        seminar, before = guest.seminar, known[delivery.pk]
        values = {"title": short(seminar.title, 14), "when": when(seminar)}
        if before == "other":
            what = _("“%(title)s” is now on %(when)s, do you come?") % values
        elif before == "this":
            what = _("“%(title)s” is on %(when)s, see you there") % values
        else:
            what = _("we invite you to “%(title)s” on %(when)s") % values
        message = links.carried_message(
            delivery.link, sender=guest.enterprise.owner or seminar.organiser, what=what,
            minutes=links.MINUTES[links.SEMINAR], until=seminar.starts_at,
        )  # fmt: skip
        return Told(
            self.subject(seminar, before), message + "\n", calendar_part(delivery, guest, links.address(delivery.link))
        )

    def subject(self, seminar, before):
        values = {"title": seminar.title, "when": when(seminar), "university": university()}
        if before == "other":
            return _("New date or place: %(title)s, %(when)s") % values
        if before == "this":
            return _("Reminder: %(title)s, %(when)s") % values
        return _("%(university)s invites you: %(title)s, %(when)s") % values

    def to_colleague(self, delivery, guest, known):
        page = settings.SITE_URL + page_of(guest)
        where = _("%(when)s, %(where)s") % {"when": when(guest.seminar), "where": guest.seminar.where}
        body = f"{guest.seminar.title}\n{where}\n\n{page}\n"
        return Told(self.subject(guest.seminar, known[delivery.pk]), body, calendar_part(delivery, guest, page))


class Cancelled(AboutGuests):
    """What was cancelled: everybody who had been told, and has not declined, hears it once."""

    name = "seminar_cancelled"
    label = gettext_lazy("Events that are off")
    explanation = gettext_lazy("Guests who had been told of an event hear once that it does not take place.")
    subject_model = SeminarGuest
    steps = (Step(1, AT_ONCE, gettext_lazy("at once")),)
    has_calendar = True

    def wanted(self, side, now):
        kind = ContentType.objects.get_for_model(SeminarGuest)
        told = Delivery.objects.filter(
            task__rule=Invitation.name,
            task__side=side,
            task__subject_type=kind,
            task__subject_id=OuterRef("pk"),
            state__in=REACHED,
        )
        knows = Q(Exists(told)) | Q(answer__in=[Answer.YES, Answer.MAYBE])
        return self.owned(self.subjects(side), side).filter(
            knows, ~Q(answer=Answer.NO), seminar__state=SeminarState.CANCELLED, seminar__starts_at__gt=now
        ).annotate(task_episode=episode(), task_due_on=TruncDate("seminar__starts_at"))  # fmt: skip

    def line(self, task, guest):
        return Line(
            title=_("Does not take place: %(title)s") % {"title": guest.seminar.title},
            about=str(guest.seminar.organiser),
            why=when(guest.seminar),
            action=_("Show"),
            url=page_of(guest),
        )

    def to_contact(self, delivery, guest, known):
        values = {"title": short(guest.seminar.title, 14), "when": when(guest.seminar)}
        message = links.carried_message(
            delivery.link, sender=guest.enterprise.owner or guest.seminar.organiser,
            what=_("“%(title)s” on %(when)s does not take place, sorry") % values,
            minutes=links.MINUTES[links.SEMINAR], until=guest.seminar.starts_at,
        )  # fmt: skip
        part = calendar_part(delivery, guest, links.address(delivery.link))
        return Told(self.subject(guest.seminar), message + "\n", part)

    def subject(self, seminar):
        return _("Does not take place: %(title)s, %(when)s") % {"title": seminar.title, "when": when(seminar)}

    def to_colleague(self, delivery, guest, known):
        page = settings.SITE_URL + page_of(guest)
        subject = self.subject(guest.seminar)
        return Told(subject, f"{subject}\n\n{page}\n", calendar_part(delivery, guest, page))


class Promised(AboutGuests):
    """What was agreed on at a seminar: its side is told at once, three days before, and on the day."""

    name = "seminar_item"
    label = gettext_lazy("What was agreed at an event")
    explanation = gettext_lazy(
        "Whoever promised something at an event is told at once, three days before and on the day."
    )
    subject_model = ActionItem
    person = "owner"
    pauses_in_vacation = True
    steps = (
        Step(1, AT_ONCE, gettext_lazy("at once")),
        Step(2, -3, gettext_lazy("three days before"), courtesy=SIDES),
        Step(3, 0, gettext_lazy("on the day")),
    )
    again = steps[2]

    def wanted(self, side, now):
        return self.owned(self.subjects(side), side).filter(done_at=None).annotate(
            task_episode=Value("1", CharField()), task_due_on=F("due_on")
        )  # fmt: skip

    def _chosen(self):
        invited = SeminarGuest.objects.filter(
            seminar=OuterRef(OuterRef("seminar_id")),
            enterprise=OuterRef(OuterRef("enterprise_id")),
            contact=OuterRef("pk"),
        )
        return Exists(invited)

    def guests_of(self, deliveries):
        """Of an item of the enterprise, its invitation; of one of the school, a guest that is not kept."""
        items = ActionItem.objects.select_related("seminar__organiser", "enterprise__owner", "owner").in_bulk(
            {d.task.subject_id for d in deliveries}
        )  # fmt: skip
        seminars = {item.seminar_id for item in items.values()}
        guests = {
            (guest.seminar_id, guest.enterprise_id): guest
            for guest in SeminarGuest.objects.filter(seminar__in=seminars, enterprise__isnull=False)
        }
        found = {}
        for delivery in deliveries:
            if item := items.get(delivery.task.subject_id):
                guest = guests.get((item.seminar_id, item.enterprise_id)) or SeminarGuest(user=item.owner)
                guest.seminar, guest.item = item.seminar, item
                if item.enterprise_id:
                    guest.enterprise = item.enterprise
                found[delivery.pk] = guest
        return found

    def line(self, task, item):
        page = "portal_seminar" if item.enterprise_id else "seminar_detail"
        arguments = [item.enterprise_id, item.seminar_id] if item.enterprise_id else [item.seminar_id]
        return Line(
            title=item.text,
            about=str(item.seminar.organiser) if item.enterprise_id else item.seminar.title,
            why=_("Agreed at “%(title)s”, until %(day)s")
            % {"title": item.seminar.title, "day": date_format(item.due_on)},
            action=_("Done"),
            url=reverse(f"partnerships:{page}", args=arguments) + "#items",
        )

    def to_contact(self, delivery, guest, known):
        what = _("we agreed: %(text)s, until %(day)s") % {
            "text": short(guest.item.text, 18), "day": date_format(guest.item.due_on, "MONTH_DAY_FORMAT")
        }  # fmt: skip
        message = links.carried_message(
            delivery.link, sender=guest.enterprise.owner or guest.seminar.organiser, what=what,
            minutes=links.MINUTES[links.SEMINAR], until=delivery.link.expires_at,
        )  # fmt: skip
        return Told(_("What we agreed: %(text)s") % {"text": guest.item.text}, message + "\n")

    def to_colleague(self, delivery, guest, known):
        line = self.line(delivery.task, guest.item)
        subject = _("What we agreed: %(text)s") % {"text": guest.item.text}
        return Told(subject, f"{line.title}\n{line.why}\n\n{settings.SITE_URL}{line.url}\n")


class AboutWhoCame(AboutGuests):
    """What the guests who came hear afterwards, once."""

    subject_model = SeminarGuest
    #: Where on its page the guest looks.
    part = ""

    def came(self, side):
        return self.owned(self.subjects(side), side).filter(attended=True).annotate(task_episode=episode())

    def line(self, task, guest):
        seminar = guest.seminar
        return Line(
            title=self.title(seminar),
            about=str(seminar.organiser) if guest.enterprise_id else when(seminar),
            why=_("You were there on %(when)s") % {"when": when(seminar)},
            action=self.action,
            url=f"{page_of(guest)}#{self.part}",
        )

    def to_contact(self, delivery, guest, known):
        message = links.carried_message(
            delivery.link, sender=guest.enterprise.owner or guest.seminar.organiser, what=self.what(guest),
            minutes=links.MINUTES[links.SEMINAR], until=delivery.link.expires_at,
        )  # fmt: skip
        return Told(self.title(guest.seminar), message + "\n")

    def to_colleague(self, delivery, guest, known):
        title = self.title(guest.seminar)
        return Told(title, f"{self.what(guest)[0]}\n\n{settings.SITE_URL}{page_of(guest)}#{self.part}\n")


class Minutes(AboutWhoCame):
    """Once it is closed, whoever came hears where the minutes stand; who has not said how it was is asked along."""

    name = "seminar_minutes"
    label = gettext_lazy("Minutes of events")
    explanation = gettext_lazy("Guests who came are told once where the minutes stand, when the event is wrapped up.")
    steps = (Step(1, AT_ONCE, gettext_lazy("at once")),)
    part, action = "minutes", gettext_lazy("Read")

    def wanted(self, side, now):
        return self.came(side).filter(
            seminar__state=SeminarState.CLOSED, seminar__closed_at__gt=now - SHOWN
        ).annotate(task_due_on=TruncDate("seminar__closed_at"))  # fmt: skip

    def title(self, seminar):
        return _("The minutes of “%(title)s”") % {"title": seminar.title}

    def what(self, guest):
        values = {"title": short(guest.seminar.title, 12)}
        if hasattr(guest, "feedback"):
            return (_("here are the minutes of “%(title)s”") % values,)
        return (
            _("here are the minutes of “%(title)s”; please say how it was") % values,
            _("minutes are here; please say how it was"),
        )

    def guests_of(self, deliveries):
        guests = SeminarGuest.objects.select_related("seminar__organiser", "enterprise__owner", "user", "feedback")
        found = guests.in_bulk({d.task.subject_id for d in deliveries})
        return {d.pk: found[d.task.subject_id] for d in deliveries if d.task.subject_id in found}


class Feedback(AboutWhoCame):
    """Whoever came is asked once how it was; where the minutes have gone out already, their line has asked."""

    name = "seminar_feedback"
    label = gettext_lazy("How events were")
    explanation = gettext_lazy("Guests who came are asked once, the day after, to say how it was.")
    steps = (Step(1, 1, gettext_lazy("the day after"), courtesy=SIDES),)
    part, action = "feedback", gettext_lazy("Say how it was")

    def wanted(self, side, now):
        return self.came(side).filter(
            feedback=None, seminar__state__in=[SeminarState.HELD, SeminarState.CLOSED],
            seminar__ends_at__gt=now - SHOWN,
        ).annotate(task_due_on=TruncDate("seminar__ends_at"))  # fmt: skip

    def _skipped(self):
        kind = ContentType.objects.get_for_model(SeminarGuest)
        asked = Delivery.objects.filter(
            task__rule=Minutes.name, task__subject_type=kind, task__subject_id=OuterRef("pk")
        )
        return [When(Exists(asked), then=Value("overtaken"))]

    def title(self, seminar):
        return _("How was “%(title)s”?") % {"title": seminar.title}

    def what(self, guest):
        return (_("thank you for coming to “%(title)s”, how was it?") % {"title": short(guest.seminar.title, 12)},)


def episode():
    """The seminar by its UID, and the how-manieth of its dates."""
    uid = Replace(Cast("seminar__uid", CharField()), Value("-"), Value(""))
    return Concat(uid, Value(":"), Cast("seminar__sequence", CharField()))


def short(text, most):
    return text if len(text) <= most else text[: most - 1] + "…"


INVITATION, CANCELLED, PROMISED = Invitation(), Cancelled(), Promised()
MINUTES, FEEDBACK = Minutes(), Feedback()

"""The rules about agreements: what each side promised, events that were promised and not planned, and the end."""

from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    JSONField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships.models import Agreement, Obligation, SeminarGuest, Shutdown
from partnerships.rules.agreements import EXPIRY_STEPS, OPEN_END, last_day_of_notice
from partnerships.services import links
from partnerships.told import of, to_contact, to_leads, to_person
from partnerships.workflow import AgreementState, SeminarState
from records import prepared
from records.links import DAYS, new_code
from records.models import Link, Side
from reminders.models import Channel, Delivery
from reminders.rules import SIDES, Line, Rule, Step, Told

#: A promise speaks up so many days before its day; promised events so many before the end of their period.
AHEAD, PLAN_AHEAD = 14, 120
#: What renews itself: so many days before the last day of notice, and once more.
NOTICE_STEPS = (30, 7)


def hand_out(deliveries, purpose, subjects, now):
    """A link of its own to each of `subjects` {delivery.pk: subject} for messages to an enterprise."""
    waiting = [d for d in deliveries if d.side == Side.ENTERPRISE and d.link_id is None and d.pk in subjects]
    for delivery in waiting:
        subject = subjects[delivery.pk]
        agreement = getattr(subject, "agreement", subject)
        delivery.link = Link(
            code=new_code(), purpose=purpose, subject_type=ContentType.objects.get_for_model(subject),
            subject_id=subject.pk, stream=delivery.stream, addressee=delivery.name[:60], language=delivery.language,
            created_by_id=agreement.owner_id, created_at=now, expires_at=now + timedelta(days=DAYS),
        )  # fmt: skip
    Link.objects.bulk_create([delivery.link for delivery in waiting])
    Delivery.objects.bulk_update(waiting, ["link"])


def carried(delivery, sender, purpose, what):
    """The same text by mail and by hand."""
    link = delivery.link
    message = links.carried_message(
        link, sender=sender, what=what, minutes=links.MINUTES[purpose], until=link.expires_at
    )
    return message + "\n"


def shown_promises():
    """What a line says of a promise."""
    return Obligation.objects.with_happened().values_list(
        "pk", "text", "text_en", "side", "state", "due_on", "count", "counter", "happened", "enterprise_id",
        "agreement__title", "agreement__title_en", "enterprise__name", "enterprise__name_en",
    )  # fmt: skip


class AboutPromises(Rule):
    """What the rules about obligations share: the rows, and how they are found for words."""

    subject_model = Obligation

    def rows(self):
        return Obligation.objects.open().signed().filter(enterprise__merged_into=None)

    def found(self, keys):
        rows = Obligation.objects.select_related("agreement__owner", "enterprise__owner", "owner").with_happened()
        return rows.in_bulk(set(keys))

    def lines(self, tasks):
        found, today = prepared.instances(shown_promises, {task.subject_id for task in tasks}), timezone.localdate()
        return {task.pk: self.line(task.side, found[task.subject_id], today) for task in tasks}

    def words(self, deliveries):
        found, told = self.found(d.task.subject_id for d in deliveries), {}
        for delivery in deliveries:
            with translation.override(delivery.language):
                write = self.to_enterprise if delivery.side == Side.ENTERPRISE else self.to_school
                told[delivery.pk] = write(delivery, found[delivery.task.subject_id])
        return told


class Promises(AboutPromises):
    """What each side promised: two weeks before, on the day, a week and two weeks later; then the lead.

    A duty of the enterprise stands on its own list and on that of whoever looks after the agreement; one of the school
    with whoever does it. Another day begins anew: it is part of the episode.
    """

    name = "obligation"
    label = gettext_lazy("What both sides promised")
    explanation = gettext_lazy(
        "Two weeks before something promised in an agreement is due, whoever does it gets a note; on the day a task, "
        "and the contact a friendly message; after a week both again; after two weeks the lead. What counts by itself "
        "is done when enough has happened."
    )
    BEFORE, DAY, AGAIN, LEAD = 1, 2, 3, 4
    steps = (
        Step(BEFORE, -AHEAD, gettext_lazy("two weeks before"), courtesy=SIDES),
        Step(DAY, 0, gettext_lazy("on the day")),
        Step(AGAIN, 7, gettext_lazy("both again"), courtesy=(Side.ENTERPRISE,)),
        Step(LEAD, 14, gettext_lazy("the lead")),
    )
    again = steps[2]

    def wanted(self, side, now):
        today = timezone.localdate(now)
        rows = self.rows().unreached().filter(due_on__lte=today + timedelta(days=AHEAD))
        if side == Side.ENTERPRISE:
            rows = rows.filter(side=Side.ENTERPRISE)
        closed = Shutdown.objects.filter(enterprise=OuterRef("enterprise_id"), starts_on__lte=today, ends_on__gte=today)
        held = Case(
            When(Q(side=Side.ENTERPRISE) & Exists(closed), then=True), default=False, output_field=BooleanField()
        )
        return rows.annotate(
            task_stream=F("enterprise_id"),
            task_episode=Cast("due_on", CharField()),
            task_due_on=F("due_on"),
            task_owner_id=doer("id"),
            task_params=Value({}, JSONField()),
            task_held=held,
        )

    def told(self, step, now):
        rows = Obligation.objects.open()
        if step.number == self.LEAD:
            return to_leads(rows)
        channel = Channel.APP if step.number == self.BEFORE else Channel.MAIL
        named = Coalesce(OuterRef("contact_id"), OuterRef("agreement__enterprise_contact_id"))
        theirs = to_contact(rows.filter(side=Side.ENTERPRISE), Q(pk=named))
        return [(Side.SCHOOL, to_person(rows, doer, channel=channel)), (Side.ENTERPRISE, theirs)]

    def line(self, side, row, today):
        if side == Side.ENTERPRISE:
            day = {"title": row.agreement.heading, "day": date_format(row.due_on)}
            past = _("We agreed on it in “%(title)s”: when could it be done?")
            return Line(
                title=row.heading,
                about=counted(row),
                why=(past if row.is_late(today) else _("As agreed in “%(title)s”, until %(day)s")) % day,
                action=_("Done"),
                url=reverse("partnerships:portal_obligation", args=[row.enterprise_id, row.pk]),
            )
        sides = {Side.SCHOOL: _("Promised by us"), Side.ENTERPRISE: _("Promised by the enterprise")}
        said = _("%(side)s in “%(title)s”, until %(day)s") % {
            "side": sides[row.side], "title": row.agreement.heading, "day": date_format(row.due_on)
        }  # fmt: skip
        return Line(
            title=row.heading,
            about=row.enterprise.title,
            why="; ".join(filter(None, (said, counted(row)))),
            action=_("Say how") if row.side == Side.SCHOOL else _("Follow up"),
            url=reverse("partnerships:obligation_detail", args=[row.pk]),
        )

    def to_school(self, delivery, row):
        line = self.line(Side.SCHOOL, row, timezone.localdate())
        values = {"name": row.enterprise.title, "text": row.heading}
        subject = _("%(name)s: %(text)s") % values
        text = f"{line.why}\n"
        if delivery.step == self.LEAD:
            subject = _("Still open with %(name)s: %(text)s") % values
            text += _("In charge: %(owner)s.") % {"owner": row.owner or row.agreement.owner} + "\n"
        return Told(subject, f"{text}\n{settings.SITE_URL}{line.url}\n")

    def to_enterprise(self, delivery, row):
        what = links.promised(row, timezone.localdate())
        body = carried(delivery, row.agreement.owner, links.OBLIGATION, what)
        return Told(_("What we agreed: %(text)s") % {"text": row.heading}, body)

    def prepare(self, deliveries, now):
        """A link of its own for each message to an enterprise: whoever holds it says that it is done."""
        found = self.found(d.task.subject_id for d in deliveries)
        hand_out(deliveries, links.OBLIGATION, {d.pk: found[d.task.subject_id] for d in deliveries}, now)


def doer(field):
    """Of a duty of the school whoever does it; else whoever looks after the agreement."""
    own = When(side=Side.SCHOOL, owner__isnull=False, then=F(f"owner__{field}"))
    return Case(own, default=F(f"agreement__owner__{field}"))


def counted(row):
    """“3 of 6” of what counts by itself; empty for the rest."""
    if row.happened is None or not row.count:
        return ""
    return _("%(happened)s of %(count)s") % {"happened": row.happened, "count": row.count}


class Unscheduled(AboutPromises):
    """Events that were promised, and none is planned: whoever looks after the agreement, then the lead."""

    name = "unscheduled"
    label = gettext_lazy("Promised events that nobody has planned")
    explanation = gettext_lazy(
        "Where an agreement promises events and none is planned four months before the end of the period, whoever "
        "looks after it gets a task; a month later the lead."
    )
    OWNER, LEAD = 1, 2
    steps = (Step(OWNER, 0, gettext_lazy("a task")), Step(LEAD, 30, gettext_lazy("the lead")))

    def wanted(self, side, now):
        if side == Side.ENTERPRISE:
            return None
        today = timezone.localdate(now)
        ahead = SeminarGuest.objects.filter(
            enterprise=OuterRef("enterprise_id"), seminar__state=SeminarState.PLANNED,
            seminar__starts_at__date__gte=today, seminar__starts_at__date__lte=OuterRef("due_on"),
        )  # fmt: skip
        speaks_up = ExpressionWrapper(F("due_on") - Value(PLAN_AHEAD), output_field=DateField())
        rows = self.rows().filter(counter="seminars", due_on__gte=today).unreached()
        return (
            rows.annotate(task_due_on=Greatest(F("first_on"), speaks_up))
            .filter(~Exists(ahead), task_due_on__lte=today)
            .annotate(
                task_stream=F("enterprise_id"),
                task_episode=Cast("due_on", CharField()),
                task_owner_id=doer("id"),
                task_params=Value({}, JSONField()),
                task_held=Value(False, BooleanField()),
            )
        )

    def told(self, step, now):
        rows = Obligation.objects.open().filter(counter="seminars")
        return to_leads(rows) if step.number == self.LEAD else [(Side.SCHOOL, to_person(rows, doer))]

    def line(self, side, row, today):
        said = _("%(counted)s held as promised in “%(title)s”; none is planned until %(day)s") % {
            "counted": counted(row), "title": row.agreement.heading, "day": date_format(row.due_on)
        }  # fmt: skip
        return Line(
            title=_("Plan a promised event"), about=row.enterprise.title, why=said, action=_("Plan an event"),
            url=reverse("partnerships:seminar_new"),
        )  # fmt: skip

    def to_school(self, delivery, row):
        line = self.line(Side.SCHOOL, row, timezone.localdate())
        subject = _("%(name)s: an event is promised and none is planned") % {"name": row.enterprise.title}
        page = reverse("partnerships:obligation_detail", args=[row.pk])
        return Told(subject, f"{line.why}\n\n{settings.SITE_URL}{page}\n")


# --- the end -------------------------------------------------------------------------------------------------------


def as_amended(name):
    """The column `name` of what counts in the end: of the last amendment in force, else of the agreement itself."""
    last = Agreement.objects.amendments().in_force().filter(amends=OuterRef("pk")).order_by("-nth")
    return Case(When(Exists(last), then=Subquery(last.values(name)[:1])), default=F(name))


def ending():
    """Agreements with what is said of their end."""
    renewals = Agreement.objects.filter(renews=OuterRef("pk")).exclude(state=AgreementState.TERMINATED)
    return Agreement.objects.annotate(notice=Coalesce(as_amended("notice_days"), 0), is_being_renewed=Exists(renewals))


def shown_ends():
    """What a line says of an end."""
    return ending().values_list(
        "pk", "title", "title_en", "effective_until", "wish", "enterprise_id", "notice", "is_being_renewed",
        "enterprise__name", "enterprise__name_en", "owner__name", "owner__name_en",
    )  # fmt: skip


class AboutEnds(Rule):
    """What the two rules about the end share. What counts is the last amendment in force, whatever its day."""

    subject_model = Agreement
    #: An end does not wait for the end of a vacation.
    pauses_in_vacation = False

    def rows(self, *, renews):
        rows = Agreement.objects.bases().in_force().filter(
            effective_until__lt=OPEN_END, ended_on=None, enterprise__merged_into=None
        )  # fmt: skip
        rows = rows.annotate(renewing=as_amended("auto_renews"), notice=Coalesce(as_amended("notice_days"), 0))
        return rows.filter(renewing=renews)

    def task(self, rows, due_on):
        return rows.annotate(
            task_stream=F("enterprise_id"),
            task_episode=Cast("effective_until", CharField()),
            task_due_on=due_on,
            task_owner_id=F("owner_id"),
            task_params=Value({}, JSONField()),
            task_held=Value(False, BooleanField()),
        )

    def found(self, keys):
        return ending().select_related("owner", "enterprise").in_bulk(set(keys))

    def lines(self, tasks):
        found = prepared.instances(shown_ends, {task.subject_id for task in tasks})
        return {task.pk: self.line(task.side, found[task.subject_id]) for task in tasks}

    def words(self, deliveries):
        found, told = self.found(d.task.subject_id for d in deliveries), {}
        for delivery in deliveries:
            with translation.override(delivery.language):
                write = self.to_enterprise if delivery.side == Side.ENTERPRISE else self.to_school
                told[delivery.pk] = write(delivery, found[delivery.task.subject_id])
        return told

    def to_school(self, delivery, row):
        line = self.line(Side.SCHOOL, row)
        subject = _("%(name)s: %(title)s") % {"name": row.enterprise.title, "title": line.title}
        text = f"{line.why}\n"
        if delivery.user_id != row.owner_id:
            text += _("In charge: %(owner)s.") % {"owner": row.owner} + "\n"
        return Told(subject, f"{text}\n{settings.SITE_URL}{line.url}\n")


class End(AboutEnds):
    """An agreement ends: 90, 30 and 1 days before. Once it is renewed, ended early or let end, nothing is due."""

    name = "agreement_end"
    label = gettext_lazy("Agreements that end")
    explanation = gettext_lazy(
        "90 days before an agreement ends, whoever looks after it gets a note; 30 days before a task, and the contact "
        "a friendly question; on the last day but one the lead too. What renews itself is left out."
    )
    NOTE, MONTH, EVE = 1, 2, 3
    steps = (
        Step(NOTE, -EXPIRY_STEPS[0], gettext_lazy("a note"), courtesy=(Side.SCHOOL,)),
        Step(MONTH, -EXPIRY_STEPS[1], gettext_lazy("a task, a question to the contact"), courtesy=(Side.ENTERPRISE,)),
        Step(EVE, -EXPIRY_STEPS[2], gettext_lazy("the lead too")),
    )
    again = steps[1]

    def wanted(self, side, now):
        ahead = EXPIRY_STEPS[1] if side == Side.ENTERPRISE else EXPIRY_STEPS[0]
        until = timezone.localdate(now) + timedelta(days=ahead)
        rows = self.rows(renews=False).filter(effective_until__lte=until, let_end_at=None)
        if side == Side.ENTERPRISE:
            rows = rows.filter(wish="")
        return self.task(rows, F("effective_until"))

    def told(self, step, now):
        rows = Agreement.objects.bases().in_force()
        channel = Channel.APP if step.number == self.NOTE else Channel.MAIL
        told = [(Side.SCHOOL, to_person(rows, of("owner"), channel=channel))]
        if step.number == self.MONTH:
            told.append((Side.ENTERPRISE, to_contact(rows, Q(pk=OuterRef("enterprise_contact_id")))))
        if step.number == self.EVE:
            told += to_leads(rows, but="owner")
        return told

    def line(self, side, row):
        values = {"title": row.heading, "day": date_format(row.effective_until)}
        if side == Side.ENTERPRISE:
            return Line(
                title=_("Shall we go on together?"),
                about=str(row.owner),
                why=_("“%(title)s” ends on %(day)s. One tap is enough.") % values,
                action=_("Answer"),
                url=reverse("partnerships:portal_wish", args=[row.enterprise_id, row.pk]),
            )
        said = [_("Ends on %(day)s.") % values]
        if row.wish:
            said.append(_("The enterprise: %(wish)s.") % {"wish": row.get_wish_display()})
        if row.is_being_renewed:
            said.append(_("Its renewal is under way."))
        return Line(
            title=_("Renew “%(title)s”, or let it end") % values,
            about=row.enterprise.title,
            why=" ".join(said),
            action=_("Decide"),
            url=reverse("partnerships:agreement_ending", args=[row.pk]),
        )

    def to_enterprise(self, delivery, row):
        body = carried(delivery, row.owner, links.ENDING, links.end_question(row))
        return Told(_("“%(title)s”: shall we go on together?") % {"title": row.heading}, body)

    def prepare(self, deliveries, now):
        """A link of its own for each message to an enterprise: whoever holds it answers with one tap."""
        found = self.found(d.task.subject_id for d in deliveries)
        hand_out(deliveries, links.ENDING, {d.pk: found[d.task.subject_id] for d in deliveries}, now)


class Notice(AboutEnds):
    """What renews itself: a note before the last day on which notice can be given; then nothing."""

    name = "agreement_notice"
    label = gettext_lazy("Agreements that renew themselves")
    explanation = gettext_lazy(
        "30 and 7 days before the last day of notice, whoever looks after an agreement that renews itself gets a note."
    )
    steps = (
        Step(1, -NOTICE_STEPS[0], gettext_lazy("a note"), courtesy=(Side.SCHOOL,)),
        Step(2, -NOTICE_STEPS[1], gettext_lazy("once more"), courtesy=(Side.SCHOOL,)),
    )

    def wanted(self, side, now):
        if side == Side.ENTERPRISE:
            return None
        today = timezone.localdate(now)
        last = ExpressionWrapper(F("effective_until") - F("notice"), output_field=DateField())
        rows = self.rows(renews=True).annotate(last_notice=last)
        within = {"last_notice__gte": today, "last_notice__lte": today + timedelta(days=NOTICE_STEPS[0])}
        return self.task(rows.filter(**within), F("last_notice"))

    def told(self, step, now):
        channel = Channel.APP if step.number == 1 else Channel.MAIL
        return [(Side.SCHOOL, to_person(Agreement.objects.bases().in_force(), of("owner"), channel=channel))]

    def line(self, side, row):
        day = last_day_of_notice(row.effective_until, row.notice)
        return Line(
            title=_("“%(title)s” renews itself") % {"title": row.heading},
            about=row.enterprise.title,
            why=_("On %(day)s, unless one side gives notice by %(last)s.")
            % {"day": date_format(row.effective_until), "last": date_format(day)},
            action=_("Open"),
            url=reverse("partnerships:agreement_detail", args=[row.pk]),
        )


OBLIGATION, UNSCHEDULED, END, NOTICE = Promises(), Unscheduled(), End(), Notice()

"""The rules of this app: what the planner reminds both sides of, and in which words."""

from datetime import UTC, timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, Extract, Greatest, NullIf, TruncDate
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from partnerships.models import Contact, Enterprise, Shutdown
from partnerships.models.enterprise import NEVER
from partnerships.rules.rhythm import CADENCE, SOON
from partnerships.services import links
from records import prepared
from records.links import DAYS, new_code
from records.models import Event, Link, Side
from reminders.models import Channel, Delivery
from reminders.rules import Line, Rule, Step, Told

#: Who did something in the partnership within these days is not nudged.
ACTIVE = timedelta(days=3)


def due_on():
    """The day by which both sides should have talked again: the last two-way contact plus the cadence.

    Not before the day on which the partner was recorded: a list imported today makes nobody overdue.
    """
    by_tier = Case(*(When(tier=tier, then=Value(days)) for tier, days in CADENCE.items()))
    days = Coalesce(Cast("cadence_days", IntegerField()), by_tier, output_field=IntegerField())
    return Greatest(
        ExpressionWrapper(TruncDate("last_contact_at") + days, output_field=DateField()), TruncDate("created_at")
    )


def watched():
    """Active partners with a known last contact: host-only ones have no cadence, unknown ones too little data."""
    return Enterprise.objects.current().partners().filter(state=Enterprise.State.ACTIVE, last_contact_at__gt=NEVER)


def with_contact(queryset, nth):
    """`person`: the n-th present contact (0: the first; the keeper leads) of each enterprise, read once."""
    present = Contact.objects.filter(enterprise=OuterRef("pk"), left_on=None).order_by("-is_keeper", "id")
    nth_of_them = Subquery(present.values("pk")[nth : nth + 1])
    return queryset.annotate(person=FilteredRelation("contacts", condition=Q(contacts__pk=nth_of_them)))


def shown_partners():
    """What a line says of a partner."""
    return Enterprise.objects.values_list(
        "pk", "name", "name_en", "tier", "cadence_days", "last_contact_at", "owner__name", "owner__name_en"
    )


class Gap(Rule):
    """No two-way contact for as long as the cadence: a note, a task with a friendly message, both again, the lead."""

    name = "gap"
    label = gettext_lazy("No contact for too long")
    explanation = gettext_lazy(
        "A week before a partner's cadence runs out the officer gets a note; on the day a task, and the contact a "
        "friendly question; after a week both again, with the second contact; after two weeks the lead."
    )
    subject_model = Enterprise
    NOTE, DAY, AGAIN, LEAD = 1, 2, 3, 4
    steps = (
        Step(NOTE, -SOON, gettext_lazy("a note to the officer"), courtesy=(Side.SCHOOL,)),
        Step(DAY, 0, gettext_lazy("a task for the officer, a question to the contact"), courtesy=(Side.ENTERPRISE,)),
        Step(AGAIN, 7, gettext_lazy("both again, with the second contact"), courtesy=(Side.ENTERPRISE,)),
        Step(LEAD, 14, gettext_lazy("the lead")),
    )

    again = steps[1]
    is_for_groups = True

    # --- which tasks ---

    def wanted(self, side, now):
        today = timezone.localdate(now)
        horizon = today + timedelta(days=SOON) if side == Side.SCHOOL else today
        closed = Shutdown.objects.filter(enterprise=OuterRef("pk"), starts_on__lte=today, ends_on__gte=today)
        return (
            watched()
            .annotate(task_due_on=due_on())
            .filter(task_due_on__lte=horizon)
            .annotate(
                task_stream=F("pk"),
                task_episode=Cast(
                    Cast(Extract("last_contact_at", "epoch", tzinfo=UTC), BigIntegerField()), CharField()
                ),
                task_owner_id=F("owner_id"),
                task_params=Value({}, JSONField()),
                task_held=Exists(closed),
            )
        )

    # --- who is told ---

    def told(self, step, now):
        if step.number == self.NOTE:
            return [(Side.SCHOOL, self._officer(Channel.APP, now))]
        if step.number == self.LEAD:
            leads = User.objects.active().filter(role=Role.LEAD)
            return [(Side.SCHOOL, self._lead(lead)) for lead in leads] or [(Side.SCHOOL, self._missing_lead())]
        sides = [(Side.SCHOOL, self._officer(Channel.MAIL, now)), (Side.ENTERPRISE, self._contact(0, now))]
        if step.number == self.AGAIN:
            sides.append((Side.ENTERPRISE, self._contact(1, now)))
        return sides

    def _row(self, queryset, **columns):
        texts = {"dedup": "", "name": "", "address": "", "language": "zh-hans", "channel": "", "skip": ""}
        numbers = {"user_id": None, "addressee_id": None}
        annotations = {}
        for name, value in (texts | numbers | columns).items():
            if not hasattr(value, "resolve_expression"):
                value = Value(value, BigIntegerField() if name in numbers else CharField())
            annotations[f"told_{name}"] = value
        return queryset.annotate(**annotations)

    def _officer(self, channel, now):
        wrote = Event.objects.filter(
            stream=OuterRef("pk"), by=OuterRef("owner"), happened_at__gt=now - ACTIVE, happened_at__lte=now
        )
        skip = Case(
            When(owner=None, then=Value("no_owner")),
            When(Exists(wrote), then=Value("active")),
            default=Value(""),
        )
        return self._row(
            watched(),
            dedup=Concat(Value("u"), Coalesce(Cast("owner_id", CharField()), Value("0"))),
            user_id=F("owner_id"),
            name=Coalesce(F("owner__name"), Value("")),
            address=Coalesce(F("owner__email"), Value("")),
            language=Coalesce(F("owner__language"), Value("zh-hans")),
            channel=channel,
            skip=skip,
        )

    def _lead(self, lead):
        return self._row(
            watched(), dedup=f"u{lead.pk}", user_id=lead.pk, name=lead.name, address=lead.email,
            language=lead.language, channel=Channel.MAIL,
        )  # fmt: skip

    def _missing_lead(self):
        return self._row(watched(), dedup="u0", channel=Channel.APP, skip="no_lead")

    def _contact(self, nth, now):
        """The n-th contact: by mail where that is switched on and known, else as a draft to carry by hand."""
        acted = Event.objects.filter(
            stream=OuterRef("pk"), side=Side.ENTERPRISE, happened_at__gt=now - ACTIVE, happened_at__lte=now
        )
        automatic = Q(messages_automatic=True) & ~Q(told_address="")
        queryset = with_contact(watched(), nth).annotate(
            told_addressee_id=F("person__pk"),
            told_name=Coalesce(NullIf("person__honorific", Value("")), "person__name", Value("")),
            told_address=Coalesce("person__email", Value(""), output_field=CharField()),
            told_language=Coalesce("person__language", Value("zh-hans")),
        )
        if nth:  # a second contact is told where there is one; the first row already says who is missing
            queryset = queryset.filter(told_addressee_id__isnull=False)
        return queryset.annotate(
            told_dedup=Concat(Value("c"), Coalesce(Cast("told_addressee_id", CharField()), Value("0"))),
            told_user_id=Value(None, BigIntegerField()),
            told_channel=Case(When(automatic, then=Value("mail")), default=Value("hand"), output_field=CharField()),
            told_skip=Case(
                When(owner=None, then=Value("no_owner")),
                When(told_addressee_id=None, then=Value("nobody")),
                When(Exists(acted), then=Value("active")),
                default=Value(""),
                output_field=CharField(),
            ),
        )

    # --- words ---

    def lines(self, tasks):
        enterprises = prepared.instances(shown_partners, [task.subject_id for task in tasks])
        return {task.pk: self._line(task, enterprises[task.subject_id]) for task in tasks}

    def _line(self, task, enterprise):
        if task.side == Side.ENTERPRISE:
            return Line(
                title=_("Shall we meet again?"),
                about=str(enterprise.owner or ""),
                why=_("We have not visited for a while. Tell us what suits you: one tap is enough."),
                action=_("Answer"),
                url=reverse("partnerships:portal_visit", args=[enterprise.pk]),
            )
        last = timezone.localdate(enterprise.last_contact_at)
        return Line(
            title=_("Get in touch"),
            about=enterprise.title,
            why=_("Last exchange on %(day)s; every %(cadence)s days is the aim.")
            % {"day": date_format(last), "cadence": enterprise.cadence},
            action=_("Log a contact"),
            url=reverse("partnerships:touchpoint_new", args=[enterprise.pk]),
        )

    def words(self, deliveries):
        enterprises = Enterprise.objects.select_related("owner").in_bulk([d.stream for d in deliveries])
        told = {}
        for delivery in deliveries:
            with translation.override(delivery.language):
                write = self._to_contact if delivery.side == Side.ENTERPRISE else self._to_school
                told[delivery.pk] = write(delivery, enterprises[delivery.stream])
        return told

    def _to_school(self, delivery, enterprise):
        line = self._line(delivery.task, enterprise)
        page = settings.SITE_URL + reverse("partnerships:enterprise_detail", args=[enterprise.pk])
        subject = _("%(name)s: time to get in touch") % {"name": enterprise.title}
        if delivery.step == self.LEAD:
            owner = enterprise.owner or _("nobody")
            line_for_lead = _("In charge: %(owner)s.") % {"owner": owner}
            return Told(subject, f"{line.why}\n{line_for_lead}\n\n{page}\n")
        return Told(subject, f"{line.why}\n\n{page}\n")

    def _to_contact(self, delivery, enterprise):
        """The same text by mail and by hand: at most 80 characters, then the link alone on the last line."""
        message = links.carried_message(
            delivery.link,
            sender=enterprise.owner or delivery.link.created_by,
            what=links.visit_question(),
            minutes=links.MINUTES[links.VISIT],
            until=delivery.link.expires_at,
        )
        university = settings.UNIVERSITY.get(delivery.language, settings.UNIVERSITY["zh-hans"])
        return Told(_("%(university)s: when may we visit you?") % {"university": university}, message + "\n")

    def prepare(self, deliveries, now):
        """A link of its own for each message to an enterprise: whoever holds it answers with one tap."""
        waiting = [d for d in deliveries if d.side == Side.ENTERPRISE and d.link_id is None]
        owners = dict(Enterprise.objects.filter(pk__in=[d.stream for d in waiting]).values_list("pk", "owner_id"))
        kind = ContentType.objects.get_for_model(Enterprise)
        for delivery in waiting:
            delivery.link = Link(
                code=new_code(), purpose=links.VISIT, subject_type=kind, subject_id=delivery.stream,
                stream=delivery.stream, addressee=delivery.name[:60], language=delivery.language,
                created_by_id=owners[delivery.stream], created_at=now, expires_at=now + timedelta(days=DAYS),
            )  # fmt: skip
        Link.objects.bulk_create([delivery.link for delivery in waiting])
        Delivery.objects.bulk_update(waiting, ["link"])


GAP = Gap()

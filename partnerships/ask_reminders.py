"""The rules about asks: the enterprise is told on asking and before it expires; who asked hears how it ended."""

from datetime import datetime, time, timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
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
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, TruncDate
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships.models import Ask, Contact
from partnerships.seminar_reminders import AT_ONCE, SHOWN, short
from partnerships.services import links
from partnerships.workflow import ASK, AskState
from records import prepared
from records.links import new_code
from records.models import Link, Side
from reminders.models import Channel, Delivery
from reminders.rules import Line, Rule, Step, Told

#: How it ended, where the asker is told of it.
ENDED = (AskState.ACCEPTED, AskState.DECLINED, AskState.DONE, AskState.EXPIRED)


def asks_of(deliveries):
    asks = Ask.objects.select_related("enterprise__owner", "asked_by", "department")
    return asks.in_bulk({delivery.task.subject_id for delivery in deliveries})


def shown_asks():
    """What a line says of a request."""
    return Ask.objects.values_list(
        "pk", "state", "text", "due_on", "answer_note", "enterprise_id", "enterprise__name", "enterprise__name_en",
        "asked_by__name", "asked_by__name_en", "department__name", "department__name_en",
    )  # fmt: skip


def lines_of_asks(tasks, line):
    found = prepared.instances(shown_asks, [task.subject_id for task in tasks])
    return {task.pk: line(found[task.subject_id]) for task in tasks if task.subject_id in found}


class Asked(Rule):
    """What waits for an answer: told at once, by mail or by hand, and once more three days before it expires."""

    name = "ask"
    label = gettext_lazy("Requests to enterprises")
    explanation = gettext_lazy(
        "The enterprise is told of a request at once, and once more three days before it expires."
    )
    subject_model = Ask
    pauses_in_vacation = False
    steps = (
        Step(1, AT_ONCE, gettext_lazy("the request")),
        Step(2, -3, gettext_lazy("three days before it expires"), courtesy=(Side.ENTERPRISE,)),
    )
    again = steps[0]

    def wanted(self, side, now):
        """The task of the enterprise is carried by who asks: an officer of that department."""
        if side == Side.SCHOOL:
            return None
        return Ask.objects.waiting().filter(due_on__gte=timezone.localdate(now)).annotate(
            task_stream=F("enterprise_id"),
            task_episode=Value("1", CharField()),
            task_due_on=F("due_on"),
            task_owner_id=F("asked_by_id"),
            task_params=Value({}, JSONField()),
            task_held=Value(False, BooleanField()),
        )  # fmt: skip

    def told(self, step, now):
        """Whom it was made out to, else the keeper or the first known contact."""
        rank = Case(When(pk=OuterRef("contact_id"), then=0), default=1, output_field=IntegerField())
        first = Contact.objects.filter(enterprise=OuterRef("enterprise_id"), left_on=None).annotate(rank=rank)
        first = first.order_by("rank", "-is_keeper", "id")
        automatic = Q(enterprise__messages_automatic=True) & ~Q(told_address="")
        is_first = Q(enterprise__contacts__pk=Subquery(first.values("pk")[:1]))
        rows = (
            Ask.objects.annotate(person=FilteredRelation("enterprise__contacts", condition=is_first))
            .annotate(
                told_addressee_id=F("person__pk"),
                told_name=Coalesce(NullIf("person__honorific", Value("")), "person__name", Value("")),
                told_address=Coalesce("person__email", Value(""), output_field=CharField()),
                told_language=Coalesce("person__language", Value("zh-hans")),
                told_user_id=Value(None, BigIntegerField()),
            )
            .annotate(
                told_dedup=Concat(Value("c"), Coalesce(Cast("told_addressee_id", CharField()), Value("0"))),
                told_channel=Case(When(automatic, then=Value("mail")), default=Value("hand"), output_field=CharField()),
                told_skip=Case(
                    When(told_addressee_id=None, then=Value("nobody")), default=Value(""), output_field=CharField()
                ),
            )
        )
        return [(Side.ENTERPRISE, rows)]

    def lines(self, tasks):
        return lines_of_asks(tasks, self._line)

    def _line(self, ask):
        return Line(
            title=ask.text,
            about=str(ask.asked_by),
            why=_("%(department)s asks you, please answer by %(day)s.")
            % {"department": ask.department, "day": date_format(ask.due_on)},
            action=_("Answer"),
            url=reverse("partnerships:portal_ask", args=[ask.enterprise_id, ask.pk]),
        )

    def prepare(self, deliveries, now):
        """A link of its own for each message: whoever holds it answers until the day after the last one."""
        waiting = [delivery for delivery in deliveries if delivery.link_id is None]
        asks, kind = asks_of(waiting), ContentType.objects.get_for_model(Ask)
        waiting = [delivery for delivery in waiting if delivery.task.subject_id in asks]
        for delivery in waiting:
            ask = asks[delivery.task.subject_id]
            delivery.link = Link(
                code=new_code(), purpose=links.ASK, subject_type=kind, subject_id=ask.pk, stream=delivery.stream,
                addressee=delivery.name[:60], language=delivery.language, created_by_id=ask.asked_by_id,
                created_at=now, expires_at=max(end_of(ask.due_on), now + timedelta(hours=1)),
            )  # fmt: skip
        Link.objects.bulk_create([delivery.link for delivery in waiting])
        Delivery.objects.bulk_update(waiting, ["link"])

    def words(self, deliveries):
        asks, told = asks_of(deliveries), {}
        for delivery in deliveries:
            with translation.override(delivery.language):
                told[delivery.pk] = self._words(delivery, asks[delivery.task.subject_id])
        return told

    def _words(self, delivery, ask):
        message = links.carried_message(
            delivery.link, sender=ask.asked_by, what=(short(ask.text, 30), short(ask.text, 18)),
            minutes=links.MINUTES[links.ASK], until=end_of(ask.due_on),
        )  # fmt: skip
        return Told(_("A request: %(text)s") % {"text": short(ask.text, 60)}, message + "\n")


class Answered(Rule):
    """How a request ended: who asked it is told once, and reads it off the list."""

    name = "ask_answered"
    label = gettext_lazy("Answers to requests")
    explanation = gettext_lazy(
        "Whoever asked an enterprise for something hears once what was answered, or that nobody did."
    )
    subject_model = Ask
    pauses_in_vacation = False
    steps = (Step(1, AT_ONCE, gettext_lazy("at once")),)

    def wanted(self, side, now):
        """Until it was read, for two weeks at most; what was agreed stays with the ask itself."""
        if side == Side.ENTERPRISE:
            return None
        ended_at = Coalesce("closed_at", "answered_at")
        return Ask.objects.filter(state__in=ENDED, seen_at=None).annotate(ended_at=ended_at).filter(
            ended_at__gt=now - SHOWN
        ).annotate(
            task_stream=F("enterprise_id"),
            task_episode=F("state"),
            task_due_on=TruncDate("ended_at"),
            task_owner_id=self._who(),
            task_params=Value({}, JSONField()),
            task_held=Value(False, BooleanField()),
        )  # fmt: skip

    def _who(self, field="id"):
        """Who asked; where that person has left, who looks after the partner."""
        return Case(
            When(asked_by__is_active=True, then=F(f"asked_by__{field}")), default=F(f"enterprise__owner__{field}")
        )

    def told(self, step, now):
        rows = Ask.objects.annotate(told_user_id=self._who()).annotate(
            told_dedup=Concat(Value("u"), Coalesce(Cast("told_user_id", CharField()), Value("0"))),
            told_addressee_id=Value(None, BigIntegerField()),
            told_name=Coalesce(self._who("name"), Value("")),
            told_address=Coalesce(self._who("email"), Value(""), output_field=CharField()),
            told_language=Coalesce(self._who("language"), Value("zh-hans")),
            told_channel=Case(
                When(told_address="", then=Value(Channel.APP)), default=Value(Channel.MAIL), output_field=CharField()
            ),
            told_skip=Case(
                When(told_user_id=None, then=Value("no_owner")), default=Value(""), output_field=CharField()
            ),
        )
        return [(Side.SCHOOL, rows)]

    def lines(self, tasks):
        return lines_of_asks(tasks, self._line)

    def _line(self, ask):
        return Line(
            title=f"{ASK.words[ask.state].label}: {short(ask.text, 60)}",
            about=ask.enterprise.title,
            why=ask.answer_note or str(ASK.words[ask.state].next_step),
            action=_("Read"),
            url=reverse("partnerships:ask_detail", args=[ask.pk]),
        )

    def words(self, deliveries):
        asks, told = asks_of(deliveries), {}
        for delivery in deliveries:
            with translation.override(delivery.language):
                line = self._line(asks[delivery.task.subject_id])
                body = f"{line.title}\n{line.why}\n\n{settings.SITE_URL}{line.url}\n"
                told[delivery.pk] = Told(f"{line.about}: {line.title}", body)
        return told


def end_of(day):
    """The end of its last day, in the school's own time."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


ASKED, ANSWERED = Asked(), Answered()

"""The rules about signatures: who is to sign is told at once, after five and after ten days; whoever looks after the
agreement hears that somebody did not sign."""

from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    JSONField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, Greatest, NullIf, TruncDate
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from partnerships.models import Agreement, Contact, Enterprise, Shutdown
from partnerships.seminar_reminders import AT_ONCE, short, university
from partnerships.services import links
from records import prepared
from records.links import DAYS, new_code
from records.models import Link, Side, Signature
from records.signatures import OPEN
from reminders.models import Channel, Delivery
from reminders.rules import Line, Rule, Step, Told

#: Days within which a signature is hoped for.
PATIENCE = 10
S = Signature.State
#: Whose task it is at the school: the person asked; without an account, whoever looks after the agreement.
OWNER = Coalesce("user_id", "owner_id", output_field=BigIntegerField())


def of_agreements():
    """Requests to sign an agreement or an amendment, with whoever looks after it."""
    kind = ContentType.objects.get_for_model(Agreement)
    return Signature.objects.filter(subject_type=kind).annotate(owner_id=_of_agreement("owner_id"))


def _of_agreement(column):
    return Subquery(Agreement.objects.filter(pk=OuterRef("subject_id")).values(column)[:1])


def agreements_of(ids):
    """{id of the request: (request, its agreement)}, in three queries for all of them."""
    requests = Signature.objects.select_related("user").in_bulk(ids)
    rows = Agreement.objects.select_related("enterprise", "owner").in_bulk(
        {row.subject_id for row in requests.values()}
    )
    return {pk: (row, rows[row.subject_id]) for pk, row in requests.items() if row.subject_id in rows}


def shown_requests():
    return Signature.objects.values_list(
        "pk", "subject_id", "side", "user_id", "name", "capacity", "asked_at", "reason"
    )


def shown_agreements():
    return Agreement.objects.values_list(
        "pk", "title", "title_en", "enterprise_id", "enterprise__name", "enterprise__name_en", "owner__name",
        "owner__name_en",
    )  # fmt: skip


def agreements_shown(ids):
    """The same for lines: only what they say, in two queries."""
    requests = prepared.instances(shown_requests, ids)
    rows = prepared.instances(shown_agreements, {row.subject_id for row in requests.values()})
    return {pk: (row, rows[row.subject_id]) for pk, row in requests.items() if row.subject_id in rows}


class AboutSignatures(Rule):
    """What both rules share: on the school's side the person asked or whoever looks after it."""

    subject_model = Signature
    pauses_in_vacation = False

    def _person(self, queryset, user_id):
        """The recipient at the school whose id is `user_id`: by mail."""
        rows = User.objects.filter(pk=OuterRef("told_user_id"))
        return queryset.annotate(told_user_id=user_id).annotate(
            told_dedup=Concat(Value("u"), Cast("told_user_id", CharField())),
            told_addressee_id=Value(None, BigIntegerField()),
            told_name=Coalesce(Subquery(rows.values("name")[:1]), Value("")),
            told_address=Coalesce(Subquery(rows.values("email")[:1]), Value(""), output_field=CharField()),
            told_language=Coalesce(Subquery(rows.values("language")[:1]), Value("zh-hans")),
            told_channel=Value(Channel.MAIL, CharField()),
            told_skip=Value("", CharField()),
        )

    def lines(self, tasks):
        found = agreements_shown([task.subject_id for task in tasks])
        return {task.pk: self.line(task, *found[task.subject_id]) for task in tasks if task.subject_id in found}

    def words(self, deliveries):
        found, told = agreements_of({d.task.subject_id for d in deliveries}), {}
        for delivery in deliveries:
            with translation.override(delivery.language):
                row, agreement = found[delivery.task.subject_id]
                write = self.to_contact if delivery.side == Side.ENTERPRISE else self.to_school
                told[delivery.pk] = write(delivery, row, agreement)
        return told


class ToSign(AboutSignatures):
    """Whoever is asked, once it is their turn: told at once, after five and after ten days."""

    name = "signature"
    label = gettext_lazy("Agreements to sign")
    explanation = gettext_lazy(
        "Whoever is to sign an agreement is told as soon as it is their turn, and again after five and ten days. The "
        "enterprise gets a link through which it is read and signed."
    )
    ASKED, AGAIN, LAST = 1, 2, 3
    steps = (
        Step(ASKED, AT_ONCE, gettext_lazy("asked to sign")),
        Step(AGAIN, -5, gettext_lazy("after five days")),
        Step(LAST, 0, gettext_lazy("after ten days")),
    )
    again = steps[1]

    def wanted(self, side, now):
        today = timezone.localdate(now)
        of_same = Signature.objects.filter(
            subject_type=OuterRef("subject_type"), subject_id=OuterRef("subject_id"), position__lt=OuterRef("position")
        )
        signed_before = of_same.filter(state=S.SIGNED).order_by().values("subject_id")
        since = Greatest("asked_at", Subquery(signed_before.annotate(last=Max("closed_at")).values("last")))
        due_on = ExpressionWrapper(TruncDate(since) + PATIENCE, output_field=DateField())
        closed = Shutdown.objects.filter(enterprise=OuterRef("stream"), starts_on__lte=today, ends_on__gte=today)
        is_school = side == Side.SCHOOL
        return (
            of_agreements()
            .filter(~Exists(of_same.filter(state__in=OPEN)), side=side, state__in=[S.ASKED, S.SEEN])
            .annotate(
                task_stream=F("stream"),
                task_episode=Value("1", CharField()),
                task_due_on=due_on,
                task_owner_id=OWNER if is_school else F("owner_id"),
                task_params=Value({}, JSONField()),
                task_held=Value(False, BooleanField()) if is_school else Exists(closed),
            )
        )

    def told(self, step, now):
        asked = of_agreements()
        school = self._person(asked.filter(side=Side.SCHOOL), OWNER)
        return [(Side.SCHOOL, school), (Side.ENTERPRISE, self._contact(asked.filter(side=Side.ENTERPRISE)))]

    def _contact(self, queryset):
        """The person asked: by mail where that is switched on and known, else as a draft to carry by hand."""
        person = Contact.objects.filter(pk=OuterRef("addressee_id"))
        firm = Enterprise.objects.filter(pk=OuterRef("stream")).values("messages_automatic")[:1]
        address = Coalesce(NullIf("email", Value("")), Subquery(person.values("email")[:1]), Value(""))
        called = Coalesce(NullIf(Subquery(person.values("honorific")[:1]), Value("")), "name")
        return (
            queryset.annotate(
                told_address=Coalesce(address, Value(""), output_field=CharField()),
                told_name=Coalesce(called, Value(""), output_field=CharField()),
                told_language=Coalesce(Subquery(person.values("language")[:1]), Value("zh-hans")),
                told_user_id=Value(None, BigIntegerField()),
                told_addressee_id=F("addressee_id"),
                told_dedup=Case(
                    When(addressee_id=None, then=Concat(Value("s"), Cast("pk", CharField()))),
                    default=Concat(Value("c"), Cast("addressee_id", CharField())),
                ),
                is_automatic=Subquery(firm),
            )
            .annotate(
                told_channel=Case(
                    When(Q(is_automatic=True) & ~Q(told_address=""), then=Value(Channel.MAIL)),
                    default=Value(Channel.HAND), output_field=CharField(),
                ),
                told_skip=Case(
                    When(Exists(person.filter(left_on__isnull=False)), then=Value("nobody")),
                    default=Value(""), output_field=CharField(),
                ),
            )
        )  # fmt: skip

    def line(self, task, row, agreement):
        return Line(
            title=_("Sign: %(title)s") % {"title": agreement.heading},
            about=str(agreement.owner) if task.side == Side.ENTERPRISE else agreement.enterprise.title,
            why=_("%(name)s was asked on %(day)s (%(capacity)s).")
            % {"name": row.name, "day": date_format(timezone.localdate(row.asked_at)), "capacity": row.capacity},
            action=_("Read and sign") if task.side == Side.ENTERPRISE or row.user_id else _("Show"),
            url=page_of(row, agreement),
        )

    def to_contact(self, delivery, row, agreement):
        """The same text by mail and by hand: at most 80 characters, then the link alone on the last line."""
        title = short(agreement.heading, 14)
        what = _("“%(title)s” is ready, please read and sign it") % {"title": title}
        message = links.carried_message(
            delivery.link, sender=agreement.owner, what=what, minutes=links.MINUTES[links.SIGN],
            until=delivery.link.expires_at,
        )  # fmt: skip
        values = {"title": agreement.heading, "university": university()}
        return Told(_("%(university)s: please sign “%(title)s”") % values, message + "\n")

    def to_school(self, delivery, row, agreement):
        line = self.line(delivery.task, row, agreement)
        page = settings.SITE_URL + line.url
        return Told(line.title, f"{line.why}\n{line.about}\n\n{page}\n")

    def prepare(self, deliveries, now):
        """A link of its own for each message to an enterprise: through it the person reads and signs."""
        waiting = [d for d in deliveries if d.side == Side.ENTERPRISE and d.link_id is None]
        found = agreements_of({d.task.subject_id for d in waiting})
        waiting = [d for d in waiting if d.task.subject_id in found]
        kind = ContentType.objects.get_for_model(Signature)
        for delivery in waiting:
            row, agreement = found[delivery.task.subject_id]
            delivery.link = Link(
                code=new_code(), purpose=links.SIGN, subject_type=kind, subject_id=row.pk, stream=delivery.stream,
                addressee=delivery.name[:60], language=delivery.language, created_by_id=agreement.owner_id,
                created_at=now, expires_at=now + timedelta(days=DAYS),
            )  # fmt: skip
        Link.objects.bulk_create([delivery.link for delivery in waiting])
        Delivery.objects.bulk_update(waiting, ["link"])


class NotSigned(AboutSignatures):
    """Somebody did not sign, with a reason: whoever looks after the agreement corrects it, or asks again."""

    name = "signature_refused"
    label = gettext_lazy("Agreements that somebody did not sign")
    explanation = gettext_lazy(
        "When somebody does not sign and says why, whoever looks after the agreement gets a task: correct the text, or "
        "ask again."
    )
    steps = (Step(1, 0, gettext_lazy("at once")),)

    def wanted(self, side, now):
        if side == Side.ENTERPRISE:
            return None
        return of_agreements().filter(state=S.REFUSED).annotate(
            task_stream=F("stream"), task_episode=Value("1", CharField()), task_due_on=TruncDate("closed_at"),
            task_owner_id=F("owner_id"), task_params=Value({}, JSONField()), task_held=Value(False, BooleanField()),
        )  # fmt: skip

    def told(self, step, now):
        return [(Side.SCHOOL, self._person(of_agreements(), F("owner_id")))]

    def line(self, task, row, agreement):
        return Line(
            title=_("Not signed: %(title)s") % {"title": agreement.heading},
            about=agreement.enterprise.title,
            why=_("%(name)s did not sign: %(why)s") % {"name": row.name, "why": row.reason},
            action=_("Correct it, or ask again"),
            url=reverse("partnerships:agreement_detail", args=[agreement.pk]) + "#signatures",
        )

    def to_school(self, delivery, row, agreement):
        line = self.line(delivery.task, row, agreement)
        return Told(line.title, f"{line.why}\n{line.about}\n\n{settings.SITE_URL}{line.url}\n")


def page_of(row, agreement):
    """Where the person asked reads and signs; without an account at the school, where it is carried from."""
    if row.side == Side.ENTERPRISE:
        return reverse("partnerships:portal_agreement_sign", args=[agreement.enterprise_id, agreement.pk])
    if row.user_id:
        return reverse("partnerships:agreement_sign", args=[agreement.pk])
    return reverse("partnerships:agreement_detail", args=[agreement.pk]) + "#signatures"


TO_SIGN, NOT_SIGNED = ToSign(), NotSigned()

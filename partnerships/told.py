"""Whom the rules of this app tell, as reminders.rules.TOLD wants it: rows that hang on an enterprise, and people."""

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, NullIf

from accounts.models import Role, User
from partnerships.models import Contact
from records.models import Side
from reminders.models import Channel


def of(column):
    """How to_person reads somebody who stands in a column of the subject: of("owner")("name")."""
    return lambda field: F(f"{column}__{field}")


def to_person(subjects, person, *, channel=None, skip=()):
    """Somebody of the school: by mail, or in the app alone where no address is known.

    `person` is a function (field of a user) -> expression; `skip` holds When()s that say who is left out, and why.
    """
    by_mail = Case(
        When(told_address="", then=Value(Channel.APP)), default=Value(channel or Channel.MAIL), output_field=CharField()
    )
    return subjects.annotate(
        told_user_id=person("id"),
        told_addressee_id=Value(None, BigIntegerField()),
        told_name=person("name"),
        told_address=Coalesce(person("email"), Value(""), output_field=CharField()),
        told_language=person("language"),
    ).annotate(
        told_dedup=Concat(Value("u"), Cast("told_user_id", CharField())),
        told_channel=by_mail,
        told_skip=Case(*skip, default=Value(""), output_field=CharField()),
    )


def to_contact(subjects, chosen, *, skip=()):
    """Somebody of the subject's enterprise: the first who is present, by mail where that is switched on, else by hand.

    `chosen` is the condition on a contact (with OuterRef to the subject) of whoever goes before keeper and first.
    """
    rank = Case(When(chosen, then=0), default=1, output_field=IntegerField())
    first = Contact.objects.filter(enterprise=OuterRef("enterprise_id"), left_on=None).annotate(rank=rank)
    first = first.order_by("rank", "-is_keeper", "id").values("pk")[:1]
    is_first = Q(enterprise__contacts__pk=Subquery(first))
    automatic = Q(enterprise__messages_automatic=True) & ~Q(told_address="")
    return (
        subjects.annotate(person=FilteredRelation("enterprise__contacts", condition=is_first))
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
                When(told_addressee_id=None, then=Value("nobody")), *skip, default=Value(""), output_field=CharField()
            ),
        )
    )  # fmt: skip


def to_leads(subjects, *, but=""):
    """[(side, subjects)]: every lead; one row that says that there is none. `but` names the column of whoever is told
    already, since nobody is told the same step twice."""
    told = []
    for lead in User.objects.active().filter(role=Role.LEAD).order_by("pk"):
        rows = subjects.exclude(**{but: lead.pk}) if but else subjects
        texts = {"dedup": f"u{lead.pk}", "name": lead.name, "address": lead.email or "", "language": lead.language}
        texts |= {"channel": Channel.MAIL if lead.email else Channel.APP, "skip": ""}
        told.append((Side.SCHOOL, _fixed(rows, lead.pk, texts)))
    texts = {"dedup": "u0", "name": "", "address": "", "language": "zh-hans", "channel": Channel.APP, "skip": "no_lead"}
    return told or [(Side.SCHOOL, _fixed(subjects, None, texts))]


def _fixed(subjects, user, texts):
    return subjects.annotate(
        told_user_id=Value(user, BigIntegerField()),
        told_addressee_id=Value(None, BigIntegerField()),
        **{f"told_{name}": Value(text, CharField()) for name, text in texts.items()},
    )

"""What hangs on one person, for pages: a colleague's portfolio, a contact of an enterprise, a whole partnership.

School only: the enterprise never reads any of it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from partnerships.models import ActionItem, Contact, Message, SeminarGuest, Touchpoint
from partnerships.rules.dependence import DAYS, TookPart, hangs_on
from partnerships.services.agreements import signing
from partnerships.services.leaving import flags_of_nobody_else, open_links_of, promises_of, seats_of
from partnerships.services.succession import (
    agreements_of,
    asks_of,
    invitations_of,
    items_of,
    obligations_of,
    partners_of,
    seminars_of,
    why_not_hand_over,
)
from partnerships.services.thread import waiting_for
from records.models import Side
from reminders.models import Task
from reminders.services import to_forward

#: So many partners of a portfolio stand on its page, to be ticked; "everything" moves the others as well.
SHOWN = 200
PROMISES = 10


# --- a colleague -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holding:
    """One kind of thing that hangs on a person: what, and how many."""

    label: str
    number: int


def holdings_of(person, *, now=None):
    """[Holding]: everything that waits for `person`, without the empty ones; one count for each kind."""
    now = now or timezone.now()
    threads = waiting_for(Side.SCHOOL).filter(enterprise__in=partners_of(person)).values("enterprise").distinct()
    counted = (
        (_("partners"), partners_of(person)),
        (_("open tasks"), Task.objects.open().filter(owner=person)),
        (_("threads without an answer"), threads),
        (_("messages to forward"), to_forward(person, now=now)),
        (_("agreements"), agreements_of(person)),
        (_("obligations"), obligations_of(person)),
        (_("open asks"), asks_of(person)),
        (_("agreements to sign"), signing.waiting_for(person)),
        (_("events"), seminars_of(person)),
        (_("action items"), items_of(person)),
        (_("open invitations"), invitations_of(person, now)),
    )
    holdings = [Holding(label, rows.count()) for label, rows in counted]
    return [holding for holding in holdings if holding.number]


def before_leaving(person, by):
    """What a person of the school still holds, and where it is handed over; None where nothing does (HOLDINGS)."""
    if not person.is_school or why_not_hand_over(person, by) or not (holdings := holdings_of(person)):
        return None
    return {"holdings": holdings, "url": reverse("partnerships:portfolio_hand_over", args=[person.pk])}


def portfolio_rows(person, queryset):
    """The partners of a portfolio with what is open at each: `open_tasks`, and whether its thread `waits`."""
    tasks = Task.objects.open().filter(stream=OuterRef("pk"), owner=person).order_by().values("stream")
    tasks = tasks.annotate(number=Count("pk")).values("number")
    waiting = waiting_for(Side.SCHOOL).filter(enterprise=OuterRef("pk"))
    return (
        queryset.select_related("lead_department")
        .annotate(open_tasks=Coalesce(Subquery(tasks, output_field=IntegerField()), 0), waits=Exists(waiting))
        .order_by(F("lead_department__name").asc(nulls_last=True), "sort_key", "pk")
    )


# --- a partnership -----------------------------------------------------------------------------------------------


def dependence_of(enterprises, *, reachable=None, now=None):
    """{id: [sentence]} of those `enterprises` that hang on one person; two queries, however many there are.

    `reachable` {id: names}: whoever has read the contacts already saves one.
    """
    since = (now or timezone.now()) - timedelta(days=DAYS)
    keys = [enterprise.pk for enterprise in enterprises]
    if reachable is None:
        reachable = defaultdict(list)
        present = Contact.objects.present().filter(~Q(phones=[]) | ~Q(email=""), enterprise__in=keys)
        for key, name in present.values_list("enterprise", "name"):
            reachable[key].append(name)
    took_part = defaultdict(lambda: {side: TookPart() for side in (Side.SCHOOL, Side.ENTERPRISE)})
    for row in _touchpoints(keys, since).union(_answers(keys, since), all=True):
        for side in (Side.SCHOOL, Side.ENTERPRISE):
            names = {name for part in NAMES[side] for name in row.get(part) or () if name}
            took_part[row["enterprise"]][side] += TookPart(row[f"{side.value}_number"], names)
    found = {key: hangs_on(took_part[key], reachable.get(key, ())) for key in keys}
    return {key: [_sentence(one) for one in reasons] for key, reasons in found.items() if reasons}


#: Under which names the two statements below say who took part; both have the same columns, in the same order.
NAMES = {Side.SCHOOL: ("loggers", "colleagues"), Side.ENTERPRISE: ("givers", "people", "said_by")}


def _touchpoints(keys, since):
    """Of each enterprise the two-way exchanges since then: who took part, and in how many a side is named at all."""
    logged_there = Q(logged_by=None) | Q(logged_by__role=Role.HR)
    named_there = logged_there | Q(contacts__isnull=False) | Q(proxy__isnull=False)
    rows = Touchpoint.objects.standing().filter(enterprise__in=keys, is_two_way=True, happened_at__gte=since).order_by()
    return rows.values("enterprise").annotate(
        loggers=ArrayAgg("logged_by__name", filter=~logged_there, distinct=True),
        colleagues=ArrayAgg("trip__colleagues__name", distinct=True),
        givers=ArrayAgg(
            Coalesce(NullIf("logged_name", Value("")), "logged_by__name"), filter=logged_there, distinct=True
        ),
        people=ArrayAgg("contacts__name", distinct=True),
        said_by=ArrayAgg("proxy__said_by", distinct=True),
        school_number=Count("pk", filter=~logged_there | Q(trip__colleagues__isnull=False), distinct=True),
        enterprise_number=Count("pk", filter=named_there, distinct=True),
    )


def _answers(keys, since):
    """The same of answers in the thread: who wrote it, and of the other side who wrote the letter."""
    wrote = Coalesce("proxy__said_by", NullIf("author_name", Value("")), "author__name")
    asked = Coalesce("answers__proxy__said_by", NullIf("answers__author_name", Value("")), "answers__author__name")
    rows = Message.objects.filter(enterprise__in=keys, answers__isnull=False, written_at__gte=since)
    rows = rows.exclude(answers__side=F("side")).annotate(
        of_school=Case(When(side=Side.SCHOOL, then=wrote), default=asked),
        of_enterprise=Case(When(side=Side.ENTERPRISE, then=wrote), default=asked),
    )
    return rows.order_by().values("enterprise").annotate(
        loggers=ArrayAgg("of_school", distinct=True),
        colleagues=Value(None, ArrayField(CharField())),
        givers=ArrayAgg("of_enterprise", distinct=True),
        people=Value(None, ArrayField(CharField())),
        said_by=Value(None, ArrayField(CharField())),
        school_number=Count("pk"),
        enterprise_number=Count("pk"),
    )  # fmt: skip


def _sentence(one):
    """At least FEWEST contacts, so always several; or nobody else who can be reached."""
    if not one.contacts:
        said = _("Only %(name)s can be reached there by phone or e-mail.")
    elif one.side == Side.SCHOOL:
        said = _("All %(count)d contacts of the last year were kept by %(name)s.")
    else:
        said = _("All %(count)d contacts of the last year were with %(name)s.")
    return said % {"count": one.contacts, "name": one.name}


# --- a contact of an enterprise ------------------------------------------------------------------------------------


def hangs_on_contact(contact, *, now=None):
    """What goes over when `contact` leaves: what only this person does, where they are expected, which links they
    hold, and what was promised in their presence."""
    now = now or timezone.now()
    agreed = contact.touchpoints.standing().exclude(agreed="").order_by("-happened_at", "-pk")
    items = ActionItem.objects.filter(
        Exists(SeminarGuest.objects.filter(seminar=OuterRef("seminar"), contact=contact)),
        enterprise=contact.enterprise_id, done_at=None,
    )  # fmt: skip
    return {
        "flags": [contact._meta.get_field(name).verbose_name for name in flags_of_nobody_else(contact)],
        "seats": list(seats_of(contact, now).select_related("seminar").order_by("seminar__starts_at", "pk")),
        "links": len(open_links_of(contact, now)),
        "agreed": list(agreed[:PROMISES]),
        "promised": list(promises_of(contact)[:PROMISES]),
        "items": list(items.select_related("seminar")[:PROMISES]),
    }

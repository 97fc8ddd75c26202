"""What needs this person today: one row per thing, with why and its one next step.

The tasks of the reminder rules, each with its due day, and beside them what waits by itself: for each kind of thing the
rows that wait, from the database as it is now, and its words; nothing is stored.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import BigIntegerField, Count, DateField, Exists, F, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Left, NullIf
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from partnerships.models import Enterprise, HandOver, Import, Message, ProxyEntry, Registration
from partnerships.services.seats import without_keeper
from partnerships.services.touchpoints import start_of
from partnerships.workflow import ImportState
from records import keyset, prepared
from records.links import asked_for_again
from records.models import Side
from records.templatetags.show import moment
from reminders.models import Delivery, Task
from reminders.rules import lines_of, rules
from reminders.workflow import DeliveryState

#: At most this many rows of one kind, those that wait longest.
MOST = 20
#: So many of the tasks put off.
PUT_OFF = 20
SHOWN_CORRECTED = timedelta(days=14)
#: What has no due day is overdue once it waits for so long.
LATE = timedelta(days=7)


@dataclass(frozen=True)
class Item:
    """One row of Today: what, about whom, why, since when or due when, and the one action.

    A row of a reminder rule carries its task, and whether the enterprise can be reminded once more.
    """

    side: str
    title: str
    about: str
    why: str
    since: datetime
    url: str
    action: str
    due: date | None = None
    task: Task | None = None
    task_url: str = ""
    can_remind: bool = False
    #: Whose it is, where the page shows everybody's.
    owner: str = ""
    #: Whether it stands first on the page.
    is_next: bool = False

    @property
    def day(self):
        """The day by which rows are ordered: due, or there since."""
        return self.due or timezone.localdate(self.since)

    @property
    def when(self):
        return moment(self.due or self.since)

    @property
    def task_id(self):
        return str(self.task.pk) if self.task else ""

    def is_asleep(self, now):
        """Whether its task is put off."""
        until = self.task and self.task.snoozed_until
        return until is not None and until > now.date()

    @property
    def until(self):
        """When its task, put off, comes back."""
        return moment(self.task.snoozed_until)

    @property
    def why_asleep(self):
        return f"{self.task.snoozed_by}: {self.task.snooze_reason}"

    @property
    def wake_url(self):
        return reverse("reminders:task_wake", args=[self.task.pk])


@dataclass(frozen=True)
class Group:
    """The rows that are due about the same time, and how many there are of them on all pages."""

    title: str
    tone: str
    items: list
    number: int


def groups_of(items, today, numbers=None):
    """[Group]: overdue, today, this week, later; without the empty ones.

    `numbers` are the numbers_of() all the tasks, where `items` holds only a page of them.
    """
    found = {"overdue": [], "today": [], "week": [], "later": []}
    for item in sorted(items, key=lambda item: item.day):
        if item.due is None:
            found["overdue" if item.day <= today - LATE else "today"].append(item)
        else:
            found[_name_of(item.due, today)].append(item)
    words = {
        "overdue": (_("Overdue"), "trouble"), "today": (_("Today"), "due"), "week": (_("This week"), ""),
        "later": (_("Later"), ""),
    }  # fmt: skip
    groups = []
    for name, rows in found.items():
        if rows:
            rows[0] = replace(rows[0], is_next=not groups)
            without_task = sum(item.task is None for item in rows)
            number = without_task + numbers[name] if numbers else len(rows)
            groups.append(Group(*words[name], rows, number))
    return groups


def _name_of(due, today):
    if due <= today:
        return "overdue" if due < today else "today"
    return "week" if due <= _sunday(today) else "later"


def _sunday(today):
    return today + timedelta(days=6 - today.weekday())


# --- tasks of the reminder rules -----------------------------------------------------------------------------------


def tasks_of(user, *, everybodys=False):
    """The open tasks that `user` is to do: the own ones. Leads also those of nobody, and those they were told of;
    with `everybodys` all of them."""
    tasks = Task.objects.visible_to(user).filter(side=Side.SCHOOL)
    if not user.sees_everything or everybodys:
        return tasks
    told = Delivery.objects.filter(user=user).exclude(state__in=[DeliveryState.SKIPPED, DeliveryState.CANCELLED])
    return tasks.filter(Q(owner=user) | Q(owner=None) | Q(pk__in=told.values("task")))


def days_of(user, *, everybodys=False):
    """[(pk, due_on, snoozed_until)] of the open ones of the tasks_of(), the COUNT_CAP due first; one query."""
    return prepared.rows(_days_of_tasks, user, everybodys)


def _days_of_tasks(person, everybodys):
    tasks = tasks_of(person, everybodys=everybodys).open().order_by("due_on", "pk")
    return tasks.values_list("pk", "due_on", "snoozed_until")[: keyset.COUNT_CAP]


def numbers_of(days, today):
    """{name of a group, or "asleep": how many of the days_of() tasks are in it}."""
    return Counter("asleep" if until and until > today else _name_of(due, today) for _pk, due, until in days)


def put_off_of(days, today):
    """Of the days_of() those tasks that are put off, at most PUT_OFF: whose day comes first; one query, if any."""
    asleep = sorted((until, pk) for pk, _due, until in days if until and until > today)[:PUT_OFF]
    found = prepared.instances(_shown_tasks, [pk for _until, pk in asleep])
    return [found[pk] for _until, pk in asleep if pk in found]


def _shown_tasks():
    """All that a row of a task put off reads, and the lines of the rules."""
    return Task.objects.order_by().values_list(
        "pk", "rule", "subject_type_id", "subject_id", "stream", "side", "due_on", "opened_at", "snoozed_until",
        "snooze_reason", "owner__name", "owner__name_en", "snoozed_by__name", "snoozed_by__name_en",
    )  # fmt: skip


def items_of(tasks, *, with_owner=False):
    """The tasks as rows, in the words of their rules; a handful of queries for all of them."""
    known = rules()
    return [
        Item(
            side=task.side, title=line.title, about=line.about, why=line.why, since=task.opened_at, url=line.url,
            action=line.action, due=task.due_on, task=task, task_url=reverse("reminders:task_detail", args=[task.pk]),
            can_remind=known[task.rule].again is not None,
            owner=str(task.owner or "—") if with_owner else "",
        )
        for task, line in lines_of(tasks)
    ]  # fmt: skip


# --- what waits by itself ------------------------------------------------------------------------------------------


def items_for(user):
    """Everything without a task that waits for `user`, oldest first; one query for all kinds of things."""
    if not user.sees_partners:
        return []
    found = prepared.rows(_waiting, user, corrected_since=timezone.now() - SHOWN_CORRECTED)
    return sorted((KINDS[row.its_kind][1](row) for row in found), key=lambda item: item.since)


def _waiting(person, corrected_since):
    """The rows of all KINDS, under the names of the first."""
    first, *others = [
        rows(person, corrected_since)
        .annotate(its_kind=Value(number))
        .values_list("its_kind", *(f"its_{name}" for name in COLUMNS))[:MOST]
        for number, (rows, _words) in enumerate(KINDS)
    ]
    return first.union(*others, all=True)


#: What each kind of row answers with, and what stands for what it has not: when it began to wait (a moment, or only a
#: day), the key of its page (and of its enterprise), whom it is about and who did it, in both languages, what was said,
#: and how many there are.
COLUMNS = {
    "since": None, "day": Cast(None, DateField()), "key": F("pk"), "stream": Value(0, BigIntegerField()),
    "about": Value(""), "about_en": Value(""), "who": Value(""), "who_en": Value(""), "text": Value(""),
    "number": Value(0, BigIntegerField()),
}  # fmt: skip


def told(queryset, **columns):
    """Give the rows the COLUMNS of what waits, those named by what they are here."""
    columns = {name: F(value) if isinstance(value, str) else value for name, value in columns.items()}
    return queryset.annotate(**{f"its_{name}": value for name, value in (COLUMNS | columns).items()})


def looked_after(user, path=""):
    """The condition of the own portfolio; leads and administrators also look after partners that nobody owns.

    `path` leads to the enterprise, ending in "__".
    """
    owned = Q(**{f"{path}owner": user})
    if user.sees_everything:
        owned |= Q(**{f"{path}owner": None})
    return owned & Q(**{f"{path}merged_into": None, f"{path}relation": Enterprise.Relation.PARTNER})


def name_of(name, name_en):
    """A name for the reader, as Enterprise.title and str(user) are."""
    return name_en if name_en and get_language() == "en" else name


def unanswered_messages(user, _corrected_since):
    later = Message.objects.filter(enterprise=OuterRef("enterprise"), written_at__gt=OuterRef("written_at"))
    waiting = Message.objects.visible_to(user).filter(
        ~Exists(later), looked_after(user, "enterprise__"), side=Side.ENTERPRISE
    )
    given = Coalesce("proxy__said_by", NullIf("author_name", Value("")))
    return told(
        waiting.order_by("written_at"), since="written_at", key="enterprise", about="enterprise__name",
        about_en="enterprise__name_en", who=Coalesce(given, "author__name"), who_en=Coalesce(given, "author__name_en"),
        text=Left("body", 140),
    )  # fmt: skip


def message_item(row):
    return Item(
        side=Side.ENTERPRISE,
        title=_("%(who)s wrote to you") % {"who": name_of(row.its_who, row.its_who_en)},
        about=name_of(row.its_about, row.its_about_en),
        why=row.its_text,
        since=row.its_since,
        url=reverse("partnerships:thread", args=[row.its_key]),
        action=_("Answer"),
    )


def corrected_entries(user, corrected_since):
    """Entries on behalf that the enterprise corrected in the last two weeks: nothing else takes them off the page."""
    corrected = ProxyEntry.objects.visible_to(user).filter(entered_by=user, checked_at__gte=corrected_since)
    return told(
        corrected.exclude(correction="").order_by("checked_at"), since="checked_at", key="enterprise",
        about="enterprise__name", about_en="enterprise__name_en", who="checked_by__name", who_en="checked_by__name_en",
        text=Left("correction", 140),
    )  # fmt: skip


def corrected_item(row):
    return Item(
        side=Side.ENTERPRISE,
        title=_("%(who)s corrected your entry") % {"who": name_of(row.its_who, row.its_who_en)},
        about=name_of(row.its_about, row.its_about_en),
        why=row.its_text,
        since=row.its_since,
        url=reverse("partnerships:timeline", args=[row.its_key]),
        action=_("Read"),
    )


def asked_links(user, _corrected_since):
    own = Enterprise.objects.filter(looked_after(user))
    of_link = Enterprise.objects.filter(pk=OuterRef("stream"))
    return told(
        asked_for_again(own.values("pk")), since="renewal_asked_at", stream="stream",
        about=Subquery(of_link.values("name")), about_en=Subquery(of_link.values("name_en")),
        who=Coalesce(NullIf("renewal_asked_by", Value("")), "addressee"),
    )  # fmt: skip


def link_item(row):
    return Item(
        side=Side.ENTERPRISE,
        title=_("%(who)s asks for a new link") % {"who": row.its_who},
        about=name_of(row.its_about, row.its_about_en),
        why=_("The link handed out before has ended."),
        since=row.its_since,
        url=reverse("partnerships:link_carry", args=[row.its_stream, row.its_key]),
        action=_("Hand out a new one"),
    )


def taken_over(user, _corrected_since):
    """What somebody handed over to `user`, until they have read it."""
    unread = HandOver.objects.filter(successor=user, read_at=None).order_by("at")
    return told(
        unread, since="at", who="person__name", who_en="person__name_en", text=Left("note", 140),
        number=Count("enterprises"),
    )  # fmt: skip


def hand_over_item(row):
    number = row.its_number
    return Item(
        side=Side.SCHOOL,
        title=_("%(who)s hands over to you") % {"who": name_of(row.its_who, row.its_who_en)},
        about=ngettext("%(count)d partner", "%(count)d partners", number) % {"count": number},
        why=row.its_text or _("You look after this from now on: its tasks are yours already."),
        since=row.its_since,
        url=reverse("partnerships:hand_over", args=[row.its_key]),
        action=_("Read"),
    )


def enterprises_without_keeper(user, _corrected_since):
    """Whose keeper has gone: until somebody else is invited only the school can let people in."""
    lost = without_keeper(Enterprise.objects.filter(looked_after(user)).exclude(state=Enterprise.State.ENDED))
    left_on = Max("contacts__left_on", filter=Q(contacts__user__isnull=False))
    return told(lost.order_by("sort_key", "pk"), since="created_at", day=left_on, about="name", about_en="name_en")


def keeper_item(row):
    return Item(
        side=Side.ENTERPRISE,
        title=_("Nobody keeps the enterprise's access"),
        about=name_of(row.its_about, row.its_about_en),
        why=_("Its keeper has left: invite somebody, or make a colleague the keeper."),
        since=start_of(row.its_day) if row.its_day else row.its_since,
        url=reverse("partnerships:enterprise_detail", args=[row.its_key]) + "#people",
        action=_("Open"),
    )


def open_imports(user, _corrected_since):
    uploaded = Import.objects.filter(uploaded_by=user, state=ImportState.PREVIEW)
    return told(uploaded.order_by("uploaded_at"), since="uploaded_at", about="name")


def import_item(row):
    return Item(
        side=Side.SCHOOL,
        title=_("Check the list you uploaded"),
        about=row.its_about,
        why=_("Nothing of it is written before you apply it."),
        since=row.its_since,
        url=reverse("partnerships:import_detail", args=[row.its_key]),
        action=_("Check"),
    )


def waiting_registrations(user, _corrected_since):
    waiting = Registration.objects.visible_to(user).waiting()
    return told(waiting.order_by("received_at"), since="received_at", about="contact_name", who="name")


def registration_item(row):
    return Item(
        side=Side.ENTERPRISE,
        title=_("Vet a new enterprise: %(name)s") % {"name": row.its_who},
        about=row.its_about,
        why=_("It registered itself and sees nothing before you decide."),
        since=row.its_since,
        url=reverse("partnerships:registration_detail", args=[row.its_key]),
        action=_("Review"),
    )


def prospects_to_assess(user, _corrected_since):
    prospects = Enterprise.objects.in_portfolio_of(user).filter(state=Enterprise.State.PROSPECT)
    return told(prospects.order_by("created_at", "pk"), since="created_at", about="name", about_en="name_en")


def prospect_item(row):
    return Item(
        side=Side.SCHOOL,
        title=_("Visit and assess a prospect"),
        about=name_of(row.its_about, row.its_about_en),
        why=_("A new host is assessed on site, in writing, before it is used."),
        since=row.its_since,
        url=reverse("partnerships:enterprise_detail", args=[row.its_key]),
        action=_("Open"),
    )


#: Of each kind the rows that wait, in the database, and the words for one of them.
KINDS = [
    (unanswered_messages, message_item),
    (corrected_entries, corrected_item),
    (asked_links, link_item),
    (taken_over, hand_over_item),
    (enterprises_without_keeper, keeper_item),
    (open_imports, import_item),
    (waiting_registrations, registration_item),
    (prospects_to_assess, prospect_item),
]


# --- beside it -----------------------------------------------------------------------------------------------------


def longest_without_contact(user):
    """The active partners of the own portfolio that were not spoken to for longest."""
    return [Enterprise(**row._asdict()) for row in prepared.rows(_longest_ago, user)]


def _longest_ago(person):
    active = Enterprise.objects.visible_to(person).in_portfolio_of(person).filter(state=Enterprise.State.ACTIVE)
    return active.order_by("last_contact_at", "pk").values_list("pk", "name", "name_en", "last_contact_at")[:5]

"""What needs this person today: one row per thing, with why and its one next step.

The tasks of the reminder rules, each with its due day, and beside them what waits by itself: each function below
answers for one kind of thing from the database as it is now; nothing is stored.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerships.access import stream_names
from partnerships.models import Enterprise, HandOver, Import, Message, ProxyEntry, Registration
from partnerships.services.seats import without_keeper
from partnerships.services.touchpoints import start_of
from partnerships.workflow import ImportState
from records.links import asked_for_again
from records.models import Side
from reminders.models import Delivery, Task
from reminders.rules import lines_of, rules
from reminders.services import last_reminders, why_too_soon
from reminders.workflow import DeliveryState

#: At most this many rows of one kind, those that wait longest.
MOST = 20
SHOWN_CORRECTED = timedelta(days=14)
#: What has no due day is overdue once it waits for so long.
LATE = timedelta(days=7)


@dataclass(frozen=True)
class Item:
    """One row of Today: what, about whom, why, since when or due when, and the one action.

    A row of a reminder rule carries its task, and what there is to say about reminding the enterprise once more.
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
    can_remind: bool = False
    reminded: Delivery | None = None
    why_not_remind: str | None = None

    @property
    def day(self):
        """The day by which rows are ordered: due, or there since."""
        return self.due or timezone.localdate(self.since)

    def is_asleep(self, now):
        """Whether its task is put off."""
        until = self.task and self.task.snoozed_until
        return until is not None and until > now.date()


def groups_of(items, today):
    """[(title, tone, items)]: overdue, today, this week, later; without the empty ones."""
    sunday = today + timedelta(days=6 - today.weekday())
    found = {"overdue": [], "today": [], "week": [], "later": []}
    for item in sorted(items, key=lambda item: item.day):
        if item.due is None:
            found["overdue" if item.day <= today - LATE else "today"].append(item)
        elif item.due <= today:
            found["overdue" if item.due < today else "today"].append(item)
        else:
            found["week" if item.due <= sunday else "later"].append(item)
    titles = {
        "overdue": (_("Overdue"), "trouble"), "today": (_("Today"), "due"), "week": (_("This week"), ""),
        "later": (_("Later"), ""),
    }  # fmt: skip
    return [(*titles[name], rows) for name, rows in found.items() if rows]


# --- tasks of the reminder rules -----------------------------------------------------------------------------------


def tasks_of(user, *, everybodys=False):
    """The open tasks that `user` is to do: the own ones. Leads also those of nobody, and those they were told of;
    with `everybodys` all of them."""
    tasks = Task.objects.visible_to(user).filter(side=Side.SCHOOL)
    if not user.sees_everything or everybodys:
        return tasks
    told = Delivery.objects.filter(user=user).exclude(state__in=[DeliveryState.SKIPPED, DeliveryState.CANCELLED])
    return tasks.filter(Q(owner=user) | Q(owner=None) | Q(pk__in=told.values("task")))


def items_of(tasks, now):
    """The tasks as rows, in the words of their rules; a handful of queries for all of them."""
    known, reminded = rules(), last_reminders(tasks)
    return [
        Item(
            side=task.side, title=line.title, about=line.about, why=line.why, since=task.opened_at, url=line.url,
            action=line.action, due=task.due_on, task=task, can_remind=known[task.rule].again is not None,
            reminded=reminded.get(task.pk), why_not_remind=why_too_soon(reminded.get(task.pk), now),
        )
        for task, line in lines_of(tasks)
    ]  # fmt: skip


# --- what waits by itself ------------------------------------------------------------------------------------------


def items_for(user):
    """Everything without a task that waits for `user`, oldest first."""
    if not user.sees_partners:
        return []
    found = [item for collect in COLLECTORS for item in collect(user)]
    return sorted(found, key=lambda item: item.since)


def looked_after(user, path=""):
    """The condition of the own portfolio; leads and administrators also look after partners that nobody owns.

    `path` leads to the enterprise, ending in "__".
    """
    owned = Q(**{f"{path}owner": user})
    if user.sees_everything:
        owned |= Q(**{f"{path}owner": None})
    return owned & Q(**{f"{path}merged_into": None, f"{path}relation": Enterprise.Relation.PARTNER})


def unanswered_messages(user):
    later = Message.objects.filter(enterprise=OuterRef("enterprise"), written_at__gt=OuterRef("written_at"))
    waiting = (
        Message.objects.visible_to(user)
        .filter(~Exists(later), looked_after(user, "enterprise__"), side=Side.ENTERPRISE)
        .select_related("enterprise", "author", "proxy")
        .only("body", "written_at", "author_name", "proxy__said_by", *named("enterprise"), *named("author"))
        .order_by("written_at")[:MOST]
    )
    for message in waiting:
        yield Item(
            side=Side.ENTERPRISE,
            title=_("%(who)s wrote to you") % {"who": message.who},
            about=message.enterprise.title,
            why=message.body[:140],
            since=message.written_at,
            url=reverse("partnerships:thread", args=[message.enterprise_id]),
            action=_("Answer"),
        )


def corrected_entries(user):
    """Entries on behalf that the enterprise corrected in the last two weeks: nothing else takes them off the page."""
    corrected = (
        ProxyEntry.objects.visible_to(user)
        .filter(entered_by=user, checked_at__gte=timezone.now() - SHOWN_CORRECTED)
        .exclude(correction="")
        .select_related("enterprise", "checked_by")
        .only("correction", "checked_at", *named("enterprise"), *named("checked_by"))
        .order_by("checked_at")[:MOST]
    )
    for entry in corrected:
        yield Item(
            side=Side.ENTERPRISE,
            title=_("%(who)s corrected your entry") % {"who": entry.checked_by},
            about=entry.enterprise.title,
            why=entry.correction[:140],
            since=entry.checked_at,
            url=reverse("partnerships:timeline", args=[entry.enterprise_id]),
            action=_("Read"),
        )


def asked_links(user):
    links = list(asked_for_again(Enterprise.objects.filter(looked_after(user)).values("pk"))[:MOST])
    names = stream_names([link.stream for link in links])
    for link in links:
        yield Item(
            side=Side.ENTERPRISE,
            title=_("%(who)s asks for a new link") % {"who": link.renewal_asked_by or link.addressee},
            about=names.get(link.stream, ""),
            why=_("The link handed out before has ended."),
            since=link.renewal_asked_at,
            url=reverse("partnerships:link_carry", args=[link.stream, link.pk]),
            action=_("Hand out a new one"),
        )


def taken_over(user):
    """What somebody handed over to `user`, until they have read it."""
    unread = HandOver.objects.filter(successor=user, read_at=None).annotate(number=Count("enterprises"))
    for told in unread.select_related("person").order_by("at")[:MOST]:
        yield Item(
            side=Side.SCHOOL,
            title=_("%(who)s hands over to you") % {"who": told.person},
            about=ngettext("%(count)d partner", "%(count)d partners", told.number) % {"count": told.number},
            why=told.note[:140] or _("You look after this from now on: its tasks are yours already."),
            since=told.at,
            url=reverse("partnerships:hand_over", args=[told.pk]),
            action=_("Read"),
        )


def enterprises_without_keeper(user):
    """Whose keeper has gone: until somebody else is invited only the school can let people in."""
    lost = without_keeper(Enterprise.objects.filter(looked_after(user)).exclude(state=Enterprise.State.ENDED))
    left_on = Max("contacts__left_on", filter=Q(contacts__user__isnull=False))
    for enterprise in lost.annotate(left_on=left_on).order_by("sort_key", "pk")[:MOST]:
        yield Item(
            side=Side.ENTERPRISE,
            title=_("Nobody keeps the enterprise's access"),
            about=enterprise.title,
            why=_("Its keeper has left: invite somebody, or make a colleague the keeper."),
            since=start_of(enterprise.left_on) if enterprise.left_on else enterprise.created_at,
            url=reverse("partnerships:enterprise_detail", args=[enterprise.pk]) + "#people",
            action=_("Open"),
        )


def open_imports(user):
    for batch in Import.objects.filter(uploaded_by=user, state=ImportState.PREVIEW).order_by("uploaded_at")[:MOST]:
        yield Item(
            side=Side.SCHOOL,
            title=_("Check the list you uploaded"),
            about=batch.name,
            why=_("Nothing of it is written before you apply it."),
            since=batch.uploaded_at,
            url=reverse("partnerships:import_detail", args=[batch.pk]),
            action=_("Check"),
        )


def waiting_registrations(user):
    for registration in Registration.objects.visible_to(user).waiting().order_by("received_at")[:MOST]:
        yield Item(
            side=Side.ENTERPRISE,
            title=_("Vet a new enterprise: %(name)s") % {"name": registration.name},
            about=registration.contact_name,
            why=_("It registered itself and sees nothing before you decide."),
            since=registration.received_at,
            url=reverse("partnerships:registration_detail", args=[registration.pk]),
            action=_("Review"),
        )


def prospects_to_assess(user):
    prospects = Enterprise.objects.in_portfolio_of(user).filter(state=Enterprise.State.PROSPECT)
    for enterprise in prospects.order_by("created_at", "pk").only("name", "name_en", "created_at")[:MOST]:
        yield Item(
            side=Side.SCHOOL,
            title=_("Visit and assess a prospect"),
            about=enterprise.title,
            why=_("A new host is assessed on site, in writing, before it is used."),
            since=enterprise.created_at,
            url=reverse("partnerships:enterprise_detail", args=[enterprise.pk]),
            action=_("Open"),
        )


def named(path):
    """The columns of an enterprise or a person that its name needs."""
    return f"{path}__name", f"{path}__name_en"


COLLECTORS = [
    unanswered_messages,
    corrected_entries,
    asked_links,
    taken_over,
    enterprises_without_keeper,
    open_imports,
    waiting_registrations,
    prospects_to_assess,
]


# --- beside it -----------------------------------------------------------------------------------------------------


def longest_without_contact(user, most=5):
    """The active partners of the own portfolio that were not spoken to for longest."""
    active = Enterprise.objects.visible_to(user).in_portfolio_of(user).filter(state=Enterprise.State.ACTIVE)
    return active.order_by("last_contact_at", "pk").only("name", "name_en", "last_contact_at")[:most]

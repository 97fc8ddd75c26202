"""Who of the school looks after what: one partnership, or everything of one person, handed over in one step."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

import pghistory
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from accounts.rules import why_not_invite
from partnerships.models import ActionItem, Agreement, Ask, Enterprise, HandOver, Obligation, Seminar, SeminarGuest
from partnerships.models.ask import BUSY
from partnerships.services.agreements import signing
from partnerships.services.enterprises import apply_changes, lock_for_change
from partnerships.workflow import AgreementState, ObligationState, SeminarState
from records.models import Audience, Event, Side, Signature
from records.services import record
from records.signatures import not_yet_asked
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Task
from reminders.services import hand_over_tasks

KIND = "enterprise.handed_over"
BATCH = 1_000
#: Partners handed over by the same person to the same one within this time are told as one.
IN_A_ROW = timedelta(minutes=10)


def why_not_take_over(person):
    """Who looks after partners may sign in and reads them."""
    if person.is_active and person.sees_partners:
        return None
    return _("Choose an officer or a lead who may sign in.")


def why_not_hand_over(person, by):
    """Leads and administrators hand over for everybody, everyone else what is their own."""
    if by.sees_everything or (by.pk == person.pk and by.sees_partners):
        return None
    return _("A lead hands over what belongs to somebody else.")


# --- one partnership -----------------------------------------------------------------------------------------------


def hand_over(enterprise, *, by, version, owner, lead_department, note="", now=None):
    """Give the partnership to another owner (and department); the tasks of its reminders follow at once.

    Writes "enterprise.handed_over", which both sides read, and tells the new owner. Raises NotAllowed, Refused for a
    merged row or where the new owner may not own partners, Conflict where somebody else saved in between.
    """
    now = now or timezone.now()
    if owner is not None and (reason := why_not_take_over(owner)):
        raise Refused(reason)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_for_change(enterprise, by)
        former = locked.owner
        if not apply_changes(locked, version, {"owner": owner, "lead_department": lead_department}):
            return locked
        locked.save(update_fields=["owner", "lead_department", "version"])
        names = {"from": former.name if former else "", "to": owner.name if owner else ""}
        record(
            KIND, subject=locked, stream=locked.pk, by=by, audience=audience_of(owner if owner != former else None),
            data={**names, "note": note.strip()}, happened_at=now,
        )  # fmt: skip
        if owner != former:
            _settle([locked.pk], now=now)
            if owner is not None and owner != by:
                _tell(locked, former or by, owner, by, note.strip(), now)
    return locked


def _tell(enterprise, person, successor, by, note, now):
    """The successor finds it on Today; several in a row, ticked in the list, are one thing to read."""
    unread = HandOver.objects.filter(
        person=person, successor=successor, by=by, note=note, read_at=None, at__gt=now - IN_A_ROW, at__lte=now
    )
    told = unread.filter(seminars=0, items=0, invitations=0).first()
    if told is None:
        told = HandOver.objects.create(person=person, successor=successor, by=by, at=now, note=note)
    told.enterprises.add(enterprise)


def audience_of(owner):
    """The enterprise reads who looks after it; that nobody does for now, or another department, is the school's."""
    return Audience.SCHOOL if owner is None else Audience.BOTH


def _settle(enterprises, seminars=(), items=(), now=None):
    """Let the tasks of the reminder rules follow at once."""
    about = Q(enterprise__in=enterprises) | Q(seminar__in=seminars)
    told = SeminarGuest.objects.filter(about, seminar__state__in=(SeminarState.PLANNED, SeminarState.CANCELLED))
    told = list(told.values_list("pk", flat=True))
    promised = ActionItem.objects.filter(about | Q(pk__in=items), done_at=None)
    promised = list(promised.values_list("pk", flat=True))
    for rule, subjects in (
        ("gap", enterprises), ("seminar", told), ("seminar_cancelled", told), ("seminar_item", promised)
    ):  # fmt: skip
        if subjects:
            planner.settle(rule, subjects, now)


# --- everything of one person ----------------------------------------------------------------------------------------


def partners_of(person):
    return Enterprise.objects.current().filter(owner=person)


def seminars_of(person):
    """Those that lie ahead, and those that were held and are not wrapped up."""
    return Seminar.objects.filter(organiser=person, state__in=(SeminarState.PLANNED, SeminarState.HELD))


def items_of(person):
    return ActionItem.objects.filter(owner=person, done_at=None)


def agreements_of(person):
    """Those that are still drafted, signed or in force."""
    over = (AgreementState.EXPIRED, AgreementState.RENEWED, AgreementState.TERMINATED)
    return Agreement.objects.filter(owner=person).exclude(state__in=over)


def obligations_of(person):
    return Obligation.objects.filter(owner=person, state=ObligationState.OPEN)


def asks_of(person):
    """Those that nobody answered yet, or that were said yes to and are not done."""
    return Ask.objects.filter(asked_by=person, state__in=BUSY)


def invitations_of(person, now):
    return Invitation.objects.open(now).filter(invited_by=person)


@dataclass(frozen=True)
class Plan:
    """Who takes over what: `successor` everything, but the partners led by a department of `by_department` (its id →
    person). `enterprises`, `seminars`, `items` and `signatures` narrow it to these ids; None is all of them.
    Agreements, what was promised in them, and what the enterprise was asked go with their partner. A request to sign
    stays open where the successor is asked in the same capacity already."""

    successor: User
    by_department: dict = field(default_factory=dict)
    enterprises: frozenset | None = None
    seminars: frozenset | None = None
    items: frozenset | None = None
    signatures: frozenset | None = None
    invitations: bool = True

    @property
    def successors(self):
        return {self.successor.pk: self.successor} | {person.pk: person for person in self.by_department.values()}


@dataclass
class Share:
    """What one successor gets, by ids."""

    successor: User
    enterprises: list = field(default_factory=list)
    seminars: list = field(default_factory=list)
    items: list = field(default_factory=list)
    invitations: list = field(default_factory=list)
    agreements: list = field(default_factory=list)
    obligations: list = field(default_factory=list)
    asks: list = field(default_factory=list)
    signatures: list = field(default_factory=list)

    @property
    def ids(self):
        return (
            self.enterprises, self.seminars, self.items, self.invitations, self.agreements, self.obligations, self.asks,
            self.signatures,
        )  # fmt: skip

    def __bool__(self):
        return any(self.ids)


def shares_of(person, plan, *, now, lock=False):
    """[Share]: what `plan` moves as things stand; with `lock` each table is locked in the order of its ids."""

    def rows(queryset, chosen, *columns):
        if chosen is not None:
            queryset = queryset.filter(pk__in=chosen)
        if lock:
            queryset = queryset.select_for_update(of=("self",), no_key=True)
        return queryset.order_by("pk").values_list("pk", *columns)

    shares = {pk: Share(successor) for pk, successor in plan.successors.items()}
    for pk, department in rows(partners_of(person), plan.enterprises, "lead_department"):
        shares[plan.by_department.get(department, plan.successor).pk].enterprises.append(pk)
    rest, with_partner = shares[plan.successor.pk], {pk: one for one in shares.values() for pk in one.enterprises}
    if lock:  # whoever signs takes the agreement first, and waits here
        signed = Q(pk__in=agreements_of(person)) | Q(pk__in=signing.waiting_for(person).values("subject_id"))
        list(rows(Agreement.objects.filter(signed), None))
    its_own = {"agreements": agreements_of(person), "obligations": obligations_of(person), "asks": asks_of(person)}
    for name, held in its_own.items():
        for pk, enterprise in rows(held, None, "enterprise"):
            share = with_partner.get(enterprise, rest if plan.enterprises is None else None)
            if share is not None:
                getattr(share, name).append(pk)
    rest.seminars = [pk for (pk,) in rows(seminars_of(person), plan.seminars)]
    rest.items = [pk for (pk,) in rows(items_of(person), plan.items)]
    to_sign = not_yet_asked(signing.waiting_for(person), plan.successor.name)
    rest.signatures = [pk for (pk,) in rows(to_sign, plan.signatures)]
    open_ones = rows(invitations_of(person, now), None, "role") if plan.invitations else ()
    rest.invitations = [pk for pk, role in open_ones if why_not_invite(plan.successor, role) is None]
    return [share for share in shares.values() if share]


def staying(person, plan):
    """The requests to sign that wait for `person` and stay so: not chosen, or their successor is asked already."""
    waiting = signing.waiting_for(person)
    moving = not_yet_asked(waiting, plan.successor.name)
    if plan.signatures is not None:
        moving = moving.filter(pk__in=plan.signatures)
    return waiting.exclude(pk__in=moving.values("pk"))


def signatures_of(told):
    """The requests to sign that went over with the HandOver `told`, as they stood then."""
    return Signature.objects.filter(
        subject_type=ContentType.objects.get_for_model(Agreement), state=Signature.State.DELEGATED, user=told.person,
        passed_to__user=told.successor, closed_at=told.at,
    )  # fmt: skip


def fingerprint(shares):
    """A short sign of what was shown: the press that follows moves exactly this, or nothing."""
    parts = sorted(f"{share.successor.pk}:{share.ids}" for share in shares)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def hand_over_all(person, *, by, plan, seen, note="", form_key, now=None):
    """Move what `plan` says from `person` to its successors, all or nothing; return the [HandOver], one for each.

    `seen` is the fingerprint() of what was shown before. Writes "enterprise.handed_over" for each partnership, which
    both sides read; every successor is told on their Today; open tasks follow, with mails about them that have not
    left. The same `form_key` twice returns the first. Raises NotAllowed, Refused where a successor may not take over,
    where there is nothing to move, or where somebody else handed over part of it meanwhile.
    """
    now = now or timezone.now()
    if reason := why_not_hand_over(person, by):
        raise NotAllowed(reason)
    with pghistory.context(user=by.pk), transaction.atomic():
        people = User.objects.filter(pk__in=[person.pk, *plan.successors]).order_by("pk")
        people = {row.pk: row for row in people.select_for_update(of=("self",), no_key=True)}
        if first := list(HandOver.objects.filter(form_key=form_key, person=person)):
            return first
        for pk in plan.successors:
            if reason := why_not_take_over(people[pk]):
                raise Refused(reason)
        if person.pk in plan.successors:
            raise Refused(_("Choose somebody else than the person who hands over."))
        shares = shares_of(person, plan, now=now, lock=True)
        if not shares:
            raise Refused(_("There is nothing to hand over."))
        if fingerprint(shares) != seen:
            raise Refused(_("Part of this was handed over or has changed meanwhile: look at the list again."))
        return [_move(person, share, by, note.strip(), form_key, now) for share in shares]


def _move(person, share, by, note, form_key, now):
    """Within the transaction, on locked rows: a handful of statements, however much there is."""
    to = share.successor
    told = HandOver.objects.create(
        form_key=form_key, person=person, successor=to, by=by, at=now, note=note, seminars=len(share.seminars),
        items=len(share.items), invitations=len(share.invitations),
    )  # fmt: skip
    told.enterprises.add(*share.enterprises)
    Enterprise.objects.filter(pk__in=share.enterprises).update(owner=to, version=F("version") + 1)
    Seminar.objects.filter(pk__in=share.seminars).update(organiser=to, version=F("version") + 1)
    ActionItem.objects.filter(pk__in=share.items).update(owner=to)
    Agreement.objects.filter(pk__in=share.agreements).update(owner=to, version=F("version") + 1)
    Obligation.objects.filter(pk__in=share.obligations).update(owner=to, version=F("version") + 1)
    Ask.objects.filter(pk__in=share.asks).update(asked_by=to)
    Invitation.objects.filter(pk__in=share.invitations).update(invited_by=to)
    signing.hand_over(list(Signature.objects.filter(pk__in=share.signatures)), to, by=by, now=now)
    _record(person, share, by, note, now)
    # Not only those the rules would settle: a rule that is off keeps its tasks, and they go with the partner.
    about = Q(stream__in=share.enterprises)
    about |= Q(subject_type=ContentType.objects.get_for_model(ActionItem), subject_id__in=share.items)
    still_asked = {"subject_type": ContentType.objects.get_for_model(Signature), "subject_id__in": _asked_of(person)}
    hand_over_tasks(Task.objects.filter(about, owner=person).exclude(**still_asked), to)
    _settle(share.enterprises, share.seminars, share.items, now)
    return told


def _asked_of(person):
    """What `person` alone can sign: its task stays, whoever looks after the partner."""
    return signing.waiting_for(person).values("pk")


def _record(person, share, by, note, now):
    kinds = {model: ContentType.objects.get_for_model(model) for model in (Enterprise, Seminar)}
    data = {"from": person.name, "to": share.successor.name, "note": note}
    said = {"by": by, "side": Side.SCHOOL, "happened_at": now, "data": data}
    events = [
        Event(kind=KIND, subject_type=kinds[Enterprise], subject_id=pk, stream=pk, audience=Audience.BOTH, **said)
        for pk in share.enterprises
    ]
    events += [
        Event(kind="seminar.handed_over", subject_type=kinds[Seminar], subject_id=pk, audience=Audience.SCHOOL, **said)
        for pk in share.seminars
    ]
    Event.objects.bulk_create(events, batch_size=BATCH)


def mark_read(told, *, by, now=None):
    """The successor has read what was handed over: it leaves their Today. Raises NotAllowed for everybody else."""
    if by.pk != told.successor_id:
        raise NotAllowed(_("Only who takes over says so."))
    HandOver.objects.filter(pk=told.pk, read_at=None).update(read_at=now or timezone.now())

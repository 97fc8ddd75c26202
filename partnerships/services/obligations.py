"""Obligations: made from clauses when an agreement enters into force, kept, waived, broken, carried over."""

from collections import Counter
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Clause, Obligation, SeminarGuest, Touchpoint
from partnerships.rules.agreements import in_effect
from partnerships.rules.obligations import HORIZON, Due
from partnerships.services.enterprises import Conflict
from partnerships.services.proxies import make_proxy_entry
from partnerships.services.touchpoints import once
from partnerships.workflow import OBLIGATION, ObligationState, keeps_this_agreement
from records import links
from records.files import ATTACHMENTS, store_file
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused, move
from reminders import planner
from reminders.services import mark_link
from reminders.workflow import DeliveryState

#: What somebody may write about a duty that no clause made.
FIELDS = ("text", "text_en", "owner", "contact", "first_on", "due_on", "count", "amount")
#: The rule of the reminders that watches them.
RULE = "obligation"


# --- made from clauses ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One occurrence of a clause within the term: the days in which it counts, and how many are promised."""

    clause: Clause
    due: Due
    count: int | None


def follow_term(agreement, versions, *, today, by=None, now=None):
    """Make the obligations of `agreement` agree with its term and text, and return those that are new.

    `versions` is the agreement and its amendments in force: what counts on the day a duty is due says how many are
    promised. What clauses promise up to the effective end is written down, five years ahead at most; a last period cut
    short is due on the end. What term or text no longer ask for is set aside, and comes back when they do. A day that
    somebody changed by hand stays as long as the term reaches it. May run at any time, any number of times. Called in
    the transaction of whatever changed the term, with the agreement locked, and by the nightly run.
    """
    now = now or timezone.now()
    clauses = list(Clause.objects.filter(Q(kind="") | Q(kind=agreement.kind), is_active=True))
    asked = _asked(agreement, versions, clauses, today)
    rows = agreement.obligations.select_for_update(of=("self",), no_key=True).order_by("pk")
    rows = list(rows.filter(Q(state=ObligationState.OPEN) | Q(is_beyond_term=True) | Q(clause__isnull=False)))
    known = {(row.clause_id, row.first_on) for row in rows}
    made = [_from_clause(agreement, one, now) for key, one in asked.items() if key not in known]
    made = Obligation.objects.bulk_create(made)
    followed = {clause.pk for clause in clauses}
    for row in rows:
        wanted = asked.get((row.clause_id, row.first_on))
        is_over = row.due_on > agreement.effective_until
        if wanted is not None:
            due_on = row.due_on if row.version and not is_over else wanted.due.on
            _follow(row, due_on, wanted.count if wanted.clause.count_from else row.count, by, now)
        elif is_over or (row.clause_id in followed and row.due_on <= today + HORIZON):
            _set_aside(row, by, now)
        else:
            _follow(row, row.due_on, row.count, by, now)
    planner.settle(RULE, [row.pk for row in (*rows, *made)], now)
    return made


def _asked(agreement, versions, clauses, today):
    """{(clause id, first day): Asked} of what the clauses promise within the term."""
    found = {}
    for clause in clauses:
        for due in clause.due_days(agreement, agreement.effective_until, today):
            count = getattr(in_effect(versions, due.on), clause.count_from) if clause.count_from else None
            if count or not clause.count_from:
                found[clause.pk, due.first] = Asked(clause, due, count)
    return found


def _from_clause(agreement, asked, now):
    clause = asked.clause
    return Obligation(
        agreement=agreement, enterprise_id=agreement.enterprise_id, clause=clause, side=clause.side, text=clause.text,
        text_en=clause.text_en, first_on=asked.due.first, due_on=asked.due.on, count=asked.count,
        counter=clause.counter, created_at=now, owner=agreement.owner if clause.side == Side.SCHOOL else None,
        contact=agreement.enterprise_contact if clause.side == Side.ENTERPRISE else None,
    )  # fmt: skip


def _set_aside(row, by, now):
    """Waive an open duty that is no longer asked for."""
    if row.state != ObligationState.OPEN:
        return
    note = _("The agreement no longer asks for it.")
    Obligation.objects.filter(pk=row.pk).update(closed_at=now, closed_by=by, note=note)
    move(row, OBLIGATION, "set_aside", by=by, now=now, data=_data(row))
    Obligation.objects.filter(pk=row.pk).update(is_beyond_term=True)


def _follow(row, due_on, count, by, now):
    """Take up again what was set aside, and let day and number of what is open follow."""
    if row.is_beyond_term:
        Obligation.objects.filter(pk=row.pk).update(is_beyond_term=False)
        move(row, OBLIGATION, "take_up", by=by, now=now, data=_data(row))
        Obligation.objects.filter(pk=row.pk).update(closed_at=None, closed_by=None, note="")
    if row.state == ObligationState.OPEN and (row.due_on, row.count) != (due_on, count):
        Obligation.objects.filter(pk=row.pk).update(due_on=due_on, count=count)


def carry_over(old, new, *, by=None, now=None):
    """Take what is still open under `old` into its renewal `new`, each duty once; return the new rows.

    What a clause of `new` promises anyway is not carried. The old rows are waived as carried over.
    """
    now, carried = now or timezone.now(), []
    rows = old.obligations.filter(state=ObligationState.OPEN, clause=None, carried_to=None)
    rows = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
    for row in rows:
        values = {name: getattr(row, name) for name in (*FIELDS, "side", "counter", "enterprise_id")}
        carried.append(Obligation.objects.create(agreement=new, carried_from=row, created_at=now, **values))
        note = _("Carried over into the renewal.")
        Obligation.objects.filter(pk=row.pk).update(closed_at=now, closed_by=by, note=note)
        move(row, OBLIGATION, "set_aside", by=by, now=now, data=_data(row))
    planner.settle(RULE, [row.pk for row in (*rows, *carried)], now)
    return carried


def keep_clause(clause, *, by, changed, is_new, now=None):
    """Save a clause as an administrator typed it. Writes "clause.added" or "clause.changed". Raises NotAllowed."""
    if not (by.is_active and by.is_staff):
        raise NotAllowed(_("Clauses are kept by administrators."))
    with transaction.atomic():
        clause.save()
        kind = "clause.added" if is_new else "clause.changed"
        data = {"text": clause.text, "changes": {name: ["", ""] for name in changed}}
        record(kind, subject=clause, by=by, data=data, happened_at=now or timezone.now())
    return clause


# --- written by people ---------------------------------------------------------------------------------------------


def why_not_add(agreement):
    """Why no duty can be written down under it, or None."""
    if agreement.is_amendment or agreement.state != "in_force":
        return _("Duties are written down once the agreement is in force.")
    return None


def add_obligation(agreement, *, by, side, form_key, now=None, **fields):
    """Write down a duty of `side` that no clause made; the same `form_key` twice returns the first.

    `fields` are of FIELDS. Writes "obligation.added" for both sides. Raises NotAllowed, Refused for an agreement that
    is not in force, ValidationError for a broken rule.
    """
    now = now or timezone.now()
    if reason := keeps_this_agreement(agreement, by):
        raise NotAllowed(reason)
    if reason := why_not_add(agreement):
        raise Refused(reason)

    def make():
        row = Obligation(
            agreement=agreement, enterprise_id=agreement.enterprise_id, side=side, form_key=form_key, created_at=now,
            **fields,
        )  # fmt: skip
        _check(row)
        row.save(force_insert=True)
        _record("obligation.added", row, by, now)
        planner.settle(RULE, [row.pk], now)
        return row

    return once(Obligation.objects.filter(agreement=agreement), form_key, make)


def change_obligation(obligation, *, by, version, changes, now=None):
    """Change FIELDS of an open duty and return it. Writes "obligation.changed" for both sides.

    Raises NotAllowed, Refused for one that is settled, Conflict where somebody else saved first, ValidationError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(obligation)
        if reason := keeps_this_agreement(locked.agreement, by):
            raise NotAllowed(reason)
        if locked.state != ObligationState.OPEN:
            raise Refused(_("This is settled already."))
        if version != locked.version:
            raise Conflict(locked, changes)
        _check_changes(locked, changes)
        before = {name: getattr(locked, name) for name in changes}
        for name, value in changes.items():
            setattr(locked, name, value)
        _check(locked)
        locked.version += 1
        locked.save(update_fields=[*changes, "version"])
        touched = {name: [str(before[name] or ""), str(changes[name] or "")] for name in changes}
        _record("obligation.changed", locked, by, now, changes={k: v for k, v in touched.items() if v[0] != v[1]})
        planner.settle(RULE, [locked.pk], now)
    return locked


def _check_changes(obligation, changes):
    """What follows from a clause keeps its first day, and a number of the agreement is changed by amending it."""
    if obligation.clause_id is None:
        return
    if changes.get("first_on", obligation.first_on) != obligation.first_on:
        raise ValidationError({"first_on": _("This day follows from the agreement.")})
    if obligation.clause.count_from and changes.get("count", obligation.count) != obligation.count:
        raise ValidationError({"count": _("This number stands in the agreement: amend it there.")})


def keep_obligation(obligation, *, kept_on, note="", files=(), by=None, via=None, name="", on_behalf=None, now=None):
    """Say that a duty was kept on the day `kept_on`, with proof; doing it twice changes nothing.

    `by` is of the side that promised it or keeps the agreement; without one, `via` is an open link and `name` who says
    so. `on_behalf` (source, said_by, said_at) makes it an entry for the enterprise, which is asked to check it. Writes
    "obligation.keep" for both sides.

    Raises NotAllowed, Refused for a link that is over, ValidationError for a day to come, Rejected for a file.
    """
    now, name = now or timezone.now(), name.strip()
    if kept_on > timezone.localdate(now):
        raise ValidationError({"kept_on": _("This day is still to come.")})
    if by is None and (via is None or not name):
        raise ValidationError({"name": _("Say who you are.")})
    with transaction.atomic():
        locked = _lock(obligation)
        if locked.state == ObligationState.KEPT:
            return locked
        if via is not None:
            _check_link(locked, via, now)
            links.check_room(via, files)
        proxy = make_proxy_entry(locked.enterprise, by=by, now=now, **on_behalf) if on_behalf else None
        for upload in files:
            store_file(upload, kinds=ATTACHMENTS, by=by, via=via, subject=locked, now=now)
        facts = {"kept_on": kept_on, "note": note.strip()[:300], "closed_via": via, "proxy": proxy}
        _keep(locked, by, "" if by else name, now, **facts)
        if via is not None:
            links.mark_answered(via, now=now)
            mark_link(via, DeliveryState.ANSWERED, now=now)
        planner.settle(RULE, [locked.pk], now)
    locked.refresh_from_db()
    return locked


def _keep(locked, by, name, now, *, note="", **facts):
    """Write that a locked duty is kept, by somebody or, of what counts by itself, by what happened."""
    _check_move(locked, "keep", by)
    facts |= {"note": note, "closed_at": now, "closed_by": by, "closed_name": (str(by) if by else name)[:60]}
    Obligation.objects.filter(pk=locked.pk).update(**facts, version=F("version") + 1)
    move(
        locked, OBLIGATION, "keep", by=by, by_name="" if by else name, note=note, now=now, data=_data(locked, how=note)
    )


def keep_reached(*, enterprises=None, now=None):
    """Keep by itself every promise of which enough has happened, of `enterprises` or of all; return how many.

    Called when who came to an event is recorded, and by the nightly run. Writes "obligation.keep".
    """
    now, kept = now or timezone.now(), 0
    rows = Obligation.objects.open().signed().reached()
    if enterprises is not None:
        rows = rows.filter(enterprise__in=enterprises)
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            locked = _lock(Obligation(pk=pk))
            if locked.state == ObligationState.OPEN:
                _keep(locked, None, "", now, kept_on=min(timezone.localdate(now), locked.due_on))
                planner.settle(RULE, [pk], now)
                kept += 1
    return kept


#: What an open duty says nowhere.
UNSETTLED = {
    "kept_on": None, "closed_at": None, "closed_by": None, "closed_name": "", "closed_via": None, "proxy": None,
    "note": "",
}  # fmt: skip


def settle_obligation(obligation, step, *, by, note, now=None):
    """Move a duty by `step` ("waive", "breach", "reopen") with a reason, and return it.

    Raises NotAllowed, Refused, also for opening again what counts by itself and is reached.
    """
    now, note = now or timezone.now(), note.strip()
    with transaction.atomic():
        locked = _lock(obligation)
        _check_move(locked, step, by)
        rows = Obligation.objects.filter(pk=locked.pk)
        if step == "reopen":
            _check_reopening(locked)
            rows.update(is_beyond_term=False)
        else:  # the database wants the reason before the state
            rows.update(closed_at=now, closed_by=by, closed_name=str(by)[:60], note=note[:300])
        move(locked, OBLIGATION, step, by=by, note=note, now=now, data=_data(locked, how=note))
        rows.update(version=F("version") + 1, **(UNSETTLED if step == "reopen" else {}))
        planner.settle(RULE, [locked.pk], now)
    locked.refresh_from_db()
    return locked


def _check_reopening(obligation):
    """What counts by itself would be kept again at once."""
    if Obligation.objects.filter(pk=obligation.pk).reached().exists():
        raise Refused(_("It counts by itself: correct what was counted."))


# --- what really happened ------------------------------------------------------------------------------------------


def counted(obligation):
    """How many of what was promised really happened within its days, or None where nothing counts by itself."""
    return Obligation.objects.with_happened().values_list("happened", flat=True).get(pk=obligation.pk)


def count_seminars():
    """For OBLIGATION_COUNTERS: events within the days of a promise to which its enterprise came, as a column."""
    within = {
        "seminar__starts_at__date__gte": OuterRef("first_on"),
        "seminar__starts_at__date__lte": OuterRef("due_on"),
    }
    came = SeminarGuest.objects.filter(enterprise=OuterRef("enterprise_id"), attended=True, **within)
    return _one_number(came, Count("seminar", distinct=True))


def count_places():
    """For OBLIGATION_COUNTERS: internship places that the enterprise offered in contacts within the days."""
    within = {"happened_at__date__gte": OuterRef("first_on"), "happened_at__date__lte": OuterRef("due_on")}
    offered = Touchpoint.objects.standing().filter(enterprise=OuterRef("enterprise_id"), **within)
    return _one_number(offered, Sum("internships_offered"))


def _one_number(rows, aggregate):
    rows = rows.order_by().values("enterprise").annotate(number=aggregate).values("number")
    return Coalesce(Subquery(rows), 0)


def standings(obligations, today):
    """One row {"enterprise", "side", "kept", "breached", "late", "open", "waived"} for each enterprise and side with
    `obligations` (a queryset): how many stand in which state, late apart from open; a queryset, to be joined or read.

    What was set aside because the agreement no longer asks for it counts nowhere.
    """
    numbers = {
        state: Count("pk", filter=Q(state=state))
        for state in (ObligationState.KEPT, ObligationState.BREACHED, ObligationState.WAIVED)
    }
    is_late = Q(state=ObligationState.OPEN, due_on__lt=today)
    numbers |= {"late": Count("pk", filter=is_late)}
    numbers |= {"open": Count("pk", filter=Q(state=ObligationState.OPEN) & ~is_late)}
    numbers = {str(name): number for name, number in numbers.items()}
    return obligations.filter(is_beyond_term=False).order_by().values("enterprise", "side").annotate(**numbers)


def tally(obligations, today):
    """{"kept": 7, "late": 1, …}: the sum of their standings()."""
    total = Counter()
    for row in standings(obligations, today):
        total.update({name: row[name] for name in ("kept", "breached", "waived", "late", "open")})
    return +total


# --- inside --------------------------------------------------------------------------------------------------------


def _lock(obligation):
    rows = Obligation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("agreement__enterprise", "enterprise").get(pk=obligation.pk)


def _check_move(obligation, step, by):
    """Raise NotAllowed or Refused before anything is written that the state as it stands does not bear."""
    not_allowed, reason = OBLIGATION.refusal(obligation, OBLIGATION.by_name[step], by)
    if reason:
        raise (NotAllowed if not_allowed else Refused)(reason)


def _check_link(obligation, link, now):
    if link.is_open(now) and link.stream == obligation.enterprise_id and obligation.side == Side.ENTERPRISE:
        return
    raise Refused(_("This link is no longer open: ask for a new one on its page."))


def _check(row):
    row.full_clean(exclude=["form_key", "agreement", "enterprise", "clause"], validate_unique=False)
    if row.contact_id and row.contact.enterprise_id != row.enterprise_id:
        raise ValidationError({"contact": _("This person belongs to another enterprise.")})


def _data(row, **more):
    return {"text": row.text, "day": f"{row.due_on}", "of": row.side, **more}


def _record(kind, row, by, now, **more):
    record(
        kind, subject=row, stream=row.stream, by=by, audience=Audience.BOTH, data=_data(row, **more), happened_at=now,
    )  # fmt: skip

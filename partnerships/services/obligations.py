"""Obligations: made from clauses when an agreement enters into force, kept, waived, broken, carried over."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from partnerships.models import Clause, Obligation, SeminarGuest
from partnerships.services.enterprises import Conflict
from partnerships.services.proxies import make_proxy_entry
from partnerships.services.touchpoints import once
from partnerships.workflow import OBLIGATION, ObligationState, keeps_this_agreement
from records.files import ATTACHMENTS, store_file
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused, move
from reminders import planner

#: What somebody may write about a duty that no clause made.
FIELDS = ("text", "text_en", "owner", "contact", "first_on", "due_on", "count", "amount")
#: The rule of the reminders that watches them.
RULE = "obligation"


# --- made from clauses ---------------------------------------------------------------------------------------------


def follow_term(agreement, terms, *, today, by=None, now=None):
    """Make the obligations of `agreement` agree with its term and with `terms`, the text that counts; return the new.

    What its clauses promise up to the effective end is written down, five years ahead at most; what lies beyond the
    end is set aside, and comes back with a longer term. Open numbers follow the text. May run at any time, any number
    of times. Called in the transaction of whatever changed the term, with the agreement locked, and each night.
    """
    now = now or timezone.now()
    until = agreement.ended_on or agreement.effective_until
    made = []
    for clause in Clause.objects.filter(Q(kind="") | Q(kind=agreement.kind), is_active=True):
        count = getattr(terms, clause.count_from) if clause.count_from else None
        if clause.count_from and not count:
            continue
        made += [_from_clause(agreement, clause, due, count, now) for due in clause.due_days(agreement, until, today)]
        if clause.count_from:
            open_ones = agreement.obligations.filter(clause=clause, state=ObligationState.OPEN)
            open_ones.exclude(count=count).update(count=count)
    made = Obligation.objects.bulk_create(made, ignore_conflicts=True)
    _set_aside(agreement, until, by, now)
    planner.settle(RULE, list(agreement.obligations.values_list("pk", flat=True)), now)
    return made


def _from_clause(agreement, clause, due, count, now):
    return Obligation(
        agreement=agreement, enterprise_id=agreement.enterprise_id, clause=clause, side=clause.side, text=clause.text,
        text_en=clause.text_en, first_on=due.first, due_on=due.on, count=count, counter=clause.counter, created_at=now,
        owner=agreement.owner if clause.side == Side.SCHOOL else None,
        contact=agreement.enterprise_contact if clause.side == Side.ENTERPRISE else None,
    )  # fmt: skip


def _set_aside(agreement, until, by, now):
    """Waive what the term no longer reaches, and take up again what it reaches once more."""
    rows = agreement.obligations.select_for_update(of=("self",), no_key=True).order_by("pk")
    for row in rows.filter(state=ObligationState.OPEN, due_on__gt=until):
        note = _("The agreement ends before.")
        Obligation.objects.filter(pk=row.pk).update(closed_at=now, closed_by=by, note=note)
        move(row, OBLIGATION, "set_aside", by=by, now=now, data=_data(row))
        Obligation.objects.filter(pk=row.pk).update(is_beyond_term=True)
    for row in rows.filter(is_beyond_term=True, due_on__lte=until):
        Obligation.objects.filter(pk=row.pk).update(is_beyond_term=False)
        move(row, OBLIGATION, "take_up", by=by, now=now, data=_data(row))
        Obligation.objects.filter(pk=row.pk).update(closed_at=None, closed_by=None, note="")


def carry_over(old, new, *, by=None, now=None):
    """Take what is still open under `old` into its renewal `new`, each duty once; return the new rows.

    What a clause of `new` promises anyway is not carried. The old rows are waived as carried over.
    """
    now, carried = now or timezone.now(), []
    rows = old.obligations.filter(state=ObligationState.OPEN, clause=None, carried_to=None)
    for row in rows.select_for_update(of=("self",), no_key=True).order_by("pk"):
        values = {name: getattr(row, name) for name in (*FIELDS, "side", "counter", "enterprise_id")}
        carried.append(Obligation.objects.create(agreement=new, carried_from=row, created_at=now, **values))
        Obligation.objects.filter(pk=row.pk).update(
            closed_at=now, closed_by=by, note=_("Carried over into the renewal.")
        )
        move(row, OBLIGATION, "set_aside", by=by, now=now, data=_data(row))
    planner.settle(RULE, [row.pk for row in (*rows, *carried)], now)
    return carried


# --- written by people ---------------------------------------------------------------------------------------------


def add_obligation(agreement, *, by, side, form_key, now=None, **fields):
    """Write down a duty of `side` that no clause made; the same `form_key` twice returns the first.

    `fields` are of FIELDS. Writes "obligation.added" for both sides. Raises NotAllowed, Refused for an agreement that
    is not in force, ValidationError for a broken rule.
    """
    now = now or timezone.now()
    if reason := keeps_this_agreement(agreement, by):
        raise NotAllowed(reason)
    if agreement.is_amendment or agreement.state != "in_force":
        raise Refused(_("Duties are written down once the agreement is in force."))

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
        if via is not None and not (
            via.is_open(now) and via.stream == locked.enterprise_id and locked.side == Side.ENTERPRISE
        ):
            raise Refused(_("This link is no longer open: ask for a new one on its page."))
        proxy = make_proxy_entry(locked.enterprise, by=by, now=now, **on_behalf) if on_behalf else None
        facts = {
            "kept_on": kept_on, "note": note.strip()[:300], "closed_at": now, "closed_by": by, "closed_via": via,
            "closed_name": (str(by) if by else name)[:60], "proxy": proxy,
        }  # fmt: skip
        Obligation.objects.filter(pk=locked.pk).update(**facts, version=F("version") + 1)
        for upload in files:
            store_file(upload, kinds=ATTACHMENTS, by=by, via=via, subject=locked, now=now)
        move(
            locked,
            OBLIGATION,
            "keep",
            by=by,
            by_name="" if by else name,
            note=note,
            now=now,
            data=_data(locked, how=note.strip()),
        )
        planner.settle(RULE, [locked.pk], now)
    locked.refresh_from_db()
    return locked


def settle_obligation(obligation, step, *, by, note, now=None):
    """Move a duty by `step` ("waive", "breach", "reopen") with a reason, and return it. Raises NotAllowed, Refused."""
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(obligation)
        if step == "reopen":
            Obligation.objects.filter(pk=locked.pk).update(is_beyond_term=False)
            move(locked, OBLIGATION, step, by=by, note=note, now=now, data=_data(locked, how=note.strip()))
            facts = {
                "kept_on": None,
                "closed_at": None,
                "closed_by": None,
                "closed_name": "",
                "note": "",
                "is_beyond_term": False,
            }
        else:
            facts = {"closed_at": now, "closed_by": by, "closed_name": str(by)[:60], "note": note.strip()[:300]}
        Obligation.objects.filter(pk=locked.pk).update(**facts, version=F("version") + 1)
        if step != "reopen":
            move(locked, OBLIGATION, step, by=by, note=note, now=now, data=_data(locked, how=note.strip()))
        planner.settle(RULE, [locked.pk], now)
    locked.refresh_from_db()
    return locked


# --- what really happened ------------------------------------------------------------------------------------------


def counted(obligation):
    """How many of what was promised really happened within its days, or None where nothing counts by itself."""
    if not obligation.counter or obligation.counter not in settings.OBLIGATION_COUNTERS:
        return None
    count = import_string(settings.OBLIGATION_COUNTERS[obligation.counter])
    return count(obligation.enterprise_id, obligation.first_on, obligation.due_on)


def count_seminars(enterprise_id, first, last):
    """Seminars held from `first` to `last` to which the enterprise came."""
    came = SeminarGuest.objects.filter(enterprise=enterprise_id, attended=True)
    return came.filter(seminar__starts_at__date__range=(first, last)).values("seminar").distinct().count()


def tally(obligations, today):
    """{"kept": 7, "late": 1, …}: how many of `obligations` (a queryset) stand in which state; late apart from open."""
    rows = obligations.filter(is_beyond_term=False).values("state").annotate(n=Count("pk"))
    counts = {row["state"]: row["n"] for row in rows.order_by()}
    counts["late"] = obligations.late(today).count()
    counts["open"] = counts.get("open", 0) - counts["late"]
    return counts


# --- inside --------------------------------------------------------------------------------------------------------


def _lock(obligation):
    rows = Obligation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("agreement__enterprise", "enterprise").get(pk=obligation.pk)


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

"""From when to when an agreement really counts: the one writer of the effective term, and the clock."""

import logging
from datetime import timedelta

import pghistory
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from partnerships.models import Agreement, Clause, Obligation
from partnerships.rules.agreements import in_effect, renewed_until, term_end
from partnerships.rules.obligations import HORIZON
from partnerships.services.agreements.writing import lock, raise_sentence, save, tell, why_not_amend
from partnerships.services.obligations import carry_over, follow_term
from partnerships.workflow import AGREEMENT, AgreementState
from records.workflow import Refused, move
from reminders import planner

log = logging.getLogger(__name__)

#: The nightly run makes good for so many days without one.
MISSED = timedelta(days=60)
#: The rules of the reminders that watch the end.
ENDS = ("agreement_end", "agreement_notice")


def versions_of(agreement):
    """The agreement and after it its amendments in force, by number: what rules.agreements.in_effect reads."""
    amendments = Agreement.objects.filter(amends=agreement, state=AgreementState.IN_FORCE)
    return [agreement, *amendments.order_by("nth")]


def effective_version(agreement, day):
    """The row whose text counts on `day`."""
    return in_effect(versions_of(agreement), day)


def effective_term(agreement, versions, today):
    """(first, last day) as amended, renewed by itself so often that tomorrow still counts, and ended early."""
    last = versions[-1]
    until = term_end(last.ends_on)
    if last.auto_renews and last.ends_on and not agreement.ended_on:
        until = renewed_until(last.ends_on, last.renewal_months, today + timedelta(days=1))
    if agreement.ended_on:
        until = min(until, agreement.ended_on)
    return last.starts_on, max(until, last.starts_on)


def mend_term(pk, today):
    """Write the term that the rows give, where the nightly check found another one."""
    with transaction.atomic():
        locked = lock(Agreement(pk=pk))
        refresh_term(locked, today)
        follow(locked, today)


def refresh_term(agreement, today):
    """Write the effective term of an agreement whose row is locked, and return whether it has changed.

    Raises ValidationError where another agreement of this kind is in force in these days.
    """
    term = effective_term(agreement, versions_of(agreement), today)
    if (agreement.effective_from, agreement.effective_until) == term:
        return False
    agreement.effective_from, agreement.effective_until = term
    save(agreement, update_fields=["effective_from", "effective_until", *_ask_anew(agreement)])
    return True


def _ask_anew(agreement):
    """Another end: what was to follow on the one before is open again. Returns the fields it has set."""
    agreement.wish, agreement.wished_at, agreement.let_end_at = "", None, None
    return "wish", "wished_at", "let_end_at"


def enter_into_force(agreement, *, by=None, now=None):
    """Everybody has signed: it counts from now on, and so does its effective term. Return it.

    An amendment refreshes the term of its agreement; a renewal ends the one it continues, which reads “renewed” and
    counts to the day before. Called in the transaction of the last signature. Writes "agreement.enter" and
    "agreement.renew". Raises Refused while a signature is open, ValidationError for two of a kind in the same days.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    with pghistory.context(user=by.pk if by else None), transaction.atomic():
        former = lock_former(agreement)
        locked = lock(agreement)
        if former is not None and _make_room(former, locked):
            follow(former, today, by, now)
        if not locked.is_amendment:
            locked.effective_from, locked.effective_until = effective_term(locked, [locked], today)
            locked.save(update_fields=["effective_from", "effective_until"])
        if reason := why_not_amend(locked):
            raise Refused(reason)
        _move(locked, "enter", by, now)
        base = locked.amends if locked.is_amendment else locked
        refresh_term(base, today)
        follow(base, today, by, now)
        if former is not None:
            _move(former, "renew", by, now)
            carry_over(former, locked, by=by, now=now)
    return locked


def follow(agreement, today, by=None, now=None):
    """Let promises, and the tasks about the end, follow the term and the text that counts. Its row is locked."""
    follow_term(agreement, versions_of(agreement), today=today, by=by, now=now)
    _settle_end(agreement, now)


def _settle_end(agreement, now):
    """The tasks about its end stand and go at once; an amendment has none."""
    for rule in ENDS:
        planner.settle(rule, [agreement.pk], now)


def lock_former(agreement):
    """The agreement that this one continues, always locked before it, while it has not ended otherwise; or None."""
    if not agreement.renews_id:
        return None
    former = lock(agreement.renews)
    return former if former.state in (AgreementState.IN_FORCE, AgreementState.EXPIRED) else None


def _make_room(former, renewal):
    """It counts to the day before its renewal begins, were it to renew itself beyond that; return whether it was."""
    before = renewal.starts_on - timedelta(days=1)
    if not former.effective_from <= before < former.effective_until:
        return False
    former.effective_until = before
    save(former, update_fields=["effective_until"])
    return True


def _move(agreement, name, by, now, **data):
    data = {"name": agreement.title, "nth": agreement.nth, **data}
    try:
        with transaction.atomic():
            move(agreement, AGREEMENT, name, by=by, note=data.get("reason", ""), now=now, data=data)
    except IntegrityError as error:
        raise_sentence(error)
    _settle_end(agreement, now)


# --- the clock -----------------------------------------------------------------------------------------------------


def run_clock(today, now=None):
    """Renew by itself what nobody gave notice of, end what was ended for a day that has passed, and let the rest
    expire. Return how many of each: {"renewed", "terminated", "expired"}.

    What renews itself does so on its last day, so that there is never a day between. Each agreement in a transaction
    of its own and checked again on the locked row: it may run twice, late, or beside another run.
    """
    done = {"renewed": 0, "terminated": 0, "expired": 0}
    due = Agreement.objects.bases().in_force().filter(effective_until__lte=today)
    for pk in due.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            if what := _tick(Agreement(pk=pk), today, now or timezone.now()):
                done[what] += 1
    return done


def _tick(agreement, today, now):
    locked = lock(agreement)
    if locked.state != AgreementState.IN_FORCE or locked.effective_until > today:
        return None
    try:
        with transaction.atomic():
            if refresh_term(locked, today) and locked.effective_until > today:
                follow(locked, today, now=now)
                tell("agreement.renewed_itself", locked, None, now, day=f"{locked.effective_until}")
                return "renewed"
    except ValidationError:  # another one of this kind follows on it already
        locked.refresh_from_db()
    if locked.effective_until == today:
        return None
    if locked.ended_on:
        _move(locked, "terminate", None, now, reason=locked.end_reason, day=f"{locked.ended_on}")
        return "terminated"
    _move(locked, "expire", None, now)
    return "expired"


def follow_horizon(today, now=None):
    """Write down what has come within five years in agreements that end later; return in how many.

    Only those of which a clause lacks its next occurrence, each in a transaction of its own: it may run twice or late.
    """
    needed = set()
    for clause in Clause.objects.filter(is_active=True, every_months__gt=0):
        needed |= set(_lacking(clause, today).values_list("pk", flat=True))
    for pk in sorted(needed):
        with transaction.atomic():
            locked = lock(Agreement(pk=pk))
            if locked.state == AgreementState.IN_FORCE:
                follow(locked, today, now=now)
    return len(needed)


def _lacking(clause, today):
    """Agreements beyond the horizon whose last duty of `clause` lies more than one of its periods before it."""
    horizon = today + HORIZON
    rows = Agreement.objects.bases().in_force().filter(effective_until__gt=horizon - MISSED)
    if clause.kind:
        rows = rows.filter(kind=clause.kind)
    if clause.count_from:
        amended = Agreement.objects.amendments().in_force().filter(amends=OuterRef("pk"))
        rows = rows.filter(Q(**{f"{clause.count_from}__gt": 0}) | Exists(amended))
    last = Obligation.objects.filter(agreement=OuterRef("pk"), clause=clause).order_by("-due_on").values("due_on")[:1]
    rows = rows.annotate(last=Subquery(last))
    return rows.filter(Q(last=None) | Q(last__lte=horizon - relativedelta(months=clause.every_months)))


def differing_terms(today):
    """Ids of agreements in force whose stored term is not that of their rows; there must be none."""
    wrong = []
    rows = Agreement.objects.bases().in_force().prefetch_related("amendments").order_by("pk")
    for agreement in rows.iterator(chunk_size=500):
        amended = [row for row in agreement.amendments.all() if row.state == AgreementState.IN_FORCE]
        versions = [agreement, *sorted(amended, key=lambda row: row.nth)]
        first, until = effective_term(agreement, versions, today)
        waits = versions[-1].auto_renews and today <= agreement.effective_until < until  # until the clock has run
        if (agreement.effective_from, agreement.effective_until) != (first, until) and not waits:
            wrong.append(agreement.pk)
    return wrong

"""Requests to an enterprise: made within its budget, answered by either way, done, withdrawn, expired by the clock."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partnerships.models import Ask, AskBudget, is_member
from partnerships.models.ask import BUSY
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services.links import ASK as LINK
from partnerships.services.proxies import KIND_OF, make_proxy_entry
from partnerships.services.touchpoints import lock_enterprises, once, start_of, write_touchpoint
from partnerships.workflow import ASK, AskState, answers_this_ask, asked_it
from records import links
from records.models import Audience, Side
from records.services import record
from records.templatetags.show import listed
from records.workflow import NotAllowed, Refused, move
from reminders import planner
from reminders import services as reminders
from reminders.workflow import DeliveryState

FIELDS = ("kind", "text", "number", "due_on", "contact")
#: Answers are waited for so long at most.
FAR = timedelta(days=180)
#: The rules that watch asks.
RULES = ("ask", "ask_answered")


# --- the budget ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Room:
    """How an enterprise stands against its budget: what it has before it, the limit, and when there is room again."""

    busy_with: list
    most: int
    days: int
    free_on: date | None

    @property
    def is_full(self):
        return len(self.busy_with) >= self.most

    @property
    def why_not(self):
        """Who asks them already, and from which day on there is room; None where there is."""
        if not self.is_full:
            return None
        who = listed(dict.fromkeys(f"{ask.department} {ask.asked_by}" for ask in self.busy_with))
        return _("%(who)s ask them already: at most %(most)s in %(days)s days. There is room on %(day)s.") % {
            "who": who, "most": self.most, "days": self.days, "day": date_format(self.free_on)
        }  # fmt: skip


def room_of(enterprise, today):
    """The Room of `enterprise`: requests of these days that wait for an answer, or were promised and are not done."""
    budget = AskBudget.objects.filter(tier=enterprise.tier).first() or AskBudget(tier=enterprise.tier)
    since = start_of(today - timedelta(days=budget.days - 1))
    rows = Ask.objects.filter(enterprise=enterprise, state__in=BUSY, asked_at__gte=since)
    busy_with = list(rows.select_related("department", "asked_by").order_by("asked_at", "pk"))
    free_on = None
    if len(busy_with) >= budget.most:
        ends = sorted(_leaves_on(ask, budget.days) for ask in busy_with)
        free_on = ends[len(busy_with) - budget.most]
    return Room(busy_with, budget.most, budget.days, free_on)


def _leaves_on(ask, days):
    """The first day on which it does not count any more: out of the window, or expired before that."""
    out = timezone.localdate(ask.asked_at) + timedelta(days=days)
    return min(out, ask.due_on + timedelta(days=1)) if ask.state == AskState.ASKED else out


# --- asking ----------------------------------------------------------------------------------------------------------


def why_not_ask(enterprise, department, by):
    """Whoever reads partners asks for the own department; leads and administrators for every one."""
    if not by.sees_partners:
        return _("Only the school's liaison staff asks enterprises.")
    if department is None or (not by.sees_everything and by.department_id != department.pk):
        return _("Choose your own department.")
    return None


def ask_enterprise(enterprise, *, department, by, form_key, because="", match=None, now=None, **fields):
    """Ask `enterprise` for something and return the Ask; the same `form_key` twice returns the first.

    `fields` are of FIELDS. Over the budget only a lead asks, and says why (`because`). The enterprise's row is locked
    while it is counted, so of two departments that ask for the last place one is told about the other. Writes
    "ask.asked" for both sides; the reminder rule tells the enterprise.
    Raises NotAllowed, Refused over the budget and for a merged row, ValidationError.
    """
    now, because = now or timezone.now(), because.strip()
    if reason := why_not_ask(enterprise, department, by):
        raise NotAllowed(reason)

    def write():
        lock_enterprises([enterprise])
        full = room_of(enterprise, timezone.localdate(now)).why_not
        if full and not (by.sees_everything and because):
            raise Refused(full)
        ask = Ask(
            enterprise=enterprise, department=department, asked_by=by, asked_at=now, form_key=form_key, match=match,
            over_budget_because=because[:300] if full else "", **fields,
        )  # fmt: skip
        _check(ask, timezone.localdate(now))
        ask.save(force_insert=True)
        _record("ask.asked", ask, by, now)
        if full:
            data = {"reason": ask.over_budget_because, **_data(ask)}
            record("ask.over_budget", subject=ask, stream=ask.stream, by=by, data=data, happened_at=now)
        _settle(ask, now)
        return ask

    return once(Ask.objects.filter(enterprise=enterprise), form_key, write)


def _check(ask, today):
    if ask.contact_id and (ask.contact.enterprise_id != ask.enterprise_id or ask.contact.left_on):
        raise ValidationError({"contact": _("This person does not belong to the enterprise.")})
    if ask.due_on and not today < ask.due_on <= today + FAR:
        last = date_format(today + FAR)
        raise ValidationError({"due_on": _("Choose a day from tomorrow to %(last)s.") % {"last": last}})
    ask.full_clean(exclude=["form_key", "enterprise", "department", "asked_by", "match"], validate_unique=False)


# --- answering -------------------------------------------------------------------------------------------------------


def answer_ask(ask, *, is_yes, number=None, note="", by=None, via=None, name="", on_behalf=None, now=None):
    """Write what the enterprise answers and return the ask; an answer that stands is not changed.

    `by` is a member; without one, `via` is an open link of this very ask and `name` who answers. Whoever of the school
    enters it gives `on_behalf` (source, said_by, said_at). A no needs a `note`. It counts as a contact of the
    enterprise's side, and whoever asked is told. Writes "ask.accept", "ask.answer" or "ask.decline" for both sides.
    Raises NotAllowed, Refused once it is answered or over and for a link that is, ValidationError.
    """
    now, name, note = now or timezone.now(), name.strip(), note.strip()[:500]
    with transaction.atomic():
        lock_enterprises([ask.enterprise])
        locked = lock(ask)
        _check_answer(locked, by, via, name, on_behalf, now)
        if not is_yes and not note:
            raise ValidationError({"note": _("Say why not in a sentence.")})
        proxy = make_proxy_entry(locked.enterprise, by=by, now=now, **on_behalf) if on_behalf else None
        step = ("answer" if locked.is_answered_at_once else "accept") if is_yes else "decline"
        who = proxy.said_by if proxy else name or str(by)
        Ask.objects.filter(pk=locked.pk).update(
            answer_number=(number or locked.number) if is_yes else None, answer_note=note, answered_at=now,
            answered_by=by, answered_via=via, answered_name=who[:60], proxy=proxy,
            closed_at=None if step == "accept" else now,
        )  # fmt: skip
        move(locked, ASK, step, by=by, by_name="" if by else name, note=note, now=now, data=_data(locked))
        if via is not None:
            links.mark_answered(via, now=now)
            reminders.mark_link(via, DeliveryState.ANSWERED, now=now)
        locked.refresh_from_db()
        _log(locked, by, via, name, on_behalf, now)
        _settle(locked, now)
    return locked


def _check_answer(ask, by, via, name, on_behalf, now):
    if by is None:
        if via is None or not name:
            raise ValidationError({"name": _("Say who you are.")})
        if via.purpose != LINK or via.subject_id != ask.pk or not via.is_open(now):
            raise Refused(_("This link is no longer open: ask for a new one on its page."))
    elif reason := answers_this_ask(ask, by):
        raise NotAllowed(reason)
    elif by.is_school and not on_behalf:
        raise ValidationError(_("Say who said it, and how."))
    elif not by.is_school and not is_member(by, ask.enterprise):
        raise NotAllowed(_("You do not belong to this enterprise any more."))
    if ask.state != AskState.ASKED:
        label = ASK.words[ask.state].enterprise_label
        raise Refused(_("This cannot be answered any more: %(state)s.") % {"state": label})


def _log(ask, by, via, name, on_behalf, now):
    """An answered ask is two-way contact. Source: conventions, what resets the gap."""
    write_touchpoint(
        enterprise=ask.enterprise, by=by, logged_via=via, logged_name="" if by else name[:60], proxy=ask.proxy,
        kind=KIND_OF[on_behalf["source"]] if on_behalf else Kind.WECHAT, side=Side.ENTERPRISE,
        happened_at=ask.proxy.said_at if ask.proxy else now, precision=Precision.MOMENT, summary=_sentence(ask),
        now=now,
    )  # fmt: skip


def _sentence(ask):
    """The answer as it stands in the record, in the words of the person's language."""
    if ask.state == AskState.DECLINED:
        said = _("Asked “%(text)s”: not this time.")
    elif ask.answer_number:
        said = _("Asked “%(text)s”: yes, %(number)s.")
    else:
        said = _("Asked “%(text)s”: yes.")
    return " ".join(filter(None, (said % {"text": ask.text, "number": ask.answer_number}, ask.answer_note)))


# --- afterwards ------------------------------------------------------------------------------------------------------


def move_ask(ask, step, *, by, note="", now=None):
    """Say that it is done ("finish"), or withdraw it with a reason that the enterprise reads; return it.

    Raises NotAllowed, Refused.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock(ask)
        Ask.objects.filter(pk=locked.pk).update(closed_at=now)
        move(locked, ASK, step, by=by, note=note, now=now, data=_data(locked))
        _settle(locked, now)
    locked.refresh_from_db()
    return locked


def mark_seen(ask, *, by, now=None):
    """Whoever asked has read how it ended: it leaves their tasks. Raises NotAllowed."""
    now = now or timezone.now()
    if reason := asked_it(ask, by):
        raise NotAllowed(reason)
    with transaction.atomic():
        Ask.objects.filter(pk=ask.pk, seen_at=None).exclude(state=AskState.ASKED).update(seen_at=now)
        _settle(ask, now)


def expire_asks(today, now=None):
    """Let expire what nobody answered by its day; return how many. May run twice, late, or beside another."""
    now, expired = now or timezone.now(), 0
    for pk in Ask.objects.waiting().filter(due_on__lt=today).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            locked = lock(Ask(pk=pk))
            if locked.state == AskState.ASKED and locked.due_on < today:
                Ask.objects.filter(pk=pk).update(closed_at=now)
                move(locked, ASK, "expire", by=None, now=now, data=_data(locked))
                _settle(locked, now)
                expired += 1
    return expired


def set_budget(budget, *, by, changed, now=None):
    """Save a limit as an administrator typed it. Writes "ask.budget_changed". Raises NotAllowed."""
    if not (by.is_active and by.is_staff):
        raise NotAllowed(_("Limits are kept by administrators."))
    with transaction.atomic():
        budget.full_clean()
        budget.save()
        data = {"tier": budget.tier, "most": budget.most, "days": budget.days, "changed": sorted(changed)}
        record("ask.budget_changed", subject=budget, by=by, data=data, happened_at=now or timezone.now())
    return budget


def lock(ask):
    """The locked row with what its steps ask about. Called in a transaction."""
    rows = Ask.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("enterprise", "department", "asked_by").get(pk=ask.pk)


def _data(ask):
    return {"text": ask.text, "kind": ask.kind, "day": f"{ask.due_on}"}


def _record(kind, ask, by, now):
    record(kind, subject=ask, stream=ask.stream, by=by, audience=Audience.BOTH, data=_data(ask), happened_at=now)


def _settle(ask, now):
    for rule in RULES:
        planner.settle(rule, [ask.pk], now)

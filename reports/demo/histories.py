"""Invented partnerships with four years behind them, to try `backtest_health` on: docs/health.md says what it finds.

What becomes of each follows from a trait that is stored nowhere: its warmth, which drifts from term to term. In each
term the warmth alone, by dice, decides whether the partnership falls silent, takes up again, is ended, or lets its
agreement run out. Contacts, promises, places offered and people come from the same warmth, each with dice of its own.
So the health, which reads only these rows, can foresee what follows no better than the past lets the warmth be guessed.

As in scale.py, bulk statements write the rows, with triggers switched off.
"""

import math
import random
from dataclasses import dataclass, field
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import PARTNER_ROLES, User
from partnerships.health.statement import end_of
from partnerships.models import Agreement, Contact, Enterprise, Obligation, Touchpoint
from partnerships.rules.rhythm import CADENCE
from partnerships.rules.terms import term_of
from partnerships.services.enterprises import naming
from partnerships.services.touchpoints import refresh_last_contacts
from policies.models import Region
from records.models import Event
from reports.demo.scale import BATCH, firm_name
from reports.demo.stage import SEED

TERMS = 8
#: How much of its warmth a partnership keeps from term to term, and how much is new.
KEEPS, NEW = 0.8, 0.6


def chance(dice, at_none, by_warmth, warmth):
    """Whether it happens: of odds exp(at_none) where the warmth is 0, that grow with it by the power of by_warmth."""
    return dice.random() < 1 / (1 + math.exp(-at_none - by_warmth * warmth))


@dataclass
class Partnership:
    """One of them while it is told: its row, its dice, and what is to be written."""

    row: Enterprise
    dice: random.Random
    people: list
    warmth: float = 0.0
    silent: bool = False
    ended_on: object = None
    touchpoints: list = field(default_factory=list)
    agreements: list = field(default_factory=list)
    duties: list = field(default_factory=list)
    events: list = field(default_factory=list)


def fill(number, *, say=print, now=None):
    """Add so many partnerships. The database role must be allowed to switch triggers off (superuser)."""
    now = now or timezone.now()
    terms = [term_of(timezone.localdate(now))]
    while len(terms) < TERMS:
        terms.insert(0, terms[0].previous)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        told = [_begin(partnership, terms[0]) for partnership in _partnerships(number, terms[0])]
        for partnership in told:
            for term in terms:
                if partnership.ended_on is None:
                    _live(partnership, term, timezone.localdate(now))
        _write(told)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    refresh_last_contacts([one.row.pk for one in told], now)
    say(f"{number:,} partnerships stand with the history of {TERMS} terms.")


def _partnerships(number, first):
    dice = random.Random(f"{SEED} histories")  # noqa: S311 - dice of invented rows, no secret
    owners = list(User.objects.active().filter(role__in=PARTNER_ROLES).order_by("pk"))
    regions, names = list(Region.objects.filter(level=Region.Level.CITY).order_by("pk")), set()
    for n in range(number):
        region = dice.choice(regions)
        name, _trade = firm_name(dice, region, names)
        row = Enterprise(
            name=name, state="active", region=region, tier=dice.choice((1, 2, 2, 3, 3, 3)), owner=dice.choice(owners),
            created_at=end_of(first.first_day - timedelta(days=dice.randint(2, 400))), **naming(name),
        )  # fmt: skip
        own = random.Random(f"{SEED} histories {n}")  # noqa: S311 - the same
        yield Partnership(row, own, own.sample(owners, min(2, len(owners))), warmth=own.gauss(0, 1))


def _begin(one, first):
    if chance(one.dice, -0.5, -0.5, one.warmth):
        one.people = one.people[:1]
    _sign(one, first.first_day - timedelta(days=one.dice.randint(1, 900)))
    return one


def _sign(one, day):
    until = day + relativedelta(years=one.dice.choice((2, 3)), days=-1)
    row = Agreement(
        enterprise=one.row, owner=one.row.owner, created_by=one.row.owner, title="校企合作框架协议", starts_on=day,
        ends_on=until, effective_from=day, effective_until=until, state="in_force", created_at=end_of(day),
    )  # fmt: skip
    one.agreements.append(row)
    one.events.append((row, "agreement.enter", day, {}))


def _live(one, term, today):
    """One term: first what becomes of the partnership, by its warmth alone; then what is written down of it."""
    dice = one.dice
    one.warmth = KEEPS * one.warmth + dice.gauss(0, NEW)
    last = min(term.last_day, today)
    days = (last - term.first_day).days
    speaks_from, speaks_until = 0, days
    if one.silent:
        one.silent = not chance(dice, -0.4, 0.8, one.warmth)
        speaks_from = days if one.silent else dice.randint(0, 60)
    elif chance(dice, -2.4, -1.2, one.warmth):
        one.silent, speaks_until = True, dice.randint(0, 60)
    if chance(dice, -4.6, -0.9, one.warmth):
        one.ended_on = term.first_day + timedelta(days=dice.randint(0, max(days, 1)))
    _renew_or_not(one, term, last)
    _talk(one, term, speaks_from, min(speaks_until, days))
    _promise(one, term, last)


def _renew_or_not(one, term, last):
    agreement = one.agreements[-1]
    if agreement.state != "in_force" or agreement.ends_on > last:
        return
    goes_on = one.ended_on is None and chance(one.dice, 1.3, 1.0, one.warmth)
    vars(agreement).update(state="renewed" if goes_on else "expired")  # not written yet: no move
    over = agreement.ends_on + timedelta(days=1)
    one.events.append((agreement, "agreement.renew" if goes_on else "agreement.expire", over, {}))
    if goes_on:
        _sign(one, over)


def _talk(one, term, begins, ends):
    dice, tempo = one.dice, one.dice.lognormvariate(0, 0.3)
    mean = CADENCE[one.row.tier] * tempo * math.exp(-0.35 * one.warmth)
    day = begins + dice.gammavariate(2, mean / 2) * dice.random()
    while day < ends:
        moment = end_of(term.first_day + timedelta(days=int(day))) - timedelta(hours=14)
        if one.ended_on and timezone.localdate(moment) >= one.ended_on:
            break
        one.touchpoints.append(
            Touchpoint(
                enterprise=one.row, kind=dice.choice(("visit", "call", "call", "wechat", "meeting")), happened_at=moment,
                logged_at=moment, logged_by=dice.choice(one.people), is_two_way=dice.random() < 0.9,
                internships_offered=3 if chance(dice, -2, 0.4, one.warmth) else None,
            )
        )  # fmt: skip
        day += dice.gammavariate(2, mean / 2)


def _promise(one, term, last):
    """Each side one duty a term; kept in time, late, or not, by the warmth and by dice of its own."""
    dice, due = one.dice, term.first_day + timedelta(days=100)
    if due > last or (one.ended_on and due >= one.ended_on):
        return
    for side in ("school", "enterprise"):
        mood = one.warmth + dice.gauss(0, 0.8)
        kept, late = chance(dice, 0.9, 0.8, mood), chance(dice, 0, 0.4, mood)
        on = due - timedelta(days=5) if kept else due + timedelta(days=dice.randint(10, 90))
        is_kept = kept or (late and on <= last)
        state = {"state": "kept", "kept_on": on, "closed_at": end_of(on)} if is_kept else {}
        one.duties.append(
            Obligation(
                agreement=one.agreements[-1], enterprise=one.row, side=side, text="本学期约定事项", due_on=due,
                first_on=term.first_day, created_at=end_of(term.first_day), **state,
            )
        )  # fmt: skip


def _write(told):
    for one in told:
        if one.ended_on:
            vars(one.row).update(state="ended")
            one.events.append((one.row, "enterprise.end", one.ended_on, {"from": "active", "to": "ended"}))
    Enterprise.objects.bulk_create([one.row for one in told], batch_size=BATCH)
    people = [
        Contact(enterprise=one.row, name=name, phones=["13800000001"]) for one in told for name in ("赵敏", "钱波")
    ]
    Contact.objects.bulk_create(people, batch_size=BATCH)
    for model, rows in ((Agreement, "agreements"), (Touchpoint, "touchpoints"), (Obligation, "duties")):
        model.objects.bulk_create((row for one in told for row in getattr(one, rows)), batch_size=BATCH)
    Event.objects.bulk_create(
        (
            Event(
                stream=one.row.pk, kind=kind, subject_type=ContentType.objects.get_for_model(subject), data=data,
                subject_id=subject.pk, happened_at=end_of(day) - timedelta(hours=12),
                recorded_at=end_of(day) - timedelta(hours=12),
            )
            for one in told
            for subject, kind, day, data in one.events
        ),
        batch_size=BATCH,
    )  # fmt: skip

"""How partnerships stand against their cadence, for pages: one partner, the rows of a list, the figures of a portfolio.

Only active partners have a rhythm. School only: the enterprise never reads these words.
"""

from datetime import datetime, time, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.html import format_html

from partnerships.models import Enterprise
from partnerships.models.enterprise import NEVER
from partnerships.rules.rhythm import CADENCE, LONGEST, SHORTEST, SOON, Rhythm, rhythm
from partnerships.workflow import EnterpriseState, keeps_this_partner
from records import prepared
from records.models import Side
from reminders.models import Task
from reminders.services import last_reminders, why_not_touch, why_too_soon

#: The partners that have a rhythm at all; those that were merged away are no partners any more.
WATCHED = Q(relation="partner", state=EnterpriseState.ACTIVE, merged_into=None)
#: How the badge of a state is coloured; the others stay plain.
TONES = {Rhythm.FRESH: "kept", Rhythm.SOON: "due", Rhythm.GAP: "trouble", Rhythm.SILENT: "trouble"}


def is_watched(enterprise):
    return enterprise.is_partner and enterprise.state == EnterpriseState.ACTIVE and not enterprise.merged_into_id


def rhythm_of(enterprise, today):
    """The Rhythm of a partner, None where it has none."""
    if not is_watched(enterprise):
        return None
    last = timezone.localdate(enterprise.last_contact_at) if enterprise.had_contact else None
    return rhythm(last, today, enterprise.cadence)


def badges():
    """{Rhythm: its badge}, drawn once for a whole list."""
    return {
        state: format_html(
            '<span class="badge{}">{}</span>', f" badge--{TONES[state]}" if state in TONES else "", state.label
        )
        for state in Rhythm
    }


# --- in the database ---------------------------------------------------------------------------------------------


#: Of each state with a known last contact what has passed since and what has not: so many times the cadence, less days.
SPANS = {
    Rhythm.FRESH: (None, (1, SOON)),
    Rhythm.SOON: ((1, SOON), (1, 0)),
    Rhythm.GAP: ((1, 0), (2, 0)),
    Rhythm.SILENT: ((2, 0), None),
}


def in_rhythm(state, today):
    """The condition that a partner stands in `state` on `today`: the same as rhythm_of().

    A span of the indexed column for each tier. Own cadences have one computed per row, within the widest that there is,
    so that the index serves them too.
    """
    if state == Rhythm.UNKNOWN:
        return WATCHED & Q(last_contact_at__lte=NEVER)
    passed, ahead = SPANS[Rhythm(state)]
    midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), time()))  # of the day after
    inside = Q(cadence_days__isnull=False)
    if passed:
        inside &= Q(last_contact_at__lt=_computed(midnight, *passed))
        inside &= Q(last_contact_at__lt=_moment(midnight, SHORTEST, *passed))
    if ahead:
        inside &= Q(last_contact_at__gte=_computed(midnight, *ahead))
        inside &= Q(last_contact_at__gte=_moment(midnight, LONGEST, *ahead))
    for tier, days in CADENCE.items():
        of_tier = Q(cadence_days=None, tier=tier)
        if passed:
            of_tier &= Q(last_contact_at__lt=_moment(midnight, days, *passed))
        if ahead:
            of_tier &= Q(last_contact_at__gte=_moment(midnight, days, *ahead))
        inside |= of_tier
    return WATCHED & Q(last_contact_at__gt=NEVER) & inside


def _moment(midnight, days, times, earlier):
    """Before this moment lay the last contact where `times` the cadence, less `earlier` days, have passed."""
    return midnight - timedelta(days=times * days - earlier)


def _computed(midnight, times, earlier):
    """The same out of the row's own cadence."""
    days = ExpressionWrapper(F("cadence_days") * Value(timedelta(days=times), DurationField()), DurationField())
    return ExpressionWrapper(Value(midnight + timedelta(days=earlier), DateTimeField()) - days, DateTimeField())


# --- a portfolio -------------------------------------------------------------------------------------------------


#: The rhythms of a known last contact, from the longest ago: by the number of _limits() that it lies behind.
BUCKETS = (Rhythm.SILENT, Rhythm.GAP, Rhythm.SOON, Rhythm.FRESH)


def portfolio_figures(user, today):
    """[(state, Rhythm or None, number)]: the partners of `user` by their state, the active ones also by their rhythm.

    One pass over an index alone, however many partners there are. The same as rhythm_of(), as in_rhythm() is.
    """
    midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), time()))  # of the day after
    found = {None: None, -1: Rhythm.UNKNOWN, **dict(enumerate(BUCKETS))}
    rows = (
        (state, found[stands], number) for state, stands, number in prepared.rows(_counted, user, midnight=midnight)
    )
    return sorted(rows, key=lambda row: (row[0], row[1] or ""))


def _counted(person, midnight):
    known = Func(F("last_contact_at") - midnight, _limits(), function="width_bucket", output_field=IntegerField())
    active = Q(state=EnterpriseState.ACTIVE)
    stands = Case(When(active & Q(last_contact_at__gt=NEVER), then=known), When(active, then=-1))
    portfolio = Enterprise.objects.visible_to(person).in_portfolio_of(person).annotate(stands=stands)
    return portfolio.order_by().values_list("state", "stands").annotate(number=Count("*"))


def cadence_days():
    """The days between two-way contacts of an enterprise, in the database: its own cadence, else its tier's."""
    by_tier = Case(*(When(tier=tier, then=days) for tier, days in CADENCE.items()), output_field=IntegerField())
    return Coalesce("cadence_days", by_tier, output_field=IntegerField())


def _limits():
    """An array of times passed, written below zero: twice the cadence, the cadence, the cadence less SOON."""
    days = cadence_days()
    passed = (days * -2, days * -1, days * -1 + SOON)
    spans = (Func(n, template="make_interval(days => %(expressions)s)", output_field=DurationField()) for n in passed)
    return Func(*spans, template="ARRAY[%(expressions)s]", output_field=ArrayField(DurationField()))


def portfolio_band(user, today, counted=None):
    """[{state, label, number, x, width}]: the partners of `user` by rhythm, and their share of one band in percent.

    `counted` are the portfolio_figures(), where the caller has them already.
    """
    figures = {state.value: 0 for state in Rhythm}
    for _state, stands, number in portfolio_figures(user, today) if counted is None else counted:
        if stands:
            figures[stands.value] += number
    whole, begun, band = sum(figures.values()), 0, []
    for state in (Rhythm.FRESH, Rhythm.SOON, Rhythm.GAP, Rhythm.SILENT, Rhythm.UNKNOWN):
        number = figures[state.value]
        share = {"x": f"{begun / whole * 100:.1f}%", "width": f"{number / whole * 100:.1f}%"} if number else {}
        band.append({"state": state.value, "label": state.label, "number": number, **share})
        begun += number
    return band if whole else []


# --- one partner -------------------------------------------------------------------------------------------------


def rhythm_card(enterprise, user, now, *, shutdowns):
    """What the page of a partner shows of its rhythm: the state, the days, its open task and the last reminder.

    None for whoever has no rhythm. What to do with the task is for who has it and for leads.
    """
    today = timezone.localdate(now)
    state = rhythm_of(enterprise, today)
    if state is None:
        return None
    last = timezone.localdate(enterprise.last_contact_at) if enterprise.had_contact else None
    days = enterprise.cadence
    open_tasks = Task.objects.open().filter(stream=enterprise.pk, rule="gap", side=Side.SCHOOL)
    task = open_tasks.select_related("snoozed_by").first()
    reminded = last_reminders([task]).get(task.pk) if task else None
    return {
        "state": state,
        "badge": badges()[state],
        "days": (today - last).days if last else None,
        "soon": max(days - SOON, 1),
        "cadence": days,
        "is_own": enterprise.cadence_days is not None,
        "due_on": last and max(last + timedelta(days=days), timezone.localdate(enterprise.created_at)),
        "shutdowns": shutdowns,
        "task": task,
        "may_touch": task is not None and why_not_touch(task, user) is None,
        "reminded": reminded,
        "why_not_remind": why_too_soon(reminded, now),
        "why_not_change": keeps_this_partner(enterprise, user),
    }

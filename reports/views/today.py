"""The pages that look across the house."""

from collections import Counter

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerships.models import Enterprise
from partnerships.rhythms import portfolio_band, portfolio_figures
from records import keyset, prepared
from reminders.services import to_forward
from reports import today as todays

#: So many tasks of the reminder rules stand on one page.
TASKS = 20


@require_safe
def today(request):
    """What needs this person, by due date; leads see the own first, and everybody's with `?whose=all`."""
    user, now = request.user, timezone.localtime()
    if not user.is_school:
        raise PermissionDenied(_("This page belongs to the school."))
    everybodys = user.sees_everything and request.GET.get("whose") == "all"
    tasks = todays.tasks_of(user, everybodys=everybodys)
    awake = tasks.awake(now.date()).select_related("owner") if everybodys else tasks.awake(now.date())
    page = keyset.page(awake, {"due": "due_on"}, request.GET, default="due", size=TASKS)
    waiting = [] if page.previous else todays.items_for(user)
    days = todays.days_of(user, everybodys=everybodys)
    numbers = todays.numbers_of(days, now.date())
    items = todays.items_of([*page, *todays.put_off_of(days, now.date())], with_owner=everybodys)
    context = _beside(user, now) | {
        "now": now,
        "number": numbers.total() - numbers["asleep"] + len(waiting),
        "groups": todays.groups_of(waiting + [item for item in items if not item.is_asleep(now)], now.date(), numbers),
        "page": page,
        "put_off": [item for item in items if item.is_asleep(now)],
        "number_put_off": numbers["asleep"],
        "everybodys": everybodys,
    }
    return render(request, "reports/today.html", context)


def _beside(user, now):
    """What stands beside the tasks: messages to forward, and how the own partners stand."""
    figures = portfolio_figures(user, now.date())
    return {
        "to_forward": prepared.count(_to_forward, user, now=now),
        "states": _states(figures),
        "band": portfolio_band(user, now.date(), figures),
        "quiet": todays.longest_without_contact(user),
    }


def _to_forward(person, now):
    return to_forward(person, now=now).order_by().values_list("pk")


def _states(figures):
    """How many partners stand in each state of their lifecycle."""
    numbers = Counter()
    for state, _stands, number in figures:
        numbers[state] += number
    return [
        {"label": Enterprise.State(state).label, "state": state, "number": number} for state, number in numbers.items()
    ]

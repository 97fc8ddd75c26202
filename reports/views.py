"""The pages that look across the house."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerships.models import Enterprise
from partnerships.rhythms import portfolio_band
from records import keyset
from reminders.services import LONGEST_SNOOZE, to_forward
from reports.today import groups_of, items_for, items_of, tasks_of

#: So many tasks of the reminder rules stand on one page; of those put off, so many in all.
TASKS, PUT_OFF = 100, 50


@require_safe
def today(request):
    """What needs this person, by due date; leads see the own first, and everybody's with `?whose=all`."""
    user, now = request.user, timezone.localtime()
    if not user.is_school:
        raise PermissionDenied(_("This page belongs to the school."))
    everybodys = user.sees_everything and request.GET.get("whose") == "all"
    tasks = tasks_of(user, everybodys=everybodys)
    awake = tasks.awake(now.date()).select_related("owner")
    page = keyset.page(awake, {"due": "due_on"}, request.GET, default="due", size=TASKS)
    waiting = [] if page.previous else items_for(user)
    asleep = tasks.open().filter(snoozed_until__gt=now.date()).select_related("snoozed_by").order_by("snoozed_until")
    portfolio = Enterprise.objects.visible_to(user).in_portfolio_of(user)
    context = {
        "now": now,
        "number": keyset.count(awake).number + len(waiting),
        "groups": groups_of(waiting + items_of(page.rows, now), now.date()),
        "page": page,
        "put_off": items_of(list(asleep[:PUT_OFF]), now),
        "everybodys": everybodys,
        "tomorrow": now.date() + timedelta(days=1),
        "longest": now.date() + LONGEST_SNOOZE,
        "to_forward": keyset.count(to_forward(user, now=now)).shown,
        "states": _states(portfolio),
        "band": portfolio_band(user, now.date()),
        "quiet": portfolio.filter(state=Enterprise.State.ACTIVE).order_by("last_contact_at", "pk")[:5],
    }
    return render(request, "reports/today.html", context)


def _states(portfolio):
    """How many partners stand in each state of their lifecycle."""
    counted = portfolio.values("state").annotate(number=Count("pk")).order_by("state")
    return [
        {"label": Enterprise.State(row["state"]).label, "state": row["state"], "number": row["number"]}
        for row in counted
    ]

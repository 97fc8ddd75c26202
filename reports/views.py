"""The pages that look across the house."""

from datetime import datetime, time, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerships.models import Enterprise
from reports.today import items_for


@require_safe
def today(request):
    user = request.user
    if not user.is_school:
        raise PermissionDenied(_("This page belongs to the school."))
    now = timezone.localtime()
    midnight = timezone.make_aware(datetime.combine(now.date(), time.min))
    items = items_for(user)
    groups = [
        (_("Waiting for a week or longer"), "trouble", [i for i in items if i.since < midnight - timedelta(days=7)]),
        (_("From the days before"), "due", [i for i in items if midnight - timedelta(days=7) <= i.since < midnight]),
        (_("New today"), "", [i for i in items if i.since >= midnight]),
    ]
    portfolio = Enterprise.objects.visible_to(user).in_portfolio_of(user)
    context = {
        "now": now,
        "items": items,
        "groups": [group for group in groups if group[2]],
        "states": [
            {"label": Enterprise.State(row["state"]).label, "state": row["state"], "number": row["number"]}
            for row in portfolio.values("state").annotate(number=Count("pk")).order_by("state")
        ],
        "quiet": portfolio.filter(state=Enterprise.State.ACTIVE).order_by("last_contact_at", "pk")[:5],
    }
    return render(request, "reports/today.html", context)

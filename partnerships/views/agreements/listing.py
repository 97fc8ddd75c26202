"""The list of agreements, the months in which they end, and for whom a new one is."""

from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerships.agreements import FOR_STANDING, ends, standing
from partnerships.filters import agreements_for
from partnerships.models import Agreement, Enterprise
from partnerships.rules.papers import Step
from partnerships.views.doors import school_only
from partnerships.views.lists import list_page, narrowing
from records import keyset

#: Public name of a sort -> its column, NOT NULL and indexed with the id; a partner's name through the partner.
SORTS = {"end": "effective_until", "enterprise": "enterprise__sort_key", "recorded": "created_at"}
PANEL = ["state", "kind", "paper", "ends", "owner", "department"]
CHOICES = {"state", "kind", "paper", "ends"}
#: So many months lie ahead on the page of ends; so many agreements of one month stand on it.
MONTHS, SHOWN = 24, 200


@require_safe
def agreement_list(request):
    school_only(request.user)
    chosen = agreements_for(request.user, request.GET)
    rows = chosen.qs.select_related("enterprise", "owner", "department").prefetch_related(*FOR_STANDING)
    page = keyset.page(rows, SORTS, request.GET, default="end")
    today = timezone.localdate()
    context = {
        **narrowing(request, chosen.form, PANEL, CHOICES, ticks=("mine", "ended")),
        "title": _("Agreements"),
        "list": "agreements",
        "newest": "-recorded",
        "page": page,
        "lines": [(row, standing(row, today), ends(row)) for row in page],
        "count": keyset.count(chosen.qs),
        "steps": Step.choices,
    }
    return list_page(request, "partnerships/agreement_list.html", context)


@require_safe
def agreement_ends(request):
    """When what is in force ends: the months ahead with their counts, and one month's agreements."""
    school_only(request.user)
    today = timezone.localdate()
    first = today.replace(day=1)
    rows = Agreement.objects.visible_to(request.user).bases().in_force()
    ahead = rows.filter(effective_until__gte=first, effective_until__lt=first + relativedelta(months=MONTHS))
    counted = ahead.annotate(month=TruncMonth("effective_until")).values("month").annotate(count=Count("pk"))
    counts = {row["month"]: row["count"] for row in counted.order_by()}
    months = [first + relativedelta(months=n) for n in range(MONTHS)]
    shown = _month(request.GET.get("month")) or next((month for month in months if counts.get(month)), first)
    of_month = rows.filter(effective_until__gte=shown, effective_until__lt=shown + relativedelta(months=1))
    ending = of_month.select_related("enterprise", "owner").prefetch_related("amendments")
    ending = ending.order_by("effective_until", "pk")[:SHOWN]
    context = {
        "months": [(month, counts.get(month, 0)) for month in months],
        "shown": shown,
        "ending": [(row, standing(row, today)) for row in ending],
    }
    return render(request, "partnerships/agreement_ends.html", context)


def _month(text):
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


@require_safe
def agreement_start(request):
    """For whom a new agreement is: a partner found by name."""
    school_only(request.user)
    words = request.GET.get("q", "").strip()[:60]
    found = Enterprise.objects.visible_to(request.user).current().select_related("owner")
    found = found.named_like(words) if words else found.filter(owner=request.user)
    rows = list(found.order_by("sort_key", "pk")[:20])
    return render(request, "partnerships/agreement_start.html", {"words": words, "found": rows})

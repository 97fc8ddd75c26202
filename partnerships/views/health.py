"""The health of partnerships: of one, for whoever reads partners; of all, by figure, for leads."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerships.health import shown
from partnerships.rhythms import is_watched
from partnerships.rules.health import Level
from partnerships.views.doors import partner
from partnerships.views.lists import list_page, narrowing
from records import keyset

SORTS = {"health": "score"}
PANEL = ["department", "owner", "tier", "rhythm", "province", "industry", "size"]
#: Those of them whose words the form itself knows.
CHOICES = {"tier", "rhythm", "province", "industry", "size"}


@require_safe
def enterprise_health(request, pk):
    """The parts with the rows behind each and what would raise it; for leads the figure and its course."""
    enterprise = partner(request, pk)
    if enterprise.merged_into_id:
        return redirect("partnerships:enterprise_health", enterprise.merged_into_id)
    context = {"enterprise": enterprise, "reads_figures": request.user.sees_everything}
    if is_watched(enterprise):
        score, parts = shown.detail(enterprise, timezone.localdate())
        context |= {"score": score, "parts": parts, "trend": shown.trend(enterprise, request.user)}
        context |= {"badge": shown.badge(score), "has_figure": shown.level(score) != Level.UNKNOWN}
    return render(request, "partnerships/enterprise_health.html", context)


def leads_only(user):
    """Raises PermissionDenied: a figure is no school report, and officers read words."""
    if not user.sees_everything:
        raise PermissionDenied(_("The figures are open to leads and administrators."))


@require_safe
def health_list(request):
    """The partners by their figure, the lowest first."""
    leads_only(request.user)
    rows, taken, chosen = shown.health_for(request.user, request.GET)
    page = keyset.page(
        rows.select_related("enterprise__owner", "enterprise__lead_department"), SORTS, request.GET, default="health"
    )
    narrowed = narrowing(request, chosen.form, PANEL, CHOICES, ticks=())
    context = {
        **narrowed,
        "is_narrowed": narrowed["is_narrowed"] or taken["level"],
        "title": _("Health of partnerships"),
        "list": "health",
        "levels": [(word.value, word.label) for word in (Level.WEAK, Level.SO_SO, Level.GOOD, Level.UNKNOWN)],
        "level": taken["level"],
        "page": page,
        "lines": [(row, shown.badge(row.score), shown.weakest(row)) for row in page],
        "count": keyset.count(rows),
    }
    return list_page(request, "partnerships/health_list.html", context)


@require_safe
def health_portfolios(request):
    """How the partners of each person, or of each department, stand."""
    leads_only(request.user)
    by = "department" if request.GET.get("by") == "department" else "owner"
    rows = shown.portfolios(request.user, {"owner": "owner", "department": "lead_department"}[by])
    return render(request, "partnerships/health_portfolios.html", {"by": by, "rows": rows})

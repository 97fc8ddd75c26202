"""How a portfolio was kept in touch with over two years, and the contacts of one month of it."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from records import keyset
from records.bars import bars_of
from reports import rhythm

#: So many contacts of a month stand on one page.
ROWS = 50


@require_safe
def contact_rhythm(request):
    """How often a portfolio was spoken with over two years, and how much of it was in its rhythm; a month's rows."""
    user = request.user
    if not user.sees_partners:
        raise PermissionDenied(_("This page belongs to the school's liaison staff."))
    scopes = rhythm.scopes_of(user)
    whose = request.GET.get("whose") if request.GET.get("whose") in scopes else list(scopes)[-1]
    partners = rhythm.partners_in(whose, user)
    months = rhythm.months_shown(whose, user, timezone.localdate())
    chosen = rhythm.month_named(request.GET.get("month"), months)
    context = {
        "scopes": scopes,
        "whose": whose,
        "list_query": rhythm.list_query(whose, user),
        "contacts": bars_of((month.name, month.contacts) for month in months),
        "most": max(month.contacts for month in months),
        "shares": bars_of(((month.name, month.share) for month in months), most=100),
        "now": months[-1],
        "newest_first": months[::-1],
        "chosen": chosen,
        **(_exchanges(request, partners, chosen) if chosen else {}),
    }
    return render(request, "reports/rhythm.html", context)


def _exchanges(request, partners, month):
    rows = rhythm.exchanges_of(partners, month)
    page = keyset.page(rows, {"happened": "happened_at"}, request.GET, default="-happened", size=ROWS)
    return {"page": page, "count": keyset.count(rows)}

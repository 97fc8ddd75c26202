"""Who lands where, whose portal one may enter, and what the portal's frame shows."""

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role
from partnerships.models import Enterprise

#: The places of the portal's row: drawing, page, and the pages that belong to it.
PLACES = (
    ("tasks", "portal_home", ("portal_visit",)),
    (
        "partnership",
        "portal_partnership",
        (
            "portal_touchpoint_new",
            "portal_touchpoint_correct",
            "portal_seminars",
            "portal_seminar",
            "portal_agreements",
            "portal_agreement",
            "portal_agreement_edit",
            "portal_agreement_sign",
            "portal_needs",
            "portal_need_new",
            "portal_need",
            "portal_need_edit",
            "portal_offers",
            "portal_asks",
            "portal_ask",
            "portal_obligations",
            "portal_obligation",
            "portal_wish",
            "portal_results",
        ),
    ),
    ("mail", "portal_thread", ()),
    ("company", "portal_company", ("portal_site", "portal_shutdown")),
    ("team", "portal_team", ("portal_colleague_new", "portal_colleague", "portal_invitation")),
)


def enterprises_of(user):
    """The enterprises whose portal `user` may enter today: HR staff only, and only while they belong to them."""
    if user.role != Role.HR:
        return Enterprise.objects.none()
    return Enterprise.objects.visible_to(user).current()


def enterprise_in_portal(user, pk):
    """The enterprise `pk` in the portal of `user`. Raises Http404 for everybody else, school staff included."""
    enterprise = enterprises_of(user).select_related("owner", "region__parent", "industry").filter(pk=pk).first()
    if enterprise is None:
        raise Http404
    return enterprise


def stream_names(streams):
    """{id: name} of those partnerships, in the reader's language: for pages of lower apps that all may read."""
    rows = Enterprise.objects.filter(pk__in=streams).only("name", "name_en")
    return {enterprise.pk: enterprise.title for enterprise in rows}


def portal_home(user):
    """HR staff land in the portal of their first enterprise; nobody else lands here."""
    enterprise = enterprises_of(user).order_by("sort_key", "pk").first()
    return reverse("partnerships:portal_home", args=[enterprise.pk]) if enterprise else None


def frame(request):
    """Give HR staff the portal's row and the switch between their enterprises; the school gets nothing here."""
    if request.user.role != Role.HR:
        return {}
    enterprises = list(enterprises_of(request.user).order_by("sort_key", "pk").only("name", "name_en", "short_name"))
    match = request.resolver_match
    current = match.kwargs.get("enterprise") if match and (match.url_name or "").startswith("portal_") else None
    if current not in {enterprise.pk for enterprise in enterprises}:
        current = enterprises[0].pk if enterprises else None
    return {
        "portal": _row(current, match.url_name if match else "") if current else [],
        "portal_enterprises": [
            {
                "name": enterprise.short_name or enterprise.title,
                "url": reverse("partnerships:portal_home", args=[enterprise.pk]),
                "active": enterprise.pk == current,
            }
            for enterprise in enterprises
        ],
    }


def _row(enterprise, here):
    labels = (_("Tasks"), _("Partnership"), _("Messages"), _("Company"), _("Team"))
    return [
        {
            "name": drawing,
            "url": reverse(f"partnerships:{page}", args=[enterprise]),
            "label": label,
            "active": here == page or here in belonging,
        }
        for (drawing, page, belonging), label in zip(PLACES, labels, strict=True)
    ]

"""The list of partners and its filters."""

from functools import cache

from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partnerships.filters import partners_for
from partnerships.models import Enterprise
from partnerships.models.bulk import BulkAction
from partnerships.rhythms import badges, rhythm_of
from partnerships.views.lists import list_page, narrowing
from policies.services import industry_names, region_names
from records import keyset
from records.templatetags.show import moment

#: Public name of a sort -> its column, NOT NULL and indexed with the id.
SORTS = {"name": "sort_key", "contact": "last_contact_at", "tier": "tier", "recorded": "created_at", "state": "state"}
#: The filters that stand in the panel; `q` is the search field, `mine` a chip of its own.
PANEL = [
    "state", "tier", "rhythm", "relation", "department", "owner", "province", "region", "industry", "size", "flagged",
]  # fmt: skip
#: Those of them whose words the form itself knows.
CHOICES = {"state", "tier", "rhythm", "relation", "size", "province", "region", "industry"}
#: How the badge of a state is coloured; the others stay plain.
BADGES = {"active": " badge--kept", "suspended": " badge--trouble"}


def filtered(request):
    """The partners this person sees, narrowed by the address; a value that does not exist narrows nothing."""
    if not request.user.sees_partners:
        raise PermissionDenied(_("Partner records are open to liaison officers, leads and administrators."))
    return partners_for(request.user, request.GET)


@require_safe
def enterprise_list(request):
    chosen = filtered(request)
    queryset = chosen.qs
    page = keyset.page(queryset.for_list(), SORTS, request.GET, default="name")
    context = {
        **narrowing(request, chosen.form, PANEL, CHOICES, ticks=("mine",)),
        "title": _("Partners"),
        "list": "partners",
        "page": page,
        "lines": lines(page, chosen.form),
        "count": keyset.count(queryset),
        "bulk_actions": BulkAction.choices,
    }
    return list_page(request, "partnerships/enterprise_list.html", context)


def lines(page, form):
    """Each row as the page shows it; words that rows share are looked up and escaped once for the page."""
    tiers, relations = dict(Enterprise.Tier.choices), dict(Enterprise.Relation.choices)
    states, rhythms = state_badges(), {None: "", **badges()}
    places, industries, shared = region_names(), industry_names(), cache(escape)
    departments = names_of(form.fields["department"], {enterprise.lead_department_id for enterprise in page})
    owners = names_of(form.fields["owner"], {enterprise.owner_id for enterprise in page})
    head, tail = reverse("partnerships:enterprise_detail", args=[0]).rsplit("0", 1)
    now, nothing = timezone.localtime(), format_html('<span class="quiet">{}</span>', _("nothing known yet"))
    return [
        {
            "key": str(enterprise.pk),
            "url": f"{head}{enterprise.pk}{tail}",
            "title": enterprise.title,
            "second_name": enterprise.second_name,
            "red_flags": enterprise.red_flags,
            "state": states[enterprise.state],
            "tier": shared(tiers[enterprise.tier] if enterprise.is_partner else relations[enterprise.relation]),
            "place": shared(places.get(enterprise.region_id, "")),
            "industry": shared(industries.get(enterprise.industry_id, "")),
            "department": departments[enterprise.lead_department_id],
            "owner": owners[enterprise.owner_id],
            "rhythm": rhythms[rhythm_of(enterprise, now.date())],
            "last_contact": moment(enterprise.last_contact_at, now) if enterprise.had_contact else nothing,
        }
        for enterprise in page
    ]


def names_of(field, keys):
    """{key: name}, None named "": out of the rows the panel has read; the few it does not offer are asked for."""
    names = {None: "", **{row.pk: escape(row) for row in field.rows.values()}}
    if missing := keys - names.keys():
        names |= {row.pk: escape(row) for row in field.queryset.model.objects.filter(pk__in=missing)}
    return names


def state_badges():
    return {
        value: format_html('<span class="badge{}">{}</span>', BADGES.get(value, ""), label)
        for value, label in Enterprise.State.choices
    }

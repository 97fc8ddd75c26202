"""One enterprise for the school: its page, its form, and the steps along its lifecycle."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, Prefetch
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.agreements import agreements_shown
from partnerships.forms.editing import add_errors
from partnerships.forms.enterprises import EnterpriseForm, HandOverForm
from partnerships.health.shown import panel
from partnerships.imports.plan import listed_shown
from partnerships.models import Ask, Assessment, Contact, Enterprise, Need, Shutdown, Site
from partnerships.models.ask import BUSY
from partnerships.obligations import record_shown
from partnerships.results import results_shown
from partnerships.rhythms import rhythm_card
from partnerships.services import enterprises as services
from partnerships.services.links import NAMES
from partnerships.services.merging import find_similar
from partnerships.services.succession import hand_over
from partnerships.succession import dependence_of
from partnerships.timeline import timeline_page
from partnerships.views.doors import partner, school_only, school_page
from partnerships.workflow import ENTERPRISE, keeps_this_partner
from records.along import along, instances
from records.models import Link
from records.workflow import moves_open_to

#: The page shows the latest; the rest is in the timeline.
SHOWN_LINKS, SHOWN_SHUTDOWNS, SHOWN_ASKS, TIMELINE = 20, 3, 10, 10
BY_NAME = "department__kind", "department__name"
#: What its row says of a link.
NEED = "id", "title", "kind", "number", "until_on", "state", "enterprise_id"
ASK = (
    "id", "text", "due_on", "state", "department__name", "department__name_en", "asked_by__name", "asked_by__name_en",
)  # fmt: skip
LINK = (
    "id", "purpose", "addressee", "created_at", "opened_at", "answered_at", "withdrawn_at", "expires_at",
    "renewal_asked_at",
)  # fmt: skip


def _for_page(today):
    """Everything the page shows: people and places with all they have in a query of their own, of the rest a little."""
    present_first = F("left_on").asc(nulls_first=True)
    contacts = Contact.objects.select_related("user", "site", "invitation").order_by(present_first, "-is_keeper", "pk")
    sites = Site.objects.select_related("region__parent")
    return (
        Enterprise.objects.select_related("region__parent", "industry", "lead_department", "owner", "parent", "health")
        .prefetch_related(
            Prefetch("contacts", contacts),
            Prefetch("sites", sites.order_by(F("closed_on").asc(nulls_first=True), "name", "pk")),
        )
        .annotate(**_a_little(today))
    )


def _a_little(today):
    """What comes along in the query of the enterprise; _brought_along() reads it."""
    of_it = {"enterprise": OuterRef("pk")}
    departments = Enterprise.departments.through.objects.filter(**of_it).order_by(*BY_NAME)
    children = Enterprise.objects.filter(merged_into=None, parent=OuterRef("pk")).order_by("sort_key", "pk")
    assessments = Assessment.objects.filter(**of_it)
    closed = Shutdown.objects.filter(ends_on__gte=today, **of_it)[:SHOWN_SHUTDOWNS]
    links = Link.objects.filter(stream=OuterRef("pk"))[:SHOWN_LINKS]
    needs = Need.objects.filter(state__in=["open", "matched"], **of_it).order_by("until_on", "pk")[:SHOWN_ASKS]
    asks = Ask.objects.filter(state__in=BUSY, **of_it).order_by("due_on", "pk")[:SHOWN_ASKS]
    return {
        "its_departments": along(departments, "department__name", "department__name_en"),
        "its_children": along(children, "id", "name", "name_en", "kinship"),
        "its_assessments": along(assessments, "id", "visited_on", "assessors", "is_suitable", "site__name"),
        "its_shutdowns": along(closed, "starts_on", "ends_on", "note"),
        "its_needs": along(needs, *NEED),
        "its_asks": along(asks, *ASK),
        "its_links": along(links, *LINK, "created_by__name", "created_by__name_en"),
    }


@require_safe
def enterprise_detail(request, pk):
    today = timezone.localdate()
    enterprise = school_page(_for_page(today), request, pk)
    if enterprise.merged_into_id:
        return redirect("partnerships:enterprise_detail", enterprise.merged_into_id)
    context = _brought_along(enterprise) | {
        "enterprise": enterprise,
        "words": ENTERPRISE.words[enterprise.state],
        "moves": moves_open_to(enterprise, ENTERPRISE, request.user),
        "why_not_change": keeps_this_partner(enterprise, request.user),
        "people": list(enterprise.contacts.all()),
        "sites": list(enterprise.sites.all()),
        "listed": listed_shown(enterprise.listed),
        "agreements": agreements_shown(enterprise, today),
        "record": record_shown(enterprise, today),
        "results": results_shown(enterprise, today),
        "similar": find_similar(enterprise, limit=5),
        "timeline": timeline_page(enterprise, request.user, request.GET, size=TIMELINE),
        "alone": _alone(enterprise),
        "health": panel(enterprise),
        "rhythm": rhythm_card(
            enterprise, request.user, timezone.now(), shutdowns=instances(Shutdown, enterprise.its_shutdowns)
        ),
        "now": timezone.now(),
    }
    return render(request, "partnerships/enterprise_detail.html", context)


def _brought_along(enterprise):
    through = instances(Enterprise.departments.through, enterprise.its_departments)
    return {
        "departments": [row.department for row in through],
        "children": instances(Enterprise, enterprise.its_children),
        "assessments": instances(Assessment, enterprise.its_assessments),
        "links": [(NAMES.get(link.purpose, ""), link) for link in instances(Link, enterprise.its_links)],
        "needs": instances(Need, enterprise.its_needs),
        "asks": instances(Ask, enterprise.its_asks),
    }


def _alone(enterprise):
    """Why the partnership hangs on one person, as sentences; the contacts were read for the page already."""
    if not enterprise.is_partner:
        return None
    people = [one.name for one in enterprise.contacts.all() if one.left_on is None and (one.phones or one.email)]
    return dependence_of([enterprise], reachable={enterprise.pk: people}).get(enterprise.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_new(request):
    school_only(request.user)
    if first := _sent_before(request):
        return redirect("partnerships:enterprise_detail", first.pk)
    form = EnterpriseForm(request.POST or None, user=request.user)
    context = {"form": form}
    if request.method == "POST" and form.is_valid():
        similar = [] if form.cleaned_data["similar_accepted"] else find_similar(form.instance, limit=5)
        if not similar:
            try:
                enterprise = services.create_enterprise(
                    by=request.user, form_key=form.cleaned_data["form_key"], **form.values
                )
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.success(request, _("%(name)s is recorded as a prospect.") % {"name": enterprise.title})
                return redirect("partnerships:enterprise_detail", enterprise.pk)
        context["similar"] = similar
    return render(request, "partnerships/enterprise_form.html", context, status=422 if form.is_bound else 200)


def _sent_before(request):
    """What the same form made when it was sent the first time: asked first, since now its own code is taken."""
    try:
        key = uuid.UUID(request.POST.get("form_key", ""))
    except ValueError:
        return None
    return Enterprise.objects.visible_to(request.user).filter(form_key=key).first()


@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_edit(request, pk):
    enterprise = changeable(request, pk)
    form = EnterpriseForm(request.POST or None, instance=enterprise, user=request.user)
    context = {"form": form, "enterprise": Enterprise(pk=pk, name=enterprise.name, name_en=enterprise.name_en)}
    if request.method == "POST" and form.is_valid():
        try:
            return _changed(request, form, pk)
        except services.Conflict as conflict:
            return conflict_page(request, form, conflict, context)
        except ValidationError as error:
            add_errors(form, error)
    return render(request, "partnerships/enterprise_form.html", context, status=422 if form.is_bound else 200)


def _changed(request, form, pk):
    enterprise = services.change_enterprise(
        Enterprise(pk=pk), by=request.user, version=form.cleaned_data["version"], changes=form.changes
    )
    messages.success(request, _("%(name)s is saved.") % {"name": enterprise.title})
    return redirect("partnerships:enterprise_detail", pk)


def changeable(request, pk):
    """The enterprise, where this person may change it. Raises Http404, NotAllowed, Refused."""
    enterprise = partner(request, pk)
    return services.refuse_unless_changeable(enterprise, request.user)


def conflict_page(request, form, conflict, context):
    """Both values of each field that two people changed, and the form with what was typed; saving again decides."""
    again = form.redrawn(conflict.current, form.changes)
    context |= {"form": again, "conflict": conflict, "action": request.path}
    return render(request, "partnerships/enterprise_conflict.html", context, status=409)


@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_hand_over(request, pk):
    enterprise = changeable(request, pk)
    form = HandOverForm(request.POST or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        try:
            hand_over(enterprise, by=request.user, **form.cleaned_data)
        except services.Conflict as conflict:
            form.add_error(None, conflict.reason)
            form.data = form.data.dict() | {"version": conflict.current.version}
        else:
            messages.success(request, _("%(name)s is handed over.") % {"name": enterprise.title})
            return redirect("partnerships:enterprise_detail", pk)
    context = {"form": form, "enterprise": enterprise}
    return render(request, "partnerships/enterprise_hand_over.html", context, status=422 if form.is_bound else 200)


@require_POST
def enterprise_move(request, pk, name):
    enterprise = partner(request, pk)
    if name not in ENTERPRISE.by_name:
        raise Http404
    note = request.POST.get("note", "").replace("\x00", "")[:1000]
    services.move_enterprise(enterprise, name, by=request.user, note=note)
    label = ENTERPRISE.words[enterprise.state].label
    messages.success(request, _("%(name)s: now “%(state)s”.") % {"name": enterprise.title, "state": label})
    return redirect("partnerships:enterprise_detail", pk)

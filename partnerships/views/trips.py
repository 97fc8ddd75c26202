"""Trips: logged on the phone, completed at the desk, printed for the file."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partnerships.filters import trips_for
from partnerships.forms.editing import add_errors
from partnerships.forms.trips import GiveForm, TripForm, TripPartForm, TripRecordForm, near
from partnerships.imports.visit_columns import LABELS
from partnerships.models import Touchpoint, Trip
from partnerships.models.touchpoint import EvidenceTag
from partnerships.rules.terms import term_of
from partnerships.services import trips as services
from partnerships.views.doors import school_only, school_page
from records import keyset, saved
from records.templatetags.show import listed

#: So many past terms stand in the filter.
TERMS = 6


# --- log -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def trip_new(request):
    school_only(request.user)
    if request.htmx and request.method == "GET":
        return render(request, "partnerships/_trip_choices.html#choices", _choices(request))
    if request.method == "GET" or "find" in request.POST:
        form = TripForm(user=request.user, initial=_typed(request))
    else:
        form = TripForm(request.POST, request.FILES, user=request.user)
        if form.is_valid():
            try:
                trip = services.log_trip(by=request.user, **form.log)
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.success(request, _("Logged. The enterprises see it in their timeline."))
                return redirect("partnerships:trip_detail", trip.pk)
    status = 422 if form.errors else 200
    return render(request, "partnerships/trip_new.html", {"form": form, **_choices(request)}, status=status)


def _typed(request):
    """What was typed before the search was pressed, or what the address brings along."""
    data = request.POST if request.method == "POST" else request.GET
    lists = ("enterprises", "colleagues", "tags")
    names = (name for name in TripForm.base_fields if name in data and name != "files")
    return {name: data.getlist(name) if name in lists else data[name] for name in names}


def _choices(request, without=()):
    """What the list of enterprises shows: those ticked, and those searched for or near."""
    data = request.POST if request.method == "POST" else request.GET
    ticked = [int(key) for key in data.getlist("enterprises") if key.isdecimal() and len(key) < 19]
    words = data.get("words", "")[:60]
    chosen, offered = near(request.user, ticked, words, without)
    return {"chosen": chosen, "offered": offered, "words": words}


# --- read ----------------------------------------------------------------------------------------------------------


def _for_page():
    parts = Touchpoint.objects.standing().select_related("enterprise").prefetch_related("files")
    parts = parts.order_by("enterprise__sort_key")
    return Trip.objects.select_related("logged_by").prefetch_related(
        "colleagues", "files", Prefetch("touchpoints", parts)
    )


def _page_of(request, pk):
    trip = school_page(_for_page(), request, pk)
    parts = list(trip.touchpoints.all())
    return {
        "trip": trip,
        "parts": parts,
        "names": listed(part.enterprise.title for part in parts),
        "tags": services.tag_words(trip.tags),
        "jobs": sum(part.jobs_offered or 0 for part in parts),
        "places": sum(part.internships_offered or 0 for part in parts),
        "is_rough": any(part.jobs_said or part.internships_said for part in parts),
        "listed": [(label, trip.listed[column]) for column, label in LABELS.items() if column in trip.listed],
        "why_not_change": services.why_not_change(trip, request.user),
    }


@require_safe
def trip_detail(request, pk):
    page = _page_of(request, pk)
    page["missing"] = [part for part in page["parts"] if not (part.people and part.agreed)]
    gone = Touchpoint.objects.visible_to(request.user).filter(trip=page["trip"]).exclude(withdrawn_at=None)
    page["gone"] = gone.select_related("enterprise", "withdrawn_by").order_by("withdrawn_at", "pk")
    return render(request, "partnerships/trip_detail.html", page)


@require_safe
def trip_print(request, pk):
    return render(request, "partnerships/trip_print.html", _page_of(request, pk))


@require_safe
def trip_list(request):
    school_only(request.user)
    queryset, chosen = trips_for(request.user, request.GET)
    parts = Touchpoint.objects.standing().select_related("enterprise").order_by("enterprise__sort_key")
    rows = queryset.select_related("logged_by").prefetch_related(Prefetch("touchpoints", parts))
    context = {
        "page": keyset.page(rows, {"day": "starts_on"}, request.GET, default="-day"),
        "count": keyset.count(queryset),
        "query": request.GET.urlencode(),
        "saved": saved.views_of(request.user, "trips"),
        "terms": _terms(),
        "years": range(timezone.localdate().year, timezone.localdate().year - 4, -1),
        "all_tags": EvidenceTag.choices,
        **chosen,
    }
    fragment = "#rows" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"partnerships/trip_list.html{fragment}", context)


def _terms():
    terms, term = [], term_of(timezone.localdate())
    for __ in range(TERMS):
        terms.append(term)
        term = term.previous
    return terms


# --- complete ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def trip_edit(request, pk):
    trip = school_page(_for_page(), request, pk)
    if reason := services.why_not_change(trip, request.user):
        raise services.NotAllowed(reason)
    forms, conflict = _forms(request, trip), None
    valid = [one.is_valid() for one in forms.all]  # every form is asked: each shows its own faults
    if _is_sent(request) and all(valid):
        try:
            _save(request, trip, forms)
        except services.Conflict as error:
            conflict, forms = error, _forms(request, trip, version=error.current.version)
        except ValidationError as error:
            add_errors(forms.trip, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("partnerships:trip_detail", trip.pk)
    faulty = [one for one in forms.all if one.errors]
    context = {"trip": trip, "forms": forms, "form": forms.trip, "conflict": conflict, "faulty": faulty}
    context |= _choices(request, without=[part.instance.enterprise_id for part in forms.parts])
    return render(request, "partnerships/trip_edit.html", context, status=409 if conflict else 422 if faulty else 200)


@dataclass(frozen=True)
class Forms:
    """The form of the trip, one for each enterprise, one for each file."""

    trip: TripRecordForm
    parts: list
    gives: list

    @property
    def all(self):
        return [self.trip, *self.parts, *self.gives]


def _is_sent(request):
    """Whether the form is to be saved; the search for a further enterprise only draws it again."""
    return request.method == "POST" and "find" not in request.POST


def _forms(request, trip, version=None):
    """The forms of the page; with `version`, what was typed stands under the version now kept."""
    data, files = (request.POST.copy(), request.FILES) if request.method == "POST" else (None, None)
    if version is not None:
        data["version"] = version
    touchpoints = list(trip.touchpoints.all())
    owners = [(file, None) for file in trip.files.all()]
    owners += [(file, row.enterprise_id) for row in touchpoints for file in row.files.all()]
    record = TripRecordForm(data, files, instance=trip, user=request.user)
    parts = [TripPartForm(data, files, instance=row) for row in touchpoints]
    gives = [GiveForm(data, file=file, owner=owner, touchpoints=touchpoints) for file, owner in owners]
    return Forms(record, parts, gives)


def _save(request, trip, forms):
    said = forms.trip.cleaned_data
    services.change_trip(
        trip,
        by=request.user,
        version=said["version"],
        changes=forms.trip.changes,
        details={part.instance.enterprise_id: part.details for part in forms.parts},
        added=said["enterprises"],
        files={None: said["files"]} | {p.instance.enterprise_id: p.cleaned_data["files"] for p in forms.parts},
        given={give.file.pk: give.cleaned_data["to"] for give in forms.gives},
    )

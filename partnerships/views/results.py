"""The results of years: one year over all partners, entered for many on one page or for one, and read in the portal."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from partnerships.access import enterprise_in_portal
from partnerships.filters import results_for
from partnerships.forms.editing import add_errors
from partnerships.forms.portal import PortalMessageForm
from partnerships.forms.results import ResultForm, RowForm
from partnerships.models import Enterprise, YearResult
from partnerships.results import cells_of, heads, year_choices
from partnerships.rules.years import EARLIEST, LATEST, read_year, year_label
from partnerships.services.enterprises import Conflict
from partnerships.services.results import keep_result, totals
from partnerships.views.doors import partner, school_only
from partnerships.views.lists import list_page
from partnerships.workflow import ResultYear, keeps_this_partner
from records import keyset
from records.workflow import NotAllowed

#: So many partners stand on one page to be entered.
ROWS = 20


@require_safe
def result_list(request):
    school_only(request.user)
    rows, taken = results_for(request.user, request.GET)
    rows = rows.select_related("enterprise")
    page = keyset.page(rows, {"enterprise": "enterprise__sort_key"}, request.GET, default="enterprise")
    kind, year = taken["kind"], taken["number"]
    label = year_label(kind, year)
    context = {
        "title": f"{_('Yearly results')} {label}",
        "list": "results",
        "page": page,
        "lines": [(row, cells_of(row)) for row in page],
        "heads": heads(),
        "totals": cells_of(totals(rows)) if page.rows else [],
        "count": keyset.count(rows),
        "label": label,
        "chosen": f"{kind}-{year}",
        "years": year_choices(timezone.localdate()),
        "words": taken["q"],
        "mine": taken["mine"],
    }
    return list_page(request, "partnerships/result_list.html", context)


# --- many on one page ----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def result_enter(request):
    """The partners one keeps, a row each with the figures of one year."""
    school_only(request.user)
    kind, year = read_year(request.GET.get("year"), timezone.localdate())
    rows = Enterprise.objects.visible_to(request.user).current().partners().changeable_by(request.user)
    words = request.GET.get("q", "").strip()[:60]
    rows = (rows.named_like(words) if words else rows).prefetch_related("departments")
    page = keyset.page(rows, {"name": "sort_key"}, request.GET, default="name", size=ROWS)
    forms = _forms(page.rows, kind, year, request.POST if request.method == "POST" else None)
    if request.method == "POST" and all(form.is_valid() for _row, form in forms):
        number, forms = _save(request, forms, kind, year)
        if number:
            said = ngettext("%(number)s partner saved.", "%(number)s partners saved.", number)
            messages.success(request, said % {"number": number})
        if not any(form.errors for _row, form in forms):
            return redirect(request.get_full_path())
    context = {
        "page": page, "forms": forms, "label": year_label(kind, year), "chosen": f"{kind}-{year}", "words": words,
        "years": year_choices(timezone.localdate()),
    }  # fmt: skip
    faulty = any(form.errors for _row, form in forms)
    return render(request, "partnerships/result_enter.html", context, status=422 if faulty else 200)


def _forms(enterprises, kind, year, data):
    kept = {
        row.enterprise_id: row for row in YearResult.objects.filter(enterprise__in=enterprises, kind=kind, year=year)
    }
    return [
        (one, RowForm(data, instance=kept.get(one.pk), prefix=f"e{one.pk}", auto_id=f"e{one.pk}-%s"))
        for one in enterprises
    ]


def _save(request, forms, kind, year):
    """(how many were written, the forms): where somebody else was quicker the form says so and stands on their row."""
    number, shown = 0, []
    for enterprise, form in forms:
        try:
            number += _keep(request, enterprise, form, kind, year)
        except Conflict as conflict:
            form = _again(enterprise, form, conflict)
        except ValidationError as error:
            add_errors(form, error)
        shown.append((enterprise, form))
    return number, shown


def _keep(request, enterprise, form, kind, year):
    is_sent_again = form.data.get(form.add_prefix("form_key")) == str(form.instance.form_key) and form.instance.pk
    if is_sent_again or not form.written:
        return False
    key = {"version": form.cleaned_data["version"]} if form.instance.pk else {"form_key": form.cleaned_data["form_key"]}
    keep_result(enterprise, by=request.user, kind=kind, year=year, changes=form.written, **key)
    return True


def _again(enterprise, form, conflict):
    """What was typed on the row as it is kept now; saving again decides."""
    data = form.data.copy()
    data[form.add_prefix("version")] = conflict.current.version
    again = RowForm(data, instance=conflict.current, prefix=form.prefix, auto_id=f"{form.prefix}-%s")
    now_kept = "; ".join(f"{row['label']}: {row['theirs'] or '—'}" for row in conflict.rows)
    again.add_error(None, f"{conflict.reason} {now_kept}")
    return again


# --- one enterprise ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def result_edit(request, pk, kind, year):
    enterprise, conflict = partner(request, pk), None
    if reason := keeps_this_partner(enterprise, request.user):
        raise NotAllowed(reason)
    if kind not in ResultYear.values or not EARLIEST <= year <= LATEST:
        raise Http404
    kept = YearResult.objects.filter(enterprise=enterprise, kind=kind, year=year).first()
    form = ResultForm(request.POST or None, instance=kept)
    if request.method == "POST" and form.is_valid():
        try:
            _keep(request, enterprise, form, kind, year)
        except Conflict as error:
            conflict, form = error, form.redrawn(error.current, form.changes)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("partnerships:enterprise_detail", pk)
    context = {"form": form, "enterprise": enterprise, "label": year_label(kind, year), "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "partnerships/result_form.html", context, status=status)


@require_safe
def portal_results(request, enterprise):
    """What the partnership brought, as the school has written it down; a remark goes by message."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    rows = YearResult.objects.visible_to(request.user).filter(enterprise=enterprise)
    context = {
        "enterprise": enterprise,
        "lines": [(row, cells_of(row)) for row in rows[:20]],
        "heads": heads(),
        "form": PortalMessageForm(initial={"body": _("About the yearly results: ")}),
    }
    return render(request, "partnerships/result_portal.html", context)

"""Views of lists that people save for themselves: saved, opened, renamed, deleted."""

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from records import saved as services
from records.models import SavedView
from reports.forms import NewViewForm, ViewForm
from reports.lists import LISTS, lists_open_to
from reports.views.exports import list_named


def _view(request, pk):
    return get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)


def _still_known(source, user, query):
    """The part of `query` that the list understands today."""
    kept = source.cleaned(query)
    _queryset, faults = source.narrow(user, kept)
    for name in faults:
        kept.pop(name, None)
    return kept


def _list_page(source, query):
    return redirect(f"{reverse(source.page)}?{query.urlencode()}" if query else reverse(source.page))


@require_safe
def view_list(request):
    """Every view this person saved, list by list."""
    views = SavedView.objects.visible_to(request.user)
    groups = [(one, [view for view in views if view.list == one.name]) for one in lists_open_to(request.user)]
    return render(request, "reports/view_list.html", {"groups": [group for group in groups if group[1]]})


@require_POST
def view_save(request, name):
    source, form = list_named(request, name), NewViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The view needs a name of at most 40 characters."))
        return redirect(source.page)
    query = _still_known(source, request.user, form.cleaned_data["query"])
    values = {"name": form.cleaned_data["name"], "query": query.urlencode()}
    view, is_new = services.save_view(by=request.user, list_name=name, **values)
    sentence = _("“%(name)s” is saved.") if is_new else _("“%(name)s” now shows what you see here.")
    messages.success(request, sentence % {"name": view.name})
    return _list_page(source, query)


@require_safe
def view_open(request, pk):
    """Lead on to the list; what it no longer knows is left out and said."""
    view = _view(request, pk)
    if view.list not in LISTS:
        messages.warning(request, _("The list of “%(name)s” no longer exists.") % {"name": view.name})
        return redirect("reports:view_list")
    source = list_named(request, view.list)
    query = _still_known(source, request.user, view.query)
    if set(QueryDict(view.query)) - set(query):
        sentence = _("A filter of “%(name)s” no longer exists and was left out: choose another and save it again.")
        messages.warning(request, sentence % {"name": view.name})
    return _list_page(source, query)


@require_POST
def view_rename(request, pk):
    view, form = _view(request, pk), ViewForm(request.POST)
    if form.is_valid():
        services.rename_view(view, name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("The view needs a name of at most 40 characters."))
    return redirect("reports:view_list")


@require_POST
def view_delete(request, pk):
    view = _view(request, pk)
    services.delete_view(view)
    messages.success(request, _("“%(name)s” is deleted; the list stays as it is.") % {"name": view.name})
    return redirect("reports:view_list")

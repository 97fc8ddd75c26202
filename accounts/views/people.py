"""People and what administrators and leads do with them."""

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import rules, services
from accounts.forms import RoleForm, people_for
from accounts.models import User
from records import keyset, saved
from records.models import Event

SORTS = {"name": "name", "since": "date_joined"}


def _managers_only(user):
    if not user.sees_everything:
        raise PermissionDenied(_("Only administrators and leads manage people."))


@require_safe
def people(request):
    _managers_only(request.user)
    queryset, wanted, form = people_for(request.user, request.GET)
    page = keyset.page(queryset, SORTS, request.GET, default="name")
    context = {
        "page": page,
        "count": keyset.count(queryset),
        "form": form,
        "wanted": wanted,
        "roles": form.fields["role"].choices,
        "query": request.GET.urlencode(),
        "saved": saved.views_of(request.user, "people"),
    }
    return render(request, "accounts/people.html", context)


@require_safe
def person(request, pk):
    _managers_only(request.user)
    someone = get_object_or_404(User.objects.visible_to(request.user).select_related("department"), pk=pk)
    return render(request, "accounts/person.html", _person_context(request, someone))


def _person_context(request, someone, form=None):
    return {
        "person": someone,
        "sessions": UserSession.objects.filter(user=someone).count(),
        "blocked": rules.why_not_manage(request.user, someone),
        "leaving": import_string(settings.HOLDINGS)(someone, request.user),
        "form": form or RoleForm(by=request.user, person=someone),
        "invitation": someone.invitations.select_related("invited_by").order_by("pk").first(),
        "events": Event.objects.of(someone).select_related("by")[:20],
    }


def _someone(request, pk):
    _managers_only(request.user)
    return get_object_or_404(User.objects.visible_to(request.user), pk=pk)


@require_POST
def person_disable(request, pk):
    someone = services.disable_user(_someone(request, pk), by=request.user)
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": someone})
    return redirect("accounts:person", pk)


@require_POST
def person_enable(request, pk):
    someone = services.enable_user(_someone(request, pk), by=request.user)
    messages.success(request, _("%(name)s can sign in again.") % {"name": someone})
    return redirect("accounts:person", pk)


@require_http_methods(["POST"])
@reauthentication_required
def person_role(request, pk):
    someone = _someone(request, pk)
    form = RoleForm(request.POST, by=request.user, person=someone)
    if not form.is_valid():
        return render(request, "accounts/person.html", _person_context(request, someone, form), status=422)
    services.change_role(someone, by=request.user, **form.cleaned_data)
    messages.success(request, _("%(name)s: role and department are saved.") % {"name": someone})
    return redirect("accounts:person", pk)

"""Everything of one person of the school: looked at, divided, handed over in one step; and read by who follows."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import SCHOOL_ROLES, User
from partnerships.forms.succession import TICKED, PortfolioForm
from partnerships.models import Enterprise, HandOver
from partnerships.services import succession as services
from partnerships.services.agreements.signing import waiting_for
from partnerships.succession import SHOWN, dependence_of, holdings_of, portfolio_rows
from partnerships.views.doors import school_only
from records import keyset
from records.templatetags.show import listed

NAMED = 12


def _person(request, pk):
    """Somebody of the school whose work this user may hand over. Raises Http404, PermissionDenied."""
    person = get_object_or_404(User.objects.visible_to(request.user).filter(role__in=SCHOOL_ROLES), pk=pk)
    school_only(request.user)
    if reason := services.why_not_hand_over(person, request.user):
        raise PermissionDenied(reason)
    return person


@require_http_methods(["GET", "HEAD", "POST"])
def portfolio_hand_over(request, person):
    """First what there is and who takes over, then what that means, then the press that moves it."""
    person = _person(request, person)
    form = PortfolioForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid() and "change" not in request.POST:
        if "confirm" in request.POST:
            return _hand_over(request, person, form)
        shares = services.shares_of(person, form.plan, now=timezone.now())
        if shares:
            return _check(request, person, form, shares)
        form.add_error("scope", _("There is nothing to hand over: tick something, or choose everything."))
    status = 422 if form.errors else 200
    return render(request, "partnerships/portfolio_hand_over.html", _listed(person, form), status=status)


def _listed(person, form):
    rows = list(portfolio_rows(person, services.partners_of(person))[:SHOWN])
    return {
        "person": person,
        "form": form,
        "holdings": holdings_of(person),
        "rows": rows,
        "alone": dependence_of(rows),
        "partners": keyset.count(services.partners_of(person)),
        "seminars": services.seminars_of(person).order_by("starts_at", "pk"),
        "items": services.items_of(person).select_related("seminar"),
        "invitations": services.invitations_of(person, timezone.now()),
        "signatures": waiting_for(person).prefetch_related("subject__enterprise"),
        "ticked": {name: {int(pk) for pk in form[name].value() or () if str(pk).isdecimal()} for name in TICKED},
        "before": HandOver.objects.filter(person=person).select_related("successor", "by")[:NAMED],
    }


def _check(request, person, form, shares):
    """What goes to whom, before anything is written."""
    names = Enterprise.objects.in_bulk([pk for share in shares for pk in share.enterprises[:NAMED]])
    told = [
        (share, [names[pk] for pk in share.enterprises[:NAMED]], len(share.enterprises[NAMED:])) for share in shares
    ]
    seen = services.fingerprint(shares)
    hidden = [field for field in form if field.name != "seen"]
    context = {"person": person, "hidden": hidden, "shares": told, "seen": seen, "note": form.cleaned_data["note"]}
    context["staying"] = services.staying(person, form.plan).prefetch_related("subject")
    return render(request, "partnerships/portfolio_hand_over_check.html", context)


def _hand_over(request, person, form):
    told = services.hand_over_all(
        person, by=request.user, plan=form.plan, seen=form.cleaned_data["seen"], note=form.cleaned_data["note"],
        form_key=form.cleaned_data["form_key"],
    )  # fmt: skip
    names = listed(dict.fromkeys(str(one.successor) for one in told))
    messages.success(request, _("Handed over to %(names)s. They see it on their page Today.") % {"names": names})
    return redirect("partnerships:portfolio_hand_over", person.pk)


@require_safe
def hand_over(request, pk):
    """What somebody has taken over, and from whom."""
    told = _told(request, pk)
    rows = portfolio_rows(told.successor, told.enterprises.current())
    context = {
        "told": told,
        "rows": rows[:SHOWN],
        "partners": keyset.count(told.enterprises.current()),
        "is_mine": told.successor_id == request.user.pk,
        "signatures": services.signatures_of(told).prefetch_related("subject__enterprise"),
    }
    return render(request, "partnerships/hand_over.html", context)


@require_POST
def hand_over_read(request, pk):
    told = _told(request, pk)
    services.mark_read(told, by=request.user)
    return redirect("reports:today")


def _told(request, pk):
    people = HandOver.objects.visible_to(request.user).select_related("person", "successor", "by")
    return get_object_or_404(people, pk=pk)

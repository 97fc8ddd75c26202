"""Promises and ends for the enterprise: in its portal, and on the pages of links."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import client_address
from partnerships.access import enterprise_in_portal
from partnerships.forms.editing import add_errors
from partnerships.forms.obligations import KeepByLinkForm, KeepForm, WishByLinkForm, WishForm
from partnerships.models import Agreement, Obligation
from partnerships.obligations import promise, record_of
from partnerships.services.agreements.expiring import say_wish, why_not_decide
from partnerships.views.obligations import kept_as_said
from partnerships.views.writing import write_us, written_through
from partnerships.workflow import ObligationState
from records.models import Side
from records.services import look
from records.workflow import NotAllowed, Refused

#: So many stand on one page of the portal.
SHOWN = 100


def _own(enterprise, user):
    """What both sides promised under the agreements of this enterprise, without what no longer counts."""
    rows = Obligation.objects.visible_to(user).filter(enterprise=enterprise, is_beyond_term=False)
    return rows.signed().select_related("agreement", "owner", "contact", "proxy").with_happened()


@require_safe
def portal_obligations(request, enterprise):
    """What we promised, what the school promised, and what was kept."""
    enterprise, today = enterprise_in_portal(request.user, enterprise), timezone.localdate()
    rows = _own(enterprise, request.user)
    open_ones = rows.filter(state=ObligationState.OPEN).order_by("due_on", "pk")[:SHOWN]
    settled = rows.exclude(state=ObligationState.OPEN).order_by("-closed_at", "-pk")[:SHOWN]
    shown = [promise(row, today, for_enterprise=True) for row in (*open_ones, *settled)]
    groups = {
        side: [one for one in shown if one.row.side == side and one.row.state == ObligationState.OPEN]
        for side in (Side.ENTERPRISE.value, Side.SCHOOL.value)
    }
    context = {
        "enterprise": enterprise,
        "groups": groups,
        "settled": [one for one in shown if one.row.state != ObligationState.OPEN],
        "record": record_of(enterprise.obligations.signed(), today),
    }
    return render(request, "partnerships/obligation_portal_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_obligation(request, enterprise, obligation):
    enterprise = enterprise_in_portal(request.user, enterprise)
    row = get_object_or_404(_own(enterprise, request.user), pk=obligation)
    may_keep = row.side == Side.ENTERPRISE and row.state == ObligationState.OPEN
    form = KeepForm(request.POST or None, request.FILES or None) if may_keep else None
    if request.method == "POST":
        if form is None:
            raise NotAllowed(_("This is settled already, or a duty of the school."))
        if form.is_valid() and kept_as_said(row, form, by=request.user):
            messages.success(request, _("Thank you! The school sees it at once."))
            return redirect("partnerships:portal_obligation", enterprise.pk, row.pk)
    context = {"enterprise": enterprise, "form": form, **_shown(row)}
    status = 422 if form is not None and form.errors else 200
    return render(request, "partnerships/obligation_portal.html", context, status=status)


def _shown(row):
    return {
        "row": row,
        "promise": promise(row, timezone.localdate(), for_enterprise=True),
        "files": row.files.all(),
        "note": row.note if row.state == ObligationState.KEPT else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def portal_wish(request, enterprise, agreement):
    """Our agreement ends: shall we go on?"""
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(Agreement.objects.visible_to(request.user).filter(enterprise=enterprise), pk=agreement)
    form = WishForm(request.POST or None, initial={"wish": found.wish})
    if request.method == "POST" and form.is_valid() and wished(found, form, by=request.user):
        messages.success(request, _("Thank you! The school reads your answer."))
        return redirect("partnerships:portal_home", enterprise.pk)
    context = {"enterprise": enterprise, "agreement": found, "form": form, "why_not": why_not_decide(found)}
    return render(request, "partnerships/wish_portal.html", context, status=422 if form.errors else 200)


def wished(agreement, form, **who):
    """Whether the answer was written; what was wrong stands in the form."""
    try:
        say_wish(agreement, **form.said, **who)
    except ValidationError as error:
        add_errors(form, error)
        return False
    return True


# --- the pages of links --------------------------------------------------------------------------------------------


def _refuse_school(request):
    """Whether the reader is signed in for the school; raises Refused where they send something."""
    is_school = request.user.is_authenticated and request.user.is_school
    if request.method == "POST" and is_school:
        raise Refused(_("You are signed in for the school: enter the answer on behalf of the enterprise instead."))
    return is_school


def link_obligation(request, link, enterprise):
    """The page of an open link to one duty; views/links.py has found it. GET changes nothing."""
    rows = Obligation.objects.select_related("agreement__owner", "contact", "proxy").with_happened()
    row = rows.filter(pk=link.subject_id, enterprise=enterprise, side=Side.ENTERPRISE).first()
    if row is None:
        raise Http404
    previews = _refuse_school(request)
    letter, is_sent = write_us(request, link, enterprise, about=_("About “%(title)s”: ") % {"title": row.heading})
    if is_sent:
        return redirect("partnerships:link", link.code)
    said = None if letter.is_bound else request.POST or None
    form = KeepByLinkForm(said, request.FILES if said else None, enterprise=enterprise)
    if said and row.state != ObligationState.OPEN:
        raise Refused(_("This is settled already."))
    if form.is_valid() and kept_as_said(row, form, via=link, name=form.author_name):
        return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=row, link=link, by=request.user, address=client_address(request))
    context = {"link": link, "enterprise": enterprise, "previews": previews, "form": form, **_shown(row)}
    context |= {"letter": letter, "written": list(written_through(link, enterprise))}
    status = 422 if form.errors or letter.errors else 200
    return render(request, "partnerships/obligation_link.html", context, status=status)


def link_ending(request, link, enterprise):
    """The page of an open link that asks whether to go on after the end."""
    rows = Agreement.objects.select_related("owner").exclude(state=Agreement.State.DRAFT)
    agreement = rows.filter(pk=link.subject_id, enterprise=enterprise).first()
    if agreement is None:
        raise Http404
    previews = _refuse_school(request)
    form = WishByLinkForm(request.POST or None, enterprise=enterprise, initial={"wish": agreement.wish})
    if request.method == "POST" and form.is_valid() and wished(agreement, form, via=link, name=form.author_name):
        return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=agreement, link=link, by=request.user, address=client_address(request))
    context = {"link": link, "enterprise": enterprise, "agreement": agreement, "previews": previews, "form": form}
    context["why_not"] = why_not_decide(agreement)
    return render(request, "partnerships/wish_link.html", context, status=422 if form.errors else 200)

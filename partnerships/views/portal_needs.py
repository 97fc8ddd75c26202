"""For the enterprise: what it looks for, what the school offers, what the school asks; in the portal and by link."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import client_address
from partnerships.access import enterprise_in_portal
from partnerships.forms.editing import add_errors
from partnerships.forms.links import WhoForm
from partnerships.forms.needs import AnswerAskByLinkForm, AnswerAskForm, NeedForm
from partnerships.models import Ask, Match, Need, Offer
from partnerships.services import asks, needs
from partnerships.views.needs import save_need
from partnerships.workflow import ASK, NEED, AskState, NeedState
from records.services import look
from records.workflow import Refused

SHOWN = 50
#: What still waits for somebody, first on the phone.
LIVE = (NeedState.OPEN, NeedState.MATCHED)


# --- needs ---------------------------------------------------------------------------------------------------------


def _of(enterprise):
    return Need.objects.filter(enterprise=enterprise).select_related("site").prefetch_related("specialties")


@require_safe
def portal_needs(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    rows = [(row, NEED.words[row.state].for_enterprise()) for row in _of(enterprise).order_by("-posted_at")[:SHOWN]]
    context = {
        "enterprise": enterprise,
        "live": [(row, words) for row, words in rows if row.state in LIVE],
        "past": [(row, words) for row, words in rows if row.state not in LIVE],
    }
    return render(request, "partnerships/portal_needs.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_need_new(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    form = NeedForm(request.POST or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid() and _post(enterprise, form, by=request.user):
        messages.success(request, _("Posted. The school looks for what fits and comes back to you."))
        return redirect("partnerships:portal_needs", enterprise.pk)
    context = {"enterprise": enterprise, "form": form}
    return render(request, "partnerships/portal_need_form.html", context, status=422 if form.is_bound else 200)


def _post(enterprise, form, **who):
    """The Need; what was wrong stands in the form."""
    key = form.cleaned_data["form_key"] or uuid.uuid4()
    try:
        return needs.post_need(enterprise, form_key=key, **who, **form.values)
    except ValidationError as error:
        add_errors(form, error)
        return None


@require_safe
def portal_need(request, enterprise, need):
    """What it looks for, what was found, and its steps."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(_of(enterprise), pk=need)
    accepted = found.matches.filter(verdict=Match.Verdict.ACCEPTED).select_related("offer__department", "offer__owner")
    context = {
        "enterprise": enterprise,
        "need": found,
        "words": NEED.words[found.state].for_enterprise(),
        "is_live": found.state in LIVE,
        "offers": [match.offer for match in accepted],
    }
    return render(request, "partnerships/portal_need.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_need_edit(request, enterprise, need):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found, conflict = get_object_or_404(_of(enterprise), pk=need), None
    form = NeedForm(request.POST or None, instance=found, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        form, conflict = save_need(form, request.user)
        if form is None:
            messages.success(request, _("Saved. The school sees it too."))
            return redirect("partnerships:portal_need", enterprise.pk, need)
    context = {"enterprise": enterprise, "form": form, "need": Need(pk=need), "conflict": conflict}
    status = 409 if conflict else 422 if form.is_bound else 200
    return render(request, "partnerships/portal_need_form.html", context, status=status)


@require_POST
def portal_need_move(request, enterprise, need, name):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(_of(enterprise), pk=need)
    if name not in needs.STEPS:
        raise Http404
    needs.move_need(found, name, by=request.user)
    messages.success(request, _("Saved. The school sees it too."))
    return redirect("partnerships:portal_need", enterprise.pk, need)


@require_safe
def portal_offers(request, enterprise):
    """What the school's departments offer, in the reader's language."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    rows = Offer.objects.visible_to(request.user).select_related("department").prefetch_related("specialties")
    groups = {}
    for row in rows.order_by("department__name", "kind", "title", "pk")[:200]:
        groups.setdefault(row.department, []).append(row)
    context = {"enterprise": enterprise, "groups": list(groups.items())}
    return render(request, "partnerships/portal_offers.html", context)


# --- asks ----------------------------------------------------------------------------------------------------------


@require_safe
def portal_asks(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    rows = Ask.objects.filter(enterprise=enterprise).select_related("department", "asked_by").order_by("-asked_at")
    shown = [(row, ASK.words[row.state].for_enterprise()) for row in rows[:SHOWN]]
    context = {
        "enterprise": enterprise,
        "waiting": [(row, words) for row, words in shown if row.state == AskState.ASKED],
        "agreed": [(row, words) for row, words in shown if row.state == AskState.ACCEPTED],
        "past": [(row, words) for row, words in shown if row.state not in (AskState.ASKED, AskState.ACCEPTED)],
    }
    return render(request, "partnerships/portal_asks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_ask(request, enterprise, ask):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(_asks(enterprise), pk=ask)
    form = AnswerAskForm(request.POST or None, ask=found)
    if request.method == "POST" and form.is_valid() and _answer(found, form, by=request.user):
        messages.success(request, _("Thank you! The school sees your answer at once."))
        return redirect("partnerships:portal_ask", enterprise.pk, ask)
    context = {"enterprise": enterprise, "form": form, **_shown(found)}
    return render(request, "partnerships/portal_ask.html", context, status=422 if form.errors else 200)


def _asks(enterprise):
    return Ask.objects.filter(enterprise=enterprise).select_related("enterprise", "department", "asked_by", "proxy")


def _answer(ask, form, **who):
    try:
        return asks.answer_ask(ask, **form.said, **who)
    except ValidationError as error:
        add_errors(form, error)
        return None


def _shown(ask):
    """What the enterprise reads of a request."""
    words = ASK.words[ask.state].for_enterprise()
    return {"ask": ask, "words": words, "waits": ask.state == AskState.ASKED}


# --- the pages of links --------------------------------------------------------------------------------------------


def _previews(request):
    """Whether somebody of the school looks. Raises Refused where they send the form."""
    is_school = request.user.is_authenticated and request.user.is_school
    if request.method == "POST" and is_school:
        raise Refused(_("You are signed in for the school: enter the answer on behalf of the enterprise instead."))
    return is_school


def link_asked(request, link, enterprise):
    """The page of an open link to a request; views/links.py has found it. GET changes nothing."""
    found = _asks(enterprise).filter(pk=link.subject_id).first()
    if found is None:
        raise Http404
    previews = _previews(request)
    form = AnswerAskByLinkForm(request.POST or None, ask=found, enterprise=enterprise)
    if request.method == "POST" and form.is_valid() and _answer(found, form, via=link, name=form.author_name):
        return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=found, link=link, by=request.user, address=client_address(request))
    context = {"link": link, "enterprise": enterprise, "form": form, "previews": previews, **_shown(found)}
    return render(request, "partnerships/ask_link.html", context, status=422 if form.errors else 200)


def link_need(request, link, enterprise):
    """The page of an open link on which an enterprise says what it looks for. GET changes nothing."""
    previews = _previews(request)
    form = NeedForm(request.POST or None, enterprise=enterprise)
    who = WhoForm(request.POST or None, enterprise=enterprise)
    is_whole = request.method == "POST" and form.is_valid() and who.is_valid()
    if is_whole and _post(enterprise, form, via=link, name=who.author_name):
        return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=enterprise, link=link, by=request.user, address=client_address(request))
    posted = _of(enterprise).filter(posted_via=link).order_by("-posted_at")
    context = {
        "link": link, "enterprise": enterprise, "form": form, "who": who, "previews": previews,
        "posted": [(row, NEED.words[row.state].for_enterprise()) for row in posted],
    }  # fmt: skip
    return render(request, "partnerships/need_link.html", context, status=422 if form.is_bound else 200)

"""Seminars as the invited read them: in the portal, and through the link of an invitation."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import client_address
from partnerships.access import enterprise_in_portal
from partnerships.forms.editing import add_errors
from partnerships.forms.seminars import AnswerByLinkForm, AnswerForm, ArriveForm, FeedbackByLinkForm, FeedbackForm
from partnerships.models import ActionItem, SeminarFeedback, SeminarGuest
from partnerships.services import seminars as services
from partnerships.views.writing import unwritten, write_us, written_through
from partnerships.workflow import SEMINAR
from records.services import look
from records.workflow import Refused


def _for_guest(guest):
    """What an invited enterprise reads: nothing of the other guests."""
    now, seminar = timezone.now(), guest.seminar
    return {
        "guest": guest,
        "seminar": seminar,
        "words": SEMINAR.words[seminar.state].for_enterprise(),
        "why_not": services.why_not_answer(seminar, now),
        "may_tell": services.why_not_feedback(guest, now) is None,
        "feedback": feedback_of(guest),
        "items": seminar.items.filter(enterprise=guest.enterprise_id),
    }


def feedback_of(guest):
    return SeminarFeedback.objects.select_related("given_by").filter(guest=guest).first()


# --- the portal ------------------------------------------------------------------------------------------------------


def _invited(enterprise):
    return SeminarGuest.objects.filter(enterprise=enterprise).select_related("seminar__organiser", "enterprise")


@require_safe
def portal_seminars(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    now = timezone.now()
    mine = _invited(enterprise)
    context = {
        "enterprise": enterprise,
        "ahead": mine.filter(seminar__ends_at__gt=now).order_by("seminar__starts_at", "pk")[:50],
        "past": mine.filter(seminar__ends_at__lte=now).order_by("-seminar__starts_at", "-pk")[:50],
    }
    return render(request, "partnerships/seminar_portal_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_seminar(request, enterprise, seminar):
    enterprise = enterprise_in_portal(request.user, enterprise)
    guest = get_object_or_404(_invited(enterprise), seminar=seminar)
    form = AnswerForm(request.POST or None, guest=guest)
    if request.method == "POST" and form.is_valid() and said(services.answer_invitation, guest, form, by=request.user):
        messages.success(request, _("Thank you! The school sees your answer at once."))
        return redirect("partnerships:portal_seminar", enterprise.pk, seminar)
    return _portal_page(request, enterprise, guest, form=form)


def _portal_page(request, enterprise, guest, form=None, feedback_form=None):
    page = _for_guest(guest)
    forms = {
        "form": form or AnswerForm(guest=guest),
        "feedback_form": feedback_form or FeedbackForm(auto_id="feedback-%s", feedback=page["feedback"]),
    }
    status = 422 if any(one.errors for one in forms.values()) else 200
    context = {"enterprise": enterprise, **page, **forms}
    return render(request, "partnerships/seminar_portal.html", context, status=status)


def said(service, guest, form, **whom):
    """Call `service` with what the form says; its refusals go onto the form, and None comes back."""
    try:
        return service(guest, **form.said, **whom)
    except ValidationError as error:
        add_errors(form, error)
        return None


@require_POST
def portal_feedback(request, enterprise, seminar):
    enterprise = enterprise_in_portal(request.user, enterprise)
    guest = get_object_or_404(_invited(enterprise), seminar=seminar)
    form = FeedbackForm(request.POST, auto_id="feedback-%s")
    if form.is_valid() and said(services.give_feedback, guest, form, by=request.user):
        messages.success(request, _("Thank you! Only the school reads it."))
        return redirect("partnerships:portal_seminar", enterprise.pk, seminar)
    return _portal_page(request, enterprise, guest, feedback_form=form)


@require_POST
def portal_item_done(request, enterprise, item):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(ActionItem, pk=item, enterprise=enterprise)
    services.finish_action_item(found, by=request.user)
    messages.success(request, _("Done, thank you."))
    return redirect("partnerships:portal_seminar", enterprise.pk, found.seminar_id)


# --- the page of a link ----------------------------------------------------------------------------------------------


def guest_of(link):
    return SeminarGuest.objects.select_related("seminar__organiser", "enterprise").filter(pk=link.subject_id).first()


def link_seminar(request, link, enterprise):
    """The page of an open link to an invitation; views/links.py has found it. GET changes nothing."""
    guest = guest_of(link)
    if guest is None or guest.enterprise_id != link.stream:
        raise Http404
    is_school = request.user.is_authenticated and request.user.is_school
    if request.method == "POST" and is_school:
        raise Refused(_("You are signed in for the school: enter the answer on behalf of the enterprise instead."))
    page = _for_guest(guest)
    forms = {
        "form": AnswerByLinkForm(guest=guest, enterprise=enterprise),
        "arrive_form": ArriveForm(enterprise=enterprise, auto_id="arrive-%s"),
        "feedback_form": FeedbackByLinkForm(enterprise=enterprise, auto_id="feedback-%s", feedback=page["feedback"]),
        "letter": unwritten(enterprise),
    }
    if request.method == "POST":
        act = next((ACTS[name] for name in ACTS if name in request.POST), _answer)
        if act(request, link, guest, forms):
            return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=guest, link=link, by=request.user, address=client_address(request))
    context = {"link": link, "enterprise": enterprise, "previews": is_school, **page, **forms, **_arrived(guest)}
    context["written"] = list(written_through(link, enterprise))
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "partnerships/seminar_link.html", context, status=status)


def _arrived(guest):
    """Who of this enterprise has signed in, and whether more may."""
    may_arrive = services.why_not_sign_in(guest.seminar, timezone.now()) is None
    return {"may_arrive": may_arrive, "arrived": guest.seminar.attendees.filter(enterprise=guest.enterprise_id)}


def _answer(request, link, guest, forms):
    form = forms["form"] = AnswerByLinkForm(request.POST, guest=guest, enterprise=guest.enterprise)
    return form.is_valid() and said(services.answer_invitation, guest, form, via=link, name=form.author_name)


def _arrive(request, link, guest, forms):
    form = forms["arrive_form"] = ArriveForm(request.POST, enterprise=guest.enterprise, auto_id="arrive-%s")
    if not form.is_valid():
        return False
    services.sign_in_by_link(guest, via=link, name=form.author_name)
    messages.success(request, _("You are signed in. Welcome!"))
    return True


def _write(request, link, guest, forms):
    about = _("About “%(title)s”: ") % {"title": guest.seminar.title}
    forms["letter"], is_sent = write_us(request, link, guest.enterprise, about)
    return is_sent


def _tell(request, link, guest, forms):
    form = FeedbackByLinkForm(request.POST, enterprise=guest.enterprise, auto_id="feedback-%s")
    forms["feedback_form"] = form
    if not form.is_valid() or not said(services.give_feedback, guest, form, via=link, name=form.author_name):
        return False
    messages.success(request, _("Thank you! Only the school reads it."))
    return True


def _finish(request, link, guest, forms):
    key = request.POST["done"]
    if not key.isdecimal() or len(key) > 18:
        raise Http404
    item = get_object_or_404(guest.seminar.items.filter(enterprise=guest.enterprise_id), pk=key)
    try:
        services.finish_action_item(item, via=link, name=request.POST.get("name", "")[:60])
    except ValidationError:
        messages.error(request, _("Please type your name."))
        return False
    messages.success(request, _("Done, thank you."))
    return True


#: What the page's buttons are called, beside the answer itself.
ACTS = {"done": _finish, "arrive": _arrive, "feedback": _tell, "body": _write}

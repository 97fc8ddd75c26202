"""When may we visit you? Three answers: on a link's page without an account, or in the portal."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import client_address
from partnerships.access import enterprise_in_portal
from partnerships.forms.editing import add_errors
from partnerships.forms.visits import VisitForm, VisitLinkForm
from partnerships.models import Touchpoint
from partnerships.services.visits import answer_visit
from partnerships.views.writing import write_us, written_through
from records.services import look
from records.workflow import Refused

SHOWN = 20


def replies_through(link, enterprise):
    """What was answered through `link`: contacts logged by whoever held it."""
    return Touchpoint.objects.filter(enterprise=enterprise, logged_via=link)


def link_visit(request, link, enterprise):
    """The page of an open link that asks for a visit; views/links.py has found it. GET changes nothing."""
    is_school = request.user.is_authenticated and request.user.is_school
    if request.method == "POST" and is_school:
        raise Refused(_("You are signed in for the school: enter the answer on behalf of the enterprise instead."))
    letter, is_sent = write_us(request, link, enterprise)
    form = VisitLinkForm(None if letter.is_bound else request.POST or None, enterprise=enterprise)
    if is_sent or (form.is_valid() and _answer(enterprise, form, via=link, name=form.author_name)):
        return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=link.subject, link=link, by=request.user, address=client_address(request))
    given = list(replies_through(link, enterprise).order_by("-logged_at", "-pk")[:SHOWN])
    context = {
        "link": link,
        "enterprise": enterprise,
        "sender": enterprise.owner or link.created_by,
        "form": form,
        "given": given,
        "letter": letter,
        "written": list(written_through(link, enterprise)),
        "previews": is_school,
    }
    status = 422 if form.errors or letter.errors else 200
    return render(request, "partnerships/visit_link.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_visit(request, enterprise):
    """The same question for somebody who is signed in: nobody needs to say who they are."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    form = VisitForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _answer(enterprise, form, by=request.user):
        messages.success(request, _("Thank you! The school sees your answer at once."))
        return redirect("partnerships:portal_home", enterprise.pk)
    context = {"enterprise": enterprise, "form": form}
    return render(request, "partnerships/visit_portal.html", context, status=422 if form.errors else 200)


def _answer(enterprise, form, **by_whom):
    try:
        return answer_visit(enterprise, **form.answer, **by_whom)
    except ValidationError as error:
        add_errors(form, error)
        return None

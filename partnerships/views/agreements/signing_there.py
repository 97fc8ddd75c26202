"""Signing for the enterprise: in its portal, and on the page of a link with a code that is mailed to the person."""

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import proof
from accounts.access import client_address
from partnerships.forms.editing import add_errors
from partnerships.forms.signing import CodeForm
from partnerships.models import Agreement
from partnerships.services.agreements import signing
from partnerships.views.agreements.detail import parts_of
from partnerships.views.agreements.enterprise import found_in_portal
from partnerships.views.agreements.signing import own_page, seen
from partnerships.workflow import AgreementState
from records.models import Side, Signature
from records.services import look
from records.workflow import Refused

S = Signature.State
#: Where a session remembers that the code of a request was sent, so that the page shows the field.
SENT = "signature_code_sent"


@require_http_methods(["GET", "HEAD", "POST"])
def portal_agreement_sign(request, enterprise, agreement):
    enterprise, found = found_in_portal(request, enterprise, agreement)
    template, context = "partnerships/agreement_portal_sign.html", {"enterprise": enterprise}
    return own_page(request, found, template, context, for_enterprise=True)


@require_POST
def portal_agreement_seen(request, enterprise, agreement):
    return seen(request, found_in_portal(request, enterprise, agreement)[1])


# --- the page of a link --------------------------------------------------------------------------------------------


def link_sign(request, link, enterprise):
    """The page of an open link to one request; views/links.py has found it. GET changes nothing.

    Whoever holds the link reads the text while the request counts; only who reads the person's mail can sign.
    """
    row = Signature.objects.filter(pk=link.subject_id, stream=enterprise.pk).first()
    rows = Agreement.objects.exclude(state=AgreementState.DRAFT).select_related("enterprise", "owner", "amends")
    agreement = rows.filter(pk=row.subject_id).first() if row else None
    if agreement is None:
        raise Http404
    is_school = request.user.is_authenticated and request.user.is_school
    is_open = agreement.state == AgreementState.SIGNATURE and row.state in (S.ASKED, S.SEEN)
    form = _code_form(request, agreement)
    if request.method == "POST":
        _refuse_there(is_school, is_open)
        if _act(request, link, agreement, row, form):
            return redirect("partnerships:link", link.code)
    else:
        look("link", subject=agreement, link=link, by=request.user, address=client_address(request))
    context = {"link": link, "enterprise": enterprise, "previews": is_school, "own": row, "may_sign": is_open}
    context |= {"form": form, "is_sent": request.session.get(SENT) == row.pk or form.is_bound, "agreement": agreement}
    if row.state not in (S.WITHDRAWN, S.DELEGATED, S.RESET):
        context |= parts_of(agreement, timezone.localdate(), for_enterprise=row.side == Side.ENTERPRISE)
    return render(request, "partnerships/agreement_link_sign.html", context, status=422 if form.errors else 200)


def _refuse_there(is_school, is_open):
    if is_school:
        raise Refused(_("You are signed in for the school: whoever was asked signs here, not you."))
    if not is_open:
        raise Refused(_("There is nothing to sign here any more."))


def _code_form(request, agreement):
    do = request.POST.get("do", "")
    data = request.POST if request.method == "POST" and do in ("sign", "refuse") else None
    return CodeForm(data, initial={"digest": signing.digest_of(agreement)}, refuses=do == "refuse")


def _act(request, link, agreement, row, form):
    """Whether it was done; what was wrong stands in the form."""
    if request.POST.get("do") == "code":
        return _send_code(request, link, agreement, row, form)
    if not form.is_bound or not form.is_valid():
        return False
    values = {"link": link, "code": form.cleaned_data["code"]}
    try:
        if request.POST["do"] == "sign":
            address = client_address(request)
            signing.sign_by_link(row, digest=form.cleaned_data["digest"], address=address, **values)
        else:
            signing.refuse_by_link(row, reason=form.cleaned_data["reason"], **values)
    except ValidationError as error:
        add_errors(form, error)
        return False
    request.session.pop(SENT, None)
    return True


def _send_code(request, link, agreement, row, form):
    """Mail a code to the person, in the language of the link; the page then shows where to type it."""
    if row.email and not proof.within_limit(request, "signature_code", f"signature-{row.pk}"):
        raise Refused(_("Several codes are on their way there. Wait a minute before you ask for another."))
    code = signing.make_code(row, link)
    with translation.override(link.language):
        proof.mail_code(request, row.email, "own_code", code=code, title=agreement.heading)
    request.session[SENT] = row.pk
    return True

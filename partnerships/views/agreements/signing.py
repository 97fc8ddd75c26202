"""Signatures on the school's pages: who is asked, what came on paper, and one's own, which the portal shares."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import proof
from accounts.access import client_address
from partnerships.forms.editing import add_errors
from partnerships.forms.signing import DelegateForm, PaperForm, ProofForm, RefuseForm, colleagues_of, lines_for
from partnerships.services import links as link_services
from partnerships.services.agreements import signing
from partnerships.services.agreements.writing import no_longer
from partnerships.signatures import TO_SIGN, own_request, shown
from partnerships.views.agreements.detail import parts_of
from partnerships.views.agreements.drafts import agreement_of, kept
from partnerships.workflow import AgreementState
from records import signatures as ledger
from records.models import Signature
from records.workflow import Refused


def out_for_signature(agreement):
    """The same agreement. Raises Refused unless it is out for signature."""
    if agreement.state != AgreementState.SIGNATURE:
        raise no_longer(agreement)
    return agreement


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_ask(request, pk):
    """Who is asked to sign: proposed lines, and as many more as it takes."""
    agreement = out_for_signature(kept(request, pk))
    lines = lines_for(agreement, request.POST or None)
    faulty = ""
    if request.method == "POST" and lines.is_valid():
        try:
            signing.ask_for_signatures(agreement, lines.signatories, by=request.user)
        except ValidationError as error:
            faulty = " ".join(error.messages)
        else:
            messages.success(request, _("Asked. Each of them is told, in their turn."))
            return redirect("partnerships:agreement_detail", pk)
    context = {"agreement": agreement, "lines": lines, "faulty": faulty, "asked": shown(agreement)[0]}
    status = 422 if lines.is_bound else 200
    return render(request, "partnerships/agreement_ask.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_signed(request, pk):
    """Enter what came back on paper: who signed, when, and the scan."""
    agreement = out_for_signature(kept(request, pk))
    requests = ledger.ledger(agreement).filter(state__in=ledger.OPEN)
    form = PaperForm(request.POST or None, request.FILES or None, requests=requests)
    if request.method == "POST" and form.is_valid():
        rows, scan, day = (form.cleaned_data[name] for name in ("signatures", "scan", "signed_on"))
        try:
            signing.sign_all_on_paper(agreement, list(rows), scan, by=request.user, signed_on=day)
        except ValidationError as error:
            add_errors(form, error, otherwise="scan")
        else:
            messages.success(request, _("Filed. The scan is kept with the agreement."))
            return redirect("partnerships:agreement_detail", pk)
    context = {"agreement": agreement, "form": form, "any": requests.exists()}
    return render(request, "partnerships/agreement_signed.html", context, status=422 if form.errors else 200)


@require_POST
def agreement_signature(request, pk, signature, name):
    """What whoever keeps the agreement does about one request: withdraw it, ask again, remind, hand out its link."""
    agreement = kept(request, pk)
    row = get_object_or_404(ledger.ledger(agreement), pk=signature)
    if name not in ACTS:
        raise Http404
    return ACTS[name](request, agreement, row) or redirect("partnerships:agreement_detail", pk)


def _withdraw(request, agreement, row):
    signing.withdraw_request(row, by=request.user)
    messages.success(request, _("%(name)s is no longer asked.") % {"name": row.name})


def _again(request, agreement, row):
    reason = request.POST.get("note", "").replace("\x00", "")[:500]
    signing.ask_again(row, by=request.user, reason=reason)
    messages.success(request, _("%(name)s is asked again.") % {"name": row.name})


def _remind(request, agreement, row):
    """By the reminder centre, where it tells of signatures; else by hand."""
    if not signing.remind(row, by=request.user):
        return _link(request, agreement, row)
    messages.success(request, _("%(name)s is told once more.") % {"name": row.name})
    return None


def _link(request, agreement, row):
    link = link_services.hand_out_to_sign(row, by=request.user)
    return redirect("partnerships:link_carry", agreement.enterprise_id, link.pk)


def _instead(request, agreement, row):
    """Of somebody who is gone: who is asked in that place."""
    form = DelegateForm(request.POST, people=signing.successors_of(row))
    if not form.is_valid():
        messages.error(request, _("Choose who signs instead."))
        return
    try:
        fresh = signing.ask_instead(row, form.cleaned_data["to"], by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("%(to)s is asked instead of %(name)s.") % {"to": fresh.name, "name": row.name})


ACTS = {"withdraw": _withdraw, "again": _again, "remind": _remind, "link": _link, "instead": _instead}


# --- one's own signature, at the school and in the portal ------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_sign(request, pk):
    agreement = agreement_of(request, pk)
    return own_page(request, agreement, "partnerships/agreement_sign.html", {})


@require_POST
def agreement_seen(request, pk):
    return seen(request, agreement_of(request, pk))


def seen(request, agreement):
    """The page's own small request: the person asked has the text before them."""
    row = own_request(agreement, request.user)
    if row is not None and row.state == Signature.State.ASKED and agreement.state == AgreementState.SIGNATURE:
        signing.see(row, by=request.user)
    return HttpResponse(status=204)


def own_page(request, agreement, template, context, *, for_enterprise=False):
    """Read the text, prove who you are, and sign; or say what should change; or pass it on. GET changes nothing."""
    row = own_request(agreement, request.user)
    is_open = agreement.state == AgreementState.SIGNATURE and row is not None and row.state in TO_SIGN
    forms = _own_forms(request, agreement, row) if is_open else dict.fromkeys(FORMS.values())
    if request.method == "POST":
        if not is_open:
            over = _("There is nothing to sign here any more.")
            raise Refused(over if row else _("You were not asked to sign this."))
        if _own_act(request, agreement, row, forms):
            return redirect(request.path)
    context |= parts_of(agreement, timezone.localdate(), for_enterprise=for_enterprise)
    context |= {"own": row, "may_sign": is_open, **forms}
    faulty = any(form is not None and form.errors for form in forms.values())
    return render(request, template, context, status=422 if faulty else 200)


#: What is sent with `do`, and the form that it needs.
FORMS = {"sign": "proof_form", "refuse": "refuse_form", "delegate": "delegate_form"}


def _own_forms(request, agreement, row):
    do = request.POST.get("do", "")
    data = {name: request.POST if FORMS.get(do) == name else None for name in FORMS.values()}
    return {
        "proof_form": ProofForm(data["proof_form"], initial={"digest": signing.digest_of(agreement)}),
        "refuse_form": RefuseForm(data["refuse_form"]),
        "delegate_form": DelegateForm(data["delegate_form"], people=colleagues_of(row, request.user)),
    }


def _own_act(request, agreement, row, forms):
    """Whether it was done; what was wrong stands in the forms."""
    do, user = request.POST.get("do", ""), request.user
    if do == "code":
        return _send_own_code(request, agreement)
    form = forms.get(FORMS.get(do))
    if form is None or not form.is_valid():
        return False
    try:
        if do == "sign":
            return _sign(request, agreement, row, form)
        if do == "refuse":
            signing.refuse(row, reason=form.cleaned_data["reason"], by=user)
            ours = _("Sent back: %(name)s reads what should change.") % {"name": agreement.owner}
            messages.success(request, ours if user.is_school else _("Thank you! The school reads what should change."))
        else:
            signing.delegate(row, form.cleaned_data["to"], by=user)
            messages.success(request, _("%(name)s is asked instead of you.") % {"name": form.cleaned_data["to"]})
    except ValidationError as error:
        add_errors(form, error)
        return False
    return True


def _sign(request, agreement, row, form):
    """Sign, after the text was compared and the person has proved who they are."""
    digest = form.cleaned_data["digest"]
    signing.check_text(agreement, digest)
    is_self = proof.is_self(request, form.cleaned_data["proof"])
    if not is_self:
        wrong = _("That is neither your password nor a code of yours.")
        form.add_error("proof", wrong if is_self is False else _("Too many tries: wait a quarter of an hour."))
        return False
    signing.sign(row, digest=digest, by=request.user, address=client_address(request))
    messages.success(request, _("Signed. Thank you!"))
    return True


def _send_own_code(request, agreement):
    if proof.send_code(request, request.user.email, "own_code", title=agreement.heading):
        messages.success(request, _("A code is on its way to %(email)s.") % {"email": request.user.email})
    else:
        messages.error(request, _("Several codes are on their way there. Wait a minute before you ask for another."))
    return True

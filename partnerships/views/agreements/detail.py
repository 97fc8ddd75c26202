"""One agreement for the school: where it stands, what was agreed, and every step that is a press of a button."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.agreements import ends, history, side_by_side, standing, text_blocks
from partnerships.forms.agreements import CommentForm, OnBehalfForm
from partnerships.forms.editing import add_errors
from partnerships.forms.papers import StepForm
from partnerships.models import Agreement
from partnerships.models.agreement import SIGNED_STATES
from partnerships.obligations import promises_of
from partnerships.papers import code_to_print, papers_of
from partnerships.rules.agreements import in_effect
from partnerships.services import links as link_services
from partnerships.services.agreements import amending, ending, review
from partnerships.services.agreements.expiring import why_not_decide
from partnerships.services.obligations import why_not_add
from partnerships.signatures import TO_SIGN, own_request, shown, turn
from partnerships.views.agreements.drafts import agreement_of, editable, kept
from partnerships.views.agreements.scans import with_sign_forms
from partnerships.workflow import AGREEMENT, AgreementState, keeps_this_agreement
from records import qr
from records.models import File
from records.workflow import moves_open_to

#: Steps that are buttons of their own on the page; the rest have pages, or happen by themselves.
BUTTONS = review.STEPS


def versions_shown(agreement):
    """(the versions that count, the amendment at work or None), in as many queries for twenty as for none."""
    rows = Agreement.objects.filter(Q(pk=agreement.pk) | Q(amends=agreement))
    rows = rows.select_related("school_contact", "enterprise_contact").prefetch_related("sites")
    base, *amendments = rows.order_by("nth")
    counting = [row for row in amendments if row.state == AgreementState.IN_FORCE]
    at_work = next((row for row in amendments if row.state != AgreementState.IN_FORCE), None)
    return [base, *counting], at_work


@require_safe
def agreement_detail(request, pk):
    return detail(request, agreement_of(request, pk))


def detail(request, agreement, comment_form=None, step_form=None):
    today, why_not = timezone.localdate(), keeps_this_agreement(agreement, request.user)
    open_fields = [] if why_not else editable(agreement)
    is_review = agreement.state == AgreementState.REVIEW
    fields = review.commentable(agreement)
    context = {
        **parts_of(agreement, today, open_fields=open_fields if is_review else ()),
        "own_url": own_url(agreement, request.user, "agreement_sign", agreement.pk),
        "why_not": why_not,
        "may_change": bool(open_fields),
        "moves": [open for open in moves_open_to(agreement, AGREEMENT, request.user) if open.move.name in BUTTONS],
        "comment_form": _comment_form(request, fields, comment_form) if is_review and not why_not else None,
        "may_agree": is_review and not why_not and not agreement.agreed_school_at,
        "may_add": not why_not and not why_not_add(agreement),
        **_blocked(agreement),
        "may_end": not AGREEMENT.refusal(agreement, AGREEMENT.by_name["terminate"], request.user)[1],
        "renewals": [] if agreement.is_amendment else agreement.renewals.all(),
        "departments": agreement.departments.all(),
        "papers": papers_of(agreement, today, may_change=not why_not),
        "stamped": with_sign_forms(agreement.scans.select_related("file", "document").order_by("-pk")),
        "step_form": step_form or StepForm(),
        "files": File.objects.filter(subject_type__model="agreement", subject_id=agreement.pk),
    }
    faulty = comment_form is not None or step_form is not None
    return render(request, "partnerships/agreement_detail.html", context, status=422 if faulty else 200)


def _blocked(agreement):
    """Why a step of the page is not possible now; None where it is."""
    return {
        "why_not_agree": review.why_not_agree(agreement),
        "why_not_amend": amending.why_not_start(agreement),
        "why_not_renew": ending.why_not_renew(agreement),
        "why_not_decide": why_not_decide(agreement),
    }


def parts_of(agreement, today, *, for_enterprise=False, open_fields=()):
    """What both sides' pages show of an agreement or an amendment, and of who signs it."""
    asked, past = shown(agreement, for_enterprise=for_enterprise)
    stands = standing(agreement, today, for_enterprise=for_enterprise)
    if agreement.state == AgreementState.SIGNATURE:
        stands = turn(stands, asked, for_enterprise=for_enterprise)
    versions, at_work = ([agreement], None) if agreement.is_amendment else versions_shown(agreement)
    before = amending.predecessor(agreement) if agreement.is_amendment else None
    if for_enterprise and at_work is not None and at_work.state == AgreementState.DRAFT:
        at_work = None
    return {
        "agreement": agreement,
        "standing": stands,
        "asked": asked,
        "past": past,
        "ends": ends(agreement),
        "blocks": text_blocks(in_effect(versions, today), before=before, open_fields=open_fields),
        "versions": versions,
        "at_work": at_work,
        "compared": side_by_side(versions, today) if len(versions) > 1 else [],
        "history": history(versions, for_enterprise=for_enterprise),
        "promises": _promises(agreement, today, for_enterprise),
        "parties": agreement.other_parties.all(),
    }


def _promises(agreement, today, for_enterprise):
    """What both sides promised under it; None before it counts, and for an amendment."""
    if agreement.is_amendment or agreement.state not in SIGNED_STATES:
        return None
    return promises_of(agreement, today, for_enterprise=for_enterprise)


def own_url(agreement, user, page, *arguments):
    """The page on which this reader signs it; empty where there is nothing to sign."""
    own = own_request(agreement, user) if agreement.state == AgreementState.SIGNATURE else None
    return reverse(f"partnerships:{page}", args=arguments) if own is not None and own.state in TO_SIGN else ""


def _comment_form(request, fields, bound=None):
    return bound or CommentForm(fields=fields, initial={"field": request.GET.get("field", "")})


@require_safe
def agreement_print(request, pk):
    """A paper for both sides: in the words that the enterprise reads."""
    agreement = agreement_of(request, pk)
    context = parts_of(agreement, timezone.localdate(), for_enterprise=True)
    if found := code_to_print(agreement, context["versions"]):
        context |= {"document": found[0], "qr": qr.svg(found[1], is_for_paper=True)}
    return render(request, "partnerships/agreement_print.html", context)


@require_POST
def agreement_move(request, pk, name):
    agreement = agreement_of(request, pk)
    if name not in BUTTONS:
        raise Http404
    note = request.POST.get("note", "").replace("\x00", "")[:1000]
    moved = review.move_agreement(agreement, name, by=request.user, note=note)
    label = AGREEMENT.words[moved.state].label
    messages.success(request, _("%(name)s: now “%(state)s”.") % {"name": agreement.title, "state": label})
    return redirect("partnerships:agreement_detail", pk)


# --- joint review --------------------------------------------------------------------------------------------------


@require_POST
def agreement_comment(request, pk):
    agreement = kept(request, pk)
    form = CommentForm(request.POST, fields=review.commentable(agreement))
    if form.is_valid() and commented(agreement, form, by=request.user):
        messages.success(request, _("Written down. The enterprise can now change this part."))
        return redirect("partnerships:agreement_detail", pk)
    return detail(request, agreement, comment_form=form)


def commented(agreement, form, **who):
    """Whether the comment was written; what was wrong stands in the form."""
    try:
        review.comment_on(agreement, field=form.cleaned_data["field"], text=form.cleaned_data["text"], **who)
    except ValidationError as error:
        add_errors(form, error)
        return False
    return True


@require_POST
def agreement_settle(request, pk, comment):
    agreement = kept(request, pk)
    review.settle_comment(get_object_or_404(agreement.comments, pk=comment), by=request.user)
    messages.success(request, _("Settled."))
    return redirect("partnerships:agreement_detail", pk)


@require_POST
def agreement_agree(request, pk):
    review.agree(kept(request, pk), by=request.user, version=version_in(request))
    messages.success(request, _("Agreed for the school."))
    return redirect("partnerships:agreement_detail", pk)


def version_in(request):
    """The version of the text that the person read, or -1, which is none."""
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else -1


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_on_behalf(request, pk):
    agreement = kept(request, pk)
    fields = review.commentable(agreement)
    form = OnBehalfForm(request.POST or None, request.FILES or None, fields=fields)
    if request.method == "POST" and form.is_valid():
        try:
            review.enter_on_behalf(agreement, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Entered. The enterprise is asked to check it."))
            return redirect("partnerships:agreement_detail", pk)
    context = {"form": form, "agreement": agreement, "people": agreement.enterprise.contacts.present()}
    return render(request, "partnerships/agreement_on_behalf.html", context, status=422 if form.errors else 200)


@require_POST
def agreement_link(request, pk):
    """Hand out a link to read, comment and agree without an account."""
    agreement = kept(request, pk)
    contact = agreement.enterprise_contact or agreement.enterprise.contacts.present().first()
    made = link_services.hand_out_agreement(agreement, by=request.user, contact=contact)
    return redirect("partnerships:link_carry", agreement.enterprise_id, made.pk)

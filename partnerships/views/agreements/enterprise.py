"""Agreements for the enterprise: in its portal, and on the page of a link."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import client_address
from partnerships.access import enterprise_in_portal
from partnerships.agreements import ends, standing
from partnerships.forms.agreements import CommentByLinkForm, CommentForm, SettleForm, TextForm
from partnerships.forms.editing import add_errors
from partnerships.forms.links import WhoForm
from partnerships.models import Agreement
from partnerships.papers import papers_for_enterprise
from partnerships.rules.agreements import SIGNED
from partnerships.services.agreements import review
from partnerships.services.agreements.writing import no_longer
from partnerships.services.enterprises import Conflict
from partnerships.views.agreements.detail import commented, own_url, parts_of, version_in
from partnerships.views.agreements.drafts import named
from partnerships.workflow import AgreementState
from records.models import Side
from records.services import look
from records.workflow import NotAllowed, Refused

SIDE = Side.ENTERPRISE


def _of(enterprise, user):
    """What this enterprise is a party to, without what still lies in the school's drawer."""
    beside = Agreement.other_parties.through.objects.filter(enterprise=enterprise).values("agreement")
    party = Q(enterprise=enterprise) | Q(pk__in=beside)
    rows = Agreement.objects.visible_to(user).filter(party)
    return rows.select_related("enterprise", "owner", "amends", "school_contact", "enterprise_contact")


def found_in_portal(request, enterprise, pk):
    enterprise = enterprise_in_portal(request.user, enterprise)
    return enterprise, get_object_or_404(_of(enterprise, request.user), pk=pk)


def _own(request, enterprise, pk):
    """The same, for acting: further parties read, the enterprise itself takes part. Raises NotAllowed."""
    enterprise, agreement = found_in_portal(request, enterprise, pk)
    if agreement.enterprise_id != enterprise.pk:
        raise NotAllowed(_("Only the enterprise itself and the school take part in this."))
    return enterprise, agreement


# --- the portal ----------------------------------------------------------------------------------------------------


@require_safe
def portal_agreements(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    today = timezone.localdate()
    rows = _of(enterprise, request.user).filter(Q(amends=None) | ~Q(state=AgreementState.IN_FORCE))
    found = {"to_do": [], "current": [], "past": []}
    for row in rows.prefetch_related("comments", "amendments", "paper_steps").order_by("effective_until", "pk")[:100]:
        at_work = row.state in (AgreementState.REVIEW, AgreementState.SIGNATURE)
        group = "to_do" if at_work else "current" if row.state == AgreementState.IN_FORCE else "past"
        found[group].append((row, standing(row, today, for_enterprise=True), ends(row)))
    return render(request, "partnerships/agreement_portal_list.html", {"enterprise": enterprise, "found": found})


@require_safe
def portal_agreement(request, enterprise, agreement):
    return _detail(request, *found_in_portal(request, enterprise, agreement))


def _detail(request, enterprise, agreement, comment_form=None):
    takes_part = agreement.state == AgreementState.REVIEW and agreement.enterprise_id == enterprise.pk
    fields = review.commentable(agreement) if takes_part else []
    first = {"field": request.GET.get("field", "")}
    context = {
        "enterprise": enterprise,
        **_shown(agreement),
        "own_url": own_url(agreement, request.user, "portal_agreement_sign", enterprise.pk, agreement.pk),
        "comment_form": (comment_form or CommentForm(fields=fields, initial=first)) if takes_part else None,
        "why_not_agree": review.why_not_agree(agreement),
        "may_agree": takes_part and not agreement.agreed_enterprise_at,
    }
    return render(request, "partnerships/agreement_portal.html", context, status=422 if comment_form else 200)


def _shown(agreement):
    """What the enterprise reads of it: never its number, its box, or a draft."""
    open_fields = review.open_fields(agreement, SIDE)
    parts = parts_of(agreement, timezone.localdate(), for_enterprise=True, open_fields=open_fields)
    return parts | {"open_fields": open_fields, "papers": papers_for_enterprise(agreement)}


@require_POST
def portal_agreement_comment(request, enterprise, agreement):
    enterprise, found = _own(request, enterprise, agreement)
    form = CommentForm(request.POST, fields=review.commentable(found))
    if form.is_valid() and commented(found, form, by=request.user):
        messages.success(request, _("Thank you! The school looks at it and can change this part."))
        return redirect("partnerships:portal_agreement", enterprise.pk, found.pk)
    return _detail(request, enterprise, found, comment_form=form)


@require_POST
def portal_agreement_settle(request, enterprise, agreement, comment):
    enterprise, found = _own(request, enterprise, agreement)
    review.settle_comment(get_object_or_404(found.comments, pk=comment), by=request.user)
    messages.success(request, _("Settled."))
    return redirect("partnerships:portal_agreement", enterprise.pk, found.pk)


@require_POST
def portal_agreement_agree(request, enterprise, agreement):
    enterprise, found = _own(request, enterprise, agreement)
    review.agree(found, by=request.user, version=version_in(request))
    messages.success(request, _("Thank you! The school sees that you agree."))
    return redirect("partnerships:portal_agreement", enterprise.pk, found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_agreement_edit(request, enterprise, agreement):
    """Change what the school has commented on."""
    enterprise, found = _own(request, enterprise, agreement)
    form, conflict = _change_form(request, found), None
    if not form.visible_fields():
        raise Refused(_("Nothing is open to change: a part opens with a comment of the school."))
    if request.method == "POST" and form.is_valid():
        form, conflict = _change(form, by=request.user)
        if form is None:
            messages.success(request, _("Saved. The school reads the new text."))
            return redirect("partnerships:portal_agreement", enterprise.pk, found.pk)
    context = {"enterprise": enterprise, "agreement": named(found)}
    context |= {"form": form, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "partnerships/agreement_portal_edit.html", context, status=status)


def _change_form(request, agreement, is_sent=True):
    """The open fields as a form. Raises Refused where the request names a field that is locked."""
    if is_sent:
        review.refuse_locked(agreement, SIDE, [name for name in SIGNED if name in request.POST])
    data = request.POST if is_sent and request.method == "POST" else None
    names = review.open_fields(agreement, SIDE)
    remarks = list(agreement.comments.filter(resolved_at=None).select_related("by"))
    return TextForm(data, instance=agreement, enterprise=agreement.enterprise, only=names, remarks=remarks)


def _change(form, **who):
    """(None, None) once it is saved; else the form to show again, and the conflict where there was one."""
    try:
        review.change_in_review(form.instance, version=form.cleaned_data["version"], changes=form.changes, **who)
    except Conflict as conflict:
        return form.redrawn(conflict.current, form.changes), conflict
    except ValidationError as error:
        add_errors(form, error)
        return form, None
    return None, None


# --- the page of a link --------------------------------------------------------------------------------------------


def link_agreement(request, link, enterprise):
    """The page of an open link to an agreement; views/links.py has found it. GET changes nothing."""
    rows = Agreement.objects.exclude(state=AgreementState.DRAFT)
    rows = rows.select_related("enterprise", "owner", "amends", "school_contact", "enterprise_contact")
    agreement = rows.filter(pk=link.subject_id, enterprise=enterprise).first()
    if agreement is None:
        raise Http404
    is_school = request.user.is_authenticated and request.user.is_school
    if request.method == "POST" and is_school:
        raise Refused(_("You are signed in for the school: enter the answer on behalf of the enterprise instead."))
    forms, conflict = _forms(request, agreement, enterprise), None
    if request.method == "POST":
        done, conflict = _act(request, link, agreement, forms)
        if done:
            return redirect("partnerships:link", link.code)
    else:
        look("link", subject=agreement, link=link, by=request.user, address=client_address(request))
    fresh = rows.get(pk=agreement.pk)
    context = {"link": link, "enterprise": enterprise, "previews": is_school, **forms, "conflict": conflict}
    context |= _shown(fresh)
    faulty = any(form is not None and form.errors for form in forms.values())
    status = 409 if conflict else 422 if faulty else 200
    return render(request, "partnerships/agreement_link.html", context, status=status)


#: What is sent with `do`, and the form that says who does it.
FORMS = {"comment": "comment_form", "change": "change_who", "agree": "agree_form", "settle": "settle_form"}


def _forms(request, agreement, enterprise):
    """The forms of the page, the one that was sent with its data; none of them outside a joint review."""
    if agreement.state != AgreementState.REVIEW:
        return dict.fromkeys([*FORMS.values(), "change_form"])
    do = request.POST.get("do", "") if request.method == "POST" else ""

    def made(form, name, **more):
        data = request.POST if FORMS.get(do) == name else None
        return form(data, auto_id=f"{name}-%s", enterprise=enterprise, **more)

    change = _change_form(request, agreement, is_sent=do == "change")
    own = agreement.comments.filter(side=SIDE, resolved_at=None)
    return {
        "comment_form": made(CommentByLinkForm, "comment_form", fields=review.commentable(agreement)),
        "change_form": change if change.visible_fields() else None,
        "change_who": made(WhoForm, "change_who"),
        "agree_form": made(WhoForm, "agree_form"),
        "settle_form": made(SettleForm, "settle_form", comments=own) if own else None,
    }


def _act(request, link, agreement, forms):
    """(whether it was done, the conflict where there was one); what was wrong stands in the forms."""
    do = request.POST.get("do", "")
    form = forms.get(FORMS.get(do))
    if form is None:
        raise no_longer(agreement)
    if not form.is_valid():
        return False, None
    who = {"via": link, "name": form.author_name}
    if do == "comment":
        return commented(agreement, form, **who), None
    if do == "change":
        return _change_by_link(forms, who)
    if do == "settle":
        review.settle_comment(form.cleaned_data["comment"], **who)
    else:
        review.agree(agreement, version=version_in(request), **who)
    return True, None


def _change_by_link(forms, who):
    form = forms["change_form"]
    if form is None or not form.is_valid():
        return False, None
    forms["change_form"], conflict = _change(form, **who)
    return forms["change_form"] is None, conflict

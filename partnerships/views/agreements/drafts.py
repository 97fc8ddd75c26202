"""Making an agreement and changing it, for the school."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partnerships.forms.agreements import FilingForm, TextForm
from partnerships.forms.editing import add_errors
from partnerships.models import Agreement, AgreementPreset
from partnerships.rules.agreements import BLOCKS
from partnerships.services.agreements import drafting, presets, review
from partnerships.services.enterprises import Conflict
from partnerships.views.doors import partner, school_page
from partnerships.workflow import AgreementState, keeps_this_agreement, keeps_this_partner
from records.models import Side
from records.workflow import NotAllowed, Refused


def agreement_of(request, pk):
    """The agreement of a school page. Raises Http404, PermissionDenied."""
    rows = Agreement.objects.select_related(
        "enterprise", "owner", "department", "amends", "renews", "school_contact", "enterprise_contact", "created_by"
    )
    return school_page(rows, request, pk)


def kept(request, pk):
    """The same, for somebody who may change it. Raises NotAllowed besides."""
    agreement = agreement_of(request, pk)
    if reason := keeps_this_agreement(agreement, request.user):
        raise NotAllowed(reason)
    return agreement


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_new(request, pk):
    """A draft for this partner, empty, from a preset (`preset`) or like another agreement (`like`)."""
    enterprise = partner(request, pk)
    if reason := keeps_this_partner(enterprise, request.user):
        raise NotAllowed(reason)
    first = _begin(request, enterprise)
    form = TextForm(request.POST or None, enterprise=enterprise, initial=first)
    if request.method == "POST" and form.is_valid():
        values = form.values
        key = form.cleaned_data["form_key"] or uuid.uuid4()
        try:
            agreement = drafting.draft_agreement(enterprise, by=request.user, form_key=key, **values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Drafted. Nobody but the school sees it yet."))
            return redirect("partnerships:agreement_detail", agreement.pk)
    context = {"form": form, "enterprise": enterprise, "chosen": _preset(request)}
    context["presets"] = AgreementPreset.objects.filter(is_offered=True)
    return render(request, "partnerships/agreement_form.html", context, status=422 if form.is_bound else 200)


def _begin(request, enterprise):
    values = {"owner": request.user, "department": request.user.department, "school_contact": request.user}
    like = request.GET.get("like", "")
    if like.isdecimal() and len(like) < 19:
        other = get_object_or_404(Agreement.objects.visible_to(request.user), pk=like)
        values |= drafting.values_like(other, enterprise)
    elif chosen := _preset(request):
        values |= presets.values_of(chosen)
    return values


def _preset(request):
    key = request.GET.get("preset", "")
    return AgreementPreset.objects.filter(pk=key if key.isdecimal() and len(key) < 19 else 0).first()


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_edit(request, pk):
    """A draft: everything, of an amendment what is ticked. In joint review: what the enterprise has commented on."""
    agreement = kept(request, pk)
    names = editable(agreement)
    posted = [name for name in BLOCK_FIELDS if name in request.POST]
    if agreement.state == AgreementState.REVIEW:
        review.refuse_locked(agreement, Side.SCHOOL, posted)
    if not names:
        raise Refused(_("Nothing can be changed now: take it back, or comment on what should change."))
    remarks = list(agreement.comments.filter(resolved_at=None).select_related("by"))
    form = TextForm(
        request.POST or None, instance=agreement, enterprise=agreement.enterprise, only=names, remarks=remarks
    )
    context = {"enterprise": agreement.enterprise, "agreement": named(agreement)}
    return changed(request, form, context, _save_change, "partnerships/agreement_form.html")


BLOCK_FIELDS = [name for _label, names in BLOCKS.values() for name in names]


def editable(agreement):
    """The fields that whoever keeps it may change now; None for all."""
    if agreement.state == AgreementState.DRAFT:
        return [f for b in agreement.blocks for f in BLOCKS[b][1]] if agreement.is_amendment else ALL
    return review.open_fields(agreement, Side.SCHOOL)


ALL = ["kind", *BLOCK_FIELDS, "owner", "department", "departments", "other_parties"]


def named(agreement):
    """Its name alone: the form writes what was typed into the row it is given."""
    return Agreement(pk=agreement.pk, title=agreement.title, title_en=agreement.title_en, nth=agreement.nth)


def _save_change(request, form, version):
    save = drafting.change_draft if form.instance.state == AgreementState.DRAFT else review.change_in_review
    save(form.instance, by=request.user, version=version, changes=form.changes)


def changed(request, form, context, save, template):
    """The rest of an edit page: save, or show both values where somebody else was quicker."""
    conflict, pk = None, context["agreement"].pk
    if request.method == "POST" and form.is_valid():
        try:
            save(request, form, form.cleaned_data["version"])
        except Conflict as error:
            conflict, form = error, form.redrawn(error.current, form.changes)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("partnerships:agreement_detail", pk)
    status = 409 if conflict else 422 if form.is_bound else 200
    return render(request, template, context | {"form": form, "conflict": conflict}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_filing(request, pk):
    agreement = kept(request, pk)
    form = FilingForm(request.POST or None, instance=agreement, enterprise=agreement.enterprise)
    context = {"enterprise": agreement.enterprise, "agreement": named(agreement)}
    return changed(request, form, context, _save_filing, "partnerships/agreement_filing.html")


def _save_filing(request, form, version):
    drafting.file_agreement(form.instance, by=request.user, version=version, changes=form.changes)


@require_POST
def agreement_delete(request, pk):
    agreement = kept(request, pk)
    drafting.delete_draft(agreement, by=request.user)
    messages.success(request, _("The draft is deleted."))
    if agreement.is_amendment:
        return redirect("partnerships:agreement_detail", agreement.amends_id)
    return redirect("partnerships:enterprise_detail", agreement.enterprise_id)

"""Amending, renewing and ending an agreement, for the school."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partnerships.forms.agreements import EndForm, TicksForm
from partnerships.forms.editing import add_errors
from partnerships.services.agreements import amending, ending
from partnerships.services.enterprises import Conflict
from partnerships.views.agreements.drafts import agreement_of, kept
from partnerships.workflow import is_lead
from records.workflow import NotAllowed, Refused


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_amend(request, pk):
    """Start an amendment: what it changes, and from when."""
    agreement = kept(request, pk)
    if request.method != "POST" and (reason := amending.why_not_start(agreement)):
        raise Refused(reason)
    form = TicksForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("blocks", "valid_from", "form_key")}
        try:
            amendment = amending.start_amendment(agreement, by=request.user, **typed)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Now change the parts you ticked."))
            return redirect("partnerships:agreement_edit", amendment.pk)
    context = {"form": form, "agreement": agreement}
    return render(request, "partnerships/agreement_ticks.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_blocks(request, pk):
    """Tick and untick what a drafted amendment changes."""
    amendment = kept(request, pk)
    form = TicksForm(request.POST or None, amendment=amendment)
    if request.method == "POST" and form.is_valid():
        typed = {name: form.cleaned_data[name] for name in ("blocks", "valid_from", "version")}
        try:
            amending.tick_blocks(amendment, by=request.user, **typed)
        except Conflict as conflict:
            form.add_error(None, conflict.reason)
            form.data = form.data.copy()
            form.data["version"] = conflict.current.version
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved. What is no longer ticked reads as before."))
            return redirect("partnerships:agreement_detail", pk)
    context = {"form": form, "agreement": amendment}
    return render(request, "partnerships/agreement_ticks.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_end(request, pk):
    """End it early: last day, reason, paper. For leads."""
    agreement = agreement_of(request, pk)
    if reason := is_lead(agreement, request.user):
        raise NotAllowed(reason)
    form = EndForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        paper = form.cleaned_data["document"]
        typed = {name: form.cleaned_data[name] for name in ("day", "reason")}
        try:
            ending.terminate_agreement(agreement, by=request.user, documents=[paper] if paper else (), **typed)
        except ValidationError as error:
            add_errors(form, error, otherwise="document")
        else:
            messages.success(request, _("Written down: both sides read the day and the reason."))
            return redirect("partnerships:agreement_detail", pk)
    context = {"form": form, "agreement": agreement}
    return render(request, "partnerships/agreement_end.html", context, status=422 if form.errors else 200)


@require_POST
def agreement_renew(request, pk):
    renewal = ending.start_renewal(kept(request, pk), by=request.user)
    messages.success(request, _("The renewal is drafted: it begins the day after. Look it through."))
    return redirect("partnerships:agreement_edit", renewal.pk)

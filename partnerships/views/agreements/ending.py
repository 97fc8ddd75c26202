"""What follows on the end of an agreement: renew it, let it end, or ask the enterprise."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partnerships.agreements import standing
from partnerships.forms.obligations import WishForThemForm
from partnerships.services.agreements import ending
from partnerships.services.agreements.expiring import let_end, why_not_decide
from partnerships.views.agreements.drafts import agreement_of
from partnerships.views.promises import wished
from partnerships.workflow import keeps_this_agreement
from records.workflow import NotAllowed


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_ending(request, pk):
    """The day, what the enterprise wishes, and the decision."""
    agreement = agreement_of(request, pk)
    reason = keeps_this_agreement(agreement, request.user)
    if request.method == "POST" and reason:
        raise NotAllowed(reason)
    do = request.POST.get("do", "")
    form = WishForThemForm(request.POST if do == "wish" else None, initial={"wish": agreement.wish})
    if do in ("end", "keep_open"):
        let_end(agreement, by=request.user, ends=do == "end")
        messages.success(request, _("Decided: it ends.") if do == "end" else _("Open again."))
        return redirect("partnerships:agreement_ending", pk)
    if do == "wish" and form.is_valid() and wished(agreement, form, by=request.user):
        messages.success(request, _("Entered. The enterprise is asked to check it."))
        return redirect("partnerships:agreement_ending", pk)
    context = {
        "agreement": agreement,
        "standing": standing(agreement, timezone.localdate()),
        "form": form,
        "people": agreement.enterprise.contacts.present(),
        "why_not": reason or why_not_decide(agreement),
        "why_not_renew": ending.why_not_renew(agreement),
        "renewals": agreement.renewals.all(),
    }
    return render(request, "partnerships/agreement_ending.html", context, status=422 if form.errors else 200)

"""Correcting a text that is out for signature: first who signs again, then the change."""

from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from partnerships.forms.agreements import TextForm
from partnerships.rules.agreements import BLOCKS, SIGNED
from partnerships.services.agreements import correcting
from partnerships.views.agreements.drafts import agreement_of, changed, kept, named
from partnerships.views.agreements.signing import out_for_signature

#: What belongs to this page, not to the text.
BUTTONS = ("csrfmiddlewaretoken", "confirmed", "back", "reason")


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_correct(request, pk):
    agreement = out_for_signature(kept(request, pk))
    form = TextForm(
        request.POST or None, instance=agreement, enterprise=agreement.enterprise, only=correctable(agreement)
    )
    context = {"enterprise": agreement.enterprise, "agreement": named(agreement)}
    context |= {"corrects": True, "conflict": None}
    if request.method == "POST" and form.is_valid() and "confirmed" not in request.POST:
        follows = correcting.consequence(agreement_of(request, pk), form.changes)  # the form has changed its own row
        if "back" in request.POST or follows.asks_again:
            return _shown(request, context, form, follows)
    if "confirmed" in request.POST or form.is_bound:
        return changed(request, form, context, _correct, "partnerships/agreement_form.html")
    return render(request, "partnerships/agreement_form.html", context | {"form": form})


def _shown(request, context, form, follows):
    """Whose signatures are asked again, with what was typed; or the form once more, for whoever goes back to it."""
    if "back" in request.POST:
        return render(request, "partnerships/agreement_form.html", context | {"form": form})
    sent = [(name, value) for name, values in request.POST.lists() if name not in BUTTONS for value in values]
    return render(request, "partnerships/agreement_correct.html", context | {"consequence": follows, "sent": sent})


def correctable(agreement):
    """The fields that can be corrected: of an amendment those of its blocks."""
    if agreement.is_amendment:
        return [name for block in agreement.blocks for name in BLOCKS[block][1]]
    return list(SIGNED)


def _correct(request, form, version):
    reason = request.POST.get("reason", "").replace("\x00", "")[:500]
    correcting.correct_text(form.instance, by=request.user, version=version, changes=form.changes, reason=reason)

"""The paper of agreements: documents to print, steps ticked one by one and for many, what has not come back."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.filters import keys_in, papers_away
from partnerships.forms.editing import add_errors
from partnerships.forms.papers import StepForm
from partnerships.models import Agreement
from partnerships.models.papers import LANGUAGES
from partnerships.papers import paper_stage
from partnerships.rules.papers import AWAY_DAYS, Step
from partnerships.services.agreements import documents, papers
from partnerships.views.agreements.detail import detail
from partnerships.views.agreements.drafts import kept
from partnerships.views.doors import school_only
from partnerships.views.lists import list_page
from partnerships.workflow import keeps_this_agreement
from records import keyset
from records.documents import UnusableTemplate

SORTS = {"sent": "on"}


@require_POST
def agreement_document(request, pk):
    """Make the document of the text as it stands, in a language."""
    agreement = kept(request, pk)
    language = request.POST.get("language")
    language = language if language in dict(LANGUAGES) else documents.LANGUAGE
    try:
        made = documents.freeze(agreement, by=request.user, language=language)
    except UnusableTemplate as error:
        messages.error(request, _("The template cannot be filled. %(why)s") % {"why": error.sentence})
    else:
        messages.success(request, _("Version %(nth)s stands ready to be printed.") % {"nth": made.nth})
    return redirect("partnerships:agreement_detail", pk)


@require_POST
def agreement_paper(request, pk):
    """Tick one step."""
    agreement, form = kept(request, pk), StepForm(request.POST)
    if form.is_valid():
        try:
            papers.tick(agreement, **form.cleaned_data, by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Ticked."))
            return redirect("partnerships:agreement_detail", pk)
    return detail(request, agreement, step_form=form)


@require_POST
def agreement_paper_undo(request, pk, step):
    agreement = kept(request, pk)
    papers.untick(get_object_or_404(agreement.paper_steps, pk=step), by=request.user)
    messages.success(request, _("Taken back. It stands in the history."))
    return redirect("partnerships:agreement_detail", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def paper_many(request):
    """Tick one step for many agreements: GET shows what would happen, POST does it."""
    school_only(request.user)
    data = request.POST if request.method == "POST" else request.GET
    rows = _chosen(request, data)
    if not rows:
        messages.error(request, _("Tick the agreements first."))
        return redirect("partnerships:agreement_list")
    first = {"step": data.get("step"), "on": timezone.localdate()}
    form = StepForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            done = papers.tick_many([row.pk for row in rows], **form.cleaned_data, by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _told(request, form.cleaned_data["step"], done)
    lines = [(row, paper_stage(row), keeps_this_agreement(row, request.user)) for row in rows]
    context = {"form": form, "lines": lines}
    return render(request, "partnerships/paper_many.html", context, status=422 if form.errors else 200)


def _chosen(request, data):
    if not keys_in(data, "agreements"):
        return []
    rows = Agreement.objects.visible_to(request.user).filter(pk__in=keys_in(data, "agreements"))
    rows = rows.select_related("enterprise", "owner").prefetch_related("paper_steps")
    return list(rows.order_by("pk")[: papers.MOST])


def _told(request, step, done):
    """Say what became of each; those that could not be ticked are named with the reason."""
    ticked = sum(one["outcome"] == papers.DONE for one in done)
    same = sum(one["outcome"] == papers.SAME for one in done)
    sentence = ngettext("%(step)s: %(count)s agreement.", "%(step)s: %(count)s agreements.", ticked)
    messages.success(request, sentence % {"step": Step(step).label, "count": ticked})
    if same:
        sentence = ngettext("%(count)s was ticked already.", "%(count)s were ticked already.", same)
        messages.info(request, sentence % {"count": same})
    for one in done:
        if one["outcome"] == papers.REFUSED:
            said = {"name": one["agreement"].heading, "why": one["reason"]}
            messages.error(request, _("%(name)s stays as it is. %(why)s") % said)
    return redirect("partnerships:agreement_list")


@require_safe
def paper_away(request):
    """What was sent and has not come back, the longest away first."""
    school_only(request.user)
    rows, chosen = papers_away(request.user, request.GET)
    rows = rows.select_related("agreement__enterprise", "agreement__owner")
    page = keyset.page(rows, SORTS, request.GET, default="sent")
    today = timezone.localdate()
    context = {
        "title": _("Sent and not back"),
        "list": "papers",
        "page": page,
        "lines": [(row, (today - row.on).days) for row in page],
        "count": keyset.count(rows),
        "chosen": chosen,
        "away_days": AWAY_DAYS,
    }
    return list_page(request, "partnerships/paper_away.html", context)

"""The enterprise's own pages. Who enters is decided in one place: partnerships.access.enterprise_in_portal."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partnerships.access import enterprise_in_portal
from partnerships.forms.editing import add_errors
from partnerships.forms.portal import CorrectionForm, PortalMessageForm
from partnerships.forms.seats import PhoneForm
from partnerships.forms.touchpoints import EnterpriseTouchpointForm
from partnerships.services import proxies, touchpoints
from partnerships.services.thread import in_thread, waiting_for, write_message
from partnerships.timeline import timeline_page
from partnerships.views.thread import thread_page
from partnerships.workflow import ENTERPRISE
from records.models import Side
from reminders.models import Task
from reminders.rules import lines_of

SHOWN = 20


def seat_of(enterprise, user):
    """The contact as which `user` belongs to `enterprise`."""
    return enterprise.contacts.get(user=user, left_on=None)


# --- tasks -------------------------------------------------------------------------------------------------------


@require_safe
def portal_home(request, enterprise):
    """What needs an answer from the enterprise, each with its one action in place."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    questions = waiting_for(Side.ENTERPRISE, enterprise).select_related("author").prefetch_related("files")
    standing = enterprise.proxy_entries.exclude(touchpoint__withdrawn_at__isnull=False)
    entries = standing.filter(checked_at=None).select_related("entered_by", "touchpoint", "message", "need")
    own, today = seat_of(enterprise, request.user), timezone.localdate()
    tasks = Task.objects.awake(today).filter(stream=enterprise.pk, side=Side.ENTERPRISE, is_held=False)
    tasks = list(tasks.order_by("due_on", "pk")[: SHOWN + 1])
    context = {
        "enterprise": enterprise,
        "own": own,
        "questions": [
            (question, PortalMessageForm(auto_id=f"answer-{question.pk}-%s"))
            for question in questions.order_by("written_at", "pk")[:SHOWN]
        ],
        "entries": [
            (entry, _said(entry), CorrectionForm(auto_id=f"entry-{entry.pk}-%s"))
            for entry in entries.order_by("entered_at", "pk")[:SHOWN]
        ],
        "groups": _by_day(tasks[:SHOWN], today),
        "has_more": len(tasks) > SHOWN,
        "own_form": None if own.phones else PhoneForm(instance=own),
        "missing": _missing(enterprise),
    }
    return render(request, "partnerships/portal_home.html", context)


def _by_day(tasks, today):
    """[(name, title, [(task, line)])]: what the rules ask of the enterprise, by day; it is never told of being late."""
    sunday = today + timedelta(days=6 - today.weekday())
    found = {"arrange": [], "week": [], "later": []}
    for task, line in lines_of(tasks):
        found["arrange" if task.due_on <= today else "week" if task.due_on <= sunday else "later"].append((task, line))
    titles = {"arrange": _("To arrange"), "week": _("This week"), "later": _("Later")}
    return [(name, titles[name], rows) for name, rows in found.items() if rows]


def _said(entry):
    """What was entered, in words: of a message its text, of a contact what it was about."""
    if hasattr(entry, "message"):
        return entry.message.body
    if hasattr(entry, "touchpoint"):
        return "\n".join(filter(None, (entry.touchpoint.summary, entry.touchpoint.wishes)))
    if hasattr(entry, "need"):
        return "\n".join(filter(None, (f"{entry.need.what}: {entry.need.title}", entry.need.text)))
    return ""


def _missing(enterprise):
    """What the school cannot do without and the enterprise alone knows, by its names."""
    wanted = {"address": _("address"), "size": _("size"), "headcount": _("headcount")}
    return [label for name, label in wanted.items() if not getattr(enterprise, name)]


@require_POST
def portal_proxy_confirm(request, enterprise, entry):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(enterprise.proxy_entries, pk=entry)
    proxies.confirm_proxy_entry(found, by=request.user)
    messages.success(request, _("Thank you for checking."))
    return redirect("partnerships:portal_home", enterprise.pk)


@require_POST
def portal_proxy_correct(request, enterprise, entry):
    enterprise = enterprise_in_portal(request.user, enterprise)
    found = get_object_or_404(enterprise.proxy_entries.select_related("entered_by"), pk=entry)
    form = CorrectionForm(request.POST)
    if form.is_valid():
        proxies.correct_proxy_entry(found, by=request.user, text=form.cleaned_data["text"])
        messages.success(request, _("Thank you. Your correction stands beside the entry."))
        return redirect("partnerships:portal_home", enterprise.pk)
    context = {"enterprise": enterprise, "entry": found, "form": form}
    return render(request, "partnerships/portal_correction.html", context, status=422)


# --- the partnership ---------------------------------------------------------------------------------------------


@require_safe
def portal_partnership(request, enterprise):
    """The shared timeline, where the partnership stands, and whom to call."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    context = {
        "enterprise": enterprise,
        "words": ENTERPRISE.words[enterprise.state].for_enterprise(),
        "timeline": timeline_page(enterprise, request.user, request.GET, url=request.path),
    }
    if request.htmx and request.GET.get("after") and not request.htmx.history_restore_request:
        return render(request, "partnerships/timeline.html#entries", context)
    return render(request, "partnerships/portal_partnership.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def portal_touchpoint_new(request, enterprise):
    """The enterprise logs a contact from its side."""
    enterprise = enterprise_in_portal(request.user, enterprise)
    form = EnterpriseTouchpointForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            touchpoints.log_touchpoint(enterprise=enterprise, by=request.user, **form.said)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Noted. The school sees it too."))
            return redirect("partnerships:portal_partnership", enterprise.pk)
    context = {"enterprise": enterprise, "form": form}
    return render(request, "partnerships/portal_touchpoint.html", context, status=422 if form.errors else 200)


# --- messages ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def portal_thread(request, enterprise):
    enterprise = enterprise_in_portal(request.user, enterprise)
    form = PortalMessageForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and _write(request, enterprise, form):
        messages.success(request, _("Sent. The school sees it at once."))
        page = "portal_home" if form.cleaned_data["answers"] else "portal_thread"
        return redirect(f"partnerships:{page}", enterprise.pk)
    context = {
        "enterprise": enterprise,
        "form": form,
        "question": _question(enterprise, form["answers"].value()),
        "waiting": list(waiting_for(Side.ENTERPRISE, enterprise).values_list("pk", flat=True)[:SHOWN]),
        **thread_page(enterprise, request.GET),
    }
    return render(request, "partnerships/portal_thread.html", context, status=422 if form.errors else 200)


def _question(enterprise, pk):
    """The school's message that a form answers; None where it names none."""
    if not str(pk or "").isdecimal():
        return None
    return in_thread(enterprise).filter(pk=pk, side=Side.SCHOOL).first()


def _write(request, enterprise, form):
    values = {name: form.cleaned_data[name] for name in ("body", "files", "form_key")}
    answers = _question(enterprise, form.cleaned_data["answers"])
    try:
        return write_message(enterprise, by=request.user, answers=answers, **values)
    except ValidationError as error:
        add_errors(form, error, otherwise="files")
        return None

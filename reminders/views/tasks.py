"""One task: what it is, who was told, and what may be done with it: put off, wake, remind now."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from records.templatetags.show import listed
from reminders import services
from reminders.models import Channel, Task
from reminders.rules import lines_of, rules
from reminders.workflow import TaskState

#: So many of the latest tellings stand on the page.
SHOWN = 20


class SnoozeForm(forms.Form):
    """Until when, and why."""

    until = forms.DateField(
        label=gettext_lazy("until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(
        label=gettext_lazy("why"), max_length=Task._meta.get_field("snooze_reason").max_length,
        help_text=gettext_lazy("Such as: they asked us to call after the inventory."),
    )  # fmt: skip


@require_safe
def task_detail(request, pk):
    """The whole page; in a row of Today, which asks for it by htmx, only what may be done with the task."""
    return _page(request, _task(request, pk), SnoozeForm(auto_id="snooze-%s"))


@require_POST
def task_snooze(request, pk):
    """Put the task off until a day, with a reason."""
    task, form = _task(request, pk), SnoozeForm(request.POST, auto_id="snooze-%s")
    if form.is_valid():
        try:
            services.snooze_task(task, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            day = date_format(form.cleaned_data["until"])
            messages.success(request, _("Put off until %(day)s. It comes back by itself.") % {"day": day})
            return _back(request)
    return _page(request, task, form)


@require_POST
def task_wake(request, pk):
    services.wake_task(_task(request, pk), by=request.user)
    messages.success(request, _("It stands on your page again."))
    return _back(request)


@require_POST
def task_remind(request, pk):
    """Tell the enterprise once more, beyond the ladder."""
    made = services.remind_now(_task(request, pk), by=request.user)
    names = listed(delivery.name for delivery in made)
    if any(delivery.channel == Channel.HAND for delivery in made):
        messages.success(request, _("A message to %(names)s is ready to be forwarded.") % {"names": names})
    else:
        messages.success(request, _("A message to %(names)s leaves at the next decent hour.") % {"names": names})
    return _back(request)


def _task(request, pk):
    return get_object_or_404(Task.objects.visible_to(request.user).select_related("owner", "snoozed_by"), pk=pk)


def _page(request, task, form):
    now, deliveries = timezone.now(), task.deliveries.select_related("user")[:SHOWN]
    last = services.last_reminders([task]).get(task.pk)
    today = timezone.localdate(now)
    context = {
        "task": task,
        "line": next((line for _task, line in lines_of([task])), None),
        "is_put_off": task.snoozed_until is not None and task.snoozed_until > today,
        "form": form,
        "can_remind": task.rule in rules() and rules()[task.rule].again is not None,
        "reminded": last,
        "why_not_remind": services.why_too_soon(last, now),
        "tomorrow": today + timedelta(days=1),
        "longest": today + services.LONGEST_SNOOZE,
        "next": request.htmx.current_url_abs_path or "",
        "deliveries": [(one, services.reason_label(one.reason) if one.reason else "") for one in deliveries],
    }
    in_row = request.htmx and task.state == TaskState.OPEN and not request.htmx.history_restore_request
    template = f"reminders/task_detail.html{'#actions' if in_row else ''}"
    return render(request, template, context, status=422 if form.errors else 200)


def _back(request):
    """To the page the button stood on."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "home"
    return redirect(target)

"""The reminder centre: for every rule who would be told now and why, who is left out, and what was sent last."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from records import keyset, saved
from reminders import planner, services
from reminders.filters import deliveries_for, visible_deliveries
from reminders.forms import SwitchForm
from reminders.health import recent
from reminders.models import Channel, Delivery, Pulse, Robot, Switch, Task
from reminders.rules import rules
from reminders.shown import abouts, recipient, step_labels
from reminders.workflow import DeliveryState, TaskState

SORTS = {"newest": "id"}
#: How the badge of a state is coloured; the others stay plain.
BADGES = {
    DeliveryState.DUE: "badge--due", DeliveryState.FORWARD: "badge--due", DeliveryState.COPIED: "badge--due",
    DeliveryState.SENT: "badge--kept", DeliveryState.OPENED: "badge--kept", DeliveryState.ANSWERED: "badge--kept",
    DeliveryState.FAILED: "badge--trouble",
}  # fmt: skip


def leads_only(user):
    """Administrators and leads; everybody else reads why not."""
    if not (user.is_active and user.sees_everything):
        raise PermissionDenied(_("The reminder centre is open to administrators and leads."))


def rule_named(name):
    if name not in rules():
        raise Http404
    return rules()[name]


# --- every rule --------------------------------------------------------------------------------------------------


@require_safe
def centre(request):
    """Every rule: its mode, the last pass, what is open, what was told and what waits."""
    leads_only(request.user)
    now = timezone.now()
    pulses = {pulse.name: pulse for pulse in Pulse.objects.filter(name__in=["planner", "sender"])}
    context = {
        "planner": pulses.get("planner"),
        "sender": pulses.get("sender"),
        "cards": cards(now),
    }
    return render(request, "reminders/centre.html", context)


def cards(now):
    """One card for each rule, by four questions whatever their number."""
    modes = dict(Switch.objects.values_list("rule", "mode"))
    open_tasks = counted(Task.objects.open(), "rule")
    waiting = counted(Delivery.objects.filter(state__in=["due", "claimed", "sending"]), "rule")
    told = counted(recent(now), "rule", "state", "may_be_double")
    return [
        {
            "rule": rule,
            "mode": mode_of(modes.get(name)),
            "tasks": open_tasks.get((name,), 0),
            "waiting": waiting.get((name,), 0),
            "refused": sum(number for key, number in told.items() if key[:2] == (name, DeliveryState.FAILED)),
            "double": sum(number for key, number in told.items() if key[0] == name and key[2]),
            "told": told_by_state(name, told),
        }
        for name, rule in rules().items()
    ]


def counted(queryset, *columns):
    """{(values of the columns): number}."""
    rows = queryset.order_by().values_list(*columns).annotate(number=Count("pk"))
    return {tuple(key): number for *key, number in rows}


def told_by_state(name, told):
    """[(state, label, badge, number)] of one rule, in the order in which a telling goes through its states."""
    sums = dict.fromkeys(DeliveryState.values, 0)
    for (rule, state, _double), number in told.items():
        sums[state] += number if rule == name else 0
    return [(s.value, s.label, BADGES.get(s, ""), sums[s.value]) for s in DeliveryState if sums[s.value]]


def mode_of(value):
    """A rule nobody touched stands in rehearsal."""
    return Switch.Mode(value or Switch.Mode.REHEARSAL)


# --- one rule ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request, name):
    """One rule and its ladder. “Who would be told now?” is asked by POST: the answer is tried out and taken back."""
    leads_only(request.user)
    one, now = rule_named(name), timezone.now()
    switch = Switch.objects.select_related("changed_by").filter(rule=name).first()
    context = {
        "rule": one,
        "mode": mode_of(switch and switch.mode),
        "switch": switch,
        "ladder": [when_of(step) for step in one.steps],
        "robots": Robot.objects.filter(rules__contains=[name]) if one.is_for_groups else [],
        "rehearsal": rehearsed(name, now) if request.method == "POST" else None,
    }
    fragment = "#rehearsal" if request.htmx and request.method == "POST" else ""
    return render(request, f"reminders/rule_detail.html{fragment}", context)


def when_of(step):
    """(when, what) of one rung in words."""
    if step.days == 0:
        return _("On the day"), step.label
    days = abs(step.days)
    if step.days < 0:
        words = ngettext("%(count)s day before", "%(count)s days before", days)
    else:
        words = ngettext("%(count)s day later", "%(count)s days later", days)
    return words % {"count": days}, step.label


def rehearsed(name, now):
    """What a pass would do now: who is told and who is left out, each with the count of all."""
    found = planner.rehearse(name, now)
    told = [one for one in found.deliveries if one.state != DeliveryState.SKIPPED]
    left_out = [one for one in found.deliveries if one.state == DeliveryState.SKIPPED]
    return {
        "at": now,
        "account": found.account,
        "told": lines(told, now),
        "left_out": lines(left_out, now),
        "told_more": found.account.told - len(told),
        "left_out_more": found.account.left_out - len(left_out),
    }


@require_POST
def rule_switch(request, name):
    leads_only(request.user)
    rule_named(name)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        raise Http404  # the buttons send known modes only
    switch = services.switch_rule(name, form.cleaned_data["mode"], by=request.user)
    messages.success(
        request, _("“%(rule)s” is now: %(mode)s") % {"rule": rules()[name].label, "mode": switch.get_mode_display()}
    )
    return redirect("reminders:rule", name)


# --- every telling -----------------------------------------------------------------------------------------------


@require_safe
def delivery_list(request):
    """All tellings, the newest first."""
    leads_only(request.user)
    chosen = deliveries_for(request.user, request.GET)
    queryset = chosen.qs.select_related("task", "user")
    page = keyset.page(queryset, SORTS, request.GET, default="-newest")
    context = {
        "form": chosen.form,
        "is_narrowed": any(request.GET.get(name) for name in chosen.form.fields),
        "page": page,
        "lines": lines(page.rows, timezone.now()),
        "count": keyset.count(chosen.qs),
        "query": request.GET.urlencode(),
        "saved": saved.views_of(request.user, "told"),
    }
    return render(request, "reminders/delivery_list.html", context)


@require_POST
def delivery_resend(request, pk):
    delivery = get_object_or_404(visible_deliveries(request.user), pk=pk)
    services.resend(delivery, by=request.user)
    messages.success(request, _("It leaves with the next round of the sender."))
    return redirect(reverse("reminders:delivery_list") + f"?rule={delivery.rule}")


def lines(deliveries, now):
    """Each telling as a row of a page: to whom, about what, which step, and how far it got."""
    known, partners = rules(), abouts(deliveries)
    labels = step_labels()
    return [
        {
            "delivery": one,
            "rule": known[one.rule].label if one.rule in known else one.rule,
            "step": labels.get((one.rule, one.step)) or _("by hand: remind now"),
            "to": recipient(one),
            "about": partners[one.pk],
            "badge": BADGES.get(one.state, ""),
            "reason": services.reason_label(one.reason) if one.reason else "",
            "leaves": leaves(one, now),
            "can_resend": one.state == DeliveryState.FAILED and one.task.state == TaskState.OPEN,
        }
        for one in deliveries
    ]


def leaves(delivery, now):
    """When a telling leaves, in words; None: at `due_at`."""
    if delivery.channel == Channel.HAND:
        return _("when it is forwarded")
    if delivery.channel == Channel.APP or delivery.due_at <= now:
        return _("at once")
    return None

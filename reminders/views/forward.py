"""To forward this week: the messages an officer carries by hand, one at a time. Two actions each: copy, sent."""

from datetime import datetime, time, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from records import qr
from reminders import services
from reminders.models import Channel, Delivery, Task
from reminders.rules import rules
from reminders.workflow import HAND, NOT_LEFT, DeliveryState

#: So many of those that wait stand in the list below the first one.
SHOWN = 50


def carried(user):
    """The messages that may be carried by `user`: those of the tasks he or she sees."""
    return Delivery.objects.filter(channel=Channel.HAND, link__isnull=False, task__in=Task.objects.visible_to(user))


@require_safe
def forward(request):
    """The next message, large; below it where this week's stand. `?message=` puts another one first."""
    if not request.user.is_school:
        raise PermissionDenied(_("This page belongs to the school."))
    now = timezone.now()
    waiting, done = services.to_forward(request.user, now=now), _done(request.user, now)
    first, left = _first(request, waiting), waiting.count()
    went = sum(delivery.state != DeliveryState.CANCELLED for delivery in done)
    context = {
        "card": _card(first, request.user) if first else None,
        "number": went + 1,
        "total": went + left,
        "done": [_row(delivery, request.user) for delivery in done],
        "waiting": [_row(delivery, request.user) for delivery in _with_partner(waiting)[:SHOWN]],
        "left": left,
    }
    fragment = "#carry" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"reminders/forward.html{fragment}", context)


@require_POST
def forward_move(request, pk, name):
    """A step along HAND. “copy” is the page's own small request; the others come back with the next message."""
    delivery = get_object_or_404(carried(request.user), pk=pk)
    if name not in HAND.by_name:
        raise Http404
    services.forward(delivery, name, by=request.user)
    if name == "copy":
        return HttpResponse(status=204)
    return redirect("reminders:forward")


# --- what the page shows -----------------------------------------------------------------------------------------


def _first(request, waiting):
    """The message asked for, else the one that waits longest. A lead may ask for one of an officer."""
    asked = request.GET.get("message", "")
    if asked.isdecimal():
        mine = carried(request.user).filter(state__in=NOT_LEFT)
        return get_object_or_404(_with_partner(mine.select_related("link")), pk=asked[:18])
    return _with_partner(waiting).first()


def _done(user, now):
    """What left since Monday, or was left, newest first; who was told or answered since then belongs to it."""
    today = timezone.localdate(now)
    monday = timezone.make_aware(datetime.combine(today - timedelta(days=today.weekday()), time.min))
    went = Q(state__in=[DeliveryState.SENT, DeliveryState.OPENED, DeliveryState.ANSWERED])
    dropped = Q(state=DeliveryState.CANCELLED, reason="")
    found = Delivery.objects.filter(went | dropped, channel=Channel.HAND, finished_at__gte=monday, task__owner=user)
    return list(_with_partner(found).order_by("-finished_at", "-pk"))


def _with_partner(deliveries):
    return deliveries.select_related("task", "link").prefetch_related("task__subject")


def _row(delivery, user):
    """A line of the list. What a task is about has a title of its own, or reads as itself."""
    subject = delivery.task.subject
    return {
        "delivery": delivery,
        "about": getattr(subject, "title", None) or str(subject),
        "can_undo": HAND.refusal(delivery, HAND.by_name["untick"], user)[1] is None,
    }


def _card(delivery, user):
    """The message exactly as it is pasted; its link stands alone on the last line."""
    text = rules()[delivery.rule].words([delivery])[delivery.pk].body.strip()
    address = text.rsplit("\n", 1)[-1]
    return _row(delivery, user) | {"text": text, "address": address, "qr": qr.svg(address)}

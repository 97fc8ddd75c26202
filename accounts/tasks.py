"""What the worker does for people: sends invitations. PostgreSQL knows which still wait."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from accounts import mails
from accounts.models import Invitation

#: How many are rung for in one round, and where the shared cache keeps the last of them.
ROUND, LAST_RUNG = 200, "invitations-last-rung"


@shared_task
def send_invitation(invitation_id):
    mails.send_invitation_mail(invitation_id)


@shared_task
def send_waiting_invitations():
    """Each minute: those whose ring was lost or whose mail server refused, in turn.

    Each round goes on behind the last one rung for: however many are refused, the others get theirs.
    """
    waiting = Invitation.objects.waiting_for_mail(timezone.now()).order_by("pk").values_list("pk", flat=True)
    last = cache.get(LAST_RUNG, 0)
    ring = list(waiting.filter(pk__gt=last)[:ROUND])
    ring += waiting.filter(pk__lte=last)[: ROUND - len(ring)]
    for invitation_id in ring:
        send_invitation.delay(invitation_id)
    if ring:
        cache.set(LAST_RUNG, ring[-1], timeout=None)

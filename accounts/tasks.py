"""What the worker does for people: sends invitations. PostgreSQL knows which still wait."""

from celery import shared_task
from django.utils import timezone

from accounts import mails
from accounts.models import Invitation


@shared_task
def send_invitation(invitation_id):
    mails.send_invitation_mail(invitation_id)


@shared_task
def send_waiting_invitations():
    """Each minute: those whose ring was lost or whose mail server refused."""
    waiting = Invitation.objects.waiting_for_mail(timezone.now()).order_by("pk").values_list("pk", flat=True)[:200]
    for invitation_id in waiting:
        send_invitation.delay(invitation_id)

"""The whole demonstration, in the order in which it happened."""

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone, translation

from accounts.models import Invitation, User
from accounts.services import INVITATION_DAYS
from records.models import Event
from reports.demo.agreements import sign_agreements
from reports.demo.asks import ask_around
from reports.demo.exchanges import exchange_letters, tell_two_years
from reports.demo.health import weigh
from reports.demo.papers import send_papers
from reports.demo.partners import open_partners
from reports.demo.promises import count_years, keep_promises, write_clauses
from reports.demo.queues import fill_queues
from reports.demo.reminders import remind
from reports.demo.school import open_school
from reports.demo.seminars import hold_seminars
from reports.demo.stage import Stage
from reports.demo.succession import leave_soon


class NotEmpty(Exception):
    """There are people already: demonstration data never mixes with anybody's own."""


def seed(now=None):
    """Fill an empty database with the demonstration and return its Stage. Raises NotEmpty.

    Every row is written by the services that people's forms call, at the moment the story says; only the moments at
    which events and invitations were recorded are moved back afterwards, since no service lets anybody choose those.
    """
    if User.objects.exists():
        raise NotEmpty
    stage = Stage(now or timezone.now())
    with transaction.atomic(), translation.override("zh-hans"):
        open_school(stage)
        open_partners(stage)
        tell_two_years(stage)
        exchange_letters(stage)
        fill_queues(stage)
        remind(stage)
        leave_soon(stage)
        hold_seminars(stage)
        write_clauses(stage)
        sign_agreements(stage)
        keep_promises(stage)
        count_years(stage)
        ask_around(stage)
        send_papers(stage)
        _move_clocks()
        weigh(stage)
    return stage


def _move_clocks():
    """Invitations, people and events say when they were recorded; in the story that is when they happened."""
    made_at = F("expires_at") - timedelta(days=INVITATION_DAYS)
    Invitation.objects.update(invited_at=made_at)
    invitation = Invitation.objects.filter(pk=OuterRef("subject_id"))
    of_invitations = Event.objects.filter(subject_type=ContentType.objects.get_for_model(Invitation))
    of_invitations.update(happened_at=Subquery(invitation.values(moment=Coalesce("accepted_at", "invited_at"))))
    accepted = Invitation.objects.filter(user=OuterRef("pk")).order_by("accepted_at").values("accepted_at")[:1]
    User.objects.update(date_joined=Coalesce(Subquery(accepted), Invitation.objects.earliest("invited_at").invited_at))
    joined = User.objects.filter(pk=OuterRef("subject_id")).values("date_joined")
    Event.objects.filter(kind="person.joined").update(happened_at=Subquery(joined))
    Event.objects.update(recorded_at=F("happened_at"))

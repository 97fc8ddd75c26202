"""Requests of the school to an enterprise, and how many of them an enterprise is spared at a time."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Department
from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise
from partnerships.models.need import Match
from partnerships.models.touchpoint import EnterpriseRows, ProxyEntry
from partnerships.workflow import AskState
from records.models import Link
from records.ruled import RuledModel

#: Waits for an answer, or was promised and is not done: both keep the enterprise busy and count in its budget.
BUSY = (AskState.ASKED, AskState.ACCEPTED)


class AskKind(models.TextChoices):
    HOST = "host", _("take students")
    LECTURE = "lecture", _("give a lecture")
    SURVEY = "survey", _("answer a survey")
    VISIT = "visit", _("receive a visit")
    EQUIPMENT = "equipment", _("give or lend equipment")
    OTHER = "other", _("something else")


class AskQuerySet(EnterpriseRows):
    def waiting(self):
        return self.filter(state=AskState.ASKED)

    def busy(self):
        return self.filter(state__in=BUSY)


class Ask(RuledModel):
    """One request of a department to an enterprise: what, by when, and what they answered."""

    State = AskState
    Kind = AskKind

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="asks", verbose_name=_("enterprise"))
    department = models.ForeignKey(Department, models.PROTECT, related_name="asks", verbose_name=_("department"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="asks", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="asks", verbose_name=_("to whom")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=AskKind)
    text = models.CharField(_("what we ask"), max_length=500)
    number = models.PositiveIntegerField(_("how many"), null=True, blank=True)
    due_on = models.DateField(_("answer by"))
    state = models.CharField(_("state"), max_length=10, choices=AskState, default=AskState.ASKED, editable=False)
    #: The accepted suggestion it follows from.
    match = models.ForeignKey(
        Match, models.PROTECT, null=True, blank=True, related_name="asks", editable=False,
        verbose_name=_("decision about a suggestion"),
    )  # fmt: skip
    over_budget_because = models.CharField(_("why in spite of the others"), max_length=300, blank=True, editable=False)
    answer_number = models.PositiveIntegerField(_("how many they can"), null=True, blank=True)
    answer_note = models.CharField(_("what they say"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("answered by"),
    )  # fmt: skip
    answered_name = models.CharField(_("answered by, as given"), max_length=60, blank=True, editable=False)
    answered_via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("through link")
    )
    proxy = models.ForeignKey(
        ProxyEntry, models.PROTECT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("entered on behalf"),
    )  # fmt: skip
    #: When it was done, expired, declined or withdrawn.
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    #: When the person who asks has read the answer, or that none came.
    seen_at = models.DateTimeField(_("answer read"), null=True, blank=True, editable=False)

    objects = AskQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("ask")
        verbose_name_plural = _("asks")
        indexes = [
            models.Index("due_on", "id", name="ask_by_day"),
            models.Index("asked_at", "id", name="ask_by_age"),
            models.Index("due_on", "id", name="ask_waiting", condition=Q(state="asked")),
            models.Index("enterprise", "asked_at", "id", name="ask_of_enterprise"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=AskState.values), name="ask_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AskKind.values), name="ask_kind_known",
                violation_error_message=_("Choose one of the kinds."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="ask_says_what", violation_error_message=_("Say what you ask.")
            ),
            models.CheckConstraint(
                condition=~Q(kind="host") | Q(number__isnull=False, number__gte=1), name="ask_says_how_many",
                violation_error_message=_("Say how many students."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "expired", "withdrawn"]) | Q(answered_at__isnull=False),
                name="ask_answered_by_someone",
                violation_error_message=_("Say who answered."),
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(answer_note=""), name="ask_declined_with_reason",
                violation_error_message=_("Say why not in a sentence."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.text[:60]

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def is_answered_at_once(self):
        """Of a survey the answer is all that is asked for."""
        return self.kind == AskKind.SURVEY

    @property
    def who_answered(self):
        return self.proxy.said_by if self.proxy_id else self.answered_name


class AskBudget(models.Model):
    """How many requests of the school a partner of one tier has before it at most, among those of so many days."""

    tier = models.PositiveSmallIntegerField(_("tier"), choices=Enterprise.Tier, unique=True)
    most = models.PositiveSmallIntegerField(_("at most so many"), default=3)
    days = models.PositiveSmallIntegerField(_("within so many days"), default=14)

    class Meta:
        ordering = ["tier"]
        verbose_name = _("limit of asks")
        verbose_name_plural = _("limits of asks")
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__in=[1, 2, 3]), name="ask_budget_tier_known",
                violation_error_message=_("Choose one of the three tiers."),
            ),
            models.CheckConstraint(
                condition=Q(most__range=(1, 50)) & Q(days__range=(1, 365)), name="ask_budget_sensible",
                violation_error_message=_("1 to 50 asks, within 1 to 365 days."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.get_tier_display()

"""Exports that a worker writes, with the file that stands ready in the end; what is counted of the whole school."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import File
from reports.lists import LISTS, lists_open_to
from reports.workflow import ExportState


class ExportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The own ones, for administrators all; only while the list itself is open to the person."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        open_lists = self.filter(list__in=[one.name for one in lists_open_to(user)])
        return open_lists if user.is_staff else open_lists.filter(owner=user)

    def unfinished(self):
        return self.filter(state__in=[ExportState.WAITING, ExportState.WRITING])


class Export(models.Model):
    """One list as its owner narrowed it, to be written by a worker; what it sees is asked again when it is written."""

    State = ExportState

    class Reason(models.TextChoices):
        NOBODY = "nobody", _("Whoever started it may not read this list any more.")
        TOO_LONG = "too_long", _("The list has more rows than one file holds: narrow it by a filter.")
        NO_ROOM = "no_room", _("You have uploaded and exported a great deal today. Try again tomorrow.")
        BROKEN = "broken", _("It broke off three times. Narrow the list, or tell an administrator.")
        NONE = "", _("none")

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING, editable=False)
    list = models.CharField(_("list"), max_length=30)
    query = models.CharField(_("filters"), max_length=2000, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="exports", verbose_name=_("owner"))
    asked_at = models.DateTimeField(_("started"), default=timezone.now)
    rows_total = models.PositiveIntegerField(_("rows"), null=True)
    rows_done = models.PositiveIntegerField(_("rows written"), default=0)
    #: Which try this is. A worker writes on only while the row still carries the number it began with.
    attempt = models.PositiveSmallIntegerField(_("try"), default=0)
    #: The worker's last sign of life; another one takes over when it grows old.
    alive_at = models.DateTimeField(_("last sign of life"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(_("file removed"), null=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, default=Reason.NONE, blank=True)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        indexes = [models.Index("owner", "asked_at", name="export_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ExportState.values), name="export_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            # One at a time: workers send reminders too, and a long list must not keep them from it.
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="writing"), name="export_one_at_a_time",
                violation_error_message=_("Another export is being written."),
            ),
            models.CheckConstraint(
                condition=Q(rows_total=None) | Q(rows_done__lte=F("rows_total")), name="export_rows_counted",
                violation_error_message=_("More rows cannot be written than there are."),
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="export_failed_for_a_reason",
                violation_error_message=_("An export that could not be written says why."),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ready", "expired"]) | Q(finished_at__isnull=False, expires_at__isnull=False),
                name="export_ready_until",
                violation_error_message=_("A finished export says until when its file stays."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.list} {self.asked_at:%Y-%m-%d}"

    @property
    def stream(self):
        return None

    @property
    def source(self):
        """The list it comes from; None once the site has no such list any more."""
        return LISTS.get(self.list)

    @property
    def label(self):
        return self.source.label if self.source else self.list


class RhythmMonth(models.Model):
    """How the whole school was in touch in one month that is over. One writer: services.count_rhythm()."""

    month = models.DateField(_("month"), unique=True, editable=False)
    contacts = models.PositiveIntegerField(_("contacts"), editable=False)
    answers = models.PositiveIntegerField(_("of them answers"), editable=False)
    within = models.PositiveIntegerField(_("partners in their rhythm"), editable=False)
    partners = models.PositiveIntegerField(_("partners"), editable=False)
    counted_at = models.DateTimeField(_("counted"), editable=False)

    class Meta:
        ordering = ["-month"]
        verbose_name = _("month of the whole school")
        verbose_name_plural = _("months of the whole school")
        constraints = [
            models.CheckConstraint(
                condition=Q(month__day=1), name="rhythm_month_by_its_first_day",
                violation_error_message=_("A month is named by its first day."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.month:%Y-%m}"

"""A scanned stack of signed papers, its pages, and what was filed of it at each agreement."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerships.models.agreement import Agreement
from partnerships.models.papers import AgreementDocument
from partnerships.workflow import ImportState
from records.models import File


class ScanQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Leads and administrators see every stack, an officer the own ones."""
        if not user.is_authenticated or not user.is_active or not user.sees_partners:
            return self.none()
        return self if user.sees_everything else self.filter(uploaded_by=user)


class Scan(models.Model):
    """One uploaded PDF of signed papers. Nothing of it reaches the agreements before it is applied."""

    State = ImportState

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED, editable=False)
    name = models.CharField(_("file"), max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("applied by")
    )
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    pages = models.PositiveSmallIntegerField(_("pages"), default=0, editable=False)
    #: How many of them are read, and when the reader was last heard of.
    pages_read = models.PositiveSmallIntegerField(_("pages read"), default=0, editable=False)
    heard_at = models.DateTimeField(_("last heard of"), default=timezone.now, editable=False)
    #: [{code, params}] why it could not be read, [{agreement, reason}] what could not be filed.
    remarks = models.JSONField(default=list, blank=True)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = ScanQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        verbose_name = _("scanned stack")
        verbose_name_plural = _("scanned stacks")
        indexes = [models.Index("uploaded_at", "id", name="scan_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values), name="scan_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(applied_at=None) | Q(state="applied", applied_by__isnull=False), name="scan_applied_once",
                violation_error_message=_("Only an applied stack carries the moment it was applied, and by whom."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def stream(self):
        return None


class ScanPageQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(scan__in=Scan.objects.visible_to(user))


class ScanPage(models.Model):
    """One page of a stack: of which document it is, read from its code or assigned by hand, or neither."""

    class Fate(models.TextChoices):
        FOUND = "found", _("read from its code")
        ASSIGNED = "assigned", _("assigned by hand")
        OPEN = "open", _("not readable")
        DROPPED = "dropped", _("left out")
        EMPTY = "empty", pgettext_lazy("page", "empty")

    scan = models.ForeignKey(Scan, models.CASCADE, related_name="sheets")
    position = models.PositiveSmallIntegerField(_("page"))
    fate = models.CharField(_("what becomes of it"), max_length=8, choices=Fate)
    document = models.ForeignKey(
        AgreementDocument, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("of which document")
    )
    leaf = models.PositiveSmallIntegerField(pgettext_lazy("paper", "sheet"), null=True, blank=True)
    turn = models.PositiveSmallIntegerField(_("turned by"), default=0)
    picture = models.ForeignKey(
        File, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("picture")
    )
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )

    objects = ScanPageQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        verbose_name = _("page of a stack")
        verbose_name_plural = _("pages of stacks")
        constraints = [
            models.UniqueConstraint(
                fields=["scan", "position"], name="scan_page_once",
                violation_error_message=_("This page is read already."),
            ),
            models.CheckConstraint(
                condition=Q(fate__in=["found", "assigned"], document__isnull=False, leaf__isnull=False)
                | Q(fate__in=["open", "dropped", "empty"]),
                name="scan_page_somewhere",
                violation_error_message=_("Say of which document it is, and which sheet."),
            ),
            models.CheckConstraint(
                condition=Q(turn__in=[0, 90, 180, 270]), name="scan_page_turned",
                violation_error_message=_("A page is turned by quarters."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.scan_id}, {self.position}"


class AgreementScanQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads the agreement."""
        return self.filter(agreement__in=Agreement.objects.visible_to(user))


class AgreementScan(models.Model):
    """The stamped paper of one agreement as it came back: its pages out of a stack, checked against what was sent."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="scans", verbose_name=_("agreement"))
    scan = models.ForeignKey(Scan, models.PROTECT, related_name="filed", verbose_name=_("scanned stack"))
    document = models.ForeignKey(
        AgreementDocument, models.PROTECT, related_name="scans", verbose_name=_("of which document")
    )
    file = models.ForeignKey(File, models.PROTECT, related_name="+", verbose_name=_("file"))
    sha256 = models.CharField("SHA-256", max_length=64)
    #: Whether the document was the one of the text as it stood on the day it was filed.
    is_of_this_text = models.BooleanField(_("of the text as it stood"))
    missing = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("sheets missing"), default=list, blank=True)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("filed by"))
    filed_at = models.DateTimeField(_("filed"), default=timezone.now)

    objects = AgreementScanQuerySet.as_manager()

    class Meta:
        ordering = ["-filed_at", "-id"]
        verbose_name = _("stamped paper")
        verbose_name_plural = _("stamped papers")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "scan"], name="stamped_paper_filed_once",
                violation_error_message=_("This stack is filed with the agreement already."),
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="stamped_paper_hashed",
                violation_error_message=_("A stamped paper carries its hash."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.agreement} {self.filed_at:%Y-%m-%d}"

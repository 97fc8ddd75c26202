"""An uploaded list and its rows, as they wait between preview and apply."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise
from partnerships.workflow import ImportState
from records.models import File


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Leads and administrators see every import, an officer the own ones."""
        if not user.is_authenticated or not user.sees_partners:
            return self.none()
        return self if user.sees_everything else self.filter(uploaded_by=user)


class Import(models.Model):
    """One uploaded list, of partners or of visits. Nothing of it reaches the partners before it is applied."""

    State = ImportState

    class Kind(models.TextChoices):
        PARTNERS = "partners", _("partners")
        VISITS = "visits", _("visits")
        UNKNOWN = "", _("as its heads say")

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED, editable=False)
    kind = models.CharField(
        _("what it lists"), max_length=10, choices=Kind, blank=True, default=Kind.PARTNERS, editable=False
    )
    name = models.CharField(_("file"), max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="imports", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    applied_at = models.DateTimeField(_("applied"), null=True)
    #: Sentences about the file as a whole: sheets without a head row, why it could not be read.
    remarks = models.JSONField(default=list)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values), name="import_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["partners", "visits"])
                | Q(kind="", state__in=["uploaded", "unreadable", "discarded"]),
                name="import_kind_known",
                violation_error_message=_("Say whether the list is one of partners or of visits."),
            ),
            models.CheckConstraint(
                condition=Q(applied_at=None) | Q(state="applied"), name="import_applied_once",
                violation_error_message=_("Only an applied import carries the moment it was applied."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def stream(self):
        return None


class ImportRow(models.Model):
    """One row of the list: its raw text, what it was read as, and what applying it would do."""

    class Verdict(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("unchanged")
        FAULTY = "faulty", _("faulty")

    batch = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    sheet = models.CharField(_("sheet"), max_length=100)
    line = models.PositiveIntegerField(_("line"))
    parsed = models.JSONField(encoder=DjangoJSONEncoder)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    #: Changes as [field, old, new]; problems and notes as {column, cell, text}.
    changes = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="import_row_position"),
        ]
        indexes = [models.Index("batch", "verdict", "position", name="import_row_verdict")]

    def __str__(self):
        return f"{self.sheet}!{self.line}"

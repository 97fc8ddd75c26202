"""The paper of an agreement: templates, the documents made from them, and the way of the printed sheets."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerships.models.agreement import Agreement, AgreementKind
from partnerships.rules.papers import Step
from records.models import File

LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]


class DocumentTemplateQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads partners."""
        return self if user.is_authenticated and user.is_active and user.sees_partners else self.none()


class DocumentTemplate(models.Model):
    """A Word file with placeholders from which agreements are made. A new one of its kind and language takes over;
    the former ones stay."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        _("kind of agreement"), max_length=16, choices=[*AgreementKind.choices, ("", _("every kind without its own"))],
        blank=True, default="",
    )  # fmt: skip
    language = models.CharField(_("language"), max_length=7, choices=LANGUAGES, default="zh-hans")
    is_for_amendments = models.BooleanField(_("for amendments"), default=False)
    nth = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("in use"), default=True, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now, editable=False)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = DocumentTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "language", "is_for_amendments", "-nth"]
        verbose_name = _("template of a document")
        verbose_name_plural = _("templates of documents")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="template_named", violation_error_message=_("Give it a name.")
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["", *AgreementKind.values]), name="template_kind_known",
                violation_error_message=_("Choose what kind of agreement it is."),
            ),
            models.CheckConstraint(
                condition=Q(language__in=[code for code, _label in LANGUAGES]), name="template_language_known",
                violation_error_message=_("Choose one of the languages."),
            ),
            models.UniqueConstraint(
                fields=["kind", "language", "is_for_amendments"], condition=Q(is_active=True),
                name="template_one_in_use",
                violation_error_message=_("Another template of this kind and language is in use."),
            ),
            models.UniqueConstraint(
                fields=["kind", "language", "is_for_amendments", "nth"], name="template_versions_counted",
                violation_error_message=_("Somebody has just uploaded another version: try again."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} ({self.nth})"

    @property
    def file(self):
        return self.files.all()[0]


class AgreementDocumentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads the agreement."""
        return self.filter(agreement__in=Agreement.objects.visible_to(user))


class AgreementDocument(models.Model):
    """The text of an agreement as a file to print and sign: frozen with its words and values as they were.

    Its code stands on each printed sheet. A corrected text gets a new version, the former ones stay.
    """

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="documents", verbose_name=_("agreement"))
    nth = models.PositiveSmallIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=7, choices=LANGUAGES)
    code = models.CharField(_("code on its sheets"), max_length=20, unique=True, db_collation="C")
    template = models.ForeignKey(
        DocumentTemplate, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("template")
    )
    file = models.ForeignKey(File, models.PROTECT, related_name="+", verbose_name=_("file"))
    sha256 = models.CharField("SHA-256", max_length=64)
    #: SHA-256 of the text it shows (services.agreements.signing.digest_of): what is signed.
    digest = models.CharField(max_length=64)
    leaves = models.PositiveSmallIntegerField(_("sheets"))
    #: [name, label, value] as they stood on it.
    values = models.JSONField(_("what it says"), default=list, encoder=DjangoJSONEncoder)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"), default=timezone.now)

    objects = AgreementDocumentQuerySet.as_manager()

    class Meta:
        ordering = ["agreement", "-nth"]
        verbose_name = _("document of an agreement")
        verbose_name_plural = _("documents of agreements")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "nth"], name="document_versions_counted",
                violation_error_message=_("Somebody has just made another version: try again."),
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$", digest__regex=r"^[0-9a-f]{64}$"),
                name="document_hashed", violation_error_message=_("A document carries its hash."),
            ),
            models.CheckConstraint(
                condition=Q(leaves__gte=1), name="document_with_sheets",
                violation_error_message=_("A document has at least one sheet."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.agreement} ({self.nth})"

    @property
    def stream(self):
        return self.agreement.enterprise_id


class PaperStepQuerySet(models.QuerySet):
    def standing(self):
        """Without what was ticked by mistake."""
        return self.filter(undone_at=None)

    def away(self, *, since=None):
        """Sent and not back; with `since`, already on that day."""
        back = PaperStep.objects.standing().filter(agreement=OuterRef("agreement"), step__in=["returned", "archived"])
        sent = self.standing().filter(step=Step.SENT).exclude(Exists(back))
        return sent.filter(on__lte=since) if since else sent


class PaperStep(models.Model):
    """One step that the paper of an agreement has taken: which, on which day, and the number that goes with it."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="paper_steps", verbose_name=_("agreement"))
    step = models.CharField(_("step"), max_length=8, choices=Step)
    on = models.DateField(pgettext_lazy("paper", "on"), default=timezone.localdate)
    reference = models.CharField(_("number"), max_length=60, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("ticked by"))
    at = models.DateTimeField(_("ticked"), default=timezone.now)
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("taken back by"),
    )  # fmt: skip

    objects = PaperStepQuerySet.as_manager()

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("step of a paper")
        verbose_name_plural = _("steps of papers")
        indexes = [models.Index("step", "on", "id", name="paper_by_step", condition=Q(undone_at=None))]
        constraints = [
            models.CheckConstraint(
                condition=Q(step__in=Step.values), name="paper_step_known",
                violation_error_message=_("This step does not exist."),
            ),
            models.UniqueConstraint(
                fields=["agreement", "step"], condition=Q(undone_at=None), name="paper_step_once",
                violation_error_message=_("This step is ticked already."),
            ),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None) | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="paper_undone_by_somebody", violation_error_message=_("Somebody takes a step back."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_step_display()} {self.on}"

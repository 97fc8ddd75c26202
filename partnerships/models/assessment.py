"""The written on-site assessment of an enterprise, with the nine contents it must cover."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise, Site
from records.models import File
from records.ruled import RuledModel


class Content(models.TextChoices):
    """What the written report covers: 教职成〔2021〕4号 Art. 7 names nine contents."""

    QUALIFICATION = "qualification", _("qualification")
    CREDIT = "credit", _("credit standing")
    MANAGEMENT = "management", _("management level")
    POSTS = "posts", _("nature and content of the posts")
    HOURS = "hours", _("working hours")
    WORKPLACE = "workplace", _("work environment")
    LIVING = "living", _("living environment")
    HEALTH = "health", _("health protection")
    SAFETY = "safety", _("safety protection")


class AssessmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What the school wrote about a host stays with the school, its files too."""
        return self if user.is_authenticated and user.sees_partners else self.none()


class Assessment(RuledModel):
    """One on-site assessment (实地考察); complete when each of the nine contents has a finding."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="assessments", verbose_name=_("enterprise"))
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="assessments", verbose_name=_("site")
    )
    visited_on = models.DateField(_("visited on"))
    assessors = models.CharField(_("who assessed"), max_length=200)
    conclusion = models.TextField(_("conclusion"), max_length=2000)
    is_suitable = models.BooleanField(_("suitable as host"))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    written_at = models.DateTimeField(_("written"), default=timezone.now)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["-visited_on", "-id"]
        verbose_name = _("on-site assessment")
        verbose_name_plural = _("on-site assessments")
        indexes = [models.Index("enterprise", "visited_on", name="assessment_by_enterprise")]

    def __str__(self):
        return f"{self.enterprise} {self.visited_on:%Y-%m-%d}"

    @property
    def stream(self):
        return self.enterprise_id


class AssessmentFinding(models.Model):
    """What was found about one of the nine contents."""

    assessment = models.ForeignKey(Assessment, models.CASCADE, related_name="findings")
    content = models.CharField(_("content"), max_length=15, choices=Content)
    text = models.TextField(_("finding"), max_length=1000)
    is_concern = models.BooleanField(_("concern"), default=False)

    class Meta:
        ordering = ["id"]
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        constraints = [
            models.UniqueConstraint(fields=["assessment", "content"], name="finding_once_per_content"),
            models.CheckConstraint(
                condition=Q(content__in=Content.values), name="finding_content_known",
                violation_error_message=_("Choose one of the nine contents."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="finding_says_something",
                violation_error_message=_("Write what was found."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.get_content_display()

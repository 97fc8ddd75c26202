"""How a partnership stands: the figure that lists sort by, and its course by months."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise
from partnerships.rules.health import UNKNOWN, level


class HealthQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The figures are for leads and administrators; officers read words on the page of a partner."""
        if user.is_authenticated and user.is_active and user.sees_everything:
            return self
        return self.none()

    def known(self):
        """Those with a figure."""
        return self.exclude(score=UNKNOWN)


class Health(models.Model):
    """How one active partnership stands. One writer: services.health.refresh(), from the rows of its parts.

    A table of its own: written for all partners each night, it leaves the wide rows of the enterprises alone.
    """

    enterprise = models.OneToOneField(
        Enterprise, models.PROTECT, primary_key=True, related_name="health", editable=False,
        verbose_name=_("enterprise"),
    )  # fmt: skip
    score = models.SmallIntegerField(_("health"), default=UNKNOWN, editable=False)
    #: Name of a part -> its percent; a part with too little data is missing.
    parts = models.JSONField(_("parts"), default=dict, editable=False)
    refreshed_at = models.DateTimeField(_("as of"), editable=False)

    objects = HealthQuerySet.as_manager()

    class Meta:
        ordering = ["score", "enterprise"]
        verbose_name = _("health of a partnership")
        verbose_name_plural = _("health of partnerships")
        indexes = [models.Index("score", "enterprise", name="health_by_score")]
        constraints = [
            models.CheckConstraint(
                condition=Q(score__range=(UNKNOWN, 100)), name="health_score_in_range",
                violation_error_message=_("A figure lies between 0 and 100."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.enterprise_id}: {self.score}"

    @property
    def is_known(self):
        return self.score != UNKNOWN

    @property
    def level(self):
        return level(self.score)

    @property
    def stream(self):
        return self.enterprise_id


class HealthMonth(models.Model):
    """How it stood when a month began: only for the trend. One writer: services.health.take_snapshot()."""

    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, related_name="health_months", editable=False, verbose_name=_("enterprise")
    )
    month = models.DateField(_("month"), editable=False)
    score = models.SmallIntegerField(_("health"), default=UNKNOWN, editable=False)
    parts = models.JSONField(_("parts"), default=dict, editable=False)

    objects = HealthQuerySet.as_manager()

    class Meta:
        ordering = ["month", "enterprise"]
        verbose_name = _("health when a month began")
        verbose_name_plural = _("health when months began")
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "month"], name="health_once_a_month",
                violation_error_message=_("This month is written down already."),
            ),
            models.CheckConstraint(
                condition=Q(month__day=1), name="health_month_by_its_first_day",
                violation_error_message=_("A month is named by its first day."),
            ),
            models.CheckConstraint(
                condition=Q(score__range=(UNKNOWN, 100)), name="health_month_score_in_range",
                violation_error_message=_("A figure lies between 0 and 100."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.enterprise_id} {self.month:%Y-%m}: {self.score}"

    @property
    def stream(self):
        return self.enterprise_id

"""What a partnership brought in one year, in the figures that reports ask for."""

import uuid

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise
from partnerships.models.touchpoint import EnterpriseRows
from partnerships.rules.years import EARLIEST, LATEST, year_label
from partnerships.workflow import ResultYear
from records.ruled import RuledModel

#: The figures, in the order of the page: whole numbers, and what is worth so many yuan.
NUMBERS = ("order_classes", "order_students", "interns", "hires", "lecturers", "employees_trained")
AMOUNTS = ("donated", "lent", "service_income")
FIGURES = (*NUMBERS, *AMOUNTS)


@pghistory.track(exclude=["form_key", "version"])
class YearResult(RuledModel):
    """One enterprise in one school year or calendar year; a figure that nobody knows stays empty."""

    Kind = ResultYear

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="results", verbose_name=_("enterprise"))
    kind = models.CharField(_("which year"), max_length=8, choices=ResultYear, default=ResultYear.SCHOOL)
    #: A school year by the calendar year in which it begins.
    year = models.PositiveSmallIntegerField(_("year"))
    order_classes = models.PositiveIntegerField(_("order classes"), null=True, blank=True)
    order_students = models.PositiveIntegerField(_("students in order classes"), null=True, blank=True)
    interns = models.PositiveIntegerField(_("interns"), null=True, blank=True)
    hires = models.PositiveIntegerField(_("graduates hired"), null=True, blank=True)
    lecturers = models.PositiveIntegerField(_("part-time lecturers"), null=True, blank=True)
    employees_trained = models.PositiveIntegerField(_("employees trained"), null=True, blank=True)
    donated = models.DecimalField(_("equipment donated (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True)
    lent = models.DecimalField(_("equipment lent (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True)
    service_income = models.DecimalField(
        _("service income (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=300, blank=True, help_text=_("Only the school reads it."))
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now, editable=False)

    objects = EnterpriseRows.as_manager()

    class Meta:
        ordering = ["-year", "kind", "id"]
        verbose_name = _("results of a year")
        verbose_name_plural = _("results of years")
        indexes = [models.Index("kind", "year", "id", name="result_by_year")]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "kind", "year"], name="result_once_a_year",
                violation_error_message=_("This year is written down already."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ResultYear.values), name="result_kind_known",
                violation_error_message=_("Choose school year or calendar year."),
            ),
            models.CheckConstraint(
                condition=Q(year__range=(EARLIEST, LATEST)), name="result_year_sensible",
                violation_error_message=_("Choose a year from the list."),
            ),
            models.CheckConstraint(
                condition=Q(donated__gte=0) | Q(donated=None), name="result_donated_not_negative",
                violation_error_message=_("An amount is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(lent__gte=0) | Q(lent=None), name="result_lent_not_negative",
                violation_error_message=_("An amount is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(service_income__gte=0) | Q(service_income=None), name="result_income_not_negative",
                violation_error_message=_("An amount is not negative."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.enterprise}, {self.label}"

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def label(self):
        return year_label(self.kind, self.year)

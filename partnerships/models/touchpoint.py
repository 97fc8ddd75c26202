"""Exchanges between the two sides, trips that hold several of them, and entries made on behalf of the enterprise."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise
from records.models import File, Link, Side


class EvidenceTag(models.TextChoices):
    """What an inspection will ask this record for."""

    ANNUAL_REPORT = "annual_report", _("annual report")
    DOUBLE_HIGH = "double_high", _("double-high plan")
    DIAGNOSIS = "diagnosis", _("teaching diagnosis")
    SPECIALTY_GROUP = "specialty_group", _("specialty group")


class Kind(models.TextChoices):
    VISIT = "visit", _("visit to the enterprise")
    RECEIVED = "received", _("visit to the school")
    CALL = "call", _("call")
    WECHAT = "wechat", _("WeChat")
    MEETING = "meeting", _("meeting")
    EMAIL = "email", _("e-mail")


class Precision(models.TextChoices):
    MOMENT = "moment", _("to the minute")
    DAY = "day", _("to the day")
    MONTH = "month", _("to the month")
    TERM = "term", _("to the term")
    YEAR = "year", _("to the year")


class EnterpriseRows(models.QuerySet):
    """Rows that hang on an enterprise and are seen with it."""

    def visible_to(self, user):
        """With the enterprise; whoever sees every partner sees every row, and no join has to say so."""
        if user.is_authenticated and user.sees_partners:
            return self
        return self.filter(enterprise__in=Enterprise.objects.visible_to(user))


class TripQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Trips are the school's own record; HR staff see the touchpoints in their timeline instead."""
        return self if user.is_authenticated and user.sees_partners else self.none()


class Trip(models.Model):
    """One tour of several enterprises, with a leader and colleagues."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    kind = models.CharField(_("how"), max_length=10, choices=Kind, default=Kind.VISIT)
    starts_on = models.DateField(_("day"))
    ends_on = models.DateField(_("last day"))
    leader = models.CharField(_("led by"), max_length=60, blank=True)
    colleagues = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="trips_joined", verbose_name=_("colleagues")
    )
    others = models.CharField(_("others who came along"), max_length=200, blank=True)
    summary = models.TextField(_("what it was about"), max_length=2000)
    tags = ArrayField(
        models.CharField(max_length=20, choices=EvidenceTag), verbose_name=_("evidence for"), default=list, blank=True
    )
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="trips_logged", verbose_name=_("logged by")
    )
    logged_at = models.DateTimeField(_("logged"), default=timezone.now, editable=False)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = TripQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_on", "-id"]
        verbose_name = _("trip")
        verbose_name_plural = _("trips")
        indexes = [models.Index("starts_on", "id", name="trip_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="trip_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.starts_on:%Y-%m-%d} {self.summary[:30]}"

    @property
    def stream(self):
        return None


class ProxyEntry(models.Model):
    """What an officer entered on behalf of the enterprise (代办): source, who said it, when; theirs to correct."""

    class Source(models.TextChoices):
        PHONE = "phone", _("by phone")
        WECHAT = "wechat", _("by WeChat")
        ON_SITE = "on_site", _("on site")
        PAPER = "paper", _("on paper")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="proxy_entries")
    source = models.CharField(_("how it was said"), max_length=10, choices=Source)
    said_by = models.CharField(_("who said it"), max_length=60)
    said_at = models.DateTimeField(_("when it was said"))
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("checked by")
    )
    checked_at = models.DateTimeField(_("checked"), null=True)
    correction = models.TextField(_("correction"), blank=True, max_length=2000)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = EnterpriseRows.as_manager()

    class Meta:
        ordering = ["-entered_at", "-id"]
        verbose_name = _("entry on behalf")
        verbose_name_plural = _("entries on behalf")
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_by=None, checked_at=None, correction="")
                | Q(checked_by__isnull=False, checked_at__isnull=False),
                name="proxy_entry_checked_by_someone",
                violation_error_message=_("Only the enterprise's own check can correct an entry."),
            ),
            models.CheckConstraint(
                condition=Q(said_at__lte=models.F("entered_at")), name="proxy_entry_said_before_entered",
                violation_error_message=_("It cannot have been said after it was entered."),
            ),
            models.CheckConstraint(
                condition=~Q(said_by=""), name="proxy_entry_names_witness",
                violation_error_message=_("Name the person who said it."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.said_by} ({self.get_source_display()})"

    @property
    def stream(self):
        return self.enterprise_id


class Touchpoint(models.Model):
    """One exchange with one enterprise: a visit, a call, a meeting, a message."""

    Kind = Kind

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="touchpoints", verbose_name=_("enterprise"))
    trip = models.ForeignKey(
        Trip, models.PROTECT, null=True, blank=True, related_name="touchpoints", verbose_name=_("trip")
    )
    kind = models.CharField(_("how"), max_length=10, choices=Kind, default=Kind.VISIT)
    side = models.CharField(
        _("who came forward"), max_length=10, choices=[c for c in Side.choices if c[0] != "both"], default=Side.SCHOOL
    )
    happened_at = models.DateTimeField(_("when"))
    precision = models.CharField(_("known"), max_length=8, choices=Precision, default=Precision.DAY)
    is_two_way = models.BooleanField(_("both sides spoke"), default=True)
    summary = models.TextField(_("what it was about"), max_length=2000, blank=True)
    agreed = models.TextField(_("what was agreed"), max_length=2000, blank=True)
    wishes = models.TextField(_("what the enterprise wishes"), max_length=2000, blank=True)
    people = models.CharField(_("who took part for the enterprise"), max_length=200, blank=True)
    contacts = models.ManyToManyField(Contact, blank=True, related_name="touchpoints", verbose_name=_("contacts"))
    jobs_offered = models.PositiveIntegerField(_("new jobs offered"), null=True, blank=True)
    internships_offered = models.PositiveIntegerField(_("new internship places offered"), null=True, blank=True)
    private_note = models.TextField(_("private note (school only)"), max_length=2000, blank=True)
    is_from_list = models.BooleanField(_("from an imported list"), default=False, editable=False)
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("logged by")
    )
    logged_via = models.ForeignKey(Link, models.PROTECT, null=True, related_name="+", verbose_name=_("through link"))
    logged_name = models.CharField(_("logged by, as given"), max_length=60, blank=True)
    logged_at = models.DateTimeField(_("logged"), default=timezone.now, editable=False)
    proxy = models.OneToOneField(
        ProxyEntry, models.PROTECT, null=True, related_name="touchpoint", verbose_name=_("entered on behalf")
    )
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = EnterpriseRows.as_manager()

    class Meta:
        ordering = ["-happened_at", "-id"]
        verbose_name = _("touchpoint")
        verbose_name_plural = _("touchpoints")
        indexes = [models.Index("enterprise", "happened_at", "id", name="touchpoint_by_enterprise")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values), name="touchpoint_kind_known",
                violation_error_message=_("Choose how the exchange took place."),
            ),
            models.CheckConstraint(
                condition=Q(side__in=["school", "enterprise"]), name="touchpoint_side_known",
                violation_error_message=_("Say which side came forward."),
            ),
            models.CheckConstraint(
                condition=Q(logged_by__isnull=False) | Q(logged_via__isnull=False), name="touchpoint_came_from_someone",
                violation_error_message=_("A touchpoint names who logged it."),
            ),
            models.UniqueConstraint(
                fields=["trip", "enterprise"], condition=Q(trip__isnull=False), name="touchpoint_once_per_trip",
                violation_error_message=_("This enterprise is already part of the trip."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_kind_display()} {self.happened_at:%Y-%m-%d}"

    @property
    def stream(self):
        return self.enterprise_id

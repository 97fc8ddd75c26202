"""Exchanges between the two sides, trips that hold several of them, and entries made on behalf of the enterprise."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise
from records.models import File, Link, Side
from records.ruled import RuledModel


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


class TouchpointQuerySet(EnterpriseRows):
    def visible_to(self, user):
        """What was taken back the enterprise sees no more, only that it was; the school keeps it with its reason."""
        rows = super().visible_to(user)
        return rows if user.is_authenticated and user.is_school else rows.standing()

    def standing(self):
        """All that were not taken back."""
        return self.filter(withdrawn_at=None)


class TripQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Trips are the school's own record; HR staff see the touchpoints in their timeline instead."""
        return self if user.is_authenticated and user.sees_partners else self.none()


class Trip(RuledModel):
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
    head_count = models.PositiveSmallIntegerField(_("how many of us"), null=True, blank=True)
    summary = models.TextField(_("what it was about"), max_length=2000)
    follow_up_by = models.CharField(_("who follows up"), max_length=60, blank=True)
    follow_up_on = models.DateField(_("follow up until"), null=True, blank=True)
    tags = ArrayField(
        models.CharField(max_length=20, choices=EvidenceTag), verbose_name=_("evidence for"), default=list, blank=True
    )
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="trips_logged", verbose_name=_("logged by")
    )
    logged_at = models.DateTimeField(_("logged"), default=timezone.now, editable=False)
    #: What the row of an imported list said, word for word: {column of imports.visit_columns: text}.
    listed = models.JSONField(_("as in the list"), default=dict, blank=True, encoder=DjangoJSONEncoder, editable=False)
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


class ProxyEntry(RuledModel):
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


class Touchpoint(RuledModel):
    """One exchange with one enterprise: a visit, a call, a meeting, a message."""

    Kind = Kind

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
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
    #: The words of a list beside the number read from them: "20+", "若干"; emptied when somebody types a number.
    jobs_said = models.CharField(_("new jobs, as written"), max_length=60, blank=True, editable=False)
    internships_said = models.CharField(
        _("new internship places, as written"), max_length=60, blank=True, editable=False
    )
    private_note = models.TextField(_("private note (school only)"), max_length=2000, blank=True)
    is_from_list = models.BooleanField(_("from an imported list"), default=False, editable=False)
    #: Day and content of its row in a list of visits: the same row is taken in once for each enterprise.
    list_key = models.CharField(max_length=32, blank=True, default="", db_collation="C", editable=False)
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("logged by")
    )
    logged_via = models.ForeignKey(Link, models.PROTECT, null=True, related_name="+", verbose_name=_("through link"))
    logged_name = models.CharField(_("logged by, as given"), max_length=60, blank=True)
    logged_at = models.DateTimeField(_("logged"), default=timezone.now, editable=False)
    proxy = models.OneToOneField(
        ProxyEntry, models.PROTECT, null=True, related_name="touchpoint", verbose_name=_("entered on behalf")
    )
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False,
        verbose_name=_("taken back by"),
    )  # fmt: skip
    withdrawn_because = models.CharField(_("why it was taken back"), max_length=300, blank=True, editable=False)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = TouchpointQuerySet.as_manager()

    class Meta:
        ordering = ["-happened_at", "-id"]
        verbose_name = _("touchpoint")
        verbose_name_plural = _("touchpoints")
        indexes = [
            models.Index("enterprise", "happened_at", "id", name="touchpoint_by_enterprise"),
            models.Index("happened_at", "id", name="touchpoint_by_day"),
        ]
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
                fields=["trip", "enterprise"], condition=Q(trip__isnull=False, withdrawn_at=None),
                name="touchpoint_once_per_trip",
                violation_error_message=_("This enterprise is already part of the trip."),
            ),
            models.UniqueConstraint(
                fields=["enterprise", "list_key"], condition=~Q(list_key=""), name="touchpoint_once_per_list",
                violation_error_message=_("This row of a list was taken in already."),
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_because="")),
                name="touchpoint_withdrawn_for_a_reason",
                violation_error_message=_("Say why it is taken back."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_kind_display()} {self.happened_at:%Y-%m-%d}"

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def is_withdrawn(self):
        return self.withdrawn_at is not None

    @property
    def jobs_shown(self):
        """The offered jobs as they were written, else the number; None where nothing was said."""
        return self.jobs_said or self.jobs_offered

    @property
    def internships_shown(self):
        return self.internships_said or self.internships_offered

"""Exchanges on education and industry: who is invited, who comes, what was decided, what follows, and how it was."""

import uuid

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Department
from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise
from partnerships.models.touchpoint import Touchpoint
from partnerships.workflow import SeminarState
from records.links import new_code
from records.models import Link, Side
from records.ruled import RuledModel


class SeminarKind(models.TextChoices):
    RESEARCH = "research", _("research meeting")
    ROUND_TABLE = "round_table", _("round table")
    COMMITTEE = "committee", _("specialty steering committee")
    JOB_TALK = "job_talk", _("job talk")
    JOB_FAIR = "job_fair", _("job fair")


class Answer(models.TextChoices):
    NONE = "none", _("no answer yet")
    YES = "yes", _("comes")
    MAYBE = "maybe", _("perhaps")
    NO = "no", _("does not come")


class SeminarSeries(models.Model):
    """The rule from which the seminars of a series were made, once; each of them lives on its own."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(_("rule (RFC 5545)"), max_length=200)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("planned by")
    )
    created_at = models.DateTimeField(_("planned"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("series of seminars")
        verbose_name_plural = _("series of seminars")

    def __str__(self):
        return self.rule


class SeminarQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads partners sees all; HR staff those to which their enterprise is invited."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.sees_partners:
            return self
        own = SeminarGuest.objects.filter(seminar=OuterRef("pk"), enterprise__in=Enterprise.objects.visible_to(user))
        return self.filter(Exists(own))


class Seminar(RuledModel):
    """One exchange of both sides on one day; part of a series or single."""

    Kind = SeminarKind
    State = SeminarState

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    #: What a calendar knows it by, and how often its time or place changed (RFC 5545, 3.8.4.7 and 3.8.7.4).
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sequence = models.PositiveIntegerField(_("changes"), default=0, editable=False)
    #: What the QR at the door carries: whoever stands there signs in with it, around the event's time only.
    code = models.CharField(max_length=22, unique=True, default=new_code, editable=False)
    series = models.ForeignKey(
        SeminarSeries, models.PROTECT, null=True, blank=True, editable=False, related_name="seminars",
        verbose_name=_("series"),
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=10, choices=SeminarState, default=SeminarState.PLANNED, editable=False
    )
    kind = models.CharField(_("kind"), max_length=12, choices=SeminarKind, default=SeminarKind.RESEARCH)
    title = models.CharField(_("title"), max_length=100)
    title_en = models.CharField(_("English title"), max_length=150, blank=True)
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    place = models.CharField(_("place"), max_length=200, blank=True)
    online = models.CharField(
        _("online address"), max_length=300, blank=True, validators=[URLValidator(["https", "http"])]
    )
    agenda = models.TextField(_("agenda"), max_length=2000, blank=True)
    organiser = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="seminars_organised", verbose_name=_("organised by")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="seminars", verbose_name=_("department")
    )
    minutes = models.TextField(_("minutes"), max_length=8000, blank=True)
    decisions = models.TextField(_("decisions"), max_length=2000, blank=True)
    planned_at = models.DateTimeField(_("planned"), default=timezone.now, editable=False)
    closed_at = models.DateTimeField(_("wrapped up at"), null=True, blank=True, editable=False)

    objects = SeminarQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-id"]
        verbose_name = _("seminar")
        verbose_name_plural = _("seminars")
        indexes = [models.Index("starts_at", "id", name="seminar_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="seminar_ends_after_start",
                violation_error_message=_("It must end after it begins."),
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="seminar_titled", violation_error_message=_("Give it a title.")
            ),
            models.CheckConstraint(
                condition=~Q(place="", online=""), name="seminar_somewhere",
                violation_error_message=_("Give a place or an online address."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=SeminarState.values), name="seminar_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=SeminarKind.values), name="seminar_kind_known",
                violation_error_message=_("Choose what kind of exchange it is."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "closed"]) | Q(minutes="", decisions=""),
                name="seminar_minutes_once_held",
                violation_error_message=_("Minutes are written once it was held."),
            ),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[1-9A-HJ-NP-Za-km-z]{11,22}$"), name="seminar_code_long_enough",
                violation_error_message=_("The address must not be guessable."),
            ),
            models.CheckConstraint(
                condition=Q(state="closed") | Q(closed_at=None), name="seminar_closed_at_its_close",
                violation_error_message=_("Only what is wrapped up has a day on which it was."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    @property
    def heading(self):
        """The title for a reader: the English one where the reader reads English."""
        return self.title_en if self.title_en and get_language() == "en" else self.title

    @property
    def stream(self):
        return None

    @property
    def where(self):
        return self.place or self.online


class SeminarGuest(models.Model):
    """An invited enterprise, or somebody of the school, with the answer and whether they came."""

    seminar = models.ForeignKey(Seminar, models.PROTECT, related_name="guests", verbose_name=_("seminar"))
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="seminar_guests", verbose_name=_("enterprise")
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("contact")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="seminars_invited",
        verbose_name=_("colleague"),
    )  # fmt: skip
    answer = models.CharField(_("answer"), max_length=6, choices=Answer, default=Answer.NONE)
    head_count = models.PositiveSmallIntegerField(_("how many"), null=True, blank=True)
    number_plate = models.CharField(_("number plate"), max_length=60, blank=True)
    meal = models.BooleanField(_("stays for the meal"), default=False)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_name = models.CharField(_("answered by"), max_length=60, blank=True)
    attended = models.BooleanField(_("came"), null=True, blank=True)
    #: What its coming was logged as: the exchange that counts as contact.
    touchpoint = models.OneToOneField(
        Touchpoint, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("touchpoint")
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("invited by")
    )
    invited_at = models.DateTimeField(_("invited"), default=timezone.now)

    class Meta:
        ordering = ["id"]
        verbose_name = _("guest")
        verbose_name_plural = _("guests")
        constraints = [
            models.UniqueConstraint(
                fields=["seminar", "enterprise"], name="seminar_guest_enterprise_once",
                violation_error_message=_("This enterprise is invited already."),
            ),
            models.UniqueConstraint(
                fields=["seminar", "user"], name="seminar_guest_user_once",
                violation_error_message=_("This colleague is invited already."),
            ),
            models.CheckConstraint(
                condition=Q(enterprise__isnull=False, user=None) | Q(enterprise=None, contact=None, user__isnull=False),
                name="seminar_guest_one_side",
                violation_error_message=_("A guest is an enterprise or somebody of the school."),
            ),
            models.CheckConstraint(
                condition=Q(answer="none", answered_at=None)
                | (Q(answer__in=["yes", "maybe", "no"], answered_at__isnull=False) & ~Q(answered_name="")),
                name="seminar_guest_answered_by_someone",
                violation_error_message=_("Say who you are."),
            ),
            models.CheckConstraint(
                condition=~Q(answer="yes") | Q(head_count__isnull=False, head_count__range=(1, 99)),
                name="seminar_guest_head_count",
                violation_error_message=_("Say how many come: 1 to 99."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.enterprise.title if self.enterprise_id else str(self.user)

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def is_for_enterprise(self):
        return self.enterprise_id is not None


class SeminarAttendee(models.Model):
    """Somebody who signed in: at the door, through the invitation's link, or on the sheet of paper.

    `company` and `name` stand as they were typed; `enterprise` is the one they were found to mean. What counts is the
    organiser's word: on an invited guest its `attended`, on everybody else `confirmed`.
    """

    class Source(models.TextChoices):
        QR = "qr", _("at the door")
        LINK = "link", _("through the invitation")
        SHEET = "sheet", _("on the sheet")

    seminar = models.ForeignKey(Seminar, models.PROTECT, related_name="attendees", verbose_name=_("seminar"))
    enterprise = models.ForeignKey(
        Enterprise,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="seminar_attendees",
        verbose_name=_("enterprise"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="seminars_attended",
        verbose_name=_("colleague"),
    )  # fmt: skip
    company = models.CharField(_("company, as given"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=60)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    source = models.CharField(_("how they signed in"), max_length=5, choices=Source)
    via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("through link")
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("entered by")
    )
    signed_at = models.DateTimeField(_("when"), default=timezone.now)
    confirmed = models.BooleanField(_("confirmed by the organiser"), null=True, blank=True)

    class Meta:
        ordering = ["signed_at", "id"]
        verbose_name = _("attendee")
        verbose_name_plural = _("attendees")
        constraints = [
            models.UniqueConstraint(
                fields=["seminar", "company", "name"], name="seminar_attendee_once",
                violation_error_message=_("This person has signed in already."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="seminar_attendee_named",
                violation_error_message=_("Please type your name."),
            ),
            models.CheckConstraint(
                condition=Q(enterprise=None) | Q(user=None), name="seminar_attendee_one_side",
                violation_error_message=_("Somebody comes from an enterprise or from the school."),
            ),
            models.CheckConstraint(
                condition=Q(source="qr", via=None)
                | Q(source="link", via__isnull=False, enterprise__isnull=False)
                | Q(source="sheet", via=None, entered_by__isnull=False),
                name="seminar_attendee_came_from_somewhere",
                violation_error_message=_("Say how this person signed in."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def stream(self):
        return self.enterprise_id


class SeminarFeedback(models.Model):
    """How it was for one guest who came. The school reads it; other enterprises never do."""

    guest = models.OneToOneField(SeminarGuest, models.PROTECT, related_name="feedback", verbose_name=_("guest"))
    useful = models.PositiveSmallIntegerField(_("how useful, 1 to 5"))
    follow_up = models.CharField(_("what should follow"), max_length=300, blank=True)
    text = models.TextField(_("what else"), max_length=1000, blank=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("given by")
    )
    given_name = models.CharField(_("given by, as named"), max_length=60)
    via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("through link")
    )
    given_at = models.DateTimeField(_("given"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    class Meta:
        ordering = ["given_at", "id"]
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.CheckConstraint(
                condition=Q(useful__range=(1, 5)), name="seminar_feedback_one_to_five",
                violation_error_message=_("Choose from 1 to 5."),
            ),
            models.CheckConstraint(
                condition=~Q(given_name="") & (Q(given_by__isnull=False) | Q(via__isnull=False)),
                name="seminar_feedback_given_by_someone",
                violation_error_message=_("Say who you are."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.useful}"

    @property
    def stream(self):
        return self.guest.enterprise_id


class ActionItem(models.Model):
    """What was decided and who does it by when, on either side."""

    seminar = models.ForeignKey(Seminar, models.PROTECT, related_name="items", verbose_name=_("seminar"))
    text = models.CharField(_("what"), max_length=200)
    side = models.CharField(_("side"), max_length=10, choices=[c for c in Side.choices if c[0] != "both"])
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="seminar_items",
        verbose_name=_("who does it"),
    )  # fmt: skip
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="seminar_items", verbose_name=_("enterprise")
    )
    due_on = models.DateField(pgettext_lazy("promise", "until"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("done by")
    )
    done_name = models.CharField(_("done by, as given"), max_length=60, blank=True)

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("action item")
        verbose_name_plural = _("action items")
        constraints = [
            models.CheckConstraint(
                condition=Q(side="school", owner__isnull=False, enterprise=None)
                | Q(side="enterprise", owner=None, enterprise__isnull=False),
                name="action_item_one_side",
                violation_error_message=_("Say who does it: somebody of the school, or an enterprise."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="action_item_says_what",
                violation_error_message=_("Say what is to be done.")
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None, done_name="") | (Q(done_at__isnull=False) & ~Q(done_name="")),
                name="action_item_done_by_someone",
                violation_error_message=_("Say who did it."),
            ),
        ]  # fmt: skip
        indexes = [models.Index("due_on", "id", name="action_item_open", condition=Q(done_at=None))]

    def __str__(self):
        return self.text

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def who(self):
        return self.owner or self.enterprise.title


class CalendarFeed(models.Model):
    """A private address under which a calendar program reads the seminars of one person."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="calendar_feed", verbose_name=_("person")
    )
    code = models.CharField(max_length=40, unique=True, editable=False)
    made_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        ordering = ["id"]
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^[1-9A-HJ-NP-Za-km-z]{22,40}$"), name="calendar_feed_code_long_enough",
                violation_error_message=_("The address must not be guessable."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.user}"

"""What both sides signed. An amendment is a row of the same table: it holds the whole text as amended."""

import uuid
from datetime import date

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeBoundary, RangeOperators
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role
from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise, Site
from partnerships.rules.agreements import BLOCKS, OPEN_END, SIGNED, is_expiring
from partnerships.workflow import AgreementState
from records.models import Link, Side
from records.ruled import RuledModel


class AgreementKind(models.TextChoices):
    FRAMEWORK = "framework", _("framework agreement")
    INTERNSHIP_BASE = "internship_base", _("internship base")
    ORDER_CLASS = "order_class", _("order class")
    APPRENTICESHIP = "apprenticeship", _("apprenticeship")
    INDUSTRY_COLLEGE = "industry_college", _("industry college")
    TRAINING_BASE = "training_base", _("training base")
    RESEARCH = "research", _("research or technical service")
    TEACHER_STATION = "teacher_station", _("teacher practice station")


class EndWish(models.TextChoices):
    """What an enterprise answers when we ask whether to go on after the end."""

    GO_ON = "go_on", _("yes, let us go on")
    TALK = "talk", _("let us talk about it")
    END = "end", _("no, it may end")


#: The states in which it was signed by everybody.
SIGNED_STATES = ("in_force", "expired", "renewed", "terminated")


class AgreementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads partners sees all; HR staff those of their enterprises, once they left the drawer."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.sees_partners:
            return self
        if user.role != Role.HR:
            return self.none()
        own = Enterprise.objects.visible_to(user)
        party = Agreement.other_parties.through.objects.filter(agreement=OuterRef("pk"), enterprise__in=own)
        return self.filter(Q(enterprise__in=own) | Exists(party)).exclude(state=AgreementState.DRAFT)

    def bases(self):
        """Without amendments."""
        return self.filter(amends=None)

    def amendments(self):
        return self.filter(amends__isnull=False)

    def in_force(self):
        return self.filter(state=AgreementState.IN_FORCE)

    def ending_by(self, day):
        """In force and over by `day`."""
        return self.bases().in_force().filter(effective_until__lte=day)


def _term(lower, upper):
    return Func(F(lower), F(upper), RangeBoundary(inclusive_lower=True, inclusive_upper=True), function="DATERANGE")


@pghistory.track(exclude=["form_key", "version", "open_signatures"])
class Agreement(RuledModel):
    """One text both sides signed or are to sign: an agreement, or with `amends` an amendment of it.

    An amendment is cloned from what counted before it and changes the blocks it ticks; so one row always holds the
    whole text, and what counts on a day is one of these rows (rules.agreements.in_effect).
    """

    Kind = AgreementKind
    State = AgreementState

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=AgreementState, default=AgreementState.DRAFT, editable=False
    )
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="agreements", verbose_name=_("enterprise"))
    kind = models.CharField(_("kind"), max_length=16, choices=AgreementKind, default=AgreementKind.FRAMEWORK)

    # --- an amendment
    amends = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="amendments",
        verbose_name=_("amends"),
    )  # fmt: skip
    nth = models.PositiveSmallIntegerField(_("number of the amendment"), default=0, editable=False)
    blocks = ArrayField(
        models.CharField(max_length=20, choices=[(name, label) for name, (label, _f) in BLOCKS.items()]),
        verbose_name=_("what it amends"), default=list, blank=True,
    )  # fmt: skip
    valid_from = models.DateField(_("counts from"), null=True, blank=True)
    #: The agreement that this one continues.
    renews = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="renewals",
        verbose_name=_("renews"),
    )  # fmt: skip

    # --- what is signed: rules.agreements.BLOCKS
    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("English title"), max_length=180, blank=True)
    aim = models.TextField(pgettext_lazy("agreement", "purpose"), max_length=4000, blank=True)
    specialties = models.CharField(_("specialties"), max_length=300, blank=True)
    starts_on = models.DateField(_("begins"), null=True, blank=True)
    ends_on = models.DateField(_("ends"), null=True, blank=True, help_text=_("Empty: without end."))
    auto_renews = models.BooleanField(_("renews itself"), default=False)
    renewal_months = models.PositiveSmallIntegerField(_("by how many months"), null=True, blank=True)
    notice_days = models.PositiveSmallIntegerField(_("notice in days"), null=True, blank=True)
    places_per_year = models.PositiveSmallIntegerField(_("intern places a year"), null=True, blank=True)
    seminars_per_year = models.PositiveSmallIntegerField(_("seminars a year"), null=True, blank=True)
    sites = models.ManyToManyField(Site, blank=True, related_name="agreements", verbose_name=_("sites"))
    amount = models.DecimalField(_("amount (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True)
    payment = models.TextField(_("how it is paid"), max_length=1000, blank=True)
    school_duties = models.TextField(_("what the school does"), max_length=4000, blank=True)
    enterprise_duties = models.TextField(_("what the enterprise does"), max_length=4000, blank=True)
    school_contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("contact at the school"),
    )  # fmt: skip
    enterprise_contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("contact at the enterprise")
    )
    other_terms = models.TextField(_("other provisions"), max_length=4000, blank=True)

    # --- about it, not part of it: rules.agreements.INTERNAL
    number = models.CharField(_("number"), max_length=40, blank=True)
    copies = models.PositiveSmallIntegerField(_("copies"), null=True, blank=True)
    archive_box = models.CharField(_("archive box"), max_length=40, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="agreements", verbose_name=_("looked after by"),
        limit_choices_to={"role__in": [Role.OFFICER, Role.LEAD]},
    )  # fmt: skip
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lead department")
    )
    departments = models.ManyToManyField(Department, blank=True, related_name="+", verbose_name=_("other departments"))
    other_parties = models.ManyToManyField(Enterprise, blank=True, related_name="+", verbose_name=_("further parties"))

    # --- where it stands; each with its one writer in services/agreements
    agreed_school_at = models.DateTimeField(_("agreed by the school"), null=True, blank=True, editable=False)
    agreed_enterprise_at = models.DateTimeField(_("agreed by the enterprise"), null=True, blank=True, editable=False)
    open_signatures = models.PositiveSmallIntegerField(_("signatures still open"), default=0, editable=False)
    #: The term as amended and renewed, for lists, the ladder of ends and the database's own look at overlaps.
    effective_from = models.DateField(_("counts from"), default=date.max, editable=False)
    effective_until = models.DateField(_("counts until"), default=OPEN_END, editable=False)
    ended_on = models.DateField(_("ended early on"), null=True, blank=True, editable=False)
    end_reason = models.CharField(_("why it ended early"), max_length=300, blank=True, editable=False)
    #: What is to follow on the end that stands in `effective_until`; another end asks anew (services/agreements/terms).
    wish = models.CharField(_("what the enterprise wishes"), max_length=8, choices=EndWish, blank=True, editable=False)
    wished_at = models.DateTimeField(_("wished"), null=True, blank=True, editable=False)
    let_end_at = models.DateTimeField(_("decided that it ends"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, verbose_name=_("drafted by")
    )
    created_at = models.DateTimeField(_("drafted"), default=timezone.now, editable=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        ordering = ["effective_until", "id"]
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        indexes = [
            models.Index("effective_until", "id", name="agreement_by_end"),
            models.Index("created_at", "id", name="agreement_by_age"),
            models.Index("state", "effective_until", "id", name="agreement_by_state"),
            models.Index("enterprise", "state", name="agreement_of_enterprise"),
            models.Index("owner", "effective_until", "id", name="agreement_of_owner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=AgreementState.values), name="agreement_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AgreementKind.values), name="agreement_kind_known",
                violation_error_message=_("Choose what kind of agreement it is."),
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="agreement_titled", violation_error_message=_("Give it a title.")
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gte=F("starts_on")),
                name="agreement_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
            models.CheckConstraint(
                condition=Q(auto_renews=False)
                | Q(ends_on__isnull=False, renewal_months__isnull=False, renewal_months__range=(1, 120)),
                name="agreement_renews_by_months",
                violation_error_message=_("What renews itself needs an end, and by how many months (1 to 120)."),
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="agreement_amount_not_negative",
                violation_error_message=_("An amount is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(amends=None, nth=0, blocks=[], valid_from=None)
                | (Q(amends__isnull=False, nth__gt=0, valid_from__isnull=False, renews=None) & ~Q(blocks=[])),
                name="agreement_amendment_whole",
                violation_error_message=_("An amendment says what it amends and from which day it counts."),
            ),
            models.CheckConstraint(
                condition=Q(amends=None) | Q(state__in=["draft", "review", "signature", "in_force"]),
                name="agreement_amendment_states",
                violation_error_message=_("An amendment ends with its agreement."),
            ),
            models.UniqueConstraint(
                fields=["amends", "nth"], name="agreement_amendments_counted",
                violation_error_message=_("There is an amendment of this number already."),
            ),
            models.UniqueConstraint(
                fields=["amends"], condition=Q(state__in=["draft", "review", "signature"]),
                name="agreement_one_amendment_at_work",
                violation_error_message=_("Finish the amendment that is under way first."),
            ),
            models.UniqueConstraint(
                fields=["number"], condition=~Q(number=""), name="agreement_number_unique",
                violation_error_message=_("Another agreement already carries this number."),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=SIGNED_STATES) | Q(open_signatures=0, starts_on__isnull=False),
                name="agreement_signed_by_all",
                violation_error_message=_("It enters into force once everybody has signed."),
            ),
            models.CheckConstraint(
                condition=(Q(state__in=["in_force", "terminated"], ended_on__isnull=False) & ~Q(end_reason=""))
                | (~Q(state="terminated") & Q(ended_on=None, end_reason="")),
                name="agreement_terminated_with_reason",
                violation_error_message=_("Say from which day it ends, and why."),
            ),
            models.CheckConstraint(
                condition=Q(wish="", wished_at=None) | Q(wish__in=EndWish.values, wished_at__isnull=False),
                name="agreement_wish_known",
                violation_error_message=_("Choose one of the three answers."),
            ),
            models.CheckConstraint(
                condition=Q(effective_until__gte=F("effective_from")) | ~Q(state__in=SIGNED_STATES),
                name="agreement_effective_term",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
            ExclusionConstraint(
                name="agreement_no_overlap",
                expressions=[
                    ("enterprise", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (_term("effective_from", "effective_until"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state="in_force", amends=None),
                violation_error_message=_(
                    "Another agreement of this kind with this enterprise is in force in these days: amend or renew it."
                ),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def heading(self):
        """The title for a reader: the English one where the reader reads English."""
        return self.title_en if self.title_en and get_language() == "en" else self.title

    @property
    def is_amendment(self):
        return self.amends_id is not None

    @property
    def block_labels(self):
        """What an amendment changes, as it reads."""
        return [str(BLOCKS[block][0]) for block in self.blocks]

    @property
    def is_open_ended(self):
        return self.effective_until == OPEN_END

    @property
    def renewing(self):
        """Whether it renews itself in the end, as amended. Reads the amendments: lists prefetch them."""
        amended = [row for row in self.amendments.all() if row.state == AgreementState.IN_FORCE]
        return max(amended, key=lambda row: row.nth, default=self).auto_renews

    def is_expiring(self, today):
        return self.state == AgreementState.IN_FORCE and is_expiring(self.effective_until, today)


class AgreementPreset(models.Model):
    """What a new agreement of some kind starts with: texts and numbers that fit every partner, kept by leads."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=90, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=AgreementKind, default=AgreementKind.FRAMEWORK)
    values = models.JSONField(_("what it fills in"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    is_offered = models.BooleanField(_("offered for new agreements"), default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "name", "id"]
        verbose_name = _("preset of an agreement")
        verbose_name_plural = _("presets of agreements")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="preset_named", violation_error_message=_("Give it a name.")
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AgreementKind.values), name="preset_kind_known",
                violation_error_message=_("Choose what kind of agreement it is."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name_en if self.name_en and get_language() == "en" else self.name


class AgreementComment(RuledModel):
    """What one side says about one field of a text in joint review; while it is open the other side may change it."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="comments", verbose_name=_("agreement"))
    field = models.CharField(_("field"), max_length=20)
    side = models.CharField(_("side"), max_length=10, choices=[c for c in Side.choices if c[0] != "both"])
    text = models.TextField(_("comment"), max_length=1000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who")
    )
    via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("through link")
    )
    by_name = models.CharField(_("who, as given"), max_length=60, blank=True)
    written_at = models.DateTimeField(_("written"), default=timezone.now)
    resolved_at = models.DateTimeField(_("settled"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )

    class Meta:
        ordering = ["id"]
        verbose_name = _("comment on an agreement")
        verbose_name_plural = _("comments on agreements")
        indexes = [models.Index("agreement", "field", name="agreement_comment_open", condition=Q(resolved_at=None))]
        constraints = [
            models.CheckConstraint(
                condition=Q(field__in=SIGNED), name="agreement_comment_on_a_field",
                violation_error_message=_("Choose the field the comment is about."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="agreement_comment_says_something",
                violation_error_message=_("Write what should change."),
            ),
            models.CheckConstraint(
                condition=Q(side__in=["school", "enterprise"]), name="agreement_comment_one_side",
                violation_error_message=_("A comment comes from one side."),
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False, via=None) | (Q(by=None, via__isnull=False) & ~Q(by_name="")),
                name="agreement_comment_by_someone",
                violation_error_message=_("Say who you are."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.text[:40]

    @property
    def stream(self):
        return self.agreement.enterprise_id

    @property
    def who(self):
        return self.by_name or str(self.by)

    @property
    def field_label(self):
        return Agreement._meta.get_field(self.field).verbose_name

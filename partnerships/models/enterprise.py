"""The enterprise, whose row is the partnership, and the places where its people work."""

import uuid
from datetime import UTC, datetime
from functools import reduce
from operator import and_, or_

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role
from partnerships.rules.names import query_conditions
from partnerships.rules.rhythm import LONGEST, SHORTEST, cadence
from partnerships.workflow import EnterpriseState
from policies.models import Industry, Region
from records.ruled import RuledModel

#: Stands in `last_contact_at` where no exchange is known, so that the column sorts and is never NULL.
NEVER = datetime(1900, 1, 1, tzinfo=UTC)

#: Warnings from the registry; index, filter and `red_flags` mean the same by it.
RED_FLAG = Q(registry__in=["abnormal", "cancelled"]) | Q(is_labour_agency=True)
#: Read for every row of a list.
LISTED = (
    "name", "name_en", "uscc", "state", "relation", "tier", "cadence_days", "merged_into", "address", "size",
    "headcount", "registry", "is_labour_agency", "last_contact_at", "sort_key", "created_at", "region_id",
    "industry_id", "lead_department_id", "owner_id",
)  # fmt: skip


class EnterpriseQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Partner roles see every partner; HR staff see those they belong to now; everyone else none."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.sees_partners:
            return self
        if user.role == Role.HR:
            from_contacts = self.model._meta.get_field("contacts").related_model.objects
            return self.filter(Exists(from_contacts.filter(enterprise=OuterRef("pk"), user=user, left_on=None)))
        return self.none()

    def current(self):
        """Without the rows that were merged into another."""
        return self.filter(merged_into=None)

    def partners(self):
        return self.filter(relation=Enterprise.Relation.PARTNER)

    def in_portfolio_of(self, user):
        return self.current().partners().filter(owner=user)

    def changeable_by(self, user):
        """The rows an officer may change: the own portfolio and department; leads and administrators all."""
        if user.sees_everything:
            return self
        if not user.sees_partners:
            return self.none()
        mine = Q(owner=user)
        if user.department_id:
            mine |= Q(lead_department=user.department_id) | Q(departments=user.department_id)
        return self.filter(mine).distinct()

    def named_like(self, words):
        """Rows whose names, pinyin, initials or code contain `words`; candidates come from the index on grams.

        What the text must contain stands first in each condition: where many rows match, the planner walks a sorted
        index instead, and looking into a short text costs a tenth of unpacking the grams of every row it passes.
        """
        alike = {}
        for condition in query_conditions(words):
            texts = tuple(sorted({*condition.parts, *(gram.lstrip("^~#") for gram in condition.grams)}, key=len))
            needed = tuple(text for n, text in enumerate(texts) if not any(text in longer for longer in texts[n + 1 :]))
            alike.setdefault(needed, []).append(Q(grams__contains=condition.grams))
        found = Q(pk__in=[])
        for needed, candidates in alike.items():
            texts = reduce(and_, (Q(search_text__contains=text) for text in needed))
            found |= texts & reduce(or_, candidates)
        return self.filter(found)

    def for_list(self):
        """What a list or its export shows, and nothing else: the keys for searching weigh ten times more.

        Regions, industries, departments and owners by key: fifty rows share few of them, whose names need no join.
        """
        return self.only(*LISTED)


# Touching only an excluded column writes no history: the trigger watches the fields it keeps.
@pghistory.track(
    exclude=["search_text", "grams", "sort_key", "name_key", "core_key", "last_contact_at", "form_key", "version"]
)
class Enterprise(RuledModel):
    """A legal person and our partnership with it: a partner, or only the host of single internships."""

    State = EnterpriseState

    class Relation(models.TextChoices):
        PARTNER = "partner", _("partner")
        HOST_ONLY = "host_only", _("host only")

    class Tier(models.IntegerChoices):
        STRATEGIC = 1, _("strategic")
        CORE = 2, _("core")
        GENERAL = 3, _("general")

    class Ownership(models.TextChoices):
        STATE = "state", _("state-owned")
        PRIVATE = "private", _("private")
        FOREIGN = "foreign", _("foreign or joint venture")
        COLLECTIVE = "collective", _("collective")
        PUBLIC = "public", _("public institution or agency")
        OTHER = "other", _("other")
        UNKNOWN = "", _("not known")

    class Size(models.TextChoices):
        LARGE = "large", _("large")
        MEDIUM = "medium", _("medium")
        SMALL = "small", _("small")
        MICRO = "micro", _("micro")
        UNKNOWN = "", _("not known")

    class Registry(models.TextChoices):
        NORMAL = "normal", _("in operation")
        ABNORMAL = "abnormal", _("on the list of abnormal operations")
        CANCELLED = "cancelled", _("cancelled or revoked")
        UNKNOWN = "", _("not checked")

    class Kinship(models.TextChoices):
        SUBSIDIARY = "subsidiary", _("subsidiary (own legal person)")
        BRANCH = "branch", _("branch (no legal person)")
        NONE = "", _("none")

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PROSPECT, editable=False)
    relation = models.CharField(_("relation"), max_length=10, choices=Relation, default=Relation.PARTNER)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=150, blank=True)
    short_name = models.CharField(_("short name"), max_length=40, blank=True)
    former_names = ArrayField(
        models.CharField(max_length=100), verbose_name=_("former names"), default=list, blank=True
    )
    uscc = models.CharField(
        _("unified social credit code"), max_length=18, blank=True, default="", db_collation="C",
        help_text=_("18 characters, as on the business licence."),
    )  # fmt: skip
    ownership = models.CharField(_("ownership"), max_length=12, choices=Ownership, blank=True, default="")
    industry = models.ForeignKey(
        Industry, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("industry")
    )
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("province or city")
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    size = models.CharField(_("size"), max_length=8, choices=Size, blank=True, default="")
    headcount = models.PositiveIntegerField(_("headcount"), null=True, blank=True)
    legal_representative = models.CharField(_("legal representative"), max_length=60, blank=True)
    strengths = models.TextField(_("strengths in research and development"), blank=True, max_length=2000)
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier, default=Tier.GENERAL)
    cadence_days = models.PositiveSmallIntegerField(
        _("own contact cadence in days"), null=True, blank=True,
        help_text=_("Empty: as the tier says (strategic 30, core 60, general 90 days)."),
    )  # fmt: skip
    #: Off until an officer switches it on: messages wait as drafts to forward by hand.
    messages_automatic = models.BooleanField(_("messages leave by themselves"), default=False, editable=False)
    lead_department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lead department")
    )
    departments = models.ManyToManyField(Department, blank=True, related_name="+", verbose_name=_("other departments"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="portfolio",
        limit_choices_to={"role__in": [Role.OFFICER, Role.LEAD]}, verbose_name=_("owner"),
    )  # fmt: skip
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("belongs to")
    )
    kinship = models.CharField(_("as"), max_length=12, choices=Kinship, blank=True, default="")
    registry = models.CharField(_("registry state"), max_length=10, choices=Registry, blank=True, default="")
    registry_on = models.DateField(_("registry state seen on"), null=True, blank=True)
    is_labour_agency = models.BooleanField(_("labour agency in the business scope"), default=False)
    #: What a list said about agreements, places and donations, one dict of head and text per row of the list.
    listed = models.JSONField(_("as in the list"), default=list, blank=True, encoder=DjangoJSONEncoder, editable=False)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        editable=False,
        verbose_name=_("merged into"),
    )
    created_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)
    #: One writer: services.touchpoints.refresh_last_contact().
    last_contact_at = models.DateTimeField(_("last contact"), default=NEVER, editable=False)
    # Keys for sorting and searching, written together with the names by rules.names through services.enterprises.
    sort_key = models.CharField(max_length=300, default="", db_collation="C", editable=False)
    name_key = models.CharField(max_length=200, default="", db_collation="C", editable=False)
    core_key = models.CharField(max_length=200, default="", db_collation="C", editable=False)
    search_text = models.TextField(default="", editable=False)
    grams = ArrayField(models.CharField(max_length=16, db_collation="C"), default=list, editable=False)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "id"]
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        indexes = [
            models.Index("sort_key", "id", name="enterprise_by_name"),
            models.Index("last_contact_at", "id", name="enterprise_by_contact"),
            models.Index("tier", "id", name="enterprise_by_tier"),
            models.Index("created_at", "id", name="enterprise_by_age"),
            models.Index("state", "id", name="enterprise_by_state"),
            models.Index("owner", "sort_key", "id", name="enterprise_portfolio"),
            # counted by state and rhythm, and the longest without contact found, without a look at the rows
            models.Index(
                "owner",
                "state",
                "last_contact_at",
                "id",
                include=["tier", "cadence_days"],
                name="enterprise_rhythm",
                condition=Q(merged_into=None, relation="partner"),
            ),
            models.Index(
                "owner",
                "created_at",
                "id",
                name="enterprise_prospects",
                condition=Q(merged_into=None, relation="partner", state="prospect"),
            ),
            models.Index("region", "sort_key", "id", name="enterprise_region"),
            models.Index("industry", "sort_key", "id", name="enterprise_industry"),
            models.Index("lead_department", "sort_key", "id", name="enterprise_department"),
            # suggestions look at every partner of some trades, in the index alone
            models.Index(
                "industry",
                "region",
                "id",
                include=["size", "headcount", "tier", "last_contact_at"],
                name="enterprise_matching",
                condition=Q(merged_into=None, relation="partner", state__in=["prospect", "assessed", "active"]),
            ),
            models.Index("name_key", name="enterprise_name_key"),
            models.Index("core_key", name="enterprise_core_key"),
            models.Index(
                "last_contact_at", "id", name="enterprise_own_cadence", condition=Q(cadence_days__isnull=False)
            ),
            # few rows, spread over all: without it the last of them is found by reading every row
            models.Index("sort_key", "id", name="enterprise_flagged", condition=RED_FLAG),
            GinIndex(fields=["grams"], name="enterprise_grams"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["uscc"], condition=~Q(uscc=""), name="enterprise_uscc_unique",
                violation_error_message=_(
                    "Another enterprise already carries this code: open it instead of a second row."
                ),
            ),
            models.CheckConstraint(
                condition=Q(uscc="") | Q(uscc__regex=r"^[0-9A-HJ-NP-RTUWXY]{18}$"), name="enterprise_uscc_form",
                violation_error_message=_("The code has 18 digits and capital letters, without I, O, S, V and Z."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="enterprise_named", violation_error_message=_("Give the full name.")
            ),
            models.CheckConstraint(
                condition=Q(state__in=EnterpriseState.values), name="enterprise_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(relation__in=["partner", "host_only"]), name="enterprise_relation_known",
                violation_error_message=_("An enterprise is a partner or host only."),
            ),
            models.CheckConstraint(
                condition=Q(tier__in=[1, 2, 3]), name="enterprise_tier_known",
                violation_error_message=_("Choose one of the three tiers."),
            ),
            models.CheckConstraint(
                condition=Q(cadence_days=None) | Q(cadence_days__range=(SHORTEST, LONGEST)),
                name="enterprise_cadence_sensible",
                violation_error_message=_("A cadence lies between 7 and 365 days."),
            ),
            models.CheckConstraint(
                condition=Q(registry="", registry_on=None) | (~Q(registry="") & Q(registry_on__isnull=False)),
                name="enterprise_registry_dated",
                violation_error_message=_("A registry state needs the day on which it was seen."),
            ),
            models.CheckConstraint(
                condition=Q(parent=None, kinship="") | (Q(parent__isnull=False) & ~Q(kinship="")),
                name="enterprise_kinship_whole",
                violation_error_message=_("Name the parent and whether this is a subsidiary or a branch, or neither."),
            ),
            models.CheckConstraint(
                condition=~Q(parent=models.F("id")), name="enterprise_not_own_parent",
                violation_error_message=_("An enterprise cannot belong to itself."),
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=models.F("id")), name="enterprise_not_merged_into_itself",
                violation_error_message=_("An enterprise cannot be merged into itself."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def stream(self):
        """The id under which events and links of this partnership are kept."""
        return self.pk

    @property
    def title(self):
        """The name for a reader: the English one first where the reader reads English."""
        return self.name_en if self.name_en and get_language() == "en" else self.name

    @property
    def second_name(self):
        if not self.name_en:
            return ""
        return self.name if get_language() == "en" else self.name_en

    @property
    def had_contact(self):
        return self.last_contact_at > NEVER

    @property
    def cadence(self):
        """Days between two-way contacts."""
        return cadence(self.tier, self.cadence_days)

    @property
    def is_partner(self):
        return self.relation == self.Relation.PARTNER

    @property
    def red_flags(self):
        """Dated warnings from the registry, as sentences."""
        flags = []
        if self.registry in (self.Registry.ABNORMAL, self.Registry.CANCELLED):
            flags.append(self.get_registry_display())
        if self.is_labour_agency:
            flags.append(_("Labour agency in the business scope"))
        return flags


class Site(RuledModel):
    """Where people really work: province, safety and insurance depend on it, not on the registered seat."""

    class Kind(models.TextChoices):
        SEAT = "seat", _("registered seat")
        BRANCH = "branch", _("branch")
        WORKSHOP = "workshop", _("workshop")
        PROJECT = "project", _("project site")
        SHOP = "shop", _("shop")

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="sites", verbose_name=_("enterprise"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.WORKSHOP)
    name = models.CharField(_("name"), max_length=100)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("province or city")
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    capacity = models.PositiveIntegerField(_("places for interns"), null=True, blank=True)
    safety = models.TextField(_("safety on site"), blank=True, max_length=1000)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)

    class Meta:
        ordering = [models.F("closed_on").asc(nulls_first=True), "name", "id"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="site_named", violation_error_message=_("Give the site a name.")
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["seat", "branch", "workshop", "project", "shop"]), name="site_kind_known",
                violation_error_message=_("Choose one of the kinds of site."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class Shutdown(models.Model):
    """Days on which an enterprise is closed: its ladders stand still."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="shutdowns", verbose_name=_("enterprise"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    note = models.CharField(_("note"), max_length=100, blank=True)

    class Meta:
        ordering = ["starts_on", "id"]
        verbose_name = _("shutdown")
        verbose_name_plural = _("shutdowns")
        indexes = [models.Index("ends_on", "enterprise", name="shutdown_by_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="shutdown_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.enterprise} {self.starts_on}"


def is_member(user, enterprise):
    """Whether `user` belongs to `enterprise` as HR staff today."""
    return enterprise.contacts.filter(user=user, left_on=None).exists()

"""What enterprises and departments look for, what departments offer, and what was decided about a suggestion."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role
from partnerships.models.enterprise import Enterprise, Site
from partnerships.models.touchpoint import EnterpriseRows, ProxyEntry
from partnerships.workflow import NeedState
from policies.models import Specialty
from records.models import Link, Side
from records.ruled import RuledModel


class Level(models.TextChoices):
    """What students bring with them; the catalogue's three levels of vocational education."""

    SECONDARY = "secondary", _("secondary vocational")
    HIGHER = "higher", _("higher vocational")
    BACHELOR = "bachelor", _("vocational bachelor")
    ANY = "", _("any level")


class OfferKind(models.TextChoices):
    LABORATORY = "laboratory", _("laboratory and equipment")
    EXPERTISE = "expertise", _("expertise")
    PATENT = "patent", _("patent or result")
    SERVICE = "service", _("technical service")
    TRAINING = "training", _("training")
    STUDENTS = "students", _("students of a specialty")


class NeedKind(models.TextChoices):
    """What an enterprise looks for; a department looks for the same from the other side (WISHES)."""

    INTERNS = "interns", pgettext_lazy("need", "interns")
    GRADUATES = "graduates", _("graduates")
    RESEARCH = "research", _("problem in research and development")
    TRAINING = "training", _("training of employees")
    EQUIPMENT = "equipment", _("use of equipment")
    LECTURERS = "lecturers", _("lecturers of the school")


#: How a kind reads where a department looks for it at enterprises.
WISHES = {
    NeedKind.INTERNS: _("places for interns"),
    NeedKind.GRADUATES: _("jobs for graduates"),
    NeedKind.RESEARCH: _("a partner for research"),
    NeedKind.TRAINING: _("places for teachers to practise"),
    NeedKind.EQUIPMENT: _("equipment given or lent"),
    NeedKind.LECTURERS: _("lecturers from enterprises"),
}
#: Kinds that say how many people.
COUNTED = (NeedKind.INTERNS, NeedKind.GRADUATES)


class OfferQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Partner roles see all; HR staff what is shown to enterprises; everyone else none."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.sees_partners:
            return self
        return self.standing().filter(is_shown=True) if user.role == Role.HR else self.none()

    def standing(self):
        return self.filter(withdrawn_at=None)

    def with_taken(self, today):
        """`taken`: how many of its capacity were given away this calendar year."""
        given = Match.objects.filter(offer=OuterRef("pk"), verdict=Match.Verdict.ACCEPTED, decided_at__year=today.year)
        given = given.order_by().values("offer").annotate(given=Sum("number")).values("given")
        return self.annotate(taken=Coalesce(Subquery(given), 0))


class Offer(RuledModel):
    """One thing a department can do for enterprises, and how much of it in a year."""

    Kind = OfferKind
    Level = Level

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    department = models.ForeignKey(Department, models.PROTECT, related_name="offers", verbose_name=_("department"))
    kind = models.CharField(_("kind"), max_length=10, choices=OfferKind)
    title = models.CharField(_("title"), max_length=80)
    title_en = models.CharField(_("English title"), max_length=120, blank=True)
    text = models.TextField(_("what it is"), blank=True, max_length=2000)
    text_en = models.TextField(_("what it is, in English"), blank=True, max_length=2000)
    specialties = models.ManyToManyField(
        Specialty, blank=True, related_name="+", verbose_name=pgettext_lazy("studies", "specialties")
    )
    level = models.CharField(pgettext_lazy("studies", "level"), max_length=10, choices=Level, blank=True, default="")
    capacity = models.PositiveIntegerField(
        _("how many a year"), null=True, blank=True, help_text=_("People, days or pieces. Empty: no limit.")
    )
    place = models.CharField(_("place"), max_length=100, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="offers", verbose_name=_("looked after by")
    )
    is_shown = models.BooleanField(_("enterprises may read it"), default=True)
    created_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(_("no longer offered"), null=True, blank=True, editable=False)

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["department", "kind", "title", "id"]
        verbose_name = _("offer of the school")
        verbose_name_plural = _("offers of the school")
        indexes = [
            models.Index("title", "id", name="offer_by_title"),
            models.Index("created_at", "id", name="offer_by_age"),
            models.Index("department", "kind", "id", name="offer_of_department"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OfferKind.values), name="offer_kind_known",
                violation_error_message=_("Choose one of the kinds."),
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="offer_titled", violation_error_message=_("Give it a title.")
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="offer_level_known",
                violation_error_message=_("Choose one of the levels."),
            ),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(capacity__gte=1), name="offer_capacity_positive",
                violation_error_message=_("At least one; leave it empty where there is no limit."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    @property
    def stream(self):
        """The school's own: it belongs to no partnership."""
        return None

    @property
    def heading(self):
        return self.title_en if self.title_en and get_language() == "en" else self.title

    @property
    def free(self):
        """How many are left this year, of rows with_taken(); None where nothing limits it."""
        return None if self.capacity is None else max(self.capacity - self.taken, 0)

    @property
    def body(self):
        return self.text_en if self.text_en and get_language() == "en" else self.text


class NeedQuerySet(EnterpriseRows):
    def open(self):
        return self.filter(state=NeedState.OPEN)

    def of_enterprises(self):
        return self.filter(enterprise__isnull=False)

    def of_school(self):
        return self.filter(department__isnull=False)


class Need(RuledModel):
    """What one enterprise looks for at the school, or one department at enterprises."""

    State = NeedState
    Kind = NeedKind
    Level = Level

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="needs", verbose_name=_("enterprise")
    )
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="wishes", verbose_name=_("department")
    )
    state = models.CharField(_("state"), max_length=10, choices=NeedState, default=NeedState.OPEN, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=NeedKind)
    title = models.CharField(_("in a few words"), max_length=80)
    text = models.TextField(_("what it is about"), blank=True, max_length=2000)
    specialties = models.ManyToManyField(
        Specialty, blank=True, related_name="+", verbose_name=pgettext_lazy("studies", "specialties")
    )
    level = models.CharField(pgettext_lazy("studies", "level"), max_length=10, choices=Level, blank=True, default="")
    number = models.PositiveIntegerField(_("how many"), null=True, blank=True)
    from_on = models.DateField(pgettext_lazy("need", "from"))
    until_on = models.DateField(pgettext_lazy("need", "until"))
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="needs", verbose_name=_("site"))
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("posted by"),
    )  # fmt: skip
    posted_name = models.CharField(_("posted by, as given"), max_length=60, blank=True, editable=False)
    posted_via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("through link")
    )
    proxy = models.OneToOneField(
        ProxyEntry, models.PROTECT, null=True, blank=True, related_name="need", editable=False,
        verbose_name=_("entered on behalf"),
    )  # fmt: skip
    posted_at = models.DateTimeField(_("posted"), default=timezone.now, editable=False)

    objects = NeedQuerySet.as_manager()

    class Meta:
        ordering = ["until_on", "id"]
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        indexes = [
            models.Index("until_on", "id", name="need_by_day"),
            models.Index("posted_at", "id", name="need_by_age"),
            models.Index("until_on", "id", name="need_open", condition=Q(state="open")),
            models.Index("enterprise", "until_on", "id", name="need_of_enterprise"),
            models.Index("department", "until_on", "id", name="need_of_department"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(enterprise__isnull=False, department=None)
                | Q(enterprise=None, department__isnull=False, site=None),
                name="need_of_one_side",
                violation_error_message=_("Either an enterprise looks for it, or a department."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=NeedState.values), name="need_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=NeedKind.values), name="need_kind_known",
                violation_error_message=_("Choose one of the kinds."),
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="need_level_known",
                violation_error_message=_("Choose one of the levels."),
            ),
            models.CheckConstraint(
                condition=~Q(title=""), name="need_titled", violation_error_message=_("Say it in a few words.")
            ),
            models.CheckConstraint(
                condition=Q(until_on__gte=F("from_on")), name="need_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[kind.value for kind in COUNTED]) | Q(number__isnull=False, number__gte=1),
                name="need_says_how_many",
                violation_error_message=_("Say how many people."),
            ),
            models.CheckConstraint(
                condition=Q(posted_by__isnull=False) | (Q(posted_via__isnull=False) & ~Q(posted_name="")),
                name="need_came_from_someone",
                violation_error_message=_("Say who you are."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def side(self):
        return Side.ENTERPRISE if self.enterprise_id else Side.SCHOOL

    @property
    def what(self):
        """Its kind as the side reads it that looks for it."""
        return self.get_kind_display() if self.enterprise_id else WISHES[self.kind]

    @property
    def whose(self):
        return self.enterprise.title if self.enterprise_id else str(self.department)

    @property
    def who_posted(self):
        return self.proxy.said_by if self.proxy_id else self.posted_name or str(self.posted_by)


class MatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever reads partners: enterprises read what follows from a decision, never the decision."""
        return self if user.is_authenticated and user.is_active and user.sees_partners else self.none()


class Match(models.Model):
    """What was decided about one suggestion: an offer for a need, a partner for a wish or for an offer."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("suggestion", "accepted")
        DECLINED = "declined", pgettext_lazy("suggestion", "declined")

    need = models.ForeignKey(
        Need, models.PROTECT, null=True, blank=True, related_name="matches", verbose_name=_("need")
    )
    offer = models.ForeignKey(
        Offer, models.PROTECT, null=True, blank=True, related_name="matches", verbose_name=_("offer of the school")
    )
    #: The suggested partner; of an enterprise's own need it is named there.
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="matches", verbose_name=_("enterprise")
    )
    verdict = models.CharField(_("decided"), max_length=8, choices=Verdict)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    number = models.PositiveIntegerField(_("how many"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), default=timezone.now)

    objects = MatchQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_at", "-id"]
        verbose_name = _("decision about a suggestion")
        verbose_name_plural = _("decisions about suggestions")
        indexes = [models.Index("offer", "verdict", "decided_at", name="match_of_offer")]
        constraints = [
            models.CheckConstraint(
                condition=Q(need__isnull=False, offer__isnull=False, enterprise=None)
                | Q(need__isnull=False, offer=None, enterprise__isnull=False)
                | Q(need=None, offer__isnull=False, enterprise__isnull=False),
                name="match_of_two",
                violation_error_message=_("A suggestion brings two together."),
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=["accepted", "declined"]), name="match_verdict_known",
                violation_error_message=_("Accept it or decline it."),
            ),
            models.CheckConstraint(
                condition=~Q(verdict="declined") | ~Q(reason=""), name="match_declined_with_reason",
                violation_error_message=_("Say why it does not suit."),
            ),
            *(
                models.UniqueConstraint(
                    fields=pair, condition=Q(**{f"{name}__isnull": False for name in pair}),
                    name=f"match_once_{'_'.join(pair)}",
                    violation_error_message=_("This was decided already: load the page again."),
                )
                for pair in (("need", "offer"), ("need", "enterprise"), ("offer", "enterprise"))
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.need or self.offer}: {self.get_verdict_display()}"

    @property
    def stream(self):
        return self.enterprise_id or (self.need.enterprise_id if self.need_id else None)

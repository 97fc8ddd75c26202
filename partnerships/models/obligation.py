"""What each side promised: one dated duty of one side, and the clauses from which such duties are made."""

import uuid

import pghistory
from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Case, F, IntegerField, Q, When
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from partnerships.models.agreement import SIGNED_STATES, Agreement, AgreementKind
from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise
from partnerships.models.touchpoint import ProxyEntry
from partnerships.rules.obligations import occurrences
from partnerships.workflow import ObligationState
from records.models import File, Link, Side
from records.ruled import RuledModel

ONE_SIDE = [choice for choice in Side.choices if choice[0] != Side.BOTH]
#: Fields of an agreement that say how many: a clause may take its count from one of them.
COUNT_FIELDS = ("places_per_year", "seminars_per_year")


class Clause(models.Model):
    """A duty that agreements of one kind bring along: from it obligations are made on entry into force."""

    kind = models.CharField(
        _("kind of agreement"), max_length=16, choices=AgreementKind, blank=True, help_text=_("Empty: of every kind.")
    )
    side = models.CharField(_("side"), max_length=10, choices=ONE_SIDE)
    text = models.CharField(_("what is promised"), max_length=200)
    text_en = models.CharField(_("in English"), max_length=300, blank=True)
    every_months = models.PositiveSmallIntegerField(_("every how many months"), default=0, help_text=_("0: once."))
    after_days = models.PositiveSmallIntegerField(
        _("once: so many days after the beginning"), default=0, help_text=_("Only for what is due once.")
    )
    count_from = models.CharField(
        _("how many, as in"), max_length=20, blank=True, choices=[(name, name) for name in COUNT_FIELDS],
        help_text=_("Without this number in the agreement the clause makes nothing."),
    )  # fmt: skip
    counter = models.CharField(
        _("counted by"), max_length=30, blank=True, help_text=_("What really happened then counts by itself.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["kind", "side", "id"]
        verbose_name = _("clause")
        verbose_name_plural = _("clauses")
        constraints = [
            models.CheckConstraint(
                condition=Q(side__in=["school", "enterprise"]), name="clause_one_side",
                violation_error_message=_("Say which side promises it."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="clause_says_what", violation_error_message=_("Say what is promised.")
            ),
            models.CheckConstraint(
                condition=Q(every_months__lte=60), name="clause_period_sensible",
                violation_error_message=_("A period has at most 60 months."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.text

    def due_days(self, agreement, until, today):
        """The Due days this clause brings an agreement in its effective term, which ends on `until`."""
        return occurrences(
            agreement.effective_from, until, every_months=self.every_months, after_days=self.after_days, today=today
        )


class ObligationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of the agreements that `user` sees, once they are signed."""
        return self.filter(agreement__in=Agreement.objects.visible_to(user))

    def open(self):
        return self.filter(state=ObligationState.OPEN)

    def late(self, today):
        return self.open().filter(due_on__lt=today)

    def of_side(self, side):
        return self.filter(side=side)

    def signed(self):
        """Of agreements that everybody signed, whatever became of them."""
        return self.filter(agreement__state__in=SIGNED_STATES)

    def with_happened(self):
        """`happened`: how many of what was promised really happened within its days; None where nothing counts it."""
        counted = [
            When(counter=name, then=import_string(path)()) for name, path in settings.OBLIGATION_COUNTERS.items()
        ]
        return self.annotate(happened=Case(*counted, default=None, output_field=IntegerField()))

    def reached(self):
        """Of what counts by itself, that of which enough has happened."""
        return self.exclude(counter="").with_happened().filter(happened__gte=F("count"))

    def unreached(self):
        """Everything that is not reached()."""
        enough = Q(happened__isnull=False, count__isnull=False, happened__gte=F("count"))
        return self.with_happened().filter(~enough)


@pghistory.track(exclude=["form_key", "version"])
class Obligation(RuledModel):
    """One dated duty of one side under one agreement; late is an open one whose day has passed."""

    State = ObligationState

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="obligations", verbose_name=_("agreement"))
    #: The agreement's, for the lists and reminders of one partner.
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, related_name="obligations", editable=False, verbose_name=_("enterprise")
    )
    clause = models.ForeignKey(
        Clause, models.PROTECT, null=True, blank=True, editable=False, related_name="obligations",
        verbose_name=_("clause"),
    )  # fmt: skip
    side = models.CharField(_("side"), max_length=10, choices=ONE_SIDE)
    text = models.CharField(_("what is promised"), max_length=200)
    text_en = models.CharField(_("in English"), max_length=300, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="obligations",
        verbose_name=_("who does it at the school"),
    )  # fmt: skip
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="obligations",
        verbose_name=_("who does it at the enterprise"),
    )  # fmt: skip
    first_on = models.DateField(_("counts from"))
    due_on = models.DateField(pgettext_lazy("promise", "until"))
    count = models.PositiveIntegerField(_("how many"), null=True, blank=True)
    amount = models.DecimalField(_("amount (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True)
    #: A name of settings.OBLIGATION_COUNTERS: what really happened counts by itself.
    counter = models.CharField(_("counted by"), max_length=30, blank=True, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=ObligationState, default=ObligationState.OPEN, editable=False
    )
    kept_on = models.DateField(_("kept on"), null=True, blank=True)
    note = models.CharField(_("how, or why not"), max_length=300, blank=True)
    #: Set aside because term or text no longer ask for it: where they do again it comes back.
    is_beyond_term = models.BooleanField(default=False, editable=False)
    closed_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("settled by"),
    )  # fmt: skip
    closed_name = models.CharField(_("settled by, as given"), max_length=60, blank=True, editable=False)
    closed_via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", editable=False, verbose_name=_("through link")
    )
    proxy = models.ForeignKey(
        ProxyEntry, models.PROTECT, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("entered on behalf"),
    )  # fmt: skip
    #: The duty of the agreement before, which this one continues.
    carried_from = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="carried_to", editable=False,
        verbose_name=_("carried over from"),
    )  # fmt: skip
    created_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)
    files = GenericRelation(File, "subject_id", "subject_type")

    objects = ObligationQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("obligation")
        verbose_name_plural = _("obligations")
        indexes = [
            models.Index("due_on", "id", name="obligation_by_day"),
            models.Index("due_on", "id", name="obligation_open", condition=Q(state="open")),
            models.Index("enterprise", "side", "due_on", "id", name="obligation_of_enterprise"),
            models.Index("owner", "due_on", "id", name="obligation_of_owner", condition=Q(state="open")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ObligationState.values), name="obligation_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="obligation_says_what", violation_error_message=_("Say what is promised.")
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("first_on")), name="obligation_due_after_start",
                violation_error_message=_("It cannot be due before it counts."),
            ),
            models.CheckConstraint(
                condition=Q(side="school", contact=None) | Q(side="enterprise", owner=None),
                name="obligation_done_by_its_side",
                violation_error_message=_("Who does it belongs to the side that promised it."),
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="obligation_amount_not_negative",
                violation_error_message=_("An amount is not negative."),
            ),
            models.CheckConstraint(
                condition=~Q(state="kept") | Q(kept_on__isnull=False, closed_at__isnull=False),
                name="obligation_kept_on_a_day",
                violation_error_message=_("Say on which day it was kept."),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["waived", "breached"]) | (Q(closed_at__isnull=False) & ~Q(note="")),
                name="obligation_settled_with_reason",
                violation_error_message=_("Say why in a sentence."),
            ),
            models.CheckConstraint(
                condition=Q(is_beyond_term=False) | Q(state="waived"), name="obligation_beyond_term_waived",
                violation_error_message=_("What lies beyond the term is not due."),
            ),
            models.UniqueConstraint(
                fields=["agreement", "clause", "first_on"], name="obligation_once_per_period",
                violation_error_message=_("This is written down already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.text

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def person(self):
        """Who does it, on whichever side; None where nobody is named."""
        return self.contact if self.side == "enterprise" else self.owner

    @property
    def heading(self):
        """What is promised, for a reader: in English where the reader reads English."""
        return self.text_en if self.text_en and get_language() == "en" else self.text

    def is_late(self, today):
        return self.state == ObligationState.OPEN and self.due_on < today

"""What was handed over from one person of the school to another, in one step."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise


class HandOverQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The two people, and those who see everything."""
        if not user.is_authenticated or not user.sees_partners:
            return self.none()
        return self if user.sees_everything else self.filter(Q(person=user) | Q(successor=user))


class HandOver(models.Model):
    """One hand-over from `person` to `successor`; stands on the successor's Today until they have read it."""

    form_key = models.UUIDField(default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="handed_over", verbose_name=_("from whom")
    )
    successor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="taken_over", verbose_name=_("to whom")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("arranged by"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    note = models.TextField(_("what the successor should know"), max_length=1000, blank=True)
    enterprises = models.ManyToManyField(Enterprise, related_name="hand_overs", verbose_name=_("partners"))
    seminars = models.PositiveIntegerField(_("events"), default=0)
    items = models.PositiveIntegerField(_("action items"), default=0)
    invitations = models.PositiveIntegerField(_("invitations"), default=0)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        indexes = [models.Index("successor", name="hand_over_unread", condition=Q(read_at=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["form_key", "successor"], name="hand_over_once",
                violation_error_message=_("This form was already sent."),
            ),
            models.CheckConstraint(
                condition=~Q(person=F("successor")), name="hand_over_to_somebody_else",
                violation_error_message=_("Choose somebody else than the person who hands over."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.person} → {self.successor}"

"""What was changed for several partners in one go."""

import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BulkAction(models.TextChoices):
    HAND_OVER = "hand_over", _("Hand over")
    TIER = "tier", _("Change the tier")
    CADENCE = "cadence", _("Change the cadence")
    MESSAGES_ON = "messages_on", _("Let messages leave by themselves")
    MESSAGES_OFF = "messages_off", _("Keep messages as drafts")


class BulkChangeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever made the change, leads and administrators."""
        if not user.is_authenticated or not user.sees_partners:
            return self.none()
        return self if user.sees_everything else self.filter(by=user)


class BulkChange(models.Model):
    """One change to several partners, with what became of each. The partners' own events tell the change itself."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    action = models.CharField(_("what"), max_length=12, choices=BulkAction)
    value = models.JSONField(_("to"), default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    made_at = models.DateTimeField(_("when"), default=timezone.now)
    #: One dict a partner: enterprise (its id), outcome (done, same, refused) and, refused, the sentence its reader got.
    outcomes = models.JSONField(_("what became of each"), default=list, encoder=DjangoJSONEncoder)

    objects = BulkChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-id"]
        verbose_name = _("change of several partners")
        verbose_name_plural = _("changes of several partners")
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=BulkAction.values), name="bulk_action_known",
                violation_error_message=_("This change does not exist."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.action} {self.made_at:%Y-%m-%d}"

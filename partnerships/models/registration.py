"""An enterprise that presents itself; it becomes a partner only after somebody has looked."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise
from partnerships.workflow import RegistrationState


class RegistrationQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_authenticated and user.sees_partners else self.none()

    def waiting(self):
        return self.filter(state=RegistrationState.WAITING)


class Registration(models.Model):
    """A row of the moderation queue: what the enterprise said of itself, and what was decided."""

    State = RegistrationState

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING, editable=False)
    name = models.CharField(_("name"), max_length=100)
    uscc = models.CharField(_("unified social credit code"), max_length=18)
    contact_name = models.CharField(_("your name"), max_length=60)
    phone = models.CharField(_("phone"), max_length=40)
    email = models.EmailField(_("e-mail"), blank=True)
    wishes = models.TextField(_("what you would like to do together"), max_length=2000)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="zh-hans", editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.TextField(_("reason"), blank=True, max_length=1000)
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, related_name="registrations", verbose_name=_("enterprise")
    )

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", decided_by=None, decided_at=None, enterprise=None)
                | Q(state="accepted", decided_by__isnull=False, decided_at__isnull=False, enterprise__isnull=False)
                | Q(state="refused", decided_by__isnull=False, decided_at__isnull=False, enterprise=None),
                name="registration_decided_whole",
                violation_error_message=_("A decision names who decided, when, and which enterprise came of it."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def stream(self):
        return self.enterprise_id

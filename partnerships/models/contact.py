"""People at an enterprise; a portal member is a contact with an account."""

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation
from partnerships.models.enterprise import Enterprise, Site
from records.ruled import RuledModel


class ContactQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(enterprise__in=Enterprise.objects.visible_to(user))

    def present(self):
        return self.filter(left_on=None)

    def members(self):
        return self.present().filter(user__isnull=False)


@pghistory.track(exclude=["form_key", "version"])
class Contact(RuledModel):
    """A person at an enterprise. Name, phone and form of address are enough; e-mail and account are optional."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="contacts", verbose_name=_("enterprise"))
    name = models.CharField(_("name"), max_length=60)
    honorific = models.CharField(
        _("form of address"), max_length=30, blank=True, help_text=_("How every message begins, such as 赵经理.")
    )
    position = models.CharField(_("position"), max_length=60, blank=True)
    phones = ArrayField(models.CharField(max_length=40), verbose_name=_("phones"), default=list, blank=True)
    same_wechat = models.BooleanField(_("phone is the WeChat number"), default=False)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="contacts", verbose_name=_("site")
    )
    arranges_interns = models.BooleanField(_("arranges interns"), default=False)
    keeps_pay = models.BooleanField(_("keeps the pay records"), default=False)
    mentors = models.BooleanField(_("mentors or teaches"), default=False)
    signs = models.BooleanField(_("signs agreements"), default=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="seats", editable=False,
        verbose_name=_("account"),
    )  # fmt: skip
    is_keeper = models.BooleanField(_("keeper"), default=False, editable=False)
    invitation = models.ForeignKey(
        Invitation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("invitation"),
    )
    left_on = models.DateField(_("left on"), null=True, blank=True, editable=False)
    note = models.TextField(_("note (school only)"), blank=True, max_length=1000)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["-is_keeper", "id"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="contact_named", violation_error_message=_("Give the person's name.")
            ),
            models.UniqueConstraint(
                fields=["enterprise", "user"], condition=Q(left_on=None, user__isnull=False), name="contact_one_seat",
                violation_error_message=_("This person already has access to this enterprise."),
            ),
            models.UniqueConstraint(
                fields=["enterprise"], condition=Q(is_keeper=True), name="contact_one_keeper",
                violation_error_message=_("The enterprise already has a keeper: hand the role over instead."),
            ),
            models.CheckConstraint(
                condition=Q(is_keeper=False) | Q(user__isnull=False, left_on=None), name="contact_keeper_can_act",
                violation_error_message=_("A keeper has an account and still works there."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def address_form(self):
        """How a message to this person begins."""
        return self.honorific or self.name

    @property
    def stream(self):
        return self.enterprise_id

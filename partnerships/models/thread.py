"""The message thread of a partnership: one list, two sides."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models.enterprise import Enterprise
from partnerships.models.touchpoint import EnterpriseRows, ProxyEntry
from records.models import File, Link, Side
from records.ruled import RuledModel


class Message(RuledModel):
    """One message from one side to the other; written in the portal, by an officer, or through a link."""

    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="messages", verbose_name=_("enterprise"))
    side = models.CharField(_("side"), max_length=10, choices=[c for c in Side.choices if c[0] != "both"])
    body = models.TextField(_("message"), max_length=4000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("from")
    )
    author_name = models.CharField(_("from, as given"), max_length=60, blank=True)
    via = models.ForeignKey(Link, models.PROTECT, null=True, related_name="+", verbose_name=_("through link"))
    proxy = models.OneToOneField(
        ProxyEntry, models.PROTECT, null=True, related_name="message", verbose_name=_("entered on behalf")
    )
    answers = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="answered_by", verbose_name=_("answers")
    )
    written_at = models.DateTimeField(_("written"), default=timezone.now)
    files = GenericRelation(File, content_type_field="subject_type", object_id_field="subject_id")

    objects = EnterpriseRows.as_manager()

    class Meta:
        ordering = ["-written_at", "-id"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [models.Index("enterprise", "written_at", "id", name="message_thread")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(body=""), name="message_says_something",
                violation_error_message=_("Write something first."),
            ),
            models.CheckConstraint(
                condition=Q(side__in=["school", "enterprise"]), name="message_side_known",
                violation_error_message=_("A message comes from one side."),
            ),
            models.CheckConstraint(
                condition=Q(author__isnull=False) | (Q(via__isnull=False) & ~Q(author_name="")),
                name="message_came_from_someone",
                violation_error_message=_("Say who you are."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.body[:60]

    @property
    def stream(self):
        return self.enterprise_id

    @property
    def who(self):
        if self.proxy_id:
            return self.proxy.said_by
        return self.author_name or str(self.author)

"""What was done, who looked, what was filed, and which links were handed out.

Rows here hang on objects of other apps through a generic key and have no door of their own: they are reached
through the object they belong to. `stream` is the id of the partnership an event or link belongs to; this app
does not know its table.
"""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Side(models.TextChoices):
    SCHOOL = "school", _("school")
    ENTERPRISE = "enterprise", _("enterprise")
    BOTH = "both", _("both sides")


class Audience(models.TextChoices):
    SCHOOL = "school", _("school only")
    BOTH = "both", _("both sides")


class EventQuerySet(models.QuerySet):
    def of(self, obj):
        return self.filter(subject_type=ContentType.objects.get_for_model(obj), subject_id=obj.pk)

    def in_stream(self, stream):
        return self.filter(stream=stream)

    def shared(self):
        """What the enterprise may read."""
        return self.filter(audience=Audience.BOTH)


class Event(models.Model):
    """One thing that happened, appended in the transaction that made it happen and never changed."""

    stream = models.BigIntegerField(null=True, editable=False)
    kind = models.CharField(_("what"), max_length=60)
    subject_type = models.ForeignKey(ContentType, models.PROTECT, null=True, related_name="+")
    subject_id = models.BigIntegerField(null=True)
    subject = GenericForeignKey("subject_type", "subject_id")
    side = models.CharField(_("side"), max_length=10, choices=Side, default=Side.SCHOOL)
    audience = models.CharField(_("who may read it"), max_length=10, choices=Audience, default=Audience.SCHOOL)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    by_name = models.CharField(_("who, as given"), max_length=60, blank=True)
    data = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)
    happened_at = models.DateTimeField(_("happened"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-happened_at", "-id"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index("stream", "happened_at", "id", name="event_stream"),
            models.Index(
                "stream", "happened_at", "id", name="event_stream_shared", condition=models.Q(audience="both")
            ),
            # exchanges are nearly all there is: without this index what else happened is found by reading all of them
            models.Index(
                "stream",
                "happened_at",
                "id",
                name="event_stream_others",
                condition=~models.Q(kind__startswith="touchpoint."),
            ),
            models.Index("subject_type", "subject_id", name="event_subject"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(side__in=Side.values), name="event_side_known"),
            models.CheckConstraint(condition=models.Q(audience__in=Audience.values), name="event_audience_known"),
            models.CheckConstraint(
                condition=models.Q(subject_type__isnull=True, subject_id__isnull=True)
                | models.Q(subject_type__isnull=False, subject_id__isnull=False),
                name="event_subject_whole",
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.happened_at:%Y-%m-%d}"

    @property
    def who(self):
        return self.by_name or (str(self.by) if self.by_id else "")


class Link(models.Model):
    """A short address that acts for an enterprise without an account; carried by hand, it may be forwarded."""

    code = models.CharField(max_length=22, unique=True, editable=False)
    purpose = models.CharField(_("purpose"), max_length=30)
    subject_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    stream = models.BigIntegerField()
    addressee = models.CharField(_("made out to"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("handed out by")
    )
    created_at = models.DateTimeField(_("handed out"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    #: Set by the page's own small POST: a messenger that fetches the address does not count.
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    renewal_asked_at = models.DateTimeField(_("new one asked for"), null=True, blank=True)
    renewal_asked_by = models.CharField(_("new one asked for by"), max_length=60, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("link")
        verbose_name_plural = _("links")
        indexes = [
            models.Index("stream", "created_at", name="link_stream"),
            models.Index("subject_type", "subject_id", name="link_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[1-9A-HJ-NP-Za-km-z]{11,22}$"), name="link_code_long_enough"
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="link_expires_after_it_is_made"
            ),
        ]

    def __str__(self):
        return f"{self.purpose} {self.code[:4]}…"

    def is_open(self, now):
        return self.withdrawn_at is None and now < self.expires_at


class File(models.Model):
    """The facts about one stored file; its bytes lie under a random name outside the web root."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    media_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    subject_type = models.ForeignKey(ContentType, models.PROTECT, null=True, related_name="+")
    subject_id = models.BigIntegerField(null=True)
    subject = GenericForeignKey("subject_type", "subject_id")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_via = models.ForeignKey(Link, models.PROTECT, null=True, related_name="+", verbose_name=_("through link"))
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        ordering = ["id"]
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index("subject_type", "subject_id", name="file_subject"),
            models.Index("uploaded_by", "uploaded_at", name="file_quota"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="file_hash_whole"),
            models.CheckConstraint(
                condition=models.Q(uploaded_by__isnull=False) | models.Q(uploaded_via__isnull=False),
                name="file_came_from_someone",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def path(self):
        """Where the bytes lie below the files folder: ab/<uuid>."""
        return f"{self.key.hex[:2]}/{self.key}"

    @property
    def is_picture(self):
        return self.media_type.startswith("image/")


class SignatureState(models.TextChoices):
    ASKED = "asked", _("asked")
    SEEN = "seen", _("seen")
    SIGNED = "signed", pgettext_lazy("signature", "signed")
    REFUSED = "refused", _("not signed, with a reason")
    DELEGATED = "delegated", _("passed on")
    RESET = "reset", _("to be signed again")
    WITHDRAWN = "withdrawn", _("no longer asked")


class Signature(models.Model):
    """One request to one person to sign one thing, and what came of it (records.signatures)."""

    State = SignatureState

    class Way(models.TextChoices):
        SCREEN = "screen", _("on screen, signed in")
        LINK = "link", _("on screen, by a code sent to the person")
        PAPER = "paper", _("on paper")
        NONE = "", _("not yet")

    subject_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    stream = models.BigIntegerField(null=True, editable=False)
    side = models.CharField(_("side"), max_length=10, choices=[c for c in Side.choices if c[0] != "both"])
    capacity = models.CharField(_("in which capacity"), max_length=40)
    #: Who signs first has the lower one; the same number signs side by side.
    position = models.PositiveSmallIntegerField(_("place in the order"), default=1)
    name = models.CharField(_("name"), max_length=60)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="signatures",
        verbose_name=_("account"),
    )  # fmt: skip
    addressee_id = models.BigIntegerField(null=True, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=SignatureState, default=SignatureState.ASKED, editable=False
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    closed_at = models.DateTimeField(_("answered"), null=True, blank=True)
    way = models.CharField(_("how"), max_length=6, choices=Way, blank=True, default="")
    #: SHA-256 of what was signed, and the file that shows it.
    digest = models.CharField(max_length=64, blank=True)
    document = models.ForeignKey(
        File, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("what was signed")
    )
    scan = models.ForeignKey(File, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("scan"))
    signed_on = models.DateField(_("signed on (paper)"), null=True, blank=True)
    signed_as = models.CharField(_("signed as"), max_length=60, blank=True)
    address = models.GenericIPAddressField(_("from address"), null=True, blank=True)
    via = models.ForeignKey(
        Link, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("through link")
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    passed_to = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("passed on to")
    )

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        indexes = [
            models.Index("subject_type", "subject_id", "position", name="signature_subject"),
            models.Index("stream", "id", name="signature_stream"),
            models.Index("user", "asked_at", name="signature_waiting", condition=models.Q(state__in=["asked", "seen"])),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=SignatureState.values), name="signature_state_known",
                violation_error_message=_("This state does not exist."),
            ),
            models.CheckConstraint(
                condition=models.Q(side__in=["school", "enterprise"]), name="signature_one_side",
                violation_error_message=_("A signature is given for one side."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(capacity=""), name="signature_of_somebody",
                violation_error_message=_("Say who signs, and in which capacity."),
            ),
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "side", "capacity", "name"],
                condition=models.Q(state__in=["asked", "seen", "refused", "signed"]), name="signature_asked_once",
                violation_error_message=_("This person is asked already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="signed")
                | models.Q(
                    closed_at__isnull=False, way__in=["screen", "link", "paper"], digest__regex=r"^[0-9a-f]{64}$"
                ),
                name="signature_signed_whole",
                violation_error_message=_("A signature says when, how and under what it was given."),
            ),
            models.CheckConstraint(
                condition=~models.Q(way="paper", state="signed") | models.Q(scan__isnull=False),
                name="signature_paper_with_scan",
                violation_error_message=_("File the scan of the signed page."),
            ),
            models.CheckConstraint(
                condition=~models.Q(way="link", state="signed") | models.Q(via__isnull=False),
                name="signature_link_known",
                violation_error_message=_("A signature by link names its link."),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | ~models.Q(reason=""), name="signature_refused_with_reason",
                violation_error_message=_("Say why in a sentence."),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="delegated") | models.Q(passed_to__isnull=False),
                name="signature_passed_to_somebody",
                violation_error_message=_("Name somebody else who signs instead."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} · {self.capacity}"


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The own ones, and nobody else's."""
        return self.filter(owner=user) if user.is_authenticated and user.is_active else self.none()


class SavedView(models.Model):
    """What somebody narrows and sorts a list by, under a name of their own."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="saved_views", verbose_name=_("owner")
    )
    list = models.CharField(_("list"), max_length=30)
    name = models.CharField(_("name"), max_length=40)
    #: The query of an address: filters and sort of that list, nothing else.
    query = models.CharField(_("filters"), max_length=1000, blank=True)
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "list", "name"], name="saved_view_named_once",
                violation_error_message=_("You already have a view of this name: choose another."),
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="saved_view_named",
                violation_error_message=_("Give the view a name."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class Look(models.Model):
    """Somebody read something worth remembering; the only row a GET may write."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("who"))
    link = models.ForeignKey(Link, models.PROTECT, null=True, related_name="looks", verbose_name=_("through link"))
    what = models.CharField(_("what"), max_length=40)
    subject_type = models.ForeignKey(ContentType, models.PROTECT, null=True, related_name="+")
    subject_id = models.BigIntegerField(null=True)
    subject = GenericForeignKey("subject_type", "subject_id")
    address = models.GenericIPAddressField(_("from address"), null=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        indexes = [models.Index("subject_type", "subject_id", "at", name="look_subject")]

    def __str__(self):
        return f"{self.what} {self.at:%Y-%m-%d}"

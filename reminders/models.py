"""What is due, by when, and who was told.

A Task stands while the facts say so; a Delivery is one telling of one person over one channel. Both keep rule and
parameters, never words: those are made when shown, in the reader's language. This app knows a person only as the user
model or as the addressee behind a generic key, and a partnership only as `stream`, the id of its events.
"""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.links import new_code
from records.models import Link, Side
from records.sealed import SealedField
from reminders.workflow import DeliveryState, TaskState

ONE_SIDE = [choice for choice in Side.choices if choice[0] != Side.BOTH]


class Switch(models.Model):
    """Whether a rule speaks: off, in rehearsal (the reminder centre shows what it would do), or on."""

    class Mode(models.TextChoices):
        OFF = "off", _("off")
        REHEARSAL = "rehearsal", _("rehearsal")
        ON = "on", _("on")

    rule = models.CharField(_("rule"), max_length=40, unique=True)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, default=Mode.REHEARSAL)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("changed by")
    )
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        ordering = ["rule"]
        verbose_name = _("switch of a rule")
        verbose_name_plural = _("switches of rules")
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["off", "rehearsal", "on"]), name="switch_mode_known"),
        ]

    def __str__(self):
        return f"{self.rule}: {self.get_mode_display()}"


class TaskQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state=TaskState.OPEN)

    def awake(self, today):
        """Open and not put off."""
        return self.open().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=today))

    def visible_to(self, user):
        """The people on it, and leads. What the enterprise's side reads is reached through the enterprise."""
        if not user.is_authenticated or not user.is_school:
            return self.none()
        return self if user.sees_everything else self.filter(owner=user)


class Task(models.Model):
    """Something that waits for one side, as the rule found it; the rule closes it when the facts are gone."""

    rule = models.CharField(_("rule"), max_length=40)
    subject_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    stream = models.BigIntegerField(null=True)
    side = models.CharField(_("side"), max_length=10, choices=ONE_SIDE, default=Side.SCHOOL)
    #: What makes this occurrence another one: the last two-way contact, the date of the seminar.
    episode = models.CharField(_("episode"), max_length=40)
    due_on = models.DateField(_("due"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="tasks", verbose_name=_("whose")
    )
    params = models.JSONField(_("details"), default=dict, encoder=DjangoJSONEncoder)
    #: The ladder stands still: the enterprise is closed.
    is_held = models.BooleanField(_("on hold"), default=False)
    #: How many steps of the ladder were planned; one writer: the planner.
    steps_planned = models.PositiveSmallIntegerField(_("steps planned"), default=0)
    state = models.CharField(_("state"), max_length=8, choices=TaskState, default=TaskState.OPEN)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True)
    snoozed_until = models.DateField(_("put off until"), null=True)
    snooze_reason = models.CharField(_("why put off"), max_length=200, blank=True)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("put off by")
    )

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index("owner", "due_on", "id", name="task_of_owner", condition=Q(state="open")),
            models.Index("stream", "side", "due_on", "id", name="task_of_stream", condition=Q(state="open")),
            models.Index("rule", "side", "steps_planned", "due_on", name="task_ladder", condition=Q(state="open")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "side", "subject_type", "subject_id", "episode"], name="task_once_per_episode"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (Q(state="done") & Q(closed_at__isnull=False)),
                name="task_closed_with_moment",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until=None, snooze_reason="", snoozed_by=None)
                | (Q(snoozed_until__isnull=False, snoozed_by__isnull=False) & ~Q(snooze_reason="")),
                name="task_put_off_with_reason",
                violation_error_message=_("Say why it is put off, and until when."),
            ),
            models.CheckConstraint(condition=Q(side__in=["school", "enterprise"]), name="task_on_one_side"),
        ]

    def __str__(self):
        return f"{self.rule} {self.subject_id} {self.due_on}"


class PreferenceQuerySet(models.QuerySet):
    def of(self, deliveries):
        """{delivery.pk: Preference} of those whose recipient has one: one question."""
        users = {one.user_id for one in deliveries if one.user_id}
        addressees = {one.addressee_id for one in deliveries if one.addressee_id}
        found = {}
        for wish in self.filter(Q(user__in=users) | Q(addressee_id__in=addressees)):
            found[wish.user_id, wish.addressee_id] = wish
        return {
            one.pk: found[one.user_id, one.addressee_id]
            for one in deliveries
            if (one.user_id, one.addressee_id) in found
        }


class Preference(models.Model):
    """How one person wants reminders by mail: somebody of the school, or whoever a rule found at an enterprise.

    Who works for two enterprises is two contacts there, and chooses for each.
    """

    class Rhythm(models.TextChoices):
        AT_ONCE = "at_once", _("each by itself, at once")
        DIGEST = "digest", _("one mail each working morning")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    addressee_id = models.BigIntegerField(_("contact of an enterprise"), null=True, unique=True)
    rhythm = models.CharField(_("rhythm"), max_length=8, choices=Rhythm, default=Rhythm.AT_ONCE)
    #: No courtesies by mail since then; what is a duty comes all the same.
    silenced_at = models.DateTimeField(_("unsubscribed"), null=True)
    #: Behind the link in every list mail; it opens this choice and nothing else, and does not expire.
    code = models.CharField(max_length=22, unique=True, editable=False, default=new_code)

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("wish about reminders")
        verbose_name_plural = _("wishes about reminders")
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, addressee_id__isnull=False) | Q(user__isnull=False, addressee_id=None),
                name="preference_of_one_person",
            ),
            models.CheckConstraint(condition=Q(rhythm__in=["at_once", "digest"]), name="preference_rhythm_known"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[1-9A-HJ-NP-Za-km-z]{11,22}$"), name="preference_code_long_enough"
            ),
        ]

    def __str__(self):
        return f"{self.user or self.addressee_id}: {self.get_rhythm_display()}"


class Channel(models.TextChoices):
    APP = "app", _("on the page")
    MAIL = "mail", _("e-mail")
    HAND = "hand", _("carried by hand")
    ROBOT = "robot", _("robot of a group")


class Robot(models.Model):
    """A robot in a group of the school's own people, which says there what is due. Never to an enterprise."""

    class Kind(models.TextChoices):
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")

    name = models.CharField(_("name"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    #: Whoever knows the two can speak in the group: they are kept sealed, and shown nowhere, and in no log.
    token = SealedField(_("key"))
    secret = SealedField(_("secret of the signature"), blank=True)
    gateway = models.URLField(_("own gateway"), blank=True)
    rules = ArrayField(models.CharField(max_length=40), verbose_name=_("what it hears"))
    #: Ids, known to the app above: empty means all.
    departments = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("of which departments"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    is_on = models.BooleanField(_("speaks"), default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("robot of a group")
        verbose_name_plural = _("robots of groups")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["wecom", "dingtalk", "feishu"]), name="robot_kind_known",
                violation_error_message=_("Choose one of the kinds."),
            ),
            models.CheckConstraint(
                condition=Q(secret="") | Q(kind="dingtalk"), name="robot_secret_of_dingtalk",
                violation_error_message=_("Only DingTalk's robots sign with a secret."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def masked(self):
        """Enough of the key to tell two robots apart."""
        return f"…{self.token[-4:]}"


class Delivery(models.Model):
    """One telling: who is told what, over which channel, and how far it got. The key lets it exist once."""

    key = models.CharField(max_length=160, editable=False)
    # Every step of a telling is a new row in each index: columns that the indexes below cover have none of their own.
    task = models.ForeignKey(Task, models.PROTECT, related_name="deliveries", verbose_name=_("task"), db_index=False)
    rule = models.CharField(_("rule"), max_length=40)
    step = models.PositiveSmallIntegerField(_("step"))
    side = models.CharField(_("side"), max_length=10, choices=ONE_SIDE)
    stream = models.BigIntegerField(null=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    #: Somebody of the school, or whoever the rule found at the enterprise.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="deliveries", verbose_name=_("to")
    )
    addressee_id = models.BigIntegerField(_("to, of the enterprise"), null=True)
    robot = models.ForeignKey(
        Robot, models.PROTECT, null=True, related_name="+", verbose_name=_("to the group of"), db_index=False
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    #: Codes and answers just asked for leave at once; the rest waits for a decent hour.
    is_urgent = models.BooleanField(_("urgent"), default=False)
    #: Whose tellings leave in one message: the recipient as in the key. Empty: it leaves by itself.
    bundle = models.CharField(_("sent together with"), max_length=24, blank=True)
    #: The first telling of the message it was handed over in: whatever is tried again is the same message.
    parcel = models.BigIntegerField(_("handed over with"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState, default=DeliveryState.DUE)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("planned"), default=timezone.now)
    #: Not before: the next decent moment, or the next try.
    due_at = models.DateTimeField(_("due"))
    first_due_at = models.DateTimeField(_("first due"))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    leased_until = models.DateTimeField(_("taken until"), null=True)
    #: A process died, or the line broke, after the message may have been handed over: it was sent again.
    may_be_double = models.BooleanField(_("possibly twice"), default=False)
    error = models.TextField(_("last answer"), blank=True)
    link = models.ForeignKey(Link, models.PROTECT, null=True, related_name="+", verbose_name=_("link"), db_index=False)
    finished_at = models.DateTimeField(_("finished"), null=True)
    copied_at = models.DateTimeField(_("copied"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index("due_at", "id", name="delivery_waiting", condition=Q(state__in=["due", "claimed", "sending"])),
            models.Index("bundle", "id", name="delivery_bundle", condition=Q(state="due") & ~Q(bundle="")),
            models.Index("id", name="delivery_refused", condition=Q(state="failed")),
            models.Index("id", name="delivery_maybe_double", condition=Q(may_be_double=True)),
            models.Index("task", name="delivery_of_task"),
            models.Index("link", name="delivery_by_link", condition=Q(link__isnull=False)),
            models.Index("stream", "id", name="delivery_of_stream"),
            models.Index("rule", "id", name="delivery_of_rule"),
            models.Index("channel", "state", "id", name="delivery_by_hand", condition=Q(channel="hand")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(condition=Q(user=None) | Q(addressee_id=None), name="delivery_one_recipient"),
            models.CheckConstraint(
                condition=Q(channel="robot", side="school", robot__isnull=False, user=None, addressee_id=None)
                | (~Q(channel="robot") & Q(robot=None)),
                name="delivery_robot_of_the_school",
                violation_error_message=_("Robots speak to the school's own people only."),
            ),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(reason=""), name="delivery_skipped_with_reason"),
            models.CheckConstraint(condition=Q(is_urgent=False) | Q(bundle=""), name="delivery_urgent_by_itself"),
            models.CheckConstraint(
                condition=~Q(channel="mail", state__in=["due", "claimed", "sending", "sent"]) | ~Q(address=""),
                name="delivery_mail_addressed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["claimed", "sending"], leased_until__isnull=False)
                | (~Q(state__in=["claimed", "sending"]) & Q(leased_until=None)),
                name="delivery_leased_while_taken",
            ),
        ]

    def __str__(self):
        return self.key

    @property
    def message_id(self):
        """The same on every try, so that a mail program shows a doubled message once."""
        return f"<reminder-{self.parcel or self.pk}@{settings.MAIL_DOMAIN}>"


class Vacation(models.Model):
    """A school vacation: ladders stand still on its days."""

    name = models.CharField(_("name"), max_length=60)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        ordering = ["starts_on"]
        verbose_name = _("school vacation")
        verbose_name_plural = _("school vacations")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="vacation_ends_after_start",
                violation_error_message=_("The last day cannot lie before the first."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} {self.starts_on}"


class SpecialDay(models.Model):
    """A day that differs from the published calendar: a make-up workday, or a day off."""

    day = models.DateField(_("day"), unique=True)
    is_working = models.BooleanField(_("people work on it"))
    note = models.CharField(_("note"), max_length=60, blank=True)

    class Meta:
        ordering = ["day"]
        verbose_name = _("special day")
        verbose_name_plural = _("special days")

    def __str__(self):
        return f"{self.day}"


class Pulse(models.Model):
    """A sign of life of a process, by name: what /healthz/reminders looks at."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ["name"]
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")

    def __str__(self):
        return f"{self.name} {self.at}"

"""Who you are: people, their role, their department, and the invitations that bring them in."""

import uuid

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("administrator")
    LEAD = "lead", _("lead")
    OFFICER = "officer", _("officer")
    TEACHER = "teacher", _("teacher")
    COUNSELLOR = "counsellor", _("counsellor")
    HR = "hr", _("HR staff")


#: Everyone who works for the school. HR staff never hold a school role, and the other way round.
SCHOOL_ROLES = [Role.ADMINISTRATOR, Role.LEAD, Role.OFFICER, Role.TEACHER, Role.COUNSELLOR]
#: Who reads partner records; teachers and counsellors see no partners before placements exist.
PARTNER_ROLES = [Role.ADMINISTRATOR, Role.LEAD, Role.OFFICER]


class Department(models.Model):
    """A faculty (二级学院) or an office of the school."""

    class Kind(models.TextChoices):
        FACULTY = "faculty", _("faculty")
        OFFICE = "office", _("office")

    name = models.CharField(_("name"), max_length=100, unique=True)
    name_en = models.CharField(_("English name"), max_length=150, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.FACULTY)
    is_open = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["kind", "name"]
        verbose_name = _("department")
        verbose_name_plural = _("departments")

    def __str__(self):
        return self.name_en if self.name_en and get_language() == "en" else self.name


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Administrators and leads see everyone, the school its own people, HR staff themselves."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        if user.is_school:
            return self.filter(role__in=SCHOOL_ROLES)
        return self.filter(pk=user.pk)

    def active(self):
        return self.filter(is_active=True)

    def search(self, text):
        """People whose name, e-mail or phone holds every word of `text`."""
        queryset = self
        for word in text.split():
            queryset = queryset.filter(
                models.Q(name__icontains=word)
                | models.Q(name_en__icontains=word)
                | models.Q(email__icontains=word)
                | models.Q(phone__icontains=word)
            )
        return queryset


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def create_user(self, email, password=None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, **{"role": Role.ADMINISTRATOR, "name": email, **fields})

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """One person with an account. `is_active` is the only switch; it counts on the next request."""

    email = models.EmailField(
        _("e-mail"), max_length=254, unique=True, error_messages={"unique": _("Somebody already uses this e-mail.")}
    )
    name = models.CharField(_("full name"), max_length=60)
    name_en = models.CharField(_("name in Latin letters"), max_length=100, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    role = models.CharField(_("role"), max_length=15, choices=Role)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("department")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_demo = models.BooleanField(_("demonstration account"), default=False)
    date_joined = models.DateTimeField(_("account since"), default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            models.Index("name", "id", name="user_name"),
            models.Index("date_joined", "id", name="user_since"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="user_email_lower",
                violation_error_message=_("An e-mail address is kept in small letters."),
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values),
                name="user_role_known",
                violation_error_message=_("Choose one of the roles."),
            ),
            models.CheckConstraint(
                condition=~models.Q(role=Role.HR, department__isnull=False),
                name="user_hr_has_no_department",
                violation_error_message=_("HR staff belong to an enterprise, not to a department of the school."),
            ),
        ]

    def __str__(self):
        return self.name_en if self.name_en and get_language() == "en" else self.name

    def save(self, *args, **kwargs):
        self.email = self.email.lower()
        super().save(*args, **kwargs)

    def get_full_name(self):
        return str(self)

    @property
    def is_school(self):
        return self.role != Role.HR

    @property
    def needs_second_factor(self):
        return self.role in settings.SECOND_FACTOR_ROLES

    @property
    def sees_partners(self):
        return self.is_active and self.role in PARTNER_ROLES

    @property
    def sees_everything(self):
        return self.is_active and self.role in (Role.ADMINISTRATOR, Role.LEAD)

    # Django's admin asks these three: only administrators enter it.
    @property
    def is_staff(self):
        return self.role == Role.ADMINISTRATOR

    def has_perm(self, perm, obj=None):
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label):
        return self.is_active and self.is_staff


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Administrators and leads see every invitation, others those they sent."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(invited_by=user)

    def open(self, now):
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now)

    def waiting_for_mail(self, now):
        """Still to be sent; a worker that lost its ring finds them here."""
        return self.open(now).filter(sent_at=None).exclude(email="")


class Invitation(models.Model):
    """A way in for one person: expires, can be sent again or copied, is used once."""

    code = models.CharField(max_length=32, unique=True, editable=False)
    form_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail"), blank=True)
    name = models.CharField(_("full name"), max_length=60)
    role = models.CharField(_("role"), max_length=15, choices=Role)
    department = models.ForeignKey(
        Department, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department")
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="invitations_sent", verbose_name=_("invited by")
    )
    invited_at = models.DateTimeField(_("invited"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    sent_at = models.DateTimeField(_("last sent"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="invitations",
        verbose_name=_("person"),
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-invited_at", "-id"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[1-9A-HJ-NP-Za-km-z]{11,32}$"),
                name="invitation_code_long_enough",
                violation_error_message=_("A code has at least 11 characters."),
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, user__isnull=True)
                | models.Q(accepted_at__isnull=False, user__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_someone",
                violation_error_message=_("An accepted invitation names who accepted it and is not withdrawn."),
            ),
        ]

    def __str__(self):
        return f"{self.name} <{self.email}>" if self.email else self.name

    def is_open(self, now):
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at

    @property
    def link(self):
        """The address carried by hand."""
        return settings.SITE_SHORT_URL + reverse("accounts:invitation_accept", args=[self.code])

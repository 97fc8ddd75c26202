"""Administrators read here what is due and who was told, and keep the configuration: the calendar, and robots."""

from apprise.exception import AppriseImproperlyConfigured
from django import forms
from django.conf import settings
from django.contrib import admin
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from records.admin import RecordAdmin
from records.services import record
from reminders import models, services
from reminders.channels.robot import plugin_of
from reminders.robots import rules_for_groups


@admin.register(models.Switch)
class SwitchAdmin(RecordAdmin):
    """Read only: rules are switched in the reminder centre, after a rehearsal."""

    list_display = ["rule", "mode", "changed_by", "changed_at"]
    list_filter = ["mode"]
    list_select_related = ["changed_by"]
    search_fields = ["=rule"]


@admin.register(models.Task)
class TaskAdmin(RecordAdmin):
    list_display = ["due_on", "rule", "stream", "side", "owner", "state", "is_held", "snoozed_until", "opened_at"]
    list_filter = ["rule", "side", "state", "is_held"]
    list_select_related = ["owner"]
    search_fields = ["=stream", "=subject_id", "owner__name"]


@admin.register(models.Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = ["created_at", "rule", "step", "side", "stream", "channel", "name", "bundle", "state", "reason",
                    "attempts", "may_be_double", "due_at", "finished_at"]  # fmt: skip
    list_filter = ["rule", "side", "channel", "state", "may_be_double"]
    search_fields = ["=stream", "=task__id", "name", "address"]


@admin.register(models.Preference)
class PreferenceAdmin(RecordAdmin):
    """Whoever holds the code of a wish can change it: it is shown nowhere here."""

    list_display = ["id", "user", "addressee_id", "rhythm", "silenced_at"]
    list_filter = ["rhythm"]
    list_select_related = ["user"]
    search_fields = ["user__name", "user__email", "=addressee_id"]
    exclude = ["code"]


@admin.register(models.Pulse)
class PulseAdmin(RecordAdmin):
    list_display = ["name", "at"]
    list_filter = ["name"]
    search_fields = ["=name"]
    ordering = ["name"]


class RobotForm(forms.ModelForm):
    """Key and secret are typed and never shown again: left empty, they stay as they are."""

    token = forms.CharField(
        label=_("Key"), required=False, strip=True, max_length=200, widget=forms.PasswordInput,
        help_text=_("What follows “key=”, “access_token=” or “hook/” in the robot's address. Empty: as it is."),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("Secret of the signature"), required=False, max_length=200, widget=forms.PasswordInput,
        help_text=_("DingTalk only, where the robot asks for a signature. Empty: as it is."),
    )  # fmt: skip
    gateway = forms.URLField(
        label=_("Own gateway"), required=False, assume_scheme="https",
        help_text=_("Only where robots are reached through a relay of the school: its address, without a path."),
    )  # fmt: skip
    rules = forms.MultipleChoiceField(label=_("What it hears"), choices=rules_for_groups)
    departments = forms.TypedMultipleChoiceField(
        label=_("Of which departments"), coerce=int, required=False, help_text=_("None chosen: of all."),
        choices=lambda: import_string(settings.DEPARTMENT_CHOICES)(),
    )  # fmt: skip

    class Meta:
        model = models.Robot
        fields = ["name", "kind", "token", "secret", "gateway", "rules", "departments", "language", "is_on"]

    def clean(self):
        values = super().clean()
        for name in ("token", "secret"):
            values[name] = values.get(name) or self.initial.get(name, "")
        if not values["token"]:
            self.add_error("token", _("A robot without a key cannot speak."))
        elif "kind" in values:
            try:
                plugin_of(values["kind"], values["token"], values["secret"])
            except AppriseImproperlyConfigured:
                self.add_error("token", _("This is no key of such a robot: copy only the part named above."))
        return values


@admin.register(models.Robot)
class RobotAdmin(admin.ModelAdmin):
    """Robots are configuration: added and changed here, each time with an Event; one that is over is switched off."""

    form = RobotForm
    list_display = ["name", "kind", "masked", "is_on"]
    list_filter = ["kind", "is_on"]
    search_fields = ["name"]

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        changed = [name for name in form.changed_data if form.cleaned_data[name] != form.initial.get(name)]
        services.keep_robot(obj, by=request.user, changed=changed, is_new=not change)


class CalendarAdmin(admin.ModelAdmin):
    """The calendar is configuration: added to and corrected here, each time with an Event; nothing is deleted."""

    list_per_page = 100

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        """Writes "calendar.added" or "calendar.changed" with the values before and after of what was touched."""
        super().save_model(request, obj, form, change)
        touched = form.changed_data
        record(
            "calendar.changed" if change else "calendar.added",
            subject=obj,
            by=request.user,
            data={
                "before": {name: form.initial.get(name) for name in touched} if change else {},
                "after": {name: form.cleaned_data[name] for name in touched},
            },
        )


@admin.register(models.Vacation)
class VacationAdmin(CalendarAdmin):
    list_display = ["name", "starts_on", "ends_on"]
    list_filter = ["starts_on"]
    search_fields = ["name"]
    ordering = ["-starts_on"]


@admin.register(models.SpecialDay)
class SpecialDayAdmin(CalendarAdmin):
    list_display = ["day", "is_working", "note"]
    list_filter = ["is_working"]
    search_fields = ["note"]
    ordering = ["-day"]

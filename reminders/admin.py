"""Administrators read here what is due and who was told, and keep the calendar: vacations and special days."""

from django.contrib import admin

from records.admin import RecordAdmin
from records.services import record
from reminders import models


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
    list_display = ["created_at", "rule", "step", "side", "stream", "channel", "name", "state", "reason", "attempts",
                    "may_be_double", "due_at", "finished_at"]  # fmt: skip
    list_filter = ["rule", "side", "channel", "state", "may_be_double"]
    search_fields = ["=stream", "=task__id", "name", "address"]


@admin.register(models.Pulse)
class PulseAdmin(RecordAdmin):
    list_display = ["name", "at"]
    list_filter = ["name"]
    search_fields = ["=name"]
    ordering = ["name"]


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

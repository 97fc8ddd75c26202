"""Administrators read here which lists were written as files, for whom, how that went, and what is counted."""

from django.contrib import admin

from records.admin import RecordAdmin
from reports.models import Export, RhythmMonth


@admin.register(Export)
class ExportAdmin(RecordAdmin):
    list_display = ["asked_at", "list", "owner", "state", "rows_done", "rows_total", "attempt", "reason", "finished_at",
                    "expires_at"]  # fmt: skip
    list_filter = ["list", "state", "reason"]
    list_select_related = ["owner"]
    search_fields = ["owner__name", "query"]


@admin.register(RhythmMonth)
class RhythmMonthAdmin(RecordAdmin):
    list_display = ["month", "contacts", "answers", "within", "partners", "counted_at"]
    list_filter = ["month"]
    search_fields = ["month"]

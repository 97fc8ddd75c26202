"""Administrators read here which lists were written as files, for whom, and how that went."""

from django.contrib import admin

from records.admin import RecordAdmin
from reports.models import Export


@admin.register(Export)
class ExportAdmin(RecordAdmin):
    list_display = ["asked_at", "list", "owner", "state", "rows_done", "rows_total", "attempt", "reason", "finished_at",
                    "expires_at"]  # fmt: skip
    list_filter = ["list", "state", "reason"]
    list_select_related = ["owner"]
    search_fields = ["owner__name", "query"]

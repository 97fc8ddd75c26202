"""Administrators read here what was done, looked at, handed out and filed. Nothing of it is ever changed."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from records.models import Event, File, Link, Look, SavedView, Signature


class CappedPaginator(Paginator):
    """Counts no further than one reads: the rest is found by searching, whatever the size of the table."""

    MOST = 2_000

    @cached_property
    def count(self):
        return self.object_list.order_by()[: self.MOST].count()


class About(admin.RelatedFieldListFilter):
    """By the kind of what a row hangs on."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = _("about what")


class RecordAdmin(admin.ModelAdmin):
    """Read only, newest first by the primary key, never a count of the whole table."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    ordering = ["-pk"]

    @admin.display(description=_("about what"), ordering="subject_type")
    def subject(self, row):
        """What a row hangs on, by its kind and number: “agreement 14”."""
        return f"{row.subject_type.name} {row.subject_id}" if row.subject_type_id else None

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ["happened_at", "kind", "stream", "subject", "side", "audience", "by", "by_name"]
    list_filter = ["side", "audience", ("subject_type", About)]
    list_select_related = ["subject_type", "by"]
    search_fields = ["=kind", "=stream", "=subject_id", "by__name", "by_name"]


@admin.register(Look)
class LookAdmin(RecordAdmin):
    list_display = ["at", "what", "subject", "by", "link", "address"]
    list_filter = ["what", ("subject_type", About)]
    list_select_related = ["subject_type", "by", "link"]
    search_fields = ["=subject_id", "by__name"]


@admin.register(Link)
class LinkAdmin(RecordAdmin):
    """Whoever holds a code may act with it: it is shown nowhere here."""

    list_display = ["id", "purpose", "stream", "addressee", "created_by", "created_at", "expires_at", "opened_at",
                    "answered_at", "withdrawn_at"]  # fmt: skip
    list_filter = ["purpose", "language"]
    list_select_related = ["created_by"]
    search_fields = ["=stream", "addressee", "created_by__name"]
    exclude = ["code"]


@admin.register(SavedView)
class SavedViewAdmin(RecordAdmin):
    list_display = ["name", "list", "owner", "saved_at"]
    list_filter = ["list"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__name"]


@admin.register(File)
class FileAdmin(RecordAdmin):
    list_display = ["name", "media_type", "size", "subject", "uploaded_by", "uploaded_at"]
    list_filter = ["media_type", ("subject_type", About)]
    list_select_related = ["subject_type", "uploaded_by"]
    search_fields = ["name", "=sha256", "=subject_id"]
    exclude = ["key"]


@admin.register(Signature)
class SignatureAdmin(RecordAdmin):
    list_display = ["name", "capacity", "side", "subject", "position", "state", "way", "asked_at",
                    "closed_at"]  # fmt: skip
    list_filter = ["state", "way", "side", ("subject_type", About)]
    list_select_related = ["subject_type"]
    search_fields = ["name", "capacity", "=subject_id", "=stream"]

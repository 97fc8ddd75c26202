"""Administrators read everything of the partnerships here and keep the clauses; people change the rest on pages."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from partnerships import models
from partnerships.services.asks import set_budget
from partnerships.services.obligations import keep_clause
from records.admin import RecordAdmin


class PartnershipAdmin(RecordAdmin):
    """Read only; what carries a form's key hides it."""


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(models.Enterprise)
class EnterpriseAdmin(PartnershipAdmin):
    list_display = ["name", "uscc", "state", "relation", "tier", "industry", "region", "lead_department", "owner"]
    list_filter = ["state", "relation", "tier", "ownership", "size", "registry", "is_labour_agency", "lead_department"]
    list_select_related = ["industry", "region", "lead_department", "owner"]
    search_fields = ["name", "name_en", "short_name", "uscc", "=id"]
    exclude = ["form_key", "sort_key", "name_key", "core_key", "search_text", "grams"]
    ordering = ["sort_key", "pk"]


@admin.register(models.Site)
class SiteAdmin(PartnershipAdmin):
    list_display = ["name", "enterprise", "kind", "region", "capacity", "closed_on"]
    list_filter = ["kind", "closed_on"]
    list_select_related = ["enterprise", "region"]
    search_fields = ["name", "address", "enterprise__name"]
    exclude = ["form_key"]


@admin.register(models.Shutdown)
class ShutdownAdmin(PartnershipAdmin):
    list_display = ["enterprise", "starts_on", "ends_on", "note"]
    list_filter = ["starts_on"]
    list_select_related = ["enterprise"]
    search_fields = ["enterprise__name", "note"]


@admin.register(models.Contact)
class ContactAdmin(PartnershipAdmin):
    list_display = ["name", "honorific", "enterprise", "position", "email", "user", "is_keeper", "left_on"]
    list_filter = ["is_keeper", "arranges_interns", "keeps_pay", "mentors", "signs", "language"]
    list_select_related = ["enterprise", "user"]
    search_fields = ["name", "honorific", "email", "enterprise__name"]
    exclude = ["form_key"]


class FindingInline(ReadOnlyInline):
    model = models.AssessmentFinding


@admin.register(models.Assessment)
class AssessmentAdmin(PartnershipAdmin):
    list_display = ["enterprise", "site", "visited_on", "assessors", "is_suitable", "written_by", "written_at"]
    list_filter = ["is_suitable", "visited_on"]
    list_select_related = ["enterprise", "site", "written_by"]
    search_fields = ["enterprise__name", "assessors"]
    inlines = [FindingInline]
    exclude = ["form_key"]


@admin.register(models.AssessmentFinding)
class AssessmentFindingAdmin(PartnershipAdmin):
    list_display = ["assessment", "content", "is_concern"]
    list_filter = ["content", "is_concern"]
    list_select_related = ["assessment__enterprise"]
    search_fields = ["assessment__enterprise__name", "text"]


@admin.register(models.Trip)
class TripAdmin(PartnershipAdmin):
    list_display = ["starts_on", "ends_on", "kind", "leader", "logged_by", "logged_at"]
    list_filter = ["kind", "starts_on"]
    list_select_related = ["logged_by"]
    search_fields = ["leader", "others", "summary"]
    exclude = ["form_key"]


@admin.register(models.Touchpoint)
class TouchpointAdmin(PartnershipAdmin):
    list_display = ["happened_at", "enterprise", "kind", "side", "is_two_way", "is_from_list", "logged_by", "logged_at"]
    list_filter = ["kind", "side", "is_two_way", "is_from_list"]
    list_select_related = ["enterprise", "logged_by"]
    search_fields = ["enterprise__name", "summary"]
    exclude = ["form_key"]


@admin.register(models.ProxyEntry)
class ProxyEntryAdmin(PartnershipAdmin):
    list_display = ["entered_at", "enterprise", "said_by", "source", "said_at", "entered_by", "checked_at"]
    list_filter = ["source"]
    list_select_related = ["enterprise", "entered_by", "checked_by"]
    search_fields = ["enterprise__name", "said_by"]


@admin.register(models.Message)
class MessageAdmin(PartnershipAdmin):
    list_display = ["written_at", "enterprise", "side", "author", "author_name"]
    list_filter = ["side"]
    list_select_related = ["enterprise", "author"]
    search_fields = ["enterprise__name", "body", "author_name"]
    exclude = ["form_key"]


@admin.register(models.Seminar)
class SeminarAdmin(PartnershipAdmin):
    list_display = ["title", "kind", "state", "starts_at", "organiser", "department"]
    list_filter = ["kind", "state", "department"]
    list_select_related = ["organiser", "department"]
    search_fields = ["title", "title_en", "place", "=id"]
    exclude = ["form_key", "code"]


@admin.register(models.SeminarSeries)
class SeminarSeriesAdmin(PartnershipAdmin):
    list_display = ["rule", "created_by", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["created_by"]
    search_fields = ["rule"]
    exclude = ["form_key"]


@admin.register(models.SeminarGuest)
class SeminarGuestAdmin(PartnershipAdmin):
    list_display = ["seminar", "enterprise", "user", "answer", "head_count", "attended"]
    list_filter = ["answer", "attended"]
    list_select_related = ["seminar", "enterprise", "user"]
    search_fields = ["seminar__title", "enterprise__name", "user__name"]


@admin.register(models.SeminarAttendee)
class SeminarAttendeeAdmin(PartnershipAdmin):
    list_display = ["seminar", "enterprise", "company", "name", "source", "signed_at", "confirmed"]
    list_filter = ["source", "confirmed"]
    list_select_related = ["seminar", "enterprise"]
    search_fields = ["seminar__title", "enterprise__name", "company", "name"]


@admin.register(models.SeminarFeedback)
class SeminarFeedbackAdmin(PartnershipAdmin):
    list_display = ["guest", "useful", "given_name", "given_at", "changed_at"]
    list_filter = ["useful"]
    list_select_related = ["guest__enterprise", "guest__user"]
    search_fields = ["guest__seminar__title", "guest__enterprise__name", "given_name"]


@admin.register(models.ActionItem)
class ActionItemAdmin(PartnershipAdmin):
    list_display = ["text", "side", "owner", "enterprise", "due_on", "done_at"]
    list_filter = ["side", "due_on"]
    list_select_related = ["owner", "enterprise"]
    search_fields = ["text", "enterprise__name", "owner__name"]


@admin.register(models.CalendarFeed)
class CalendarFeedAdmin(PartnershipAdmin):
    list_display = ["id", "user", "made_at"]
    list_filter = ["made_at"]
    list_select_related = ["user"]
    search_fields = ["user__name"]
    exclude = ["code"]


@admin.register(models.Health)
class HealthAdmin(RecordAdmin):
    list_display = ["enterprise", "score", "refreshed_at"]
    list_filter = ["refreshed_at"]
    list_select_related = ["enterprise"]
    search_fields = ["enterprise__name", "=enterprise__id"]


@admin.register(models.HealthMonth)
class HealthMonthAdmin(RecordAdmin):
    list_display = ["enterprise", "month", "score"]
    list_filter = ["month"]
    list_select_related = ["enterprise"]
    search_fields = ["enterprise__name", "=enterprise__id"]


@admin.register(models.HandOver)
class HandOverAdmin(PartnershipAdmin):
    list_display = ["person", "successor", "by", "at", "read_at"]
    list_filter = ["at"]
    list_select_related = ["person", "successor", "by"]
    search_fields = ["person__name", "successor__name", "note"]
    exclude = ["form_key"]


@admin.register(models.Offer)
class OfferAdmin(PartnershipAdmin):
    list_display = ["title", "department", "kind", "capacity", "owner", "is_shown", "withdrawn_at"]
    list_filter = ["kind", "department", "is_shown"]
    list_select_related = ["department", "owner"]
    search_fields = ["title", "title_en", "text"]
    exclude = ["form_key"]


@admin.register(models.Need)
class NeedAdmin(PartnershipAdmin):
    list_display = ["title", "kind", "enterprise", "department", "state", "number", "until_on", "posted_at"]
    list_filter = ["state", "kind", "department"]
    list_select_related = ["enterprise", "department"]
    search_fields = ["title", "text", "enterprise__name"]
    exclude = ["form_key"]


@admin.register(models.Match)
class MatchAdmin(PartnershipAdmin):
    list_display = ["decided_at", "need", "offer", "enterprise", "verdict", "number", "decided_by"]
    list_filter = ["verdict"]
    list_select_related = ["need", "offer", "enterprise", "decided_by"]
    search_fields = ["need__title", "offer__title", "enterprise__name", "reason"]


@admin.register(models.Ask)
class AskAdmin(PartnershipAdmin):
    list_display = ["text", "enterprise", "kind", "department", "asked_by", "asked_at", "due_on", "state"]
    list_filter = ["state", "kind", "department"]
    list_select_related = ["enterprise", "department", "asked_by"]
    search_fields = ["text", "enterprise__name"]
    exclude = ["form_key"]


@admin.register(models.AskBudget)
class AskBudgetAdmin(admin.ModelAdmin):
    """Configuration: how many requests an enterprise of each tier is to have before it."""

    list_display = ["tier", "most", "days"]
    list_filter = ["tier"]
    search_fields = ["=most"]

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        set_budget(obj, by=request.user, changed=form.changed_data)


@admin.register(models.Registration)
class RegistrationAdmin(PartnershipAdmin):
    list_display = ["name", "uscc", "contact_name", "state", "received_at", "decided_by", "decided_at", "enterprise"]
    list_filter = ["state"]
    list_select_related = ["decided_by", "enterprise"]
    search_fields = ["name", "uscc", "contact_name", "phone"]
    exclude = ["form_key"]


@admin.register(models.BulkChange)
class BulkChangeAdmin(RecordAdmin):
    list_display = ["made_at", "action", "by"]
    list_filter = ["action"]
    list_select_related = ["by"]
    search_fields = ["by__name"]


@admin.register(models.Import)
class ImportAdmin(PartnershipAdmin):
    list_display = ["name", "state", "uploaded_by", "uploaded_at", "applied_at"]
    list_filter = ["state"]
    list_select_related = ["uploaded_by"]
    search_fields = ["name", "uploaded_by__name"]
    exclude = ["form_key"]


@admin.register(models.ImportRow)
class ImportRowAdmin(PartnershipAdmin):
    list_display = ["batch", "sheet", "line", "verdict", "enterprise", "applied_at"]
    list_filter = ["verdict"]
    list_select_related = ["batch", "enterprise"]
    search_fields = ["=batch__id", "enterprise__name"]


class CommentInline(ReadOnlyInline):
    model = models.AgreementComment


@admin.register(models.Agreement)
class AgreementAdmin(PartnershipAdmin):
    list_display = ["title", "enterprise", "kind", "nth", "state", "effective_from", "effective_until", "owner"]
    list_filter = ["state", "kind", "department", "auto_renews"]
    list_select_related = ["enterprise", "owner"]
    search_fields = ["title", "title_en", "number", "enterprise__name"]
    inlines = [CommentInline]
    exclude = ["form_key"]


@admin.register(models.AgreementPreset)
class AgreementPresetAdmin(PartnershipAdmin):
    list_display = ["name", "kind", "is_offered", "created_by", "created_at"]
    list_filter = ["kind", "is_offered"]
    list_select_related = ["created_by"]
    search_fields = ["name", "name_en"]
    exclude = ["form_key"]


@admin.register(models.AgreementComment)
class AgreementCommentAdmin(PartnershipAdmin):
    list_display = ["agreement", "field", "side", "who", "written_at", "resolved_at"]
    list_filter = ["side", "field", "resolved_at"]
    list_select_related = ["agreement", "by"]
    search_fields = ["agreement__title", "text"]


@admin.register(models.DocumentTemplate)
class DocumentTemplateAdmin(PartnershipAdmin):
    list_display = ["name", "kind", "language", "is_for_amendments", "nth", "is_active", "uploaded_by", "uploaded_at"]
    list_filter = ["is_active", "language", "kind", "is_for_amendments"]
    list_select_related = ["uploaded_by"]
    search_fields = ["name"]
    exclude = ["form_key"]


@admin.register(models.AgreementDocument)
class AgreementDocumentAdmin(PartnershipAdmin):
    list_display = ["agreement", "nth", "language", "code", "leaves", "made_by", "made_at"]
    list_filter = ["language", "made_at"]
    list_select_related = ["agreement", "made_by"]
    search_fields = ["agreement__title", "agreement__number", "code"]


@admin.register(models.PaperStep)
class PaperStepAdmin(PartnershipAdmin):
    list_display = ["agreement", "step", "on", "reference", "by", "undone_at"]
    list_filter = ["step", "on", "undone_at"]
    list_select_related = ["agreement", "by"]
    search_fields = ["agreement__title", "agreement__number", "reference"]


class ScanPageInline(ReadOnlyInline):
    model = models.ScanPage


@admin.register(models.Scan)
class ScanAdmin(PartnershipAdmin):
    list_display = ["name", "state", "pages", "uploaded_by", "uploaded_at", "applied_at"]
    list_filter = ["state", "uploaded_at"]
    list_select_related = ["uploaded_by"]
    search_fields = ["name"]
    inlines = [ScanPageInline]
    exclude = ["form_key"]


@admin.register(models.ScanPage)
class ScanPageAdmin(PartnershipAdmin):
    list_display = ["scan", "position", "fate", "document", "leaf", "handled_by"]
    list_filter = ["fate"]
    list_select_related = ["scan", "document__agreement", "handled_by"]
    search_fields = ["scan__name", "document__agreement__title"]


@admin.register(models.AgreementScan)
class AgreementScanAdmin(PartnershipAdmin):
    list_display = ["agreement", "document", "is_of_this_text", "missing", "filed_by", "filed_at"]
    list_filter = ["is_of_this_text", "filed_at"]
    list_select_related = ["agreement", "document__agreement", "filed_by"]
    search_fields = ["agreement__title", "agreement__number"]


@admin.register(models.Obligation)
class ObligationAdmin(PartnershipAdmin):
    list_display = ["text", "enterprise", "side", "due_on", "count", "state", "owner", "contact"]
    list_filter = ["state", "side", "counter", "due_on"]
    list_select_related = ["enterprise", "owner", "contact"]
    search_fields = ["text", "text_en", "enterprise__name", "agreement__title"]
    exclude = ["form_key"]


def counters():
    """The counters there are, by name."""
    return [("", _("nothing")), *((name, COUNTED.get(name, name)) for name in settings.OBLIGATION_COUNTERS)]


#: What the counters of this app count, for people.
COUNTED = {"seminars": _("events the enterprise came to"), "places": _("internship places it offered")}


class ClauseForm(forms.ModelForm):
    """A clause, with what counts by itself to choose from."""

    counter = forms.ChoiceField(
        label=_("counted by"), required=False, choices=counters,
        help_text=_("What really happened then counts by itself."),
    )  # fmt: skip

    class Meta:
        model = models.Clause
        fields = [
            "kind", "side", "text", "text_en", "every_months", "after_days", "count_from", "counter", "is_active"
        ]  # fmt: skip
        help_texts = {"is_active": _("Agreements follow it when they enter into force or change from now on.")}

    def clean(self):
        values = super().clean()
        if values.get("counter") and not values.get("count_from"):
            self.add_error("count_from", _("What counts by itself needs a number to reach."))
        return values


@admin.register(models.Clause)
class ClauseAdmin(admin.ModelAdmin):
    """Clauses are configuration: added and changed here, each time with an Event; one that is over is switched off."""

    form = ClauseForm
    list_display = ["text", "kind", "side", "every_months", "count_from", "counter", "is_active"]
    list_filter = ["kind", "side", "is_active"]
    search_fields = ["text", "text_en"]

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        keep_clause(obj, by=request.user, changed=form.changed_data, is_new=not change)


@admin.register(models.YearResult)
class YearResultAdmin(PartnershipAdmin):
    list_display = ["enterprise", "kind", "year", "interns", "hires", "donated", "service_income", "entered_by"]
    list_filter = ["kind", "year"]
    list_select_related = ["enterprise", "entered_by"]
    search_fields = ["enterprise__name"]
    exclude = ["form_key"]

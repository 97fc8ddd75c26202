"""Every list that is exported and whose views are saved: what it is narrowed by, and how it reads as a sheet."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.exports import people_sheet
from accounts.forms import PeopleFilterForm, people_for
from partnerships import ask_exports, exports
from partnerships.ask_filters import (
    AskFilter,
    NeedFilter,
    OfferFilter,
    asks_narrowed,
    needs_narrowed,
    offers_narrowed,
)
from partnerships.filters import (
    AgreementFilter,
    EnterpriseFilter,
    ObligationFilter,
    agreements_for,
    obligations_for,
    papers_away,
    partners_for,
    registrations_for,
    results_for,
    seminars_for,
    trips_for,
)
from partnerships.health.shown import health_for
from partnerships.models import AgreementPreset, DocumentTemplate, Import, Scan
from reminders.exports import delivery_sheet
from reminders.filters import DeliveryFilter, deliveries_for


def each(queryset):
    return queryset


@dataclass(frozen=True)
class ListOf:
    """One list. Its `name` stands in addresses and rows and never changes."""

    name: str
    label: object
    #: URL name of its page.
    page: str
    #: The parameters it is narrowed by; `hidden` ones narrow an export and stand in no saved view.
    filters: tuple
    #: Who may read it at all: (user) -> bool.
    may: Callable
    #: (user, QueryDict) -> (queryset of what the person sees, names of parameters whose value is not known any more).
    narrow: Callable
    #: (queryset) -> (title, heads, rows).
    sheet: Callable
    #: Name of the file, with the day.
    file_name: object
    hidden: tuple = ()
    #: (queryset) -> queryset of what one row of the sheet stands for.
    row_of: Callable = each

    def cleaned(self, query, *, with_hidden=False):
        """The query of an address as a QueryDict, with nothing but what this list is narrowed and sorted by."""
        known = (*self.filters, "sort", *(self.hidden if with_hidden else ()))
        kept = QueryDict(mutable=True)
        for name, values in QueryDict(query).lists():
            if name in known and (values := [value for value in values if value]):
                kept.setlist(name, values)
        return kept


def by_filter(narrowed_for):
    """`narrow` of a list whose filter is a FilterSet."""

    def narrow(user, data):
        chosen = narrowed_for(user, data)
        return chosen.qs, list(chosen.form.errors)

    return narrow


def by_hand(narrowed_for):
    """`narrow` of a list that reads its parameters itself and says what it took from them."""

    def narrow(user, data):
        queryset, taken = narrowed_for(user, data)[:2]
        return queryset, [name for name, value in taken.items() if data.get(name) and not value]

    return narrow


def by_filter_and_hand(narrowed_for):
    """The same of a list that does both."""

    def narrow(user, data):
        queryset, taken, chosen = narrowed_for(user, data)
        unknown = [name for name, value in taken.items() if data.get(name) and not value]
        return queryset, [*chosen.form.errors, *unknown]

    return narrow


def whole(model):
    """`narrow` of a list that is shown as it is, newest or first by its own order."""

    def narrow(user, _data):
        return model.objects.visible_to(user), []

    return narrow


def presets(_user, _data):
    """Whoever reads partners reads every preset."""
    return AgreementPreset.objects.all(), []


def sees_partners(user):
    return user.sees_partners


def sees_everything(user):
    return user.sees_everything


LISTS = {
    one.name: one
    for one in (
        ListOf(
            "partners", _("Partners"), "partnerships:enterprise_list", tuple(EnterpriseFilter.base_filters),
            sees_partners, by_filter(partners_for), exports.partner_sheet, _("partners-%(day)s.xlsx"),
            hidden=("enterprises",),
        ),
        ListOf(
            "health", _("Health of partnerships"), "partnerships:health_list",
            (*EnterpriseFilter.base_filters, "level"), sees_everything, by_filter_and_hand(health_for),
            exports.health_sheet, _("health-%(day)s.xlsx"),
        ),
        ListOf(
            "agreements", _("Agreements"), "partnerships:agreement_list", tuple(AgreementFilter.base_filters),
            sees_partners, by_filter(agreements_for), exports.agreement_sheet, _("agreements-%(day)s.xlsx"),
            hidden=("agreements",),
        ),
        ListOf(
            "papers", _("Sent and not back"), "partnerships:paper_away", ("for", "mine"),
            sees_partners, by_hand(papers_away), exports.away_sheet, _("papers-away-%(day)s.xlsx"),
        ),
        ListOf(
            "scans", _("Scanned stacks"), "partnerships:scan_list", (), sees_partners, whole(Scan), exports.scan_sheet,
            _("scanned-stacks-%(day)s.xlsx"),
        ),
        ListOf(
            "templates", _("Templates"), "partnerships:template_list", (), sees_partners, whole(DocumentTemplate),
            exports.template_sheet, _("templates-%(day)s.xlsx"),
        ),
        ListOf(
            "presets", _("Presets"), "partnerships:preset_list", (), sees_partners, presets, exports.preset_sheet,
            _("presets-%(day)s.xlsx"),
        ),
        ListOf(
            "imports", _("Imports"), "partnerships:import_list", (), sees_partners, whole(Import),
            exports.import_sheet, _("imports-%(day)s.xlsx"),
        ),
        ListOf(
            "needs", _("Needs"), "partnerships:need_list", tuple(NeedFilter.base_filters),
            sees_partners, by_filter(needs_narrowed), ask_exports.need_sheet, _("needs-%(day)s.xlsx"),
        ),
        ListOf(
            "offers", _("Offers of the school"), "partnerships:offer_list", tuple(OfferFilter.base_filters),
            sees_partners, by_filter(offers_narrowed), ask_exports.offer_sheet, _("offers-%(day)s.xlsx"),
        ),
        ListOf(
            "asks", _("Asks"), "partnerships:ask_list", tuple(AskFilter.base_filters),
            sees_partners, by_filter(asks_narrowed), ask_exports.ask_sheet, _("asks-%(day)s.xlsx"),
        ),
        ListOf(
            "obligations", _("Obligations"), "partnerships:obligation_list", tuple(ObligationFilter.base_filters),
            sees_partners, by_filter(obligations_for), exports.obligation_sheet, _("obligations-%(day)s.xlsx"),
        ),
        ListOf(
            "results", _("Yearly results"), "partnerships:result_list", ("year", "q", "mine"),
            sees_partners, by_hand(results_for), exports.result_sheet, _("results-%(day)s.xlsx"),
        ),
        ListOf(
            "trips", _("Trips"), "partnerships:trip_list", ("when", "tag", "mine"),
            sees_partners, by_hand(trips_for), exports.trip_sheet, _("trips-%(day)s.xlsx"), row_of=exports.trip_parts,
        ),
        ListOf(
            "events", _("Events"), "partnerships:seminar_list", ("kind", "state"),
            sees_partners, by_hand(seminars_for), exports.seminar_sheet, _("events-%(day)s.xlsx"),
        ),
        ListOf(
            "registrations", _("Registrations"), "partnerships:registration_list", ("show",),
            sees_partners, by_hand(registrations_for), exports.registration_sheet, _("registrations-%(day)s.xlsx"),
        ),
        ListOf(
            "told", _("Everything told"), "reminders:delivery_list", tuple(DeliveryFilter.base_filters),
            sees_everything, by_filter(deliveries_for), delivery_sheet, _("told-%(day)s.xlsx"),
        ),
        ListOf(
            "people", _("People"), "accounts:people", tuple(PeopleFilterForm.base_fields),
            sees_everything, by_hand(people_for), people_sheet, _("people-%(day)s.xlsx"),
        ),
    )
}  # fmt: skip


def lists_open_to(user):
    return [one for one in LISTS.values() if one.may(user)]

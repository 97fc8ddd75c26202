"""Lists as sheets: (title, heads, rows), as records.spreadsheets writes them; rows come in chunks."""

from django.db.models import Count, Prefetch, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import SCHOOL_ROLES, Department, User
from partnerships.health.part import parts
from partnerships.models import (
    Agreement,
    DocumentTemplate,
    Enterprise,
    Import,
    ImportRow,
    Registration,
    Scan,
    Seminar,
    Touchpoint,
    Trip,
    YearResult,
)
from partnerships.models.enterprise import NEVER
from partnerships.models.result import FIGURES
from partnerships.models.seminar import Answer
from partnerships.obligations import promise
from partnerships.rules.agreements import OPEN_END
from partnerships.services.results import totals
from policies.services import industry_names, region_names
from records.models import Side
from records.templatetags.show import listed


def partner_sheet(queryset):
    """One row per enterprise of `queryset`, by name."""
    heads = [
        Enterprise._meta.get_field(name).verbose_name
        for name in ("name", "name_en", "uscc", "state", "relation", "tier", "industry", "region", "address", "size")
    ]
    heads += [_("headcount"), _("lead department"), _("owner"), _("last contact")]
    return _("Partners"), [str(head) for head in heads], rows(queryset.order_by("sort_key", "pk"))


def rows(queryset):
    states, relations, tiers, sizes = (
        {value: str(label) for value, label in choices.choices}
        for choices in (Enterprise.State, Enterprise.Relation, Enterprise.Tier, Enterprise.Size)
    )
    places, industries = region_names(), industry_names()
    departments = {row.pk: str(row) for row in Department.objects.all()}
    owners = {row.pk: str(row) for row in User.objects.filter(role__in=SCHOOL_ROLES).only("name", "name_en")}
    # plain values: a hundred thousand rows as objects would cost as much again as writing them
    columns = ("name", "name_en", "uscc", "state", "relation", "tier", "industry_id", "region_id", "address", "size",
               "headcount", "lead_department_id", "owner_id", "last_contact_at")  # fmt: skip
    values = queryset.values_list(*columns)
    for (name, name_en, uscc, state, relation, tier, industry, region, address, size, headcount, department, owner,
         contact) in values.iterator(chunk_size=2_000):  # fmt: skip
        yield (
            name, name_en, uscc, states[state], relations[relation], tiers[tier], industries.get(industry, ""),
            places.get(region, ""), address, sizes[size], headcount, departments.get(department, ""),
            owners.get(owner, ""), timezone.localdate(contact) if contact > NEVER else None,
        )  # fmt: skip


def health_sheet(queryset):
    """One row per partner of `queryset` (of Health), the lowest figure first; for leads."""
    heads = [Enterprise._meta.get_field(name).verbose_name for name in ("name", "uscc", "tier")]
    heads += [_("lead department"), _("owner"), _("last contact"), _("health"), *(part.label for part in parts())]
    return _("Health of partnerships"), [str(head) for head in heads], health_rows(queryset)


def health_rows(queryset):
    tiers, names = dict(Enterprise.Tier.choices), [part.name for part in parts()]
    rows = queryset.select_related("enterprise__lead_department", "enterprise__owner").order_by("score", "pk")
    for row in rows.iterator(chunk_size=2_000):
        firm = row.enterprise
        yield (
            firm.name, firm.uscc, str(tiers[firm.tier]), str(firm.lead_department or ""), str(firm.owner or ""),
            timezone.localdate(firm.last_contact_at) if firm.had_contact else None,
            row.score if row.is_known else None, *(row.parts.get(name) for name in names),
        )  # fmt: skip


def trip_sheet(queryset):
    """One row per enterprise visited on the trips of `queryset`, newest first.

    The columns stand in the order in which offices keep their list of visits (走访台账).
    """
    heads = [
        _("No."), _("day"), _("how"), _("led by"), _("colleagues"), _("enterprise"),
        _("who took part for the enterprise"), _("what it was about"), _("what was agreed"), _("new jobs offered"),
        _("new internship places offered"), _("what the enterprise wishes"), _("logged by"), _("evidence for"),
    ]  # fmt: skip
    return _("Trips"), heads, trip_rows(queryset)


def trip_parts(queryset):
    """What a row of the sheet stands for: one enterprise visited on one of these trips."""
    return Touchpoint.objects.standing().filter(trip__in=queryset)


def trip_rows(queryset):
    kinds = {value: str(label) for value, label in Touchpoint.Kind.choices}
    tags = {value: str(label) for value, label in Trip._meta.get_field("tags").base_field.choices}
    parts = Touchpoint.objects.standing().select_related("enterprise")
    trips = queryset.select_related("logged_by").prefetch_related("colleagues", Prefetch("touchpoints", parts))
    number = 0
    for trip in trips.order_by("-starts_on", "-pk").iterator(chunk_size=500):
        joined = listed([*(str(person) for person in trip.colleagues.all()), *([trip.others] if trip.others else [])])
        for part in sorted(trip.touchpoints.all(), key=lambda part: part.enterprise.sort_key):
            number += 1
            yield (
                number,
                trip.starts_on,
                kinds[trip.kind],
                trip.leader,
                joined,
                part.enterprise.name,
                part.people,
                part.summary or trip.summary,
                part.agreed,
                part.jobs_shown,
                part.internships_shown,
                part.wishes,
                str(trip.logged_by),
                listed(tags[tag] for tag in trip.tags),
            )


def agreement_sheet(queryset):
    """One row per agreement of `queryset`, by its end: the office's list (协议台账)."""
    heads = [
        _("No."), _("number"), _("title"), _("kind"), _("amendment"), _("enterprise"), _("credit code"), _("state"),
        _("counts from"), _("counts until"), _("renews itself"), _("intern places a year"), _("seminars a year"),
        _("amount (yuan)"), _("looked after by"), _("lead department"), _("copies"), _("archive box"),
        _("why it ended early"),
    ]  # fmt: skip
    return _("Agreements"), heads, agreement_rows(queryset.order_by("effective_until", "pk"))


def agreement_rows(queryset):
    """As amended where it is in force or has been, as typed before that."""
    states = {value: str(label) for value, label in Agreement.State.choices}
    kinds = {value: str(label) for value, label in Agreement.Kind.choices}
    rows = queryset.select_related("enterprise", "owner", "department").prefetch_related("amendments")
    for number, row in enumerate(rows.iterator(chunk_size=500), start=1):
        is_at_work = row.state in ("draft", "review", "signature")
        first, last = (row.starts_on, row.ends_on) if is_at_work else (row.effective_from, row.effective_until)
        yield (
            number, row.number, row.title, kinds[row.kind], row.nth or None, row.enterprise.name, row.enterprise.uscc,
            states[row.state], first, None if last == OPEN_END else last, _("yes") if row.renewing else _("no"),
            row.places_per_year, row.seminars_per_year, row.amount, str(row.owner), str(row.department or ""),
            row.copies, row.archive_box, row.end_reason,
        )  # fmt: skip


def obligation_sheet(queryset):
    """One row per obligation of `queryset`, by its day."""
    heads = [
        _("No."), _("enterprise"), pgettext("column", "agreement"), _("kind"), _("side"), _("what is promised"),
        _("counts from"), pgettext("promise", "until"), _("quantity"), _("how many happened"), _("amount (yuan)"),
        _("state"), _("kept on"), _("who"), _("looked after by"), _("how, or why not"),
    ]  # fmt: skip
    return _("Obligations"), heads, obligation_rows(queryset.order_by("due_on", "pk"))


def obligation_rows(queryset):
    today, kinds = timezone.localdate(), {value: str(label) for value, label in Agreement.Kind.choices}
    sides = {value: str(label) for value, label in Side.choices}
    rows = queryset.select_related("enterprise", "agreement__owner", "owner", "contact").with_happened()
    for number, row in enumerate(rows.iterator(chunk_size=500), start=1):
        yield (
            number, row.enterprise.name, row.agreement.title, kinds[row.agreement.kind], sides[row.side], row.text,
            row.first_on, row.due_on, row.count, row.happened, row.amount, promise(row, today).label, row.kept_on,
            str(row.person or ""), str(row.agreement.owner), row.note,
        )  # fmt: skip


def away_sheet(queryset):
    """One row per paper of `queryset` (steps by which they were sent), the longest away first."""
    heads = [
        _("No."), _("title"), _("number"), _("enterprise"), _("sent on"), _("courier number"), _("days"),
        _("looked after by"), _("lead department"),
    ]  # fmt: skip
    return _("Sent and not back"), heads, away_rows(queryset.order_by("on", "pk"))


def away_rows(queryset):
    today = timezone.localdate()
    rows = queryset.select_related("agreement__enterprise", "agreement__owner", "agreement__department")
    for number, row in enumerate(rows.iterator(chunk_size=500), start=1):
        agreement = row.agreement
        yield (
            number, agreement.title, agreement.number, agreement.enterprise.name, row.on, row.reference,
            (today - row.on).days, str(agreement.owner), str(agreement.department or ""),
        )  # fmt: skip


def result_sheet(queryset):
    """One row per enterprise of `queryset`, the results of one year, by name; the sums last."""
    heads = [_("No."), _("enterprise"), _("credit code"), _("year")]
    heads += [str(YearResult._meta.get_field(name).verbose_name) for name in FIGURES]
    return _("Yearly results"), [*heads, _("note")], result_rows(queryset)


def result_rows(queryset):
    number = 0
    rows = queryset.select_related("enterprise").order_by("enterprise__sort_key", "pk")
    for number, row in enumerate(rows.iterator(chunk_size=1_000), start=1):
        figures = [getattr(row, name) for name in FIGURES]
        yield (number, row.enterprise.name, row.enterprise.uscc, row.label, *figures, row.note)
    if number:
        sums = totals(queryset)
        yield (None, _("Total"), "", "", *(sums[name] for name in FIGURES), "")


def seminar_sheet(queryset):
    """One row per event of `queryset`, newest first."""
    heads = [
        _("day"), _("begins"), _("ends"), _("kind"), _("title"), _("place"), _("state"), _("organised by"),
        _("department"), _("enterprises invited"), _("enterprises that come"), _("people who come"), _("decisions"),
    ]  # fmt: skip
    return _("Events"), heads, seminar_rows(queryset)


def seminar_rows(queryset):
    firms, comes = Q(guests__enterprise__isnull=False), Q(guests__answer=Answer.YES)
    counted = queryset.select_related("organiser", "department").annotate(
        invited=Count("guests", filter=firms),
        coming=Count("guests", filter=firms & comes),
        heads=Sum("guests__head_count", filter=comes),
    )
    kinds, states = dict(Seminar.Kind.choices), dict(Seminar.State.choices)
    for row in counted.order_by("-starts_at", "-pk").iterator(chunk_size=500):
        begins, ends = timezone.localtime(row.starts_at), timezone.localtime(row.ends_at)
        yield (
            begins.date(), begins.time(), ends.time() if ends.date() == begins.date() else ends, str(kinds[row.kind]),
            row.heading, row.where, str(states[row.state]), str(row.organiser), str(row.department or ""), row.invited,
            row.coming, row.heads or 0, row.decisions,
        )  # fmt: skip


def registration_sheet(queryset):
    """One row per enterprise that presented itself, newest first."""
    heads = [
        _("received"), _("name"), _("unified social credit code"), _("person"), _("phone"), _("e-mail"),
        _("what you would like to do together"), _("state"), _("decided by"), _("decided"), _("reason"),
    ]  # fmt: skip
    return _("Registrations"), heads, registration_rows(queryset)


def registration_rows(queryset):
    states = dict(Registration.State.choices)
    rows = queryset.select_related("decided_by").order_by("-received_at", "-pk")
    for row in rows.iterator(chunk_size=1_000):
        yield (
            row.received_at, row.name, row.uscc, row.contact_name, row.phone, row.email, row.wishes,
            str(states[row.state]), str(row.decided_by or ""), row.decided_at, row.reason,
        )  # fmt: skip


def scan_sheet(queryset):
    """One row per scanned stack, newest first."""
    heads = [
        _("No."), _("file"), pgettext("paper", "pages"), _("state"), _("not readable"), _("agreements filed"),
        _("uploaded by"), _("uploaded"), _("applied by"), _("applied"),
    ]  # fmt: skip
    return _("Scanned stacks"), heads, scan_rows(queryset.order_by("-uploaded_at", "-pk"))


def scan_rows(queryset):
    states = dict(Scan.State.choices)
    rows = queryset.select_related("uploaded_by", "applied_by").annotate(
        unread=Count("sheets", filter=Q(sheets__fate="open"), distinct=True), papers=Count("filed", distinct=True)
    )
    for number, row in enumerate(rows.iterator(chunk_size=500), start=1):
        yield (
            number, row.name, row.pages, str(states[row.state]), row.unread, row.papers, str(row.uploaded_by),
            row.uploaded_at, str(row.applied_by or ""), row.applied_at,
        )  # fmt: skip


def template_sheet(queryset):
    """One row per version of a template of a document."""
    heads = [
        _("No."), _("name"), _("version"), _("kind"), _("language"), _("for amendments"), _("in use"), _("uploaded by"),
        _("uploaded"),
    ]  # fmt: skip
    return _("Templates"), heads, template_rows(queryset)


def template_rows(queryset):
    kinds, languages = (
        {value: str(label) for value, label in DocumentTemplate._meta.get_field(name).choices}
        for name in ("kind", "language")
    )
    for number, row in enumerate(queryset.select_related("uploaded_by").iterator(chunk_size=500), start=1):
        yield (
            number, row.name, row.nth, kinds[row.kind], languages[row.language], _yes(row.is_for_amendments),
            _yes(row.is_active), str(row.uploaded_by), row.uploaded_at,
        )  # fmt: skip


def preset_sheet(queryset):
    """One row per preset of an agreement."""
    heads = [
        _("No."), _("name"), _("English name"), _("kind"), _("offered for new agreements"), _("made by"), _("made")
    ]  # fmt: skip
    return _("Presets"), heads, preset_rows(queryset)


def preset_rows(queryset):
    kinds = {value: str(label) for value, label in Agreement.Kind.choices}
    for number, row in enumerate(queryset.select_related("created_by").iterator(chunk_size=500), start=1):
        yield (
            number, row.name, row.name_en, kinds[row.kind], _yes(row.is_offered), str(row.created_by), row.created_at
        )  # fmt: skip


def import_sheet(queryset):
    """One row per list that was uploaded, newest first, with what became of its rows."""
    heads = [_("No."), _("file"), _("what it lists"), _("state")]
    heads += [*(str(label) for label in ImportRow.Verdict.labels), _("uploaded by"), _("uploaded"), _("applied")]
    return _("Imports"), heads, import_rows(queryset.order_by("-uploaded_at", "-pk"))


def import_rows(queryset):
    states, kinds = dict(Import.State.choices), dict(Import.Kind.choices)
    counted = {f"of_{name}": Count("rows", filter=Q(rows__verdict=name)) for name in ImportRow.Verdict.values}
    rows = queryset.select_related("uploaded_by").annotate(**counted)
    for number, row in enumerate(rows.iterator(chunk_size=500), start=1):
        yield (
            number, row.name, str(kinds[row.kind]), str(states[row.state]), *(getattr(row, name) for name in counted),
            str(row.uploaded_by), row.uploaded_at, row.applied_at,
        )  # fmt: skip


def _yes(value):
    return _("yes") if value else _("no")

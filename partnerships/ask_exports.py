"""The lists of needs, offers and asks as sheets: (title, heads, rows), as records.spreadsheets writes them."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from partnerships.models import Ask, Need, Offer
from records.templatetags.show import listed

BATCH = 500


def joined(rows):
    return listed(str(row) for row in rows)


def need_sheet(queryset):
    """One row per need, by its last day."""
    heads = [
        _("No."), _("who looks"), _("kind"), _("in a few words"), _("what it is about"),
        pgettext("studies", "specialties"), pgettext("studies", "level"), _("how many"), pgettext("need", "from"),
        pgettext("need", "until"), _("site"), _("state"), _("posted"), _("posted by"),
    ]  # fmt: skip
    return _("Needs"), heads, need_rows(queryset.order_by("until_on", "pk"))


def need_rows(queryset):
    states, levels = dict(Need.State.choices), dict(Need.Level.choices)
    rows = queryset.select_related("enterprise", "department", "site", "proxy", "posted_by")
    rows = rows.prefetch_related("specialties").iterator(chunk_size=BATCH)
    for number, row in enumerate(rows, start=1):
        yield (
            number, row.whose, str(row.what), row.title, row.text, joined(row.specialties.all()),
            str(levels[row.level]), row.number, row.from_on, row.until_on, str(row.site or ""),
            str(states[row.state]), row.posted_at, row.who_posted,
        )  # fmt: skip


def offer_sheet(queryset):
    """One row per offer, by department and kind: the school's list of services (学校服务清单)."""
    heads = [
        _("No."), _("department"), _("kind"), _("title"), _("English title"), _("what it is"),
        pgettext("studies", "specialties"), pgettext("studies", "level"), _("how many a year"),
        _("given away this year"), _("place"), _("looked after by"),
        _("enterprises may read it"),
    ]  # fmt: skip
    return _("Offers of the school"), heads, offer_rows(queryset.order_by("department__name", "kind", "title", "pk"))


def offer_rows(queryset):
    kinds, levels = dict(Offer.Kind.choices), dict(Offer.Level.choices)
    rows = queryset.with_taken(timezone.localdate()).select_related("department", "owner")
    rows = rows.prefetch_related("specialties").iterator(chunk_size=BATCH)
    for number, row in enumerate(rows, start=1):
        yield (
            number, str(row.department), str(kinds[row.kind]), row.title, row.title_en, row.text,
            joined(row.specialties.all()), str(levels[row.level]), row.capacity, row.taken, row.place,
            str(row.owner), _("yes") if row.is_shown else _("no"),
        )  # fmt: skip


def ask_sheet(queryset):
    """One row per ask, newest first."""
    heads = [
        _("No."), _("asked"), _("enterprise"), _("kind"), _("what we ask"), _("quantity"), _("answer by"),
        _("department"), _("asked by"), _("state"), _("answered"), _("answered by"), _("how many they can"),
        _("what they say"), _("why in spite of the others"),
    ]  # fmt: skip
    return _("Asks"), heads, ask_rows(queryset.order_by("-asked_at", "-pk"))


def ask_rows(queryset):
    states, kinds = dict(Ask.State.choices), dict(Ask.Kind.choices)
    rows = queryset.select_related("enterprise", "department", "asked_by", "proxy").iterator(chunk_size=BATCH)
    for number, row in enumerate(rows, start=1):
        yield (
            number, row.asked_at, row.enterprise.name, str(kinds[row.kind]), row.text, row.number, row.due_on,
            str(row.department), str(row.asked_by), str(states[row.state]), row.answered_at, row.who_answered,
            row.answer_number, row.answer_note, row.over_budget_because,
        )  # fmt: skip

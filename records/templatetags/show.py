"""How values are shown everywhere: moments, money, icons, the rhythm of a contact."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

register = template.Library()

#: Our own line drawings on a grid of 20; only ever beside a word.
ICONS = {
    "today": "M4 4.5h12v12H4zM4 8h12M7 3v3M13 3v3M7.5 12l2 2 3.5-3.5",
    "partners": "M7.5 5a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12.5 5a5 5 0 1 1 0 10 5 5 0 0 1 0-10z",
    "programs": "M4 4h5c1 0 1 1 1 1v11s0-1-1-1H4zM16 4h-5c-1 0-1 1-1 1v11s0-1 1-1h5z",
    "internships": "M3 8l7-4 7 4-7 4zM6 10v4c2 2 6 2 8 0v-4M17 8v5",
    "incentives": "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM7 6.5l3 3.5 3-3.5M10 10v4M7.5 10.5h5M7.5 12.7h5",
    "policies": "M5 3h7l3 3v11H5zM8 8h4M8 11h4M8 14h2.5",
    "reports": "M4 16h12M6 16v-5M10 16V5M14 16V9",
    "seminars": "M3.5 5h13v11.5h-13zM3.5 8.5h13M7 3v3M13 3v3M6.5 11.5h3M10.5 13.5h3",
    "trips": "M10 17s5-4.6 5-8.5a5 5 0 0 0-10 0C5 12.4 10 17 10 17zM10 7a1.6 1.6 0 1 0 0 3.2A1.6 1.6 0 0 0 10 7z",
    "agreements": "M5 3h10v14H5zM8 6.5h4M8 9.5h4M8 13c1-1.2 1.6 1.2 2.4 0 .6-.8 1 .6 1.6.2",
    "needs": "M3.5 7h9l-2.5-2.5M16.5 13h-9l2.5 2.5M3.5 13h1.5M15 7h1.5",
    "asks": "M4 4.5h12v9H9l-3.5 3v-3H4zM8.3 7.7c0-1.6 3.4-1.6 3.4.2 0 1.2-1.7 1.2-1.7 2.3M10 11.6v.4",
    "imports": "M10 3v9M6.5 8.5L10 12l3.5-3.5M4 13v3.5h12V13",
    "people": "M7.5 4a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM3 16c0-3 2-4.5 4.5-4.5S12 13 12 16"
    "M13 5a2 2 0 0 1 0 4M14 12c2 0 3 2 3 4",
    "admin": "M4 6h7M15 6h1M4 14h1M9 14h7M13 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7 12a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
    "reminders": "M5 14c1.2-1 1.5-2.5 1.5-5a3.5 3.5 0 0 1 7 0c0 2.5.3 4 1.5 5zM8.5 16.5h3M10 5.5V4",
    "mail": "M3.5 5h13v10h-13zM3.5 5.5L10 11l6.5-5.5",
    "tasks": "M4 5.5l1.2 1.2L7.5 4.5M4 10.5l1.2 1.2 2.3-2.2M4 15.5l1.2 1.2 2.3-2.2M10.5 6H16M10.5 11H16M10.5 16H16",
    "company": "M4 17V5l6-2v14M10 8h6v9M3 17h14M6.5 8h1M6.5 11h1M6.5 14h1M12.5 11h1M12.5 14h1",
    "search": "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4zM12.7 12.7L16.5 16.5",
    "more": "M4 6h12M4 10h12M4 14h12",
    "file": "M5 3h7l3 3v11H5zM12 3v3h3",
    "phone": "M5 4h2.5l1.2 3.2-1.5 1.3c.8 1.7 2.1 3 3.8 3.8l1.3-1.5 3.2 1.2v2.5c0 1-1 1.5-1.5 1.4"
    "C8.5 15.4 4.6 11.5 4 6c0-1 0-2 1-2z",
}
ICONS |= {"partnership": ICONS["partners"], "team": ICONS["people"]}


@register.simple_tag
@cache
def icon(name):
    """A small drawing, silent to screen readers; nothing where the name is unknown."""
    if name not in ICONS:
        return ""
    return format_html(
        '<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        ICONS[name],
    )


@register.filter
def moment(value, now=None):
    """Show a date or moment as people say it, with the exact one on hover and on paper. Empty stays empty."""
    if not value:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value) if timezone.is_aware(value) else value
        exact = f"{written_out(value.date(), 'DATE_FORMAT')} {value:%H:%M}"
        near = near_moment(value, now or timezone.localtime())
    else:
        exact = written_out(value, "DATE_FORMAT")
        near = near_date(value, (now.date() if isinstance(now, datetime) else now) or timezone.localdate())
    iso = value.isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()
    # Digits and our own words, nothing typed; a list draws fifty of them, and escaping them costs more than the rest.
    return mark_safe(
        f'<time class="moment" datetime="{iso}" title="{exact}"><span class="moment__near">{near}</span>'
        f'<span class="moment__exact">{exact}</span></time>'
    )


def near_moment(value, now):
    """Words for a moment seen from `now`: minutes within the hour, the clock within two days, then as a date."""
    away = value - now
    if abs(away) < timedelta(minutes=1):
        return _("just now")
    if abs(away) < timedelta(hours=1):
        minutes = int(abs(away).total_seconds() // 60)
        if away < timedelta():
            return ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes) % {"count": minutes}
        return ngettext("in %(count)s minute", "in %(count)s minutes", minutes) % {"count": minutes}
    day = near_date(value.date(), now.date())
    if abs((value.date() - now.date()).days) <= 1:
        return f"{day} {value:%H:%M}"
    return day


def near_date(value, today):
    """Words for a date seen from `today`: named within a day, counted within two weeks, then without the year."""
    days = (value - today).days
    if -2 < days < 2:
        return _("today") if days == 0 else _("tomorrow") if days == 1 else _("yesterday")
    if -14 < days < 0:
        return ngettext("%(count)s day ago", "%(count)s days ago", -days) % {"count": -days}
    if 0 < days < 14:
        return ngettext("in %(count)s day", "in %(count)s days", days) % {"count": days}
    return written_out(value, "MONTH_DAY_FORMAT" if value.year == today.year else "DATE_FORMAT")


def written_out(day, form):
    """A date in the reader's language and one of its named forms; a long list shows few days many times."""
    return _written_out(day, form, get_language())


@lru_cache(maxsize=4_096)
def _written_out(day, form, language):
    return date_format(day, form)


@register.filter
def yuan(value):
    """Money: ¥ with thousands and two places, a minus before the sign. Empty stays empty."""
    if value is None or value == "":
        return ""
    amount = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    sign = "−" if amount < 0 else ""
    return f"{sign}¥{abs(amount):,.2f}"


@register.filter
def listed(words):
    """Several things in one line, as the reader's language lists them: 甲、乙 and A, B."""
    return pgettext("between words", ", ").join(map(str, words))


@register.filter
def initials(name):
    """One or two signs for the round mark beside a name: 林 for 林薇, LW for Lin Wei."""
    words = str(name).split()
    if len(words) > 1 and words[0].isascii():
        return (words[0][:1] + words[1][:1]).upper()
    return str(name)[:1].upper()


@register.inclusion_tag("_rhythm.html")
def rhythm(days, soon, late, most=None):
    """The band of contact: fresh until `soon`, due until `late`, then late; a mark at `days` since the last exchange.

    All are days; `days` is None where there was no exchange yet, and no mark is drawn. `most` is where the band ends
    (default twice `late`); a longer silence stands at its end.
    """
    most = most or late * 2

    def percent(value):
        return f"{min(value, most) / most * 100:.1f}%"

    return {
        "days": days,
        "soon": soon,
        "late": late,
        "most": most,
        "soon_at": percent(soon),
        "late_at": percent(late),
        "soon_wide": percent(soon),
        "late_wide": f"{(late - soon) / most * 100:.1f}%",
        "rest_wide": f"{(most - late) / most * 100:.1f}%",
        "now_at": None if days is None else percent(days),
    }

"""What an event about a person says, and the links of a mail."""

import re

from django import template
from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.timeline import SENTENCES

register = template.Library()
ADDRESS = re.compile(r"(https?://[^\s<>\"]+)")


#: (sign in the user agent, name); the first that fits wins, since each pretends to be the next.
BROWSERS = [
    ("MicroMessenger", _("WeChat")), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]  # fmt: skip
SYSTEMS = [
    ("Windows", "Windows"), ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
]  # fmt: skip


@register.filter
def browser(user_agent):
    """Browser and system in two words, as far as they can be told."""
    words = [next((str(name) for sign, name in table if sign in user_agent), "") for table in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, words)) or gettext("unknown browser")


@register.simple_tag
def sentence(event):
    return SENTENCES[event.kind](event) if event.kind in SENTENCES else event.kind


@register.simple_tag(takes_context=True)
def our_links(context, text):
    """The text of a mail with the links to this site clickable, and no others."""
    ours = {url.split("://", 1)[-1] for url in (settings.SITE_URL, settings.SITE_SHORT_URL)}
    ours.add(context["request"].get_host())

    def piece(part):
        if part.startswith(("http://", "https://")) and part.split("://", 1)[1].split("/", 1)[0] in ours:
            return format_html('<a href="/{}">{}</a>', part.split("://", 1)[1].partition("/")[2], part)
        return escape(part)

    return mark_safe("".join(piece(part) for part in ADDRESS.split(text)))

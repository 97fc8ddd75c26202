"""A phone number as a link that a phone dials."""

import re

from django import template

register = template.Library()


@register.filter
def tel(phone):
    """0571-88886666转802 → tel:057188886666,802; nothing where the text holds no number."""
    number, *extension = re.split(r"转|分机", phone)
    digits = re.sub(r"[^+\d]", "", number)
    if len(digits) < 5:
        return ""
    inner = re.sub(r"\D", "", extension[0]) if extension else ""
    return f"tel:{digits},{inner}" if inner else f"tel:{digits}"

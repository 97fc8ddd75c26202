"""What a page says about signatures: event kind → function (event) → sentence."""

from django.utils.translation import gettext as _

from records.templatetags.show import listed


def _asked(event):
    return _("Asked to sign: %(names)s") % {"names": listed(event.data["names"])}


def _told(sentence):
    """A sentence with who, in which capacity, and why."""
    values = {"name": "", "capacity": "", "why": "", "to_name": ""}
    return lambda event: str(sentence()) % (values | event.data)


def _reset(event):
    """Asked again after a correction; or over, where the whole text was taken back."""
    if event.data.get("is_over"):
        return _("The signature of %(name)s does not count any more: %(why)s") % event.data
    return _("%(name)s is asked to sign again: %(why)s") % event.data


SENTENCES = {
    "signature.asked": _asked,
    "signature.see": _told(lambda: _("%(name)s read it.")),
    "signature.sign": _told(lambda: _("%(name)s signed (%(capacity)s).")),
    "signature.sign_on_paper": _told(lambda: _("%(name)s signed on paper (%(capacity)s).")),
    "signature.refuse": _told(lambda: _("%(name)s did not sign: %(why)s")),
    "signature.delegate": _told(lambda: _("%(name)s passed the signature on to %(to_name)s.")),
    "signature.hand_over": _told(lambda: _("%(to_name)s is asked to sign instead of %(name)s.")),
    "signature.reset": _reset,
    "signature.withdraw": _told(lambda: _("%(name)s is no longer asked to sign.")),
}

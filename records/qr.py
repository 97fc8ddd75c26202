"""A QR code as a picture inside the page: no other host, no file."""

import qrcode
from django.utils.safestring import mark_safe
from qrcode.image.svg import SvgPathImage


def svg(text):
    """Return the QR code of `text` as SVG markup: geometry and fill only, no style attribute."""
    picture = qrcode.make(text, image_factory=SvgPathImage, box_size=8, border=2)
    return mark_safe(picture.to_string(encoding="unicode"))

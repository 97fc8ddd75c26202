"""A QR code as a picture inside the page: no other host, no file."""

import qrcode
from django.utils.safestring import mark_safe
from qrcode.image.svg import SvgPathImage


def svg(text, *, is_for_paper=False):
    """Return the QR code of `text` as SVG markup: geometry and fill only, no style attribute.

    For paper that comes back it has more room around it, and a quarter of it in reserve for stamps and folds.
    """
    how = {"error_correction": qrcode.constants.ERROR_CORRECT_Q, "border": 4} if is_for_paper else {"border": 2}
    picture = qrcode.make(text, image_factory=SvgPathImage, box_size=8, **how)
    return mark_safe(picture.to_string(encoding="unicode"))

"""The QR code of records, under the name its older callers know."""

from records.qr import svg

__all__ = ["svg"]

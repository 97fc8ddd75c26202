"""Texts that the database keeps sealed: whoever reads a copy of it reads none of them.

The key is derived from SECRET_KEY; what was sealed under one of SECRET_KEY_FALLBACKS is read too, and sealed anew by
`manage.py seal_again`. What no key opens reads as empty, and the log says so.
"""

import base64
import logging
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

log = logging.getLogger(__name__)


@lru_cache(maxsize=4)
def _box(secrets):
    """What seals under the first of `secrets` and opens under any of them."""
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret):
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"records.sealed")
    return base64.urlsafe_b64encode(derive.derive(secret.encode()))


def _secrets():
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def seal(text):
    """The text as the database keeps it; nothing stays nothing."""
    return _box(_secrets()).encrypt(text.encode()).decode() if text else ""


def unseal(sealed):
    """The text that was sealed. Empty where no key opens it: the log says so."""
    if not sealed:
        return ""
    try:
        return _box(_secrets()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        log.error("a sealed text cannot be read: SECRET_KEY is another one, and SECRET_KEY_FALLBACKS lacks the former")
        return ""


class SealedField(models.TextField):
    """A text that is sealed on its way into the database and opened on its way out; it cannot be looked for."""

    def get_prep_value(self, value):
        return seal(super().get_prep_value(value))

    def from_db_value(self, value, expression, connection):
        return unseal(value)


def seal_again(rows):
    """Seal the SealedFields of `rows` (a queryset) under the present key; returns how many rows."""
    names = [field.name for field in rows.model._meta.concrete_fields if isinstance(field, SealedField)]
    number = 0
    for row in rows.order_by("pk"):
        readable = {name: text for name in names if (text := getattr(row, name))}
        if readable:
            number += rows.filter(pk=row.pk).update(**readable)
    return number

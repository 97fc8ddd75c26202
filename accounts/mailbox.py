"""Reading the mail that demonstration mode writes to files (Django's file backend) instead of sending it."""

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy

from django.conf import settings
from django.utils import timezone

#: The file backend writes this line after each message.
END_OF_MESSAGE = b"\n" + b"-" * 79 + b"\n"
FILE_NAME = re.compile(r"\d{8}-\d{6}-\d+")
LIMIT = 200


@dataclass(frozen=True)
class Mail:
    """One message: `key` is file name and position, `parts` are (content type, file name, text)."""

    key: str
    written_at: datetime
    subject: str
    sender: str
    to: str
    text: str
    parts: list


def latest(limit=LIMIT):
    """The newest mails first, at most `limit`."""
    mails = []
    for path in sorted(settings.EMAIL_FILE_PATH.glob("*.log"), reverse=True):
        if FILE_NAME.fullmatch(path.stem):
            mails += read(path)[::-1]
        if len(mails) >= limit:
            break
    return mails[:limit]


def find(key):
    """The mail under `key`, or None. The name must look like the backend's own, so no path leaves the folder."""
    name, _, position = key.rpartition("-")
    if not FILE_NAME.fullmatch(name) or not position.isdecimal():
        return None
    path = settings.EMAIL_FILE_PATH / f"{name}.log"
    mails = read(path) if path.is_file() else []
    return next((mail for mail in mails if mail.key == key), None)


def read(path):
    """The mails of one file, in the order they were written; a message cut short is shown as far as it goes."""
    written_at = datetime.fromtimestamp(path.stat().st_mtime, timezone.get_current_timezone())
    raw = [message for message in path.read_bytes().split(END_OF_MESSAGE) if message.strip()]
    return [parse(message, f"{path.stem}-{position}", written_at) for position, message in enumerate(raw, 1)]


def parse(raw, key, written_at):
    message = email.message_from_bytes(raw.lstrip(), policy=policy.default)
    body = message.get_body(("plain",))
    parts = []
    for part in message.walk():
        if not part.is_multipart():
            text = part.get_content() if part.get_content_maintype() == "text" else ""
            parts.append((part.get_content_type(), part.get_filename() or "", text))
    return Mail(
        key=key,
        written_at=written_at,
        subject=str(message["subject"] or ""),
        sender=str(message["from"] or ""),
        to=str(message["to"] or ""),
        text=body.get_content() if body else "",
        parts=parts,
    )

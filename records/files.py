"""Taking files in and giving them out.

Bytes lie under a random name outside the web root. What comes in is checked three times: the ending, the first
bytes, and a reader of its kind. Pictures are written anew, smaller and without what a camera or a prankster hides in
them; archives are unpacked once, counted and never written. What goes out is an attachment, never shown in place.
"""

import hashlib
import io
import os
import re
import shutil
import tempfile
import unicodedata
import uuid
import zipfile
import zlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.http import FileResponse, Http404, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from PIL import Image

from records.models import File

MAX_ENTRIES = 5_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
#: Pictures are kept at most this wide or high: enough to read a licence plate, small enough for a phone.
LONGEST_EDGE = 2_560
#: A JPEG is decoded at a fraction of its size, other kinds whole: they may hold fewer pixels.
MAX_WHOLE_PIXELS = 16_000_000
#: File systems hold 255 bytes of a name, and a Chinese character takes three.
LONGEST_NAME = 200
# Pixels are counted here, before anything is decoded; Pillow's own warning would come for sizes we take.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class Kind:
    """One kind of file: its endings, its media type, how its first bytes look, and which reader must accept it."""

    endings: tuple
    media_type: str
    reader: str


PICTURES = (
    Kind((".jpg", ".jpeg"), "image/jpeg", "picture"),
    Kind((".png",), "image/png", "picture"),
    Kind((".webp",), "image/webp", "picture"),
)
OFFICE = "application/vnd.openxmlformats-officedocument."
DOCUMENTS = (
    Kind((".pdf",), "application/pdf", "pdf"),
    Kind((".docx",), OFFICE + "wordprocessingml.document", "zip"),
    Kind((".xlsx",), OFFICE + "spreadsheetml.sheet", "zip"),
)
LISTS = (
    Kind((".xlsx",), OFFICE + "spreadsheetml.sheet", "zip"),
    Kind((".xls",), "application/vnd.ms-excel", "ole"),
    Kind((".csv",), "text/csv", "text"),
)
ATTACHMENTS = PICTURES + DOCUMENTS
KNOWN_ENDINGS = {ending for kind in ATTACHMENTS + LISTS for ending in kind.endings}


class Rejected(ValidationError):
    """The file is not taken; the message says why and what to do."""


def store_file(upload, *, kinds, by=None, via=None, subject=None, now=None):
    """Check `upload` (an UploadedFile), keep its bytes and return its File row.

    Needs `by` (a user) or `via` (a Link). Call it inside the transaction that creates `subject`: rolled back, the row
    is gone and the bytes are an orphan that `manage.py sweep_files` removes. Raises Rejected with a sentence.
    """
    now = now or timezone.now()
    kind = _kind_of(upload, kinds)
    _check_quota(upload, by, via, now)
    upload.seek(0)
    content = upload.read()
    _check_signature(content, kind)
    content = READERS[kind.reader](content, kind)
    row = File(
        name=clean_name(upload.name),
        media_type=kind.media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_by=by,
        uploaded_via=via,
        uploaded_at=now,
    )
    if subject is not None:
        row.subject = subject
    _write(Path(settings.FILES_DIR) / row.path, io.BytesIO(content))
    row.save()
    return row


def keep_made(stream, *, name, by, subject, now=None):
    """Keep what the site itself has written to the binary `stream`, and return its File row.

    Of any size, but it counts towards the quota of `by`. Raises Rejected where that is used up. Call it inside the
    transaction of the change to `subject`, as store_file.
    """
    now = now or timezone.now()
    size = stream.seek(0, os.SEEK_END)
    if size > room_today(by=by, now=now):
        raise Rejected(_("You have uploaded and exported a great deal today. Try again tomorrow."))
    stream.seek(0)
    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    kind = next(kind for kind in ATTACHMENTS + LISTS if name.endswith(kind.endings))
    row = File(name=clean_name(name), media_type=kind.media_type, size=size, sha256=sha256, uploaded_by=by,
               uploaded_at=now, subject=subject)  # fmt: skip
    stream.seek(0)
    _write(Path(settings.FILES_DIR) / row.path, stream)
    row.save()
    return row


def room_today(*, by=None, via=None, now):
    """How many bytes this person, or this link, may still bring in today."""
    whose = {"uploaded_by": by} if by is not None else {"uploaded_via": via}
    recent = File.objects.filter(**whose, uploaded_at__gt=now - timedelta(days=1))
    return settings.FILE_QUOTA_DAY - (recent.aggregate(sum=Sum("size"))["sum"] or 0)


def attachment(file):
    """Return the response that hands `file` out; the caller has checked who asks."""
    if settings.FILES_ACCEL_PREFIX:
        response = HttpResponse(headers={"X-Accel-Redirect": settings.FILES_ACCEL_PREFIX + file.path})
    else:
        response = FileResponse(open_file(file))
    response["Content-Type"] = file.media_type
    response["Content-Length"] = file.size
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def open_file(file):
    """Open the bytes. Raises Http404 where they are gone: a restored database may know more than the disk."""
    try:
        return open(Path(settings.FILES_DIR) / file.path, "rb")
    except FileNotFoundError as error:
        raise Http404 from error


def clean_name(name):
    """A name fit to be shown and saved anywhere: no path, no signs that systems refuse or that do not show, no
    leading dot, at most 200 bytes, its ending kept."""
    name = os.path.basename(unicodedata.normalize("NFC", name or "").replace("\\", "/"))
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    stem, ending = os.path.splitext(name)
    if not ending and ("." + stem).lower() in KNOWN_ENDINGS:
        stem, ending = "file", "." + stem  # it was nothing but an ending
    room = LONGEST_NAME - len(ending.encode())
    stem = stem.encode()[: max(room, 0)].decode(errors="ignore").rstrip(" .")
    return (stem or "file") + (ending if room > 0 else "")


def _kind_of(upload, kinds):
    ending = os.path.splitext(clean_name(upload.name))[1].lower()
    for kind in kinds:
        if ending in kind.endings:
            return kind
    accepted = " ".join(ending for kind in kinds for ending in kind.endings)
    raise Rejected(_("Files of this kind are not taken here. Choose one of: %(kinds)s") % {"kinds": accepted})


def _check_quota(upload, by, via, now):
    if upload.size == 0:
        raise Rejected(_("The file is empty. Choose it again."))
    limit = settings.FILE_MAX_BYTES
    if upload.size > limit:
        raise Rejected(_("The file is larger than %(limit)s MB. Make it smaller or split it.") % {"limit": limit >> 20})
    if upload.size > room_today(by=by, via=via, now=now):
        raise Rejected(_("You have uploaded a great deal today. Try again tomorrow, or ask an administrator."))


def _wrong_content():
    return Rejected(_("The content of the file does not fit its ending. Save it again in its own program."))


def _active_content():
    return Rejected(
        _("The file holds macros or programs. Save it without them (.xlsx, .docx or .pdf) and choose it again.")
    )


def _check_signature(content, kind):
    """The first bytes must be those of the kind; text has none."""
    if kind.reader == "text":
        return
    try:
        known = {match.extension for match in puremagic.magic_string(content)}
    except (puremagic.PureError, ValueError):
        known = set()
    if not known & set(kind.endings):
        raise _wrong_content()


# --- pictures ----------------------------------------------------------------------------------------------------


def _read_picture(content, kind):
    wanted = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}[kind.media_type]
    try:
        with Image.open(io.BytesIO(content), formats=[wanted]) as picture:
            _check_pixels(picture, wanted)
            return _written_anew(picture, wanted)
    except Rejected:
        raise
    except Exception as error:  # a decoder that is fed nonsense raises whatever it likes, MemoryError included
        raise _wrong_content() from error


def _check_pixels(picture, wanted):
    limit = settings.FILE_MAX_PIXELS if wanted == "JPEG" else min(settings.FILE_MAX_PIXELS, MAX_WHOLE_PIXELS)
    if picture.width * picture.height > limit:
        raise Rejected(_("The picture has too many pixels. Save it smaller and choose it again."))


def _written_anew(picture, wanted):
    """The pixels alone: place and camera, comments, colour profiles and whatever follows the picture stay behind."""
    turn = picture.getexif().get(0x0112, 1)
    # a gap below 2 lets the JPEG decoder work at a fraction of the size
    picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE), reducing_gap=1.5)
    picture.info = {name: value for name, value in picture.info.items() if name == "transparency"}
    if turn in TURNS:
        picture = picture.transpose(TURNS[turn])
    if wanted == "JPEG" and picture.mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    out = io.BytesIO()
    options = {"compress_level": 4} if wanted == "PNG" else {"quality": 88}
    picture.save(out, wanted, **options)
    return out.getvalue()


#: How a camera was held (EXIF orientation) → what puts the picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


# --- Office documents ----------------------------------------------------------------------------------------------

#: Parts that run: VBA, Excel 4 macro sheets, ActiveX controls.
ACTIVE_PART = re.compile(r"vbaproject|vbadata|macrosheets/|/activex/")
#: A file of any kind packed into an embedded object; formulas of an equation editor are objects too, without this.
PACKED = "Ole10Native".encode("utf-16-le")
#: What makes a plain part run: a macro type under a plain name, a template or object fetched from elsewhere.
ACTIVE_TYPE = re.compile(rb"macroEnabled|vbaProject|ms-office\.activeX", re.IGNORECASE)
FETCHED = re.compile(
    rb"relationships/(?:attachedTemplate|oleObject|frame|subDocument)\b[^>]*TargetMode=.External"
    rb"|TargetMode=.External.[^>]*relationships/(?:attachedTemplate|oleObject|frame|subDocument)\b",
    re.IGNORECASE,
)
ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
CHUNK = 1 << 20


def _read_zip(content, kind):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = _checked_entries(archive, content)
            _unpack_once(archive, content)
    except Rejected:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise _wrong_content() from error
    part = "word/document.xml" if kind.endings == (".docx",) else "xl/workbook.xml"
    if part not in names or "[content_types].xml" not in names:
        raise _wrong_content()
    return content


def _checked_entries(archive, content):
    """The names inside, lower case. Refuses what no office program writes: paths that climb, locks, twins, a prefix."""
    entries = archive.infolist()
    if not entries or content[:4] != b"PK\x03\x04" or min(entry.header_offset for entry in entries) != 0:
        raise _wrong_content()
    if len(entries) > MAX_ENTRIES:
        raise _unpacks_too_far()
    names = {entry.filename.lower().replace("\\", "/") for entry in entries}
    climbing = any(name.startswith("/") or ".." in name.split("/") or ":" in name for name in names)
    if climbing or len(names) < len(entries) or any(entry.flag_bits & 1 for entry in entries):
        raise _wrong_content()
    if any(ACTIVE_PART.search(name) for name in names):
        raise _active_content()
    return names


def _unpack_once(archive, content):
    """Read every entry to its end, in memory piece by piece: what an archive says of its own size may be a lie."""
    room = min(MAX_UNPACKED, MAX_RATIO * len(content))
    for entry in archive.infolist():
        is_xml = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
        is_object = "embeddings/" in entry.filename.lower()
        tail = b""
        with archive.open(entry) as part:
            while chunk := part.read(CHUNK):
                room -= len(chunk)
                if room < 0:
                    raise _unpacks_too_far()
                if is_xml:
                    tail = _checked_xml(tail + chunk.replace(b"\x00", b""), entry)[-400:]
                elif is_object and PACKED in (tail := tail[-40:] + chunk):
                    raise _active_content()


def _checked_xml(text, entry):
    if ENTITY.search(text):
        raise _wrong_content()
    if entry.filename.lower() == "[content_types].xml" and ACTIVE_TYPE.search(text):
        raise _active_content()
    if entry.filename.lower().endswith(".rels") and FETCHED.search(text):
        raise _active_content()
    return text


def _unpacks_too_far():
    return Rejected(_("The file unpacks to far more than it holds. Save it again without pictures."))


# --- the rest ------------------------------------------------------------------------------------------------------

PDF_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|GoToE|ImportData)(?![A-Za-z])")
PDF_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def _read_pdf(content, kind):
    """A PDF from its first byte to its last, which is no archive as well and says of no program that it be run."""
    end = content.rfind(b"%%EOF")
    if not content.startswith(b"%PDF-") or end < 0 or content[end + 5 :].strip(b"\r\n \x00"):
        raise _wrong_content()
    if zipfile.is_zipfile(io.BytesIO(content)):
        raise _wrong_content()
    plain = PDF_ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), content)
    if PDF_ACTIVE.search(plain):
        raise _active_content()
    return content


def _read_ole(content, kind):
    """An old Excel workbook: Word, Outlook and installers come in the same container."""
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        raise _wrong_content()
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise _active_content()
    return content


def _read_text(content, kind):
    """A list in UTF-8 or GBK: readable to its end, without control characters, and no page or script in disguise."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _wrong_content()
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x19\x1b-\x1f\x7f]", text):
        raise _wrong_content()
    if text.lstrip("\ufeff \t\r\n")[:12].lower().startswith(("<", "{\\rtf", "%pdf-", "%!ps", "#!", "mime-version")):
        raise _wrong_content()
    return content


READERS = {
    "picture": _read_picture,
    "zip": _read_zip,
    "pdf": _read_pdf,
    "ole": _read_ole,
    "text": _read_text,
}


def _write(path, stream):
    """Write beside and rename, so that no half-written file is ever found under the final name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, beside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(stream, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def sweep_files(now=None):
    """Remove bytes without a row that are older than a day (a rolled back upload leaves them); return how many."""
    now = now or timezone.now()
    limit = (now - timedelta(days=1)).timestamp()
    root, swept = Path(settings.FILES_DIR), 0
    for folder in root.glob("[0-9a-f][0-9a-f]"):
        old = [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < limit]
        known = {str(key) for key in File.objects.filter(key__in=_keys(old)).values_list("key", flat=True)}
        for path in old:
            if path.name not in known:
                path.unlink(missing_ok=True)
                swept += 1
    return swept


def _keys(paths):
    """The names that are keys; a half-written file carries another."""
    keys = []
    for path in paths:
        try:
            keys.append(uuid.UUID(path.name))
        except ValueError:
            continue
    return keys

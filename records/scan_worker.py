"""Reads and splits one scanned PDF in a process of its own; records.scans starts it, nothing else imports it.

A PDF can ask for any amount of memory or time; so it is opened here, under limits set by the operating system. Standard
library, pypdfium2, Pillow and zxing-cpp only: no Django.

In: a line of JSON, then the bytes of the PDF. Out: lines of JSON. {"do": "read"} gives {"pages": number} and for each
page {"page": from 0, "marks": [text of each code], "turn": degrees clockwise by which the page is turned, "empty":
whether nothing stands on it, "picture": a small JPEG in base64}. {"do": "split", "groups": [[[page, turn], …], …]}
gives {"group": number, "pdf": base64} for each. The last line is {"done": true}; {"refused": code, "params": {…}} ends
it before.
"""

import base64
import contextlib
import io
import json
import sys

import pypdfium2
import zxingcpp
from PIL import Image

MAX_PAGES = 400
MEMORY = 2 * 1024 * 1024 * 1024
#: Dots per inch at which a page is looked at: first quickly, then closely.
DENSITIES = (150, 260)
#: No page is drawn larger, however large it says it is.
LONGEST_EDGE = 3_600
SHOWN = 900
#: Nothing stands on a page of which less than this share is darker than PAPER (0 black, 255 white), looked at in blocks
#: of 4 by 4 dots, so that dust does not count; nor do its edges, where a scanner leaves shadows and holes.
INK, PAPER, EDGE = 0.0002, 200, 0.04


class Refused(Exception):
    """The scan is not read; the code says why, records.scans has the sentence."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code, self.params = code, params


def opened(data):
    try:
        document = pypdfium2.PdfDocument(data)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        raise Refused("encrypted" if "password" in str(error).lower() else "damaged") from error
    if not pages:
        raise Refused("damaged")
    if pages > MAX_PAGES:
        raise Refused("too_many_pages", limit=MAX_PAGES, pages=pages)
    return document


def read(document):
    yield {"pages": len(document)}
    for number in range(len(document)):
        yield {"page": number, **look_at(document, number)}


def look_at(document, number):
    picture = None
    for density in DENSITIES:
        try:
            picture = drawn(document, number, density)
        except (pypdfium2.PdfiumError, ValueError, OSError):
            break
        for how in (zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram):
            codes = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode, binarizer=how)
            marks = [code.text for code in codes if code.text.startswith("RH1:")]
            if marks:
                turn = round(next(c.orientation for c in codes if c.text.startswith("RH1:")) / 90) * 90 % 360
                return {"marks": marks[:5], "turn": turn, "empty": False, "picture": small(picture)}
    return {"marks": [], "turn": 0, "empty": is_empty(picture), "picture": small(picture)}


def drawn(document, number, density):
    page = document[number]
    try:
        scale = min(density / 72, LONGEST_EDGE / max(*page.get_size(), 1))
        return page.render(scale=scale, grayscale=True).to_pil()
    finally:
        page.close()


def is_empty(picture):
    if picture is None:
        return False
    width, height = picture.size
    inner = picture.convert("L").crop((EDGE * width, EDGE * height, (1 - EDGE) * width, (1 - EDGE) * height)).reduce(4)
    return sum(inner.histogram()[:PAPER]) < INK * inner.width * inner.height


def small(picture):
    picture = Image.new("L", (SHOWN // 2, SHOWN), 255) if picture is None else picture.convert("L")
    picture.thumbnail((SHOWN, SHOWN))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=65)
    return base64.b64encode(out.getvalue()).decode()


def split(document, groups):
    for number, pages in enumerate(groups):
        part = pypdfium2.PdfDocument.new()
        part.import_pages(document, pages=[page for page, _turn in pages])
        for place, (_page, turn) in enumerate(pages):
            page = part[place]
            page.set_rotation((page.get_rotation() - turn) % 360)
        out = io.BytesIO()
        part.save(out)
        part.close()
        yield {"group": number, "pdf": base64.b64encode(out.getvalue()).decode()}


def answers(request, data):
    try:
        document = opened(data)
        yield from read(document) if request["do"] == "read" else split(document, request["groups"])
        yield {"done": True}
    except Refused as refusal:
        yield {"refused": refusal.code, "params": refusal.params}
    except (MemoryError, RecursionError):
        yield {"refused": "too_heavy", "params": {}}
    except pypdfium2.PdfiumError:
        yield {"refused": "damaged", "params": {}}


def limit_resources(seconds):
    try:
        import resource
    except ImportError:  # no such limits on this system: the time limit of the parent remains
        return
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def main():
    request = json.loads(sys.stdin.buffer.readline())
    limit_resources(request["seconds"])
    for answer in answers(request, sys.stdin.buffer.read()):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

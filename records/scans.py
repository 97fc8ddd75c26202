"""A scanned stack of printed papers: which sheet of which paper each page is, and the stack split by it.

    for sheet in sheets_of(data): sheet.number, sheet.mark  ->  7, ("7KfQ2mPzX4aB", 2, 5)
    split(data, [[(7, 0), (8, 180)], …])                    ->  one PDF for each group

The PDF is opened in a process of its own under limits (records.scan_worker). Whatever cannot be read raises
UnreadableScan with one sentence that says what to do.
"""

import base64
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from records.leaves import read_mark

WORKER = Path(__file__).with_name("scan_worker.py")
#: Of the processor; by the clock a busy machine may take half as long again.
SECONDS = 300

_REASONS = {
    "encrypted": _("The PDF is protected by a password. Save it without one and choose it again."),
    "damaged": _("The PDF cannot be read. Scan the stack again, or save the PDF anew."),
    "too_many_pages": _("The PDF has %(pages)s pages: at most %(limit)s are read at once. Split the stack."),
    "too_heavy": _("Reading the PDF took too long or too much memory. Scan in black and white, or split the stack."),
}


class UnreadableScan(Exception):
    """The scan is not read as a whole. `code` for programs, `sentence` (lazy, in the reader's language) for people."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def sentence(self):
        return sentence_of(self.code, self.params)

    def __str__(self):
        return str(self.sentence)


def sentence_of(code, params=None):
    """The sentence of a reason that was kept with its `params`."""
    return _REASONS[code] % params if params else _REASONS[code]


@dataclass(frozen=True)
class Sheet:
    """One page of the stack: its number from 0 of `pages`, its mark (records.leaves.read_mark) or None, how far it is
    turned, whether nothing stands on it, and a small picture of it (JPEG)."""

    number: int
    pages: int
    mark: tuple | None
    turn: int
    is_empty: bool
    picture: bytes


def sheets_of(data):
    """Yield each Sheet of a PDF as soon as it is read. Raises UnreadableScan, also in the middle."""
    pages = 0
    for answer in _answers({"do": "read"}, data):
        if "pages" in answer:
            pages = answer["pages"]
            continue
        marks = {mark for text in answer["marks"] if (mark := read_mark(text))}
        mark = marks.pop() if len(marks) == 1 else None
        picture = base64.b64decode(answer["picture"])
        yield Sheet(answer["page"], pages, mark, answer["turn"], answer["empty"], picture)


def split(data, groups):
    """One PDF (bytes) for each of `groups`, lists of (page from 0, degrees to turn back). Raises UnreadableScan."""
    return [base64.b64decode(answer["pdf"]) for answer in _answers({"do": "split", "groups": groups}, data)]


def _answers(request, data):
    """The lines of the worker up to its last; the process is gone afterwards, however it went."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    clock = threading.Timer(SECONDS * 1.5, process.kill)
    clock.start()
    try:
        _hand_over(process, json.dumps({**request, "seconds": SECONDS}).encode() + b"\n" + data)
        for line in process.stdout:
            answer = json.loads(line)
            if "refused" in answer:
                raise UnreadableScan(answer["refused"], **answer["params"])
            if "done" in answer:
                return
            yield answer
        raise UnreadableScan("damaged" if process.wait() > 0 else "too_heavy")  # it ended in the middle, or was ended
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        process.wait()


def _hand_over(process, content):
    """It reads everything before it answers; one that has ended already is noticed by its answer."""
    try:
        process.stdin.write(content)
        process.stdin.close()
    except BrokenPipeError:
        return

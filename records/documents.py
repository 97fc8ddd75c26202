"""Word documents made from templates that people upload: filled in a process of its own, under limits.

    content, leaves = fill(template, {"title": …}, lists=("sites_list",), code="…")

Whatever is wrong with a template raises UnusableTemplate with one sentence that says what to do.
"""

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from records.templatetags.show import listed

WORKER = Path(__file__).with_name("document_worker.py")
#: Of the processor; by the clock a busy machine may take twice as long.
SECONDS = 10
OUT_OF_LIMITS = (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU)

_REASONS = {
    "unknown": _("These variables do not exist: %(names)s. The list beside shows those that do."),
    "expression": _("“%(what)s” may not stand in a template: only variables, if, and for over a list."),
    "loop": _("A template loops over %(names)s and nothing else, not over “%(what)s”."),
    "syntax": _("A placeholder is not written correctly: %(what)s."),
    "macros": _("The template holds macros. Save it without them as .docx and choose it again."),
    "embedded": _("Other files are embedded in the template. Remove them and choose it again."),
    "external": _("The template fetches something from elsewhere. Insert pictures and texts themselves."),
    "bomb": _("The template unpacks to far more than a document holds. Save it again in Word or WPS."),
    "damaged": _("The template cannot be read. Open it in Word or WPS, save it as a new .docx and try again."),
    "too_heavy": _("Filling the template took too long or too much memory. Make it simpler."),
}


class UnusableTemplate(Exception):
    """The template cannot be filled. `code` for programs, `sentence` (lazy, in the reader's language) for people."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code = code
        self.params = {name: listed(v) if isinstance(v, list) else v for name, v in params.items()}

    @property
    def sentence(self):
        return _REASONS[self.code] % self.params if self.params else _REASONS[self.code]

    def __str__(self):
        return str(self.sentence)


def fill(template, values, *, lists=(), code=""):
    """(the .docx as bytes, how many sheets carry a code). `template` is the .docx as bytes.

    `values` are texts, those named in `lists` lists of texts; they are written as text, whatever signs they hold. With
    `code` each sheet carries it (records.leaves). Raises UnusableTemplate.
    """
    request = {
        "docx": base64.b64encode(template).decode(),
        "known": list(values),
        "lists": list(lists),
        "values": {name: plain(value) for name, value in values.items()},
        "code": code,
        "seconds": SECONDS,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(WORKER)], input=json.dumps(request).encode(), capture_output=True,
            timeout=2 * SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise UnusableTemplate("too_heavy") from error
    if done.returncode != 0:
        raise UnusableTemplate("too_heavy" if done.returncode in OUT_OF_LIMITS else "damaged")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise UnusableTemplate(answer["refused"], **answer["params"])
    return base64.b64decode(answer["docx"]), answer["leaves"]


def plain(value):
    """A text without the signs that XML knows no place for, or that a filler would read as orders; line breaks stay."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return "".join(sign for sign in value.replace("\r\n", "\n") if sign == "\n" or _is_written(sign))


def _is_written(sign):
    return sign >= " " and not ("\x7f" <= sign <= "\x9f" or "\ud800" <= sign <= "\udfff" or sign in "\ufffe\uffff")

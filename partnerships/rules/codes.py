"""The unified social credit code (统一社会信用代码, GB 32100-2015) as people type it."""

import re
import unicodedata

from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

_LABEL = re.compile(r"^(?:统一)?(?:社会)?信用代码[:：]?")
_NOISE = re.compile(r"[\s\-‐-―−_.'‘’`\u200b-\u200f\u2060\ufeff]+")
_PENDING = re.compile(
    r"^(?:正在)?(?:办理|申请|申办|注册|换证|变更|待办|在办|筹建|补办|未办)(?:理|好|完)?(?:之?中)?$|^待补充?$"
)
_NONE = re.compile(r"^(?:[无/\\—–-]+|暂无|没有|未知|不详|空|N/?A|NULL|NONE)$")
_SCIENTIFIC = re.compile(r"^[+-]?[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}$")
_REPAIRS = str.maketrans("OI", "01")  # O and I never occur in a code; S, V and Z do not either, but mean nothing else

PENDING = _("The code is still being applied for: enter it when the licence is there.")
LOST_DIGITS = _("The spreadsheet turned this code into a number and lost its last digits: copy it again as text.")
OLD_REGISTRATION = _("This is the old 15-digit registration number: the licence now shows an 18-character code.")
ORGANISATION = _("This is the 9-character organisation code: the full code has 18 characters.")
LENGTH = _("The code has 18 characters: count them again.")
LETTERS = _("The code never holds the letters S, V and Z, nor any sign but digits and capital letters.")
PLACE = _("The first eight characters of the code are digits.")
CHECKSUM = _("One character of the code is wrong: its last character does not fit the others.")


def _fold(value):
    text = unicodedata.normalize("NFKC", str(value)).strip().upper()
    return _LABEL.sub("", text)


def is_pending(text):
    """Whether a cell says that the code is being applied for (办理中, 正在办理, 申请中, 换证中)."""
    return bool(_PENDING.match(_NOISE.sub("", _fold(text or ""))))


def read_uscc(text):
    """Read a cell: (code, None) when good, (None, problem) when not, (None, None) when it holds nothing (空, 无, /).

    Repairs only what cannot mean anything else: full width, lower case, spaces and hyphens, O for 0 and I for 1,
    and only where the check character then agrees. Numbers that lost digits are refused, never completed.
    A float is what a spreadsheet stored as a number: from 16 digits on its last ones are gone.
    """
    if text is None or isinstance(text, bool):
        return None, None
    if isinstance(text, float):
        if text != text or abs(text) >= 1e15:
            return None, LOST_DIGITS
        text = f"{text:.0f}" if text.is_integer() else text
    folded = _fold(text)
    if not folded or _NONE.match(folded):
        return None, None
    if is_pending(folded):
        return None, PENDING
    if _SCIENTIFIC.match(folded.replace(" ", "")):
        return None, LOST_DIGITS
    return _checked(_NOISE.sub("", folded))


def _checked(code):
    repaired = code.translate(_REPAIRS)
    if not code:
        return None, None
    if len(code) == 15 and repaired.isdecimal():
        return None, OLD_REGISTRATION
    if len(code) == 9 and re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code):
        return None, ORGANISATION
    if len(code) != 18:
        return None, LENGTH
    if re.search(r"[^0-9A-Z]|[SVZ]", code):
        return None, LETTERS
    # A, N and Y as the registering authority (villages' cooperatives carry N) came after the library's rule
    digits_from = 1 if repaired[0] in "ANY" else 0
    if not repaired[digits_from:8].isdecimal():
        return None, PLACE
    if repaired[-1] != uscc.calc_check_digit(repaired[:17]):
        return None, LOST_DIGITS if repaired.isdecimal() and repaired.endswith("000") else CHECKSUM
    return repaired, None

"""One cell → one value. Never guesses: what cannot be read is None with a finding, the text stays in the row.

Each reader takes the cell (None, str, number, date, CellError …) and returns (value, findings); a finding is a code of
partnerships.imports.problems, with parameters. Dates keep their precision, counts and money say when they are rough.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from records.sheets import CellError, text_of


class Finding(NamedTuple):
    code: str
    params: dict = {}


@dataclass(frozen=True, slots=True)
class Day:
    """A date as exactly as it was written: precision "day", "month", "term" or "year"; `value` is its first day."""

    value: date
    precision: str = "day"

    @property
    def last(self) -> date:
        """The last day it may mean."""
        if self.precision == "day":
            return self.value
        months = {"month": 1, "term": 6, "year": 12}[self.precision]
        number = self.value.year * 12 + self.value.month - 1 + months
        return date(number // 12, number % 12 + 1, 1) - timedelta(days=1)

    def as_json(self) -> dict:
        return {"value": self.value.isoformat(), "precision": self.precision}

    @classmethod
    def from_json(cls, data: dict | None) -> "Day | None":
        return cls(date.fromisoformat(data["value"]), data["precision"]) if data else None


@dataclass(frozen=True, slots=True)
class Term:
    """How long an agreement runs: from, until, without end, or so many months; whatever was written."""

    start: Day | None = None
    end: Day | None = None
    open_ended: bool = False
    months: int | None = None

    @property
    def years(self) -> Decimal | None:
        return Decimal(self.months) / 12 if self.months else None

    @property
    def precision(self) -> str | None:
        """Of its end, else of its start."""
        day = self.end or self.start
        return day.precision if day else None

    def as_json(self) -> dict:
        return {
            "start": self.start and self.start.as_json(),
            "end": self.end and self.end.as_json(),
            "open_ended": self.open_ended,
            "months": self.months,
        }

    @classmethod
    def from_json(cls, data: dict | None) -> "Term | None":
        if not data:
            return None
        return cls(Day.from_json(data["start"]), Day.from_json(data["end"]), data["open_ended"], data["months"])


@dataclass(frozen=True, slots=True)
class Count:
    """A number of people; `approximate` for 30余人, `note` for what stood beside it."""

    value: int
    approximate: bool = False
    note: str = ""

    def as_json(self) -> dict:
        return {"value": self.value, "approximate": self.approximate, "note": self.note}

    @classmethod
    def from_json(cls, data: dict | None) -> "Count | None":
        return cls(**data) if data else None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in 万元 (ten thousand yuan)."""

    value: Decimal
    approximate: bool = False
    note: str = ""

    def as_json(self) -> dict:
        return {"value": str(self.value), "approximate": self.approximate, "note": self.note}

    @classmethod
    def from_json(cls, data: dict | None) -> "Money | None":
        return cls(Decimal(data["value"]), data["approximate"], data["note"]) if data else None


# Text

_SPACE = re.compile(r"[ \t\u00a0\u2000-\u200a\u3000]+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff\ufffe\uffff\ud800-\udfff\x00-\x08\x0b-\x1f\x7f]")
_UNTIDY = re.compile(r"[\s\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]|" + _INVISIBLE.pattern)
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_NOTHING = frozenset(
    {"", "-", "--", "—", "——", "－", "/", "\\", "／", "无", "暂无", "没有", "空", "n/a", "na", "none", "."}
)


@lru_cache(maxsize=65536)
def tidy(text: str) -> str:
    """Text as it is kept: without invisible characters, spaces at the ends, doubled spaces; wide letters narrowed.

    Brackets and the Chinese punctuation of names stay as they are written.
    """
    if not _UNTIDY.search(text):
        return text
    lines = (_SPACE.sub(" ", line).strip() for line in _INVISIBLE.sub("", text.replace("\r", "\n")).split("\n"))
    return "\n".join(line for line in lines if line).translate(_WIDE)


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """Text to read numbers and dates from: NFKC, no spaces, one kind of dash and dot."""
    if text.isascii() and text.isalnum():
        return text
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    text = re.sub(r"[—–―‐‑‒−〜~]+", "-", re.sub(r"\s+", "", text))
    return text.replace("。", ".").replace("．", ".")


def is_nothing(value) -> bool:
    """Empty, or one of the signs people put for empty."""
    return value is None or (isinstance(value, str) and (value in _NOTHING or folded(value).lower() in _NOTHING))


_E_NOTATION = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+\d{2,3}")


def has_lost_digits(value) -> bool:
    """A number of more than 15 digits, or one written as 3.30109E+17: the sheet has already dropped its end."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return abs(value) >= 1e15
    if not isinstance(value, str) or ("+" not in value and "＋" not in value):
        return False
    return _E_NOTATION.fullmatch(folded(value)) is not None


# Dates

_NUMERALS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_AFTER_DAY = (
    r"(?:上午|下午|晚上?|起|前|签订|签署|签|左右|\(?(?:周|星期)[一二三四五六日天]\)?|"
    r"[ T]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?|\d{1,2}时)*"
)
_YMD = re.compile(rf"(\d{{4}}|\d{{2}})[.\-/年,、](\d{{1,2}})[.\-/月,、](\d{{1,2}})[日号.]?{_AFTER_DAY}")
_YM = re.compile(r"(\d{4}|\d{2})[.\-/年,、](\d{1,2})(月份?|\.)?((?:初|上旬|中旬?|下旬|底|末|起)?)")
_TERM_NUMBER = re.compile(r"(20\d{2})-(20\d{2})(?:学年)?-?(?:第)?([12一二上下])(?:学?期)?")
_SCHOOL_YEAR = re.compile(r"(20\d{2})-(20\d{2})学年度?")
_SEASON = re.compile(r"(20\d{2})年?(春|秋)(?:季)?(?:学期)?")
SERIALS = (20_000, 73_050)  # 1954 to 2099, days since 1899-12-30
YEARS = (1949, 2100)


def read_day(value) -> tuple[Day | None, tuple[Finding, ...]]:
    """A date of any precision. An impossible one (2026.2.30) is told apart from one that cannot be read."""
    if value is None or value == "":
        return None, ()
    if isinstance(value, datetime):
        return _in_range(Day(value.date()))
    if isinstance(value, date):
        return _in_range(Day(value))
    if isinstance(value, CellError):
        return None, (Finding("error_value", {"value": value.text}),)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _day_from_number(value)
    if not isinstance(value, str):
        return None, (Finding("unreadable_date", {"value": text_of(value)[:60]}),)
    return read_day_text(value)


def _day_from_number(value: float) -> tuple[Day | None, tuple[Finding, ...]]:
    if SERIALS[0] <= value < SERIALS[1]:
        return Day(date(1899, 12, 30) + timedelta(days=int(value))), ()
    text = text_of(value)
    if re.fullmatch(r"(?:20)?\d{2}\.1", text):  # 2024.10 as a number becomes 2024.1
        year = _year(text.split(".")[0])
        return (Day(date(year, 1, 1), "year") if year else None), (Finding("month_lost_zero", {"value": text}),)
    return read_day_text(text)


@lru_cache(maxsize=16384)
def read_day_text(text: str) -> tuple[Day | None, tuple[Finding, ...]]:
    plain = folded(text)
    if plain.lower() in _NOTHING:
        return None, ()
    if len(plain) <= 60:
        if "〇" in plain or re.match("二[零〇]", plain):
            plain = _chinese_date(plain)
        plain = plain.removeprefix("约").removeprefix("于")
        for form, read in _DAY_FORMS:
            if (match := form.fullmatch(plain)) and (answer := read(match, text)):
                return answer
    return None, (Finding("unreadable_date", {"value": text[:60]}),)


def _chinese_date(text: str) -> str:
    """二〇二四年九月十二日 → 2024年9月12日."""
    year, found, rest = text.partition("年")
    return year.translate(_NUMERALS) + found + re.sub(r"[一二三四五六七八九十]+", lambda m: str(_small(m[0])), rest)


def _small(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    digits = "零一二三四五六七八九"
    if not ten:
        return int("".join(str(digits.index(c)) for c in ones if c in digits) or 0)
    return (digits.find(tens) if tens in digits and tens else 1) * 10 + (
        digits.index(ones) if ones and ones in digits else 0
    )


def _year(text: str) -> int | None:
    """Four digits as they are; two digits only where they cannot be a month (13 to 49)."""
    year = int(text)
    if len(text) == 4:
        return year if YEARS[0] <= year <= YEARS[1] else None
    return 2000 + year if 13 <= year <= 49 else None


def _calendar_day(match, text: str):
    year, month, day = match.groups()
    number = _year(year) or (2000 + int(year) if len(year) == 2 and int(year) < 13 else None)
    if number is None:
        return None
    try:
        return Day(date(number, int(month), int(day))), ()
    except ValueError:
        return None, (Finding("impossible_date", {"value": text[:60]}),)


def _calendar_month(match, text: str):
    year, month = _year(match[1]), int(match[2])
    if year is None:
        return None
    if not 1 <= month <= 12:
        return None, (Finding("impossible_date", {"value": text[:60]}),)
    return Day(date(year, month, 1), "month"), ()


def _school_term(match, _text):
    first, second = int(match[1]), int(match[2])
    if second != first + 1:
        return None
    return Day(date(first, 9, 1) if match[3] in "1一上" else date(second, 2, 1), "term"), ()


def _school_year(match, _text):
    return (Day(date(int(match[1]), 9, 1), "year"), ()) if int(match[2]) == int(match[1]) + 1 else None


def _season(match, _text):
    return Day(date(int(match[1]), 9 if match[2] == "秋" else 2, 1), "term"), ()


def _compact_month(match, _text):
    return (Day(date(int(match[1]), int(match[2]), 1), "month"), ()) if 1 <= int(match[2]) <= 12 else None


def _serial(match, _text):
    days = int(match[1])
    return (Day(date(1899, 12, 30) + timedelta(days=days)), ()) if SERIALS[0] <= days < SERIALS[1] else None


#: Tried in this order; a reader answers None for "not mine".
_DAY_FORMS = (
    (_YMD, _calendar_day),
    (_TERM_NUMBER, _school_term),
    (_SCHOOL_YEAR, _school_year),
    (_SEASON, _season),
    (_YM, _calendar_month),
    (re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})"), _calendar_day),
    (re.compile(r"((?:19|20)\d{2})(\d{2})"), _compact_month),
    (re.compile(r"((?:19|20)\d{2})年?度?"), lambda match, _text: (Day(date(int(match[1]), 1, 1), "year"), ())),
    (re.compile(r"(\d{5})(?:\.\d+)?"), _serial),
)


def _in_range(day: Day):
    if YEARS[0] <= day.value.year <= YEARS[1]:
        return day, ()
    return None, (Finding("unreadable_date", {"value": day.value.isoformat()}),)


# Terms

_SINCE_SIGNED = re.compile(
    r"(?:自|从)?(?:本)?(?:协议|合同)?(?:双方)?(?:签订|签署|签字|盖章|生效)+之?日起(?:计算?)?(?:有效期)?"
)
_OPEN = re.compile(r"长期(?:有效|合作)?|永久|无(?:固定)?期限?|不限|无限期")
_UNTIL = re.compile(r"(?:至|到|截止|截至)(?:到|至)?(.+?)(?:止|为止|到期)?")
_SPAN = re.compile(r"(\d{1,3}|[一二两三四五六七八九十]{1,3}|半)(?:个)?(年|月)半?(?:期|有效)?")
_TO = re.compile(r"(.+?\d[年月日号]?|.+?)(?:-{1,2}|至|到)(.+?)(?:止|为止)?")
_FROM_SPAN = re.compile(r"(.+?)(?:起|开始|,|、|\(|;)(?:计)?(?:有效期)?([\d一二两三四五六七八九十半]+(?:个)?[年月])\)?")
_SPAN_RANGE = re.compile(r"([\d一二两三四五六七八九十]+(?:个)?[年月])\(?(.+?)\)?")


def read_term(value) -> tuple[Term | None, tuple[Finding, ...]]:
    """三年, 长期, 2024.9-2027.8, 至2027年8月, 2024.9起三年, or one date, which is its end."""
    if value is None or value == "":
        return None, ()
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 30:
        return Term(months=round(value * 12)), ()  # a bare 3 in a column of terms: years
    if not isinstance(value, str):
        day, findings = read_day(value)
        return (Term(end=day) if day else None), findings
    return read_term_text(value)


@lru_cache(maxsize=16384)
def read_term_text(text: str) -> tuple[Term | None, tuple[Finding, ...]]:
    plain = _SINCE_SIGNED.sub("", folded(text).replace("(含)", ""))
    if plain.lower() in _NOTHING:
        return None, ()
    if len(plain) <= 80:
        for read in (_without_end, _school_term_term, _until, _from_and_span, _span_and_range, _range_or_end):
            if answer := read(plain):
                return answer
    return None, (Finding("unreadable_term", {"value": text[:60]}),)


def _without_end(plain: str):
    """长期, 三年, or a bare 3: years."""
    if _OPEN.fullmatch(plain):
        return Term(open_ended=True), ()
    months = int(plain) * 12 if re.fullmatch(r"[1-9]|[12]\d|30", plain) else _months(plain)
    return (Term(months=months), ()) if months else None


def _school_term_term(plain: str):
    day, _ = read_day_text(plain)
    return (Term(start=day, end=day), ()) if day and day.precision == "term" else None


def _until(plain: str):
    if match := _UNTIL.fullmatch(plain):
        day, findings = read_day_text(match[1])
        return (Term(end=day), ()) if day else (None, findings)
    return None


def _from_and_span(plain: str):
    if match := _FROM_SPAN.fullmatch(plain):
        day, months = read_day_text(match[1])[0], _months(match[2])
        return (Term(start=day, months=months), ()) if day and months else None
    return None


def _span_and_range(plain: str):
    if match := _SPAN_RANGE.fullmatch(plain):
        months, (term, _) = _months(match[1]), read_range(match[2])
        if months and term:
            return Term(term.start, term.end, term.open_ended, months), ()
    return None


def _range_or_end(plain: str):
    term, findings = read_range(plain)
    if term or any(finding.code != "unreadable_term" for finding in findings):
        return term, findings
    day, findings = read_day_text(plain)
    if day:
        return Term(end=day), ()
    return (None, findings) if _is_impossible(findings) else None


def read_range(text: str) -> tuple[Term | None, tuple[Finding, ...]]:
    """Two dates with a dash, 至 or 到 between them; the second may leave out its year."""
    plain = folded(text)
    for at in _separators(plain):
        left, right = plain[: at.start()], plain[at.end() :].removesuffix("为止").removesuffix("止")
        start, wrong_start = read_day_text(left)
        if start is None and not _is_impossible(wrong_start):
            continue
        if _OPEN.fullmatch(right) or right in ("今", "现在"):
            return (Term(start=start, open_ended=True), ()) if start else (None, wrong_start)
        end, wrong_end = _range_end(right, start)
        if wrong := next((found for found in (wrong_start, wrong_end) if _is_impossible(found)), None):
            return None, wrong
        if end is None:
            continue
        if end.last < start.value:
            return None, (Finding("ends_before_start", {"value": text[:60]}),)
        return Term(start=start, end=end), ()
    return None, (Finding("unreadable_term", {"value": text[:60]}),)


def _separators(plain: str) -> list:
    """Where a range may be cut: words first, then dashes, the one in the middle first (2024-9-1-2027-8-31)."""
    words = list(re.finditer(r"[-]?[至到][-]?", plain))
    dashes = list(re.finditer(r"-+", plain))
    return words + sorted(dashes, key=lambda at: abs(at.start() + at.end() - len(plain)))


def _range_end(right: str, start: Day | None) -> tuple[Day | None, tuple[Finding, ...]]:
    if start and (match := re.fullmatch(r"(\d{1,2})[.月/](\d{1,2})日?", right)) and start.precision == "day":
        return read_day_text(f"{start.value.year}.{match[1]}.{match[2]}")  # 2024.9.1-12.31
    if start and (match := re.fullmatch(r"(\d{1,2})月", right)):
        return read_day_text(f"{start.value.year}.{match[1]}")
    return read_day_text(right)


def _is_impossible(findings) -> bool:
    return any(finding.code == "impossible_date" for finding in findings)


def _months(text: str) -> int | None:
    match = _SPAN.fullmatch(text)
    if not match:
        return None
    if match[1] == "半":
        return 6 if match[2] == "年" else None
    number = int(match[1]) if match[1].isdigit() else _small(match[1].replace("两", "二"))
    months = number * 12 if match[2] == "年" else number
    if "半" in text and match[2] == "年":
        months += 6
    return months if 0 < months <= 1200 else None


# Counts and money

_ROUGH = re.compile(r"约|近|大概|大约|左右|上下|余|多|\+|以上|以下|超过?|不少于|至少|最多|不超过|-")
_VAGUE = re.compile(r"若干|不定|不等|多名|数[名人十百]|视情况|待定|按需|适量|一批|部分")
_COUNT = re.compile(
    r"(?:约|近|大约|大概|超过?|至少|不少于|每年)*(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)([万千百]?)"
    r"(?:-(\d+))?([余多几]?)([万千百]?)\+?[余多]?(?:[人名个位]|人次|员工)*(?:左右|上下|以上|以下|以内)?(?:\+)?(?:/年|/学期|每年)?(.*)"
)
_CHINESE_COUNT = re.compile(
    r"(?:约|近)?([一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])([余多几]?)[人名个位]"
)
_TIMES = {"": 1, "百": 100, "千": 1000, "万": 10_000}


def read_count(value) -> tuple[Count | None, tuple[Finding, ...]]:
    """30, 30余人, 20-30人 (the smaller, roughly), 1.2万人, 12（含3名女生）. 若干 is None: nobody counted."""
    if value is None or value == "":
        return None, ()
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value < 10_000_000 and value == int(value):
            return Count(int(value)), ()
        return None, (Finding("unreadable_count", {"value": text_of(value)}),)
    if isinstance(value, CellError):
        return None, (Finding("error_value", {"value": value.text}),)
    if not isinstance(value, str):
        return None, (Finding("unreadable_count", {"value": text_of(value)[:60]}),)
    return read_count_text(value)


@lru_cache(maxsize=16384)
def read_count_text(text: str) -> tuple[Count | None, tuple[Finding, ...]]:
    plain = folded(text)
    if plain.lower() in _NOTHING:
        return None, ()
    unreadable = (None, (Finding("unreadable_count", {"value": text[:60]}),))
    if len(plain) > 100 or _VAGUE.search(plain):
        return unreadable
    if match := _CHINESE_COUNT.fullmatch(plain):
        return Count(_small(match[1].replace("两", "二")), bool(match[2]) or plain[0] in "约近"), ()
    match = _COUNT.fullmatch(plain)
    if not match:
        return unreadable
    number, times, to, rough, more_times, note = match.groups()
    try:
        amount = Decimal(number.replace(",", "")) * _TIMES[times] * _TIMES[more_times]
    except InvalidOperation:
        return unreadable
    if amount != int(amount) or amount >= 10_000_000 or (note and note[0] not in "(,;、:") or (to and int(to) < amount):
        return unreadable
    spoken = plain[: len(plain) - len(note)] if note else plain
    approximate = _ROUGH.search(spoken) is not None
    findings = (Finding("range_of_numbers", {"value": text[:60], "taken": str(int(amount))}),) if to else ()
    return Count(int(amount), approximate, note.strip("(),;、:")), findings


_AMOUNT = re.compile(r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:余|多)?(亿元?|万元?|千元?|元|块)?")
_UNITS = {
    "亿": Decimal(10_000),
    "万": Decimal(1),
    "千": Decimal("0.1"),
    "元": Decimal("0.0001"),
    "块": Decimal("0.0001"),
}
LARGEST_DONATION = Decimal(1_000_000)  # 万元: ten billion yuan


def read_money(value, unit: str = "万") -> tuple[Money | None, tuple[Finding, ...]]:
    """An amount in 万元; a number without a unit counts in `unit`, that of the column's head ("万" or "元")."""
    if value is None or value == "":
        return None, ()
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = repr(value)
        if not text.replace(".", "", 1).isdigit():
            return None, (Finding("unreadable_amount", {"value": text}),)
        return read_money_text(text.removesuffix(".0"), unit)
    if isinstance(value, CellError):
        return None, (Finding("error_value", {"value": value.text}),)
    if not isinstance(value, str):
        return None, (Finding("unreadable_amount", {"value": text_of(value)[:60]}),)
    return read_money_text(value, unit)


@lru_cache(maxsize=16384)
def read_money_text(text: str, unit: str) -> tuple[Money | None, tuple[Finding, ...]]:
    plain = folded(text).replace("¥", "").replace("RMB", "").replace("人民币", "")
    if plain.lower() in _NOTHING:
        return None, ()
    unreadable = (None, (Finding("unreadable_amount", {"value": text[:60]}),))
    found = list(_AMOUNT.finditer(plain)) if len(plain) <= 200 else []
    with_unit = [match for match in found if match[2]]
    chosen = with_unit or found
    if len(chosen) != 1 or plain[: chosen[0].start()].endswith("-") or _E_NOTATION.fullmatch(plain):
        return unreadable  # nothing, several amounts, a negative one
    [match] = chosen
    if not with_unit and not re.fullmatch(r"(?:约|近|价值|共|合计|大约)*", plain[: match.start()]):
        return unreadable  # "设备3台" is no amount
    amount = Decimal(match[1].replace(",", "")) * _UNITS[(match[2] or unit)[0]]
    if amount > LARGEST_DONATION:
        return unreadable
    before = re.sub(r"^(?:约|近|价值|共|合计|大约)+|(?:约|近|价值)+$", "", plain[: match.start()])
    after = re.sub(r"^(?:左右|以上|上下)?的?", "", plain[match.end() :])
    if not match[2] and after and after[0] not in "(,;、:":
        return unreadable
    note = "".join(part.strip("(),;、:") for part in (before, after))
    approximate = _ROUGH.search(plain) is not None
    return Money(amount.normalize() + 0 if amount else Decimal(0), approximate, note), ()


# Lists and names

_FORMER = re.compile(
    r"[(（]\s*(?:原名?|曾用名|更名前|前身)\s*[:：为]?\s*([^()（）]+?(?:[(（][^()（）]*[)）][^()（）]*?)?)\s*[)）]"
)
_SEPARATOR = re.compile(r"[、,，/;；\n|]+")


@lru_cache(maxsize=16384)
def split_list(text: str) -> tuple[str, ...]:
    """Parts between 、，/；and line ends, brackets kept whole; each once, in order."""
    parts, depth, start = [], 0, 0
    text = tidy(text)
    for at, character in enumerate(text):
        if character in "(（":
            depth += 1
        elif character in ")）":
            depth = max(0, depth - 1)
        elif not depth and _SEPARATOR.match(character):
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return tuple(dict.fromkeys(part.strip() for part in parts if folded(part).lower() not in _NOTHING))


@lru_cache(maxsize=16384)
def read_name(text: str) -> tuple[str, tuple[str, ...]]:
    """(name, former names): 恒力轴承（杭州）有限公司 (原恒力机械厂) → 恒力轴承（杭州）有限公司, 恒力机械厂."""
    text = tidy(text)
    former = [name for match in _FORMER.finditer(text) for name in split_list(match[1])]
    name = " ".join(_FORMER.sub("", text).split())
    if re.search(r"[\u4e00-\u9fff]", name):  # Chinese names have no spaces but beside Latin words
        name = re.sub(r"(?<![A-Za-z0-9.&]) | (?![A-Za-z0-9&])", "", name)
    return name, tuple(former)

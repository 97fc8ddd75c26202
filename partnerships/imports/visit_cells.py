"""Cells of a list of visits → values, each with what was only roughly understood. The text stays in the row.

What a cell does not say is never made up: a day without a year takes it from the list's title or stops the row, "若干"
is no number, a deadline is a day only where month and day follow from what is written.
"""

import re
from dataclasses import dataclass
from datetime import date

from records.sheets import text_of

from .cells import Day, Finding, folded, is_nothing, read_day, read_day_text, split_list, tidy

# Days


@dataclass(frozen=True, slots=True)
class When:
    """First and last day of a visit; `precision` as of the first, `said` where the words say more than the days."""

    first: date
    last: date
    precision: str = "day"
    said: str = ""

    def as_json(self) -> dict:
        days = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return days | {"precision": self.precision, "said": self.said}

    @classmethod
    def from_json(cls, data: dict | None) -> "When | None":
        if not data:
            return None
        first, last = date.fromisoformat(data["first"]), date.fromisoformat(data["last"])
        return cls(first, last, data["precision"], data["said"])


_PLAIN = re.compile(r"(?:19|20)\d{2}[.\-/年]\d{1,2}(?:[.\-/月]\d{1,2}[日号]?|月)?")
_TAIL = r"(?:日|号)?(?:全天|上午|下午|早上|晚上?|中午|\(?(?:周|星期)[一二三四五六日天]\)?|\d{1,2}[:时]\d{0,2}分?)*"
_MONTH_DAY = re.compile(rf"(\d{{1,2}})[.月/\-](\d{{1,2}}){_TAIL}")
_MONTH = re.compile(r"(\d{1,2})月份?")
_ONLY_DAY = re.compile(rf"(\d{{1,2}}){_TAIL}")
_TO = re.compile(r"-+|至|到")
_YEARS = re.compile(r"(20\d{2})(?:[-—–~～/至](20\d{2}))?\s*(学年)?")


def year_of(texts) -> int | tuple[int, int] | None:
    """The year that a title names: 2026, or (2025, 2026) for a school year; None where it names none, or several."""
    found = set()
    for text in texts:
        for match in _YEARS.finditer(folded(text)):
            first, second = int(match[1]), int(match[2] or match[1])
            if second - first not in (0, 1):
                return None
            found.add(first if first == second else (first, second))
    return found.pop() if len(found) == 1 else None


def read_when(value, year=None) -> tuple[When | None, tuple[Finding, ...]]:
    """2026.3.12上午, 2026.3.12-3.14, 2026年3月; 3.12-3.14 where `year` (from year_of) says which."""
    if is_nothing(value):
        return None, (Finding("no_day"),)
    if isinstance(value, float) and re.fullmatch(r"\d{1,2}\.[123]", text_of(value)):
        return None, (Finding("day_lost_zero", {"value": text_of(value)}),)  # 3.1 is 3.1 or 3.10
    if not isinstance(value, str):
        day, findings = read_day(value)
        if day is not None and day.precision != "year":
            return _span(day, day, ""), findings
        if any(finding.code == "error_value" for finding in findings):
            return None, findings
        value = text_of(value)
    text = tidy(value)
    plain = folded(text)
    said = "" if _PLAIN.fullmatch(plain) else text
    for read in (_one_day, _range):
        when, finding = read(plain, year, said)
        if when or finding:
            return _checked(when, finding, text)
    return None, (Finding("unreadable_day", {"value": text[:60]}),)


def _checked(when, finding, text):
    if finding:
        return None, (Finding(finding, {"value": text[:60]}),)
    if when.last < when.first:
        return None, (Finding("day_before_start", {"value": text[:60]}),)
    return when, ()


def _span(first: Day, last: Day, said: str) -> When:
    return When(first.value, last.last, first.precision if first.precision == last.precision else "day", said)


def _one_day(plain, year, said):
    day, finding = _day(plain, year)
    return (_span(day, day, said) if day else None), finding


def _range(plain, year, said):
    """Two days; the second may leave out its year and month, the first its year where the title says it."""
    for at in _TO.finditer(plain):
        left, right = plain[: at.start()], plain[at.end() :]
        first, finding = _day(left, year)
        if finding:
            return None, finding
        if first is None or not right:
            continue
        last, finding = _day(right, first.value.year)
        if last is None and not finding and (match := _ONLY_DAY.fullmatch(right)):
            if first.precision == "day":
                last, finding = _valid(first.value.year, first.value.month, int(match[1]))
            elif first.precision == "month":
                last, finding = _valid_month(first.value.year, int(match[1]))
        if last or finding:
            return (_span(first, last, said) if last else None), finding
    return None, None


def _day(plain, year) -> tuple[Day | None, str | None]:
    """A single day, or the code of what is wrong with it; (None, None) for what is no day at all."""
    without_tail = re.sub(r"(?:全天|早上|中午)$", "", plain)
    day, findings = read_day_text(without_tail)
    if day is not None and day.precision != "year":
        return day, None
    if any(finding.code == "impossible_date" for finding in findings):
        return None, "impossible_date"
    match, whole = _MONTH_DAY.fullmatch(plain), _MONTH.fullmatch(plain)
    if match is None and whole is None:
        return None, None
    month = int((match or whole)[1])
    number = year if isinstance(year, int) else year and (year[0] if month >= 9 else year[1])
    if not number:
        return None, "no_year"
    return _valid(number, month, int(match[2])) if match else _valid_month(number, month)


def _valid(year, month, day):
    try:
        return Day(date(year, month, day)), None
    except ValueError:
        return None, "impossible_date"


def _valid_month(year, month):
    return (Day(date(year, month, 1), "month"), None) if 1 <= month <= 12 else (None, "impossible_date")


# People


@dataclass(frozen=True, slots=True)
class Party:
    """Who led and how many came: 张校长一行5人 → 张校长, 5."""

    leader: str = ""
    count: int | None = None


_PARTY = re.compile(
    r"(?:由)?(.*?)(?:带队|率队)?(?:一行|等)(?:共|约)?(?:(\d{1,3})|([一二两三四五六七八九十]{1,3}))?(?:余)?(?:人|名)?"
)
_COUNT_ONLY = re.compile(r"(?:共|一行)?(\d{1,3})人")
_NUMERALS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}


def read_party(text: str) -> Party:
    """The leader and the number of people, where the words hold both; else the words are the leader."""
    squeezed = re.sub(r"\s+", "", text)
    if match := _COUNT_ONLY.fullmatch(squeezed):
        return Party("", int(match[1]))
    if match := _PARTY.fullmatch(squeezed):
        number = int(match[2]) if match[2] else _NUMERALS.get(match[3] or "")
        is_rough = "余" in squeezed or "约" in squeezed
        return Party(match[1].strip("、，,"), None if is_rough else number)
    return Party(text.strip().removesuffix("带队").removesuffix("率队").strip())


# Firms

_AND_OTHERS = re.compile(r"(.*?)等(\d{1,2}|[一二两三四五六七八九十])[家个](?:企业|公司|单位|用人单位)?")


def read_firms(text: str) -> tuple[tuple[str, ...], int | None]:
    """(names, how many the cell says there are): 甲公司、乙公司等4家企业 names two of four."""
    said = None
    if match := _AND_OTHERS.fullmatch(tidy(text).replace("\n", "、")):
        text, said = match[1], int(match[2]) if match[2].isdigit() else _NUMERALS[match[2]]
    return split_list(text), said


# How

_KINDS = (
    ("call", ("电话",)),
    ("wechat", ("微信",)),
    ("email", ("邮件", "邮箱", "e-mail")),
    ("received", ("来校", "来访", "到校", "接待", "visit to the school")),
    ("meeting", ("会议", "座谈", "线上", "视频", "网络", "云走访", "meeting")),
    ("visit", ("走访", "实地", "上门", "拜访", "现场", "考察", "调研", "入企", "访企", "visit")),
)


def read_kind(text: str) -> str | None:
    """The kind of touchpoint that the words name; None where they name none."""
    folded_text = text.lower()
    return next((kind for kind, words in _KINDS if any(word in folded_text for word in words)), None)


# Who follows up

_PERSON = re.compile(r"[\u4e00-\u9fff·]{2,6}")
_NOT_A_PERSON = re.compile(r"[前内底末月年期快定完]|[本下上这]周")
_DEADLINE = re.compile(
    r"(?:(20\d{2})[年.\-/])?(\d{1,2})(?:月(底|末|内)|[月.\-/](\d{1,2})[日号]?)(?:之?前|以前|内)?(?:完成|落实)?"
)


def read_follow_up(text: str, visited: date | None) -> tuple[str, date | None]:
    """(person, last day) where the words are clear: 王老师 4月底前 after a visit in March → 王老师, 30 April."""
    spaced = re.sub(r"(?<=[^年月日号\d.\-/\s])(?=\d)", " ", tidy(text))
    parts = [part for part in re.split(r"[\s,，;；、\n]+", spaced) if part]
    people = [part for part in parts if _PERSON.fullmatch(part) and not _NOT_A_PERSON.search(part)]
    days = [day for part in parts if (day := _deadline(folded(part), visited))]
    is_clear = len(people) == 1 and len(days) <= 1 and len(parts) == len(people) + len(days)
    return (people[0], days[0] if days else None) if is_clear else ("", None)


def _deadline(plain: str, visited: date | None) -> date | None:
    """The last day that is meant; without a year the first such day after the visit."""
    match = _DEADLINE.fullmatch(plain)
    if not match or visited is None:
        return None
    month = int(match[2])
    year = int(match[1]) if match[1] else visited.year + (month < visited.month)
    if match[3]:
        day, _finding = _valid_month(year, month)
    else:
        day, _finding = _valid(year, month, int(match[4]))
    return day.last if day and day.last >= visited else None

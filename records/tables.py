"""Finds the table in a sheet as people lay it out; generic for every list.

Title rows above the heads, heads in one or two rows, merged cells, "same as above", subtotals, and the total, notes and
signatures below are dealt with here. What a head means is the caller's: `known(text)` gives its key or None.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from .sheets import Sheet, letters, text_of

HEAD_WITHIN = 15
LEAST_HEADS = 3

_SPACES = re.compile(r"[\s\u200b\u200c\u200d\ufeff]+")
_SUBTOTAL = re.compile(r".{0,20}小计(?:[:：(（\d].*)?")
_TOTAL = re.compile(r".{0,12}(?:合计|总计|共计)(?:[:：(（\d].*)?")
_CLOSING = re.compile(
    r"(?:填表说明|填报说明|填写说明|说明[:：]|注[:：]|备注[:：]|"
    r"(?:填表|填报|制表|审核|复核|经办|统计|编制)(?:人|单位|部门|日期|时间)|(?:.{0,8})?负责人[:：(（]|"
    r".{0,20}(?:签字|签名|签章|盖章|公章)[)）]?(?:[:：]|$)).*"
)
CLOSING_CELLS = 8  # a signature line has a few cells, a row of data many
_SAME = {"同上", "同前", "〃", "″", '"', "〃〃", "''", "＂", "同上。", "（同上）", "(同上)"}
_SAME_SIGNS = frozenset("同〃″\"'＂")


@dataclass(slots=True)
class Head:
    """One column: its flattened head as written, what it is known as, and its position from 0."""

    text: str
    key: str | None
    column: int


@dataclass(slots=True)
class Row:
    """One row of data. `cells` by column; `filled` tells which came from a merged cell or "same as above", and from
    which row; `same_unknown` are the columns that say "same as above" with nothing above."""

    index: int
    cells: list
    filled: dict[int, int] = field(default_factory=dict)
    same_unknown: frozenset[int] = frozenset()
    continues: int | None = None  # CSV: the row above whose values fill the empty cells

    @property
    def line(self) -> int:
        return self.index + 1


@dataclass(slots=True)
class Table:
    sheet: Sheet
    heads: list[Head]
    first: int  # position of the first row below the heads
    top: int = 0  # position of the first head row
    rows: list[Row] = field(default_factory=list)
    stopped_at: int | None = None  # line of the total or closing note, from 1
    left_over: int = 0  # rows below it that look like data and were not read

    def column_of(self, key: str) -> int | None:
        return next((head.column for head in self.heads if head.key == key), None)


@lru_cache(maxsize=4096)
def squeezed(text: str) -> str:
    """A head without what people decorate it with: width, spaces, line breaks, stars, hints such as (必填)."""
    text = _SPACES.sub("", unicodedata.normalize("NFKC", text)).strip("*:/-_·")
    return re.sub(r"\((?:必填|选填|可不填)\)", "", text)


def find_table(
    sheet: Sheet,
    known: Callable[[str], str | None],
    *,
    anchors: frozenset = frozenset(),
    carried: frozenset = frozenset(),
) -> Table | None:
    """The table of a sheet, or None when no row among the first 15 has three known heads.

    `anchors` and `carried` serve CSV, which loses merged cells: a row in which every anchor column is empty continues
    the row above and takes over its values in the carried columns.
    """
    place = _head_rows(sheet, known)
    if place is None:
        return None
    top, depth = place
    table = Table(sheet, _heads(sheet, top, depth, known), top + depth, top)
    _read_rows(table, known, anchors, carried)
    return table


def known_heads(sheet: Sheet, known: Callable[[str], str | None]) -> int:
    """How many different known heads the best head row of a sheet has; 0 where none has three."""
    place = _head_rows(sheet, known)
    return len({head.key for head in _heads(sheet, *place, known) if head.key}) if place else 0


def above_heads(table: Table) -> list[str]:
    """The texts of the title rows."""
    return [text for row in table.sheet.rows[: table.top] for value in row if (text := _text(value))]


# The heads


def _head_rows(sheet: Sheet, known) -> tuple[int, int] | None:
    """(first row, one or two rows): the pair or single row with most different known heads; a single row wins ties."""
    best, place = LEAST_HEADS - 1, None
    for depth in (1, 2):
        for top in range(min(HEAD_WITHIN, len(sheet.rows))):
            if top + depth > min(HEAD_WITHIN, len(sheet.rows)):
                continue
            score = len({head.key for head in _heads(sheet, top, depth, known) if head.key})
            if score > best:
                best, place = score, (top, depth)
    return place


def _heads(sheet: Sheet, top: int, depth: int, known) -> list[Head]:
    upper = [_text(value) for value in sheet.rows[top]]
    if depth == 1:
        pairs = [("", text) for text in upper]
    else:
        lower = [_text(value) for value in sheet.rows[top + 1]]
        width = max(len(upper), len(lower))
        upper += [""] * (width - len(upper))
        lower += [""] * (width - len(lower))
        pairs, group = [], ""
        for above, below in zip(upper, lower, strict=True):
            group = above or (group if below else "")
            pairs.append((group, below))
    return list(_named(pairs, known))


def _named(pairs: list[tuple[str, str]], known) -> Iterator[Head]:
    taken = set()
    for column, (group, text) in enumerate(pairs):
        choices = [f"{group}{text}", text] if text else [group]
        key = next((key for choice in choices if choice and (key := known(squeezed(choice)))), None)
        if key in taken:
            key = None
        taken.add(key)
        if group or text:
            yield Head("/".join(part for part in (group, text) if part), key, column)


def _text(value) -> str:
    if value is None:
        return ""
    text = value if value.__class__ is str else text_of(value)
    return text if text.isalnum() else _SPACES.sub("", text)


# The rows


def _read_rows(table: Table, known, anchors, carried) -> None:
    sheet, width = table.sheet, max(map(len, table.sheet.rows))
    merged = _merged_cells(sheet, table.first, width)
    anchors = [head.column for head in table.heads if head.key in anchors] if sheet.merged is None else []
    carried = [head.column for head in table.heads if head.key in carried]
    head_texts = {squeezed(head.text) for head in table.heads}
    above: Row | None = None
    for index in range(table.first, len(sheet.rows)):
        own = sheet.rows[index]
        filled = [value for value in own if not _blank(value)]
        beginning = [_text(value) for value in filled[:3]]
        if not filled or _is_numbering(beginning, filled) or _repeats_heads(beginning[0], filled, head_texts, known):
            continue
        if table.stopped_at:
            table.left_over += len(filled) >= LEAST_HEADS
            continue
        kind = _kind_of(beginning, len(filled))
        if kind == "total":
            table.stopped_at = index + 1
        elif kind != "subtotal":
            above = _row(sheet, index, own, width, merged, above, anchors, carried)
            table.rows.append(above)
    named = {head.column for head in table.heads}
    for column in range(width):
        if column not in named and any(not _blank(row.cells[column]) for row in table.rows):
            table.heads.append(Head(letters(column), None, column))


def _kind_of(texts: list[str], count: int) -> str | None:
    """A subtotal, the end of the table ("total") or a row of data, by its first filled cells."""
    for text in texts:
        if "计" in text:
            if _SUBTOTAL.fullmatch(text):
                return "subtotal"
            if _TOTAL.fullmatch(text):
                return "total"
    return "total" if count <= CLOSING_CELLS and _CLOSING.fullmatch(texts[0]) else None


def _is_numbering(beginning: list[str], filled: list) -> bool:
    """The row 1, 2, 3 … (or 甲, 乙, 1, 2 …) some forms have below the heads."""
    if len(filled) < LEAST_HEADS or beginning[:2] not in (["1", "2"], ["甲", "乙"]):
        return False
    return beginning[0] == "甲" or [_text(value) for value in filled] == [str(n + 1) for n in range(len(filled))]


def _repeats_heads(first: str, filled: list, head_texts: set[str], known) -> bool:
    """The heads again, as pages of a printed list have them."""
    if len(first) > 12 or first.isdigit() or (squeezed(first) not in head_texts and not known(squeezed(first))):
        return False
    texts = [text for value in filled if len(text := _text(value)) <= 40]
    return len({key for text in texts if (key := known(squeezed(text)))}) >= LEAST_HEADS


def _merged_cells(sheet: Sheet, first: int, width: int) -> dict[int, dict[int, int]]:
    """{row: {column: row to take the value from}} for cells merged downwards, within the data."""
    cells: dict[int, dict[int, int]] = {}
    for area in sheet.merged or ():
        if area.bottom > area.top >= first and area.left < width:
            for row in range(area.top + 1, min(area.bottom + 1, len(sheet.rows))):
                cells.setdefault(row, {})[area.left] = area.top
    return cells


def _row(sheet, index, own, width, merged, above, anchors, carried) -> Row:
    row = Row(index, own + [None] * (width - len(own)))
    for column, source in merged.get(index, {}).items():
        if above is not None and above.index >= source:
            _take(row, column, above)
        elif source < len(sheet.rows) and column < len(sheet.rows[source]):
            row.cells[column], row.filled[column] = sheet.rows[source][column], source
    if above is not None and anchors and all(_blank(row.cells[column]) for column in anchors):
        row.continues = above.index
        for column in carried:
            if _blank(row.cells[column]):
                _take(row, column, above)
    for column, value in enumerate(row.cells):
        if value.__class__ is str and len(value) <= 8 and not _SAME_SIGNS.isdisjoint(value):
            _same_as_above(row, column, value, above)
    return row


def _same_as_above(row: Row, column: int, value: str, above: Row | None) -> None:
    if _text(value) not in _SAME or column in row.filled:
        return
    if above is None or _blank(above.cells[column]):
        row.same_unknown |= {column}
        row.cells[column] = None
    else:
        _take(row, column, above)


def _take(row: Row, column: int, above: Row) -> None:
    row.cells[column], row.filled[column] = above.cells[column], above.filled.get(column, above.index)


def _blank(value) -> bool:
    return value is None or (value.__class__ is str and not value.isalnum() and not _text(value))

"""The one way out to spreadsheets: text stays text, nothing becomes a formula or a link, whatever it begins with.

    write_xlsx(stream, [("Partners", ["Name", "Since"], rows)])
    write_csv(stream, ["Name", "Since"], rows)

Rows may be a generator: they are written as they come, in constant memory.
"""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

import xlsxwriter
from django.utils import timezone

MAX_TEXT = 32_767  # what a cell holds
MAX_ROWS = 1_048_576  # what a sheet holds
MAX_DIGITS = 15  # what a number in a cell holds
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_OPTIONS = {
    "constant_memory": True,
    "in_memory": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
_NOT_IN_XML = re.compile(r"[\ud800-\udfff\ufffe\uffff]")


def write_xlsx(stream, sheets: Iterable[tuple[str, Sequence, Iterable[Sequence]]]) -> None:
    """Writes a workbook of (title, heads, rows) to a binary stream.

    Text as text, numbers as numbers, dates as dates; numbers of more than 15 digits as text, since a cell would drop
    the rest. A sheet that is full goes on in a second one. Texts longer than a cell holds end in an ellipsis.
    """
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        formats = {
            "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        titles: set[str] = set()
        for title, heads, rows in sheets:
            _write_sheet(book, formats, titles, str(title), [str(head) for head in heads], iter(rows))
        if not titles:
            book.add_worksheet()


def _write_sheet(book, formats, titles, title, heads, rows) -> None:
    number, row = 0, MAX_ROWS
    sheet = None
    for values in rows:
        if row >= MAX_ROWS:
            sheet, number = _new_sheet(book, formats, titles, title, heads), number + 1
            row = 1
        write = sheet.write_string
        for column, value in enumerate(values):
            if value.__class__ is str:
                if value:
                    write(row, column, _text(value))
            elif value is not None:
                _write_value(sheet, formats, row, column, value)
        row += 1
    if number == 0:
        _new_sheet(book, formats, titles, title, heads)


def _new_sheet(book, formats, titles, title, heads):
    sheet = book.add_worksheet(_free_title(title, titles))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(0, len(heads) - 1), 16)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, _text(head), formats["head"])
    return sheet


def _free_title(title: str, titles: set[str]) -> str:
    """A sheet name the format allows (31 characters, no []:*?/\\) that is not taken yet."""
    base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip().strip("'")[:31] or "Sheet"
    base = "List" if base.lower() == "history" else base
    name, number = base, 1
    while name.lower() in titles:
        number += 1
        name = f"{base[: 30 - len(str(number))]} {number}"
    titles.add(name.lower())
    return name


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        value = value[: MAX_TEXT - 1] + "…"
    return _NOT_IN_XML.sub("\ufffd", value) if not value.isascii() else value


def _write_value(sheet, formats, row, column, value) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal):
        if value == value and abs(value) < 10**MAX_DIGITS:
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value))
    elif isinstance(value, datetime):
        naive = timezone.make_naive(value) if timezone.is_aware(value) else value
        _write_moment(sheet, formats[datetime], row, column, naive)
    elif isinstance(value, date):
        _write_moment(sheet, formats[date], row, column, value)
    elif isinstance(value, time):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), formats[time])
    else:
        sheet.write_string(row, column, _text(str(value)))


def _write_moment(sheet, style, row, column, value) -> None:
    if 1900 < value.year < 10_000:
        sheet.write_datetime(row, column, value, style)
    else:  # before the calendar of spreadsheets
        sheet.write_string(row, column, value.isoformat())


def written(write):
    """Return an open temporary file that `write(stream)` has filled, at its beginning; closing it removes it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response that sends it closes it
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def write_csv(stream, heads: Sequence, rows: Iterable[Sequence]) -> None:
    """Writes CSV in UTF-8 with its mark to a binary stream; text that begins like a formula gets an apostrophe."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow([_csv_cell(str(head)) for head in heads])
        writer.writerows([_csv_cell(value) for value in row] for row in rows)
    finally:
        text.detach()


def _csv_cell(value):
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date | time):
        value = str(value).replace("\0", "")
        return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
    if isinstance(value, datetime):
        return (timezone.make_naive(value) if timezone.is_aware(value) else value).isoformat(" ", "minutes")
    return str(value)

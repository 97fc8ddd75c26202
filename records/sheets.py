"""Reads the workbooks people send (.xlsx, .xls, .csv) into plain rows; knows nothing of what a list means.

    book = read_workbook(data, "合作企业台账.xls")
    for sheet in book.sheets: sheet.name, sheet.rows[3][2], sheet.place(3, 2)  ->  "机电!C4"

Every cell is None, str, int, float, bool, date, datetime, time, timedelta or CellError. Whatever cannot be read raises
UnreadableSheet with one sentence that says what to do.
"""

import csv
import io
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path, PurePath

from django.utils.translation import gettext_lazy as _

from . import sheet_worker
from .sheet_worker import COMPOUND_FILE, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS

ERROR_TEXTS = frozenset(sheet_worker.ERRORS.values())
MAX_BYTES = 32 * 1024 * 1024
SECONDS = 60  # by the clock, on a busy machine; sheet_worker limits the processor's time
OUT_OF_LIMITS = (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU)  # how a process ends that asks for too much

_REASONS = {
    "empty": _("The file is empty. Save the list again and choose that file."),
    "too_large": _("The file is larger than %(limit)s MB. Remove the pictures or split the list, then try again."),
    "wrong_name": _("Only .xlsx, .xls and .csv files are read. Save the list as an Excel workbook (.xlsx)."),
    "wrong_type": _(
        "The file is named %(name)s but its content is something else. Open it in Excel or WPS and save it as .xlsx."
    ),
    "web_page": _("The file is a web page under a spreadsheet's name. Open it in Excel or WPS and save it as .xlsx."),
    "document": _("The file is a text document, not a list. Copy the table into Excel or WPS and save it as .xlsx."),
    "other_spreadsheet": _("This kind of spreadsheet is not read. Open it in Excel or WPS and save it as .xlsx."),
    "not_a_list": _("The file holds no spreadsheet. Choose the Excel file or save the list as .xlsx."),
    "encrypted": _("The file is protected by a password. Remove the password in Excel or WPS and save it again."),
    "bomb": _("The file unpacks to far more than a list can hold. Copy the rows into a new workbook and save it."),
    "damaged": _("The file is damaged. Open it in Excel or WPS, save it as a new .xlsx and try again."),
    "too_heavy": _("Reading the file took too long or too much memory. Copy the rows into a new workbook."),
    "too_many_rows": _("A sheet has more than %(limit)s rows. Delete empty rows at the end or split the list."),
    "too_many_columns": _("A sheet has more than %(limit)s columns. Delete the columns that are not needed."),
    "too_many_cells": _("The file has more than %(limit)s cells. Split the list into several files."),
    "too_many_sheets": _("The file has more than %(limit)s sheets. Split the list into several files."),
    "encoding": _("The characters of the file cannot be read. Save it as .xlsx, or as CSV in UTF-8 or GBK."),
    "broken_quotes": _("The quotation marks in line %(line)s do not match. Save the list as .xlsx and try again."),
}


class UnreadableSheet(Exception):
    """The file is not read as a whole. `code` for programs, `sentence` (lazy, in the reader's language) for people."""

    def __init__(self, code: str, **params):
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def sentence(self):
        return _REASONS[self.code] % self.params if self.params else _REASONS[self.code]

    def __str__(self):
        return str(self.sentence)


@dataclass(frozen=True, slots=True)
class CellError:
    """What the spreadsheet shows instead of a value: #REF!, #N/A …"""

    text: str


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged range, positions from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Sheet:
    """One sheet from its cell A1 on. `merged` is None where the format knows no merged cells (CSV)."""

    name: str
    rows: list[list]
    merged: list[Merged] | None = None
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    unsaved_formulas: int = 0

    def place(self, row: int, column: int) -> str:
        """ "Sheet!D7" for the cell at these positions from 0."""
        return f"{self.name}!{letters(column)}{row + 1}"


@dataclass(slots=True)
class Workbook:
    kind: str  # "xlsx", "xls" or "csv"
    sheets: list[Sheet] = field(default_factory=list)


def letters(column: int) -> str:
    """A, B … Z, AA … for positions from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def text_of(value) -> str:
    """The cell as a person would type it: 45536 without ".0", dates as 2024-09-01, errors as #REF!."""
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, CellError):
        return value.text
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ")
    return str(value)


def read_workbook(data: bytes, name: str) -> Workbook:
    """Reads every sheet, hidden ones too. Raises UnreadableSheet.

    The content decides what the file is; a name that says otherwise is refused. Excel files are opened in a process
    of their own under limits of time and memory (see sheet_worker).
    """
    if not data:
        raise UnreadableSheet("empty")
    if len(data) > MAX_BYTES:
        raise UnreadableSheet("too_large", limit=MAX_BYTES // 1024 // 1024)
    suffix, kind = PurePath(name).suffix.lower().lstrip("."), _kind(data)
    if suffix not in ("xlsx", "xls", "csv"):
        raise UnreadableSheet("wrong_name")
    if kind == "web_page":
        raise UnreadableSheet("web_page")
    if kind == "csv" and suffix == "csv":
        return Workbook("csv", [Sheet(_clean(PurePath(name).stem)[:100], _csv_rows(data))])
    if kind == "binary":
        raise UnreadableSheet(
            "encoding" if suffix == "csv" else "damaged" if _is_torn(data) else "wrong_type", name=name
        )
    if kind == "csv":
        raise UnreadableSheet("wrong_type", name=name)
    sheets = _excel_sheets(data)
    if suffix != kind:
        raise UnreadableSheet("wrong_type", name=name)
    if not sheets:
        raise UnreadableSheet("not_a_list")
    return Workbook(kind, sheets)


def _kind(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        return "xlsx"
    if data.startswith(COMPOUND_FILE):
        return "xls"
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"mime-version:")):
        return "web_page"
    if b"\0" in data[:65536] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "binary"
    if head.startswith(
        (b"%pdf-", b"\x89png", b"gif8", b"\xff\xd8\xff", b"{\\rtf", b"rar!", b"7z\xbc\xaf", b"\x1f\x8b")
    ):
        return "binary"
    return "csv"


def _is_torn(data: bytes) -> bool:
    return data.startswith((b"PK", COMPOUND_FILE[:4]))


# CSV


def _csv_rows(data: bytes) -> list[list]:
    text = _decoded(data)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    rows, cells = [], 0
    try:
        for line in lines:
            cells += len(line)
            if len(rows) >= MAX_ROWS:
                raise UnreadableSheet("too_many_rows", limit=MAX_ROWS)
            if len(line) > MAX_COLUMNS:
                raise UnreadableSheet("too_many_columns", limit=MAX_COLUMNS)
            if cells > MAX_CELLS:
                raise UnreadableSheet("too_many_cells", limit=MAX_CELLS)
            rows.append([_unquoted(cell) for cell in line])
    except csv.Error as error:
        raise UnreadableSheet("broken_quotes", line=lines.line_num) from error
    if not any(cell is not None for row in rows for cell in row):
        raise UnreadableSheet("empty")
    return rows


def _decoded(data: bytes) -> str:
    """UTF-8 (with or without its mark), UTF-16 with its mark, else GB18030, which includes GBK and GB 2312."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableSheet("encoding")


def _delimiter(text: str) -> str:
    """The comma, unless another separator is commoner in the first lines."""
    head = text[:8192]
    return max(",", "\t", ";", key=head.count) if head.count(",") < 2 else ","


def _unquoted(cell: str) -> str | CellError | None:
    """Takes off the apostrophe that our own export puts before formula text."""
    if len(cell) > 1 and cell[0] == "'" and cell[1] in "=+-@\t\r":
        cell = cell[1:]
    if cell.startswith("#") and cell in ERROR_TEXTS:
        return CellError(cell)
    return cell.replace("\0", "") or None


# Excel


def _excel_sheets(data: bytes) -> list[Sheet]:
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(sheet_worker.__file__))],
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableSheet("too_heavy") from error
    if done.returncode != 0:
        raise UnreadableSheet("too_heavy" if done.returncode in OUT_OF_LIMITS else "damaged")
    answer = json.loads(done.stdout)
    if "unreadable" in answer:
        raise UnreadableSheet(answer["unreadable"], **answer["params"])
    return [_sheet(sheet) for sheet in answer["sheets"]]


def _sheet(sheet: dict) -> Sheet:
    return Sheet(
        name=_clean(sheet["name"])[:100],
        rows=[[_value(cell) for cell in row] for row in sheet["rows"]],
        merged=[Merged(*bounds) for bounds in sheet["merged"]],
        is_hidden=sheet["hidden"],
        hidden_rows=frozenset(sheet["hidden_rows"]),
        unsaved_formulas=sheet["unsaved_formulas"],
    )


_TAGS = {
    "error": CellError,
    "date": date.fromisoformat,
    "moment": datetime.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda seconds: timedelta(seconds=seconds),
    "text": str,
}


def _value(cell):
    if type(cell) is str:
        return (_clean(cell) if "\0" in cell or "_x" in cell else cell) or None
    if type(cell) is dict:
        [(tag, value)] = cell.items()
        return _TAGS[tag](value)
    return cell


def _clean(text: str) -> str:
    """Without the zero characters that no database takes, and with the line ends some writers spell out."""
    return text.replace("\0", "").replace("_x000D_", "")


__all__ = ["MAX_SHEETS", "CellError", "Merged", "Sheet", "UnreadableSheet", "Workbook", "read_workbook", "text_of"]

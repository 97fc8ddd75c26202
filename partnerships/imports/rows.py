"""A workbook → rows of the partner list: what each cell says, what stops a row, what was only roughly understood.

Pure: no database, no clock. Nothing is dropped in silence: sheets that were not read, lines below the total, columns
nobody knows are said in the SheetReport; the text of every cell stays in the row.
"""

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache

from partnerships.rules import codes
from partnerships.rules.phones import Person
from records.sheets import CellError, Sheet, Workbook, read_workbook, text_of
from records.tables import Row, Table, find_table

from . import cells
from .cells import Count, Day, Finding, Money, Term
from .columns import ANCHORS, CARRIED, CODES, LIMITS, known
from .contacts import contacts_in
from .problems import PROBLEMS, Problem

_USCC_PROBLEMS = {
    id(sentence): code
    for code, sentence in (
        ("lost_digits", codes.LOST_DIGITS),
        ("uscc_old", codes.OLD_REGISTRATION),
        ("uscc_organisation", codes.ORGANISATION),
        ("uscc_length", codes.LENGTH),
        ("uscc_letters", codes.LETTERS),
        ("uscc_place", codes.PLACE),
        ("uscc_checksum", codes.CHECKSUM),
    )
}
_COMMON_SHEET_NAME = re.compile(
    r"(?:sheet|工作表|表)\s*\d*|.*(?:台账|汇总|清单|名单|一览|总表|附件|企业|合作|模板|[0-9年]).*", re.IGNORECASE
)
CHECK_UNIT_FROM = 10_000  # 万元: above a hundred million yuan somebody probably meant yuan


@dataclass(slots=True)
class PartnerRow:
    """One line of the list. `first_line` is the line on which its enterprise begins (merged cells, 同上): lines with
    the same sheet and first_line belong to one enterprise."""

    sheet: str
    line: int
    first_line: int
    raw: dict[str, str]
    lead_department: str = ""
    name: str = ""
    former_names: list[str] = field(default_factory=list)
    uscc: str = ""
    uscc_pending: bool = False
    ownership: str = ""
    industry_text: str = ""
    size_text: str = ""
    headcount: Count | None = None
    address: str = ""
    legal_representative: str = ""
    contacts: list[Person] = field(default_factory=list)
    cooperation_modes: list[str] = field(default_factory=list)
    specialties: list[str] = field(default_factory=list)
    agreement_title: str = ""
    signed: Day | None = None
    term: Term | None = None
    agreement_number: str = ""
    interns_taken: Count | None = None
    graduates_hired: Count | None = None
    donation: Money | None = None
    school_contact: str = ""
    last_visit: Day | None = None
    remark: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @property
    def is_faulty(self) -> bool:
        return bool(self.problems)

    def as_json(self) -> dict:
        """Plain values that json.dumps and a JSON column take."""
        data = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if name == "contacts":
                value = [vars(person) | {"phones": list(person.phones)} for person in value]
            elif name in ("problems", "notes"):
                value = [problem.as_json() for problem in value]
            elif name in _TYPES and value is not None:
                value = value.as_json()
            data[name] = value
        return data

    @classmethod
    def from_json(cls, data: dict) -> "PartnerRow":
        values = dict(data)
        values["raw"] = dict(data["raw"])
        values["contacts"] = [Person(**person) for person in data["contacts"]]
        for name in ("problems", "notes"):
            values[name] = [Problem.from_json(problem) for problem in data[name]]
        for name, kind in _TYPES.items():
            values[name] = kind.from_json(data[name])
        return cls(**values)


_TYPES = {
    "headcount": Count,
    "signed": Day,
    "term": Term,
    "interns_taken": Count,
    "graduates_hired": Count,
    "donation": Money,
    "last_visit": Day,
}


@dataclass(slots=True)
class SheetReport:
    """What became of one sheet; `notes` are about the sheet as a whole."""

    name: str
    head_line: int | None = None
    rows: int = 0
    notes: list[Problem] = field(default_factory=list)

    @property
    def was_read(self) -> bool:
        return self.head_line is not None


@dataclass(slots=True)
class PartnerList:
    rows: list[PartnerRow] = field(default_factory=list)
    sheets: list[SheetReport] = field(default_factory=list)

    @property
    def faulty(self) -> list[PartnerRow]:
        return [row for row in self.rows if row.is_faulty]


def read_partner_list(data: bytes, name: str) -> PartnerList:
    """Reads an uploaded list. Raises records.sheets.UnreadableSheet when the file as a whole cannot be read."""
    return read_partner_rows(read_workbook(data, name))


def read_partner_rows(book: Workbook, _name: str = "") -> PartnerList:
    """Reads every sheet that has a table of partners; reports the others. The file's name says nothing here."""
    answer = PartnerList()
    with few_collections():
        for sheet in book.sheets:
            if any(value is not None for row in sheet.rows for value in row):
                report, rows = _read_sheet(sheet, takes_lead_from_name=book.kind != "csv")
                answer.sheets.append(report)
                answer.rows.extend(rows)
    return answer


@contextmanager
def few_collections():
    """The rows only grow while a list is read and compared: looking through them for garbage costs a quarter."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_sheet(sheet: Sheet, *, takes_lead_from_name: bool) -> tuple[SheetReport, list[PartnerRow]]:
    report = SheetReport(sheet.name)
    table = find_table(sheet, known, anchors=ANCHORS, carried=CARRIED)
    if table is None or table.column_of("name") is None:
        report.notes.append(Problem("no_heads" if table is None else "no_name_column"))
        return report, []
    report.head_line = table.first
    reader = SheetReader(table, lead=_lead_from(sheet.name) if takes_lead_from_name else "")
    rows = reader.rows()
    report.rows = len(rows)
    report.notes.extend(remarks_on(table))
    if reader.lead and "lead_department" not in reader.columns:
        report.notes.append(Problem("lead_from_sheet", params={"name": reader.lead}))
    if not rows:
        report.notes.append(Problem("no_rows"))
    return report, rows


def _lead_from(name: str) -> str:
    """A sheet's name is its faculty, unless it is a name that sheets commonly have."""
    name = cells.tidy(name)
    return "" if _COMMON_SHEET_NAME.fullmatch(name) else name


def remarks_on(table: Table):
    """What is to be said about a sheet that was read."""
    sheet = table.sheet
    if sheet.is_hidden:
        yield Problem("hidden_sheet")
    if lines := [row.line for row in table.rows if row.index in sheet.hidden_rows]:
        more = ["…"] if len(lines) > 20 else []
        yield Problem("hidden_rows", params={"lines": ", ".join([*map(str, lines[:20]), *more])})
    if table.stopped_at:
        yield Problem("stopped", params={"line": table.stopped_at})
    if table.left_over:
        yield Problem("left_over", params={"count": table.left_over, "line": table.stopped_at})
    if sheet.unsaved_formulas:
        yield Problem("unsaved_formulas", params={"count": sheet.unsaved_formulas})
    if unknown := [head.text for head in table.heads if head.key is None]:
        yield Problem("unknown_columns", params={"heads": "、".join(unknown[:20])})


class SheetReader:
    """Reads the rows of one table; knows its columns and where each cell stands."""

    def __init__(self, table: Table, lead: str = ""):
        self.table, self.sheet, self.lead = table, table.sheet, lead
        self.columns = {head.key: head.column for head in table.heads if head.key}
        self.heads = {head.column: head.text for head in table.heads}
        self.raw_heads = distinct_heads(table)
        self.money_unit = "元" if re.search(r"(?<!万)元", self.heads.get(self.columns.get("donation"), "")) else "万"

    def rows(self) -> list[PartnerRow]:
        rows: list[PartnerRow] = []
        for line in self.table.rows:
            if self._holds_only_its_number(line):
                continue
            row = RowReader(self, line).read()
            if rows and _is_former_name_below(line, row, self.columns["name"]):
                rows[-1].former_names.extend(row.former_names)
                params = {"value": "、".join(row.former_names)}
                rows[-1].notes.append(self.problem("former_name_below", line, self.columns["name"], params))
            else:
                rows.append(row)
        first_lines = {row.line: row for row in rows}
        for row in rows:
            while (first := first_lines.get(row.first_line)) and first.first_line != row.first_line:
                row.first_line = first.first_line
        return rows

    def _holds_only_its_number(self, line: Row) -> bool:
        column = self.columns.get("sequence")
        return column is not None and all(at == column or value is None for at, value in enumerate(line.cells))

    def problem(self, code: str, line: Row, column: int, params: dict | None = None) -> Problem:
        return Problem(code, self.heads.get(column, ""), self.sheet.place(line.index, column), params or {})


def distinct_heads(table: Table) -> list[tuple[int, str]]:
    """(column, head) with a number behind heads that come twice; the reasons of an earlier return file are left out."""
    seen, heads = {}, []
    for head in sorted(table.heads, key=lambda head: head.column):
        if head.key == "reason":
            continue
        seen[head.text] = times = seen.get(head.text, 0) + 1
        heads.append((head.column, head.text if times == 1 else f"{head.text} ({times})"))
    return heads


def _is_former_name_below(line: Row, row: PartnerRow, name_column: int) -> bool:
    """Only "(原恒力机械厂)" below the name: the second line of the cell above, not an enterprise."""
    own = [column for column, value in enumerate(line.cells) if value is not None and column not in line.filled]
    return own == [name_column] and not row.name and bool(row.former_names)


class RowReader:
    """Reads one line into a PartnerRow."""

    def __init__(self, sheet: SheetReader, line: Row):
        self.sheet, self.line, self.columns, self.cells = sheet, line, sheet.columns, line.cells
        self.row = PartnerRow(
            sheet=sheet.sheet.name,
            line=line.line,
            first_line=line.line,
            raw={head: text_of(line.cells[column]) for column, head in sheet.raw_heads},
        )

    def read(self) -> PartnerRow:
        row = self.row
        self._check_cells()
        self._read_name()
        self._read_code()
        row.lead_department = self._text("lead_department")
        if "lead_department" not in self.columns:
            row.lead_department = self.sheet.lead
        row.ownership = self._text("ownership")
        row.industry_text = self._text("industry")
        row.size_text = self._text("size")
        row.address = self._text("address")
        row.legal_representative = self._text("legal_representative")
        row.agreement_title = self._text("agreement_title")
        row.agreement_number = self._text("agreement_number")
        row.school_contact = self._text("school_contact")
        row.remark = self._text("remark")
        row.cooperation_modes = self._list("cooperation_modes")
        row.specialties = self._list("specialties")
        row.interns_taken = self._value("interns_taken", cells.read_count)
        row.graduates_hired = self._value("graduates_hired", cells.read_count)
        row.headcount = self._value("headcount", cells.read_count) or _headcount_in(row.size_text)
        row.last_visit = self._value("last_visit", cells.read_day)
        self._read_donation()
        self._read_term()
        self._read_contacts()
        return row

    def cell(self, key: str):
        column = self.columns.get(key)
        return None if column is None else self.cells[column]

    def note(self, code: str, key: str, **params) -> None:
        """To the problems when it stops the row, else to the notes."""
        to = self.row.problems if code in PROBLEMS else self.row.notes
        to.append(self.sheet.problem(code, self.line, self.columns[key], params))

    def _check_cells(self) -> None:
        """Broken formulas anywhere, dropped digits where the number is a name, long texts, 同上 below nothing."""
        for key, column in self.columns.items():
            value = self.cells[column]
            if value is None or key in ("sequence", "reason"):
                continue
            if value.__class__ is CellError:
                self.note("error_value", key, value=value.text)
                self.cells[column] = None
            elif key in CODES and cells.has_lost_digits(value):
                self.note("lost_digits", key, value=text_of(value))
                self.cells[column] = None
            elif value.__class__ is str and key in LIMITS and key != "name" and len(value) > LIMITS[key]:
                self._check_length(key, value)
        for key, column in self.columns.items():
            if column in self.line.same_unknown:
                self.note("same_as_nothing" if key == "name" else "same_unknown", key)
        if self.line.index in self.sheet.sheet.hidden_rows:
            self.note("hidden_row", "name")
        if self.line.continues is not None:
            self.note("continued", "name", line=self.line.filled.get(self.columns["name"], self.line.continues) + 1)

    def _check_length(self, key: str, value: str) -> None:
        text = cells.tidy(value)
        if len(text) > LIMITS[key]:
            self.note("too_long", key, length=len(text), limit=LIMITS[key])
            self.cells[self.columns[key]] = None

    def _text(self, key: str) -> str:
        column = self.columns.get(key)
        if column is None or (value := self.cells[column]) is None:
            return ""
        text = cells.tidy(value if value.__class__ is str else text_of(value))
        return "" if len(text) < 5 and not text.isdigit() and cells.is_nothing(text) else text

    def _list(self, key: str) -> list[str]:
        value = self.cell(key)
        return [] if value is None else list(cells.split_list(text_of(value)))

    def _value(self, key: str, read, *args):
        cell = self.cell(key)
        if cell is None:
            return None
        value, findings = read(cell, *args)
        for finding in findings:
            self.note(finding.code, key, **finding.params)
        return value

    def _read_name(self) -> None:
        column, value = self.columns["name"], self.cell("name")
        if column in self.line.filled:
            self.row.first_line = self.line.filled[column] + 1
        if value is None or cells.is_nothing(value):
            if not any(problem.code in ("same_as_nothing", "error_value") for problem in self.row.problems):
                self.note("no_name", "name")
            return
        name, former = cells.read_name(text_of(value))
        self.row.former_names = list(dict.fromkeys([*former, *self._list("former_names")]))
        longest = max([name, *self.row.former_names], key=len)
        if not name:
            self.note("only_former_name" if former else "no_name", "name")
        elif len(longest) > LIMITS["name"]:
            self.note("name_too_long", "name", length=len(longest), limit=LIMITS["name"])
        elif value.__class__ is not str or not any(character.isalpha() for character in name):
            self.note("not_a_name", "name", value=name)
        else:
            self.row.name = name

    def _read_code(self) -> None:
        value = self.cell("uscc")
        if value is None:
            return
        code, problem = codes.read_uscc(value if value.__class__ in (str, float) else text_of(value))
        self.row.uscc = code or ""
        if problem is codes.PENDING:
            self.row.uscc_pending = True
        elif problem is not None:
            code = _USCC_PROBLEMS[id(problem)]
            self.note(code, "uscc", **({"value": text_of(value)} if code == "lost_digits" else {}))

    def _read_donation(self) -> None:
        self.row.donation = amount = self._value("donation", cells.read_money, self.sheet.money_unit)
        if amount and amount.value >= CHECK_UNIT_FROM and "亿" not in text_of(self.cell("donation")):
            self.note("check_unit", "donation", value=str(amount.value))

    def _read_term(self) -> None:
        """Date and term; a range in the date's column is both."""
        self.row.term = self._value("term", cells.read_term)
        value = self.cell("signed")
        if value is None:
            return
        day, findings = cells.read_day(value)
        if day is None and isinstance(value, str) and findings:
            term, wrong = _range_in(value)
            if term:
                findings = (Finding("range_as_date", {"value": value[:60]}),)
                day, self.row.term = term.start, self.row.term or term
            elif any(finding.code == "impossible_date" for finding in wrong):
                findings = wrong
        self.row.signed = day
        for finding in findings:
            self.note(finding.code, "signed", **finding.params)

    def _read_contacts(self) -> None:
        who, position, phone = (self._text(key) for key in ("contact", "contact_position", "contact_phone"))
        if not (who or phone):
            return
        people, codes_found = contacts_in(who, position, phone)
        key = "contact_phone" if phone else "contact"
        for code in codes_found:
            self.note(code, key, value=(phone or who)[:60])
        for person in people:
            for text, limit in ((person.name, 60), (person.position, 60), *((number, 40) for number in person.phones)):
                if len(text) > limit:
                    self.note("too_long", key, length=len(text), limit=limit)
        self.row.contacts = [replace(person, phones=list(person.phones)) for person in people]


@lru_cache(maxsize=4096)
def _headcount_in(size: str) -> Count | None:
    """The number in 规模 when people are counted there: 500人, 约1.2万人, a bare 500."""
    if not size or not re.search(r"\d", size) or not ("人" in size or size.isdigit()):
        return None
    return cells.read_count_text(size)[0]


@lru_cache(maxsize=4096)
def _range_in(text: str):
    return cells.read_range(text)

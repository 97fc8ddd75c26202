"""A workbook → rows of the list of visits: which day, who, which enterprises, what was said.

Pure: no database, no clock. As for partners nothing is dropped in silence, and the text of every cell stays in the row.
"""

import hashlib
from dataclasses import dataclass, field

from records.sheets import CellError, Workbook, text_of
from records.tables import Row, Table, above_heads, find_table, squeezed

from . import cells
from .cells import Count
from .problems import PROBLEMS, Problem
from .rows import PartnerList, SheetReport, distinct_heads, few_collections, remarks_on
from .visit_cells import When, read_firms, read_follow_up, read_kind, read_party, read_when, year_of
from .visit_columns import ANCHORS, CARRIED, LABELS, LIMITS, known


@dataclass(slots=True)
class VisitRow:
    """One line of the list: one tour, of one enterprise or several."""

    sheet: str
    line: int
    raw: dict[str, str]
    #: {column: [its head, its cell]} of what is compared with the records.
    places: dict[str, list[str]]
    #: {column: its text}, tidied, empty ones left out; what later imports of the same row are compared with.
    listed: dict[str, str] = field(default_factory=dict)
    when: When | None = None
    kind: str = "visit"
    leader: str = ""
    head_count: int | None = None
    firms: list[str] = field(default_factory=list)
    jobs: Count | None = None
    internships: Count | None = None
    follow_up_by: str = ""
    follow_up_on: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "、".join(self.firms) or self.listed.get("firms", "")

    @property
    def is_shared(self) -> bool:
        """Whether the row speaks of several enterprises at once."""
        return len(self.firms) > 1

    @property
    def key(self) -> str:
        """Day and content: with the enterprise, what tells this visit from every other."""
        content = squeezed(self.listed.get("summary", ""))
        text = f"{self.when.first}|{self.when.last}|{self.when.precision}|{content}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def text(self, column: str) -> str:
        return self.listed.get(column, "")

    def as_json(self) -> dict:
        """Plain values that a JSON column takes, with the name and code that every preview shows."""
        data = {name: getattr(self, name) for name in self.__slots__}
        for name in ("problems", "notes"):
            data[name] = [problem.as_json() for problem in data[name]]
        for name in _TYPES:
            data[name] = data[name] and data[name].as_json()
        return data | {"name": self.name, "uscc": ""}

    @classmethod
    def from_json(cls, data: dict) -> "VisitRow":
        values = {name: data[name] for name in cls.__slots__}
        for name in ("problems", "notes"):
            values[name] = [Problem.from_json(problem) for problem in data[name]]
        for name, kind in _TYPES.items():
            values[name] = kind.from_json(data[name])
        return cls(**values)


_TYPES = {"when": When, "jobs": Count, "internships": Count}


def read_visit_rows(book: Workbook, name: str = "") -> PartnerList:
    """Reads every sheet that has a table of visits; reports the others. `name` of the file may say the year."""
    answer = PartnerList()
    with few_collections():
        for sheet in book.sheets:
            if any(value is not None for row in sheet.rows for value in row):
                report, rows = _read_sheet(sheet, name)
                answer.sheets.append(report)
                answer.rows.extend(rows)
    return answer


def _read_sheet(sheet, name):
    report = SheetReport(sheet.name)
    table = find_table(sheet, known, anchors=ANCHORS, carried=CARRIED)
    if table is None or table.column_of("firms") is None or table.column_of("when") is None:
        report.notes.append(Problem("no_heads" if table is None else "no_visit_columns"))
        return report, []
    report.head_line = table.first
    year = year_of(above_heads(table)) or year_of([sheet.name]) or year_of([name])
    reader = VisitReader(table, year)
    rows = [reader.read(line) for line in table.rows if not reader.holds_only_its_number(line)]
    report.rows = len(rows)
    report.notes.extend(remarks_on(table))
    if not rows:
        report.notes.append(Problem("no_rows"))
    return report, rows


class VisitReader:
    """Reads the lines of one table; knows its columns, where each cell stands, and the year its title names."""

    def __init__(self, table: Table, year):
        self.table, self.year = table, year
        self.columns = {head.key: head.column for head in table.heads if head.key}
        self.heads = {head.column: head.text for head in table.heads}
        self.raw_heads = distinct_heads(table)

    def holds_only_its_number(self, line: Row) -> bool:
        column = self.columns.get("sequence")
        return column is not None and all(at == column or value is None for at, value in enumerate(line.cells))

    def read(self, line: Row) -> VisitRow:
        raw = {head: text_of(line.cells[column]) for column, head in self.raw_heads}
        row = VisitRow(self.table.sheet.name, line.line, raw, self._places(line))
        self._keep_texts(row, line)
        self._read_when(row, line)
        self._read_firms(row, line)
        self._read_people(row, line)
        for name in ("jobs", "internships"):
            self._read_count(row, line, name)
        if not row.text("summary") and not self._has_problem(row, "summary"):
            self._note(row, line, "no_content", "summary" if "summary" in self.columns else "firms")
        if row.is_shared and any(row.text(name) for name in ("people", "agreed", "jobs", "internships", "wishes")):
            self._note(row, line, "shared_row", "firms")
        return row

    def _places(self, line):
        places = {}
        for column in ("when", "firms", "summary"):
            at = self.columns.get(column, self.columns["firms"])
            places[column] = [self.heads[at], self.table.sheet.place(line.index, at)]
        return places

    def _note(self, row, line, code, column, **params):
        """To the problems when it stops the row, else to the notes."""
        at = self.columns[column]
        to = row.problems if code in PROBLEMS else row.notes
        to.append(Problem(code, self.heads[at], self.table.sheet.place(line.index, at), params))

    def _has_problem(self, row, column):
        return any(problem.head == self.heads.get(self.columns.get(column)) for problem in row.problems)

    def _keep_texts(self, row, line):
        for column in LABELS:
            at = self.columns.get(column)
            value = None if at is None else line.cells[at]
            if value is None:
                continue
            if isinstance(value, CellError):
                self._note(row, line, "error_value", column, value=value.text)
                line.cells[at] = None
                continue
            text = cells.tidy(text_of(value))
            if len(text) > LIMITS[column]:
                self._note(row, line, "too_long", column, length=len(text), limit=LIMITS[column])
            elif not cells.is_nothing(text):
                row.listed[column] = text
        for column, at in self.columns.items():
            if at in line.same_unknown and column in LABELS:
                self._note(row, line, "same_as_nothing" if column == "firms" else "same_unknown", column)
        if line.index in self.table.sheet.hidden_rows:
            self._note(row, line, "hidden_row", "firms")
        if line.continues is not None:
            self._note(row, line, "continued", "firms", line=line.continues + 1)

    def _read_when(self, row, line):
        if self._has_problem(row, "when"):
            return
        row.when, findings = read_when(line.cells[self.columns["when"]], self.year)
        for finding in findings:
            self._note(row, line, finding.code, "when", **finding.params)
        if row.when and row.when.said and read_when(row.when.said)[0] is None:
            self._note(row, line, "year_from_title", "when", value=row.when.said)

    def _read_firms(self, row, line):
        if self._has_problem(row, "firms"):
            return
        names, said = read_firms(row.text("firms"))
        row.firms = [name for name in dict.fromkeys(cells.read_name(part)[0] for part in names) if name]
        if not row.firms:
            self._note(row, line, "no_firm", "firms")
        elif said is not None and said != len(row.firms):
            self._note(row, line, "firms_unnamed", "firms", named=len(row.firms), said=said)

    def _read_people(self, row, line):
        led, came = read_party(row.text("leader")), read_party(row.text("party"))
        row.leader = led.leader or (came.leader if came.count else "")
        row.head_count = led.count or came.count
        if how := row.text("kind"):
            row.kind = read_kind(how) or "visit"
            if read_kind(how) is None:
                self._note(row, line, "kind_unknown", "kind", value=how)
        if follow_up := row.text("follow_up"):
            person, day = read_follow_up(follow_up, row.when and row.when.last)
            row.follow_up_by, row.follow_up_on = person, day.isoformat() if day else ""
            if not person:
                self._note(row, line, "follow_up_unclear", "follow_up", value=follow_up[:60])

    def _read_count(self, row, line, name):
        text = row.text(name)
        if not text:
            return
        count, findings = cells.read_count(line.cells[self.columns[name]])
        setattr(row, name, count)
        if count is None:
            for finding in findings:
                code = "no_number" if finding.code == "unreadable_count" else finding.code
                self._note(row, line, code, name, value=text)
        elif count.approximate:
            self._note(row, line, "rough_number", name, value=text, taken=count.value)

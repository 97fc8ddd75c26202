"""The return file: rows that could not be taken over, as they stood, with the reason in the last column."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from records.spreadsheets import write_xlsx

from .rows import PartnerRow
from .visit_rows import VisitRow


def write_return_file(stream, rows: Iterable[PartnerRow | VisitRow]) -> None:
    """Writes the rows to a workbook: their own sheets, heads and texts, then the reasons. Read again as a list, the
    column of reasons is passed over."""
    sheets: dict[str, list[PartnerRow | VisitRow]] = {}
    for row in rows:
        sheets.setdefault(row.sheet, []).append(row)
    write_xlsx(stream, (_sheet(name, rows) for name, rows in sheets.items()))


def _sheet(name: str, rows: list[PartnerRow]):
    heads = list(dict.fromkeys(head for row in rows for head in row.raw))
    lines = ([*(row.raw.get(head, "") for head in heads), reason_for(row)] for row in rows)
    return name, [*heads, _("Reason")], lines


def reason_for(row: PartnerRow | VisitRow) -> str:
    """All that stops the row, each with its cell."""
    return "\n".join(f"{problem.cell} {problem.head}: {problem.sentence}" for problem in row.problems)

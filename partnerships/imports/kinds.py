"""Which kind of list a workbook is, by the heads of its sheets."""

from records.sheets import Workbook
from records.tables import known_heads

from . import columns, visit_columns


def kind_of(book: Workbook) -> str:
    """ "visits" where more heads are known as those of a list of visits than of partners, else "partners"."""
    visits = max((known_heads(sheet, visit_columns.known) for sheet in book.sheets), default=0)
    partners = max((known_heads(sheet, columns.known) for sheet in book.sheets), default=0)
    return "visits" if visits > partners else "partners"

"""The words of a preview: how a kept row and the remarks on a file read, in the reader's language."""

from django.utils.translation import gettext as _

from partnerships.imports import visit_columns
from partnerships.imports.problems import NOT_READ, Problem
from partnerships.models import Enterprise
from records.sheets import UnreadableSheet


class Names:
    """The names behind stored keys, each table read once and only when a row refers to it."""

    TABLES = ("region", "industry", "owner", "lead_department")

    def __init__(self):
        self.tables = {}

    def of(self, field, key):
        if field not in self.tables:
            model = Enterprise._meta.get_field(field).related_model
            self.tables[field] = {str(row.pk): str(row) for row in model.objects.all()}
        return self.tables[field].get(key, key)


def rows_shown(rows):
    names = Names()
    return [row_shown(row, names) for row in rows]


def row_shown(row, names):
    """One row of the preview: name, place in the list, verdict, its changes, or its problems with cell and reason."""
    parsed = row.parsed
    return {
        "row": row,
        "name": parsed["name"] or _("(no name)"),
        "uscc": parsed["uscc"],
        "changes": [
            (label(name), worded(name, old, names), worded(name, new, names)) for name, old, new in row.changes
        ],
        "problems": [_sentence(problem) for problem in parsed["problems"]],
        "notes": [_sentence(note) for note in parsed["notes"]],
    }


def label(name):
    """What a changed field is called."""
    if name in visit_columns.LABELS:
        return visit_columns.LABELS[name]
    own = {
        "contacts": _("contact"),
        "last_visit": _("last visit"),
        "listed": _("agreement in the list"),
    }
    return own.get(name) or Enterprise._meta.get_field(name).verbose_name


def worded(name, value, names):
    """A stored value as a person reads it; keys of places, trades and people by their names."""
    if not value:
        return ""
    if name in ("ownership", "size"):
        return dict(Enterprise._meta.get_field(name).flatchoices).get(value, value)
    return names.of(name, value) if name in Names.TABLES else value


def remarks_shown(batch):
    """Sentences about the file as a whole, sheet by sheet."""
    shown = []
    for remark in batch.remarks:
        if "sheet" not in remark:
            code = remark["code"]
            sentence = NOT_READ.get(code) or UnreadableSheet(code, **remark["params"]).sentence
            shown.append({"sheet": "", "sentences": [sentence]})
            continue
        sentences = [_sentence(note)["text"] for note in remark["notes"]]
        if sentences:
            shown.append({"sheet": remark["sheet"], "sentences": sentences})
    return shown


def _sentence(problem):
    problem = Problem.from_json(problem)
    return {"head": problem.head, "cell": problem.cell, "text": problem.sentence}

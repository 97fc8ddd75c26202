"""What may be wrong with a cell, and the sentence for it.

Stored as code and parameters, because a preview is kept; the sentence is made when shown, in the reader's language.
"""

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from partnerships.rules import codes

#: Stops the row: it waits in the return file.
PROBLEMS = {
    "no_name": _("The enterprise's name is missing. Enter its full registered name."),
    "not_a_name": _("“%(value)s” is no name. Enter the enterprise's full registered name."),
    "only_former_name": _("Only a former name is given. Enter today's name before it."),
    "name_too_long": _(
        "The name has %(length)s characters, at most %(limit)s are possible. Enter the registered name."
    ),
    "too_long": _("The text has %(length)s characters, at most %(limit)s are possible. Shorten it."),
    "same_as_nothing": _("“Same as above” has nothing above it. Enter the name."),
    "lost_digits": _(
        "The sheet stored this as a number and dropped digits (%(value)s). Format the cell as text and type it again."
    ),
    "impossible_date": _("“%(value)s” is not a date of the calendar. Correct the day or month."),
    "error_value": _("The cell shows %(value)s. Enter the value instead of the broken formula."),
    "uscc_old": codes.OLD_REGISTRATION,
    "uscc_organisation": codes.ORGANISATION,
    "uscc_length": codes.LENGTH,
    "uscc_letters": codes.LETTERS,
    "uscc_place": codes.PLACE,
    "uscc_checksum": codes.CHECKSUM,
    "stale": _("This partner was changed after the preview. Import the row again to see what it would do now."),
    "not_yours": _(
        "“%(value)s” belongs to another officer and department. Ask its owner, or a lead, to import the row."
    ),
    "two_enterprises": _(
        "The code %(code)s belongs to “%(owner)s”, the name to “%(name)s”. Check which enterprise is meant."
    ),
    "no_day": _("The day of the visit is missing. Write it like 2026.3.12 or 2026.3.12-3.14."),
    "unreadable_day": _("“%(value)s” was not understood as a day. Write it like 2026.3.12 or 2026.3.12-3.14."),
    "day_lost_zero": _(
        "“%(value)s” may have lost a zero at its end. Format the cell as text and write the whole date."
    ),
    "no_year": _("“%(value)s” has no year, and the title of the list names none. Write the year before it."),
    "day_before_start": _("“%(value)s” ends before it begins. Correct one of the two days."),
    "day_ahead": _("“%(value)s” lies ahead. A visit is taken in once it has happened."),
    "no_firm": _("The enterprise is missing. Enter its full registered name."),
    "firms_unnamed": _("The cell names %(named)s of %(said)s enterprises. Name each of them."),
    "unknown_firm": _("“%(value)s” is not recorded. Similar names: %(near)s. Enter one of them, or record it first."),
    "unknown_firm_alone": _("“%(value)s” is not recorded, nor is a similar name. Record the enterprise first."),
    "several_firms": _("Several enterprises carry the name “%(value)s”. Enter the full name of the one you mean."),
    "twice_in_list": _("Line %(line)s lists the same visit with other details. Write both into one row."),
    "no_content": _("It is missing what the visit was about. One sentence is enough."),
    "stale_visit": _("This visit was recorded or changed after the preview. Import the row again to see what is new."),
    "other_code": _("The code %(code)s is not the one recorded (%(recorded)s). Check which of the two is right."),
}

#: The row is good; this one value was not understood, or only roughly.
NOTES = {
    "unreadable_date": _("“%(value)s” was not understood as a date; the text is kept in the row."),
    "month_lost_zero": _("“%(value)s” may mean January or October; only the year was taken over."),
    "range_as_date": _("“%(value)s” holds two dates; the first was taken as the date, both as the term."),
    "unreadable_term": _("“%(value)s” was not understood as a term; the text is kept in the row."),
    "ends_before_start": _("“%(value)s” ends before it begins; no term was taken over."),
    "unreadable_count": _("“%(value)s” was not understood as a number; the text is kept in the row."),
    "range_of_numbers": _("“%(value)s” is a range; %(taken)s was taken as a rough number."),
    "unreadable_amount": _("“%(value)s” was not understood as an amount; the text is kept in the row."),
    "check_unit": _("%(value)s × ¥10,000 is unusually much. Check whether yuan were meant."),
    "phones_unassigned": _("It is not clear which number belongs to whom; all were given to the first person."),
    "no_contact_name": _("There is a phone number but no name."),
    "unreadable_contact": _("“%(value)s” was not understood as a person; the text is kept in the row."),
    "same_unknown": _("“Same as above” has nothing above it; the cell was left empty."),
    "former_name_below": _("The former name “%(value)s” was taken from the row below."),
    "continued": _("The cells left empty were taken from line %(line)s, as in merged cells."),
    "year_from_title": _("“%(value)s” has no year; that of the list's title was taken."),
    "rough_number": _("“%(value)s” was read as %(taken)s, at least or roughly; the words are kept beside it."),
    "no_number": _("“%(value)s” is no number; only the words are kept."),
    "shared_row": _(
        "The row is about several enterprises: what it says of one alone stays with the trip, for the school."
    ),
    "kind_unknown": _("“%(value)s” is not known as a way of contact; a visit was taken."),
    "follow_up_unclear": _("“%(value)s” does not clearly name one person and one day; it is kept as text."),
    "hidden_row": _("The row is hidden in the sheet; it was read all the same."),
}

#: About a sheet as a whole.
SHEET_NOTES = {
    "no_heads": _(
        "No row with at least three known column heads was found in the first 15 rows, so the sheet was not read."
    ),
    "no_name_column": _("There is no column with the enterprise's name, so the sheet was not read."),
    "no_visit_columns": _(
        "There is no column with the enterprise's name or none with the day of the visit, so the sheet was not read."
    ),
    "no_rows": _("There are heads but no rows below them."),
    "hidden_sheet": _("The sheet is hidden; it was read all the same."),
    "hidden_rows": _("Hidden rows were read all the same: %(lines)s."),
    "stopped": _("Reading stopped at line %(line)s (total, notes or signatures)."),
    "left_over": _(
        "Rows below line %(line)s that were not read: %(count)s. Move them above the total if they belong to it."
    ),
    "unknown_columns": _("Columns that are kept as text only: %(heads)s."),
    "unsaved_formulas": _(
        "Formulas without a stored result, read as empty: %(count)s. Open the file in Excel or WPS, save it, try again."
    ),
    "lead_from_sheet": _("The sheet's name “%(name)s” was taken as the leading department."),
}

LOST, NOBODY = "lost", "nobody"
#: Why a list was not read though nothing is wrong with the sheet.
NOT_READ = {
    LOST: _("The file is no longer on the server. Upload it again."),
    NOBODY: _("Whoever uploaded it may no longer change partners; nothing was written. Somebody else uploads it."),
}

_SENTENCES = {**PROBLEMS, **NOTES, **SHEET_NOTES}


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding at one cell; also used for notes. `cell` is a reference like 机电!D7."""

    code: str
    head: str = ""
    cell: str = ""
    params: dict = field(default_factory=dict)

    @property
    def sentence(self):
        """Lazy: in the language of whoever reads it."""
        return _SENTENCES[self.code] % self.params

    def as_json(self) -> dict:
        return {"code": self.code, "head": self.head, "cell": self.cell, "params": self.params}

    @classmethod
    def from_json(cls, data: dict) -> "Problem":
        return cls(data["code"], data["head"], data["cell"], data["params"])

"""A plain, decent paper without a template: title, parties, articles, and where each of them signs.

It sets its own page breaks by counting lines of an exact height, so that each sheet is known and carries its code
(records.leaves). Counted generously: a sheet that overflows all the same continues on a second one with the same code.
"""

import io
import math
import re
import unicodedata
from copy import deepcopy
from dataclasses import dataclass, field, replace

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from records.leaves import mark

LINES, WIDTH = 26, 35  # of a sheet, of a line in full characters
LINE, TEXT, HEADING, TITLE = Pt(24), Pt(12), Pt(14), Pt(20)
FONTS = {"w:ascii": "Times New Roman", "w:hAnsi": "Times New Roman", "w:eastAsia": "宋体"}


@dataclass
class Paper:
    """What stands on it: texts as they read. `parties` and `signers` are (heading, lines)."""

    title: str
    number: str = ""
    parties: list = field(default_factory=list)
    preamble: str = ""
    articles: list = field(default_factory=list)  # (heading, text)
    closing: str = ""
    signers: list = field(default_factory=list)
    author: str = ""


@dataclass(frozen=True)
class Line:
    """One paragraph: its kind decides how it looks, its height how much room it takes."""

    kind: str
    text: str = ""
    height: float = 1
    cells: tuple = ()


def write(paper, code=""):
    """(the .docx as bytes, how many sheets it has). With `code` each sheet carries it."""
    document = _blank(paper)
    sheets = _sheets(_lines(paper))
    for number, sheet in enumerate(sheets):
        for line in sheet:
            _add(document, line)
        if number < len(sheets) - 1:
            _end_sheet(document)
    leaves = mark(document, code) if code else len(sheets)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue(), leaves


def width_of(text):
    """In full characters: a Chinese one is one, a Latin one a good half."""
    return sum(1 if unicodedata.east_asian_width(sign) in "WFA" else 0.55 for sign in text)


# --- what stands where ---------------------------------------------------------------------------------------------


def _lines(paper):
    title = math.ceil(width_of(paper.title) / 20)
    yield Line("title", paper.title, 1.6 * max(title, 1))
    if paper.number:
        yield Line("number", paper.number)
    for heading, facts in paper.parties:
        yield from _text(heading, "party")
        for fact in facts:
            yield from _text(fact, "fact")
    yield from _text(paper.preamble)
    for heading, text in paper.articles:
        yield Line("heading", heading, 1.4)
        yield from _text(text)
    yield from _text(paper.closing)
    for pair in (paper.signers[n : n + 2] for n in range(0, len(paper.signers), 2)):
        rows = max(len(lines) for _heading, lines in pair) + 1
        yield Line("signs", height=rows * 1.5 + 1, cells=tuple(pair))


def _text(text, kind="text"):
    for paragraph in text.split("\n"):
        for n, part in enumerate(_parts(paragraph)):
            yield Line(kind if n == 0 else "rest", part, math.ceil((width_of(part) + 2 * (n == 0)) / WIDTH))


def _parts(paragraph):
    """A paragraph in pieces of three lines, so that it can go on overleaf; cut between characters, not inside words."""
    while width_of(paragraph) > WIDTH * 3:
        end = WIDTH * 3
        while width_of(paragraph[:end]) > WIDTH * 3:
            end -= 1
        if space := re.search(r"\s(?=\S*$)", paragraph[:end]) if paragraph[end - 1].isascii() else None:
            end = space.end()
        yield paragraph[:end]
        paragraph = paragraph[end:]
    if paragraph.strip():
        yield paragraph


def _sheets(lines):
    """The lines of each sheet, pieces of one paragraph together again; a heading goes with the first line below it."""
    sheets, sheet, used, heading = [], [], 0, None
    for line in lines:
        if line.kind == "heading":
            heading = line
            continue
        taken = [heading, line] if heading else [line]
        height, heading = sum(one.height for one in taken), None
        if used + height > LINES and sheet:
            sheets.append(sheet)
            sheet, used = [], 0
        if line.kind == "rest" and sheet:
            sheet[-1] = replace(sheet[-1], text=sheet[-1].text + line.text)
        else:
            sheet += taken
        used += height
    return [*sheets, sheet]


# --- how it looks --------------------------------------------------------------------------------------------------


def _blank(paper):
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin, section.bottom_margin, section.footer_distance = Cm(2.2), Cm(3), Cm(0.8)
    fonts = document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts()
    for name, font in FONTS.items():
        fonts.set(qn(name), font)
    facts = document.core_properties
    facts.author, facts.title, facts.comments = paper.author[:200], paper.title[:200], ""
    return document


def _add(document, line):
    if line.kind == "signs":
        _add_signs(document, line)
        return
    paragraph = document.add_paragraph()
    _set(paragraph, 34 if line.kind == "title" else LINE.pt)
    run = paragraph.add_run(line.text)
    run.font.size = {"title": TITLE, "heading": TEXT}.get(line.kind, TEXT)
    run.bold = line.kind in ("title", "heading", "party")
    if line.kind == "title":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif line.kind == "number":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    elif line.kind == "text":
        paragraph.paragraph_format.first_line_indent = TEXT * 2
    elif line.kind == "heading":
        paragraph.paragraph_format.space_before = Pt(8)


def _set(paragraph, height):
    shape = paragraph.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(height)


def _add_signs(document, line):
    _set(document.add_paragraph(), LINE.pt)
    table = document.add_table(rows=1, cols=2)
    for cell, (heading, lines) in zip(table.rows[0].cells, line.cells, strict=False):
        paragraph = cell.paragraphs[0]
        for n, text in enumerate([heading, *lines]):
            paragraph = paragraph if n == 0 else cell.add_paragraph()
            _set(paragraph, 36)
            paragraph.add_run(text).bold = n == 0


def _end_sheet(document):
    """The last paragraph ends the section: one of its own would take a line."""
    body = document.element.body
    last = document.paragraphs[-1]._p
    if body[-2] is not last:  # a table stands there
        last = document.add_paragraph()._p
    last.get_or_add_pPr().append(deepcopy(body[-1]))

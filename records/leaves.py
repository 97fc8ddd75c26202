"""The sheets of a printed paper: each carries a code that says which paper it is of, and which sheet of how many.

A word processor lays text out by itself, and nobody knows beforehand how many pages it makes of it. So a sheet that has
to be known again is a section of its own with its own foot: sections end where the text has a page break, and
records.plainpaper sets breaks by itself. python-docx and qrcode only, no Django: records.document_worker uses it too.
"""

import io
import re
from copy import deepcopy

import qrcode
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

#: What the code on a sheet says: the paper's own code, which sheet, of how many.
MARK = re.compile(r"RH1:([1-9A-HJ-NP-Za-km-z]{8,20}):(\d{1,3}):(\d{1,3})")
SIZE = Cm(1.7)
FEET = ("footer", "first_page_footer", "even_page_footer")
TITLE_PAGE, BREAK_BEFORE, SECTION = qn("w:titlePg"), qn("w:pageBreakBefore"), qn("w:sectPr")


#: The "sheet" of every page that a browser prints by itself: how many it makes of the text is known to nobody.
UNCOUNTED = 0


def mark_of(code, leaf, leaves):
    return f"RH1:{code}:{leaf}:{leaves}"


def read_mark(text):
    """(code, leaf, leaves) that a code on a sheet says, or None where it is another one."""
    found = MARK.fullmatch(text)
    return (found[1], int(found[2]), int(found[3])) if found else None


def picture_of(text):
    """The code as PNG, with room around it and a quarter of it in reserve for stamps and folds."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_Q, box_size=6, border=3)
    code.add_data(text)
    out = io.BytesIO()
    code.make_image().save(out, format="PNG")
    return out.getvalue()


def mark(document, code):
    """Put the code of its sheet into the foot of each section of `document` and return how many sheets there are."""
    feet = _feet(document)
    owners = _cut(document.element.body)
    sections = list(document.sections)
    begins = [n == 0 or not _continues(section) for n, section in enumerate(sections)]
    leaf, leaves = 0, sum(begins)
    for section, owner, is_new in zip(sections, owners, begins, strict=True):
        leaf += is_new
        for reference in section._sectPr.findall(qn("w:footerReference")):
            section._sectPr.remove(reference)
        for name in _used(document, section):
            foot = getattr(section, name)
            foot.is_linked_to_previous = False
            _copy(feet[owner][name], foot)
            _sign(foot, code, leaf, leaves)
    return leaves


def _continues(section):
    kind = section._sectPr.find(qn("w:type"))
    return kind is not None and kind.get(qn("w:val")) == "continuous"


def _used(document, section):
    names = ["footer"]
    if section._sectPr.find(TITLE_PAGE) is not None:
        names.append("first_page_footer")
    if document.settings.odd_and_even_pages_header_footer:
        names.append("even_page_footer")
    return names


# --- where a sheet ends --------------------------------------------------------------------------------------------


def _cut(body):
    """Turn page breaks between paragraphs into ends of sections; which section each of the new ones was cut from."""
    governing = list(body.iter(SECTION))
    owners, index, is_first, before = [], 0, True, None
    for child in list(body):
        if child.tag == SECTION:
            _settle(child, is_first)
            owners.append(index)
            continue
        if child.tag != qn("w:p"):
            before = None
            continue
        own = child.find(f"{qn('w:pPr')}/{SECTION}")
        if before is not None and own is None and _takes_break_before(child):
            _end(before, governing[index], is_first)
            owners.append(index)
            is_first = False
        before = child
        if own is not None:
            _settle(own, is_first)
            owners.append(index)
            index, is_first, before = index + 1, True, None
        elif _takes_break(child):
            _end(child, governing[index], is_first)
            owners.append(index)
            is_first, before = False, None
    return owners


def _takes_break_before(paragraph):
    """Whether the paragraph begins a page; then it no longer says so itself."""
    properties = paragraph.find(qn("w:pPr"))
    begins = properties.find(BREAK_BEFORE) if properties is not None else None
    if begins is None:
        return False
    properties.remove(begins)
    return True


def _takes_break(paragraph):
    """Whether the paragraph ends with a page break; then the break is taken out. One in its midst stays."""
    breaks = [one for one in paragraph.iter(qn("w:br")) if one.get(qn("w:type")) == "page"]
    if not breaks:
        return False
    last, is_behind = breaks[-1], False
    for element in paragraph.iter():
        if element is last:
            is_behind = True
        elif is_behind and element.tag in (qn("w:t"), qn("w:drawing")) and (element.text or len(element)):
            return False
    last.getparent().remove(last)
    return True


def _end(paragraph, governing, is_first):
    section = deepcopy(governing)
    _settle(section, is_first)
    properties = paragraph.find(qn("w:pPr"))
    if properties is None:
        properties = paragraph.makeelement(qn("w:pPr"))
        paragraph.insert(0, properties)
    properties.append(section)


def _settle(section, is_first):
    """What begins anew with a section does so only in the first of the pieces it was cut into."""
    if is_first:
        return
    for name in ("w:type", "w:titlePg", "w:pgNumType"):
        for element in section.findall(qn(name)):
            section.remove(element)


# --- the foot ------------------------------------------------------------------------------------------------------


def _feet(document):
    """For each section {kind of foot: (its elements, its part)} as it shows, its own or that of the one before."""
    found, shown = [], dict.fromkeys(FEET, ((), None))
    for section in document.sections:
        for name in FEET:
            foot = getattr(section, name)
            if not foot.is_linked_to_previous:
                shown = shown | {name: (list(foot._element), foot.part)}
        found.append(shown)
    return found


def _copy(source, foot):
    """Fill a new foot with what the old one held, its pictures and links too."""
    elements, part = source
    if part is None:
        return
    for child in list(foot._element):
        foot._element.remove(child)
    names = {}
    for key, relation in part.rels.items():
        target = relation.target_ref if relation.is_external else relation.target_part
        names[key] = foot.part.relate_to(target, relation.reltype, is_external=relation.is_external)
    for element in elements:
        copied = deepcopy(element)
        for node in copied.iter():
            for name, value in node.attrib.items():
                if name.startswith("{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"):
                    node.set(name, names.get(value, value))
        foot._element.append(copied)


def _sign(foot, code, leaf, leaves):
    paragraphs = foot.paragraphs
    is_empty = len(paragraphs) == 1 and not paragraphs[0].text and not len(paragraphs[0].runs)
    paragraph = paragraphs[0] if is_empty else foot.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0)
    words = paragraph.add_run(f"{code}  {leaf}/{leaves}  ")
    words.font.size = Pt(8)
    paragraph.add_run().add_picture(io.BytesIO(picture_of(mark_of(code, leaf, leaves))), width=SIZE)

"""What a scanned stack would file: which agreement gets which pages, what is missing, twice, or of another text.

Which pages are one sheet, and where one without a code may belong, is in rules.stacks.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from partnerships.models import Agreement, AgreementDocument, PaperStep, ScanPage
from partnerships.rules.stacks import Lying, copies_of, in_order, suggestions
from partnerships.services.agreements.signing import digest_of
from partnerships.workflow import keeps_this_agreement
from records.leaves import UNCOUNTED

PLACED = (ScanPage.Fate.FOUND, ScanPage.Fate.ASSIGNED)
LEFT_OUT = (ScanPage.Fate.DROPPED, ScanPage.Fate.EMPTY)
#: So many documents are offered for a page that cannot be read.
OFFERED = 200


@dataclass
class Pile:
    """The pages of one agreement in a stack, in the order of its document."""

    agreement: Agreement
    document: AgreementDocument
    pages: list
    missing: list = field(default_factory=list)
    #: Sheets of which the stack holds another copy further on, and all pages of these.
    twice: list = field(default_factory=list)
    twice_pages: list = field(default_factory=list)
    #: {sheet: its pages} where its text runs over to further pages.
    further: dict = field(default_factory=dict)
    #: Pages of another version than the newest one among them.
    older: list = field(default_factory=list)
    is_of_this_text: bool = True
    why_not: object = None

    @property
    def is_clean(self):
        return not (self.missing or self.twice or self.older) and self.is_of_this_text


def piles_of(scan, user):
    """The Pile of each agreement of which the stack holds pages, in the order in which they lie in it.

    `user` is who would file them: an agreement that the person may not change says why not.
    """
    pages = list(scan.sheets.filter(fate__in=PLACED).select_related("document").order_by("position"))
    lying = [_lying(page) for page in pages]
    copies, places = copies_of(lying), {position: n for n, position in enumerate(in_order(lying))}
    by_agreement = {}
    for page in sorted(pages, key=lambda page: (page.document.nth, places[page.position])):
        by_agreement.setdefault(page.document.agreement_id, []).append(page)
    rows = Agreement.objects.select_related("enterprise__lead_department", "owner", "amends", "school_contact")
    found = rows.prefetch_related("sites", "enterprise__departments").in_bulk(by_agreement)
    newest = {}
    for row in AgreementDocument.objects.filter(agreement__in=by_agreement).order_by("nth"):
        newest[row.agreement_id, row.language] = row
    piles = [_pile(found[pk], pages, copies, newest, user) for pk, pages in by_agreement.items()]
    return sorted(piles, key=lambda pile: min(page.position for page in pile.pages))


def _lying(page):
    return Lying(page.position, page.document_id, page.leaf, by_hand=page.fate == ScanPage.Fate.ASSIGNED)


def _pile(agreement, pages, copies, newest, user):
    document = max((page.document for page in pages), key=lambda row: row.nth)
    own = defaultdict(list)
    for page in pages:
        if page.document_id == document.pk:
            own[page.leaf].append(page)
    twice = sorted(leaf for leaf, found in own.items() if any(copies[page.position] > 1 for page in found))
    return Pile(
        agreement=agreement,
        document=document,
        pages=pages,
        missing=[] if UNCOUNTED in own else [leaf for leaf in range(1, document.leaves + 1) if leaf not in own],
        twice=twice,
        twice_pages=[page for leaf in twice for page in own[leaf]],
        further={leaf: found for leaf, found in own.items() if len(found) > 1 and leaf not in twice},
        older=[page for page in pages if page.document_id != document.pk],
        is_of_this_text=newest[agreement.pk, document.language].digest == document.digest == digest_of(agreement),
        why_not=keeps_this_agreement(agreement, user),
    )


def suggested_for(sheets):
    """{position: (document id, sheet)} of pages to be assigned by hand, where their place leaves one answer only."""
    lying = [
        _lying(page) if page.fate in PLACED else Lying(page.position)
        for page in sheets if page.fate not in LEFT_OUT
    ]  # fmt: skip
    leaves = {page.document_id: page.document.leaves for page in sheets if page.fate in PLACED}
    return suggestions(lying, leaves)


def offered_for(scan, user):
    """The documents to which a page that cannot be read may belong: those of the stack, then those that are away."""
    in_stack = scan.sheets.filter(fate__in=PLACED).values("document")
    away = PaperStep.objects.away().filter(agreement__in=Agreement.objects.visible_to(user)).values("agreement")
    rows = AgreementDocument.objects.visible_to(user).select_related("agreement__enterprise")
    rows = rows.filter(pk__in=in_stack) | rows.filter(agreement__in=away)
    return rows.distinct().order_by("agreement__enterprise__sort_key", "agreement", "-nth")

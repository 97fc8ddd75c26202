"""What a scanned stack would file: which agreement gets which pages, what is missing, twice, or of another text."""

from dataclasses import dataclass, field

from partnerships.models import Agreement, AgreementDocument, PaperStep, ScanPage
from partnerships.services.agreements.signing import digest_of
from partnerships.workflow import keeps_this_agreement

PLACED = (ScanPage.Fate.FOUND, ScanPage.Fate.ASSIGNED)
#: So many documents are offered for a page that cannot be read.
OFFERED = 200


@dataclass
class Pile:
    """The pages of one agreement in a stack, in the order of its document."""

    agreement: Agreement
    document: AgreementDocument
    pages: list
    missing: list = field(default_factory=list)
    twice: list = field(default_factory=list)
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
    pages = scan.sheets.filter(fate__in=PLACED).select_related("document").order_by("position")
    by_agreement = {}
    for page in pages:
        by_agreement.setdefault(page.document.agreement_id, []).append(page)
    rows = Agreement.objects.select_related("enterprise__lead_department", "owner", "amends", "school_contact")
    found = rows.prefetch_related("sites", "enterprise__departments").in_bulk(by_agreement)
    newest = {}
    for row in AgreementDocument.objects.filter(agreement__in=by_agreement).order_by("nth"):
        newest[row.agreement_id, row.language] = row
    return [_pile(found[pk], pages, newest, user) for pk, pages in by_agreement.items()]


def _pile(agreement, pages, newest, user):
    document = max((page.document for page in pages), key=lambda row: row.nth)
    pages = sorted(pages, key=lambda page: (page.document.nth, page.leaf, page.position))
    own = [page.leaf for page in pages if page.document_id == document.pk]
    return Pile(
        agreement=agreement,
        document=document,
        pages=pages,
        missing=[leaf for leaf in range(1, document.leaves + 1) if leaf not in own],
        twice=sorted({leaf for leaf in own if own.count(leaf) > 1}),
        older=[page for page in pages if page.document_id != document.pk],
        is_of_this_text=newest[agreement.pk, document.language].digest == document.digest == digest_of(agreement),
        why_not=keeps_this_agreement(agreement, user),
    )


def offered_for(scan, user):
    """The documents to which a page that cannot be read may belong: those of the stack, then those that are away."""
    in_stack = scan.sheets.filter(fate__in=PLACED).values("document")
    away = PaperStep.objects.away().filter(agreement__in=Agreement.objects.visible_to(user)).values("agreement")
    rows = AgreementDocument.objects.visible_to(user).select_related("agreement__enterprise")
    rows = rows.filter(pk__in=in_stack) | rows.filter(agreement__in=away)
    return rows.distinct().order_by("agreement__enterprise__sort_key", "agreement", "-nth")

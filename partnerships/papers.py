"""How the paper of an agreement reads: where it is, which steps it has taken, and which documents there are."""

from dataclasses import dataclass

from partnerships.models import PaperStep
from partnerships.rules.papers import REFERENCES, SHARED, Step, is_long_away, next_step, stage_of
from partnerships.services.agreements import documents
from partnerships.workflow import AgreementState
from records.leaves import UNCOUNTED, mark_of


def paper_stage(agreement):
    """The rules.papers.Stage of its paper, or None. Reads its steps, which a list brings along."""
    return stage_of([row.step for row in agreement.paper_steps.all() if row.undone_at is None])


@dataclass(frozen=True)
class StepLine:
    """One step on the page: done or not, and how long it has been waiting where that is too long."""

    step: object
    row: PaperStep | None
    reference_label: object
    days_away: int = 0


def step_lines(agreement, today):
    """Every step in the usual order, done or not."""
    done = {row.step: row for row in agreement.paper_steps.standing().select_related("by")}
    is_back = Step.RETURNED in done or Step.ARCHIVED in done
    lines = []
    for step in Step:
        row = done.get(step)
        days = 0
        if step == Step.SENT and row and not is_back and is_long_away(row.on, today):
            days = (today - row.on).days
        lines.append(StepLine(step, row, REFERENCES.get(step, ""), days))
    return lines


def papers_of(agreement, today, *, may_change):
    """What the school's page shows of the paper: steps, those taken back, the next one, documents and their text."""
    lines = step_lines(agreement, today)
    taken = [line.step for line in lines if line.row]
    kept = list(agreement.documents.select_related("file", "made_by", "template").order_by("-nth"))
    return {
        "lines": lines,
        "stage": stage_of(taken),
        "undone": agreement.paper_steps.exclude(undone_at=None).select_related("undone_by"),
        "next": next_step(taken),
        "open": [line.step for line in lines if not line.row],
        "documents": kept,
        "current": documents.current(agreement) if kept else None,
        "may_print": agreement.state in documents.PRINTED,
        "may_change": may_change,
        "today": today,
    }


def code_to_print(agreement, versions):
    """The document whose code the pages carry that a browser prints of `agreement`, and the code (records.leaves).

    None where the page does not show what a document does: none of the present text, or amendments changed it since.
    """
    document = documents.current(agreement) if len(versions) == 1 else None
    return None if document is None else (document, mark_of(document.code, UNCOUNTED, document.leaves))


def papers_for_enterprise(agreement):
    """What the enterprise reads of it: the document of the text as it stands, when it was sent and came back."""
    steps = {row.step: row for row in agreement.paper_steps.standing().filter(step__in=SHARED)}
    is_readable = agreement.state != AgreementState.DRAFT
    document = documents.current(agreement) if is_readable else None
    stamped = agreement.scans.select_related("file").order_by("-pk").first() if is_readable else None
    return {
        "sent": steps.get(Step.SENT),
        "returned": steps.get(Step.RETURNED),
        "document": document,
        "stamped": stamped,
    }

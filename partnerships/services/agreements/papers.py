"""The paper's own way: steps ticked one by one or for many agreements at once, and mistakes taken back."""

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Agreement, PaperStep
from partnerships.rules.papers import SHARED, Step
from partnerships.services.agreements.drafting import write_changes
from partnerships.services.agreements.writing import lock_kept, no_longer, tell
from partnerships.workflow import AgreementState
from records.models import Audience
from records.workflow import Refused

#: So many agreements at most: four pages of the list.
MOST = 200
DONE, SAME, REFUSED = "done", "same", "refused"
#: What has ended takes no step but the last.
OVER = (AgreementState.EXPIRED, AgreementState.RENEWED, AgreementState.TERMINATED)
TOLD = {Step.SENT: "agreement.paper_sent", Step.RETURNED: "agreement.paper_returned"}


def tick(agreement, step, *, by, on=None, reference="", now=None):
    """Write down that the paper of `agreement` has taken `step` on the day `on`, and return the PaperStep.

    A step that is ticked stays as it is. The box is filed with the last step. Writes "agreement.paper_ticked" (school);
    of what was sent and came back "agreement.paper_sent", "agreement.paper_returned", which both sides read. Raises
    NotAllowed, Refused for a draft that is sent and for what has ended, ValidationError for a day that lies ahead.
    """
    now, on = now or timezone.now(), on or timezone.localdate(now)
    reference = reference.strip()
    if on > timezone.localdate(now):
        raise ValidationError({"on": _("This day lies ahead.")})
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = lock_kept(agreement, by)
        if ticked := locked.paper_steps.standing().filter(step=step).first():
            return ticked
        _check(locked, step)
        row = PaperStep(agreement=locked, step=step, on=on, reference=reference, by=by, at=now)
        row.full_clean(exclude=["agreement", "by"], validate_unique=False)
        row.save(force_insert=True)
        audience = Audience.BOTH if step in SHARED else Audience.SCHOOL
        kind = TOLD.get(step, "agreement.paper_ticked")
        tell(kind, locked, by, now, audience=audience, step=step, day=f"{on}", reference=reference)
        if step == Step.ARCHIVED and reference:
            write_changes(locked, by, now, {"archive_box": reference[:40]})
    return row


def _check(locked, step):
    if locked.state in OVER and step != Step.ARCHIVED:
        raise no_longer(locked)
    if locked.state == AgreementState.DRAFT and step in SHARED:
        raise Refused(_("A draft is not sent: give it to the enterprise to read first."))


def untick(step, *, by, now=None):
    """Take back a step that was ticked by mistake and return it; the row stays, with who took it back.

    Doing it twice changes nothing. Writes "agreement.paper_undone" (school); of what the enterprise was told
    "agreement.paper_mended", which both sides read. Raises NotAllowed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_kept(step.agreement, by)
        step = locked.paper_steps.get(pk=step.pk)
        if step.undone_at:
            return step
        step.undone_at, step.undone_by = now, by
        step.save(update_fields=["undone_at", "undone_by"])
        is_shared = step.step in SHARED
        kind = "agreement.paper_mended" if is_shared else "agreement.paper_undone"
        audience = Audience.BOTH if is_shared else Audience.SCHOOL
        tell(kind, locked, by, now, audience=audience, step=step.step, day=f"{step.on}")
    return step


def tick_many(pks, step, *, by, on, reference="", now=None):
    """Tick `step` for each agreement of `pks`; return one dict each: agreement, outcome and, refused, the reason.

    One transaction, the rows locked by id, each behind a savepoint: what may not be changed is named, the others are
    done. What is ticked already stays as it is.
    """
    found = []
    with transaction.atomic():
        rows = Agreement.objects.visible_to(by).filter(pk__in=list(pks)[:MOST]).select_related("enterprise")
        for row in rows.order_by("pk"):
            outcome, reason = _one(row, step, by, on, reference, now)
            found.append({"agreement": row, "outcome": outcome, "reason": reason})
    return found


def _one(agreement, step, by, on, reference, now):
    if agreement.paper_steps.standing().filter(step=step).exists():
        return SAME, ""
    try:
        with transaction.atomic():
            tick(agreement, step, by=by, on=on, reference=reference, now=now)
    except Refused as refused:
        return REFUSED, str(refused.reason)
    except ValidationError as error:
        return REFUSED, " ".join(error.messages)
    return DONE, ""

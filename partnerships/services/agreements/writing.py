"""What every write to an agreement shares: the lock, the check, and what is told."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from partnerships.models import Agreement
from partnerships.rules.agreements import INTERNAL, MANY, SIGNED
from partnerships.services.enterprises import Conflict, shown
from partnerships.services.touchpoints import check_length
from partnerships.workflow import AgreementState, keeps_this_agreement
from records.models import Audience, Side
from records.services import record
from records.workflow import NotAllowed, Refused

#: What is kept in tables of its own: set after the row is saved.
LINKED = (*MANY, "departments", "other_parties")
TEXTS = ("aim", "payment", "school_duties", "enterprise_duties", "other_terms")
#: The states in which the text is still being worked at.
AT_WORK = (AgreementState.DRAFT, AgreementState.REVIEW, AgreementState.SIGNATURE)


def lock(agreement):
    """Lock the row and return it; of an amendment the agreement first, so that ending and amending wait in one queue.

    Call it inside a transaction.
    """
    rows = Agreement.objects.select_for_update(of=("self",), no_key=True)
    if agreement.amends_id:
        rows.only("pk").get(pk=agreement.amends_id)
    return rows.select_related("enterprise", "owner", "amends").get(pk=agreement.pk)


def lock_kept(agreement, by, version=None, changes=None):
    """The same, where `by` keeps it. Raises NotAllowed, Conflict where somebody else saved since `version`."""
    locked = lock(agreement)
    if reason := keeps_this_agreement(locked, by):
        raise NotAllowed(reason)
    if version is not None and locked.version != version:
        raise Conflict(locked, changes or {})
    return locked


def check_known(fields, known=(*SIGNED, *INTERNAL)):
    if unknown := set(fields) - set(known):
        raise TypeError(f"not a field of an agreement: {', '.join(sorted(unknown))}")


def text_of(agreement):
    """What is signed, field → value; what is kept in a table of its own as a list."""
    return {name: list(getattr(agreement, name).all()) if name in MANY else getattr(agreement, name) for name in SIGNED}


def set_fields(agreement, changes):
    """Set `changes` on a locked row and return {field: (before, after)} of what really differs, as it reads.

    What is linked is written at once, the row itself is not.
    """
    differing = {}
    for name, value in changes.items():
        before = shown(agreement, name)
        if name in LINKED:
            kept = set(getattr(agreement, name).values_list("pk", flat=True))
            if kept == {row.pk for row in value}:
                continue
            getattr(agreement, name).set(value)
        elif getattr(agreement, name) == value:
            continue
        else:
            setattr(agreement, name, value)
        differing[name] = (before, shown(agreement, name))
    return differing


def check(agreement):
    """Raise ValidationError for what a person may have typed wrong, and for what belongs to another enterprise."""
    skipped = ["form_key", "enterprise", "amends", "renews", "created_by", "owner", "department", "school_contact"]
    agreement.full_clean(exclude=[*skipped, "enterprise_contact"], validate_unique=False)
    for name in TEXTS:
        check_length(Agreement, name, getattr(agreement, name))
    contact = agreement.enterprise_contact
    if contact is not None and contact.enterprise_id != agreement.enterprise_id:
        raise ValidationError({"enterprise_contact": _("This person belongs to another enterprise.")})


def check_linked(agreement, values):
    """The same for rows that `values` name: sites and parties, and who is to look after it."""
    owner = values.get("owner")
    if owner is not None and not (owner.is_active and owner.sees_partners):
        raise ValidationError({"owner": _("Choose an officer or a lead who may sign in.")})
    if any(site.enterprise_id != agreement.enterprise_id for site in values.get("sites", ())):
        raise ValidationError({"sites": _("This site belongs to another enterprise.")})
    if any(row.pk == agreement.enterprise_id for row in values.get("other_parties", ())):
        raise ValidationError({"other_parties": _("It is a party already.")})


def save(agreement, **how):
    """Save, or raise ValidationError with the sentence of the rule that was broken: somebody was quicker."""
    try:
        with transaction.atomic():
            agreement.save(**how)
    except IntegrityError as error:
        raise_sentence(error)


def raise_sentence(error):
    """Raise ValidationError with the sentence of the constraint in `error`; the error itself where it has none."""
    for constraint in Agreement._meta.constraints:
        if constraint.name in str(error):
            raise ValidationError(constraint.get_violation_error_message()) from error
    raise error


def tell(kind, agreement, by, now, *, side=None, audience=Audience.BOTH, by_name="", **data):
    """Append an Event about `agreement` on the stream of its enterprise."""
    side = side or (Side.SCHOOL if by is None or by.is_school else Side.ENTERPRISE)
    data = {"name": agreement.title, "nth": agreement.nth, **data}
    return record(
        kind, subject=agreement, stream=agreement.stream, by=by, by_name=by_name, side=side, audience=audience,
        data=data, happened_at=now,
    )  # fmt: skip


def tell_changes(agreement, by, now, differing, **how):
    """Write down what an edit changed: what is signed for whoever may read the text, the rest for the school."""
    signed = {name: list(pair) for name, pair in differing.items() if name in SIGNED}
    filed = {name: list(pair) for name, pair in differing.items() if name not in SIGNED}
    if signed:
        audience = Audience.SCHOOL if agreement.state == AgreementState.DRAFT else Audience.BOTH
        tell("agreement.changed", agreement, by, now, audience=audience, changes=signed, **how)
    if filed:
        tell("agreement.filed", agreement, by, now, audience=Audience.SCHOOL, changes=filed)


def why_not_amend(agreement):
    """Why an amendment cannot go on: its agreement has ended. None for an agreement itself."""
    if agreement.is_amendment and agreement.amends.state != AgreementState.IN_FORCE:
        return _("Its agreement is no longer in force.")
    return None


def no_longer(agreement):
    """Refused: the sentence for a state in which this is over."""
    return Refused(_("This is not possible any more: it is “%(state)s”.") % {"state": agreement.get_state_display()})

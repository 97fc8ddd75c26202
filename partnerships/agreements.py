"""How an agreement reads: its word and next step on each side, its text, its versions side by side, its history."""

from dataclasses import dataclass, field

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partnerships.models import Agreement
from partnerships.papers import paper_stage
from partnerships.rules.agreements import BLOCKS, MANY, OPEN_END, SIGNED, in_effect
from partnerships.rules.papers import Stage
from partnerships.timeline import label_of, sentence
from partnerships.workflow import AGREEMENT, AgreementState
from records.models import Event, Side, Signature
from records.templatetags.show import listed, yuan

BADGES = {"in_force": " badge--kept", "review": " badge--due", "signature": " badge--due"}
#: What standing() reads beside the row: a list reads it once for all its rows.
FOR_STANDING = ("comments", "paper_steps", "amendments")
#: So many entries of its history stand on the page.
HISTORY = 60
#: So many agreements stand on the page of a partner.
SHOWN = 20


# --- where it stands -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """The word for where it stands, what comes next, and whose that is: school, enterprise, or nobody's."""

    label: str
    next_step: str
    whose: str = ""
    badge: str = ""


def standing(agreement, today, *, for_enterprise=False):
    """The Standing of `agreement` in the words of one side.

    Reads its comments where it is in joint review, and its amendments where its end is near.
    """
    words = AGREEMENT.words[agreement.state]
    words = words.for_enterprise() if for_enterprise else words
    label, next_step, whose = str(words.label), str(words.next_step), ""
    badge = BADGES.get(agreement.state, "")
    if agreement.state == AgreementState.DRAFT:
        whose = Side.SCHOOL
    elif agreement.state == AgreementState.REVIEW:
        next_step, whose = _of_review(agreement, for_enterprise)
    elif agreement.state == AgreementState.SIGNATURE:
        next_step, whose = _of_signatures(agreement, for_enterprise)
        if not for_enterprise and (stage := paper_stage(agreement)):
            label = str(stage.label)
    elif agreement.ended_on and agreement.state == AgreementState.IN_FORCE:
        next_step = _("It ends on %(day)s.") % {"day": date_format(agreement.ended_on)}
    elif agreement.is_expiring(today) and not agreement.is_amendment:
        label, badge, whose = _("expiring"), " badge--due", Side.SCHOOL
        next_step = _of_end(agreement, for_enterprise)
    return Standing(label, next_step, whose, badge)


def _of_review(agreement, for_enterprise):
    """Whoever has not answered a comment; else whoever has not agreed; else the lead."""
    open_ones = [row for row in agreement.comments.all() if row.resolved_at is None]
    of = {side: sum(row.side == side for row in open_ones) for side in (Side.SCHOOL, Side.ENTERPRISE)}
    reader = Side.ENTERPRISE if for_enterprise else Side.SCHOOL
    other = Side.SCHOOL if for_enterprise else Side.ENTERPRISE
    if of[other]:
        count = of[other]
        said = ngettext(
            "Next: look at %(count)s comment of the other side.",
            "Next: look at %(count)s comments of the other side.",
            count,
        )
        return said % {"count": count}, reader
    if of[reader]:
        return _("The other side looks at your comments."), other
    agreed = {Side.SCHOOL: agreement.agreed_school_at, Side.ENTERPRISE: agreement.agreed_enterprise_at}
    if not agreed[reader]:
        return _("Next: read it, comment on what should change, or agree."), reader
    if not agreed[other]:
        return _("You have agreed. The other side is still reading."), other
    if for_enterprise:
        return _("Both sides have agreed. The school prepares the papers."), other
    return _("Both sides have agreed. Next: a lead approves it."), reader


def _of_signatures(agreement, for_enterprise):
    """How many are still to sign; where nobody was asked, whoever has the paper, else the school asks."""
    count = agreement.open_signatures
    if not count and paper_stage(agreement) == Stage.AWAY:
        if for_enterprise:
            return _("Please stamp the papers and send them back."), Side.ENTERPRISE
        return _("Next: the enterprise stamps the papers and sends them back."), Side.ENTERPRISE
    if not count:
        return (_("The school prepares the papers.") if for_enterprise else _("Next: ask who signs.")), Side.SCHOOL
    said = ngettext("%(count)s person is still to sign.", "%(count)s people are still to sign.", count)
    return said % {"count": count}, ""


def _of_end(agreement, for_enterprise):
    day = {"day": date_format(agreement.effective_until)}
    if agreement.renewing:
        return _("It renews itself on %(day)s unless one side gives notice.") % day
    if for_enterprise:
        return _("It ends on %(day)s: tell the school if you would like to go on.") % day
    return _("It ends on %(day)s. Next: renew it, or let it end.") % day


# --- the text ------------------------------------------------------------------------------------------------------


def value_of(agreement, name):
    """One field of what is signed, as it reads; empty where nothing is agreed."""
    value = getattr(agreement, name)
    if name in MANY:
        return listed(str(row) for row in value.all())
    if name == "amount":
        return yuan(value)
    if name == "ends_on" and value is None:
        return _("without end") if agreement.starts_on else ""
    if name == "auto_renews":
        return (_("yes") if value else _("no")) if agreement.ends_on else ""
    if name in ("starts_on", "ends_on"):
        return date_format(value, "DATE_FORMAT") if value else ""
    if value is None:
        return ""
    return str(value)


@dataclass
class Line:
    """One field on the page: its value, what it was, its comments, and whether this reader may change it."""

    name: str
    label: str
    value: str
    before: str = ""
    changed: bool = False
    comments: list = field(default_factory=list)
    is_open: bool = False


@dataclass
class Block:
    name: str
    label: str
    lines: list

    @property
    def is_single(self):
        """One field that says the same as its block."""
        return len(BLOCKS[self.name][1]) == 1


def text_blocks(agreement, *, before=None, open_fields=(), with_empty=False):
    """What is signed, block by block: fields that say something, have a comment or may be changed.

    With `before`, the version that an amendment amends, only the ticked blocks and what each line was.
    """
    comments = {}
    for comment in agreement.comments.select_related("by") if agreement.state == AgreementState.REVIEW else ():
        comments.setdefault(comment.field, []).append(comment)
    blocks = []
    for name, (label, fields) in BLOCKS.items():
        if before is not None and name not in agreement.blocks:
            continue
        lines = []
        for key in fields:
            line = Line(key, _label(key), value_of(agreement, key), comments=comments.get(key, []))
            line.is_open = key in open_fields
            if before is not None:
                line.before = value_of(before, key)
                line.changed = line.before != line.value
            if with_empty or line.value or line.before or line.comments or line.is_open:
                lines.append(line)
        if lines:
            blocks.append(Block(name, label, lines))
    return blocks


def _label(name):
    return Agreement._meta.get_field(name).verbose_name


def side_by_side(versions, today):
    """Every field that says something: name, label, values as signed, as amended and today, whether they differ."""
    columns = (versions[0], versions[-1], in_effect(versions, today))
    rows = []
    for name in SIGNED:
        values = [value_of(version, name) for version in columns]
        if any(values):
            rows.append({"name": name, "label": _label(name), "values": values, "differs": len(set(values)) > 1})
    return rows


# --- what happened -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Happened:
    event: Event
    text: str
    changes: list


def history(agreements, *, for_enterprise):
    """What happened to these rows and to their signatures, newest first, with both values of each change.

    For the enterprise of the text alone.
    """
    kind, asked = (ContentType.objects.get_for_model(model) for model in (Agreement, Signature))
    ids = [row.pk for row in agreements]
    requests = list(Signature.objects.filter(subject_type=kind, subject_id__in=ids).values_list("pk", flat=True))
    about = Q(subject_type=kind, subject_id__in=ids)  # lists, not a query within: the index finds both
    events = Event.objects.filter(about | Q(subject_type=asked, subject_id__in=requests) if requests else about)
    if for_enterprise:
        events = events.shared()
    rows = events.select_related("by", "subject_type").order_by("-recorded_at", "-id")[:HISTORY]
    return [_happened(event, for_enterprise) for event in rows]


def _happened(event, for_enterprise):
    changes = []
    for name, (before, after) in event.data.get("changes", {}).items():
        if name in SIGNED or not for_enterprise:
            changes.append((label_of(event, name), before, after))
    return Happened(event, sentence(event, for_enterprise=for_enterprise), changes)


def agreements_shown(enterprise, today):
    """[(agreement, standing, last day)] on the page of a partner: what counts, and what is on its way there."""
    rows = enterprise.agreements.exclude(
        state__in=[AgreementState.EXPIRED, AgreementState.RENEWED, AgreementState.TERMINATED]
    )
    rows = rows.filter(Q(amends=None) | ~Q(state=AgreementState.IN_FORCE)).prefetch_related(*FOR_STANDING)
    ordered = rows.order_by("effective_until", "pk")[:SHOWN]
    return [(row, standing(row, today), ends(row)) for row in ordered]


def ends(agreement):
    """The last day as the page shows it: as amended where it counts, as typed before that."""
    if agreement.state in (AgreementState.DRAFT, AgreementState.REVIEW, AgreementState.SIGNATURE):
        return agreement.ends_on
    return None if agreement.effective_until == OPEN_END else agreement.effective_until

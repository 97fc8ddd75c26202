"""What may happen to an enterprise, an import, a registration, and by whom.

One screen per lifecycle; nothing here imports a model of this app.
"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partnerships.rules.agreements import BOTH
from records.signatures import has_signed
from records.workflow import Lifecycle, Move, Words


class EnterpriseState(models.TextChoices):
    PROSPECT = "prospect", _("prospect")
    ASSESSED = "assessed", _("assessed")
    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    SUSPENDED = "suspended", _("suspended")
    ENDED = "ended", _("ended")


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("being read")
    PREVIEW = "preview", _("to check")
    APPLYING = "applying", _("being applied")
    APPLIED = "applied", _("applied")
    UNREADABLE = "unreadable", _("could not be read")
    DISCARDED = "discarded", _("discarded")


class SeminarState(models.TextChoices):
    PLANNED = "planned", _("scheduled")
    HELD = "held", _("held")
    CLOSED = "closed", _("wrapped up")
    CANCELLED = "cancelled", _("cancelled")


class AgreementState(models.TextChoices):
    DRAFT = "draft", _("draft")
    REVIEW = "review", _("in joint review")
    SIGNATURE = "signature", _("out for signature")
    IN_FORCE = "in_force", _("in force")
    EXPIRED = "expired", pgettext_lazy("agreement", "expired")
    RENEWED = "renewed", _("renewed")
    TERMINATED = "terminated", _("terminated")


class ObligationState(models.TextChoices):
    OPEN = "open", pgettext_lazy("obligation", "open")
    KEPT = "kept", _("kept")
    WAIVED = "waived", _("waived by both")
    BREACHED = "breached", _("not kept")


class NeedState(models.TextChoices):
    OPEN = "open", pgettext_lazy("need", "open")
    MATCHED = "matched", _("matched")
    MET = "met", _("met")
    WITHDRAWN = "withdrawn", pgettext_lazy("need", "withdrawn")
    LAPSED = "lapsed", _("lapsed")


class AskState(models.TextChoices):
    ASKED = "asked", _("waiting for an answer")
    ACCEPTED = "accepted", pgettext_lazy("ask", "accepted")
    DECLINED = "declined", pgettext_lazy("ask", "declined")
    DONE = "done", pgettext_lazy("ask", "done")
    EXPIRED = "expired", pgettext_lazy("ask", "expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("ask", "withdrawn")


class ResultYear(models.TextChoices):
    SCHOOL = "school", _("school year")
    CALENDAR = "calendar", _("calendar year")


class RegistrationState(models.TextChoices):
    WAITING = "waiting", _("to be vetted")
    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")


# --- who may -----------------------------------------------------------------------------------------------------


def keeps_this_partner(enterprise, user):
    """Leads and administrators all; officers in their own portfolio or department."""
    if user.sees_everything:
        return None
    if not user.sees_partners:
        return _("Only the school changes this.")
    if enterprise.owner_id == user.pk:
        return None
    # all() rather than a filter: a page that has fetched them already asks the database nothing more
    if user.department_id and (
        enterprise.lead_department_id == user.department_id
        or any(department.pk == user.department_id for department in enterprise.departments.all())
    ):
        return None
    return _("This partner belongs to another officer and department: ask %(owner)s.") % {
        "owner": enterprise.owner or _("a lead")
    }


def is_lead(obj, user):
    return None if user is not None and user.sees_everything else _("Only a lead decides this.")


def sees_partners(obj, user):
    return None if user.sees_partners else _("Only the school changes this.")


def reads_lists(batch, user):
    """The clock by itself, where nobody is there any more; else whoever sees partners."""
    return None if user is None else sees_partners(batch, user)


# --- under which conditions --------------------------------------------------------------------------------------


def is_not_merged(enterprise, user):
    return _("It was merged into another enterprise.") if enterprise.merged_into_id else None


def was_assessed_on_site(enterprise, user):
    """教职成〔2021〕4号 Art. 7: a new host is assessed on site, in writing, before it is fixed."""
    if any(assessment.is_suitable for assessment in enterprise.assessments.all()):
        return None
    return _("First write the on-site assessment with its nine contents; it must find the enterprise suitable.")


def has_no_red_flag(enterprise, user):
    if enterprise.registry == "cancelled":
        return _("The registry shows this enterprise as cancelled or revoked.")
    return None


S = EnterpriseState
ENTERPRISE = Lifecycle(
    "enterprise",
    S,
    {
        S.PROSPECT: Words(
            _("prospect"), _("Next: visit the enterprise and write the on-site assessment."),
            _("getting to know each other"),
            _("The school will visit you and look at the conditions together with you."),
        ),
        S.ASSESSED: Words(
            _("assessed"), _("Next: decide on the partnership and make it active."),
            _("getting to know each other"), _("The school is preparing the partnership."),
        ),
        S.ACTIVE: Words(
            _("active"), _("Next: keep in touch; log each contact."),
            _("in partnership"), _("Write to the school whenever you need something."),
        ),
        S.PAUSED: Words(
            _("paused"), _("Next: agree on when to take it up again."),
            _("paused"), _("Tell the school when you would like to take it up again."),
        ),
        S.SUSPENDED: Words(
            _("suspended"), _("Next: a lead decides whether it goes on."),
            _("paused"), _("The school will contact you about the next step."),
        ),
        S.ENDED: Words(
            _("ended"), _("Nothing is due. It can be taken up again as a prospect."),
            _("ended"), _("You can always write to the school to start again."),
        ),
    },
    (
        Move("assess", _("Mark as assessed"), (S.PROSPECT,), S.ASSESSED, keeps_this_partner,
             (is_not_merged, was_assessed_on_site)),
        Move("activate", _("Make active"), (S.ASSESSED,), S.ACTIVE, keeps_this_partner,
             (is_not_merged, has_no_red_flag), audience="both"),
        Move("pause", _("Pause"), (S.ACTIVE,), S.PAUSED, keeps_this_partner, (is_not_merged,), needs_note=True),
        Move("resume", _("Resume"), (S.PAUSED,), S.ACTIVE, keeps_this_partner, (is_not_merged, has_no_red_flag),
             audience="both"),
        Move("suspend", _("Suspend"), (S.ASSESSED, S.ACTIVE, S.PAUSED), S.SUSPENDED, is_lead, (is_not_merged,),
             needs_note=True),
        Move("lift", _("Lift the suspension"), (S.SUSPENDED,), S.ACTIVE, is_lead, (is_not_merged, has_no_red_flag),
             needs_note=True),
        Move("end", _("End the partnership"), (S.PROSPECT, S.ASSESSED, S.ACTIVE, S.PAUSED, S.SUSPENDED), S.ENDED,
             keeps_this_partner, (is_not_merged,), needs_note=True),
        Move("reopen", _("Take up again"), (S.ENDED,), S.PROSPECT, keeps_this_partner, (is_not_merged,)),
    ),
)  # fmt: skip

I = ImportState  # noqa: E741
IMPORT = Lifecycle(
    "import",
    I,
    {
        I.UPLOADED: Words(_("being read"), _("The list is being read; this page goes on by itself.")),
        I.PREVIEW: Words(_("to check"), _("Check the rows, then apply the good ones.")),
        I.APPLYING: Words(_("being applied"), _("The rows are being written; this page goes on by itself.")),
        I.APPLIED: Words(_("applied"), _("Download the rows that were left out, mend them, and import them again.")),
        I.UNREADABLE: Words(_("could not be read"), _("Mend the file as the sentence says and upload it again.")),
        I.DISCARDED: Words(_("discarded"), _("Nothing of it was written.")),
    },
    (
        Move("read", _("Read"), (I.UPLOADED,), I.PREVIEW, sees_partners),
        Move("fail", _("Give up reading"), (I.UPLOADED, I.APPLYING), I.UNREADABLE, reads_lists),
        Move("apply", _("Apply the good rows"), (I.PREVIEW,), I.APPLYING, sees_partners),
        Move("finish", _("Finish"), (I.APPLYING,), I.APPLIED, sees_partners),
        Move("discard", _("Discard"), (I.PREVIEW, I.UNREADABLE), I.DISCARDED, sees_partners),
    ),
)


def has_no_open_page(scan, user):
    """Every page of the stack is read, assigned or left out."""
    if scan.sheets.filter(fate="open").exists():
        return _("A page is neither assigned nor left out yet.")
    return None


SCAN = Lifecycle(
    "scan",
    I,
    {
        I.UPLOADED: Words(_("being read"), _("The pages are being read. You may leave this page.")),
        I.PREVIEW: Words(_("to check"), _("Next: look what is filed where, then file it.")),
        I.APPLYING: Words(_("being filed"), _("The pages are being filed. You may leave this page.")),
        I.APPLIED: Words(
            pgettext_lazy("scan", "filed"),
            _("Filed with each agreement. Where somebody was asked to sign, enter who signed on the paper."),
        ),
        I.UNREADABLE: Words(_("could not be read"), _("Next: scan it anew as the sentence above says.")),
        I.DISCARDED: Words(_("discarded"), _("Nothing of it was filed.")),
    },
    (
        Move("read", _("Read"), (I.UPLOADED,), I.PREVIEW, sees_partners),
        Move("fail", _("Give up reading"), (I.UPLOADED,), I.UNREADABLE, reads_lists),
        Move("apply", _("File them"), (I.PREVIEW,), I.APPLYING, sees_partners, (has_no_open_page,)),
        Move("finish", _("Finish"), (I.APPLYING,), I.APPLIED, sees_partners),
        Move("discard", pgettext_lazy("scan", "Put aside"), (I.PREVIEW, I.UNREADABLE), I.DISCARDED, sees_partners),
    ),
)

R = RegistrationState
REGISTRATION = Lifecycle(
    "registration",
    R,
    {
        R.WAITING: Words(_("to be vetted"), _("Next: compare name and code, call the person, decide.")),
        R.ACCEPTED: Words(_("accepted"), _("It is a prospect now.")),
        R.REFUSED: Words(_("refused"), _("Nothing is due.")),
    },
    (
        Move("accept", _("Accept as prospect"), (R.WAITING,), R.ACCEPTED, sees_partners),
        Move("refuse", _("Refuse"), (R.WAITING,), R.REFUSED, sees_partners, needs_note=True),
    ),
)


def keeps_this_seminar(seminar, user):
    """Whoever organises it, colleagues of its department, leads and administrators."""
    if user.sees_everything or (user.sees_partners and user.pk == seminar.organiser_id):
        return None
    if user.sees_partners and user.department_id and user.department_id == seminar.department_id:
        return None
    return _("This event belongs to another colleague: ask %(name)s.") % {"name": seminar.organiser}


M = SeminarState
SEMINAR = Lifecycle(
    "seminar",
    M,
    {
        M.PLANNED: Words(
            _("scheduled"), _("Next: invite, and see who comes."), _("scheduled"), _("Tell us whether you come."),
        ),
        M.HELD: Words(
            _("held"), _("Next: write the minutes and who does what."),
            _("held"), _("The minutes stand here once they are written."),
        ),
        M.CLOSED: Words(_("wrapped up"), _("Nothing is due."), _("wrapped up"), _("The minutes stand below.")),
        M.CANCELLED: Words(
            _("cancelled"), _("Nothing is due."), _("cancelled"), _("It does not take place."),
        ),
    },
    (
        Move("hold", _("Record who came"), (M.PLANNED,), M.HELD, keeps_this_seminar),
        Move("close", _("Close"), (M.HELD,), M.CLOSED, keeps_this_seminar),
        Move("cancel", _("Cancel the event"), (M.PLANNED,), M.CANCELLED, keeps_this_seminar, needs_note=True),
    ),
)  # fmt: skip


def looks_after_this_need(need, user):
    """Of an enterprise its own people and whoever keeps the partner; of a department its colleagues and leads."""
    if user is None:
        return _("Say who you are.")
    if need.enterprise_id:
        return keeps_this_partner(need.enterprise, user) if user.is_school else None
    if user.sees_everything or (user.sees_partners and user.department_id == need.department_id):
        return None
    return _("This belongs to another department: ask %(name)s.") % {"name": need.department}


def was_decided(need, user):
    """Whoever accepts a suggestion was asked there; that its day has passed the clock says."""
    return


def only_the_clock(row, user):
    return None if user is None else _("This happens by itself.")


def lies_ahead(need, user):
    return _("Its last day has passed: choose another one first.") if need.until_on < timezone.localdate() else None


N = NeedState
NEED = Lifecycle(
    "need",
    N,
    {
        N.OPEN: Words(
            pgettext_lazy("need", "open"), _("Next: look at the suggestions, and accept or decline them."),
            _("with the school"), _("The school looks for what fits and comes back to you."),
        ),
        N.MATCHED: Words(
            _("matched"), _("Next: arrange it, then say that it is met."),
            _("found"), _("The school has something for you and gets in touch."),
        ),
        N.MET: Words(_("met"), _("Nothing is due."), _("done"), _("Thank you.")),
        N.WITHDRAWN: Words(
            pgettext_lazy("need", "withdrawn"), _("Nothing is due."), pgettext_lazy("need", "withdrawn"), "",
        ),
        N.LAPSED: Words(
            _("lapsed"), _("Nobody found anything in time. It can be opened again."),
            _("over"), _("Its last day has passed. You can post it again."),
        ),
    },
    (
        Move("match", _("Match"), (N.OPEN,), N.MATCHED, was_decided, audience="both"),
        Move("meet", _("It is met"), (N.OPEN, N.MATCHED), N.MET, looks_after_this_need, audience="both"),
        Move("reopen", _("Open again"), (N.MATCHED, N.WITHDRAWN, N.LAPSED), N.OPEN, looks_after_this_need,
             (lies_ahead,), audience="both"),
        Move("withdraw", _("Withdraw"), (N.OPEN, N.MATCHED), N.WITHDRAWN, looks_after_this_need, audience="both"),
        Move("lapse", _("Lapse"), (N.OPEN,), N.LAPSED, only_the_clock, audience="both"),
    ),
)  # fmt: skip


def asked_it(ask, user):
    """Who asks, colleagues of the department that asks, whoever keeps the partner, leads and administrators."""
    if user is None or not user.sees_partners:
        return _("Only the school changes this.")
    if user.pk == ask.asked_by_id or user.department_id == ask.department_id:
        return None
    return keeps_this_partner(ask.enterprise, user)


def answers_this_ask(ask, user):
    """The enterprise itself, in its portal or through a link that the service has checked; an officer on its behalf."""
    return None if user is None or not user.is_school else asked_it(ask, user)


def is_a_survey(ask, user):
    return None if ask.is_answered_at_once else _("Say yes or no to this.")


def is_no_survey(ask, user):
    return _("Answer it, or say why not.") if ask.is_answered_at_once else None


K = AskState
ASK = Lifecycle(
    "ask",
    K,
    {
        K.ASKED: Words(
            _("waiting for an answer"), _("Next: the enterprise answers; pass the link on if it is quiet."),
            _("to answer"), _("Say yes, or why not: one tap is enough."),
        ),
        K.ACCEPTED: Words(
            pgettext_lazy("ask", "accepted"), _("Next: arrange it, then say that it is done."),
            _("agreed"), _("The school gets in touch about the details."),
        ),
        K.DECLINED: Words(pgettext_lazy("ask", "declined"), _("Nothing is due."), _("not this time"), _("Thank you.")),
        K.DONE: Words(
            pgettext_lazy("ask", "done"), _("Nothing is due."), pgettext_lazy("ask", "done"), _("Thank you."),
        ),
        K.EXPIRED: Words(
            pgettext_lazy("ask", "expired"), _("Nobody answered in time: call, or ask again later."),
            _("over"), _("Call the school if it still interests you."),
        ),
        K.WITHDRAWN: Words(
            pgettext_lazy("ask", "withdrawn"), _("Nothing is due."),
            pgettext_lazy("ask", "no longer needed"), _("You need not answer any more."),
        ),
    },
    (
        Move("accept", _("Yes"), (K.ASKED,), K.ACCEPTED, answers_this_ask, (is_no_survey,), audience="both"),
        Move("decline", pgettext_lazy("ask", "Not this time"), (K.ASKED,), K.DECLINED, answers_this_ask,
             needs_note=True, audience="both"),
        Move("answer", _("Answer"), (K.ASKED,), K.DONE, answers_this_ask, (is_a_survey,), audience="both"),
        Move("finish", _("It is done"), (K.ACCEPTED,), K.DONE, asked_it, audience="both"),
        Move("withdraw", _("Withdraw"), (K.ASKED, K.ACCEPTED), K.WITHDRAWN, asked_it, needs_note=True, audience="both"),
        Move("expire", _("Expire"), (K.ASKED,), K.EXPIRED, only_the_clock, audience="both"),
    ),
)  # fmt: skip


def keeps_this_agreement(agreement, user):
    """Whoever looks after it or after the partner, colleagues of its department, leads and administrators."""
    if user is None or not user.sees_partners:
        return _("Only the school changes this.")
    if user.sees_everything or user.pk == agreement.owner_id:
        return None
    if user.department_id and user.department_id == agreement.department_id:
        return None
    return keeps_this_partner(agreement.enterprise, user)


def the_clock_or_keeper(agreement, user):
    """What follows from a date or from the last signature happens by itself."""
    return None if user is None else keeps_this_agreement(agreement, user)


def the_clock_or_lead(agreement, user):
    """A lead ends it; for a day to come the clock does it then."""
    return None if user is None else is_lead(agreement, user)


def anybody_who_signs(agreement, user):
    """The last signature brings it into force, whoever gives it."""
    return


def says_what_and_when(agreement, user):
    if not agreement.starts_on:
        return _("Say first from which day it counts.")
    if not (agreement.aim or agreement.is_amendment):
        return _("Say first what it is for.")
    return None


def is_agreed_by_both(agreement, user):
    """Both sides have read the same text and said yes; any change after that asks again."""
    if agreement.comments.filter(resolved_at=None).exists():
        return _("A comment is still open: settle it first.")
    if not agreement.agreed_school_at:
        return _("The school has not agreed to this text yet.")
    if not agreement.agreed_enterprise_at:
        return _("The enterprise has not agreed to this text yet.")
    return None


def is_signed_by_all(agreement, user):
    """Nobody asked is still to sign, and at least one person of each side has signed."""
    if agreement.open_signatures or not all(has_signed(agreement, side) for side in BOTH):
        return _("Not everybody has signed yet.")
    return None


def is_no_amendment(agreement, user):
    return _("An amendment ends with its agreement.") if agreement.amends_id else None


def is_continued(agreement, user):
    """Only a renewal that is itself in force takes its place."""
    if agreement.renewals.filter(state="in_force").exists():
        return None
    return _("Its renewal is not in force yet.")


AGR = AgreementState
AGREEMENT = Lifecycle(
    "agreement",
    AGR,
    {
        AGR.DRAFT: Words(
            _("draft"), _("Next: fill it in, then give it to the enterprise to read."), _("being prepared"), "",
        ),
        AGR.REVIEW: Words(
            _("in joint review"), _("Next: both sides read it; a comment lets the other side change that field."),
            _("to read"), _("Read it, comment on what should change, and agree."),
        ),
        AGR.SIGNATURE: Words(
            _("out for signature"), _("Next: everybody signs, with pen and stamp or on screen."),
            _("to sign"), _("Sign on screen, or sign and stamp the paper we sent."),
        ),
        AGR.IN_FORCE: Words(
            _("in force"), _("Next: keep what was promised."), _("in force"), _("Here is what we promised each other."),
        ),
        AGR.EXPIRED: Words(
            pgettext_lazy("agreement", "expired"), _("Next: renew it, or leave it."),
            _("ended"), _("Tell the school if you would like to go on."),
        ),
        AGR.RENEWED: Words(
            _("renewed"), _("Nothing is due."), _("renewed"), _("A newer agreement has taken its place."),
        ),
        AGR.TERMINATED: Words(_("terminated"), _("Nothing is due."), _("ended early"), _("It ended early.")),
    },
    (
        Move("submit", _("Give it to the enterprise to read"), (AGR.DRAFT,), AGR.REVIEW, keeps_this_agreement,
             (says_what_and_when,), audience="both"),
        Move("take_back", _("Take it back"), (AGR.REVIEW, AGR.SIGNATURE), AGR.DRAFT, keeps_this_agreement,
             needs_note=True, audience="both"),
        Move("approve", _("Approve and send out for signature"), (AGR.REVIEW,), AGR.SIGNATURE, is_lead,
             (is_agreed_by_both,), audience="both"),
        Move("enter", _("Enter into force"), (AGR.SIGNATURE,), AGR.IN_FORCE, anybody_who_signs, (is_signed_by_all,),
             audience="both"),
        Move("expire", _("Expire"), (AGR.IN_FORCE,), AGR.EXPIRED, the_clock_or_keeper, (is_no_amendment,),
             audience="both"),
        Move("renew", _("Renew"), (AGR.IN_FORCE, AGR.EXPIRED), AGR.RENEWED, anybody_who_signs,
             (is_no_amendment, is_continued), audience="both"),
        Move("terminate", _("End it early"), (AGR.IN_FORCE,), AGR.TERMINATED, the_clock_or_lead, (is_no_amendment,),
             needs_note=True, audience="both"),
    ),
)  # fmt: skip


def settles_it(obligation, user):
    """Whoever keeps the agreement; the person of the school whose duty it is; its own enterprise for its own duties."""
    if user is None:  # through a link, whose subject the service has checked
        return None
    if not user.is_school:
        return None if obligation.side == "enterprise" else _("This is a duty of the school.")
    if obligation.owner_id and obligation.owner_id == user.pk:
        return None
    return keeps_this_agreement(obligation.agreement, user)


def keeps_its_agreement(obligation, user):
    return keeps_this_agreement(obligation.agreement, user)


def follows_from_its_agreement(obligation, user):
    """Whoever changes the term was asked there."""
    return


#: What is open and whose day has passed: no state of its own, only words. The enterprise never reads that it is late.
LATE = Words(
    pgettext_lazy("obligation", "late"), _("Next: keep it, or agree on another day."),
    _("to arrange"), _("Tell us when it could be done."),
)  # fmt: skip
O = ObligationState  # noqa: E741
OBLIGATION = Lifecycle(
    "obligation",
    O,
    {
        O.OPEN: Words(
            pgettext_lazy("obligation", "open"), _("Next: keep it, and say how."),
            pgettext_lazy("obligation", "in progress"), _("Tell us when it is done; a picture or a paper is enough."),
        ),
        O.KEPT: Words(_("kept"), _("Nothing is due."), _("done"), _("Thank you.")),
        O.WAIVED: Words(_("waived by both"), _("Nothing is due.")),
        O.BREACHED: Words(_("not kept"), _("Nothing is due."), _("not arranged"), ""),
    },
    (
        Move("keep", _("Kept"), (O.OPEN,), O.KEPT, settles_it, audience="both"),
        Move("waive", _("Waive by agreement"), (O.OPEN,), O.WAIVED, keeps_its_agreement, needs_note=True,
             audience="both"),
        Move("breach", _("Was not kept"), (O.OPEN,), O.BREACHED, is_lead, needs_note=True),
        Move("reopen", _("Open again"), (O.KEPT, O.WAIVED, O.BREACHED), O.OPEN, keeps_its_agreement, needs_note=True),
        # what a changed term does by itself
        Move("set_aside", _("Set aside"), (O.OPEN,), O.WAIVED, follows_from_its_agreement, audience="both"),
        Move("take_up", _("Take up again"), (O.WAIVED,), O.OPEN, follows_from_its_agreement, audience="both"),
    ),
)  # fmt: skip

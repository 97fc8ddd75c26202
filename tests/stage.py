"""The stage of the access table and of the canary crawler: the cast, and one row of every kind for each enterprise.

Every text a row carries begins with a canary: A in what enterprise A may read, B in what enterprise B may read, SCHOOL
in what stays with the school. Who reads somebody else's canary has found a hole.
"""

import io
import json
from datetime import timedelta
from itertools import chain
from types import SimpleNamespace
from uuid import UUID

import openpyxl
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData
from PIL import Image

from accounts.models import Department, User
from accounts.services import invite_person
from partnerships.imports.problems import Problem
from partnerships.imports.rows import PartnerRow
from partnerships.imports.visit_rows import VisitRow
from partnerships.models import (
    ActionItem,
    AgreementComment,
    AgreementPreset,
    AgreementScan,
    Ask,
    Assessment,
    AssessmentFinding,
    BulkChange,
    Clause,
    DocumentTemplate,
    Enterprise,
    HandOver,
    Health,
    HealthMonth,
    Import,
    ImportRow,
    Match,
    Need,
    Obligation,
    Offer,
    PaperStep,
    ProxyEntry,
    Registration,
    Scan,
    ScanPage,
    Seminar,
    SeminarAttendee,
    SeminarFeedback,
    SeminarGuest,
    SeminarSeries,
    Shutdown,
    YearResult,
)
from partnerships.services.agreements import documents
from partnerships.services.enterprises import NAMES, naming
from partnerships.services.seminars import make_feed
from records import links
from records.files import ATTACHMENTS, store_file
from records.models import Audience, Event, File, Look, SavedView, Signature
from records.services import record
from reminders.models import Delivery, Preference, Pulse, Task
from reports.models import Export, RhythmMonth
from tests import cast as the_cast
from tests.partnerships.factories import (
    AgreementFactory,
    ContactFactory,
    EnterpriseFactory,
    MessageFactory,
    ProxyEntryFactory,
    SiteFactory,
    TouchpointFactory,
    TripFactory,
    UserFactory,
)

A, B, SCHOOL = "aqx7wk", "bqx7wk", "nqx7wk"
#: Everybody whose eyes are borrowed, in the order of the table's columns.
MEMBERS = (
    "anonymous", "disabled",
    "administrator", "lead", "officer", "other_officer",
    "teacher", "counsellor",
    "hr", "colleague_hr", "hr_of_both",
    "former_hr", "stranger_hr",
)  # fmt: skip
#: What only looks like text: codes, digests, keys that follow from names, words out of a fixed list.
NOT_WORDS = {
    "code", "purpose", "kind", "what", "sha256", "digest", "counter", "media_type", "precision", "content", "field",
    "sort_key", "name_key", "core_key", "search_text", "grams", "list_key", "list",
}  # fmt: skip
#: Events that both sides read. All others stay with the school, whatever they say.
SHARED = {
    "touchpoint.logged", "touchpoint.changed", "touchpoint.corrected", "touchpoint.withdrawn", "message.written", "proxy.entered", "proxy.confirmed", "proxy.corrected",
    "contact.left", "contact.returned", "enterprise.handed_over", "seat.invited", "seat.taken", "seat.keeper_changed",
    "enterprise.activate", "enterprise.resume", "file.given",
    "seminar.invited", "seminar.changed", "seminar.cancelled", "seminar.feedback", "seminar.minuted",
    "seminar.item_added", "seminar.item_done",
    "result.entered", "obligation.added", "obligation.changed", "obligation.keep", "obligation.waive", "obligation.set_aside",
    "obligation.take_up",
    "agreement.changed", "agreement.submit", "agreement.take_back", "agreement.approve", "agreement.enter",
    "agreement.expire", "agreement.renew", "agreement.renewed_itself", "agreement.notice_given", "agreement.terminate",
    "agreement.commented", "agreement.comment_settled", "agreement.agreed",
    "need.posted", "need.changed", "need.match", "need.meet", "need.reopen", "need.withdraw", "need.lapse",
    "ask.asked", "ask.accept", "ask.answer", "ask.decline", "ask.finish", "ask.withdraw", "ask.expire",

    "agreement.document_made", "agreement.scan_filed", "agreement.paper_sent", "agreement.paper_returned", "agreement.paper_mended",
}  # fmt: skip


def set_stage():
    """Create everything and return it: cast, a, b (the rows of each enterprise), missing (what does not exist)."""
    cast = the_cast.gather()
    stage = SimpleNamespace(cast=cast, anonymous=None)
    stage.a = _rows_of(cast, cast.a, A, officer=cast.officer, member=cast.colleague_hr)
    stage.b = _rows_of(cast, cast.b, B, officer=cast.other_officer, member=cast.hr_of_both)
    for side in (stage.a, stage.b):
        _trip(side, stage)
    Enterprise.objects.filter(pk=cast.a.pk).update(parent=cast.b, kinship="subsidiary", tier=1, is_labour_agency=True)
    for name in ("planner", "sender"):  # they live for as long as the stage stands
        Pulse.objects.create(name=name, at=timezone.now() + timedelta(days=1))
    counted = {"contacts": 1, "answers": 0, "within": 1, "partners": 2, "counted_at": timezone.now()}
    RhythmMonth.objects.create(month=timezone.localdate().replace(day=1), **counted)
    _mark_people(stage)
    stage.missing = SimpleNamespace(**dict.fromkeys(vars(stage.a), 999_999_999))
    stage.missing.feed_code = "1" * 28
    stage.missing.door_code = "1" * 14
    stage.missing.code = stage.missing.dead_code = stage.missing.invitation_code = "1" * 14
    stage.missing.wish_code = "1" * 14
    stage.missing.picture = stage.missing.document = UUID(int=4 << 76 | 8 << 60)
    return stage


# --- canaries ----------------------------------------------------------------------------------------------------


def word_fields(model):
    """The fields of `model` in which somebody could write something."""
    for field in model._meta.concrete_fields:
        kind = field.base_field if isinstance(field, ArrayField) else field
        if isinstance(kind, models.CharField | models.TextField) and field.name not in NOT_WORDS and not kind.choices:
            yield field


def mark(row, canary, **exceptions):
    """Write `canary` into every text of `row`, in the database too; `exceptions` are values or other canaries."""
    values = {}
    for field in word_fields(type(row)):
        text = f"{canary} {field.name}"
        if isinstance(field, models.EmailField):
            text = f"{canary}.{row.pk}@example.org"
        elif isinstance(field, ArrayField):
            text = [text]
        elif field.name == "uscc":
            text = canary.upper() + "0" * 12
        elif field.max_length and isinstance(field, models.CharField):
            text = text[: field.max_length]
        values[field.name] = text
    values |= exceptions
    if isinstance(row, Enterprise):
        values |= naming(**{name: values[name] for name in NAMES})
    type(row)._base_manager.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


def _mark_people(stage):
    """Names are no secret; how to reach people is, but for the officer who keeps the partner."""
    cast = stage.cast
    for name in ("administrator", "lead", "other_officer", "teacher", "counsellor", "disabled"):
        person = getattr(cast, name)
        type(person).objects.filter(pk=person.pk).update(phone=f"{SCHOOL} 1", email=f"{SCHOOL}.{name}@example.org")
        person.refresh_from_db()
    for name, canary in (("hr", A), ("colleague_hr", A), ("stranger_hr", B)):
        mark(getattr(cast, name), canary, password=getattr(cast, name).password)


# --- rows --------------------------------------------------------------------------------------------------------


def _rows_of(cast, enterprise, canary, officer, member):
    now = timezone.now()
    short = {"name": f"{canary} {enterprise.name}", "name_en": f"{canary} Co., Ltd.", "former_names": [f"{canary} 旧"]}
    mark(enterprise, canary, **short, listed=[{"备注": f"{SCHOOL} listed", "协议": f"{SCHOOL} agreement"}])
    side = SimpleNamespace(row=enterprise, canary=canary, officer=officer)
    side.enterprise = enterprise.pk
    side.keeper = enterprise.contacts.get(is_keeper=True).user
    side.owner = officer.pk
    side.twin = EnterpriseFactory(name=f"{SCHOOL} {enterprise.name}", owner=officer).pk
    site, closed = SiteFactory(enterprise=enterprise), SiteFactory(enterprise=enterprise, closed_on=now.date())
    contact = ContactFactory(enterprise=enterprise, site=site)
    gone = ContactFactory(enterprise=enterprise, left_on=now.date())
    for row in (site, closed, *enterprise.contacts.all()):
        mark(row, canary, **({"note": f"{SCHOOL} note"} if hasattr(row, "note") else {}))
    shutdown = mark(Shutdown.objects.create(enterprise=enterprise, starts_on=now.date(), ends_on=now.date()), canary)
    side.shutdown = shutdown.pk
    side.site, side.closed_site, side.contact, side.gone = site.pk, closed.pk, contact.pk, gone.pk
    side.member = enterprise.contacts.get(user=member).pk
    _exchanges(side, enterprise, canary, officer, now)
    _seminars(side, enterprise, canary, officer, now)
    _agreements(side, enterprise, canary, officer)
    _asks(side, enterprise, canary, officer, now)
    _papers_of_the_school(side, enterprise, officer, now)
    _refused_mail(side, enterprise, officer, now)
    _carried(side, enterprise, canary, officer, now)
    _accounts(cast, side, contact, canary, officer)
    _events(side, enterprise, canary, officer, now)
    return side


def _exchanges(side, enterprise, canary, officer, now):
    """What both sides read: contacts, entries on behalf, messages, links, files."""
    past = now - timedelta(days=2)
    waiting = ProxyEntryFactory(enterprise=enterprise, entered_by=officer)
    checked = ProxyEntryFactory(enterprise=enterprise, entered_by=officer)
    ProxyEntry.objects.filter(pk=checked.pk).update(checked_by=officer, checked_at=now)
    mark(waiting, canary, correction="")
    mark(checked, canary)
    touchpoint = TouchpointFactory(enterprise=enterprise, logged_by=officer, happened_at=past)
    proxied = TouchpointFactory(enterprise=enterprise, logged_by=officer, happened_at=past, proxy=waiting)
    own = TouchpointFactory(enterprise=enterprise, logged_by=side.keeper, side="enterprise", happened_at=past)
    for row in (touchpoint, proxied, own):
        mark(row, canary, private_note=f"{SCHOOL} private", withdrawn_because="", version=1)
    withdrawn = TouchpointFactory(
        enterprise=enterprise, logged_by=officer, happened_at=past, withdrawn_at=now, withdrawn_by=officer,
        withdrawn_because="x",
    )  # fmt: skip
    mark(withdrawn, SCHOOL)
    for row in (own, withdrawn):
        record("touchpoint.logged", subject=row, stream=enterprise.pk, by=row.logged_by, audience=Audience.BOTH,
               data={"kind": "visit"}, happened_at=past)  # fmt: skip
    touchpoint.contacts.set(enterprise.contacts.filter(left_on=None))
    question = mark(MessageFactory(enterprise=enterprise, author=officer, written_at=past), canary)
    link = links.hand_out("answer", subject=question, stream=enterprise.pk, by=officer, language="en")
    shown = links.hand_out("partnership", subject=enterprise, stream=enterprise.pk, by=officer, language="en")
    dead = links.hand_out("partnership", subject=enterprise, stream=enterprise.pk, by=officer, now=past, days=1)
    for row in (link, shown, dead):
        mark(row, canary)
    answer = MessageFactory(enterprise=enterprise, side="enterprise", author=None, via=link, author_name="x")
    mark(answer, canary)
    side.touchpoint, side.proxied, side.proxy, side.checked = touchpoint.pk, proxied.pk, waiting.pk, checked.pk
    side.own, side.withdrawn = own.pk, withdrawn.pk
    side.message, side.answer, side.link, side.shown, side.dead = question.pk, answer.pk, link.pk, shown.pk, dead.pk
    side.code, side.dead_code = link.code, dead.code
    picture, document = keep(jpeg(canary), touchpoint, officer), keep(xlsx(canary), touchpoint, officer)
    side.picture, side.document = picture.key, document.key
    side.asked_picture = keep(jpeg(canary), question, officer).pk
    side.asked_document = keep(xlsx(canary), question, officer).pk
    side.withdrawn_file = keep(xlsx(SCHOOL), withdrawn, officer).key
    side.files = [row.key for row in (keep(xlsx(canary), row, officer) for row in (answer, waiting, proxied))]


def _seminars(side, enterprise, canary, officer, now):
    """One that lies ahead and one that was held, to which this enterprise alone is invited."""
    values = {"organiser": officer, "place": "x", "department": officer.department}
    day = timedelta(days=1)
    ahead = Seminar.objects.create(title="x", starts_at=now + 9 * day, ends_at=now + 10 * day, **values)
    held = Seminar.objects.create(title="x", starts_at=now - day, ends_at=now - day / 2, state="held", **values)
    mark(ahead, canary, minutes="", decisions="")
    mark(held, canary)
    for seminar in (ahead, held):
        answered = {"answer": "yes", "head_count": 2, "answered_at": now, "answered_name": "x"}
        guest = SeminarGuest.objects.create(seminar=seminar, enterprise=enterprise, invited_by=officer, **answered)
        mark(guest, canary)
    side.guest, side.held_guest, side.door_code = ahead.guests.get().pk, held.guests.get().pk, held.code
    SeminarGuest.objects.filter(pk=side.held_guest).update(attended=True)
    Seminar.objects.filter(pk=held.pk).update(ends_at=now - day / 12)
    mark(SeminarFeedback.objects.create(guest=held.guests.get(), useful=4, given_by=officer, given_name="x"), canary)
    signed = {"seminar": held, "name": "x", "source": "qr"}
    mark(SeminarAttendee.objects.create(**signed, enterprise=enterprise), canary)
    mark(SeminarAttendee.objects.create(**signed, company="x"), SCHOOL)
    item = ActionItem.objects.create(
        seminar=held, text="x", side="enterprise", enterprise=enterprise, due_on=now.date() + 30 * day
    )
    mark(item, canary, done_name="")
    done = {"due_on": now.date(), "done_at": now, "done_by": officer, "done_name": "x"}
    mark(ActionItem.objects.create(seminar=held, text="x", side="school", owner=officer, **done), SCHOOL)
    mark(SeminarSeries.objects.create(rule="x", created_by=officer), SCHOOL)
    side.seminar, side.held_seminar, side.item = ahead.pk, held.pk, item.pk
    side.feed_code = make_feed(enterprise.contacts.get(is_keeper=True).user).code


def _agreements(side, enterprise, canary, officer):
    """One that both sides read, with a comment, and one still in the drawer; where it is filed is the school's own."""
    filed = {"number": f"{SCHOOL} {enterprise.pk}", "archive_box": f"{SCHOOL} box"}
    review = AgreementFactory(enterprise=enterprise, owner=officer, state="review")
    mark(review, canary, **filed, end_reason="")
    comment = AgreementComment.objects.create(agreement=review, field="aim", side="school", text="x", by=officer)
    mark(comment, canary)
    draft = AgreementFactory(enterprise=enterprise, owner=officer)
    mark(draft, SCHOOL, number="", end_reason="")
    ended = AgreementFactory(
        enterprise=enterprise, owner=officer, state="terminated", ended_on=review.starts_on, end_reason="x"
    )
    mark(ended, canary, number="", archive_box=f"{SCHOOL} box")
    signature = Signature.objects.create(
        subject=review, stream=enterprise.pk, side="school", capacity="x", name="x", asked_by=officer, state="reset",
        digest="a" * 64,
    )  # fmt: skip
    mark(signature, canary)
    out = AgreementFactory(enterprise=enterprise, owner=officer, state="signature", kind="research", open_signatures=2)
    mark(out, canary, number="", archive_box=f"{SCHOOL} box", end_reason="")
    asked = {"subject": out, "stream": enterprise.pk, "capacity": "x", "name": "x", "asked_by": officer}
    lead = Signature.objects.create(side="school", user=User.objects.get(role="lead"), **asked)
    keeper = enterprise.contacts.get(is_keeper=True)
    theirs = Signature.objects.create(side="enterprise", user=keeper.user, addressee_id=keeper.pk, **asked)
    mark(lead, canary)
    mark(theirs, canary)
    sign = mark(links.hand_out("sign", subject=theirs, stream=enterprise.pk, by=officer, language="en"), canary)
    side.to_sign, side.request, side.sign_code = out.pk, theirs.pk, sign.code
    preset = AgreementPreset.objects.create(name="x", created_by=officer, values={"aim": f"{SCHOOL} aim"})
    side.preset = mark(preset, SCHOOL).pk
    reply = AgreementComment.objects.create(
        agreement=review, field="payment", side="enterprise", text="x", by=enterprise.contacts.get(is_keeper=True).user
    )
    mark(reply, canary)
    signed = {"enterprise": enterprise, "owner": officer, "state": "in_force"}
    in_force = mark(
        AgreementFactory(**signed, kind="research"), canary, number="", archive_box=f"{SCHOOL} box", end_reason=""
    )
    _promises(side, enterprise, canary, officer, in_force)
    amended = mark(
        AgreementFactory(**signed, kind="order_class"), canary, number="", archive_box=f"{SCHOOL} box", end_reason=""
    )
    parts = {"kind": "order_class", "amends": amended, "blocks": ["money"], "valid_from": amended.starts_on}
    first = AgreementFactory(**signed, **parts, nth=1)
    mark(first, canary, number="", archive_box=f"{SCHOOL} box", end_reason="")
    at_work = AgreementFactory(**signed | {"state": "draft"}, **parts, nth=2)
    mark(at_work, SCHOOL, number="", end_reason="")
    _papers(side, enterprise, canary, officer)
    link = mark(links.hand_out("agreement", subject=review, stream=enterprise.pk, by=officer, language="en"), canary)
    side.agreement, side.draft, side.comment, side.reply = review.pk, draft.pk, comment.pk, reply.pk
    side.in_force, side.amended, side.amendment, side.agreement_code = in_force.pk, amended.pk, at_work.pk, link.code


def _asks(side, enterprise, canary, officer, now):
    """What both look for and ask, which both sides read; what is offered here, wished for and decided stays inside."""
    department = officer.department or Department.objects.earliest("pk")
    days = {"from_on": now.date(), "until_on": now.date() + timedelta(days=60)}
    offer, other = (
        mark(
            Offer.objects.create(department=department, kind="service", title="x", owner=officer, is_shown=False),
            SCHOOL,
        )
        for _n in range(2)
    )
    looks_for = {"kind": "research", "title": "x", "posted_by": officer, **days}
    need = mark(Need.objects.create(enterprise=enterprise, **looks_for), canary)
    wish = mark(Need.objects.create(department=department, **looks_for), SCHOOL)
    no = {"verdict": "declined", "reason": "x", "decided_by": officer}
    match = mark(Match.objects.create(need=need, offer=other, **no), SCHOOL)
    asked = {"enterprise": enterprise, "department": department, "asked_by": officer, "text": "x"}
    ask = Ask.objects.create(**asked, kind="visit", due_on=now.date() + timedelta(days=9))
    mark(ask, canary, over_budget_because=f"{SCHOOL} because")
    no = Ask.objects.create(
        **asked, kind="lecture", due_on=now.date(), state="declined", answered_at=now, answer_note="x", closed_at=now
    )
    mark(no, canary, over_budget_because=f"{SCHOOL} because")
    links_of = (links.hand_out(name, subject=row, stream=enterprise.pk, by=officer, language="en")
                for name, row in (("ask", ask), ("need", enterprise)))  # fmt: skip
    side.ask_code, side.need_code = (mark(link, canary).code for link in links_of)
    side.department, side.offer, side.need, side.wish = department.pk, offer.pk, need.pk, wish.pk
    side.match, side.ask = match.pk, ask.pk


def _promises(side, enterprise, canary, officer, agreement):
    """One duty of each side, and the links that ask the enterprise for it and whether to go on."""
    clause = mark(Clause.objects.create(side="school", text="x"), SCHOOL)
    days = {"first_on": agreement.starts_on, "due_on": agreement.ends_on}
    values = {"agreement": agreement, "enterprise": enterprise, "text": "x", **days}
    duty = mark(Obligation.objects.create(**values, clause=clause, side="enterprise"), canary)
    mark(Obligation.objects.create(**values, side="school", owner=officer), canary)
    handed = {"stream": enterprise.pk, "by": officer, "language": "en"}
    asked = mark(links.hand_out("obligation", subject=duty, **handed), canary)
    ending = mark(links.hand_out("ending", subject=agreement, **handed), canary)
    side.clause, side.obligation = clause.pk, duty.pk
    side.obligation_code, side.ending_code = asked.code, ending.code
    mark(YearResult.objects.create(enterprise=enterprise, year=2025, interns=3, entered_by=officer), SCHOOL)  # its note


def _papers(side, enterprise, canary, officer):
    """One out for signature on paper: its document and where it was sent are read by both, its seal by the school."""
    signing = AgreementFactory(enterprise=enterprise, owner=officer, state="signature", kind="training_base")
    mark(signing, canary, number="", archive_box=f"{SCHOOL} box", end_reason="")
    document = documents.freeze(signing, by=officer, language="en")
    File.objects.filter(pk=document.file_id).update(name=f"{canary}.docx")
    seal = mark(PaperStep.objects.create(agreement=signing, step="seal", by=officer), SCHOOL)
    mark(PaperStep.objects.create(agreement=signing, step="sent", by=officer), canary)
    template = DocumentTemplate.objects.create(
        name="x", nth=DocumentTemplate.objects.count() + 1, is_active=False, uploaded_by=officer
    )
    mark(template, SCHOOL)
    content = SimpleUploadedFile(f"{SCHOOL}.docx", documents.starter("en"))
    side.school_template = store_file(content, kinds=ATTACHMENTS, by=officer, subject=template).key
    side.signing, side.paper_step, side.template = signing.pk, seal.pk, template.pk
    scan = mark(Scan.objects.create(uploaded_by=officer, state="preview", pages=1), SCHOOL, name=f"{SCHOOL}.pdf")
    page = ScanPage.objects.create(scan=scan, position=1, fate="open")
    page.picture = keep(jpeg(SCHOOL), page, officer)
    page.save()
    applied = {"state": "applied", "applied_by": officer, "applied_at": timezone.now()}
    former = mark(Scan.objects.create(uploaded_by=officer, **applied), SCHOOL, name=f"{SCHOOL}.pdf")
    stamped = {"agreement": signing, "document": document, "sha256": "a" * 64, "is_of_this_text": True}
    filed = AgreementScan.objects.create(**stamped, scan=former, file=document.file, filed_by=officer)
    filed.file = keep(pdf(canary), filed, officer)
    filed.save()
    side.scan, side.page, side.filed, side.page_picture = scan.pk, page.pk, filed.pk, page.picture.key


def _papers_of_the_school(side, enterprise, officer, now):
    """What stays with the school: assessments, imports, registrations, and their files."""
    assessment = Assessment.objects.create(
        enterprise=enterprise, visited_on=now.date(), is_suitable=True, written_by=officer
    )
    mark(assessment, SCHOOL)
    mark(AssessmentFinding.objects.create(assessment=assessment, content="safety", text="x"), SCHOOL)
    batch = Import.objects.create(state="preview", uploaded_by=officer)
    mark(batch, SCHOOL, name=f"{SCHOOL}.xlsx")
    for position, verdict in enumerate(ImportRow.Verdict):
        name = f"{SCHOOL} 第{position}"
        problems = [Problem("not_a_name", "名称", "A1", {"value": name})] if verdict == "faulty" else []
        parsed = PartnerRow(SCHOOL, position, position, {"名称": name}, name=name, remark=name, problems=problems)
        row = ImportRow.objects.create(
            batch=batch, position=position, line=position, verdict=verdict, parsed=parsed.as_json(),
            enterprise=enterprise if verdict == "unchanged" else None,
        )  # fmt: skip
        mark(row, SCHOOL)
    visits = mark(
        Import.objects.create(state="preview", kind="visits", uploaded_by=officer), SCHOOL, name=f"{SCHOOL}.xlsx"
    )
    places = {name: ["企业名称", f"{SCHOOL}!F4"] for name in ("when", "firms", "summary")}
    problems = [Problem("unknown_firm", *places["firms"], {"value": SCHOOL, "near": SCHOOL})]
    parsed = VisitRow(SCHOOL, 4, {"企业名称": SCHOOL}, places, {"firms": SCHOOL}, problems=problems).as_json()
    mark(ImportRow.objects.create(batch=visits, position=0, line=4, verdict="faulty", parsed=parsed), SCHOOL)
    registration = Registration.objects.create(phone="13800000001")
    mark(registration, SCHOOL, uscc=f"{SCHOOL.upper()}{enterprise.pk:012}"[:18])
    side.visits = visits.pk
    side.assessment, side.batch, side.registration = assessment.pk, batch.pk, registration.pk
    side.school_files = [keep(xlsx(SCHOOL), row, officer).key for row in (assessment, batch)]
    side.school_files += [side.school_template, side.page_picture]
    _lists(side, enterprise, officer, now)


def _lists(side, enterprise, officer, now):
    """What an officer keeps of lists: a saved view, an export that stands ready, a change of several partners."""
    view = SavedView.objects.create(owner=officer, list="partners", name=f"x{enterprise.pk}")
    mark(view, SCHOOL, name=f"{SCHOOL} {enterprise.pk}", query=f"q={SCHOOL}")
    export = Export.objects.create(
        list="partners", query=f"q={SCHOOL}", owner=officer, state="ready", rows_total=1, rows_done=1, finished_at=now,
        expires_at=now + timedelta(days=7),
    )  # fmt: skip
    side.school_files.append(keep(xlsx(SCHOOL), export, officer).key)
    outcomes = [{"enterprise": enterprise.pk, "outcome": "refused", "reason": f"{SCHOOL} reason"}]
    side.bulk = BulkChange.objects.create(action="tier", value={"tier": 2}, by=officer, outcomes=outcomes).pk
    side.view, side.export = view.pk, export.pk


def _refused_mail(side, enterprise, officer, now):
    """A telling of the officer that the mail server refused: what the reminder centre shows."""
    task = Task.objects.create(
        rule="gap", subject=enterprise, stream=enterprise.pk, episode=f"{SCHOOL} episode", due_on=now.date(),
        owner=officer,
    )  # fmt: skip
    refused = Delivery.objects.create(
        task=task, key=f"{SCHOOL} {enterprise.pk}", rule="gap", step=2, side="school", stream=enterprise.pk,
        channel="mail", user=officer, name=f"{SCHOOL} name", address=f"{SCHOOL}@example.org", state="failed",
        error=f"550 {SCHOOL}", due_at=now, first_due_at=now, finished_at=now,
    )  # fmt: skip
    side.refused, side.task = refused.pk, task.pk


def _carried(side, enterprise, canary, officer, now):
    """A message to the enterprise that the officer carries by hand, with its link."""
    task = Task.objects.create(
        rule="gap", side="enterprise", subject=enterprise, stream=enterprise.pk, episode=canary, due_on=now.date(),
        owner=officer,
    )  # fmt: skip
    link = mark(links.hand_out("visit", subject=enterprise, stream=enterprise.pk, by=officer, language="en"), canary)
    carried = Delivery.objects.create(
        task=task, key=f"{canary} {enterprise.pk}", rule="gap", step=2, side="enterprise", stream=enterprise.pk,
        channel="hand", name=f"{canary} name", state="forward", due_at=now, first_due_at=now, link=link,
    )  # fmt: skip
    side.carried, side.visit_code = carried.pk, link.code


def _accounts(cast, side, contact, canary, officer):
    invited = invite_person(by=officer, name=contact.name, role="hr", email=f"{canary}.invited@example.org")
    type(contact).objects.filter(pk=contact.pk).update(invitation=invited)
    side.invitation, side.invitation_code = invited.pk, invited.code
    side.wish_code = Preference.objects.create(addressee_id=contact.pk).code
    side.person = UserFactory(name="周同", email=f"{SCHOOL}.{side.enterprise}@example.org", department=cast.d1).pk
    figure = {"enterprise_id": side.enterprise, "score": 61, "parts": {"contact": 73, "kept_there": 31}}
    Health.objects.create(**figure, refreshed_at=timezone.now())
    HealthMonth.objects.create(**figure, month=timezone.localdate().replace(day=1))
    session = UserSession.objects.create(user=officer, ip="127.0.0.1", user_agent="elsewhere", session_key=canary)
    key = Authenticator.objects.create(user=officer, type="webauthn", data={"name": "Key", "credential": credential()})
    side.session, side.key = session.pk, key.pk
    Look.objects.create(what="file.read", by=officer, subject=contact)
    told = HandOver.objects.create(person=cast.lead, successor=officer, by=cast.lead)
    told.enterprises.add(side.enterprise)
    mark(told, SCHOOL)
    side.holder, side.third, side.hand_over = officer.pk, cast.lead.pk, told.pk


def _events(side, enterprise, canary, officer, now):
    """One event of each kind; the note of a step along the lifecycle stays with the school even where the step is told."""
    subjects = {
        "touchpoint.logged": enterprise.touchpoints.get(pk=side.touchpoint),
        "touchpoint.corrected": enterprise.touchpoints.get(pk=side.touchpoint),
        "message.written": enterprise.messages.get(pk=side.message),
    }
    agreement = enterprise.agreements.get(pk=side.agreement)
    dicts = [import_string(name) for name in settings.TIMELINE_SENTENCES if name.startswith("partnerships.")]
    for kind in chain.from_iterable(dicts):
        word = canary if kind in SHARED else SCHOOL
        names = ("name", "said_by", "correction", "phone", "addressee", "from", "purpose", "text", "reason", "how")
        data = {name: f"{word} {name}" for name in names}
        data |= {"to": "active", "note": f"{SCHOOL} note", "changes": {"name": [f"{SCHOOL} was", f"{SCHOOL} is"]}}
        if kind.startswith("ask."):  # what was said to a request both sides read
            data["note"] = f"{word} note"
        data |= {"kind": "call", "day": "2026-03-12", "files": 1}
        data |= {"before": {"summary": f"{word} before"}}
        subject = agreement if kind.startswith("agreement.") else subjects.get(kind, enterprise)
        moment = {"touchpoint.logged": getattr(subject, "happened_at", None)}.get(kind) or now
        event = record(kind, subject=subject, stream=enterprise.pk, by=None, data=data, happened_at=moment)
        Event.objects.filter(pk=event.pk).update(
            audience=Audience.BOTH if kind in SHARED else Audience.SCHOOL, by_name=f"{word} by"
        )


def _trip(side, stage):
    """One tour of both enterprises. The tour is the school's; each enterprise reads its own part."""
    trip = mark(TripFactory(logged_by=side.officer), SCHOOL)
    for other in (stage.a, stage.b):
        part = TouchpointFactory(enterprise=other.row, trip=trip, logged_by=side.officer)
        mark(part, other.canary, private_note=f"{SCHOOL} private", withdrawn_because="")
        record("touchpoint.logged", subject=part, stream=other.enterprise, by=side.officer, audience=Audience.BOTH,
               data={"kind": "visit"}, happened_at=part.happened_at)  # fmt: skip
    side.trip = trip.pk
    side.school_files.append(keep(xlsx(SCHOOL), trip, side.officer).key)


# --- files -------------------------------------------------------------------------------------------------------


def jpeg(canary):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(out, "JPEG")
    return SimpleUploadedFile(f"{canary}.jpg", out.getvalue(), "image/jpeg")


def pdf(canary):
    out = io.BytesIO()
    Image.new("1", (8, 8)).save(out, "PDF")
    return SimpleUploadedFile(f"{canary}.pdf", out.getvalue(), "application/pdf")


def xlsx(canary):
    out, book = io.BytesIO(), openpyxl.Workbook()
    book.active.append([f"{canary} cell"])
    book.save(out)
    return SimpleUploadedFile(f"{canary}.xlsx", out.getvalue())


def keep(upload, subject, by):
    return store_file(upload, kinds=ATTACHMENTS, by=by, subject=subject)


# --- people ------------------------------------------------------------------------------------------------------


def credential():
    """What a browser hands over when somebody adds a key, as it is kept."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    attested = AttestedCredentialData.create(b"\0" * 16, b"id", public)
    attestation = AttestationObject.create("none", AuthenticatorData.create(b"\0" * 32, 0x41, 0, attested), {})
    client = json.dumps({"type": "webauthn.create", "challenge": "", "origin": "http://testserver"}).encode()
    response = {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attestation)}
    return {"id": "aWQ", "rawId": "aWQ", "type": "public-key", "response": response}


def enter(user):
    """A browser in which `user` has just typed the password; nobody's for None."""
    client = Client(headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
        session = client.session
        record_authentication(SimpleNamespace(session=session), user, "password")
        session.save()
    return client


def clients(stage):
    """One browser for each member of the cast."""
    return {name: enter(getattr(stage.cast, name, None)) for name in MEMBERS}

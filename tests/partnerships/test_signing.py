"""Signing an agreement: who is asked, each way of signing, every refusal, corrections, and the last signature."""

from datetime import timedelta
from hashlib import sha256
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from partnerships.models import Agreement
from partnerships.rules.agreements import BLOCKS, RESETS, SIGNED
from partnerships.services.agreements import amending, correcting, documents, drafting, ending, review, signing
from partnerships.services.enterprises import Conflict
from partnerships.services.merging import merge_enterprises
from records import signatures as ledger
from records.files import open_file
from records.links import hand_out
from records.models import Event, Link, Signature
from records.signatures import Signatory
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import AgreementFactory, ContactFactory, EnterpriseFactory, FileFactory

NOW, TODAY = timezone.now(), timezone.localdate()
S = Signature.State


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def agreement(cast):
    return AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature", school_contact=cast.officer)


def stored(row):
    return type(row).objects.get(pk=row.pk)


def contact_of(cast, name="hr"):
    return cast.a.contacts.get(user=getattr(cast, name))


def three(cast, last=1):
    """The lead, HR, and the foreman, who has no account."""
    return [
        signing.of_the_school(cast.lead, "principal"),
        signing.of_the_enterprise(contact_of(cast), "director"),
        Signatory("enterprise", "works manager", "钱波", last, addressee_id=cast.foreman.pk, email="qian@example.org"),
    ]


@pytest.fixture
def asked(cast, agreement):
    return signing.ask_for_signatures(agreement, three(cast), by=cast.officer)


def text(agreement):
    return signing.digest_of(stored(agreement))


def link_to(row, cast, **values):
    return hand_out("sign", subject=row, stream=cast.a.pk, by=cast.officer, **values)


def read(file):
    with open_file(file) as stored:
        return stored.read()


def scan(cast):
    return FileFactory(uploaded_by=cast.officer)


# --- asked ---------------------------------------------------------------------------------------------------------


def test_who_is_proposed(cast, agreement):
    names = [(one.side, one.name) for one in signing.proposed(agreement)]
    assert names == [("school", "lead"), ("enterprise", "hr")]
    cast.foreman.signs = True
    cast.foreman.save()
    assert signing.proposed(agreement)[1].addressee_id == cast.foreman.pk


def test_three_are_asked(cast, agreement, asked):
    assert stored(agreement).open_signatures == 3
    assert [row.state for row in ledger.ledger(agreement)] == ["asked"] * 3
    assert Event.objects.of(agreement).get(kind="signature.asked").audience == "both"


@pytest.mark.parametrize("person", ["other_officer", "teacher", "hr"])
def test_only_who_keeps_it_asks(cast, agreement, person):
    with pytest.raises(NotAllowed):
        signing.ask_for_signatures(agreement, three(cast), by=getattr(cast, person))
    assert not ledger.ledger(agreement).exists()


@pytest.mark.parametrize("state", ["draft", "review", "in_force", "expired"])
def test_nobody_is_asked_in_another_state(cast, state):
    row = AgreementFactory(enterprise=cast.a, owner=cast.officer, state=state)
    with pytest.raises(Refused):
        signing.ask_for_signatures(row, three(cast), by=cast.officer)


def test_who_cannot_sign_is_not_asked(cast, agreement):
    stranger, gone = ContactFactory(enterprise=cast.b), ContactFactory(enterprise=cast.a, left_on=TODAY)
    for wrong in (
        signing.of_the_enterprise(stranger, "x"), signing.of_the_enterprise(gone, "x"),
        signing.of_the_school(cast.teacher, "x"), signing.of_the_school(cast.disabled, "x"),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            signing.ask_for_signatures(agreement, [wrong], by=cast.officer)
    agreement.other_parties.add(cast.b)
    assert signing.ask_for_signatures(agreement, [signing.of_the_enterprise(stranger, "x")], by=cast.officer)


# --- signed --------------------------------------------------------------------------------------------------------


def test_each_signs_in_their_own_way_and_it_enters_into_force(cast, agreement, asked):
    lead, hr, works = asked
    signing.sign(hr, digest=text(agreement), by=cast.hr, address="127.0.0.1")
    link, code = link_to(works, cast), ledger.make_code(works)
    signing.sign_by_link(works, link=link, code=code, digest=text(agreement), name="钱波")
    assert (stored(agreement).open_signatures, stored(agreement).state) == (1, "signature")
    signing.sign_on_paper(agreement, lead, scan(cast), cast.officer, TODAY)
    row = stored(agreement)
    assert (row.state, row.open_signatures) == ("in_force", 0)
    assert [(one.way, one.digest) for one in ledger.ledger(agreement)] == [
        (way, text(agreement)) for way in ("paper", "screen", "link")
    ]
    assert stored(link).answered_at


def test_each_signature_keeps_the_printed_version_it_was_given_on(cast, agreement, asked):
    lead, hr, works = asked
    first = documents.freeze(agreement, by=cast.officer)
    signing.sign(hr, digest=text(agreement), by=cast.hr)
    reprint = documents.freeze(agreement, by=cast.officer, language="en")  # the same text once more: the newest is read
    link, code = link_to(works, cast), ledger.make_code(works)
    signing.sign_by_link(works, link=link, code=code, digest=text(agreement))
    assert [(row.document, row.digest) for row in (stored(hr), stored(works))] == [
        (first.file, first.digest), (reprint.file, reprint.digest)
    ]  # fmt: skip
    assert sha256(read(stored(hr).document)).hexdigest() == first.sha256

    correcting.correct_text(agreement, by=cast.officer, version=0, changes={"aim": "另一个"})
    again = ledger.ledger(agreement).get(name=hr.name, state="asked")
    signing.sign(again, digest=text(agreement), by=cast.hr)
    assert (again.document, again.digest == first.digest) == (None, False)  # the corrected text was not printed yet
    second = documents.freeze(agreement, by=cast.officer)
    signing.sign_on_paper(agreement, lead, scan(cast), cast.officer)
    assert stored(lead).document == second.file not in (first.file, reprint.file)
    assert stored(hr).document == first.file  # asked again, what was signed before stays as it was given


def test_what_is_signed_is_the_text(cast, agreement):
    first = text(agreement)
    Agreement.objects.filter(pk=agreement.pk).update(number="XQ-1", copies=4, version=7)
    assert text(agreement) == first
    contact = cast.a.contacts.first()
    for change in ({"aim": "另一个"}, {"amount": 1}, {"amount": "1.50"}, {"enterprise_contact": contact}, {"nth": 1}):
        changed = stored(agreement)
        for name, value in change.items():
            setattr(changed, name, value)
        if "amount" in change:
            changed.amount = Agreement._meta.get_field("amount").to_python(change["amount"])
        assert signing.digest_of(changed) != first


def test_one_after_the_other(cast, agreement):
    lead, hr, works = signing.ask_for_signatures(agreement, three(cast, last=2), by=cast.officer)
    link = link_to(works, cast)
    code = ledger.make_code(works)
    with pytest.raises(Refused, match="signs first"):
        signing.sign_by_link(works, link=link, code=code, digest=text(agreement))
    signing.sign_on_paper(agreement, works, scan(cast), cast.officer)  # paper comes back in any order
    signing.sign(lead, digest=text(agreement), by=cast.lead)
    signing.sign(hr, digest=text(agreement), by=cast.hr)
    assert stored(agreement).state == "in_force"


@pytest.mark.parametrize("person", ["officer", "administrator", "colleague_hr", "stranger_hr"])
def test_nobody_signs_for_somebody_else(cast, agreement, asked, person):
    by = getattr(cast, person)
    for act in (
        lambda: signing.sign(asked[1], digest=text(agreement), by=by),
        lambda: signing.refuse(asked[1], reason="No.", by=by),
        lambda: signing.delegate(asked[1], cast.foreman, by=by),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert stored(asked[1]).state == "asked"


def test_a_text_that_changed_is_read_again(cast, agreement, asked):
    read = text(agreement)
    correcting.correct_text(agreement, by=cast.officer, version=0, changes={"aim": "另一个"})
    with pytest.raises(signing.TextChanged):
        signing.sign(asked[1], digest=read, by=cast.hr)
    link, code = link_to(asked[2], cast), ledger.make_code(asked[2])
    with pytest.raises(signing.TextChanged):
        signing.sign_by_link(asked[2], link=link, code=code, digest=read)
    signing.sign_by_link(asked[2], link=link, code=code, digest=text(agreement))  # the code was not used up


def test_an_account_that_came_later_signs(cast, agreement):
    rows = [Signatory("enterprise", "director", "hr", addressee_id=contact_of(cast).pk)]
    (row,) = signing.ask_for_signatures(agreement, rows, by=cast.officer)
    with pytest.raises(NotAllowed):
        signing.sign(row, digest=text(agreement), by=cast.colleague_hr)
    assert signing.sign(row, digest=text(agreement), by=cast.hr).user == cast.hr


@pytest.mark.parametrize("code", ["", "000000", "used", "old"])
def test_a_wrong_code_signs_nothing(cast, agreement, asked, code):
    works, link = asked[2], link_to(asked[2], cast)
    sent = ledger.make_code(works)
    if code == "used":
        assert ledger.check_code(works, sent)
    if code == "old":
        ledger.make_code(works)
    given = sent if code in ("used", "old") else "x" if sent == code else code
    with pytest.raises(ValidationError) as caught:
        signing.sign_by_link(works, link=link, code=given, digest=text(agreement))
    assert "code" in caught.value.message_dict
    with pytest.raises(ValidationError):
        signing.refuse_by_link(works, link=link, code=given, reason="No.")
    assert stored(works).state == "asked"


def test_too_many_wrong_codes_need_a_new_one(cast, agreement, asked):
    works, link = asked[2], link_to(asked[2], cast)
    code = signing.make_code(works, link)
    for _n in range(ledger.CODE_TRIES):
        with pytest.raises(ValidationError):
            signing.sign_by_link(works, link=link, code="no", digest=text(agreement))
    with pytest.raises(ValidationError):
        signing.sign_by_link(works, link=link, code=code, digest=text(agreement))
    signing.sign_by_link(works, link=link, code=signing.make_code(works, link), digest=text(agreement))


def test_a_link_opens_its_own_request_only(cast, agreement, asked):
    code = ledger.make_code(asked[2])
    wrong = [
        link_to(asked[1], cast), hand_out("agreement", subject=asked[2], stream=cast.a.pk, by=cast.officer),
        link_to(asked[2], cast, now=NOW - timedelta(days=60)),
    ]  # fmt: skip
    for link in wrong:
        with pytest.raises(Refused):
            signing.sign_by_link(asked[2], link=link, code=code, digest=text(agreement))
        with pytest.raises(Refused):
            signing.make_code(asked[2], link)
    (row,) = signing.ask_for_signatures(agreement, [Signatory("enterprise", "x", "孙总")], by=cast.officer)
    link = link_to(row, cast)
    with pytest.raises(Refused, match="no e-mail"):
        signing.make_code(row, link)


def test_paper_for_several_is_one_scan(cast, agreement, asked):
    page = scan(cast)
    with pytest.raises(ValidationError):
        signing.sign_all_on_paper(agreement, asked, page, by=cast.officer, signed_on=TODAY + timedelta(days=1))
    with pytest.raises(NotAllowed):
        signing.sign_all_on_paper(agreement, asked, page, by=cast.other_officer)
    other = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature", kind="research")
    with pytest.raises(Refused):
        signing.sign_all_on_paper(other, asked, page, by=cast.officer)
    signing.sign_all_on_paper(agreement, asked, page, by=cast.officer, signed_on=TODAY)
    assert {row.scan_id for row in ledger.ledger(agreement)} == {page.pk}
    assert stored(agreement).state == "in_force"


def test_one_side_alone_brings_nothing_into_force(cast, agreement):
    (row,) = signing.ask_for_signatures(agreement, three(cast)[:1], by=cast.officer)
    signing.sign(row, digest=text(agreement), by=cast.lead)
    assert (stored(agreement).state, stored(agreement).open_signatures) == ("signature", 0)
    (hr,) = signing.ask_for_signatures(agreement, three(cast)[1:2], by=cast.officer)
    signing.sign(hr, digest=text(agreement), by=cast.hr)
    assert stored(agreement).state == "in_force"


def test_what_cannot_enter_into_force_keeps_no_signature(cast, agreement):
    AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    lead, hr, _works = signing.ask_for_signatures(agreement, three(cast), by=cast.officer)
    signing.sign(lead, digest=text(agreement), by=cast.lead)
    signing.sign(hr, digest=text(agreement), by=cast.hr)
    before = Event.objects.count()
    with pytest.raises(Refused, match="in force in these days"):
        signing.sign_on_paper(agreement, _works, scan(cast), cast.officer)
    row = stored(agreement)
    assert (row.state, row.open_signatures, stored(_works).state) == ("signature", 1, "asked")
    assert Event.objects.count() == before


# --- refused, passed on, withdrawn ---------------------------------------------------------------------------------


def test_refused_then_asked_again_then_signed(cast, agreement, asked):
    signing.refuse(asked[1], reason="名额太少", by=cast.hr)
    assert stored(agreement).open_signatures == 3
    with pytest.raises(Refused):
        signing.sign(asked[1], digest=text(agreement), by=cast.hr)
    with pytest.raises(NotAllowed):
        signing.ask_again(asked[1], by=cast.hr, reason="x")
    with pytest.raises(Refused):
        signing.ask_again(asked[0], by=cast.officer, reason="x")
    fresh = signing.ask_again(asked[1], by=cast.officer, reason="电话说明")
    assert signing.sign(fresh, digest=text(agreement), by=cast.hr).state == "signed"


def test_a_refusal_needs_a_reason(cast, agreement, asked):
    with pytest.raises(Refused):
        signing.refuse(asked[1], reason=" ", by=cast.hr)
    link, code = link_to(asked[2], cast), ledger.make_code(asked[2])
    signing.refuse_by_link(asked[2], link=link, code=code, reason="日期不对", name="钱波")
    assert (stored(asked[2]).reason, stored(asked[2]).via) == ("日期不对", link)
    event = Event.objects.get(kind="signature.refuse")
    assert (event.side, event.by_name) == ("enterprise", "钱波")


def test_passed_on_to_a_colleague(cast, agreement, asked):
    for wrong in (ContactFactory(enterprise=cast.b), contact_of(cast)):
        with pytest.raises(ValidationError):
            signing.delegate(asked[1], wrong, by=cast.hr)
    fresh = signing.delegate(asked[1], contact_of(cast, "colleague_hr"), by=cast.hr)
    assert (stored(asked[1]).state, fresh.capacity, fresh.user) == ("delegated", "director", cast.colleague_hr)
    with pytest.raises(Refused):
        signing.sign(asked[1], digest=text(agreement), by=cast.hr)
    signing.sign(fresh, digest=text(agreement), by=cast.colleague_hr)
    other = signing.delegate(asked[0], cast.administrator, by=cast.lead)
    assert other.user == cast.administrator


def test_the_last_open_request_withdrawn_lets_it_begin(cast, agreement, asked):
    signing.sign(asked[0], digest=text(agreement), by=cast.lead)
    signing.sign(asked[1], digest=text(agreement), by=cast.hr)
    with pytest.raises(NotAllowed):
        signing.withdraw_request(asked[2], by=cast.other_officer)
    with pytest.raises(Refused):
        signing.withdraw_request(asked[0], by=cast.officer)
    signing.withdraw_request(asked[2], by=cast.officer)
    assert (stored(agreement).state, stored(asked[2]).state) == ("in_force", "withdrawn")


def test_taken_back_no_signature_counts(cast, agreement, asked):
    signing.sign(asked[0], digest=text(agreement), by=cast.lead)
    review.move_agreement(agreement, "take_back", by=cast.officer, note="错字")
    assert {row.state for row in ledger.ledger(agreement)} == {"reset", "withdrawn"}
    assert (stored(agreement).state, stored(agreement).open_signatures) == ("draft", 0)
    with pytest.raises(Refused):
        signing.sign(asked[1], digest=text(agreement), by=cast.hr)
    Agreement.objects.filter(pk=agreement.pk).update(state="signature")
    rows = signing.ask_for_signatures(agreement, three(cast)[1:2], by=cast.officer)
    signing.sign(rows[0], digest=text(agreement), by=cast.hr)
    assert stored(agreement).state == "signature"  # the lead's old signature stands for nothing


def test_an_amendment_of_what_ended_is_signed_by_nobody(cast):
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    row = amending.start_amendment(base, by=cast.officer, blocks=["money"], valid_from=TODAY)
    Agreement.objects.filter(pk=row.pk).update(state="signature")
    lead, hr = signing.ask_for_signatures(row, three(cast)[:2], by=cast.officer)
    signing.sign(lead, digest=text(row), by=cast.lead)
    ending.terminate_agreement(base, by=cast.lead, day=TODAY, reason="停产")
    with pytest.raises(Refused):
        signing.sign(hr, digest=text(row), by=cast.hr)
    assert {one.state for one in ledger.ledger(row)} == {"reset", "withdrawn"}


def test_an_amendment_signed_changes_the_term(cast):
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    row = amending.start_amendment(base, by=cast.officer, blocks=["term"], valid_from=TODAY)
    last = TODAY + timedelta(days=90)
    drafting.change_draft(row, by=cast.officer, version=0, changes={"ends_on": last})
    Agreement.objects.filter(pk=row.pk).update(state="signature")
    lead, hr = signing.ask_for_signatures(row, three(cast)[:2], by=cast.officer)
    signing.sign(lead, digest=text(row), by=cast.lead)
    assert stored(base).effective_until > last
    signing.sign(hr, digest=text(row), by=cast.hr)
    assert stored(base).effective_until == last


# --- corrected -----------------------------------------------------------------------------------------------------

#: A value for each field that differs from the factory's.
OTHER = {
    "title": "另一个", "title_en": "Another", "aim": "另一个", "specialties": "机电", "starts_on": TODAY,
    "ends_on": TODAY + timedelta(days=99), "auto_renews": True, "renewal_months": 12, "notice_days": 30,
    "places_per_year": 5, "seminars_per_year": 2, "sites": "site", "amount": 100, "payment": "每年", "school_duties": "上课",
    "enterprise_duties": "带教", "school_contact": "lead", "enterprise_contact": "foreman", "other_terms": "保密",
}  # fmt: skip


def other(cast, name):
    if name == "sites":
        return [cast.a.sites.create(name="一号厂房")]
    return getattr(cast, OTHER[name]) if name.endswith("_contact") else OTHER[name]


def all_but_one_signed(cast, agreement, asked):
    """The lead and HR have signed, the foreman refused."""
    signing.sign(asked[0], digest=text(agreement), by=cast.lead)
    signing.sign(asked[1], digest=text(agreement), by=cast.hr)
    link, code = link_to(asked[2], cast), ledger.make_code(asked[2])
    signing.refuse_by_link(asked[2], link=link, code=code, reason="No.")
    return link


@pytest.mark.parametrize("name", SIGNED)
def test_a_correction_asks_again_whom_it_touches(cast, agreement, asked, name):
    link = all_but_one_signed(cast, agreement, asked)
    changes = {name: other(cast, name)}
    if name == "auto_renews":
        changes["renewal_months"] = 12
    block = next(block for block, (_label, fields) in BLOCKS.items() if name in fields)
    shown = correcting.consequence(stored(agreement), changes)
    assert {row.side for row in shown.touched[0].again} == set(RESETS[block])
    assert [row.name for row in shown.refused] == ["钱波"]
    row = correcting.correct_text(agreement, by=cast.officer, version=0, changes=changes, reason="写错了")
    states = [stored(one).state for one in asked]
    expected = ["reset" if side in RESETS[block] else "signed" for side in ("school", "enterprise")]
    assert states == [*expected, "reset"]
    assert row.open_signatures == stored(agreement).open_signatures == states.count("reset")
    assert stored(link).subject.state == "asked"  # the link in the foreman's hands goes on
    assert {event.data["why"] for event in Event.objects.filter(kind="signature.reset")} == {"写错了"}


def test_saving_the_same_asks_nobody(cast, agreement, asked):
    all_but_one_signed(cast, agreement, asked)
    correcting.correct_text(agreement, by=cast.officer, version=0, changes={"aim": agreement.aim})
    assert [stored(one).state for one in asked] == ["signed", "signed", "refused"]
    assert stored(agreement).version == 0


def test_corrected_and_signed_again(cast, agreement, asked):
    all_but_one_signed(cast, agreement, asked)
    correcting.correct_text(agreement, by=cast.officer, version=0, changes={"enterprise_contact": cast.foreman})
    waiting = ledger.ledger(agreement).filter(state="asked")
    assert {row.name for row in waiting} == {"hr", "钱波"}
    assert str(stored(asked[1]).digest) != text(agreement)
    signing.sign(waiting.get(name="hr"), digest=text(agreement), by=cast.hr)
    signing.sign_on_paper(agreement, waiting.get(name="钱波"), scan(cast), cast.officer)
    assert stored(agreement).state == "in_force"


def test_who_corrects_and_when(cast, agreement, asked):
    values = {"version": 0, "changes": {"aim": "另一个"}}
    for person in ("other_officer", "teacher", "hr"):
        with pytest.raises(NotAllowed):
            correcting.correct_text(agreement, by=getattr(cast, person), **values)
    with pytest.raises(Conflict):
        correcting.correct_text(agreement, by=cast.officer, version=3, changes={"aim": "x"})
    with pytest.raises(ValidationError):
        correcting.correct_text(agreement, by=cast.officer, version=0, changes={"ends_on": TODAY - timedelta(days=900)})
    with pytest.raises(Refused):
        correcting.correct_text(agreement, by=cast.officer, version=0, changes={"starts_on": None})
    signing.sign_all_on_paper(agreement, asked, scan(cast), by=cast.officer)
    with pytest.raises(Refused):
        correcting.correct_text(agreement, by=cast.officer, **values)
    assert stored(agreement).aim != "另一个"


def test_an_amendment_is_corrected_in_its_blocks_only(cast):
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    row = amending.start_amendment(base, by=cast.officer, blocks=["money"], valid_from=TODAY)
    Agreement.objects.filter(pk=row.pk).update(state="signature")
    with pytest.raises(Refused):
        correcting.correct_text(row, by=cast.officer, version=0, changes={"aim": "x"})
    assert correcting.correct_text(row, by=cast.officer, version=0, changes={"amount": 7}).amount == 7


# --- kept in step --------------------------------------------------------------------------------------------------


def test_the_nightly_check_finds_a_wrong_count(cast, agreement, asked):
    assert signing.differing_counts() == []
    Agreement.objects.filter(pk=agreement.pk).update(open_signatures=1)
    with pytest.raises(CommandError):
        call_command("check_stored_figures", stdout=StringIO())
    call_command("check_stored_figures", "--mend", stdout=StringIO())
    assert stored(agreement).open_signatures == 3


def test_signatures_follow_a_merged_partner(cast, agreement, asked):
    twin = EnterpriseFactory(name="恒力轴承总厂", owner=cast.officer)
    link = link_to(asked[2], cast)
    merge_enterprises(twin, cast.a, by=cast.officer, versions=(twin.version, cast.a.version))
    code = ledger.make_code(asked[2])
    assert stored(asked[2]).stream == twin.pk
    link = Link.objects.get(pk=link.pk)
    signing.sign_by_link(asked[2], link=link, code=code, digest=text(agreement))

"""The pages of signatures: asked, signed at the school, in the portal, through a link, on paper; corrected."""

import re
from io import BytesIO

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from partnerships.models import Agreement
from partnerships.services import links as link_services
from partnerships.services.agreements import signing
from records import signatures as ledger
from records.models import Event, Link, Look, Signature
from records.signatures import Signatory
from tests.partnerships.browser import form_data
from tests.partnerships.factories import PASSWORD, AgreementFactory

TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def agreement(cast):
    return AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature", school_contact=cast.officer)


@pytest.fixture
def asked(cast, agreement):
    """The lead, HR, and the foreman, who has no account."""
    contact = cast.a.contacts.get(user=cast.hr)
    people = [
        signing.of_the_school(cast.lead, "principal"), signing.of_the_enterprise(contact, "director"),
        Signatory("enterprise", "works manager", "钱波", addressee_id=cast.foreman.pk, email="qian@example.org"),
    ]  # fmt: skip
    return signing.ask_for_signatures(agreement, people, by=cast.officer)


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


def stored(row):
    return type(row).objects.get(pk=row.pk)


def scan(name="scan.jpg", picture=None):
    out = BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "JPEG")
    return SimpleUploadedFile(name, picture or out.getvalue())


def code_in(letter):
    return re.search(r"^(\S{4,12})$", letter.body, re.MULTILINE)[1]


# --- asked ---------------------------------------------------------------------------------------------------------


def test_asked_from_what_is_proposed(cast, agreement, signed_in):
    client = signed_in(cast.officer)
    assert "Nobody is asked yet." in client.get(page("agreement_detail", agreement.pk)).content.decode()
    form = form_data(client.get(page("agreement_ask", agreement.pk)))
    assert [form["line-0-who"], form["line-1-who"], form["line-2-who"]] == [
        f"u{cast.lead.pk}", f"c{cast.a.contacts.get(user=cast.hr).pk}", "",
    ]  # fmt: skip
    form |= {"line-2-who": "enterprise", "line-2-capacity": "厂长", "line-2-name": "孙总", "line-2-position": "2"}
    assert client.post(page("agreement_ask", agreement.pk), form).status_code == 302
    rows = list(ledger.ledger(agreement).values_list("side", "name", "position"))
    assert rows == [("school", "lead", 1), ("enterprise", "hr", 1), ("enterprise", "孙总", 2)]
    shown = client.get(page("agreement_detail", agreement.pk)).content.decode()
    assert "孙总" in shown
    assert "Signs after those before." in shown
    again = form_data(client.get(page("agreement_ask", agreement.pk)))
    assert again["line-0-who"] == ""


@pytest.mark.parametrize(
    "wrong",
    [{"line-0-who": "", "line-1-who": ""}, {"line-0-capacity": ""}, {"line-2-name": "孙总"}, {"line-0-who": "u0"},
     {"line-2-who": "school", "line-2-capacity": "x"}, {"line-1-who": "same"}],
    ids=str,
)  # fmt: skip
def test_a_wrong_line_comes_back(cast, agreement, signed_in, wrong):
    client, url = signed_in(cast.officer), page("agreement_ask", agreement.pk)
    form = form_data(client.get(url))
    wrong = {name: form["line-0-who"] if value == "same" else value for name, value in wrong.items()}
    assert client.post(url, form | wrong).status_code == 422
    assert not ledger.ledger(agreement).exists()


def test_nothing_is_asked_of_a_draft(cast, signed_in):
    draft = AgreementFactory(enterprise=cast.a, owner=cast.officer)
    client = signed_in(cast.officer)
    for name in ("agreement_ask", "agreement_signed", "agreement_correct"):
        assert client.get(page(name, draft.pk)).status_code == 409


# --- signed with an account ------------------------------------------------------------------------------------------


def test_the_lead_signs_with_the_password(cast, agreement, asked, signed_in):
    client, url = signed_in(cast.lead), page("agreement_sign", agreement.pk)
    assert url in client.get(page("agreement_detail", agreement.pk)).content.decode()
    before = Signature.objects.filter(state="asked").count()
    sent = {"do": "sign", "digest": form_data(client.get(url), "form card card--school")["digest"]}
    assert Signature.objects.filter(state="asked").count() == before
    assert client.post(page("agreement_seen", agreement.pk)).status_code == 204
    assert stored(asked[0]).state == "seen"
    for proof in ("", "wrong"):
        assert client.post(url, sent | {"proof": proof}).status_code == 422
    assert stored(asked[0]).state == "seen"
    assert client.post(url, sent | {"proof": PASSWORD}).status_code == 302
    row = stored(asked[0])
    assert (row.state, row.way, row.address) == ("signed", "screen", "127.0.0.1")
    assert "You have signed." in client.get(url).content.decode()
    assert client.post(url, sent | {"proof": PASSWORD}).status_code == 409


def test_hr_signs_with_a_mailed_code(cast, agreement, asked, signed_in):
    client, url = signed_in(cast.hr), page("portal_agreement_sign", cast.a.pk, agreement.pk)
    digest = form_data(client.get(url), "form card card--enterprise")["digest"]
    assert client.post(url, {"do": "code"}).status_code == 302
    assert mail.outbox[0].to == ["hr@example.org"]
    code = code_in(mail.outbox[0])
    assert client.post(url, {"do": "sign", "digest": digest, "proof": code}).status_code == 302
    assert stored(asked[1]).state == "signed"
    assert not any(code in str(row) for row in Event.objects.values_list("data", flat=True))


def test_five_wrong_proofs_wait(cast, agreement, asked, signed_in):
    client, url = signed_in(cast.hr), page("portal_agreement_sign", cast.a.pk, agreement.pk)
    sent = {"do": "sign", "digest": signing.digest_of(agreement)}
    for _n in range(5):
        client.post(url, sent | {"proof": "wrong"})
    answer = client.post(url, sent | {"proof": PASSWORD})
    assert "quarter of an hour" in answer.content.decode()
    assert stored(asked[1]).state == "asked"


def test_a_text_that_changed_is_read_again(cast, agreement, asked, signed_in):
    client, url = signed_in(cast.hr), page("portal_agreement_sign", cast.a.pk, agreement.pk)
    digest = form_data(client.get(url), "form card card--enterprise")["digest"]
    Agreement.objects.filter(pk=agreement.pk).update(aim="另一个")
    answer = client.post(url, {"do": "sign", "digest": digest, "proof": PASSWORD})
    assert answer.status_code == 409
    assert "read it again" in answer.content.decode()
    assert stored(asked[1]).state == "asked"


@pytest.mark.parametrize("person", ["colleague_hr", "hr_of_both"])
def test_a_colleague_reads_and_does_not_sign(cast, agreement, asked, signed_in, person):
    client, url = signed_in(getattr(cast, person)), page("portal_agreement_sign", cast.a.pk, agreement.pk)
    assert "A colleague was asked" in client.get(url).content.decode()
    sent = {"do": "sign", "digest": signing.digest_of(agreement), "proof": PASSWORD}
    assert client.post(url, sent).status_code == 409
    assert client.post(page("portal_agreement_seen", cast.a.pk, agreement.pk)).status_code == 204
    assert stored(asked[1]).state == "asked"


def test_sent_back_and_asked_again(cast, agreement, asked, signed_in):
    portal, url = signed_in(cast.hr), page("portal_agreement_sign", cast.a.pk, agreement.pk)
    assert portal.post(url, {"do": "refuse", "reason": " "}).status_code == 422
    assert portal.post(url, {"do": "refuse", "reason": "名额太少"}).status_code == 302
    school = signed_in(cast.officer)
    assert "名额太少" in school.get(page("agreement_detail", agreement.pk)).content.decode()
    again = page("agreement_signature", agreement.pk, asked[1].pk, "again")
    assert school.post(again).status_code == 409
    assert school.post(again, {"note": "电话里说好了"}).status_code == 302
    assert "Earlier requests" in school.get(page("agreement_detail", agreement.pk)).content.decode()
    assert "You sign as hr" in portal.get(url).content.decode()


def test_passed_on(cast, agreement, asked, signed_in):
    portal, url = signed_in(cast.hr), page("portal_agreement_sign", cast.a.pk, agreement.pk)
    stranger = cast.b.contacts.first()
    assert portal.post(url, {"do": "delegate", "to": stranger.pk}).status_code == 422
    colleague = cast.a.contacts.get(user=cast.colleague_hr)
    assert portal.post(url, {"do": "delegate", "to": colleague.pk}).status_code == 302
    assert "You sign as colleague_hr" in signed_in(cast.colleague_hr).get(url).content.decode()


def test_what_whoever_keeps_it_does(cast, agreement, asked, signed_in):
    client = signed_in(cast.officer)
    answer = client.post(page("agreement_signature", agreement.pk, asked[2].pk, "remind"))
    link = Link.objects.get(purpose="sign")
    assert answer.url == page("link_carry", cast.a.pk, link.pk)
    assert "签字" in client.get(answer.url).content.decode()
    assert client.post(page("agreement_signature", agreement.pk, asked[2].pk, "withdraw")).status_code == 302
    assert stored(asked[2]).state == "withdrawn"
    assert client.post(page("agreement_signature", agreement.pk, asked[2].pk, "link")).status_code == 409
    assert client.post(page("agreement_signature", agreement.pk, asked[2].pk, "sign")).status_code == 404
    other = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature", kind="research")
    assert client.post(page("agreement_signature", other.pk, asked[1].pk, "withdraw")).status_code == 404


# --- through a link ------------------------------------------------------------------------------------------------


@pytest.fixture
def link(cast, asked):
    return link_services.hand_out_to_sign(asked[2], by=cast.officer)


def test_signed_through_a_link(cast, agreement, asked, link, signed_in):
    client, url = signed_in(), page("link", link.code)
    shown = client.get(url).content.decode()
    assert agreement.aim in shown
    assert 'name="code"' not in shown
    assert stored(asked[2]).state == "asked"
    assert Look.objects.filter(link=link).exists()
    client.post(page("link_opened", link.code))
    assert stored(asked[2]).state == "seen"
    assert client.post(url, {"do": "code"}).status_code == 302
    letter = mail.outbox[0]
    assert letter.to == ["qian@example.org"]
    assert "签字" in letter.subject  # the language of the receiver, not of the browser
    sent = form_data(client.get(url))
    assert client.post(url, sent | {"do": "sign", "code": "nonsense"}).status_code == 422
    assert client.post(url, sent | {"do": "sign", "code": code_in(letter)}).status_code == 302
    row = stored(asked[2])
    assert (row.state, row.way, row.via) == ("signed", "link", link)
    assert "已签字，谢谢" in client.get(url).content.decode()
    assert client.post(url, sent | {"do": "sign", "code": code_in(letter)}).status_code == 409


def test_sent_back_through_a_link(cast, agreement, asked, link, signed_in):
    client, url = signed_in(), page("link", link.code)
    client.post(url, {"do": "code"})
    sent = form_data(client.get(url)) | {"code": code_in(mail.outbox[0])}
    assert client.post(url, sent | {"do": "refuse"}).status_code == 422
    assert client.post(url, sent | {"do": "refuse", "reason": "日期不对"}).status_code == 302
    assert stored(asked[2]).state == "refused"
    assert "日期不对" in client.get(url).content.decode()


def test_codes_are_not_sent_without_end(cast, agreement, asked, link, signed_in):
    client, url = signed_in(), page("link", link.code)
    assert [client.post(url, {"do": "code"}).status_code for _n in range(4)] == [302, 302, 302, 409]
    assert len(mail.outbox) == 3


def test_a_link_shows_no_more_than_is_due(cast, agreement, asked, link, signed_in):
    client, url = signed_in(), page("link", link.code)
    school = signed_in(cast.officer)
    assert "this is what they see" in school.get(url).content.decode()
    assert school.post(url, {"do": "code"}).status_code == 409
    assert not mail.outbox
    signing.withdraw_request(asked[2], by=cast.officer)
    shown = client.get(url)
    assert shown.status_code == 200
    assert agreement.aim not in shown.content.decode()
    assert client.post(url, {"do": "code"}).status_code == 409
    Agreement.objects.filter(pk=agreement.pk).update(state="draft")
    assert client.get(url).status_code == 404


def test_without_an_address_there_is_paper(cast, agreement, signed_in):
    (row,) = signing.ask_for_signatures(agreement, [Signatory("enterprise", "x", "孙总")], by=cast.officer)
    link = link_services.hand_out_to_sign(row, by=cast.officer)
    client, url = signed_in(), page("link", link.code)
    assert "请在纸质文本上签字" in client.get(url).content.decode()
    assert client.post(url, {"do": "code"}).status_code == 409


# --- on paper, corrected -------------------------------------------------------------------------------------------


def test_signed_on_paper_with_its_scan(cast, agreement, asked, signed_in):
    client, url = signed_in(cast.officer), page("agreement_signed", agreement.pk)
    sent = form_data(client.get(url))
    assert client.post(url, sent).status_code == 422
    assert client.post(url, sent | {"scan": scan(picture=b"no picture")}).status_code == 422
    assert client.post(url, sent | {"scan": scan("x.docx")}).status_code == 422
    assert client.post(url, sent | {"scan": scan(), "signed_on": "2199-01-01"}).status_code == 422
    some = {"signatures": [asked[0].pk, asked[2].pk]}
    assert client.post(url, sent | some | {"scan": scan()}).status_code == 302
    row = stored(asked[0])
    assert (row.way, row.signed_on, row.scan.sha256 != "", row.scan.subject) == ("paper", TODAY, True, agreement)
    filed = client.get(page("file", row.scan.key))
    assert b"".join(filed.streaming_content).startswith(b"\xff\xd8")
    assert stored(agreement).open_signatures == 1
    assert client.post(url, form_data(client.get(url)) | {"scan": scan()}).status_code == 302
    assert stored(agreement).state == "in_force"
    assert "scan.jpg" in client.get(page("agreement_detail", agreement.pk)).content.decode()


def test_a_correction_shows_first_who_signs_again(cast, agreement, asked, signed_in):
    for row, by in ((asked[0], cast.lead), (asked[1], cast.hr)):
        signing.sign(row, digest=signing.digest_of(stored(agreement)), by=by)
    client, url = signed_in(cast.officer), page("agreement_correct", agreement.pk)
    assert url in client.get(page("agreement_detail", agreement.pk)).content.decode()
    form = form_data(client.get(url)) | {"enterprise_contact": cast.foreman.pk}
    preview = client.post(url, form)
    shown = preview.content.decode()
    assert "hr (director) signs again" in shown
    assert "lead (principal) signs again" not in shown
    assert stored(agreement).enterprise_contact is None
    back = client.post(url, form_data(preview) | {"back": "1"})
    assert form_data(back)["enterprise_contact"] == str(cast.foreman.pk)
    done = client.post(url, form_data(preview) | {"confirmed": "1", "reason": "换人"})
    assert done.status_code == 302
    assert stored(agreement).enterprise_contact == cast.foreman
    assert [stored(row).state for row in asked] == ["signed", "reset", "asked"]
    assert Event.objects.get(kind="signature.reset").data["why"] == "换人"


def test_a_correction_without_the_preview_resets_all_the_same(cast, agreement, asked, signed_in):
    signing.sign(asked[1], digest=signing.digest_of(agreement), by=cast.hr)
    client, url = signed_in(cast.officer), page("agreement_correct", agreement.pk)
    form = form_data(client.get(url)) | {"aim": "另一个", "confirmed": "1"}
    assert client.post(url, form).status_code == 302
    assert stored(asked[1]).state == "reset"
    assert client.post(url, form | {"aim": "第三个"}).status_code == 409


def test_nobody_signed_nothing_to_show(cast, agreement, asked, signed_in):
    client, url = signed_in(cast.officer), page("agreement_correct", agreement.pk)
    assert client.post(url, form_data(client.get(url)) | {"aim": "另一个"}).status_code == 302
    assert stored(agreement).aim == "另一个"

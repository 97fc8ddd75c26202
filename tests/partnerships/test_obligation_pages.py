"""The pages of promises and of the end: for the school, in the portal, and behind links."""

import io
import uuid
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Message, Obligation, ProxyEntry
from partnerships.services.links import hand_out_promise
from records.models import File
from tests.partnerships.browser import form_data
from tests.partnerships.factories import AgreementFactory, EnterpriseFactory
from tests.stage import jpeg

TODAY = timezone.localdate()


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


@pytest.fixture
def agreement(cast):
    return AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force", title="实习基地协议")


def duty(agreement, side="enterprise", due=20, **values):
    days = {"first_on": agreement.starts_on, "due_on": TODAY + timedelta(days=due)}
    known = {"agreement": agreement, "enterprise": agreement.enterprise, "text": "接待教师实践"}
    return Obligation.objects.create(**known | days | {"side": side} | values)


def text(response):
    return response.content.decode()


# --- what stands where ---------------------------------------------------------------------------------------------


def test_both_sides_read_what_was_promised_in_their_own_words(cast, signed_in, agreement):
    late = duty(agreement, due=-3)
    duty(agreement, side="school", text="送年度报告", count=6, counter="seminars")
    broken = duty(agreement, text="捐赠机床", state="breached", closed_at=timezone.now(), note="内部原因")
    school, portal = signed_in(cast.officer), signed_in(cast.hr)
    for address in (
        page("agreement_detail", agreement.pk),
        page("obligation_list"),
        page("obligation_detail", late.pk),
    ):
        assert ">late<" in text(school.get(address))
    assert "0 of 6" in text(school.get(page("agreement_detail", agreement.pk)))
    on_paper = text(school.get(page("agreement_print", agreement.pk)))  # which goes to both sides
    assert "· to arrange" in on_paper
    assert "late<" not in on_paper
    record = text(school.get(page("enterprise_detail", cast.a.pk)))
    assert "0 of 2 kept" in record
    for address in (
        page("portal_agreement", cast.a.pk, agreement.pk), page("portal_obligations", cast.a.pk),
        page("portal_obligation", cast.a.pk, late.pk), page("portal_obligation", cast.a.pk, broken.pk),
    ):  # fmt: skip
        said = text(portal.get(address))
        assert ">late<" not in said
        assert "overdue" not in said
        assert "内部原因" not in said
    assert "to arrange" in text(portal.get(page("portal_obligation", cast.a.pk, late.pk)))


def test_before_it_is_signed_nothing_is_promised(cast, signed_in):
    draft = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="review")
    client = signed_in(cast.officer)
    assert 'id="promises"' not in text(client.get(page("agreement_detail", draft.pk)))
    assert client.get(page("obligation_new", draft.pk)).status_code == 409
    assert client.post(page("obligation_new", draft.pk), {}).status_code == 409


# --- kept ----------------------------------------------------------------------------------------------------------


def test_the_enterprise_says_in_its_portal_that_it_is_done(cast, signed_in, agreement):
    row, ours = duty(agreement), duty(agreement, side="school")
    portal, address = signed_in(cast.hr), page("portal_obligation", cast.a.pk, row.pk)
    tomorrow = {"kept_on": TODAY + timedelta(days=1)}
    assert portal.post(address, tomorrow).status_code == 422
    wrong = portal.post(address, {"kept_on": TODAY, "files": [io.BytesIO(b"x")]})
    assert wrong.status_code == 422
    assert portal.post(address, {"kept_on": TODAY, "note": "四位老师", "files": [jpeg("老师")]}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.note, row.closed_by) == ("kept", "四位老师", cast.hr)
    file = File.objects.get(subject_id=row.pk, name__startswith="老师")
    school = signed_in(cast.officer)
    assert str(file.key) in text(school.get(page("obligation_detail", row.pk)))
    assert school.get(page("file_picture", file.key)).status_code == 200
    assert signed_in(cast.stranger_hr).get(page("file_picture", file.key)).status_code == 404
    assert portal.post(address, {"kept_on": TODAY}).status_code == 403
    assert portal.post(page("portal_obligation", cast.a.pk, ours.pk), {"kept_on": TODAY}).status_code == 403
    assert "四位老师" in text(portal.get(address))


def test_through_a_link_without_an_account(cast, signed_in, agreement):
    row = duty(agreement, contact=cast.foreman)
    link = hand_out_promise(row, by=cast.officer)
    assert link.addressee == "钱师傅"
    assert hand_out_promise(row, by=cast.officer) == link
    client, address = signed_in(), page("link", link.code)
    assert "接待教师实践" in text(client.get(address))
    assert client.post(address, {"kept_on": TODAY}).status_code == 422
    sent = {"kept_on": TODAY, "who": "other", "name": "钱波", "files": [jpeg("老师")]}
    assert signed_in(cast.officer).post(address, sent).status_code == 409
    assert client.post(address, sent | {"files": [jpeg("老师")]}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.closed_name, row.files.count()) == ("kept", "钱波", 1)
    assert "钱波" in text(client.get(address))
    assert client.post(address, sent).status_code == 409


def test_another_time_through_a_link(cast, signed_in, agreement):
    row = duty(agreement, contact=cast.foreman)
    client, address = signed_in(), page("link", hand_out_promise(row, by=cast.officer).code)
    words = {"body": "下周三方便", "who": "other", "name": "钱波", "form_key": uuid.uuid4()}
    assert signed_in(cast.officer).post(address, words).status_code == 409
    assert client.post(address, words | {"body": ""}).status_code == 422
    assert client.post(address, words).status_code == 302
    row.refresh_from_db()
    assert (row.state, Message.objects.get().body) == ("open", "关于“接待教师实践”：下周三方便")
    assert "下周三方便" in text(client.get(address))


def test_on_behalf_with_source_and_witness(cast, signed_in, agreement):
    row, client = duty(agreement), signed_in(cast.officer)
    address = page("obligation_keep", row.pk)
    assert client.get(address).status_code == 200
    said = {"kept_on": TODAY, "source": "phone", "said_by": "赵经理", "said_at": f"{TODAY}T00:00"}
    for missing in ("source", "said_by", "kept_on"):
        assert client.post(address, said | {missing: ""}).status_code == 422
    assert client.post(address, said).status_code == 302
    entry = ProxyEntry.objects.get()
    row.refresh_from_db()
    assert (row.proxy, entry.said_by, entry.enterprise) == (entry, "赵经理", cast.a)
    assert "赵经理" in text(signed_in(cast.hr).get(page("portal_home", cast.a.pk)))
    assert client.get(address).status_code == 409


def test_our_own_is_kept_without_a_witness(cast, signed_in, agreement):
    row = duty(agreement, side="school", owner=cast.other_officer)
    client = signed_in(cast.other_officer)  # not the keeper of the agreement, but the one who does it
    assert client.post(page("obligation_keep", row.pk), {"kept_on": TODAY, "note": "已寄"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.proxy) == ("kept", None)


# --- settled, added, changed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "step", "status"),
    [("officer", "waive", 302), ("officer", "breach", 403), ("lead", "breach", 302), ("officer", "reopen", 409),
     ("other_officer", "waive", 403), ("officer", "keep", 404), ("officer", "set_aside", 404)],
)  # fmt: skip
def test_who_settles_it_otherwise(cast, signed_in, agreement, who, step, status):
    row = duty(agreement)
    answer = signed_in(getattr(cast, who)).post(page("obligation_move", row.pk, step), {"note": "双方商定"})
    assert answer.status_code == status
    row.refresh_from_db()
    assert row.state == ({"waive": "waived", "breach": "breached"}[step] if status == 302 else "open")


def test_a_reason_is_needed(cast, signed_in, agreement):
    row = duty(agreement)
    assert signed_in(cast.lead).post(page("obligation_move", row.pk, "waive"), {"note": " "}).status_code == 409


@pytest.mark.parametrize("side", ["school", "enterprise"])
def test_one_that_no_clause_made(cast, signed_in, agreement, side):
    client, address = signed_in(cast.officer), page("obligation_new", agreement.pk)
    first = form_data(client.get(address))
    typed = first | {"side": side, "text": "捐赠机床", "due_on": TODAY + timedelta(days=60), "amount": "80000",
                     "owner": cast.officer.pk, "contact": cast.foreman.pk}  # fmt: skip
    for wrong in (
        {"text": ""},
        {"due_on": ""},
        {"due_on": TODAY - timedelta(days=999)},
        {"side": "both"},
        {"amount": "-1"},
    ):
        assert client.post(address, typed | wrong).status_code == 422, wrong
    assert client.post(address, typed).status_code == 302
    assert client.post(address, typed).status_code == 302
    row = Obligation.objects.get()
    assert (row.side, row.owner is None, row.contact is None) == (side, side == "enterprise", side == "school")
    change = page("obligation_edit", row.pk)
    filled = form_data(client.get(change))
    assert client.post(change, filled | {"due_on": TODAY + timedelta(days=90)}).status_code == 302
    late = client.post(change, filled | {"due_on": TODAY + timedelta(days=30)})
    assert late.status_code == 409
    row.refresh_from_db()
    assert row.due_on == TODAY + timedelta(days=90)


# --- the list ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 3), ("?side=school", 1), ("?state=late", 1), ("?state=kept", 1), ("?settled=true", 4), ("?due=30", 1),
     ("?mine=true", 3), ("?q=机床", 1), ("?q=恒力", 3), ("?kind=research", 0), ("?owner=999", 3), ("?state=nonsense", 3)],
)  # fmt: skip
def test_what_the_list_shows(cast, signed_in, agreement, query, found):
    duty(agreement, due=-3, text="捐赠机床")
    duty(agreement, due=20)
    duty(agreement, side="school", due=200)
    duty(agreement, state="kept", kept_on=TODAY, closed_at=timezone.now())
    duty(agreement, state="waived", closed_at=timezone.now(), note="x", is_beyond_term=True)
    client = signed_in(cast.officer)
    assert text(client.get(page("obligation_list") + query)).count('scope="row"') == found
    book = client.get(reverse("reports:list_export", args=["obligations"]) + query)
    rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).active.values)
    assert len(rows) == found + 1
    assert ["" if found else None] if not found else rows[1][1] == cast.a.name


def test_the_list_and_the_portal_cost_the_same_for_many(cast, signed_in, agreement):
    client, portal, counts = signed_in(cast.officer), signed_in(cast.hr), {}
    for number in (1, 40):
        for n in range(number):
            other = agreement if n % 2 else AgreementFactory(
                enterprise=EnterpriseFactory(owner=cast.officer), owner=cast.officer, state="in_force"
            )  # fmt: skip
            duty(other, due=n, contact=cast.foreman if n % 2 else None, count=3, counter="seminars")
            duty(other, side="school", due=n, owner=cast.officer)
            duty(agreement, due=n)
        for browser, address in (
            (client, page("obligation_list")), (client, page("agreement_detail", agreement.pk)),
            (portal, page("portal_obligations", cast.a.pk)),
        ):  # fmt: skip
            browser.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(address).status_code == 200
            counts.setdefault(address, []).append(len(queries))
    assert [few == many for few, many in counts.values()] == [True] * 3, counts


# --- the end -------------------------------------------------------------------------------------------------------


def test_what_follows_on_the_end(cast, signed_in, agreement):
    client, address = signed_in(cast.officer), page("agreement_ending", agreement.pk)
    said = {"do": "wish", "wish": "talk", "source": "wechat", "said_by": "赵经理", "said_at": f"{TODAY}T00:00"}
    said |= {"form_key": uuid.uuid4()}
    assert client.get(address).status_code == 200
    assert client.post(address, said | {"wish": "maybe"}).status_code == 422
    assert client.post(address, said | {"said_by": ""}).status_code == 422
    assert client.post(address, said).status_code == 302
    agreement.refresh_from_db()
    assert agreement.wish == "talk"
    assert "let us talk" in text(client.get(address))
    for do, ends in (("end", True), ("keep_open", False)):
        assert client.post(address, {"do": do}).status_code == 302
        agreement.refresh_from_db()
        assert bool(agreement.let_end_at) == ends
    portal = signed_in(cast.hr)
    assert portal.post(page("portal_wish", cast.a.pk, agreement.pk), {"text": ""}).status_code == 422
    answer = {"wish": "go_on", "text": "再签三年", "form_key": uuid.uuid4()}
    assert portal.post(page("portal_wish", cast.a.pk, agreement.pk), answer).status_code == 302
    agreement.refresh_from_db()
    assert agreement.wish == "go_on"
    assert cast.a.messages.filter(body__contains="再签三年", author=cast.hr).exists()

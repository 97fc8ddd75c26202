"""The pages of agreements: drafted, edited, listed, given to the enterprise, read and commented on by both sides."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Agreement
from partnerships.rules.agreements import SIGNED
from tests.partnerships.browser import form_data
from tests.partnerships.factories import AgreementFactory

TODAY = timezone.localdate()


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


def typed(cast, **changes):
    values = {
        "kind": "order_class", "title": "订单班协议", "aim": "共同培养", "starts_on": TODAY, "owner": cast.officer.pk,
        "ends_on": TODAY + timedelta(days=700), "form_key": str(uuid4()),
    }  # fmt: skip
    return values | changes


def agreement(cast, **values):
    return AgreementFactory(**{"enterprise": cast.a, "owner": cast.officer} | values)


def test_drafted_given_and_read(cast, signed_in):
    client = signed_in(cast.officer)
    assert cast.a.name in client.get(page("agreement_start")).content.decode()
    assert client.get(page("agreement_new", cast.a.pk)).status_code == 200
    answer = client.post(page("agreement_new", cast.a.pk), typed(cast))
    draft = Agreement.objects.get()
    assert answer.url == page("agreement_detail", draft.pk)
    assert draft.school_contact is None
    shown = client.get(answer.url).content.decode()
    assert "共同培养" in shown
    assert "订单班协议" in client.get(page("agreement_list")).content.decode()
    portal = signed_in(cast.hr)
    assert portal.get(page("portal_agreement", cast.a.pk, draft.pk)).status_code == 404
    assert client.post(page("agreement_move", draft.pk, "submit")).status_code == 302
    assert "订单班协议" in portal.get(page("portal_agreements", cast.a.pk)).content.decode()
    read = portal.get(page("portal_agreement", cast.a.pk, draft.pk)).content.decode()
    assert "共同培养" in read
    assert "订单班协议" in client.get(page("enterprise_detail", cast.a.pk)).content.decode()
    assert "订单班协议" in portal.get(page("portal_partnership", cast.a.pk)).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"title": ""}, {"ends_on": TODAY - timedelta(days=1)}, {"auto_renews": "on", "ends_on": ""}, {"kind": "x"},
     {"amount": "-1"}, {"other_parties": "不存在的公司"}, {"aim": "x" * 4001}],
    ids=str,
)  # fmt: skip
def test_a_wrong_draft_comes_back(cast, signed_in, wrong):
    answer = signed_in(cast.officer).post(page("agreement_new", cast.a.pk), typed(cast, **wrong))
    assert answer.status_code == 422
    assert not Agreement.objects.exists()


def test_two_editors(cast, signed_in):
    draft = agreement(cast)
    client, url = signed_in(cast.officer), page("agreement_edit", draft.pk)
    first = form_data(client.get(url))
    assert client.post(url, first | {"aim": "一"}).status_code == 302
    late = client.post(url, first | {"aim": "二"})
    assert late.status_code == 409
    assert "二" in late.content.decode()
    assert client.post(url, form_data(late)).status_code == 302
    draft.refresh_from_db()
    assert (draft.aim, draft.version) == ("二", 2)


def test_commented_changed_and_agreed(cast, signed_in):
    review = agreement(cast, state="review")
    school, portal = signed_in(cast.officer), signed_in(cast.hr)
    there = page("portal_agreement", cast.a.pk, review.pk)
    assert portal.post(page("portal_agreement_comment", cast.a.pk, review.pk), {"field": "aim"}).status_code == 422
    data = {"field": "aim", "text": "请写明专业"}
    assert portal.post(page("portal_agreement_comment", cast.a.pk, review.pk), data).status_code == 302
    assert "请写明专业" in school.get(page("agreement_detail", review.pk)).content.decode()
    edit = page("agreement_edit", review.pk)
    sent = form_data(school.get(edit))
    assert [name for name in SIGNED if name in sent] == ["aim"]
    assert school.post(edit, sent | {"title": "另一个"}).status_code == 409
    assert school.post(edit, sent | {"aim": "机电专业"}).status_code == 302
    assert "机电专业" in portal.get(there).content.decode()
    for client, url in (
        (school, page("agreement_agree", review.pk)), (portal, page("portal_agreement_agree", cast.a.pk, review.pk)),
    ):  # fmt: skip
        assert client.post(url, {"version": 0}).status_code == 409
        assert client.post(url, {"version": 1}).status_code == 302
    assert school.post(page("agreement_move", review.pk, "approve")).status_code == 403
    assert signed_in(cast.lead).post(page("agreement_move", review.pk, "approve")).status_code == 302
    review.refresh_from_db()
    assert review.state == "signature"
    assert portal.get(there).status_code == 200

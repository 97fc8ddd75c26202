"""The pages of agreements: drafted, edited, listed, given to the enterprise, read and commented on by both sides."""

import io
from datetime import timedelta
from uuid import uuid4

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Agreement, AgreementPreset
from partnerships.rules.agreements import SIGNED
from tests.partnerships.browser import form_data
from tests.partnerships.factories import AgreementFactory, EnterpriseFactory

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


# --- the end -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_amended", [True, False])
@pytest.mark.parametrize("renews", [True, False])
def test_whether_it_renews_itself_is_said_as_amended(cast, signed_in, renews, is_amended):
    base = agreement(cast, ends_on=TODAY + timedelta(days=30), **renewal(renews != is_amended))
    Agreement.objects.filter(pk=base.pk).update(state="in_force", effective_until=base.ends_on)
    amended = {"amends": base, "nth": 1, "blocks": ["term"], "valid_from": TODAY + timedelta(days=5)}
    for nth, state in ((1, "in_force"), (2, "draft")) if is_amended else ((1, "draft"),):
        values = renewal(renews if state == "in_force" else not renews)
        agreement(cast, ends_on=base.ends_on, state=state, **amended | {"nth": nth}, **values)
    client, portal = signed_in(cast.officer), signed_in(cast.hr)
    for shown in (
        client.get(page("agreement_ending", base.pk)), client.get(page("agreement_detail", base.pk)),
        client.get(page("agreement_list")), client.get(page("agreement_ends")),
        portal.get(page("portal_agreements", cast.a.pk)),
    ):  # fmt: skip
        assert ("It renews itself on" in shown.content.decode()) is renews
        assert ("It ends on" in shown.content.decode()) is not renews
    answer = client.get(reverse("reports:list_export", args=["agreements"]))
    heads, first, *_rest = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active.values
    assert dict(zip(heads, first, strict=True))["renews itself"] == ("yes" if renews else "no")


def renewal(renews):
    return {"auto_renews": renews, "renewal_months": 12 if renews else None}


# --- the list ------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(cast):
    second = EnterpriseFactory(name="阿尔法科技有限公司", owner=cast.officer)
    soon = agreement(cast, state="in_force", title="将到期", starts_on=TODAY, ends_on=TODAY + timedelta(days=20))
    later = agreement(
        cast, state="in_force", title="还早", kind="research", enterprise=second, owner=cast.lead, department=cast.d2,
        number="XQ-7", ends_on=TODAY + timedelta(days=80),
    )  # fmt: skip
    open_ended = agreement(cast, state="in_force", title="长期有效", kind="order_class", ends_on=None)
    draft = agreement(cast, title="草稿一份")
    over = agreement(cast, state="expired", title="已过期")
    parts = {"amends": open_ended, "nth": 1, "kind": "order_class", "blocks": ["term"], "valid_from": TODAY}
    at_work = agreement(cast, state="review", title="长期有效的补充", **parts)
    return {"soon": soon, "later": later, "open": open_ended, "draft": draft, "at work": at_work, "over": over}


@pytest.mark.parametrize(
    ("query", "names"),
    [({}, "soon later open draft at_work"), ({"state": "in_force"}, "soon later open"), ({"state": "review"}, "at_work"),
     ({"kind": "research"}, "later"), ({"state": "expired"}, "over"), ({"ended": "true", "q": "过期"}, "over"), ({"ends": "30"}, "soon"), ({"ends": "90"}, "soon later"), ({"mine": "true"}, "soon open draft at_work"),
     ({"owner": "lead"}, "later"), ({"department": "d2"}, "later"), ({"enterprise": "b"}, ""), ({"q": "阿尔法"}, "later"),
     ({"q": "aef"}, "later"), ({"q": "xq-7"}, "later"), ({"q": "草稿"}, "draft"), ({"state": "nonsense"}, "soon later open draft at_work")],
    ids=str,
)  # fmt: skip
def test_the_list_is_narrowed(cast, signed_in, many, query, names):
    query = {key: getattr(cast, value).pk if hasattr(cast, value) else value for key, value in query.items()}
    listed = signed_in(cast.officer).get(page("agreement_list"), query)
    found = [row.title for row, _standing, _ends in listed.context["lines"]]
    assert sorted(found) == sorted(many[name.replace("_", " ")].title for name in names.split())
    sheet = signed_in(cast.officer).get(reverse("reports:list_export", args=["agreements"]), query)
    rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(sheet.streaming_content))).active.values)
    assert sorted(row[2] for row in rows[1:]) == sorted(found)


@pytest.mark.parametrize("sort", ["end", "-end", "enterprise", "-enterprise", "recorded", "-recorded"])
def test_the_list_is_sorted_and_paged_by_key(cast, signed_in, monkeypatch, sort):
    partners = [EnterpriseFactory(name=name, owner=cast.officer) for name in ("中恒集团", "安达公司", "博远公司")]
    for number in range(9):
        agreement(
            cast, enterprise=partners[number % 3], ends_on=TODAY + timedelta(days=200 - number), title=f"第{number}份"
        )
    monkeypatch.setattr("records.keyset.page.__kwdefaults__", {"size": 4}, raising=False)
    client, url, seen = signed_in(cast.officer), page("agreement_list") + f"?sort={sort}", []
    for _page in range(3):
        shown = client.get(url).context["page"]
        seen += [row.pk for row in shown]
        if not shown.next:
            break
        url = page("agreement_list") + shown.next
    assert len(seen) == len(set(seen)) == 9
    column = {"end": "effective_until", "enterprise": "enterprise__sort_key", "recorded": "created_at"}[sort.strip("-")]
    order = f"-{column}" if sort.startswith("-") else column
    assert seen == list(
        Agreement.objects.order_by(order, "-pk" if sort.startswith("-") else "pk").values_list("pk", flat=True)
    )


def test_the_months_in_which_agreements_end(cast, signed_in, many):
    client = signed_in(cast.officer)
    shown = client.get(page("agreement_ends"))
    counted = {month: count for month, count in shown.context["months"] if count}
    assert sum(counted.values()) == 2
    month = many["later"].effective_until
    there = client.get(page("agreement_ends"), {"month": f"{month:%Y-%m}"})
    assert "还早" in there.content.decode()
    assert client.get(page("agreement_ends"), {"month": "never"}).status_code == 200


# --- steps with a page of their own --------------------------------------------------------------------------------


def test_amended_ended_and_renewed_on_pages(cast, signed_in):
    base = agreement(cast, state="in_force")
    officer, lead = signed_in(cast.officer), signed_in(cast.lead)
    assert officer.get(page("agreement_amend", base.pk)).status_code == 200
    assert officer.post(page("agreement_amend", base.pk), {"valid_from": TODAY}).status_code == 422
    answer = officer.post(page("agreement_amend", base.pk), {"blocks": ["money"], "valid_from": TODAY})
    amendment = Agreement.objects.get(amends=base)
    assert answer.url == page("agreement_edit", amendment.pk)
    assert set(form_data(officer.get(answer.url))) >= {"amount", "payment"}
    assert "aim" not in form_data(officer.get(answer.url))
    assert officer.get(page("agreement_amend", base.pk)).status_code == 409
    blocks = page("agreement_blocks", amendment.pk)
    assert officer.get(blocks).status_code == 200
    ticks = {"blocks": ["term"], "valid_from": TODAY}
    assert officer.post(blocks, ticks | {"version": 7}).status_code == 422
    assert officer.post(blocks, ticks | {"version": 0}).status_code == 302
    assert officer.post(page("agreement_delete", amendment.pk)).url == page("agreement_detail", base.pk)
    renewed = officer.post(page("agreement_renew", base.pk))
    assert renewed.url == page("agreement_edit", base.renewals.get().pk)
    assert lead.post(page("agreement_end", base.pk), {"day": TODAY, "reason": ""}).status_code == 422
    assert lead.post(page("agreement_end", base.pk), {"day": TODAY, "reason": "搬迁"}).status_code == 302
    assert "搬迁" in signed_in(cast.hr).get(page("portal_agreement", cast.a.pk, base.pk)).content.decode()


def test_filed_printed_and_on_behalf(cast, signed_in):
    row, client = agreement(cast, state="review"), signed_in(cast.officer)
    filing = page("agreement_filing", row.pk)
    sent = form_data(client.get(filing))
    assert client.post(filing, sent | {"number": "XQ-1", "other_parties": cast.b.name}).status_code == 302
    assert client.post(filing, sent | {"number": "XQ-2"}).status_code == 409
    row.refresh_from_db()
    assert (row.number, list(row.other_parties.all())) == ("XQ-1", [cast.b])
    assert cast.b.name in client.get(page("agreement_print", row.pk)).content.decode()
    behalf = page("agreement_on_behalf", row.pk)
    said = form_data(client.get(behalf)) | {"source": "phone", "said_by": "钱波"}
    assert client.post(behalf, said | {"field": "aim", "text": ""}).status_code == 422
    assert client.post(behalf, said | {"field": "aim", "text": "更短"}).status_code == 302
    assert "更短" in signed_in(cast.hr).get(page("portal_home", cast.a.pk)).content.decode()
    assert "XQ-1" not in signed_in(cast.hr).get(page("portal_agreement", cast.a.pk, row.pk)).content.decode()
    carried = client.post(page("agreement_link", row.pk))
    assert client.get(carried.url).status_code == 200


def test_a_preset_begins_a_draft(cast, signed_in):
    lead, officer = signed_in(cast.lead), signed_in(cast.officer)
    sent = form_data(lead.get(page("preset_new"))) | {
        "name": "订单班范本",
        "kind": "order_class",
        "aim": "按岗培养",
        "amount": "500",
    }
    assert lead.post(page("preset_new"), sent | {"name": ""}).status_code == 422
    assert lead.post(page("preset_new"), sent).status_code == 302
    preset = AgreementPreset.objects.get()
    first = form_data(officer.get(page("agreement_new", cast.a.pk) + f"?preset={preset.pk}"))
    assert (first["kind"], first["aim"], first["amount"]) == ("order_class", "按岗培养", "500")
    edit = page("preset_edit", preset.pk)
    again = form_data(lead.get(edit)) | {"aim": "按岗共同培养"}
    assert lead.post(edit, again).status_code == 302
    assert lead.post(edit, again).status_code == 422
    like = agreement(cast, aim="像这份")
    assert form_data(officer.get(page("agreement_new", cast.a.pk) + f"?like={like.pk}"))["aim"] == "像这份"

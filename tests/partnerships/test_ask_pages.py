"""The pages of needs, offers and asks: posted on a phone, suggested with reasons, asked, answered by link, exported."""

import io
import uuid
from datetime import timedelta

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Ask, AskBudget, Match, Need, Offer
from partnerships.services import links as link_services
from partnerships.services import matches
from policies.models import Specialty
from tests.partnerships.browser import form_data
from tests.partnerships.factories import AskFactory, EnterpriseFactory, NeedFactory, OfferFactory

TODAY = timezone.localdate()


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


def typed(**more):
    values = {
        "kind": "interns", "title": "数控实习生", "number": 8, "from_on": TODAY, "until_on": TODAY + timedelta(days=30),
        "specialties": ["460301"], "form_key": str(uuid.uuid4()),
    }  # fmt: skip
    return values | more


def students(cast, **more):
    offer = OfferFactory(department=cast.d1, title="机电实习生", **more)
    offer.specialties.add(Specialty.objects.get(pk="460301"))
    return offer


def text(answer):
    return answer.content.decode()


# --- needs ---------------------------------------------------------------------------------------------------------


def test_posted_in_the_portal_and_met_with_an_offer(cast, signed_in):
    hr, officer, offer = signed_in(cast.hr), signed_in(cast.officer), students(cast)
    assert hr.get(page("portal_need_new", cast.a.pk)).status_code == 200
    assert hr.post(page("portal_need_new", cast.a.pk), typed()).status_code == 302
    need = Need.objects.get()
    assert "数控实习生" in text(hr.get(page("portal_needs", cast.a.pk)))
    assert "数控实习生" in text(officer.get(page("need_list")))
    assert "数控实习生" in text(officer.get(page("enterprise_detail", cast.a.pk)))
    shown = text(officer.get(page("need_detail", need.pk)))
    assert "Both name Mechatronics." in shown
    answer = officer.post(page("need_decide", need.pk), {"verdict": "accepted", "offer": offer.pk})
    assert answer.url == page("need_detail", need.pk)
    read = text(hr.get(page("portal_need", cast.a.pk, need.pk)))
    assert "机电实习生" in read
    assert "Both name" not in read
    assert hr.post(page("portal_need_move", cast.a.pk, need.pk, "meet")).status_code == 302
    need.refresh_from_db()
    assert need.state == "met"


@pytest.mark.parametrize(
    "wrong", [{"number": ""}, {"title": ""}, {"until_on": "2020-01-01"}, {"kind": "x"}, {"specialties": ["x"]}]
)
def test_what_was_typed_wrong_stands_in_the_form(cast, signed_in, wrong):
    for who, address in ((cast.hr, page("portal_need_new", cast.a.pk)), (cast.officer, page("wish_new"))):
        extra = {"department": cast.d1.pk} if who == cast.officer else {}
        assert signed_in(who).post(address, typed(**extra, **wrong)).status_code == 422
    assert not Need.objects.exists()


def test_a_decline_without_a_reason_is_refused(cast, signed_in):
    need, offer, officer = NeedFactory(enterprise=cast.a), students(cast), signed_in(cast.officer)
    address = page("need_decide", need.pk)
    assert officer.post(address, {"verdict": "declined", "offer": offer.pk}).status_code == 422
    assert officer.post(address, {"verdict": "declined", "offer": offer.pk, "reason": "要夜班"}).status_code == 302
    shown = text(officer.get(page("need_detail", need.pk)))
    assert "要夜班" in shown
    assert "Suggest it again" in shown
    assert officer.post(page("match_reconsider", Match.objects.get().pk)).url == page("need_detail", need.pk)
    assert officer.post(address, {"verdict": "x", "offer": offer.pk}).status_code == 404
    assert officer.post(address, {"verdict": "accepted", "offer": 999999}).status_code == 404


def test_a_decision_is_taken_back_only_by_who_sees_it_and_looks_after_one_of_the_two(cast, signed_in):
    need, offer = NeedFactory(enterprise=cast.a), students(cast)
    match = matches.decide("declined", by=cast.officer, need=need, offer=offer, reason="要夜班")
    address = page("match_reconsider", match.pk)
    asked = {who: signed_in(who).post(address).status_code for who in (cast.hr, cast.teacher, cast.other_officer)}
    assert asked == {cast.hr: 404, cast.teacher: 404, cast.other_officer: 403}
    assert Match.objects.get() == match
    assert not Match.objects.visible_to(cast.hr).exists()
    assert Match.objects.visible_to(cast.other_officer).get() == match
    assert signed_in(cast.officer).post(address).status_code == 302
    assert not Match.objects.exists()


def test_a_wish_leads_to_a_request(cast, signed_in):
    partner = EnterpriseFactory(industry_id="C34", region_id="330100", owner=cast.officer)
    officer = signed_in(cast.officer)
    answer = officer.post(page("wish_new"), typed(department=cast.d1.pk, number=40))
    wish = Need.objects.get()
    assert answer.url == page("need_detail", wish.pk)
    assert partner.name in text(officer.get(answer.url))
    answer = officer.post(page("need_decide", wish.pk), {"verdict": "accepted", "enterprise": partner.pk})
    match = Match.objects.get()
    assert answer.url == f"{page('ask_new', partner.pk)}?match={match.pk}"
    data = form_data(officer.get(answer.url)) | {"text": "接收四十名实习生"}
    assert (data["kind"], data["number"], data["match"]) == ("host", "40", str(match.pk))
    assert officer.post(page("ask_new", partner.pk), data).status_code == 302
    assert Ask.objects.get().match == match
    assert "接收四十名实习生" in text(officer.get(page("ask_list")))


def test_an_offer_finds_who_looks_for_it(cast, signed_in):
    officer = signed_in(cast.officer)
    values = {"kind": "students", "title": "机电实习生", "owner": cast.officer.pk, "department": cast.d1.pk,
              "specialties": ["460301"], "capacity": 20, "form_key": str(uuid.uuid4())}  # fmt: skip
    answer = officer.post(page("offer_new"), values)
    offer = Offer.objects.get()
    need = NeedFactory(enterprise=cast.a, title="要人")
    assert "要人" in text(officer.get(answer.url))
    assert officer.post(page("offer_decide", offer.pk), {"verdict": "accepted", "need": need.pk}).status_code == 302
    shown = text(officer.get(page("offer_detail", offer.pk)))
    assert "10 of 20, 10 given away" in shown
    assert officer.post(page("offer_edit", offer.pk), values | {"capacity": 5, "version": 0}).status_code == 422
    assert officer.post(page("offer_edit", offer.pk), values | {"title": "新名", "version": 7}).status_code == 409
    assert officer.post(page("offer_withdraw", offer.pk)).status_code == 302
    assert "机电实习生" not in text(officer.get(page("offer_list")))
    assert "机电实习生" in text(officer.get(page("offer_list") + "?closed=true"))


def test_the_enterprise_reads_what_is_shown_and_no_figures(cast, signed_in):
    students(cast, capacity=987_654, text="六个月")
    OfferFactory(title="内部", is_shown=False)
    read = text(signed_in(cast.hr).get(page("portal_offers", cast.a.pk)))
    assert "机电实习生" in read
    assert "987654" not in read.replace(",", "")
    assert "内部" not in read


def test_changed_by_two_at_once_both_values_stand_on_the_page(cast, signed_in):
    need = NeedFactory(enterprise=cast.a, version=1)
    data = typed(version=0, number=99)
    for who, address in (
        (cast.hr, page("portal_need_edit", cast.a.pk, need.pk)),
        (cast.officer, page("need_edit", need.pk)),
    ):
        answer = signed_in(who).post(address, data)
        assert answer.status_code == 409
        assert "99" in text(answer)


def test_the_link_to_post_needs_no_account(cast, signed_in):
    officer, nobody = signed_in(cast.officer), signed_in()
    carried = officer.post(page("need_link", cast.a.pk))
    assert "what they look for" in text(officer.get(carried.url))
    link = link_services.hand_out_need(cast.a, by=cast.officer)
    address = page("link", link.code)
    assert nobody.get(address).status_code == 200
    assert nobody.post(address, typed(title="")).status_code == 422
    assert nobody.post(address, typed()).status_code == 422  # who is it?
    assert nobody.post(address, typed(who="other", name="钱师傅")).status_code == 302
    assert "数控实习生" in text(nobody.get(address))
    assert officer.post(address, typed(who="other", name="x")).status_code == 409


# --- asks ----------------------------------------------------------------------------------------------------------


def test_asked_answered_by_link_and_read(cast, signed_in):
    officer, nobody = signed_in(cast.officer), signed_in()
    data = form_data(officer.get(page("ask_new", cast.a.pk))) | {"kind": "host", "number": 20, "text": "接收实习生"}
    ask_page = officer.post(page("ask_new", cast.a.pk), data).url
    ask = Ask.objects.get()
    assert "Nobody else asks them at the moment" in text(officer.get(ask_page))
    carried = officer.post(page("ask_link", ask.pk)).url
    assert "接收实习生" in text(officer.get(carried))
    address = page("link", link_services.hand_out_ask(ask, by=cast.officer).code)
    assert "接收实习生" in text(nobody.get(address))
    assert nobody.post(address, {"answer": "no", "who": "other", "name": "钱师傅"}).status_code == 422
    yes = {"answer": "yes", "number": 12, "note": "两个车间", "who": "other", "name": "钱师傅"}
    assert nobody.post(address, yes).url == address
    assert "两个车间" in text(nobody.get(address))
    assert nobody.post(address, yes).status_code == 409
    shown = text(officer.get(ask_page))
    assert "Who else at our school asks them" not in shown
    assert "两个车间" in shown
    assert "钱师傅" in shown
    assert officer.post(page("ask_seen", ask.pk)).status_code == 302
    assert officer.post(page("ask_move", ask.pk, "finish")).status_code == 302
    assert officer.post(page("ask_move", ask.pk, "accept")).status_code == 404


def test_answered_in_the_portal(cast, signed_in):
    hr, ask = signed_in(cast.hr), AskFactory(enterprise=cast.a)
    assert ask.text in text(hr.get(page("portal_asks", cast.a.pk)))
    address = page("portal_ask", cast.a.pk, ask.pk)
    assert hr.post(address, {"answer": "no"}).status_code == 422
    assert hr.post(address, {"answer": "no", "note": "旺季"}).status_code == 302
    assert "旺季" in text(hr.get(address))
    assert hr.post(address, {"answer": "yes"}).status_code == 409


def test_over_the_budget_the_form_says_who_asks_and_only_a_lead_goes_on(cast, signed_in):
    AskBudget.objects.update(most=1)
    AskFactory(enterprise=cast.a, department=cast.d2, asked_by=cast.other_officer, text="带学生参观")
    officer, lead = signed_in(cast.officer), signed_in(cast.lead)
    shown = text(officer.get(page("ask_new", cast.a.pk)))
    assert "带学生参观" in shown
    assert str(cast.d2) in shown
    assert "A lead may ask in spite of that" in shown
    data = {"department": cast.d1.pk, "kind": "visit", "text": "来访", "due_on": TODAY + timedelta(days=5),
            "form_key": str(uuid.uuid4())}  # fmt: skip
    answer = officer.post(page("ask_new", cast.a.pk), data)
    assert answer.status_code == 409
    assert str(cast.d2) in text(answer)
    assert lead.post(page("ask_new", cast.a.pk), data).status_code == 422
    assert lead.post(page("ask_new", cast.a.pk), data | {"because": "校长要求"}).status_code == 302
    assert "校长要求" not in text(signed_in(cast.hr).get(page("portal_asks", cast.a.pk)))


# --- lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["need", "offer", "ask"])
def test_lists_are_narrowed_and_flat(cast, signed_in, name, django_assert_max_num_queries):
    officer = signed_in(cast.officer)
    for n in range(12):
        NeedFactory(enterprise=cast.a, title=f"需求{n}", state="open" if n else "met")
        students(cast)
        AskFactory(enterprise=cast.a, text=f"请求{n}", state="asked" if n else "withdrawn")
    officer.get(page(f"{name}_list"))
    with django_assert_max_num_queries(16):
        assert officer.get(page(f"{name}_list")).status_code == 200
    words = {"need": "需求0", "offer": "机电实习生", "ask": "请求0"}[name]
    assert (words in text(officer.get(page(f"{name}_list")))) == (name == "offer")
    assert words in text(officer.get(page(f"{name}_list") + "?closed=true"))
    assert words in text(officer.get(page(f"{name}_list") + f"?closed=true&q={words}"))
    assert words not in text(officer.get(page(f"{name}_list") + "?closed=true&q=龘龘"))
    assert officer.get(page(f"{name}_list") + "?kind=x&state=x&department=x&side=x&enterprise=x").status_code == 200
    for more in ("mine=true", "side=enterprise", "side=department", f"department={cast.d1.pk}", "sort=-x", "end=1"):
        assert officer.get(f"{page(f'{name}_list')}?{more}").status_code == 200


@pytest.mark.parametrize(
    ("name", "shown"), [("needs", "数控实习生"), ("offers", "机电实习生"), ("asks", "周三下午带老师来访")]
)
def test_lists_are_downloaded(cast, signed_in, name, shown):
    NeedFactory(enterprise=cast.a)
    matches.decide("accepted", by=cast.officer, need=Need.objects.get(), offer=students(cast))
    AskFactory(enterprise=cast.a)
    sheet = signed_in(cast.officer).get(reverse("reports:list_export", args=[name]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(sheet.streaming_content)))
    cells = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row]
    assert shown in cells

"""One enterprise: recorded, changed, handed over, and its page."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Enterprise
from partnerships.models.enterprise import EnterpriseQuerySet
from partnerships.services import enterprises as services
from partnerships.services.enterprises import (
    Conflict,
    change_enterprise,
    create_enterprise,
    naming,
)
from partnerships.services.succession import hand_over
from records.models import Audience, Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import ContactFactory, EnterpriseFactory, SiteFactory, UserFactory


def good_code(start):
    from stdnum.cn import uscc

    return start + uscc.calc_check_digit(start)


CODE = good_code("91330100143030303")
OTHER_CODE = good_code("91330100143040404")


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


# --- recording -------------------------------------------------------------------------------------------------------


def test_an_officer_records_a_prospect_and_owns_it(cast):
    enterprise = create_enterprise(by=cast.officer, name="杭州恒新轴承有限公司", uscc=CODE, departments=[cast.d2])
    enterprise.refresh_from_db()
    assert (enterprise.state, enterprise.owner, enterprise.lead_department) == ("prospect", cast.officer, cast.d1)
    assert list(enterprise.departments.all()) == [cast.d2]
    assert enterprise.sort_key.startswith("hang zhou")
    assert Enterprise.objects.named_like("hxzc").get() == enterprise
    event = Event.objects.in_stream(enterprise.pk).get()
    assert (event.kind, event.by, event.audience) == ("enterprise.created", cast.officer, Audience.SCHOOL)


@pytest.mark.parametrize("who", ["teacher", "counsellor", "hr", "disabled"])
def test_nobody_else_records(cast, who):
    before = Enterprise.objects.count()
    with pytest.raises(NotAllowed):
        create_enterprise(by=getattr(cast, who), name="恒新")
    assert Enterprise.objects.count() == before


def test_naming_writes_every_key():
    keys = naming("杭州恒力轴承有限公司", "Hengli Bearings", "恒力", ["恒力机械厂"], CODE)
    assert set(keys) == {"sort_key", "name_key", "core_key", "search_text", "grams"}
    assert keys["core_key"] == "恒力轴承"
    assert len(naming("恒" * 100)["core_key"]) <= 200


def test_a_form_sent_twice_makes_one(cast):
    key = uuid.uuid4()
    first = create_enterprise(by=cast.officer, name="恒新", form_key=key)
    assert create_enterprise(by=cast.officer, name="恒新", form_key=key) == first
    assert Enterprise.objects.filter(form_key=key).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_makes_one(transactional_db):
    from tests.cast import gather

    cast, key, barrier = gather(), uuid.uuid4(), Barrier(6)

    def send(_n):
        try:
            barrier.wait(10)
            return create_enterprise(by=cast.officer, name="恒新", uscc=CODE, form_key=key).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(6)))) == 1
    assert Event.objects.filter(kind="enterprise.created").count() == 1


@pytest.mark.parametrize("who", ["officer", "lead"])
def test_a_code_exists_once(cast, who):
    create_enterprise(by=cast.officer, name="恒新", uscc=CODE)
    with pytest.raises(ValidationError, match="already carries this code"):
        create_enterprise(by=getattr(cast, who), name="恒新二", uscc=CODE)


def test_a_database_rule_speaks_a_sentence(cast):
    with pytest.raises(ValidationError, match="needs the day"):
        create_enterprise(by=cast.officer, name="恒新", registry="abnormal")
    with pytest.raises(TypeError):
        create_enterprise(by=cast.officer, name="恒新", state="active")


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_change_is_written_down_field_by_field(cast):
    changes = {"name": "杭州恒力精工轴承有限公司", "tier": 1, "address": "", "departments": [cast.d2]}
    now = timezone.now()
    changed = change_enterprise(cast.a, by=cast.officer, version=0, changes=changes, now=now)
    assert (changed.version, changed.tier, changed.core_key) == (1, 1, "恒力精工轴承")
    event = Event.objects.of(cast.a).latest("pk")
    assert (event.kind, event.audience, event.happened_at) == ("enterprise.changed", "school", now)
    assert event.data["changes"] == {
        "name": ["杭州恒力轴承有限公司", "杭州恒力精工轴承有限公司"],
        "tier": ["general", "strategic"],
        "departments": ["", "现代商贸学院"],
    }


def test_a_change_that_changes_nothing_writes_nothing(cast):
    before = Event.objects.count()
    assert change_enterprise(cast.a, by=cast.officer, version=0, changes={"name": cast.a.name}).version == 0
    assert Event.objects.count() == before


@pytest.mark.parametrize("who", ["other_officer", "teacher", "counsellor", "hr", "stranger_hr", "disabled"])
def test_who_may_not_change(cast, who):
    with pytest.raises(NotAllowed):
        change_enterprise(cast.a, by=getattr(cast, who), version=0, changes={"tier": 1})
    cast.a.refresh_from_db()
    assert cast.a.tier == 3


def test_a_merged_row_is_not_changed(cast):
    Enterprise.objects.filter(pk=cast.a.pk).update(merged_into=cast.b)
    with pytest.raises(Refused, match="merged"):
        change_enterprise(cast.a, by=cast.lead, version=0, changes={"tier": 1})


def test_the_second_editor_sees_both_values(cast):
    change_enterprise(cast.a, by=cast.lead, version=0, changes={"address": "滨江区一号"})
    with pytest.raises(Conflict) as conflict:
        change_enterprise(cast.a, by=cast.officer, version=0, changes={"address": "滨江区二号", "tier": 3})
    assert [(r["field"], r["theirs"], r["mine"]) for r in conflict.value.rows] == [
        ("address", "滨江区一号", "滨江区二号")
    ]
    cast.a.refresh_from_db()
    assert cast.a.address == "滨江区一号"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told(transactional_db, monkeypatch):
    from tests.cast import gather

    cast = gather()

    def save_at_once():
        version, barrier = Enterprise.objects.get(pk=cast.a.pk).version, Barrier(4)

        def save(n):
            try:
                barrier.wait(10)
                change_enterprise(cast.a, by=cast.lead, version=version, changes={"address": f"{n}号"})
            except Conflict:
                return 0
            finally:
                connection.close()
            return 1

        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(save, range(4)))

    assert save_at_once() == 1
    # without the lock everybody reads the old version before anybody writes
    together, allowed = Barrier(4), services.refuse_unless_changeable

    def allowed_together(enterprise, by):
        together.wait(10)
        return allowed(enterprise, by)

    monkeypatch.setattr(EnterpriseQuerySet, "select_for_update", lambda self, **kwargs: self)
    monkeypatch.setattr(services, "refuse_unless_changeable", allowed_together)
    assert save_at_once() == 4


def test_handing_over(cast):
    hand_over(cast.a, by=cast.officer, version=0, owner=cast.other_officer, lead_department=cast.d2, note="调岗")
    cast.a.refresh_from_db()
    assert (cast.a.owner, cast.a.lead_department, cast.a.version) == (cast.other_officer, cast.d2, 1)
    event = Event.objects.of(cast.a).latest("pk")
    assert (event.kind, event.data) == (
        "enterprise.handed_over",
        {"from": "officer", "to": "other_officer", "note": "调岗"},
    )
    with pytest.raises(NotAllowed):
        hand_over(cast.a, by=cast.officer, version=1, owner=cast.officer, lead_department=cast.d1)


def test_handing_over_to_a_namesake(cast):
    namesake = UserFactory(name=cast.officer.name)
    hand_over(cast.a, by=cast.officer, version=0, owner=namesake, lead_department=cast.d1)
    cast.a.refresh_from_db()
    assert cast.a.owner == namesake


@pytest.mark.parametrize("who", ["teacher", "hr", "disabled"])
def test_handing_over_to_somebody_who_cannot_keep_partners(cast, who):
    with pytest.raises(Refused):
        hand_over(cast.a, by=cast.officer, version=0, owner=getattr(cast, who), lead_department=None)


# --- pages -----------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_known(cast, signed_in):
    cast.a.name_en, cast.a.former_names = "Hengli Bearings", ["恒力机械厂"]
    cast.a.registry, cast.a.registry_on = "abnormal", date(2026, 3, 12)
    cast.a.listed = [{"agreement_title": "实习基地协议", "donation": "约5万(设备)"}]
    cast.a.save()
    ContactFactory(enterprise=cast.a, name="𠮷田·一郎", phones=["0571-88886666转802"])
    SiteFactory(enterprise=cast.a, name="萧山厂房")
    html = signed_in(cast.officer).get(url("enterprise_detail", cast.a.pk)).content.decode()
    for text in ("Hengli Bearings", "杭州恒力轴承有限公司", "恒力机械厂", "约5万(设备)", "𠮷田·一郎", "萧山厂房",
                 "abnormal operations", "tel:057188886666,802", "officer takes care of it"):  # fmt: skip
        assert text in html, text
    for name in ("touchpoint_new", "thread", "link_hand_out", "proxy_new"):
        assert url(name, cast.a.pk) in html, name
    assert url("seat_invite", cast.foreman.pk) in html


@pytest.mark.parametrize(
    ("who", "status"),
    [("administrator", 200), ("lead", 200), ("officer", 200), ("other_officer", 200), ("teacher", 404),
     ("counsellor", 404), ("hr", 403), ("former_hr", 404), ("stranger_hr", 404), (None, 302)],
)  # fmt: skip
def test_who_opens_the_page(cast, signed_in, who, status):
    client = signed_in(getattr(cast, who) if who else None)
    assert client.get(url("enterprise_detail", cast.a.pk)).status_code == status


def test_a_colleague_reads_but_changes_nothing(cast, signed_in):
    client = signed_in(cast.other_officer)
    html = client.get(url("enterprise_detail", cast.a.pk)).content.decode()
    assert "belongs to another officer" in html
    assert url("enterprise_edit", cast.a.pk) not in html
    assert client.get(url("enterprise_edit", cast.a.pk)).status_code == 403
    assert client.post(url("enterprise_move", cast.a.pk, "end"), {"note": "x"}).status_code == 403


def test_a_move_by_its_button(cast, signed_in):
    client = signed_in(cast.officer)
    assert client.post(url("enterprise_move", cast.a.pk, "pause")).status_code == 409  # no reason given
    response = client.post(url("enterprise_move", cast.a.pk, "pause"), {"note": "停产\x00检修"}, follow=True)
    assert "paused" in response.content.decode()
    assert client.post(url("enterprise_move", cast.a.pk, "pause"), {"note": "停产检修"}).status_code == 409
    assert client.post(url("enterprise_move", cast.a.pk, "fly")).status_code == 404
    assert client.get(url("enterprise_move", cast.a.pk, "resume")).status_code == 405


def test_the_page_asks_the_database_at_most_twelve_times(cast, signed_in):
    client = signed_in(cast.officer)
    page = url("enterprise_detail", cast.a.pk)
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for n in range(30):
        site = SiteFactory(enterprise=cast.a)
        ContactFactory(enterprise=cast.a, site=site)
        EnterpriseFactory(name=f"第{n}子公司", parent=cast.a, kinship="branch")
    with CaptureQueriesContext(connection) as many:
        client.get(page)
    assert len(many) == len(few), "\n".join(q["sql"][:150] for q in many)
    assert len(few) <= 12, "\n".join(q["sql"][:150] for q in few)


def test_recording_by_the_form(cast, signed_in):
    client = signed_in(cast.officer)
    page = client.get(url("enterprise_new"))
    data = form_data(page) | {"name": "　浙江𠮷利·新材料（杭州）有限公司 ", "uscc": CODE.lower()}
    response = client.post(url("enterprise_new"), data)
    assert response.status_code == 302, response.context["form"].errors
    enterprise = Enterprise.objects.get(name="浙江𠮷利·新材料（杭州）有限公司")
    assert (enterprise.uscc, enterprise.owner) == (CODE, cast.officer)
    assert client.post(url("enterprise_new"), data).headers["Location"] == response.headers["Location"]
    html = client.get(response.headers["Location"]).content.decode()
    assert "浙江𠮷利·新材料（杭州）有限公司" in html


def test_similar_names_are_shown_before_saving(cast, signed_in):
    cast.a = change_enterprise(cast.a, by=cast.lead, version=0, changes={"name": "恒力轴承（杭州）有限公司"})
    client = signed_in(cast.officer)
    data = form_data(client.get(url("enterprise_new"))) | {"name": "杭州恒力轴承有限公司"}
    before = Enterprise.objects.count()
    page = client.post(url("enterprise_new"), data)
    assert page.status_code == 422
    assert "Do you mean one of these?" in page.content.decode()
    assert "杭州恒力轴承有限公司" in page.content.decode()
    assert Enterprise.objects.count() == before
    assert client.post(url("enterprise_new"), data | {"similar_accepted": "on"}).status_code == 302
    assert Enterprise.objects.count() == before + 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [("name", "恒" * 300, "at most 100 fit"), ("name", "  ", "full name"), ("uscc", "9133010614303030", "18 characters"),
     ("uscc", CODE[:-1] + "A", "wrong"), ("uscc", "9.133E+17", "lost its last digits"),
     ("parent", "没有这家公司", "No enterprise has this name"), ("registry", "abnormal", "needs the day")],
)  # fmt: skip
def test_what_is_typed_is_never_lost(cast, signed_in, field, typed, sentence):
    client = signed_in(cast.officer)
    data = form_data(client.get(url("enterprise_new"))) | {
        "name": "恒新材料有限公司",
        "strengths": "热处理 <b>",
        field: typed,
    }
    page = client.post(url("enterprise_new"), data)
    html = page.content.decode()
    assert page.status_code == 422
    assert re.search(sentence, html), page.context["form"].errors
    assert "热处理 &lt;b&gt;" in html
    assert page.context["form"][field].value() == typed
    assert "<title>Error:" in html


def test_full_width_codes_are_mended(cast, signed_in):
    client = signed_in(cast.officer)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in CODE)
    data = form_data(client.get(url("enterprise_new"))) | {"name": "恒新材料有限公司", "uscc": f" {wide} "}
    assert client.post(url("enterprise_new"), data).status_code == 302
    assert Enterprise.objects.get(uscc=CODE).name == "恒新材料有限公司"


def test_editing_keeps_the_old_name(cast, signed_in):
    client = signed_in(cast.officer)
    data = form_data(client.get(url("enterprise_edit", cast.a.pk)))
    renamed = data | {"name": "杭州恒力精工有限公司", "keep_old_name": "on"}
    assert client.post(url("enterprise_edit", cast.a.pk), renamed).status_code == 302
    cast.a.refresh_from_db()
    assert (cast.a.name, cast.a.former_names) == ("杭州恒力精工有限公司", ["杭州恒力轴承有限公司"])
    data = form_data(client.get(url("enterprise_edit", cast.a.pk)))
    data.pop("keep_old_name")
    assert (
        client.post(url("enterprise_edit", cast.a.pk), data | {"name": "杭州恒力精工轴承有限公司"}).status_code == 302
    )
    cast.a.refresh_from_db()
    assert cast.a.former_names == ["杭州恒力轴承有限公司"]


def test_saving_an_untouched_form_changes_nothing(cast, signed_in):
    cast.a.registry, cast.a.registry_on, cast.a.former_names = "normal", date(2026, 3, 12), ["恒力机械厂", "恒力"]
    cast.a.parent, cast.a.kinship, cast.a.is_labour_agency = cast.b, "branch", True
    cast.a.save()
    cast.a.departments.add(cast.d2)
    before = Event.objects.count()
    client = signed_in(cast.officer)
    data = form_data(client.get(url("enterprise_edit", cast.a.pk)))
    response = client.post(url("enterprise_edit", cast.a.pk), data)
    assert response.status_code == 302, response.context["form"].errors
    assert Event.objects.count() == before


def test_two_editors_in_the_browser(cast, signed_in):
    mine, theirs = signed_in(cast.officer), signed_in(cast.lead)
    page = url("enterprise_edit", cast.a.pk)
    typed = form_data(mine.get(page)) | {"address": "滨江区二号", "strengths": "热处理"}
    assert theirs.post(page, form_data(theirs.get(page)) | {"address": "滨江区一号", "tier": "1"}).status_code == 302
    conflict = mine.post(page, typed)
    html = conflict.content.decode()
    assert conflict.status_code == 409
    assert "滨江区一号" in html
    assert "滨江区二号" in html
    again = form_data(conflict)
    assert again["strengths"] == "热处理"
    assert mine.post(page, again).status_code == 302
    cast.a.refresh_from_db()
    assert (cast.a.address, cast.a.strengths) == ("滨江区二号", "热处理")
    assert cast.a.tier == 1  # the other's change of another field is not undone


def test_handing_over_in_the_browser(cast, signed_in):
    client = signed_in(cast.officer)
    page = url("enterprise_hand_over", cast.a.pk)
    data = {"version": 0, "owner": cast.other_officer.pk, "lead_department": cast.d2.pk, "note": ""}
    stale = client.post(page, data | {"version": 7})
    assert stale.status_code == 422
    assert "Somebody else changed this" in stale.content.decode()
    assert client.post(page, data).status_code == 302
    assert client.get(page).status_code == 403
    assert client.post(page, data | {"owner": cast.hr.pk}).status_code == 403


def test_the_old_address_of_a_merged_row_leads_on(cast, signed_in):
    Enterprise.objects.filter(pk=cast.a.pk).update(merged_into=cast.b)
    response = signed_in(cast.officer).get(url("enterprise_detail", cast.a.pk))
    assert response.headers["Location"] == url("enterprise_detail", cast.b.pk)

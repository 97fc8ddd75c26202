"""The portal: the enterprise's own people, their own enterprises, nothing for the school alone."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation
from partnerships.models import Contact, Enterprise, Message, ProxyEntry, Touchpoint
from partnerships.services.links import hand_out_link
from partnerships.services.thread import write_message
from partnerships.services.touchpoints import log_touchpoint
from records.models import Event
from reminders.models import Task
from tests.partnerships.factories import MessageFactory, SiteFactory
from tests.partnerships.test_thread import picture

pytestmark = pytest.mark.django_db

READING = [
    "portal_home", "portal_partnership", "portal_touchpoint_new", "portal_thread", "portal_company", "portal_team",
    "portal_colleague_new",
]  # fmt: skip


def url(page, enterprise, *more):
    return reverse(f"partnerships:{page}", args=[getattr(enterprise, "pk", enterprise), *more])


def seat_of(user, enterprise):
    return Contact.objects.get(user=user, enterprise=enterprise)


def every_page(cast):
    """Every address of the portal of cast.a, with rows of it behind."""
    site = SiteFactory(enterprise=cast.a)
    entry = ProxyEntry.objects.create(
        enterprise=cast.a, source="phone", said_by="钱波", said_at=timezone.now(), entered_by=cast.officer
    )
    reading = [url(page, cast.a) for page in READING]
    reading += [
        url("portal_site", cast.a, site.pk),
        url("portal_colleague", cast.a, cast.foreman.pk),
        url("portal_invitation", cast.a, cast.foreman.pk),
    ]
    writing = [
        url("portal_proxy_confirm", cast.a, entry.pk),
        url("portal_proxy_correct", cast.a, entry.pk),
        url("portal_left", cast.a, cast.foreman.pk),
        url("portal_keeper", cast.a, cast.foreman.pk),
    ]
    return reading, writing


def plain(response):
    """A page without what differs on every request: the token and the address asked for."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return re.sub(r'name="next" value="[^"]*"', "", text)


# --- who enters ----------------------------------------------------------------------------------------------------


def test_members_open_every_page(cast, signed_in):
    reading, _writing = every_page(cast)
    for who in ("hr", "colleague_hr", "hr_of_both"):
        client = signed_in(getattr(cast, who))
        assert {address: client.get(address).status_code for address in reading} == dict.fromkeys(reading, 200)


@pytest.mark.parametrize("who", ["stranger_hr", "former_hr", "officer", "lead", "administrator", "teacher"])
def test_for_everybody_else_it_does_not_exist(cast, signed_in, who):
    reading, writing = every_page(cast)
    client = signed_in(getattr(cast, who))
    missing = client.get(url("portal_home", 999_999_999))
    assert missing.status_code == 404
    for address in reading:
        answer = client.get(address)
        assert (answer.status_code, plain(answer)) == (404, plain(missing)), address
    for address in writing + reading:
        if client.post(address).status_code != 405:
            assert client.post(address).status_code == 404, address
    assert Contact.objects.get(pk=cast.foreman.pk).left_on is None
    assert not ProxyEntry.objects.exclude(checked_at=None).exists()


def test_a_number_of_any_size_is_no_page(cast, signed_in):
    assert signed_in(cast.hr).get(url("portal_home", 10**30)).status_code == 404


def test_nobody_signed_in_signs_in_first(cast, signed_in):
    assert signed_in().get(url("portal_home", cast.a)).status_code == 302


def test_leaving_counts_on_the_next_request(cast, signed_in):
    client = signed_in(cast.colleague_hr)
    assert client.get(url("portal_home", cast.a)).status_code == 200
    Contact.objects.filter(user=cast.colleague_hr).update(left_on=timezone.localdate())
    assert client.get(url("portal_home", cast.a)).status_code == 404


def test_being_stopped_counts_on_the_next_request(cast, signed_in):
    client = signed_in(cast.hr)
    cast.hr.is_active = False
    cast.hr.save()
    assert client.get(url("portal_home", cast.a)).status_code == 302


def test_rows_of_another_enterprise_are_not_reached_through_ones_own(cast, signed_in):
    client = signed_in(cast.hr_of_both)
    site = SiteFactory(enterprise=cast.b)
    for address in (
        url("portal_site", cast.a, site.pk),
        url("portal_colleague", cast.a, seat_of(cast.stranger_hr, cast.b).pk),
        url("portal_invitation", cast.a, seat_of(cast.stranger_hr, cast.b).pk),
    ):
        assert client.get(address).status_code == 404


def test_the_switch_names_the_enterprises_and_keeps_none_in_the_session(cast, signed_in):
    client = signed_in(cast.hr_of_both)
    page = client.get(url("portal_team", cast.b))
    names = [(one["name"], one["active"]) for one in page.context["portal_enterprises"]]
    assert sorted(names) == [("宁波远洋物流有限公司", True), ("杭州恒力轴承有限公司", False)]
    assert [item["name"] for item in page.context["portal"] if item["active"]] == ["team"]
    assert not [key for key in client.session.keys() if "enterprise" in key]  # noqa: SIM118 - a session is no dict


def test_home_leads_into_the_portal(cast, signed_in):
    assert signed_in(cast.hr).get("/").url == url("portal_home", cast.a)
    assert signed_in(cast.former_hr).get("/").url != url("portal_home", cast.a)


# --- what never shows ----------------------------------------------------------------------------------------------

CANARY = "此话只给学校"


def test_nothing_for_the_school_alone_shows_anywhere(cast, signed_in):
    Enterprise.objects.filter(pk=cast.a.pk).update(
        tier=1, registry="abnormal", registry_on=timezone.localdate(), is_labour_agency=True, state="suspended"
    )
    cast.foreman.note = CANARY
    cast.foreman.save()
    log_touchpoint(
        enterprise=cast.a, by=cast.officer, kind="visit", happened_at=timezone.now(), summary="看了产线",
        private_note=CANARY,
    )  # fmt: skip
    write_message(cast.a, by=cast.officer, body="冬季能来几位？")
    hand_out_link(cast.a, by=cast.officer, contact=cast.foreman)
    Event.objects.create(
        stream=cast.a.pk, kind="enterprise.suspend", subject=cast.a, audience="school", data={"note": CANARY},
        happened_at=timezone.now(),
    )  # fmt: skip
    reading, _writing = every_page(cast)
    client = signed_in(cast.hr)
    for address in reading:
        page = client.get(address).content.decode()
        for word in (CANARY, "strategic", "abnormal", "Labour agency", "suspended", "silent", "overdue"):
            assert word not in page, (address, word)
    assert "看了产线" in client.get(url("portal_partnership", cast.a)).content.decode()


# --- tasks ---------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_in_place(cast, signed_in):
    question = write_message(cast.a, by=cast.officer, body="冬季能来几位？")
    client = signed_in(cast.hr)
    assert "冬季能来几位？" in client.get(url("portal_home", cast.a)).content.decode()
    values = {"form_key": str(uuid.uuid4()), "answers": question.pk, "body": "六位"}
    assert client.post(url("portal_thread", cast.a), values).url == url("portal_home", cast.a)
    assert Message.objects.get(side="enterprise").answers == question
    assert "冬季能来几位？" not in client.get(url("portal_home", cast.a)).content.decode()


def test_a_word_of_thanks_is_one_press(cast, signed_in):
    question = write_message(cast.a, by=cast.officer, body="下周放假。")
    values = {"form_key": str(uuid.uuid4()), "answers": question.pk, "body": "", "noted": "1"}
    signed_in(cast.hr).post(url("portal_thread", cast.a), values)
    assert Message.objects.get(side="enterprise").body == "Got it, thank you."


def test_an_empty_answer_keeps_the_question_in_sight(cast, signed_in):
    question = write_message(cast.a, by=cast.officer, body="冬季能来几位？")
    values = {"form_key": str(uuid.uuid4()), "answers": question.pk, "body": ""}
    response = signed_in(cast.hr).post(url("portal_thread", cast.a), values)
    assert response.status_code == 422
    assert f'name="answers" value="{question.pk}"' in response.content.decode()


@pytest.mark.parametrize("answers", ["999999", "x", "-1"])
def test_a_question_that_is_none_does_not_break_the_form(cast, signed_in, answers):
    values = {"form_key": str(uuid.uuid4()), "answers": answers, "body": "六位"}
    assert signed_in(cast.hr).post(url("portal_thread", cast.a), values).status_code in (302, 422)


def entered(cast):
    on_behalf = {"source": "phone", "said_by": "钱波", "said_at": timezone.now() - timedelta(hours=1)}
    return write_message(cast.a, by=cast.officer, body="来六位", on_behalf=on_behalf).proxy


def test_an_entry_on_behalf_is_checked(cast, signed_in):
    entry, client = entered(cast), signed_in(cast.hr)
    page = client.get(url("portal_home", cast.a)).content.decode()
    assert "来六位" in page
    assert "Entered by officer of the school" in page
    assert client.post(url("portal_proxy_confirm", cast.a, entry.pk)).status_code == 302
    entry.refresh_from_db()
    assert entry.checked_by == cast.hr
    assert client.post(url("portal_proxy_confirm", cast.a, entry.pk)).status_code == 409


def test_an_entry_on_behalf_is_corrected_and_both_sides_see_it(cast, signed_in):
    entry, client = entered(cast), signed_in(cast.hr)
    assert client.post(url("portal_proxy_correct", cast.a, entry.pk), {"text": " "}).status_code == 422
    assert client.post(url("portal_proxy_correct", cast.a, entry.pk), {"text": "是八位"}).status_code == 302
    assert "是八位" in client.get(url("portal_thread", cast.a)).content.decode()
    thread = reverse("partnerships:thread", args=[cast.a.pk])
    assert "是八位" in signed_in(cast.officer).get(thread).content.decode()


def test_an_entry_of_another_enterprise_is_not_checked_here(cast, signed_in):
    entry = entered(cast)
    assert signed_in(cast.hr_of_both).post(url("portal_proxy_confirm", cast.b, entry.pk)).status_code == 404


def test_a_missing_phone_is_given_in_place(cast, signed_in):
    own = seat_of(cast.hr, cast.a)
    own.phones = []
    own.save()
    client = signed_in(cast.hr)
    assert "How the school reaches you" in client.get(url("portal_home", cast.a)).content.decode()
    values = {"only_phones": "1", "version": own.version, "phones": "13800000009", "initial-phones": ""}
    assert client.post(url("portal_colleague", cast.a, own.pk), values).status_code == 302
    own.refresh_from_db()
    assert (own.phones, own.name) == (["13800000009"], "hr")


def test_nothing_to_do_says_what_would_come(cast, signed_in):
    Enterprise.objects.filter(pk=cast.a.pk).update(address="余杭区", size="medium", headcount=300)
    page = signed_in(cast.hr).get(url("portal_home", cast.a)).content.decode()
    assert "Nothing to do at the moment" in page


def test_many_questions_and_entries_cost_the_same(cast, signed_in, django_assert_max_num_queries):
    for n in range(15):
        MessageFactory(enterprise=cast.a, author=cast.officer, body=f"问题{n}")
        entered(cast)
    MessageFactory(enterprise=cast.a, author=cast.officer, body="最后")
    client = signed_in(cast.hr)
    with django_assert_max_num_queries(25):
        assert client.get(url("portal_home", cast.a)).status_code == 200


def test_more_tasks_than_a_phone_shows_are_announced(cast, signed_in):
    client, today = signed_in(cast.hr), timezone.localdate()
    for number in range(21):
        page = client.get(url("portal_home", cast.a)).content.decode()
        assert "There is more" not in page
        assert page.count("Shall we meet again?") >= number
        Task.objects.create(
            rule="gap", subject=cast.a, stream=cast.a.pk, side="enterprise", episode=str(number), due_on=today
        )
    assert (
        "There is more: it appears here as you answer them." in client.get(url("portal_home", cast.a)).content.decode()
    )


# --- partnership and messages --------------------------------------------------------------------------------------


def test_whom_to_call_stands_on_the_partnership_page(cast, signed_in):
    cast.officer.phone = "0571-88886666"
    cast.officer.save()
    page = signed_in(cast.hr).get(url("portal_partnership", cast.a)).content.decode()
    assert "0571-88886666" in page
    assert "in partnership" in page


def test_the_enterprise_logs_a_contact(cast, signed_in):
    client = signed_in(cast.hr)
    values = {
        "form_key": str(uuid.uuid4()), "kind": "call", "day": f"{timezone.localdate():%Y-%m-%d}", "precision": "day",
        "summary": "林老师来电，谈了冬季实习", "private_note": CANARY,
    }  # fmt: skip
    for _ in range(2):
        assert client.post(url("portal_touchpoint_new", cast.a), values).status_code == 302
    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.side, touchpoint.logged_by, touchpoint.private_note) == ("enterprise", cast.hr, "")
    assert "谈了冬季实习" in client.get(url("portal_partnership", cast.a)).content.decode()


def test_a_contact_of_tomorrow_is_refused(cast, signed_in):
    values = {"form_key": str(uuid.uuid4()), "kind": "call", "day": "2999-01-01", "summary": "x"}
    assert signed_in(cast.hr).post(url("portal_touchpoint_new", cast.a), values).status_code == 422
    assert not Touchpoint.objects.exists()


def test_a_message_with_a_picture_is_read_by_both(cast, signed_in):
    client = signed_in(cast.hr)
    values = {"form_key": str(uuid.uuid4()), "body": "新产线", "files": [picture("产线.png")]}
    assert client.post(url("portal_thread", cast.a), values).status_code == 302
    file = Message.objects.get().files.get()
    address = reverse("partnerships:file", args=[file.key])
    for who, status in (("hr", 200), ("officer", 200), ("stranger_hr", 404), ("former_hr", 404), ("teacher", 404)):
        response = signed_in(getattr(cast, who)).get(address)
        assert response.status_code == status, who
        assert b"".join(response) != b""  # read to its end, the test client closes the file


# --- the company ---------------------------------------------------------------------------------------------------


def company_form(client, cast, **values):
    form = client.get(url("portal_company", cast.a)).context["form"]
    data = {"version": form["version"].value()}
    for name in form.fields:
        if name != "version":
            data[name] = data[f"initial-{name}"] = form[name].value() or ""
    return data | values


def test_the_enterprise_changes_its_own_profile_and_nothing_else(cast, signed_in):
    client = signed_in(cast.colleague_hr)
    data = company_form(client, cast, name_en="Hengli Bearings", headcount="320", name="骗子公司", tier="1", uscc="X")
    assert client.post(url("portal_company", cast.a), data).status_code == 302
    cast.a.refresh_from_db()
    assert (cast.a.name_en, cast.a.headcount, cast.a.name, cast.a.tier) == (
        "Hengli Bearings", 320, "杭州恒力轴承有限公司", 3,
    )  # fmt: skip
    assert cast.a in Enterprise.objects.named_like("hengli b")
    event = Event.objects.get(kind="enterprise.changed")
    assert (event.side, event.audience, event.by) == ("enterprise", "school", cast.colleague_hr)


def test_of_two_who_save_the_second_sees_both_values(cast, signed_in):
    first, second = signed_in(cast.hr), signed_in(cast.colleague_hr)
    mine, theirs = company_form(first, cast, headcount="300"), company_form(second, cast, headcount="400")
    assert first.post(url("portal_company", cast.a), mine).status_code == 302
    conflict = second.post(url("portal_company", cast.a), theirs)
    page = conflict.content.decode()
    assert conflict.status_code == 409
    assert "<del>300</del> <ins>400</ins>" in page
    form = conflict.context["form"]
    again = theirs | {"version": form["version"].value(), "initial-headcount": "300"}
    assert second.post(url("portal_company", cast.a), again).status_code == 302
    cast.a.refresh_from_db()
    assert cast.a.headcount == 400


def test_a_site_takes_places_and_safety_from_the_enterprise(cast, signed_in):
    site = SiteFactory(enterprise=cast.a)
    values = {"version": 0, "capacity": "12", "initial-capacity": "", "safety": "穿防滑鞋", "initial-safety": ""}
    client = signed_in(cast.hr)
    assert client.post(url("portal_site", cast.a, site.pk), values | {"name": "改名"}).status_code == 302
    site.refresh_from_db()
    assert (site.capacity, site.safety) == (12, "穿防滑鞋")
    assert site.name != "改名"
    values |= {"version": 0, "capacity": "13"}
    assert client.post(url("portal_site", cast.a, site.pk), values).status_code == 409


def test_a_closed_site_is_not_changed(cast, signed_in):
    site = SiteFactory(enterprise=cast.a, closed_on=timezone.localdate())
    assert signed_in(cast.hr).get(url("portal_site", cast.a, site.pk)).status_code == 404


# --- the team ------------------------------------------------------------------------------------------------------


def test_the_keeper_invites_a_colleague_once(cast, signed_in):
    client, values = signed_in(cast.hr), {"form_key": str(uuid.uuid4()), "name": "孙丽", "phones": "13800000003"}
    for _ in range(2):
        made = client.post(url("portal_colleague_new", cast.a), values)
        assert made.status_code == 302
    contact = Contact.objects.get(name="孙丽")
    assert made.url == url("portal_invitation", cast.a, contact.pk)
    assert Invitation.objects.get() == contact.invitation
    assert contact.invitation.code in client.get(made.url).content.decode()


def test_a_member_who_is_no_keeper_reads_who_does_it(cast, signed_in):
    client = signed_in(cast.colleague_hr)
    assert "ask hr" in client.get(url("portal_team", cast.a)).content.decode()
    values = {"form_key": str(uuid.uuid4()), "name": "孙丽"}
    assert client.post(url("portal_colleague_new", cast.a), values).status_code == 403
    for page in ("portal_left", "portal_keeper"):
        assert client.post(url(page, cast.a, seat_of(cast.hr_of_both, cast.a).pk)).status_code == 403
    assert client.post(url("portal_invitation", cast.a, cast.foreman.pk), {"email": ""}).status_code == 403
    assert not Invitation.objects.exists()


def test_an_invitation_is_shown_to_the_keeper_alone(cast, signed_in):
    from partnerships.services.seats import invite_contact

    code = invite_contact(cast.foreman, by=cast.officer).code
    address = url("portal_invitation", cast.a, cast.foreman.pk)
    assert code in signed_in(cast.hr).get(address).content.decode()
    assert code not in signed_in(cast.colleague_hr).get(address).content.decode()


def test_the_keeper_marks_a_colleague_as_gone(cast, signed_in):
    client = signed_in(cast.hr)
    page = url("portal_left", cast.a, seat_of(cast.colleague_hr, cast.a).pk)
    assert client.post(page, {"keeper": ""}).status_code == 422, "nobody was asked who takes over"
    assert client.post(page, {"successor": "nobody"}).status_code == 302
    assert signed_in(cast.colleague_hr).get(url("portal_home", cast.a)).status_code == 404


def test_the_keeper_stays_until_somebody_follows(cast, signed_in):
    client, own = signed_in(cast.hr), seat_of(cast.hr, cast.a)
    page, colleague = url("portal_left", cast.a, own.pk), seat_of(cast.colleague_hr, cast.a)
    for nobody in ("nobody", cast.foreman.pk):  # the foreman has no account
        response = client.post(page, {"successor": nobody})
        assert (response.status_code, list(response.context["form"].errors)) == (422, ["keeper"])
    assert client.post(page, {"successor": cast.foreman.pk, "keeper": colleague.pk}).url == "/"
    assert client.get(url("portal_home", cast.a)).status_code == 404
    assert cast.a.contacts.get(is_keeper=True) == colleague
    event = Event.objects.get(kind="contact.left")
    assert (event.data["keeper"], event.data["successor"]) == ("colleague_hr", "钱波")


def test_everybody_changes_the_own_data_the_keeper_anybodys(cast, signed_in):
    own = seat_of(cast.colleague_hr, cast.a)
    values = {
        "version": 0, "name": "周杰", "initial-name": own.name, "honorific": "周主任", "initial-honorific": "赵经理",
        "position": "", "initial-position": "", "phones": "13800000001", "initial-phones": "13800000001", "email": "",
        "initial-email": "", "language": "zh-hans", "initial-language": "zh-hans",
    }  # fmt: skip
    client = signed_in(cast.colleague_hr)
    assert client.post(url("portal_colleague", cast.a, own.pk), values).status_code == 302
    own.refresh_from_db()
    assert (own.name, own.honorific) == ("周杰", "周主任")
    assert client.post(url("portal_colleague", cast.a, cast.foreman.pk), values).status_code == 403
    values |= {"initial-name": "钱波", "initial-honorific": "钱师傅"}
    assert signed_in(cast.hr).post(url("portal_colleague", cast.a, cast.foreman.pk), values).status_code == 302
    cast.foreman.refresh_from_db()
    assert cast.foreman.honorific == "周主任"

"""“We haven't visited for a while”: one question, three answers, by whoever holds the link or by HR in the portal."""

import threading
import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from partnerships.models import Message, Touchpoint
from partnerships.rules.visits import suggested_days
from partnerships.services import links as services
from partnerships.services.seminars import plan_seminar
from partnerships.services.touchpoints import check_last_contact
from partnerships.services.visits import Reply, answer_visit
from records import links
from records.models import Event, Link, Look
from records.workflow import NotAllowed, Refused
from reminders import planner
from reminders.models import Delivery, Switch, Task
from reminders.rules import rules
from reminders.services import forward
from tests.partnerships.factories import ContactFactory, TouchpointFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def foreman():
    """A phone without an account, on which nobody has chosen a language."""
    return Client(headers={"accept-language": "zh-CN"})


@pytest.fixture
def draft(cast):
    """Enterprise A has been quiet for a quarter: the message to its first contact, with its link."""
    now = timezone.now()
    Switch.objects.create(rule="gap", mode="on", changed_at=now - timedelta(days=365))
    last = now - timedelta(days=95)
    TouchpointFactory(enterprise=cast.a, happened_at=last, logged_by=cast.officer)
    type(cast.a).objects.filter(pk=cast.a.pk).update(
        last_contact_at=last, created_at=now - timedelta(days=500), tier=3, state="active"
    )
    planner.plan(now)
    planner.prepare_drafts(now)
    return Delivery.objects.select_related("link").get(stream=cast.a.pk, channel="hand", state="forward")


@pytest.fixture
def link(draft):
    return draft.link


def url_of(link, page="link", *args):
    return reverse(f"partnerships:{page}", args=[link.code, *args])


def answer(client, link, **values):
    values = {"form_key": str(uuid.uuid4()), "who": "other", "name": "钱波", "reply": "later"} | values
    return client.post(url_of(link), values)


def answers(enterprise):
    return Touchpoint.objects.filter(enterprise=enterprise, side="enterprise")


def state(draft):
    return Delivery.objects.get(pk=draft.pk).state


# --- the question --------------------------------------------------------------------------------------------------


def test_the_page_asks_one_thing_in_a_friendly_way(cast, foreman, link):
    type(cast.officer).objects.filter(pk=cast.officer.pk).update(phone="13900000001")
    response = foreman.get(url_of(link))
    page = response.content.decode()
    assert link.addressee in page
    assert "officer" in page
    assert "13900000001" in page
    assert "<nav" not in page
    assert page.count('name="reply"') == 3
    for word in ("超期", "逾期", "长期未联系", "overdue", "silent"):
        assert word not in page
    assert "noindex" in response["X-Robots-Tag"]


def test_whoever_fetches_the_page_changes_nothing_but_the_log_of_looks(foreman, draft, link):
    forward(draft, "tick", by=draft.task.owner)
    before = list(Link.objects.values()), Event.objects.count(), list(Delivery.objects.values())
    for _ in range(3):
        assert foreman.get(url_of(link)).status_code == 200
    assert (list(Link.objects.values()), Event.objects.count(), list(Delivery.objects.values())) == before
    assert Look.objects.filter(link=link).count() == 3


def test_from_forward_to_answered(cast, foreman, draft, link):
    for name, expected in (("copy", "copied"), ("tick", "sent")):
        forward(draft, name, by=cast.officer)
        assert state(draft) == expected
    assert f'action="{url_of(link, "link_opened")}"' in foreman.get(url_of(link)).content.decode()
    assert state(draft) == "sent"
    assert foreman.post(url_of(link, "link_opened")).status_code == 204
    assert state(draft) == "opened"
    assert answer(foreman, link).status_code == 302
    assert state(draft) == "answered"
    foreman.post(url_of(link, "link_opened"))
    assert state(draft) == "answered"


def test_scanned_from_the_officers_screen_it_needs_no_tick(foreman, draft, link):
    foreman.post(url_of(link, "link_opened"))
    assert state(draft) == "opened"


def test_the_officer_who_looks_neither_opens_nor_answers(cast, signed_in, draft, link):
    client = signed_in(cast.officer)
    assert "this is what they see" in client.get(url_of(link)).content.decode()
    client.post(url_of(link, "link_opened"))
    assert answer(client, link).status_code == 409
    assert state(draft) == "forward"
    assert not answers(cast.a).exists()


# --- the answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"reply": "yes", "when": "周五上午十点，走南门"}, ["周五上午十点，走南门"]),
        ({"reply": "later", "when": "周五"}, []),
        ({"reply": "someone", "new_name": "孙强", "new_phone": "13800000007"}, ["孙强", "13800000007"]),
    ],
)
def test_each_answer_ends_the_silence_and_is_thanked_for(cast, foreman, draft, link, values, words):
    before = timezone.now()
    assert answer(foreman, link, **values).url == url_of(link)
    given = answers(cast.a).get()
    assert (given.logged_via, given.logged_name, given.logged_by, given.is_two_way) == (link, "钱波", None, True)
    for word in words:
        assert word in given.summary
    if values["reply"] == "later":
        assert "周五" not in given.summary
    cast.a.refresh_from_db()
    assert cast.a.last_contact_at >= before
    assert not Task.objects.open().filter(stream=cast.a.pk).exists()
    page = foreman.get(url_of(link)).content.decode()
    assert given.summary in page
    assert page.index(given.summary) < page.index('name="reply"')
    event = Event.objects.get(kind="touchpoint.logged", stream=cast.a.pk, side="enterprise")
    assert event.audience == "both"


def test_an_afternoon_we_offer_is_one_tap(cast, foreman, link):
    page = foreman.get(url_of(link))
    days = [value for value, _label in page.context["form"].fields["day"].choices]
    assert len(days) == 2
    answer(foreman, link, reply="yes", day=days[0], when="两点以后")
    summary = answers(cast.a).get().summary
    day = date.fromisoformat(days[0])
    assert str(day.day) in summary
    assert "两点以后" in summary


def test_a_name_from_the_list_is_enough(cast, foreman, link):
    answer(foreman, link, who=str(cast.foreman.pk), name="")
    assert answers(cast.a).get().logged_name == "钱波"


def test_a_second_answer_is_another_record_and_the_last_stands_first(cast, foreman, link):
    answer(foreman, link)
    answer(foreman, link, reply="yes", when="周五", name="孙师傅")
    assert answers(cast.a).count() == 2
    given = foreman.get(url_of(link)).context["given"]
    assert [reply.logged_name for reply in given] == ["孙师傅", "钱波"]


def test_sending_twice_is_answering_once(cast, foreman, link):
    key = str(uuid.uuid4())
    for _ in range(2):
        assert answer(foreman, link, form_key=key).status_code == 302
    assert answers(cast.a).count() == 1


def test_the_officer_reads_the_answer_where_the_link_was_handed_out(cast, signed_in, foreman, link):
    answer(foreman, link, reply="yes", when="周五上午")
    client = signed_in(cast.officer)
    page = client.get(reverse("partnerships:link_carry", args=[cast.a.pk, link.pk])).content.decode()
    assert "a visit" in page
    assert "周五上午" in page
    assert "周五上午" in client.get(reverse("partnerships:timeline", args=[cast.a.pk])).content.decode()


# --- what is missing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"who": "", "name": ""}, "who"),
        ({"who": "999999", "name": ""}, "who"),
        ({"reply": ""}, "reply"),
        ({"reply": "maybe"}, "reply"),
        ({"reply": "yes"}, "when"),
        ({"reply": "yes", "when": "  "}, "when"),
        ({"reply": "yes", "day": "2020-01-01"}, "day"),
        ({"reply": "yes", "when": "x" * 201}, "when"),
        ({"reply": "someone", "new_phone": "13800000007"}, "new_name"),
        ({"reply": "someone", "new_name": "孙强"}, "new_phone"),
        ({"form_key": ""}, "form_key"),
    ],
)
def test_what_is_missing_is_said_once_and_nothing_is_lost(cast, foreman, link, values, field):
    response = answer(foreman, link, **({"when": "", "new_name": "", "new_phone": ""} | values))
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert len(errors[field]) == 1
    page = response.content.decode()
    for text in ("when", "new_name", "new_phone"):
        assert values.get(text, "") in page
    assert not answers(cast.a).exists()


def test_both_faults_are_told_at_once_and_the_answer_stays_open(cast, foreman, link):
    response = answer(foreman, link, reply="yes", who="", name="")
    assert set(response.context["form"].errors) == {"who", "when"}
    assert "<details open>" in response.content.decode()


def test_names_of_another_enterprise_cannot_be_picked(cast, foreman, link):
    stranger = ContactFactory(enterprise=cast.b, name="外人")
    assert answer(foreman, link, who=str(stranger.pk), name="").status_code == 422
    assert "外人" not in foreman.get(url_of(link)).content.decode()


# --- the service refuses as well -----------------------------------------------------------------------------------


def test_a_link_answers_only_for_its_own_enterprise_and_purpose(cast, link):
    other = services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman)
    for enterprise, via in ((cast.b, link), (cast.a, other)):
        with pytest.raises(Refused):
            answer_visit(enterprise, reply=Reply.LATER, via=via, name="钱波", form_key=uuid.uuid4())
    assert not Touchpoint.objects.filter(side="enterprise").exists()


@pytest.mark.parametrize("who", ["officer", "lead", "stranger_hr", "former_hr"])
def test_nobody_else_answers_for_the_enterprise(cast, who):
    with pytest.raises(NotAllowed):
        answer_visit(cast.a, reply=Reply.LATER, by=getattr(cast, who), form_key=uuid.uuid4())


def test_an_answer_is_given_through_an_open_link_only(cast, link):
    with pytest.raises(Refused):
        answer_visit(cast.a, reply=Reply.LATER, via=link, name="钱波", form_key=uuid.uuid4(), now=link.expires_at)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_the_same_form_are_one(cast, link):
    key, faults = uuid.uuid4(), []

    def send():
        try:
            answer_visit(cast.a, reply=Reply.LATER, via=link, name="钱波", form_key=key)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    both = [threading.Thread(target=send) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert faults == []
    assert answers(cast.a).count() == 1


# --- dead links ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["expired", "withdrawn"])
def test_a_dead_link_asks_for_a_new_one_and_the_new_one_works(cast, foreman, signed_in, draft, link, how):
    if how == "expired":
        Link.objects.update(created_at=timezone.now() - timedelta(days=40), expires_at=timezone.now())
    else:
        links.withdraw(link, by=cast.officer)
    assert foreman.get(url_of(link)).status_code == 410
    assert answer(foreman, link).status_code == 410
    foreman.post(url_of(link, "link_opened"))
    assert state(draft) == "forward"
    assert foreman.post(url_of(link, "link_ask"), {"name": "钱波"}).status_code == 200

    client = signed_in(cast.officer)
    client.post(reverse("partnerships:link_renew", args=[cast.a.pk, link.pk]))
    fresh = Link.objects.get(withdrawn_at=None, expires_at__gt=timezone.now())
    assert (fresh.purpose, fresh.addressee) == ("visit", link.addressee)
    carry = client.get(reverse("partnerships:link_carry", args=[cast.a.pk, fresh.pk]))
    assert carry.context["message"].endswith(f"/l/{fresh.code}")
    assert foreman.get(url_of(fresh)).status_code == 200
    assert answer(foreman, fresh).status_code == 302
    assert state(draft) == "answered"


# --- the portal ----------------------------------------------------------------------------------------------------


def test_hr_answers_in_the_portal(cast, signed_in, draft):
    client, page = signed_in(cast.hr), reverse("partnerships:portal_visit", args=[cast.a.pk])
    assert 'name="who"' not in client.get(page).content.decode()
    sent = client.post(page, {"reply": "yes", "when": "周五上午", "form_key": str(uuid.uuid4())}, follow=True)
    assert sent.redirect_chain == [(reverse("partnerships:portal_home", args=[cast.a.pk]), 302)]
    assert "Thank you!" in sent.content.decode()
    given = answers(cast.a).get()
    assert (given.logged_by, given.logged_via, given.logged_name) == (cast.hr, None, "")
    assert not Task.objects.open().filter(stream=cast.a.pk).exists()
    assert state(draft) == "cancelled"


def test_the_portal_keeps_what_was_typed(cast, signed_in):
    page = reverse("partnerships:portal_visit", args=[cast.a.pk])
    answer = signed_in(cast.hr).post(page, {"reply": "someone", "new_name": "孙强", "form_key": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert "孙强" in answer.content.decode()


@pytest.mark.parametrize("who", ["officer", "lead", "teacher", "stranger_hr", "former_hr"])
def test_nobody_else_enters_there(cast, signed_in, who):
    client, page = signed_in(getattr(cast, who)), reverse("partnerships:portal_visit", args=[cast.a.pk])
    assert client.get(page).status_code == 404
    assert client.post(page, {"reply": "later", "form_key": str(uuid.uuid4())}).status_code == 404
    assert not answers(cast.a).exists()


# --- which afternoons ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "closed", "expected"),
    [
        ("2026-11-16", (), ["2026-11-18", "2026-11-19"]),  # a Monday
        ("2026-11-17", (), ["2026-11-19", "2026-11-25"]),  # nobody is asked for tomorrow
        ("2026-11-18", (), ["2026-11-25", "2026-11-26"]),
        ("2026-11-16", ("2026-11-18",), ["2026-11-19", "2026-11-25"]),
    ],
)
def test_the_next_two_wednesdays_and_thursdays(today, closed, expected):
    days = suggested_days(date.fromisoformat(today), lambda day: day.isoformat() not in closed)
    assert [day.isoformat() for day in days] == expected


def test_no_day_at_all_is_no_endless_search():
    assert suggested_days(date(2026, 11, 16), lambda day: False) == []


# --- the message ---------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(str.strip)


def test_the_carried_message_and_that_of_the_links_page_say_the_same(cast, draft, link):
    told = rules()["gap"].words([draft])[draft.pk]
    assert told.body.strip() == services.default_message(link)


@given(addressee=NAMES, sender=NAMES, language=st.sampled_from(["zh-hans", "en"]))
def test_the_message_fits_whatever_people_are_called(addressee, sender, language):
    link = Link(
        code=links.new_code(), purpose="visit", addressee=addressee, language=language,
        expires_at=timezone.now() + timedelta(days=30),
    )  # fmt: skip
    text = services.carried_message(
        link, sender=sender, what=services.visit_question(), minutes=1, until=link.expires_at
    )
    words, address = text.rsplit("\n", 1)
    assert len(words) <= 80
    assert address.endswith(f"/l/{link.code}")
    assert words.startswith(addressee[:20])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_names_of_common_length_leave_the_whole_question(language, settings):
    link = Link(
        code=links.new_code(), purpose="visit", language=language, addressee="赵经理" if language != "en" else "Mr Zhao",
        expires_at=timezone.now() + timedelta(days=30),
    )  # fmt: skip
    sender = "林薇" if language != "en" else "Lin Wei"
    text = services.carried_message(
        link, sender=sender, what=services.visit_question(), minutes=1, until=link.expires_at
    )
    assert "…" not in text
    assert sender in text


# --- a free sentence -----------------------------------------------------------------------------------------------


def write_us(client, link, **values):
    values = {
        "form_key": str(uuid.uuid4()),
        "who": "other",
        "name": "钱波",
        "body": "下月搬厂，搬好请你们来。",
    } | values
    return client.post(url_of(link), values)


def test_a_sentence_lands_in_the_thread_and_ends_the_silence(cast, foreman, draft, link):
    before = timezone.now()
    assert write_us(foreman, link).headers["Location"] == url_of(link)
    message = Message.objects.get(enterprise=cast.a)
    assert (message.side, message.who, message.via, message.author) == ("enterprise", "钱波", link, None)
    assert state(draft) == "answered"
    cast.a.refresh_from_db()
    assert cast.a.last_contact_at >= before
    assert not Task.objects.open().filter(stream=cast.a.pk).exists()
    assert not check_last_contact().exists()
    page = foreman.get(url_of(link)).content.decode()
    assert "下月搬厂" in page
    assert Event.objects.get(kind="message.written").audience == "both"


def test_it_needs_a_sentence_a_name_and_an_open_link(cast, foreman, draft, link):
    for wrong in ({"body": " "}, {"who": "", "name": ""}):
        response = write_us(foreman, link, **wrong)
        assert response.status_code == 422
        assert not response.context["form"].errors, "the three answers were not given, and are not at fault"
    assert "下月搬厂" in response.content.decode(), "what was typed is lost"
    links.withdraw(link, by=cast.officer)
    assert write_us(foreman, link).status_code == 410
    assert not Message.objects.exists()
    assert state(draft) == "forward"


def test_the_same_form_twice_is_one_message_and_staff_write_none(cast, foreman, signed_in, link):
    key = str(uuid.uuid4())
    write_us(foreman, link, form_key=key)
    write_us(foreman, link, form_key=key)
    assert Message.objects.count() == 1
    assert write_us(signed_in(cast.officer), link).status_code == 409
    assert Message.objects.count() == 1


def test_a_sentence_through_another_link_answers_nothing(cast, foreman):
    """A letter that nobody asked for is no exchange: only what a reminder carried is answered."""
    shown = services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman)
    write_us(foreman, shown)
    assert Message.objects.count() == 1
    cast.a.refresh_from_db()
    assert not cast.a.had_contact


def test_about_an_event_the_sentence_names_it(cast, foreman):
    begins = timezone.now() + timedelta(days=9)
    seminar = plan_seminar(
        by=cast.officer, form_key=uuid.uuid4(), enterprises=[cast.a], kind="round_table", title="100%座谈会",
        starts_at=begins, ends_at=begins + timedelta(hours=2), place="报告厅",
    )  # fmt: skip
    guest = seminar.guests.get()
    link = links.hand_out(services.SEMINAR, subject=guest, stream=cast.a.pk, by=cast.officer)
    assert write_us(foreman, link, body=" ").status_code == 422
    assert write_us(foreman, link, body="会晚到半小时。").status_code == 302
    message = Message.objects.get()
    assert "100%座谈会" in message.body
    assert message.body.endswith("会晚到半小时。")
    guest.refresh_from_db()
    assert guest.answer == "none"
    assert "会晚到半小时。" in foreman.get(url_of(link)).content.decode()

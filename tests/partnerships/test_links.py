"""The link's page: a foreman answers without an account, and whoever fetches the page changes nothing."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Message
from partnerships.services import links as services
from partnerships.services.thread import write_message
from partnerships.services.touchpoints import log_touchpoint
from records import links
from records.models import Event, Link, Look
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import ContactFactory, MessageFactory, TouchpointFactory
from tests.partnerships.test_thread import picture

pytestmark = pytest.mark.django_db
NOTE = "内部备注：对方人事快离职了"


@pytest.fixture
def question(cast):
    return MessageFactory(enterprise=cast.a, author=cast.officer, body="冬季能接收几位实习生？")


@pytest.fixture
def link(cast, question):
    return services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman, message=question)


@pytest.fixture
def shared_link(cast):
    return services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman)


@pytest.fixture
def foreman():
    """A phone without an account, on which nobody has chosen a language."""
    return Client(headers={"accept-language": "zh-CN"})


def url_of(link, page="link", *args):
    return reverse(f"partnerships:{page}", args=[link.code, *args])


def answer(client, link, **values):
    values = {"form_key": str(uuid.uuid4()), "who": "other", "name": "钱波", "body": "六位"} | values
    return client.post(url_of(link), values)


# --- handing out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["other_officer", "teacher", "hr", "stranger_hr", "disabled"])
def test_only_who_keeps_the_partner_hands_out(cast, who):
    with pytest.raises(NotAllowed):
        services.hand_out_link(cast.a, by=getattr(cast, who))
    assert not Link.objects.exists()


def test_nobody_asks_the_enterprise_for_its_own_words(cast):
    own = MessageFactory(enterprise=cast.a, side="enterprise", author=cast.hr)
    with pytest.raises(Refused):
        services.hand_out_link(cast.a, by=cast.officer, message=own)


def test_no_link_for_somebody_who_has_left(cast):
    gone = ContactFactory(enterprise=cast.a, left_on=timezone.localdate())
    with pytest.raises(Refused):
        services.hand_out_link(cast.a, by=cast.officer, contact=gone)


@pytest.mark.parametrize("what", ["message", "contact"])
def test_no_link_to_what_belongs_to_another_enterprise(cast, what):
    other = MessageFactory if what == "message" else ContactFactory
    values = {"side": "school", "author": cast.officer} if what == "message" else {}
    with pytest.raises(Refused):
        services.hand_out_link(cast.a, by=cast.officer, **{what: other(enterprise=cast.b, **values)})
    assert not Link.objects.exists()


def test_two_presses_are_one_link_until_it_is_used(cast):
    first = services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman)
    assert services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman) == first
    links.mark_opened(first)
    assert services.hand_out_link(cast.a, by=cast.officer, contact=cast.foreman) != first


def test_the_page_that_carries_it(cast, signed_in, question):
    client = signed_in(cast.officer)
    url = reverse("partnerships:link_hand_out", args=[cast.a.pk])
    made = client.post(url, {"message": question.pk, "contact": cast.foreman.pk})
    link = Link.objects.get()
    assert made.url == reverse("partnerships:link_carry", args=[cast.a.pk, link.pk])
    page = client.get(made.url).content.decode()
    assert f"/l/{link.code}" in page
    assert "<svg" in page
    assert 'data-copy="carried"' in page
    assert link.addressee in client.get(url).content.decode()


def test_a_question_of_another_enterprise_is_not_handed_out_here(cast, signed_in):
    other = MessageFactory(enterprise=cast.b)
    url = reverse("partnerships:link_hand_out", args=[cast.a.pk])
    assert signed_in(cast.officer).post(url, {"message": other.pk}).status_code == 422
    assert not Link.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"), [("officer", 200), ("other_officer", 200), ("teacher", 404), ("hr", 403), ("stranger_hr", 404)]
)
def test_who_reads_the_officers_pages(cast, signed_in, link, who, status):
    client = signed_in(getattr(cast, who))
    assert client.get(reverse("partnerships:link_hand_out", args=[cast.a.pk])).status_code == status
    assert client.get(reverse("partnerships:link_carry", args=[cast.a.pk, link.pk])).status_code == status


def test_another_enterprises_link_is_not_found_here(cast, signed_in, link):
    page = reverse("partnerships:link_carry", args=[cast.b.pk, link.pk])
    assert signed_in(cast.lead).get(page).status_code == 404


def test_another_department_neither_withdraws_nor_renews(cast, signed_in, link):
    client = signed_in(cast.other_officer)
    for page in ("link_withdraw", "link_renew"):
        assert client.post(reverse(f"partnerships:{page}", args=[cast.a.pk, link.pk])).status_code == 403
    link.refresh_from_db()
    assert link.withdrawn_at is None
    assert Link.objects.count() == 1


# --- the message ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("sender", ["林薇", "欧阳娜娜·阿卜杜热依木江", "Maximiliana Bartholomew-Featherstonehaugh"])
@pytest.mark.parametrize("what", ["定个时间", "请问贵公司冬季能接收几位机电专业的实习生，住宿怎么安排，" * 4])
@pytest.mark.parametrize("addressee", ["赵经理", "", "阿" * 30])
def test_the_message_fits_and_ends_with_the_link(link, language, sender, what, addressee, settings):
    settings.SITE_SHORT_URL = "https://rh.qlzy.edu.cn"
    link.language, link.addressee = language, addressee
    until = datetime(2026, 12, 31, tzinfo=UTC)
    text = services.carried_message(link, sender=sender, what=what, minutes=2, until=until)
    words, address = text.rsplit("\n", 1)
    assert len(words) <= 80
    assert "\n" not in words
    assert address == f"https://rh.qlzy.edu.cn/l/{link.code}"
    assert len(address) <= 40
    assert sender[:10] in words
    assert addressee[:10] in words


def test_the_message_says_what_how_long_and_until_when(cast, link):
    link.language = "en"
    until = datetime(2026, 12, 31, tzinfo=UTC)
    text = services.carried_message(link, sender="Lin Wei", what="how many interns", minutes=2, until=until)
    for word in ("钱师傅", "Lin Wei", "how many interns", "2 min", "no registration"):
        assert word in text


# --- reading changes nothing ---------------------------------------------------------------------------------------


def test_whoever_fetches_the_page_changes_nothing_but_the_log_of_looks(foreman, link):
    before = list(Link.objects.values()), Event.objects.count()
    for _ in range(3):
        assert foreman.get(url_of(link)).status_code == 200
    assert (list(Link.objects.values()), Event.objects.count()) == before
    assert Look.objects.filter(link=link).count() == 3


def test_opened_comes_from_the_pages_own_small_post(foreman, link):
    page = foreman.get(url_of(link)).content.decode()
    assert f'action="{url_of(link, "link_opened")}"' in page
    assert foreman.post(url_of(link, "link_opened")).status_code == 204
    link.refresh_from_db()
    assert link.opened_at
    assert foreman.get(url_of(link, "link_opened")).status_code == 405


def test_the_officer_who_looks_does_not_open_it(cast, signed_in, link):
    client = signed_in(cast.officer)
    assert "this is what they see" in client.get(url_of(link)).content.decode()
    client.post(url_of(link, "link_opened"))
    link.refresh_from_db()
    assert link.opened_at is None


def test_the_officer_does_not_answer_himself(cast, signed_in, link):
    assert answer(signed_in(cast.officer), link).status_code == 409
    assert Message.objects.count() == 1


def test_the_page_greets_in_the_languages_of_the_link_and_asks_one_thing(foreman, link):
    response = foreman.get(url_of(link))
    page = response.content.decode()
    assert response["Content-Language"] == "zh-hans"
    assert "钱师傅" in page
    assert "冬季能接收几位实习生？" in page
    assert "<nav" not in page
    assert "noindex" in response["X-Robots-Tag"]
    assert "no-store" in response["Cache-Control"]


def test_a_link_speaks_its_own_language_until_the_reader_chooses(foreman, link):
    Link.objects.update(language="en")
    assert foreman.get(url_of(link))["Content-Language"] == "en"
    foreman.cookies["language"] = "zh-hans"
    assert foreman.get(url_of(link))["Content-Language"] == "zh-hans"


# --- answering -----------------------------------------------------------------------------------------------------


def test_a_foreman_answers_through_a_forwarded_link(cast, foreman, link, question):
    assert answer(foreman, link, name="孙师傅", body="六位，住宿有").status_code == 302
    message = Message.objects.get(side="enterprise")
    assert (message.author, message.author_name, message.via, message.answers) == (None, "孙师傅", link, question)
    link.refresh_from_db()
    assert link.answered_at
    assert link.opened_at
    event = Event.objects.get(kind="message.written", side="enterprise")
    assert (event.by, event.by_name, event.audience) == (None, "孙师傅", "both")
    cast.a.refresh_from_db()
    assert cast.a.last_contact_at == message.written_at
    page = foreman.get(url_of(link)).content.decode()
    assert "六位，住宿有" in page


def test_a_name_from_the_list_is_enough(cast, foreman, link):
    answer(foreman, link, who=str(cast.foreman.pk), name="")
    assert Message.objects.get(side="enterprise").author_name == "钱波"


def test_a_typed_name_needs_no_tick_beside_it(foreman, link):
    assert "required" not in foreman.get(url_of(link)).context["form"]["who"].as_widget()
    answer(foreman, link, who="", name="孙师傅")
    assert Message.objects.get(side="enterprise").author_name == "孙师傅"


def test_a_typed_name_wins_over_the_list(cast, foreman, link):
    answer(foreman, link, who=str(cast.foreman.pk), name="孙师傅")
    assert Message.objects.get(side="enterprise").author_name == "孙师傅"


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"who": "", "name": ""}, {"body": " "}, {"who": "999999", "name": ""}, {"body": "x" * 4001}],
)
def test_what_is_missing_is_said_and_nothing_is_lost(foreman, link, values):
    response = answer(foreman, link, **({"body": "我的回答"} | values))
    assert response.status_code == 422
    if "body" not in values:
        assert "我的回答" in response.content.decode()
    assert Message.objects.count() == 1


def test_names_of_another_enterprise_cannot_be_picked(cast, foreman, link):
    stranger = ContactFactory(enterprise=cast.b, name="外人")
    assert answer(foreman, link, who=str(stranger.pk), name="").status_code == 422
    assert "外人" not in foreman.get(url_of(link)).content.decode()


def test_sending_twice_is_answering_once(foreman, link):
    key = str(uuid.uuid4())
    for _ in range(2):
        assert answer(foreman, link, form_key=key).status_code == 302
    assert Message.objects.filter(side="enterprise").count() == 1


def test_a_colleague_adds_something(foreman, link):
    answer(foreman, link)
    answer(foreman, link, name="孙师傅", body="再补充一句")
    assert Message.objects.filter(via=link).count() == 2


def test_both_sides_read_the_answer(cast, foreman, signed_in, link):
    answer(foreman, link, body="六位，住宿有")
    assert (
        "六位，住宿有" in signed_in(cast.officer).get(reverse("partnerships:thread", args=[cast.a.pk])).content.decode()
    )
    assert (
        "六位，住宿有"
        in signed_in(cast.hr).get(reverse("partnerships:portal_thread", args=[cast.a.pk])).content.decode()
    )


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_sent_and_seen_through_the_link(foreman, link):
    response = answer(foreman, link, files=[picture(), picture("二.png")])
    assert response.status_code == 302
    file = Message.objects.get(via=link).files.first()
    assert (file.uploaded_via, file.uploaded_by) == (link, None)
    assert f'src="{url_of(link, "link_picture", file.pk)}"' in foreman.get(url_of(link)).content.decode()
    shown = foreman.get(url_of(link, "link_picture", file.pk))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    whole = foreman.get(url_of(link, "link_file", file.pk))
    assert whole["Content-Disposition"].startswith("attachment")
    assert b"".join(whole.streaming_content).startswith(b"\x89PNG")  # read to its end, the test client closes the file


def test_a_paper_of_the_question_is_handed_out_and_is_no_picture(cast, foreman):
    paper = SimpleUploadedFile("方案.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
    question = write_message(cast.a, by=cast.officer, body="请看附件", files=[paper])
    link = services.hand_out_link(cast.a, by=cast.officer, message=question)
    file = question.files.get()
    assert url_of(link, "link_file", file.pk) in foreman.get(url_of(link)).content.decode()
    assert b"".join(foreman.get(url_of(link, "link_file", file.pk)).streaming_content).startswith(b"%PDF")
    assert foreman.get(url_of(link, "link_picture", file.pk)).status_code == 404


def test_a_file_that_is_none_is_refused_with_the_text_kept(foreman, link):
    response = answer(foreman, link, body="见图", files=[SimpleUploadedFile("图.png", b"MZ")])
    assert response.status_code == 422
    assert "见图" in response.content.decode()
    assert Message.objects.count() == 1


def test_files_of_other_messages_are_not_reached(cast, foreman, link, shared_link):
    other = write_message(cast.a, by=cast.hr, body="别处", files=[picture()])
    for one in (link, shared_link):
        assert foreman.get(url_of(one, "link_picture", other.files.get().pk)).status_code == 404


def test_pictures_end_with_the_link(cast, foreman, link):
    answer(foreman, link, files=[picture()])
    file = Message.objects.get(via=link).files.get()
    links.withdraw(link, by=cast.officer)
    assert foreman.get(url_of(link, "link_picture", file.pk)).status_code == 404


# --- dead links ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["expired", "withdrawn", "merged"])
def dead_link(request, cast, link):
    if request.param == "expired":
        Link.objects.update(created_at=timezone.now() - timedelta(days=40), expires_at=timezone.now())
    elif request.param == "withdrawn":
        links.withdraw(link, by=cast.officer)
    else:
        cast.a.merged_into = cast.b
        cast.a.save()
    link.refresh_from_db()
    return link


def test_a_dead_link_says_so_and_takes_no_answer(foreman, dead_link):
    page = foreman.get(url_of(dead_link))
    assert page.status_code == 410
    assert "冬季能接收几位实习生？" not in page.content.decode()
    assert "恒力" not in page.content.decode()
    assert answer(foreman, dead_link).status_code == 410
    assert foreman.post(url_of(dead_link, "link_opened")).status_code == 204
    assert Message.objects.count() == 1
    dead_link.refresh_from_db()
    assert dead_link.opened_at is None


def test_an_unknown_code_reads_like_a_dead_one(cast, link):
    links.withdraw(link, by=cast.officer)
    client = Client(headers={"accept-language": "en"})
    client.cookies["language"] = "en"
    unknown = reverse("partnerships:link", args=["1" * 14])
    dead, never = client.get(url_of(link)), client.get(unknown)
    assert (dead.status_code, never.status_code) == (410, 404)
    assert _plain(dead, link.code) == _plain(never, "1" * 14)
    asked = [client.post(f"{url}/new", {"name": "钱波"}) for url in (url_of(link), unknown)]
    assert [response.status_code for response in asked] == [200, 200]
    assert _plain(asked[0], link.code) == _plain(asked[1], "1" * 14)


def _plain(response, code):
    """The page without what differs on every request."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode()).replace(code, "")


def test_asking_for_a_new_one_reaches_the_officer(cast, foreman, signed_in, link):
    links.withdraw(link, by=cast.officer)
    response = foreman.post(url_of(link, "link_ask"), {"name": "钱波", "phone": "13800000001"})
    assert response.status_code == 200
    assert links.asked_for_again([cast.a.pk]).get() == link
    client, carry = signed_in(cast.officer), reverse("partnerships:link_carry", args=[cast.a.pk, link.pk])
    assert "钱波 13800000001" in client.get(carry).content.decode()
    renewed = client.post(reverse("partnerships:link_renew", args=[cast.a.pk, link.pk]))
    fresh = Link.objects.exclude(pk=link.pk).get()
    assert renewed.url == reverse("partnerships:link_carry", args=[cast.a.pk, fresh.pk])
    assert foreman.get(url_of(fresh)).status_code == 200
    assert not links.asked_for_again()


def test_asking_without_a_name_is_asked_again(foreman, cast, link):
    links.withdraw(link, by=cast.officer)
    assert foreman.post(url_of(link, "link_ask"), {"name": ""}).status_code == 410
    assert not links.asked_for_again()


def test_a_living_link_is_not_asked_for(foreman, link):
    foreman.post(url_of(link, "link_ask"), {"name": "钱波"})
    assert not links.asked_for_again()


# --- limits and secrets --------------------------------------------------------------------------------------------


def test_guessing_is_slowed_per_address(link, settings):
    client = Client()
    unknown = reverse("partnerships:link", args=["2" * 14])
    with mock.patch("records.links.timezone.now", return_value=timezone.now()):
        statuses = [client.get(unknown).status_code for _ in range(links.PER_MINUTE["page"] + 1)]
        assert statuses == [404] * links.PER_MINUTE["page"] + [429]
        assert client.get(url_of(link)).status_code == 429
        assert client.get(url_of(link), REMOTE_ADDR="203.0.113.9").status_code == 200


def test_behind_our_proxy_the_client_is_counted_not_the_proxy(settings):
    settings.TRUSTED_PROXIES = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    unknown = reverse("partnerships:link", args=["2" * 14])
    with mock.patch("records.links.timezone.now", return_value=timezone.now()):
        for n in range(links.PER_MINUTE["page"] + 1):
            forwarded = f"198.51.100.{n % 250}, 203.0.113.1"  # the left one is what the client claims
            status = Client().get(unknown, headers={"x-forwarded-for": forwarded}).status_code
        assert status == 429
        assert Client().get(unknown, headers={"x-forwarded-for": "203.0.113.2"}).status_code == 404


def test_what_is_for_the_school_alone_never_shows(cast, foreman, shared_link):
    TouchpointFactory(enterprise=cast.a, private_note=NOTE, summary="谈了冬季实习")
    log_touchpoint(
        enterprise=cast.a, by=cast.officer, kind="visit", happened_at=timezone.now(), summary="看了产线",
        private_note=NOTE,
    )  # fmt: skip
    cast.foreman.note = NOTE
    cast.foreman.save()
    page = foreman.get(url_of(shared_link)).content.decode()
    assert "看了产线" in page
    assert NOTE not in page
    assert "strategic" not in page


def test_a_code_with_strange_signs_is_no_page():
    client = Client()
    for code in ("%00", "a" * 500, "..%2f..", "钱"):
        assert client.get(f"/l/{code}").status_code == 404

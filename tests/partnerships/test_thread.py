"""The thread: who writes, who reads, what waits for whom."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Message, ProxyEntry
from partnerships.models.enterprise import NEVER
from partnerships.services.thread import MAX_FILES, waiting_for, write_message
from partnerships.services.touchpoints import check_last_contact
from records import links
from records.files import Rejected
from records.models import Event, Side
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import MessageFactory

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


def picture(name="工位.png"):
    return SimpleUploadedFile(name, PNG, content_type="image/png")


# --- writing -------------------------------------------------------------------------------------------------------


def test_an_officer_asks_and_both_sides_read_it(cast):
    message = write_message(cast.a, by=cast.officer, body=" 冬季能接收几位实习生？\r\n谢谢 ")
    assert (message.side, message.author, message.body) == ("school", cast.officer, "冬季能接收几位实习生？\n谢谢")
    event = Event.objects.get(kind="message.written")
    assert (event.stream, event.side, event.audience) == (cast.a.pk, "school", "both")
    assert event.data["text"].startswith("冬季")


def test_our_own_question_is_no_exchange_yet(cast):
    write_message(cast.a, by=cast.officer, body="在吗？")
    cast.a.refresh_from_db()
    assert cast.a.last_contact_at == NEVER


def test_an_answer_refreshes_the_last_contact(cast):
    write_message(cast.a, by=cast.officer, body="在吗？")
    answer = write_message(cast.a, by=cast.hr, body="在的。")
    cast.a.refresh_from_db()
    assert answer.answers.body == "在吗？"
    assert cast.a.last_contact_at == answer.written_at
    assert not check_last_contact()


def test_a_word_nobody_asked_for_is_no_answer(cast):
    message = write_message(cast.a, by=cast.hr, body="新产线开工了。")
    cast.a.refresh_from_db()
    assert message.answers is None
    assert cast.a.last_contact_at == NEVER


@pytest.mark.parametrize("who", ["former_hr", "stranger_hr", "other_officer", "teacher", "disabled"])
def test_others_do_not_write(cast, who):
    with pytest.raises(NotAllowed):
        write_message(cast.a, by=getattr(cast, who), body="x")
    assert not Message.objects.exists()


def test_an_empty_message_is_none(cast):
    with pytest.raises(ValidationError):
        write_message(cast.a, by=cast.hr, body="  \r\n ")


def test_nobody_at_all_does_not_write(cast):
    with pytest.raises(ValidationError):
        write_message(cast.a, body="x")


def test_the_same_form_twice_is_one_message(cast):
    key = uuid.uuid4()
    first = write_message(cast.a, by=cast.hr, body="一次", form_key=key)
    again = write_message(cast.a, by=cast.hr, body="一次", form_key=key)
    assert first == again
    assert Event.objects.filter(kind="message.written").count() == 1


def test_the_form_of_another_thread_is_refused(cast):
    key = uuid.uuid4()
    write_message(cast.a, by=cast.hr, body="给甲", form_key=key)
    with pytest.raises(Refused):
        write_message(cast.b, by=cast.hr_of_both, body="给乙", form_key=key)


def test_a_question_of_another_thread_is_not_answered_here(cast):
    question = MessageFactory(enterprise=cast.b)
    with pytest.raises(Refused):
        write_message(cast.a, by=cast.hr, body="x", answers=question)


def test_one_does_not_answer_oneself(cast):
    own = MessageFactory(enterprise=cast.a, side=Side.ENTERPRISE, author=cast.hr)
    with pytest.raises(Refused):
        write_message(cast.a, by=cast.hr, body="x", answers=own)


def test_a_refused_file_leaves_no_message(cast):
    with pytest.raises(Rejected):
        write_message(cast.a, by=cast.hr, body="看", files=[SimpleUploadedFile("a.png", b"MZ no picture")])
    assert not Message.objects.exists()
    assert not Event.objects.filter(kind="message.written").exists()


def test_too_many_files_are_refused(cast):
    with pytest.raises(Rejected):
        write_message(cast.a, by=cast.hr, body="看", files=[picture()] * (MAX_FILES + 1))


def test_a_merged_enterprise_has_no_thread_any_more(cast):
    cast.a.merged_into = cast.b
    cast.a.save()
    with pytest.raises(Refused):
        write_message(cast.a, by=cast.lead, body="x")


# --- on behalf -----------------------------------------------------------------------------------------------------


def test_an_officer_enters_what_was_said_on_the_phone(cast):
    write_message(cast.a, by=cast.officer, body="能来几位？", now=timezone.now() - timedelta(days=2))
    said_at = timezone.now() - timedelta(days=1)
    on_behalf = {"source": "phone", "said_by": "钱波", "said_at": said_at}
    message = write_message(cast.a, by=cast.officer, body="六位。", on_behalf=on_behalf)
    assert (message.side, message.who, message.proxy.entered_by) == ("enterprise", "钱波", cast.officer)
    assert message.answers.body == "能来几位？"
    cast.a.refresh_from_db()
    assert cast.a.last_contact_at == said_at


def test_the_enterprise_enters_nothing_on_behalf_of_itself(cast):
    on_behalf = {"source": "phone", "said_by": "钱波", "said_at": timezone.now()}
    with pytest.raises(NotAllowed):
        write_message(cast.a, by=cast.hr, body="x", on_behalf=on_behalf)
    assert not ProxyEntry.objects.exists()


def test_on_behalf_twice_leaves_one_entry(cast):
    key, on_behalf = uuid.uuid4(), {"source": "wechat", "said_by": "钱波", "said_at": timezone.now()}
    for _ in range(2):
        write_message(cast.a, by=cast.officer, body="六位。", on_behalf=on_behalf, form_key=key)
    assert ProxyEntry.objects.count() == Message.objects.count() == 1


# --- what waits ----------------------------------------------------------------------------------------------------


def bodies(queryset):
    return list(queryset.order_by("written_at", "pk").values_list("body", flat=True))


def test_an_answer_settles_its_question_and_what_came_before(cast):
    start = timezone.now() - timedelta(hours=5)
    asked = [
        write_message(cast.a, by=cast.officer, body=body, now=start + timedelta(hours=n))
        for n, body in enumerate(["一", "二", "三"])
    ]
    assert bodies(waiting_for(Side.ENTERPRISE, cast.a)) == ["一", "二", "三"]
    write_message(cast.a, by=cast.hr, body="二的回答", answers=asked[1])
    assert bodies(waiting_for(Side.ENTERPRISE, cast.a)) == ["三"]
    write_message(cast.a, by=cast.hr, body="其余的")
    assert not waiting_for(Side.ENTERPRISE, cast.a)


def test_the_school_is_waited_for_in_the_same_way(cast):
    write_message(cast.a, by=cast.hr, body="能派老师来吗？")
    assert bodies(waiting_for(Side.SCHOOL)) == ["能派老师来吗？"]
    write_message(cast.a, by=cast.officer, body="可以。")
    assert not waiting_for(Side.SCHOOL)


# --- pages ---------------------------------------------------------------------------------------------------------


def post(client, url, **values):
    return client.post(url, {"form_key": str(uuid.uuid4()), **values})


def test_the_officer_writes_on_the_page(cast, signed_in):
    client, url = signed_in(cast.officer), reverse("partnerships:thread", args=[cast.a.pk])
    assert post(client, url, body="下周三来访？", files=[picture()]).status_code == 302
    page = client.get(url).content.decode()
    assert "下周三来访？" in page
    assert "工位.png" in page
    assert "Waits for an answer" in page


@pytest.mark.parametrize(
    ("who", "status"),
    [("officer", 200), ("other_officer", 200), ("lead", 200), ("administrator", 200), ("teacher", 404),
     ("counsellor", 404), ("hr", 403), ("former_hr", 404), ("stranger_hr", 404), (None, 302)],
)  # fmt: skip
def test_who_reads_the_schools_page(cast, signed_in, who, status):
    client = signed_in(who and getattr(cast, who))
    assert client.get(reverse("partnerships:thread", args=[cast.a.pk])).status_code == status
    assert client.get(reverse("partnerships:message_on_behalf", args=[cast.a.pk])).status_code == status


def test_another_department_reads_and_is_told_why_it_does_not_write(cast, signed_in):
    client, url = signed_in(cast.other_officer), reverse("partnerships:thread", args=[cast.a.pk])
    assert "belongs to another officer" in client.get(url).content.decode()
    assert post(client, url, body="x").status_code == 403
    assert not Message.objects.exists()


def test_nothing_typed_is_lost_when_a_file_is_refused(cast, signed_in):
    url = reverse("partnerships:thread", args=[cast.a.pk])
    response = post(signed_in(cast.officer), url, body="请看附件", files=[SimpleUploadedFile("a.exe", b"MZ")])
    assert response.status_code == 422
    assert "请看附件" in response.content.decode()


def test_on_behalf_shows_who_said_it_and_who_entered_it(cast, signed_in):
    client = signed_in(cast.officer)
    said_at = timezone.localtime() - timedelta(hours=1)
    response = post(
        client, reverse("partnerships:message_on_behalf", args=[cast.a.pk]),
        body="周四下午可以", source="phone", said_by="钱波", said_at=f"{said_at:%Y-%m-%dT%H:%M}",
    )  # fmt: skip
    assert response.status_code == 302
    page = client.get(reverse("partnerships:thread", args=[cast.a.pk])).content.decode()
    assert "钱波" in page
    assert "Entered by officer of the school" in page


def test_what_is_said_tomorrow_cannot_be_entered(cast, signed_in):
    tomorrow = timezone.localtime() + timedelta(days=1)
    response = post(
        signed_in(cast.officer), reverse("partnerships:message_on_behalf", args=[cast.a.pk]),
        body="x", source="phone", said_by="钱波", said_at=f"{tomorrow:%Y-%m-%dT%H:%M}",
    )  # fmt: skip
    assert response.status_code == 422
    assert not ProxyEntry.objects.exists()


def test_older_messages_are_a_page_away_and_the_queries_stay(cast, signed_in, django_assert_max_num_queries):
    start = timezone.now() - timedelta(days=3)
    for n in range(50):
        MessageFactory(
            enterprise=cast.a, body=f"第{n:02}条", author=cast.officer, written_at=start + timedelta(hours=n)
        )
    client, url = signed_in(cast.officer), reverse("partnerships:thread", args=[cast.a.pk])
    with django_assert_max_num_queries(20):
        page = client.get(url)
    assert [m.body for m in page.context["thread"]] == [f"第{n:02}条" for n in range(30, 50)]
    older = client.get(url + page.context["older"])
    assert [m.body for m in older.context["thread"]] == [f"第{n:02}条" for n in range(10, 30)]


def test_through_a_link_the_name_given_stands_in_the_thread(cast, signed_in):
    link = links.hand_out("partnership", subject=cast.a, stream=cast.a.pk, by=cast.officer)
    write_message(cast.a, via=link, author_name="钱波", body="电话不通时找我")
    page = signed_in(cast.officer).get(reverse("partnerships:thread", args=[cast.a.pk])).content.decode()
    assert "钱波" in page
    assert "through a link" in page

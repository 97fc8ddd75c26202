"""The people of an enterprise: added, changed, gone and back; access follows."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Invitation, Role
from partnerships.models import Contact, Enterprise
from partnerships.services.contacts import add_contact, bring_back, change_contact, mark_left
from partnerships.services.enterprises import Conflict
from partnerships.templatetags.dial import tel
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import ContactFactory, SiteFactory

TODAY = timezone.localdate


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


def keeper_of(enterprise):
    return enterprise.contacts.get(is_keeper=True)


def test_a_name_and_a_phone_are_enough(cast):
    key = uuid.uuid4()
    contact = add_contact(cast.a, by=cast.officer, name="赵敏", phones=["13800000001"], form_key=key)
    assert (contact.enterprise, contact.address_form, contact.user) == (cast.a, "赵敏", None)
    assert add_contact(cast.a, by=cast.officer, name="赵敏", phones=[], form_key=key) == contact
    event = Event.objects.of(contact).get()
    assert (event.kind, event.stream, event.data) == ("contact.added", cast.a.pk, {"name": "赵敏"})


@pytest.mark.parametrize("who", ["other_officer", "teacher", "hr", "stranger_hr", "disabled"])
def test_who_may_not_write(cast, who):
    by = getattr(cast, who)
    with pytest.raises(NotAllowed):
        add_contact(cast.a, by=by, name="赵敏")
    with pytest.raises(NotAllowed):
        change_contact(cast.foreman, by=by, version=0, changes={"name": "x"})
    with pytest.raises(NotAllowed):
        mark_left(cast.foreman, by=by, left_on=TODAY())
    with pytest.raises(NotAllowed):
        bring_back(cast.foreman, by=by)


def test_a_site_of_another_enterprise_is_refused(cast):
    with pytest.raises(Refused, match="another enterprise"):
        add_contact(cast.a, by=cast.officer, name="赵敏", site=SiteFactory(enterprise=cast.b))
    with pytest.raises(ValidationError):
        add_contact(cast.a, by=cast.officer, name="")
    with pytest.raises(TypeError):
        add_contact(cast.a, by=cast.officer, name="赵敏", is_keeper=True)


def test_a_change_and_its_conflict(cast):
    changed = change_contact(
        cast.foreman, by=cast.officer, version=0, changes={"phones": ["13900000002"], "signs": True}
    )
    assert changed.version == 1
    assert Event.objects.of(cast.foreman).get().data["changes"] == {
        "phones": ["13800000001", "13900000002"],
        "signs": ["no", "yes"],
    }
    with pytest.raises(Conflict):
        change_contact(cast.foreman, by=cast.lead, version=0, changes={"name": "钱大波"})


def test_who_leaves_loses_access_at_once(cast, signed_in):
    client = signed_in(cast.colleague_hr)
    seat = cast.a.contacts.get(user=cast.colleague_hr)
    assert Enterprise.objects.visible_to(cast.colleague_hr).exists()
    mark_left(seat, by=cast.officer, left_on=TODAY())
    assert not Enterprise.objects.visible_to(cast.colleague_hr).exists()
    assert client.get(url("enterprise_detail", cast.a.pk)).status_code == 404
    event = Event.objects.of(seat).get()
    assert (event.kind, event.audience) == ("contact.left", "both")
    assert mark_left(seat, by=cast.officer, left_on=TODAY()).left_on == TODAY()
    assert Event.objects.of(seat).count() == 1


def test_a_keeper_never_leaves_silently(cast):
    keeper = keeper_of(cast.a)
    with pytest.raises(Refused, match="keeper"):
        mark_left(keeper, by=cast.officer, left_on=TODAY())
    for nobody in (cast.foreman, cast.b.contacts.get(user=cast.hr_of_both), cast.a.contacts.get(user=cast.former_hr)):
        with pytest.raises(Refused, match="keeper"):
            mark_left(keeper, by=cast.officer, left_on=TODAY(), successor=nobody)
    assert keeper_of(cast.a) == keeper
    successor = cast.a.contacts.get(user=cast.colleague_hr)
    mark_left(keeper, by=cast.officer, left_on=TODAY(), successor=successor)
    assert keeper_of(cast.a) == successor
    data = Event.objects.of(keeper).get().data
    assert [data[name] for name in ("name", "was_keeper", "keeper", "successor")] == [
        "hr", True, "colleague_hr", "colleague_hr"
    ]  # fmt: skip


def test_without_a_keeper_when_somebody_says_so(cast):
    mark_left(keeper_of(cast.a), by=cast.officer, left_on=TODAY(), without_keeper=True)
    assert not cast.a.contacts.filter(is_keeper=True).exists()


def test_an_open_invitation_ends_with_its_person(cast):
    invitation = Invitation.objects.create(
        code="a" * 22, name="钱波", role=Role.HR, invited_by=cast.officer, expires_at=timezone.now() + timedelta(days=3)
    )
    Contact.objects.filter(pk=cast.foreman.pk).update(invitation=invitation)
    mark_left(Contact.objects.get(pk=cast.foreman.pk), by=cast.officer, left_on=TODAY())
    invitation.refresh_from_db()
    assert invitation.withdrawn_at


def test_whoever_comes_back_has_no_access_of_old(cast):
    seat = cast.a.contacts.get(user=cast.former_hr)
    back = bring_back(seat, by=cast.officer)
    assert (back.left_on, back.user) == (None, None)
    assert not Enterprise.objects.visible_to(cast.former_hr).exists()
    assert bring_back(back, by=cast.officer).version == back.version


def test_the_form_keeps_several_phones_in_one_spelling(cast, signed_in):
    client = signed_in(cast.officer)
    page = url("contact_new", cast.a.pk)
    typed = {
        "name": "𠮷田·一郎",
        "phones": "１３８ ０００００００１\n0571-88886666转802\n13800000001\n前台说找赵经理 88886666",
    }
    response = client.post(page, form_data(client.get(page)) | typed)
    assert response.headers["Location"] == url("enterprise_detail", cast.a.pk) + "#people"
    contact = Contact.objects.get(name="𠮷田·一郎")
    assert contact.phones == ["13800000001", "0571-88886666转802", "前台说找赵经理 88886666"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [({"name": ""}, "required"), ({"phones": ""}, "a way to reach"), ({"phones": "1" * 41}, "at most 40"),
     ({"email": "nobody"}, "valid email"), ({"phones": "1380000\x000001"}, "Null characters"), ({"phones": "\n".join(f"1380000000{n}" for n in range(7))}, "At most 6")],
)  # fmt: skip
def test_what_the_form_refuses_stays_typed(cast, signed_in, typed, sentence):
    client = signed_in(cast.officer)
    page = url("contact_new", cast.a.pk)
    given = {"name": "赵敏", "phones": "13800000001", "note": "下午好找"} | typed
    response = client.post(page, form_data(client.get(page)) | given)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "下午好找" in response.content.decode()


def test_two_editors_of_one_person(cast, signed_in):
    client = signed_in(cast.officer)
    page = url("contact_edit", cast.foreman.pk)
    data = form_data(client.get(page)) | {"position": "车间主任"}
    change_contact(cast.foreman, by=cast.lead, version=0, changes={"position": "厂长", "signs": True})
    conflict = client.post(page, data)
    assert conflict.status_code == 409
    assert "厂长" in conflict.content.decode()
    assert client.post(page, form_data(conflict)).status_code == 302
    cast.foreman.refresh_from_db()
    assert (cast.foreman.position, cast.foreman.signs) == ("车间主任", True)


def test_leaving_in_the_browser(cast, signed_in):
    client = signed_in(cast.officer)
    keeper = keeper_of(cast.a)
    page = url("contact_left", keeper.pk)
    data = form_data(client.get(page))
    assert "Say who takes over" in client.post(page, data).content.decode()
    late = data | {"left_on": str(TODAY() + timedelta(days=1)), "successor": "nobody", "without_keeper": "on"}
    assert "has not come yet" in client.post(page, late).content.decode()
    successor = cast.a.contacts.get(user=cast.colleague_hr)
    both = data | {"successor": successor.pk, "without_keeper": "on"}
    assert client.post(page, both).status_code == 422
    assert client.post(page, data | {"successor": successor.pk}).status_code == 302
    assert keeper_of(cast.a) == successor
    assert client.post(url("contact_return", keeper.pk)).status_code == 302
    keeper.refresh_from_db()
    assert keeper.left_on is None


@pytest.mark.parametrize("name", ["contact_edit", "contact_left", "contact_return"])
@pytest.mark.parametrize(
    ("who", "status"), [("other_officer", 403), ("hr", 403), ("teacher", 404), ("stranger_hr", 404), (None, 302)]
)
def test_who_may_not_open_the_forms(cast, signed_in, name, who, status):
    client = signed_in(getattr(cast, who) if who else None)
    assert client.post(url(name, cast.foreman.pk)).status_code == status


def test_a_missing_person_and_a_hidden_one_look_alike(cast, signed_in):
    client = signed_in(cast.stranger_hr)
    pages = []
    for pk in (cast.foreman.pk, 10**9):
        response = client.get(url("contact_edit", pk))
        assert response.status_code == 404
        html = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
        pages.append(html.replace(f"/{pk}/", "/"))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("phone", "link"),
    [("13800000001", "tel:13800000001"), ("0571-88886666转802", "tel:057188886666,802"),
     ("+49 30 123456", "tel:+4930123456"), ("前台", ""), ("802", "")],
)  # fmt: skip
def test_phones_that_dial(phone, link):
    assert tel(phone) == link


def test_departed_people_stand_last(cast, signed_in):
    ContactFactory(enterprise=cast.a, name="已经离开的人", left_on=TODAY())
    html = signed_in(cast.officer).get(url("enterprise_detail", cast.a.pk)).content.decode()
    assert html.index("钱波") < html.index("已经离开的人")

"""An enterprise presents itself; the school decides; until then nothing becomes visible."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation

from partnerships.models import Contact, Enterprise, Registration
from partnerships.services.registrations import accept_registration, refuse_registration, register_enterprise
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import EnterpriseFactory
from tests.partnerships.test_enterprises import CODE


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


def present(**other):
    values = {
        "name": "恒新材料有限公司", "uscc": CODE, "contact_name": "赵敏", "phone": "13800000001", "wishes": "接收实习生",
        "language": "zh-hans", "form_key": uuid.uuid4(),
    }  # fmt: skip
    return register_enterprise(**values | other)


TYPED = {
    "name": "恒新材料有限公司",
    "uscc": CODE,
    "contact_name": "赵敏",
    "phone": "138 0000 0001",
    "wishes": "接收实习生",
}


def test_presenting_oneself_without_an_account(cast, signed_in):
    client = signed_in()
    page = client.get(url("registration_new"))
    data = form_data(page) | TYPED
    response = client.post(url("registration_new"), data)
    assert response.headers["Location"] == url("registration_sent")
    assert client.post(url("registration_new"), data).status_code == 302
    registration = Registration.objects.get()
    assert (registration.phone, registration.state) == ("13800000001", "waiting")
    assert "it has arrived" in client.get(url("registration_sent")).content.decode()
    assert not Enterprise.objects.filter(uscc=CODE).exists()


def test_a_known_enterprise_gets_the_same_answer(cast, signed_in):
    EnterpriseFactory(uscc=CODE)
    client = signed_in()
    response = client.post(url("registration_new"), form_data(client.get(url("registration_new"))) | TYPED)
    assert response.headers["Location"] == url("registration_sent")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [({"uscc": CODE[:-1] + "A"}, "wrong"), ({"uscc": "无"}, "business licence"), ({"phone": "12"}, "no phone number"),
     ({"name": "恒" * 300}, "At most 100"), ({"wishes": ""}, "required"), ({"form_key": "x"}, "UUID")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_kept(cast, signed_in, typed, sentence):
    client = signed_in()
    data = form_data(client.get(url("registration_new"))) | TYPED | typed
    response = client.post(url("registration_new"), data)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert "赵敏" in response.content.decode()
    assert not Registration.objects.exists()


def test_five_an_hour_from_one_address(cast, signed_in):
    statuses = []
    for _n in range(7):
        client = signed_in()
        data = form_data(client.get(url("registration_new"))) | TYPED
        statuses.append(client.post(url("registration_new"), data).status_code)
    assert statuses == [302] * 5 + [429] * 2
    elsewhere = signed_in(None, REMOTE_ADDR="10.9.8.7")
    data = form_data(elsewhere.get(url("registration_new"))) | TYPED
    assert elsewhere.post(url("registration_new"), data).status_code == 302
    assert Registration.objects.count() == 6


def test_accepting_makes_a_prospect_and_its_person(cast):
    registration = present()
    enterprise = accept_registration(registration, by=cast.officer)
    assert (enterprise.state, enterprise.uscc, enterprise.owner) == ("prospect", CODE, cast.officer)
    person = Contact.objects.get(enterprise=enterprise)
    assert (person.name, person.phones, person.user) == ("赵敏", ["13800000001"], None)
    registration.refresh_from_db()
    assert (registration.state, registration.decided_by, registration.enterprise) == (
        "accepted",
        cast.officer,
        enterprise,
    )
    event = Event.objects.get(kind="enterprise.registered")
    assert (event.side, event.by_name, event.stream) == ("enterprise", "赵敏", enterprise.pk)
    with pytest.raises(Refused):
        accept_registration(registration, by=cast.lead)
    with pytest.raises(Refused):
        refuse_registration(registration, by=cast.lead, reason="晚了")


def test_accepting_into_a_known_enterprise(cast):
    cast.a.uscc = CODE
    cast.a.save()
    registration = present()
    with pytest.raises(Refused, match="on record already"):
        accept_registration(registration, by=cast.officer)
    registration.refresh_from_db()
    assert registration.state == "waiting"
    assert accept_registration(registration, by=cast.officer, enterprise=cast.a) == cast.a
    assert Contact.objects.filter(enterprise=cast.a, name="赵敏").exists()


def test_refusing_with_a_reason(cast):
    registration = present()
    with pytest.raises(Refused, match="why"):
        refuse_registration(registration, by=cast.officer, reason=" ")
    refused = refuse_registration(registration, by=cast.officer, reason="与专业不对口")
    assert (refused.state, refused.reason, refused.enterprise) == ("refused", "与专业不对口", None)


@pytest.mark.parametrize("who", ["teacher", "counsellor", "hr", "disabled"])
def test_who_may_not_decide(cast, who):
    registration = present()
    with pytest.raises(NotAllowed):
        accept_registration(registration, by=getattr(cast, who))
    with pytest.raises(NotAllowed):
        refuse_registration(registration, by=getattr(cast, who), reason="x")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins(transactional_db):
    from tests.cast import gather

    cast, barrier = gather(), Barrier(4)
    registration = present()

    def decide(n):
        try:
            barrier.wait(10)
            if n % 2:
                accept_registration(registration, by=cast.officer)
            else:
                refuse_registration(registration, by=cast.lead, reason="x")
        except Refused:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(decide, range(4))) == 1


def test_the_queue_in_the_browser(cast, signed_in):
    similar = EnterpriseFactory(name="浙江恒新材料有限公司", owner=cast.officer)
    registration, other = present(), present(name="别的公司")
    client = signed_in(cast.officer)
    assert "恒新材料有限公司" in client.get(url("registration_list")).content.decode()
    page = client.get(url("registration_detail", registration.pk)).content.decode()
    assert "浙江恒新材料有限公司" in page
    assert "tel:13800000001" in page
    accept = url("registration_accept", registration.pk)
    assert client.post(accept, {"enterprise": 10**9}).status_code == 404
    response = client.post(accept, {"enterprise": similar.pk})
    assert response.headers["Location"] == url("enterprise_detail", similar.pk)
    assert client.post(accept).status_code == 409
    refuse = url("registration_refuse", other.pk)
    assert client.post(refuse, {"reason": ""}).status_code == 422
    assert client.post(refuse, {"reason": "不对口"}).status_code == 302
    decided = client.get(url("registration_list") + "?show=decided").content.decode()
    assert "别的公司" in decided
    assert "不对口" in client.get(url("registration_detail", other.pk)).content.decode()


@pytest.mark.parametrize(
    ("who", "queue", "one"),
    [("lead", 200, 200), ("other_officer", 200, 200), ("teacher", 403, 404), ("hr", 403, 404), (None, 302, 302)],
)
def test_who_opens_the_queue(cast, signed_in, who, queue, one):
    registration = present()
    client = signed_in(getattr(cast, who) if who else None)
    assert client.get(url("registration_list")).status_code == queue
    assert client.get(url("registration_detail", registration.pk)).status_code == one
    assert client.post(url("registration_accept", registration.pk)).status_code in (one, 302)

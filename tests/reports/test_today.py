"""Today: what waits for a person, for how long, and that it goes away by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from partnerships.models import Enterprise
from partnerships.services.proxies import correct_proxy_entry
from partnerships.services.thread import write_message
from records import links
from reports import today
from tests.partnerships.factories import EnterpriseFactory, MessageFactory, ProxyEntryFactory


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def titles(user):
    return [item.title for item in today.items_for(user)]


def test_a_message_waits_until_it_is_answered(cast):
    write_message(cast.a, by=cast.hr, body="三月能来看看吗？")
    assert titles(cast.officer) == ["hr wrote to you"]
    assert titles(cast.other_officer) == []
    write_message(cast.a, by=cast.officer, body="下周三到。")
    assert titles(cast.officer) == []


def test_what_waits_longest_stands_there_even_where_much_waits(cast, monkeypatch):
    monkeypatch.setattr(today, "MOST", 2)
    for days in (1, 9, 5):
        enterprise = EnterpriseFactory(owner=cast.officer)
        MessageFactory(enterprise=enterprise, side="enterprise", written_at=timezone.now() - timedelta(days=days))
    waiting = [(timezone.now() - item.since).days for item in today.items_for(cast.officer)]
    assert waiting == [9, 5]


def test_a_correction_is_shown_for_two_weeks(cast):
    entry = ProxyEntryFactory(enterprise=cast.a, entered_by=cast.officer)
    correct_proxy_entry(entry, by=cast.hr, text="是周四。")
    assert titles(cast.officer) == ["hr corrected your entry"]
    assert titles(cast.lead) == []
    type(entry).objects.update(checked_at=timezone.now() - timedelta(days=15))
    assert titles(cast.officer) == []


def test_a_new_link_is_asked_for(cast):
    link = links.hand_out("partnership", subject=cast.a, stream=cast.a.pk, by=cast.officer, addressee="赵经理")
    links.withdraw(link, by=cast.officer)
    links.ask_new_one(link, name="赵敏")
    (item,) = today.items_for(cast.officer)
    assert (item.title, item.about) == ("赵敏 asks for a new link", cast.a.title)
    assert titles(cast.other_officer) == []


def test_a_prospect_waits_for_its_owner_alone(cast):
    Enterprise.objects.filter(pk=cast.a.pk).update(state=Enterprise.State.PROSPECT)
    assert titles(cast.officer) == ["Visit and assess a prospect"]
    assert titles(cast.other_officer) == []


@pytest.mark.parametrize(("who", "status"), [("officer", 200), ("teacher", 200), ("hr", 403)])
def test_who_sees_the_page(cast, signed_in, who, status):
    write_message(cast.a, by=cast.hr, body="三月能来看看吗？")
    response = signed_in(getattr(cast, who)).get("/today/")
    assert response.status_code == status
    assert ("三月能来看看吗" in response.content.decode()) == (who == "officer")

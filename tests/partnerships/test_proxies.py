"""What an officer enters on behalf of an enterprise is the enterprise's to check."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from partnerships.models import Enterprise, ProxyEntry, Touchpoint
from partnerships.services.proxies import confirm_proxy_entry, correct_proxy_entry, enter_touchpoint_on_behalf
from records.files import Rejected
from records.models import Event, Side
from records.workflow import NotAllowed, Refused

SAID = datetime(2026, 11, 19, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def enter(cast, by=None, **said):
    said = {"source": "phone", "said_by": "钱波", "said_at": SAID, "summary": "十二月可以来。", "now": NOW} | said
    return enter_touchpoint_on_behalf(enterprise=cast.a, by=by or cast.officer, **said)


def test_it_stands_on_the_enterprises_side_with_source_and_witness(cast):
    touchpoint = enter(cast)
    assert (touchpoint.side, touchpoint.kind, touchpoint.happened_at) == (Side.ENTERPRISE, "call", SAID)
    entry = touchpoint.proxy
    assert (entry.source, entry.said_by, entry.entered_by, entry.checked_at) == ("phone", "钱波", cast.officer, None)
    assert Enterprise.objects.get(pk=cast.a.pk).last_contact_at == SAID
    assert set(Event.objects.values_list("kind", "stream")) == {
        ("touchpoint.logged", cast.a.pk),
        ("proxy.entered", None),
    }


def test_the_same_form_sent_twice_is_one_entry(cast):
    key = uuid4()
    assert enter(cast, form_key=key) == enter(cast, form_key=key)
    assert ProxyEntry.objects.count() == Touchpoint.objects.count() == 1


@pytest.mark.parametrize("who", ["teacher", "hr", "stranger_hr", "disabled"])
def test_only_liaison_staff_enters_for_others(cast, who):
    with pytest.raises(NotAllowed):
        enter(cast, getattr(cast, who))
    assert not ProxyEntry.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"said_by": ""}, {"said_at": NOW + timedelta(minutes=1)}, {"source": "rumour", "kind": "call"}]
)
def test_an_entry_without_witness_or_of_the_future_is_refused(cast, wrong):
    with pytest.raises(ValidationError):
        enter(cast, **wrong)
    assert not Touchpoint.objects.exists()


def test_a_screenshot_that_is_none_takes_everything_back(cast):
    with pytest.raises(Rejected):
        enter(cast, screenshot=SimpleUploadedFile("chat.png", b"not a picture"))
    assert not ProxyEntry.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("who", ["hr", "colleague_hr", "hr_of_both"])
def test_a_member_confirms(cast, who):
    entry = confirm_proxy_entry(enter(cast).proxy, by=getattr(cast, who), now=NOW)
    assert (entry.checked_by, entry.checked_at, entry.correction) == (getattr(cast, who), NOW, "")
    event = Event.objects.get(kind="proxy.confirmed")
    assert (event.stream, event.side, event.audience) == (cast.a.pk, "enterprise", "both")


def test_a_correction_stands_beside_the_original(cast):
    touchpoint = enter(cast)
    entry = correct_proxy_entry(touchpoint.proxy, by=cast.hr, text=" 一月才可以。 ", now=NOW)
    assert entry.correction == "一月才可以。"
    touchpoint.refresh_from_db()
    assert touchpoint.summary == "十二月可以来。"
    assert Event.objects.get(kind="proxy.corrected").data == {"correction": "一月才可以。"}


@pytest.mark.parametrize("who", ["administrator", "lead", "officer", "former_hr", "stranger_hr"])
def test_nobody_else_checks(cast, who):
    entry = enter(cast).proxy
    for check in (
        lambda: confirm_proxy_entry(entry, by=getattr(cast, who)),
        lambda: correct_proxy_entry(entry, by=getattr(cast, who), text="anders"),
    ):
        with pytest.raises(NotAllowed):
            check()
    entry.refresh_from_db()
    assert entry.checked_at is None


def test_it_is_checked_once(cast):
    entry = enter(cast).proxy
    confirm_proxy_entry(entry, by=cast.hr)
    with pytest.raises(Refused):
        correct_proxy_entry(entry, by=cast.colleague_hr, text="anders")
    entry.refresh_from_db()
    assert entry.correction == ""


@pytest.mark.parametrize("text", ["", "   ", "长" * 2001])
def test_a_correction_says_something_that_fits(cast, text):
    with pytest.raises(ValidationError):
        correct_proxy_entry(enter(cast).proxy, by=cast.hr, text=text)

"""Two people at once on one agreement that is out for signature: one wins, the other is told."""

import threading

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from partnerships.models import Agreement
from partnerships.services.agreements import amending, correcting, ending, review, signing
from records import signatures as ledger
from records.models import Event, Signature
from tests.cast import gather
from tests.partnerships.factories import AgreementFactory
from tests.partnerships.test_agreement_races import race, unlocked

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()


@pytest.fixture
def scene():
    """(cast, agreement, the lead's request, HR's request)."""
    cast = gather()
    row = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature")
    return cast, row, *ask(cast, row)


def ask(cast, row):
    contact = cast.a.contacts.get(user=cast.hr)
    people = [signing.of_the_school(cast.lead, "principal"), signing.of_the_enterprise(contact, "director")]
    return signing.ask_for_signatures(row, people, by=cast.officer)


def signs(row, request, by):
    read = signing.digest_of(Agreement.objects.get(pk=row.pk))
    return lambda: signing.sign(request, digest=read, by=by)


def state_of(row):
    row = Agreement.objects.get(pk=row.pk)
    return row.state, row.open_signatures


def test_both_sides_sign_at_once_and_it_enters_into_force_once(scene):
    cast, row, lead, hr = scene
    assert race(signs(row, lead, cast.lead), signs(row, hr, cast.hr)) == ["done", "done"]
    assert state_of(row) == ("in_force", 0)
    assert Event.objects.of(row).filter(kind="agreement.enter").count() == 1


def test_without_the_lock_two_signatures_leave_a_wrong_count(scene, monkeypatch):
    """Each counts the other's as open: nobody brings it into force, and the count is wrong."""
    cast, row, lead, hr = scene
    everybody, count = threading.Barrier(2, timeout=20), ledger.open_count

    def count_together(subject):
        open_ones = count(subject)
        everybody.wait()
        return open_ones

    monkeypatch.setattr(signing, "lock", unlocked)
    monkeypatch.setattr(ledger, "open_count", count_together)
    race(signs(row, lead, cast.lead), signs(row, hr, cast.hr))
    assert state_of(row) == ("signature", 1)
    assert count(row) == 0


def test_one_person_signs_twice_at_once(scene):
    cast, row, lead, _hr = scene
    assert race(*[signs(row, lead, cast.lead)] * 2) == ["done", "refused"]
    assert state_of(row) == ("signature", 1)


def test_without_any_lock_one_person_still_signs_once(scene, monkeypatch):
    """Here the lock is not alone: what was signed is written before the state is read again, and that write queues."""
    cast, row, lead, _hr = scene
    lock_nothing(monkeypatch)
    assert race(*[signs(row, lead, cast.lead)] * 2) == ["done", "refused"]
    assert Event.objects.filter(kind="signature.sign").count() == 1


def lock_nothing(monkeypatch):
    monkeypatch.setattr(signing, "lock", unlocked)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **how: rows)


def corrects(cast, row):
    return lambda: correcting.correct_text(row, by=cast.officer, version=0, changes={"aim": "另一个"})


def test_the_last_signature_against_a_correction(scene):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    assert race(signs(row, hr, cast.hr), corrects(cast, row)) == ["done", "refused"]
    row.refresh_from_db()
    if row.state == "in_force":
        assert row.aim != "另一个"
    else:
        assert (row.state, row.open_signatures, row.aim) == ("signature", 2, "另一个")
    assert signed_something_else(row) == []


def signed_something_else(row):
    """Signatures that count, of another text than the one that stands there."""
    signed = ledger.ledger(row).filter(state="signed")
    return [one for one in signed if one.digest != signing.digest_of(Agreement.objects.get(pk=row.pk))]


def test_without_the_lock_a_signature_stands_under_a_text_nobody_read(scene, monkeypatch):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    corrected, corrects_it = threading.Event(), corrects(cast, row)

    def stale(agreement):
        found = unlocked(agreement)
        corrected.wait(20)
        return found

    def correct():
        corrects_it()
        corrected.set()

    monkeypatch.setattr(signing, "lock", stale)
    assert race(signs(row, hr, cast.hr), correct) == ["done", "done"]
    assert signed_something_else(row) == [hr]


def takes_back(cast, row):
    return lambda: review.move_agreement(row, "take_back", by=cast.officer, note="x")


def test_signing_against_taking_back(scene):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    assert race(signs(row, hr, cast.hr), takes_back(cast, row)) == ["done", "refused"]
    assert state_of(row) in {("in_force", 0), ("draft", 0)}
    if state_of(row)[0] == "draft":
        assert not ledger.ledger(row).filter(state="signed").exists()


def each_waits_for_the_other(monkeypatch, module):
    """Without the lock: one has the request and wants the agreement, who calls it off has that and wants the request."""
    both, sign, call_off = threading.Barrier(2, timeout=20), ledger.sign, module.call_off

    def sign_first(*arguments, **said):
        sign(*arguments, **said)
        both.wait()

    def call_off_then(*arguments, **said):
        both.wait()
        call_off(*arguments, **said)

    monkeypatch.setattr(signing, "lock", unlocked)
    monkeypatch.setattr(ledger, "sign", sign_first)
    monkeypatch.setattr(module, "call_off", call_off_then)


def test_without_the_lock_signing_and_taking_back_wait_for_each_other(scene, monkeypatch):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    each_waits_for_the_other(monkeypatch, review)
    assert race(signs(row, hr, cast.hr), takes_back(cast, row)) == ["broken", "done"]


def withdraws(cast, request):
    return lambda: signing.withdraw_request(request, by=cast.officer)


def test_withdrawing_a_request_against_signing_it(scene):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    assert race(signs(row, hr, cast.hr), withdraws(cast, hr)) == ["done", "refused"]
    assert state_of(row) in {("in_force", 0), ("signature", 0)}


def test_without_any_lock_a_signature_is_withdrawn(scene, monkeypatch):
    """Both read the request as open before one of them writes: who signed is told so, and it does not count."""
    cast, row, _lead, hr = scene
    both, save = threading.Barrier(2, timeout=20), Signature.save

    def save_together(request, **how):
        both.wait()
        save(request, **how)

    lock_nothing(monkeypatch)
    monkeypatch.setattr(Signature, "save", save_together)
    assert race(signs(row, hr, cast.hr), withdraws(cast, hr)) == ["done", "done"]
    hr.refresh_from_db()
    assert (hr.state, bool(hr.digest)) == ("withdrawn", True)


def amendment_and_end():
    """(an amendment that the lead has signed, HR's request, HR signs, the lead ends what it amends)"""
    cast = gather()
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    amendment = amending.start_amendment(base, by=cast.officer, blocks=["money"], valid_from=TODAY)
    Agreement.objects.filter(pk=amendment.pk).update(state="signature")
    lead, hr = ask(cast, amendment)
    signs(amendment, lead, cast.lead)()
    ends = {"by": cast.lead, "day": TODAY, "reason": "x"}
    return amendment, hr, signs(amendment, hr, cast.hr), lambda: ending.terminate_agreement(base, **ends)


def test_signing_an_amendment_against_the_end_of_its_agreement():
    amendment, hr, sign, end = amendment_and_end()
    assert race(sign, end) in (["done", "refused"], ["done", "done"])
    assert Agreement.objects.get(pk=amendment.amends_id).state == "terminated"
    states = state_of(amendment), Signature.objects.get(pk=hr.pk).state
    assert states in {(("in_force", 0), "signed"), (("draft", 0), "withdrawn")}


def test_without_the_lock_signing_and_ending_wait_for_each_other(monkeypatch):
    _amendment, _hr, sign, end = amendment_and_end()
    each_waits_for_the_other(monkeypatch, ending)
    assert race(sign, end) == ["broken", "done"]


def test_a_last_signature_against_an_amendment_of_what_it_renews():
    """The renewal locks what it continues first, as an amendment of that does: neither waits for the other."""
    cast = gather()
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    renewal = ending.start_renewal(base, by=cast.officer)
    Agreement.objects.filter(pk=renewal.pk).update(state="signature")
    lead, hr = ask(cast, renewal)
    signs(renewal, lead, cast.lead)()
    values = {"by": cast.officer, "blocks": ["money"], "valid_from": TODAY}
    answers = race(signs(renewal, hr, cast.hr), lambda: amending.start_amendment(base, **values))
    assert answers in (["done", "done"], ["done", "refused"])
    assert state_of(renewal) == ("in_force", 0)

"""Two people at once on one agreement that is out for signature: one wins, the other is told."""

import threading

import pytest
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


def test_signing_against_taking_back(scene):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    back = race(
        signs(row, hr, cast.hr), lambda: review.move_agreement(row, "take_back", by=cast.officer, note="x")
    )  # fmt: skip
    assert back == ["done", "refused"]
    assert state_of(row) in {("in_force", 0), ("draft", 0)}
    if state_of(row)[0] == "draft":
        assert not ledger.ledger(row).filter(state="signed").exists()


def test_withdrawing_a_request_against_signing_it(scene):
    cast, row, lead, hr = scene
    signs(row, lead, cast.lead)()
    assert race(signs(row, hr, cast.hr), lambda: signing.withdraw_request(hr, by=cast.officer)) == ["done", "refused"]
    assert state_of(row) in {("in_force", 0), ("signature", 0)}


def test_signing_an_amendment_against_the_end_of_its_agreement():
    cast = gather()
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    amendment = amending.start_amendment(base, by=cast.officer, blocks=["money"], valid_from=TODAY)
    Agreement.objects.filter(pk=amendment.pk).update(state="signature")
    lead, hr = ask(cast, amendment)
    signs(amendment, lead, cast.lead)()
    ends = race(
        signs(amendment, hr, cast.hr), lambda: ending.terminate_agreement(base, by=cast.lead, day=TODAY, reason="x")
    )  # fmt: skip
    assert ends in (["done", "refused"], ["done", "done"])
    assert Agreement.objects.get(pk=base.pk).state == "terminated"
    states = state_of(amendment), Signature.objects.get(pk=hr.pk).state
    assert states in {(("in_force", 0), "signed"), (("draft", 0), "withdrawn")}


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

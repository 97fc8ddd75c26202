"""The signature ledger, on an agreement: whoever is asked signs, refuses or passes on; what changes is asked again."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, close_old_connections, transaction
from django.utils import timezone, translation

from records import signatures as ledger
from records.links import hand_out
from records.models import Event, Signature
from records.signatures import SIGNATURE, Signatory
from records.workflow import NotAllowed, Refused, move
from tests.partnerships.factories import AgreementFactory, FileFactory

DIGEST = "a" * 64
S = Signature.State


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def agreement(cast):
    return AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature")


@pytest.fixture
def asked(cast, agreement):
    """The lead and HR side by side, then the dean, who has no account."""
    return ledger.ask(
        agreement,
        [
            Signatory("school", "authorised representative", cast.lead.name, 1, user=cast.lead),
            Signatory("enterprise", "authorised representative", cast.hr.name, 1, user=cast.hr),
            Signatory("enterprise", "works manager", "钱波", 2, email="qian@example.org"),
        ],
        by=cast.officer,
    )


def scan(cast):
    return FileFactory(uploaded_by=cast.officer)


def test_everybody_signs_in_order_and_each_in_their_own_way(cast, agreement, asked):
    lead, hr, works = asked
    assert ledger.open_count(agreement) == 3
    ledger.sign(hr, digest=DIGEST, by=cast.hr, address="127.0.0.1")
    link = hand_out("agreement", subject=works, stream=cast.a.pk, by=cast.officer)
    with pytest.raises(Refused, match="signs first"):
        ledger.sign(works, digest=DIGEST, via=link, name="钱波")
    assert Signature.objects.get(pk=works.pk).way == ""
    ledger.sign_on_paper(lead, digest=DIGEST, scan=scan(cast), by=cast.officer, signed_on=timezone.localdate())
    ledger.sign(works, digest=DIGEST, via=link, name="钱波")
    assert [(row.state, row.way) for row in ledger.ledger(agreement)] == [
        ("signed", "paper"),
        ("signed", "screen"),
        ("signed", "link"),
    ]
    assert ledger.open_count(agreement) == 0
    assert ledger.has_signed(agreement, "school")
    kinds = list(
        Event.objects.filter(kind__startswith="signature.").order_by("pk").values_list("kind", "side", "by_name")
    )
    assert kinds == [
        ("signature.asked", "school", ""), ("signature.sign", "enterprise", ""), ("signature.sign_on_paper", "school", ""),
        ("signature.sign", "enterprise", "钱波"),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["officer", "hr", "stranger_hr", "administrator"])
def test_nobody_signs_for_somebody_else(cast, asked, who):
    with pytest.raises(NotAllowed):
        ledger.sign(asked[0], digest=DIGEST, by=getattr(cast, who))
    assert Signature.objects.get(pk=asked[0].pk).state == S.ASKED


def test_the_enterprise_enters_no_paper(cast, asked):
    with pytest.raises(NotAllowed):
        ledger.sign_on_paper(asked[1], digest=DIGEST, scan=scan(cast), by=cast.hr)


def test_a_refusal_says_why_and_stays_open(cast, agreement, asked):
    with pytest.raises(Refused):
        ledger.refuse(asked[1], reason="  ", by=cast.hr)
    ledger.refuse(asked[1], reason="The term is too long.", by=cast.hr)
    assert asked[1].reason == "The term is too long."
    assert ledger.open_count(agreement) == 3
    with pytest.raises(Refused):
        ledger.sign(asked[1], digest=DIGEST, by=cast.hr)


def test_seen_counts_once(cast, asked):
    ledger.see(asked[1], by=cast.hr)
    first = Signature.objects.get(pk=asked[1].pk)
    ledger.see(first, by=cast.hr, now=timezone.now() + timedelta(days=1))
    again = Signature.objects.get(pk=asked[1].pk)
    assert (again.state, again.seen_at) == ("seen", first.seen_at)
    with pytest.raises(NotAllowed):
        ledger.see(asked[0], by=cast.hr)


def test_passing_on_asks_somebody_else_in_the_same_place(cast, agreement, asked):
    fresh = ledger.delegate(asked[1], Signatory("school", "x", "孙总", 9, user=cast.colleague_hr), by=cast.hr)
    assert (fresh.side, fresh.capacity, fresh.position) == ("enterprise", "authorised representative", 1)
    old = Signature.objects.get(pk=asked[1].pk)
    assert (old.state, old.passed_to_id) == ("delegated", fresh.pk)
    ledger.sign(fresh, digest=DIGEST, by=cast.colleague_hr)
    for name in ("", asked[0].name):
        with pytest.raises(ValidationError):
            ledger.delegate(asked[0], Signatory("school", "x", name), by=cast.lead)


def test_passing_on_to_whoever_is_asked_already(cast, agreement, asked):
    """Nobody signs for two in one capacity."""
    twin = Signatory("enterprise", "authorised representative", "孙总", user=cast.colleague_hr)
    ledger.ask(agreement, [twin], by=cast.officer)
    with pytest.raises(ValidationError, match="asked already"):
        ledger.delegate(asked[1], twin, by=cast.hr)
    with pytest.raises(ValidationError, match="asked already"):
        ledger.hand_over(asked[1], twin, by=cast.officer)
    assert Signature.objects.get(pk=asked[1].pk).state == S.ASKED


def test_handed_over_by_somebody_else_the_person_who_left_no_longer_signs(cast, agreement, asked):
    fresh = ledger.hand_over(asked[1], Signatory("school", "x", "孙总", 9, user=cast.colleague_hr), by=cast.officer)
    old = Signature.objects.get(pk=asked[1].pk)
    assert (old.state, old.passed_to_id, fresh.state) == ("delegated", fresh.pk, "asked")
    assert (fresh.side, fresh.capacity, fresh.asked_by) == ("enterprise", "authorised representative", cast.officer)
    event = Event.objects.get(kind="signature.hand_over")
    assert (event.side, event.by) == ("school", cast.officer)
    for again in (old, ledger.sign(fresh, digest=DIGEST, by=cast.colleague_hr)):
        with pytest.raises(Refused):
            ledger.hand_over(again, Signatory("school", "x", "李总"), by=cast.officer)


def test_a_changed_text_asks_again_only_those_it_touches(cast, agreement, asked):
    lead, hr, works = asked
    ledger.sign(lead, digest=DIGEST, by=cast.lead)
    ledger.sign(hr, digest=DIGEST, by=cast.hr)
    ledger.refuse(works, reason="Too few places.", name="钱波")
    fresh = ledger.reset(agreement, ["school"], reason="The contact changed.", by=cast.officer)
    assert [(row.name, row.state) for row in fresh] == [(lead.name, "asked"), ("钱波", "asked")]
    states = dict(ledger.ledger(agreement).values_list("pk", "state"))
    assert (states[lead.pk], states[hr.pk], states[works.pk]) == ("reset", "signed", "reset")
    assert Signature.objects.get(pk=lead.pk).digest == DIGEST  # what was signed stays on record


def test_what_is_taken_back_asks_nobody_any_more(cast, agreement, asked):
    ledger.sign(asked[0], digest=DIGEST, by=cast.lead)
    assert ledger.withdraw(agreement, by=cast.officer) == 2
    assert ledger.open_count(agreement) == 0
    assert ledger.has_signed(agreement, "school")


def test_nobody_is_asked_twice(cast, agreement, asked):
    with pytest.raises(ValidationError):
        ledger.ask(agreement, [], by=cast.officer)
    with pytest.raises(ValidationError):
        ledger.ask(agreement, [Signatory("school", "authorised representative", cast.lead.name)], by=cast.officer)
    with pytest.raises(ValidationError):
        ledger.ask(agreement, [Signatory("school", "dean", " ")], by=cast.officer)
    assert ledger.open_count(agreement) == 3


@pytest.mark.parametrize(
    ("values", "name"),
    [({"state": "signed"}, "signed_whole"), ({"state": "signed", "way": "screen", "digest": "x", "closed_at": "2026-01-01T00:00Z"}, "signed_whole"),
     ({"state": "signed", "way": "paper", "digest": DIGEST, "closed_at": "2026-01-01T00:00Z"}, "paper_with_scan"),
     ({"state": "signed", "way": "link", "digest": DIGEST, "closed_at": "2026-01-01T00:00Z"}, "link_known"),
     ({"state": "refused"}, "refused_with_reason"), ({"state": "delegated"}, "passed_to_somebody"), ({"side": "both"}, "one_side"),
     ({"state": "lost"}, "state_known"), ({"name": ""}, "of_somebody"), ({"capacity": ""}, "of_somebody")],
)  # fmt: skip
def test_the_database_refuses(asked, values, name):
    with pytest.raises(IntegrityError, match=f"signature_{name}"), transaction.atomic():
        Signature.objects.filter(pk=asked[0].pk).update(**values)


@pytest.mark.parametrize("step", SIGNATURE.moves, ids=lambda step: step.name)
@pytest.mark.parametrize("state", list(S))
def test_every_state_allows_only_the_moves_of_the_table(cast, asked, step, state):
    facts = {
        "state": state,
        "way": "screen",
        "digest": DIGEST,
        "closed_at": timezone.now(),
        "reason": "x",
        "passed_to": asked[1],
    }
    Signature.objects.filter(pk=asked[0].pk).update(**facts)
    by = cast.officer if step.name == "sign_on_paper" else cast.lead
    Signature.objects.filter(pk=asked[0].pk).update(scan=scan(cast))
    row = Signature.objects.get(pk=asked[0].pk)
    if state in step.sources:
        assert move(row, SIGNATURE, step.name, by=by, note="x").state == step.target
    else:
        with pytest.raises(Refused):
            move(row, SIGNATURE, step.name, by=by, note="x")
        assert Signature.objects.get(pk=row.pk).state == state


def test_a_code_works_once_and_five_wrong_ones_end_it(asked):
    code = ledger.make_code(asked[2])
    assert not ledger.check_code(asked[0], code)
    assert not ledger.check_code(asked[2], "12345x")
    assert ledger.check_code(asked[2], f" {code} ")
    assert not ledger.check_code(asked[2], code)
    code = ledger.make_code(asked[2])
    for _n in range(5):
        assert not ledger.check_code(asked[2], "no")
    assert not ledger.check_code(asked[2], code)


@pytest.mark.django_db(transaction=True)
def test_of_signing_and_refusing_at_once_one_wins(cast, agreement, asked):
    outcomes, start = [], threading.Barrier(2)

    def act(function, **values):
        row = Signature.objects.get(pk=asked[1].pk)
        start.wait(10)
        try:
            function(row, by=cast.hr, **values)
            outcomes.append("done")
        except Refused:
            outcomes.append("told")
        finally:
            close_old_connections()

    threads = [
        threading.Thread(target=act, args=[ledger.sign], kwargs={"digest": DIGEST}),
        threading.Thread(target=act, args=[ledger.refuse], kwargs={"reason": "no"}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["done", "told"]
    row = Signature.objects.get(pk=asked[1].pk)
    assert (row.state == "signed") == (row.reason == "")

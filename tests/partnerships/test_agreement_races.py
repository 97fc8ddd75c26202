"""Two people at once on one agreement: one wins, the other is told. Without the lock each of these goes wrong."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from partnerships.models import Agreement
from partnerships.services.agreements import amending, drafting, ending, review, terms, writing
from records.models import Event
from records.workflow import Refused
from tests.cast import gather
from tests.partnerships.factories import AgreementFactory

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()


def unlocked(agreement):
    return Agreement.objects.select_related("enterprise", "owner", "amends").get(pk=agreement.pk)


def race(*acts):
    """What became of each: done, refused, or broken by the database (a constraint, or two that wait for each other)."""
    answers, barrier = [], threading.Barrier(len(acts), timeout=20)

    def run(act):
        barrier.wait()
        try:
            act()
            answers.append("done")
        except Refused:
            answers.append("refused")
        except (IntegrityError, OperationalError):
            answers.append("broken")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(answers)


def both_read_first(monkeypatch, times=2):
    """Take the lock away, and let nobody write before all have read."""
    everybody = threading.Barrier(times, timeout=20)

    def read(agreement):
        row = unlocked(agreement)
        everybody.wait()
        return row

    monkeypatch.setattr(writing, "lock", read)


def edits(cast, row):
    return [
        lambda text=text: drafting.change_draft(row, by=cast.officer, version=0, changes={"aim": text})
        for text in ("一", "二")
    ]


def test_one_of_two_editors_wins():
    cast = gather()
    row = AgreementFactory(enterprise=cast.a, owner=cast.officer)
    assert race(*edits(cast, row)) == ["done", "refused"]
    assert Event.objects.of(row).filter(kind="agreement.changed").count() == 1


def test_without_the_lock_an_edit_is_lost(monkeypatch):
    cast = gather()
    row = AgreementFactory(enterprise=cast.a, owner=cast.officer)
    both_read_first(monkeypatch)
    assert race(*edits(cast, row)) == ["done", "done"]


def amendments(cast, base):
    values = {"by": cast.officer, "blocks": ["term"], "valid_from": TODAY}
    return [lambda: amending.start_amendment(base, **values)] * 2


def test_one_of_two_amendments_is_started():
    cast = gather()
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    assert race(*amendments(cast, base)) == ["done", "refused"]
    assert base.amendments.count() == 1


def test_without_the_lock_the_database_stops_the_second_amendment(monkeypatch):
    cast = gather()
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    both_read_first(monkeypatch)
    assert race(*amendments(cast, base)) == ["broken", "done"]
    assert base.amendments.count() == 1


def stage_of_ending():
    cast = gather()
    base = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    values = {"by": cast.officer, "blocks": ["term"], "valid_from": TODAY}
    return cast, base, amending.start_amendment(base, **values)


def states(*rows):
    return [Agreement.objects.get(pk=row.pk).state for row in rows]


def test_amending_and_ending_at_once_leave_no_amendment_to_read():
    cast, base, amendment = stage_of_ending()
    race(
        lambda: review.move_agreement(amendment, "submit", by=cast.officer),
        lambda: ending.terminate_agreement(base, by=cast.lead, day=TODAY, reason="x"),
    )
    assert states(base, amendment) == ["terminated", "draft"]


def test_without_the_lock_an_amendment_goes_out_of_what_has_ended(monkeypatch):
    cast, base, amendment = stage_of_ending()
    ended = threading.Event()

    def stale(agreement):
        row = unlocked(agreement)
        ended.wait(20)
        return row

    def end():
        ending.terminate_agreement(base, by=cast.lead, day=TODAY, reason="x")
        ended.set()

    monkeypatch.setattr(review, "lock", stale)
    race(lambda: review.move_agreement(amendment, "submit", by=cast.officer), end)
    assert states(base, amendment) == ["terminated", "review"]


def test_the_clock_twice_at_once_renews_once():
    cast = gather()
    row = AgreementFactory(
        enterprise=cast.a, owner=cast.officer, state="in_force", ends_on=TODAY, auto_renews=True, renewal_months=12
    )
    assert race(*[lambda: terms.run_clock(TODAY)] * 2) == ["done", "done"]
    assert Event.objects.of(row).filter(kind="agreement.renewed_itself").count() == 1
    assert Agreement.objects.get(pk=row.pk).effective_until > TODAY + timedelta(days=300)

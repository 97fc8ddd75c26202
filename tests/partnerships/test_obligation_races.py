"""Two people at once on one promise: it is kept once, and nobody is refused for saying the same."""

import threading
import uuid

import pytest
from django.utils import timezone

from partnerships.models import Obligation
from partnerships.services import obligations as services
from records.models import Event
from tests.cast import gather
from tests.partnerships.factories import AgreementFactory
from tests.partnerships.test_agreement_races import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def promised():
    cast = gather()
    agreement = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="in_force")
    row = services.add_obligation(
        agreement, by=cast.officer, side="enterprise", text="接待教师实践", first_on=agreement.starts_on,
        due_on=agreement.ends_on, form_key=uuid.uuid4(),
    )  # fmt: skip
    return cast, row


def both_keep(cast, row):
    day = timezone.localdate()
    return race(
        *(lambda who=who: services.keep_obligation(row, kept_on=day, by=who) for who in (cast.hr, cast.officer))
    )


def test_both_say_that_it_is_done(promised):
    assert both_keep(*promised) == ["done", "done"]
    assert Event.objects.filter(kind="obligation.keep").count() == 1
    assert Obligation.objects.get().version == 1


def test_without_the_lock_one_is_refused(promised, monkeypatch):
    everybody = threading.Barrier(2, timeout=20)

    def read(obligation):
        row = Obligation.objects.select_related("agreement__enterprise", "enterprise").get(pk=obligation.pk)
        everybody.wait()
        return row

    monkeypatch.setattr(services, "_lock", read)
    assert both_keep(*promised) == ["done", "refused"]


def test_done_and_waived_at_once(promised):
    cast, row = promised
    answers = race(
        lambda: services.keep_obligation(row, kept_on=timezone.localdate(), by=cast.hr),
        lambda: services.settle_obligation(row, "waive", by=cast.officer, note="双方商定"),
    )
    assert answers == ["done", "refused"]
    state = Obligation.objects.get().state
    assert list(
        Event.objects.filter(kind__in=["obligation.keep", "obligation.waive"]).values_list("kind", flat=True)
    ) == [{"kept": "obligation.keep", "waived": "obligation.waive"}[state]]

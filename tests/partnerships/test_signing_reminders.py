"""Who is told of signatures: whose turn it is, at once, after five and after ten days; and who hears of a refusal."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone, translation

from partnerships.models import Agreement, Enterprise, Shutdown
from partnerships.services.agreements import correcting, review, signing
from records import signatures as ledger
from records.models import Signature
from records.signatures import Signatory
from reminders import planner, second_look
from reminders.models import Delivery, Task
from reminders.rules import lines_of, rules
from reminders.services import switch_rule
from tests.partnerships.factories import AgreementFactory, FileFactory

#: A Monday morning of a working week, so that a decent hour is at hand.
NOW = timezone.make_aware(datetime(2026, 11, 16, 9, 0))


@pytest.fixture(autouse=True)
def _on(cast):
    for name in signing.RULES:
        switch_rule(name, "on", by=cast.lead, now=NOW - timedelta(days=30))
    with translation.override("en"):
        yield


@pytest.fixture
def agreement(cast):
    return AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature")


def ask(cast, agreement, last=1, email=""):
    people = [
        signing.of_the_school(cast.lead, "principal"),
        signing.of_the_enterprise(cast.a.contacts.get(user=cast.hr), "director"),
        Signatory("enterprise", "works manager", "钱波", last, addressee_id=cast.foreman.pk, email=email),
    ]
    return signing.ask_for_signatures(agreement, people, by=cast.officer, now=NOW)


def standing():
    return sorted(Task.objects.open().values_list("rule", "side", "subject_id", "owner__name"))


def told(**filters):
    return list(Delivery.objects.filter(**filters).order_by("pk").values_list("step", "side", "channel", "name"))


def stored(row):
    return type(row).objects.get(pk=row.pk)


def test_each_has_a_task_and_is_told_three_times(cast, agreement):
    lead, hr, works = ask(cast, agreement)
    assert standing() == [
        ("signature", "enterprise", hr.pk, "officer"), ("signature", "enterprise", works.pk, "officer"),
        ("signature", "school", lead.pk, "lead"),
    ]  # fmt: skip
    assert Task.objects.first().due_on == NOW.date() + timedelta(days=10)
    for days, step in ((0, 1), (4, None), (5, 2), (10, 3)):
        before = Delivery.objects.count()
        planner.plan(NOW + timedelta(days=days))
        assert Delivery.objects.count() - before == (3 if step else 0)
        if step:
            assert sorted(told(step=step)) == [
                (step, "enterprise", "hand", "赵经理"), (step, "enterprise", "hand", "钱师傅"),
                (step, "school", "mail", "lead"),
            ]  # fmt: skip


def test_it_goes_by_mail_where_that_is_on(cast, agreement):
    Enterprise.objects.filter(pk=cast.a.pk).update(messages_automatic=True)
    ask(cast, agreement, email="qian@example.org")
    planner.plan(NOW)
    assert [row[2] for row in told(side="enterprise", address="qian@example.org")] == ["mail"]
    assert [row[2] for row in told(side="enterprise", address="")] == ["hand"]


def test_a_draft_carries_the_link_to_sign(cast, agreement):
    works = ask(cast, agreement)[2]
    planner.plan(NOW)
    planner.prepare_drafts(NOW)
    delivery = Delivery.objects.get(addressee_id=cast.foreman.pk)
    assert (delivery.link.purpose, delivery.link.subject) == ("sign", works)
    words = rules()["signature"].words([delivery])[delivery.pk]
    lines = words.body.strip().splitlines()
    assert lines[-1].endswith(delivery.link.code)
    assert len("".join(lines[:-1])) <= 80
    assert "签字" in lines[0]
    ours = Delivery.objects.get(side="school")
    assert f"/agreements/{agreement.pk}/sign/" in rules()["signature"].words([ours])[ours.pk].body


def test_who_comes_later_is_told_later(cast, agreement):
    lead, hr, works = ask(cast, agreement, last=2)
    assert [row[2] for row in standing()] == [hr.pk, lead.pk]
    later = NOW + timedelta(days=3)
    for row, by in ((lead, cast.lead), (hr, cast.hr)):
        signing.sign(row, digest=signing.digest_of(stored(agreement)), by=by, now=later)
    task = Task.objects.open().get()
    assert (task.subject_id, task.due_on) == (works.pk, later.date() + timedelta(days=10))


def test_what_is_signed_vanishes_at_once(cast, agreement):
    lead, hr, works = ask(cast, agreement)
    planner.plan(NOW)
    signing.sign(lead, digest=signing.digest_of(agreement), by=cast.lead, now=NOW)
    assert [row[2] for row in standing()] == [hr.pk, works.pk]
    assert Delivery.objects.get(side="school").state == "cancelled"
    scan = FileFactory(uploaded_by=cast.officer)
    signing.sign_all_on_paper(agreement, [hr, works], scan, by=cast.officer, now=NOW)
    assert not standing()


def test_a_refusal_is_the_owners_task(cast, agreement):
    lead, hr, works = ask(cast, agreement)
    signing.refuse(hr, reason="名额太少", by=cast.hr, now=NOW)
    task = Task.objects.open().get(rule="signature_refused")
    assert (task.owner, task.subject_id) == (cast.officer, hr.pk)
    ((_task, line),) = lines_of([task])
    assert "名额太少" in line.why
    assert line.url.endswith("#signatures")
    planner.plan(NOW)
    assert told(rule="signature_refused") == [(1, "school", "mail", "officer")]
    letter = Delivery.objects.get(rule="signature_refused")
    assert "名额太少" in rules()["signature_refused"].words([letter])[letter.pk].body
    correcting.correct_text(agreement, by=cast.officer, version=0, changes={"places_per_year": 30}, now=NOW)
    assert not Task.objects.open().filter(rule="signature_refused").exists()
    fresh = ledger.ledger(agreement).get(name="hr", state="asked")
    assert ("signature", "enterprise", fresh.pk, "officer") in standing()


def test_what_is_taken_back_is_over_for_everybody(cast, agreement):
    ask(cast, agreement)
    planner.plan(NOW)
    review.move_agreement(agreement, "take_back", by=cast.officer, note="错字", now=NOW)
    assert not standing()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}


def test_without_an_account_at_the_school_it_is_the_owners(cast, agreement):
    people = [Signatory("school", "dean", "邵明", email="dean@example.org"), Signatory("enterprise", "owner", "孙总")]
    dean, _sun = signing.ask_for_signatures(agreement, people, by=cast.officer, now=NOW)
    task = Task.objects.open().get(side="school")
    assert (task.subject_id, task.owner) == (dean.pk, cast.officer)
    ((_task, line),) = lines_of([task])
    assert line.url.endswith("#signatures")
    planner.plan(NOW)
    assert told(side="enterprise") == [(1, "enterprise", "hand", "孙总")]


def test_closed_days_wait_and_who_left_is_not_told(cast, agreement):
    hr = ask(cast, agreement)[1]
    Shutdown.objects.create(enterprise=cast.a, starts_on=NOW.date(), ends_on=NOW.date() + timedelta(days=3))
    cast.a.contacts.filter(user=cast.hr).update(left_on=NOW.date(), is_keeper=False)
    planner.plan(NOW)
    assert told(side="enterprise") == []
    planner.plan(NOW + timedelta(days=4))
    assert Delivery.objects.get(task__subject_id=hr.pk).reason == "nobody"


def test_the_enterprise_is_told_once_more(cast, agreement):
    hr = ask(cast, agreement)[1]
    assert len(signing.remind(hr, by=cast.officer, now=NOW)) == 1
    planner.plan(NOW + timedelta(days=4))
    assert Delivery.objects.filter(task__subject_id=hr.pk, step=90).count() == 1


def test_a_second_look_stops_what_is_no_longer_so(cast, agreement):
    ask(cast, agreement)
    planner.plan(NOW)
    ours = list(Delivery.objects.select_related("task", "user").filter(side="school"))
    assert not second_look.second_look(ours, NOW)
    Agreement.objects.filter(pk=agreement.pk).update(owner=cast.lead)
    Signature.objects.filter(side="school").update(state="withdrawn")
    assert second_look.second_look(ours, NOW)[ours[0].pk].state == "cancelled"

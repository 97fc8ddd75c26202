"""A prepared query answers as its queryset does, and is written once for a role."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Upper
from django.utils import timezone

from partnerships.models import Enterprise
from records import keyset, prepared
from reminders.models import Task
from tests.partnerships.factories import EnterpriseFactory


def portfolio(person, since):
    rows = Enterprise.objects.visible_to(person).in_portfolio_of(person).filter(created_at__gte=since)
    return rows.order_by("pk").annotate(age=since - F("created_at")).values_list("pk", "name", "age")


def tasks(person):
    return Task.objects.visible_to(person).order_by("pk").values_list("pk")


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    monkeypatch.setattr(prepared, "_statements", {})


def test_it_answers_as_the_queryset_does(cast):
    enterprise, since = EnterpriseFactory(owner=cast.officer, name="恒力%s{}"), timezone.now() - timedelta(days=1)
    EnterpriseFactory(owner=cast.other_officer)
    (row, *_rest) = prepared.rows(portfolio, cast.officer, since=since)[::-1]
    assert (row.pk, row.name, row.age) == (enterprise.pk, enterprise.name, since - enterprise.created_at)


def test_written_once_for_a_role_and_filled_in_each_time(cast):
    written = []

    def own(person, since):
        written.append(person.role)
        return portfolio(person, since)

    made = {who: EnterpriseFactory(owner=who).pk for who in (cast.officer, cast.other_officer, cast.lead)}
    past, ahead = (timezone.now() + timedelta(days=days) for days in (-1, 1))
    for who in (cast.officer, cast.other_officer, cast.lead, cast.officer):
        found = {row.pk for row in prepared.rows(own, who, since=past)}
        assert found & set(made.values()) == {made[who]}
        assert prepared.rows(own, who, since=ahead) == []
    assert written == ["officer", "lead"]


def test_each_role_sees_what_it_may_see(cast):
    task = Task.objects.create(
        rule="gap", subject=cast.a, stream=cast.a.pk, owner=cast.officer, episode="1", due_on=timezone.localdate()
    )
    seen = {
        name: [row.pk for row in prepared.rows(tasks, getattr(cast, name))]
        for name in ("lead", "officer", "other_officer", "hr", "teacher")
    }
    assert seen == {"lead": [task.pk], "officer": [task.pk], "other_officer": [], "hr": [], "teacher": []}


def test_where_nothing_can_be_found_nothing_is_asked(cast, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert prepared.rows(tasks, cast.hr) == []
        assert prepared.count(tasks, cast.hr) == 0


def test_counted_up_to_the_cap(cast, monkeypatch):
    for number in range(3):
        Task.objects.create(
            rule="gap", subject=cast.a, stream=cast.a.pk, owner=cast.officer, episode=str(number),
            due_on=timezone.localdate(),
        )  # fmt: skip
    assert prepared.count(tasks, cast.officer) == 3
    monkeypatch.setattr(prepared, "COUNT_CAP", 2)
    assert prepared.count(tasks, cast.officer) == 2
    assert keyset.COUNT_CAP > 2


def partners():
    return Enterprise.objects.annotate(shout=Upper("name_en")).values_list(
        "pk", "name", "name_en", "owner__name", "owner__name_en", "shout"
    )


def test_instances_hold_what_the_queryset_names(cast, django_assert_num_queries):
    mine = EnterpriseFactory(owner=cast.officer, name="恒力%s{}", name_en="Hengli")
    nobodys = EnterpriseFactory(owner=None)
    EnterpriseFactory(owner=cast.officer)
    keys = {mine.pk, nobodys.pk}
    for _time in range(2):
        with django_assert_num_queries(1):
            found = prepared.instances(partners, keys)
            assert found.keys() == keys
            assert (found[mine.pk].title, found[mine.pk].shout) == (mine.title, "HENGLI")
            assert str(found[mine.pk].owner) == str(cast.officer)
            assert found[nobodys.pk].owner is None
    with django_assert_num_queries(1):  # what was not named is asked for when it is read
        assert found[mine.pk].uscc == mine.uscc
    with django_assert_num_queries(0):
        assert prepared.instances(partners, []) == {}
    assert prepared.instances(partners, [0]) == {}

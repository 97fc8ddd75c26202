"""One change to several partners: checked first, each by its own rules, and once however often it is pressed."""

import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import Role
from partnerships.models import BulkChange, Enterprise
from partnerships.models.bulk import BulkAction
from partnerships.services import bulk as services
from records.models import Event
from records.workflow import Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import DepartmentFactory, EnterpriseFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/partners/many/"


@pytest.fixture
def firms(cast):
    """Two the officer keeps, one of nobody, one host of a single internship."""
    mine = EnterpriseFactory(name="杭州甲机械有限公司", owner=cast.officer)
    host = EnterpriseFactory(name="杭州乙餐饮有限公司", owner=cast.officer, relation="host_only")
    return [cast.a, mine, cast.b, host]


def ask(client, do, firms, **values):
    return client.get(PAGE, {"do": do, "enterprises": [firm.pk for firm in firms], **values})


def checked(client, do, firms, **values):
    """The page that is checked, and what its form would send."""
    page = ask(client, do, firms, check="1", **values)
    assert page.status_code == 200
    return page, form_data(page, "stack")


def outcomes(made):
    return {one["enterprise"]: one["outcome"] for one in made.outcomes}


def test_handed_over_with_the_others_named(cast, signed_in, firms):
    client, successor = signed_in(cast.officer), cast.other_officer
    page = ask(client, "hand_over", firms)
    assert "check" not in page.request["QUERY_STRING"]
    assert not BulkChange.objects.exists()
    page, data = checked(client, "hand_over", firms, owner=successor.pk)
    text = page.content.decode()
    assert "This partner belongs to another officer" in text
    assert "Change 3 partners" in text
    assert Enterprise.objects.get(pk=cast.a.pk).owner == cast.officer, "only checked so far"

    response = client.post(PAGE, data)
    made = BulkChange.objects.get()
    assert response["Location"] == reverse("partnerships:bulk_detail", args=[made.pk])
    assert outcomes(made) == dict(zip([one.pk for one in firms], ["done", "done", "refused", "done"], strict=True))
    owners = dict(Enterprise.objects.filter(pk__in=[one.pk for one in firms]).values_list("pk", "owner"))
    assert owners == {firms[0].pk: successor.pk, firms[1].pk: successor.pk, cast.b.pk: None, firms[3].pk: successor.pk}
    assert Enterprise.objects.get(pk=cast.a.pk).lead_department == cast.d1, "what was not chosen stays"
    assert Event.objects.filter(kind="enterprise.handed_over").count() == 3
    result = client.get(response["Location"]).content.decode()
    assert "Stayed as they were" in result
    assert cast.b.name in result

    assert client.post(PAGE, data)["Location"] == response["Location"]
    assert Event.objects.filter(kind="enterprise.handed_over").count() == 3


@pytest.mark.parametrize(("do", "values", "field", "kept"), [
    ("tier", {"tier": "1"}, "tier", 1),
    ("cadence", {"cadence_days": "45"}, "cadence_days", 45),
    ("cadence", {"cadence_days": ""}, "cadence_days", None),
    ("messages_on", {}, "messages_automatic", True),
    ("messages_off", {}, "messages_automatic", False),
])  # fmt: skip
def test_each_kind_of_change(cast, signed_in, firms, do, values, field, kept):
    before = {"tier": 3, "cadence_days": 20, "messages_automatic": not kept if isinstance(kept, bool) else False}
    Enterprise.objects.update(**before)
    client = signed_in(cast.lead)
    _page, data = checked(client, do, firms, **values)
    client.post(PAGE, data)
    made = BulkChange.objects.get()
    rhythm = do != "tier"
    assert outcomes(made)[firms[3].pk] == ("refused" if rhythm else "done")
    for firm in firms[:3]:
        assert getattr(Enterprise.objects.get(pk=firm.pk), field) == kept
    assert client.get(reverse("partnerships:bulk_detail", args=[made.pk])).status_code == 200


def test_already_so_is_no_change(cast, signed_in, firms):
    client = signed_in(cast.lead)
    _page, data = checked(client, "tier", firms, tier="3")
    client.post(PAGE, data)
    assert set(outcomes(BulkChange.objects.get()).values()) == {"same"}
    assert not Event.objects.filter(kind="enterprise.changed").exists()


def test_somebody_else_was_quicker_with_one(cast, signed_in, firms):
    client = signed_in(cast.lead)
    _page, data = checked(client, "tier", firms, tier="1")
    Enterprise.objects.filter(pk=cast.a.pk).update(version=7, tier=2)
    client.post(PAGE, data)
    made = BulkChange.objects.get()
    assert outcomes(made)[cast.a.pk] == "refused"
    assert "Somebody else changed this" in str(made.outcomes)
    assert Enterprise.objects.get(pk=cast.a.pk).tier == 2
    assert Enterprise.objects.get(pk=cast.b.pk).tier == 1


@pytest.mark.parametrize(("do", "values"), [
    ("hand_over", {}), ("hand_over", {"owner": "999999"}), ("tier", {"tier": "9"}), ("tier", {}),
    ("cadence", {"cadence_days": "3"}), ("cadence", {"cadence_days": "400"}),
])  # fmt: skip
def test_what_is_no_answer_is_asked_again(cast, signed_in, firms, do, values):
    client = signed_in(cast.lead)
    assert ask(client, do, firms, check="1", **values).status_code == 422
    data = {"do": do, "enterprises": [one.pk for one in firms], "form_key": uuid.uuid4(), **values}
    assert client.post(PAGE, data).status_code == 422
    assert not BulkChange.objects.exists()


def test_an_owner_is_somebody_who_keeps_partners(cast, signed_in, firms):
    for person in (cast.teacher, cast.hr, cast.disabled):
        assert ask(signed_in(cast.lead), "hand_over", firms, check="1", owner=person.pk).status_code == 422


def test_nothing_chosen_nothing_known(cast, signed_in):
    client = signed_in(cast.officer)
    assert client.get(PAGE, {"do": "tier"})["Location"] == reverse("partnerships:enterprise_list")
    assert client.get(PAGE, {"do": "tier", "enterprises": ["x", "999999999", "9" * 30]}).status_code == 302
    assert client.get(PAGE, {"do": "delete", "enterprises": "1"}).status_code == 404
    assert client.post(PAGE, {"enterprises": "1"}).status_code == 404


def test_only_staff_who_see_partners(cast, signed_in, firms):
    for who in (cast.teacher, cast.hr):
        assert ask(signed_in(who), "tier", firms).status_code == 403
        assert signed_in(who).post(PAGE, {"do": "tier", "tier": 1, "enterprises": [cast.a.pk]}).status_code == 403
    assert not BulkChange.objects.exists()


def test_the_result_is_read_by_who_made_it_and_leads(cast, signed_in, firms):
    made = services.change_many(
        by=cast.officer, action=BulkAction.TIER, value={"tier": 1}, versions={cast.a.pk: 0}, form_key=uuid.uuid4()
    )
    page = reverse("partnerships:bulk_detail", args=[made.pk])
    statuses = [signed_in(who).get(page).status_code for who in (cast.officer, cast.lead, cast.other_officer, cast.hr)]
    assert statuses == [200, 200, 404, 403]


def test_the_key_of_somebody_elses_form_is_refused(cast):
    key = uuid.uuid4()
    how = {"action": BulkAction.TIER, "value": {"tier": 1}, "versions": {cast.a.pk: 0}, "form_key": key}
    services.change_many(by=cast.officer, **how)
    with pytest.raises(Refused):
        services.change_many(by=cast.lead, **how)


def test_at_most_two_hundred(cast, signed_in, monkeypatch, firms):
    monkeypatch.setattr(services, "MOST", 2)
    assert len(ask(signed_in(cast.lead), "tier", firms).context["rows"]) == 2


def test_the_database_knows_the_changes(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        BulkChange.objects.create(action="delete", by=cast.lead)


def test_the_list_offers_ticks_trip_and_export(cast, signed_in):
    page = signed_in(cast.officer).get(reverse("partnerships:enterprise_list")).content.decode()
    assert f'name="enterprises" value="{cast.a.pk}"' in page
    assert all(f'<option value="{action}">' in page for action in BulkAction)
    assert f'formaction="{reverse("partnerships:trip_new")}"' in page
    assert f'formaction="{reverse("reports:list_export", args=["partners"])}"' in page
    trip = signed_in(cast.officer).get(reverse("partnerships:trip_new"), {"enterprises": [cast.a.pk, cast.b.pk]})
    assert {one.pk for one in trip.context["chosen"]} == {cast.a.pk, cast.b.pk}


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_once_is_one_change():
    lead = UserFactory(role=Role.LEAD, department=DepartmentFactory())
    firms = EnterpriseFactory.create_batch(3)
    key, barrier, made = uuid.uuid4(), threading.Barrier(2, timeout=20), []

    def press():
        barrier.wait()
        versions = {one.pk: 0 for one in firms}
        how = {"action": BulkAction.TIER, "value": {"tier": 1}, "versions": versions, "form_key": key}
        made.append(services.change_many(by=lead, **how).pk)
        connection.close()

    fingers = [threading.Thread(target=press) for __ in range(2)]
    for finger in fingers:
        finger.start()
    for finger in fingers:
        finger.join()
    assert len(set(made)) == 1
    assert Event.objects.filter(kind="enterprise.changed").count() == 3
    assert set(Enterprise.objects.values_list("tier", "version")) == {(1, 1)}

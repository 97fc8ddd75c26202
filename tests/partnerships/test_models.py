"""What the database refuses, whoever writes; and who sees which rows."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from partnerships.models import (
    Assessment,
    AssessmentFinding,
    Contact,
    Enterprise,
    Message,
    ProxyEntry,
    Registration,
    Site,
    Touchpoint,
    Trip,
    is_member,
)
from partnerships.services.enterprises import naming
from tests.cast import ENTERPRISE_CAST, SCHOOL_CAST
from tests.partnerships.factories import (
    ContactFactory,
    EnterpriseFactory,
    MemberFactory,
    MessageFactory,
    ProxyEntryFactory,
    SiteFactory,
    TouchpointFactory,
    TripFactory,
)
from tests.partnerships.test_enterprises import CODE


def refused(name, write):
    """`write` breaks the constraint called `name`, in the database itself."""
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        write()


def changed(model, pk, **values):
    return lambda: model._base_manager.filter(pk=pk).update(**values)


@pytest.mark.parametrize(
    ("values", "name"),
    [({"name": ""}, "named"), ({"uscc": "9133"}, "uscc_form"), ({"uscc": CODE[:-1] + "O"}, "uscc_form"),
     ({"uscc": CODE[:-1] + "x"}, "uscc_form"), ({"state": "asleep"}, "state_known"), ({"relation": "friend"}, "relation_known"),
     ({"tier": 4}, "tier_known"), ({"registry": "abnormal"}, "registry_dated"), ({"registry_on": date(2026, 1, 1)}, "registry_dated"),
     ({"kinship": "branch"}, "kinship_whole")],
)  # fmt: skip
def test_an_enterprise(cast, values, name):
    refused(f"enterprise_{name}", changed(Enterprise, cast.a.pk, **values))


def test_an_enterprise_and_others(cast):
    Enterprise.objects.filter(pk=cast.b.pk).update(uscc=CODE)
    refused("enterprise_uscc_unique", changed(Enterprise, cast.a.pk, uscc=CODE))
    refused("enterprise_kinship_whole", changed(Enterprise, cast.a.pk, parent=cast.b))
    refused("enterprise_not_own_parent", changed(Enterprise, cast.a.pk, parent=cast.a, kinship="branch"))
    refused("enterprise_not_merged_into_itself", changed(Enterprise, cast.a.pk, merged_into=cast.a))
    EnterpriseFactory(uscc=""), EnterpriseFactory(uscc="")  # without a code as many as there are


def test_a_contact(cast):
    keeper = cast.a.contacts.get(is_keeper=True)
    colleague = cast.a.contacts.get(user=cast.colleague_hr)
    refused("contact_named", changed(Contact, cast.foreman.pk, name=""))
    refused("contact_one_keeper", changed(Contact, colleague.pk, is_keeper=True))
    refused("contact_one_seat", lambda: MemberFactory(enterprise=cast.a, user=cast.hr))
    refused("contact_keeper_can_act", changed(Contact, keeper.pk, left_on=timezone.localdate()))
    refused("contact_keeper_can_act", lambda: ContactFactory(enterprise=EnterpriseFactory(), is_keeper=True))


def test_rows_beside(cast):
    site, trip = SiteFactory(enterprise=cast.a), TripFactory()
    touchpoint, entry, message = TouchpointFactory(trip=trip), ProxyEntryFactory(), MessageFactory()
    now = timezone.now()
    refused("site_named", changed(Site, site.pk, name=""))
    refused("site_kind_known", changed(Site, site.pk, kind="moon"))
    refused("trip_ends_after_start", changed(Trip, trip.pk, ends_on=date(2000, 1, 1)))
    refused("touchpoint_kind_known", changed(Touchpoint, touchpoint.pk, kind="smoke"))
    refused("touchpoint_side_known", changed(Touchpoint, touchpoint.pk, side="both"))
    refused("touchpoint_came_from_someone", changed(Touchpoint, touchpoint.pk, logged_by=None))
    refused("touchpoint_once_per_trip", lambda: TouchpointFactory(trip=trip, enterprise=touchpoint.enterprise))
    refused("proxy_entry_names_witness", changed(ProxyEntry, entry.pk, said_by=""))
    refused("proxy_entry_checked_by_someone", changed(ProxyEntry, entry.pk, correction="不对"))
    refused("proxy_entry_said_before_entered", changed(ProxyEntry, entry.pk, said_at=now + timezone.timedelta(days=1)))
    refused("message_says_something", changed(Message, message.pk, body=""))
    refused("message_came_from_someone", changed(Message, message.pk, author=None))
    refused("message_side_known", changed(Message, message.pk, side="both"))


def test_an_assessment_and_a_registration(cast):
    assessment = Assessment.objects.create(
        enterprise=cast.a, visited_on=timezone.localdate(), assessors="林薇", conclusion="可以", is_suitable=True,
        written_by=cast.officer,
    )  # fmt: skip
    AssessmentFinding.objects.create(assessment=assessment, content="hours", text="两班")
    again = {"assessment": assessment, "text": "三班"}
    refused("finding_once_per_content", lambda: AssessmentFinding.objects.create(content="hours", **again))
    refused("finding_content_known", lambda: AssessmentFinding.objects.create(content="taste", **again))
    refused("finding_says_something", changed(AssessmentFinding, assessment.findings.get().pk, text=""))
    row = Registration.objects.create(name="恒新", uscc=CODE, contact_name="赵敏", phone="1", wishes="实习")
    for values in ({"state": "accepted"}, {"enterprise": cast.a}, {"decided_by": cast.lead}):
        refused("registration_decided_whole", changed(Registration, row.pk, **values))


def test_every_rule_speaks_a_sentence():
    """A broken rule that reaches a person reads as a sentence, not as the name of a constraint."""
    with translation.override("en"):
        for model in (
            Enterprise,
            Contact,
            Site,
            Trip,
            Touchpoint,
            ProxyEntry,
            Message,
            AssessmentFinding,
            Registration,
        ):
            for constraint in model._meta.constraints:
                if constraint.name == "finding_once_per_content":  # Django has a sentence of its own for fields alone
                    continue
                assert "is violated" not in str(constraint.violation_error_message), constraint.name
                assert str(constraint.violation_error_message).endswith("."), constraint.name


def test_full_clean_says_it_too(cast):
    cast.a.parent, cast.a.kinship = cast.a, "branch"
    with translation.override("en"), pytest.raises(ValidationError, match="cannot belong to itself"):
        cast.a.full_clean(exclude=["grams", "search_text"])


# --- seeing ----------------------------------------------------------------------------------------------------------

SEES = {
    "administrator": "ab", "lead": "ab", "officer": "ab", "other_officer": "ab", "teacher": "", "counsellor": "",
    "hr": "a", "colleague_hr": "a", "hr_of_both": "ab", "former_hr": "", "stranger_hr": "b", "disabled": "",
}  # fmt: skip


def test_the_cast_is_whole():
    assert set(SEES) == {*SCHOOL_CAST, *ENTERPRISE_CAST, "disabled"}


@pytest.mark.parametrize("who", SEES)
def test_who_sees_which_enterprise_and_what_hangs_on_it(cast, who):
    user = getattr(cast, who)
    for enterprise in (cast.a, cast.b):
        TouchpointFactory(enterprise=enterprise), MessageFactory(enterprise=enterprise)
        ProxyEntryFactory(enterprise=enterprise)
    wanted = {getattr(cast, name).pk for name in SEES[who]}
    assert set(Enterprise.objects.visible_to(user).values_list("pk", flat=True)) == wanted
    for model in (Contact, Touchpoint, Message, ProxyEntry):
        assert set(model.objects.visible_to(user).values_list("enterprise", flat=True)) == wanted, model
    TripFactory()
    Registration.objects.create(name="恒新", uscc=CODE, contact_name="赵敏", phone="1", wishes="实习")
    for model in (Trip, Registration):
        assert model.objects.visible_to(user).exists() == user.sees_partners, model


def test_nobody_sees_nothing(cast):
    from django.contrib.auth.models import AnonymousUser

    for model in (Enterprise, Contact, Touchpoint, Message, Trip, Registration):
        assert not model.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize(
    ("who", "changeable"),
    [("administrator", "ab"), ("lead", "ab"), ("officer", "a"), ("other_officer", ""), ("teacher", ""), ("hr", "")],
)
def test_who_may_change_which(cast, who, changeable):
    found = Enterprise.objects.changeable_by(getattr(cast, who))
    assert set(found) == {getattr(cast, name) for name in changeable}


def test_a_department_that_takes_part_widens_the_portfolio_once(cast):
    cast.b.departments.add(cast.d2)
    Enterprise.objects.filter(pk=cast.b.pk).update(lead_department=cast.d2, owner=cast.other_officer)
    assert list(Enterprise.objects.changeable_by(cast.other_officer)) == [cast.b]
    assert list(Enterprise.objects.in_portfolio_of(cast.other_officer)) == [cast.b]


def test_membership_ends_with_leaving(cast):
    assert is_member(cast.hr, cast.a)
    assert not is_member(cast.former_hr, cast.a)
    assert not is_member(cast.stranger_hr, cast.a)


# --- words -----------------------------------------------------------------------------------------------------------


def test_both_names_stand_in_the_readers_order():
    row = Enterprise(name="恒力", name_en="Hengli")
    with translation.override("en"):
        assert (row.title, row.second_name) == ("Hengli", "恒力")
    with translation.override("zh-hans"):
        assert (row.title, row.second_name) == ("恒力", "Hengli")
        assert Enterprise(name="恒力").second_name == ""


def test_red_flags():
    with translation.override("en"):
        assert Enterprise(registry="normal").red_flags == []
        assert len(Enterprise(registry="cancelled", is_labour_agency=True).red_flags) == 2


@pytest.mark.parametrize("words", ["恒力", "恒", "hengli", "hlzc", "老厂", "913301"])
def test_found_by(db, words):
    row = EnterpriseFactory(
        name="杭州恒力轴承有限公司", former_names=["老厂"], uscc=CODE,
        **naming("杭州恒力轴承有限公司", former_names=["老厂"], uscc=CODE),
    )  # fmt: skip
    assert list(Enterprise.objects.named_like(words)) == [row]


def test_old_versions_are_kept_by_the_database(cast):
    """Also where somebody writes past the services."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE partnerships_enterprise SET address = '新地址' WHERE id = %s", [cast.a.pk])
        cursor.execute("SELECT count(*) FROM partnerships_enterpriseevent WHERE pgh_obj_id = %s", [cast.a.pk])
        before = cursor.fetchone()[0]
        assert before >= 2  # as recorded, and as changed
        cursor.execute("UPDATE partnerships_enterprise SET sort_key = 'x' WHERE id = %s", [cast.a.pk])
        cursor.execute("SELECT count(*) FROM partnerships_enterpriseevent WHERE pgh_obj_id = %s", [cast.a.pk])
        assert cursor.fetchone()[0] == before  # a derived column is no history

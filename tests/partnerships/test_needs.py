"""Needs, offers and what is decided about suggestions: posted, changed, matched, met, lapsed, and who may."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from partnerships.models import Match, Need, Offer, ProxyEntry
from partnerships.services import links as link_services
from partnerships.services import matches, needs, offers
from partnerships.services.enterprises import Conflict
from partnerships.services.merging import merge_enterprises
from partnerships.suggestions import needs_for, offers_for, partners_for
from partnerships.workflow import NEED, NeedState
from policies.models import Specialty
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import (
    AgreementFactory,
    EnterpriseFactory,
    NeedFactory,
    OfferFactory,
    SiteFactory,
    UserFactory,
)

TODAY = timezone.localdate()
SAID = {"source": "phone", "said_by": "赵敏", "said_at": timezone.now() - timedelta(hours=1)}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def fields(**more):
    values = {
        "kind": "interns",
        "title": "数控实习生",
        "number": 8,
        "from_on": TODAY,
        "until_on": TODAY + timedelta(days=30),
    }
    return values | {"form_key": uuid.uuid4()} | more


def mechatronics():
    return Specialty.objects.get(pk="460301")


# --- posting -------------------------------------------------------------------------------------------------------


def test_hr_posts_once(cast):
    values = fields(specialties=[mechatronics()])
    need = needs.post_need(cast.a, by=cast.hr, **values)
    assert needs.post_need(cast.a, by=cast.hr, **values) == need
    assert (need.state, need.posted_by, need.side, list(need.specialties.all())) == (
        "open", cast.hr, "enterprise", [mechatronics()],
    )  # fmt: skip
    event = Event.objects.get(kind="need.posted")
    assert (event.stream, event.audience, event.side) == (cast.a.pk, "both", "enterprise")


def test_an_officer_posts_on_their_behalf_with_a_witness(cast):
    need = needs.post_need(cast.a, by=cast.other_officer, on_behalf=SAID, **fields())
    assert need.proxy == ProxyEntry.objects.get()
    assert need.who_posted == "赵敏"
    with pytest.raises(ValidationError):
        needs.post_need(cast.a, by=cast.officer, **fields())


def test_somebody_posts_through_a_link(cast):
    link = link_services.hand_out_need(cast.a, by=cast.officer)
    assert link_services.hand_out_need(cast.a, by=cast.officer) == link
    need = needs.post_need(cast.a, via=link, name="钱师傅", **fields())
    assert (need.posted_via, need.who_posted, need.posted_by) == (link, "钱师傅", None)
    link.refresh_from_db()
    assert link.answered_at
    with pytest.raises(ValidationError):
        needs.post_need(cast.a, via=link, name=" ", **fields())
    for dead in (None, link_services.hand_out_link(cast.a, by=cast.officer)):
        with pytest.raises(Refused):
            needs.post_need(cast.a, via=dead, name="钱师傅", **fields())
    with pytest.raises(Refused):
        needs.post_need(cast.b, via=link, name="钱师傅", **fields())


@pytest.mark.parametrize("who", ["teacher", "counsellor", "stranger_hr", "former_hr", "disabled"])
def test_who_may_not_post(cast, who):
    with pytest.raises(NotAllowed):
        needs.post_need(cast.a, by=getattr(cast, who), on_behalf=None, **fields())


@pytest.mark.parametrize(
    "wrong",
    [{"number": None}, {"number": 0}, {"title": ""}, {"kind": "x"}, {"until_on": TODAY - timedelta(days=1)},
     {"from_on": TODAY + timedelta(days=99)}, {"level": "x"}, {"text": "x" * 2001}],
)  # fmt: skip
def test_what_is_refused(cast, wrong):
    with pytest.raises(ValidationError):
        needs.post_need(cast.a, by=cast.hr, **fields(**wrong))
    assert not Need.objects.exists()


def test_a_site_of_somebody_else_is_refused(cast):
    with pytest.raises(ValidationError):
        needs.post_need(cast.a, by=cast.hr, **fields(site=SiteFactory(enterprise=cast.b)))


def test_what_says_no_number_needs_none(cast):
    assert needs.post_need(cast.a, by=cast.hr, **fields(kind="research", number=None)).number is None


@pytest.mark.parametrize(("who", "may"), [("officer", True), ("lead", True), ("administrator", True), ("other_officer", False), ("teacher", False), ("hr", False)])  # fmt: skip
def test_who_wishes_for_a_department(cast, who, may):
    values = fields()
    if may:
        wish = needs.post_wish(cast.d1, by=getattr(cast, who), **values)
        assert (wish.stream, wish.side, str(wish.what)) == (None, "school", "places for interns")
        assert not Need.objects.visible_to(cast.hr).exists()
    else:
        with pytest.raises(NotAllowed):
            needs.post_wish(cast.d1, by=getattr(cast, who), **values)


@pytest.mark.parametrize(
    "values",
    [{"enterprise": None, "department": None}, {"number": None}, {"title": ""}, {"state": "x"}, {"posted_by": None}],
)
def test_the_database_is_the_last_reviewer(cast, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        NeedFactory(**{"enterprise": cast.a} | values)


# --- changing and moving -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["hr", "officer", "lead"])
def test_changed_by_either_side_under_its_version(cast, who):
    need = NeedFactory(enterprise=cast.a)
    changed = needs.change_need(need, by=getattr(cast, who), version=0, changes={"number": 12})
    assert (changed.number, changed.version) == (12, 1)
    assert Event.objects.get(kind="need.changed").data["changes"] == {"number": ["10", "12"]}
    with pytest.raises(Conflict):
        needs.change_need(need, by=cast.hr, version=0, changes={"number": 13})


@pytest.mark.parametrize("who", ["other_officer", "teacher"])
def test_who_may_not_change(cast, who):
    with pytest.raises(NotAllowed):
        needs.change_need(NeedFactory(enterprise=cast.a), by=getattr(cast, who), version=0, changes={"number": 12})


def test_a_closed_one_is_not_changed(cast):
    for state in ("met", "withdrawn"):
        with pytest.raises(Refused):
            needs.change_need(
                NeedFactory(enterprise=cast.a, state=state), by=cast.hr, version=0, changes={"number": 12}
            )


ROLES = ("hr", "officer", "lead", "other_officer", "teacher")
MAY = {"meet": {"hr", "officer", "lead"}, "withdraw": {"hr", "officer", "lead"}, "reopen": {"hr", "officer", "lead"}}


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("state", NeedState.values)
@pytest.mark.parametrize("step", needs.STEPS)
def test_every_step_from_every_state_by_everybody(cast, who, state, step):
    need = NeedFactory(enterprise=cast.a, state=state)
    allowed = who in MAY[step] and state in NEED.by_name[step].sources
    if allowed:
        assert needs.move_need(need, step, by=getattr(cast, who)).state == NEED.by_name[step].target
    else:
        with pytest.raises(Refused):
            needs.move_need(need, step, by=getattr(cast, who))
        need.refresh_from_db()
        assert need.state == state


def test_what_is_over_is_not_opened_again_before_its_day_is_moved(cast):
    need = NeedFactory(enterprise=cast.a, from_on=TODAY - timedelta(days=9), until_on=TODAY - timedelta(days=1))
    assert needs.lapse_needs(TODAY) == 1
    assert needs.lapse_needs(TODAY) == 0
    assert Event.objects.filter(kind="need.lapse", audience="both").count() == 1
    with pytest.raises(Refused):
        needs.move_need(need, "reopen", by=cast.hr)
    needs.change_need(need, by=cast.hr, version=0, changes={"until_on": TODAY + timedelta(days=5)})
    assert needs.move_need(need, "reopen", by=cast.hr).state == "open"


def test_the_clock_leaves_alone_what_is_matched_or_has_today(cast):
    NeedFactory(enterprise=cast.a, until_on=TODAY)
    NeedFactory(enterprise=cast.a, state="matched", from_on=TODAY - timedelta(days=9), until_on=TODAY - timedelta(1))
    assert needs.lapse_needs(TODAY) == 0


# --- offers --------------------------------------------------------------------------------------------------------


def offered(**more):
    return {"kind": "laboratory", "title": "检测中心", "form_key": uuid.uuid4()} | more


def test_a_department_offers_and_changes(cast):
    values = offered(owner=cast.officer, capacity=5)
    offer = offers.make_offer(cast.d1, by=cast.officer, **values)
    assert offers.make_offer(cast.d1, by=cast.officer, **values) == offer
    assert offers.change_offer(offer, by=cast.lead, version=0, changes={"capacity": 6}).capacity == 6
    with pytest.raises(Conflict):
        offers.change_offer(offer, by=cast.officer, version=0, changes={"capacity": 7})
    offers.withdraw_offer(offer, by=cast.officer)
    assert not Offer.objects.standing().exists()
    offers.withdraw_offer(offer, by=cast.officer, is_back=True)
    assert Offer.objects.standing().get() == offer


@pytest.mark.parametrize("who", ["other_officer", "teacher", "hr"])
def test_who_may_not_offer_for_a_department(cast, who):
    user = getattr(cast, who)
    offer = OfferFactory(department=cast.d1)
    for act in (
        lambda: offers.make_offer(cast.d1, by=user, **offered(owner=cast.officer)),
        lambda: offers.change_offer(offer, by=user, version=0, changes={"title": "x"}),
        lambda: offers.withdraw_offer(offer, by=user),
    ):
        with pytest.raises(NotAllowed):
            act()


@pytest.mark.parametrize("wrong", [{"title": ""}, {"capacity": 0}, {"kind": "x"}, {"level": "x"}, {"text": "x" * 2001}])
def test_offers_that_are_refused(cast, wrong):
    with pytest.raises(ValidationError):
        offers.make_offer(cast.d1, by=cast.officer, **offered(owner=cast.officer, **wrong))


def test_an_offer_is_looked_after_by_somebody_who_reads_partners(cast):
    with pytest.raises(ValidationError):
        offers.make_offer(cast.d1, by=cast.officer, **offered(owner=cast.teacher))


def test_what_the_enterprise_reads_of_offers(cast):
    shown, hidden = OfferFactory(), OfferFactory(is_shown=False)
    gone = OfferFactory(withdrawn_at=timezone.now())
    assert set(Offer.objects.visible_to(cast.hr)) == {shown}
    assert set(Offer.objects.visible_to(cast.officer)) == {shown, hidden, gone}
    assert not Offer.objects.visible_to(cast.teacher).exists()


# --- decisions -----------------------------------------------------------------------------------------------------


def students(cast, **more):
    offer = OfferFactory(department=cast.d1, **more)
    offer.specialties.add(mechatronics())
    return offer


def test_accepted_it_is_matched_and_gives_away(cast):
    need, offer = NeedFactory(enterprise=cast.a, number=30), students(cast, capacity=40)
    match = matches.decide("accepted", by=cast.officer, need=need, offer=offer)
    need.refresh_from_db()
    assert (need.state, match.number, match.stream) == ("matched", 30, cast.a.pk)
    assert Offer.objects.with_taken(TODAY).get().free == 10
    assert Event.objects.get(kind="need.match").data["offer"] == offer.title
    second = NeedFactory(enterprise=cast.b, number=11)
    with pytest.raises(Refused, match="10 of 40"):
        matches.decide("accepted", by=cast.lead, need=second, offer=offer)
    matches.decide("accepted", by=cast.lead, need=second, offer=offer, number=10)
    with pytest.raises(ValidationError):
        offers.change_offer(offer, by=cast.officer, version=0, changes={"capacity": 39})


def test_declined_it_is_remembered_with_its_reason(cast):
    need, offer = NeedFactory(enterprise=cast.a), students(cast)
    assert [one.row for one in offers_for(need, today=TODAY)] == [offer]
    with pytest.raises(ValidationError):
        matches.decide("declined", by=cast.officer, need=need, offer=offer, reason=" ")
    match = matches.decide("declined", by=cast.officer, need=need, offer=offer, reason="要夜班")
    assert offers_for(need, today=TODAY) == []
    assert needs_for(Offer.objects.with_taken(TODAY).get(), today=TODAY) == []
    with pytest.raises(Refused):
        matches.decide("accepted", by=cast.officer, need=need, offer=offer)
    matches.reconsider(match, by=cast.officer)
    matches.reconsider(match, by=cast.officer)
    assert [one.row for one in offers_for(need, today=TODAY)] == [offer]
    assert not Event.objects.shared().filter(kind__startswith="match.").exists()


def test_taken_back_the_need_is_open_again(cast):
    need, offer = NeedFactory(enterprise=cast.a), students(cast)
    match = matches.decide("accepted", by=cast.officer, need=need, offer=offer)
    matches.reconsider(match, by=cast.officer)
    need.refresh_from_db()
    assert (need.state, Match.objects.count()) == ("open", 0)


@pytest.mark.parametrize("who", ["other_officer", "teacher", "hr"])
def test_who_may_not_decide(cast, who):
    need, offer = NeedFactory(enterprise=cast.a), students(cast)
    with pytest.raises(NotAllowed):
        matches.decide("accepted", by=getattr(cast, who), need=need, offer=offer)


def test_the_department_of_the_offer_decides_too(cast):
    need = NeedFactory(enterprise=cast.a)
    matches.decide("accepted", by=cast.other_officer, need=need, offer=OfferFactory(department=cast.d2))
    need.refresh_from_db()
    assert need.state == "matched"


def test_nothing_is_decided_about_what_is_over_or_gone(cast):
    offer = students(cast)
    with pytest.raises(Refused):
        matches.decide("accepted", by=cast.officer, need=NeedFactory(enterprise=cast.a, state="met"), offer=offer)
    offers.withdraw_offer(offer, by=cast.officer)
    with pytest.raises(Refused):
        matches.decide("accepted", by=cast.officer, need=NeedFactory(enterprise=cast.a), offer=offer)


# --- suggestions ---------------------------------------------------------------------------------------------------


def machines(**more):
    return EnterpriseFactory(**{"industry_id": "C34", "region_id": "330100", "headcount": 500} | more)


def reasons(suggestion):
    return [str(why) for _label, _share, why in suggestion.reasons]


def test_partners_for_a_wish_local_first_with_the_why(cast):
    wish = NeedFactory(enterprise=None, department=cast.d1, number=40)
    wish.specialties.add(mechatronics())
    far, near, province = (machines(region_id=code) for code in ("510100", "330100", "330200"))
    machines(industry_id="Q84")
    machines(relation="host_only")
    machines(state="suspended")
    found = partners_for(wish, today=TODAY)
    assert [one.row for one in found] == [near, province, far]
    assert reasons(found[0]) == [
        "General-purpose machinery is the own trade of Equipment manufacturing.",
        "In Hangzhou, as we are.",
        "40 beside 500 employees.",
        "How many they take is not known.",
        "No promise has been due yet. No contact is known.",
    ]
    matches.decide("declined", by=cast.lead, need=wish, enterprise=near, reason="只要夜班")
    assert [one.row for one in partners_for(wish, today=TODAY)] == [province, far]


def test_who_kept_promises_stands_before_who_did_not(cast):
    wish = NeedFactory(enterprise=None, department=cast.d1, number=5)
    wish.specialties.add(mechatronics())
    broke, kept = machines(), machines()
    for enterprise, state in ((broke, "breached"), (kept, "kept")):
        _duty(enterprise, state)
    found = partners_for(wish, today=TODAY)
    assert [one.row for one in found] == [kept, broke]
    assert "Kept 1 of 1 promises." in reasons(found[0])[4]


def _duty(enterprise, state):
    agreement = AgreementFactory(enterprise=enterprise)
    settled = {"closed_at": timezone.now(), "note": "x"} | ({"kept_on": TODAY} if state == "kept" else {})
    agreement.obligations.create(
        enterprise=enterprise, side="enterprise", text="提供岗位", first_on=TODAY - timedelta(days=9),
        due_on=TODAY - timedelta(days=1), state=state, **settled,
    )  # fmt: skip


def test_free_places_on_its_sites_count_for_interns(cast):
    wish = NeedFactory(enterprise=None, department=cast.d1, number=40)
    wish.specialties.add(mechatronics())
    small, roomy = machines(), machines()
    SiteFactory(enterprise=small, capacity=4)
    SiteFactory(enterprise=roomy, capacity=60)
    found = partners_for(wish, today=TODAY)
    assert [one.row for one in found] == [roomy, small]
    assert reasons(found[1])[3] == "4 places on its sites, 0 of them promised."


def test_without_specialties_the_near_ones_come_first(cast):
    offer = OfferFactory(kind="training")
    far, near = machines(region_id="510100"), machines(industry_id="Q84")
    found = [one.row for one in partners_for(offer, today=TODAY)]
    assert found.index(near) < found.index(far)


def test_offers_for_a_need_by_specialty_and_level(cast):
    need = NeedFactory(enterprise=cast.a, level="higher")
    need.specialties.add(mechatronics())
    other = OfferFactory(level="bachelor")
    other.specialties.add(Specialty.objects.get(pk="460103"))
    strange = OfferFactory()
    strange.specialties.add(Specialty.objects.get(pk="530302"))
    same = students(cast, level="higher")
    OfferFactory(kind="patent")
    found = offers_for(need, today=TODAY)
    assert [one.row for one in found] == [same, other, strange]
    assert reasons(found[0])[0] == "Both name Mechatronics."
    assert reasons(found[1])[2] == "They look for higher vocational, this is vocational bachelor."


def test_needs_for_an_offer(cast):
    need = NeedFactory(enterprise=machines())
    NeedFactory(enterprise=cast.a, kind="research", number=None)
    NeedFactory(enterprise=cast.a, state="met")
    offer = students(cast)
    (found,) = needs_for(Offer.objects.with_taken(TODAY).get(pk=offer.pk), today=TODAY)
    assert found.row == need
    assert found.points > 60


@pytest.mark.parametrize("find", ["needs", "offers", "partners"])
def test_as_many_queries_for_fifty_as_for_one(cast, find, django_assert_max_num_queries):
    offer = students(cast)
    need = NeedFactory(enterprise=cast.a)
    need.specialties.add(mechatronics())
    wish = NeedFactory(enterprise=None, department=cast.d1)
    wish.specialties.add(mechatronics())
    for _n in range(25):
        students(cast)
        NeedFactory(enterprise=machines()).specialties.add(mechatronics())
    offer = Offer.objects.with_taken(TODAY).get(pk=offer.pk)
    acts = {"needs": lambda: needs_for(offer, today=TODAY), "offers": lambda: offers_for(need, today=TODAY),
            "partners": lambda: partners_for(wish, today=TODAY)}  # fmt: skip
    with django_assert_max_num_queries(10):
        assert len([reasons(one) for one in acts[find]()]) == 10


# --- merged --------------------------------------------------------------------------------------------------------


def test_a_merge_takes_everything_along(cast):
    twin = EnterpriseFactory(owner=cast.officer, lead_department=cast.d1)
    offer, wish = students(cast), NeedFactory(enterprise=None, department=cast.d1)
    need = NeedFactory(enterprise=twin)
    for enterprise in (cast.a, twin):
        matches.decide("declined", by=cast.lead, offer=offer, enterprise=enterprise, reason="x")
    matches.decide("declined", by=cast.lead, need=wish, enterprise=twin, reason="x")
    merge_enterprises(cast.a, twin, by=cast.lead, versions=(0, 0))
    need.refresh_from_db()
    assert need.enterprise == cast.a
    assert set(Match.objects.values_list("enterprise", flat=True)) == {cast.a.pk}
    assert Match.objects.count() == 2


def test_a_person_without_department_decides_nothing_by_it(cast):
    loner = UserFactory(department=None)
    with pytest.raises(NotAllowed):
        needs.post_wish(cast.d1, by=loner, **fields())

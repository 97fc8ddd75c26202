"""Enterprises that are probably one: found, compared, made one; nothing that hangs on either is lost."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Assessment, Contact, Enterprise, Import, ImportRow, Registration, YearResult
from partnerships.services.enterprises import change_enterprise, create_enterprise, naming
from partnerships.services.merging import find_similar, merge_enterprises, similar_pairs, suspected_pairs
from partnerships.services.touchpoints import check_last_contact
from records.models import Event, Link
from records.services import record
from records.workflow import NotAllowed, Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import (
    ContactFactory,
    EnterpriseFactory,
    MemberFactory,
    MessageFactory,
    ProxyEntryFactory,
    SiteFactory,
    TouchpointFactory,
    TripFactory,
    UserFactory,
)
from tests.partnerships.test_enterprises import CODE, OTHER_CODE


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


def named(name, **fields):
    keys = naming(name, former_names=fields.get("former_names", ()), uscc=fields.get("uscc", ""))
    return EnterpriseFactory(name=name, **keys, **fields)


def names_of(found):
    return [row.name for row in found]


# --- finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "typed", "alike"),
    [("杭州恒力轴承有限公司", "恒力轴承（杭州）有限公司", True), ("杭州恒力轴承有限公司", "杭州恒力轴承股份有限公司", True),
     ("杭州恒力轴承有限公司", "恒力轴承集团", True), ("浙江正泰电器股份有限公司", "正泰电器", True),
     ("杭州恒力轴承有限公司", "杭州恒力轴承厂", True), ("杭州恒力轴承有限公司", "宁波远洋物流有限公司", False),
     ("杭州恒力轴承有限公司", "杭州精密机械有限公司", False), ("TCL王牌电器有限公司", "ＴＣＬ王牌电器", True),
     ("𠮷利新材料有限公司", "浙江𠮷利新材料有限公司", True)],
)  # fmt: skip
def test_alike(db, known, typed, alike):
    row = named(known)
    assert find_similar(typed) == ([row] if alike else [])


def test_equal_names_come_first_in_one_query(db):
    near, same = named("恒力轴承厂"), named("杭州恒力轴承有限公司")
    with CaptureQueriesContext(connection) as queries:
        found = find_similar("恒力轴承（杭州）有限公司")
    assert found == [same, near]
    assert found[0].score == 1
    assert len(queries) == 1


def test_a_former_name_counts(db):
    row = named("浙江恒新智造有限公司", former_names=["恒力机械厂"])
    assert find_similar("恒力机械厂") == [row]


def test_two_codes_are_two_legal_persons(db):
    branch = named("恒力轴承（宁波）有限公司", uscc=CODE)
    other = Enterprise(name="恒力轴承（杭州）有限公司", uscc=OTHER_CODE)
    assert find_similar(other) == []
    assert find_similar(Enterprise(name="完全不同", uscc=CODE)) == [branch]
    assert find_similar("恒力轴承") == [branch]


def test_a_row_is_not_like_itself_nor_like_a_merged_one(db):
    first, second = named("恒力轴承"), named("恒力轴承有限公司", merged_into=named("别的公司"))
    assert find_similar(first) == []
    assert find_similar(second) == [first]


def test_pairs_of_a_whole_list(db):
    row, other = named("杭州恒力轴承有限公司"), named("宁波远洋物流有限公司")
    wanted = ["远洋物流", "没有的公司", "恒力轴承股份有限公司", "杭州恒力轴承厂"]
    with CaptureQueriesContext(connection) as queries:
        pairs = similar_pairs(wanted)
    assert [(p.index, p.enterprise, p.score) for p in pairs[:2]] == [(0, other.pk, 1.0), (2, row.pk, 1.0)]
    assert (pairs[2].index, pairs[2].enterprise) == (3, row.pk)
    assert len(queries) == 1
    assert similar_pairs([]) == []


FIRST = "恒永鑫华瑞兴盛达泰安宏远博思中科新诚信德润源丰嘉美联创智云天海洋东方正大金龙银河佳力特普联"
TRADES = ["精密机械", "智能装备", "电子科技", "新材料", "物流", "汽车零部件", "信息技术", "建筑工程", "食品", "模具"]


def believable(count, seed):
    rng = random.Random(seed)
    cities = ["杭州", "宁波", "温州", "苏州", "浙江", "上海", "嘉兴", "绍兴"]
    return [f"{rng.choice(cities)}{''.join(rng.sample(FIRST, 2))}{rng.choice(TRADES)}有限公司" for _n in range(count)]


@pytest.mark.django_db
def test_ten_thousand_names_against_fifty_thousand_are_quick():
    """The figure itself is measured by the benchmark; this keeps anybody from making it quadratic."""
    rows = [Enterprise(name=name, **naming(name)) for name in believable(3_000, 1)]
    Enterprise.objects.bulk_create(rows, batch_size=1_000)
    started = time.perf_counter()
    pairs = similar_pairs(believable(1_000, 2))
    assert time.perf_counter() - started < 3
    assert len(pairs) > 100


def test_suspected_pairs(db):
    first, second = named("杭州恒力轴承有限公司"), named("恒力轴承股份有限公司")
    named("恒力轴承（宁波）有限公司", parent=first, kinship="branch")
    coded, twin = named("正泰电器", uscc=CODE), named("正泰电器有限公司", uscc=OTHER_CODE)
    assert suspected_pairs(Enterprise.objects.all()) == [(first, second)]
    twin.uscc = ""
    twin.save()
    assert (coded, twin) in suspected_pairs(Enterprise.objects.all())
    assert len(suspected_pairs(Enterprise.objects.all(), limit=1)) == 1


# --- making one ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(cast):
    """The one that stays and the one that goes, the latter with a row of everything."""
    cast.a.refresh_from_db()
    cast.goes = create_enterprise(by=cast.officer, name="恒力轴承厂", uscc=CODE, address="萧山区", headcount=320)
    goes = cast.goes
    site = SiteFactory(enterprise=goes)
    cast.their_keeper = MemberFactory(enterprise=goes, is_keeper=True, site=site)
    MemberFactory(enterprise=goes, user=cast.colleague_hr)
    trip = TripFactory()
    TouchpointFactory(enterprise=cast.a, trip=trip)
    cast.twice = TouchpointFactory(enterprise=goes, trip=trip)
    TouchpointFactory(enterprise=goes, happened_at=timezone.now() - timedelta(days=1), is_two_way=True)
    MessageFactory(enterprise=goes)
    ProxyEntryFactory(enterprise=goes)
    Assessment.objects.create(
        enterprise=goes, visited_on=timezone.localdate(), assessors="林薇", conclusion="可以", is_suitable=True,
        written_by=cast.officer,
    )  # fmt: skip
    now = timezone.now()
    Registration.objects.create(
        name="恒力", uscc=CODE, contact_name="赵敏", phone="1", wishes="x", state="accepted", decided_by=cast.lead,
        decided_at=now, enterprise=goes,
    )  # fmt: skip
    batch = Import.objects.create(name="a.xlsx", uploaded_by=cast.officer)
    ImportRow.objects.create(batch=batch, position=1, sheet="a", line=1, parsed={}, verdict="new", enterprise=goes)
    EnterpriseFactory(name="恒力子公司", parent=goes, kinship="subsidiary")
    EnterpriseFactory(name="更早合并的", merged_into=goes)
    Link.objects.create(
        code="1" * 11, purpose="thread", subject=goes, stream=goes.pk, created_by=cast.officer,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    for enterprise, year, figures in (
        (cast.a, 2025, {"interns": 5}),
        (goes, 2025, {"interns": 7, "hires": 2}),
        (goes, 2024, {}),
    ):
        YearResult.objects.create(enterprise=enterprise, year=year, entered_by=cast.officer, **figures)
    goes.departments.add(cast.d2)
    goes.listed, goes.former_names = [{"agreement_title": "实习基地"}], ["老恒力"]
    goes.save()
    return cast


def merge(cast, take=(), by=None):
    return merge_enterprises(
        cast.a, cast.goes, by=by or cast.officer, versions=(cast.a.version, cast.goes.version), take=take
    )


def test_nothing_is_left_behind(pair):
    events = Event.objects.in_stream(pair.goes.pk).count()
    own = Event.objects.in_stream(pair.a.pk).count()
    merge(pair)
    for relation in Enterprise._meta.related_objects:
        if relation.field.name == "merged_into" or relation.related_model.__name__.endswith("Event"):
            continue
        left = relation.related_model._base_manager.filter(**{relation.field.name: pair.goes.pk})
        if relation.many_to_many:
            continue
        assert not left.exists(), relation
    assert set(Enterprise.objects.filter(merged_into=pair.a).values_list("name", flat=True)) == {
        "恒力轴承厂", "更早合并的",
    }  # fmt: skip
    assert Event.objects.in_stream(pair.goes.pk).count() == 0
    assert Event.objects.in_stream(pair.a.pk).count() == own + events + 1
    kind = ContentType.objects.get_for_model(Enterprise)
    link = Link.objects.get()
    assert (link.stream, link.subject_type, link.subject_id) == (pair.a.pk, kind, pair.a.pk)
    assert not check_last_contact().exists()


def test_the_years_of_both_come_together(pair):
    survivor = merge(pair)
    years = survivor.results.order_by("year").values_list("year", "interns", "hires")
    assert list(years) == [(2024, None, None), (2025, 5, 2)]


def test_names_code_and_lists_come_together(pair):
    survivor = merge(pair)
    survivor.refresh_from_db()
    pair.goes.refresh_from_db()
    assert (survivor.name, survivor.uscc) == ("杭州恒力轴承有限公司", CODE)
    assert survivor.former_names == ["恒力轴承厂", "老恒力"]
    assert (survivor.address, survivor.headcount) == ("萧山区", 320)
    assert survivor.listed == [{"agreement_title": "实习基地"}]
    assert pair.d2 in survivor.departments.all()
    assert (pair.goes.uscc, pair.goes.merged_into) == ("", survivor)
    assert survivor in Enterprise.objects.named_like("老恒力")
    event = Event.objects.of(survivor).get(kind="enterprise.merged")
    assert event.data["name"] == "恒力轴承厂"
    assert event.data["taken"]["uscc"] == ["", CODE]


def test_a_chosen_value_comes_from_the_other(pair):
    change_enterprise(pair.a, by=pair.officer, version=0, changes={"address": "滨江区", "tier": 2})
    pair.a.refresh_from_db()
    survivor = merge(pair, take=["name", "address"])
    assert (survivor.name, survivor.address, survivor.tier) == ("恒力轴承厂", "萧山区", 2)
    assert "杭州恒力轴承有限公司" in survivor.former_names
    assert survivor.core_key == naming("恒力轴承厂")["core_key"]


def test_one_keeper_and_one_seat_per_account(pair):
    merge(pair)
    assert Contact.objects.get(enterprise=pair.a, is_keeper=True).user == pair.hr
    assert Contact.objects.get(pk=pair.their_keeper.pk).user is not None
    assert Contact.objects.filter(enterprise=pair.a, user=pair.colleague_hr, left_on=None).count() == 1
    assert Enterprise.objects.visible_to(pair.their_keeper.user).get() == pair.a


def test_without_an_own_keeper_the_other_stays(pair):
    Contact.objects.filter(enterprise=pair.a).update(is_keeper=False)
    merge(pair)
    assert Contact.objects.get(enterprise=pair.a, is_keeper=True) == pair.their_keeper


def test_a_trip_to_both_keeps_both_records(pair):
    merge(pair)
    pair.twice.refresh_from_db()
    assert (pair.twice.enterprise, pair.twice.trip) == (pair.a, None)


def test_what_is_refused(pair):
    with pytest.raises(Refused, match="different"):
        merge_enterprises(pair.a, pair.a, by=pair.lead, versions=(0, 0))
    with pytest.raises(Refused, match="in the meantime"):
        merge_enterprises(pair.a, pair.goes, by=pair.lead, versions=(7, 0))
    change_enterprise(pair.a, by=pair.lead, version=0, changes={"uscc": OTHER_CODE})
    with pytest.raises(Refused, match="two legal persons"):
        merge_enterprises(pair.a, pair.goes, by=pair.lead, versions=(1, 0))
    Enterprise.objects.filter(pk=pair.a.pk).update(uscc="", merged_into=pair.b)
    with pytest.raises(Refused, match="merged into another"):
        merge_enterprises(pair.a, pair.goes, by=pair.lead, versions=(1, 0))


@pytest.mark.parametrize("who", ["other_officer", "teacher", "counsellor", "hr", "stranger_hr", "disabled"])
def test_who_may_not(pair, who):
    with pytest.raises(NotAllowed):
        merge(pair, by=getattr(pair, who))
    pair.goes.refresh_from_db()
    assert pair.goes.merged_into is None


def test_an_officer_must_keep_both(pair):
    Enterprise.objects.filter(pk=pair.goes.pk).update(owner=pair.other_officer, lead_department=pair.d2)
    with pytest.raises(NotAllowed):
        merge(pair)
    assert merge(pair, by=pair.lead) == pair.a


def test_a_parent_that_goes_is_no_parent_any_more(pair):
    Enterprise.objects.filter(pk=pair.a.pk).update(parent=pair.goes, kinship="branch")
    survivor = merge(pair, by=pair.lead)
    survivor.refresh_from_db()
    assert (survivor.parent, survivor.kinship) == (None, "")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_merge_both_ways_at_once_one_wins(transactional_db):
    from tests.cast import gather

    cast, barrier = gather(), Barrier(2)
    goes = create_enterprise(by=cast.officer, name="恒力轴承厂")

    def press(rows):
        try:
            barrier.wait(10)
            merge_enterprises(*rows, by=cast.lead, versions=(0, 0))
        except Refused:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(press, [(cast.a, goes), (goes, cast.a)])) == 1
    assert Enterprise.objects.exclude(merged_into=None).count() == 1


# --- pages -----------------------------------------------------------------------------------------------------------


def test_compare_and_merge_in_the_browser(pair, signed_in):
    change_enterprise(pair.a, by=pair.officer, version=0, changes={"address": "滨江区"})
    client = signed_in(pair.officer)
    page = client.get(url("enterprise_merge", pair.a.pk, pair.goes.pk))
    assert "滨江区" in page.content.decode()
    data = form_data(page, "stack")
    assert data["take_address"] == "survivor"
    assert client.post(page.request["PATH_INFO"], data | {"version": 0}).status_code == 409
    assert client.post(page.request["PATH_INFO"], data | {"take_address": "other"}).status_code == 302
    pair.a.refresh_from_db()
    assert pair.a.address == "萧山区"
    assert client.get(url("enterprise_detail", pair.goes.pk)).headers["Location"] == url("enterprise_detail", pair.a.pk)
    assert client.get(url("enterprise_merge", pair.a.pk, pair.a.pk)).status_code == 404


def test_a_merge_that_cannot_be_says_why(pair, signed_in):
    change_enterprise(pair.a, by=pair.officer, version=0, changes={"uscc": OTHER_CODE})
    html = signed_in(pair.officer).get(url("enterprise_merge", pair.a.pk, pair.goes.pk)).content.decode()
    assert "two legal persons" in html
    assert "aria-disabled" in html


@pytest.mark.parametrize(
    ("who", "status"),
    [("officer", 200), ("lead", 200), ("other_officer", 200), ("teacher", 403), ("hr", 403), (None, 302)],
)
def test_who_opens_the_list_of_pairs(cast, signed_in, who, status):
    named("正泰电器"), named("正泰电器有限公司")
    response = signed_in(getattr(cast, who) if who else None).get(url("duplicate_list"))
    assert response.status_code == status
    assert ("正泰电器" in response.content.decode()) == (status == 200)


@pytest.mark.parametrize(
    ("who", "status"), [("other_officer", 403), ("hr", 403), ("stranger_hr", 404), ("teacher", 404)]
)
def test_who_may_not_open_the_comparison(pair, signed_in, who, status):
    for rows in ((pair.a.pk, pair.goes.pk), (pair.goes.pk, pair.a.pk)):
        client = signed_in(getattr(pair, who))
        assert client.post(url("enterprise_merge", *rows)).status_code in (status, 404)


def test_the_list_of_pairs_is_flat(cast, signed_in):
    client = signed_in(cast.lead)
    client.get(url("duplicate_list"))
    counts = []
    for start in (0, 10):
        for n in range(start, start + 10):
            named(f"第{n}号电器"), named(f"第{n}号电器有限公司", owner=UserFactory())
        with CaptureQueriesContext(connection) as queries:
            client.get(url("duplicate_list"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_event_of_a_merge_reads_well(pair, signed_in):
    record(
        "enterprise.changed",
        subject=pair.goes,
        stream=pair.goes.pk,
        by=pair.officer,
        data={"changes": {"tier": ["a", "b"]}},
    )
    merge(pair)
    ContactFactory(enterprise=pair.a)
    html = signed_in(pair.officer).get(url("enterprise_detail", pair.a.pk)).content.decode()
    assert "Merged with 恒力轴承厂" in html

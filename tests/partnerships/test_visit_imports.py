"""From the list of visits to trips and timelines: preview, apply, return file, and the same list again."""

import uuid
from datetime import date, timedelta
from threading import Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partnerships.models import Enterprise, Import, Touchpoint, Trip
from partnerships.services import imports as services
from partnerships.services.corrections import withdraw_touchpoint
from partnerships.services.merging import merge_enterprises
from partnerships.services.touchpoints import check_last_contact, start_of
from partnerships.services.trips import change_trip
from partnerships.workflow import ImportState
from records.models import Event
from records.sheets import read_workbook
from reminders.models import Delivery, Switch
from tests.cast import gather
from tests.partnerships import lists
from tests.partnerships.factories import EnterpriseFactory
from tests.partnerships.visit_lists import as_xlsx, layout, visit

pytestmark = pytest.mark.django_db
TITLE = "2025年走访台账"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.FILES_DIR = tmp_path


@pytest.fixture
def firms(db):
    names = ("杭州砺锋精密机械有限公司", "宁波帆远软件有限公司", "绍兴苕川电梯有限公司", "浙江宏轸轴承有限公司")
    return [EnterpriseFactory(name=name, short_name=name[2:6]) for name in names]


def read(by, *rows, kind="", data=None):
    file = SimpleUploadedFile("走访台账.xlsx", data or as_xlsx(layout(list(rows), TITLE)))
    return services.read_import(services.upload_import(by=by, upload=file, form_key=uuid.uuid4(), kind=kind))


def apply(batch):
    services.start_applying(batch, by=batch.uploaded_by)
    return services.finish_applying(batch)


def verdicts(batch):
    return list(batch.rows.order_by("position").values_list("verdict", flat=True))


def problems(batch):
    return [problem["code"] for row in batch.rows.order_by("position") for problem in row.parsed["problems"]]


def counted():
    return Trip.objects.count(), Touchpoint.objects.count(), Event.objects.filter(kind="touchpoint.logged").count()


def one(**values):
    return visit(**{
        "sequence": "1", "when": "2025.3.12上午", "kind": "走访", "leader": "张校长一行5人", "party": "王老师、李老师",
        "firms": "杭州砺锋精密机械有限公司", "people": "赵敏（人事经理）", "summary": "看望实习生，谈订单班", "agreed": "共建订单班",
        "jobs": "20+", "internships": "若干", "wishes": "希望多来数控学生", "follow_up": "王老师 4月底前", "evidence": "见公众号",
    } | values)  # fmt: skip


def tour(**values):
    names = "杭州砺锋精密机械有限公司、宁波帆远软件有限公司，绍兴苕川电梯有限公司、浙江宏轸轴承有限公司"
    return one(firms=names, when="3.12-3.14", **values)


# --- what a row becomes ------------------------------------------------------------------------------------------


def test_nothing_reaches_the_partners_before_apply(cast, firms):
    batch = read(cast.officer, one(), tour(summary="年度走访"))
    assert (batch.state, batch.kind) == (ImportState.PREVIEW, Import.Kind.VISITS)
    assert verdicts(batch) == ["new", "new"]
    assert counted() == (0, 0, 0)


def test_a_row_becomes_a_trip_with_the_words_of_the_list_beside_what_was_read(cast, firms):
    batch = apply(read(cast.officer, one()))
    assert batch.state == ImportState.APPLIED
    trip, part = Trip.objects.get(), Touchpoint.objects.get()
    assert (trip.starts_on, trip.ends_on, trip.leader, trip.head_count) == (
        date(2025, 3, 12),
        date(2025, 3, 12),
        "张校长",
        5,
    )
    assert (trip.others, trip.follow_up_by, trip.follow_up_on) == ("王老师、李老师", "王老师", date(2025, 4, 30))
    assert (trip.listed["when"], trip.listed["leader"], trip.listed["evidence"]) == (
        "2025.3.12上午",
        "张校长一行5人",
        "见公众号",
    )
    assert (part.trip, part.enterprise, part.precision, part.is_from_list) == (trip, firms[0], "day", True)
    assert (part.jobs_offered, part.jobs_said) == (20, "20+")
    assert (part.internships_offered, part.internships_said) == (None, "若干")
    assert (part.people, part.agreed, part.wishes) == ("赵敏（人事经理）", "共建订单班", "希望多来数控学生")
    assert (part.logged_by, part.is_two_way) == (cast.officer, True)
    firms[0].refresh_from_db()
    assert firms[0].last_contact_at == part.happened_at == start_of(date(2025, 3, 12))
    assert not check_last_contact().exists()
    assert set(Event.objects.filter(stream=firms[0].pk).values_list("kind", "audience")) == {
        ("touchpoint.logged", "both")
    }


def test_one_trip_of_four_firms_keeps_what_concerns_one_with_the_school(cast, firms):
    apply(read(cast.officer, tour()))
    trip = Trip.objects.get()
    assert (trip.starts_on, trip.ends_on) == (date(2025, 3, 12), date(2025, 3, 14))
    assert set(trip.touchpoints.values_list("enterprise", flat=True)) == {firm.pk for firm in firms}
    for part in trip.touchpoints.all():
        assert part.summary == "看望实习生，谈订单班"
        assert (part.people, part.agreed, part.wishes, part.jobs_offered, part.jobs_said) == ("", "", "", None, "")
    assert trip.listed["jobs"] == "20+"
    assert not check_last_contact().exists()


def test_a_month_stays_a_month(cast, firms):
    apply(read(cast.officer, one(when="2025年3月")))
    part = Touchpoint.objects.get()
    assert (part.precision, timezone.localdate(part.happened_at)) == ("month", date(2025, 3, 1))
    assert (part.trip.starts_on, part.trip.ends_on) == (date(2025, 3, 1), date(2025, 3, 31))


def test_a_visit_to_the_school_is_the_enterprises_step(cast, firms):
    apply(read(cast.officer, one(kind="来校洽谈")))
    part = Touchpoint.objects.get()
    assert (part.kind, part.side, part.trip.kind) == ("received", "enterprise", "received")
    assert Event.objects.get(kind="touchpoint.logged").side == "enterprise"


def test_an_officer_may_log_for_a_foreign_partner_as_everywhere(cast, firms):
    Enterprise.objects.filter(pk=firms[0].pk).update(owner=cast.officer, lead_department=cast.d1)
    assert verdicts(apply(read(cast.other_officer, one()))) == ["new"]


@pytest.mark.parametrize(
    "name", ["砺锋精密", "旧时机械厂", "杭州砺锋精密机械有限公司 ", "杭州砺锋精密机械有限公司（原旧时机械厂）"]
)
def test_short_and_former_names_are_known(cast, firms, name):
    Enterprise.objects.filter(pk=firms[0].pk).update(short_name="砺锋精密", former_names=["旧时机械厂"])
    batch = read(cast.officer, one(firms=name))
    assert verdicts(batch) == ["new"], problems(batch)


def test_nobody_is_told_anything(cast, firms):
    Switch.objects.update_or_create(rule="gap", defaults={"mode": "on", "changed_at": timezone.now()})
    Enterprise.objects.filter(pk=firms[0].pk).update(owner=cast.officer)
    apply(read(cast.officer, one()))
    assert not Delivery.objects.exists()


# --- what cannot be ----------------------------------------------------------------------------------------------

TOMORROW = f"{timezone.localdate() + timedelta(days=1):%Y.%-m.%-d}"
FAULTY = [
    ({"firms": "杭州砺锋机械有限公司"}, "unknown_firm"),
    ({"firms": "火星种植有限公司"}, "unknown_firm_alone"),
    ({"firms": "杭州砺锋精密机械有限公司、火星种植有限公司"}, "unknown_firm_alone"),
    ({"firms": "同名公司"}, "several_firms"),
    ({"when": TOMORROW}, "day_ahead"),
    ({"when": f"2025.3.12-{TOMORROW}"}, "day_ahead"),
    ({"when": "见公众号"}, "unreadable_day"),
    ({"when": "2025.2.30"}, "impossible_date"),
    ({"summary": None}, "no_content"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "code"), FAULTY)
def test_a_bad_row_waits_while_the_good_ones_go_on(cast, firms, values, code):
    EnterpriseFactory(name="同名公司")
    EnterpriseFactory(name="同名公司")
    before = Enterprise.objects.count()
    batch = apply(read(cast.officer, one(summary="别的事"), one(**values)))
    assert problems(batch) == [code]
    assert verdicts(batch) == ["new", "faulty"]
    assert (Trip.objects.count(), Enterprise.objects.count()) == (1, before), "a list of visits records no enterprise"


def test_an_unknown_firm_names_what_is_near_and_comes_back_with_the_reason(cast, firms, signed_in):
    batch = read(cast.officer, one(), one(firms="杭州砺锋机械有限公司"))
    client = signed_in(cast.officer)
    page = client.get(reverse("partnerships:import_detail", args=[batch.pk])).content.decode()
    assert "杭州砺锋精密机械有限公司" in page.split("杭州砺锋机械有限公司")[-1]
    assert "走访!F5" in page
    response = client.get(reverse("partnerships:import_return", args=[batch.pk]))
    (sheet,) = read_workbook(b"".join(response.streaming_content), "return.xlsx").sheets
    heads, row = sheet.rows
    assert (row[heads.index("企业名称")], row[heads.index("就业岗位数")]) == ("杭州砺锋机械有限公司", "20+")
    assert "杭州砺锋精密机械有限公司" in row[-1]


def test_a_merged_enterprise_is_known_by_the_survivor(cast):
    gone, kept = EnterpriseFactory(name="旧轴承有限公司"), EnterpriseFactory(name="新轴承有限公司")
    merge_enterprises(kept, gone, by=cast.lead, versions=(0, 0))
    apply(read(cast.officer, one(firms="旧轴承有限公司")))
    assert Touchpoint.objects.get().enterprise == kept


# --- again -------------------------------------------------------------------------------------------------------


def test_the_same_list_twice_changes_nothing(cast, firms):
    rows = [one(), tour(summary="年度走访"), one(), one(when="2025年5月")]
    first = apply(read(cast.officer, *rows))
    assert verdicts(first) == ["new", "new", "unchanged", "new"], "a row written twice is one visit"
    before = counted(), list(Trip.objects.values().order_by("pk")), list(Touchpoint.objects.values().order_by("pk"))
    again = apply(read(cast.other_officer, *rows))
    assert verdicts(again) == ["unchanged"] * 4
    assert (
        counted(),
        list(Trip.objects.values().order_by("pk")),
        list(Touchpoint.objects.values().order_by("pk")),
    ) == before


def test_an_enlarged_list_adds_only_what_is_new(cast, firms):
    apply(read(cast.officer, one()))
    batch = apply(read(cast.officer, one(summary="签约仪式"), one(sequence="2"), one(when="2025.4.1")))
    assert verdicts(batch) == ["new", "unchanged", "new"]
    assert counted() == (3, 3, 3)


def test_a_row_that_gains_an_enterprise_adds_it_to_its_trip(cast, firms):
    apply(read(cast.officer, one()))
    batch = read(cast.officer, one(firms="杭州砺锋精密机械有限公司、宁波帆远软件有限公司"))
    assert batch.rows.get().changes == [["firms", "", "宁波帆远软件有限公司"]]
    assert verdicts(apply(batch)) == ["changed"]
    trip = Trip.objects.get()
    assert set(trip.touchpoints.values_list("enterprise", flat=True)) == {firms[0].pk, firms[1].pk}
    assert trip.touchpoints.get(enterprise=firms[0]).agreed == "共建订单班"
    assert verdicts(read(cast.officer, one(firms="杭州砺锋精密机械有限公司、宁波帆远软件有限公司"))) == ["unchanged"]


def test_what_was_filled_in_since_is_brought_up_to_date_with_the_former_words_kept(cast, firms):
    apply(read(cast.officer, one(agreed="共建订单班", wishes=None)))
    batch = read(
        cast.officer, one(agreed="订单班已签约", wishes="要夜班生", jobs="25", outcome="4月签约", evidence=None)
    )
    assert [change[0] for change in batch.rows.get().changes] == ["agreed", "jobs", "wishes", "outcome"]
    assert verdicts(apply(batch)) == ["changed"]
    part, trip = Touchpoint.objects.get(), Trip.objects.get()
    assert (part.agreed, part.wishes, part.jobs_offered, part.jobs_said) == ("订单班已签约", "要夜班生", 25, "")
    assert (trip.listed["outcome"], trip.listed["evidence"], trip.version) == ("4月签约", "见公众号", 1)
    event = Event.objects.get(kind="touchpoint.corrected")
    assert event.audience == "both"
    assert event.data["before"] == {"agreed": "共建订单班", "jobs_offered": 20, "jobs_said": "20+"}
    assert verdicts(
        read(cast.officer, one(agreed="订单班已签约", wishes="要夜班生", jobs="25", outcome="4月签约"))
    ) == ["unchanged"]


def test_what_somebody_corrected_here_is_not_undone_by_the_old_list(cast, firms):
    apply(read(cast.officer, one()))
    trip = Trip.objects.get()
    change_trip(
        trip, by=cast.officer, version=0, changes={}, details={firms[0].pk: {"agreed": "只谈了意向", "jobs_offered": 8}}
    )
    assert verdicts(apply(read(cast.officer, one()))) == ["unchanged"]
    part = Touchpoint.objects.get()
    assert (part.agreed, part.jobs_offered, part.jobs_said) == ("只谈了意向", 8, "")


def test_what_was_taken_back_does_not_come_back_with_the_list(cast, firms):
    apply(read(cast.officer, tour()))
    withdraw_touchpoint(Touchpoint.objects.get(enterprise=firms[3]), by=cast.officer, reason="没去成")
    assert verdicts(apply(read(cast.officer, tour()))) == ["unchanged"]
    assert Touchpoint.objects.standing().count() == 3


def test_two_rows_of_one_visit_that_differ_are_for_a_person_to_decide(cast, firms):
    batch = read(cast.officer, one(), one(agreed="别的"))
    assert problems(batch) == ["twice_in_list"]
    assert verdicts(batch) == ["new", "faulty"]


def test_the_bare_day_of_a_list_of_partners_is_filled_in_not_doubled(cast, firms):
    partners = lists.layout([lists.line(name=firms[0].name, visit="2025.3.12", address="杭州市")])
    file = SimpleUploadedFile("台账.xlsx", lists.as_xlsx(partners, merged=False))
    batch = services.read_import(services.upload_import(by=cast.lead, upload=file, form_key=uuid.uuid4()))
    assert batch.kind == Import.Kind.PARTNERS
    apply(batch)
    apply(read(cast.officer, one()))
    part = Touchpoint.objects.get()
    assert (part.summary, part.trip) == ("看望实习生，谈订单班", Trip.objects.get())
    assert not check_last_contact().exists()
    again = SimpleUploadedFile("台账.xlsx", lists.as_xlsx(partners, merged=False))
    batch = services.read_import(services.upload_import(by=cast.lead, upload=again, form_key=uuid.uuid4()))
    assert verdicts(batch) == ["unchanged"]


def test_merged_enterprises_of_one_tour_keep_one_key(cast, firms):
    apply(read(cast.officer, tour()))
    merge_enterprises(firms[0], firms[3], by=cast.lead, versions=(0, 0))
    assert Touchpoint.objects.filter(enterprise=firms[0]).count() == 2
    assert verdicts(read(cast.officer, tour())) == ["unchanged"]


def test_a_visit_that_changed_after_the_preview_is_left_out(cast, firms):
    first, second = read(cast.officer, one()), read(cast.officer, one(agreed="别的"))
    apply(first)
    assert problems(apply(second)) == ["stale_visit"]
    assert Touchpoint.objects.get().agreed == "共建订单班"


# --- pages and measures ------------------------------------------------------------------------------------------


def test_the_kind_may_be_chosen_or_recognised(cast, firms, signed_in):
    client = signed_in(cast.officer)
    for kind, found in (("", "visits"), ("visits", "visits"), ("partners", "partners")):
        file = SimpleUploadedFile("走访.xlsx", as_xlsx(layout([one()], TITLE)))
        data = {"form_key": uuid.uuid4(), "file": file, "kind": kind}
        page = client.post(reverse("partnerships:import_new"), data, follow=True)
        assert page.context["batch"].kind == found
    wrong = {"form_key": uuid.uuid4(), "file": SimpleUploadedFile("走访.xlsx", b"PK"), "kind": "pilgrimages"}
    assert client.post(reverse("partnerships:import_new"), wrong).status_code == 422


def test_the_trip_shows_the_words_of_the_list_and_the_enterprise_does_not(cast, signed_in):
    apply(read(cast.officer, one(firms=cast.a.name, evidence="见内部纪要", follow_up="王老师 4月底前")))
    trip = Trip.objects.get()
    page = signed_in(cast.officer).get(reverse("partnerships:trip_detail", args=[trip.pk])).content.decode()
    for text in ("见内部纪要", "张校长一行5人", "2025.3.12上午", "20+", "若干"):
        assert text in page
    portal = signed_in(cast.hr).get(reverse("partnerships:portal_partnership", args=[cast.a.pk])).content.decode()
    assert "看望实习生" in portal
    assert "20+" in portal
    assert "见内部纪要" not in portal


def test_queries_do_not_grow_with_the_list(cast):
    names = [f"杭州{number:02d}号精密机械有限公司" for number in range(10)]
    for name in names:
        EnterpriseFactory(name=name)
    asked = []
    for times in (1, 6):
        rows = [one(firms=name, summary=f"第{times}{turn}次") for name in names for turn in range(times)]
        with CaptureQueriesContext(connection) as queries:
            apply(read(cast.officer, *rows))
        asked.append(len(queries))
    assert asked[1] <= asked[0]
    assert Trip.objects.count() == 70


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_list_at_once_make_one_trip():
    cast = gather()
    EnterpriseFactory(name="杭州砺锋精密机械有限公司")
    batches = [services.start_applying(read(cast.officer, one()), by=cast.officer) for _number in range(2)]

    def finish(batch):
        services.finish_applying(batch)
        connection.close()

    threads = [Thread(target=finish, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Trip.objects.count(), Touchpoint.objects.count()) == (1, 1)
    assert sorted(verdict for batch in batches for verdict in verdicts(batch)) == ["new", "unchanged"]

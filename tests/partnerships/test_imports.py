"""From the uploaded list to the partners: preview, apply, return file, and the same list again."""

import uuid
from datetime import date, timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.services import change_role, disable_user
from partnerships.models import Contact, Enterprise, Import, ImportRow, Touchpoint
from partnerships.services import imports as services
from partnerships.services.touchpoints import check_last_contact
from partnerships.workflow import ImportState
from records.models import Event
from records.sheets import read_workbook
from records.workflow import Refused
from tests.cast import bare, gather
from tests.partnerships.lists import as_csv, as_xls, as_xlsx, code_for, layout, line, messy_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.FILES_DIR = tmp_path


def upload(by, data, name="台账.xlsx", form_key=None):
    file = SimpleUploadedFile(name, data)
    return services.upload_import(by=by, upload=file, form_key=form_key or uuid.uuid4())


def read(by, rows, **options):
    return services.read_import(upload(by, as_xlsx(layout(rows), merged=False), **options))


def apply(batch):
    services.start_applying(batch, by=batch.uploaded_by)
    return services.finish_applying(batch)


def verdicts(batch):
    return list(batch.rows.order_by("position").values_list("verdict", flat=True))


def problems(batch):
    return [problem["code"] for row in batch.rows.order_by("position") for problem in row.parsed["problems"]]


GOOD = [
    line(lead="机电工程学院", name="杭州天目机器人有限公司", uscc=code_for(7), ownership="民营", industry="通用设备制造",
         address="浙江省杭州市余杭区文一西路1号", contact="许燕（人事经理）13811112222", agreement="实习基地协议", number="HT-7",
         signed="2024.9.1", visit="2026年3月", school="officer"),
    line(name="宁波港通物流有限公司", uscc=code_for(8), contact="钱波 0571-88886666转802", visit="2026.2.10"),
]  # fmt: skip


def test_nothing_reaches_the_partners_before_apply(cast):
    before = Enterprise.objects.count()
    batch = read(cast.officer, GOOD)
    assert batch.state == ImportState.PREVIEW
    assert verdicts(batch) == ["new", "new"]
    assert (Enterprise.objects.count(), Touchpoint.objects.count()) == (before, 0)


def test_good_rows_become_partners_with_contacts_and_last_visit(cast):
    batch = apply(read(cast.officer, GOOD))
    robot = Enterprise.objects.get(uscc=code_for(7))
    assert batch.state == ImportState.APPLIED
    assert robot.state == Enterprise.State.ACTIVE
    assert (robot.region_id, robot.industry_id, robot.ownership) == ("330100", "C34", "private")
    assert (robot.owner, robot.lead_department) == (cast.officer, cast.d1)
    assert robot.listed == [{"agreement_title": "实习基地协议", "signed": "2024.9.1", "agreement_number": "HT-7"}]
    contact = Contact.objects.get(enterprise=robot)
    assert (contact.name, contact.honorific, contact.phones) == ("许燕", "许经理", ["13811112222"])
    visit = Touchpoint.objects.get(enterprise=robot)
    assert (timezone.localdate(visit.happened_at), visit.precision) == (date(2026, 3, 1), "month")
    assert robot.last_contact_at == visit.happened_at
    assert not check_last_contact().exists()
    assert Enterprise.objects.named_like("tmjqr").get() == robot
    kinds = set(Event.objects.in_stream(robot.pk).values_list("kind", flat=True))
    assert kinds == {"enterprise.listed", "touchpoint.logged"}


def test_the_same_list_twice_changes_nothing(cast):
    apply(read(cast.officer, GOOD))
    counted = [model.objects.count() for model in (Enterprise, Contact, Touchpoint)]
    events = Event.objects.filter(stream__isnull=False).count()
    again = read(cast.officer, GOOD)
    assert verdicts(again) == ["unchanged", "unchanged"]
    apply(again)
    assert [model.objects.count() for model in (Enterprise, Contact, Touchpoint)] == counted
    assert Event.objects.filter(stream__isnull=False).count() == events


def test_three_formats_give_the_same_rows(cast):
    rows = layout(messy_rows())
    for name, data in (("a.xlsx", as_xlsx(rows)), ("a.xls", as_xls(rows)), ("a.csv", as_csv(rows))):
        batch = services.read_import(upload(cast.officer, data, name))
        assert batch.state == ImportState.PREVIEW, name
        assert batch.rows.count() == 6, name


def test_agreements_of_a_merged_cell_belong_to_one_enterprise(cast):
    apply(services.read_import(upload(cast.officer, as_xlsx(layout(messy_rows())))))
    stack = Enterprise.objects.get(name="云栈科技有限公司")
    assert [entry["agreement_title"] for entry in stack.listed][:3] == ["框架协议", "订单班协议", "共建协议"]


def test_a_changed_cell_shows_old_and_new_and_keeps_the_former_name(cast):
    apply(read(cast.officer, GOOD))
    changed = [line(name="杭州天目智能机器人有限公司", uscc=code_for(7), contact="许燕 13811112222 / 周亮 13700001111")]
    batch = read(cast.officer, changed)
    row = batch.rows.get()
    assert row.verdict == ImportRow.Verdict.CHANGED
    assert ["name", "杭州天目机器人有限公司", "杭州天目智能机器人有限公司"] in row.changes
    apply(batch)
    robot = Enterprise.objects.get(uscc=code_for(7))
    assert robot.former_names == ["杭州天目机器人有限公司"]
    assert set(robot.contacts.values_list("name", flat=True)) == {"许燕", "周亮"}
    assert robot.address, "what the list leaves empty is not emptied"
    assert Enterprise.objects.named_like("天目机器人").get() == robot


FAULTY = [
    (line(name="甲公司", uscc="91330100MA27XL0C43"), "uscc_checksum"),
    (line(name="乙公司", uscc=9.13301e17), "lost_digits"),
    (line(name="丙" * 300), "name_too_long"),
    (line(uscc=code_for(9), address="杭州"), "no_name"),
    (line(name="丁公司", signed="2026.2.30"), "impossible_date"),
]


@pytest.mark.parametrize(("faulty", "code"), FAULTY)
def test_a_bad_row_waits_while_the_good_ones_go_on(cast, faulty, code):
    batch = apply(read(cast.officer, [GOOD[1], faulty]))
    assert problems(batch) == [code]
    assert verdicts(batch) == ["new", "faulty"]
    assert Enterprise.objects.filter(uscc=code_for(8)).exists()
    assert not Enterprise.objects.filter(name__startswith=str(faulty[2] or "!")[:20]).exists()


def test_the_return_file_holds_the_bad_rows_with_the_reason_in_the_last_column(cast, signed_in):
    batch = read(cast.officer, [GOOD[1], line(name="丁公司", signed="2026.2.30", remark="请核对")])
    response = signed_in(cast.officer).get(reverse("partnerships:import_return", args=[batch.pk]))
    (sheet,) = read_workbook(b"".join(response.streaming_content), "return.xlsx").sheets
    heads, row = sheet.rows[0], sheet.rows[1]
    assert len(sheet.rows) == 2
    assert row[heads.index("企业全称")] == "丁公司"
    assert row[heads.index("签订时间")] == "2026.2.30"
    assert "2026.2.30" in row[-1]
    assert heads[-1]


def test_a_code_recorded_for_another_name_is_a_fault_of_both(cast):
    apply(read(cast.officer, GOOD))
    batch = read(cast.officer, [line(name="宁波港通物流有限公司", uscc=code_for(7))])
    assert problems(batch) == ["two_enterprises"]
    batch = read(cast.officer, [line(name="宁波港通物流有限公司", uscc=code_for(5))])
    assert problems(batch) == ["other_code"]


def test_an_officer_cannot_change_a_foreign_partner_through_a_list(cast):
    batch = read(cast.other_officer, [line(name=cast.a.name, uscc=code_for(3), address="杭州市滨江区")])
    assert problems(batch) == ["not_yours"] or verdicts(batch) == ["new"]
    apply(batch)
    cast.a.refresh_from_db()
    assert (cast.a.uscc, cast.a.address) == ("", "")


def test_a_partner_changed_after_the_preview_is_left_out(cast):
    apply(read(cast.officer, GOOD))
    batch = read(cast.officer, [line(name="宁波港通物流有限公司", uscc=code_for(8), address="宁波市北仑区一路")])
    Enterprise.objects.filter(uscc=code_for(8)).update(address="宁波市北仑区二路")
    apply(batch)
    assert problems(batch) == ["stale"]
    assert Enterprise.objects.get(uscc=code_for(8)).address == "宁波市北仑区二路"


def test_apply_twice_and_apply_after_putting_aside(cast):
    batch = read(cast.officer, GOOD)
    apply(batch)
    with pytest.raises(Refused):
        services.start_applying(batch, by=cast.officer)
    aside = services.discard_import(read(cast.officer, GOOD), by=cast.officer)
    with pytest.raises(Refused):
        services.start_applying(aside, by=cast.officer)


def test_an_unreadable_file_says_why_and_writes_nothing(cast):
    batch = services.read_import(upload(cast.officer, b"name;code\n" * 3, "list.csv"))
    assert batch.state in (ImportState.UNREADABLE, ImportState.PREVIEW)
    assert batch.remarks
    assert not batch.rows.exists()


def test_what_a_lost_worker_left_is_picked_up(cast):
    unread = upload(cast.officer, as_xlsx(layout(GOOD), merged=False))
    applying = services.start_applying(read(cast.officer, [GOOD[1]]), by=cast.officer)
    later = timezone.now() + services.LEFT_ALONE * 2
    assert services.pick_up_imports(now=later) == 2
    unread.refresh_from_db()
    applying.refresh_from_db()
    assert (unread.state, applying.state) == (ImportState.PREVIEW, ImportState.APPLIED)
    assert services.pick_up_imports(now=later) == 0


def test_one_that_fails_does_not_keep_the_others_waiting(cast, caplog, monkeypatch):
    broken, good = (
        upload(cast.officer, as_xlsx(layout(GOOD), merged=False), name=name) for name in ("坏.xlsx", "好.xlsx")
    )
    read_list = services.read_workbook
    monkeypatch.setattr(
        services, "read_workbook", lambda data, name: 1 / 0 if name == "坏.xlsx" else read_list(data, name)
    )
    services.pick_up_imports(now=timezone.now() + services.LEFT_ALONE * 2)
    good.refresh_from_db()
    assert good.state == ImportState.PREVIEW
    assert f"import {broken.pk} could not be picked up" in caplog.text


# --- pages -------------------------------------------------------------------------------------------------------


def test_upload_preview_apply_in_the_browser(cast, signed_in):
    client = signed_in(cast.officer)
    page = client.get(reverse("partnerships:import_new"))
    key = page.context["form"].initial.get("form_key") or page.context["form"]["form_key"].value()
    data = {"form_key": key, "file": SimpleUploadedFile("我的台账.xlsx", as_xlsx(layout(GOOD), merged=False))}
    response = client.post(reverse("partnerships:import_new"), data, follow=True)
    assert "杭州天目机器人有限公司" in response.content.decode()
    batch = Import.objects.get()
    response = client.post(reverse("partnerships:import_apply", args=[batch.pk]), follow=True)
    assert response.status_code == 200
    assert Enterprise.objects.filter(uscc=code_for(7)).exists()
    again = client.post(reverse("partnerships:import_apply", args=[batch.pk]), follow=True)
    assert again.status_code == 200


def test_a_double_upload_shows_the_first(cast):
    key = uuid.uuid4()
    data = as_xlsx(layout(GOOD), merged=False)
    assert upload(cast.officer, data, form_key=key) == upload(cast.officer, data, form_key=key)
    assert Import.objects.count() == 1


def test_a_picture_under_the_name_of_a_list_is_refused_at_the_field(cast, signed_in):
    data = {"form_key": uuid.uuid4(), "file": SimpleUploadedFile("list.xlsx", b"\x89PNG\r\n\x1a\n" + b"x" * 100)}
    response = signed_in(cast.officer).post(reverse("partnerships:import_new"), data)
    assert response.status_code == 422
    assert response.context["form"].errors["file"]
    assert not Import.objects.exists()


@pytest.mark.parametrize("what", ["bytes", "file", "uploader", "role"])
def test_a_list_that_nobody_can_read_any_more_says_so(cast, signed_in, settings, what):
    batch = upload(cast.officer, as_xlsx(layout(GOOD), merged=False))
    if what == "bytes":
        for path in Path(settings.FILES_DIR).rglob("*"):
            path.unlink() if path.is_file() else None
    elif what == "file":
        batch.files.all().delete()
    elif what == "uploader":
        disable_user(cast.officer, by=cast.administrator)
    else:
        change_role(cast.officer, by=cast.administrator, role=Role.TEACHER)
    services.pick_up_imports(now=timezone.now() + timedelta(minutes=3))
    batch.refresh_from_db()
    assert batch.state == ImportState.UNREADABLE
    assert Event.objects.get(kind="import.fail").by is None
    page = signed_in(cast.lead).get(reverse("partnerships:import_detail", args=[batch.pk]))
    (remark,) = page.context["remarks"]
    sentence = "no longer on the server" if what in ("bytes", "file") else "may no longer change partners"
    assert sentence in str(remark["sentences"][0])
    assert not page.context["is_waiting"]
    assert not Enterprise.objects.filter(uscc=code_for(7)).exists()


def test_nothing_is_written_for_somebody_who_is_gone(cast):
    batch = services.start_applying(read(cast.officer, GOOD), by=cast.officer)
    disable_user(cast.officer, by=cast.administrator)
    services.pick_up_imports(now=timezone.now() + timedelta(minutes=3))
    batch.refresh_from_db()
    assert batch.state == ImportState.UNREADABLE
    assert not Enterprise.objects.filter(uscc=code_for(7)).exists()


def test_an_import_is_seen_by_its_officer_and_by_leads_only(cast, signed_in):
    batch = read(cast.officer, GOOD)
    url = reverse("partnerships:import_detail", args=[batch.pk])
    missing = reverse("partnerships:import_detail", args=[batch.pk + 1_000])
    for who, status in (("officer", 200), ("lead", 200), ("administrator", 200), ("other_officer", 404), ("hr", 404)):
        client = signed_in(getattr(cast, who))
        assert client.get(url).status_code == status, who
        if status == 404:
            assert bare(client.get(url)) == bare(client.get(missing))
            assert client.post(reverse("partnerships:import_apply", args=[batch.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_lists_with_the_same_new_partner_make_one():
    cast = gather()
    rows = [line(name="杭州同时机械有限公司", contact="许燕 13811112222")]
    batches = [services.start_applying(read(cast.officer, rows), by=cast.officer) for _number in range(2)]

    def finish(batch):
        services.finish_applying(batch)
        connection.close()

    threads = [Thread(target=finish, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Enterprise.objects.filter(name="杭州同时机械有限公司").count() == 1
    assert sorted(code for batch in batches for code in problems(batch)) == ["stale"]

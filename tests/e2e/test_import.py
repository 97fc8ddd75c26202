"""The list an officer really keeps: uploaded, looked through, applied, and the rest carried back."""

import io
import re

import openpyxl
from playwright.sync_api import expect

from tests.e2e.visitor import RUN
from tests.partnerships.lists import as_xlsx, code_for, layout, line

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REASON_HEAD = re.compile("原因|退回")


def faulty_list(number):
    """Three new partners; a code that lost its digits and a day that never was. `number` makes the names unique."""
    firms = [
        line(sequence="1", lead="智能制造学院", name=f"杭州澄砚{number}号轴承有限公司", uscc=code_for(100_000 + number * 10),
             size="260人", address="杭州市萧山区新塘街道", contact="赵敏（人事）13800000001/钱波0571-88886666转802 微信同号",
             agreement="校企合作协议", signed="2025.9.1", term="三年", visit="2026年6月"),
        line(sequence="2", lead="同上", name=f"𠮷田精密·机械{number}号有限公司", uscc="办理中", contact="吴芳", phone="13900000002"),
        line(sequence="3", lead="信息工程学院", name=f"宁波帆远{number}号软件有限公司", contact="周经理", phone="13700000003"),
        line(sequence="4", lead="信息工程学院", name=f"掉了位数{number}号有限公司", uscc="9.13301E+17", contact="袁俊"),
        line(sequence="5", lead="信息工程学院", name=f"没有这天{number}号有限公司", uscc=code_for(100_003 + number * 10), visit="2026.2.30"),
    ]  # fmt: skip
    return {"name": f"合作企业台账{number}.xlsx", "mimeType": XLSX, "buffer": as_xlsx(layout(firms), merged=False)}


def test_a_faulty_list(visitors, places, site, variant):
    number = int(RUN, 16) % 9000 + 3 * ["zh-hans", "en"].index(variant["language"]) + variant["js"]
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    upload = faulty_list(number)
    preview(officer, upload, new=3, faulty=2)
    page = officer.page
    assert written(site, number) == 0

    wrong = page.locator("tr[data-kind=faulty]")
    expect(wrong.filter(has_text=f"掉了位数{number}号")).to_contain_text(re.compile(r"\b[A-Z]{1,2}\d+\b"))
    expect(wrong.filter(has_text=f"没有这天{number}号").locator(".why")).to_contain_text("2026.2.30")

    page.get_by_role(
        "button", name=officer.say_number("Apply %(number)s good row", "Apply %(number)s good rows", 3)
    ).click()
    expect(
        page.get_by_text(officer.say("The good rows are written. The others wait in the return file."))
    ).to_be_visible()
    assert written(site, number) == 3

    name = officer.say_number("Download %(number)s faulty row", "Download %(number)s faulty rows", 2)
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    returned = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    table = [[str(cell) if cell is not None else "" for cell in row] for row in returned.iter_rows(values_only=True)]
    rest = [row for row in table if any(f"{number}号" in cell for cell in row)]
    assert len(rest) == 2
    assert all(len(row[-1]) > 10 for row in rest), rest

    page.get_by_role("link", name=f"𠮷田精密·机械{number}号有限公司").click()
    expect(officer.heading()).to_contain_text(f"𠮷田精密·机械{number}号有限公司")
    expect(page.locator("#people")).to_contain_text("13900000002")

    preview(officer, upload, unchanged=3, faulty=2)
    expect(page.locator(".next button.button--main")).to_be_disabled()


def written(site, number):
    return site.value(
        "SELECT count(*) FROM partnerships_enterprise WHERE name LIKE %s", f"%机械{number}号%"
    ) + site.value(
        "SELECT count(*) FROM partnerships_enterprise WHERE name LIKE ANY(%s)",
        [f"%澄砚{number}号%", f"%帆远{number}号%"],
    )


def preview(officer, upload, **tally):
    """Upload a list; the preview counts its rows and nothing is written."""
    page = officer.page
    officer.open("/imports/new/")
    page.set_input_files("input[type=file]", upload)
    officer.button("Read the list").click()
    expect(page.get_by_text(officer.say("Nothing has been written yet."))).to_be_visible(timeout=60_000)
    for verdict, number in tally.items():
        expect(page.locator(f".tally [data-kind={verdict}] strong")).to_have_text(str(number))


def test_a_list_nobody_can_read(visitors, places, variant):
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][1])
    officer.open("/imports/new/")
    officer.page.set_input_files(
        "input[type=file]", {"name": "台账.xlsx", "mimeType": XLSX, "buffer": b"PK\x03\x04 nothing"}
    )
    officer.button("Read the list").click()
    expect(officer.page.locator(".notice--error, .error-summary").first).to_be_visible()
    expect(officer.heading()).to_be_visible()

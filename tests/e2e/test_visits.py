"""The list of visits as an officer keeps it: uploaded, looked through, applied; then in the timeline of the partner."""

import io
import re

import openpyxl
from playwright.sync_api import expect

from tests.e2e.visitor import RUN, of
from tests.partnerships.visit_lists import as_xlsx, layout, visit

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIRST, SECOND = "杭州砺锋精密机械有限公司", "浙江宏轸轴承有限公司"


def visits_list(mark):
    rows = [
        visit(sequence="1", when="2026.3.12上午", kind="走访", leader="张校长一行5人", firms=FIRST, people="赵敏（人事）",
              summary=f"看望实习生 {mark}", agreed="增设订单班", jobs="20+", internships="若干", follow_up="王老师 4月底前", evidence="见公众号"),
        visit(sequence="2", when="3.12-3.14", kind="实地走访", firms=f"{FIRST}、{SECOND}", summary=f"两家同走 {mark}", jobs="8"),
        visit(sequence="3", when="2026年3月", kind="来校", firms=SECOND, summary=f"来校宣讲 {mark}"),
        visit(sequence="4", when="2026.3.12", firms="杭州砺锋精密机戒有限公司", summary=f"名字写错 {mark}"),
        visit(sequence="5", when="2026.2.30", firms=SECOND, summary=f"没有这天 {mark}"),
    ]  # fmt: skip
    return {"name": f"走访台账 {mark}.xlsx", "mimeType": XLSX, "buffer": as_xlsx(layout(rows))}


def preview(officer, upload, **tally):
    page = officer.page
    officer.open("/imports/new/?kind=visits")
    page.set_input_files("input[type=file]", upload)
    officer.button("Read the list").click()
    expect(page.get_by_text(officer.say("Nothing has been written yet."))).to_be_visible(timeout=60_000)
    for verdict, number in tally.items():
        expect(page.locator(f".tally [data-kind={verdict}] strong")).to_have_text(str(number))


def trips(site, mark):
    """How many of the list's good rows are trips; other journeys make trips with the same mark."""
    summaries = [f"{summary} {mark}" for summary in ("看望实习生", "两家同走", "来校宣讲")]
    return site.value("SELECT count(*) FROM partnerships_trip WHERE summary = ANY(%s)", summaries)


def test_a_dirty_list_of_visits(visitors, places, site, variant):
    mark = of(variant)
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    preview(officer, visits_list(mark), new=3, faulty=2)
    assert trips(site, mark) == 0
    wrong = page.locator("tr[data-kind=faulty]")
    expect(wrong.filter(has_text="机戒").locator(".why")).to_contain_text(FIRST)
    expect(wrong.filter(has_text="机戒").locator(".why")).to_contain_text("走访!F7")
    expect(wrong.filter(has_text=SECOND).locator(".why")).to_contain_text("2026.2.30")

    apply = officer.say_number("Apply %(number)s good row", "Apply %(number)s good rows", 3)
    page.get_by_role("button", name=apply).click()
    expect(
        page.get_by_text(officer.say("The good rows are written. The others wait in the return file."))
    ).to_be_visible()
    assert trips(site, mark) == 3
    name = officer.say_number("Download %(number)s faulty row", "Download %(number)s faulty rows", 2)
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    returned = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    rows = [[str(cell or "") for cell in row] for row in returned.iter_rows(values_only=True)]
    assert [len(row[-1]) > 10 for row in rows if any(mark in cell for cell in row)] == [True, True]

    officer.link("To the trips").click()
    officer.open(f"/trips/{site.value('SELECT id FROM partnerships_trip WHERE summary = %s', f'看望实习生 {mark}')}/")
    for text in ("张校长一行5人", "2026.3.12上午", "20+", "若干", "见公众号"):
        expect(page.locator("main")).to_contain_text(text)
    part = site.value("SELECT id FROM partnerships_touchpoint WHERE summary = %s", f"看望实习生 {mark}")
    firm = site.value("SELECT enterprise_id FROM partnerships_touchpoint WHERE id = %s", part)
    read_in_the_timeline(officer, firm, f"看望实习生 {mark}")

    preview(officer, visits_list(mark), unchanged=3, faulty=2)
    expect(page.locator(".next button.button--main")).to_be_disabled()


def read_in_the_timeline(officer, firm, text):
    """The visit stands at its day, among older things."""
    officer.open(f"/partners/{firm}/timeline/?show=contacts")
    expect(officer.entry(text)).to_contain_text("20+")


def test_what_was_logged_wrong(visitors, places, site, variant):
    """Corrected with its former words kept, for both sides; an enterprise taken off its trip."""
    mark = of(variant)
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    firm = int(re.search(r"/partners/(\d+)/", places["pages"]["officer"]["partnerships:enterprise_detail"])[1])
    officer.open(f"/partners/{firm}/contacts/log/")
    page.locator("[name=summary]").fill(f"说好八名 {mark}")
    officer.write_this_minute()
    officer.button("Log the contact").click()
    officer.open(f"/partners/{firm}/timeline/?show=contacts")
    officer.entry(f"说好八名 {mark}").get_by_role("link", name=re.compile(officer.say("Open"))).click()
    officer.link("Correct").click()
    page.locator("[name=summary]").fill(f"说好六名 {mark}")
    officer.button("Save the correction").click()
    expect(page.locator(".entry")).to_contain_text(f"说好六名 {mark}")
    page.locator(".entry summary").first.click()
    expect(page.locator(".entry del")).to_have_text(f"说好八名 {mark}")

    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    hr.open(places["pages"]["hr"]["partnerships:portal_partnership"] + "?show=contacts")
    entry = hr.entry(f"说好六名 {mark}")
    entry.locator("summary").click()
    expect(entry.locator("del")).to_have_text(f"说好八名 {mark}")

    take_off(officer, site, firm, mark)
    hr.open(places["pages"]["hr"]["partnerships:portal_partnership"] + "?show=contacts")
    expect(hr.page.locator("main")).not_to_contain_text(f"走错门 {mark}")
    expect(hr.entry(hr.say("corrected")).first).to_be_visible()


def take_off(officer, site, firm, mark):
    """Log a trip to two, and take the enterprise of the portal off it."""
    page = officer.page
    other = site.value("SELECT id FROM partnerships_enterprise WHERE name = %s", SECOND)
    officer.open(f"/trips/new/?enterprises={firm}&enterprises={other}")
    page.locator("[name=summary]").fill(f"走错门 {mark}")
    officer.button("Log the trip").click()
    page.locator(f'a[href="/partners/touchpoints/{part_of(site, firm, mark)}/withdraw/"]').click()
    page.locator("[name=reason]").fill(f"没有去成 {RUN}")
    officer.button("Take off the trip").click()
    expect(page.get_by_text(officer.say("Taken back. The enterprise reads that it was corrected."))).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"没有去成 {RUN}")


def part_of(site, firm, mark):
    statement = "SELECT id FROM partnerships_touchpoint WHERE enterprise_id = %s AND summary = %s"
    return site.value(statement, firm, f"走错门 {mark}")

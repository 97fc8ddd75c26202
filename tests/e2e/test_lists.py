"""A list as an officer works with it: kept under a name, ticked and handed on, taken along as a file."""

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import of


def test_a_view_is_saved_opened_renamed_and_deleted(visitors, places, variant):
    name, other = f"战略 {of(variant)}", f"战略合作 {of(variant)}"
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/partners/?tier=1&sort=-contact")
    page.locator(".views summary").click()
    page.locator(".views [name=name]").fill(name)
    officer.button("Save view").click()
    expect(page.get_by_text(officer.say("“%(name)s” is saved.", name=name))).to_be_visible()
    expect(page).to_have_url(re.compile(r"/partners/\?tier=1&sort=-contact$"))

    officer.open("/partners/")
    page.locator(".views summary").click()
    page.locator(".views").get_by_role("link", name=name, exact=True).click()
    expect(page).to_have_url(re.compile(r"tier=1&sort=-contact$"))
    expect(page.locator(".chip--on")).to_have_count(1)

    officer.open("/views/")
    row = page.locator("li.task", has=page.locator(f"input[value='{name}']"))
    row.locator("[name=name]").fill(other)
    row.get_by_role("button", name=re.compile(f"^{officer.say('Rename')}")).click()
    expect(page.get_by_role("link", name=other, exact=True)).to_be_visible()
    row = page.locator("li.task", has=page.locator(f"input[value='{other}']"))
    row.get_by_role("button", name=re.compile(f"^{officer.say('Delete')}")).click()
    expect(page.get_by_role("link", name=other, exact=True)).to_have_count(0)


def test_a_view_saved_after_a_swap_keeps_what_is_shown(visitors, places):
    """The list follows the filter without a new page; what is saved is what stands there then."""
    officer = visitors(language="en").sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/partners/")
    page.locator("details.filter summary", has_text="Filter").click()
    page.locator("[name=tier]").select_option("2")
    expect(page.locator(".chip--on")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator(".views summary").click()
    page.locator(".views [name=name]").fill(f"紧密 {of({'language': 'en', 'width': 1280, 'js': True})}")
    officer.button("Save view").click()
    expect(page).to_have_url(re.compile(r"/partners/\?tier=2$"))


@pytest.fixture
def firms(site):
    """Two partners of the first officer, put back with their owner when the test is over, and one of another's."""
    rows = site.rows(
        "SELECT e.id, e.owner_id, e.version FROM partnerships_enterprise e JOIN accounts_user u ON u.id = e.owner_id "
        "WHERE u.email = 'lin.wei@qinglan.example' AND e.merged_into_id IS NULL ORDER BY e.sort_key, e.id LIMIT 2"
    )
    yield [row[0] for row in rows]
    for pk, owner, _version in rows:
        site.rows("UPDATE partnerships_enterprise SET owner_id = %s WHERE id = %s", owner, pk)


def test_rows_are_ticked_checked_and_handed_over(visitors, places, site, firms, variant):
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    successor = places["accounts"]["officer"][1]
    page = officer.page
    officer.open("/partners/?mine=true")
    bar = page.locator(".bulk")
    expect(bar).to_be_hidden()
    for pk in firms:
        page.locator(f"[name=enterprises][value='{pk}']").check()
    expect(bar).to_be_visible()
    if officer.js:
        expect(bar.locator("[data-chosen]")).to_have_text("2")
    bar.locator("[name=do]").select_option("hand_over")
    officer.button("Go on").click()

    page.locator("[name=owner]").select_option(str(successor["pk"]))
    officer.button("Check").click()
    expect(officer.heading()).to_have_text(officer.say("Check before it is changed"))
    expect(page.locator("tbody tr")).to_have_count(2)
    number = site.value("SELECT count(*) FROM records_event WHERE kind = 'enterprise.handed_over'")
    name = officer.say_number("Change %(number)s partner", "Change %(number)s partners", 2)
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=re.compile(officer.say("Changed")))).to_be_visible()
    handed = "SELECT count(*) FROM partnerships_enterprise WHERE id = ANY(%s) AND owner_id = %s"
    assert site.value(handed, firms, successor["pk"]) == 2

    form = {"data": sent.value.post_data_buffer, "headers": {"content-type": sent.value.headers["content-type"]}}
    again = officer.context.request.post("/partners/many/", **form)
    assert again.url == page.url
    assert site.value("SELECT count(*) FROM records_event WHERE kind = 'enterprise.handed_over'") == number + 2


def test_ticked_rows_go_to_a_trip(visitors, places, firms):
    officer = visitors(language="en").sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/partners/?mine=true")
    for pk in firms:
        page.locator(f"[name=enterprises][value='{pk}']").check()
    officer.button("Log a trip to them").click()
    expect(page).to_have_url(re.compile(r"/trips/new/\?enterprises="))
    expect(page.locator("[name=enterprises]:checked")).to_have_count(2)


def test_a_long_list_is_written_in_the_background(visitors, places, variant):
    """Started, left, found again, downloaded: the rows are those of the filter."""
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/partners/?state=active")
    officer.link("Download as Excel").click()
    officer.button("Write the file").click()
    expect(page).to_have_url(re.compile(r"/exports/\d+/$"))
    path = officer.url_path()
    officer.open("/today/")
    officer.open("/exports/")
    page.locator(f'a[href="{path}"]').click()
    download = page.get_by_role("link", name=re.compile(f"^{officer.say('Download')} "))
    expect(download).to_be_visible(timeout=60_000)
    with page.expect_download() as got:
        download.click()
    assert got.value.suggested_filename.endswith(".xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes())).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) > 20
    assert {row[3] for row in rows[1:]} == {officer.say("active")}

"""What happens every day: two people at one record, a finger that presses twice, a search, another language."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.test_trip import contacts_only
from tests.e2e.visitor import RUN, of


def test_two_editors_at_once(visitors, places, variant):
    """The second one sees both values; what was typed is still there, and may be saved."""
    path = places["pages"]["officer"]["partnerships:enterprise_edit"]
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    lead = visitors(**variant).sign_in(places["accounts"]["lead"][0])
    for editor in (officer, lead):
        editor.open(path)
    theirs, mine = f"甲号楼 {of(variant)}", f"乙号楼 {of(variant)}"
    lead.page.locator("[name=address]").fill(theirs)
    lead.button("Save").click()
    expect(lead.page.locator("#company")).to_contain_text(theirs)

    officer.page.locator("[name=address]").fill(mine)
    officer.page.locator("[name=legal_representative]").fill("孙国强")
    officer.button("Save").click()
    expect(officer.heading()).to_have_text(officer.say("Somebody else saved this while you were writing"))
    both = officer.page.locator("tbody tr", has_text=mine)
    expect(both).to_contain_text(theirs)
    expect(officer.page.locator("[name=address]")).to_have_value(mine)
    expect(officer.page.locator("[name=legal_representative]")).to_have_value("孙国强")
    officer.button("Save my version").click()
    expect(officer.page.locator("#company")).to_contain_text(mine)


def test_pressed_twice(visitors, places, site, variant):
    """A double click, and the very same form sent once more: one row."""
    sentence = f"电话约好周四上午来校。{of(variant)}"
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    path = places["pages"]["officer"]["partnerships:touchpoint_new"]
    officer.open(path)
    officer.page.locator("[name=summary]").fill(sentence)
    officer.write_this_minute()
    with officer.page.expect_request(lambda request: request.method == "POST") as sent:
        officer.button("Log the contact").dblclick()
    contacts_only(officer)
    expect(officer.entry(sentence)).to_have_count(1)
    form = {"data": sent.value.post_data_buffer, "headers": {"content-type": sent.value.headers["content-type"]}}
    again = officer.context.request.post(path, **form)
    assert again.url.endswith("/timeline/"), again.status
    assert site.value("SELECT count(*) FROM partnerships_touchpoint WHERE summary = %s", sentence) == 1


@pytest.mark.parametrize("words", ["砺", "lf", "lifeng", "砺锋精密"])
def test_search(visitors, places, variant, words):
    """By one character, initials, pinyin and name; with scripts the list follows while one types."""
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/partners/")
    field = page.locator("#list-search")
    field.fill(words)
    if officer.js:
        page.wait_for_url(re.compile(r"q=."))
        expect(field).to_be_focused()
    else:
        page.locator("form[data-filter] button[type=submit].button:visible").last.click()
    name = (
        "杭州砺锋精密机械有限公司" if officer.language == "zh-hans" else "Hangzhou Lifeng Precision Machinery Co., Ltd."
    )
    expect(page.locator("#results").get_by_role("link", name=name, exact=True)).to_be_visible()
    assert page.locator("#results tbody tr").count() < 30


def test_the_slash_key_searches(visitors, places):
    officer = visitors(language="en").sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/today/")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("lfjm")
    page.keyboard.press("Enter")
    page.wait_for_url("**/partners/?q=lfjm")
    expect(page.locator("#results tbody tr").first).to_be_visible()


@pytest.mark.parametrize("js", [True, False], ids=["js", "without-js"])
def test_another_language(visitors, places, js):
    """The switch says the other language in its own words, and stays with the person."""
    teacher = visitors(js=js).sign_in(places["accounts"]["teacher"][0])
    page = teacher.page
    page.locator(".language button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("nav.rail")).to_contain_text("Today")
    again = visitors(js=js, language="en").sign_in(places["accounts"]["teacher"][0])
    expect(again.page.locator("html")).to_have_attribute("lang", "en")
    page.locator(".language button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_nothing_typed_is_lost_when_a_form_is_refused(visitors, places, variant):
    """Errors stand on top and at the field, the summary has the focus, its link leads to the field."""
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    officer.open("/trips/new/")
    page.locator("[name=summary]").fill(f"还没选企业 {RUN}")
    officer.button("Log the trip").click()
    summary = page.locator(".error-summary")
    expect(summary).to_be_visible()
    expect(page.locator("[name=summary]")).to_have_value(f"还没选企业 {RUN}")
    expect(page).to_have_title(re.compile(re.escape(officer.say("Error:"))))
    if officer.js:
        expect(summary).to_be_focused()
    summary.get_by_role("link").first.click()
    if officer.js:
        assert page.evaluate("document.activeElement.closest('#id_enterprises') !== null")


def test_the_administrator_reads_in_the_admin(visitors, places):
    """Django's admin opens without another sign-in; partners are read there, not written."""
    administrator = visitors(language="en").sign_in(places["accounts"]["administrator"][0])
    page = administrator.page
    administrator.open("/admin/partnerships/enterprise/")
    page.locator("#result_list tbody th a").first.click()
    expect(page.locator("#content h1")).to_be_visible()
    expect(page.locator("#content [name=_save], #content .deletelink, .object-tools .addlink")).to_have_count(0)
    officer = visitors(language="en").sign_in(places["accounts"]["officer"][0])
    assert officer.open("/admin/partnerships/enterprise/").status == 403
    expect(officer.heading()).to_be_visible()

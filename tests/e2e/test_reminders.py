"""A message carried by hand, from the officer's phone to the contact's answer; and the same answer in the portal."""

import re
import urllib.request
from datetime import datetime, timedelta

from playwright.sync_api import expect

from tests.e2e.visitor import of

#: What waits to be carried, by officer, in the order of the page.
WAITING = """
    SELECT t.owner_id, d.id, l.code FROM reminders_delivery d
    JOIN reminders_task t ON t.id = d.task_id JOIN records_link l ON l.id = d.link_id
    WHERE d.channel = 'hand' AND d.state IN ('forward', 'copied') AND t.state = 'open'
    AND l.withdrawn_at IS NULL AND l.expires_at > now() ORDER BY d.due_at, d.id
"""


def state(site, delivery):
    return site.value("SELECT state FROM reminders_delivery WHERE id = %s", delivery)


def who_carries(site, places):
    """(account, ids and codes of the messages): the officer of the demonstration who has most to carry."""
    rows = site.rows(WAITING)
    accounts = {account["pk"]: account for account in places["accounts"]["officer"]}
    of_each = {pk: [(one, code) for owner, one, code in rows if owner == pk] for pk in accounts}
    most = max(of_each, key=lambda pk: len(of_each[pk]))
    assert len(of_each[most]) >= 2, of_each
    return accounts[most], of_each[most]


def carry_one(officer, site, delivery, code):
    """Copy it and tick it; returns its address, as it stands alone on the last line."""
    page = officer.page
    text = page.locator("#carried").input_value()
    words, address = text.rsplit("\n", 1)
    assert len(words) <= 80
    assert re.fullmatch(rf"http://localhost:\d+/l/{code}", address)
    expect(page.locator("[data-carry] .qr svg")).to_be_visible()
    if officer.js:
        with officer.page.expect_response(lambda response: response.url.endswith("/copy/")) as told:
            officer.button("Copy message").click()
        assert told.value.status == 204
        assert page.evaluate("navigator.clipboard.readText()").splitlines() == text.splitlines()
        assert state(site, delivery) == "copied"
    page.locator('[data-carry] form[action$="/tick/"] button').click()
    expect(page.locator("#done")).to_be_visible()
    expect(page.locator(f'[data-carry] form[action$="/{delivery}/tick/"]')).to_have_count(0)
    assert state(site, delivery) == "sent"
    return address


def test_a_message_is_carried_opened_and_answered(visitors, places, site, variant):
    account, waiting = who_carries(site, places)
    officer = visitors(**variant).sign_in(account)
    officer.open("/today/")
    officer.page.locator('main a[href="/forward/"]').click()
    expect(officer.heading()).to_have_text(officer.say("To forward this week"))
    (delivery, code), (following, _code) = waiting[:2]
    address = carry_one(officer, site, delivery, code)
    expect(officer.page.locator(f'[data-carry] form[action$="/{following}/tick/"]')).to_be_visible()

    undo = officer.page.locator(f'form[action$="/{delivery}/untick/"] button')
    undo.click()
    expect(officer.page.locator(f'[data-carry] form[action$="/{delivery}/tick/"]')).to_be_visible()
    assert state(site, delivery) == "forward"
    address = carry_one(officer, site, delivery, code)

    with urllib.request.urlopen(address, timeout=30) as fetched:  # as a messenger does for its preview
        assert fetched.status == 200
    assert state(site, delivery) == "sent", "a fetched link counts as opened"

    foreman = visitors(**variant)
    foreman.open(address)
    if foreman.js:
        foreman.page.wait_for_load_state("networkidle")
        assert state(site, delivery) == "opened"
    when = f"周五上午十点，走南门。{of(variant)}"
    foreman.page.get_by_text(foreman.say("Yes, a time"), exact=True).click()
    foreman.button("Suggest this time").click()
    expect(foreman.page.locator(".error-summary")).to_be_visible()
    expect(foreman.button("Suggest this time")).to_be_visible()
    foreman.page.locator("[name=day]").first.check()
    foreman.page.locator("[name=when]").fill(when)
    foreman.page.locator("#id_name").fill("孙师傅")
    foreman.button("Suggest this time").click()
    expect(foreman.heading()).to_have_text(foreman.say("Thank you!"))
    expect(foreman.page.locator("main")).to_contain_text(when)
    assert state(site, delivery) == "answered"

    officer.open("/forward/")
    done = officer.page.locator("section", has=officer.page.locator("#done"))
    expect(done).to_contain_text(officer.say("answered"))
    stream = site.value("SELECT stream FROM reminders_delivery WHERE id = %s", delivery)
    officer.open(f"/partners/{stream}/timeline/")
    expect(officer.entry(when)).to_contain_text("孙师傅")


def test_a_task_is_put_off_in_its_row(visitors, places, site, variant):
    account, _waiting = who_carries(site, places)
    officer = visitors(**variant).sign_in(account)
    officer.open("/today/")
    row = officer.page.locator(".task[id]").first
    task = row.get_attribute("id").removeprefix("task-")
    row.locator(".task__more").click()
    if officer.js:  # it unfolds where it stands; without scripts it is the page of the task
        expect(row.locator("details[open]")).to_be_visible()
        expect(row.locator("[name=until]")).to_be_focused()
        assert officer.url_path() == "/today/"
    day = (datetime.now() + timedelta(days=5)).date().isoformat()
    officer.page.locator("main [name=until]").fill(day)
    officer.page.locator("main [name=reason]").fill(f"盘点后再联系{of(variant)}")
    officer.button("Put off").click()
    expect(officer.page.locator(f"#task-{task}")).to_have_count(0)
    assert officer.url_path() == "/today/"
    assert site.value("SELECT snooze_reason FROM reminders_task WHERE id = %s", int(task)).endswith(of(variant))


def test_hr_answers_in_the_portal(visitors, places, variant):
    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    hr.open(places["pages"]["hr"]["partnerships:portal_visit"])
    name = f"孙强 {of(variant)}"
    hr.page.get_by_text(hr.say("Someone else now"), exact=True).click()
    hr.page.locator("[name=new_name]").fill(name)
    hr.button("Tell the school").click()
    expect(hr.page.locator("[name=new_name]")).to_have_value(name)
    hr.page.locator("[name=new_phone]").fill("13800000007")
    hr.button("Tell the school").click()
    expect(hr.page.locator(".notice")).to_contain_text(hr.say("Thank you! The school sees your answer at once."))
    assert hr.url_path() == places["pages"]["hr"]["partnerships:portal_home"]
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    officer.open(places["pages"]["officer"]["partnerships:timeline"])
    expect(officer.entry(name)).to_contain_text("13800000007")

"""The two sides write to each other: in the portal, through a link passed on, and on behalf of somebody."""

import re
import urllib.request

from playwright.sync_api import expect

from tests.e2e.visitor import of

PAPER = {
    "name": "食宿安排.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
}


def thread_of(places):
    return places["pages"]["officer"]["partnerships:thread"]


def ask(officer, places, question):
    officer.open(thread_of(places))
    write = officer.page.locator("#write")
    write.locator("[name=body]").fill(question)
    write.locator("button.button--main").click()
    expect(officer.page.locator(".message", has_text=question)).to_have_attribute("data-side", "school")


def hand_out(officer, question):
    """Make a link to the question; returns its address, read from the message to copy."""
    page = officer.page
    carry = page.locator("form.card", has=page.locator("select[name=message]"))
    carry.locator("select[name=message]").select_option(label=question[:40])
    carry.get_by_role("button", name=officer.say("Make a link")).click()
    box = page.locator("#carried")
    expect(box).to_be_visible()
    expect(page.locator(".qr svg")).to_be_visible()
    text = box.input_value()
    message, address = text.rsplit("\n", 1)
    assert len(message) <= 80
    assert re.fullmatch(r"http://localhost:\d+/l/\w{11,22}", address)
    if officer.js:
        officer.button("Copy message").click()
        expect(page.locator(".copy__done")).to_have_text(officer.say("Copied"))
        assert page.evaluate("navigator.clipboard.readText()").splitlines() == text.splitlines()
    return address


def answer_as(foreman, address, name, answer):
    page = foreman.page
    foreman.open(address)
    page.locator("[name=body]").fill(answer)
    page.locator("[name=name]").fill(name)
    page.locator("[name=who][value=other]").check()
    foreman.button("Send").click()
    expect(page.get_by_text(foreman.say("Thank you!"))).to_be_visible()


def test_hr_answers_in_the_portal(visitors, places, variant):
    question, answer = f"宿舍空调装好了吗？{of(variant)}", f"装好了，安排表见附件。{of(variant)}"
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    ask(officer, places, question)

    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    card = hr.page.locator("section.card--enterprise", has_text=question)
    card.locator("[name=body]").fill(answer)
    card.locator("summary").click()
    card.locator("[name=files]").set_input_files(PAPER)
    card.get_by_role("button", name=hr.say("Answer"), exact=True).click()
    hr.open(places["pages"]["hr"]["partnerships:portal_thread"])
    own = hr.page.locator(".message--own", has_text=answer)
    expect(own).to_contain_text(PAPER["name"])

    officer.open(thread_of(places))
    expect(officer.page.locator(".message[data-side=enterprise]", has_text=answer)).to_contain_text(
        "赵敏" if officer.language == "zh-hans" else "Zhao Min"
    )
    with officer.page.expect_download() as download:
        officer.page.locator(".message", has_text=answer).get_by_role("link", name=PAPER["name"]).click()
    assert download.value.path().read_bytes() == PAPER["buffer"]


def test_a_foreman_answers_through_a_link(visitors, places, site, variant):
    question, answer = f"下周三下午能带学生看数控线吗？{of(variant)}", f"可以，两点到，走南门。{of(variant)}"
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    ask(officer, places, question)
    address = hand_out(officer, question)
    carried, code = officer.page.url, address.rsplit("/", 1)[1]
    opened = "SELECT opened_at IS NOT NULL FROM records_link WHERE code = %s"

    with urllib.request.urlopen(address, timeout=30) as fetched:  # as a messenger does for its preview
        assert fetched.status == 200
    assert not site.value(opened, code), "a fetched link counts as opened"

    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    card = hr.page.locator("section.card--enterprise", has_text=question)
    card.locator("[name=body]").fill(f"我问一下车间。{of(variant)}")
    card.get_by_role("button", name=hr.say("Answer"), exact=True).click()
    expect(hr.heading()).to_be_visible()

    foreman = visitors(**variant)
    foreman.open(address)
    if foreman.js:
        foreman.page.wait_for_load_state("networkidle")
        assert site.value(opened, code)
    assert "下学期" not in foreman.page.locator(".thread").first.inner_text(), "only this question is shown"
    answer_as(foreman, address, "钱师傅", answer)

    officer.open("/today/")
    expect(officer.page.locator(".task", has_text="钱师傅").first).to_be_visible()
    officer.open(thread_of(places))
    through = officer.page.locator(".message[data-side=enterprise]", has_text=answer)
    expect(through.locator(".who")).to_contain_text("钱师傅")
    expect(through.locator(".who")).to_contain_text(officer.say("through a link"))
    expect(
        officer.page.locator(".message[data-side=enterprise]", has_text="我问一下车间。" + of(variant))
    ).to_have_count(1)

    officer.open(carried)
    expect(officer.page.locator(".task", has_text=answer)).to_contain_text("钱师傅")
    renew_a_dead_link(officer, foreman, address, carried)


def renew_a_dead_link(officer, foreman, address, carried):
    """Withdrawn; its holder asks for a new one; the officer sees that on Today and makes one."""
    officer.open(carried)
    officer.button("Withdraw").click()
    assert foreman.open(address).status == 410
    foreman.page.locator("[name=name]").fill("钱师傅")
    foreman.button("Send me a new one").click()
    expect(foreman.heading()).to_have_text(foreman.say("Thank you, we have noted it"))

    officer.open("/today/")
    path = carried.split("/", 3)[3]
    task = officer.page.locator(".task", has=officer.page.locator(f'a[href="/{path}"]'))
    expect(task).to_contain_text("钱师傅")
    task.get_by_role("link").click()
    officer.button("Make a new one").click()
    fresh = officer.page.locator("#carried").input_value().rsplit("\n", 1)[1]
    assert fresh != address
    assert foreman.open(fresh).status == 200
    expect(foreman.page.locator("[name=body]")).to_be_visible()


def test_an_entry_on_behalf_is_corrected(visitors, places, variant):
    said, right = f"下学期要八名数控学生。{of(variant)}", f"是六名，八名是两个车间合计。{of(variant)}"
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    officer.open(places["pages"]["officer"]["partnerships:proxy_new"])
    officer.page.locator("[name=source][value=phone]").check()
    officer.page.locator("[name=said_by]").fill("赵敏")
    officer.page.locator("[name=summary]").fill(said)
    officer.button("Enter").click()
    entry = officer.entry(said)
    expect(entry).to_contain_text(officer.say("to be checked by the enterprise"))

    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    task = hr.page.locator(".task", has_text=said)
    expect(task).to_contain_text("林薇" if hr.language == "zh-hans" else "Lin Wei")
    task.locator("summary").click()
    task.locator("[name=text]").fill(right)
    task.get_by_role("button", name=hr.say("Correct it")).click()
    expect(hr.page.locator("[role=status], .notice").first).to_be_visible()
    hr.open(places["pages"]["hr"]["partnerships:portal_partnership"])
    expect(hr.entry(said, ".entry--behalf")).to_contain_text(right)

    officer.open(places["pages"]["officer"]["partnerships:timeline"])
    entry = officer.entry(said, ".entry--behalf")
    expect(entry).to_contain_text(officer.say("corrected"))
    expect(entry.locator("blockquote")).to_contain_text(right)

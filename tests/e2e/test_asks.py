"""What an enterprise looks for, what fits and why, and what is asked of it: from the phone of HR to the foreman's tap."""

from playwright.sync_api import expect

from tests.e2e.visitor import of

OFFER = "机电一体化技术专业实习生"
OFFER_EN = "Interns in mechatronics"


def post_need(hr, places, title):
    hr.open(places["pages"]["hr"]["partnerships:portal_need_new"])
    page = hr.page
    page.locator("[name=kind][value=interns]").check()
    page.locator("[name=title]").fill(title)
    page.locator("[name=specialties]").select_option("460301")
    page.locator("[name=number]").fill("8")
    hr.picture("need form portal")
    hr.button("Post").click()
    expect(page.locator(".task", has_text=title)).to_be_visible()
    hr.picture("needs portal")


def accept_what_fits(officer, title):
    officer.open(f"/needs/?q={title}")
    page = officer.page
    page.locator("th a", has_text=title).click()
    name = OFFER if officer.language == "zh-hans" else OFFER_EN
    card = page.locator("li.card", has_text=name).first
    expect(card.locator("meter")).to_have_count(5)
    expect(card).to_contain_text("机电一体化技术" if officer.language == "zh-hans" else "Mechatronics")
    expect(card).to_contain_text("杭州" if officer.language == "zh-hans" else "Hangzhou")
    officer.picture("need suggestions")
    other = page.locator("li.card").filter(has_not_text=name).last
    other.locator("summary").click()
    other.locator("[name=reason]").fill("专业不对口")
    other.locator("button[value=declined]").click()
    expect(page.locator("details.card", has_text="专业不对口")).to_have_count(1)
    page.locator("li.card", has_text=name).first.locator("button[value=accepted]").click()
    expect(page.locator("section", has=page.locator("#accepted"))).to_contain_text(name)
    officer.picture("need matched")


def ask(visitor, path, text, because=""):
    visitor.open(path)
    page = visitor.page
    page.locator("[name=kind][value=host]").check()
    page.locator("[name=number]").fill("8")
    page.locator("[name=text]").fill(text)
    if because:
        page.locator("[name=because]").fill(because)
    visitor.picture("ask form")
    page.locator("form.form .button--main").click()
    expect(page.locator(".card--school")).to_contain_text(text)
    return visitor.url_path()


def test_from_a_need_to_an_answer(visitors, places, variant):
    title, text = f"数控实习生 {of(variant)}", f"接收实习生 {of(variant)}"
    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    post_need(hr, places, title)
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    accept_what_fits(officer, title)
    hr.open(places["pages"]["hr"]["partnerships:portal_needs"])
    hr.page.locator(".task", has_text=title).get_by_role("link").click()
    expect(hr.page.locator("main")).to_contain_text(OFFER if hr.language == "zh-hans" else OFFER_EN)
    expect(hr.page.locator("meter")).to_have_count(0)  # never what spoke for or against it
    hr.picture("need found portal")

    asked = ask(officer, places["pages"]["officer"]["partnerships:ask_new"], text)
    officer.button("Pass the link on").click()
    address = page.locator("#carried").input_value().rsplit("\n", 1)[1]
    foreman = visitors(**variant)
    foreman.open(address)
    expect(foreman.page.locator("main")).to_contain_text(text)
    foreman.picture("ask link")
    foreman.page.locator("[name=answer][value=yes]").check()
    foreman.page.locator("[name=number]").fill("6")
    foreman.page.locator("[name=note]").fill("两个车间各三名")
    foreman.page.locator("[name=who][value=other]").check()
    foreman.page.locator("[name=name]").fill("钱师傅")
    foreman.button("Send").click()
    expect(foreman.page.get_by_text(foreman.say("Thank you!"))).to_be_visible()
    expect(foreman.page.locator("[name=answer]")).to_have_count(0)
    foreman.picture("ask answered")

    officer.open("/today/")
    expect(officer.task(text).first).to_be_visible()
    officer.open(asked)
    answer = page.locator(".card--enterprise")
    expect(answer).to_contain_text("两个车间各三名")
    expect(answer).to_contain_text("钱师傅")
    officer.picture("ask read")
    officer.button("Read, off my tasks").click()
    officer.button("It is done").click()
    expect(page.locator(".page__head")).to_contain_text(ASK_DONE[officer.language])
    hr.open(places["pages"]["hr"]["partnerships:portal_asks"])
    expect(hr.page.locator(".task", has_text=text)).to_be_visible()


ASK_DONE = {"zh-hans": "已完成", "en": "done"}


def test_a_second_department_is_told_who_asks_already_and_a_lead_goes_on(visitors, places, variant):
    text, because = f"再接收一批 {of(variant)}", "校长已约好"
    full = places["pages"]["officer"]["partnerships:ask_new (no room)"]
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    officer.open(full)
    notice = officer.page.locator(".notice--warning")
    expect(notice).to_contain_text("周子昂" if officer.language == "zh-hans" else "Zhou Zi'ang")
    expect(notice).to_contain_text("4")
    expect(officer.page.locator("[name=text]")).to_have_count(0)
    officer.picture("ask no room")
    lead = visitors(**variant).sign_in(places["accounts"]["lead"][0])
    ask(lead, full, text, because)
    expect(lead.page.locator(".card--school")).to_contain_text(because)
    lead.picture("ask in spite")

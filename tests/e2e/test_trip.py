"""A visit to two enterprises, logged on the phone; what each side then reads; the record on paper."""

import io
import subprocess

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.e2e.visitor import RUN, of

#: The two enterprises, as each language heads them; a branch of the first has the same beginning.
FIRMS = {
    "zh-hans": ("杭州砺锋精密机械有限公司", "浙江宏轸轴承有限公司"),
    "en": ("Hangzhou Lifeng Precision Machinery Co., Ltd.", "Zhejiang Hongzhen Bearing Co., Ltd."),
}
MOST_TAPS = 4


class Taps:
    """Presses things as a thumb would, and counts."""

    def __init__(self):
        self.count = 0

    def __call__(self, locator):
        self.count += 1
        locator.click()


def photograph():
    picture = Image.new("RGB", (1200, 800), "#dfe6ec")
    ImageDraw.Draw(picture).rectangle((200, 250, 1000, 700), fill="#3f6f8f")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return {"name": "车间.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def log_trip(officer, sentence):
    """From Today to the logged trip; returns how often one taps beside the sentence and the picture."""
    page, tap = officer.page, Taps()
    officer.open("/today/")
    tap(page.locator("aside").get_by_role("link", name=officer.say("Log a trip")))
    for firm in FIRMS[officer.language]:
        tap(page.locator("#choices label", has_text=firm).first)
    page.locator("[name=summary]").fill(sentence)
    page.set_input_files("[name=files]", photograph())
    if officer.js:
        expect(page.locator(".previews img")).to_be_visible()
    tap(officer.button("Log the trip"))
    expect(page.get_by_text(officer.say("Logged. The enterprises see it in their timeline."))).to_be_visible()
    return tap.count


def test_trip_of_two_enterprises(visitors, places, site, variant, tmp_path):
    sentence = f"看望实习生，谈明年的订单班 {of(variant)}。"
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    # Whatever other journeys stirred meanwhile: these two are the ones the officer is busy with.
    site.rows("UPDATE partnerships_enterprise SET last_contact_at = now() WHERE name = ANY(%s)", list(FIRMS["zh-hans"]))
    assert log_trip(officer, sentence) <= MOST_TAPS
    trip = officer.url_path()

    officer.link("Complete the record").click()
    part = page.locator("fieldset", has=page.locator("legend", has_text=FIRMS[officer.language][0])).first
    part.locator("[name$=-people]").fill("赵敏（人事经理）")
    part.locator("[name$=-agreed]").fill("下学期接收六名实习生。")
    part.locator("[name$=-private_note]").fill("对方换了老板，先观望。")
    officer.button("Save").click()
    expect(page.locator("main")).to_contain_text("对方换了老板，先观望。")

    for firm in FIRMS[officer.language]:
        officer.open(trip)
        page.get_by_role("link", name=firm, exact=True).click()
        contacts_only(officer)
        entry = officer.entry(sentence)
        expect(entry).to_have_count(1)
        expect(entry).to_have_attribute("data-side", "school")

    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    hr.page.get_by_role("link", name=hr.say("Partnership"), exact=True).click()
    contacts_only(hr)
    expect(hr.entry(sentence)).to_contain_text("下学期接收六名实习生。")
    assert "先观望" not in hr.page.content()
    assert hr.page.request.get(f"{site.address}{trip}").status in (403, 404)

    officer.open(trip)
    officer.link("Print the record").click()
    on_paper(page, tmp_path / "record", (*FIRMS["zh-hans"], sentence))


def contacts_only(visitor):
    """The tab of the timeline without messages and changes."""
    tab = visitor.page.locator("#stream .tabs").get_by_role("link", name=visitor.say("Contacts"), exact=True)
    tab.click()
    expect(tab).to_have_attribute("aria-current", "true")


def on_paper(page, file, words):
    """The page printed on A4: one sheet, every word on it, nothing of the screen's furniture."""
    page.locator(".record img").first.scroll_into_view_if_needed()
    page.pdf(path=f"{file}.pdf", format="A4")
    text = subprocess.check_output(["pdftotext", "-layout", f"{file}.pdf", "-"], text=True)
    assert text.count("\f") == 1, "the record takes one sheet"
    flat = "".join(text.split())
    for word in words:
        assert flat.count("".join(word.split())[:6]) >= 1, word
    assert "演示" not in flat
    assert "Demonstration" not in flat
    subprocess.run(["pdftoppm", "-r", "60", "-png", "-singlefile", f"{file}.pdf", str(file)], check=True)
    with Image.open(f"{file}.png") as sheet:
        left, _top, right, _bottom = sheet.convert("L").point(lambda value: 255 * (value < 200)).getbbox()
        assert left > 10, "something is cut at the left"
        assert right < sheet.width - 10, "something is cut at the right"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_logged_with_the_keyboard_alone(visitors, places, language):
    """Tab, Space and Enter are enough, and a swap of the list never takes the focus away."""
    officer = visitors(language=language, width=1280).sign_in(places["accounts"]["officer"][0])
    page, sentence = officer.page, f"只用键盘登记的走访（{language} {RUN}）。"
    officer.open("/trips/new/")
    tab_to(page, "[name=words]")
    with page.expect_response(lambda response: "words=" in response.url):
        page.keyboard.type("hzlfjm")
    expect(page.locator("#choices label")).to_have_count(2)
    assert page.evaluate("document.activeElement.name") == "words"
    tab_to(page, "#choices input")
    page.keyboard.press("Space")
    tab_to(page, "[name=summary]")
    page.keyboard.type(sentence)
    tab_to(page, ".form__actions .button--main")
    page.keyboard.press("Enter")
    expect(page.get_by_text(officer.say("Logged. The enterprises see it in their timeline."))).to_be_visible()
    expect(page.locator("main")).to_contain_text(sentence)


def tab_to(page, selector, most=60):
    """Press Tab until an element matching `selector` has the focus; every stop on the way can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body"), "the focus fell off the page"
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def test_focus_stays_after_a_swap(visitors, places):
    """Older entries, a sorted list, a filtered list: something on the page keeps the focus."""
    officer = visitors(width=1280).sign_in(places["accounts"]["officer"][0])
    page = officer.page
    for path, selector in (
        (places["pages"]["officer"]["partnerships:timeline"], "a[hx-get]"),
        ("/trips/", "thead a"),
        ("/trips/", "[name=mine]"),
        ("/partners/", "[name=mine]"),
    ):
        officer.open(path)
        place = page.locator(selector).first
        place.focus()
        with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true"):
            page.keyboard.press("Space" if "mine" in selector else "Enter")
        expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)
        assert page.evaluate("document.activeElement !== document.body"), (path, selector)
        expect(page.locator("#announce")).not_to_be_empty()

"""An agreement from the draft to its entry into force: read together, agreed, signed in every way, sent back once."""

import io
import re
from datetime import date

from PIL import Image
from playwright.sync_api import expect

from tests.e2e.visitor import RUN, of

#: Of what kind the agreement of each variant is, so that none meets another of its kind in the same days.
KINDS = {("zh-hans", True): "industry_college", ("en", True): "apprenticeship", ("zh-hans", False): "training_base"}
#: Every run has a year of its own, far ahead: a site that is used again keeps the agreements of the run before.
YEAR = 2100 + int(RUN, 16) % 800
WORKS, OWNER = "钱厂长", "孙总"


def scan():
    out = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(out, "JPEG")
    return {"name": "签字页.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def press(visitor, text, **values):
    visitor.page.get_by_role("button", name=visitor.say(text, **values), exact=True).first.click()


def done(visitor, text, **values):
    expect(visitor.page.locator(".notice", has_text=visitor.say(text, **values)).first).to_be_visible()


def draft(officer, firm, title, kind):
    officer.open(f"/partners/{firm}/agreements/new/")
    page = officer.page
    page.locator("[name=kind]").select_option(kind)
    for name, text in {"title": title, "aim": "共建课程", "enterprise_duties": "选派师傅"}.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator("[name=starts_on]").fill(f"{date(YEAR, 9, 1)}")
    page.locator("[name=ends_on]").fill(f"{date(YEAR + 3, 8, 31)}")
    press(officer, "Save the draft")
    expect(officer.heading()).to_have_text(title)
    press(officer, "Give it to the enterprise to read")
    return int(re.search(r"/agreements/(\d+)/", page.url)[1])


def read_together(officer, hr, lead, portal, agreement):
    """A comment of the school opens one field, and no other, to HR; both agree; a lead approves."""
    officer.page.locator("[name=field]").select_option("enterprise_duties")
    officer.page.locator("[name=text]").fill("请写明几位师傅")
    press(officer, "Comment")
    hr.open(portal)
    hr.link("Change the open parts").click()
    opened = [
        field.get_attribute("name") for field in hr.page.locator("main .form .field [name]:not([type=hidden])").all()
    ]
    assert opened == ["enterprise_duties"]
    hr.page.locator("[name=enterprise_duties]").fill("选派三位师傅")
    press(hr, "Save")
    press(hr, "We agree")
    done(hr, "Thank you! The school sees that you agree.")
    officer.open(f"/agreements/{agreement}/")
    expect(officer.page.locator("main")).to_contain_text("选派三位师傅")
    press(officer, "Agree for the school")
    lead.open(f"/agreements/{agreement}/")
    press(lead, "Approve and send out for signature")


def ask(officer, agreement, people):
    """Ask `people`: (choice of the list or side, capacity, name, e-mail)."""
    officer.open(f"/agreements/{agreement}/signatures/")
    for number, (who, capacity, name, email) in enumerate(people):
        line = officer.page.locator("fieldset.form__group").nth(number)
        line.locator(f"[name=line-{number}-who]").select_option(who)
        line.locator(f"[name=line-{number}-capacity]").fill(capacity)
        if name:
            line.locator("summary").click()
            line.locator(f"[name=line-{number}-name]").fill(name)
            line.locator(f"[name=line-{number}-email]").fill(email)
    officer.picture("agreement ask")
    press(officer, "Ask for signatures")
    done(officer, "Asked. Each of them is told, in their turn.")


def code_mailed(reader, title, address):
    """The newest code that was mailed to `address` for `title`."""
    reader.open("/mail/")
    letters = reader.page.locator("li.card", has_text=address).locator("a")
    for href in [letter.get_attribute("href") for letter in letters.all()][:6]:
        reader.open(href)
        body = reader.page.locator(".mail__body").first.inner_text()
        if title in body:
            return re.search(r"^\s*([A-Z0-9-]{4,12})\s*$", body, re.MULTILINE)[1]
    raise AssertionError(f"no code for {address}")


def sign_on_page(visitor, reader, path, title, email):
    """Sign with an account: a code is mailed, read in the mail viewer, and typed."""
    visitor.open(path)
    press(visitor, "Mail me a code")
    done(visitor, "A code is on its way to %(email)s.", email=email)
    visitor.page.locator("[name=proof]").fill(code_mailed(reader, title, email))
    visitor.picture("agreement sign")
    visitor.page.locator("#sign button[value=sign]").click()
    done(visitor, "Signed. Thank you!")


def sign_by_link(guest, reader, address, title, email):
    guest.open(address)
    expect(guest.page.locator("main")).to_contain_text("选派三位师傅")
    guest.page.locator("button[value=code]").click()
    guest.page.locator("[name=code]").fill("wrong")
    guest.page.locator("button[value=sign]").click()
    expect(guest.page.locator(".error-summary")).to_be_visible()
    guest.page.locator("[name=code]").fill(code_mailed(reader, title, email))
    guest.picture("agreement link")
    guest.page.locator("button[value=sign]").click()
    done(guest, "Signed. Thank you!")


def on_paper(officer, agreement, name):
    officer.open(f"/agreements/{agreement}/signatures/paper/")
    page = officer.page
    for box in page.locator("[name=signatures]").all():
        box.uncheck()
    page.locator("label", has_text=name).locator("input").check()
    page.set_input_files("[name=scan]", scan())
    press(officer, "File it")
    done(officer, "Filed. The scan is kept with the agreement.")


def signatures(site, agreement):
    """{name: state} of what counts."""
    rows = site.rows(
        "SELECT s.name, s.state FROM records_signature s JOIN django_content_type t ON t.id = s.subject_type_id "
        "WHERE t.model = 'agreement' AND s.subject_id = %s AND s.state NOT IN ('reset', 'withdrawn', 'delegated')",
        agreement,
    )
    return dict(rows)


def test_from_draft_to_entry_into_force(visitors, places, site, variant):
    mark = of(variant)
    title, email = f"共建协议 {mark}", f"qian-{mark.replace(' ', '-')}@lifeng.example"
    officer, lead, hr = (
        visitors(**variant).sign_in(places["accounts"][role][0]) for role in ("officer", "lead", "hr")
    )  # fmt: skip
    reader = visitors(**variant)
    firm = int(re.search(r"/partners/(\d+)/", places["pages"]["officer"]["partnerships:enterprise_detail"])[1])
    agreement = draft(officer, firm, title, KINDS[variant["language"], variant["js"]])
    portal = f"/portal/{firm}/agreements/{agreement}/"
    read_together(officer, hr, lead, portal, agreement)

    accounts = {role: site.rows("SELECT id, name, email FROM accounts_user WHERE id = %s", places["accounts"][role][0]["pk"])[0]
                for role in ("officer", "lead", "hr")}  # fmt: skip
    seat = site.value("SELECT id FROM partnerships_contact WHERE user_id = %s", accounts["hr"][0])
    ask(officer, agreement, [
        (f"u{accounts['lead'][0]}", "分管领导", "", ""), (f"u{accounts['officer'][0]}", "经办人", "", ""),
        (f"c{seat}", "人事经理", "", ""), ("enterprise", "厂长", WORKS, email), ("enterprise", "法定代表人", OWNER, ""),
    ])  # fmt: skip
    names = {role: row[1] for role, row in accounts.items()}

    # --- each in their own way; one sends it back
    sign_on_page(officer, reader, f"/agreements/{agreement}/sign/", title, accounts["officer"][2])
    sign_on_page(hr, reader, portal + "sign/", title, accounts["hr"][2])
    officer.open(f"/agreements/{agreement}/")
    row = officer.page.locator("#signatures li", has_text=WORKS)
    row.get_by_role("button", name=re.compile(officer.say("Link to sign"))).click()
    carried = officer.page.locator("main").inner_text()
    address = "/l/" + re.search(r"/l/(\w{11})", carried)[1]
    guest = visitors(**variant)
    sign_by_link(guest, reader, address, title, email)
    on_paper(officer, agreement, OWNER)
    lead.open(f"/agreements/{agreement}/sign/")
    lead.page.locator("summary", has_text=lead.say("I do not sign this yet")).click()
    lead.page.locator("[name=reason]").fill("请补充企业联系人")
    press(lead, "Send it back with this")
    assert signatures(site, agreement) == {
        names["lead"]: "refused", names["officer"]: "signed", names["hr"]: "signed", WORKS: "signed", OWNER: "signed",
    }  # fmt: skip

    # --- corrected: only who it touches, and who sent it back, signs again
    officer.open(f"/agreements/{agreement}/")
    expect(officer.page.locator("#signatures")).to_contain_text("请补充企业联系人")
    officer.picture("agreement sent back")
    officer.link("Correct the text").click()
    officer.page.locator("[name=enterprise_contact]").select_option(f"{seat}")
    press(officer, "Save")
    for name in (names["hr"], WORKS, OWNER):
        expect(officer.page.locator(".card li", has_text=name)).to_be_visible()
    expect(officer.page.locator(".card li", has_text=names["officer"])).to_have_count(0)
    officer.picture("agreement correct")
    officer.page.locator("[name=reason]").fill("补充企业联系人")
    press(officer, "Save and ask again")
    assert signatures(site, agreement) == {
        names["lead"]: "asked", names["officer"]: "signed", names["hr"]: "asked", WORKS: "asked", OWNER: "asked",
    }  # fmt: skip

    # --- signed again: the link in the guest's hands still leads there
    sign_by_link(guest, reader, address, title, email)
    sign_on_page(hr, reader, portal + "sign/", title, accounts["hr"][2])
    on_paper(officer, agreement, OWNER)
    sign_on_page(lead, reader, f"/agreements/{agreement}/sign/", title, accounts["lead"][2])
    state = "SELECT state, open_signatures FROM partnerships_agreement WHERE id = %s"
    assert site.rows(state, agreement) == [("in_force", 0)]
    hr.open(portal)
    expect(hr.page.locator("main")).to_contain_text(hr.say("Here is what we promised each other."))
    hr.picture("agreement in force")

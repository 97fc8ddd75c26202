"""The steps of one agreement, each as somebody takes it in the browser; tests/e2e/test_agreements.py walks them all."""

import io
import re
import shutil
import subprocess
from dataclasses import dataclass

from django.utils import translation
from django.utils.formats import date_format
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor
from tests.smoke.machine import wait_until


@dataclass
class Cast:
    """Who takes part: the three who decide, whoever reads the mailbox, and a guest without an account; their
    enterprise; and of the three, by role, (id, name, e-mail)."""

    officer: Visitor
    hr: Visitor
    lead: Visitor
    reader: Visitor
    guest: Visitor
    firm: dict
    people: dict

    def ours(self, agreement):
        return f"/agreements/{agreement}/"

    def theirs(self, agreement):
        return f"/portal/{self.firm['pk']}/agreements/{agreement}/"


def press(visitor, text, **values):
    visitor.page.get_by_role("button", name=visitor.say(text, **values), exact=True).first.click()


def done(visitor, text, **values):
    expect(visitor.page.locator(".notice", has_text=visitor.say(text, **values)).first).to_be_visible()


def key_in(visitor, place="agreements"):
    """The key in the address of the open page."""
    return int(re.search(rf"/{place}/(\d+)/", visitor.page.url)[1])


def shown(visitor, day):
    """A day as this visitor reads it written out."""
    with translation.override(visitor.language):
        return date_format(day, "DATE_FORMAT")


def scan():
    out = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(out, "JPEG")
    return {"name": "签字页.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


# --- the text ------------------------------------------------------------------------------------------------------


def draft(officer, firm, *, kind, **text):
    """Write a draft; return its key."""
    officer.open(f"/partners/{firm}/agreements/new/")
    officer.page.locator("[name=kind]").select_option(kind)
    for name, value in text.items():
        officer.page.locator(f"[name={name}]").fill(f"{value}")
    officer.picture("agreement draft")
    press(officer, "Save the draft")
    expect(officer.heading()).to_have_text(text["title"])
    return key_in(officer)


def send_to_read(officer, agreement):
    officer.open(f"/agreements/{agreement}/")
    press(officer, "Give it to the enterprise to read")
    expect(officer.page.locator("[name=field]")).to_be_visible()


def open_fields(visitor):
    """The names of what may be changed on the open form, beside what is hidden."""
    fields = visitor.page.locator("main .form .field [name]:not([type=hidden])").all()
    return [field.get_attribute("name") for field in fields]


def open_to_hr(cast, agreement, *, field, comment, text):
    """A comment of the school opens one field, and no other, to HR, who writes `text` there."""
    officer, hr = cast.officer, cast.hr
    hr.open(cast.theirs(agreement))
    expect(hr.link("Change the open parts")).to_have_count(0)
    officer.page.locator("[name=field]").select_option(field)
    officer.page.locator("[name=text]").fill(comment)
    press(officer, "Comment")
    expect(officer.page.locator("#text")).to_contain_text(comment)
    officer.picture("agreement commented")
    hr.open(cast.theirs(agreement))
    hr.picture("agreement portal")
    hr.link("Change the open parts").click()
    assert open_fields(hr) == [field]
    hr.picture("agreement open field")
    hr.page.locator(f"[name={field}]").fill(text)
    press(hr, "Save")
    officer.open(cast.ours(agreement))
    expect(officer.page.locator("#text")).to_contain_text(text)


def agree(cast, agreement):
    """HR, then the school; a lead sends it out for signature."""
    cast.hr.open(cast.theirs(agreement))
    press(cast.hr, "We agree")
    done(cast.hr, "Thank you! The school sees that you agree.")
    cast.officer.open(cast.ours(agreement))
    press(cast.officer, "Agree for the school")
    cast.officer.picture("agreement agreed")
    cast.lead.open(cast.ours(agreement))
    press(cast.lead, "Approve and send out for signature")
    expect(cast.lead.page.locator("#paper .task").first).to_be_visible()


# --- the paper -----------------------------------------------------------------------------------------------------


def download(officer, agreement):
    """The newest document of the agreement, as the browser saves it."""
    officer.open(f"/agreements/{agreement}/")
    officer.picture("agreement on paper")
    with officer.page.expect_download() as found:
        officer.page.locator("#paper").get_by_role("link", name=officer.say("Download .docx")).first.click()
    assert found.value.suggested_filename.endswith(".docx")
    return found.value.path().read_bytes()


def as_pdf(document, folder):
    """(the text, the sheets) of the PDF that an office program makes of a .docx."""
    assert shutil.which("soffice"), "soffice is missing: install libreoffice-writer (docs/operations.md)"
    (folder / "agreement.docx").write_bytes(document)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, folder / "agreement.docx"]
    subprocess.run(convert, check=True, capture_output=True, timeout=180)
    text = subprocess.check_output(["pdftotext", folder / "agreement.pdf", "-"], text=True)
    return "".join(text.split()), text.count("\f")


# --- signatures ----------------------------------------------------------------------------------------------------


def ask(officer, agreement, people=()):
    """Ask `people`: (choice of the list or side, capacity, name, e-mail); without them those who are proposed."""
    officer.open(f"/agreements/{agreement}/signatures/")
    for number, (who, capacity, name, email) in enumerate(people):
        line = officer.page.locator("fieldset.form__group").nth(number)
        line.locator(f"[name=line-{number}-who]").select_option(who)
        line.locator(f"[name=line-{number}-capacity]").fill(capacity)
        if name:
            line.locator("summary").click()
            line.locator(f"[name=line-{number}-name]").fill(name)
            line.locator(f"[name=line-{number}-email]").fill(email)
    officer.picture("agreement ask" if people else "agreement ask those proposed")
    press(officer, "Ask for signatures")
    done(officer, "Asked. Each of them is told, in their turn.")


def code_mailed(reader, title, address):
    """The newest code to sign that was mailed to `address` for `title`, among all that reaches them."""
    words = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            words.append(
                re.escape(translation.gettext("%(code)s is your code to sign").replace("%(code)s", "").strip())
            )
    reader.open("/mail/")
    letters = reader.page.locator("li.card", has_text=address).filter(has_text=re.compile("|".join(words)))
    for href in [letter.get_attribute("href") for letter in letters.locator("a").all()]:
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


def link_to_sign(officer, agreement, name):
    """Where whoever has no account signs: the link that the officer passes on."""
    officer.open(f"/agreements/{agreement}/")
    row = officer.page.locator("#signatures li", has_text=name)
    row.get_by_role("button", name=re.compile(officer.say("Link to sign"))).click()
    officer.picture("agreement link to pass on")
    return "/l/" + re.search(r"/l/(\w{11,})", officer.page.locator("main").inner_text())[1]


def sign_by_link(guest, reader, address, title, email, text):
    guest.open(address)
    expect(guest.page.locator("main")).to_contain_text(text)
    guest.page.locator("button[value=code]").click()
    guest.page.locator("[name=code]").fill("wrong")
    guest.page.locator("button[value=sign]").click()
    expect(guest.page.locator(".error-summary")).to_be_visible()
    guest.page.locator("[name=code]").fill(code_mailed(reader, title, email))
    guest.picture("agreement link")
    guest.page.locator("button[value=sign]").click()
    done(guest, "Signed. Thank you!")


def sign_on_paper(officer, agreement, *names):
    """File the scan of a page that `names` signed; without names everybody who was asked."""
    officer.open(f"/agreements/{agreement}/signatures/paper/")
    page = officer.page
    if names:
        for box in page.locator("[name=signatures]").all():
            box.uncheck()
        for name in names:
            page.locator("label", has_text=name).locator("input").check()
    page.set_input_files("[name=scan]", scan())
    officer.picture("agreement paper")
    press(officer, "File it")
    done(officer, "Filed. The scan is kept with the agreement.")


def refuse(visitor, agreement, reason):
    visitor.open(f"/agreements/{agreement}/sign/")
    visitor.page.locator("summary", has_text=visitor.say("I do not sign this yet")).click()
    visitor.page.locator("[name=reason]").fill(reason)
    visitor.picture("agreement refuse")
    press(visitor, "Send it back with this")
    expect(visitor.page.locator("main")).to_contain_text(reason)
    visitor.picture("agreement refused")


def signatures(site, agreement):
    """{name: state} of what counts."""
    rows = site.rows(
        "SELECT s.name, s.state FROM records_signature s JOIN django_content_type t ON t.id = s.subject_type_id "
        "WHERE t.model = 'agreement' AND s.subject_id = %s AND s.state NOT IN ('reset', 'withdrawn', 'delegated')",
        agreement,
    )
    return dict(rows)


def put_into_force(cast, agreement):
    """The short way of a draft on which all agree: read, agreed, and everybody on one signed page."""
    send_to_read(cast.officer, agreement)
    agree(cast, agreement)
    ask(cast.officer, agreement)
    sign_on_paper(cast.officer, agreement)


# --- what was promised ---------------------------------------------------------------------------------------------


def promise(officer, agreement, *, side, text, **days):
    """Write down what no clause promises."""
    officer.open(f"/agreements/{agreement}/")
    officer.page.locator("#promises").get_by_role("link", name=officer.say("Add"), exact=True).click()
    officer.page.locator(f"[name=side][value={side}]").check()
    officer.page.locator("[name=text]").fill(text)
    for name, day in days.items():
        officer.page.locator(f"[name={name}]").fill(f"{day}")
    officer.picture("promise form")
    press(officer, "Save")
    expect(officer.page.locator("main")).to_contain_text(text)


def task_of(visitor, path):
    """The task whose one action leads to `path`: on Today or on the list of HR."""
    return visitor.page.locator(".task", has=visitor.page.locator(f"a[href='{path}']"))


def letters_to(reader, address, *words):
    """The mails to somebody whose subject says all of `words`."""
    reader.open("/mail/")
    letters = reader.page.locator("li.card", has_text=address)
    for word in words:
        letters = letters.filter(has_text=word)
    return letters


def letter_to(reader, address, *words):
    """Wait for one; the site's own sender may have it in hand."""
    wait_until(lambda: letters_to(reader, address, *words).count(), 30, f"no letter to {address} about {words}")

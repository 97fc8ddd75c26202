"""Papers out and back: the document downloaded, many ticked at once, a stack dropped, one page assigned, all filed."""

import io

from docx import Document
from playwright.sync_api import expect

from records.leaves import read_mark
from records.scans import sheets_of
from tests.e2e.visitor import of
from tests.partnerships.stacks import back, pdf
from tests.partnerships.stacks import page as sheet

OUT = """
    SELECT DISTINCT ON (a.id) d.code, d.leaves, d.id, a.id, a.title FROM partnerships_agreementdocument d
    JOIN partnerships_agreement a ON a.id = d.agreement_id
    JOIN partnerships_paperstep s ON s.agreement_id = a.id AND s.undone_at IS NULL
    WHERE a.state = 'signature' ORDER BY a.id, d.nth DESC LIMIT 2
"""


def download(officer, agreement):
    officer.open(f"/agreements/{agreement}/")
    with officer.page.expect_download() as found:
        officer.page.locator("#paper").get_by_role("link", name=officer.say("Download .docx")).first.click()
    return Document(io.BytesIO(found.value.path().read_bytes()))


def printed_by_the_browser(officer, row):
    """Each page carries the code, and the reader of stacks reads it."""
    code, leaves, _document, agreement, _title = row
    officer.open(f"/agreements/{agreement}/print/")
    officer.picture("papers print")
    content = officer.page.pdf(width="148mm", height="210mm")
    marks = [page.mark for page in sheets_of(content)]
    assert len(marks) > 1
    assert set(marks) == {(code, 0, leaves)}


def tick_both(officer, rows, reference):
    page = officer.page
    officer.open("/agreements/?state=signature&mine=true")
    for _code, _leaves, _document, agreement, _title in rows:
        page.locator(f"[name=agreements][value='{agreement}']").check()
    page.locator(".bulk [name=step]").select_option("copies")
    officer.button("Go on").click()
    page.locator("[name=reference]").fill(reference)
    officer.picture("papers many")
    officer.button("Tick").click()
    expect(page.locator(".notice--success")).to_be_visible()


def test_out_and_back(visitors, places, site, variant):
    rows = site.rows(OUT)
    first, second = rows
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page = officer.page

    # --- out: printed, ticked
    document = download(officer, first[3])
    assert any(first[4] in paragraph.text for paragraph in document.paragraphs)
    assert len(document.sections) == first[1]
    assert first[0] in document.sections[0].footer.paragraphs[-1].text
    officer.picture("papers agreement")
    printed_by_the_browser(officer, first)
    tick_both(officer, rows, f"4 {of(variant)}"[:60])
    officer.open(f"/agreements/{first[3]}/")
    expect(page.locator(".steps-done li[data-done]", has_text=officer.say_of("paper", "copies made"))).to_have_count(1)

    # --- back: one stack of both, upside down, one code under a stain, one empty back
    assert read_mark(f"RH1:{first[0]}:1:{first[1]}")
    pages = [sheet(code, leaf, leaves, turn=180) for code, leaves, *_more in rows for leaf in range(1, leaves + 1)]
    pages[0] = sheet(first[0], 1, first[1], is_blotted=True)
    pages.insert(1, back())
    officer.open("/agreements/scans/new/")
    stack = {"name": f"扫描件 {of(variant)}.pdf", "mimeType": "application/pdf", "buffer": pdf(pages)}
    page.locator("[name=file]").set_input_files(stack)
    officer.button("Read the stack").click()
    loose = page.locator("#loose .card")
    expect(loose).to_have_count(1, timeout=90_000)
    expect(loose.locator("img")).to_be_visible()
    expect(page.locator("tr", has=page.locator(f"a[href='/agreements/{first[3]}/']"))).to_contain_text(
        officer.say("missing")
    )
    one, many = (
        "%(number)s page is empty, as backs are: it is left out",
        "%(number)s pages are empty, as backs are: they are left out",
    )
    expect(page.locator("summary", has_text=officer.say_number(one, many, 1))).to_be_visible()
    officer.picture("papers stack")
    loose.locator("[name=document]").select_option(str(first[2]))
    loose.locator("[name=leaf]").fill("1")
    loose.get_by_role("button").first.click()
    expect(loose).to_contain_text(officer.say("assigned by hand"))
    officer.button("File them").click()
    expect(page.locator("h2", has_text=officer.say("Filed")).last).to_be_visible()
    officer.picture("papers filed")
    filed = site.rows("SELECT agreement_id, missing FROM partnerships_agreementscan ORDER BY id DESC LIMIT 2")
    assert sorted(filed) == sorted([(first[3], []), (second[3], [])])
    officer.open(f"/agreements/{first[3]}/")
    expect(page.locator("#paper")).to_contain_text(officer.say("Stamped paper"))
    expect(
        page.locator(".steps-done li[data-done]", has_text=officer.say_of("paper", "back from the enterprise"))
    ).to_have_count(1)

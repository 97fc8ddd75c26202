"""One agreement from its draft to its renewal: read together, printed, signed in every way, sent back once, in force;
what it promises kept and late; its term cut short by an amendment, and all that follows from the new end."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from dateutil.relativedelta import relativedelta
from django.utils.timezone import localdate
from playwright.sync_api import expect

from tests.e2e import agreement as steps
from tests.e2e.agreement import done, press, shown, signatures, task_of
from tests.e2e.visitor import of
from tests.stage import jpeg

TERM = "tests.e2e.term"
WORKS, OWNER = "钱厂长", "孙总"
BEFORE, AGREED = "选派师傅", "选派三位师傅"
#: The agreement began so long ago, for three years, and is cut short to end in so many days.
BEGAN, CUT = timedelta(days=40), timedelta(days=25)
#: What its clauses promise on either side.
THEIRS = {"zh-hans": "选派工程师到校授课", "en": "Send engineers to teach"}
OURS = {"zh-hans": "向企业送交年度合作总结", "en": "Send the yearly summary"}
PROMISED = "SELECT id FROM partnerships_obligation WHERE agreement_id = %s AND text = %s ORDER BY due_on"
BEYOND = "SELECT count(*) FROM partnerships_obligation WHERE agreement_id = %s AND state = 'open' AND due_on > %s"
UNIVERSITY = {"zh-hans": "青澜职业技术学院", "en": "Qinglan Vocational and Technical College"}


@pytest.fixture
def cast(visitors, places, site, variant):
    """An officer of their own with one partner, so that no other journey stands on their pages."""
    made = site.ask("tests.e2e.silence", "partners", f"story {of(variant)}", 1)
    (firm,) = made["partners"]
    accounts = {"officer": made["officer"], "hr": firm["hr"], "lead": places["accounts"]["lead"][0]}
    row = "SELECT id, name, email FROM accounts_user WHERE id = %s"
    people = {role: site.rows(row, account["pk"])[0] for role, account in accounts.items()}
    entered = {role: visitors(**variant).sign_in(account) for role, account in accounts.items()}
    return steps.Cast(**entered, reader=visitors(**variant), guest=visitors(**variant), firm=firm, people=people)


def test_from_the_draft_to_the_renewal(cast, site, variant, tmp_path):
    title = f"订单班协议 {of(variant)}"
    agreement, until = agreed(cast, title)
    printed(cast, agreement, title, tmp_path)
    signed(cast, site, agreement, title)
    late = promised(cast, site, agreement, f"汇总实习周记 {of(variant)}")
    end = cut_short(cast, site, agreement, title, until)
    ladder(cast, site, agreement, title, end)
    renewed(cast, site, agreement, end, late)


def agreed(cast, title):
    """Drafted, one field opened by a comment, agreed by both: (its key, its last day)."""
    begins = localdate() - BEGAN
    until = begins + relativedelta(years=3, days=-1)
    agreement = steps.draft(
        cast.officer, cast.firm["pk"], kind="order_class", title=title, aim="共同培养数控技术人才", starts_on=begins,
        ends_on=until, places_per_year=20, enterprise_duties=BEFORE,
    )  # fmt: skip
    steps.send_to_read(cast.officer, agreement)
    steps.open_to_hr(cast, agreement, field="enterprise_duties", comment="请写明几位师傅", text=AGREED)
    steps.agree(cast, agreement)
    return agreement, until


def printed(cast, agreement, title, folder):
    """The .docx out of the browser becomes a PDF that names both parties and leaves nothing open."""
    officer = cast.officer
    if officer.language == "en":
        officer.open(cast.ours(agreement))
        press(officer, "Make it in English")
    text, sheets = steps.as_pdf(steps.download(officer, agreement), folder)
    assert sheets
    for said in (title, UNIVERSITY[officer.language], cast.firm["name"], AGREED, "20"):
        assert "".join(said.split()) in text, said
    for mark in ("{{", "}}", "{%", "%(", "None", "Undefined"):
        assert mark not in text, mark


def signed(cast, site, agreement, title):
    """Two sign on their pages, one by link, one on paper; the lead sends it back; whom the correction touches signs
    again; with the last signature it is in force."""
    officer, hr, lead, reader, guest = cast.officer, cast.hr, cast.lead, cast.reader, cast.guest
    people, portal = cast.people, cast.theirs(agreement) + "sign/"
    names = {role: name for role, (_pk, name, _email) in people.items()}
    email = f"works-{people['officer'][0]}@firm.example"
    seat = site.value("SELECT id FROM partnerships_contact WHERE user_id = %s", people["hr"][0])
    steps.ask(officer, agreement, [
        (f"u{people['lead'][0]}", "分管领导", "", ""), (f"u{people['officer'][0]}", "经办人", "", ""),
        (f"c{seat}", "人事经理", "", ""), ("enterprise", "厂长", WORKS, email), ("enterprise", "法定代表人", OWNER, ""),
    ])  # fmt: skip

    # --- each in their own way; one sends it back
    steps.sign_on_page(officer, reader, cast.ours(agreement) + "sign/", title, people["officer"][2])
    steps.sign_on_page(hr, reader, portal, title, people["hr"][2])
    address = steps.link_to_sign(officer, agreement, WORKS)
    steps.sign_by_link(guest, reader, address, title, email, AGREED)
    steps.sign_on_paper(officer, agreement, OWNER)
    steps.refuse(lead, agreement, "请补充企业联系人")
    stands = {names["officer"]: "signed", names["hr"]: "signed", WORKS: "signed", OWNER: "signed"}
    assert signatures(site, agreement) == {**stands, names["lead"]: "refused"}

    # --- corrected: only who it touches, and who sent it back, signs again
    officer.open(cast.ours(agreement))
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
    asked = {names["hr"]: "asked", WORKS: "asked", OWNER: "asked", names["lead"]: "asked"}
    assert signatures(site, agreement) == {**asked, names["officer"]: "signed"}

    # --- signed again: the link in the guest's hands still leads there
    steps.sign_by_link(guest, reader, address, title, email, AGREED)
    steps.sign_on_page(hr, reader, portal, title, people["hr"][2])
    steps.sign_on_paper(officer, agreement, OWNER)
    steps.sign_on_page(lead, reader, cast.ours(agreement) + "sign/", title, people["lead"][2])
    assert site.rows("SELECT state, open_signatures FROM partnerships_agreement WHERE id = %s", agreement) == [
        ("in_force", 0)
    ]
    hr.open(cast.theirs(agreement))
    expect(hr.page.locator("main")).to_contain_text(hr.say("Here is what we promised each other."))
    hr.picture("agreement in force")


def promised(cast, site, agreement, ours):
    """What a clause promises is on both lists and kept with a picture; what was written down beside is late: its key."""
    officer, hr, lead, firm = cast.officer, cast.hr, cast.lead, cast.firm
    officer.open(cast.ours(agreement))
    for text in (THEIRS, OURS):
        expect(officer.page.locator("#promises")).to_contain_text(text[officer.language])
    steps.promise(officer, agreement, side="school", text=ours, first_on=localdate() - BEGAN, due_on=localdate() + CUT)
    kept = site.value(PROMISED, agreement, THEIRS["zh-hans"])
    late = site.value(PROMISED, agreement, ours)
    in_portal = f"/portal/{firm['pk']}/promises/"
    hr.open(in_portal)
    for row in (kept, late):
        expect(task_of(hr, f"{in_portal}{row}/")).to_be_visible()
    hr.picture("promises portal")

    # --- in a week: on both lists of tasks
    site.ask(TERM, "due", kept, 7)
    officer.open("/today/")
    expect(task_of(officer, f"/obligations/{kept}/")).to_contain_text(THEIRS[officer.language])
    officer.picture("promise today")
    hr.open(f"/portal/{firm['pk']}/")
    expect(task_of(hr, f"{in_portal}{kept}/")).to_contain_text(THEIRS[hr.language])
    hr.picture("promise tasks")

    # --- HR says that it is done, with a picture; the officer sees it, and the task is gone
    task_of(hr, f"{in_portal}{kept}/").get_by_role("link").click()
    hr.page.locator("[name=note]").fill("来了四位工程师")
    hr.page.locator("input[type=file]").set_input_files(photograph("现场"))
    hr.picture("promise done")
    hr.button("Done").click()
    done(hr, "Thank you! The school sees it at once.")
    hr.open(f"/portal/{firm['pk']}/")
    expect(task_of(hr, f"{in_portal}{kept}/")).to_have_count(0)
    officer.open("/today/")
    expect(task_of(officer, f"/obligations/{kept}/")).to_have_count(0)
    officer.open(f"/obligations/{kept}/")
    expect(officer.page.locator("main")).to_contain_text("来了四位工程师")
    expect(officer.page.locator("main img")).to_have_js_property("complete", True)
    officer.picture("promise kept")

    # --- ours is two weeks late: the lead is told, the enterprise never reads it
    site.ask(TERM, "due", late, -14)
    steps.letter_to(cast.reader, cast.people["lead"][2], firm["name"], ours)
    lead.open("/obligations/?" + urlencode({"state": "late", "q": ours}))
    lead.page.get_by_role("link", name=ours).click()
    badge = lead.say_of("obligation", "late")
    expect(lead.page.locator("main .badge", has_text=badge).first).to_be_visible()
    lead.picture("promise late")
    hr.open(f"{in_portal}{late}/")
    expect(hr.page.locator("main .badge", has_text=hr.say("to arrange"))).to_be_visible()
    expect(hr.page.locator("main .badge", has_text=badge)).to_have_count(0)
    hr.picture("promise late portal")
    return late


def photograph(name):
    upload = jpeg(name)
    return {"name": upload.name, "mimeType": "image/jpeg", "buffer": upload.read()}


def cut_short(cast, site, agreement, title, until):
    """An amendment of the term alone, signed by all: the calendar of ends and what is promised follow. Its last day."""
    officer, end = cast.officer, localdate() + CUT
    officer.open(f"/agreements/ends/?month={until:%Y-%m}")
    expect(ending(officer, title)).to_contain_text(shown(officer, until))
    officer.open(cast.ours(agreement))
    officer.link("Amend").click()
    officer.page.locator("[name=blocks][value=term]").check()
    officer.picture("amendment ticks")
    press(officer, "Start the amendment")
    expect(officer.page.locator("[name=ends_on]")).to_have_value(f"{until}")
    assert {"starts_on", "ends_on"} <= set(steps.open_fields(officer)) <= {
        "starts_on", "ends_on", "auto_renews", "renewal_months", "notice_days"
    }  # fmt: skip
    officer.page.locator("[name=ends_on]").fill(f"{end}")
    officer.picture("amendment text")
    press(officer, "Save")
    expect(officer.page.locator("main")).to_contain_text(shown(officer, end))
    officer.picture("amendment draft")
    assert site.value(BEYOND, agreement, end) > 0
    steps.put_into_force(cast, steps.key_in(officer))

    officer.open(f"/agreements/ends/?month={until:%Y-%m}")
    expect(ending(officer, title)).to_have_count(0)
    officer.open(f"/agreements/ends/?month={end:%Y-%m}")
    expect(ending(officer, title)).to_contain_text(shown(officer, end))
    officer.picture("amendment calendar")
    assert site.value(BEYOND, agreement, end) == 0
    officer.open(cast.ours(agreement))
    expect(officer.page.locator("main")).to_contain_text(shown(officer, end))
    expect(officer.page.locator("#promises")).not_to_contain_text(OURS[officer.language])
    expect(officer.page.locator("#promises .badge", has_text=officer.say("kept"))).to_have_count(1)
    officer.picture("amendment in force")
    cast.hr.open(f"/portal/{cast.firm['pk']}/promises/")
    expect(cast.hr.page.locator("main")).not_to_contain_text(OURS[cast.hr.language])
    return end


def ending(visitor, title):
    """The row of what ends in the month that is shown."""
    return visitor.page.locator(".task", has=visitor.page.get_by_text(title, exact=True))


def ladder(cast, site, agreement, title, end):
    """A task for the officer and a question to the enterprise at once, and on the eve the lead; HR answers."""
    officer, hr, path = cast.officer, cast.hr, f"/agreements/{agreement}/ending/"
    letter = cast.people["lead"][2], cast.lead.say("Renew “%(title)s”, or let it end", title=title)
    officer.open("/today/")
    task = task_of(officer, path)
    expect(task).to_contain_text(title)
    expect(task).to_contain_text(shown(officer, end))
    officer.picture("ending today")
    assert steps.letters_to(cast.reader, *letter).count() == 0
    site.ask(TERM, "end", agreement, 1)
    steps.letter_to(cast.reader, *letter)
    hr.open(f"/portal/{cast.firm['pk']}/")
    hr.picture("ending tasks")
    task_of(hr, f"/portal/{cast.firm['pk']}/agreements/{agreement}/go-on/").get_by_role("link").click()
    hr.page.locator("[name=wish][value=go_on]").check()
    hr.picture("ending wish")
    hr.button("Answer").click()
    done(hr, "Thank you! The school reads your answer.")
    officer.open("/today/")
    task.get_by_role("link", name=officer.say("Decide")).first.click()
    expect(officer.heading()).to_contain_text(officer.say("What follows on the end"))
    expect(officer.page.locator("main")).to_contain_text(officer.say("yes, let us go on"))
    officer.picture("ending")


def renewed(cast, site, agreement, end, late):
    """Drafted with one press, its term behind the end, and signed: what is still open goes over, nothing is asked more."""
    officer = cast.officer
    officer.button("Draft the renewal").click()
    done(officer, "The renewal is drafted: it begins the day after. Look it through.")
    officer.picture("renewal draft")
    renewal = steps.key_in(officer)
    fields = "SELECT renews_id, state, starts_on FROM partnerships_agreement WHERE id = %s"
    begins = end + timedelta(days=1)
    assert site.rows(fields, renewal) == [(agreement, "draft", begins)]
    officer.page.locator("[name=ends_on]").fill(f"{begins + relativedelta(years=1, days=-1)}")
    press(officer, "Save")
    steps.put_into_force(cast, renewal)
    assert site.value("SELECT state FROM partnerships_agreement WHERE id = %s", agreement) == "renewed"
    assert site.value("SELECT carried_from_id FROM partnerships_obligation WHERE agreement_id = %s AND clause_id IS NULL",
                      renewal) == late  # fmt: skip
    officer.open("/today/")
    expect(task_of(officer, f"/agreements/{agreement}/ending/")).to_have_count(0)
    for visitor, path in ((officer, cast.ours(renewal)), (cast.hr, cast.theirs(renewal))):
        visitor.open(path)
        expect(visitor.page.locator("#promises")).to_contain_text(THEIRS[visitor.language])
        visitor.picture(f"renewal {'portal' if visitor is cast.hr else 'in force'}")
    officer.open(cast.ours(agreement))
    officer.picture("renewal former")

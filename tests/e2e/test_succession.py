"""Hand-overs in the browser: everything an officer looks after, and what a contact who leaves held."""

from playwright.sync_api import expect

from tests.e2e.visitor import of

OWNED = "SELECT count(*) FROM partnerships_enterprise WHERE owner_id = %s AND merged_into_id IS NULL"
#: A partner of an officer with two present people of whom the first has no account.
TWO_PEOPLE = """
    SELECT e.id, min(c.id), max(c.id) FROM partnerships_enterprise e JOIN partnerships_contact c ON c.enterprise_id = e.id
    WHERE e.owner_id = %s AND c.left_on IS NULL AND c.user_id IS NULL AND e.merged_into_id IS NULL
    GROUP BY e.id HAVING count(*) >= 2 ORDER BY e.id
"""


def person(site, name):
    return site.value("SELECT id FROM accounts_user WHERE email = %s", f"{name}@qinglan.example")


def test_an_officer_hands_over_some_of_it_and_the_successor_reads_it(visitors, places, site, variant):
    ye, account = person(site, "ye.qing"), places["accounts"]["officer"][0]
    before, note = site.value(OWNED, ye), f"请多关照 {of(variant)}"
    lead = visitors(**variant).sign_in(places["accounts"]["lead"][0])
    lead.open(places["pages"]["lead"]["partnerships:portfolio_hand_over"])
    page = lead.page
    lead.button("Show what this means").click()
    if lead.js:  # the browser itself asks for the successor; without scripts the server does, and keeps what was typed
        expect(page.locator("[name=successor]")).to_be_focused()
    page.locator("[name=successor]").select_option(str(account["pk"]))
    page.locator("[name=note]").fill(note)
    page.locator("[name=scope][value=ticked]").check()
    ticked = page.locator("[name=enterprises]").first
    ticked.check()
    enterprise = int(ticked.input_value())
    lead.button("Show what this means").click()
    expect(lead.heading()).to_have_text(lead.say("Check the hand-over"))
    expect(page.locator("main")).to_contain_text(note)
    assert site.value(OWNED, ye) == before
    lead.button("Hand over now").click()
    expect(page.locator(".notice--success").first).to_be_visible()
    assert site.value(OWNED, ye) == before - 1
    assert site.value("SELECT owner_id FROM partnerships_enterprise WHERE id = %s", enterprise) == account["pk"]
    assert site.value("SELECT count(*) FROM reminders_task WHERE state = 'open' AND stream = %s AND owner_id = %s",
                      enterprise, ye) == 0  # fmt: skip

    officer = visitors(**variant).sign_in(account)
    officer.open("/today/")
    officer.page.locator(".task", has_text=note).get_by_role("link").click()
    expect(officer.page.locator("main")).to_contain_text(note)
    officer.button("Got it").click()
    expect(officer.page.locator(".task", has_text=note)).to_have_count(0)
    officer.open(f"/partners/{enterprise}/timeline/")
    expect(officer.entry(note)).to_be_visible()


def test_a_contact_leaves_and_another_takes_over(visitors, places, site, variant):
    account = places["accounts"]["officer"][0]
    enterprise, leaving, staying = site.rows(TWO_PEOPLE, account["pk"])[0]
    name = site.value("SELECT name FROM partnerships_contact WHERE id = %s", staying)
    officer = visitors(**variant).sign_in(account)
    officer.open(f"/partners/contacts/{leaving}/left/")
    page = officer.page
    officer.button("Mark as left").click()
    assert site.value("SELECT left_on FROM partnerships_contact WHERE id = %s", leaving) is None
    page.get_by_text(name, exact=True).click()
    officer.button("Mark as left").click()
    expect(page.locator(".notice--success").first).to_be_visible()
    assert site.value("SELECT left_on FROM partnerships_contact WHERE id = %s", leaving)
    open_links = "SELECT count(*) FROM reminders_delivery d JOIN records_link l ON l.id = d.link_id WHERE d.addressee_id = %s AND l.withdrawn_at IS NULL AND l.expires_at > now()"
    assert site.value(open_links, leaving) == 0
    officer.open(f"/partners/{enterprise}/timeline/")
    expect(officer.entry(officer.say("%(successor)s takes over.", successor=name)).first).to_be_visible()
    # back again, so that the next visitor finds two people
    officer.open(f"/partners/{enterprise}/")
    page.locator(f"#contact-{leaving}").get_by_role("button").click()
    expect(page.locator(".notice--success").first).to_be_visible()


def test_whoever_holds_the_link_of_a_reminder_writes_a_sentence(visitors, site, places, variant):
    path = places["pages"][""]["partnerships:link (visit)"]
    foreman, text = visitors(**variant), f"下月搬厂，搬好请你们来 {of(variant)}"
    foreman.open(path)
    foreman.page.get_by_text(foreman.say("Write us"), exact=True).click()
    foreman.page.locator("#write-body").fill(text)
    foreman.page.locator("#write-name").fill("钱师傅")
    foreman.button("Send").click()
    expect(foreman.heading()).to_have_text(foreman.say("Thank you!"))
    expect(foreman.page.locator("main")).to_contain_text(text)
    assert site.value("SELECT count(*) FROM partnerships_message WHERE body = %s AND side = 'enterprise'", text) == 1

"""Partners that were not heard of for too long: who is told, who answers, and what an officer has to do about it."""

import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.e2e.test_reminders import WAITING, carry_one, state
from tests.e2e.visitor import of
from tests.smoke.machine import wait_until

MESSAGE, ADDRESS = 80, 40  # characters: of the words, and of the link alone on the last line
STEP = "tests.e2e.silence"


def keys(*partners):
    return [partner["pk"] for partner in partners]


def mails_to(reader, address, about=""):
    """The addresses of the mails to somebody in the mailbox, oldest first."""
    reader.open("/mail/")
    cards = reader.page.locator("li.card", has_text=address).filter(has_text=about)
    return [card.locator("a").get_attribute("href") for card in cards.all()][::-1]


def let_mail_leave(officer, partner):
    officer.open(f"/partners/{partner['pk']}/rhythm/")
    officer.button("Let them leave by themselves").click()
    expect(officer.page.locator(".notice--success")).to_be_visible()


def task_about(officer, partner):
    officer.open("/today/")
    return officer.page.locator(".task", has_text=partner["name"])


def say_yes(visitor, *, when, name=None):
    """One tap, an afternoon, and who one is: the person on the list, or whoever got the link."""
    page = visitor.page
    page.get_by_text(visitor.say("Yes, a time"), exact=True).click()
    page.locator("[name=day]").first.check()
    page.locator("[name=when]").fill(when)
    page.locator("#id_name").fill(name) if name else page.locator("[name=who]").first.check()
    visitor.picture("link answering")
    visitor.button("Suggest this time").click()
    expect(visitor.heading()).to_have_text(visitor.say("Thank you!"))
    visitor.picture("link answered")


def test_a_partner_goes_quiet_and_answers(visitors, places, site, variant):
    """The mail leaves, one tap answers it, both sides see it, and the ladder ends there; where nobody answers it goes on."""
    cast = site.ask(STEP, "partners", f"quiet {of(variant)}", 2)
    firm, other = cast["partners"]
    lead = site.value("SELECT email FROM accounts_user WHERE role = 'lead' AND is_active ORDER BY id LIMIT 1")
    officer = visitors(**variant).sign_in(cast["officer"])
    expect(task_about(officer, firm)).to_have_count(0)
    officer.picture("today before")
    for partner in (firm, other):
        let_mail_leave(officer, partner)
    officer.picture("rhythm")

    site.ask(STEP, "quiet", *keys(firm, other))
    task = task_about(officer, firm)
    expect(task).to_contain_text(officer.say("Get in touch"))
    officer.picture("today")
    reader = visitors(**variant)
    wait_until(lambda: mails_to(reader, firm["email"]), 30, "no mail to the contact")
    (mail,) = mails_to(reader, firm["email"])
    reader.picture("mailbox")
    reader.open(mail)
    expect(reader.page.locator(".mail__body").first).to_contain_text(firm["contact"])
    reader.picture("mail")
    reader.page.locator(".mail__body a").first.click()
    reader.picture("link")
    when = f"走东门，先去车间。{of(variant)}"
    say_yes(reader, when=when)

    expect(task_about(officer, firm)).to_have_count(0)
    expect(task_about(officer, other)).to_have_count(1)
    officer.open(f"/partners/{firm['pk']}/timeline/")
    expect(officer.entry(when)).to_contain_text(firm["hr"]["name"])
    officer.open(f"/partners/{firm['pk']}/")
    expect(officer.page.locator(".entry", has_text=when)).to_be_visible()
    officer.picture("partner")
    hr = visitors(**variant).sign_in(firm["hr"])
    hr.picture("portal")
    hr.open(f"/portal/{firm['pk']}/partnership/")
    expect(hr.entry(when)).to_be_visible()
    hr.picture("portal partnership")

    for days, to_contact, to_lead in ((7, 2, 0), (14, 2, 1)):
        site.ask(STEP, "later", days, *keys(firm, other))
        assert mails_to(reader, firm["email"]) == [mail]
        assert mails_to(reader, lead, firm["name"]) == []
        assert len(mails_to(reader, other["email"])) == to_contact
        assert len(mails_to(reader, lead, other["name"])) == to_lead
    reader.picture("mailbox later")


def test_a_message_is_forwarded_to_the_workshop(visitors, site, variant):
    """Where nothing leaves by itself the officer carries it; whoever knows the answer gives it, under another name."""
    cast = site.ask(STEP, "partners", f"by hand {of(variant)}", 1)
    (firm,) = cast["partners"]
    officer = visitors(**variant).sign_in(cast["officer"])
    site.ask(STEP, "quiet", firm["pk"])
    expect(task_about(officer, firm)).to_be_visible()
    assert mails_to(visitors(**variant), firm["email"]) == []
    officer.page.locator('main a[href="/forward/"]').click()
    ((delivery, code),) = [(one, code) for owner, one, code in site.rows(WAITING) if owner == cast["officer"]["pk"]]
    officer.picture("forward")
    address = carry_one(officer, site, delivery, code)
    done = officer.page.locator("section", has=officer.page.locator("#done"))
    expect(done.locator(".badge").last).to_have_text(officer.say("sent"))

    with urllib.request.urlopen(address, timeout=30) as fetched:  # as a messenger does for its preview
        assert fetched.status == 200
    foreman = visitors(**variant)
    foreman.open(address)
    if foreman.js:  # only a page whose scripts run says that it was opened
        wait_until(lambda: state(site, delivery) == "opened", 20, "the page did not say that it was opened")
    officer.open("/forward/")
    expect(done.locator(".badge").last).to_have_text(officer.say("opened" if foreman.js else "sent"))
    officer.picture("forward opened")
    when = f"找三号车间的孙师傅。{of(variant)}"
    say_yes(foreman, when=when, name="孙师傅")
    officer.open("/forward/")
    expect(done.locator(".badge").last).to_have_text(officer.say("answered"))
    officer.picture("forward answered")
    expect(task_about(officer, firm)).to_have_count(0)
    officer.open(f"/partners/{firm['pk']}/timeline/")
    entry = officer.entry(when)
    expect(entry).to_contain_text("孙师傅")
    expect(entry).not_to_contain_text(firm["hr"]["name"])


# --- forty in a row ----------------------------------------------------------------------------------------------

FORTY = 40
#: With scripts: copy, sent. Without them the message is marked and copied by hand: into it, all, copy, sent.
ACTIONS = {True: 2, False: 4}


class Hand:
    """An officer's hand, which counts what it does."""

    def __init__(self, officer):
        self.officer, self.page, self.actions = officer, officer.page, 0

    def click(self, locator):
        self.actions += 1
        locator.click()

    def press(self, keys):
        self.actions += 1
        self.page.keyboard.press(keys)

    def copy(self):
        if self.officer.js:
            self.click(self.officer.button("Copy message"))
            expect(self.page.locator(".copy__done")).not_to_be_empty()
        else:
            self.click(self.page.locator("#carried"))
            self.press("ControlOrMeta+A")
            self.press("ControlOrMeta+C")

    def sent(self):
        self.click(self.page.locator('[data-carry] form[action$="/tick/"] button'))


def test_forty_messages(visitors, site, variant):
    """Two actions each, and the next one stands there; the address bar is never touched."""
    cast = site.ask(STEP, "partners", f"forty {of(variant)}", FORTY)
    site.ask(STEP, "quiet", *keys(*cast["partners"]))
    officer = visitors(**variant).sign_in(cast["officer"])
    page, hand, pasted = officer.page, Hand(officer), []
    officer.picture("today forty")
    page.locator('main a[href="/forward/"]').click()
    for number in range(1, FORTY + 1):
        shown = officer.say("%(number)s of %(total)s", number=number, total=FORTY)
        expect(page.locator("[data-carry] .spread .badge")).to_have_text(shown)
        expect(page.locator("#waiting .badge")).to_have_text(str(FORTY - number + 1))
        text = page.locator("#carried").input_value()
        hand.copy()
        pasted.append(page.evaluate("navigator.clipboard.readText()"))
        assert pasted[-1].splitlines() == text.splitlines()
        if number in (1, 20):
            officer.picture(f"forty {number}")
        hand.sent()
    expect(page.locator("#carry .empty")).to_contain_text(officer.say("Nothing to forward"))
    expect(page.locator("#done .badge")).to_have_text(str(FORTY))
    expect(page.locator("#waiting")).to_have_count(0)
    officer.picture("forty done")
    assert hand.actions == FORTY * ACTIONS[officer.js]

    for message in pasted:
        words, address = message.rsplit("\n", 1)
        assert len(words) <= MESSAGE, message
        assert len(address) <= ADDRESS, message
        assert re.fullmatch(rf"{re.escape(site.address)}/l/[1-9A-HJ-NP-Za-km-z]{{11,}}", address)
    assert len(set(pasted)) == FORTY
    (counted,) = site.rows(
        "SELECT count(*), count(DISTINCT d.stream) FROM reminders_delivery d JOIN reminders_task t ON t.id = d.task_id "
        "WHERE t.owner_id = %s AND d.channel = 'hand' AND d.state = 'sent'",
        cast["officer"]["pk"],
    )
    assert counted == (FORTY, FORTY)
    officer.open("/today/")
    expect(page.locator('main a[href="/forward/"]')).to_have_count(0)


# --- the reminder centre -----------------------------------------------------------------------------------------


@pytest.fixture
def rule_stays_on(site):
    """The site is everybody's: a story that breaks off in the middle leaves the rule on."""
    yield
    site.rows("UPDATE reminders_switch SET mode = 'on' WHERE rule = 'gap'")


class Centre:
    """The reminder centre before an administrator's eyes."""

    def __init__(self, administrator):
        self.administrator, self.page = administrator, administrator.page

    def switch(self, button, mode):
        self.administrator.button(button).click()
        expect(self.page.locator(".notice--success")).to_contain_text(self.administrator.say(mode))

    def rehearse(self):
        """(would be told, left out): the rows of both tables."""
        self.administrator.button("Who would be told now?").click()
        expect(self.page.locator("#rehearsal table")).to_have_count(2)
        return [table.locator("tbody tr") for table in self.page.locator("#rehearsal table").all()]

    def told(self, partner, to, where="rule=gap"):
        """The row of a telling in the list of all."""
        self.administrator.open(f"/reminders/deliveries/?{where}")
        return self.page.locator("tbody tr", has_text=partner["name"]).filter(has_text=to)

    def wait_for(self, partner, state):
        """Until the badge of the contact's telling says just this."""
        badge = self.page.get_by_text(self.administrator.say(state), exact=True)

        def is_there():
            return self.told(partner, partner["contact"]).filter(has=badge).count() == 1

        wait_until(is_there, 30, f"{partner['name']} is not {state}")


def test_who_would_be_told_tonight(visitors, places, site, variant, rule_stays_on):
    """Tried out before it is switched on; then what became of each message, and a refused one sent again."""
    cast = site.ask(STEP, "partners", f"centre {of(variant)}", 5)
    mailed, by_hand, without, active, wrong = cast["partners"]
    four = keys(mailed, by_hand, without, active)
    officer = visitors(**variant).sign_in(cast["officer"])
    for partner in (mailed, wrong):
        let_mail_leave(officer, partner)
    site.ask(STEP, "known", without["pk"], "nobody")
    site.ask(STEP, "known", active["pk"], "closed")

    administrator = visitors(**variant).sign_in(places["accounts"]["administrator"][0])
    centre, page, say = Centre(administrator), administrator.page, administrator.say
    administrator.open("/reminders/")
    administrator.picture("centre")
    administrator.link("No contact for too long").click()
    expect(administrator.heading()).to_have_text(say("No contact for too long"))
    centre.switch("Switch off", "off")
    administrator.picture("rule off")
    site.ask(STEP, "quiet", *four)
    expect(task_about(officer, mailed)).to_have_count(0)

    # --- rehearsed: who and at which step, who not and why; nothing stays behind
    centre.switch("Rehearse", "rehearsal")
    told, left_out = centre.rehearse()
    administrator.picture("rehearsed")
    question = say("a task for the officer, a question to the contact")
    expect(told.filter(has_text=mailed["name"]).filter(has_text=mailed["contact"])).to_contain_text(question)
    carried = told.filter(has_text=by_hand["name"]).filter(has_text=by_hand["contact"])
    expect(carried).to_contain_text(say("when it is forwarded"))
    nobody = say("Nobody of the enterprise is known yet: enter a contact first.")
    expect(left_out.filter(has_text=without["name"]).filter(has_text=nobody)).to_have_count(1)
    acted = left_out.filter(has_text=active["name"]).filter(has_text=active["contact"])
    expect(acted).to_contain_text(say("Was active in the last three days."))
    assert site.value("SELECT count(*) FROM reminders_task WHERE stream = ANY(%s)", four) == 0
    assert mails_to(visitors(**variant), mailed["email"]) == []

    # --- switched on: what became of each
    centre.switch("Switch on", "on")
    site.ask(STEP, "later", 0, *four)
    site.ask(STEP, "refused", wrong["pk"])
    expect(task_about(officer, mailed)).to_have_count(1)
    administrator.open("/reminders/")
    expect(page.locator(".card", has_text=say("No contact for too long"))).to_contain_text(say("please look"))
    administrator.link("Everything told").click()
    expect(page.locator("tbody tr", has_text=wrong["name"]).first).to_be_visible()
    administrator.picture("told")
    centre.wait_for(mailed, "sent")
    expect(centre.told(by_hand, by_hand["contact"])).to_contain_text(say("to forward"))
    expect(centre.told(without, nobody)).to_contain_text(say("left out"))
    expect(centre.told(active, active["contact"])).to_contain_text(say("Was active in the last three days."))

    # --- the one that was refused
    reader = visitors(**variant)
    assert mails_to(reader, wrong["email"]) == []
    refused = centre.told(wrong, wrong["contact"], "rule=gap&state=failed")
    expect(refused).to_contain_text("550 5.1.1")
    administrator.picture("refused")
    refused.get_by_role("button").click()
    expect(page.locator(".notice--success")).to_have_text(say("It leaves with the next round of the sender."))
    site.ask(STEP, "later", 0, wrong["pk"])
    centre.wait_for(wrong, "sent")
    administrator.picture("sent again")
    assert len(mails_to(reader, wrong["email"])) == 1

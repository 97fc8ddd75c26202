"""A seminar from the plan to what follows from it, by everybody who takes part, as they see it on their pages."""

from datetime import timedelta

from django.utils.timezone import localdate
from icalendar import Calendar
from playwright.sync_api import expect

from tests.e2e.visitor import of

FIRM = "砺锋精密"


class CalendarProgram:
    """What a calendar program holds, by UID: a request replaces what is not newer, a cancellation removes it (RFC 5546)."""

    def __init__(self):
        self.held, self.seen = {}, set()

    def take(self, text):
        calendar = Calendar.from_ical(text)
        (event,) = calendar.events
        uid, held = event["UID"], self.held.get(event["UID"])
        if held is not None and held["SEQUENCE"] > event["SEQUENCE"]:
            return
        if calendar["METHOD"] == "CANCEL":
            self.held.pop(uid, None)
        else:
            self.held[uid] = event

    def days(self):
        return sorted(event["DTSTART"].dt for event in self.held.values())


def mails_about(reader, title):
    """(address, subject) of every mail about `title` in the mailbox, oldest first."""
    reader.open("/mail/")
    cards = reader.page.locator("li.card a", has_text=title)
    return [(card.get_attribute("href"), card.inner_text()) for card in cards.all()][::-1]


def fetch(reader, title, program):
    """Let the calendar program read the mails about `title` that came since; returns their subjects."""
    fresh = [one for one in mails_about(reader, title) if one[0] not in program.seen]
    for href, _subject in fresh:
        program.seen.add(href)
        reader.open(href)
        part = reader.page.locator("details", has_text="text/calendar").locator("pre")
        if part.count():
            program.take(part.first.text_content())
    return [subject for _href, subject in fresh]


def plan_series(officer, title, day):
    officer.open("/events/new/")
    page = officer.page
    page.locator("[name=title]").fill(title)
    page.locator("[name=starts_at]").fill(f"{day}T14:00")
    page.locator("[name=ends_at]").fill(f"{day}T16:00")
    page.locator("[name=repeats]").select_option("fortnightly")
    page.locator("[name=count]").fill("2")
    page.locator("[name=place]").fill("图书馆报告厅")
    officer.button("Plan").click()
    expect(officer.heading()).to_have_text(officer.say("Whom do we invite?"))
    officer.open(f"{officer.url_path()}?words={FIRM}")
    page.locator("[name=enterprises]").first.check()
    page.locator("[name=whole_series]").check()
    officer.button("Invite").click()
    expect(page.locator(".notice--success")).to_contain_text("2")
    return officer.url_path()


def switch_mail(officer, places, button):
    """The officer's word for this partner, without which every message waits as a draft; whether it was another before."""
    officer.open(places["pages"]["officer"]["partnerships:enterprise_cadence"])
    is_other = officer.button(button).count() == 1
    if is_other:
        officer.button(button).click()
        expect(officer.page.locator(".notice--success")).to_be_visible()
    return is_other


def answer(visitor, form, *, count, plate):
    visitor.page.get_by_text(visitor.say("Yes, we come"), exact=True).click()
    form.locator("[name=head_count]").fill(str(count))
    form.locator("[name=number_plate]").fill(plate)
    if form.locator("[name=name]").count():
        form.locator("[name=name]").fill("钱波")
    form.get_by_role("button", name=visitor.say("Send")).click()


def test_the_whole_story(visitors, places, site, variant):
    title = f"教研座谈 {of(variant)}"
    portal = places["pages"]["hr"]["partnerships:portal_home"]
    officer = visitors(**variant).sign_in(places["accounts"]["officer"][0])
    page, program = officer.page, CalendarProgram()
    was_silent = switch_mail(officer, places, "Let them leave by themselves")
    day = localdate() + timedelta(days=28)
    event = plan_series(officer, title, day)
    second = page.locator("dd a", has_text="20").last.get_attribute("href")
    officer.picture("event planned")

    # --- invited by mail, answered through its link, and in the portal
    site.ask("tests.e2e.moment", title, "told")
    reader = visitors(**variant)
    assert len(fetch(reader, title, program)) == 2
    assert [moment.date() for moment in program.days()] == [day, day + timedelta(days=14)]
    invitation = next(href for href, subject in mails_about(reader, title) if f"{day.month}月{day.day}日" in subject)
    reader.open(invitation)
    reader.page.locator(".mail__body a").first.click()
    expect(reader.heading()).to_have_text(title)
    reader.picture("event link")
    answer(reader, reader.page.locator("form", has=reader.page.locator("[name=answer]")), count=2, plate="浙A·8K2F6")
    expect(reader.page.locator(".notice--success")).to_contain_text(reader.say("Thank you!"))
    reader.picture("event answered")
    hr = visitors(**variant).sign_in(places["accounts"]["hr"][0])
    hr.open(portal.rstrip("/") + second)
    hr.picture("event portal")
    answer(hr, hr.page.locator("form", has=hr.page.locator("[name=answer]")), count=1, plate="浙A·00001")
    expect(hr.page.locator(".notice--success")).to_be_visible()
    officer.open(event)
    expect(page.locator("tbody tr", has_text="浙A·8K2F6")).to_contain_text("钱波")

    # --- reminded three days before
    site.ask("tests.e2e.moment", title, 3)
    (reminder,) = [one for one in fetch(reader, title, program) if "提醒" in one]
    assert title in reminder
    assert len(program.held) == 2

    # --- moved: replaced; cancelled: gone
    before = {uid: event["SEQUENCE"] for uid, event in program.held.items()}
    move_a_day(officer, second)
    site.ask("tests.e2e.moment", title, "told")
    fetch(reader, title, program)
    risen = {uid: event["SEQUENCE"] - before[uid] for uid, event in program.held.items()}
    assert sorted(risen.values()) == [0, 1]
    page.locator("details.card summary").click()
    page.locator("[name=note]").fill("报告厅检修")
    page.locator("details.card").get_by_role("button").click()
    expect(page.locator(".notice--success")).to_be_visible()
    site.ask("tests.e2e.moment", title, "told")
    fetch(reader, title, program)
    assert len(program.held) == 1
    hr.open(portal.rstrip("/") + "/events/")
    expect(hr.page.locator(".task", has_text=hr.say("does not take place")).filter(has_text=title)).to_have_count(1)
    hr.picture("events portal")

    # --- at the door
    officer.open(event)
    officer.link("QR at the door").click()
    address = page.locator(".poster .mono").inner_text()
    assert page.locator(".poster__code svg").is_visible()
    officer.picture("event door")
    foreman = visitors(**variant)
    foreman.open(address)
    expect(foreman.page.locator("form.form")).to_have_count(0)  # three days too early: a sentence instead
    expect(foreman.page.locator(".notice")).to_be_visible()
    site.ask("tests.e2e.moment", title, "begin")
    foreman.open(address)
    foreman.page.locator("[name=company]").fill(FIRM)
    foreman.page.locator("[name=name]").fill("钱波")
    foreman.page.locator("form.form button").click()
    expect(foreman.page.locator(".notice--success")).to_contain_text("钱波")
    expect(foreman.page.locator("main")).not_to_contain_text("杭州砺锋精密机械有限公司")
    officer.open(event)
    row = page.locator("tbody tr", has_text="浙A·8K2F6")
    expect(row.locator("[name=came]")).to_be_checked()
    officer.button("Record who came").click()
    expect(page.locator(".notice--success")).to_be_visible()

    # --- minutes, and who does what
    minutes, item = f"谈了课程标准。{of(variant)}", f"提供案例 {of(variant)}"
    officer.link("Write the minutes").click()
    page.locator("[name=minutes]").fill(minutes)
    officer.button("Save").click()
    page.locator("[name=text]").fill(item)
    page.locator("[name=who]").select_option(value=page.locator("[name=who] option[value^=e]").get_attribute("value"))
    page.locator("form", has=page.locator("[name=due_on]")).get_by_role("button").click()
    expect(page.locator(".task", has_text=item)).to_be_visible()
    officer.picture("event minutes")
    hr.open(portal)
    task = hr.page.locator(".task", has_text=item)
    expect(task).to_be_visible()
    hr.picture("event task portal")
    task.get_by_role("link").click()
    expect(hr.page.locator("#minutes")).to_contain_text(minutes)
    hr.page.locator(".task", has_text=item).get_by_role("button").click()
    expect(hr.page.locator(".task", has_text=item)).to_contain_text(hr.say("Done"))
    hr.picture("event done portal")
    officer.open(event)
    expect(page.locator(".task", has_text=item)).to_contain_text(officer.say("Done"))

    # --- closed: the minutes are told once, with one line that asks how it was
    officer.button("Close").click()
    expect(page.locator(".notice--success")).to_be_visible()
    site.ask("tests.e2e.moment", title, "told")
    (letter,) = [one for one in fetch(reader, title, program) if "纪要" in one]
    site.ask("tests.e2e.moment", title, "told")
    assert fetch(reader, title, program) == []
    hr.open(portal.rstrip("/") + event)
    hr.page.locator("#feedback [name=useful][value='4']").check()
    hr.page.locator("#feedback [name=follow_up]").fill("去车间看看")
    hr.page.locator("#feedback button").click()
    expect(hr.page.locator("#feedback")).to_contain_text("4 / 5")
    officer.open(event)
    told = page.locator("section", has=page.locator("#feedback"))
    expect(told).to_contain_text("4.0")
    expect(told).to_contain_text("去车间看看")
    officer.picture("event over")
    if was_silent:
        switch_mail(officer, places, "Keep them as drafts")


def move_a_day(officer, path):
    officer.open(f"{path}edit/")
    for name in ("starts_at", "ends_at"):
        field = officer.page.locator(f"[name={name}]")
        moment = field.input_value()
        day = localdate().fromisoformat(moment[:10]) + timedelta(days=1)
        field.fill(f"{day}{moment[10:]}")
    officer.button("Save").click()
    expect(officer.page.locator(".notice--success")).to_be_visible()

"""A promise on both sides' lists, kept with a picture; another one late until the lead hears of it; a shorter term."""

import re
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from django.utils import translation
from django.utils.formats import date_format
from playwright.sync_api import expect

from tests.e2e.visitor import of
from tests.stage import jpeg

TERM = "tests.e2e.term"


def shown(visitor, day):
    """A day as this visitor reads it written out."""
    with translation.override(visitor.language):
        return date_format(date.fromisoformat(day), "DATE_FORMAT")


def picture(name):
    upload = jpeg(name)
    return {"name": upload.name, "mimeType": "image/jpeg", "buffer": upload.read()}


@pytest.fixture
def story(site, variant):
    return site.ask(TERM, "sign", of(variant))


def on_lists(visitor, title):
    return visitor.page.locator(".task", has_text=title)


def test_promised_kept_late_and_cut_short(site, places, visitors, variant, story):
    name, firm = of(variant), story["partners"][0]
    theirs, ours = f"接待教师 {name}", f"送交总结 {name}"
    officer = visitors(**variant).sign_in(story["officer"])
    hr = visitors(**variant).sign_in(firm["hr"])

    # --- both sides read what was promised, each in its own words
    officer.open(f"/agreements/{story['agreement']}/")
    expect(officer.page.locator("#promises")).to_contain_text(theirs)
    hr.open(f"/portal/{firm['pk']}/promises/")
    expect(on_lists(hr, theirs)).to_be_visible()
    expect(on_lists(hr, ours)).to_be_visible()

    # --- in a week: on both lists
    site.ask(TERM, "due", story["duties"]["enterprise"], 7)
    officer.open("/")
    expect(on_lists(officer, theirs)).to_be_visible()
    officer.picture("promise today")
    hr.open(f"/portal/{firm['pk']}/")
    expect(on_lists(hr, theirs)).to_be_visible()
    hr.picture("promise tasks")

    # --- HR says that it is done, with a picture
    on_lists(hr, theirs).get_by_role("link").click()
    hr.page.locator("[name=note]").fill("来了四位老师")
    hr.page.locator("input[type=file]").set_input_files(picture("现场"))
    hr.picture("promise done")
    hr.button("Done").click()
    expect(hr.page.locator(".notice--success")).to_have_text(hr.say("Thank you! The school sees it at once."))
    hr.open(f"/portal/{firm['pk']}/")
    expect(on_lists(hr, theirs)).to_have_count(0)

    # --- the officer sees how, with the picture, and the task is gone
    officer.open("/")
    expect(on_lists(officer, theirs)).to_have_count(0)
    officer.open(f"/obligations/{story['duties']['enterprise']}/")
    expect(officer.page.locator("main")).to_contain_text("来了四位老师")
    expect(officer.page.locator("main img")).to_have_js_property("complete", True)
    officer.picture("promise kept")

    # --- ours is two weeks late: the lead is told, the enterprise never reads it
    site.ask(TERM, "due", story["duties"]["school"], -14)
    lead = visitors(**variant).sign_in(places["accounts"]["lead"][0])
    told = "SELECT count(*) FROM reminders_delivery d JOIN reminders_task t ON t.id = d.task_id WHERE t.rule = 'obligation'"
    told += " AND t.subject_id = %s AND d.step = 4 AND d.state IN ('due', 'claimed', 'sending', 'sent')"
    assert site.value(told, story["duties"]["school"]) >= 1
    lead.open("/obligations/?" + urlencode({"state": "late", "q": ours}))
    lead.page.get_by_role("link", name=ours).click()
    with translation.override(variant["language"]):
        late = str(translation.pgettext("obligation", "late"))
    expect(lead.page.locator("main .badge", has_text=late).first).to_be_visible()
    lead.picture("promise late")
    hr.open(f"/portal/{firm['pk']}/promises/{story['duties']['school']}/")
    expect(hr.page.locator("main .badge", has_text=hr.say("to arrange"))).to_be_visible()
    expect(hr.page.locator("main .badge", has_text=late)).to_have_count(0)

    # --- a shorter term: calendar of ends, the list and what lies beyond it follow
    assert story["later"]
    until = site.ask(TERM, "shorten", story["agreement"], 25)["until"]
    officer.open(f"/agreements/ends/?month={until[:7]}")
    expect(officer.page.locator("main")).to_contain_text(story["title"])
    beyond = "SELECT count(*) FROM partnerships_obligation WHERE agreement_id = %s AND state = 'open' AND due_on > %s"
    assert site.value(beyond, story["agreement"], until) == 0
    officer.open("/")
    end = officer.page.locator(".task", has_text=story["title"]).filter(has_text=officer.say("Decide"))
    expect(end).to_contain_text(shown(officer, until))
    end.get_by_role("link", name=officer.say("Decide")).first.click()
    expect(officer.heading()).to_contain_text(officer.say("What follows on the end"))
    officer.picture("promise ending")
    hr.open(f"/portal/{firm['pk']}/")
    hr.page.locator(".task", has_text=hr.say("Shall we go on together?")).get_by_role("link").click()
    hr.page.get_by_label(hr.say("yes, let us go on").capitalize()).or_(
        hr.page.get_by_label(hr.say("yes, let us go on"))
    ).first.check()
    hr.button("Answer").click()
    expect(hr.page.locator(".notice--success")).to_have_text(hr.say("Thank you! The school reads your answer."))
    officer.page.reload()
    expect(officer.page.locator("main")).to_contain_text(officer.say("yes, let us go on"))

    # --- renewed with one press: a draft that continues it, with its term behind the end
    officer.button("Draft the renewal").click()
    expect(officer.page).not_to_have_url(re.compile("ending"))
    renewal = int(re.search(r"/agreements/(\d+)/", officer.page.url)[1])
    begins = date.fromisoformat(until) + timedelta(days=1)
    fields = "SELECT concat_ws(' ', renews_id, state, starts_on) FROM partnerships_agreement WHERE id = %s"
    assert site.value(fields, renewal) == f"{story['agreement']} draft {begins}"
    officer.open(f"/agreements/{story['agreement']}/ending/")
    expect(officer.page.locator(f"main a[href='/agreements/{renewal}/']")).to_be_visible()

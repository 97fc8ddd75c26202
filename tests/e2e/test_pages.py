"""Every page of every role: accessible, in one language, as wide as the screen, light, and silent."""

import pytest
from django.urls import get_resolver

from tests.e2e import checks
from tests.e2e import places as listing
from tests.e2e.visitor import Visitor

#: Role on the sign-in page -> the pages it opens are those of places.objects().
ROLES = ("officer", "lead", "administrator", "hr", "teacher", "counsellor", "")
LOOKS = {"zh light 1280": ("zh-hans", "light", 1280), "en dark 360": ("en", "dark", 360)}
KEY_PAGES = {
    "officer": ["reports:today", "partnerships:enterprise_detail", "partnerships:trip_new"],
    "hr": ["partnerships:portal_home"],
    "": ["partnerships:link"],
}
ALL_LOOKS = [
    (language, scheme, width)
    for language in ("zh-hans", "en")
    for scheme in ("light", "dark")
    for width in (360, 1280)
    if (language, scheme, width) not in LOOKS.values()
]
#: Answered with another status than 200, and meant so.
STATUS = {"partnerships:link (over)": 410, "not there": 404, "not yours": 403}
#: Pages of refusal, beside those of places.objects().
REFUSALS = {"officer": {"not there": "/partners/0/"}, "hr": {"not yours": "/today/"}}
#: These show letters to others.
IN_THE_READERS_LANGUAGE = ("accounts:mail_list", "accounts:mail_detail")


def enter(browser, site, found, role, **how):
    visitor = Visitor(browser, site, **how)
    if role:
        visitor.sign_in(found["accounts"][role][0])
    return visitor


def look_at(visitor, name, path):
    """Open one page and list what is wrong with it."""
    response = visitor.open(path)
    found = [f"status {response.status}"] if response.status != STATUS.get(name, 200) else []
    found += checks.faults(visitor.page, language=visitor.language, width=visitor.width)
    return found + visitor.faults


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("role", ROLES)
def test_every_page(browser, site, places, role, look):
    language, scheme, width = LOOKS[look]
    visitor = enter(browser, site, places, role, language=language, scheme=scheme, width=width)
    wrong, names = {}, set(places["latin"])
    for name, path in (places["pages"][role] | REFUSALS.get(role, {})).items():
        visitor.faults.clear()
        if found := look_at(visitor, name, path):
            wrong[name] = found
        is_chinese = language == "zh-hans" and name not in IN_THE_READERS_LANGUAGE
        if is_chinese and (found := checks.untranslated(visitor.page, names)):
            wrong.setdefault(name, []).append(f"not in Chinese: {found}")
        visitor.picture(f"{name} {scheme}")
    visitor.faults.clear()
    visitor.leave()
    assert not wrong, report(wrong)


@pytest.mark.parametrize(
    "look", ALL_LOOKS, ids=" ".join(f"{look[0]}-{look[1]}-{look[2]}" for look in ALL_LOOKS).split()
)
def test_key_pages_in_every_look(browser, site, places, look):
    language, scheme, width = look
    wrong = {}
    for role, names in KEY_PAGES.items():
        visitor = enter(browser, site, places, role, language=language, scheme=scheme, width=width)
        for name in names:
            if found := look_at(visitor, name, places["pages"][role][name]):
                wrong[name] = found
        visitor.faults.clear()
        visitor.leave()
    assert not wrong, report(wrong)


def test_the_checks_bite(visitors):
    """A page spoilt on purpose is found out by each check."""
    visitor = visitors(language="en", width=360)
    visitor.open("/account/login/")
    assert checks.faults(visitor.page, language="en", width=360) == []
    visitor.page.evaluate("""() => {
      document.querySelector("main").insertAdjacentHTML("beforeend",
        '<details class="menu narrow"><summary>Cut</summary><div class="menu__panel">x</div></details><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><button class="tiny">x</button><h1>Untranslated words</h1>');
      document.querySelector(".narrow").style.inlineSize = "60px";
      document.querySelector(".tiny").style.cssText = "inline-size: 8px; min-inline-size: 0; padding: 0";
      document.querySelector("img:last-of-type").style.cssText = "display: block; inline-size: 700px; max-inline-size: none";
      document.title = "";
    }""")
    found = "\n".join(checks.faults(visitor.page, language="zh-hans", width=360))
    for part in (
        "image-alt",
        "too small to hit",
        "lang is en",
        "the title says nothing",
        "first headings",
        "beyond 320",
        "a menu is cut off at 360: Cut",
    ):
        assert part in found, (part, found)
    assert "Untranslated words" in checks.untranslated(visitor.page, set())
    visitor.page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    visitor.page.evaluate("fetch('http://127.0.0.1:9/elsewhere').catch(() => {})")
    visitor.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    found = "\n".join(visitor.faults)
    visitor.faults.clear()
    assert "CSP" in found


@pytest.mark.parametrize("role", ["officer", "hr", ""])
def test_first_load_is_light(browser, site, places, role):
    """As a first visit, with an empty cache: HTML, styles, scripts and pictures."""
    visitor = enter(browser, site, places, role)
    wrong, weights = {}, {}
    for name, path in places["pages"][role].items():
        weight = checks.Weight(visitor.page)
        visitor.open(path)
        visitor.page.wait_for_load_state("networkidle")
        weights[name] = (weight.bytes, len(weight.loaded))
        if weight.bytes > checks.MOST_BYTES or len(weight.loaded) > checks.MOST_REQUESTS:
            wrong[name] = [
                f"{weight.bytes} bytes in {len(weight.loaded)} requests: {sorted(weight.loaded.items(), key=lambda one: -one[1])[:4]}"
            ]
        weight.session.detach()
    visitor.leave()
    heaviest = max(weights.items(), key=lambda one: one[1])
    print(f"\n{role or 'nobody'}: heaviest {heaviest}")
    assert not wrong, report(wrong)


def test_every_address_is_looked_at():
    """A new URL name is put into places.py: as a page, as a POST or as something that is no page."""
    ours = set()
    for prefix in ("accounts", "partnerships", "reminders", "reports"):
        names = get_resolver().namespace_dict[prefix][1].reverse_dict
        ours |= {f"{prefix}:{name}" for name in names if isinstance(name, str)}
    listed = listed_names() | listing.POSTS | listing.NO_PAGES
    assert ours - listed == set()
    assert listing.POSTS & listed_names() == set()


def listed_names():
    """The names in places.objects(), read from its text: the objects themselves live in the site's database."""
    import inspect
    import re

    return set(re.findall(r'"(\w+:\w+)"', inspect.getsource(listing.objects)))


def report(wrong):
    return "\n" + "\n".join(f"{name}\n    " + "\n    ".join(lines) for name, lines in wrong.items())

"""Somebody at a browser: opens pages, reads them in one language, and minds everything that goes wrong on the way."""

import os
import secrets
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext, ngettext, pgettext
from playwright.sync_api import expect

#: Runs before the scripts of a page: what the Content-Security-Policy stops is kept for the test.
LISTEN = "window.addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective + ' ' + e.blockedURI));"
#: In every text a test writes: a site that is used again still shows one of each.
RUN = secrets.token_hex(2)


def of(variant):
    """The variant in a few letters."""
    return f"{variant['language']} {variant['width']}{'' if variant['js'] else ' plain'} {RUN}"


class Visitor:
    """One browser context of its own: cookies, language, width and scheme. `faults` fills by itself."""

    def __init__(self, browser, site, *, language="zh-hans", width=1280, js=True, scheme="light"):
        self.site, self.language, self.width, self.js = site, language, width, js
        self.faults, self.expected = [], ()
        self.context = browser.new_context(
            base_url=site.address, viewport={"width": width, "height": 740 if width < 600 else 900}, color_scheme=scheme,
            locale="zh-CN" if language == "zh-hans" else "en-GB", timezone_id="Asia/Shanghai", java_script_enabled=js,
            has_touch=width < 600, reduced_motion="reduce",
        )  # fmt: skip
        self.context.set_default_timeout(20_000)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        cookie = {"name": "language", "value": language, "url": site.address}
        self.context.add_cookies([cookie])
        if js:
            self.context.add_init_script(LISTEN)
        self.context.on("request", self._mind_request)
        self.context.on("response", self._mind_response)
        self.context.on("console", self._mind_console)
        self.context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.page = self.context.new_page()

    # --- what must not happen ------------------------------------------------------------------------------------

    def _mind_request(self, request):
        url = urlsplit(request.url)
        if url.scheme in ("http", "https", "ws", "wss") and f"{url.scheme}://{url.netloc}" != self.site.address:
            self.faults.append(f"a request to another host: {request.url}")

    def _mind_response(self, response):
        kind = response.request.resource_type
        if response.url.endswith("/favicon.ico"):  # asked for by the browser itself where a page names no icon
            return
        if response.status >= 500 or (response.status >= 400 and kind not in ("document", "xhr", "fetch")):
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")

    def _mind_console(self, message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):  # minded as responses
            self.faults.append(f"console of {message.page.url if message.page else '?'}: {message.text}")

    def leave(self):
        faults, self.faults = self.faults, []
        self.context.close()
        assert not faults, "\n".join(faults)

    # --- words ---------------------------------------------------------------------------------------------------

    def say(self, text, **values):
        """A text of ours as this visitor reads it."""
        with translation.override(self.language):
            said = gettext(text)
        return said % values if values else said

    def say_of(self, context, text):
        """The same for a text that is said in more than one sense."""
        with translation.override(self.language):
            return pgettext(context, text)

    def say_number(self, one, many, number):
        with translation.override(self.language):
            return ngettext(one, many, number) % {"number": number, "minutes": number}

    # --- going about ---------------------------------------------------------------------------------------------

    def open(self, path):
        """Open a page and wait for its scripts; returns the response."""
        return self.page.goto(path)

    def sign_in(self, account):
        """One click on the sign-in page, in this visitor's language. `account` is one of places()["accounts"]."""
        self.open("/account/login/")
        self.page.locator(f'form[action="/demo/{account["pk"]}/"] button').click()
        expect(self.page.locator("main")).to_be_visible()
        self.speak()
        return self

    def speak(self):
        """Switch the signed-in page to this visitor's language where the account has another."""
        code = "zh-CN" if self.language == "zh-hans" else "en"
        if self.page.locator("html").get_attribute("lang") != code:
            self.page.locator(".language button").first.click()
        expect(self.page.locator("html")).to_have_attribute("lang", code)

    def button(self, text, **values):
        return self.page.get_by_role("button", name=self.say(text, **values), exact=True)

    def link(self, text, **values):
        return self.page.get_by_role("link", name=self.say(text, **values), exact=True)

    def field(self, text):
        """A form field by its label; labels carry “required” behind the word."""
        word = self.say(text)
        return self.page.get_by_label(word[:1].upper() + word[1:])

    def entry(self, text, kind=".entry"):
        """The entry of the open timeline that says `text`: on an older page where other journeys wrote meanwhile."""
        entry, older = self.page.locator(kind, has_text=text), self.link("Older")
        expect(entry.or_(older).first).to_be_visible()
        while not entry.count() and older.count():
            shown, further = self.page.locator(".entry").count(), older.get_attribute("href")
            if self.js:
                older.click()
                expect(self.page.locator(".entry")).not_to_have_count(shown)
            else:
                self.open(further)
        return entry

    def task(self, text):
        """The row of the open page of Today that says `text`: on a further page where more is due before it."""
        task, following = self.page.locator(".task", has_text=text), self.page.locator(".pages [rel=next]")
        while not task.count() and following.count():
            self.open(self.url_path() + following.get_attribute("href"))
        return task

    def write_this_minute(self):
        """In a contact's form: a contact of some time today stands below all that other journeys did since morning."""
        self.page.locator("[name=time]").fill(f"{datetime.now(ZoneInfo('Asia/Shanghai')):%H:%M}")

    def heading(self):
        return self.page.locator("h1")

    def url_path(self):
        return urlsplit(self.page.url).path

    def picture(self, name):
        """Kept for looking at where E2E_PICTURES names a folder."""
        if folder := os.environ.get("E2E_PICTURES"):
            file = f"{name} {self.language} {self.width}{'' if self.js else ' plain'}".replace(":", "-")
            self.page.screenshot(path=f"{folder}/{file.replace(' ', '_')}.png", full_page=True, caret="initial")

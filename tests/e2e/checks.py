"""What holds for every page, asked of the browser that shows it."""

import re

from axe_playwright_python.sync_playwright import Axe

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
#: First load of any page, compressed.
MOST_BYTES, MOST_REQUESTS = 100_000, 8
SMALLEST_TARGET = 24

#: Everything one may press, with its size; words inside a sentence are as high as their line (WCAG 2.5.8).
SMALL_TARGETS = """smallest => {
  const small = [];
  for (const one of document.querySelectorAll("a[href], button, select, summary, input:not([type=hidden]), textarea")) {
    if (!one.checkVisibility({visibilityProperty: true, opacityProperty: true}) || one.closest(".visually-hidden, .skip")) continue;
    if (one.matches("a") && getComputedStyle(one).display === "inline" && one.closest("p, li, dd, td, th, h1, h2, h3, nav, label, span, div")) continue;
    const shown = one.matches("[type=checkbox], [type=radio]") && one.labels[0] ? one.labels[0] : one;
    const {width, height} = shown.getBoundingClientRect();
    if (width && height && (width < smallest || height < smallest)) {
      small.push(`${one.tagName} ${Math.round(width)}×${Math.round(height)} ${one.className} ${one.textContent.trim().slice(0, 30)}`);
    }
  }
  return small;
}"""

#: Menus of which a part would lie beside the screen, once opened.
CUT_MENUS = """() => [...document.querySelectorAll("details:has(> .menu__panel)")].filter(menu => {
  const wasOpen = menu.open;
  menu.open = true;
  const {left, right} = menu.querySelector(".menu__panel").getBoundingClientRect();
  menu.open = wasOpen;
  return left < 0 || right > document.documentElement.clientWidth;
}).map(menu => menu.querySelector("summary").textContent.trim())"""

#: Text of the page that stands alone in Latin letters, outside of what has a language of its own.
LATIN_TEXTS = """() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim().replace(/\\s+/g, " ");
    const around = walker.currentNode.parentElement;
    if (!text || around.closest("[lang]:not(html), script, textarea, code, kbd, .mono, .avatar")) continue;
    if (/[A-Za-z]{3,}/.test(text) && !/[\\u3400-\\u9fff]/.test(text)) found.add(text);
  }
  return [...found];
}"""
#: Texts made of these alone are in no language: names of things, addresses, file names, codes, numbers.
TECHNICAL = re.compile(
    r"(?:(?:Ronghe|English|[\w.+-]+@[\w.-]+|https?://\S+|Chrome|Linux|\S+\.(?:xlsx?|csv|jpe?g|png|pdf)|[A-Z0-9]{15,18})|[\d\W_]+)*"
)


def violations(page, rules=RULES):
    """What axe finds on the page, one line for each rule with the first element that breaks it."""
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{one['id']} ({len(one['nodes'])}×): {one['nodes'][0]['html'][:160]}" for one in found]


def sideways(page):
    """How far the page can be scrolled sideways, in pixels."""
    return page.evaluate("Math.max(0, document.documentElement.scrollWidth - window.innerWidth)")


def small_targets(page):
    return page.evaluate(SMALL_TARGETS, SMALLEST_TARGET)


def untranslated(page, names):
    """Texts without any Chinese on a Chinese page that are neither names nor technical."""
    return [text for text in page.evaluate(LATIN_TEXTS) if text not in names and not TECHNICAL.fullmatch(text)]


def faults(page, *, language, width):
    """All of it for the page as it stands: a list of sentences, empty for a good page."""
    found = violations(page)
    lang = page.evaluate("document.documentElement.lang")
    if lang != ("zh-CN" if language == "zh-hans" else "en"):
        found.append(f"lang is {lang}")
    if not page.title().strip(" ·").replace("Ronghe", "").strip(" ·"):
        found.append(f"the title says nothing: {page.title()}")
    if page.locator("h1").count() != 1:
        found.append(f"{page.locator('h1').count()} first headings")
    found += [f"too small to hit: {one}" for one in small_targets(page)]
    for narrow in (360, 320) if width <= 360 else (width,):
        if narrow != width:
            page.set_viewport_size({"width": narrow, "height": 740})
        if beyond := sideways(page):
            found.append(f"{beyond} pixels beyond {narrow}: {widest(page)}")
        found += [f"a menu is cut off at {narrow}: {name}" for name in page.evaluate(CUT_MENUS)]
    page.set_viewport_size({"width": width, "height": 740 if width < 600 else 900})
    return found


def widest(page):
    return page.evaluate("""() => [...document.querySelectorAll("body *")]
      .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".table-box, pre, .visually-hidden"))
      .map(one => one.tagName + "." + one.className).slice(0, 4).join(" < ")""")


class Weight:
    """Counts what a first visit loads, as it comes over the wire."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.loaded = {}
        self.urls = {}
        self.session.on(
            "Network.requestWillBeSent", lambda event: self.urls.update({event["requestId"]: event["request"]["url"]})
        )
        self.session.on("Network.loadingFinished", self._finished)

    def _finished(self, event):
        url = self.urls.get(event["requestId"], "")
        if not url.startswith("data:"):
            self.loaded[url] = self.loaded.get(url, 0) + event["encodedDataLength"]

    @property
    def bytes(self):
        return int(sum(self.loaded.values()))

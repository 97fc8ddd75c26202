"""One site and one browser for the whole run; every test gets visitors of its own, and each must leave without fault."""

import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.site import running
from tests.e2e.visitor import Visitor

#: The engine without the windows of a desktop, which cost more than the pages.
CHROMIUM = "/usr/bin/chromium-headless-shell"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--font-render-hinting=none",
]  # fmt: skip
#: Language, width, JavaScript: Chinese on a phone, English at a desk, and a phone whose scripts never arrive.
VARIANTS = {
    "zh-360": ("zh-hans", 360, True),
    "en-1280": ("en", 1280, True),
    "zh-360-without-js": ("zh-hans", 360, False),
}


def pytest_collection_modifyitems(items):
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def fresh_site():
    """Not below pytest's own folder: each run of pytest closes that one to the database's user."""
    folder = tempfile.TemporaryDirectory(prefix="ronghe-e2e-", ignore_cleanup_errors=True)
    with folder as name, running(Path(name).resolve()) as found:
        yield found


@pytest.fixture(scope="session")
def places(fresh_site):
    """The addresses of every page, by who opens it (tests/e2e/places.py), and the accounts of the demonstration."""
    return fresh_site.ask("tests.e2e.places")


@pytest.fixture(scope="session")
def site(fresh_site, places):
    """For journeys: in whatever order they come, the places were listed before any of them."""
    return fresh_site


@pytest.fixture(scope="session")
def browser():
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def visitors(browser, site):
    """A function that lets another visitor in."""
    present = []

    def enter(**how):
        present.append(Visitor(browser, site, **how))
        return present[-1]

    yield enter
    faults = []
    for visitor in present:
        faults += visitor.faults
        visitor.faults = []
        visitor.leave()
    assert not faults, "\n".join(faults)


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def variant(request):
    language, width, js = request.param
    return {"language": language, "width": width, "js": js}

"""A real Chromium for all tests of this folder. Without one they skip, loudly; with REQUIRE_BROWSER=1 they fail."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from infra.build.web import build_web
from tests.browser.chromium import CHROMIUM, chromium
from tests.browser.day import Day, fill
from tests.browser.portal_server import PortalServer, portal_server
from tests.browser.storage import Storage

# A machine that is busy with other things takes its time; what works answers at once all the same.
expect.set_options(timeout=20_000)

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def what_it_takes() -> None:
    """Have Chromium and the built assets at hand, or say what is missing."""
    if not CHROMIUM.exists():
        missing = (
            f"BROWSER TESTS SKIPPED: there is no Chromium at {CHROMIUM}; apt-get install chromium, or set CHROMIUM."
        )
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(missing.replace("SKIPPED", "IMPOSSIBLE"))
        pytest.skip(missing)
    build_web()


@pytest.fixture(scope="session")
def browser(what_it_takes: None) -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def portal() -> Iterator[PortalServer]:
    with portal_server() as running:
        yield running


@pytest.fixture
def storage(portal: PortalServer) -> Storage:
    """The bucket behind the fast pages, empty."""
    portal.storage.taken.clear()
    return portal.storage


@pytest.fixture(scope="module")
def day(portal: PortalServer) -> Day:
    return fill(portal)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 860})
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def staff_page(context: BrowserContext, portal: PortalServer) -> Iterator[Page]:
    """A page of somebody of the sample's clinic. Whatever the browser blocks or throws fails the test."""
    context.add_cookies(portal.cookies("staff-token"))
    yield from watched(context.new_page())


def watched(page: Page) -> Iterator[Page]:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    yield page
    assert not troubles


def violations(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 A and AA on the page as it is."""
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("(tags) => axe.run({runOnly: tags})", tags)
    return [
        json.dumps({"rule": one["id"], "nodes": [node["html"][:160] for node in one["nodes"]], "help": one["help"]})
        for one in found["violations"]
    ]

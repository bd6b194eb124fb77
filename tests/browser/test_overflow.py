"""Nothing of any page is cut off, at no width: each panel, list and box is measured, not the page as a whole."""

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as LateError

from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import pages, settle

WIDTHS = (390, 1024, 1280, 1920)

CUT_OFF = """() => [document.documentElement, ...document.querySelectorAll("main *")]
  .filter((box) => box.offsetParent || box === document.documentElement)
  .filter((box) => !box.closest("thead, svg, .nhsuk-u-visually-hidden"))
  .filter((box) => ["hidden", "clip"].includes(getComputedStyle(box).overflowX) || box === document.documentElement)
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => `${box.localName}.${box.className}: ${box.scrollWidth} in ${box.clientWidth}`)"""
"""Boxes whose content does not fit them and cannot be scrolled to. A head for screen readers alone is one pixel."""


@pytest.mark.parametrize("token", [None, "staff-token", "admin-token"])
def test_no_panel_cuts_anything_off(browser: Browser, portal: PortalServer, day: Day, token: str | None) -> None:
    context = browser.new_context()
    if token:
        context.add_cookies(portal.cookies(token))
    page, found = context.new_page(), {}
    for name, (its, path) in pages(day).items():
        if its != token:
            continue
        page.goto(portal.url + path)
        settle(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860})
            if cut := measure(page):
                found[name, width] = cut
    context.close()
    assert found == {}


def measure(page: Page) -> list[str]:
    """Return what is cut off for good: a chart takes its new width some frames later."""
    try:
        page.wait_for_function(f"({CUT_OFF})().length === 0", timeout=3_000)
    except LateError:
        return list(page.evaluate(CUT_OFF))
    return []

"""Nothing of any page is cut off, at no width: each panel, list and box is measured, not the page as a whole."""

import time

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import pages, settle
from tests.browser.upload_pictures import visit_states

WIDTHS = (390, 1024, 1280, 1920)

CUT_OFF = """() => [document.documentElement, ...document.querySelectorAll("main *")]
  .filter((box) => box.offsetParent || box === document.documentElement)
  .filter((box) => !box.closest("thead, svg, .nhsuk-u-visually-hidden"))
  .filter((box) => ["hidden", "clip"].includes(getComputedStyle(box).overflowX) || box === document.documentElement)
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => `${box.localName}.${box.className}: ${box.scrollWidth} in ${box.clientWidth}`)
  .concat(
    [...document.querySelectorAll("main .panel *, main .notice *, main .tile *")]
      .filter((box) => box.offsetParent && !box.closest("thead, svg, .nhsuk-u-visually-hidden, .table-scroll, input"))
      .filter((box) => !["auto", "scroll"].includes(getComputedStyle(box.parentElement).overflowX))
      .map((box) => [box, box.parentElement.closest(".panel, .notice, .tile")])
      .filter(([box, panel]) => panel && box.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1)
      .map(([box]) => `${box.localName}.${box.className} stands out of its panel: ${box.textContent.slice(0, 30)}`)
  )"""
"""Boxes whose content does not fit them and cannot be scrolled to, and what stands out of its panel. A head for screen
readers alone is one pixel."""


@pytest.mark.parametrize("token", [None, "staff-token", "lead-token", "admin-token"])
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
        found |= measure_all(page, name)
    context.close()
    assert found == {}


def test_nothing_is_cut_off_of_the_upload_page_while_it_works(browser: Browser, portal: PortalServer) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.add_cookies(portal.cookies("staff-token"))
    page, found = context.new_page(), {}

    def look(state: str) -> None:
        found.update(measure_all(page, state))

    visit_states(page, portal, look)
    context.close()
    assert found == {}


def measure_all(page: Page, name: str) -> dict[tuple[str, int], list[str]]:
    """Return what is cut off at each width, also of what is folded."""
    page.evaluate("() => document.querySelectorAll('main details').forEach((one) => (one.open = true))")
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        if cut := measure(page):
            found[name, width] = cut
    return found


def measure(page: Page) -> list[str]:
    """Return what is cut off for good: a chart takes its new width some frames later."""
    # The page's policy lets nothing evaluate texts later, so that it is asked frame by frame from here.
    deadline = time.monotonic() + 3
    while (cut := page.evaluate(CUT_OFF)) and time.monotonic() < deadline:
        page.evaluate("() => new Promise(requestAnimationFrame)")
    return list(cut)

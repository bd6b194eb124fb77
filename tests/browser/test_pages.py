"""Every page as a browser shows it: accessible in both schemes, nothing blocked, nothing wider than the screen."""

from dataclasses import fields

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import SCHEMES, pages, settle

EXPLORER = "api-docs"
"""A released third-party page within ours; what it does is its own."""

NAMES = [name for name in pages(Day(*[""] * len(fields(Day)))) if name != EXPLORER]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_accessibility_violations(
    browser: Browser, portal: PortalServer, day: Day, name: str, scheme: str
) -> None:
    token, path = pages(day)[name]
    context = browser.new_context(viewport={"width": 1280, "height": 860}, color_scheme=scheme)
    context.add_cookies(portal.cookies(token) if token else [])
    page = context.new_page()
    page.goto(portal.url + path)
    settle(page)
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_narrow_screen_and_breaks_no_rule_of_its_own(
    browser: Browser, portal: PortalServer, day: Day, name: str
) -> None:
    token, path = pages(day)[name]
    context = browser.new_context(viewport={"width": 360, "height": 740})
    context.add_cookies(portal.cookies(token) if token else [])
    page = context.new_page()
    refused = name in {"not-found", "forbidden"}
    watching = watched(page)
    page = next(watching) if not refused else page
    page.goto(portal.url + path)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
    if not refused:
        next(watching, None)

"""Every page as a browser shows it: accessible in both schemes, nothing blocked, nothing wider than the screen."""

import re
from dataclasses import fields
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import SCHEMES, pages, settle
from tests.unit.portal.portal_fixture import Portal, list_declared

EXPLORER = "api-docs"
"""A released third-party page within ours; what it does is its own."""

NO_PAGES = re.compile(
    r"/(api|dicomweb|static|health|sign-in|auth|session|\.well-known)\b|/_\w+$|\.csv$|/(preview(/\{edge\})?|download|view)$|/upload/.+/files$"
)
"""What no person looks at: programs' doors, parts of pages, tables to take away, bytes; and the viewer, which draws
what it is given and has tests of its own (`test_viewer.py`)."""

NAMES = [name for name in pages(Day(*[""] * len(fields(Day)))) if name != EXPLORER]


def test_every_page_that_there_is_is_looked_at() -> None:
    looked_at = [urlsplit(path).path for _, path in pages(Day(*["x"] * len(fields(Day)))).values()]
    routes = [one.path for one in list_declared(Portal().app) if one.method == "GET"]
    unseen = [
        path
        for path in routes
        if not NO_PAGES.search(path)
        and not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), one) for one in looked_at)
    ]
    assert unseen == []


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

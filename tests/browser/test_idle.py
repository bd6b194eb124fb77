"""The warning before an idle session ends, with the page's and the portal's clocks put forward together."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal.sign_in.cookies import IDLE_SECONDS
from tests.browser.conftest import violations
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import SCHEMES

WARNED = IDLE_SECONDS - 119
"""Seconds after which the warning stands."""


@pytest.fixture
def context(browser: Browser, portal: PortalServer, day: Day) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 860})
    opened.set_default_timeout(15_000)
    opened.clock.install()
    opened.add_cookies(portal.cookies("staff-token"))
    yield opened
    opened.close()
    portal.ahead = timedelta()


@pytest.fixture
def page(context: BrowserContext, portal: PortalServer) -> Page:
    opened = context.new_page()
    opened.goto(f"{portal.url}/uploads")
    return opened


def forward(portal: PortalServer, seconds: float, *pages: Page) -> None:
    portal.ahead += timedelta(seconds=seconds)
    for page in pages:
        page.clock.fast_forward(int(seconds * 1000))


def test_two_minutes_before_the_end_the_page_asks_and_staying_prolongs(page: Page, portal: PortalServer) -> None:
    dialog = page.get_by_role("dialog", name="Are you still there?")
    forward(portal, IDLE_SECONDS - 180, page)
    expect(dialog).to_be_hidden()
    forward(portal, 65, page)
    expect(dialog).to_be_visible()
    stay = dialog.get_by_role("button", name="Stay signed in")
    expect(stay).to_be_focused()
    expect(dialog.locator("[data-left]")).to_contain_text("1 min")
    stay.click()
    expect(dialog).to_be_hidden()
    forward(portal, IDLE_SECONDS - 180, page)
    assert page.goto(f"{portal.url}/files").url == f"{portal.url}/files"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_warning_is_accessible(page: Page, portal: PortalServer, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    forward(portal, WARNED, page)
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_nobody_there_means_signed_out_with_nothing_left_on_the_screen(page: Page, portal: PortalServer) -> None:
    forward(portal, WARNED, page)
    expect(page.get_by_role("dialog")).to_be_visible()
    forward(portal, 125, page)
    expect(page.get_by_role("heading", name="You were signed out")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", "/sign-in?next=/uploads")
    page.go_back()
    expect(page.get_by_role("heading", name="Uploads", exact=True)).to_be_hidden()


def test_staying_in_one_tab_spares_the_other_its_warning(
    page: Page, context: BrowserContext, portal: PortalServer
) -> None:
    other = context.new_page()
    other.goto(f"{portal.url}/files")
    forward(portal, WARNED, page, other)
    for tab in (page, other):
        expect(tab.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Stay signed in").click()
    expect(other.get_by_role("dialog")).to_be_hidden()


def test_what_happens_in_one_tab_keeps_the_other_from_warning(
    page: Page, context: BrowserContext, portal: PortalServer
) -> None:
    forward(portal, 600, page)
    other = context.new_page()
    other.goto(f"{portal.url}/files")
    with page.expect_response("**/session"):
        forward(portal, 200, page)
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_an_upload_that_runs_keeps_the_session_alive(page: Page, portal: PortalServer) -> None:
    for _ in range(3):
        forward(portal, IDLE_SECONDS - 200, page)
        with page.expect_response("**/session") as answered:
            page.evaluate("document.dispatchEvent(new Event('scalper:active'))")
        assert answered.value.json()["seconds"] > IDLE_SECONDS - 60
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_signing_out_in_one_tab_empties_the_others(page: Page, context: BrowserContext, portal: PortalServer) -> None:
    other = context.new_page()
    other.goto(f"{portal.url}/files")
    page.locator("[data-menu] summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Files", exact=True)).to_be_hidden()
    page.wait_for_url(f"{portal.url}/")
    other.clock.run_for(2000)
    expect(other.get_by_role("heading", name="You were signed out")).to_be_visible()


def test_going_back_after_signing_out_shows_nothing(page: Page, portal: PortalServer) -> None:
    page.goto(f"{portal.url}/files")
    page.locator("[data-menu] summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{portal.url}/")
    page.go_back()
    expect(page.get_by_role("heading", name="Files", exact=True)).to_be_hidden()

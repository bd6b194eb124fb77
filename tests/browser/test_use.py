"""Pages by keyboard, without scripts, in another zone, and within their budget."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from intake.files.states import State
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.screenshots import pages
from tests.browser.test_pages import EXPLORER

BUDGET = 180_000
"""Bytes of styles and scripts, uncompressed, of a first page load besides the uploader."""


def test_the_first_key_leads_past_the_header_to_the_page(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/files")
    staff_page.keyboard.press("Tab")
    expect(staff_page.get_by_role("link", name="Skip to main content")).to_be_focused()
    staff_page.keyboard.press("Enter")
    staff_page.keyboard.press("Tab")
    expect(staff_page.get_by_label("Search in")).to_be_focused()


def test_the_users_menu_opens_and_closes_by_keyboard(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/files")
    summary = staff_page.locator("[data-menu] summary")
    summary.focus()
    staff_page.keyboard.press("Enter")
    expect(staff_page.get_by_role("button", name="Sign out")).to_be_visible()
    staff_page.keyboard.press("Escape")
    expect(staff_page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_receipt_updates_by_itself_and_keeps_the_focus(portal: PortalServer, staff_page: Page) -> None:
    sample = portal.sample()
    upload = sample.upload("Live", minutes_ago=0)
    first, second = (sample.file(upload, name, State.AWAITING_UPLOAD) for name in ("one.dcm", "two.dcm"))
    staff_page.goto(f"{portal.url}/uploads/{upload.upload_id}")
    staff_page.get_by_role("link", name="two.dcm").focus()
    portal.table.save(first, state=State.ACCEPTED)
    expect(staff_page.get_by_text("1 of 2 files checked")).to_be_visible()
    expect(staff_page.get_by_role("link", name="two.dcm")).to_be_focused()
    portal.table.save(second, state=State.ACCEPTED)
    expect(staff_page.get_by_text("All 2 files accepted")).to_be_visible()
    expect(staff_page.get_by_text("Updates automatically")).to_have_count(0)
    expect(staff_page.locator("[hx-get]")).to_have_count(0)


def test_pages_read_without_scripts_and_tell_utc(browser: Browser, portal: PortalServer, day: Day) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    page.goto(f"{portal.url}/uploads/{day.mixed_upload}")
    expect(page.get_by_role("heading", name="Needs your attention")).to_be_visible()
    expect(page.locator("time").first).to_have_text(re.compile("UTC$"))
    page.goto(f"{portal.url}/upload")
    expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    context.close()


def test_times_are_in_the_readers_zone_with_utc_on_hover(browser: Browser, portal: PortalServer, day: Day) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    page.goto(f"{portal.url}/uploads/{day.mixed_upload}")
    time = page.locator("time").first
    expect(time).to_have_attribute("title", re.compile("UTC$"))
    expect(time).not_to_have_text(re.compile("UTC"))
    context.close()


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_first_loads_of_all_pages_stay_within_their_budget(
    portal: PortalServer, day: Day, browser: Browser, language: str
) -> None:
    heavy = {}
    for name, (token, path) in pages(day).items():
        if name == EXPLORER:
            continue
        context = browser.new_context(locale=language)
        context.add_cookies(portal.cookies(token) if token else [])
        page = context.new_page()
        page.goto(portal.url + path)
        page.wait_for_load_state("load")
        loaded = page.evaluate(
            "performance.getEntriesByType('resource').filter(({name}) => /[.](css|js)$/.test(name))"
            ".map(({decodedBodySize}) => decodedBodySize)"
        )
        print(f"{name}: {sum(loaded):,.0f} bytes")
        if not 0 < sum(loaded) < BUDGET:
            heavy[name] = sum(loaded)
        context.close()
    assert heavy == {}

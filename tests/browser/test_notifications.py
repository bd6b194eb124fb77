"""Who is told of what, in a browser: added, confirmed, changed, asked again, stopped."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from intake.messaging.model import AlertKind
from tests.browser.conftest import violations, watched
from tests.browser.portal_server import PortalServer

PATH = "/settings/notifications"


@pytest.fixture
def page(browser: Browser, portal: PortalServer) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(15_000)
    context.add_cookies(portal.cookies("staff-token"))
    opened = context.new_page()
    opened.clock.install()
    yield from watched(opened)
    context.close()


def test_an_address_is_added_confirmed_changed_and_removed_by_keyboard(portal: PortalServer, page: Page) -> None:
    mail = "worklist@northside.example"
    page.goto(portal.url + "/uploads")
    page.locator("[data-menu] summary").click()
    page.get_by_role("link", name="Notifications").click()
    expect(page.get_by_text("Nobody gets emails yet")).to_be_visible()
    page.get_by_label("Email address").fill(mail)
    page.get_by_label("Completed uploads").check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The address was added")
    expect(page.get_by_text("Waiting for confirmation")).to_be_visible()
    assert violations(page) == []

    change = page.locator("summary", has_text="Change")
    change.focus()
    page.keyboard.press("Enter")
    portal.subscribers.confirm(mail)
    with page.expect_response(re.compile("/_list")):
        page.clock.run_for(16_000)
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    expect(change).to_be_focused()

    form = page.locator(".subscriber details")
    form.get_by_label("Rejected files").uncheck()
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The change was saved.")).to_be_visible()
    kinds = portal.subscribers.find_address(mail).policy["kind"]
    assert kinds == [AlertKind.FAILED, AlertKind.COMPLETED]

    page.get_by_role("button", name=f"Remove {mail}").click()
    expect(page.get_by_text("Nobody gets emails yet")).to_be_visible()
    assert portal.subscribers.by_arn == {}


def test_faults_are_told_where_they_are(browser: Browser, portal: PortalServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    page.goto(portal.url + PATH)
    page.get_by_label("Email address").fill('"><img src=x onerror=alert(1)>')
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter an email address")
    expect(page.get_by_label("Email address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Email address")).to_have_value('"><img src=x onerror=alert(1)>')
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_fault_has_no_accessibility_violations(browser: Browser, portal: PortalServer, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    context.add_cookies(portal.cookies("admin-token"))
    page = context.new_page()
    page.goto(f"{portal.url}{PATH}/lakeview")
    page.get_by_label("Email address").fill("nobody")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()

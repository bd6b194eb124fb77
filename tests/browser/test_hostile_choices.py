"""Chosen files whose names try to run as code, on the upload page itself: none runs."""

from playwright.sync_api import BrowserContext, expect

from tests.browser.portal_server import PortalServer
from tests.browser.test_hostile_names import HOSTILE, WATCH

CHOOSE = """(names) => {
  const chosen = new DataTransfer();
  names.forEach((name, index) => chosen.items.add(new File([`${index}`], name)));
  const input = document.querySelector('#choose-files');
  input.files = chosen.files;
  input.dispatchEvent(new Event('change'));
}"""


def test_two_hundred_hostile_names_are_chosen_looked_at_and_sent(portal: PortalServer, context: BrowserContext) -> None:
    # The portal refuses some of them, which the console tells.
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{portal.url}/upload")
    page.evaluate(CHOOSE, [f"{name}.txt" for name in HOSTILE])
    expect(page.locator("#send")).to_be_enabled()
    page.locator("#findings summary:visible").first.click()
    for _ in range(len(HOSTILE) // 50):
        page.get_by_role("button", name="Show ").click()
    page.locator("#send").click()
    expect(page.get_by_role("heading", name="could not be sent")).to_be_visible()
    for _ in range(10):
        page.locator("#list").press("PageDown")
    assert page.evaluate("window.hits") == 0
    assert page.url == f"{portal.url}/upload"

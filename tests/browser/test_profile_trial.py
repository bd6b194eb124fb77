"""A profile is tried on the last 30 days before it is saved: the page counts on by itself, and then tells all."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from intake.files.model import Finding, Severity, now
from intake.files.states import State
from intake.rules import catalogue
from portal.admin import last_month
from tests.browser.conftest import violations, watched
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC
from tests.records import a_file

FILES = 23


@pytest.fixture
def admin_page(context: BrowserContext, portal: PortalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setattr(last_month, "AT_ONCE", 5)
    monkeypatch.setattr(last_month, "PAGES", 1)
    rule = catalogue().rules["pdf-encrypted"]
    encrypted = Finding(rule.code, Severity.REJECT, rule.message, rule.remedy)
    for number in range(FILES):
        record = a_file(
            number, clinic_id=CLINIC, kind="pdf", state=State.REJECTED, findings=(encrypted,),
            created_at=now() - timedelta(hours=number),
        )  # fmt: skip
        portal.table.files[record.file_id] = record
    context.add_cookies(portal.cookies("admin-token"))
    yield from watched(context.new_page())


@pytest.mark.parametrize("width", [1280, 390])
def test_a_profile_is_tried_before_it_is_saved(portal: PortalServer, admin_page: Page, width: int) -> None:
    admin_page.set_viewport_size({"width": width, "height": 860})
    admin_page.goto(f"{portal.url}/admin/clinics/{CLINIC}/profile")
    admin_page.get_by_text("PDF documents").click()
    admin_page.get_by_label("The PDF document is encrypted").select_option("warn")
    admin_page.get_by_role("button", name="Try on the last 30 days").click()

    expect(admin_page.get_by_text(f"{FILES} files would have gone another way, of {FILES} files.")).to_be_visible()
    expect(admin_page.get_by_role("heading", name="What this profile would have done")).to_be_in_viewport()
    assert violations(admin_page) == []
    assert admin_page.evaluate("document.documentElement.scrollWidth") <= width
    assert CLINIC not in portal.directory.profiles

    admin_page.get_by_text("Show 5 of them").click()
    expect(admin_page.locator('#last-month a[href^="/admin/quarantine/"]')).to_have_count(5)
    admin_page.locator("#last-month").get_by_role("button", name="Save the profile").click()
    expect(admin_page.get_by_role("status")).to_contain_text("The profile was saved.")
    assert portal.directory.profiles.pop(CLINIC)["rules"] == {"pdf-encrypted": "warn"}

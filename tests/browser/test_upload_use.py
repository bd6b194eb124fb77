"""The upload page for everybody: by keyboard, on a phone, in the dark, told to a screen reader."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.traces import drop_folder, traced
from tests.browser.upload_pictures import visit_states
from tests.browser.uploading import GOOD, choose

FILES = 600
LONGEST_TASK = 200
"""Milliseconds."""


def sent(storage: Storage, page: Page) -> list[str]:
    """Return the files that arrived of the upload that a page shows: a page that was closed may still be sending."""
    upload_id = page.url.rpartition("/")[2]
    return [file_id for file_id in storage.taken if file_id.startswith(upload_id)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_accessible_and_fits_a_phone(portal: PortalServer, browser: Browser, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    states: list[str] = []

    def check(state: str) -> None:
        states.append(state)
        assert violations(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, state

    visit_states(page, portal, check)
    context.close()
    assert len(states) == 4


def test_files_are_left_out_and_sent_by_keyboard_alone(
    portal: PortalServer, storage: Storage, staff_page: Page, tmp_path: Path
) -> None:
    (tmp_path / "scan.dcm").write_bytes(GOOD)
    (tmp_path / "empty.dcm").write_bytes(b"")
    staff_page.goto(f"{portal.url}/upload")
    choose(staff_page, sorted(tmp_path.iterdir()))
    expect(staff_page.locator("#send")).to_be_enabled()
    staff_page.get_by_label("How many images do you expect?").focus()
    reached = []
    for _ in range(12):
        staff_page.keyboard.press("Tab")
        reached.append(staff_page.evaluate("document.activeElement.textContent.trim()"))
        if reached[-1] == "Upload 1 file":
            break
    staff_page.keyboard.press("Enter")
    expect(staff_page.get_by_role("heading", name="All sent")).to_be_visible()
    expect(staff_page.locator("#said")).to_have_text("1 file, accepted")
    assert "Choose a folder" in reached
    assert "Send it anyway" in reached
    assert len(sent(storage, staff_page)) == 1


def test_many_files_dropped_as_a_folder_never_hold_up_the_page(
    portal: PortalServer, storage: Storage, staff_page: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"IM{number:05d}.dcm").write_bytes(GOOD + number.to_bytes(2, "big"))
    staff_page.goto(f"{portal.url}/upload")
    with traced(staff_page) as trace:
        drop_folder(staff_page, folder)
        staff_page.get_by_role("button", name=f"Upload {FILES} files").click()
        expect(staff_page.get_by_role("heading", name="All sent")).to_be_visible(timeout=60_000)
    assert trace.longest_tasks()[0][0] < LONGEST_TASK
    assert len(sent(storage, staff_page)) == FILES
    assert staff_page.locator(".file-row").count() < 40

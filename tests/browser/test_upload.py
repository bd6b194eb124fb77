"""The upload page: files go to storage as they were announced, and each reaches its verdict on the same page."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.uploading import GOOD, choose, send


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / f"slice-{number}.dcm").write_bytes(GOOD + bytes([number]))
    (tmp_path / "notes.txt").write_text("not a scan")
    return tmp_path


def test_files_reach_their_verdicts_beneath_the_drop_zone(
    portal: PortalServer, storage: Storage, staff_page: Page, folder: Path
) -> None:
    send(staff_page, portal, sorted(folder.iterdir()), reference="Batch 7")
    receipt = staff_page.locator("#receipt")
    expect(receipt.get_by_text("3 of 4 files accepted, 1 rejected")).to_be_visible()
    expect(receipt.get_by_role("heading", name="The content is not DICOM")).to_be_visible()
    expect(receipt.get_by_text("Updates automatically")).to_have_count(0)
    expect(staff_page.locator("#receipt-head")).to_be_focused()
    expect(staff_page.locator("#drop")).to_be_hidden()
    rows = staff_page.locator("#list li")
    expect(rows.filter(has_text="Rejected").filter(has_text="notes.txt")).to_have_count(1)
    expect(rows.filter(has_text="Accepted")).to_have_count(3)
    assert violations(staff_page) == []
    staff_page.reload()
    expect(staff_page.get_by_role("heading", name="Batch 7")).to_be_visible()
    assert len(storage.taken) == 4


def test_a_lost_connection_is_tried_again(
    portal: PortalServer, storage: Storage, context: BrowserContext, folder: Path
) -> None:
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    storage.lose = 2
    send(page, portal, [folder / "slice-0.dcm", folder / "slice-1.dcm"])
    expect(page.locator("#receipt").get_by_text("All 2 files accepted")).to_be_visible()


def test_more_files_join_the_same_upload_until_another_is_started(
    portal: PortalServer, storage: Storage, staff_page: Page, folder: Path
) -> None:
    send(staff_page, portal, [folder / "slice-0.dcm"])
    expect(staff_page.locator("#receipt").get_by_text("1 file, accepted")).to_be_visible()
    staff_page.get_by_role("button", name="Start another upload").click()
    choose(staff_page, [folder / "slice-1.dcm"])
    staff_page.get_by_role("button", name="Upload 1 file").click()
    expect(staff_page.locator("#list").get_by_text("slice-1.dcm")).to_be_visible()
    expect(staff_page.locator("#list").get_by_text("slice-0.dcm")).to_have_count(0)


def test_a_file_shows_how_far_it_has_come_while_its_bytes_are_on_their_way(
    portal: PortalServer, storage: Storage, staff_page: Page, folder: Path
) -> None:
    storage.open.clear()
    send(staff_page, portal, [folder / "slice-0.dcm"])
    expect(staff_page.locator("#receipt").get_by_text("0 of 1 file checked")).to_be_visible()
    expect(staff_page.locator("#list").get_by_role("progressbar", name="Sent")).to_be_visible()
    expect(staff_page.get_by_role("progressbar", name="Sent of this upload")).to_be_visible()
    storage.open.set()
    expect(staff_page.locator("#receipt").get_by_text("1 file, accepted")).to_be_visible()


def test_a_large_file_goes_in_parts_each_with_its_own_checksum(
    portal: PortalServer, storage: Storage, staff_page: Page, tmp_path: Path
) -> None:
    large = tmp_path / "volume.dcm"
    large.write_bytes(GOOD + bytes(65 * 1024 * 1024))
    send(staff_page, portal, [large])
    expect(staff_page.get_by_role("button", name="Start another upload")).to_be_visible()
    assert sum(storage.taken.values()) == large.stat().st_size


def test_a_name_that_the_portal_refuses_stops_nobody_elses_file(
    portal: PortalServer, storage: Storage, context: BrowserContext, folder: Path
) -> None:
    context.add_cookies(portal.cookies("staff-token"))
    page = context.new_page()
    odd = folder / "a\u2028b.dcm"
    odd.write_bytes(GOOD)
    send(page, portal, [odd, folder / "slice-0.dcm"])
    expect(page.locator("#receipt").get_by_text("1 file, accepted")).to_be_visible()
    expect(page.get_by_role("heading", name="1 file could not be sent")).to_be_visible()
    expect(page.get_by_text("must not hold control characters")).to_be_visible()

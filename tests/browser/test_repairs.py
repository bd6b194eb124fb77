"""Repairing what was rejected, from its receipt: the corrected file joins the same upload, which turns green."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from intake.files.states import State
from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.uploading import GOOD, choose, send


def send_a_bad_one(page: Page, portal: PortalServer, folder: Path) -> Path:
    """Send a good and a bad file, open their receipt, and return the bad one."""
    bad = folder / "slice-2.dcm"
    bad.write_bytes(b"not a scan")
    (folder / "slice-1.dcm").write_bytes(GOOD)
    send(page, portal, sorted(folder.iterdir()), reference="Batch 9")
    expect(page.locator("#receipt").get_by_text("1 of 2 files accepted, 1 rejected")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Batch 9")).to_be_visible()
    return bad


def test_a_rejected_file_is_repaired_in_three_clicks(
    portal: PortalServer, storage: Storage, staff_page: Page, tmp_path: Path
) -> None:
    bad = send_a_bad_one(staff_page, portal, tmp_path)
    receipt = staff_page.url
    bad.write_bytes(GOOD + bytes([2]))

    staff_page.get_by_role("link", name="Send corrected files").click()
    expect(staff_page.get_by_role("heading", name="Add files to an upload")).to_be_visible()
    assert violations(staff_page) == []
    choose(staff_page, [bad])
    staff_page.get_by_role("button", name="Upload 1 more file").click()

    expect(staff_page.locator("#receipt").get_by_text("All 2 files accepted, 1 replaced")).to_be_visible()
    assert staff_page.url == receipt
    staff_page.reload()
    expect(staff_page.get_by_text("Replaced by")).to_be_visible()
    expect(staff_page.get_by_text("Needs your attention")).to_have_count(0)
    assert violations(staff_page) == []
    assert len({file_id.partition("-")[0] for file_id in storage.taken}) == 1


def test_a_rejected_file_is_dealt_with_in_three_clicks_and_reopened(
    portal: PortalServer, storage: Storage, staff_page: Page, tmp_path: Path
) -> None:
    send_a_bad_one(staff_page, portal, tmp_path)
    staff_page.get_by_text("Nothing to send: deal with this file").click()
    staff_page.get_by_label("It is not needed").check()
    assert violations(staff_page) == []
    staff_page.get_by_role("button", name="Dealt with").click()

    expect(staff_page.get_by_text("1 file, accepted, 1 replaced or dealt with")).to_be_visible()
    staff_page.get_by_role("link", name="slice-2.dcm").click()
    expect(staff_page.get_by_text("It is not needed.")).to_be_visible()
    assert violations(staff_page) == []
    staff_page.get_by_role("button", name="Reopen").click()
    expect(staff_page.get_by_role("link", name="Send a corrected file")).to_be_visible()


def test_what_an_interrupted_upload_waits_for_is_given_up_without_scripts(
    portal: PortalServer, browser: Browser
) -> None:
    sample = portal.sample()
    upload = sample.upload("Interrupted", minutes_ago=30)
    for number, state in enumerate((State.ACCEPTED, State.AWAITING_UPLOAD, State.AWAITING_UPLOAD)):
        sample.file(upload, f"slice-{number}.dcm", state)
    with browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}) as context:
        context.add_cookies(portal.cookies("staff-token"))
        page = context.new_page()
        page.goto(f"{portal.url}/uploads/{upload.upload_id}")
        expect(page.get_by_text("2 files have not arrived.")).to_be_visible()
        page.get_by_text("Nothing more is coming: give up waiting").click()
        page.get_by_role("button", name="Give up 2 files").click()
        expect(page.get_by_text("1 of 3 files accepted, 2 missing")).to_be_visible()
        expect(page.get_by_text("Given up by its sender")).to_have_count(2)

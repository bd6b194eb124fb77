"""Uploads that are interrupted: by the network, by the user, by a closed tab, by the end of the session."""

import hashlib
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Route, expect

from intake.files.keys import file_id, new_upload_id
from intake.files.model import now
from intake.files.states import State
from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC
from tests.browser.storage import Storage
from tests.browser.uploading import GOOD, choose, send
from tests.records import a_file, an_upload

MIB = 1024**2


@pytest.fixture
def slices(tmp_path: Path) -> list[Path]:
    """Twelve files, more than go at once."""
    folder = tmp_path / "DOE^JANE"
    folder.mkdir()
    files = [folder / f"IM{number:04d}.dcm" for number in range(12)]
    for number, file in enumerate(files):
        file.write_bytes(GOOD + bytes([number]))
    return files


@pytest.fixture
def page(portal: PortalServer, context: BrowserContext) -> Page:
    """A page whose console may tell of lost connections."""
    context.add_cookies(portal.cookies("staff-token"))
    return context.new_page()


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "volume.dcm"
    path.write_bytes(GOOD + b"".join(bytes([number]) * MIB for number in range(65)))
    return path


def remembered(page: Page) -> dict[str, str]:
    return page.evaluate("() => ({...localStorage})")


def test_a_lost_network_is_told_and_sending_goes_on_by_itself(
    storage: Storage, portal: PortalServer, page: Page, context: BrowserContext, slices: list[Path]
) -> None:
    page.goto(f"{portal.url}/upload")
    choose(page, slices)
    expect(page.locator("#send")).to_be_enabled()
    context.set_offline(True)
    page.locator("#send").click()
    expect(page.get_by_role("alert").get_by_text("Offline. Sending will continue automatically")).to_be_visible()
    assert violations(page) == []
    context.set_offline(False)
    expect(page.locator("#receipt").get_by_text("All 12 files accepted")).to_be_visible()
    expect(page.get_by_text("Offline. Sending")).to_be_hidden()
    assert len(storage.taken) == 12


def test_sending_pauses_resumes_and_is_cancelled(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    storage.open.clear()
    send(page, portal, slices)
    expect(page.get_by_role("heading", name="Sending 12 files")).to_be_visible()
    page.get_by_role("button", name="Cancel IM0011.dcm").click()
    page.get_by_role("button", name="Pause IM0010.dcm").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("heading", name="Paused")).to_be_visible()
    assert violations(page) == []
    storage.open.set()
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.locator("#receipt").get_by_text("11 of 12 files accepted, 1 missing")).to_be_visible()
    expect(page.get_by_role("button", name="Start another upload")).to_be_visible()
    assert len(storage.taken) == 11


def test_only_the_failed_ones_are_retried(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    storage.refuse = 3
    send(page, portal, slices)
    page.get_by_role("button", name="Retry 3 failed files").click()
    expect(page.locator("#receipt").get_by_text("All 12 files accepted")).to_be_visible()
    assert set(storage.taken.values()) == {len(GOOD) + 1}


def test_leaving_amid_an_upload_asks_and_leaving_after_it_does_not(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    storage.open.clear()
    send(page, portal, slices)
    expect(page.get_by_role("heading", name="Sending 12 files")).to_be_visible()
    page.evaluate("() => setTimeout(() => location.assign('/files'))")
    page.wait_for_event("dialog", lambda _: True) if not asked else None
    storage.open.set()
    expect(page.get_by_role("button", name="Start another upload")).to_be_visible()
    page.goto(f"{portal.url}/files")
    assert asked == ["beforeunload"]


def test_a_reloaded_page_asks_for_the_files_again_and_sends_only_what_is_missing(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    send(page, portal, slices[:2], reference="Worklist 9")
    expect(page.get_by_role("button", name="Start another upload")).to_be_visible()
    first = dict(storage.taken)
    storage.open.clear()
    choose(page, slices[2:])
    page.get_by_role("button", name="Upload 10 more files").click()
    expect(page.get_by_role("heading", name="Sending 10 files")).to_be_visible()
    expect(page.locator("#receipt").get_by_text("2 of 12 files checked")).to_be_visible()
    kept = json.dumps(remembered(page))
    assert "scalper-upload" in kept
    assert not [secret for secret in ("DOE", "IM00", "Worklist") if secret in kept]

    page.reload()
    expect(page.get_by_role("heading", name="Go on with your unfinished upload")).to_be_visible()
    expect(
        page.get_by_text("2 of 12 files have arrived. Listed below: 10 files (5.3 kB) still needed.")
    ).to_be_visible()
    assert violations(page) == []
    storage.open.set()
    page.locator("#choose-folder").set_input_files(another_series(slices[0]))
    expect(page.get_by_role("button", name="Upload 1 more file")).to_be_enabled()
    page.get_by_role("button", name="Remove SERIES2/IM0000.dcm").click()
    page.locator("#choose-folder").set_input_files(slices[0].parent)
    expect(page.locator("#receipt").get_by_text("All 12 files accepted")).to_be_visible()
    expect(page.get_by_role("heading", name="Go on with your unfinished upload")).to_be_hidden()
    assert len(storage.taken) == 12
    assert {file_id: storage.taken[file_id] for file_id in first} == first
    assert remembered(page) == {}


def another_series(file: Path) -> Path:
    """Return a folder with a file of the same name and size, but of other content."""
    folder = file.parents[1] / "SERIES2"
    folder.mkdir()
    (folder / file.name).write_bytes(GOOD + b"x")
    return folder


def test_a_large_file_goes_on_from_the_parts_that_storage_holds(
    storage: Storage, portal: PortalServer, page: Page, volume: Path
) -> None:
    half_sent(storage, portal, page, volume)
    choose(page, [volume])
    expect(page.get_by_role("heading", name="All sent")).to_be_visible()
    (taken,) = storage.taken.values()
    assert 0 <= taken - volume.stat().st_size <= 16 * MIB, "The part that was on its way may be sent again."


def test_another_file_of_the_same_name_and_size_does_not_go_on_in_its_place(
    storage: Storage, portal: PortalServer, page: Page, volume: Path
) -> None:
    half_sent(storage, portal, page, volume)
    volume.write_bytes(bytes(volume.stat().st_size))
    choose(page, [volume])
    expect(page.get_by_text("This is not the same file as before")).to_be_visible()
    assert sum(storage.taken.values()) <= 3 * 16 * MIB


def test_what_was_given_up_is_told_and_sent_anew_and_not_taken_for_arrived(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    """One has arrived, two are awaited, and of the three that were given up one was sent anew already."""
    table, upload_id, at = portal.table, new_upload_id(), now() - timedelta(minutes=10)
    table.uploads[upload_id] = an_upload(upload_id=upload_id, clinic_id=CLINIC, announced=7, created_at=at)
    story = [State.ACCEPTED, State.AWAITING_UPLOAD, State.AWAITING_UPLOAD, State.EXPIRED, State.EXPIRED, State.EXPIRED]
    for number, state in enumerate([*story, State.ACCEPTED]):
        path = slices[min(number, 5)]
        record = a_file(
            number,
            upload_id=upload_id,
            clinic_id=CLINIC,
            name=f"{path.parent.name}/{path.name}",
            size=path.stat().st_size,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            state=state,
            replaced_by=file_id(upload_id, 6) if number == 5 else None,
            created_at=at + timedelta(seconds=number),
        )
        table.files[record.file_id] = record
    page.goto(f"{portal.url}/upload?continue={upload_id}")
    expect(
        page.get_by_text(
            "2 of 6 files have arrived. Listed below: 2 files (1.1 kB) still needed. "
            "Given up, or not received in time: 2 files. To send them anew, choose them again."
        )
    ).to_be_visible()
    assert violations(page) == []

    for path in slices[6:]:
        path.unlink()
    page.locator("#choose-folder").set_input_files(slices[0].parent)
    expect(page.get_by_text("6 files added. 4 of them belong to the unfinished upload.")).to_be_visible()
    page.get_by_role("button", name="Upload 2 more files").click()
    expect(page.locator("#receipt").get_by_text("All 6 files accepted")).to_be_visible()

    by_name = Counter((record.name, record.state) for record in table.files_of(upload_id))
    for path in slices[3:5]:
        assert by_name[f"{path.parent.name}/{path.name}", State.ACCEPTED] == 1
    assert len(storage.taken) == 4


def half_sent(storage: Storage, portal: PortalServer, page: Page, volume: Path) -> None:
    """Send a large file, and close its tab when two of its five parts are there."""
    page.on("dialog", lambda dialog: dialog.accept())
    storage.hold_after = 2
    send(page, portal, [volume])
    expect(page.get_by_text("50 MB of 68 MB")).to_be_visible()
    page.reload()
    storage.hold_after = None
    storage.open.set()
    expect(page.get_by_text("Listed below: 1 file (68 MB) still needed.")).to_be_visible()


def test_signing_out_forgets_what_is_unfinished(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    storage.open.clear()
    send(page, portal, slices)
    expect(page.get_by_role("heading", name="Sending 12 files")).to_be_visible()
    page.locator("[data-menu] summary").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()
    storage.open.set()
    assert remembered(page) == {}


def test_what_is_answered_after_the_sign_out_is_not_remembered(
    storage: Storage, portal: PortalServer, page: Page, slices: list[Path]
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    storage.open.clear()
    held: dict[str, Route] = {}
    page.route("**/upload/new", lambda route: held.update(announcing=route))
    page.route("**/sign-out", lambda route: held.update(leaving=route))
    with page.expect_request("**/upload/new"):
        send(page, portal, slices)
    expect(page.get_by_role("heading", name="Sending 12 files")).to_be_visible()
    page.locator("[data-menu] summary").click()
    with page.expect_request("**/sign-out"):
        page.get_by_role("button", name="Sign out").click(no_wait_after=True)
    with page.expect_request(lambda request: request.method == "PUT"):
        held["announcing"].continue_()
    with page.expect_navigation():
        held["leaving"].continue_()
    assert remembered(page) == {}


def test_signing_out_in_another_tab_forgets_what_is_unfinished_here(
    storage: Storage, portal: PortalServer, page: Page, context: BrowserContext, slices: list[Path]
) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    # Its receipt would lead to the sign-in, whichever asks first.
    page.route("**/_receipt*", lambda route: route.abort())
    storage.open.clear()
    send(page, portal, slices)
    page.wait_for_function("() => localStorage.length === 1")
    other = context.new_page()
    other.goto(portal.url)
    other.locator("[data-menu] summary").click()
    with other.expect_navigation():
        other.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signed-out*")
    storage.open.set()
    assert remembered(other) == {}

"""A study, a series or ticked files out of the portal: one ZIP, which lacks nothing that nobody was told of."""

import base64
import hashlib
import io
import zipfile
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from intake.files.model import ObjectVersion, now
from intake.files.states import State
from portal.retrieval import contents
from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.records import IDS, UPLOAD_ID, a_file, an_upload

UID = "1.2.840.99.7"
STUDY = IDS.study("northside", UID)
HOSTILE = {
    3: "../../../escaped.dcm",
    4: "ct/IM0001.dcm",
    5: "NUL",
    6: "C:\\temp\\x.dcm",
    7: "<img src=x onerror=1>.dcm",
}
SAFE = {3: "escaped.dcm", 4: "ct/IM0001 (2).dcm", 5: "_NUL", 6: "C_/temp/x.dcm", 7: "_img src=x onerror=1_.dcm"}
LARGE = 17 * 1024**2
"""Bytes of a file that is not fetched whole before it is packed."""

TO_DISK = """
    window.showSaveFilePicker = async ({ suggestedName }) => {
      const folder = await navigator.storage.getDirectory();
      return folder.getFileHandle(suggestedName, { create: true });
    };
"""
READ = """async (name) => {
    const folder = await navigator.storage.getDirectory();
    const file = await (await folder.getFileHandle(name)).getFile();
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
}"""


@pytest.fixture
def study(portal: PortalServer, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Eleven images in two series, on three pages, one of them large; return what a ZIP of them holds."""
    monkeypatch.setattr(contents, "PAGE", 4)
    portal.table.files.clear()
    portal.audit.written.clear()
    storage.contents.clear()
    storage.gone.clear()
    storage.asked.clear()
    portal.table.uploads[UPLOAD_ID] = an_upload(created_at=now())
    expected = {}
    for number in range(11):
        data = bytes([number]) * (LARGE if number == 9 else 10_000 + number)
        name = HOSTILE.get(number, f"ct/IM{number:04d}.dcm")
        _keep(portal, storage, number, name, data)
        expected[SAFE.get(number, name)] = data
    return expected


@pytest.fixture
def rough_page(context: BrowserContext, portal: PortalServer) -> Page:
    """A page on which requests fail, as the browser's console then tells."""
    context.add_cookies(portal.cookies("staff-token"))
    return context.new_page()


def _keep(portal: PortalServer, storage: Storage, number: int, name: str, data: bytes) -> None:
    key = f"northside/{number}"
    storage.contents[key] = data
    record = replace(
        a_file(number, name=name, created_at=now()),
        state=State.ACCEPTED,
        kind="dicom",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        stored=ObjectVersion("accepted", key, "v1"),
        metadata={
            "study_instance_uid": UID,
            "series_instance_uid": f"{UID}.{1 if number < 8 else 2}",
            "modality": "CT",
            "study_date": "20261121",
            "instance_number": number,
        },
    )
    portal.table.files[record.file_id] = record


def _open(page: Page, portal: PortalServer, *, to_disk: bool = True) -> None:
    page.add_init_script(TO_DISK if to_disk else "delete window.showSaveFilePicker")
    page.goto(f"{portal.url}/studies/{STUDY}")


def _read(page: Page, name: str) -> dict[str, bytes]:
    return _unpack(base64.b64decode(page.evaluate(READ, name)))


def _unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {entry.filename: opened.read(entry) for entry in opened.infolist()}


def test_a_study_is_on_disk_whole_though_connections_break_and_addresses_lapse(
    rough_page: Page, portal: PortalServer, storage: Storage, study: dict[str, bytes]
) -> None:
    _open(rough_page, portal)
    storage.cut, storage.lapse = {"northside/2", "northside/9"}, 1
    rough_page.get_by_role("button", name="Download the study").click()
    expect(rough_page.get_by_role("heading", name="Download complete")).to_be_visible()
    expect(rough_page.get_by_text("11 files (18 MB) in study-20261121-CT.zip.").first).to_be_visible()
    assert _read(rough_page, "study-20261121-CT.zip") == study
    assert "northside/9" in {key for key, asked in storage.asked if asked}
    assert not storage.cut
    assert [(one.action, one.detail) for one in portal.audit.written] == [
        ("file.take-out", {"of": "study", "files": "11"})
    ]
    assert violations(rough_page) == []


def test_what_cannot_be_had_is_named_tried_again_and_never_called_complete(
    rough_page: Page, portal: PortalServer, storage: Storage, study: dict[str, bytes]
) -> None:
    page = rough_page
    _open(page, portal)
    storage.gone = {"northside/1", "northside/7"}
    storage.lapse = 1
    page.get_by_role("button", name="Download the study").click()
    notice = page.get_by_role("alert").filter(has_text="2 files could not be downloaded")
    expect(notice).to_contain_text("ct/IM0001.dcm")
    assert violations(page) == []

    storage.gone = {"northside/7"}
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert").filter(has_text="1 file could not be downloaded")).to_be_visible()
    page.get_by_role("button", name="Finish without them").click()

    expect(page.get_by_role("heading", name="Download not complete: 1 file missing")).to_be_visible()
    expect(page.get_by_role("heading", name="Download complete")).to_have_count(0)
    held = _read(page, "study-20261121-CT.zip")
    told = held.pop("NOT-COMPLETE.txt").decode()
    assert "_img src=x onerror=1_.dcm" in told
    assert held == {name: data for name, data in study.items() if name != SAFE[7]}


def test_a_browser_that_cannot_write_to_disk_packs_ticked_files_and_a_series(
    staff_page: Page, portal: PortalServer, study: dict[str, bytes]
) -> None:
    _open(staff_page, portal, to_disk=False)
    button = staff_page.get_by_role("button", name="Download ticked files")
    expect(button).to_be_disabled()
    for name in ("ct/IM0000.dcm", "ct/IM0002.dcm"):
        staff_page.get_by_role("checkbox", name=f"Choose {name}").check()
    with staff_page.expect_download() as begun:
        button.click()
    assert begun.value.suggested_filename == "files-20261121-CT.zip"
    assert set(_unpack(begun.value.path().read_bytes())) == {"ct/IM0000.dcm", "ct/IM0002.dcm"}

    staff_page.goto(f"{portal.url}/studies/{STUDY}?series={IDS.series('northside', f'{UID}.2')}")
    with staff_page.expect_download() as begun:
        staff_page.get_by_role("button", name="Download the series").click()
    names = {"ct/IM0008.dcm", "ct/IM0009.dcm", "ct/IM0010.dcm"}
    assert _unpack(begun.value.path().read_bytes()) == {name: study[name] for name in names}


def test_a_cancelled_download_leaves_nothing(
    staff_page: Page, portal: PortalServer, storage: Storage, study: dict[str, bytes]
) -> None:
    _open(staff_page, portal)
    storage.open.clear()
    staff_page.get_by_role("button", name="Download the study").click()
    staff_page.get_by_role("button", name="Cancel").click()
    expect(staff_page.get_by_role("heading", name="Download cancelled")).to_be_visible()
    storage.open.set()
    expect(staff_page.get_by_role("button", name="Download the study")).to_be_enabled()
    found = staff_page.evaluate(
        "async () => { const names = []; for await (const name of (await navigator.storage.getDirectory()).keys())"
        " names.push(name); return names; }"
    )
    assert found == []

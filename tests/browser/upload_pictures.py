"""The upload page's states, for pictures and for checks: chosen, sending, offline, unfinished."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect

from tests.browser.portal_server import PortalServer
from tests.dicom_files import ct_slice

ODD = {
    ".DS_Store": b"Bud1",
    "Thumbs.db": bytes(900),
    "README.TXT": b"This CD holds images, and a viewer.",
    "IM0007 (1).dcm": ct_slice(rows=64, columns=64, instance=7),
    "letter.docx": b"PK\3\4" + bytes(26) + b"[Content_Types].xml",
    "worklist.dcm": b"No scan at all.",
}


def visit_states(page: Page, portal: PortalServer, seen: Callable[[str], object]) -> None:
    """Lead the page through its states, and call `seen` with each one's name."""
    page.on("dialog", lambda dialog: dialog.accept())
    portal.storage.open.clear()
    try:
        with _study() as study:
            _visit(page, portal, study, seen)
    finally:
        portal.storage.open.set()


def _visit(page: Page, portal: PortalServer, study: Path, seen: Callable[[str], object]) -> None:
    page.goto(f"{portal.url}/upload")
    page.locator("#reference").fill("Worklist 12")
    page.locator("#expected").fill("40")
    page.locator("#choose-folder").set_input_files(study)
    expect(page.locator("#send")).to_be_enabled()
    page.locator("#findings summary:visible").first.click()
    seen("upload-chosen")
    page.locator("#send").click()
    expect(
        page.locator("#receipt").get_by_text(re.compile("0 (of 31 files checked|von 31 Dateien geprüft)"))
    ).to_be_visible()
    seen("upload-sending")
    page.context.set_offline(True)
    expect(page.locator("#files-notice").get_by_text("Offline.")).to_be_visible()
    seen("upload-offline")
    page.context.set_offline(False)
    page.reload()
    expect(page.locator("#unfinished-head")).to_be_visible()
    seen("upload-unfinished")
    page.evaluate("localStorage.clear()")


@contextmanager
def _study() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        study.mkdir()
        for number in range(1, 31):
            (study / f"IM{number:04d}.dcm").write_bytes(ct_slice(rows=64, columns=64, instance=number))
        for name, content in ODD.items():
            (study / name).write_bytes(content)
        yield study

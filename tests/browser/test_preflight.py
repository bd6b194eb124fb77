"""The look before sending: what is odd among the chosen files is told, and left out or sent as somebody decides."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.uploading import choose
from tests.dicom_files import ct_slice
from tests.patient_cd import AROUND, burn_cd


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return written.getvalue()


SLICE = ct_slice(rows=8, columns=8)
ODD = {
    "empty.dcm": (b"", "Empty"),
    "setup": (b"MZ" + bytes(99), "A program"),
    "letter.docx": (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", "An office document"),
    "clip.mp4": (bytes(4) + b"ftypisom", "A sound, a video"),
    "scans.rar": (b"Rar!\x1a\7\0", "An archive that is not ZIP"),
    "twin.dcm": (SLICE, "Chosen twice"),
    "words.dcm": (b"no scan at all", "Named like a DICOM file"),
    "cut.dcm": (SLICE[:300], "The DICOM header cannot be read"),
    "nobody.dcm": (ct_slice(rows=8, columns=8, changes={0x0020000D: None}), "does not say which image or study"),
    "scan.jpg": (b"%PDF-1.7", "Its content is not what its name says"),
    "notes.txt": (b"Dear colleague", "Not a kind of file that we know"),
}
SENT = {"words.dcm", "cut.dcm", "nobody.dcm", "scan.jpg", "notes.txt"}
"""Those that are likely to be refused, and sent unless somebody says otherwise: the judge knows better."""

CARRIERS = {
    ".DS_Store": b"Bud1",
    "Thumbs.db": b"\xd0\xcf\x11\xe0",
    "README.TXT": b"This CD holds images.",
    "viewer.exe": b"MZ" + bytes(99),
}
"""Left out in one line, which asks nobody for a look."""

FINE = {
    "scan.dcm": SLICE,
    "scan": ct_slice(rows=8, columns=8, instance=2),
    "bare.dcm": ct_slice(rows=8, columns=8, instance=3)[132:],
    "deflated.dcm": ct_slice(rows=8, columns=8, instance=4, transfer_syntax="1.2.840.10008.1.2.1.99"),
    "large.dcm": ct_slice(rows=512, columns=512, instance=5),
    "report.pdf": b"%PDF-1.7",
    "study.zip": zipped("IM0001", "IM0002", "SERIES/", "__MACOSX/._IM0001", "DICOMDIR", "report.pdf"),
    "volume.nii": (348).to_bytes(4, "little") + bytes(348),
    "message.hl7": b"MSH|^~\\&|",
    "table.csv": b"a;b\n1;2\n",
}


@pytest.fixture
def chosen(portal: PortalServer, staff_page: Page, tmp_path: Path) -> Page:
    """The upload page, with a folder of fine and odd files chosen and looked at."""
    for name, content in {**FINE, **CARRIERS, **{name: content for name, (content, _) in ODD.items()}}.items():
        (tmp_path / name).write_bytes(content)
    # The twin is the later one of the two.
    files = [tmp_path / name for name in (*FINE, *CARRIERS, *ODD)]
    staff_page.goto(f"{portal.url}/upload")
    choose(staff_page, files)
    expect(staff_page.locator("#send")).to_be_enabled()
    return staff_page


def test_each_oddity_is_told_in_plain_words_and_nothing_else_is(chosen: Page) -> None:
    expect(chosen.get_by_text(f"{len(FINE)} look fine, {len(ODD)} need a look")).to_be_visible()
    for name, (_, head) in ODD.items():
        card = chosen.locator("#findings article").filter(has_text=head)
        if card.locator("details").is_visible() and card.locator("details[open]").count() == 0:
            card.locator("summary").click()
        expect(card.get_by_text(name, exact=False).first).to_be_visible()
    assert violations(chosen) == []


def test_what_is_surely_refused_is_left_out_unless_somebody_wants_it_sent(
    chosen: Page, storage: Storage, portal: PortalServer
) -> None:
    kept = len(FINE) + len(SENT)
    expect(chosen.get_by_role("button", name=f"Upload {kept} files")).to_be_enabled()
    program = chosen.locator("#findings article").filter(has_text="A program")
    program.get_by_role("button", name="Send it anyway").click()
    expect(program.get_by_text("will be sent")).to_be_visible()
    others = chosen.locator("#findings article").filter(has_text="4 other files left out")
    others.locator("summary").click()
    others.get_by_label("Thumbs.db").check()
    expect(chosen.get_by_text("1 of 4 files will be sent.")).to_be_visible()
    chosen.locator("#findings article").filter(has_text="that we know").get_by_role(
        "button", name="Leave it out"
    ).click()
    chosen.get_by_role("button", name=f"Upload {kept + 1} files").click()
    expect(chosen.get_by_role("button", name="Start another upload")).to_be_visible()
    names = {portal.table.files[file_id].name for file_id in storage.taken}
    assert names == {*FINE, *SENT, "setup", "Thumbs.db"} - {"notes.txt"}


def test_nothing_is_sent_before_somebody_presses_upload(chosen: Page, storage: Storage) -> None:
    chosen.get_by_role("button", name="Remove all").click()
    expect(chosen.locator("#files")).to_be_hidden()
    assert storage.taken == {}


def test_a_note_and_the_expected_number_go_with_the_upload(
    chosen: Page, storage: Storage, portal: PortalServer
) -> None:
    expected = chosen.get_by_label("How many images do you expect?")
    expected.fill("many")
    chosen.get_by_role("button", name="Upload 15 files").click()
    expect(chosen.get_by_text("Enter a number from 1 to 99,999.")).to_be_visible()
    expect(expected).to_be_focused()
    expected.fill("20")
    expect(chosen.get_by_text("You expect 20 images, but there are 9 here: 11 missing.")).to_be_visible()
    chosen.locator("summary", has_text="Add a note").click()
    chosen.get_by_role("textbox", name="Note").fill("Second half\nof the list")
    chosen.get_by_role("button", name="Upload 15 files").click()
    expect(chosen.get_by_role("button", name="Start another upload")).to_be_visible()
    upload = portal.table.uploads[next(iter(storage.taken)).split("-")[0]]
    assert (upload.note, upload.expected_images, upload.expected) == ("Second half\nof the list", 20, None)


def test_a_cd_says_what_its_list_names_and_what_of_that_is_not_here(
    portal: PortalServer, staff_page: Page, storage: Storage, tmp_path: Path
) -> None:
    images = burn_cd(tmp_path / "cd", [3, 2])
    staff_page.goto(f"{portal.url}/upload")
    staff_page.locator("#choose-folder").set_input_files(tmp_path / "cd")
    expect(staff_page.get_by_text("The CD's list names 5 images, and all are among the chosen files.")).to_be_visible()
    expect(staff_page.get_by_text(f"{len(AROUND)} other files left out")).to_be_visible()
    expect(staff_page.get_by_text("All look fine.")).to_be_visible()
    staff_page.get_by_role("button", name="Remove all").click()
    for missing in (images[0], images[1], images[4]):
        missing.unlink()
    staff_page.locator("#choose-folder").set_input_files(tmp_path / "cd")
    expect(
        staff_page.get_by_text("The CD's list names 5 images; 3 of them are not among the chosen files")
    ).to_be_visible()
    expect(staff_page.get_by_text("2 of 3 in series 1 (CT), 1 of 2 in series 2 (CT).")).to_be_visible()
    assert violations(staff_page) == []
    staff_page.get_by_role("button", name="Upload 3 files").click()
    expect(staff_page.get_by_role("button", name="Start another upload")).to_be_visible()
    assert {portal.table.files[file_id].name for file_id in storage.taken} == {
        "cd/DICOMDIR",
        *(f"cd/{path.relative_to(tmp_path / 'cd').as_posix()}" for path in images[2:4]),
    }

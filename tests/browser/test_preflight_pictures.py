"""Pictures before sending: whom and what the chosen files are of, drawn by the browser, and sent nowhere."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, Request, expect
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_modality_lut
from pydicom.uid import generate_uid

from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.traces import traced
from tests.browser.uploading import choose
from tests.dicom_files import ct_slice, uid

Grid = NDArray[Any]

PIXELS = """canvas => {
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext("2d").drawImage(canvas, 0, 0);
  return [canvas.width, canvas.height, [...copy.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]];
}"""

FILES = 2000
LONGEST_TASK = 200
"""Milliseconds."""


def native(name: str, change: Callable[[Dataset], None] = lambda image: None) -> Callable[[], Dataset]:
    """Return what reads one of pydicom's own files, and changes it."""

    def read() -> Dataset:
        image = dcmread(str(get_testdata_file(name)))
        change(image)
        return image

    return read


def _turn_white(image: Dataset) -> None:
    image.PhotometricInterpretation = "MONOCHROME1"


def _add_window(image: Dataset) -> None:
    image.WindowCenter, image.WindowWidth = ["-50", "40"], ["600", "400"]


def _sign(image: Dataset) -> None:
    """Twelve bits with a sign, and something else's in the four above them."""
    values = (image.pixel_array.astype("<i4") - 600) & 0xFFF | 0xA000
    image.BitsStored, image.HighBit, image.PixelRepresentation, image.RescaleIntercept = 12, 11, 1, "0"
    image.PixelData = values.astype("<u2").tobytes()


def _plane(image: Dataset) -> None:
    image.PixelData = np.moveaxis(image.pixel_array, 2, 0).tobytes()
    image.PlanarConfiguration = 1


def _stack(image: Dataset) -> None:
    """Three frames, of which the middle one alone shows anything."""
    size = len(image.PixelData)
    image.NumberOfFrames = 3
    image.PixelData = bytes(size) + image.PixelData + bytes(size)


DRAWN = {
    "ct": native("CT_small.dcm"),
    "ct window": native("CT_small.dcm", _add_window),
    "ct white": native("CT_small.dcm", _turn_white),
    "ct signed": native("CT_small.dcm", _sign),
    "mr implicit": native("MR_small_implicit.dcm"),
    "mr frames": native("MR_small_implicit.dcm", _stack),
    "us jpeg": native("examples_ybr_color.dcm"),
    "sc rgb": native("SC_rgb_small_odd.dcm"),
    "us rgb": native("examples_rgb_color.dcm"),
    "us planes": native("examples_rgb_color.dcm", _plane),
    "sc jpeg": native("SC_rgb_jpeg_dcmtk.dcm"),
}

NOT_DRAWN = {
    "jpeg 2000": "JPEG2000.dcm",
    "run lengths": "MR_small_RLE.dcm",
    "twelve bits": "JPGExtended.dcm",
    "cut off": "MR_truncated.dcm",
    "jpeg ls": "MR_small_jpeg_ls_lossless.dcm",
    "dose": "rtdose_1frame.dcm",
}
"""What a browser brings no decoder for, or what is damaged, by patients' names."""

EMPTY = {"a report": "test-SR.dcm", "a plan": "rtplan.dcm"}


@pytest.fixture
def upload(portal: PortalServer, staff_page: Page) -> Page:
    staff_page.goto(f"{portal.url}/upload")
    return staff_page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    return chosen


def save(image: Dataset, name: str, folder: Path) -> None:
    """Write an image of its own series, whose patient is called `name`."""
    image.PatientName, image.SpecificCharacterSet = name, "ISO_IR 192"
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.save_as(folder / f"{name}.dcm")


def card(page: Page, patient: str) -> Locator:
    heading = page.get_by_role("heading", name=patient, exact=True)
    return page.locator(".looks__exam").filter(has=heading).locator(".looks__one")


def read_picture(shown: Locator) -> Grid:
    canvas = shown.locator("canvas")
    expect(canvas).to_be_visible()
    width, height, values = canvas.evaluate(PIXELS)
    return np.array(values, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


def draw_reference(image: Dataset, width: int, height: int) -> Grid:
    """Draw an image as pydicom reads it, by its first window or else by percentiles, in the mean of its pixels."""
    values = image.pixel_array.astype(float)
    if int(image.get("NumberOfFrames", 1)) > 1:
        values = values[len(values) // 2]
    if image.SamplesPerPixel == 3:
        return average(values, width, height)
    values = average(apply_modality_lut(values, image)[:, :, None], width, height)
    low, high = np.percentile(values, [1, 99])
    if "WindowCenter" in image:
        center, span = (np.atleast_1d(one)[0] for one in (image.WindowCenter, image.WindowWidth))
        low, high = center - 0.5 - (span - 1) / 2, center - 0.5 + (span - 1) / 2
    grey = np.clip((values - low) / (high - low), 0, 1) * 255
    return np.repeat(255 - grey if image.PhotometricInterpretation == "MONOCHROME1" else grey, 3, axis=2)


def average(values: Grid, width: int, height: int) -> Grid:
    """Return the means of the pixels that each of a smaller picture stands for."""
    rows, columns, samples = values.shape
    sums, counts = np.zeros((height, width, samples)), np.zeros((height, width, 1))
    places = np.ix_(np.arange(rows) * height // rows, np.arange(columns) * width // columns)
    np.add.at(sums, places, values)
    np.add.at(counts, places, 1)
    return sums / counts


def psnr(one: Grid, other: Grid) -> float:
    """Return how near two pictures of 8 bits are, in decibels."""
    error = float(np.mean((one.astype(float) - other.astype(float)) ** 2))
    return 99.0 if error == 0 else 10 * float(np.log10(255**2 / error))


def test_pictures_are_as_pydicom_and_pillow_draw_them(upload: Page, folder: Path) -> None:
    for name, read in DRAWN.items():
        save(read(), name, folder)
    choose(upload, sorted(folder.iterdir()))
    near = {}
    for name in DRAWN:
        drawn = read_picture(card(upload, name))
        height, width, _ = drawn.shape
        near[name] = round(psnr(drawn, draw_reference(dcmread(folder / f"{name}.dcm"), width, height)), 1)
    print(near)
    # A JPEG that is larger than its picture is made smaller by the browser, in its own way.
    scaled = near.pop("us jpeg")
    assert (min(near.values()) >= 40, scaled >= 30) == (True, True), (near, scaled)


def test_what_takes_a_decoder_is_told_and_so_is_what_shows_nothing(upload: Page, folder: Path) -> None:
    for name, file in {**NOT_DRAWN, **EMPTY}.items():
        save(dcmread(str(get_testdata_file(file)), force=True), name, folder)
    whole = ct_slice(rows=64, columns=64, patient_name="endless")
    (folder / "endless.dcm").write_bytes(whole[: -64 * 64 * 2 - 4] + struct.pack("<I", 0xFFFFFFF0) + bytes(9))
    choose(upload, sorted(folder.iterdir()))
    for name in (*NOT_DRAWN, "endless"):
        expect(card(upload, name)).to_contain_text("Picture after sending")
    for name in EMPTY:
        expect(card(upload, name)).to_contain_text("No picture in this kind of file")
    assert upload.locator(".looks canvas:visible").count() == 0


def test_a_series_is_shown_by_its_middle_image_with_whose_it_is(upload: Page, folder: Path) -> None:
    # The names of the files tell another order than the images' numbers.
    for number in range(1, 61):
        level = struct.pack("<H", 20 * number)
        (folder / f"{(number * 7) % 61:02}.dcm").write_bytes(
            ct_slice(
                rows=8,
                columns=8,
                instance=number,
                patient_name="DOE^JANE",
                pixels=level * 64,
                changes={
                    0x0008103E: ("LO", b"Lung"),
                    0x00281050: ("DS", b"-424"),
                    0x00281051: ("DS", b"1200"),
                },
            )
        )
    choose(upload, sorted(folder.iterdir()))
    shown = card(upload, "DOE, Jane")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("CT, 60 images")
    expect(shown).to_contain_text("Lung")
    expect(upload.locator(".looks__exam")).to_contain_text("ID TEST-0001 · born 1 Jan 1900 · exam of 2 Jan 2020")
    expect(upload.locator("#exams")).to_contain_text("1 patient, 1 exam, 1 series, 60 images")
    expect(upload.locator("#exams")).to_contain_text("Pictures are not for diagnosis.")
    # The 31st of 60: 620 - 1024 in the window around -424.
    assert abs(int(read_picture(shown)[0, 0, 0]) - 132) <= 1
    assert violations(upload) == []


def test_another_patient_in_the_same_series_is_seen(upload: Page, folder: Path) -> None:
    for number, patient in enumerate(("DOE^JANE", "DOE^JANE", "ROE^RICHARD"), 1):
        image = ct_slice(rows=8, columns=8, instance=number, patient_name=patient, patient_id=patient[:3])
        (folder / f"{number}.dcm").write_bytes(image)
    choose(upload, sorted(folder.iterdir()))
    expect(card(upload, "DOE, Jane")).to_contain_text("CT, 2 images")
    expect(card(upload, "ROE, Richard")).to_contain_text("CT, 1 image")
    expect(upload.locator("#exams")).to_contain_text("2 patients, 2 exams, 2 series, 3 images")


NAMES = {
    "ISO_IR 100": ("Müller^Änne".encode("latin-1"), "Müller, Änne"),
    "ISO_IR 192": ("Ødegård^Åse".encode(), "Ødegård, Åse"),
    "ISO_IR 101": ("Wałęsa^Łucja".encode("iso8859-2"), "Wałęsa, Łucja"),
    "ISO_IR 138": ("שרון^דבורה".encode("iso8859-8"), "שרון, דבורה"),
    "\\ISO 2022 IR 87": (b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada, Tarou · 山田, 太郎"),
    "\\ISO 2022 IR 149": (b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7", "Hong, Gildong · 洪, 吉洞"),
    "ISO_IR 6": (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
}


def test_names_are_read_in_their_character_sets_and_are_text(upload: Page, folder: Path) -> None:
    for number, (charset, (name, _)) in enumerate(NAMES.items(), 1):
        padded = (name + b" " * (len(name) % 2), charset.encode() + b" " * (len(charset) % 2))
        changes = {0x00100010: ("PN", padded[0]), 0x00080005: ("CS", padded[1])}
        study = uid("names", number)
        image = ct_slice(rows=8, columns=8, study=study, series=uid(study), instance=number, changes=changes)
        (folder / f"{number}.dcm").write_bytes(image)
    choose(upload, sorted(folder.iterdir()))
    expect(upload.locator(".looks__exam h4")).to_have_text([name for _, name in NAMES.values()])


def test_pictures_of_documents_are_shown_and_bombs_are_not(upload: Page, folder: Path) -> None:
    Image.new("RGB", (900, 600), (200, 40, 40)).save(folder / "wound.jpg")
    Image.new("L", (300, 900), 77).save(folder / "arm.png")
    Image.new("RGB", (30, 30)).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:60])
    (folder / "bomb.png").write_bytes(write_png(60_000, 60_000))
    choose(upload, sorted(folder.iterdir()))
    shown = {name: card(upload, "Pictures").filter(has_text=name) for name in ("wound", "arm", "cut", "bomb")}
    assert read_picture(shown["wound"]).shape[:2] == (171, 256)
    assert np.abs(read_picture(shown["wound"])[80, 100].astype(int) - (200, 40, 40)).max() <= 4
    arm = read_picture(shown["arm"])
    assert arm.shape[:2] == (256, 86)
    assert arm[9, 9].tolist() == [77, 77, 77]
    expect(shown["cut"]).to_contain_text("Picture after sending")
    expect(shown["bomb"]).to_contain_text("Picture after sending")
    assert violations(upload) == []


def write_png(width: int, height: int) -> bytes:
    """Return a PNG that says how large it is, and holds one line of that."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = zlib.compress(bytes(1 + width))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


@pytest.fixture
def requests(upload: Page) -> list[Request]:
    made: list[Request] = []

    def note(request: Request) -> None:
        made.append(request)

    upload.on("request", note)
    return made


def test_neither_a_name_nor_a_picture_leaves_the_browser_but_in_the_file_itself(
    upload: Page, folder: Path, storage: Storage, portal: PortalServer, requests: list[Request]
) -> None:
    image = ct_slice(rows=64, columns=64, patient_name="Secretperson^Jane")
    (folder / "IM1.dcm").write_bytes(image)
    choose(upload, [folder / "IM1.dcm"])
    read_picture(card(upload, "Secretperson, Jane"))
    looked = [request for request in requests if not request.url.startswith(f"{portal.url}/static/")]
    assert looked == []
    upload.get_by_role("button", name="Upload 1 file").click()
    expect(upload.get_by_role("heading", name="All sent")).to_be_visible()
    # What was there to be recognised by is gone once it is sent, and is kept nowhere.
    expect(upload.get_by_text("Secretperson")).to_have_count(0)
    kept = upload.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "Secretperson" not in kept
    to_portal = [request for request in requests if request.url.startswith(portal.url)]
    assert any(request.method == "POST" for request in to_portal)
    assert not any("Secretperson" in f"{request.url} {request.post_data_buffer}" for request in to_portal)
    assert list(storage.taken.values()) == [len(image)]


def test_of_many_series_some_are_drawn_until_somebody_asks_for_more(upload: Page, folder: Path) -> None:
    for number in range(30):
        study = uid("many", number)
        image = ct_slice(rows=8, columns=8, study=study, series=uid(study), patient_name=f"Patient^{number:02}")
        (folder / f"{number:02}.dcm").write_bytes(image)
    choose(upload, sorted(folder.iterdir()))
    expect(upload.locator(".looks__one canvas:visible")).to_have_count(24)
    expect(upload.locator("#exams")).to_contain_text("30 patients, 30 exams, 30 series, 30 images")
    upload.get_by_role("button", name="Show 6 more").click()
    expect(upload.locator(".looks__one canvas:visible")).to_have_count(30)
    expect(upload.locator(".looks__one").nth(24)).to_be_focused()


def test_a_file_that_is_removed_is_no_longer_shown(upload: Page, folder: Path) -> None:
    for number, patient in enumerate(("DOE^JANE", "ROE^RICHARD"), 1):
        study = uid(patient)
        image = ct_slice(rows=8, columns=8, study=study, series=uid(study), patient_name=patient)
        (folder / f"{number}.dcm").write_bytes(image)
    choose(upload, sorted(folder.iterdir()))
    read_picture(card(upload, "ROE, Richard"))
    upload.get_by_role("button", name="Remove 1.dcm").click()
    expect(card(upload, "DOE, Jane")).to_have_count(0)
    read_picture(card(upload, "ROE, Richard"))
    upload.get_by_role("button", name="Remove all").click()
    expect(upload.locator("#exams")).to_be_hidden()


def test_two_thousand_images_never_hold_up_the_page(upload: Page, storage: Storage, folder: Path) -> None:
    for number in range(FILES):
        series = uid("series", number // 100)
        image = ct_slice(rows=32, columns=32, series=series, instance=number, patient_name="DOE^JANE")
        (folder / f"IM{number:05}.dcm").write_bytes(image)
    with traced(upload) as trace:
        upload.locator("#choose-folder").set_input_files(folder)
        expect(upload.locator("#send")).to_be_enabled(timeout=60_000)
        expect(upload.locator(".looks__one canvas:visible")).to_have_count(20, timeout=60_000)
    expect(upload.locator("#exams")).to_contain_text("1 patient, 1 exam, 20 series, 2,000 images")
    print(trace.longest_tasks())
    assert trace.longest_tasks()[0][0] < LONGEST_TASK

"""Images in the viewer: scrolled, windowed and measured as they are in their files, and had from nowhere else."""

import hashlib
import io
import struct
from dataclasses import replace
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from intake.files.model import ObjectVersion, now
from intake.files.states import State
from portal.retrieval.contents import PAGE
from tests.browser.conftest import violations, watched
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.dicom_files import ct_slice
from tests.records import IDS, UPLOAD_ID, a_file, an_upload
from tests.waiting import until

UID = "1.2.840.99.17"
STUDY = IDS.study("northside", UID)
SIDE = 256
MIDDLE = """() => {
  const canvas = document.querySelector('[data-stage] canvas');
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  return [...copy.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data].slice(0, 3);
}"""


def even(hounsfield: int) -> bytes:
    """Return pixels that a slice's rescaling makes one value of, but for a line of air and one of bone on top."""
    lines = [-1000, 1000, *[hounsfield] * (SIDE - 2)]
    return b"".join(struct.pack("<H", value + 1024) * SIDE for value in lines)


def grey(hounsfield: int) -> int:
    """Return what a window of 400 around 40 makes of a value (PS3.3 C.11.2.1.2)."""
    return max(0, min(255, round(255 * (hounsfield + 160) / 400)))


def a_slice(number: int, pixels: bytes, **changes: object) -> bytes:
    return ct_slice(study=UID, series=f"{UID}.1", instance=number, rows=SIDE, columns=SIDE, pixels=pixels, **changes)


def keep(portal: PortalServer, storage: Storage, number: int, data: bytes, *, series: str = "1") -> None:
    key = f"northside/viewer-{series}-{number}"
    storage.contents[key] = data
    record = replace(
        a_file(number + 1000 * int(series), name=f"ct/IM{number:04d}.dcm", created_at=now()),
        state=State.ACCEPTED,
        kind="dicom",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        stored=ObjectVersion("accepted", key, "v1"),
        metadata={
            "study_instance_uid": UID,
            "series_instance_uid": f"{UID}.{series}",
            "modality": "CT",
            "study_date": "20261121",
            "instance_number": number,
        },
    )
    portal.table.files[record.file_id] = record


@pytest.fixture
def empty(portal: PortalServer, storage: Storage) -> None:
    portal.table.files.clear()
    portal.audit.written.clear()
    storage.contents.clear()
    portal.table.uploads[UPLOAD_ID] = an_upload(created_at=now())


@pytest.fixture
def slices(portal: PortalServer, storage: Storage, empty: None) -> None:
    """Thirty slices, of which each is a little brighter than the one before."""
    for number in range(1, 31):
        keep(portal, storage, number, a_slice(number, even(number * 10)))


@pytest.fixture
def page(context: BrowserContext, portal: PortalServer):
    context.add_cookies(portal.cookies("staff-token"))
    yield from watched(context.new_page())


def open_viewer(page: Page, portal: PortalServer) -> None:
    page.goto(f"{portal.url}/studies/{STUDY}")
    page.get_by_role("link", name="View images").click()
    expect(page.get_by_text("Image 1 of")).to_be_visible()


def expect_brightness(page: Page, value: int) -> None:
    """Wait until the middle of the picture is as bright, give or take what rounding does."""
    until(lambda: abs(page.evaluate(MIDDLE)[0] - value) <= 2, f"a middle of {value}")


def test_a_stack_is_scrolled_by_keys_wheel_and_slider_and_each_image_is_drawn(
    page: Page, portal: PortalServer, slices: None
) -> None:
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url.removeprefix("blob:")).hostname))
    open_viewer(page, portal)
    page.get_by_label("Window preset").select_option("soft-tissue")
    expect_brightness(page, grey(10))
    stage = page.get_by_role("application", name="Images")
    stage.press("ArrowDown")
    expect(page.get_by_text("Image 2 of 30")).to_be_visible()
    stage.press("End")
    expect(page.get_by_text("Image 30 of 30")).to_be_visible()
    expect_brightness(page, grey(300))
    stage.hover()
    page.mouse.wheel(0, -100)
    expect(page.get_by_text("Image 29 of 30")).to_be_visible()
    page.get_by_role("slider").fill("14")
    expect(page.get_by_text("Image 15 of 30")).to_be_visible()
    expect_brightness(page, grey(150))
    assert hosts <= {"localhost", "127.0.0.1"}
    assert violations(page) == []


def test_what_is_a_hundred_millimetres_wide_measures_as_much_and_hands_window_what_they_drag(
    page: Page, portal: PortalServer, storage: Storage, empty: None
) -> None:
    keep(portal, storage, 1, a_slice(1, square()))
    open_viewer(page, portal)
    left, right, middle = find_edges(page)
    page.get_by_role("button", name="Length").click()
    drag(page, (left, middle), (right, middle))
    until(lambda: measured(page) == (pytest.approx(100, abs=1), "mm"), "a length of 100 mm")

    before = page.locator('[data-overlay="window"]').inner_text()
    page.get_by_role("button", name="Window", exact=True).click()
    drag(page, (left + 30, middle + 60), (left + 120, middle + 60))
    expect(page.locator('[data-overlay="window"]')).not_to_have_text(before)
    page.get_by_role("button", name="Reset").click()
    expect(page.locator('[data-overlay="window"]')).to_have_text(before)
    expect(page.locator("[data-stage] svg text")).to_have_count(0)


def test_the_files_own_window_is_told_as_the_file_tells_it(
    page: Page, portal: PortalServer, storage: Storage, empty: None
) -> None:
    window = {0x00281050: ("DS", b"40"), 0x00281051: ("DS", b"400 ")}
    keep(portal, storage, 1, a_slice(1, even(10), changes=window))
    open_viewer(page, portal)
    expect(page.locator('[data-overlay="window"]')).to_have_text("Window 40 / 400")
    expect_brightness(page, grey(10))
    page.get_by_label("Window preset").select_option("bone")
    expect(page.locator('[data-overlay="window"]')).to_have_text("Window 400 / 1,800")
    page.get_by_label("Window preset").select_option("")
    expect(page.locator('[data-overlay="window"]')).to_have_text("Window 40 / 400")


DETECTOR = {0x00181164: ("DS", b"0.5\\0.5 ")}


@pytest.mark.parametrize(
    ("changes", "told", "length"),
    [
        (DETECTOR, "Lengths as at the detector, not in the body", (pytest.approx(100, abs=1), "mm")),
        ({}, "No scale in the file: lengths are in pixels", (pytest.approx(200, abs=2), "px")),
    ],
    ids=["detector", "nothing"],
)
def test_what_lengths_are_worth_is_told(page, portal, storage, empty, changes, told, length) -> None:  # noqa: PLR0917
    keep(portal, storage, 1, a_slice(1, square(), changes={0x00280030: None, **changes}))
    open_viewer(page, portal)
    expect(page.locator('[data-overlay="scale"]')).to_have_text(told)
    left, right, middle = find_edges(page)
    page.get_by_role("button", name="Length").click()
    drag(page, (left, middle), (right, middle))
    until(lambda: measured(page) == length, str(length))


def test_sides_follow_flips_and_turns(page: Page, portal: PortalServer, slices: None) -> None:
    open_viewer(page, portal)

    def sides() -> list[str]:
        places = ("left", "right", "top", "bottom")
        return [page.locator(f'[data-overlay="{place}"]').inner_text() for place in places]

    assert sides() == ["R", "L", "A", "P"]
    stage = page.get_by_role("application", name="Images")
    stage.press("f")
    until(lambda: sides() == ["L", "R", "A", "P"], "the sides of a flipped picture")
    stage.press("f")
    stage.press("r")
    until(lambda: sides() == ["P", "A", "R", "L"], "the sides of a turned picture")


@pytest.mark.parametrize("encoding", ["jpeg-ls", "jpeg-2000", "rle"])
def test_compressed_images_of_many_frames_are_drawn(
    page: Page, portal: PortalServer, storage: Storage, empty: None, encoding: str
) -> None:
    keep(portal, storage, 1, frames(encoding))
    open_viewer(page, portal)
    expect(page.get_by_text("Image 1 of 3")).to_be_visible()
    page.get_by_label("Window preset").select_option("soft-tissue")
    expect_brightness(page, grey(-100))
    page.get_by_role("application", name="Images").press("End")
    expect(page.get_by_text("Image 3 of 3")).to_be_visible()
    expect_brightness(page, grey(100))


def test_what_is_no_image_is_told_and_led_to(page: Page, portal: PortalServer, storage: Storage, empty: None) -> None:
    report = ct_slice(study=UID, series=f"{UID}.1", rows=8, columns=8, changes={0x7FE00010: None})
    keep(portal, storage, 1, report)
    page.goto(f"{portal.url}/studies/{STUDY}/view")
    expect(page.get_by_text("No image can be read from this file here.")).to_be_visible()
    page.get_by_role("link", name="Open the file's page").click()
    expect(page.get_by_role("heading", name="IM0001.dcm")).to_be_visible()


def test_a_long_series_is_shown_before_all_of_it_is_listed_and_stays_as_it_is_looked_at(
    page: Page, portal: PortalServer, storage: Storage, empty: None
) -> None:
    for number in range(1, PAGE + 21):
        keep(portal, storage, number, a_slice(number, even(number)))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/content?cursor=*", hold)
    open_viewer(page, portal)
    expect(page.get_by_text(f"Image 1 of {PAGE}")).to_be_visible()
    page.get_by_label("Window preset").select_option("soft-tissue")
    stage = page.get_by_role("application", name="Images")
    stage.press("PageDown")
    stage.press("f")
    expect(page.get_by_text(f"Image 11 of {PAGE}")).to_be_visible()
    until(lambda: bool(held), "the second page's request")
    held[0].continue_()
    expect(page.get_by_text(f"Image 11 of {PAGE + 20}")).to_be_visible()
    expect(page.locator('[data-overlay="window"]')).to_have_text("Window 40 / 400")
    expect(page.locator('[data-overlay="left"]')).to_have_text("L")
    expect_brightness(page, grey(11))
    stage.press("End")
    expect(page.get_by_text(f"Image {PAGE + 20} of {PAGE + 20}")).to_be_visible()
    expect_brightness(page, grey(PAGE + 20))


def test_a_large_file_is_fetched_when_somebody_comes_to_it_and_not_before(
    page: Page, portal: PortalServer, storage: Storage, empty: None
) -> None:
    for number in (1, 3):
        keep(portal, storage, number, a_slice(number, even(number)))
    pixels = b"\0" * 9_000_000 + b"\1" * 9_000_000
    large = ct_slice(study=UID, series=f"{UID}.1", instance=2, rows=3000, columns=3000, pixels=pixels)
    keep(portal, storage, 2, large)
    fetched = []
    page.on("request", lambda request: fetched.append(urlsplit(request.url).path.rpartition("-")[2]))
    open_viewer(page, portal)
    expect(page.locator("[data-loaded]")).to_have_js_property("value", 2)
    assert "2" not in fetched
    page.get_by_role("application", name="Images").press("ArrowDown")
    expect(page.get_by_text("Image 2 of 3")).to_be_visible()
    assert "2" in fetched


def test_looking_is_noted_once_for_each_series_and_only_this_page_runs_webassembly(
    page: Page, portal: PortalServer, slices: None
) -> None:
    policies = {}
    page.on(
        "response",
        lambda answer: policies.update({urlsplit(answer.url).path: answer.headers.get("content-security-policy", "")}),
    )
    open_viewer(page, portal)
    page.get_by_role("application", name="Images").press("End")
    expect(page.get_by_text("Image 30 of 30")).to_be_visible()
    noted = [one for one in portal.audit.written if one.action == "study.view"]
    assert [(one.subject, one.detail) for one in noted] == [(STUDY, {"of": "series", "files": "30"})]
    allowed = {path.partition("-")[0] for path, policy in policies.items() if "wasm-unsafe-eval" in policy}
    assert f"/studies/{STUDY}/view" in {path for path, policy in policies.items() if "wasm-unsafe-eval" in policy}
    assert allowed <= {f"/studies/{STUDY}/view", "/static/viewer"}
    assert "unsafe-eval'" not in "".join(policies.values()).replace("wasm-unsafe-eval'", "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_viewer_fits_a_phone(page: Page, portal: PortalServer, slices: None, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    open_viewer(page, portal)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == []


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=5)
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def find_edges(page: Page) -> tuple[float, float, float]:
    """Return where the square's sides and its middle line lie on the page: 256 rows fill what a picture is shown in."""
    box = page.locator("[data-stage] canvas").bounding_box()
    assert box is not None
    middle, half = box["x"] + box["width"] / 2, 100 * box["height"] / SIDE
    return middle - half, middle + half, box["y"] + box["height"] / 2


def measured(page: Page) -> tuple[float, str]:
    """Return the length that is told and its unit; nothing where none is."""
    told = page.locator("[data-stage] svg text")
    length, unit = ((told.first.text_content() if told.count() else "") or "0 mm").split()[:2]
    return float(length), unit


def square() -> bytes:
    """Return pixels of a square that is 200 of them wide, which are 100 mm."""
    pixels = np.full((SIDE, SIDE), 24, "<u2")
    pixels[28:228, 28:228] = 2024
    return pixels.tobytes()


def frames(encoding: str) -> bytes:
    """Return an image of three frames, of -100, 0 and 100 HU, compressed."""
    plain = pydicom.dcmread(io.BytesIO(a_slice(1, even(0))))
    plain.NumberOfFrames = 3
    plain.PixelData = b"".join(even(value) for value in (-100, 0, 100))
    plain.compress(
        {"jpeg-ls": JPEGLSLossless, "jpeg-2000": JPEG2000Lossless, "rle": RLELossless}[encoding],
        generate_instance_uid=False,
    )
    written = io.BytesIO()
    plain.save_as(written)
    return written.getvalue()

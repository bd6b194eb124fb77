"""A CT of 300 slices in the viewer: how long until it is seen, how fast it is scrolled, and what it takes of memory.

`make viewer` prints it. Chromium has no graphics card here: everything is drawn by the processor.
"""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from intake.files.model import now
from tests.browser.conftest import watched
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.test_viewer import STUDY, keep
from tests.dicom_files import ct_slice
from tests.records import UPLOAD_ID, an_upload

SLICES = 300
UID = "1.2.840.99.17"

SCROLL = """async (count) => {
  const stage = document.querySelector("[data-stage]");
  const slider = document.querySelector("[data-slider]");
  const began = performance.now();
  for (let at = 1; at < count; at += 1) {
    const drawn = new Promise((resolve) => {
      stage.addEventListener("CORNERSTONE_IMAGE_RENDERED", resolve, { once: true });
    });
    slider.value = at;
    slider.dispatchEvent(new Event("input"));
    await drawn;
  }
  return performance.now() - began;
}"""
FIRST = """() => new Promise((resolve) => {
  const look = () => {
    const canvas = document.querySelector("[data-stage] canvas");
    if (canvas?.width) {
      const copy = new OffscreenCanvas(1, 1).getContext("2d");
      copy.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
      if (copy.getImageData(0, 0, 1, 1).data[0] > 0) return resolve(Date.now());
    }
    return requestAnimationFrame(look);
  };
  look();
})"""
MOST_MEMORY = 600 * 2**20


@pytest.fixture
def page(context: BrowserContext, portal: PortalServer):
    context.add_cookies(portal.cookies("staff-token"))
    yield from watched(context.new_page())


@pytest.fixture
def study(portal: PortalServer, storage: Storage) -> None:
    """Three hundred slices of 512 x 512, none like another: noise around a value."""
    portal.table.files.clear()
    storage.contents.clear()
    portal.table.uploads[UPLOAD_ID] = an_upload(created_at=now())
    drawn = np.random.default_rng(17)
    for number in range(1, SLICES + 1):
        pixels = drawn.integers(900, 1200, (512, 512), dtype=np.uint16).tobytes()
        keep(portal, storage, number, ct_slice(study=UID, series=f"{UID}.1", instance=number, pixels=pixels))


def test_a_ct_of_three_hundred_slices_is_seen_at_once_and_scrolled_smoothly(
    page: Page, portal: PortalServer, study: None
) -> None:
    page.goto(f"{portal.url}/studies/{STUDY}")
    for visit in ("first", "second"):
        clicked = time.time()
        page.get_by_role("link", name="View images").click()
        first = page.evaluate(FIRST) / 1000 - clicked
        print(f"{visit} visit: the middle of the first image is drawn {first * 1000:.0f} ms after the click")
        if visit == "first":
            page.go_back()
    expect(page.locator("[data-loaded]")).to_have_js_property("value", SLICES, timeout=120_000)
    print(f"all {SLICES} slices are there {time.time() - clicked:.1f} s after the click")
    took = page.evaluate(SCROLL, SLICES)
    rate = 1000 * (SLICES - 1) / took
    print(f"{SLICES - 1} slices scrolled in {took / 1000:.1f} s: {rate:.0f} a second")
    process = find_process(page)
    private, peak = read_private(process), read_peak(process)
    print(f"memory of the page's process: {private / 2**20:.0f} MiB of its own")
    print(f"at the most, with what all share: {peak / 2**20:.0f} MiB")
    assert rate > 1
    assert private <= MOST_MEMORY


def find_process(page: Page) -> int:
    """Return the id of this browser's largest renderer process."""
    assert page.context.browser is not None
    session: CDPSession = page.context.browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [int(one["id"]) for one in processes if one["type"] == "renderer"]
    assert renderers, json.dumps(processes)
    return max(renderers, key=read_private)


def read_private(process: int) -> int:
    """Return the bytes that are nobody else's: what Chromium's own task manager calls its memory footprint."""
    return _read(Path(f"/proc/{process}/smaps_rollup"), "Private_Dirty:")


def read_peak(process: int) -> int:
    """Return the most resident bytes so far. Chromium's own code, which all its processes share, is among them."""
    return _read(Path(f"/proc/{process}/status"), "VmHWM:")


def _read(path: Path, name: str) -> int:
    return next(int(line.split()[1]) * 1024 for line in path.read_text().splitlines() if line.startswith(name))

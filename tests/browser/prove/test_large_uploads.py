"""What clinics send on a busy day, on the deployed stack: thousands of files at once, and one that takes its time."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from infra.local.stack import LocalStack
from intake.records.records import DynamoRecords
from intake.table.table import Table
from tests.browser.test_main_job import sign_in
from tests.browser.traces import drop_folder, traced
from tests.dicom_files import ct_slice, text

FILES = 2000
LONGEST_TASK = 200
"""Milliseconds that a task runs: what takes longer is felt."""

MIB = 1024**2
PARTS = 19
"""Of 16 MiB, the last one short: 300 frames of 1 MiB and a header."""

SLOWLY = 60 * MIB
"""Bytes a second: fast enough for a test, slow enough to be interrupted."""

PATIENCE = 400_000
"""Milliseconds."""


@pytest.fixture
def page(browser: Browser, stack: LocalStack, portal_url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(30_000)
    page = context.new_page()
    sign_in(page, portal_url, stack.demo.staff[0])
    page.goto(f"{portal_url}/upload")
    yield page
    context.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "study"
    made.mkdir()
    for number in range(1, FILES + 1):
        (made / f"IM{number:05d}.dcm").write_bytes(ct_slice(instance=number, rows=8, columns=8))
    return made


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A valid multi-frame file of 300 MiB, whose parts all differ."""
    path = tmp_path / "volume.dcm"
    frames = {0x00280008: ("IS", text("300"))}
    path.write_bytes(ct_slice(instance=90_001, rows=512, columns=1024, pixels=os.urandom(300 * MIB), changes=frames))
    return path


def test_two_thousand_files_dropped_as_a_folder_never_freeze_the_page(page: Page, folder: Path) -> None:
    with traced(page) as trace:
        drop_folder(page, folder)
        page.get_by_role("button", name="Upload 2,000 files").click()
        expect(page.get_by_role("button", name="Start another upload")).to_be_visible(timeout=PATIENCE)
    longest = trace.longest_tasks()
    print(f"longest tasks (ran, held the thread): {longest} ms; longest hold: {max(held for _, held in longest)} ms")
    assert longest[0][0] < LONGEST_TASK
    expect(page.locator("#receipt").get_by_text("All 2,000 files accepted")).to_be_visible(timeout=PATIENCE)


class Parts:
    """Counts the parts that went to storage, by number."""

    def __init__(self, page: Page) -> None:
        self.begun: Counter[int] = Counter()
        self.done: Counter[int] = Counter()
        self._page = page
        page.on("request", lambda request: self._count(self.begun, request))
        page.on("requestfinished", lambda request: self._count(self.done, request))

    def wait_for(self, number: int) -> None:
        """Wait until so many different parts are there."""
        if len(self.done) < number:
            self._page.wait_for_event("requestfinished", lambda _: len(self.done) >= number)

    def _count(self, counter: Counter[int], request: Request) -> None:
        number = parse_qs(urlsplit(request.url).query).get("partNumber")
        if request.method == "PUT" and number:
            counter[int(number[0])] += 1


def test_a_large_file_survives_a_cut_network_and_a_closed_tab(page: Page, stack: LocalStack, volume: Path) -> None:
    parts, dialogs = Parts(page), []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    network(page, offline=False)
    page.locator("#choose-files").set_input_files(volume)
    page.get_by_role("button", name="Upload 1 file").click()
    parts.wait_for(5)
    network(page, offline=True)
    expect(page.get_by_text("Sending will continue automatically")).to_be_visible()
    network(page, offline=False)
    parts.wait_for(10)

    page.reload()
    assert dialogs == ["beforeunload"]
    expect(page.get_by_role("heading", name="Go on with your unfinished upload")).to_be_visible()
    expect(page.get_by_text("Listed below: 1 file (315 MB) still needed.")).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith("/complete"), timeout=PATIENCE) as completed:
        page.locator("#choose-files").set_input_files(volume)
    expect(page.locator("#receipt").get_by_text("1 file, accepted")).to_be_visible(timeout=PATIENCE)

    print(f"parts begun: {parts.begun.total()}, taken: {parts.done.total()} of {PARTS}")
    assert parts.done.keys() == set(range(1, PARTS + 1))
    assert parts.done.total() <= PARTS + 1
    assert parts.begun.total() <= PARTS + 2, "Each of the two interruptions may cost the part that was on its way."
    assert accepted(stack, completed.value.url.split("/")[-2]) == sha256(volume.read_bytes())


def network(page: Page, *, offline: bool) -> None:
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOWLY}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)


def accepted(stack: LocalStack, file_id: str) -> str:
    """Return the SHA-256 of what is stored of an accepted file."""
    stored = DynamoRecords(Table(stack.clients.dynamodb, stack.outputs["Table"])).file(None, file_id).stored
    assert stored is not None
    assert stored.bucket == stack.outputs["AcceptedBucket"]
    answer = stack.clients.s3.get_object(Bucket=stored.bucket, Key=stored.key, VersionId=stored.version_id)
    return sha256(answer["Body"].read())


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""Twenty real files, dropped into the page of the deployed stack."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.stack import LocalStack
from tests.browser.test_main_job import VERDICT, sign_in
from tests.emulator.corpus_sample import sample
from tests.unit.processor.judge.corpus import needs_corpus

pytestmark = [needs_corpus, pytest.mark.filterwarnings("ignore::UserWarning")]

WORDS = {"accepted": "Accepted", "rejected": "Rejected"}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_twenty_real_files_dropped_in_the_browser_get_the_verdicts_expected_of_them(
    page: Page, stack: LocalStack, portal_url: str, tmp_path: Path
) -> None:
    files = sample()
    for file in files:
        (tmp_path / file.name).write_bytes(file.data)
    sign_in(page, portal_url, stack.demo.staff[0])
    page.goto(f"{portal_url}/upload")
    page.locator("#drop input[type=file]").first.set_input_files([tmp_path / file.name for file in files])
    last_byte: list[float] = []
    page.on("requestfinished", lambda request: last_byte.append(time.monotonic()) if request.method == "PUT" else None)
    page.get_by_role("button", name=f"Upload {len(files)} files").click()

    accepted = sum(file.expected == "accepted" for file in files)
    summary = f"{accepted} of {len(files)} files accepted, {len(files) - accepted} rejected"
    expect(page.locator("#receipt").get_by_text(summary)).to_be_visible(timeout=VERDICT)

    print(f"{len(files)} verdicts shown {time.monotonic() - max(last_byte):.1f} s after the last byte")
    listed, names = page.locator("#list"), sorted(file.name for file in files)
    for file in files:
        # Only rows in sight, and few around them, have elements.
        part = names.index(file.name) / len(names)
        listed.evaluate("(box, part) => { box.scrollTop = part * box.scrollHeight }", part)
        row = listed.locator("li").filter(has=page.get_by_role("link", name=f"Details of {file.name}", exact=True))
        expect(row.locator(".file-row__state")).to_have_text(WORDS[file.expected])

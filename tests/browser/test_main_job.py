"""The main job, from a browser, on the deployed stack: sign in, drop files, read verdicts, look at the dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.local.demo import Person
from infra.local.stack import LocalStack
from tests.browser.conftest import violations
from tests.dicom_files import ct_slice

VERDICT = 20_000
"""Milliseconds; the first files meet a Lambda that has not run yet."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for number in range(1, 6):
        (tmp_path / f"IM{number:04d}.dcm").write_bytes(ct_slice(instance=number))
    (tmp_path / "letter.txt").write_text("Dear colleague\n\nall is well.\n")
    return sorted(tmp_path.iterdir())


def sign_in(page: Page, portal_url: str, person: Person) -> None:
    page.goto(portal_url)
    page.get_by_role("link", name="Sign in").click()
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("[type=submit]").first.click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_a_clinic_sends_files_and_learns_what_became_of_each(
    page: Page, stack: LocalStack, portal_url: str, files: list[Path]
) -> None:
    sign_in(page, portal_url, stack.demo.staff[0])
    page.goto(f"{portal_url}/upload")
    page.get_by_label("Your reference").fill("Worklist 12")
    page.locator("#drop input[type=file]").first.set_input_files(files)
    page.get_by_role("button", name="Upload 6 files").click()
    receipt = page.locator("#receipt")
    expect(receipt.get_by_text("5 of 6 files accepted, 1 rejected")).to_be_visible(timeout=VERDICT)
    expect(receipt.get_by_text("Updates automatically")).to_have_count(0)
    assert violations(page) == []

    page.reload()
    expect(page.get_by_role("heading", name="Worklist 12")).to_be_visible()
    page.get_by_role("link", name="letter.txt").first.click()
    expect(page.get_by_role("heading", name="What we found")).to_be_visible()
    expect(page.get_by_text("What to do:")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_have_count(0)

    page.goto(f"{portal_url}/files?state=accepted")
    page.get_by_role("link", name="IM0001.dcm", exact=True).click()
    expect(page.get_by_text("CT Image Storage")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    assert downloading.value.path().read_bytes() == files[0].read_bytes()


def test_an_admin_sees_the_pipeline_and_no_names(page: Page, stack: LocalStack, portal_url: str) -> None:
    sign_in(page, portal_url, stack.demo.admin)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.get_by_role("heading", name="Time from upload to verdict")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.get_by_text("letter.txt")).to_have_count(0)
    expect(page.get_by_text("files rejected").or_(page.get_by_text("file rejected")).first).to_be_visible(
        timeout=VERDICT
    )
    assert violations(page) == []


def test_signing_out_ends_the_session(page: Page, stack: LocalStack, portal_url: str) -> None:
    sign_in(page, portal_url, stack.demo.staff[0])
    page.locator("[data-menu] summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{portal_url}/uploads")
    expect(page.locator("input[name=password]")).to_be_visible()

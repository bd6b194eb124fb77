"""Choosing files on the upload page, and sending them."""

from pathlib import Path

from playwright.sync_api import Page

from tests.browser.portal_server import PortalServer

GOOD = bytes(128) + b"DICM" + bytes(400)
"""What the storage of these tests takes for DICOM."""


def choose(page: Page, files: list[Path]) -> None:
    page.locator("#choose-files").set_input_files(files)


def send(page: Page, portal: PortalServer, files: list[Path], reference: str = "") -> None:
    page.goto(f"{portal.url}/upload")
    page.get_by_label("Your reference").fill(reference)
    choose(page, files)
    page.get_by_role("button", name="Upload", exact=False).click()

"""Labels on an exam, and the board narrowed to one: by clicks, and in another window at the same time."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import violations
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer

HOSTILE = "<img src=x onerror=hit>"


def _add(page: Page, text: str) -> None:
    page.get_by_text("Add a label").click()
    page.get_by_label("Label", exact=True).fill(text)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".exam-label").filter(has_text=text)).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_an_exam_is_labelled_found_by_its_label_and_cleared_again(
    staff_page: Page, portal: PortalServer, day: Day, width: int
) -> None:
    page = staff_page
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{portal.url}/studies/{day.study}")
    other = page.context.new_page()
    other.goto(page.url)
    _add(page, "Tumour board")
    _add(other, "Second opinion")
    _add(other, HOSTILE)
    page.reload()
    expect(page.locator(".exam-label")).to_have_count(3)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(f"{portal.url}/studies")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".exam-label").get_by_role("link", name="Tumour board").click()
    expect(page.locator(".exams tbody tr")).to_have_count(1)
    expect(page.get_by_text("Sorted by study date")).to_be_visible()
    assert "Tumour" not in page.url
    assert violations(page) == []

    page.goto(f"{portal.url}/studies/{day.study}")
    for left in (2, 1, 0):
        page.get_by_role("button", name="Remove the label").first.click()
        expect(page.locator(".exam-label")).to_have_count(left)
    expect(page.get_by_text("Add a label")).to_be_visible()

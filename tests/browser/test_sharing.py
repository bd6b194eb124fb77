"""An exam by a link and a code, in a browser in which nobody is signed in: whole, and without a trace in addresses."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import violations
from tests.browser.portal_server import PortalServer
from tests.browser.storage import Storage
from tests.browser.test_overflow import measure_all
from tests.browser.test_retrieval import STUDY, TO_DISK, _read, study

assert study


def _make(page: Page, portal: PortalServer) -> tuple[str, str]:
    page.goto(f"{portal.url}/studies/{STUDY}")
    page.get_by_role("link", name="Share with a doctor").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator('[data-part="link"]').inner_text()
    code = page.locator('[data-part="code"]').inner_text()
    assert violations(page) == []
    return link, code


@pytest.mark.parametrize("width", [1280, 390])
def test_a_doctor_takes_out_an_exam_by_link_and_code(
    staff_page: Page,
    browser: Browser,
    portal: PortalServer,
    *,
    storage: Storage,
    study: dict[str, bytes],
    width: int,
) -> None:
    link, code = _make(staff_page, portal)
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("#")[0] + request.headers.get("referer", "")))
    page.add_init_script(TO_DISK)
    token = link.partition("#")[2]
    page.goto(link)
    assert violations(page) == []
    page.get_by_role("textbox", name="Code").fill("2222-2222")
    page.get_by_role("button", name="Open the exam").click()
    expect(page.get_by_role("alert")).to_contain_text("do not open anything")
    assert violations(page) == []
    page.get_by_role("textbox", name="Code").fill(code.lower())
    page.get_by_role("button", name="Open the exam").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CT, 21 Nov 2026")
    assert measure_all(page, "shared study") == {}
    page.set_viewport_size({"width": width, "height": 844})
    assert violations(page) == []
    page.get_by_role("button", name="Download the exam").click()
    expect(page.get_by_role("heading", name="Download complete")).to_be_visible()
    assert _read(page, "study-20261121-CT.zip") == study
    assert not [url for url in asked if token in url]
    assert context.cookies() == []
    context.close()

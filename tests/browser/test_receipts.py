"""Receipts, searches and studies in a browser: what staff do with what went wrong, and how they find things."""

import re

import pytest
from playwright.sync_api import Page, expect

from intake.files.model import now
from intake.files.states import State
from intake.orders.model import Answer, Answered, OrderBatch
from tests.browser.conftest import violations
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC


def test_retry_all_failed_is_one_click_and_the_receipt_follows_it(portal: PortalServer, staff_page: Page) -> None:
    sample = portal.sample()
    upload = sample.upload("Retry", minutes_ago=30)
    failed = [sample.file(upload, f"slice-{number}.dcm", State.FAILED) for number in range(3)]
    staff_page.goto(f"{portal.url}/uploads/{upload.upload_id}")
    staff_page.get_by_role("button", name="Retry all 3 failed files").click()
    expect(staff_page.get_by_text("this starts in a moment")).to_be_visible()
    ((_, order_id),) = [
        key for key, order in portal.orders.placed.items() if order.selection.upload_id == upload.upload_id
    ]
    for record in failed:
        portal.table.save(record, state=State.ACCEPTED, updated_at=now())
    portal.orders.add_portion(CLINIC, order_id, 0, OrderBatch(tuple(record.file_id for record in failed), None))
    told = {"clinic_id": CLINIC, "answer": Answer.ACCEPTED}
    portal.orders.answer(CLINIC, order_id, [Answered(file_id=record.file_id, **told) for record in failed])
    expect(staff_page.get_by_text("3 files checked again")).to_be_visible()
    expect(staff_page.get_by_text("All 3 files accepted")).to_be_visible()
    expect(staff_page.get_by_text("Updates automatically")).to_have_count(0)
    assert violations(staff_page) == []


def test_one_failed_file_is_retried_by_keyboard(portal: PortalServer, staff_page: Page) -> None:
    sample = portal.sample()
    upload = sample.upload("Retry one", minutes_ago=30)
    first, _ = (sample.file(upload, f"slice-{number}.dcm", State.FAILED) for number in range(2))
    staff_page.goto(f"{portal.url}/uploads/{upload.upload_id}")
    button = staff_page.get_by_role("button", name=re.compile("^Retry this ?: slice-0.dcm$"))
    button.focus()
    staff_page.keyboard.press("Enter")
    expect(staff_page.get_by_text("this starts in a moment")).to_be_visible()
    assert [order.selection.file_ids for order in portal.orders.placed.values()][-1] == (first.file_id,)


def test_staff_find_a_patients_files_and_go_back_to_them(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/files")
    staff_page.get_by_label("Search in").select_option("Patient ID")
    staff_page.get_by_label("Search files").fill("ns-004711")
    staff_page.get_by_label("Search files").press("Enter")
    staff_page.get_by_text("Filters", exact=True).click()
    staff_page.get_by_label("State").select_option("rejected")
    staff_page.get_by_role("button", name="Apply").click()
    expect(staff_page.get_by_role("button", name="State: Rejected")).to_be_visible()
    expect(staff_page.get_by_role("link", name=re.compile("IM-0001-0016"))).to_be_visible()
    assert "4711" not in staff_page.url
    staff_page.get_by_role("link", name=re.compile("IM-0001-0016")).click()
    expect(staff_page.get_by_role("heading", name="What we found")).to_be_visible()
    staff_page.go_back()
    expect(staff_page.get_by_role("link", name=re.compile("IM-0001-0016"))).to_be_visible()
    assert violations(staff_page) == []
    staff_page.get_by_role("button", name="Patient ID: ns-004711").click()
    expect(staff_page).to_have_url(re.compile(r"/files\?state=rejected$"))


def test_a_study_leads_to_the_images_of_one_series(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/studies")
    staff_page.get_by_text("Study date, modality and label").click()
    staff_page.get_by_label("Modality").fill("MR")
    staff_page.get_by_role("button", name="Search").click()
    exam = staff_page.get_by_role("row").filter(has_text="Complete")
    exam.get_by_role("link", name=re.compile("^MR, ")).click()
    expect(staff_page.get_by_role("heading", name="Is it complete?")).to_be_visible()
    expect(staff_page.get_by_text("Probe, Petra")).to_be_visible()
    staff_page.get_by_role("link", name="MR 2").click()
    expect(staff_page.get_by_role("heading", name="Files of one series")).to_be_visible()


def test_an_image_is_shown_and_comes_from_the_bucket(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/files/{day.image_file}")
    image = staff_page.get_by_role("img", name="Picture of this file")
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("(image) => image.naturalWidth") > 0


@pytest.mark.parametrize("page", ["receipt", "study"])
def test_a_printed_page_holds_what_matters_and_no_buttons(
    portal: PortalServer, day: Day, staff_page: Page, page: str
) -> None:
    path = {"receipt": f"/uploads/{day.mixed_upload}", "study": f"/studies/{day.study}"}[page]
    staff_page.goto(portal.url + path)
    staff_page.emulate_media(media="print")
    expect(staff_page.get_by_role("heading", level=1)).to_be_visible()
    expect(staff_page.get_by_role("navigation", name="Main")).to_be_hidden()
    assert staff_page.locator("button:visible, .nhsuk-button:visible").count() == 0


def test_the_receipts_table_is_saved_under_an_opaque_name(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/uploads/{day.mixed_upload}")
    with staff_page.expect_download() as downloading:
        staff_page.get_by_role("link", name="CSV").click()
    assert downloading.value.suggested_filename == f"receipt-{day.mixed_upload}.csv"
    text = downloading.value.path().read_text("utf-8-sig")
    assert text.count("\n") == 24
    assert '"ct-chest/IM-0001-0016.dcm","Rejected"' in text

"""Pictures in pages: where people decide, and a quiet placeholder where there is none."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from intake.files.states import State
from intake.renditions.model import EDGES, NoPreview
from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer

TITLE = re.compile(r"<title>([^<]+)</title>")
GERMAN = re.compile(r"Bild|Datei|Vorschau")
SIZE = "image => [image.naturalWidth, image.naturalHeight]"


@pytest.fixture
def admin_page(context: BrowserContext, portal: PortalServer) -> Iterator[Page]:
    context.add_cookies(portal.cookies("admin-token"))
    yield from watched(context.new_page())


@pytest.fixture
def refusing(portal: PortalServer) -> Iterator[PortalServer]:
    """The portal, whose renderer draws nothing as long as the test takes; and nothing is kept."""
    portal.renditions.kept.clear()
    yield portal
    portal.renderer.refuses, portal.renderer.busy = None, False
    portal.renditions.kept.clear()


def wait_for(image: Locator) -> list[int]:
    """Return a picture's own size once it is there."""
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", value=True)
    size: list[int] = image.evaluate(SIZE)
    return size


def test_a_quarantined_file_is_decided_on_with_its_picture_in_view(
    portal: PortalServer, day: Day, admin_page: Page
) -> None:
    admin_page.goto(f"{portal.url}/admin/quarantine/{day.rejected_file}")
    picture = admin_page.get_by_role("img", name="Picture of this file")
    assert wait_for(picture) == [768, 768]
    # At once, on a screen of 1280 by 860, without a word of scrolling.
    admin_page.evaluate("scrollTo(0, 0)")
    expect(picture).to_be_in_viewport(ratio=1)
    for button in ("Dry run", "Propose to accept…", "Delete…"):
        expect(admin_page.get_by_role("button", name=button)).to_be_in_viewport(ratio=1)
    expect(admin_page.get_by_text("not for diagnosis")).to_be_in_viewport(ratio=1)
    admin_page.get_by_role("button", name="Propose to accept…").click()
    admin_page.get_by_label("Why?").fill("The picture is whole.")
    admin_page.get_by_role("button", name="Propose", exact=True).click()
    proposal = admin_page.locator("article").filter(has_text="The picture is whole.")
    assert wait_for(proposal.locator("img")) == [768, 768]
    expect(proposal.locator("img")).to_be_in_viewport(ratio=1)
    expect(proposal.get_by_role("button", name="Withdraw")).to_be_in_viewport(ratio=1)
    assert violations(admin_page) == []


def test_what_a_clinic_may_not_fetch_it_is_shown_no_picture_of(
    portal: PortalServer, day: Day, staff_page: Page
) -> None:
    staff_page.goto(f"{portal.url}/files/{day.rejected_file}")
    expect(staff_page.get_by_role("heading", name="What we found")).to_be_visible()
    expect(staff_page.get_by_role("heading", name="Preview")).to_have_count(0)
    expect(staff_page.locator("img[src*='/preview/']")).to_have_count(0)


def test_a_files_picture_has_its_room_before_it_is_there(portal: PortalServer, day: Day, staff_page: Page) -> None:
    held: list[str] = []

    def hold(route: object, request: object) -> None:
        held.append("held")

    staff_page.route("**/preview/768", hold)
    staff_page.goto(f"{portal.url}/files/{day.accepted_file}", wait_until="domcontentloaded")
    picture = staff_page.get_by_role("img", name="Picture of this file")
    before = picture.bounding_box()
    assert held == ["held"]
    staff_page.unroute("**/preview/768")
    staff_page.reload()
    assert wait_for(picture) == [768, 768]
    assert picture.bounding_box() == before
    expect(staff_page.get_by_text("A reduced picture, not for diagnosis.")).to_be_visible()
    expect(staff_page.get_by_text("not shown here")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("reason", [*NoPreview, None])
def test_where_there_is_no_picture_a_drawing_says_why(
    refusing: PortalServer, day: Day, reason: NoPreview | None, language: str
) -> None:
    refusing.renderer.refuses, refusing.renderer.busy = reason, reason is None
    cookies = {one["name"]: one["value"] for one in refusing.cookies("staff-token")}
    for edge in EDGES:
        answer = httpx.get(
            f"{refusing.url}/files/{day.accepted_file}/preview/{edge}",
            cookies=cookies,
            headers={"Accept-Language": language},
        )
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        assert answer.headers["cache-control"] == ("private, max-age=60" if reason else "no-store")
        told = TITLE.search(answer.text)
        assert told is not None
        assert bool(GERMAN.search(told[1])) is (language == "de"), told[1]


def test_a_missing_picture_breaks_nothing_and_is_a_sentence_the_next_time(
    refusing: PortalServer, day: Day, staff_page: Page
) -> None:
    refusing.renderer.refuses = NoPreview.UNREADABLE
    staff_page.goto(f"{refusing.url}/files/{day.accepted_file}")
    picture = staff_page.get_by_role("img", name="Picture of this file")
    room = picture.bounding_box()
    assert wait_for(picture)[0] not in {0, 768}
    assert picture.bounding_box() == room
    staff_page.reload()
    expect(picture).to_have_count(0)
    expect(staff_page.get_by_text("parts of it are damaged, or contradict each other")).to_be_visible()
    assert violations(staff_page) == []


def test_what_is_never_drawn_is_told_without_asking(portal: PortalServer, day: Day, staff_page: Page) -> None:
    upload = portal.sample().upload("A report", minutes_ago=3)
    message = portal.sample().file(upload, "report.hl7", State.ACCEPTED, kind="hl7v2")
    asked = len(portal.renderer.asked)
    staff_page.goto(f"{portal.url}/files/{message.file_id}")
    expect(staff_page.get_by_text("Previews are not made of this kind of file")).to_be_visible()
    expect(staff_page.locator("img[src*='/preview/']")).to_have_count(0)
    assert len(portal.renderer.asked) == asked


def test_exams_are_listed_with_pictures_that_lead_where_their_rows_do(
    portal: PortalServer, day: Day, staff_page: Page
) -> None:
    staff_page.goto(f"{portal.url}/studies")
    rows = staff_page.locator(".exams tbody tr")
    pictures = rows.locator(".picture")
    assert pictures.count() == rows.count()
    for number in range(rows.count()):
        assert wait_for(pictures.nth(number).locator("img")) == [128, 128]
        link = rows.nth(number).locator("a[href^='/studies/']").last
        assert pictures.nth(number).get_attribute("href") == link.get_attribute("href")
    # A keyboard stops at the row's own links, and a screen reader tells them once.
    assert {(one.get_attribute("tabindex"), one.get_attribute("aria-hidden")) for one in pictures.all()} == {
        ("-1", "true")
    }
    pictures.nth(1).click()
    expect(staff_page.get_by_role("heading", name="Is it complete?")).to_be_visible()
    assert violations(staff_page) == []


def test_each_series_is_shown_by_its_picture(portal: PortalServer, day: Day, staff_page: Page) -> None:
    staff_page.goto(f"{portal.url}/studies/{day.study}")
    rows = staff_page.locator("[aria-labelledby=series-head] tbody tr")
    for row in rows.all():
        assert wait_for(row.locator("img")) == [128, 128]
    assert rows.count() == 2
    assert staff_page.locator("img[src*='/preview/']").count() == 2
    assert violations(staff_page) == []


def test_a_receipt_shows_its_studies_and_not_each_of_their_files(
    portal: PortalServer, day: Day, staff_page: Page
) -> None:
    staff_page.goto(f"{portal.url}/uploads/{day.mixed_upload}")
    pictures = staff_page.locator("img[src*='/preview/']")
    expect(pictures).to_have_count(1)
    assert wait_for(pictures) == [128, 128]
    assert violations(staff_page) == []


@pytest.mark.parametrize("address", ["/studies", "/studies/{study}", "/uploads/{mixed_upload}", "/admin/quarantine"])
def test_admins_are_shown_no_picture_of_what_was_accepted_and_none_in_lists(
    portal: PortalServer, day: Day, admin_page: Page, address: str
) -> None:
    admin_page.goto(portal.url + address.format(study=day.study, mixed_upload=day.mixed_upload))
    expect(admin_page.locator("h1")).to_be_visible()
    expect(admin_page.locator("img[src*='/preview/']")).to_have_count(0)
    expect(admin_page.locator(".picture")).to_have_count(0)


def test_a_list_without_pictures_keeps_its_rows_as_high_as_before(
    refusing: PortalServer, day: Day, staff_page: Page
) -> None:
    staff_page.goto(f"{refusing.url}/studies")
    row = staff_page.locator(".exams tbody tr").first
    wait_for(row.locator("img"))
    before = row.bounding_box()
    refusing.renditions.kept.clear()
    refusing.renderer.refuses = NoPreview.CRASHED
    # What led to the pictures is kept for some minutes; a browser that comes anew knows nothing of it.
    again = staff_page.context.browser
    assert again is not None
    other = again.new_context(viewport={"width": 1280, "height": 860})
    other.add_cookies(refusing.cookies("staff-token"))
    page = next(shown := watched(other.new_page()))
    page.goto(f"{refusing.url}/studies")
    missing = page.locator(".exams tbody tr").first
    assert wait_for(missing.locator("img"))[0] not in {0, 128}
    assert missing.bounding_box() == before
    assert next(shown, None) is None
    other.close()

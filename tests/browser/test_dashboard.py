"""The admins' dashboard in a browser: every range, its own refreshing, and nothing that a file says run as code."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from intake.files.states import State
from intake.messaging.model import Alert
from intake.projections.model import Device
from intake.tenants.model import Clinic
from tests.browser.conftest import watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.test_hostile_names import HOSTILE

RANGES = {"now": 12, "24h": 24, "7d": 7, "30d": 30}


@pytest.fixture
def admin_page(browser: Browser, portal: PortalServer, day: Day):
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(15_000)
    context.add_cookies(portal.cookies("admin-token"))
    # The page's own clock is ours, so that its next look is now.
    page = context.new_page()
    page.clock.install()
    yield from watched(page)
    context.close()


def look_again(page: Page) -> None:
    """Let the page's time pass until it has looked again."""
    with page.expect_response(re.compile("/admin/_dashboard")) as answered:
        page.clock.run_for(16_000)
    assert answered.value.status == 200


@pytest.mark.parametrize(("key", "steps"), RANGES.items())
def test_a_range_is_drawn_and_told_as_a_table(portal: PortalServer, admin_page: Page, key: str, steps: int) -> None:
    admin_page.goto(f"{portal.url}/admin?range={key}")
    expect(admin_page.locator("[data-chart] canvas")).to_have_count(2)
    expect(admin_page.get_by_role("img", name=re.compile("^Chart of"))).to_have_count(2)
    expect(admin_page.get_by_role("navigation", name="Range").locator("[aria-current]")).to_have_count(1)
    tables = admin_page.get_by_text("The same numbers as a table")
    for number, name in enumerate(("Verdicts, as a table", "Time to verdict, as a table")):
        tables.nth(number).click()
        rows = admin_page.get_by_role("region", name=name).locator("tbody tr")
        expect(rows).to_have_count(steps)
    accepted = admin_page.get_by_role("region", name="Verdicts, as a table").locator("tbody td:nth-child(2)")
    numbers = [int(text.replace(",", "")) for text in accepted.all_inner_texts()]
    shown = admin_page.locator(".tiles dd").first.inner_text()
    assert sum(numbers) == int(shown.replace(",", "")) > 0


def test_it_refreshes_itself_and_keeps_range_focus_scroll_and_what_is_open(
    portal: PortalServer, admin_page: Page
) -> None:
    admin_page.goto(f"{portal.url}/admin?range=7d&clinic=northside")
    admin_page.get_by_text("The same numbers as a table").first.click()
    link = admin_page.get_by_role("link", name="All rejected")
    link.focus()
    admin_page.evaluate("scrollTo(0, 400)")
    before = admin_page.locator(".tiles dd").first.inner_text()
    portal.sample().past(State.ACCEPTED, 7, 0.001, device=Device("new", "Fresh Scanner · new"))

    look_again(admin_page)

    expect(admin_page.locator(".tiles dd").first).not_to_have_text(before)
    expect(admin_page.get_by_text("Fresh Scanner")).to_be_visible()
    expect(link).to_be_focused()
    assert admin_page.evaluate("scrollY") == 400
    expect(admin_page.get_by_role("region", name="Verdicts, as a table")).to_be_visible()
    expect(admin_page.locator("[data-chart] canvas")).to_have_count(2)
    expect(admin_page.locator("#dashboard")).to_have_attribute("hx-get", "/admin/_dashboard?range=7d&clinic=northside")
    expect(admin_page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")


def test_a_clinic_is_chosen_and_left_again(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin?range=30d")
    admin_page.get_by_label("Clinic", exact=True).select_option("lakeview")
    admin_page.get_by_role("button", name="Show").click()
    expect(admin_page.get_by_text("Lakeview Imaging Centre, the last 30 days")).to_be_visible()
    expect(admin_page.locator("#dashboard").get_by_text("Northside Radiology")).to_have_count(0)
    admin_page.get_by_role("link", name="24 hours").click()
    expect(admin_page.get_by_text("Lakeview Imaging Centre, the last 24 hours")).to_be_visible()


def test_from_rejections_to_the_files_is_one_click(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin?range=7d&clinic=northside")
    admin_page.locator(".tiles").get_by_role("link", name="rejected: show these files").click()
    admin_page.wait_for_url(re.compile(r"/admin/quarantine\?clinic=northside&since=.*T00"))
    assert admin_page.locator('input[name="file"]').count() >= 3


def test_a_bar_leads_to_the_files_of_its_time(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin?range=7d")
    bars = admin_page.locator("[data-links] .u-over")
    box = bars.bounding_box()
    assert box is not None
    bars.click(position={"x": box["width"] * 6.3 / 7, "y": box["height"] - 4})
    admin_page.wait_for_url(re.compile(r"/admin/quarantine\?since=[\d-]+T00%3A00&until=[\d-]+T00%3A00"))


def test_charts_follow_the_scheme_and_the_width(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin")
    admin_page.emulate_media(color_scheme="dark")
    admin_page.set_viewport_size({"width": 390, "height": 844})
    expect(admin_page.locator("[data-chart] canvas")).to_have_count(2)
    widths = (
        "[...document.querySelectorAll('.chart')].map((c) => c.querySelector('.uplot').clientWidth - c.clientWidth)"
    )
    admin_page.wait_for_function(f"{widths}.every((over) => over <= 0)")
    assert admin_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_storage_and_cost_tell_their_formula(portal: PortalServer, admin_page: Page) -> None:
    admin_page.goto(f"{portal.url}/admin")
    admin_page.get_by_role("link", name="Storage and cost").click()
    expect(admin_page.get_by_text("Month = GiB stored")).to_be_visible()
    expect(admin_page.get_by_role("row", name=re.compile("Northside Radiology.*GB.*[$]"))).to_be_visible()


def test_hostile_names_of_clinics_devices_and_alerts_run_nowhere(portal: PortalServer, admin_page: Page) -> None:
    sample = portal.sample()
    for number, hostile in enumerate(HOSTILE):
        clinic = f"hostile-{number}"
        portal.directory.save_clinic(Clinic(clinic, hostile))
        device = Device(f"h{number}", hostile)
        sample.past(State.REJECTED, 9, 0.01, codes=("truncated",), clinic=clinic, device=device)
        alert = Alert("file.rejected", clinic, "warning", hostile, hostile)
        portal.tell(alert.subject, alert.body)
    seen = "window.hits = 0; window.hit = () => { window.hits += 1; };"
    reports = "document.addEventListener('securitypolicyviolation', () => { window.hits += 1; });"
    admin_page.add_init_script(seen + reports)
    for path in ("/admin?range=now", "/admin?range=7d&clinic=hostile-1", "/admin/storage", "/settings/notifications"):
        admin_page.goto(portal.url + path)
        assert admin_page.evaluate("window.hits") == 0, path
    admin_page.goto(f"{portal.url}/admin")
    look_again(admin_page)
    assert admin_page.evaluate("window.hits") == 0
    for clinic in [clinic for clinic in portal.directory.clinics_by_id if clinic.startswith("hostile-")]:
        del portal.directory.clinics_by_id[clinic]

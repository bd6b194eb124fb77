"""Audits and rebuilds in a browser: asked for, watched while they go on, and mended."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from intake.files.model import now
from intake.recounts.jobs import RebuildJob
from intake.recounts.model import Difference
from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.test_hostile_names import HOSTILE


@pytest.fixture
def admin_page(context: BrowserContext, portal: PortalServer, day: Day) -> Iterator[Page]:
    context.add_cookies(portal.cookies("admin-token"))
    yield from watched(context.new_page())


def find_job(portal: PortalServer, page: Page) -> RebuildJob:
    return portal.rebuild_jobs.jobs[page.url.rpartition("/")[2]]


def go_on(portal: PortalServer, job: RebuildJob) -> None:
    portal.rebuild_jobs.jobs[job.job_id] = job


def test_an_audit_is_watched_and_what_it_found_is_mended(portal: PortalServer, admin_page: Page, day: Day) -> None:
    admin_page.goto(f"{portal.url}/admin/dead-letters")
    admin_page.get_by_role("link", name="Compare the counts with the records").click()
    assert violations(admin_page) == []
    admin_page.get_by_label("One upload only").fill(day.mixed_upload)
    admin_page.get_by_role("button", name="Compare").click()
    expect(admin_page.get_by_role("status")).to_contain_text("Waiting for its turn.")

    # The page finds out by itself.
    job = find_job(portal, admin_page)
    found = (Difference(f"upload {day.mixed_upload}", "n_accepted", 15, 17),)
    go_on(portal, replace(job, worked_at=now(), looked_at=1, differences=1, found=found))
    expect(admin_page.get_by_role("heading", name="What differs")).to_be_visible(timeout=10_000)
    assert violations(admin_page) == []
    go_on(portal, replace(portal.rebuild_jobs.jobs[job.job_id], ended_at=now()))
    admin_page.get_by_role("button", name="Mend these counts").click(timeout=10_000)

    expect(admin_page.get_by_role("heading", name="Rebuild: One upload of")).to_be_visible()
    assert (find_job(portal, admin_page).mends, find_job(portal, admin_page).upload_id) == (True, day.mixed_upload)
    admin_page.get_by_role("button", name="Stop").click()
    expect(admin_page.get_by_role("status")).to_contain_text("Stopped before its end.")
    assert violations(admin_page) == []


def test_an_upload_that_is_not_there_is_said_beside_its_field(
    portal: PortalServer, context: BrowserContext, day: Day
) -> None:
    context.add_cookies(portal.cookies("admin-token"))
    page = context.new_page()
    page.goto(f"{portal.url}/admin/rebuilds")
    page.get_by_label("One upload only").fill("no upload")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no such upload")
    assert page.get_by_label("One upload only").input_value() == "no upload"
    assert violations(page) == []


def test_hostile_strings_run_on_no_page_of_a_rebuild(portal: PortalServer, admin_page: Page, day: Day) -> None:
    """Nothing that a sender writes stands in what was found; if it did, it would be shown and not run."""
    job = portal.rebuild_jobs.jobs[day.found_rebuild]
    found = tuple(Difference(hostile, hostile, 0, 1) for hostile in HOSTILE)
    go_on(portal, replace(job, found=found, busy_units=tuple(HOSTILE), clinic_id=HOSTILE[0]))
    seen = "window.hits = 0; window.hit = () => { window.hits += 1; };"
    reports = "document.addEventListener('securitypolicyviolation', () => { window.hits += 1; });"
    admin_page.add_init_script(seen + reports)
    for path in ("/admin/rebuilds", f"/admin/rebuilds/{job.job_id}"):
        admin_page.goto(portal.url + path)
        assert admin_page.evaluate("window.hits") == 0, path
        assert admin_page.url == portal.url + path

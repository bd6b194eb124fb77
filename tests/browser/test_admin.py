"""Clinics, people, partners and the audit log, as an admin's browser has them."""

import csv
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from intake.analytics.model import Progress, ResultTable
from intake.files.model import now
from intake.operations.model import AuditEntry
from intake.tenants.model import Clinic
from portal.accounts.user_pool import Standing
from portal.saved_queries import QUERIES
from processor.judge.inspection.findings import Profile
from tests.browser.administration import CLIENT
from tests.browser.conftest import violations, watched
from tests.browser.day import Day
from tests.browser.portal_server import PortalServer
from tests.browser.sample import STAFF
from tests.browser.test_hostile_names import HOSTILE


@pytest.fixture
def page(context: BrowserContext, portal: PortalServer, day: Day) -> Iterator[Page]:
    context.add_cookies(portal.cookies("admin-token"))
    opened = context.new_page()
    opened.goto(f"{portal.url}/admin/clinics")
    return opened


def test_an_admin_creates_a_clinic_and_mends_what_was_wrong_first(page: Page, portal: PortalServer) -> None:
    page.get_by_role("link", name="Add a clinic").click()
    page.get_by_label("Name").fill("Westgate Scans")
    page.get_by_label("Id", exact=True).fill("West Gate")
    page.get_by_role("button", name="Add the clinic").click()
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.title().startswith("Error: ")
    assert violations(page) == []
    page.get_by_role("link", name="This id cannot be used").click()
    expect(page.get_by_label("Id", exact=True)).to_be_focused()
    page.get_by_label("Id", exact=True).fill("westgate")
    page.get_by_role("button", name="Add the clinic").click()
    expect(page.get_by_role("heading", name="Westgate Scans")).to_be_visible()
    page.reload()
    assert [entry.action for entry in portal.audit.written].count("clinic.create") == 1


def test_an_admin_invites_somebody_and_disables_the_account(page: Page, portal: PortalServer) -> None:
    page.get_by_role("link", name="Northside Radiology").click()
    page.get_by_role("link", name="Invite somebody").first.click()
    page.get_by_label("Email address").fill("eve@northside.example")
    page.get_by_label("Name (optional)").fill("Eve Marlow")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_role("status").get_by_text("Eve Marlow was invited by email")).to_be_visible()
    assert portal.people.mails[-1] == ("invitation", "eve@northside.example")
    page.get_by_text("Disable the account").first.click()
    expect(page.get_by_text("They are signed out everywhere within 20 seconds")).to_be_visible()
    page.get_by_role("button", name="Disable the account").click()
    expect(page.get_by_role("status").get_by_text("can no longer sign in")).to_be_visible()
    username = urlsplit(page.url).path.rpartition("/")[2]
    assert portal.people.known[username].standing is Standing.DISABLED
    assert portal.people.ended[-1] == username
    page.get_by_role("button", name="Enable the account").click()
    expect(page.get_by_role("status").get_by_text("can sign in again")).to_be_visible()


def test_a_partners_client_is_created_rotated_and_revoked(page: Page, portal: PortalServer) -> None:
    page.get_by_role("link", name="Northside Radiology").click()
    page.get_by_role("link", name="Create a client").first.click()
    page.get_by_label("Name").fill("Night PACS")
    made = portal.machines.made
    page.get_by_role("button", name="Create the client").dblclick()
    secret = page.get_by_role("textbox", name="Client secret")
    expect(secret).to_have_text(re.compile("made-secret"))
    assert portal.machines.made == made + 1
    first = page.get_by_role("textbox", name="Client id").inner_text()
    assert first in portal.gateway.admitted
    assert violations(page) == []
    page.get_by_role("link", name="I have saved the secret").click()
    page.get_by_role("link", name="Night PACS").click()
    assert "made-secret" not in page.content()
    page.get_by_text("Rotate: a new id and secret").click()
    page.get_by_role("button", name="Rotate the client").click()
    expect(page.get_by_text("The old client keeps working for 7 more days")).to_be_visible()
    second = page.get_by_role("textbox", name="Client id").inner_text()
    assert {first, second} <= portal.gateway.admitted
    page.goto(f"{portal.url}/admin/clinics/northside/partners/{first}")
    expect(page.get_by_text("Being replaced")).to_be_visible()
    page.get_by_text("Revoke: no more access").click()
    page.get_by_role("button", name="Revoke the client").click()
    expect(page.get_by_role("status").get_by_text("The client was revoked")).to_be_visible()
    assert first not in portal.gateway.admitted
    assert second in portal.gateway.admitted


def test_a_changed_profile_is_what_the_judge_reads_and_what_the_page_shows(page: Page, portal: PortalServer) -> None:
    page.goto(f"{portal.url}/admin/clinics/lakeview/profile")
    expect(page.get_by_text("takes effect within one minute")).to_be_visible()
    page.get_by_label("PNG image", exact=True).uncheck()
    page.get_by_label("Largest file: DICOM, in megabytes").fill("2500")
    page.get_by_text("PDF documents").click()
    rule = page.locator("#rule-pdf-encrypted")
    rule.select_option("Count only")
    page.get_by_role("button", name="Save the profile").click()
    expect(page.get_by_role("status").get_by_text("The profile was saved")).to_be_visible()
    profile = Profile.parse(portal.directory.profiles["lakeview"])
    assert profile.kinds is not None
    assert "png" not in profile.kinds
    assert profile.rules == {"pdf-encrypted": "shadow"}
    assert profile.max_bytes == {"dicom": 2_500_000_000}
    page.goto(f"{portal.url}/admin/clinics/lakeview/profile")
    expect(rule).to_have_value("shadow")
    page.get_by_label("Largest file: DICOM, in megabytes").fill("lots")
    page.get_by_role("button", name="Save the profile").click()
    expect(page.get_by_role("alert")).to_contain_text("whole number of megabytes")
    assert violations(page) == []


def test_the_audit_log_is_filtered_and_taken_away_as_a_table(page: Page, portal: PortalServer) -> None:
    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("Action").select_option("partner.")
    page.get_by_label("Clinic").select_option("northside")
    page.get_by_role("button", name="Show").click()
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="Rotated a partner client").first).to_be_visible()
    expect(rows.filter(has_text="Signed in")).to_have_count(0)
    page.get_by_role("link", name=CLIENT).click()
    expect(rows).to_have_count(1)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Export as CSV").click()
    with downloading.value.path().open(newline="") as exported:
        header, *lines = csv.reader(exported)
    assert (header[1], [line[1] for line in lines]) == ("Action", ["partner.rotate"])
    assert portal.audit.written[-1].action == "audit.export"


def test_a_saved_query_is_run_and_its_answer_comes_by_itself(page: Page, portal: PortalServer) -> None:
    page.goto(f"{portal.url}/admin")
    page.get_by_role("link", name="Analytics").click()
    page.get_by_role("link", name="Cost by clinic").click()
    page.get_by_role("link", name="7 days").click()
    portal.athena.progress = Progress.RUNNING
    columns = tuple(column.name for column in QUERIES[-1].columns)
    row = ("northside", "1200", "4096", "0.06", "1.0E-7", "0.06")
    portal.athena.answers["What the files of the period cost"] = ResultTable(columns, (row,))
    page.get_by_role("button", name="Run the query").click()
    expect(page.get_by_role("status")).to_contain_text("The query is running")
    assert violations(page) == []
    portal.athena.progress = Progress.DONE
    table = page.get_by_role("table")
    expect(table.get_by_role("rowheader", name="Northside Radiology")).to_be_visible()
    expect(table.get_by_role("cell", name="1,200")).to_be_visible()
    assert portal.audit.written[-1].action == "analytics.run"
    assert violations(page) == []


def test_two_hundred_hostile_names_run_nowhere(context: BrowserContext, portal: PortalServer, day: Day) -> None:
    context.add_cookies(portal.cookies("admin-token"))
    seen = "window.hits = 0; window.hit = () => { window.hits += 1; };"
    context.add_init_script(seen + "document.addEventListener('securitypolicyviolation', () => { window.hits += 1; });")
    for number, hostile in enumerate(HOSTILE):
        portal.directory.save_clinic(Clinic(f"hostile-{number}", hostile, contact=hostile))
        portal.people.add(hostile, "clinic:hostile-0")
        entry = AuditEntry(
            at=now(), actor=hostile, actor_name=hostile, action="clinic.describe", clinic_id=hostile,
            subject=hostile, reason=hostile, detail={hostile: hostile},
        )  # fmt: skip
        portal.audit.written.append(entry)
    watching = watched(context.new_page())
    page = next(watching)
    person = next(iter(portal.people.list_members("clinic:hostile-0"))).username
    paths = ["/admin/clinics", "/admin/clinics/hostile-0", "/admin/clinics/hostile-7", f"/admin/people/{person}"]
    paths += ["/admin/clinics/hostile-9/edit", "/admin/clinics/hostile-3/invite", "/admin/clinics/hostile-5/profile"]
    paths += ["/admin/audit", "/admin/clinics/hostile-2/partners/new"]
    for path in paths:
        page.goto(portal.url + path)
        assert page.evaluate("window.hits") == 0, path
        assert page.url == portal.url + path
    page.goto(f"{portal.url}/admin/audit")
    while (following := page.get_by_role("link", name="Next page")).count():
        following.click()
        page.wait_for_load_state()
        assert page.evaluate("window.hits") == 0
    page.goto(f"{portal.url}/admin/clinics/new")
    page.get_by_label("Name").fill(HOSTILE[20])
    page.get_by_label("Id", exact=True).fill(HOSTILE[40][:40])
    watched_errors = page.get_by_role("alert")
    next(watching, None)
    page.get_by_role("button", name="Add the clinic").click()
    expect(watched_errors).to_be_visible()
    assert page.evaluate("window.hits") == 0


def test_the_admins_own_account_offers_nothing_that_would_lock_out(page: Page, portal: PortalServer) -> None:
    myself = next(person for person in portal.people.list_members("admin") if person.subject == STAFF)
    page.goto(f"{portal.url}/admin/people/{myself.username}")
    expect(page.get_by_text("This is your own account")).to_be_visible()
    expect(page.get_by_text("Disable the account")).to_have_count(0)

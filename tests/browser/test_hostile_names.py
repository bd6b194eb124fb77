"""File names and DICOM values that try to run as code: the browser runs none, and reports nothing blocked either."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from intake.files.model import Finding, Metadata, Severity, Upload
from intake.files.states import State
from tests.browser.exams import expect_exams, share
from tests.browser.portal_server import PortalServer
from tests.browser.sample import CLINIC
from tests.fakes.search import FakeStudies
from tests.records import IDS

REFUSAL = Finding("not-dicom", Severity.REJECT, "The content is not DICOM.", "Export the study anew.", "byte 128")
STARTS = ["", '"', "'", "</td>", "</title>", "</script>", "-->", "]]>", "{{", "\\", "`", "\u2028", "\u202e"]
HEARTS = [
    "<script>hit()</script>",
    "<img src=x onerror=hit()>",
    "<svg onload=hit()>",
    "<iframe srcdoc='<script>parent.hit()</script>'>",
    " onmouseover=hit() x=",
    "<a href=javascript:hit()>x</a>",
    "<style>*{background:url(//evil.test)}</style>",
    "<b hx-get=/sign-in hx-trigger=load>x</b>",
    "<meta http-equiv=refresh content=0;url=//evil.test>",
    "{{constructor.constructor('hit()')()}}",
    "<details open ontoggle=hit()>",
    "<form action=//evil.test><button>x",
    "<base href=//evil.test>",
    "<math><mtext><img src=x onerror=hit()>",
    "%3Cscript%3Ehit()%3C/script%3E",
    "&lt;script&gt;hit()&lt;/script&gt;",
]
HOSTILE = [start + heart for start in STARTS for heart in HEARTS]
WATCH = """
window.hits = 0;
window.hit = () => { window.hits += 1; };
document.addEventListener('securitypolicyviolation', () => { window.hits += 1; });
"""


@pytest.fixture(scope="module")
def hostile(portal: PortalServer) -> Upload:
    """One upload whose files bear every string as name, metadata and UIDs, and an upload for each as reference."""
    assert len(set(HOSTILE)) >= 200
    sample = portal.sample()
    for text in HOSTILE:
        other = sample.upload(text, minutes_ago=5)
        portal.table.uploads[other.upload_id] = replace(other, note=text)
    upload = sample.upload(HOSTILE[0], minutes_ago=0.1)
    for number, text in enumerate(HOSTILE):
        state = (State.ACCEPTED, State.REJECTED, State.FAILED)[number % 3]
        record = sample.file(upload, text, state)
        findings = (REFUSAL,) if state is State.REJECTED else ()
        metadata = {} if state is State.FAILED else _metadata(text)
        portal.table.files[record.file_id] = replace(record, findings=findings, metadata=metadata)
    portal.table.uploads[upload.upload_id] = replace(
        portal.table.uploads[upload.upload_id], note=" ".join(HOSTILE[:90])
    )
    return upload


@pytest.fixture
def watched_page(staff_page: Page, portal: PortalServer) -> Callable[[str], None]:
    """Return what opens a page, and fails where anything ran, was blocked or led away."""
    staff_page.add_init_script(WATCH)

    def look(path: str) -> None:
        staff_page.goto(portal.url + path)
        assert staff_page.evaluate("window.hits") == 0, path
        assert staff_page.url == portal.url + path

    return look


def test_two_hundred_hostile_strings_run_on_no_page_of_a_file(
    portal: PortalServer, hostile: Upload, watched_page: Callable[[str], None]
) -> None:
    for record in portal.table.files_of(hostile.upload_id):
        watched_page(f"/files/{record.file_id}")


def test_two_hundred_hostile_strings_run_in_no_list(
    portal: PortalServer, staff_page: Page, hostile: Upload, watched_page: Callable[[str], None]
) -> None:
    trouble = f"/uploads/{hostile.upload_id}/trouble?cause="
    for first in (
        "/uploads",
        f"/uploads/{hostile.upload_id}",
        "/files",
        "/studies",
        *(f"/studies?{asked}" for asked in ("tab=missing", "tab=growing", "tab=problem", "tab=complete", "sort=date")),
        f"{trouble}0%23not-dicom",
        f"{trouble}1%23",
    ):
        watched_page(first)
        following = staff_page.get_by_role("link", name="Next page")
        while following.count():
            following.click()
            staff_page.wait_for_load_state("load")
            assert staff_page.evaluate("window.hits") == 0, first
    for upload in [row for row in portal.table.uploads.values() if row.note][::12]:
        watched_page(f"/uploads/{upload.upload_id}")
        watched_page(f"/upload?continue={upload.upload_id}")


def test_two_hundred_hostile_strings_run_on_no_study(
    portal: PortalServer, hostile: Upload, watched_page: Callable[[str], None]
) -> None:
    uids = [record.metadata.get("study_instance_uid", "") for record in portal.table.files_of(hostile.upload_id)]
    accepted = [uid for uid in uids[::3] if uid.isascii()]
    assert len(accepted) > 50
    for uid in accepted[::4]:
        watched_page(f"/studies/{IDS.study(CLINIC, uid)}")


def test_two_hundred_hostile_strings_run_on_no_page_of_exams_people_or_links(
    portal: PortalServer, hostile: Upload, staff_page: Page, watched_page: Callable[[str], None]
) -> None:
    expect_exams(portal, HOSTILE)
    for text in HOSTILE:
        portal.people.add(text, f"clinic:{CLINIC}")
    seen = [study for study in FakeStudies(portal.table).seen().values() if study.exam.patient_key]
    digests = sorted({study.exam.patient_key.partition("#")[2] for study in seen})
    assert len(digests) > 50
    study = next(study.study_id for study in seen if study.instances)
    for text in HOSTILE[:8]:
        share(portal, study, text)
        portal.study_links.links = {f"{text} {key}": link for key, link in portal.study_links.links.items()}
    paths = ["/expected", "/expected?show=absent", "/scorecard", f"/studies/{study}/links"]
    for first in [*paths, *(f"/patients/{digest}" for digest in digests[::4])]:
        watched_page(first)
        while (following := staff_page.get_by_role("link", name="Next page")).count():
            following.click()
            staff_page.wait_for_load_state("load")
            assert staff_page.evaluate("window.hits") == 0, first
    staff_page.context.clear_cookies()
    staff_page.context.add_cookies(portal.cookies("lead-token"))
    for path in ("/people", "/people/invite"):
        watched_page(path)


def test_hostile_searches_run_nowhere_and_stand_in_no_address(
    portal: PortalServer, staff_page: Page, hostile: Upload, watched_page: Callable[[str], None]
) -> None:
    boxes = (("/files", "Search files", "[name=name]"), ("/studies", "Name, Patient ID, accession", "[name=text]"))
    for path, label, carried in boxes:
        for text in HOSTILE[:: len(HOSTILE) // 12]:
            watched_page(path)
            staff_page.get_by_label(label).fill(text)
            staff_page.get_by_label("Modality").evaluate("(field, text) => { field.value = text; }", text)
            staff_page.get_by_role("button", name="Search").click()
            expect(staff_page.locator(carried)).to_have_value(text[:200].strip())
            assert staff_page.evaluate("window.hits") == 0, text
            assert re.fullmatch(r"[?]search=[\w-]+", staff_page.evaluate("location.search"))


def _metadata(text: str) -> Metadata:
    uids = {"study_instance_uid": text, "series_instance_uid": text}
    patient = {"name": text, "id": text}
    return {**uids, "modality": text, "study_date": text, "instance_number": 1, "patient": patient, text: text}

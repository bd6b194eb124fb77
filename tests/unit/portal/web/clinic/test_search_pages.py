"""Searching files and studies over HTTP, on fakes."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from intake.files.outcomes import Page
from intake.files.states import State
from portal.auth.identity import identify_staff
from portal.search.files import PRIVATE, Criteria, read_criteria
from tests.records import IDS, NOON, REFUSAL, UPLOAD_ID, a_file, an_upload

PATIENT = "TEST-4711"
STUDY = IDS.study("northside", "1.2.3")


def slice_of(number, **changes):
    told = {
        "study_instance_uid": "1.2.3",
        "series_instance_uid": f"1.2.3.{1 + number % 2}",
        "modality": "CT",
        "study_date": "20261122",
        "instance_number": number + (number > 5),
        "patient": {"id": PATIENT, "name": "Example^Nobody"},
    }
    fields = {"state": State.ACCEPTED, "kind": "dicom", "metadata": told, "name": f"chest/slice-{number}.dcm"}
    return a_file(number, **{**fields, **changes})


@pytest.fixture
def filled(portal):
    """Ten slices of a study, one of them rejected, and a letter."""
    portal.table.uploads[UPLOAD_ID] = an_upload(reference="Worklist 12", declared=11, expected=13)
    records = [slice_of(number) for number in range(9)]
    records += [slice_of(9, state=State.REJECTED, findings=(REFUSAL,)), a_file(10, state=State.EXPIRED)]
    portal.table.files |= {record.file_id: record for record in records}
    return portal


def asked(browser, path, **form):
    """Send a search's form; return the address that it leads to, and the page there."""
    sent = browser.post(path, data=form)
    assert sent.status_code == 303
    return sent.headers["location"], browser.get(sent.headers["location"]).text


@pytest.mark.parametrize("form", [{"patient": PATIENT}, {"name": "slice"}, {"reference": "worklist"}])
def test_what_identifies_a_patient_stands_in_no_address(filled, form, log_lines):
    address, text = asked(filled.browser(), "/files/search", **form)
    assert text.count('class="list__name"') >= 10
    (value,) = form.values()
    assert value.lower() not in address.lower()
    assert all(value.lower() not in str(line).lower() for line in log_lines())
    assert list(parse_qs(urlsplit(address).query)) == ["search"]


def test_a_search_without_names_has_an_address_to_keep(filled):
    address, text = asked(filled.browser(), "/files/search", state="rejected", modality="ct", since="2026-11-01")
    assert parse_qs(urlsplit(address).query) == {"modality": ["CT"], "state": ["rejected"], "since": ["2026-11-01"]}
    assert text.count('class="list__name"') == 1


def test_a_study_is_searched_by_its_uid_and_addressed_by_its_id(filled):
    address, text = asked(filled.browser(), "/files/search", study="1.2.3")
    assert address == f"/files?study={STUDY}"
    assert text.count('class="list__name"') == 10


def test_an_address_cannot_ask_for_a_patient(filled):
    assert filled.browser().get(f"/files?patient={PATIENT}&name=nothing").text.count('class="list__name"') == 11


def test_a_kept_search_is_its_owners_and_lapses(filled):
    address, _ = asked(filled.browser(), "/files/search", patient=PATIENT)
    colleague = filled.browser(sub="somebody-else").get(address).text
    assert "That search has expired" in colleague
    assert PATIENT not in colleague


def test_another_clinics_files_and_studies_are_found_by_nobody_else(filled):
    other = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    for form in ({"patient": PATIENT}, {"name": "slice"}, {"study": STUDY}, {"upload": UPLOAD_ID}, {"modality": "CT"}):
        _, text = asked(other, "/files/search", **form)
        assert 'class="list__name"' not in text
    _, text = asked(other, "/studies/search", patient=PATIENT)
    assert "No studies match" in text
    assert other.get(f"/studies/{STUDY}").status_code == 404


def test_admins_search_by_what_is_no_name_and_no_patient(filled):
    address, text = asked(filled.admin(), "/files/search", name="slice", patient=PATIENT, state="accepted")
    assert address == "/files?state=accepted"
    assert "slice-1.dcm" not in text
    assert "Patient ID" not in text
    _, text = asked(filled.admin(), "/files/search", clinic="northside", modality="CT")
    assert text.count('class="list__name"') == 10
    study = filled.admin().get(f"/studies/{STUDY}").text
    assert "Nobody" not in study
    assert PATIENT not in study


def test_searches_need_the_sessions_token(filled):
    browser = filled.browser()
    del browser.headers["x-csrf-token"]
    assert browser.post("/files/search", data={"name": "slice"}).status_code == 403
    assert browser.post("/studies/search", data={"patient": PATIENT}).status_code == 403


def test_a_reference_leads_to_its_uploads_and_one_alone_to_its_files(filled):
    _, text = asked(filled.browser(), "/files/search", reference="work")
    assert "Uploads with this reference" in text
    assert "slice-1.dcm" in text
    _, text = asked(filled.browser(), "/files/search", reference="nothing")
    assert "No upload's reference begins like this" in text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ({"state": "nonsense", "since": "yesterday", "upload": "x", "study": "y"}, Criteria()),
        ({"modality": " mr "}, Criteria(modality="MR")),
        ({"name": "x" * 999}, Criteria(name="x" * 200)),
        ({"clinic": "lakeview"}, Criteria()),
    ],
)
def test_what_cannot_be_asked_is_left_out(portal, typed, read):
    assert read_criteria(portal.services, _staff(portal), typed) == read


def test_private_criteria_are_criteria():
    assert set(Criteria.__slots__) > PRIVATE


def test_studies_are_listed_and_found(filled):
    browser = filled.browser()
    assert "CT, 22 Nov 2026" in browser.get("/studies").text
    for form, found in (({"modality": "CT"}, True), ({"modality": "MR"}, False), ({"patient": PATIENT}, True)):
        _, text = asked(browser, "/studies/search", **form)
        assert ("CT, 22 Nov 2026" in text) is found
    _, text = asked(browser, "/studies/search", since="2026-11-22", until="2026-11-22")
    assert "CT, 22 Nov 2026" in text
    assert "No studies match" in browser.get("/studies?until=2026-11-21").text


def test_a_study_tells_its_patient_series_gaps_and_what_its_uploads_lack(filled):
    text = filled.browser().get(f"/studies/{STUDY}").text
    for told in ("Example, Nobody", PATIENT, "Worklist 12", "1.2.3.1"):
        assert told in text
    assert "Fewer files came than were announced" in text
    assert "The instance numbers of the series have gaps" in text
    assert "how many images the scanner made" in text


def test_a_studys_series_shows_its_own_files(filled):
    browser = filled.browser()
    text = browser.get(f"/studies/{STUDY}").text
    series = text.partition("?series=")[2][:26]
    files = browser.get(f"/studies/{STUDY}?series={series}").text.partition("Files of one series")[2]
    assert files.count('class="list__name"') == 5
    assert browser.get(f"/studies/{STUDY}?series=<script>").status_code == 422


def test_an_unknown_study_and_a_bad_cursor_are_told_so(filled):
    browser = filled.browser()
    assert browser.get("/studies/nothing").status_code == 404
    assert browser.get(f"/studies/{STUDY}?cursor=bm9uc2Vuc2U=").status_code == 400
    assert browser.get("/studies?cursor=bm9uc2Vuc2U=").status_code == 400
    assert browser.get("/files?modality=CT&cursor=bm9uc2Vuc2U=").status_code == 400


def test_files_are_found_by_the_days_between(portal):
    for number in range(4):
        record = a_file(number, created_at=NOON + timedelta(days=number))
        portal.table.files[record.file_id] = record
    text = portal.browser().get("/files?since=2026-11-23&until=2026-11-24").text
    assert text.count('class="list__name"') == 2


def _staff(portal):
    return identify_staff("user-1", frozenset({"clinic:northside"}), "Nora")


@pytest.mark.parametrize("rows", [(), (slice_of(3),)])
def test_a_page_that_ended_early_tells_how_far_it_looked_and_leads_on(filled, monkeypatch, rows):
    early = Page(rows, "bmV4dA", NOON)
    monkeypatch.setattr(filled.services.search, "files", lambda *_: early)
    for browser, clinic in ((filled.browser(), ""), (filled.admin(), "&amp;clinic=northside")):
        text = browser.get("/files?modality=NM&clinic=northside").text
        told = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text))
        assert "looked through the files sent since 22 Nov 2026, 12:00" in told
        assert f'href="/studies?modality=NM{clinic}"' in text
        assert "cursor=" in text
        assert "bmV4dA" not in text
        assert text.count('class="list__name"') == len(rows)


def test_a_study_with_a_gap_never_says_that_all_of_it_has_arrived(portal):
    """All that was sent is here: what is missing in between was never sent."""
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=9)
    portal.table.files |= {record.file_id: record for record in map(slice_of, range(9))}
    text = portal.browser().get(f"/studies/{STUDY}").text
    assert "9 images in between are missing: <strong>1, 3, 5, 6, 8; 2, 4, 6, 7</strong>" in text
    assert "has arrived and was accepted" not in text


def test_a_study_of_an_upload_that_is_short_of_the_expected_says_so(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=6, expected_images=8)
    portal.table.files |= {record.file_id: record for record in map(slice_of, range(6))}
    text = portal.browser().get(f"/studies/{STUDY}").text
    assert "Files that were expected in its uploads are missing." in text
    assert "was accepted." not in text

"""The board of exams and a patient's page over HTTP, on fakes."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from intake.files.model import now
from intake.files.states import State
from intake.tenants.model import Clinic
from tests.records import IDS, REFUSAL, UPLOAD_ID, a_file, an_upload

PATIENT = IDS.patient("northside", "TEST-1").partition("#")[2]
IDENTITY = ("Example", "Petra", "TEST-1", "ACC-77", "CT Thorax")


def image(number, **changes):
    told = {
        "study_instance_uid": "1.2.3",
        "series_instance_uid": "1.2.3.1",
        "modality": "CT",
        "study_date": "20261122",
        "study_description": "CT Thorax",
        "instance_number": number,
        "patient": {"id": "TEST-1", "name": "Example^Petra", "accession_number": "ACC-77"},
    }
    fields = {"state": State.ACCEPTED, "kind": "dicom", "updated_at": now() - timedelta(hours=1)}
    return a_file(number, **{**fields, **changes, "metadata": told | changes.get("metadata", {})})


@pytest.fixture
def filled(portal):
    """An exam of 57 images of 60, and one whose only file was rejected a minute ago."""
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=58)
    records = [image(number) for number in range(1, 61) if number not in {17, 18, 42}]
    other = {"study_instance_uid": "1.5", "series_instance_uid": "1.5.1", "study_description": "US Neck"}
    refused = {"state": State.REJECTED, "findings": (REFUSAL,), "updated_at": now()}
    records.append(image(61, metadata={**other, "modality": "US"}, **refused))
    portal.table.files |= {record.file_id: record for record in records}
    return portal


def shown(text):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text))).replace("\u2060", "")


def test_staff_land_on_the_board_and_it_tells_who_what_and_what_is_missing(filled):
    browser = filled.browser()
    assert browser.get("/").headers["location"] == "/studies"
    text = shown(browser.get("/studies").text)
    for told in ("Example, Petra", "TEST-1", "ACC-77", "CT Thorax", "CT, 22 Nov 2026", "17, 18, 42", "Missing 3", "57"):
        assert told in text
    assert "US Neck" in text
    assert "1 not accepted" in text
    for tab in ("All 2", "Missing 1", "Growing 0", "Problem 1", "Complete 0"):
        assert tab in text


@pytest.mark.parametrize(
    ("tab", "description"), [("missing", "CT Thorax"), ("problem", "US Neck"), ("growing", ""), ("complete", "")]
)
def test_a_tab_shows_the_exams_of_one_state(filled, tab, description):
    text = filled.browser().get(f"/studies?tab={tab}").text
    assert re.findall(r"CT Thorax|US Neck", text) == [description] * bool(description)
    assert ("No exam is in this state" in text) is not bool(description)


@pytest.mark.parametrize("text", ["petra", "Example, P", "acc-7", "TEST-1", "thorax"])
def test_exams_are_found_by_one_box_and_no_address_or_log_tells_by_what(filled, text, log_lines):
    browser = filled.browser()
    address = browser.post("/studies/search", data={"text": text}).headers["location"]
    found = browser.get(address)
    assert "CT Thorax" in found.text
    assert f'value="{text}"' in found.text
    assert re.fullmatch(r"/studies\?search=[\w-]+", address)
    assert text.lower() not in str(log_lines()).lower()
    other = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    theirs = other.get(other.post("/studies/search", data={"text": text}).headers["location"]).text
    assert "No studies match" in theirs
    assert "CT Thorax" not in theirs


def test_admins_see_a_board_without_patients(filled):
    admin = filled.admin()
    for path in (
        "/studies",
        "/studies?clinic=northside",
        "/studies?clinic=northside&tab=missing",
        "/studies?text=petra",
    ):
        text = admin.get(path).text
        assert "17, 18, 42" in text
        assert not [told for told in IDENTITY if told in text]
    address = admin.post("/studies/search", data={"text": "petra", "clinic": "northside"}).headers["location"]
    assert address == "/studies?clinic=northside"
    assert admin.get(f"/patients/{PATIENT}").status_code == 403
    study = admin.get(f"/studies/{IDS.study('northside', '1.2.3')}").text
    assert not [told for told in IDENTITY if told in study]


def test_a_clinic_may_hide_names_in_its_lists(filled):
    filled.directory.save_clinic(Clinic("northside", "Northside Imaging", shows_names=False))
    browser = filled.browser()
    for path in ("/studies", f"/patients/{PATIENT}"):
        text = browser.get(path).text
        assert "Petra" not in text
        assert "TEST-1" in text


def test_a_patients_page_tells_all_exams_and_is_its_clinics_own(filled):
    address = f"/patients/{PATIENT}"
    assert f'href="{address}"' in filled.browser().get("/studies").text
    text = shown(filled.browser().get(address).text)
    for told in ("Example, Petra", "Patient ID TEST-1", "CT Thorax", "US Neck"):
        assert told in text
    other = filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    for unknown in (PATIENT, "0" * 40, "nobody", f"northside%23{PATIENT}"):
        assert other.get(f"/patients/{unknown}").status_code == 404
    assert filled.browser().get(f"{address}?cursor=nonsense").status_code == 400


def test_an_exam_of_which_every_file_was_rejected_has_a_page_and_is_no_study_of_the_api(filled):
    assert filled.browser().get(f"/studies/{IDS.study('northside', '1.5')}").status_code == 200
    assert filled.machine().get("/api/v1/studies/1.5").status_code == 404
    assert [one["study_uid"] for one in filled.machine().get("/api/v1/studies").json()["studies"]] == ["1.2.3"]


def test_a_studys_page_says_that_images_are_missing_where_every_file_was_accepted(filled):
    filled.table.uploads[UPLOAD_ID] = replace(filled.table.uploads[UPLOAD_ID], declared=58)
    for record in list(filled.table.files.values()):
        if record.state is State.REJECTED:
            del filled.table.files[record.file_id]
    filled.table.uploads[UPLOAD_ID] = replace(filled.table.uploads[UPLOAD_ID], declared=57)
    text = shown(filled.browser().get(f"/studies/{IDS.study('northside', '1.2.3')}").text)
    assert "3 images in between are missing: 17, 18, 42" in text
    assert "has arrived and was accepted" not in text


def test_an_admin_says_whether_lists_name_patients(portal):
    admin = portal.admin()
    for names, shows in (("hidden", False), ("shown", True)):
        sent = {"name": "Northside Imaging", "contact": "", "names": names}
        assert admin.post("/admin/clinics/northside/edit", data=sent).status_code == 303
        assert portal.directory.clinic("northside").shows_names is shows
    assert portal.audit.written[-2].detail == {"names": "hidden"}
    admin.post("/admin/clinics/northside/edit", data={"name": "Northside", "contact": ""})
    assert portal.directory.clinic("northside").shows_names

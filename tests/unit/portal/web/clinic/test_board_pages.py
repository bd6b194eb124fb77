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


STUDY = IDS.study("northside", "1.2.3")
REMOVE = re.compile(r'name="without" value="([0-9a-z]{26})"')


def label(browser, text, study=STUDY):
    return browser.post(f"/studies/{study}/labels", data={"label": text})


def test_staff_label_an_exam_and_the_board_shows_it_and_is_narrowed_to_it(filled):
    browser = filled.browser()
    assert label(browser, " Tumour  board ").headers["location"] == f"/studies/{STUDY}#labels"
    label(browser, "TUMOUR BOARD")
    label(browser, "Second opinion")
    page = browser.get(f"/studies/{STUDY}").text
    assert re.findall(r"<bdi>(.*?)</bdi></a><form", page) == ["Second opinion", "Tumour board"]
    assert "No names or other data of patients" in page
    board = browser.get("/studies").text
    address = re.search(r'href="(/studies\?label=[0-9a-z]{26})"><bdi>Tumour board', board)[1]
    narrowed = browser.get(address).text
    assert re.findall(r"CT Thorax|US Neck", narrowed) == ["CT Thorax"]
    assert re.search(r'<option value="[0-9a-z]{26}" selected>Tumour board', narrowed)
    assert "Sorted by study date" in narrowed
    browser.post(f"/studies/{STUDY}/labels", data={"without": address[-26:]})
    assert "Tumour board" not in browser.get("/studies").text
    assert "A label that no exam carries" in browser.get(address).text


def test_a_label_is_found_by_a_form_whose_address_holds_no_text(filled, log_lines):
    browser = filled.browser()
    label(browser, "For Zebulon")
    chosen = re.search(r'<option value="([0-9a-z]{26})">For Zebulon', browser.get("/studies").text)[1]
    address = browser.post("/studies/search", data={"text": "", "label": chosen}).headers["location"]
    assert address == f"/studies?label={chosen}"
    assert "CT Thorax" in browser.get(address).text
    both = browser.post("/studies/search", data={"text": "us", "label": chosen}).headers["location"]
    assert "No studies match" in browser.get(both).text
    assert "zebulon" not in str(log_lines()).lower()
    for nothing in ("x", "%00", chosen.upper(), "a" * 300):
        assert browser.get(f"/studies?label={nothing}").status_code == 200


def test_who_labels_what_is_noted_without_the_text_and_once(filled):
    browser = filled.browser()
    for _ in range(2):
        label(browser, "For Zebulon")
    (chosen,) = set(REMOVE.findall(browser.get(f"/studies/{STUDY}").text))
    for _ in range(2):
        browser.post(f"/studies/{STUDY}/labels", data={"without": chosen})
    entries = [entry for entry in filled.audit.written if entry.action == "study.label"]
    assert [entry.detail for entry in entries] == [{"added": chosen}, {"removed": chosen}]
    assert {(entry.subject, entry.clinic_id) for entry in entries} == {(STUDY, "northside")}
    assert "Zebulon" not in str(entries)


def test_admins_and_other_clinics_see_no_label_and_put_none(filled):
    label(filled.browser(), "For Zebulon")
    chosen = IDS.label("northside", "For Zebulon")
    admin, other = filled.admin(), filled.browser(sub="lara", **{"cognito:groups": ["clinic:lakeview"]})
    for path in (
        "/studies",
        "/studies?clinic=northside",
        f"/studies?clinic=northside&label={chosen}",
        f"/studies/{STUDY}",
    ):
        text = admin.get(path).text
        assert "Zebulon" not in text
        assert f"label={chosen}" not in text.replace(path.replace("&", "&amp;"), "")
    assert "CT" in admin.get(f"/studies?clinic=northside&label={chosen}").text
    assert label(admin, "mine").status_code == 403
    for answer in (label(other, "mine"), other.post(f"/studies/{STUDY}/labels", data={"without": chosen})):
        assert answer.status_code == 404
    assert "No studies match" in other.get(f"/studies?label={chosen}").text
    assert len(filled.table.labels[STUDY]) == 1


def test_a_label_that_cannot_be_taken_is_told_beside_its_field_and_hostile_ones_are_harmless(filled):
    browser = filled.browser()
    refused = label(browser, "x" * 41)
    assert (refused.status_code, "Enter a label of 1 to 40 characters" in refused.text) == (422, True)
    assert f'value="{"x" * 41}"' in refused.text
    hostile = [
        "<script>alert(1)</script>",
        "{{ 7 * 7 }}",
        '"><img src=x onerror=a>',
        "\u202eevil",
        "=cmd|' /C calc'!A0",
    ]
    for text in hostile:
        assert label(browser, text).status_code == 303
    assert "This exam has 5 labels, which is the most" in label(browser, "sixth").text
    for page in (browser.get(f"/studies/{STUDY}").text, browser.get("/studies").text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "{{ 7 * 7 }}" in page
        assert "\u202e" not in page


def test_each_state_but_growing_is_sorted_by_the_last_file_or_by_study_date(filled):
    browser = filled.browser()
    for tab in ("", "missing", "problem", "complete"):
        assert f'href="/studies?tab={tab}&amp;sort=date"' in browser.get(f"/studies?tab={tab}").text
        assert f'href="/studies?tab={tab}"' in browser.get(f"/studies?tab={tab}&sort=date").text
    assert "CT Thorax" in browser.get("/studies?tab=missing&sort=date").text
    assert "Sorted by last file" in browser.get("/studies?tab=growing").text
    admins = filled.admin().get("/studies?clinic=northside&tab=missing").text
    assert 'href="/studies?clinic=northside&amp;tab=missing&amp;sort=date"' in admins

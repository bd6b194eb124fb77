"""The viewer's page: whose it is, what it may run, and what is noted of those who look."""

import re

import pytest

from intake.files.states import State
from tests.records import IDS, UPLOAD_ID, a_file, an_upload

STUDY = IDS.study("northside", "1.2.3")
WASM = "script-src 'self' 'wasm-unsafe-eval';"


@pytest.fixture
def filled(portal):
    portal.table.uploads[UPLOAD_ID] = an_upload(declared=1)
    told = {"study_instance_uid": "1.2.3", "series_instance_uid": "1.2.3.1", "modality": "CT", "instance_number": 1}
    record = a_file(1, state=State.ACCEPTED, kind="dicom", metadata=told)
    portal.table.files[record.file_id] = record
    return portal


def test_its_clinic_gets_it_and_it_alone_runs_webassembly(filled):
    staff = filled.browser()
    page = staff.get(f"/studies/{STUDY}/view")
    assert page.status_code == 200
    assert WASM in page.headers["content-security-policy"]
    assert "1 image" in page.text
    assert "wasm" not in staff.get(f"/studies/{STUDY}").headers["content-security-policy"]


def test_only_the_decoders_script_has_the_policy_too(filled):
    staff = filled.browser()
    page = staff.get(f"/studies/{STUDY}/view").text
    decoder = re.search(r'data-decoder="([^"]+)"', page)
    script = re.search(r'src="([^"]*/viewer[^"]*)"', page)
    assert decoder
    assert script
    answer = staff.get(decoder[1].replace("viewer-decoder.js", "viewer-decoder-ABCDEFGH.js"))
    assert WASM in answer.headers["content-security-policy"]
    assert "wasm" not in staff.get(script[1]).headers["content-security-policy"]


def test_admins_and_other_clinics_do_not_get_it(filled):
    other_staff = filled.browser(**{"cognito:groups": ["clinic:harbour"]})
    assert filled.admin().get(f"/studies/{STUDY}/view").status_code == 403
    assert other_staff.get(f"/studies/{STUDY}/view").status_code == 404

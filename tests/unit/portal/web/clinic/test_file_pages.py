"""The page of one file over HTTP, on fakes."""

import re

import pytest

from intake.files.model import Finding, Severity
from intake.files.states import State
from intake.rules import catalogue
from tests.records import REFUSAL, UPLOAD_ID, a_file, an_upload

HEADER = {
    "modality": "CT",
    "manufacturer": "Example Imaging",
    "manufacturer_model": "Scanner 3000",
    "sop_instance_uid": "1.2.3",
    "patient": {"name": "DOE^JANE", "id": "TEST-4711"},
}
VENDORS = next(rule.code for _, rules in catalogue().told for rule in rules if rule.whose == "vendor")


def found(code, severity=Severity.REJECT):
    return Finding(code, severity, "The file is damaged.", "Export it again.", "(0008,0018)")


@pytest.fixture
def show(portal):
    """Show a rejected file of northside's, changed as asked, to its own staff or to an admin."""

    def show_page(admin=False, **changes):
        told = {"state": State.REJECTED, "kind": "dicom", "metadata": HEADER, "name": "doe-jane.dcm"}
        record = a_file(1, **{**told, "findings": (REFUSAL,), **changes})
        portal.table.uploads[UPLOAD_ID] = an_upload(declared=3)
        portal.table.files |= {one.file_id: one for one in (a_file(0), record, a_file(2))}
        return (portal.admin() if admin else portal.browser()).get(f"/files/{record.file_id}").text

    return show_page


def list_copies(text):
    return re.findall(r'data-copy="([^"]*)"[^>]*>([^<]*)<', text)


def test_what_people_ask_for_comes_first_and_the_header_is_folded_away(show):
    text = show()
    order = [text.index(word) for word in ("DOE, Jane", "TEST-4711", "computed tomography", ">Scanner 3000")]
    assert order == sorted(order)
    assert text.index("<details", order[-1]) < text.index("1.2.3</dd>")
    assert text.index("Technical details") < text.index(f"{UPLOAD_ID}</dd>")


def test_the_files_on_either_side_are_a_click_away(show, portal):
    text = show()
    before, here, behind = (a_file(number).file_id for number in range(3))
    assert f'rel="prev" href="/files/{before}"' in text
    assert f'rel="next" href="/files/{behind}"' in text
    first = portal.browser().get(f"/files/{before}").text
    assert 'rel="prev"' not in first
    assert f'rel="next" href="/files/{here}"' in first


def test_admins_are_led_on_without_seeing_names(show, portal):
    show()
    text = portal.admin().get(f"/files/{a_file(2).file_id}").text
    assert f'rel="prev" href="/files/{a_file(1).file_id}"' in text
    assert "doe-jane" not in text


def test_a_message_for_support_tells_the_device_and_the_code_and_neither_patient_nor_file_name(show):
    ((message, label),) = list_copies(show(findings=(found(VENDORS),)))
    assert label == "Copy a message for the vendor"
    for told in ("Device: Example Imaging Scanner 3000", f"Code: {VENDORS}", "Where: (0008,0018)", "Export it again."):
        assert told in message
    for secret in ("DOE", "doe", "Jane", "TEST-4711"):
        assert secret not in message


def test_what_is_not_the_vendors_goes_to_it(show):
    ((message, label),) = list_copies(show(findings=(found("truncated"),), metadata={}))
    assert label == "Copy a message for IT"
    assert "Device:" not in message
    assert "1 file rejected" in message


def test_a_warning_is_told_as_one(show):
    ((message, _),) = list_copies(show(state=State.ACCEPTED, findings=(found(VENDORS, Severity.WARN),)))
    assert "1 file accepted with a warning" in message


@pytest.mark.parametrize("code", ["malware-found", "polyglot-executable", "polyglot-script", "pdf-launches-program"])
def test_nobody_is_asked_to_correct_and_send_again_what_is_dangerous(show, code):
    assert "Send a corrected file" in show()
    assert "Send a corrected file" not in show(findings=(found("truncated"), found(code)))


def test_admins_have_nothing_to_send_on(show):
    assert list_copies(show(admin=True)) == []


def test_accepted_files_with_warnings_are_told_as_a_part_of_the_accepted_ones(show, portal):
    show(state=State.ACCEPTED, findings=(found(VENDORS, Severity.WARN),))
    text = portal.browser().get(f"/uploads/{UPLOAD_ID}").text
    assert "1 of them with warnings" in text
    assert ">With warnings<" not in text

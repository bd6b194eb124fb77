import pytest

from portal.search.files import Criteria
from portal.web.clinic.search_form import Chip, list_chips, read_box, write_days
from tests.records import UPLOAD_ID, a_file
from tests.unit.portal.web.clinic.test_search_pages import asked


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"text": " slice ", "within": "name"}, {"name": "slice"}),
        ({"text": "P-1", "within": "patient", "patient": "P-0"}, {"patient": "P-1"}),
        ({"text": "P-1", "within": "clinic"}, {"name": "P-1"}),
        ({"text": "1.2.840.5", "within": "name"}, {"study": "1.2.840.5"}),
        ({"text": UPLOAD_ID, "within": "patient"}, {"upload": UPLOAD_ID}),
        ({"text": "", "patient": "P-0", "state": "rejected"}, {"patient": "P-0", "state": "rejected"}),
        ({"without": "patient", "patient": "P-0", "state": "rejected"}, {"state": "rejected"}),
        ({"without": "since until", "since": "2026-11-01", "until": "2026-11-02"}, {}),
    ],
)
def test_what_is_typed_joins_what_is_set_less_what_is_taken_away(fields, read):
    form = {"text", "within", "without"}
    assert {name: value for name, value in read_box(fields).items() if name not in form} == read


def test_each_thing_that_is_set_is_a_chip_that_takes_it_away():
    found = list_chips(
        Criteria(patient="P-1", state="expired", since="2026-11-01", clinic="lake"), {"lake": "Lakeview"}
    )
    assert found == [
        Chip("Patient ID", "P-1", "patient"),
        Chip("Clinic", "Lakeview", "clinic"),
        Chip("State", "Not received", "state"),
        Chip("Sent", "from 1 Nov 2026", "since until"),
    ]
    assert list_chips(Criteria(), {}) == []


def test_days_are_said_as_people_say_them():
    assert write_days("2026-11-22", "2026-11-22") == "22 Nov 2026"
    assert write_days("2026-11-01", "2026-11-22") == "1 Nov 2026 to 22 Nov 2026"
    assert write_days("", "2026-11-22") == "until 22 Nov 2026"
    assert write_days("", "") == ""


def test_a_chip_is_taken_away_and_the_patient_stays_out_of_every_address(portal):
    browser = portal.browser()
    address, text = asked(browser, "/files/search", text="TEST-4711", within="patient", state="rejected")
    assert "test-4711" not in address.lower()
    assert text.count('class="chip-set"') == 2
    assert 'type="hidden" name="patient" value="TEST-4711"' in text
    address, text = asked(browser, "/files/search", patient="TEST-4711", state="rejected", without="patient")
    assert address == "/files?state=rejected"
    assert text.count('class="chip-set"') == 1


def test_a_files_id_leads_to_the_file_itself(portal):
    record = a_file(1)
    portal.table.files[record.file_id] = record
    for browser in (portal.browser(), portal.admin()):
        address, _ = asked(browser, "/files/search", text=record.file_id)
        assert address == f"/files/{record.file_id}"

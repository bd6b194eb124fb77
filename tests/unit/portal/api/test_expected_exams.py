"""`/api/v1/expected-exams`: what a partner says is to come, what came, and whose business it is."""

from datetime import timedelta

import pytest

from intake.files.model import now
from intake.files.states import State
from tests.records import a_file
from tests.unit.portal.pool import partner_token

PATH = "/api/v1/expected-exams"
DAY = "2026-11-22"
EXAM = {
    "accession_number": "ACC-77",
    "patient_id": "TEST-1",
    "modality": "ct",
    "day": DAY,
    "time": "09:30",
    "images": 60,
}
NONE = {"created": 0, "changed": 0, "unchanged": 0, "cancelled": 0, "still_cancelled": 0}


@pytest.fixture
def client(portal):
    return portal.machine()


def image(number, **changes):
    told = {
        "study_instance_uid": "1.2.3",
        "series_instance_uid": "1.2.3.1",
        "modality": "CT",
        "study_date": "20261122",
        "instance_number": number,
        "patient": {"id": "TEST-1", "name": "Example^Nora", "accession_number": "ACC-77"},
    }
    fields = {"state": State.ACCEPTED, "kind": "dicom", "updated_at": now() - timedelta(hours=1)}
    return a_file(number, **{**fields, **changes, "metadata": told})


def listed(client, day=DAY):
    return client.get(PATH, params={"day": day}).json()["exams"]


def test_an_exam_is_expected_and_told_with_what_came_of_it(portal, client):
    assert client.post(PATH, json={"exams": [EXAM]}).json() == {**NONE, "created": 1}
    assert client.post(PATH, json={"exams": [EXAM]}).json() == {**NONE, "unchanged": 1}
    (row,) = listed(client)
    assert {name: row[name] for name in EXAM} == {**EXAM, "modality": "CT"}
    assert (row["state"], row["study_uid"], row["missing"]) == ("did_not_come", None, 60)

    portal.table.files |= {record.file_id: record for record in map(image, range(1, 58))}
    (row,) = listed(client)
    assert (row["state"], row["study_uid"], row["instances"], row["missing"]) == ("arrived", "1.2.3", 57, 3)


def test_an_exam_of_today_is_overdue_from_the_hour_that_the_clinic_chose(portal, client):
    client.post(PATH, json={"exams": [{**EXAM, "day": None}]})
    at = now()
    for hour, state in ((at.hour, "did_not_come"), (at.hour + 1, "expected")):
        # An hour before six is of the night behind the day.
        if 6 <= hour < 24:
            portal.reminders.choose_hour("northside", hour)
            assert [row["state"] for row in listed(client, f"{at:%Y-%m-%d}")] == [state]


def test_a_list_in_csv_or_hl7_does_as_well(client):
    text = "Auftragsnummer;Patienten-ID;Datum;Bilder\r\nACC-77;TEST-1;22.11.2026;60\r\n"
    assert client.post(PATH, json={"list": text}).json() == {**NONE, "created": 1}
    message = "MSH|^~\\&|A|B|C|D|1||ORM^O01|1|P|2.5\rORC|CA\rOBR|1|||||||||||||||||ACC-77|||||||||^^^20261122"
    assert client.post(PATH, json={"list": message}).json() == {**NONE, "cancelled": 1}
    assert [row["state"] for row in listed(client)] == ["cancelled"]


def test_a_cancelled_exam_stays_so_and_cancelling_twice_changes_nothing(client):
    client.post(PATH, json={"exams": [EXAM]})
    (row,) = listed(client)
    for _ in range(2):
        answer = client.post(f"{PATH}/{row['expected_id']}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert client.post(PATH, json={"exams": [EXAM]}).json() == {**NONE, "still_cancelled": 1}


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ({"exams": [EXAM, {"patient_id": "SECRET", "day": DAY}]}, ["exam 2"]),
        ({"exams": [EXAM, {**EXAM, "modality": "C T"}, {**EXAM, "day": "2026-02-30"}]}, ["exam 2", "exam 3"]),
        ({"list": "Accession,Date\nACC-1,2026-11-22\nSECRET,soon\n"}, ["line 3"]),
        ({"list": "SECRET"}, ["line 1"]),
    ],
)
def test_a_malformed_list_is_told_line_by_line_and_nothing_of_it_is_taken(client, log_lines, body, lines):
    answer = client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "malformed-list")
    assert [line["place"] for line in answer.json()["lines"]] == lines
    assert listed(client) == []
    assert "SECRET" not in answer.text + str(log_lines())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"exams": [], "list": ""},
        {"exams": [EXAM], "list": "Accession\nA"},
        {"exams": [{**EXAM, "images": 0}]},
        {"exams": [{**EXAM, "images": True}]},
        {"exams": [{**EXAM, "clinic_id": "lakeview"}]},
        {"exams": [{**EXAM, "patient_id": "P" * 201}]},
        {"exams": [EXAM] * 2001},
        {"exams": [EXAM], "day": "tomorrow"},
    ],
)
def test_what_is_no_list_is_refused(client, body):
    assert client.post(PATH, json=body).status_code == 422
    assert listed(client) == []


def test_a_day_is_told_page_by_page(client):
    exams = [{**EXAM, "accession_number": f"A{n}", "time": f"{8 + n:02}:00"} for n in range(5)]
    client.post(PATH, json={"exams": exams})
    first = client.get(PATH, params={"day": DAY, "limit": 3}).json()

    rest = client.get(PATH, params={"day": DAY, "limit": 3, "cursor": first["next"]}).json()
    assert [row["accession_number"] for row in first["exams"] + rest["exams"]] == ["A0", "A1", "A2", "A3", "A4"]
    assert "next" not in rest
    other = client.get(PATH, params={"day": "2026-11-23", "cursor": first["next"]})
    assert other.json()["type"].endswith("invalid-cursor")


def test_nothing_is_told_to_another_clinic_or_changed_by_it(portal, client):
    client.post(PATH, json={"exams": [EXAM]})
    (row,) = listed(client)
    other = portal.machine(partner_token("partner-2"))
    assert listed(other) == []
    assert other.post(f"{PATH}/{row['expected_id']}/cancel").status_code == 404
    assert [one["state"] for one in listed(client)] == ["did_not_come"]


def test_who_may_only_read_expects_nothing(portal, client):
    client.post(PATH, json={"exams": [EXAM]})
    reader = portal.machine(partner_token(scope="scalper/read"))
    assert len(listed(reader)) == 1
    (row,) = listed(reader)
    assert reader.post(PATH, json={"exams": [EXAM]}).status_code == 403
    assert reader.post(f"{PATH}/{row['expected_id']}/cancel").status_code == 403


@pytest.mark.parametrize("day", ["2026-02-30", "2025-02-29", "0001-01-01", "9999-12-31", "2026-04-31", "2026-11-31"])
def test_a_day_that_there_is_not_is_refused_and_not_taken_for_today(client, day):
    """Taken for today, the exams would be missed on a day on which nobody expects them."""
    for body in ({"list": "Accession\nA", "day": day}, {"exams": [{"accession_number": "A"}], "day": day}):
        answer = client.post(PATH, json=body)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "invalid-request")
    assert client.get(PATH).json()["exams"] == []
    assert client.get(PATH, params={"day": day}).status_code == 422


CANCEL = "MSH|^~\\&|A|B|C|D|1||{}|1|P|2.5\r{}"


@pytest.mark.parametrize(
    "message",
    [
        CANCEL.format("ORM^O01", "ORC|CA\rOBR|1|||||||||||||||||ACC-77"),
        CANCEL.format("ORM^O01", "PID|1||TEST-1\rORC|OC\rOBR|1|||||||||||||||||acc-77"),
        CANCEL.format("OMI^O23", "ORC|DC\rIPC|ACC-77"),
        CANCEL.format("SIU^S15", "SCH|1\rOBR|1|||||||||||||||||ACC-77"),
        CANCEL.format("ORM^O01", "ORC|SC||||CA\rOBR|1|||||||||||||||||ACC-77"),
    ],
)
def test_an_order_is_taken_back_by_its_number_where_the_message_says_no_day(client, message):
    """Else it would be awaited on its day, and be said not to have come."""
    client.post(PATH, json={"exams": [EXAM]})
    assert client.post(PATH, json={"list": message}).json() == {**NONE, "cancelled": 1}
    assert [row["state"] for row in listed(client)] == ["cancelled"]
    assert client.post(PATH, json={"list": message}).json() == {**NONE, "unchanged": 1}


@pytest.mark.parametrize(
    "message",
    [
        CANCEL.format("ORM^O01", "ORC|CA\rOBR|1|||||||||||||||||ACC-78"),
        # Of the old day, after it was put off to another.
        CANCEL.format("ORM^O01", "ORC|CA\rOBR|1|||||||||||||||||ACC-77|||||||||^^^20261120"),
        CANCEL.format("ORM^O01", "PID|1||TEST-1\rORC|CA\rOBR|1|||||||||||||||||||||||CT"),
    ],
)
def test_no_other_order_is_taken_back_by_it(client, message):
    client.post(PATH, json={"exams": [EXAM]})
    assert client.post(PATH, json={"list": message}).json() == NONE
    assert [row["state"] for row in listed(client)] == ["did_not_come"]


@pytest.mark.parametrize(
    ("patient_id", "differs"),
    [("TEST-1", False), (" test-1 ", False), ("", False), ("TEST-2", True), ("TEST-11", True), ("0TEST-1", True)],
)
def test_an_exam_that_came_under_another_patient_is_told_as_such(portal, client, patient_id, differs):
    """An accession number that two patients share finds the exam all the same: somebody must look."""
    client.post(PATH, json={"exams": [{**EXAM, "patient_id": patient_id}]})
    assert [row["patient_differs"] for row in listed(client)] == [False]
    portal.table.files |= {record.file_id: record for record in map(image, range(1, 3))}
    (row,) = listed(client)
    assert (row["state"], row["patient_differs"]) == ("arrived", differs)
    text = portal.browser().get(f"/expected?day={DAY}").text
    assert ("Came with another Patient ID" in text) is differs

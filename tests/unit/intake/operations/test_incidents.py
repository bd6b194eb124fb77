from dataclasses import replace
from datetime import timedelta

from intake.files.model import ObjectVersion
from intake.messaging.model import AlertKind
from intake.operations.model import Fault, Incident, ObjectIncident
from intake.operations.reconciliation import DynamoIncidents, DynamoRounds
from intake.projections.outbox import DynamoOutbox
from intake.table.table import Table
from tests.records import NOON, UPLOAD_ID
from tests.unit.intake.conftest import TABLE


def an_incident(number=0, fault=Fault.OBJECT_MISSING):
    return ObjectIncident(
        fault=fault,
        clinic_id="northside",
        upload_id=UPLOAD_ID,
        file_id=f"{UPLOAD_ID}-{number:05d}",
        object=ObjectVersion("accepted", f"northside/Doe^Jane-{number}", "v1"),
        seen_at=NOON,
    )


def test_an_incident_is_open_from_its_note_until_it_is_closed_and_may_begin_again(dynamodb):
    incidents, one = DynamoIncidents(Table(dynamodb, TABLE)), an_incident()
    incidents.note([one, one])
    assert incidents.open("", 10) == ((one,), "")

    incidents.close(one, NOON)
    assert incidents.open("", 10) == ((), "")

    incidents.tell(one, NOON)
    assert list(DynamoOutbox(Table(dynamodb, TABLE)).list_pending_alerts()) == [], "a closed incident is told to nobody"
    incidents.note([one])
    assert incidents.open("", 10) == ((one,), "")


def test_an_incident_is_told_once_and_stays_told_when_it_is_noted_again(dynamodb):
    incidents, outbox, one = (
        DynamoIncidents(Table(dynamodb, TABLE)),
        DynamoOutbox(Table(dynamodb, TABLE)),
        an_incident(),
    )
    for _ in range(3):
        incidents.note([one])
        incidents.tell(one, NOON)
    assert incidents.open("", 10) == ((replace(one, told=True),), "")

    due = outbox.take_due_alert(AlertKind.DISAGREEMENT, "northside", NOON)
    assert (due.count, due.codes, due.clinic_id, due.first_file_id) == (
        1, {"object-missing": 1}, "northside", one.file_id,
    )  # fmt: skip
    outbox.mark_told(due, NOON)
    assert outbox.take_due_alert(AlertKind.DISAGREEMENT, "northside", NOON + timedelta(days=1)) is None


def test_late_files_are_told_of_by_upload_and_disagreements_by_clinic(dynamodb):
    incidents, outbox = DynamoIncidents(Table(dynamodb, TABLE)), DynamoOutbox(Table(dynamodb, TABLE))
    faults = [Fault.LATE, Fault.LATE, Fault.OBJECT_UNCLAIMED, Fault.ARRIVAL_UNRECORDED]
    for number, fault in enumerate(faults):
        incidents.note([an_incident(number, fault)])
        incidents.tell(an_incident(number, fault), NOON)

    assert outbox.take_due_alert(AlertKind.LATE, UPLOAD_ID, NOON).codes == {"late": 2}
    assert outbox.take_due_alert(AlertKind.DISAGREEMENT, "northside", NOON).codes == {
        "object-unclaimed": 1, "arrival-unrecorded": 1,
    }  # fmt: skip


def test_an_upload_whose_sums_differ_is_an_incident_of_no_object_and_told_with_its_clinics_others(dynamodb):
    incidents, outbox = DynamoIncidents(Table(dynamodb, TABLE)), DynamoOutbox(Table(dynamodb, TABLE))
    differing = Incident(fault=Fault.SUMS_DIFFER, clinic_id="northside", upload_id=UPLOAD_ID, seen_at=NOON)
    for one in (differing, an_incident(7)):
        incidents.note([one, one])
        incidents.tell(one, NOON)
    assert {*incidents.open("", 10)[0]} == {replace(differing, told=True), replace(an_incident(7), told=True)}

    due = outbox.take_due_alert(AlertKind.DISAGREEMENT, "northside", NOON)
    assert due.codes == {"sums-differ": 1, "object-missing": 1}
    assert (due.first_upload_id, due.first_file_id) == (UPLOAD_ID, an_incident(7).file_id)
    incidents.close(differing, NOON)
    assert incidents.open("", 10)[0] == (replace(an_incident(7), told=True),)


def test_open_incidents_come_in_pages_and_no_id_names_an_object(dynamodb):
    incidents, many = DynamoIncidents(Table(dynamodb, TABLE)), [an_incident(number) for number in range(5)]
    incidents.note(many)
    incidents.close(many[0], NOON)

    seen, position = [], ""
    while True:
        page, position = incidents.open(position, 2)
        assert len(page) <= 2
        seen += page
        if not position:
            break
    assert sorted(seen, key=lambda one: one.file_id) == many[1:]
    assert all("Doe" not in one.incident_id for one in many)


def test_another_version_of_the_object_is_another_incident():
    one = an_incident()
    other = replace(one, object=replace(one.object, version_id="v2"))
    assert one.incident_id != other.incident_id


def test_rounds_remember_where_they_are(dynamodb):
    rounds = DynamoRounds(Table(dynamodb, TABLE))
    assert rounds.read() == {}
    rounds.write({"accepted": "k", "incoming": ""})
    assert rounds.read() == {"accepted": "k", "incoming": ""}

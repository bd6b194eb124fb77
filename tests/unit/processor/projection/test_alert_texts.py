import pytest

from intake.files.keys import UNASSIGNED
from intake.messaging.model import AlertKind
from intake.operations.model import Fault
from intake.projections.model import DueAlert
from processor.projection import alert_texts, operations_texts, projector
from tests.records import UPLOAD_ID

FILE_ID = f"{UPLOAD_ID}-00001"
ORIGIN = "https://portal.test"


def test_late_files_are_told_of_with_where_to_follow_them():
    alert = alert_texts.write_late(DueAlert(AlertKind.LATE, "northside", UPLOAD_ID, 3, {"late": 3}, FILE_ID), ORIGIN)
    assert (alert.kind, alert.clinic_id, alert.severity) == ("file.late", "northside", "warning")
    assert alert.subject == "[Silent Scalper] 3 files from northside waiting longer than usual"
    assert f"{ORIGIN}/uploads/{UPLOAD_ID}" in alert.body
    assert f"{ORIGIN}/files/{FILE_ID}" in alert.body


def test_a_disagreement_is_told_by_codes_and_an_id():
    faults = [fault for fault in Fault if fault is not Fault.LATE]
    codes = {fault.value: number for number, fault in enumerate(faults, 1)}
    alert = operations_texts.write_disagreement(
        DueAlert(AlertKind.DISAGREEMENT, "northside", "northside", 6, codes, FILE_ID), ORIGIN
    )
    assert (alert.kind, alert.severity) == ("records.disagree", "error")
    assert all(f"- {amount} x {code}: " in alert.body for code, amount in codes.items())
    assert FILE_ID in alert.body


def test_every_fault_and_every_kind_has_its_words():
    assert set(operations_texts.FAULTS) == set(Fault) - {Fault.LATE}
    # What an upload came to is told by the projector itself, which reads the upload first.
    assert set(projector.WRITERS) == set(AlertKind) - {AlertKind.COMPLETED}


@pytest.mark.parametrize(
    "write",
    [alert_texts.write_rejected, alert_texts.write_failed, alert_texts.write_late, operations_texts.write_disagreement],
)
def test_what_unknown_senders_sent_is_told_under_one_name(write):
    codes = {"clinic-unknown": 3} if write is alert_texts.write_rejected else {}
    alert = write(DueAlert(AlertKind.REJECTED, UNASSIGNED, UPLOAD_ID, 3, codes, FILE_ID), ORIGIN)
    assert "unknown senders" in alert.subject
    assert UNASSIGNED not in alert.subject
    assert (f"{ORIGIN}/admin/quarantine?clinic={UNASSIGNED}" in alert.body) == (write is alert_texts.write_rejected)

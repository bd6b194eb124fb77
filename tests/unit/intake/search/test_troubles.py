"""An upload's trouble: found without reading its other files."""

from collections import Counter

import pytest

from intake.errors import InvalidCursorError
from intake.files.item_keys import find_cause, read_code, read_state
from intake.files.model import Finding, Severity
from intake.files.outcomes import Again
from intake.files.states import State
from intake.projections.projections import DynamoProjections
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.search.dynamodb import DynamoTroubles
from intake.studies.model import StudyOfUpload
from intake.table.table import Table
from processor.handlers.record_changes import describe_change
from tests.records import IDS, REFUSAL, UPLOAD_ID, WARNING, a_file, a_verdict, an_upload, stored_item
from tests.unit.intake.conftest import TABLE

OTHER = Finding("b-refusal", Severity.REJECT, "Something else is wrong.", "Mend it.")


@pytest.fixture
def troubles(dynamodb):
    return DynamoTroubles(Table(dynamodb, TABLE))


@pytest.fixture
def upload(dynamodb):
    """120 files: 30 rejected for one reason, 10 for another, 5 failed, 4 expired, 3 warned, the rest fine."""
    records, verdicts = DynamoRecords(Table(dynamodb, TABLE)), DynamoVerdicts(Table(dynamodb, TABLE), IDS)
    files = [a_file(number) for number in range(120)]
    records.create_upload(an_upload())
    records.add_files(an_upload(), files)
    for number, record in enumerate(files):
        if number < 40:
            found = (REFUSAL, OTHER) if number < 30 else (OTHER, WARNING)
            verdicts.record(a_verdict(record, state=State.REJECTED, findings=found), reserved=True)
        elif number < 45:
            verdicts.fail(record, "Timeout")
        elif number < 49:
            verdicts.expire(record, record.expires_at)
        else:
            verdicts.record(a_verdict(record, findings=(WARNING,) if number < 52 else ()), reserved=True)
    return files


def test_each_cause_leads_to_its_files_and_reads_no_others(troubles, upload, dynamodb):
    calls = Counter()
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.update([model.name]))
    causes = ["0#a-refusal", "0#b-refusal", "1#", "2#", "3#a-warning", "0#unheard-of"]

    found = troubles.first(UPLOAD_ID, causes, 8)

    assert {cause: len(files) for cause, files in found.items()} == {
        "0#a-refusal": 8, "0#b-refusal": 8, "1#": 5, "2#": 4, "3#a-warning": 3,
    }  # fmt: skip
    assert calls == {"Query": 1, "BatchGetItem": 1}


def test_a_causes_files_are_listed_page_by_page(troubles, upload):
    first = troubles.files(UPLOAD_ID, "0#a-refusal#", None, 20)
    second = troubles.files(UPLOAD_ID, "0#a-refusal#", first.next, 20)
    assert [len(first.rows), len(second.rows), second.next] == [20, 10, None]
    assert len(troubles.files(UPLOAD_ID, "0#", None, 100).rows) == 40
    with pytest.raises(InvalidCursorError):
        troubles.files(UPLOAD_ID, "1#", first.next, 20)


def test_causes_behind_the_first_thousand_are_found_too(troubles, upload, monkeypatch):
    monkeypatch.setattr("intake.search.dynamodb.AT_ONCE", 35)
    found = troubles.first(UPLOAD_ID, ["0#a-refusal", "0#b-refusal", "3#a-warning"], 8)
    assert [len(files) for files in found.values()] == [8, 8, 3]


def test_a_file_that_recovers_is_in_no_trouble(troubles, upload, dynamodb):
    DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(a_verdict(upload[40]), reserved=True)
    DynamoVerdicts(Table(dynamodb, TABLE), IDS).record(
        a_verdict(upload[0], again=Again(1, (), judged=True)), reserved=True
    )
    assert len(troubles.files(UPLOAD_ID, "1#", None, 100).rows) == 4
    assert len(troubles.files(UPLOAD_ID, "0#a-refusal#", None, 100).rows) == 29


def test_causes_add_up_to_the_figures_whatever_the_stream_repeats(dynamodb, upload):
    records, projections = DynamoRecords(Table(dynamodb, TABLE)), DynamoProjections(Table(dynamodb, TABLE))
    stored = [records.file(None, record.file_id) for record in upload]
    history = [describe_change(stored_item(old), stored_item(new)) for old, new in zip(upload, stored, strict=True)]
    recovered = stored[0].__class__(**{**_fields(stored[0]), "state": State.ACCEPTED, "findings": (), "revision": 9})
    projections.apply(history * 2)
    projections.apply([describe_change(stored_item(stored[0]), stored_item(recovered))] * 2)

    told = records.upload(None, UPLOAD_ID)

    assert told.causes == {"0#a-refusal": 29, "0#b-refusal": 10, "1#": 5, "2#": 4, "3#a-warning": 3}
    assert sum(told.causes.values()) == told.warnings + sum(
        told.counts[read_state(cause)] for cause in ("0#", "1#", "2#")
    )


def test_an_upload_tells_what_it_brought_of_each_study(dynamodb, troubles):
    projections = DynamoProjections(Table(dynamodb, TABLE))
    told = {"study_instance_uid": "1.2", "series_instance_uid": "1.2.1", "modality": "CT", "study_date": "20261122"}
    states = [State.ACCEPTED] * 3 + [State.REJECTED]
    for number, state in enumerate(states):
        new = a_file(number, state=state, metadata=told, kind="dicom", revision=1, timings={})
        projections.apply([describe_change(stored_item(a_file(number)), stored_item(new))] * 2)

    page = troubles.studies(UPLOAD_ID, 10)

    counts = {State.ACCEPTED: 3, State.REJECTED: 1}
    assert page.rows == (StudyOfUpload(IDS.study("northside", "1.2"), counts, "CT", "20261122"),)
    assert page.next is None


@pytest.mark.parametrize(
    ("state", "findings", "cause"),
    [
        (State.REJECTED, (WARNING, REFUSAL), "0#a-refusal"),
        (State.FAILED, (REFUSAL,), "1#"),
        (State.EXPIRED, (), "2#"),
        (State.ACCEPTED, (WARNING,), "3#a-warning"),
        (State.ACCEPTED, (), ""),
        (State.AWAITING_UPLOAD, (), ""),
    ],
)
def test_a_file_has_one_cause_of_trouble_at_most(state, findings, cause):
    assert find_cause(state, findings) == cause
    if cause:
        assert read_state(cause) is state
        assert read_code(cause) in {"", *(finding.code for finding in findings)}


def _fields(record):
    return {name: getattr(record, name) for name in record.__slots__}

"""Rows of verdicts and the files that hold them: what is told, what never is, and what a redelivery changes."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intake.analytics.model import COLUMNS
from intake.files.keys import object_key
from intake.files.model import ObjectVersion, Source, TimelineEntry
from intake.files.states import State
from processor.handlers.record_changes import verdict_rows
from processor.projection.exporter import Exporter, pack
from tests.records import NOON, REFUSAL, WARNING, a_file
from tests.verdict_rows import change, judged

PATIENT = {
    "id": "NS-004711",
    "name": "Probe^Petra^Paula",
    "birth_date": "19700101",
    "sex": "F",
    "other_ids": "MRN-99821",
    "age": "056Y",
}
TOLD = {
    "modality": "CT",
    "manufacturer": "Example Imaging",
    "manufacturer_model": "CT 900",
    "station_name": "ROOM-OF-DR-SMITH",
    "device_serial_number": "SN-4711-88",
    "study_date": "20261122",
    "study_description": "Chest of Petra Probe",
    "accession_number": "ACC-5521",
    "institution_name": "Northside Radiology Ltd",
    "referring_physician": "Smith^John",
    "operators_name": "Miller^Ann",
    "study_instance_uid": "1.2.826.0.1.3680043.8.498.111",
    "series_instance_uid": "1.2.826.0.1.3680043.8.498.222",
    "sop_instance_uid": "1.2.826.0.1.3680043.8.498.333",
    "patient": PATIENT,
}
OURS = {"CT", "Example Imaging", "CT 900"}
"""Values of the metadata that are meant to be told."""


class Folder(dict):
    """Files by their keys."""

    put = dict.__setitem__


def one(record, before=None, **extra):
    found = list(verdict_rows([change(record, before, **extra)]))
    return found[0] if found else None


def read(body):
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


def values(thing):
    """Yield every text within."""
    if isinstance(thing, dict):
        for inner in thing.values():
            yield from values(inner)
    elif isinstance(thing, list | tuple):
        for inner in thing:
            yield from values(inner)
    elif isinstance(thing, str):
        yield thing


def test_an_accepted_file_becomes_a_row_of_codes_sizes_and_times():
    before = a_file(3, source=Source.API)
    after = judged(
        before,
        NOON + timedelta(milliseconds=120),
        state=State.ACCEPTED,
        metadata=TOLD,
        findings=(WARNING,),
        timings={"arrival_to_verdict": 120, "judging": 1},
    )
    row = one(after, before, patient_key="northside#0123456789abcdef0123456789abcdef01234567")
    assert list(row) == list(COLUMNS)
    assert row == {
        "occurred_at": "2026-11-22 12:00:00.120",
        "clinic_id": "northside",
        "upload_id": before.upload_id,
        "file_id": before.file_id,
        "revision": 1,
        "state": "accepted",
        "kind": "dicom",
        "codes": "",
        "warnings": 1,
        "size": 1000,
        "modality": "CT",
        "device": row["device"],
        "source": "api",
        "duplicate": False,
        "time_to_verdict_ms": 120,
        "rules_version": "7",
        "patient": "0123456789abcdef0123456789abcdef01234567",
    }
    assert row["device"].startswith("Example Imaging CT 900 · ")


def test_nothing_that_leads_to_a_patient_or_a_person_gets_out():
    upload_id = a_file().upload_id
    before = a_file(5, name="PROBE_PETRA_1970/scan of her chest.dcm", created_by="user-of-the-portal")
    after = judged(
        before,
        NOON,
        state=State.REJECTED,
        sha256="cd" * 32,
        metadata=TOLD,
        findings=(replace(REFUSAL, message="Cause", remedy="Remedy", where="(0010,0010)"),),
        timings={"arrival_to_verdict": 120, "judging": 1},
        stored=ObjectVersion("quarantine", object_key("northside", upload_id, before.file_id, NOON), "version-7"),
        timeline=(TimelineEntry(NOON, "user-of-the-portal", "rejected", "a-refusal"),),
        multipart_id="multipart-1",
    )
    extra = {"note": "For Petra Probe", "reference": "worklist Probe", "name_key": "scan of her chest.dcm"}
    record = change(after, before, patient_key="northside#" + "ab" * 20, **extra)
    folder = Folder()
    Exporter(folder).export(list(verdict_rows([record])))
    ((key, body),) = folder.items()
    text = f"{key}\n{gzip.decompress(body).decode()}".casefold()
    told = {*values(TOLD)} - OURS | {*extra.values(), before.name, before.created_by, "cd" * 32, "version-7"}
    told |= {"probe", "petra", "smith", "4711", "1970", "multipart-1", "cause", "remedy", "0010,0010"}
    told |= {part for value in (PATIENT["name"], before.name) for part in value.replace("_", "^").split("^")}
    assert len(told) > 25
    for value in told - {"F"}:
        assert value.casefold() not in text, value
    assert '"f"' not in text


def test_a_modality_that_is_none_is_not_repeated():
    assert (
        one(judged(a_file(), NOON, state=State.ACCEPTED, metadata={"modality": "PROBE PETRA"}))["modality"] == "other"
    )


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
def test_a_file_that_was_not_judged_tells_its_fate_and_no_more(state):
    before = a_file()
    row = one(replace(before, state=state, revision=1, updated_at=NOON), before)
    assert row["state"] == state
    assert [row[name] for name in ("kind", "codes", "device", "modality", "patient", "rules_version")] == [""] * 6
    assert row["time_to_verdict_ms"] is None


def test_only_verdicts_are_rows():
    reserved, rejected = a_file(), judged(a_file(), NOON, state=State.REJECTED)
    deleted = replace(rejected, state=State.DELETED, revision=2)
    touched = change(replace(rejected, multipart_id="x"), rejected)
    removal = {"dynamodb": {key: value for key, value in change(rejected)["dynamodb"].items() if key != "NewImage"}}
    stranger = change(rejected)
    stranger["dynamodb"]["Keys"]["pk"] = {"S": "STUDY#1"}
    assert one(reserved) is None
    assert one(deleted, rejected) is None
    assert list(verdict_rows([touched, removal, stranger])) == []


def test_that_another_file_took_a_files_place_is_no_verdict_of_it():
    accepted = judged(a_file(), NOON, state=State.ACCEPTED)
    superseded = replace(accepted, superseded_by="another", revision=accepted.revision + 1)
    assert one(superseded, accepted) is None


def test_a_review_in_vain_is_no_verdict_again():
    rejected = judged(a_file(), NOON, state=State.REJECTED, findings=(REFUSAL,))
    steps = (TimelineEntry(NOON, "processor", "review-refused", "sop-instance-conflict"),)
    assert one(replace(rejected, timeline=steps, revision=rejected.revision + 1), rejected) is None


def test_a_second_verdict_has_a_row_of_its_own_without_a_time():
    before = a_file()
    timings = {"arrival_to_verdict": 120, "judging": 1}
    first = judged(before, NOON, state=State.REJECTED, findings=(REFUSAL,), timings=timings)
    second = judged(first, NOON + timedelta(days=1), state=State.ACCEPTED, findings=())
    told = [one(first, before), one(second, first)]
    assert [row["revision"] for row in told] == [1, 2]
    assert [row["time_to_verdict_ms"] for row in told] == [120, None]
    assert [row["codes"] for row in told] == ["a-refusal", ""]


def test_a_batch_is_one_file_for_each_day_and_the_same_batch_the_same_files():
    at = datetime(2026, 11, 22, 23, 59, 59, 999000, tzinfo=UTC)
    records = [judged(a_file(n), at + timedelta(seconds=n), state=State.ACCEPTED) for n in range(3)]
    found = [one(record) for record in records]
    packed = dict(pack(found))
    days = {key.split("/")[2]: read(body) for key, body in packed.items()}
    assert {day: len(held) for day, held in days.items()} == {"dt=2026-11-22": 1, "dt=2026-11-23": 2}
    assert all(key.startswith("analytics/verdicts/dt=") and key.endswith(".json.gz") for key in packed)
    assert dict(pack(found[::-1])) == packed


def test_a_batch_without_verdicts_writes_nothing():
    folder = Folder()
    assert Exporter(folder).export([]).files == 0
    assert folder == {}


def test_what_was_written_is_counted():
    folder = Folder()
    exported = Exporter(folder).export([one(judged(a_file(n), NOON, state=State.ACCEPTED)) for n in range(4)])
    assert (exported.rows, exported.files, exported.bytes) == (4, 1, sum(map(len, folder.values())))


@pytest.mark.parametrize("step", ["replaced", "dealt-with", "reopened"])
def test_that_a_file_was_replaced_or_dealt_with_is_no_verdict(step):
    before = judged(a_file(), NOON, state=State.REJECTED, findings=(REFUSAL,))
    told = (*before.timeline, TimelineEntry(NOON, "nora", step))
    after = replace(before, revision=before.revision + 1, timeline=told)
    assert list(verdict_rows([change(after, before)])) == []

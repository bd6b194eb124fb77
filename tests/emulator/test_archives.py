"""Zipped studies on the deployed stack: sent as one file, judged entry by entry, also when a worker dies."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from intake.studies.model import StudyQuery
from intake.studies.rules import findings
from intake.studies.studies import DynamoStudies
from intake.table.table import Table
from tests.archives import a_study, zipped
from tests.dicom_files import ct_slice, uid
from tests.emulator.ids import ids_of
from tests.emulator.partner import PartnerClient
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

pytestmark = pytest.mark.emulator


@pytest.fixture
def partner(stack, api_url):
    with PartnerClient.of(stack, api_url) as client:
        yield client


@pytest.fixture
def lane(stack):
    lane = Lane(stack)
    yield lane
    lane.go_on()


def _settled(lane, upload_id, expected, within_s):
    """Wait until the upload's counts say that all is judged, and return the upload."""
    started = time.monotonic()

    def counted():
        upload = lane.records.upload("northside", upload_id)
        return upload if upload.settled and upload.declared == expected else None

    upload = until(counted, f"{expected} verdicts on upload {upload_id}", within_s)
    print(f"{expected} files judged and counted {time.monotonic() - started:.1f} s after the archive was sent")
    return upload


def _assert_whole(lane, name, count, upload_id):
    """Every slice has its record, its object and its place in the study, once."""
    records, cursor = [], None
    while True:
        page = lane.records.files_of(upload_id, cursor, 500)
        records += page.rows
        cursor = page.next
        if cursor is None:
            break
    assert Counter(record.state for record in records) == {"accepted": count + 1}
    parent, *children = records
    assert parent.kind == "zip"
    assert {child.parent for child in children} == {parent.file_id}
    assert [child.name for child in children] == list(a_study(name, count))
    assert (parent.revision, {child.revision for child in children}) == (2, {1})
    assert parent.settled
    assert len(lane.stored("AcceptedBucket", upload_id)) == count + 1
    _assert_studied(lane, name, count, upload_id)


def _assert_studied(lane, name, count, upload_id):
    ids = ids_of(lane.stack)
    table = DynamoStudies(Table(lane.aws.dynamodb, lane.outputs["Table"]), ids)

    def counted():
        study = table.study("northside", ids.study("northside", uid(name)))
        return study if study.series and len(study.series[0].numbers) == count else None

    study = until(counted, f"the {count} instances of the study")
    (series,) = study.series
    assert (study.instances, series.instances, series.numbered) == (count, count, count)
    assert series.numbers == set(range(1, count + 1))
    assert (study.modalities, study.uploads, len(study.patients)) == ({"CT"}, {upload_id}, 1)
    assert findings(study, [lane.records.upload(None, upload_id)]) == ()
    assert study.study_uid in [
        row.study_uid for row in table.studies(StudyQuery(clinic_id="northside"), None, 100).rows
    ]


def test_a_zipped_study_becomes_a_file_per_slice(partner, lane):
    name, count = "zipped", 150
    upload_id = partner.upload({"study.zip": zipped(a_study(name, count))})["upload_id"]

    _settled(lane, upload_id, count, 90)

    _assert_whole(lane, name, count, upload_id)


def test_a_worker_killed_in_the_middle_of_an_archive_is_healed_by_redelivery(partner, lane):
    name, count = "killed", 150
    lane.pause()
    (file,) = partner.announce({"study.zip": (archive := zipped(a_study(name, count)))})["files"]
    upload_id = file["file_id"].partition("-")[0]
    partner.send(file["put"], archive)
    (event,) = _taken(lane, 1)
    _work_until_death(lane, event, deaths=None)
    slices = _taken(lane, 2)

    _work_until_death(lane, slices[0], deaths=40)

    written = len(lane.stored("IncomingBucket", upload_id))
    assert 30 < written < 90
    for body in slices:
        lane.aws.sqs.send_message(QueueUrl=lane.outputs["QueueUrl"], MessageBody=body)
    lane.go_on()
    _settled(lane, upload_id, count, 90)
    _assert_whole(lane, name, count, upload_id)


def test_an_archive_dropped_straight_into_s3_is_expanded_too(lane):
    name, count = "dropped archive", 5
    lane.aws.s3.put_object(
        Bucket=lane.outputs["IncomingBucket"], Key="northside/outbox/study.zip", Body=zipped(a_study(name, count))
    )

    def studied():
        rows = (
            DynamoStudies(Table(lane.aws.dynamodb, lane.outputs["Table"]), ids_of(lane.stack))
            .studies(StudyQuery(clinic_id="northside"), None, 100)
            .rows
        )
        return next((row for row in rows if row.study_uid == uid(name) and row.instances == count), None)

    study = until(studied, "the study of a dropped archive")
    (upload_id,) = study.uploads
    upload = until(lambda: (found := lane.records.upload("northside", upload_id)).settled and found, "the day's upload")
    assert upload.source == "direct"


def test_an_archive_of_which_nothing_is_accepted_is_rejected_before_its_upload_is_complete(partner, lane):
    files = {"study/viewer.bin": b"MZ" + bytes(200), "notes.bin": bytes(300)}
    first = partner.upload({"study.zip": zipped(files)})["upload_id"]

    upload = _settled(lane, first, 2, 60)

    archive, *entries = lane.records.files_of(first, None, 10).rows
    assert (upload.counts["rejected"], upload.containers) == (2, {"rejected": 1})
    assert (archive.state, archive.codes) == ("rejected", ("archive-nothing-accepted",))
    assert {entry.state for entry in entries} == {"rejected"}
    assert len(lane.stored("AcceptedBucket", first)) == 0
    kept = lane.aws.s3.get_object(Bucket=archive.stored.bucket, Key=archive.stored.key)
    assert kept["Body"].read() == zipped(files)

    again = partner.upload({"study.zip": zipped(files)})["upload_id"]
    _settled(lane, again, 2, 60)
    assert lane.records.files_of(again, None, 1).rows[0].codes == ("archive-nothing-accepted",)


def test_an_archive_sent_twice_at_once_ends_both_times_alike(partner, lane):
    mixed = zipped({**a_study("twice at once", 20), "viewer.bin": b"MZ" + bytes(99)})
    uploads = [partner.upload({"study.zip": mixed})["upload_id"] for _ in range(2)]

    for upload in (_settled(lane, upload_id, 21, 60) for upload_id in uploads):
        assert (upload.counts["accepted"], upload.counts["rejected"], upload.warnings) == (20, 1, 0)
        assert upload.containers == {"accepted": 1}
    told = [lane.records.files_of(upload_id, None, 1).rows[0].findings[0] for upload_id in uploads]
    assert {(found.code, found.where) for found in told} == {("archive-entries-rejected", "1 of 21 entries")}


def test_one_image_less_than_expected_is_missing_also_when_the_archive_is_sent_again(partner, lane):
    """Eleven images in an archive, and twelve expected: the archive is no image, and its duplicate brings them too."""
    archive = zipped(a_study("one is missing", 11))
    uploads = [partner.upload({"study.zip": archive}, expected_images=12)["upload_id"]]
    _settled(lane, uploads[0], 11, 60)
    uploads.append(partner.upload({"study.zip": archive}, expected_images=12)["upload_id"])
    _settled(lane, uploads[1], 11, 60)

    for upload_id, duplicates in zip(uploads, (0, 11), strict=True):
        told = partner.http.get(f"/api/v1/uploads/{upload_id}").json()
        assert (told["state"], told["missing"], told["declared"]) == ("missing", 1, 11)
        assert (told["counts"], told["archives"]) == ({"accepted": 11}, {"accepted": 1})
        assert told["duplicates"] == duplicates


def test_a_large_entry_is_written_in_parts_and_accepted_byte_for_byte(partner, lane):
    large = ct_slice(study=uid("large entry"), series=uid("large entry", 1), rows=3300, columns=3300)
    upload_id = partner.upload({"one.zip": zipped({"large.dcm": large})})["upload_id"]

    _settled(lane, upload_id, 1, 60)

    _, child = lane.records.files_of(upload_id, None, 10).rows
    assert (child.state, child.size, child.findings) == ("accepted", len(large), ())
    stored = lane.aws.s3.get_object(Bucket=child.stored.bucket, Key=child.stored.key)
    assert stored["Body"].read() == large


@pytest.fixture
def soon_redelivered(lane):
    """Hide what a killed worker held for half a minute, and not for twelve: who is patient runs `make retries`."""
    queue, name = lane.outputs["QueueUrl"], "VisibilityTimeout"
    usual = lane.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name]
    lane.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: "31"})
    yield
    lane.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: usual})


def test_an_archive_whose_workers_are_all_killed_halfway_is_expanded_all_the_same(partner, lane, soon_redelivered):
    killed_halfway(partner, lane, "all killed", 400)


def killed_halfway(partner, lane, name, count):
    """Send a study of `count` slices in one archive, and kill every worker when half of them are filed."""
    upload_id = partner.upload({"study.zip": zipped(a_study(name, count))})["upload_id"]
    until(lambda: len(lane.stored("AcceptedBucket", upload_id)) > count // 2, "half of the slices", 120)
    for process in judging_processes(lane):
        os.kill(process, signal.SIGKILL)

    _settled(lane, upload_id, count, 200)

    _assert_whole(lane, name, count, upload_id)
    assert lane.depth("DeadLetterQueueUrl") == 0


def judging_processes(lane):
    """Return the ids of the processes in which the emulator runs the judge."""
    session = str(lane.stack.emulator._process.pid)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # Fields after the command: state, parent, group, session (proc_pid_stat(5)).
            led_by = (folder / "stat").read_text().rpartition(")")[2].split()[3]
            if led_by == session and b"POWERTOOLS_SERVICE_NAME=judge" in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    assert found
    return found


def _taken(lane, count):
    """Take messages out of the paused queue."""
    taken = []

    def take():
        answer = lane.aws.sqs.receive_message(QueueUrl=lane.outputs["QueueUrl"], MaxNumberOfMessages=10)
        for message in answer.get("Messages", ()):
            taken.append(message["Body"])
            lane.aws.sqs.delete_message(QueueUrl=lane.outputs["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
        return len(taken) >= count

    until(take, f"{count} messages")
    assert len(taken) == count
    return taken


def _work_until_death(lane, body, deaths):
    """Have a worker of its own process a message; it dies at its nth write of an object, or not at all."""
    worker = subprocess.run(
        [sys.executable, "-m", "tests.emulator.doomed_worker", body, str(deaths or 0)],
        env={**os.environ, **lane.environment()},
        check=False,
        capture_output=True,
    )
    assert worker.returncode == (-signal.SIGKILL if deaths else 0), worker.stderr

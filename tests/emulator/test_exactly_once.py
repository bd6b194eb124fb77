"""Repetition, disorder and death of workers, on the deployed stack."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from infra.local.clients import function_environment
from intake.files.keys import file_id, new_upload_id, object_key
from intake.files.model import FileRecord, ObjectVersion, Source, Upload, now
from intake.files.states import State
from intake.messaging.events import Arrival, notification
from intake.records.records import DynamoRecords
from intake.records.verdicts import DynamoVerdicts
from intake.table.table import Table
from intake.tenants.dynamodb import DynamoDirectory
from tests.dicom_files import ct_slice, uid
from tests.emulator.ids import ids_of
from tests.emulator.sweeping import sweep
from tests.waiting import until

pytestmark = pytest.mark.emulator

OVERDUE = timedelta(minutes=11)
"""Longer than the sweep waits before it looks for a file's object."""

SEED = int(os.environ.get("SEED", "20261122"))


class Lane:
    """The stack's queue and table, with the judge's event source under the test's control."""

    def __init__(self, stack):
        self.stack = stack
        self.aws, self.outputs = stack.clients, stack.outputs
        self.records = DynamoRecords(Table(self.aws.dynamodb, self.outputs["Table"]))
        self.verdicts = DynamoVerdicts(Table(self.aws.dynamodb, self.outputs["Table"]), ids_of(stack))
        (mapping,) = self.aws.functions.list_event_source_mappings(FunctionName=self.outputs["JudgeFunction"])[
            "EventSourceMappings"
        ]
        self.mapping = mapping["UUID"]

    def pause(self):
        self.aws.functions.update_event_source_mapping(UUID=self.mapping, Enabled=False)
        until(lambda: self._mapping_state() == "Disabled", "the paused event source")

    def go_on(self):
        self.aws.functions.update_event_source_mapping(UUID=self.mapping, Enabled=True)

    def _mapping_state(self):
        return self.aws.functions.get_event_source_mapping(UUID=self.mapping)["State"]

    def reserve(self, count, ago=timedelta(), bucket=""):
        """Announce files of one upload now, or a while ago; for another bucket, whose objects nobody tells of."""
        at, upload_id = now() - ago, new_upload_id()
        upload = Upload(clinic_id="northside", upload_id=upload_id, created_at=at, created_by="test", source=Source.API)
        files = [self._file(upload_id, number, at, bucket) for number in range(count)]
        self.records.create_upload(upload)
        self.records.add_files(upload, files)
        return files

    def _file(self, upload_id, number, at, bucket):
        identifier = file_id(upload_id, number)
        incoming = ObjectVersion(
            bucket or self.outputs["IncomingBucket"], object_key("northside", upload_id, identifier, at)
        )
        return FileRecord(
            clinic_id="northside",
            upload_id=upload_id,
            file_id=identifier,
            name=f"{number}.dcm",
            size=0,
            sha256=None,
            state=State.AWAITING_UPLOAD,
            source=Source.API,
            created_at=at,
            created_by="test",
            updated_at=at,
            expires_at=at,
            incoming=incoming,
        )

    def put(self, file, data):
        answer = self.aws.s3.put_object(Bucket=file.incoming.bucket, Key=file.incoming.key, Body=data)
        return Arrival(ObjectVersion(file.incoming.bucket, file.incoming.key, answer["VersionId"]), now())

    def send(self, arrivals, queue="QueueUrl"):
        for arrival in arrivals:
            self.aws.sqs.send_message(QueueUrl=self.outputs[queue], MessageBody=json.dumps(notification(arrival)))

    def drop_waiting_events(self, expected):
        """Wait for S3's own events and throw them away: the test delivers its own."""
        until(lambda: self.depth("QueueUrl") >= expected, f"{expected} events in the queue")
        self.aws.sqs.purge_queue(QueueUrl=self.outputs["QueueUrl"])

    def depth(self, queue):
        attributes = self.aws.sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=["All"])
        return sum(int(attributes["Attributes"][f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible"))

    def stored(self, bucket, upload_id):
        pages = self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self.outputs[bucket])
        return [row["Key"] for page in pages for row in page.get("Contents", ()) if upload_id in row["Key"]]

    def states(self, files):
        return Counter(self.verdicts.file(file.file_id).state for file in files)

    def environment(self):
        """Return what a worker of the judge finds in its environment."""
        return function_environment(self.aws, self.stack.at, self.outputs["JudgeFunction"])

    def sweep(self):
        sweep(self.stack)

    def mailbox(self):
        from intake.messaging.sqs import SqsQueue

        seen = SqsQueue(self.aws.sqs, self.outputs["MailboxQueueUrl"]).peek(1000)
        return [message.body for message in seen]


@pytest.fixture
def lane(stack):
    lane = Lane(stack)
    lane.pause()
    yield lane
    lane.go_on()


def _slice(upload_id, number):
    return ct_slice(study=uid(upload_id), series=uid(upload_id, 1), sop=uid(upload_id, 1, number), rows=8, columns=8)


def test_two_hundred_files_with_every_event_delivered_three_times_and_shuffled(lane):
    files = lane.reserve(200)
    upload_id = files[0].upload_id
    bad = set(range(0, 200, 20))
    arrivals = [
        lane.put(file, b"no scan" if number in bad else _slice(upload_id, number)) for number, file in enumerate(files)
    ]
    lane.drop_waiting_events(200)
    deliveries = arrivals * 3
    print(f"seed {SEED}")
    random.Random(SEED).shuffle(deliveries)
    lane.send(deliveries)
    lane.go_on()

    until(lambda: lane.depth("QueueUrl") == 0, "an empty queue", 120)
    judged = until(
        lambda: (counts := lane.records.upload(None, upload_id)).settled and counts, "the upload's counts", 60
    )

    assert lane.states(files) == {State.ACCEPTED: 190, State.REJECTED: 10}
    assert judged.counts[State.ACCEPTED] == 190
    assert judged.counts[State.REJECTED] == 10
    assert len(lane.stored("AcceptedBucket", upload_id)) == 190
    assert len(lane.stored("QuarantineBucket", upload_id)) == 10
    assert {lane.verdicts.file(file.file_id).revision for file in files} == {1}
    (told,) = [mail for mail in lane.mailbox() if upload_id in mail["Message"]]
    assert told["MessageAttributes"]["kind"]["Value"] == "file.rejected"
    assert lane.depth("DeadLetterQueueUrl") == 0


def test_a_worker_killed_between_copy_and_record_is_healed_by_redelivery(lane):
    (file,) = lane.reserve(1)
    arrival = lane.put(file, _slice(file.upload_id, 0))
    lane.drop_waiting_events(1)

    killed = subprocess.run(
        [sys.executable, "-m", "tests.emulator.doomed_worker", json.dumps(notification(arrival))],
        env={**os.environ, **lane.environment()},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(lane.stored("AcceptedBucket", file.upload_id)) == 1
    assert lane.states([file]) == {State.AWAITING_UPLOAD: 1}

    lane.send([arrival])
    lane.go_on()

    until(lambda: lane.states([file]) == {State.ACCEPTED: 1}, "the verdict")
    assert len(lane.stored("AcceptedBucket", file.upload_id)) == 1
    record = lane.verdicts.file(file.file_id)
    held = lane.aws.s3.get_object(
        Bucket=record.stored.bucket, Key=record.stored.key, VersionId=record.stored.version_id
    )
    assert held["Body"].read() == _slice(file.upload_id, 0)


def test_a_lost_event_is_found_by_the_sweep(lane):
    (file,) = lane.reserve(1, ago=OVERDUE)
    lane.put(file, _slice(file.upload_id, 0))
    lane.drop_waiting_events(1)
    lane.sweep()
    lane.go_on()

    until(lambda: lane.states([file]) == {State.ACCEPTED: 1}, "the verdict on the file whose event was lost")


def test_a_reservation_that_never_arrived_expires(lane):
    (file,) = lane.reserve(1, ago=OVERDUE)

    lane.sweep()

    assert lane.states([file]) == {State.EXPIRED: 1}


def test_a_dead_letter_fails_its_file_tells_people_and_is_judged_when_redriven(lane):
    (file,) = lane.reserve(1)
    arrival = lane.put(file, _slice(file.upload_id, 0))
    lane.drop_waiting_events(1)
    lane.send([arrival], "DeadLetterQueueUrl")

    lane.sweep()

    assert lane.states([file]) == {State.FAILED: 1}
    assert lane.depth("DeadLetterQueueUrl") == 1
    alert = until(
        lambda: [mail for mail in lane.mailbox() if file.file_id in mail["Message"]], "the alert on the failure"
    )[0]
    assert alert["MessageAttributes"]["kind"]["Value"] == "file.failed"

    lane.aws.sqs.purge_queue(QueueUrl=lane.outputs["DeadLetterQueueUrl"])
    lane.send([arrival])
    lane.go_on()
    until(lambda: lane.states([file]) == {State.ACCEPTED: 1}, "the verdict on the redriven file")


def test_clinics_of_the_demo_are_in_the_directory(stack):
    clinics = DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"])).clinics()
    assert {"northside", "lakeview"} <= {clinic.clinic_id for clinic in clinics}

"""What fails once has its verdict within seconds, at the times that production has. `make retries` measures more."""

import json
import os
from collections import Counter

import pytest

from intake.files.model import ObjectVersion
from intake.files.states import State
from intake.messaging.retries import MAX_RECEIVES
from intake.storage.s3 import large_copies, objects
from intake.storage.s3.objects import S3Objects
from tests.dicom_files import ct_slice, uid
from tests.emulator.faulty_relay import troubled
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

pytestmark = pytest.mark.emulator

PART = 5 * 1024**2
CALLS_OF_A_TRY = 5
"""boto3 repeats a refused call four times before it gives up."""


@pytest.fixture
def lane(stack):
    return Lane(stack)


def send(lane, count):
    """Put files of one upload, and return them."""
    files = lane.reserve(count)
    for number, file in enumerate(files):
        upload_id = file.upload_id
        lane.put(
            file,
            ct_slice(study=uid(upload_id), series=uid(upload_id, 1), sop=uid(upload_id, 1, number), rows=8, columns=8),
        )
    return files


def are_accepted(lane, files):
    return lane.states(files) == {State.ACCEPTED: len(files)}


def test_one_503_of_s3_costs_a_file_a_moment(lane):
    with troubled(lane.stack, "s3") as relays:
        relay = relays["s3"]
        relay.fails = lambda request: request.method == "PUT" and not relay.refused
        # Behind other settings are other workers, and the emulator ends the former ones in the middle of what they do.
        lane.pause()
        files = send(lane, 1)
        lane.go_on()
        until(lambda: are_accepted(lane, files), "the verdict", 15)
        assert len(relay.refused) == 1


def test_what_fails_comes_again_in_seconds_and_its_neighbours_have_their_verdicts_meanwhile(lane):
    """S3 refuses all that is tried for the first file, and the table all for the second, until they were given back."""
    with troubled(lane.stack, "s3", "dynamodb") as relays:
        files = lane.reserve(6)
        unlucky, tries = files[0], Counter()
        lane.pause()

        def refuse_copy(request):
            wanted = request.method == "PUT" and unlucky.file_id in request.path and tries["s3"] < CALLS_OF_A_TRY
            tries["s3"] += wanted
            return wanted

        def refuse_write(request):
            # One try at a verdict in all, whosesoever it is.
            wanted = request.operation == "TransactWriteItems" and tries["dynamodb"] < CALLS_OF_A_TRY
            tries["dynamodb"] += wanted
            return wanted

        relays["s3"].fails, relays["dynamodb"].fails = refuse_copy, refuse_write
        for number, file in enumerate(files):
            lane.put(file, ct_slice(study=uid(file.upload_id), sop=uid(file.upload_id, number), rows=8, columns=8))
        lane.go_on()
        until(lambda: lane.states(files)[State.ACCEPTED] >= 4, "the neighbours' verdicts", 15)
        assert lane.states([unlucky]) == {State.AWAITING_UPLOAD: 1}

        until(lambda: are_accepted(lane, files), "the verdicts at the second delivery", 40)

        assert (tries["s3"], tries["dynamodb"]) == (CALLS_OF_A_TRY, CALLS_OF_A_TRY)
        assert lane.depth("DeadLetterQueueUrl") == 0


def test_a_large_copy_whose_worker_died_is_ended_by_the_next_one_and_leaves_nothing_open(stack, monkeypatch):
    """Called large is here what has more than one part: a copy of 256 MiB is for AWS."""
    monkeypatch.setattr(objects, "LARGEST_SINGLE_COPY", PART)
    monkeypatch.setattr(large_copies, "_SMALLEST_PART", PART)
    monkeypatch.setattr(large_copies, "_MARK", 4096)
    monkeypatch.setattr(large_copies, "_AT_ONCE", 1)
    s3, data = stack.clients.s3, os.urandom(3 * PART)
    incoming, accepted, key = "large-incoming", "large-accepted", "nobody/large"
    for bucket in (incoming, accepted):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=incoming, Key=key, Body=data)
    source = ObjectVersion(incoming, key, put["VersionId"])
    copied = []

    def die_at_the_third(params, **_):
        copied.append(params["PartNumber"])
        if len(copied) == 3:
            raise KeyboardInterrupt

    s3.meta.events.register("before-parameter-build.s3.UploadPartCopy", die_at_the_third)
    try:
        with pytest.raises(KeyboardInterrupt):
            S3Objects(s3).copy(source, put["ETag"], len(data), accepted, key)
        stored = S3Objects(s3).copy(source, put["ETag"], len(data), accepted, key).stored
    finally:
        s3.meta.events.unregister("before-parameter-build.s3.UploadPartCopy", die_at_the_third)

    assert copied == [1, 2, 3, 3]
    assert s3.get_object(Bucket=accepted, Key=key, VersionId=stored.version_id)["Body"].read() == data
    assert not s3.list_multipart_uploads(Bucket=accepted, Prefix=key).get("Uploads")


def test_the_queues_of_the_deployed_stack_have_the_times_of_production(lane):
    read = lane.aws.sqs.get_queue_attributes(QueueUrl=lane.outputs["QueueUrl"], AttributeNames=["All"])["Attributes"]
    judge = lane.aws.functions.get_function_configuration(FunctionName=lane.outputs["JudgeFunction"])
    assert (judge["Timeout"], read["VisibilityTimeout"]) == (120, "720")
    assert int(json.loads(read["RedrivePolicy"])["maxReceiveCount"]) == MAX_RECEIVES

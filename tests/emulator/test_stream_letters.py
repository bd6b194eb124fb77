"""Letters of the table's stream, redriven on the deployed stack: read through empty pages, or told that all is gone."""

import boto3
import pytest

from intake.files.states import State
from intake.messaging.sqs import SqsQueue
from tests.dicom_files import ct_slice, uid
from tests.emulator.faulty_relay import troubled
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

pytestmark = pytest.mark.emulator

COUNT = 6
EMPTY_PAGES = 3


class Stream:
    """The table's stream, whose changes are not told to the projector until they are."""

    def __init__(self, stack):
        self.aws, self.outputs = stack.clients, stack.outputs
        self.client = boto3.client(
            "dynamodbstreams",
            endpoint_url=stack.endpoint,
            region_name=self.aws.dynamodb.meta.region_name,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.redrives = SqsQueue(self.aws.sqs, self.outputs["ProjectionRedrivesQueueUrl"])
        self.letters = SqsQueue(
            self.aws.sqs,
            self.outputs["ProjectionFailuresQueueUrl"],
            redrives=self.outputs["ProjectionRedrivesQueueUrl"],
        )
        sources = self.aws.functions.list_event_source_mappings(FunctionName=self.outputs["ProjectorFunction"])
        (self.mapping,) = (one["UUID"] for one in sources["EventSourceMappings"] if "/stream/" in one["EventSourceArn"])

    def tell_the_projector(self, told):
        self.aws.functions.update_event_source_mapping(UUID=self.mapping, Enabled=told)

    def letter(self, upload_id):
        """Return the stretch from an upload's first change of a file to its last, as Lambda tells it."""
        table = self.aws.dynamodb.describe_table(TableName=self.outputs["Table"])["Table"]
        arn = table["LatestStreamArn"]
        (shard,) = self.client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        begin = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        position, numbers = self.client.get_shard_iterator(**begin)["ShardIterator"], []
        while (answer := self.client.get_records(ShardIterator=position))["Records"]:
            numbers += [
                one["dynamodb"]["SequenceNumber"]
                for one in answer["Records"]
                if one["dynamodb"]["Keys"]["sk"]["S"].startswith(f"FILE#{upload_id}")
            ]
            position = answer["NextShardIterator"]
        return {
            "DDBStreamBatchInfo": {
                "streamArn": arn,
                "shardId": shard["ShardId"],
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(numbers),
            }
        }


@pytest.fixture
def lane(stack):
    return Lane(stack)


@pytest.fixture
def stream(stack):
    stream = Stream(stack)
    stream.tell_the_projector(False)
    yield stream
    stream.tell_the_projector(True)


def send(lane, count):
    """Have slices of one upload judged, and return its id."""
    files = lane.reserve(count)
    for number, file in enumerate(files):
        of = file.upload_id
        lane.put(file, ct_slice(study=uid(of), series=uid(of, 1), sop=uid(of, 1, number), rows=8, columns=8))
    until(lambda: lane.states(files) == {State.ACCEPTED: count}, "the verdicts", 60)
    return files[0].upload_id


def count_accepted(lane, upload_id):
    return lane.records.upload(None, upload_id).counts.get(State.ACCEPTED, 0)


@pytest.mark.plain("the relay in front of the stream speaks plain HTTP only")
def test_a_letter_is_counted_once_through_empty_pages_also_when_it_comes_twice_and_its_changes_too(lane, stream):
    upload_id = send(lane, COUNT)
    assert count_accepted(lane, upload_id) == 0
    with troubled(lane.stack, "dynamodb_streams", function="ProjectorFunction") as relays:
        relay = relays["dynamodb_streams"]
        relay.fails = lambda request: request.operation == "GetRecords" and len(relay.refused) < EMPTY_PAGES
        stream.letters.send([stream.letter(upload_id)] * 2)
        assert stream.letters.redrive(10) == 2
        until(lambda: count_accepted(lane, upload_id), "the counts of the letter", 60)
        until(lambda: stream.redrives.depth() == 0, "no letter left", 60)
        assert len(relay.refused) == EMPTY_PAGES

    stream.tell_the_projector(True)
    behind = send(lane, 1)

    until(lambda: count_accepted(lane, behind) == 1, "the counts of what came behind", 60)
    assert count_accepted(lane, upload_id) == COUNT
    assert stream.letters.depth() == 0


def test_a_letter_whose_records_are_gone_is_among_the_dead_ones_again_within_a_minute(lane, stream):
    letter = stream.letter(send(lane, 1))
    letter["DDBStreamBatchInfo"]["startSequenceNumber"] = "1".zfill(30)
    stream.letters.send([letter])
    assert stream.letters.redrive(10) == 1

    until(lambda: stream.redrives.depth() == 0 and stream.letters.depth() == 1, "the letter", 90)

    (back,) = stream.letters.peek(10)
    assert back.body == letter
    assert stream.letters.discard(10, back.message_id) == 1

"""What admins order, on the deployed stack: rejected files accepted, reviewed or deleted; dead letters tried again."""

import json

import boto3
import pytest

from intake.errors import NotFoundError
from intake.files import keys
from intake.files.model import now
from intake.files.states import State
from intake.messaging.retries import MAX_RECEIVES
from intake.messaging.sqs import SqsQueue
from intake.operations.dynamodb import DynamoLastErrors
from intake.orders.commands import FindFiles
from intake.orders.model import Answer, Order, Review, Selection, Task
from intake.orders.orders import DynamoOrders
from intake.orders.reviews import DynamoReviews
from intake.projections.projections import DynamoProjections
from intake.records.records import DynamoRecords
from intake.studies.model import StudyQuery
from intake.studies.studies import DynamoStudies
from intake.table.table import Table, serialize
from intake.tenants.dynamodb import DynamoDirectory
from intake.tenants.model import Clinic
from tests.dicom_files import ct_slice, uid
from tests.emulator.ids import ids_of
from tests.emulator.test_exactly_once import Lane
from tests.waiting import until

pytestmark = pytest.mark.emulator


class Admins:
    """Two admins, and what they see."""

    def __init__(self, stack):
        self.stack, self.aws, self.outputs = stack, stack.clients, stack.outputs
        table = self.outputs["Table"]
        self.records = DynamoRecords(Table(self.aws.dynamodb, table))
        self.orders = DynamoOrders(Table(self.aws.dynamodb, table))
        self.reviews = DynamoReviews(Table(self.aws.dynamodb, table))
        self.directory = DynamoDirectory(Table(self.aws.dynamodb, table))
        self.projections = DynamoProjections(Table(self.aws.dynamodb, table))
        self.errors = DynamoLastErrors(Table(self.aws.dynamodb, table))
        self.main = SqsQueue(self.aws.sqs, self.outputs["QueueUrl"])
        self.dead = SqsQueue(self.aws.sqs, self.outputs["DeadLetterQueueUrl"], redrives=self.outputs["QueueUrl"])

    def drop(self, clinic_id, count):
        """Drop slices into S3, and wait until all are rejected."""
        self.directory.save_clinic(Clinic(clinic_id, clinic_id))
        for number in range(count):
            data = ct_slice(
                study=uid(clinic_id), series=uid(clinic_id, 1), sop=uid(clinic_id, 1, number), rows=8, columns=8
            )
            self.aws.s3.put_object(Bucket=self.outputs["IncomingBucket"], Key=f"{clinic_id}/{number}.dcm", Body=data)
        return until(lambda: self.rejected(clinic_id, count), f"{count} rejected files", 90)

    def rejected(self, clinic_id, count):
        rows = self.records.files(clinic_id, State.REJECTED, None, None, 300).rows
        return rows if len(rows) == count else None

    def order(self, task, actor="admin-1", times=2, **selection):
        """Place an order as the portal does, and wait until it is complete."""
        chosen = Selection(**{"state": State.REJECTED, **selection})
        order = Order(
            order_id=keys.new_upload_id(), owner="", task=task, selection=chosen, actor=actor, placed_at=now()
        )
        self.orders.place(order)
        for _ in range(times):
            self.main.send([FindFiles(owner="", order_id=order.order_id).message()])
        return until(
            lambda: (standing := self.orders.order("", order.order_id)).complete and standing, f"the {task}", 90
        )

    def objects(self, bucket, key):
        answer = self.aws.s3.list_objects_v2(Bucket=self.outputs[bucket], Prefix=key)
        return answer.get("KeyCount", 0)


@pytest.fixture(scope="module")
def admins(stack):
    return Admins(stack)


def test_files_that_a_profile_rejected_are_tried_and_then_accepted_by_todays_profile(admins):
    clinic = "westside"
    admins.directory.save_profile(clinic, {"kinds": ["pdf"]})
    files = admins.drop(clinic, 120)
    assert {file.codes for file in files} == {("kind-not-allowed",)}

    before = admins.order(Task.TRY, clinic_id=clinic, code="kind-not-allowed")
    assert (before.answers, before.codes) == ({Answer.REJECTED: 120}, {"kind-not-allowed": 120})

    admins.directory.save_profile(clinic, {})
    tried = admins.order(Task.TRY, clinic_id=clinic)
    assert tried.answers == {Answer.ACCEPTED: 120}
    assert admins.records.file(None, files[0].file_id).state is State.REJECTED

    assert admins.order(Task.REPROCESS, clinic_id=clinic).answers == {Answer.ACCEPTED: 120}

    record = admins.records.file(None, files[0].file_id)
    assert (record.state, record.stored.bucket) == (State.ACCEPTED, admins.outputs["AcceptedBucket"])
    assert admins.objects("AcceptedBucket", record.stored.key) == 1
    assert [step.event for step in record.timeline] == ["rejected", "reprocess", "accepted"]
    counts = until(
        lambda: (found := _counts(admins, record)).get(State.ACCEPTED) == 120 and found, "the upload's counts", 60
    )
    assert (counts[State.REJECTED], counts[State.ACCEPTED]) == (0, 120)
    (study,) = until(lambda: _studies(admins, clinic), "the study")
    assert study.instances == 120


def _studies(admins, clinic):
    studies = DynamoStudies(Table(admins.aws.dynamodb, admins.outputs["Table"]), ids_of(admins.stack))
    page = studies.studies(StudyQuery(clinic_id=clinic), None, 5)
    return page.rows if page.rows and page.rows[0].instances == 120 else None


def test_two_admins_accept_one_file_and_another_is_deleted(admins):
    clinic = "southside"
    admins.directory.save_profile(clinic, {"kinds": ["pdf"]})
    reviewed, deleted = admins.drop(clinic, 2)

    # Found once: a second message to accept the file would do so when it comes after the review.
    alone = admins.order(Task.ACCEPT, actor="admin-2", times=1, file_ids=(reviewed.file_id,))
    assert alone.answers == {Answer.REFUSED: 1}
    review = Review(
        file_id=reviewed.file_id,
        clinic_id=clinic,
        codes=reviewed.codes,
        reason="As agreed with the clinic.",
        proposed_by="admin-1",
        proposed_by_name="Ada",
        proposed_at=now(),
    )
    admins.reviews.propose(review)
    admins.reviews.decide(review, confirmed=True, by="admin-2", name="Grace", at=now())
    assert admins.order(Task.ACCEPT, actor="admin-2", file_ids=(reviewed.file_id,)).answers == {Answer.WARNED: 1}
    record = admins.records.file(None, reviewed.file_id)
    assert (record.state, record.stored.bucket) == (State.ACCEPTED, admins.outputs["AcceptedBucket"])
    assert [found.code for found in record.findings] == ["kind-not-allowed"]
    assert [step.actor for step in record.timeline[-3:]] == ["admin-1", "admin-2", "processor"]

    kept = admins.records.file(None, deleted.file_id).stored
    assert admins.order(Task.DELETE, file_ids=(deleted.file_id,)).answers == {Answer.DELETED: 1}
    record = admins.records.file(None, deleted.file_id)
    assert (record.state, admins.objects("QuarantineBucket", kept.key)) == (State.DELETED, 0)
    counts = until(lambda: (found := _counts(admins, record)).get(State.DELETED) and found, "the upload's counts")
    assert {state: number for state, number in counts.items() if number} == {State.ACCEPTED: 1, State.DELETED: 1}


def test_a_message_that_poisons_the_judge_is_found_among_the_letters_with_its_error(admins):
    """It is delivered fourteen times to the test, which shows it again at once, and the last time to the judge."""
    lane = Lane(admins.stack)
    lane.pause()
    queue = {"QueueUrl": admins.outputs["QueueUrl"]}
    sent = admins.aws.sqs.send_message(**queue, MessageBody=json.dumps({"poison": 1}))
    for _ in range(MAX_RECEIVES - 1):
        until(lambda: _received(admins.aws.sqs, queue, sent["MessageId"]), "the poisoned message")
    lane.go_on()
    (letter,) = until(
        lambda: [row for row in admins.dead.peek(100) if row.message_id == sent["MessageId"]], "the letter", 60
    )
    assert letter.body == {"poison": 1}
    assert admins.errors.find([letter.message_id])[letter.message_id].error == "UnreadableEventError"
    assert admins.dead.discard(100, letter.message_id) == 1


def _received(sqs, queue, message_id):
    answer = sqs.receive_message(**queue, VisibilityTimeout=0, MaxNumberOfMessages=10)
    return message_id in {message["MessageId"] for message in answer.get("Messages", ())}


def test_counts_that_were_given_up_are_counted_once_when_they_are_redriven(admins, stack):
    """The message holds a position in the stream; the mark of each file keeps it from being counted twice."""
    clinic = "farside"
    admins.directory.save_profile(clinic, {"kinds": ["pdf"]})
    (file,) = admins.drop(clinic, 1)
    until(lambda: _rejected(admins, file) == 1, "the count")
    lost = {"DDBStreamBatchInfo": _position(stack, admins.aws.dynamodb, file)}
    failures, redrives = (admins.outputs[f"Projection{kind}QueueUrl"] for kind in ("Failures", "Redrives"))
    letters = SqsQueue(admins.aws.sqs, failures, redrives=redrives)
    # Other tests of this stack may have left letters behind, which count nothing here.
    letters.redrive(10)
    until(lambda: letters.depth() == SqsQueue(admins.aws.sqs, redrives).depth() == 0, "empty queues")
    # As if the projection had failed: the marks say what was counted for a block of files.
    marks = {"pk": f"APPLIED#{file.file_id[:-1]}", "sk": "#MARKS"}
    assert "Item" in admins.aws.dynamodb.get_item(TableName=admins.outputs["Table"], Key=serialize(marks))
    admins.aws.dynamodb.delete_item(TableName=admins.outputs["Table"], Key=serialize(marks))

    for _ in range(3):
        letters.send([lost])
    assert letters.redrive(10) == 3

    until(lambda: SqsQueue(admins.aws.sqs, redrives).depth() == 0, "an empty queue")
    assert until(lambda: (count := _rejected(admins, file)) > 1 and count, "the count") == 2
    assert letters.depth() == 0


def _rejected(admins, file):
    return _counts(admins, file).get(State.REJECTED, 0)


def _counts(admins, file):
    """Return an upload's counts; the first of what is dropped into S3 makes the upload as well."""
    try:
        return admins.records.upload(None, file.upload_id).counts
    except NotFoundError:
        return {}


def _position(stack, dynamodb, file):
    """Find a file's change in the table's stream, and tell it as Lambda tells a batch that was given up."""
    client = boto3.client(
        "dynamodbstreams",
        endpoint_url=stack.endpoint,
        region_name=dynamodb.meta.region_name,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    stream = dynamodb.describe_table(TableName=stack.outputs["Table"])["Table"]["LatestStreamArn"]
    for shard in client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
        position = client.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while position:
            answer = client.get_records(ShardIterator=position)
            for record in answer["Records"]:
                if record["dynamodb"]["Keys"]["sk"]["S"] == f"FILE#{file.file_id}":
                    number = record["dynamodb"]["SequenceNumber"]
                    places = {"startSequenceNumber": number, "endSequenceNumber": number, "batchSize": 1}
                    return {"streamArn": stream, "shardId": shard["ShardId"], **places}
            position = answer.get("NextShardIterator") if answer["Records"] else None
    raise AssertionError("the stream does not hold the file's change")

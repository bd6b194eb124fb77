"""Who hears of what, on the deployed stack: real files, real filter policies, each message once."""

import json
import secrets
from base64 import b64encode
from datetime import timedelta

import boto3
import pytest

from intake.files.item_keys import list_file_partitions
from intake.files.model import now
from intake.files.states import State
from intake.messaging.model import EVERYTHING, OPERATIONS, AlertKind, Standing, Subscription, filter_policy
from intake.messaging.sns import SnsSubscribers
from intake.messaging.sqs import CloudWatchQueueAge
from intake.operations.dynamodb import DynamoWatch
from intake.operations.model import FILES
from intake.projections.model import Change, Grain, Snapshot
from intake.projections.projections import DynamoProjections
from intake.table.table import Table, serialize
from intake.tenants.dynamodb import DynamoDirectory
from tests.dicom_files import ct_slice, uid
from tests.emulator.partner import PartnerClient
from tests.emulator.stacks import empty_queue, enter_clinic
from tests.emulator.sweeping import sweep
from tests.records import IDS
from tests.waiting import until

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def session():
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


@pytest.fixture(scope="module")
def sns(stack, session):
    client = session.client("sns", endpoint_url=stack.endpoint)
    yield client
    client.close()


class Listener:
    """A queue that is subscribed as an address would be."""

    def __init__(self, stack, sns, owner, kinds):
        self.sqs = stack.clients.sqs
        self.url = self.sqs.create_queue(QueueName=f"listener-{secrets.token_hex(6)}")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]
        self.endpoint = attributes["QueueArn"]
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": _open_to_topics(self.endpoint)})
        self.subscribers = SnsSubscribers(sns, stack.outputs["AlertTopicArn"], self.endpoint)
        self.policy = filter_policy([a_subscription(self.endpoint, owner, kinds)])
        self.arn = self.subscribers.subscribe("sqs", self.endpoint, self.policy)
        self.seen = {}

    def heard(self, about=""):
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            self.seen |= {message["MessageId"]: json.loads(message["Body"]) for message in messages}
        return [mail for mail in self.seen.values() if about in mail["Message"]]

    def kinds(self, about=""):
        return [mail["MessageAttributes"]["kind"]["Value"] for mail in self.heard(about)]


def _open_to_topics(queue_arn):
    """Return what lets SNS send into a queue, as where permissions are checked it must be let."""
    let_in = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": queue_arn,
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [let_in]})


def a_subscription(endpoint, owner, kinds):
    at = now()
    return Subscription(
        owner=owner, subscription_id=IDS.address("sqs", endpoint), protocol="sqs", endpoint=endpoint,
        kinds=frozenset(kinds), created_at=at, created_by="test", asked_at=at,
    )  # fmt: skip


@pytest.fixture
def listen(stack, sns):
    listeners = []

    def start(owner, *kinds):
        listeners.append(Listener(stack, sns, owner, kinds))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.subscribers.unsubscribe(listener.arn)


def test_a_rejected_file_is_told_to_its_clinic_and_to_no_other(stack, api_url, listen):
    theirs, others = listen("northside", AlertKind.REJECTED), listen("lakeview", *AlertKind)
    uninterested, operations = listen("northside", AlertKind.QUIET), listen(OPERATIONS, AlertKind.REJECTED)

    # An upload of its own: what is dropped into S3 shares the day's, whose next alert may have to wait.
    with PartnerClient.of(stack, api_url) as partner:
        upload_id = partner.upload({"unreadable.dcm": b"no scan"})["upload_id"]

    (mail,) = until(lambda: theirs.heard(upload_id), "the alert on the rejected file", 90)
    assert mail["Subject"] == "[Silent Scalper] 1 file rejected at northside"
    assert "unreadable" not in mail["Message"]
    assert until(lambda: operations.heard(upload_id), "the admins' copy")
    assert others.heard(upload_id) == uninterested.heard(upload_id) == []


def test_a_german_clinic_is_told_in_german(stack, listen):
    clinic = f"klinik-{secrets.token_hex(4)}"
    enter_clinic(stack, clinic)
    DynamoDirectory(Table(stack.clients.dynamodb, stack.outputs["Table"])).choose_mail_language(clinic, "de")
    theirs = listen(clinic, AlertKind.REJECTED)
    stack.clients.s3.put_object(Bucket=stack.outputs["IncomingBucket"], Key=f"{clinic}/leer.dcm", Body=b"")

    (mail,) = until(theirs.heard, "the alert on the empty file", 90)
    assert mail["Subject"] == f"[Silent Scalper] 1 Datei von {clinic} abgelehnt"
    assert "- 1 x empty-file: Die Datei ist leer.\n\nWas zu tun ist:\n" in mail["Message"]
    assert "Zum Schutz der Patienten" in mail["Message"]


def test_what_an_address_hears_changes_at_once_and_ends_at_once(stack, sns, listen):
    listener = listen("northside", AlertKind.QUIET)
    subscribers = listener.subscribers
    assert subscribers.find_standing(listener.arn) is Standing.CONFIRMED

    subscribers.set_policy(listener.arn, filter_policy([a_subscription(listener.endpoint, "lakeview", ["x"])]))
    kind = {"kind": {"DataType": "String", "StringValue": "x"}}
    of_lakeview = {**kind, "clinic_id": {"DataType": "String", "StringValue": "lakeview"}}
    sns.publish(TopicArn=stack.outputs["AlertTopicArn"], Message="heard", MessageAttributes=of_lakeview)
    until(lambda: listener.heard("heard"), "what it asked for")

    subscribers.unsubscribe(listener.arn)
    sns.publish(TopicArn=stack.outputs["AlertTopicArn"], Message="too late", MessageAttributes=of_lakeview)
    assert listener.heard("too late") == []
    assert subscribers.find_standing(listener.arn) is Standing.GONE
    assert subscribers.set_policy(listener.arn, {}) is False


def test_an_address_of_two_clinics_hears_of_each_what_was_chosen_and_operations_of_everything(stack, sns, listen):
    listener, operations = listen("northside", "x"), listen(OPERATIONS, EVERYTHING)
    both = [
        a_subscription(listener.endpoint, "northside", ["x"]),
        a_subscription(listener.endpoint, "lakeview", ["y"]),
    ]
    listener.subscribers.set_policy(listener.arn, filter_policy(both))
    for clinic in ("northside", "lakeview"):
        for kind in ("x", "y"):
            sns.publish(
                TopicArn=stack.outputs["AlertTopicArn"],
                Message=f"{clinic} {kind}",
                MessageAttributes={
                    "clinic_id": {"DataType": "String", "StringValue": clinic},
                    "kind": {"DataType": "String", "StringValue": kind},
                },
            )
    sns.publish(TopicArn=stack.outputs["AlertTopicArn"], Message="an alarm of CloudWatch")

    until(lambda: operations.heard("alarm"), "the alarm, which has no attributes")
    assert {"northside x", "northside y"} < {mail["Message"] for mail in operations.heard()}
    assert sorted(mail["Message"] for mail in listener.heard()) == ["lakeview y", "northside x"]


def test_a_completed_upload_is_told_once_however_often_its_changes_are_delivered(stack, api_url, listen):
    listener = listen("northside", AlertKind.COMPLETED)
    name = secrets.token_hex(4)
    files = {
        f"{number}.dcm": ct_slice(study=uid(name), series=uid(name, 1), sop=uid(name, 1, number), rows=8, columns=8)
        for number in range(3)
    }
    with PartnerClient.of(stack, api_url) as partner:
        upload_id = partner.upload(files, expected=3)["upload_id"]
        partner.verdicts(upload_id)

    (mail,) = until(lambda: listener.heard(upload_id), "the message on the completed upload")
    assert mail["Subject"] == "[Silent Scalper] Upload complete at northside: all 3 files accepted"

    rows = [
        row
        for part in list_file_partitions(upload_id)
        for row in stack.clients.dynamodb.query(
            TableName=stack.outputs["Table"],
            KeyConditionExpression="pk = :part",
            ExpressionAttributeValues=serialize({":part": part}),
        )["Items"]
    ]
    assert len(rows) == 3
    again = {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": _image(row)} for row in rows]}
    for _ in range(3):
        answer = stack.clients.functions.invoke(
            FunctionName=stack.outputs["ProjectorFunction"], Payload=json.dumps(again).encode()
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
    sweep(stack)
    assert len(listener.heard(upload_id)) == 1


def test_a_usually_busy_clinic_that_sends_nothing_is_told_of_once(stack, listen):
    clinic = f"quiet-{secrets.token_hex(4)}"
    enter_clinic(stack, clinic)
    listener = listen(clinic, AlertKind.QUIET)
    sums = DynamoProjections(Table(stack.clients.dynamodb, stack.outputs["Table"]))
    for week in (1, 2, 3):
        sums.apply([_past(clinic, number, weeks=week) for number in range(FILES)])

    def told():
        empty_queue(stack)
        sweep(stack)
        return listener.heard()

    (mail,) = until(told, "the message on the quiet clinic", 120)
    assert mail["Subject"] == f"[Silent Scalper] No files from {clinic} for 6 hours"
    noted = DynamoWatch(Table(stack.clients.dynamodb, stack.outputs["Table"])).quiet()
    assert [(one.clinic_id, one.usual) for one in noted if one.clinic_id == clinic] == [(clinic, FILES)]
    for _ in range(2):
        sweep(stack)
    assert len(listener.heard()) == 1


def test_the_queues_age_is_what_cloudwatch_tells(stack, session):
    cloudwatch = session.client("cloudwatch", endpoint_url=stack.endpoint)
    age = CloudWatchQueueAge(cloudwatch, f"{stack.endpoint}/000000000000/some-queue")
    assert age.oldest_s(now()) is None

    cloudwatch.put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "some-queue"}],
                "Value": 90,
                "Unit": "Seconds",
            }
        ],
    )
    assert age.oldest_s(now()) == 90
    cloudwatch.close()


def _image(row):
    """Return a change as Lambda tells it: bytes in base 64."""
    told = {name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in row.items()}
    return {"Keys": {"pk": row["pk"], "sk": row["sk"]}, "NewImage": told}


def _past(clinic, number, weeks):
    # In the window of whole hours that the sweep looks at, whatever minute it is now.
    at = Grain.HOUR.start(now()) - timedelta(weeks=weeks, hours=3)
    return Change(
        file_id=f"{clinic}-{weeks}-{number}", upload_id="past", clinic_id=clinic, source="direct", revision=1,
        old=None, new=Snapshot(State.ACCEPTED, size=1, dropped=True), at=at,
    )  # fmt: skip

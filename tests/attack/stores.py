"""Everything that keeps something, found in the deployed stack, and how it is read.

A resource of a kind that is not named here, or a store without a row in `STORES`, is a breach: whoever adds one says
here what it may hold.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.local.clients import other_client
from infra.local.deployment import STACK_NAME
from intake.table.items import unpack
from intake.table.table import deserialize
from tests.attack.world import World

KEEP_NOTHING = frozenset(
    {
        "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Authorizer", "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage", "AWS::Athena::NamedQuery", "AWS::Athena::WorkGroup",
        "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain", "AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolResourceServer",
        "AWS::Glue::Database", "AWS::Glue::Table", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::KMS::Key",
        "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
        "AWS::Scheduler::Schedule", "AWS::KMS::Alias",
    }
)  # fmt: skip
"""Kinds of resources that keep nothing of what passes them. Athena's and Glue's data lie in a bucket; a topic's
messages go on to queues."""


@dataclass(frozen=True, slots=True)
class Place:
    """Something that a store holds, as text."""

    where: str
    """Which part of which store: no value of what it holds."""
    text: str
    may: frozenset[str] = frozenset()
    """Ways of planting whose texts may stand here."""


@dataclass(frozen=True, slots=True)
class Row:
    """A store, by its CloudFormation type and the beginning of its logical id."""

    kind: str
    begins: str
    read: Callable[[World, str, str], Iterator[Place]]


SENDERS_OWN = frozenset({"s3 key", "s3 metadata"})
"""What who drops objects chose: it stands where it was put, and in S3's messages about it."""
SEARCHED_BY = frozenset({"file name", "reference", "entry name", "s3 key"})
"""Names are searched by how they begin (docs/adr/0010-searches-are-queries.md)."""
EXAMS_FOUND_BY = frozenset({"patient name", "entry content", "rejected content", "stow"})
"""Exams are searched by how names, accession numbers and descriptions begin (docs/adr/0043-the-study-board.md)."""
RECORD = frozenset(
    {"patient name", "patient id", "other tag", "file name", "hl7", "fhir", "ccda", "csv", "pdf", "png text",
     "nifti text", "entry name", "entry content", "stow", "s3 key", "rejected content"}
)  # fmt: skip
ITEMS: Mapping[str, frozenset[str]] = {
    "FILE": RECORD,
    "UPLOAD": RECORD | {"reference", "note"},
    "STUDY": RECORD | {"label"},
    "BOARD": frozenset({"label"}),
    "EXPECTED": frozenset({"expected list", "expected exam"}),
    "SEARCH": frozenset({"search form"}),
    "WEBHOOKS": frozenset({"webhook path"}),
}
"""The beginning of an item's partition → what its own attributes may hold; any other item may hold nothing."""


def resources(world: World) -> list[tuple[str, str, str]]:
    """Return type, logical and physical id of all that the stack made."""
    pages = world.stack.clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    rows = [row for page in pages for row in page["StackResourceSummaries"]]
    return [(row["ResourceType"], row["LogicalResourceId"], row["PhysicalResourceId"]) for row in rows]


def gaps(kinds: list[tuple[str, str]]) -> list[str]:
    """Return which resources, by type and logical id, nobody has said anything about."""
    return [f"{kind} {name}" for kind, name in kinds if kind not in KEEP_NOTHING and row_of(kind, name) is None]


def row_of(kind: str, name: str) -> Row | None:
    return next((row for row in STORES if row.kind == kind and name.startswith(row.begins)), None)


def everything(world: World) -> Iterator[Place]:
    """Yield all that the stack's stores and this machine's files hold."""
    for kind, name, physical in resources(world):
        row = row_of(kind, name)
        if row is not None:
            yield from row.read(world, name, physical)
    yield from local_files(world)
    yield from _metrics(world)


def _objects(world: World, name: str, bucket: str) -> Iterator[Place]:
    """Yield keys, metadata and tags of all versions: what the objects hold is the senders' own."""
    s3 = world.stack.clients.s3
    may = SENDERS_OWN if name.startswith("StorageIncoming") else frozenset()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for row in page.get("Versions", ()):
            key = {"Bucket": bucket, "Key": row["Key"], "VersionId": row["VersionId"]}
            yield Place(f"a key in {name}", row["Key"], may)
            try:
                head = s3.head_object(**key)
                yield Place(f"metadata in {name}", json.dumps([head["Metadata"], head.get("ContentDisposition")]), may)
                yield Place(f"tags in {name}", json.dumps(s3.get_object_tagging(**key)["TagSet"]))
            except ClientError:
                continue


def _written(world: World, name: str, bucket: str) -> Iterator[Place]:
    """Yield keys and contents of what the system itself writes: analytics, answers of queries, access logs."""
    s3 = world.stack.clients.s3
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for row in page.get("Contents", ()):
            yield Place(f"a key in {name}", row["Key"])
            body = s3.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
            yield Place(f"contents in {name}", _inflated(body).decode("latin-1"))


def _derived(world: World, name: str, bucket: str) -> Iterator[Place]:
    """Yield all of what the system makes of senders' files: keys, metadata and tags, and what is text in the bytes."""
    yield from _objects(world, name, bucket)
    yield from _written(world, name, bucket)


def _inflated(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def _items(world: World, name: str, table: str) -> Iterator[Place]:
    """Yield each item's keys, its keys of indexes, and the rest of its attributes."""
    dynamodb = world.stack.clients.dynamodb
    described = dynamodb.describe_table(TableName=table)["Table"]
    schemas = [described["KeySchema"], *(index["KeySchema"] for index in described.get("GlobalSecondaryIndexes", ()))]
    keys = {key["AttributeName"] for schema in schemas for key in schema}
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for row in page["Items"]:
            item = deserialize(row)
            kind = str(item.get("pk", "")).partition("#")[0]
            for key in keys & set(item):
                may = SEARCHED_BY if key == "name_key" else frozenset()
                if key == "created_key" and str(item.get("sk", "")).startswith("VIEW#FIND#"):
                    may = EXAMS_FOUND_BY
                yield Place(f"key {key} of {kind} in {name}", str(item[key]), may)
            told = {attribute: _readable(value) for attribute, value in item.items() if attribute not in keys}
            text = json.dumps(told, default=str, ensure_ascii=False)
            yield Place(f"item {kind} in {name}", text, ITEMS.get(kind, frozenset()))


def _readable(value: Any) -> Any:
    """Return an attribute as it would be read: packed ones unpacked."""
    try:
        return unpack(bytes(value)) if isinstance(value, bytes | bytearray) or hasattr(value, "value") else value
    except Exception:  # noqa: BLE001 - whatever it is, it is looked at as it stands
        return str(value)


def _messages(world: World, name: str, queue: str) -> Iterator[Place]:
    """Yield what waits in a queue; it comes back at once for whoever it is for."""
    sqs = world.stack.clients.sqs
    for _ in range(20):
        answer = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=1,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        for message in answer.get("Messages", ()):
            body = message["Body"]
            # S3's own messages tell the key of an object that somebody dropped.
            may = SENDERS_OWN if '"eventSource":"aws:s3"' in body.replace(" ", "") else frozenset()
            yield Place(f"a message in {name}", json.dumps(message, default=str), may)
        if not answer.get("Messages"):
            return


def _log_group(world: World, name: str, group: str) -> Iterator[Place]:
    logs = other_client("logs", world.stack.at)
    try:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                yield Place(f"a line of {name}", event["message"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _people(world: World, name: str, pool: str) -> Iterator[Place]:
    for page in world.stack.clients.cognito.get_paginator("list_users").paginate(UserPoolId=pool):
        yield Place(f"users of {name}", json.dumps(page["Users"], default=str))


def _secret(world: World, name: str, secret: str) -> Iterator[Place]:
    read = other_client("secretsmanager", world.stack.at).get_secret_value(SecretId=secret)
    yield Place(f"the secret {name}", str(read.get("SecretString")))


def local_files(world: World) -> Iterator[Place]:
    """Yield what runs here writes: the portal's output, and the state folder's own files."""
    yield Place("what the portal prints", world.portal_log.read_text(errors="replace"))
    for path in sorted(world.state.glob("*.json")):
        yield Place(f"the state folder's {path.name}", path.read_text(errors="replace"))


def _metrics(world: World) -> Iterator[Place]:
    cloudwatch = other_client("cloudwatch", world.stack.at)
    yield Place("names of metrics", json.dumps(cloudwatch.list_metrics()["Metrics"], default=str))


STORES: tuple[Row, ...] = (
    Row("AWS::S3::Bucket", "StorageIncoming", _objects),
    Row("AWS::S3::Bucket", "StorageAccepted", _objects),
    Row("AWS::S3::Bucket", "StorageQuarantine", _objects),
    Row("AWS::S3::Bucket", "StorageRenditions", _derived),
    Row("AWS::S3::Bucket", "StorageLogs", _written),
    Row("AWS::DynamoDB::Table", "RecordsTable", _items),
    Row("AWS::DynamoDB::Table", "AuditLogTable", _items),
    *(Row("AWS::SQS::Queue", f"Queueing{name}", _messages) for name in (
        "DeadLetters", "ProjectionFailures", "ExportFailures", "FailedInvocations", "Main", "ProjectionRedrives",
        "ExportRedrives", "Renditions")),
    Row("AWS::SQS::Queue", "AlertsMailbox", _messages),
    Row("AWS::SQS::Queue", "WebhooksUndelivered", _messages),
    Row("AWS::Logs::LogGroup", "ApiAccessLogs", _log_group),
    *(Row("AWS::Logs::LogGroup", f"{name}Logs", _log_group) for name in (
        "Judge", "Projector", "Exporter", "Sweep", "Rebuild", "Renderer", "Portal")),
    Row("AWS::Cognito::UserPool", "IdentityPool", _people),
    Row("AWS::SecretsManager::Secret", "", _secret),
)  # fmt: skip

"""The deployed stack with its event sources off, and its functions run in this process."""

import base64
import contextlib
import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import boto3
import httpx

from infra.local.clients import function_environment
from infra.local.stack import LocalStack
from processor.projection import projector
from processor.projection.exporter import EXPORTED
from processor.projection.projector import COUNTED
from tests.dicom_files import ct_slice, uid
from tests.emulator.sign_in import partner_token
from tests.emulator.stacks import eventually
from tests.metering.functions import Function, deployed
from tests.metering.ledger import Ledger


class Bench:
    """The stack with its event sources off, and the functions in our hands."""

    def __init__(self, stack: LocalStack, exits: contextlib.ExitStack) -> None:
        self.stack, self.outputs, self.aws = stack, stack.outputs, stack.clients
        self._quieten()
        # Each upload's end is told at once: the sweep, which tells it otherwise, is metered where nothing waits for it.
        exits.enter_context(mock.patch.object(projector, "CALM", timedelta()))
        self.token = partner_token(stack)
        self.http = exits.enter_context(httpx.Client(timeout=60))
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        self.streams: Any = session.client("dynamodbstreams", endpoint_url=stack.endpoint)
        self.portal = self._function(exits, "PortalFunction", "portal.handler")
        self.judge = self._function(exits, "JudgeFunction", "processor.handlers.judge")
        self.projector = self._function(exits, "ProjectorFunction", "processor.handlers.project")
        self.exporter = self._function(exits, "ExporterFunction", "processor.handlers.export")
        self.sweep = self._function(exits, "SweepFunction", "processor.handlers.sweep")
        self._position = self._end_of_stream()

    def _function(self, exits: contextlib.ExitStack, output: str, module: str) -> Function:
        name = self.outputs[output]
        environment = function_environment(self.aws, self.stack.at, name)
        environment["AWS_LAMBDA_FUNCTION_NAME"] = name
        ledger = Ledger(self.aws.dynamodb, self.outputs["Table"])
        return exits.enter_context(deployed(name, module, environment, ledger))

    def _quieten(self) -> None:
        for mapping in self.aws.functions.list_event_source_mappings()["EventSourceMappings"]:
            self.aws.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def send(self, study: str, files: int, announced: int, of_a_study: int) -> None:
        """Announce files, put them, and ask once for what became of each."""
        for start in range(0, files, announced):
            # Scanners name their files by UIDs, and a name takes room in the record.
            some = {
                f"{uid(study, 1, n)}.dcm": _make_slice(f"{study} {n // of_a_study}", n)
                for n in range(start, min(start + announced, files))
            }
            answer = self._ask("POST", "/api/v1/uploads", {"files": [_declared(*file) for file in some.items()]})
            for file in answer["files"]:
                put = self.http.put(file["put"]["url"], content=some[file["name"]], headers=file["put"]["headers"])
                put.raise_for_status()
            self.judge.ledger.entries["s3 put by clinics"] += len(some)
            self.uploads.append(answer["upload_id"])

    def judge_all(self, files: int, batch: int) -> None:
        eventually(lambda: self._waiting() >= files)
        while messages := self._messages(batch):
            answer = self.judge.invoke({"Records": messages})
            assert answer == {"batchItemFailures": []}, answer

    def project_all(self, batch: int) -> None:
        records = [record for record in self._records() if _is_counted(record)]
        self.changed += records
        for start in range(0, len(records), batch):
            self.projector.invoke({"Records": records[start : start + batch]})

    def export_all(self) -> None:
        """Hand all verdicts over at once: the exporter waits for a thousand, or for five minutes."""
        verdicts = [one for one in self.changed if one["dynamodb"]["NewImage"]["state"]["S"] in EXPORTED]
        assert len(verdicts) == len({one["dynamodb"]["Keys"]["sk"]["S"] for one in self.changed}), verdicts
        self.exporter.invoke({"Records": verdicts})

    def ask_for_all(self) -> None:
        for upload_id in self.uploads:
            query = ""
            while True:
                page = self._ask("GET", f"/api/v1/uploads/{upload_id}", query=query)
                assert all(file["state"] == "accepted" for file in page["files"]), page
                if not page.get("next"):
                    break
                query = f"cursor={page['next']}"

    def begin(self) -> None:
        self.uploads: list[str] = []
        self.changed: list[dict[str, Any]] = []
        self.answered = 0
        for function in (self.portal, self.judge, self.projector, self.exporter, self.sweep):
            function.reset()

    def _ask(self, method: str, path: str, body: Any = None, query: str = "") -> Any:
        answer = self.portal.invoke(_request(method, path, self.token, body, query))
        assert answer["statusCode"] < 300, answer
        data = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        self.answered += len(data)
        return json.loads(gzip.decompress(data) if answer["isBase64Encoded"] else data)

    def _waiting(self) -> int:
        asked = self.aws.sqs.get_queue_attributes(QueueUrl=self.outputs["QueueUrl"], AttributeNames=["All"])
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    def _messages(self, batch: int) -> list[dict[str, Any]]:
        """Take a batch off the queue, in the form that Lambda hands over."""
        queue = self.outputs["QueueUrl"]
        messages = self.aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=batch).get("Messages", [])
        for message in messages:
            self.aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for message in messages
        ]

    def _shards(self) -> Iterator[tuple[str, str]]:
        table = self.aws.dynamodb.describe_table(TableName=self.outputs["Table"])["Table"]
        stream = table["LatestStreamArn"]
        for shard in self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
            yield stream, shard["ShardId"]

    def _end_of_stream(self) -> list[str]:
        return [
            self.streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="LATEST")[
                "ShardIterator"
            ]
            for stream, shard in self._shards()
        ]

    def _records(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        for n in range(len(self._position)):
            answer: dict[str, Any] = {"Records": True}
            while answer["Records"]:
                answer = self.streams.get_records(ShardIterator=self._position[n])
                records += answer["Records"]
                self._position[n] = answer["NextShardIterator"]
        return records


def _make_slice(study: str, number: int) -> bytes:
    return ct_slice(study=uid(study), series=uid(study, 1), instance=number + 1)


def _declared(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _is_counted(record: dict[str, Any]) -> bool:
    """Say whether a record passes the filter of the projector's event source."""
    is_file = str(record["dynamodb"]["Keys"]["sk"]["S"]).startswith("FILE#")
    return is_file and record["dynamodb"]["NewImage"]["state"]["S"] in COUNTED


def _request(method: str, path: str, token: str, body: Any, query: str) -> dict[str, Any]:
    """Return a request as API Gateway's HTTP API hands it over (payload format 2.0)."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "host": "localhost"}
    headers["accept-encoding"] = "gzip"
    return {
        "version": "2.0",
        "routeKey": "ANY /api/{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"},
            "requestId": "meter",
            "stage": "$default",
        },
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }

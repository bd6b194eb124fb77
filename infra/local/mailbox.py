"""Read the mailbox that keeps a copy of every alert, and leave everything in it."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import EndpointConnectionError

from infra.errors import RunnerError
from infra.local.clients import clients

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_BATCH = 10


@dataclass(frozen=True, slots=True)
class Letter:
    """An alert as SNS delivered it."""

    at: datetime
    kind: str
    clinic_id: str
    severity: str
    subject: str
    body: str

    @classmethod
    def from_message(cls, text: str) -> "Letter":
        """Read the body of a queue's message, in which SNS wraps what it delivers."""
        envelope = json.loads(text)
        attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
        return cls(
            at=datetime.fromisoformat(envelope["Timestamp"]),
            kind=attributes.get("kind", ""),
            clinic_id=attributes.get("clinic_id", ""),
            severity=attributes.get("severity", ""),
            subject=envelope.get("Subject") or "",
            body=envelope["Message"],
        )


def read_mailbox(local_file: Path) -> list[Letter]:
    """Return every alert of the running local stack, oldest first. Raises RunnerError when none is running."""
    if not local_file.exists():
        raise RunnerError(f"{local_file} is missing: start the system with `scalper up` first.")
    place = json.loads(local_file.read_bytes())
    endpoint = place["aws"]["endpoint_url"]
    try:
        return _receive_letters(clients(endpoint).sqs, place["queues"]["mailbox"])
    except EndpointConnectionError as error:
        raise RunnerError(f"Nothing answers at {endpoint}: start the system with `scalper up` first.") from error


def _receive_letters(sqs: "SQSClient", queue: str) -> list[Letter]:
    letters: dict[str, Letter] = {}
    receipts: list[str] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_BATCH, VisibilityTimeout=30).get(
        "Messages", []
    ):
        receipts += [message["ReceiptHandle"] for message in messages]
        letters |= {message["MessageId"]: Letter.from_message(message["Body"]) for message in messages}
    for receipt in receipts:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=receipt, VisibilityTimeout=0)
    return sorted(letters.values(), key=lambda letter: letter.at)

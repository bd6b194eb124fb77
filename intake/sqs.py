"""Queues behind the `Queue` port (source: Amazon SQS Developer Guide, "Visibility timeout")."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from intake.errors import ScalperError
from intake.ports import QueuedMessage

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_BATCH = 10
_LOOK_SECONDS = 20
"""How long a message that was looked at stays hidden, at the most: it is shown again as soon as the look is over."""


class SqsQueue:
    """Sends to a queue, and looks into it without taking anything out."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._sqs = client
        self._url = url

    def send(self, bodies: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(bodies), _BATCH):
            entries = [
                {"Id": str(index), "MessageBody": json.dumps(body)}
                for index, body in enumerate(bodies[start : start + _BATCH])
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            if answer.get("Failed"):
                raise ScalperError(f"SQS took all but {len(answer['Failed'])} messages")

    def peek(self, limit: int) -> tuple[QueuedMessage, ...]:
        seen: dict[str, QueuedMessage] = {}
        receipts: list[str] = []
        while len(seen) < limit:
            # Hidden for the while of the look, the same message does not come twice.
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_BATCH, limit - len(seen)),
                VisibilityTimeout=_LOOK_SECONDS,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
            messages = answer.get("Messages", ())
            if not messages:
                break
            for message in messages:
                receipts.append(message["ReceiptHandle"])
                seen[message["MessageId"]] = QueuedMessage(
                    message["MessageId"],
                    json.loads(message["Body"]),
                    int(message["Attributes"]["ApproximateReceiveCount"]),
                )
        self._show_again(receipts)
        return tuple(seen.values())

    def depth(self) -> int:
        answer = self._sqs.get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, answer["Attributes"].values()))

    def _show_again(self, receipts: list[str]) -> None:
        for start in range(0, len(receipts), _BATCH):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for index, receipt in enumerate(receipts[start : start + _BATCH])
                ],
            )

"""Queues behind the `Queue`, the `DeadLetters`, the `Deliveries` and the `QueueAge` port.

Sources: Amazon SQS Developer Guide, "Visibility timeout", "Available CloudWatch metrics for Amazon SQS"; Amazon
CloudWatch API Reference, GetMetricData.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from intake.errors import ScalperError
from intake.messaging.model import QueuedMessage

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_BATCH = 10
_LOOK_SECONDS = 20
"""How long a message that was looked at stays hidden, at the most: it is shown again as soon as the look is over."""
_MOVE_SECONDS = 60
"""How long a message stays hidden that is being moved or sought."""
_LATELY = timedelta(minutes=5)


class SqsQueue:
    """Sends to a queue, and looks into it without taking anything out. A dead-letter queue's goes on to `redrives`."""

    def __init__(self, client: "SQSClient", url: str, *, redrives: str = "") -> None:
        self._sqs = client
        self._url = url
        self._redrives = redrives

    def send(self, bodies: Sequence[dict[str, Any]], delay_s: int = 0) -> None:
        self._send(self._url, [json.dumps(body) for body in bodies], delay_s)

    def peek(self, limit: int) -> tuple[QueuedMessage, ...]:
        seen: dict[str, QueuedMessage] = {}
        receipts: list[str] = []
        for batch in self._batches(limit, _LOOK_SECONDS):
            receipts += [message["ReceiptHandle"] for message in batch]
            seen.update({message["MessageId"]: _read_message(message) for message in batch})
        self._show_again(receipts)
        return tuple(seen.values())

    def depth(self) -> int:
        answer = self._sqs.get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, answer["Attributes"].values()))

    def redrive(self, limit: int, only: str = "") -> int:
        # StartMessageMoveTask would move all or nothing, later, and could not be told of one message.
        moved = 0
        for chosen in self._find(limit, only):
            self._send(self._redrives, [message["Body"] for message in chosen])
            moved += self._remove(chosen)
        return moved

    def discard(self, limit: int, only: str) -> int:
        return sum(self._remove(chosen) for chosen in self._find(limit, only))

    def _find(self, limit: int, only: str) -> Iterator[list["MessageTypeDef"]]:
        """Yield messages by tens: all, or the one with the id `only`. What was hidden in vain is shown again."""
        in_vain: list[str] = []
        for batch in self._batches(limit, _MOVE_SECONDS):
            chosen = [message for message in batch if only in {"", message["MessageId"]}]
            in_vain += [message["ReceiptHandle"] for message in batch if message not in chosen]
            if chosen:
                yield chosen
            if chosen and only:
                break
        self._show_again(in_vain)

    def _batches(self, limit: int, hidden_s: int) -> Iterator[list["MessageTypeDef"]]:
        """Yield messages by tens, up to `limit`. Hidden for a while, the same message does not come twice."""
        left = limit
        while left > 0:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_BATCH, left),
                VisibilityTimeout=hidden_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            left -= len(messages)
            yield messages

    def _send(self, url: str, texts: Sequence[str], delay_s: int = 0) -> None:
        delayed = {"DelaySeconds": delay_s} if delay_s else {}
        for start in range(0, len(texts), _BATCH):
            entries = [
                {"Id": str(index), "MessageBody": text, **delayed}
                for index, text in enumerate(texts[start : start + _BATCH])
            ]
            answer = self._sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
            if answer.get("Failed"):
                raise ScalperError(f"SQS took all but {len(answer['Failed'])} messages")

    def _remove(self, messages: Sequence["MessageTypeDef"]) -> int:
        entries = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
        ]
        answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
        return len(answer.get("Successful", ()))

    def _show_again(self, receipts: list[str]) -> None:
        for start in range(0, len(receipts), _BATCH):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for index, receipt in enumerate(receipts[start : start + _BATCH])
                ],
            )


class SqsDeliveries:
    """Speaks for one queue's messages, for as long as their receipts hold."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._sqs = client
        self._url = url

    def put_off(self, waits: Mapping[str, int]) -> int:
        receipts, refused = list(waits), 0
        for start in range(0, len(receipts), _BATCH):
            entries = [
                {"Id": str(index), "ReceiptHandle": receipt, "VisibilityTimeout": waits[receipt]}
                for index, receipt in enumerate(receipts[start : start + _BATCH])
            ]
            answer = self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            refused += len(answer.get("Failed", ()))
        return refused

    def remove(self, receipt: str) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)


def _read_message(message: "MessageTypeDef") -> QueuedMessage:
    attributes = message["Attributes"]
    sent_at = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    # What is no JSON object is as good as empty: nobody knows what to do with it.
    known = body if isinstance(body, dict) else {}
    return QueuedMessage(message["MessageId"], known, int(attributes["ApproximateReceiveCount"]), sent_at)


class CloudWatchQueueAge:
    """Asks for the last minutes' maximum and tells the newest. SQS does not know it: CloudWatch does, each minute."""

    def __init__(self, client: "CloudWatchClient", queue_url: str) -> None:
        self._cloudwatch = client
        self._queue_name = queue_url.rpartition("/")[2]

    def oldest_s(self, at: datetime) -> int | None:
        answer = self._cloudwatch.get_metric_data(
            StartTime=at - _LATELY,
            EndTime=at + timedelta(minutes=1),
            ScanBy="TimestampDescending",
            MetricDataQueries=[
                {
                    "Id": "age",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SQS",
                            "MetricName": "ApproximateAgeOfOldestMessage",
                            "Dimensions": [{"Name": "QueueName", "Value": self._queue_name}],
                        },
                        "Period": 60,
                        "Stat": "Maximum",
                    },
                }
            ],
        )
        values = [value for result in answer["MetricDataResults"] for value in result["Values"]]
        return int(values[0]) if values else None

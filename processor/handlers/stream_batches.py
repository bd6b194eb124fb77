"""What a function that follows the table's stream is given: its records, or word of a batch that was given up."""

import json
from collections.abc import Iterator
from typing import Any

from intake.table.dynamodb_streams import DynamoStream
from intake.table.queries import StreamStretch


def read_records(event: dict[str, Any], stream: DynamoStream) -> Iterator[dict[str, Any]]:
    """Yield the stream's records, reading again those that an admin redrives. Raises StreamTrimmedError."""
    for record in event["Records"]:
        if record["eventSource"] == "aws:sqs":
            yield from stream.records(StreamStretch.read(json.loads(record["body"])))
        else:
            yield record

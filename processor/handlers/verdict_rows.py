"""Reading verdicts off the table's stream (source: Amazon DynamoDB Streams API Reference, StreamRecord)."""

from collections.abc import Iterable, Iterator
from typing import Any

from intake.table.serialization import deserialize
from processor.handlers.record_changes import is_file
from processor.projection.exporter import Row, row


def rows(records: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Yield a row for each verdict among the changes."""
    for record in records:
        image = record["dynamodb"]
        if "NewImage" in image and is_file(image["Keys"]):
            found = row(deserialize(image.get("OldImage", {})), deserialize(image["NewImage"]))
            if found:
                yield found

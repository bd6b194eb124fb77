"""Reading verdicts off the table's stream (source: Amazon DynamoDB Streams API Reference, StreamRecord)."""

from collections.abc import Iterable, Iterator
from typing import Any

from intake.serialization import deserialize
from processor.export import Row, row
from processor.stream import is_file


def rows(records: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Yield a row for each verdict among the changes."""
    for record in records:
        image = record["dynamodb"]
        if "NewImage" in image and is_file(image["Keys"]):
            found = row(deserialize(image.get("OldImage", {})), deserialize(image["NewImage"]))
            if found:
                yield found

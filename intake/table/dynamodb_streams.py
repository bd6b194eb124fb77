"""Reading a stretch of the table's stream again (source: Amazon DynamoDB API Reference, GetRecords)."""

from collections.abc import Iterator
from typing import Any, Protocol

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ScalperError
from intake.table.queries import StreamStretch

TRIMMED = "TrimmedDataAccessException"


class StreamTrimmedError(ScalperError):
    """Raised when a stretch of the stream is older than the 24 hours that DynamoDB keeps."""


class StreamsClient(Protocol):
    """What is used of boto3's client for DynamoDB Streams."""

    def get_shard_iterator(self, **request: str) -> dict[str, Any]: ...

    def get_records(self, **request: str) -> dict[str, Any]: ...


class DynamoStream:
    """Reads records by their position."""

    def __init__(self, client: StreamsClient) -> None:
        self._streams = client

    def records(self, stretch: StreamStretch) -> Iterator[dict[str, Any]]:
        """Yield the stretch's records. Raises StreamTrimmedError."""
        try:
            position: str | None = self._streams.get_shard_iterator(
                StreamArn=stretch.stream,
                ShardId=stretch.shard,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=stretch.first,
            )["ShardIterator"]
            while position:
                answer = self._streams.get_records(ShardIterator=position)
                for record in answer["Records"]:
                    yield record
                    if record["dynamodb"]["SequenceNumber"] == stretch.last:
                        return
                # An open shard has always a next position, even behind its last record.
                position = answer.get("NextShardIterator") if answer["Records"] else None
        except ClientError as error:
            if read_error_code(error) == TRIMMED:
                raise StreamTrimmedError("the stream no longer holds those records") from error
            raise

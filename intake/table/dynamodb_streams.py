"""Reading a stretch of the table's stream again, from its first record to its last.

A page may be empty though records follow ("it might take multiple calls"), an iterator lives for 15 minutes, more than
two readers of a shard are throttled, and records are gone after 24 hours. Only having seen the last record, or one
behind it, tells that a stretch was read. Sources: Amazon DynamoDB API Reference, GetRecords, GetShardIterator; Amazon
DynamoDB Developer Guide, "Change data capture for DynamoDB Streams".
"""

import time
from collections.abc import Iterator
from typing import Any, Protocol

from botocore.exceptions import ClientError

from intake.aws_errors import read_error_code
from intake.errors import ScalperError
from intake.table.queries import StreamStretch
from intake.table.throttling import THROTTLED

LONGEST_S = 30
"""For how long a stretch is read: half of its reader's time limit, the other half is for what the records ask for."""
MOST_CALLS = 400
"""As many megabytes at the most; a batch has up to six, and what Lambda's filter left out lies between its records."""

_BUSY = THROTTLED | {"LimitExceededException"}
_EXPIRED = "ExpiredIteratorException"
_LOST = frozenset({"TrimmedDataAccessException", "ResourceNotFoundException"})
"""Codes for records older than 24 hours, and for a stream or shard that is no more."""
_WAY_OUT = "only a rebuild brings what they changed"
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.25
"""Lambda itself looks into a shard four times a second (Lambda guide, "Polling and batching streams")."""


class StreamRecordsLostError(ScalperError):
    """Raised when the stream no longer holds a stretch: what its records would have changed must be computed anew."""


class StreamUnfinishedError(ScalperError):
    """Raised when a stretch's last record was not seen in time: nothing is lost, and it can be read again later."""


class StreamsClient(Protocol):
    """What is used of boto3's client for DynamoDB Streams."""

    def get_shard_iterator(self, **request: str) -> dict[str, Any]: ...

    def get_records(self, **request: str) -> dict[str, Any]: ...


class DynamoStream:
    """Reads records by their position."""

    def __init__(self, client: StreamsClient) -> None:
        self._streams = client

    def records(self, stretch: StreamStretch) -> Iterator[dict[str, Any]]:
        """Yield the stretch's records. Raises StreamRecordsLostError and StreamUnfinishedError, both before its end."""
        last, is_begun = int(stretch.last), False
        for page in self._pages(stretch):
            for record in page:
                number = int(record["dynamodb"]["SequenceNumber"])
                if number <= last:
                    is_begun = True
                    yield record
                elif not is_begun:
                    raise StreamRecordsLostError(f"the shard begins behind these records: {_WAY_OUT}")
                if number >= last:
                    return

    def _pages(self, stretch: StreamStretch) -> Iterator[list[dict[str, Any]]]:
        """Yield a shard's pages from the stretch's first record on, for as long as they are asked for."""
        budget, position, read_to = _Budget(), None, None
        while True:
            budget.spend()
            try:
                position = position or self._find_position(stretch, read_to)
                answer = self._streams.get_records(ShardIterator=position)
            except ClientError as error:
                if not _is_for_now(error):
                    raise
                position = None if read_error_code(error) == _EXPIRED else position
                budget.wait()
                continue
            page = answer["Records"]
            if page:
                read_to = page[-1]["dynamodb"]["SequenceNumber"]
                yield page
            else:
                budget.wait()
            position = answer.get("NextShardIterator")
            if position is None:
                raise StreamRecordsLostError(f"the shard ended before the last record: {_WAY_OUT}")

    def _find_position(self, stretch: StreamStretch, read_to: str | None) -> str:
        """Return where a stretch begins, or goes on behind what was read."""
        iterator: str = self._streams.get_shard_iterator(
            StreamArn=stretch.stream,
            ShardId=stretch.shard,
            ShardIteratorType="AFTER_SEQUENCE_NUMBER" if read_to else "AT_SEQUENCE_NUMBER",
            SequenceNumber=read_to or stretch.first,
        )["ShardIterator"]
        return iterator


class _Budget:
    """What one reading of a stretch may take of calls and time."""

    def __init__(self) -> None:
        self._calls, self._ends_at, self._pause_s = 0, time.monotonic() + LONGEST_S, _SHORTEST_PAUSE_S

    def spend(self) -> None:
        """Count a call that is about to be made. Raises StreamUnfinishedError where there is none left."""
        if self._calls >= MOST_CALLS or time.monotonic() >= self._ends_at:
            raise StreamUnfinishedError(f"the last record was not seen within {self._calls} calls")
        self._calls += 1

    def wait(self) -> None:
        """Let time pass behind a call that brought nothing, each time more of it."""
        time.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


def _is_for_now(error: ClientError) -> bool:
    """Say whether the same may be asked again at once. Raises StreamRecordsLostError where it never helps."""
    code = read_error_code(error)
    if code in _LOST:
        raise StreamRecordsLostError(f"the stream no longer holds these records: {_WAY_OUT}") from error
    return code in _BUSY or code == _EXPIRED

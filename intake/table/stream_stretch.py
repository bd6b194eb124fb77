"""A batch of the table's stream that was given up: where it lies, and not what it holds."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class StreamStretch:
    """A batch that was given up, as Lambda tells an on-failure destination: a position and not the records."""

    stream: str
    shard: str
    first: str
    """Sequence number of its first record."""
    last: str

    @classmethod
    def read(cls, body: dict[str, Any]) -> Self:
        """Read a message. Raises ValueError for one of another kind.

        Source: AWS Lambda Developer Guide, "Retain discarded records for a DynamoDB event source".
        """
        try:
            told = body["DDBStreamBatchInfo"]
            members = (told[name] for name in ("streamArn", "shardId", "startSequenceNumber", "endSequenceNumber"))
            return cls(*map(str, members))
        except (KeyError, TypeError):
            raise ValueError("the message tells of no batch of a stream") from None

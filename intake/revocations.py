"""Access that was ended, in the table, behind the `Revocations` port: one small item each, which goes by TTL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from intake.aws_errors import code_of
from intake.errors import RevocationsUnknownError
from intake.expressions import replacement
from intake.items import Item, plain, wire
from intake.ownership import SYSTEM
from intake.ports.revocations import Revoked

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(hours=24)
"""Twice as long as any session lasts, so that no token that outlives its item is good for anything."""

_BUSY = frozenset(
    {"InternalServerError", "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}
)


class DynamoRevocations:
    """Read by key and consistently: whoever asks after an item was written sees it."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def revoke_session(self, session_id: str, at: datetime) -> None:
        with _translated():
            self._dynamodb.put_item(**replacement(self._table, _item(_session_key(session_id), at), SYSTEM))

    def revoke_sign_ins(self, subject: str, at: datetime) -> None:
        # Two admins' clocks may differ, and a repetition may come late: the later moment stays.
        with _translated(fine="ConditionalCheckFailedException"):
            item = _item(_subject_key(subject), at)
            values = {":at": item["ended_at"]}
            self._dynamodb.put_item(**replacement(self._table, item, SYSTEM, condition="ended_at < :at", values=values))

    def find(self, session_id: str, subject: str) -> Revoked:
        with _translated():
            session, person = self._at(_session_key(session_id)), self._at(_subject_key(subject))
        return Revoked(session is not None, Revoked().sign_ins_until if person is None else person)

    def _at(self, key: Item) -> int | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(key), ConsistentRead=True)
        return int(plain(answer["Item"])["ended_at"]) if "Item" in answer else None


def _session_key(session_id: str) -> Item:
    return {"pk": f"REVOKED#SESSION#{session_id}", "sk": "#REVOKED"}


def _subject_key(subject: str) -> Item:
    return {"pk": f"REVOKED#SUBJECT#{subject}", "sk": "#REVOKED"}


def _item(key: Item, at: datetime) -> Item:
    return {**key, "ended_at": int(at.timestamp()), "expires": int((at + KEPT).timestamp())}


@contextmanager
def _translated(fine: str = "") -> Iterator[None]:
    """Say that nobody can tell where the table cannot be asked. A code that is `fine` ends the block without error."""
    try:
        yield
    except ClientError as error:
        if code_of(error) == fine:
            return
        if code_of(error) in _BUSY:
            raise RevocationsUnknownError("The table is busy.") from error
        raise
    except (HTTPClientError, NoConnectionError) as error:
        raise RevocationsUnknownError("The table cannot be reached.") from error

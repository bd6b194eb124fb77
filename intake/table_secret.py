"""The table's secret, which the ids of outside facts are keyed with (`intake/keyed_ids.py`)."""

import secrets
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import code_of, standing_item
from intake.expressions import creation
from intake.items import plain, wire
from intake.ownership import SYSTEM

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_KEY = {"pk": "SECRET#PATIENTS", "sk": "#SECRET"}
"""Named after what it was first made for."""


class TableSecret:
    """Read once per process, when it is first needed; the first of all to need it makes it."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table
        self._secret: bytes | None = None
        self._lock = Lock()

    def read(self) -> bytes:
        with self._lock:
            if self._secret is None:
                self._secret = bytes.fromhex(self._stored() or self._made())
            return self._secret

    def _stored(self) -> str:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_KEY), ConsistentRead=True)
        return str(plain(answer["Item"])["secret"]) if "Item" in answer else ""

    def _made(self) -> str:
        secret = secrets.token_hex(32)
        try:
            self._dynamodb.put_item(**creation(self._table, {**_KEY, "secret": secret}, SYSTEM))
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return str(plain(standing_item(error))["secret"])
        return secret

"""Digests of Patient IDs, under which a clinic finds its patients' files.

Keyed with a secret of the table: whoever sees a key of an index, in a metric or a trace, learns nothing, and cannot try
all seven-digit numbers. Keyed with the clinic: the same patient at two clinics shares nothing.
"""

import hashlib
import hmac
import secrets
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from intake.aws_errors import code_of, standing_item
from intake.expressions import creation
from intake.index_keys import normalised
from intake.items import plain, wire
from intake.ownership import SYSTEM

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_KEY = {"pk": "SECRET#PATIENTS", "sk": "#SECRET"}


class PatientKeys:
    """Makes digests. The secret is read once per process, when the first is made; the first of all makes it."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table
        self._secret: bytes | None = None
        self._lock = Lock()

    def key(self, clinic_id: str, patient_id: str) -> str:
        """Return `{clinic}#{digest}` of a Patient ID, or nothing for none."""
        normal = normalised(patient_id)
        if not normal:
            return ""
        said = f"{clinic_id}\0{normal}".encode()
        return f"{clinic_id}#{hmac.digest(self._known(), said, hashlib.sha256)[:20].hex()}"

    def _known(self) -> bytes:
        with self._lock:
            if self._secret is None:
                self._secret = bytes.fromhex(self._read() or self._make())
            return self._secret

    def _read(self) -> str:
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(_KEY), ConsistentRead=True)
        return str(plain(answer["Item"])["secret"]) if "Item" in answer else ""

    def _make(self) -> str:
        secret = secrets.token_hex(32)
        try:
            self._dynamodb.put_item(**creation(self._table, {**_KEY, "secret": secret}, SYSTEM))
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return str(plain(standing_item(error))["secret"])
        return secret

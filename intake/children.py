"""Entries of archives in the table, behind the `Children` port.

How many there are is declared by the projection of the archive's own verdict, so that no upload looks complete while
its archives are being unpacked, and the workers that unpack them do not meet on the upload.
"""

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.batches import items_at
from intake.errors import ContentionError
from intake.items import file_item, file_key, wire
from intake.record import FileRecord
from intake.states import JUDGED

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 8
_REFUSED = "ConditionalCheckFailed"


class DynamoChildren:
    """Reserves what archives hold."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def reserve(self, children: Sequence[FileRecord]) -> None:
        missing = list(children)
        for attempt in range(ATTEMPTS):
            if not missing:
                return
            try:
                self._dynamodb.transact_write_items(TransactItems=[{"Put": self._put(child)} for child in missing])
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons = cast("list[dict[str, Any]]", error.response["CancellationReasons"])
                fresh = [child for child, reason in zip(missing, reasons, strict=True) if reason["Code"] != _REFUSED]
                if len(fresh) == len(missing):
                    time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  # No secret depends on it.
                missing = fresh
            else:
                return
        raise ContentionError("others keep writing the same files")

    def awaited(self, file_ids: Sequence[str]) -> frozenset[str]:
        keys = [file_key(file_id) for file_id in file_ids]
        found = items_at(self._dynamodb, self._table, keys, "file_id", "state")
        return frozenset(item["file_id"] for item in found if item["state"] not in JUDGED)

    def _put(self, child: FileRecord) -> Any:  # noqa: ANN401  # One shape of a transaction's many.
        return {
            "TableName": self._table,
            "Item": wire(file_item(child)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }

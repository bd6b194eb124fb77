"""Entries of archives in the table, behind the `Children` port.

A reservation and its share of the upload's number of files are written in one transaction, so that a repetition, or a
slice that was cut in another way before, declares nothing twice.
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from intake.aws_errors import code_of
from intake.batches import items_at
from intake.errors import ContentionError
from intake.expressions import addition
from intake.items import Item, direct_upload_facts, file_item, file_key, upload_key, wire
from intake.record import FileRecord, Source
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
                self._dynamodb.transact_write_items(TransactItems=self._transaction(missing))
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                _, *reasons = cast("list[dict[str, Any]]", error.response["CancellationReasons"])
                fresh = [child for child, reason in zip(missing, reasons, strict=True) if reason["Code"] != _REFUSED]
                if len(fresh) == len(missing):
                    time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  # No secret depends on it.
                missing = fresh
            else:
                return
        raise ContentionError("others keep writing the same upload")

    def awaited(self, file_ids: Sequence[str]) -> frozenset[str]:
        keys = [file_key(file_id) for file_id in file_ids]
        found = items_at(self._dynamodb, self._table, keys, "file_id", "state")
        return frozenset(item["file_id"] for item in found if item["state"] not in JUDGED)

    def _transaction(self, children: list[FileRecord]) -> list[Any]:
        return [{"Update": self._declaration(children)}, *({"Put": self._put(child)} for child in children)]

    def _declaration(self, children: list[FileRecord]) -> dict[str, Any]:
        first = children[0]
        # A dropped archive's upload may have no receipt yet: the projection writes it, a moment after the verdict.
        facts: Item = {}
        if first.source is Source.DIRECT:
            facts = direct_upload_facts(first.clinic_id, first.upload_id, first.created_at)
        return addition(self._table, upload_key(first.upload_id), Counter(declared=len(children)), initial=facts)

    def _put(self, child: FileRecord) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Item": wire(file_item(child)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }

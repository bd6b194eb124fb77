"""The table as the portal uses it, behind the `Records` port. Every list is a Query; nothing scans.

Source: Amazon DynamoDB Developer Guide, "Querying tables", "Managing complex workflows with transactions".
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from intake.announced import AnnouncedFiles
from intake.aws_errors import code_of, standing_item
from intake.batches import items_at
from intake.cursors import before, cursor_of, position_of
from intake.errors import ConflictError, NotFoundError
from intake.expressions import creation
from intake.file_items import file_record, file_summary
from intake.file_lists import Section
from intake.index_queries import Indexes, newest
from intake.items import COUNTS, META, Item, file_key, plain, upload_key, wire
from intake.keys import is_file_id, is_upload_id
from intake.merged_lists import MergedLists
from intake.ports import RESERVED_AT_ONCE, Page
from intake.record import FileRecord, FileSummary, Upload, now, timestamp
from intake.states import State
from intake.upload_items import upload, upload_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_REMEMBERED = timedelta(hours=24)
_BEFORE_FILES = "FILE#"


class DynamoRecords:
    """Reserves files and reads what became of them."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table
        self._lists = MergedLists(client, table)
        self._announced = AnnouncedFiles(client, table)
        self._indexes = Indexes(client, table)

    def create_upload(self, upload: Upload) -> None:
        try:
            self._dynamodb.put_item(**creation(self._table, upload_item(upload)))
        except ClientError as error:
            raise _conflict(error, "the upload exists already") from error

    def add_files(self, upload: Upload, files: Sequence[FileRecord]) -> None:
        announced = upload.announced
        for _, same in groupby(files, lambda file: file.created_at):
            batch = list(same)
            for start in range(0, len(batch), RESERVED_AT_ONCE):
                chunk = batch[start : start + RESERVED_AT_ONCE]
                self._reserve(upload.upload_id, announced, chunk)
                announced += len(chunk)

    def upload(self, clinic_id: str | None, upload_id: str) -> Upload:
        if not is_upload_id(upload_id):
            raise NotFoundError("there is no such upload")
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :counts AND :meta",
            ExpressionAttributeValues=wire({":pk": upload_key(upload_id)["pk"], ":counts": COUNTS, ":meta": META}),
            ConsistentRead=True,
        )
        items = {item["sk"]: item for item in map(plain, answer["Items"])}
        if META not in items or clinic_id not in {None, items[META]["clinic_id"]}:
            raise NotFoundError("there is no such upload")
        return upload(items[META], items.get(COUNTS, {}))

    def uploads(self, clinic_id: str, cursor: str | None, limit: int) -> Page[Upload]:
        uploads = newest("by_clinic", "clinic_key", f"{clinic_id}#uploads")
        metas = self._indexes.keys(uploads, before(cursor), limit + 1).rows
        page = metas[:limit]
        counts = self._counts([meta["upload_id"] for meta in page])
        rows = tuple(upload(meta, counts.get(meta["upload_id"], {})) for meta in page)
        return Page(rows, cursor_of(page[-1]["created_key"]) if len(metas) > limit else None)

    def file(self, clinic_id: str | None, file_id: str) -> FileRecord:
        if not is_file_id(file_id):
            raise NotFoundError("there is no such file")
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(file_key(file_id)), ConsistentRead=True)
        if "Item" not in answer:
            raise NotFoundError("there is no such file")
        record = file_record(plain(answer["Item"]))
        if clinic_id not in {None, record.clinic_id}:
            raise NotFoundError("there is no such file")
        return record

    def some(self, file_ids: Sequence[str]) -> dict[str, FileRecord]:
        wanted = [file_key(file_id) for file_id in dict.fromkeys(file_ids)]
        found = items_at(self._dynamodb, self._table, wanted)
        return {record.file_id: record for record in map(file_record, found)}

    def files_of(self, upload_id: str, cursor: str | None, limit: int) -> Page[FileRecord]:
        after = position_of(cursor, _BEFORE_FILES) if cursor else _BEFORE_FILES
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues=wire({":pk": upload_key(upload_id)["pk"], ":after": after}),
            Limit=limit + 1,
            ConsistentRead=True,
        )
        records = [file_record(plain(item)) for item in answer["Items"]]
        # A page of DynamoDB's ends at 1 MB, maybe before the limit.
        more = len(records) > limit or (len(records) < limit and "LastEvaluatedKey" in answer)
        page = tuple(records[:limit])
        return Page(page, cursor_of(file_key(page[-1].file_id)["sk"]) if more else None)

    def files(
        self,
        clinic_id: str | None,
        state: State | None,
        since: datetime | None,
        cursor: str | None,
        limit: int,
        *,
        until: datetime | None = None,
    ) -> Page[FileSummary]:
        start, floor = before(cursor), timestamp(since) if since else ""
        start = min(start, timestamp(until)) if until else start
        merged = self._lists.newest(clinic_id, state, Section(start, floor, limit + 1))
        page = merged[:limit]
        rows = tuple(file_summary(item) for item in page)
        return Page(rows, cursor_of(page[-1]["created_key"]) if len(merged) > limit else None)

    def prolong(self, record: FileRecord, expires_at: datetime, multipart_id: str | None = None) -> None:
        sets = "SET expires_at = :expires_at" + (", multipart_id = :multipart_id" if multipart_id else "")
        values = {":expires_at": timestamp(expires_at), ":multipart_id": multipart_id, ":open": State.AWAITING_UPLOAD}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=wire(file_key(record.file_id)),
                UpdateExpression=sets,
                ConditionExpression="#state = :open",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=wire(values),
            )
        except ClientError as error:
            raise _conflict(error, "the file is no longer awaited") from error

    def remember(self, clinic_id: str, idempotency_key: str, body_sha256: str, value: str) -> str:
        # A sender may call a request by anything, a patient's number among it: keys hold its digest.
        digest = hashlib.sha256(idempotency_key.encode("utf-8", "surrogatepass")).hexdigest()
        item = {
            "pk": f"IDEMPOTENCY#{clinic_id}#{digest}",
            "sk": "#KEY",
            "body_sha256": body_sha256,
            "bound_to": value,
            "expires": int((now() + _REMEMBERED).timestamp()),
        }
        try:
            # DynamoDB removes what expired only within days, so what it still shows may be past its time.
            self._dynamodb.put_item(
                TableName=self._table,
                Item=wire(item),
                ConditionExpression="attribute_not_exists(pk) OR expires < :now",
                ExpressionAttributeValues=wire({":now": int(now().timestamp())}),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            earlier = plain(standing_item(error))
            if earlier["body_sha256"] != body_sha256:
                raise ConflictError("the idempotency key was used with another request") from error
            return str(earlier["bound_to"])
        return value

    def _reserve(self, upload_id: str, announced: int, files: Sequence[FileRecord]) -> None:
        count: Any = {
            "TableName": self._table,
            "Key": wire(upload_key(upload_id)),
            # Entries of archives are declared at the same time and by others, so the number is added to.
            "UpdateExpression": "SET announced = :after ADD declared :more",
            "ConditionExpression": "announced = :before",
            "ExpressionAttributeValues": wire(
                {":before": announced, ":after": announced + len(files), ":more": len(files)}
            ),
        }
        try:
            self._dynamodb.transact_write_items(TransactItems=[{"Update": count}, *self._announced.entered(files)])
        except ClientError as error:
            raise _conflict(error, "other files were added to the upload at the same time") from error

    def _counts(self, upload_ids: list[str]) -> dict[str, Item]:
        """Read the projected counts of up to 100 uploads."""
        found = items_at(self._dynamodb, self._table, [upload_key(upload_id, COUNTS) for upload_id in upload_ids])
        return {item["pk"].removeprefix("UPLOAD#"): item for item in found}


def _conflict(error: ClientError, refusal: str) -> Exception:
    refused = code_of(error) in {"ConditionalCheckFailedException", "TransactionCanceledException"}
    return ConflictError(refusal) if refused else error

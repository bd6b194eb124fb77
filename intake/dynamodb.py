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
from intake.cursors import before, check_position
from intake.errors import ConflictError, NotFoundError
from intake.expressions import creation, replacement, update
from intake.file_items import file_record, file_summary
from intake.file_lists import Section
from intake.index_queries import Indexes, newest
from intake.items import COUNTS, META, Item, file_key, plain, upload_key, wire
from intake.keys import is_file_id, is_upload_id
from intake.merged_lists import MergedLists
from intake.ownership import clinic
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
            self._dynamodb.put_item(**creation(self._table, upload_item(upload), clinic(upload.clinic_id)))
        except ClientError as error:
            raise _conflict(error, "the upload exists already") from error

    def add_files(self, upload: Upload, files: Sequence[FileRecord]) -> None:
        announced = upload.announced
        for _, same in groupby(files, lambda file: file.created_at):
            batch = list(same)
            for start in range(0, len(batch), RESERVED_AT_ONCE):
                chunk = batch[start : start + RESERVED_AT_ONCE]
                self._reserve(upload, announced, chunk)
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

    def uploads(self, clinic_id: str, after: str | None, limit: int) -> Page[Upload]:
        uploads = newest("by_clinic", "clinic_key", f"{clinic_id}#uploads")
        metas = self._indexes.keys(uploads, before(after), limit + 1).rows
        page = metas[:limit]
        counts = self._counts([meta["upload_id"] for meta in page])
        rows = tuple(upload(meta, counts.get(meta["upload_id"], {})) for meta in page)
        return Page(rows, page[-1]["created_key"] if len(metas) > limit else None)

    def file(self, clinic_id: str | None, file_id: str) -> FileRecord:
        if not is_file_id(file_id):
            raise NotFoundError("there is no such file")
        answer = self._dynamodb.get_item(TableName=self._table, Key=wire(file_key(file_id)), ConsistentRead=True)
        # Another's record is not even unpacked: how long that takes would tell that there is one.
        if "Item" not in answer or clinic_id not in {None, answer["Item"]["clinic_id"]["S"]}:
            raise NotFoundError("there is no such file")
        return file_record(plain(answer["Item"]))

    def some(self, file_ids: Sequence[str]) -> dict[str, FileRecord]:
        wanted = [file_key(file_id) for file_id in dict.fromkeys(file_ids)]
        found = items_at(self._dynamodb, self._table, wanted)
        return {record.file_id: record for record in map(file_record, found)}

    def files_of(self, upload_id: str, after: str | None, limit: int) -> Page[FileRecord]:
        start = _BEFORE_FILES if after is None else check_position(after, _BEFORE_FILES, f"{_BEFORE_FILES}~")
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues=wire({":pk": upload_key(upload_id)["pk"], ":after": start}),
            Limit=limit + 1,
            ConsistentRead=True,
        )
        records = [file_record(plain(item)) for item in answer["Items"]]
        # A page of DynamoDB's ends at 1 MB, maybe before the limit.
        more = len(records) > limit or (len(records) < limit and "LastEvaluatedKey" in answer)
        page = tuple(records[:limit])
        return Page(page, file_key(page[-1].file_id)["sk"] if more else None)

    def files(
        self,
        clinic_id: str | None,
        state: State | None,
        since: datetime | None,
        after: str | None,
        limit: int,
        *,
        until: datetime | None = None,
    ) -> Page[FileSummary]:
        start, floor = before(after), timestamp(since) if since else ""
        start = min(start, timestamp(until)) if until else start
        merged = self._lists.newest(clinic_id, state, Section(start, floor, limit + 1))
        page = merged[:limit]
        rows = tuple(file_summary(item) for item in page)
        return Page(rows, page[-1]["created_key"] if len(merged) > limit else None)

    def prolong(self, record: FileRecord, expires_at: datetime, multipart_id: str | None = None) -> None:
        told = {"multipart_id": multipart_id} if multipart_id else {}
        prolonged = update(
            self._table,
            file_key(record.file_id),
            clinic(record.clinic_id),
            sets={"expires_at": timestamp(expires_at), **told},
            condition="#state = :open",
            values={":open": State.AWAITING_UPLOAD.value},
            names={"#state": "state"},
        )
        try:
            self._dynamodb.update_item(**prolonged)
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
        # DynamoDB removes what expired only within days, so what it still shows may be past its time.
        lapsed, at = "expires < :now", {":now": int(now().timestamp())}
        try:
            self._dynamodb.put_item(**replacement(self._table, item, clinic(clinic_id), condition=lapsed, values=at))
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            earlier = plain(standing_item(error))
            if earlier["body_sha256"] != body_sha256:
                raise ConflictError("the idempotency key was used with another request") from error
            return str(earlier["bound_to"])
        return value

    def _reserve(self, upload: Upload, announced: int, files: Sequence[FileRecord]) -> None:
        owner = clinic(upload.clinic_id)
        count: Any = update(
            self._table,
            upload_key(upload.upload_id),
            owner,
            sets={"announced": announced + len(files), "announced_at": timestamp(files[-1].created_at)},
            # Entries of archives are declared at the same time and by others, so the number is added to.
            sums={"declared": len(files)},
            condition="announced = :before",
            values={":before": announced},
        )
        try:
            self._dynamodb.transact_write_items(
                TransactItems=[{"Update": count}, *self._announced.entered(owner, files)]
            )
        except ClientError as error:
            raise _conflict(error, "other files were added to the upload at the same time") from error

    def _counts(self, upload_ids: list[str]) -> dict[str, Item]:
        """Read the projected counts of up to 100 uploads."""
        found = items_at(self._dynamodb, self._table, [upload_key(upload_id, COUNTS) for upload_id in upload_ids])
        return {item["pk"].removeprefix("UPLOAD#"): item for item in found}


def _conflict(error: ClientError, refusal: str) -> Exception:
    refused = code_of(error) in {"ConditionalCheckFailedException", "TransactionCanceledException"}
    return ConflictError(refusal) if refused else error

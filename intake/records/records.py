"""The table as the portal uses it, behind the `Records` port. Every list is a Query; nothing scans.

An upload's own facts lie in one item, its projected counts in another beside it.

Source: Amazon DynamoDB Developer Guide, "Querying tables", "Managing complex workflows with transactions".
"""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby, islice

from intake.errors import ConflictError, NotFoundError
from intake.files.item_keys import (
    BEFORE_FILES,
    COUNTS,
    META,
    UPLOADS,
    claim_key,
    file_key,
    list_shards,
    upload_key,
)
from intake.files.keys import UNASSIGNED, find_numbers_beside, is_file_id, is_upload_id
from intake.files.metadata import read_uid
from intake.files.model import FileRecord, FileSummary, TimelineEntry, Upload, now, timestamp
from intake.files.outcomes import RESERVED_AT_ONCE, Neighbours, Page
from intake.files.states import LIFECYCLE, State, may_become
from intake.records.file_items import file_record
from intake.records.file_lists import FileLists, Partition, Section, file_summary
from intake.records.file_partitions import list_files
from intake.records.pending import AT_ONCE, AnnouncedFiles, AwaitedFiles
from intake.records.transitions import state_attributes, transition
from intake.records.upload_items import begin_upload, read_upload, upload_item
from intake.table.expressions import clinic, replacement, update
from intake.table.index_queries import FIRST, Indexes, newest
from intake.table.items import Item
from intake.table.queries import Query, check_position, read_time_position
from intake.table.table import ConditionFailedError, Table
from intake.table.transactions import transact_patiently

_REMEMBERED = timedelta(hours=24)


class DynamoRecords:
    """Reserves files and reads what became of them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lists = FileLists(table)
        self._awaited = AwaitedFiles(table)
        self._announced = AnnouncedFiles(table)
        self._indexes = Indexes(table)

    def create_upload(self, upload: Upload) -> None:
        if not self._table.create(upload_item(upload), clinic(upload.clinic_id)):
            raise ConflictError("the upload exists already")

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
        both = self._table.query(Query(upload_key(upload_id)["pk"], between=(COUNTS, META), consistent=True))
        items = {item["sk"]: item for item in both.rows}
        # An item that was lost, and that entries of an archive were declared in since, is none until it is rebuilt.
        if "upload_id" not in items.get(META, {}) or clinic_id not in {None, items[META]["clinic_id"]}:
            raise NotFoundError("there is no such upload")
        return read_upload(items[META], items.get(COUNTS, {}))

    def uploads(self, clinic_id: str | None, after: str | None, limit: int) -> Page[Upload]:
        of_all = newest("by_state", "state_shard", *list_shards(UPLOADS))
        uploads = newest("by_clinic", "clinic_key", f"{clinic_id}#{UPLOADS}") if clinic_id else of_all
        metas = self._indexes.keys(uploads, read_time_position(after), limit + 1).rows
        page = metas[:limit]
        counts = self._table.batch_get([upload_key(meta["upload_id"], COUNTS) for meta in page])
        rows = tuple(read_upload(meta, counted or {}) for meta, counted in zip(page, counts, strict=True))
        return Page(rows, page[-1]["created_key"] if len(metas) > limit else None)

    def file(self, clinic_id: str | None, file_id: str) -> FileRecord:
        owner = None if clinic_id is None else clinic(clinic_id)
        item = self._table.get(file_key(file_id), owner=owner) if is_file_id(file_id) else None
        if item is None:
            raise NotFoundError("there is no such file")
        return file_record(item)

    def get_many(self, file_ids: Sequence[str]) -> dict[str, FileRecord]:
        found = self._table.batch_get([file_key(file_id) for file_id in dict.fromkeys(file_ids)])
        return {item["file_id"]: file_record(item) for item in found if item}

    def find_holders(self, records: Sequence[FileRecord]) -> dict[str, str]:
        return find_holders(self._table, records)

    def find_claimant(self, clinic_id: str, sop_instance_uid: str) -> FileRecord | None:
        owner = clinic(clinic_id)
        claim = self._table.get(claim_key(clinic_id, f"sop:{sop_instance_uid}"), owner=owner)
        item = self._table.get(file_key(claim["file_id"]), owner=owner) if claim else None
        return file_record(item) if item else None

    def files_of(self, upload_id: str, after: str | None, limit: int) -> Page[FileRecord]:
        start = BEFORE_FILES if after is None else check_position(after, BEFORE_FILES, f"{BEFORE_FILES}~")
        found = list_files(self._table, upload_id, limit + 1, above=start, consistent=True)
        records = [*map(file_record, islice(found, limit + 1))]
        page = tuple(records[:limit])
        return Page(page, file_key(page[-1].file_id)["sk"] if len(records) > limit else None)

    def neighbours(self, record: FileRecord) -> Neighbours:
        here, beside = file_key(record.file_id)["sk"], find_numbers_beside(record.file_id)
        if beside is None:
            before, behind = self._read_first_file(record, below=here, newest_first=True), None
        else:
            # Numbers have no gaps, and begin an upload: only behind the last of them something else may lie.
            found = self.get_many(beside)
            before, behind = map(found.get, beside)
        return Neighbours(before, behind or self._read_first_file(record, above=here))

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
        start, floor = read_time_position(after), timestamp(since) if since else ""
        start = min(start, timestamp(until)) if until else start
        merged = self._merge_lists(clinic_id, state, Section(start, floor, limit + 1))
        page = merged[:limit]
        rows = tuple(file_summary(item) for item in page)
        return Page(rows, page[-1]["created_key"] if len(merged) > limit else None)

    def extend(self, record: FileRecord, expires_at: datetime, multipart_id: str | None = None) -> None:
        told = {"multipart_id": multipart_id} if multipart_id else {}
        extended = update(
            file_key(record.file_id),
            clinic(record.clinic_id),
            sets={"expires_at": timestamp(expires_at), **told},
            condition="#state = :open",
            values={":open": State.AWAITING_UPLOAD.value},
            names={"#state": "state"},
        )
        if not self._table.write_if(extended):
            raise ConflictError("the file is no longer awaited")

    def withdraw(self, record: FileRecord, step: TimelineEntry) -> bool:
        moved = transition(
            record.file_id,
            record.clinic_id,
            incoming=None,
            sources=may_become(State.EXPIRED),
            sets=state_attributes(record, State.EXPIRED, step.at),
            # As what people order otherwise: their word, then what came of it, in one revision.
            entries=[step, TimelineEntry(step.at, step.actor, State.EXPIRED)],
        )
        return self._table.write_if(moved)

    def bind_idempotency_key(self, clinic_id: str, idempotency_key: str, body_sha256: str, value: str) -> str:
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
            self._table.write(replacement(item, clinic(clinic_id), condition=lapsed, values=at))
        except ConditionFailedError as refused:
            earlier = refused.standing
            if earlier["body_sha256"] != body_sha256:
                raise ConflictError("the idempotency key was used with another request") from refused
            return str(earlier["bound_to"])
        return value

    def _read_first_file(self, record: FileRecord, **bounds: str | bool) -> FileRecord | None:
        found = next(list_files(self._table, record.upload_id, 1, **bounds), None)
        return file_record(found) if found else None

    def _reserve(self, upload: Upload, announced: int, files: Sequence[FileRecord]) -> None:
        owner = clinic(upload.clinic_id)
        count = update(
            upload_key(upload.upload_id),
            owner,
            # The first files bring their upload along: made before them, it would be written twice.
            initial={} if announced else begin_upload(upload),
            new=not announced,
            or_missing="" if announced else "pk",
            sets={"announced": announced + len(files), "announced_at": timestamp(files[-1].created_at)},
            # Entries of archives are declared at the same time and by others, so the number is added to.
            sums={"declared": len(files)},
            condition="announced = :before",
            values={":before": announced},
        )
        # Only the upload's own condition says that: a table that is throttled, or a transaction in the way, does not.
        if transact_patiently(self._table, [count, *self._announced.enter_batch(owner, files)], "upload"):
            raise ConflictError("other files were added to the upload at the same time")

    def _merge_lists(self, clinic_id: str | None, state: State | None, section: Section) -> list[Item]:
        """Return a section of the files of a clinic or of all, in a state or in any, newest first.

        A file that moves on meanwhile is met in the list that it leaves, in the one that it gets to, or in both: the
        later one counts.
        """
        found: dict[str, Item] = {}
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for states in [frozenset({state})] if state else LIFECYCLE:
                for item in self._read_state(threads, self._lists.list_partitions(clinic_id, states), states, section):
                    earlier = found.get(item["file_id"])
                    if earlier is None or item["updated_at"] >= earlier["updated_at"]:
                        found[item["file_id"]] = item
        return sorted(found.values(), key=lambda item: str(item["created_key"]), reverse=True)[: section.limit]

    def _read_state(
        self, threads: Executor, partitions: list[Partition], states: frozenset[State], section: Section
    ) -> Iterable[Item]:
        if State.AWAITING_UPLOAD in states:
            return self._awaited.newest(partitions, section)
        stretches = [newest(*partition, low=section.since or FIRST) for partition in partitions]
        lists = threads.map(lambda one: self._indexes.keys(one, section.before, section.limit).rows, stretches)
        return [item for rows in lists for item in rows]


def find_holders(table: Table, records: Sequence[FileRecord]) -> dict[str, str]:
    """Return, by file, the accepted file of its clinic that holds its SOP Instance UID and has other bytes."""
    named = [(record, read_uid(record.metadata, "sop_instance_uid")) for record in records]
    named = [(record, uid) for record, uid in named if uid and record.clinic_id != UNASSIGNED]
    claims = table.batch_get([claim_key(record.clinic_id, f"sop:{uid}") for record, uid in named])
    found = [(record, claim) for (record, _), claim in zip(named, claims, strict=True) if claim]
    return {record.file_id: claim["file_id"] for record, claim in found if _stands_in_the_way(record, claim)}


def _stands_in_the_way(record: FileRecord, claim: Item) -> bool:
    same = record.sha256 is not None and record.sha256 == claim.get("sha256")
    return not same and claim["file_id"] != record.file_id and not claim.get("released")

"""The table, as the portal uses it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from intake.errors import ConflictError, NotFoundError
from intake.files.model import FileRecord, FileSummary, TimelineEntry, Upload, now
from intake.files.outcomes import Neighbours, Page
from intake.files.states import State
from tests.fakes.table import Clock, FakeTable, page_of, summary


@dataclass
class FakeRecords:
    """The table, as the portal uses it."""

    table: FakeTable = field(default_factory=FakeTable)
    clock: Clock = now

    def create_upload(self, upload: Upload) -> None:
        if upload.upload_id in self.table.uploads:
            raise ConflictError(f"Upload {upload.upload_id} exists.")
        self.table.uploads[upload.upload_id] = upload

    def add_files(self, upload: Upload, files: Sequence[FileRecord]) -> None:
        stored = self.table.uploads.get(upload.upload_id, None if upload.announced else upload)
        if stored is None or stored.clinic_id != upload.clinic_id or stored.announced != upload.announced:
            raise ConflictError("Somebody else added files to this upload.")
        self.table.files.update({record.file_id: record for record in files})
        self.table.uploads[upload.upload_id] = replace(stored, announced=stored.announced + len(files))

    def upload(self, clinic_id: str | None, upload_id: str) -> Upload:
        stored = self.table.uploads.get(upload_id)
        if stored is None or clinic_id not in (None, stored.clinic_id):
            raise NotFoundError(upload_id)
        return self.table.count_files(stored)

    def uploads(self, clinic_id: str | None, after: str | None, limit: int) -> Page[Upload]:
        rows = [upload for upload in self.table.uploads.values() if clinic_id in (None, upload.clinic_id)]
        rows.sort(key=lambda upload: (upload.created_at, upload.upload_id), reverse=True)
        page = page_of(rows, f"uploads {clinic_id}", after, limit)
        return Page(tuple(self.table.count_files(upload) for upload in page.rows), page.next)

    def file(self, clinic_id: str | None, file_id: str) -> FileRecord:
        record = self.table.files.get(file_id)
        if record is None or clinic_id not in (None, record.clinic_id):
            raise NotFoundError(file_id)
        return record

    def find_holders(self, records: Sequence[FileRecord]) -> dict[str, str]:
        holders = {}
        for record in records:
            uid = record.metadata.get("sop_instance_uid", "")
            holder = self.table.files.get(self.table.identities.get((record.clinic_id, "sop", uid), ""))
            if holder and holder.file_id != record.file_id and holder.sha256 != record.sha256:
                holders[record.file_id] = holder.file_id
        return holders

    def find_claimant(self, clinic_id: str, sop_instance_uid: str) -> FileRecord | None:
        file_id = self.table.identities.get((clinic_id, "sop", sop_instance_uid), "")
        record = self.table.files.get(file_id)
        return record if record and record.clinic_id == clinic_id else None

    def get_many(self, file_ids: Sequence[str]) -> dict[str, FileRecord]:
        return {file_id: self.table.files[file_id] for file_id in file_ids if file_id in self.table.files}

    def files_of(self, upload_id: str, after: str | None, limit: int) -> Page[FileRecord]:
        rows = [record for record in self.table.files.values() if record.upload_id == upload_id]
        return page_of(sorted(rows, key=lambda record: record.file_id), f"of {upload_id}", after, limit)

    def neighbours(self, record: FileRecord) -> Neighbours:
        ids = sorted(file_id for file_id, other in self.table.files.items() if other.upload_id == record.upload_id)
        at = ids.index(record.file_id)
        previous = self.table.files[ids[at - 1]] if at else None
        return Neighbours(previous, self.table.files[ids[at + 1]] if at + 1 < len(ids) else None)

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
        rows = [
            record
            for record in self.table.files.values()
            if clinic_id in (None, record.clinic_id)
            and state in (None, record.state)
            and (since is None or record.created_at >= since)
            and (until is None or record.created_at < until)
        ]
        rows.sort(key=lambda record: (record.created_at, record.file_id), reverse=True)
        return page_of([summary(record) for record in rows], f"files {clinic_id} {state}", after, limit)

    def extend(self, record: FileRecord, expires_at: datetime, multipart_id: str | None = None) -> None:
        stored = self.table.files.get(record.file_id)
        if stored is None or stored.clinic_id != record.clinic_id or stored.state is not State.AWAITING_UPLOAD:
            raise ConflictError("The file is no longer awaited.")
        kept = multipart_id or stored.multipart_id
        self.table.files[record.file_id] = replace(stored, expires_at=expires_at, multipart_id=kept)

    def withdraw(self, record: FileRecord, step: TimelineEntry) -> bool:
        stored = self.table.files.get(record.file_id)
        if stored is None or stored.clinic_id != record.clinic_id or stored.state is not State.AWAITING_UPLOAD:
            return False
        story = (*stored.timeline, step, TimelineEntry(step.at, step.actor, State.EXPIRED))
        self.table.save(stored, state=State.EXPIRED, updated_at=step.at, timeline=story)
        return True

    def bind_idempotency_key(self, clinic_id: str, idempotency_key: str, body_sha256: str, value: str) -> str:
        key = (clinic_id, idempotency_key)
        earlier = self.table.idempotency.get(key)
        if earlier is None or earlier[2] <= self.clock():
            self.table.idempotency[key] = (body_sha256, value, self.clock() + timedelta(hours=24))
            return value
        if earlier[0] != body_sha256:
            raise ConflictError("This idempotency key came with another body.")
        return earlier[1]

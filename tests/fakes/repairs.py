"""What closes trouble, made from what the one fake table holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from intake.files.dealing import Dealing
from intake.files.item_keys import RANKS, find_cause, term
from intake.files.metadata import read_sop_instance_uid
from intake.files.model import FileRecord, TimelineEntry, Upload
from intake.files.outcomes import Page
from intake.files.states import State
from tests.fakes.table import FakeTable


@dataclass
class FakeRepairs:
    """What closes trouble."""

    table: FakeTable = field(default_factory=FakeTable)

    def replace(self, record: FileRecord, replacement: str, step: TimelineEntry) -> bool:
        return not record.is_handled and record.state in RANKS and self._save(record, step, replaced_by=replacement)

    def deal(self, record: FileRecord, dealing: Dealing, step: TimelineEntry) -> bool:
        return not record.is_handled and record.state in RANKS and self._save(record, step, dealt_with=dealing)

    def reopen(self, record: FileRecord, step: TimelineEntry) -> bool:
        return record.is_handled and self._save(record, step, replaced_by=None, dealt_with=None)

    def close(self, upload: Upload, dealing: Dealing | None) -> bool:
        stored = self.table.uploads.get(upload.upload_id)
        is_closed = upload.upload_id in self.table.closings
        if stored is None or stored.clinic_id != upload.clinic_id or is_closed == (dealing is not None):
            return False
        if dealing:
            self.table.closings[upload.upload_id] = dealing
        else:
            del self.table.closings[upload.upload_id]
        return True

    def list_open(self, upload_id: str, limit: int) -> Page[FileRecord]:
        found = [one for one in self.table.files_of(upload_id) if one.state in RANKS and not one.is_handled]
        found.sort(key=lambda record: (find_cause(record.state, record.findings), record.file_id))
        return Page(tuple(found[:limit]), found[limit - 1].file_id if len(found) > limit else None)

    def list_behind(self, record: FileRecord, limit: int) -> tuple[FileRecord, ...]:
        rows = sorted(self.table.files_of(record.upload_id), key=lambda one: one.file_id)
        behind = [one for one in rows if one.file_id > record.file_id][:limit]
        return tuple(one for one in behind if one.state is State.ACCEPTED)

    def find_accepted(self, records: Sequence[FileRecord], names: int) -> tuple[FileRecord, ...]:
        uids = {read_sop_instance_uid(record.metadata) for record in records} - {""}
        terms = {term(record.name) for record in records[:names]} - {""}
        return tuple(
            one
            for one in self.table.files_of(records[0].upload_id)
            if one.state is State.ACCEPTED
            and (term(one.name) in terms or (not one.duplicate_of and read_sop_instance_uid(one.metadata) in uids))
        )

    def _save(self, record: FileRecord, step: TimelineEntry, **changes: Any) -> bool:
        stored = self.table.files.get(record.file_id)
        if stored is None or (stored.clinic_id, stored.revision) != (record.clinic_id, record.revision):
            return False
        self.table.save(stored, updated_at=step.at, timeline=(*stored.timeline, step), **changes)
        return True

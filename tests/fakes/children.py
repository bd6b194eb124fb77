"""Entries of archives in the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from intake.record import FileRecord, Source, Upload
from intake.states import JUDGED
from tests.fakes.table import FakeTable


@dataclass
class FakeChildren:
    """Reserves what archives hold."""

    table: FakeTable = field(default_factory=FakeTable)

    def reserve(self, children: Sequence[FileRecord]) -> None:
        missing = [child for child in children if child.file_id not in self.table.files]
        if not missing:
            return
        first = missing[0]
        receipt = Upload(
            clinic_id=first.clinic_id,
            upload_id=first.upload_id,
            created_at=first.created_at,
            created_by="s3",
            source=Source.DIRECT,
        )
        upload = self.table.uploads.get(first.upload_id, receipt)
        self.table.uploads[first.upload_id] = replace(
            upload, declared=upload.declared + len(missing), entries=upload.entries + len(missing)
        )
        self.table.files.update({child.file_id: child for child in missing})

    def awaited(self, file_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(file_id for file_id in file_ids if self.table.files[file_id].state not in JUDGED)

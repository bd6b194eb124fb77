"""Entries of archives in the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from intake.errors import ConflictError
from intake.files.model import FileRecord
from intake.files.states import JUDGED, State
from tests.fakes.table import FakeTable


@dataclass
class FakeChildren:
    """Reserves what archives hold."""

    table: FakeTable = field(default_factory=FakeTable)

    def reserve(self, children: Sequence[FileRecord]) -> None:
        for child in children:
            self.table.files.setdefault(child.file_id, child)

    def find_awaited(self, children: Sequence[FileRecord]) -> frozenset[str]:
        standing = [self.table.files[child.file_id] for child in children]
        if not all(one.is_of(child.clinic_id, child.incoming) for one, child in zip(standing, children, strict=True)):
            raise ConflictError("Another's record stands under an entry's id.")
        return frozenset(one.file_id for one in standing if one.state not in JUDGED)

    def states(self, file_ids: Sequence[str]) -> dict[str, State]:
        return {file_id: self.table.files[file_id].state for file_id in file_ids if file_id in self.table.files}

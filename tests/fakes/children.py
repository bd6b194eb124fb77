"""Entries of archives in the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from intake.record import FileRecord
from intake.states import JUDGED
from tests.fakes.table import FakeTable


@dataclass
class FakeChildren:
    """Reserves what archives hold."""

    table: FakeTable = field(default_factory=FakeTable)

    def reserve(self, children: Sequence[FileRecord]) -> None:
        for child in children:
            self.table.files.setdefault(child.file_id, child)

    def awaited(self, file_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(file_id for file_id in file_ids if self.table.files[file_id].state not in JUDGED)

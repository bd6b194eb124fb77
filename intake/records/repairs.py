"""Closing trouble in the table, behind the `Repairs` port: each write on the condition of what was read."""

from collections.abc import Sequence
from itertools import islice

from intake.files.dealing import Dealing
from intake.files.item_keys import COUNTS, RANKS, claim_key, file_key, term, upload_key
from intake.files.keys import upload_of
from intake.files.metadata import read_sop_instance_uid
from intake.files.model import FileRecord, TimelineEntry, Upload, timestamp
from intake.files.outcomes import Page
from intake.files.states import State
from intake.records.dealings import dealing_map
from intake.records.file_items import file_record, trouble_attributes
from intake.records.file_partitions import list_files
from intake.records.transitions import transition
from intake.table.expressions import clinic, update
from intake.table.index_queries import Indexes, Stretch
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table

_SAME_NAME = 25
"""Files of one upload with one name that are looked at."""


class DynamoRepairs:
    """Writes who replaced what and what was said of it, and finds what may have been replaced."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._indexes = Indexes(table)

    def replace(self, record: FileRecord, replacement: str, step: TimelineEntry) -> bool:
        return self._say(record, {"replaced_by": replacement}, step)

    def deal(self, record: FileRecord, dealing: Dealing, step: TimelineEntry) -> bool:
        return self._say(record, {"dealt_with": dealing_map(dealing)}, step)

    def reopen(self, record: FileRecord, step: TimelineEntry) -> bool:
        return record.is_handled and self._change(record, {"replaced_by": None, "dealt_with": None}, step)

    def close(self, upload: Upload, dealing: Dealing | None) -> bool:
        closed = update(
            upload_key(upload.upload_id, COUNTS),
            clinic(upload.clinic_id),
            sets={"closed": dealing_map(dealing) if dealing else None},
            condition="attribute_exists(closed)" if dealing is None else "attribute_not_exists(closed)",
        )
        return self._table.write_if(closed)

    def list_open(self, upload_id: str, limit: int) -> Page[FileRecord]:
        # Ranks of trouble are digits; accepted files that carry warnings stand behind them.
        stretch = Stretch(
            index="by_trouble",
            partition="trouble_of",
            values=(upload_id,),
            sort="trouble",
            low=f"{min(RANKS.values())}#",
            high=f"{max(RANKS.values())}#~",
        )
        rows = self._indexes.keys(stretch, None, limit + 1).rows
        records = tuple(map(file_record, self._indexes.items(rows[:limit])))
        return Page(records, rows[limit - 1]["trouble"] if len(rows) > limit else None)

    def list_behind(self, record: FileRecord, limit: int) -> tuple[FileRecord, ...]:
        behind = list_files(self._table, record.upload_id, limit, above=file_key(record.file_id)["sk"], consistent=True)
        rows = islice(behind, limit)
        return tuple(one for one in map(file_record, rows) if one.state is State.ACCEPTED)

    def find_accepted(self, records: Sequence[FileRecord], names: int) -> tuple[FileRecord, ...]:
        found = {*self._list_claimants(records), *self._list_namesakes(records[:names])}
        others = sorted(found - {record.file_id for record in records})
        items = self._table.batch_get([file_key(file_id) for file_id in others])
        read = (file_record(item) for item in items if item)
        return tuple(record for record in read if record.state is State.ACCEPTED)

    def _list_claimants(self, records: Sequence[FileRecord]) -> list[str]:
        """Return the files that hold the records' SOP Instance UIDs, of those that came with the same upload."""
        claimed = {
            (record.clinic_id, uid): record.upload_id
            for record in records
            if (uid := read_sop_instance_uid(record.metadata))
        }
        claims = self._table.batch_get([claim_key(clinic_id, f"sop:{uid}") for clinic_id, uid in claimed])
        held = zip(claims, claimed.values(), strict=True)
        return [claim["file_id"] for claim, upload_id in held if claim and upload_of(claim["file_id"]) == upload_id]

    def _list_namesakes(self, records: Sequence[FileRecord]) -> list[str]:
        names = {(record.clinic_id, term(record.name), record.upload_id): None for record in records}
        return [
            row["name_key"].rpartition("#")[2]
            for clinic_id, name, upload_id in names
            if name
            for row in self._table.query(
                Query(
                    clinic_id,
                    index="by_name",
                    partition="name_of",
                    sort="name_key",
                    # A file's id begins with its upload's.
                    begins=f"{name}#{upload_id}-",
                    limit=_SAME_NAME,
                )
            ).rows
        ]

    def _say(self, record: FileRecord, said: Item, step: TimelineEntry) -> bool:
        return record.state in RANKS and not record.is_handled and self._change(record, said, step)

    def _change(self, record: FileRecord, said: Item, step: TimelineEntry) -> bool:
        place = trouble_attributes(record, handled=any(said.values()))
        changed = transition(
            record.file_id,
            record.clinic_id,
            incoming=None,
            sources={record.state},
            sets={**said, **place, "updated_at": timestamp(step.at)},
            entries=[step],
            # What was read is what was judged of: nobody has replaced it, dealt with it or judged it again since.
            revision=record.revision,
        )
        return self._table.write_if(changed)

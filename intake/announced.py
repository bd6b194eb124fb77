"""Batches of announced files that are awaited, in the table: an item for all files that one announcement brought.

It stands in the lists of awaited files instead of them. Nearly every file is awaited for seconds, and to enter and to
leave those lists by itself would take four write units (docs/adr/0023-what-a-file-costs.md). The projector counts down
how many of a batch are still awaited, and takes it from the lists with the last one; the table forgets it a week later,
as no function may delete an item. A file that is announced alone stands for itself: a batch of one would take twice as
much.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from intake.expressions import Write, addition, creation, update
from intake.file_items import file_item
from intake.index_keys import in_lists
from intake.items import created_key, expiry, upload_key
from intake.ownership import Owner, clinic
from intake.record import FileRecord, timestamp
from intake.serialization import Item
from intake.states import State
from intake.table import Table

BATCH = "#AWAITED#"


class AnnouncedFiles:
    """Enters batches, and counts them down."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def entered(self, owner: Owner, files: Sequence[FileRecord]) -> list[Write]:
        """Return the writes of the transaction that reserves `files`, which one upload announced at one moment."""
        awaited = [file for file in files if file.state is State.AWAITING_UPLOAD]
        if len(awaited) > 1:
            new = (creation(file_item(file), owner) for file in files)
            return [self._entered(owner, awaited), *new]
        items = (file_item(file) | in_lists(file.clinic_id, file.file_id, file.state) for file in files)
        return [creation(item, owner) for item in items]

    def _entered(self, owner: Owner, awaited: list[FileRecord]) -> Write:
        first, last = awaited[0], awaited[-1]
        facts = {
            "clinic_id": first.clinic_id,
            "upload_id": first.upload_id,
            "created_at": timestamp(first.created_at),
            **in_lists(first.clinic_id, first.upload_id, State.AWAITING_UPLOAD),
            "last": last.file_id,
        }
        # Where an upload announces twice within a millisecond, the batch grows by those that came later.
        begins = {"created_key": created_key(first.created_at, first.file_id)}
        key = _key(first.upload_id, first.created_at)
        return addition(key, Counter(rest=len(awaited)), owner, sets=facts, initial=begins)

    def decrement_items(self, left: Mapping[tuple[str, str, datetime], int]) -> list[Write]:
        """Return the writes of a transaction that takes files from their batches; a batch that is gone needs none.

        `left` tells how many files leave each batch, by its clinic, its upload and when it was announced.
        """
        found = zip(left, self._table.batch_get([_key(*batch[1:]) for batch in left]), strict=True)
        return [self._decrement(clinic(batch[0]), item, left[batch]) for batch, item in found if item]

    def _decrement(self, owner: Owner, item: Item, fewer: int) -> Write:
        rest = item["rest"] - fewer
        return update(
            {"pk": item["pk"], "sk": item["sk"]},
            owner,
            sets={"rest": rest} if rest > 0 else {"rest": rest, "expires": expiry()},
            remove=() if rest > 0 else ("clinic_state", "state_shard", "created_key"),
            condition="rest = :known",
            values={":known": item["rest"]},
        )


def _key(upload_id: str, announced_at: datetime) -> Item:
    return upload_key(upload_id, f"{BATCH}{timestamp(announced_at)}")

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
from typing import TYPE_CHECKING, Any

from intake.batches import items_at
from intake.expressions import Write, addition, creation, update
from intake.file_items import file_item
from intake.index_keys import in_lists
from intake.items import Item, created_key, expiry, upload_key
from intake.ownership import Owner, clinic
from intake.record import FileRecord, timestamp
from intake.states import State

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BATCH = "#AWAITED#"


class AnnouncedFiles:
    """Enters batches, and counts them down."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._dynamodb = client
        self._table = table

    def entered(self, owner: Owner, files: Sequence[FileRecord]) -> list[Any]:
        """Return the items of the transaction that reserves `files`, which one upload announced at one moment."""
        awaited = [file for file in files if file.state is State.AWAITING_UPLOAD]
        if len(awaited) > 1:
            new = (creation(self._table, file_item(file), owner) for file in files)
            return [{"Update": self._entered(owner, awaited)}, *({"Put": put} for put in new)]
        items = (file_item(file) | in_lists(file.clinic_id, file.file_id, file.state) for file in files)
        return [{"Put": creation(self._table, item, owner)} for item in items]

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
        return addition(self._table, key, Counter(rest=len(awaited)), owner, sets=facts, initial=begins)

    def counted_down(self, left: Mapping[tuple[str, str, datetime], int]) -> list[Any]:
        """Return the items of a transaction that takes files from their batches; a batch that is gone needs none.

        `left` tells how many files leave each batch, by its clinic, its upload and when it was announced.
        """
        keys = {batch: _key(*batch[1:]) for batch in left}
        held = {(item["pk"], item["sk"]): item for item in items_at(self._dynamodb, self._table, list(keys.values()))}
        found = {batch: held.get((key["pk"], key["sk"])) for batch, key in keys.items()}
        return [
            {"Update": self._counted_down(clinic(batch[0]), item, left[batch])} for batch, item in found.items() if item
        ]

    def _counted_down(self, owner: Owner, item: Item, fewer: int) -> Write:
        rest = item["rest"] - fewer
        return update(
            self._table,
            {"pk": item["pk"], "sk": item["sk"]},
            owner,
            sets={"rest": rest} if rest > 0 else {"rest": rest, "expires": expiry()},
            remove=() if rest > 0 else ("clinic_state", "state_shard", "created_key"),
            condition="rest = :known",
            values={":known": item["rest"]},
        )


def _key(upload_id: str, announced_at: datetime) -> Item:
    return upload_key(upload_id, f"{BATCH}{timestamp(announced_at)}")

"""Which changes the sums hold already, in the table: a note of each, by the block of an upload's files.

A note is a member of a set, and a hundred numbered files share one item, so that a batch of a busy upload notes all its
changes with an item or two. Whoever adds to an item does so on the condition that it holds as many notes as were read.
"""

from collections.abc import Iterable, Sequence

from intake.projections.model import Change
from intake.table.expressions import Write, clinic, update
from intake.table.items import Item, expiry
from intake.table.table import Table

_SUFFIX = 2
"""Characters of a file's id that tell it from the others of its block."""


class Ledger:
    """Tells new changes from repeated ones, and writes in their transaction that they are repeated from then on."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def split_new(self, changes: Sequence[Change]) -> tuple[list[Change], list[Write]]:
        """Return the changes that no sum holds, and the writes of the transaction that is to apply them."""
        keys = {block_of(change): {"pk": f"APPLIED#{block_of(change)}", "sk": "#APPLIED"} for change in changes}
        items = self._table.batch_get(list(keys.values()))
        known = {block: set(item["notes"]) if item else set() for block, item in zip(keys, items, strict=True)}
        new = [change for change in changes if _note(change) not in known[block_of(change)]]
        notes: dict[str, set[str]] = {}
        for change in new:
            notes.setdefault(block_of(change), set()).add(_note(change))
        owners = {block_of(change): change.clinic_id for change in new}
        return new, [_note_changes(owners[block], keys[block], notes[block], len(known[block])) for block in notes]


def block_of(change: Change) -> str:
    """Return what the files of a block have in common; blocks are what a transaction writes, whatever their size."""
    return change.file_id[:-_SUFFIX]


def blocks(changes: Iterable[Change]) -> int:
    return len({block_of(change) for change in changes})


def _note(change: Change) -> str:
    return f"{change.file_id[-_SUFFIX:]}.{change.revision}"


def _note_changes(clinic_id: str, key: Item, notes: set[str], known: int) -> Write:
    return update(
        key,
        clinic(clinic_id),
        sets={"expires": expiry()},
        members={"notes": notes},
        condition="size(notes) = :known" if known else "attribute_not_exists(pk)",
        values={":known": known} if known else {},
        new=True,
    )

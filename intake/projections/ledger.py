"""What was counted for each file: a mark that lives as long as its record, written with the sums.

A mark tells which revisions were counted, when the last of them was written, and what its file adds to the sums since
then. So what is delivered again is known, however late; and a new revision is held against what was counted, and not
against what the stream says was there before. See docs/adr/0059-marks-of-what-was-counted.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from intake.projections.contributions import Contribution, Numbers, compare_images, contribute, subtract
from intake.projections.model import Change
from intake.table.expressions import Write, clinic, replacement
from intake.table.items import Item, pack
from intake.table.table import Table

_SUFFIX = 1
"""Characters of a file's id that tell it from the others of its block: ten numbered files share an item, which then
stays below the KiB that a write is billed by, and a batch of a busy upload takes a few of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was counted for one file."""

    at: int
    """When the latest counted revision was written, in epoch milliseconds."""
    first: int
    """The revision that was counted first. Those before it were taken for counted, as its old image told them."""
    runs: tuple[tuple[int, int], ...]
    """First and last of the counted revisions that follow each other, in order: one, where none came too late."""
    numbers: Numbers
    """What the sums hold of the file."""

    def has(self, revision: int) -> bool:
        return any(first <= revision <= last for first, last in self.runs)

    def covers(self, revision: int) -> bool:
        """Say whether a revision was counted, or taken for counted."""
        return revision < self.first or self.has(revision)

    @property
    def last(self) -> int:
        return self.runs[-1][1]


def weigh(mark: Mark | None, change: Change) -> tuple[Mark, Contribution] | None:
    """Return what is counted for a file from a change on, and what the change adds to the sums; None for a repetition.

    A revision that comes after later ones adds no more than its verdict, for these were held against what was counted.
    One that was counted, and was written since then once more, is what became of a record that was restored.
    """
    at, revision = to_milliseconds(change.at), change.revision
    new = contribute(change.new)
    if mark is None and change.old is None and revision > int(change.new.dropped):
        # No record begins so. It was restored, and counted before there were marks.
        return None
    if mark is None:
        return Mark(at, revision, ((revision, revision),), new.numbers), compare_images(change)
    if mark.has(revision) and at <= mark.at:
        return None
    runs = add_run(mark.runs, revision)
    if revision > mark.last or mark.has(revision):
        return Mark(max(at, mark.at), mark.first, runs, new.numbers), subtract(new, Contribution(mark.numbers))
    late = compare_images(change) if revision < mark.first else Contribution()
    return Mark(max(at, mark.at), mark.first, runs, mark.numbers), late


def to_milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def add_run(runs: tuple[tuple[int, int], ...], revision: int) -> tuple[tuple[int, int], ...]:
    """Return runs of revisions with one more in them."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted((*runs, (revision, revision))):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


class Ledger:
    """Tells new changes from repeated ones, and writes in their transaction what is counted from then on.

    Whoever writes a block's marks does so on the condition that they are as they were read.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def weigh(self, changes: Sequence[Change]) -> tuple[list[tuple[Change, Contribution]], list[Write]]:
        """Return the changes that no sum holds, with what they add, and the writes of the transaction that adds it."""
        owners = {name_block(change): change.clinic_id for change in changes}
        items = self._table.batch_get([_key(block) for block in owners])
        before = {block: item or {} for block, item in zip(owners, items, strict=True)}
        marks = {block: _read_marks(item) for block, item in before.items()}
        counted: list[tuple[Change, Contribution]] = []
        written: dict[str, None] = {}
        for change in changes:
            block, name = name_block(change), change.file_id[-_SUFFIX:]
            mark = marks[block].get(name)
            weighed = weigh(mark, change)
            if weighed:
                marks[block][name], difference = weighed
                # A file that is awaited anew, since its record was restored, left its batch long ago.
                is_again = mark is not None and mark.has(change.revision)
                counted.append((replace(change, announced_at=None) if is_again else change, difference))
                written[block] = None
        return counted, [_write_marks(block, before[block], marks[block], owners[block]) for block in written]

    def read_blocks(self, file_ids: Sequence[str]) -> "Blocks":
        """Return the marks of the blocks that files are in."""
        blocks = list(dict.fromkeys(file_id[:-_SUFFIX] for file_id in file_ids))
        items = self._table.batch_get([_key(block) for block in blocks])
        return {block: _read_marks(item or {}) for block, item in zip(blocks, items, strict=True)}

    def read(self, file_ids: Sequence[str]) -> dict[str, Mark]:
        """Return the marks of files, without those that have none."""
        blocks = self.read_blocks(file_ids)
        return {file_id: mark for file_id in file_ids if (mark := find_mark(blocks, file_id))}

    def restate(self, clinic_id: str, known: Mapping[str, Mark], wanted: Mapping[str, Mark]) -> bool:
        """Have a clinic's files' marks tell what is wanted, where they tell what is known; say whether all did."""
        blocks = list(dict.fromkeys(file_id[:-_SUFFIX] for file_id in wanted))
        is_whole = True
        for block, item in zip(blocks, self._table.batch_get([_key(block) for block in blocks]), strict=True):
            marks, own = _read_marks(item or {}), [file_id for file_id in wanted if file_id[:-_SUFFIX] == block]
            stands = all(marks.get(file_id[-_SUFFIX:]) == known.get(file_id) for file_id in own)
            marks |= {file_id[-_SUFFIX:]: wanted[file_id] for file_id in own}
            is_whole &= stands and self._table.write_if(_write_marks(block, item or {}, marks, clinic_id))
        return is_whole


Blocks = dict[str, dict[str, Mark]]
"""Block → end of a file's id → the file's mark."""


def find_mark(blocks: Blocks, file_id: str) -> Mark | None:
    return blocks[file_id[:-_SUFFIX]].get(file_id[-_SUFFIX:])


def _write_marks(block: str, before: Item, marks: dict[str, Mark], clinic_id: str) -> Write:
    """Return the write of a block's marks, which goes through where they are as they were read."""
    return replacement(
        {**_key(block), "writes": before.get("writes", 0) + 1, "marks": _pack_marks(marks)},
        clinic(clinic_id),
        condition="writes = :writes" if before else "attribute_not_exists(pk)",
        values={":writes": before["writes"]} if before else {},
        new=False,
    )


def name_block(change: Change) -> str:
    """Return what the files of a block have in common; blocks are what a transaction writes, whatever their size."""
    return change.file_id[:-_SUFFIX]


def _key(block: str) -> Item:
    return {"pk": f"APPLIED#{block}", "sk": "#MARKS"}


def _read_marks(item: Item) -> dict[str, Mark]:
    read: dict[str, Any] = item.get("marks", {})
    return {
        name: Mark(at, first, tuple((low, high) for low, high in runs), numbers)
        for name, (at, first, runs, numbers) in read.items()
    }


def _pack_marks(marks: dict[str, Mark]) -> bytes:
    return pack({name: [mark.at, mark.first, mark.runs, mark.numbers] for name, mark in sorted(marks.items())})

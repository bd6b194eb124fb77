"""Which file of an upload was the first that is the same as a file of another upload.

It brings to the upload what was here already; each further one of the upload only repeats it. Which is the first is
written once, before the sums are: so every delivery, in whatever order and by however many workers, finds the same one.
"""

from collections.abc import Sequence
from dataclasses import replace

from intake.projections.model import Change, Counted, Place
from intake.table.expressions import clinic, update
from intake.table.items import Item
from intake.table.table import Table

TOGETHER = 50
"""Files that one update marks: its expression may have 4 KiB."""

_SUFFIX = 2
"""Characters of a file's id that tell it from those that its marks share an item with."""


class HeldElsewhere:
    """Marks firsts, an item for as many files as share a block of ids: a study that is sent again costs few writes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes as they are to be counted: it is known of each whether it only repeats another file."""
        marked: dict[tuple[str, str, str], dict[str, str]] = {}
        for change in changes:
            first = change.counted_after.elsewhere
            if first:
                of_block = marked.setdefault((change.clinic_id, change.upload_id, first[:-_SUFFIX]), {})
                of_block.setdefault(first, change.file_id)
        holders: dict[tuple[str, str], str] = {}
        for (clinic_id, upload_id, block), files in marked.items():
            firsts = sorted(files)
            for start in range(0, len(firsts), TOGETHER):
                some = {first: files[first] for first in firsts[start : start + TOGETHER]}
                found = self._mark(clinic_id, upload_id, block, some)
                holders |= {(upload_id, first): holder for first, holder in found.items()}
        return [_settle(change, holders) for change in changes]

    def _mark(self, clinic_id: str, upload_id: str, block: str, files: dict[str, str]) -> dict[str, str]:
        """Have each file, by the file elsewhere that it is the same as, be the first unless there is one already."""
        marks: Item = {_name(first): file_id for first, file_id in files.items()}
        key = {"pk": f"HELD#{upload_id}", "sk": block}
        held = self._table.update_and_get(update(key, clinic(clinic_id), initial=marks, new=True))
        return {first: str(held[_name(first)]) for first in files}


def _name(first: str) -> str:
    return f"f_{first[-_SUFFIX:]}"


def _settle(change: Change, holders: dict[tuple[str, str], str]) -> Change:
    holder = holders.get((change.upload_id, change.counted_after.elsewhere), change.file_id)
    if holder == change.file_id:
        return change
    return replace(
        change,
        counted_before=_repeat(change.counted_before),
        counted_after=_repeat(change.counted_after),
    )


def _repeat(counted: Counted) -> Counted:
    return replace(counted, place=Place.REPEAT) if counted.elsewhere else counted

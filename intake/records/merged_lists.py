"""Pages of files, newest first, merged of the lists that they stand in by their state."""

from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor

from intake.files.states import LIFECYCLE, State
from intake.records.file_lists import FileLists, Partition, Section
from intake.records.pending import AwaitedFiles
from intake.table.index_queries import FIRST, Indexes, newest
from intake.table.items import Item
from intake.table.table import Table

AT_ONCE = 16
"""Queries; a list of all clinics is merged from one or more for each of them."""


class MergedLists:
    """Reads the lists of one state, or of all of them in the order in which files pass through them."""

    def __init__(self, table: Table) -> None:
        self._indexes = Indexes(table)
        self._lists = FileLists(table)
        self._awaited = AwaitedFiles(table)

    def newest(self, clinic_id: str | None, state: State | None, section: Section) -> list[Item]:
        """Return a section of the files of a clinic or of all, in a state or in any, newest first.

        A file that moves on meanwhile is met in the list that it leaves, in the one that it gets to, or in both: the
        later one counts.
        """
        found: dict[str, Item] = {}
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for states in [frozenset({state})] if state else LIFECYCLE:
                for item in self._of(threads, self._lists.of(clinic_id, states), states, section):
                    earlier = found.get(item["file_id"])
                    if earlier is None or item["updated_at"] >= earlier["updated_at"]:
                        found[item["file_id"]] = item
        return sorted(found.values(), key=lambda item: str(item["created_key"]), reverse=True)[: section.limit]

    def _of(
        self, threads: Executor, partitions: list[Partition], states: frozenset[State], section: Section
    ) -> Iterable[Item]:
        if State.AWAITING_UPLOAD in states:
            return self._awaited.newest(partitions, section)
        lists = threads.map(lambda partition: self._newest(partition, section), partitions)
        return [item for rows in lists for item in rows]

    def _newest(self, partition: Partition, section: Section) -> list[Item]:
        stretch = newest(*partition, low=section.since or FIRST)
        return self._indexes.keys(stretch, section.before, section.limit).rows

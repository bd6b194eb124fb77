"""Reading the lists of awaited files, in which announced files stand by the batch (`intake/announced.py`).

A batch is read when a page gets to it: its records stand side by side in the table. Where the projector has not yet
counted them down, none of them may be awaited any longer.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import chain, groupby

from intake.announced import BATCH
from intake.file_lists import Partition, Section
from intake.items import file_key
from intake.queries import Query
from intake.serialization import Item
from intake.table import Table

AT_ONCE = 16
"""Queries."""

_AFTER_ALL = "~"

_NUMBER = -5
"""Where the number begins at the end of an announced file's id."""


class AwaitedFiles:
    """Yields what an index holds of awaited files, or their records."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def newest(self, partitions: Sequence[Partition], section: Section) -> list[Item]:
        """Return a section of some lists that are read as one, newest first."""
        found: list[Item] = []
        with ThreadPoolExecutor(AT_ONCE) as threads:
            rows = self._rows(threads, partitions, section)
            for wave in _waves(_since(rows, section.since), section.limit):
                found += reversed(self._of(threads, wave, section.before))
                if len(found) >= section.limit:
                    break
        return found[: section.limit]

    def all(self, partitions: Sequence[Partition]) -> Iterator[Item]:
        """Yield the files of some lists, oldest first."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for wave in _waves(self._rows(threads, partitions, None), None):
                yield from self._of(threads, wave, _AFTER_ALL)

    def _rows(self, threads: Executor, partitions: Sequence[Partition], section: Section | None) -> Iterator[Item]:
        """Yield the rows of some lists as of one, files and batches: all, oldest first, or a section, newest first."""
        lists = [self._pages(partition, section) for partition in partitions]
        first = threads.map(next, lists)
        sorted_rows = [chain(page, chain.from_iterable(pages)) for page, pages in zip(first, lists, strict=True)]
        return heapq.merge(*sorted_rows, key=_created, reverse=section is not None)

    def _pages(self, partition: Partition, section: Section | None) -> Iterator[list[Item]]:
        index, name, value = partition
        query = Query(
            value,
            index=index,
            partition=name,
            sort="created_key",
            below=section.before if section else _AFTER_ALL,
            newest_first=section is not None,
            limit=section.limit if section else 0,
        )
        return self._table.pages(query)

    def _of(self, threads: Executor, wave: list[Item], before: str) -> list[Item]:
        """Return the awaited files that some rows stand for, oldest first."""
        files = chain.from_iterable(threads.map(lambda row: self._files(row, before), wave))
        return sorted(files, key=_created)

    def _files(self, row: Item, before: str) -> list[Item]:
        """Return the awaited files that a row stands for."""
        if not row["sk"].startswith(BATCH):
            return [row]
        at, _, first = row["created_key"].partition("#")
        at_once, _, bound = before.partition("#")
        last = min(row["last"], bound) if at == at_once else row["last"]
        query = Query(
            row["pk"],
            between=(file_key(first)["sk"], file_key(last)["sk"]),
            # Files that are no longer awaited, or that were announced alone, stand in lists by themselves.
            where="attribute_not_exists(clinic_state) AND created_at = :at AND created_key < :before",
            values={":at": at, ":before": before},
        )
        return list(self._table.items(query))


def _since(rows: Iterable[Item], floor: str) -> Iterator[Item]:
    """Yield rows, newest first, until they are too old. Files of a batch are as old as each other."""
    for row in rows:
        if row["created_key"] < floor:
            return
        yield row


def _waves(rows: Iterable[Item], wanted: int | None) -> Iterator[list[Item]]:
    """Cut rows into waves that are read at the same time.

    Where only some files are wanted, a wave is no larger than may be enough; and where it was not, because its batches
    hold less than they did, the next one is twice that.
    """
    wave: list[Item] = []
    for _, together in groupby(rows, _group):
        wave += together
        if len(wave) >= AT_ONCE or (wanted and sum(map(_at_most, wave)) >= wanted):
            yield wave
            wave, wanted = [], wanted and 2 * wanted
    if wave:
        yield wave


def _created(item: Item) -> str:
    return str(item["created_key"])


def _group(row: Item) -> str:
    """Return what rows have in common that are read in one wave.

    What an upload announced within a millisecond is a batch, and maybe files alone that lie between the batch's.
    """
    moment_and_upload, _, number = _created(row).rpartition("-")
    return moment_and_upload if number.isdigit() else _created(row)


def _at_most(row: Item) -> int:
    """Return how many files a row stands for at most."""
    return int(row["last"][_NUMBER:]) - int(row["created_key"][_NUMBER:]) + 1 if "last" in row else 1

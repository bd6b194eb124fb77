"""Files that are awaited, in the table: those that were announced, and the entries of archives.

Of announced ones a batch is one item, and its files are counted off as they come. How many entries there are is
declared by the projection of the archive's own verdict, so that no upload looks complete while its archives are being
unpacked, and the workers that unpack them do not meet on the upload.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from itertools import chain, groupby, takewhile

from intake.errors import ConflictError
from intake.files.item_keys import build_created_key, file_key, index_in_lists, list_file_partitions, upload_key
from intake.files.model import FileRecord, timestamp
from intake.files.states import OPEN, State
from intake.records.file_items import file_item, object_version
from intake.records.file_lists import Partition, Section
from intake.table.expressions import Owner, Write, addition, clinic, creation, update
from intake.table.items import Item, expiry
from intake.table.queries import AFTER_ALL, Query
from intake.table.table import Table
from intake.table.transactions import write_each_once

BATCH = "#AWAITED#"

AT_ONCE = 16
"""Queries; a list of all clinics is merged from one or more for each of them."""

_NUMBER = -5
"""Where the number begins at the end of an announced file's id."""


class AnnouncedFiles:
    """Enters batches, and counts them down."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def enter_batch(self, owner: Owner, files: Sequence[FileRecord]) -> list[Write]:
        """Return the writes of the transaction that reserves `files`, which one upload announced at one moment."""
        awaited = [file for file in files if file.state is State.AWAITING_UPLOAD]
        if len(awaited) <= 1:
            items = (file_item(file) | index_in_lists(file.clinic_id, file.file_id, file.state) for file in files)
            return [creation(item, owner) for item in items]
        first, last = awaited[0], awaited[-1]
        facts = {
            "clinic_id": first.clinic_id,
            "upload_id": first.upload_id,
            "created_at": timestamp(first.created_at),
            **index_in_lists(first.clinic_id, first.upload_id, State.AWAITING_UPLOAD),
            "last": last.file_id,
        }
        # Where an upload announces twice within a millisecond, the batch grows by those that came later.
        begins = {"created_key": build_created_key(first.created_at, first.file_id)}
        key = _key(first.upload_id, first.created_at)
        batch = addition(key, Counter(rest=len(awaited)), owner, sets=facts, initial=begins)
        return [batch, *(creation(file_item(file), owner) for file in files)]

    def decrement_items(self, left: Mapping[tuple[str, str, datetime], int]) -> list[Write]:
        """Return the writes of a transaction that takes files from their batches; a batch that is gone needs none.

        `left` tells how many files leave each batch, by its clinic, its upload and when it was announced.
        """
        found = zip(left, self._table.batch_get([_key(*batch[1:]) for batch in left]), strict=True)
        writes = []
        for batch, item in found:
            if item is None:
                continue
            rest = item["rest"] - left[batch]
            over = {"expires": expiry()} if rest <= 0 else {}
            decremented = update(
                {"pk": item["pk"], "sk": item["sk"]},
                clinic(batch[0]),
                sets={"rest": rest, **over},
                remove=("clinic_state", "state_shard", "created_key") if over else (),
                condition="rest = :known",
                values={":known": item["rest"]},
            )
            writes.append(decremented)
        return writes


def _key(upload_id: str, announced_at: datetime) -> Item:
    return upload_key(upload_id, f"{BATCH}{timestamp(announced_at)}")


class DynamoChildren:
    """Reserves what archives hold, behind the `Children` port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def reserve(self, children: Sequence[FileRecord]) -> None:
        def create_files(missing: Sequence[FileRecord]) -> list[Write]:
            return [creation(file_item(child), clinic(child.clinic_id)) for child in missing]

        write_each_once(self._table, children, create_files, "files")

    def find_awaited(self, children: Sequence[FileRecord]) -> frozenset[str]:
        keys = [file_key(child.file_id) for child in children]
        items = self._table.batch_get(keys, "state", "clinic_id", "incoming")
        found = [(child, item) for child, item in zip(children, items, strict=True) if item]
        if not all(child.is_of(item["clinic_id"], object_version(item["incoming"])) for child, item in found):
            raise ConflictError("another's record stands under the id of an archive's entry")
        return frozenset(child.file_id for child, item in found if item["state"] in OPEN)

    def states(self, file_ids: Sequence[str]) -> dict[str, State]:
        items = self._table.batch_get([file_key(file_id) for file_id in file_ids], "state")
        return {file_id: State(item["state"]) for file_id, item in zip(file_ids, items, strict=True) if item}


class AwaitedFiles:
    """Yields what an index holds of awaited files, or their records."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def newest(self, partitions: Sequence[Partition], section: Section) -> list[Item]:
        """Return a section of some lists that are read as one, newest first."""
        found: list[Item] = []
        with ThreadPoolExecutor(AT_ONCE) as threads:
            rows = self._merge(threads, partitions, section)
            # Files of a batch are as old as each other.
            young = takewhile(lambda row: row["created_key"] >= section.since, rows)
            for wave in _cut_waves(young, section.limit):
                found += reversed(self._read_wave(threads, wave, section.before))
                if len(found) >= section.limit:
                    break
        return found[: section.limit]

    def read_batch(self, row: Item) -> list[Item]:
        """Return the awaited files of a batch, oldest first."""
        parts = list_file_partitions(row["upload_id"])
        return sorted((item for part in parts for item in self._read_files(row, part, AFTER_ALL)), key=_sort_key)

    def _merge(self, threads: Executor, partitions: Sequence[Partition], section: Section) -> Iterator[Item]:
        """Yield the rows of a section of some lists as of one, files and batches, newest first."""
        queries = [
            Query(
                value,
                index=index,
                partition=name,
                sort="created_key",
                below=section.before,
                newest_first=True,
                limit=section.limit,
            )
            for index, name, value in partitions
        ]
        lists = list(map(self._table.pages, queries))
        first = threads.map(next, lists)
        sorted_rows = [chain(page, chain.from_iterable(pages)) for page, pages in zip(first, lists, strict=True)]
        return heapq.merge(*sorted_rows, key=_sort_key, reverse=True)

    def _read_wave(self, threads: Executor, wave: list[Item], before: str) -> list[Item]:
        """Return the awaited files that some rows stand for, oldest first."""
        alone = [row for row in wave if not is_batch(row)]
        parts = [(row, part) for row in wave if is_batch(row) for part in list_file_partitions(row["upload_id"])]
        found = threads.map(lambda place: self._read_files(place[0], place[1], before), parts)
        return sorted(chain(alone, *found), key=_sort_key)

    def _read_files(self, row: Item, part: str, before: str) -> list[Item]:
        """Return the awaited files of a batch in one partition of its upload."""
        at, _, first = row["created_key"].partition("#")
        at_once, _, bound = before.partition("#")
        last = min(row["last"], bound) if at == at_once else row["last"]
        query = Query(
            part,
            between=(file_key(first)["sk"], file_key(last)["sk"]),
            # Files that are no longer awaited, or that were announced alone, stand in lists by themselves.
            where="attribute_not_exists(clinic_state) AND created_at = :at AND created_key < :before",
            values={":at": at, ":before": before},
        )
        return list(self._table.items(query))


def _cut_waves(rows: Iterable[Item], wanted: int) -> Iterator[list[Item]]:
    """Cut rows into waves that are read at the same time.

    A wave is no larger than may be enough; and where it was not, because its batches hold less than they did, the next
    one is twice that.
    """
    wave: list[Item] = []
    for _, together in groupby(rows, _group):
        wave += together
        if len(wave) >= AT_ONCE or sum(map(_count_most, wave)) >= wanted:
            yield wave
            wave, wanted = [], 2 * wanted
    if wave:
        yield wave


def is_batch(row: Item) -> bool:
    """Say whether a row of a list stands for several files."""
    return str(row["sk"]).startswith(BATCH)


def _sort_key(item: Item) -> str:
    return str(item["created_key"])


def _group(row: Item) -> str:
    """Return what rows have in common that are read in one wave.

    What an upload announced within a millisecond is a batch, and maybe files alone that lie between the batch's.
    """
    moment_and_upload, _, number = _sort_key(row).rpartition("-")
    return moment_and_upload if number.isdigit() else _sort_key(row)


def _count_most(row: Item) -> int:
    """Return how many files a row stands for at most."""
    return int(row["last"][_NUMBER:]) - int(row["created_key"][_NUMBER:]) + 1 if "last" in row else 1

"""The change feed in the table: every verdict of a clinic, numbered without a gap, behind the `ChangeFeed` port.

The projection appends in the transaction that counts a change. One item holds what one transaction brought to one
clinic; its sort key is the number of its last change. Behind all of them stands the head. Every item says how many
changes precede it, and until when the last of these is kept. A transaction goes through only where the head still
stands as it was read, so no number is given later than a higher one.

Source: Amazon DynamoDB Developer Guide, "Managing complex workflows with transactions" (isolation levels).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.errors import ChangesGoneError, ContentionError, InvalidCursorError
from intake.files.model import now, timestamp
from intake.files.states import State
from intake.projections.model import Change, FeedEntry, FeedPage
from intake.table.expressions import Write, clinic, creation, replacement, update
from intake.table.items import Item, moment, pack
from intake.table.queries import Query
from intake.table.table import Table

KEPT = timedelta(days=30)
"""For how long a change can be read."""

ITEMS = 2
"""How many items of the table a transaction writes for each clinic: some changes, and the head."""

HEAD = "~HEAD"
"""Sorts behind every number, so that a query that comes to the end finds it."""
_DIGITS = 15
_ITEMS_PER_PAGE = 25
_FILLED = 90
"""Changes that an item fills a gap with, and items of one transaction; where there are more, an item holds more."""


class DynamoChangeFeed:
    """Writes what a transaction appends, and reads the feed."""

    def __init__(self, table: Table, clock: Callable[[], datetime] = now) -> None:
        self._table = table
        self._clock = clock

    def append_changes(self, changes: Sequence[Change], untold: Iterable[str] = ()) -> list[Write]:
        """Return the writes of a transaction that append `changes`, on the condition that nobody else did meanwhile.

        The heads of clinics that it tells nothing of note that something was counted: who compares them sees it.
        """
        clinics = list(dict.fromkeys(change.clinic_id for change in changes))
        heads = self._table.batch_get([feed_key(clinic_id, HEAD) for clinic_id in clinics])
        told = [
            write
            for clinic_id, head in zip(clinics, heads, strict=True)
            for write in self._append(
                clinic_id, [_write_row(change) for change in changes if change.clinic_id == clinic_id], head
            )
        ]
        silent = dict.fromkeys(clinic_id for clinic_id in untold if clinic_id not in clinics)
        return [*told, *(self._note_untold(clinic_id) for clinic_id in silent)]

    def read_head(self, clinic_id: str) -> tuple[int, int]:
        """Return how many changes the feed has told, and how often something was counted that it does not tell."""
        head = self._table.get(feed_key(clinic_id, HEAD)) or {}
        return head.get("preceding", 0), head.get("untold", 0)

    def changes(self, clinic_id: str, since: str | None, limit: int) -> FeedPage:
        if since is not None and not (since.isascii() and since.isdecimal() and len(since) <= _DIGITS):
            raise InvalidCursorError("the position is not one of this feed")
        after = None if since is None else int(since)
        # What holds changes behind a number, in order, and then the head.
        behind = Query(feed_key(clinic_id)["pk"], above=_sort(after or 0), limit=_ITEMS_PER_PAGE, consistent=True)
        return _cut_page(self._table.items(behind), after, limit, int(self._clock().timestamp()))

    def end(self, clinic_id: str) -> str:
        head = self._table.get(feed_key(clinic_id, HEAD))
        return str(head["preceding"] if head else 0)

    def _note_untold(self, clinic_id: str) -> Write:
        key = feed_key(clinic_id, HEAD)
        preceding, kept_until = (0, 0) if self._table.get(key) else self._find_end(clinic_id)
        begun = {"preceding": preceding, "kept_until": kept_until}
        return update(key, clinic(clinic_id), initial=begun, sums={"untold": 1}, new=True)

    def _find_end(self, clinic_id: str) -> tuple[int, int]:
        """Return the last number that was given, and until when the change under it is kept."""
        # Somebody may have set the head meanwhile: the condition then refuses what follows from this.
        last = Query(feed_key(clinic_id)["pk"], below=HEAD, newest_first=True, limit=1, consistent=True)
        found = [(read_last(row), row["expires"]) for row in self._table.query(last).rows]
        return found[0] if found else (0, 0)

    def _append(self, clinic_id: str, rows: list[Item], head: Item | None) -> list[Write]:
        # A head that is gone stood behind the last changes: a number that was given is never given again.
        preceding, kept_until = (head["preceding"], head["kept_until"]) if head else self._find_end(clinic_id)
        reached = preceding + len(rows)
        # Workers' clocks differ; what comes later never expires earlier.
        expires = max(kept_until, int((self._clock() + KEPT).timestamp()))
        some = {"preceding": preceding, "kept_until": kept_until, "rows": pack(rows), "expires": expires}
        item = feed_key(clinic_id, _sort(reached)) | some
        return [
            replacement(item, clinic(clinic_id)),
            update(
                feed_key(clinic_id, HEAD),
                clinic(clinic_id),
                sets={"preceding": reached, "kept_until": expires},
                condition="preceding = :from" if head else "attribute_not_exists(pk)",
                values={":from": preceding} if head else {},
                new=True,
            ),
        ]


def _cut_page(items: Iterable[Item], after: int | None, limit: int, at: int) -> FeedPage:
    """Cut a page out of the items behind `after`, which is None for the oldest that is kept.

    A query may see a transaction's items before those of the one before it. The numbers show the gap: the page ends
    there, and the next one finds it filled.
    """
    reached, known, rows = after, 0, list[Item]()
    for item in items:
        if item.get("expires", at + 1) <= at:
            continue
        preceding, held = item["preceding"], item.get("rows", [])
        reached = _check_gap(reached, preceding, kept=item["kept_until"] > at)
        known = max(known, read_last(item))
        if reached < preceding:
            break
        rows += held[reached - preceding :]
        reached = max(reached, read_last(item))
        if len(rows) > limit:
            break
    reached = reached or 0
    if reached > known:
        raise InvalidCursorError("the position is not one of this feed")
    over = max(0, len(rows) - limit)
    return FeedPage(tuple(map(_entry, rows[:limit])), str(reached - over), more=over > 0)


def _check_gap(reached: int | None, preceding: int, *, kept: bool) -> int:
    """Return up to where changes were read, on meeting an item that others precede, the last of which may be `kept`."""
    if reached is None:
        if kept:
            raise ContentionError("changes are being written")
        return preceding
    if reached < preceding and not kept:
        raise ChangesGoneError("changes behind the cursor are no longer kept")
    return reached


def read_last(item: Item) -> int:
    """Return the last number that an item of a feed stands for: where changes were lost for good, it tells of none."""
    return int(item["preceding"]) + len(item.get("rows", ())) + int(item.get("skipped", 0))


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a clinic's feed under which nothing stands."""

    clinic_id: str
    after: int
    """The number behind which they begin."""
    last: int
    kept_until: int
    """Until when what precedes them is kept, in epoch seconds."""


def fill_gap(gap: Gap, changes: Sequence[Change], at: datetime) -> list[Write]:
    """Return the writes of one transaction that have changes stand under the numbers of a gap, if it still is one.

    Where they are too few, the other numbers are skipped: under them stands that nothing does, and readers pass them.
    """
    rows, size = [*map(_write_row, changes)], max(_FILLED, -(-len(changes) // _FILLED))
    parts = [(gap.after + start, rows[start : start + size]) for start in range(0, len(rows), size)]
    facts = [{"preceding": preceding, "rows": pack(part)} for preceding, part in parts]
    if skipped := gap.last - gap.after - len(rows):
        facts.append({"preceding": gap.last - skipped, "rows": pack([]), "skipped": skipped})
    ends = [*(preceding + len(part) for preceding, part in parts), gap.last]
    told = {"kept_until": gap.kept_until, "expires": int((at + KEPT).timestamp())}
    return [
        creation(feed_key(gap.clinic_id, _sort(end)) | some | told, clinic(gap.clinic_id))
        for end, some in zip(ends, facts, strict=False)
    ]


def move_head(clinic_id: str, head: Item, last: int, at: datetime) -> Write:
    """Return the write that has the head stand behind the last number, where it stands as it was read."""
    return update(
        feed_key(clinic_id, HEAD),
        clinic(clinic_id),
        sets={"preceding": last, "kept_until": int((at + KEPT).timestamp())},
        condition="preceding = :from" if head else "attribute_not_exists(pk)",
        values={":from": head["preceding"]} if head else {},
        new=True,
    )


def feed_key(clinic_id: str, sort: str = "") -> Item:
    """Return the key of an item of a clinic's feed, or the beginning of them all."""
    return {"pk": f"CHANGES#{clinic_id}", "sk": sort}


def _sort(number: int) -> str:
    return f"{number:0{_DIGITS}d}"


def _write_row(change: Change) -> Item:
    return {
        "file_id": change.file_id,
        "upload_id": change.upload_id,
        "revision": change.revision,
        "before": change.before,
        "after": change.after.value,
        "at": timestamp(change.at),
        "codes": list(change.codes),
        "warnings": change.new.warnings,
    }


def _entry(row: Item) -> FeedEntry:
    return FeedEntry(
        file_id=row["file_id"],
        upload_id=row["upload_id"],
        revision=row["revision"],
        before=State(row["before"]) if row["before"] else None,
        after=State(row["after"]),
        at=moment(row["at"]),
        codes=tuple(row["codes"]),
        warnings=row["warnings"],
    )

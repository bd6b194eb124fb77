"""One clinic's change feed: its head, gaps in its numbers, and changes that were counted and are not told.

A gap stops every reader, so it is filled: with changes that are not told, and where these are too few with the word
that nothing stands there. What is left is told at the end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from intake.files.model import now
from intake.files.states import State
from intake.projections.change_feed import HEAD, DynamoChangeFeed, Gap, feed_key, fill_gap, move_head, read_last
from intake.projections.ledger import Ledger
from intake.projections.model import Change, Snapshot
from intake.rebuilds.evidence import SURELY_KEPT, FeedEvidence
from intake.rebuilds.reader import Reader
from intake.recounts.model import Difference, Findings, MovedError
from intake.recounts.recount import list_changes
from intake.table.expressions import Write
from intake.table.items import Item
from intake.table.queries import Query
from intake.table.table import Table
from intake.table.transactions import write_anew

TOGETHER = 50
"""Changes that one item of the feed holds at most."""

MOST_UNTOLD = 10_000
"""Changes that are told in one round: the next one tells the others."""

_AWAITED = Snapshot(State.AWAITING_UPLOAD)


class FeedRebuild:
    """Looks at one clinic's feed."""

    def __init__(self, table: Table, reader: Reader, *, mends: bool, clock: Callable[[], datetime] = now) -> None:
        self._table = table
        self._reader = reader
        self._mends = mends
        self._clock = clock
        self._feed = DynamoChangeFeed(table, clock)
        self._ledger = Ledger(table)

    def rebuild(self, clinic_id: str, uploads: Iterable[str]) -> Findings:
        """Return what was missing, of the uploads' changes and of the feed's own. Raises ContentionError."""
        found, subject = Findings(), f"feed of {clinic_id}"
        gaps, last, head = self._find_gaps(clinic_id)
        if head.get("preceding", 0) < last:
            found.differences.append(Difference(subject, "its head", head.get("preceding", 0), last))
            self._write(lambda: [move_head(clinic_id, head, last, self._clock())])
        untold = sorted(self._list_untold(clinic_id, uploads), key=lambda change: (change.at, change.file_id))
        if untold:
            found.differences.append(Difference(subject, "changes that are told too late", 0, len(untold)))
        for gap in gaps:
            found.differences.append(Difference(subject, f"changes up to {gap.last}", 0, gap.last - gap.after))
            taken, untold = untold[: gap.last - gap.after], untold[gap.last - gap.after :]
            # Where it is none any more, a transaction had shown a part of what it wrote.
            if self._mends and self._table.transact(fill_gap(gap, taken, self._clock())):
                raise MovedError(f"the feed of {clinic_id} was being written to")
        for start in range(0, len(untold), TOGETHER):
            self._write(partial(self._feed.append_changes, untold[start : start + TOGETHER]))
        return found

    def _find_gaps(self, clinic_id: str) -> tuple[list[Gap], int, Item]:
        """Return the gaps that readers wait for, the last number that stands, and the head."""
        gaps, reached, head, at = list[Gap](), None, Item(), int(self._clock().timestamp())
        for item in self._reader.read(Query(feed_key(clinic_id)["pk"], consistent=True)):
            preceding, kept_until = item["preceding"], item["kept_until"]
            head = item if item["sk"] == HEAD else head
            # Of what came before all that stands, the last change alone is waited for: the others may have expired.
            after, passed = (preceding - 1, 0) if reached is None else (reached, kept_until)
            if after < preceding and kept_until > at:
                gaps.append(Gap(clinic_id, after, preceding, passed))
            reached = max(reached or 0, read_last(item))
        return gaps, reached or 0, head

    def _list_untold(self, clinic_id: str, uploads: Iterable[str]) -> list[Change]:
        """Return the changes that were counted, are kept by the feed still, and do not stand in it."""
        before = FeedEvidence(self._reader, clinic_id, self._clock)
        untold = list(self._list_unknown(uploads, before))
        # What was counted while the records were read stands in the feed as it is by now.
        after = FeedEvidence(self._reader, clinic_id, self._clock)
        return [change for change in untold if not after.has_told(change)]

    def _list_unknown(self, uploads: Iterable[str], evidence: FeedEvidence) -> Iterator[Change]:
        """Yield the changes that were counted, are kept by the feed still, and of which the evidence tells nothing."""
        for upload_id in uploads:
            for records in self._reader.list_records(upload_id):
                marks = self._ledger.read([record["file_id"] for record in records])
                for record in records:
                    mark, since = marks.get(record["file_id"]), self._clock() - SURELY_KEPT
                    for change in list_changes(record) if mark else ():
                        is_counted = mark is not None and mark.covers(change.revision)
                        if is_counted and change.at > since and not (change.new.unsettled or evidence.has_told(change)):
                            waited = change.old is not None and change.old.unsettled
                            yield replace(change, old=_AWAITED) if waited else change

    def _write(self, transaction: Callable[[], list[Write]]) -> None:
        if self._mends:
            write_anew(self._table, transaction, "changes of the feed")

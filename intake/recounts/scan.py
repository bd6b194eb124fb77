"""What one clinic's files add to stretches of time and to what it holds, kept so that some of it can be read again."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.projections.model import Change, Grain
from intake.projections.tally import count_verdict
from intake.projections.time_buckets import FLEETING

FORGOTTEN = timedelta(days=6)
"""Stretches of the shortest kind that began before are about to be forgotten."""

Stretch = tuple[Grain, datetime]
"""Grain and start of a stretch of time."""
Buckets = dict[Stretch, Counter[str]]


@dataclass(slots=True)
class Scan:
    """What was read of a clinic."""

    started: datetime
    since: datetime
    cold: Buckets = field(default_factory=dict)
    """Stretches that were over when the scan began."""
    hot: dict[str, Buckets] = field(default_factory=dict)
    """File → what it adds to those that were not."""
    held: dict[str, Counter[str]] = field(default_factory=dict)
    """Block of files → what the clinic holds of them."""

    def note(self, file_id: str, counted: Iterable[Change], *, again: bool) -> None:
        """Note what a file adds; where it is read again, it has added already to what is over."""
        hot: Buckets = {}
        for change in counted:
            counts = count_verdict(change)
            for grain in Grain if counts else ():
                stretch = grain, grain.start(change.at)
                if not self._is_over(stretch):
                    hot.setdefault(stretch, Counter()).update(counts)
                elif not again and self._is_kept(stretch):
                    self.cold.setdefault(stretch, Counter()).update(counts)
        self.hot.pop(file_id, None)
        if hot:
            self.hot[file_id] = hot

    def sum_hot(self) -> Buckets:
        """Return what was not over comes to, the stretches that it was then among them."""
        sums: Buckets = {(grain, grain.start(self.started)): Counter() for grain in Grain}
        for of_file in self.hot.values():
            for stretch, counts in of_file.items():
                sums.setdefault(stretch, Counter()).update(counts)
        return sums

    def list_months(self) -> list[datetime]:
        """Return a moment of each month in which something was counted."""
        starts = {*self.cold, *(stretch for of_file in self.hot.values() for stretch in of_file)}
        return sorted({start.replace(day=1, hour=0, minute=0) for _, start in starts})

    def sum_held(self) -> Counter[str]:
        held = Counter[str]()
        for counts in self.held.values():
            held.update(counts)
        return held

    def list_over(self) -> Iterator[Stretch]:
        """Yield every stretch that was over and of which something may stand."""
        for grain in Grain:
            start = grain.start(self.since)
            while self._is_over((grain, start)):
                if self._is_kept((grain, start)):
                    yield grain, start
                start += grain.value

    def _is_over(self, stretch: Stretch) -> bool:
        return stretch[1] + stretch[0].value <= self.started

    def _is_kept(self, stretch: Stretch) -> bool:
        return stretch[0] is not FLEETING or stretch[1] >= self.started - FORGOTTEN

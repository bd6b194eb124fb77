"""What the sums come to by the records alone: pure, and by the very arithmetic that the projector counts with.

What a file adds to its upload, its study and its clinic follows from its record as it is. What stretches of time and
the change feed tell of it follows from its past: it is a change for each of its revisions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from intake.files.states import State
from intake.projections.contributions import Numbers
from intake.projections.counting import ARCHIVE, describe_snapshot
from intake.projections.model import Change, Snapshot
from intake.recounts.history import Step, begins_alone, list_steps
from intake.studies.exams import describe_exam
from intake.table.items import Item, moment

Sums = dict[str, Counter[str]]
"""Name of a sum, as `intake/projections/contributions.py` names it → attribute → what the records make of it."""


@dataclass(slots=True)
class UploadRecount:
    """What an upload's records come to."""

    upload_id: str
    sums: Sums = field(default_factory=dict)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name of a sum → what its item tells besides."""
    awaited: dict[datetime, list[str]] = field(default_factory=dict)
    """When files were announced together → those that are awaited still."""
    first: Item = field(default_factory=dict)
    """The record of the upload's first file."""
    last_at: str = ""
    announced: int = 0

    def note(self, record: Item) -> None:
        if not self.first or record["file_id"] < self.first["file_id"]:
            self.first = record
        self.announced += not (record.get("parent") or begins_alone(record))
        if record["state"] != State.AWAITING_UPLOAD:
            self.last_at = max(self.last_at, record["updated_at"])
        elif not (record.get("parent") or "clinic_state" in record):
            self.awaited.setdefault(moment(record["created_at"]), []).append(record["file_id"])


def list_changes(item: Item) -> list[Change]:
    """Return the changes by which a record became what it is, the first one first.

    What the record was in between is not known but for its state: only the last change tells all that sums are made of.
    """
    steps, end = list_steps(item), describe_snapshot(item)
    if not steps:
        return []
    begin = [Snapshot(steps[0].before) if steps[0].before else None]
    is_archive, settling = item.get("kind") == ARCHIVE, _find_settling(steps)
    past = [_describe_past(step, end, waits=is_archive and step.revision < settling) for step in steps[:-1]]
    images = [*begin, *past, end]
    return [
        _describe_change(item, step, old, new)
        for step, (old, new) in zip(steps, pairwise(images), strict=True)
        if new is not None
    ]


def _find_settling(steps: list[Step]) -> int:
    """Return the revision in which an archive's verdict was held against its entries', or one behind the last."""
    settling = (step.revision for step in steps if step.is_verdict and step.before is State.ACCEPTED)
    return next(settling, len(steps) + 1)


def _describe_past(step: Step, end: Snapshot, *, waits: bool) -> Snapshot:
    is_accepted = step.after is State.ACCEPTED
    was_stored = step.is_duplicate or (end.state is State.ACCEPTED and end.duplicate)
    return Snapshot(
        step.after,
        size=end.size,
        duplicate=is_accepted and was_stored,
        unsettled=is_accepted and waits,
        dropped=end.dropped,
    )


def _describe_change(item: Item, step: Step, old: Snapshot | None, new: Snapshot) -> Change:
    was_awaited = step.before is State.AWAITING_UPLOAD and not item.get("parent")
    return Change(
        file_id=item["file_id"],
        upload_id=item["upload_id"],
        clinic_id=item["clinic_id"],
        source=item["source"],
        revision=step.revision,
        old=old,
        new=new,
        at=step.at,
        codes=step.codes,
        latency_ms=step.latency_ms,
        shadow=step.shadow,
        device=step.device,
        exam=describe_exam(item.get("metadata", {}), item.get("patient_key", "")) if item.get("study_of") else None,
        announced_at=moment(item["created_at"]) if was_awaited else None,
    )


def add_numbers(sums: Sums, numbers: Numbers) -> None:
    """Add what one file contributes."""
    for name, counts in numbers.items():
        sums.setdefault(name, Counter()).update(counts)


def list_told(changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes that the feed tells: each but an archive's verdict that waits for those of its entries."""
    yield from (change for change in changes if not change.new.unsettled)

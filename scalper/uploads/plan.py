"""What is still to be done: the files on this machine beside what the journal knows of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scalper.errors import FileChangedError
from scalper.uploads.journal import ABANDONED, ANNOUNCED, PLANNED, Entry, Journal
from scalper.uploads.local_files import LocalFile, hash_range

_ANEW = frozenset({ABANDONED, "expired"})
"""What was announced, never came, and is not awaited any more."""


@dataclass(slots=True)
class Plan:
    """Each file stands in one of `new`, `begun` and `earlier`."""

    new: list[LocalFile] = field(default_factory=list)
    """To be announced."""
    begun: list[tuple[LocalFile, Entry]] = field(default_factory=list)
    """Announced by an earlier run, and not known to have arrived."""
    earlier: list[tuple[LocalFile, Entry]] = field(default_factory=list)
    """Sent by an earlier run."""
    changed: list[Entry] = field(default_factory=list)
    """What was announced of files that have changed since, and are among the new ones."""
    touched: list[tuple[LocalFile, Entry]] = field(default_factory=list)
    """Files with another time of change but the same content."""
    vanished: list[str] = field(default_factory=list)
    """Ids of files that an earlier run announced and never sent, and that are here no longer."""

    @property
    def to_send(self) -> list[LocalFile]:
        return [*self.new, *(file for file, _ in self.begun)]


def compare(journal: Journal, files: Sequence[LocalFile], *, again: bool = False, whole: Iterable[Path] = ()) -> Plan:
    """Compare files with the journal; `again` takes all for new that are not being sent.

    `whole` are the paths under which all was looked at: what is not among the files is there no longer.
    """
    plan = Plan(vanished=journal.find_vanished([*whole], files))
    for file in files:
        entry = journal.find_entry(file.path)
        if entry is None or entry.state in _ANEW:
            plan.new.append(file)
        elif not _is_same(file, entry, plan):
            plan.changed.append(entry)
            plan.new.append(file)
        elif entry.state in {PLANNED, ANNOUNCED}:
            plan.begun.append((file, entry))
        elif again:
            plan.new.append(file)
        else:
            plan.earlier.append((file, entry))
    return plan


def _is_same(file: LocalFile, entry: Entry, plan: Plan) -> bool:
    """Say whether the content is that of the announcement; where only the time differs, a known digest decides."""
    if file.size != entry.size:
        return False
    if file.changed_ns == entry.changed_ns:
        return True
    try:
        if entry.sha256 is None or hash_range(file.path, 0, file.size) != entry.sha256:
            return False
    except (OSError, FileChangedError):
        # It is looked at once more when it is announced, and told of then.
        return False
    plan.touched.append((file, entry))
    return True

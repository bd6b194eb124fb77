"""An accepted archive's way to files of their own: cut into slices, unpacked into the incoming bucket.

There the entries are judged as any other file, by as many workers as there are. Every step may happen twice, and a
crash between any two of them is healed by the next delivery of the same message.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intake.dicom.streams import ByteSource
from intake.errors import NotFoundError
from intake.files import keys
from intake.files.model import FileRecord, ObjectVersion, TimelineEntry, now
from intake.files.outcomes import Verdict
from intake.files.ports import Children, Verdicts
from intake.files.states import State
from intake.messaging.events import Settlement, Slice
from intake.messaging.ports import Queue
from intake.storage.model import ObjectRange
from intake.storage.ports import Objects, ObjectWriter
from processor.judge.documents.zip.archive import list_entries
from processor.judge.documents.zip.entries import Entry, EntryDamagedError, inflate
from processor.judge.documents.zip.left_out import read_places
from processor.judge.rules.catalogue import RULES, RULES_VERSION

ENTRIES_PER_SLICE = 90
"""With the upload they fit into one transaction, and into seconds."""
BYTES_PER_SLICE = 128 * 1024**2
"""Inflated: ten slices in one batch must end within the function's time. A larger entry is a slice of its own."""

SETTLED_AFTER_S = 2
"""Seconds after which somebody looks for the first time whether an archive's entries have their verdicts."""

BLOCK = 4 * 1024**2
"""Bytes that are read of an archive at a time."""
BLOCKS_KEPT = 2

LONGEST_NAME = 1024
"""Characters, as for announced files."""
LIFETIME = timedelta(hours=24)
"""For how long an entry is awaited that nobody could unpack."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """What became of one slice, for logs and metrics."""

    slice: Slice
    entries: int
    unpacked: int
    """Entries that were written, or found to be there; the others have their verdict already."""
    damaged: int


@dataclass(slots=True)
class Blocks:
    """An archive as a byte source, in blocks: small entries that stand together cost one read."""

    objects: Objects
    source: ObjectVersion
    size: int = field(init=False)
    _kept: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first: ObjectRange = self.objects.read(self.source, 0, BLOCK)
        self.size = first.total
        self._kept[0] = first.data

    def read(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        numbers = range(start // BLOCK, -(-end // BLOCK))
        return b"".join(self._read_block(number, start, end) for number in numbers)

    def _read_block(self, number: int, start: int, end: int) -> bytes:
        at = number * BLOCK
        if number not in self._kept:
            if len(self._kept) >= BLOCKS_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[number] = self.objects.read(self.source, at, BLOCK).data
        return self._kept[number][max(start - at, 0) : end - at]


class Expander:
    """Makes files of an archive's entries."""

    def __init__(
        self,
        *,
        objects: Objects,
        writer: ObjectWriter,
        children: Children,
        verdicts: Verdicts,
        queue: Queue,
        incoming_bucket: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._objects = objects
        self._writer = writer
        self._children = children
        self._verdicts = verdicts
        self._queue = queue
        self._incoming_bucket = incoming_bucket
        self._clock = clock

    def begin(self, archive: Verdict | FileRecord, source: ByteSource) -> int:
        """Ask for the expansion of an accepted archive, slice by slice, and for its settlement behind them.

        A duplicate is unpacked as its first is: its upload's receipt tells of each entry. Return how many slices there
        are.
        """
        if archive.stored is None:
            raise NotFoundError("nothing is kept of the archive")
        slices = [
            Slice(archive.clinic_id, archive.upload_id, archive.file_id, archive.stored, first, count)
            for first, count in cut_slices(list_entries(source, read_places(archive.metadata)))
        ]
        self._queue.send([part.message() for part in slices])
        asked = Settlement(
            clinic_id=archive.clinic_id,
            upload_id=archive.upload_id,
            file_id=archive.file_id,
            since=self._clock().isoformat(),
        )
        self._queue.send([asked.message()], delay_s=SETTLED_AFTER_S)
        return len(slices)

    def expand(self, part: Slice) -> Expanded:
        """Reserve and unpack one slice.

        Raises NotFoundError, ConflictError, ObjectMissingError, ContentionError, ArchiveError.
        """
        parent = self._verdicts.file(part.file_id)
        if parent and parent.clinic_id == part.clinic_id and parent.settled and parent.state is State.REJECTED:
            return Expanded(part, 0, 0, 0)  # All entries had their verdicts, and none was accepted: a late delivery.
        if parent is None or not part.is_of(parent):
            raise NotFoundError("the slice is of no archive that was accepted")
        stored = find_bytes(self._verdicts, parent) or part.stored
        source = Blocks(self._objects, stored)
        entries = list_entries(source, read_places(parent.metadata))
        chosen = [entry for entry in entries if part.first <= entry.index < part.first + part.count]
        children = [self._describe_child(parent, entry) for entry in chosen]
        self._children.reserve(children)
        awaited = self._children.find_awaited(children)
        unpacked = [
            self._unpack(child, inflate(source, entry), stored)
            for entry, child in zip(chosen, children, strict=True)
            if child.file_id in awaited
        ]
        return Expanded(part, len(chosen), sum(unpacked), unpacked.count(False))

    def _describe_child(self, parent: FileRecord, entry: Entry) -> FileRecord:
        at, file_id = self._clock(), keys.child_id(parent.file_id, entry.index)
        key = keys.object_key(parent.clinic_id, parent.upload_id, file_id, parent.created_at)
        return FileRecord(
            clinic_id=parent.clinic_id,
            upload_id=parent.upload_id,
            file_id=file_id,
            # The path's end tells files apart.
            name="".join(
                letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in entry.name[-LONGEST_NAME:]
            ),
            size=entry.size,
            sha256=None,
            state=State.AWAITING_UPLOAD,
            source=parent.source,
            created_at=parent.created_at,
            created_by=parent.created_by,
            updated_at=at,
            expires_at=at + LIFETIME,
            incoming=ObjectVersion(self._incoming_bucket, key),
            parent=parent.file_id,
            timeline=(TimelineEntry(at, "processor", "unpacked", parent.file_id),),
        )

    def _unpack(self, child: FileRecord, content: Iterator[bytes], archive: ObjectVersion) -> bool:
        """Write an entry where S3 tells the judge of it. Return False, with its verdict recorded, for a damaged one."""
        try:
            self._writer.create(child.incoming, content, keys.extension(child.name))
        except EntryDamagedError:
            self._verdicts.record(_reject_entry(child, archive, self._clock()), reserved=True)
            return False
        return True


def find_bytes(verdicts: Verdicts, archive: FileRecord) -> ObjectVersion | None:
    """Return where an archive's bytes are kept.

    A duplicate's are its first's, and move with that one's verdict, unless it was given a copy of its own.
    """
    if archive.duplicate_of is None or (archive.stored and keys.is_of_file(archive.stored.key, archive.file_id)):
        return archive.stored
    first = verdicts.file(archive.duplicate_of)
    is_moved = first is not None and first.state is State.REJECTED
    return first.stored if first and is_moved else archive.stored


def cut_slices(found: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    """Cut an archive into slices: yield the place of each one's first entry, and how many places it spans."""
    together: list[Entry] = []
    inflated = 0
    for entry in found:
        if together and (len(together) == ENTRIES_PER_SLICE or inflated + entry.size > BYTES_PER_SLICE):
            yield _span(together)
            together, inflated = [], 0
        together.append(entry)
        inflated += entry.size
    if together:
        yield _span(together)


def _span(together: Sequence[Entry]) -> tuple[int, int]:
    return together[0].index, together[-1].index - together[0].index + 1


def _reject_entry(child: FileRecord, archive: ObjectVersion, at: datetime) -> Verdict:
    """Reject an entry that cannot be unpacked; what there is of it stands in the archive."""
    return Verdict(
        clinic_id=child.clinic_id,
        upload_id=child.upload_id,
        file_id=child.file_id,
        state=State.REJECTED,
        incoming=child.incoming,
        stored=archive,
        size=child.size,
        etag="",
        sha256=None,
        kind="unknown",
        findings=(RULES["archive-entry-damaged"].finding(),),
        metadata={},
        rules_version=RULES_VERSION,
        arrived_at=at,
        decided_at=at,
        judging_ms=0,
    )

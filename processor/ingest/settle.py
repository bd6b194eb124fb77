"""An archive's own verdict, which follows from its entries' (docs/adr/0035).

Whoever accepts an archive sends a message that comes back, later each time, until its entries have their verdicts. No
worker that judges an entry has to know of the others. Every step may happen twice, and a crash between any two of them
is healed by the next delivery of the same message.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from intake.errors import ContentionError, NotFoundError, ObjectTakenError
from intake.files import keys
from intake.files.model import FileRecord, Finding, ObjectVersion, now
from intake.files.ports import Children, Verdicts
from intake.files.states import State
from intake.messaging.events import Settlement
from intake.messaging.ports import Queue
from intake.storage.model import SOURCE_VERSION, ObjectRange
from intake.storage.ports import Objects
from processor.ingest.expand import SETTLED_AFTER_S, Blocks, find_bytes
from processor.ingest.filing import Buckets
from processor.judge.documents.zip.archive import NOTHING_ACCEPTED, find_fault, list_entries
from processor.judge.documents.zip.left_out import read_places

AT_ONCE = 100
"""Entries that are looked up with one call."""
LONGEST_PAUSE_S = 300
PATIENCE = timedelta(hours=25)
"""For how long entries are waited for: an hour longer than any is awaited."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an archive, for logs: its state, or None where it is to be looked at again."""

    file_id: str
    state: State | None
    entries: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settler:
    """Holds archives' verdicts against their entries'."""

    objects: Objects
    children: Children
    verdicts: Verdicts
    queue: Queue
    buckets: Buckets
    clock: Callable[[], datetime] = now

    def settle(self, asked: Settlement) -> Settled:
        """Raises NotFoundError, ObjectMissingError, ObjectTakenError, ContentionError."""
        archive = self.verdicts.file(asked.file_id)
        if archive is None or archive.clinic_id != asked.clinic_id:
            raise NotFoundError("the archive has no record")
        if archive.state is not State.ACCEPTED or archive.stored is None:
            self._forget_copy(archive)
            return Settled(archive.file_id, archive.state)
        stored = find_bytes(self.verdicts, archive) or archive.stored
        looked = self._count_entries(archive, stored, asked)
        late = self.clock() - datetime.fromisoformat(asked.since) > PATIENCE
        if looked.awaited and not late:
            return self._ask_again(archive, looked.resume(asked))
        found = find_fault(looked.accepted, looked.rejected, looked.unjudged + looked.awaited)
        settled = self._end(archive, found, stored, looked.indices)
        if looked.unjudged and not looked.accepted and not late:
            # Entries that failed may be judged yet; until then the upload need not wait for them.
            self._ask_again(archive, looked.resume(asked))
        return replace(settled, entries=len(looked.indices), rejected=looked.rejected)

    def _count_entries(self, archive: FileRecord, stored: ObjectVersion, asked: Settlement) -> "_EntryCounts":
        """Look at the entries from the first on that had no verdict the last time."""
        left_out = read_places(archive.metadata)
        indices = [entry.index for entry in list_entries(Blocks(self.objects, stored), left_out)]
        looked = _EntryCounts(indices, asked.seen, asked.accepted, asked.rejected)
        for start in range(asked.seen, len(indices), AT_ONCE):
            looked.add(self._read_states(archive.file_id, indices[start : start + AT_ONCE]))
            if looked.awaited:
                break
        return looked

    def _read_states(self, archive_id: str, indices: Sequence[int]) -> list[State]:
        ids = [keys.child_id(archive_id, index) for index in indices]
        states = self.children.states(ids)
        return [states.get(file_id, State.AWAITING_UPLOAD) for file_id in ids]

    def _end(
        self, archive: FileRecord, found: Finding | None, stored: ObjectVersion, indices: Sequence[int]
    ) -> Settled:
        if found is None or found.code != NOTHING_ACCEPTED:
            if archive.settled and (found is None or found.code in {one.code for one in archive.findings}):
                return Settled(archive.file_id, archive.state)
            stays = self._stays(archive, stored, indices)
            kept = stored if stays else self._copy(archive, stored, self.buckets.accepted)
            self._record(archive, State.ACCEPTED, found, kept)
            return Settled(archive.file_id, State.ACCEPTED)
        self._record(archive, State.REJECTED, found, self._copy(archive, stored, self.buckets.quarantine))
        self._forget_copy(replace(archive, state=State.REJECTED, findings=(found,)))
        return Settled(archive.file_id, State.REJECTED)

    def _stays(self, archive: FileRecord, stored: ObjectVersion, indices: Sequence[int]) -> bool:
        """Say whether an accepted archive's bytes stay where they are.

        A duplicate's are its first's, whose entries are judged on another day and may all be rejected yet: its bytes
        then leave for quarantine. They stay once one of these entries is accepted, which a look at the first ones tells
        nearly always; else the duplicate gets a copy of its own.
        """
        if stored.bucket != self.buckets.accepted:
            return False
        if archive.duplicate_of is None or keys.is_of_file(stored.key, archive.file_id):
            return True
        return State.ACCEPTED in self._read_states(archive.duplicate_of, indices[:AT_ONCE])

    def _copy(self, archive: FileRecord, stored: ObjectVersion, bucket: str) -> ObjectVersion:
        described = self.objects.describe(stored)
        key = keys.object_key(archive.clinic_id, archive.upload_id, archive.file_id, archive.created_at)
        try:
            return self.objects.copy(stored, described.etag, described.total, bucket, key).stored
        except ObjectTakenError:
            standing = self.objects.find(bucket, key)
            if standing and self._holds_archive(standing.version, archive, described):
                return standing.version
            # What another arrival under the archive's key left there: its next delivery takes that away.
            raise

    def _holds_archive(self, standing: ObjectVersion, archive: FileRecord, source: ObjectRange) -> bool:
        """Say whether what stands under an archive's key are its own bytes, though it is no copy of `source`.

        An archive that was rejected before lies in quarantine still. Where a delivery ended behind its copy, and a
        duplicate's bytes moved with its first's verdict since, that copy and `source` were made of one another, or
        of the same version.
        """
        if standing.bucket == self.buckets.quarantine and State.REJECTED in {step.event for step in archive.timeline}:
            return True
        made_of = source.metadata.get(SOURCE_VERSION)
        return made_of is not None and made_of in {
            standing.version_id,
            self.objects.describe(standing).metadata.get(SOURCE_VERSION),
        }

    def _record(self, archive: FileRecord, state: State, found: Finding | None, stored: ObjectVersion) -> None:
        if not self.verdicts.settle(archive, state, found, stored, self.clock()):
            raise ContentionError("the archive's record changed while its entries were looked at")

    def _forget_copy(self, archive: FileRecord) -> None:
        """Remove the accepted copy of a rejected archive; the delivery before this one may have ended there."""
        if archive.state is State.REJECTED and NOTHING_ACCEPTED in archive.codes:
            key = keys.object_key(archive.clinic_id, archive.upload_id, archive.file_id, archive.created_at)
            self.objects.delete(ObjectVersion(self.buckets.accepted, key))

    def _ask_again(self, archive: FileRecord, asked: Settlement) -> Settled:
        pause = min(SETTLED_AFTER_S * 2 ** min(asked.attempt + 1, 20), LONGEST_PAUSE_S)
        self.queue.send([replace(asked, attempt=asked.attempt + 1).message()], delay_s=pause)
        return Settled(archive.file_id, None)


@dataclass(slots=True)
class _EntryCounts:
    """How far the entries have come, in their order."""

    indices: list[int]
    """Of all entries."""
    seen: int
    accepted: int
    rejected: int
    unjudged: int = 0
    awaited: int = 0
    _final: tuple[int, int, int] = field(init=False)
    """How many of the first ones have their verdict for good, of these accepted and rejected."""

    def __post_init__(self) -> None:
        self._final = self.seen, self.accepted, self.rejected

    def resume(self, asked: Settlement) -> Settlement:
        """Return a settlement that goes on behind the entries that need not be looked at again."""
        seen, accepted, rejected = self._final
        return replace(asked, seen=seen, accepted=accepted, rejected=rejected)

    def add(self, states: list[State]) -> None:
        counts = Counter(states)
        rejected = counts[State.REJECTED] + counts[State.DELETED]
        self.accepted += counts[State.ACCEPTED]
        self.rejected += rejected
        self.unjudged += counts[State.FAILED] + counts[State.EXPIRED]
        self.awaited += counts[State.AWAITING_UPLOAD]
        self.seen += len(states)
        if not (self.unjudged or self.awaited):
            self._final = self.seen, self.accepted, self.rejected

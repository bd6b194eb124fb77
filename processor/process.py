"""One arriving object's way to its verdict: read, judge, copy, record.

Three calls of AWS for an accepted file. Every step may happen twice, and a crash between any two of them is healed by
the next delivery of the same event. Trouble of the infrastructure raises: it is never a verdict.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from intake import keys
from intake.errors import ObjectTakenError
from intake.keys import Placement
from intake.ports import DECLARED_EXTENSION, DECLARED_SHA256, Copied, ObjectRange, Objects, Outcome, Recorded, Verdicts
from intake.record import Finding, ObjectVersion, Verdict, now
from intake.states import State
from processor.events import Arrival
from processor.judge import FIRST_READ, RULES_VERSION, ByteSource, Facts, Judgement, Profile
from processor.judge.catalogue import RULES

ARCHIVE = "zip"


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where judged objects go."""

    accepted: str
    quarantine: str


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one arrival, for logs and metrics: opaque ids and codes only."""

    placement: Placement
    state: State
    outcome: Outcome
    kind: str
    codes: tuple[str, ...]
    size: int
    bytes_read: int
    latency_ms: int
    shadow: tuple[str, ...] = ()
    """Codes of broken rules that the clinic's profile only counts."""
    slices: int = 0
    """Messages that ask for an archive's expansion."""


@dataclass(slots=True)
class ObjectBytes:
    """An object as the judge reads it: what the first read brought costs nothing more."""

    objects: Objects
    source: ObjectVersion
    first: ObjectRange
    bytes_read: int = field(init=False)

    def __post_init__(self) -> None:
        self.bytes_read = len(self.first.data)

    @property
    def size(self) -> int:
        return self.first.total

    def read(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        if end <= len(self.first.data):
            return self.first.data[start:end]
        part = self.objects.read(self.source, start, end - start).data
        self.bytes_read += len(part)
        return part


@dataclass(frozen=True, slots=True)
class _Case:
    """A judged object on its way to a record."""

    arrival: Arrival
    first: ObjectRange
    judgement: Judgement
    judging_ms: int

    def verdict(self, placement: Placement, copied: Copied, decided_at: datetime) -> Verdict:
        declared = self.first.metadata.get(DECLARED_SHA256) if placement.reserved else None
        judgement = self.judgement
        return Verdict(
            clinic_id=placement.clinic_id,
            upload_id=placement.upload_id,
            file_id=placement.file_id,
            state=State.REJECTED if judgement.rejected else State.ACCEPTED,
            incoming=self.arrival.object,
            stored=copied.stored,
            size=self.first.total,
            etag=self.first.etag,
            sha256=copied.sha256 or declared,
            kind=judgement.kind,
            findings=judgement.findings,
            metadata=judgement.metadata,
            rules_version=RULES_VERSION,
            arrived_at=self.arrival.at,
            decided_at=decided_at,
            judging_ms=self.judging_ms,
            sop_instance_uid=judgement.sop_instance_uid,
            shadow=judgement.shadow,
            name=self.arrival.object.key.rpartition("/")[2],
        )


class Processor:
    """Takes arrivals to their verdicts."""

    def __init__(
        self,
        objects: Objects,
        verdicts: Verdicts,
        buckets: Buckets,
        judge: Callable[[ByteSource, Facts], Judgement],
        *,
        profile_of: Callable[[str], Profile],
        expand: Callable[[Verdict, ByteSource], int],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._objects = objects
        self._verdicts = verdicts
        self._buckets = buckets
        self._judge = judge
        self._profile_of = profile_of
        self._expand = expand
        self._clock = clock

    def process(self, arrival: Arrival) -> Processed:
        """Judge, file and record one object version.

        Raises ObjectMissingError, ObjectChangedError, ContentionError; all are worth another delivery.
        """
        first = self._objects.read(arrival.object, 0, FIRST_READ)
        source = ObjectBytes(self._objects, arrival.object, first)
        placement = keys.reservation(arrival.object.key) or _direct(arrival)
        facts = self._facts(arrival, first, placement)
        started = time.perf_counter()
        judgement = self._judge(source, facts)
        judging_ms = round((time.perf_counter() - started) * 1000)
        if placement.clinic_id == keys.UNASSIGNED:
            judgement = _with(judgement, RULES["clinic-unknown"].finding())
        verdict, outcome = self._file(_Case(arrival, first, judgement, judging_ms), placement)
        # Whether the verdict is new or stood already: a crash after it was recorded must not leave an archive packed.
        slices = self._expand(verdict, source) if self._is_own_archive(verdict) else 0
        return Processed(
            placement=Placement(verdict.clinic_id, verdict.upload_id, verdict.file_id, placement.reserved),
            state=verdict.state,
            outcome=outcome,
            kind=verdict.kind,
            codes=tuple(found.code for found in verdict.findings),
            size=verdict.size,
            bytes_read=source.bytes_read,
            latency_ms=round((verdict.decided_at - arrival.at).total_seconds() * 1000),
            shadow=verdict.shadow,
            slices=slices,
        )

    def _facts(self, arrival: Arrival, first: ObjectRange, placement: Placement) -> Facts:
        """Return what is known beside the bytes. What the sender says is believed where the portal signed it."""
        name = f"_.{first.metadata.get(DECLARED_EXTENSION, '')}" if placement.reserved else arrival.object.key
        return Facts(
            extension=keys.extension(name),
            from_archive=placement.from_archive,
            profile=self._profile_of(placement.clinic_id),
        )

    def _is_own_archive(self, verdict: Verdict) -> bool:
        """Say whether the verdict accepts an archive that is no duplicate: that one's entries are files already."""
        accepted = verdict.stored.bucket == self._buckets.accepted
        return verdict.kind == ARCHIVE and accepted and verdict.stored.key.endswith(f"/{verdict.file_id}")

    def _file(self, case: _Case, placement: Placement) -> tuple[Verdict, Outcome]:
        """Copy to where the judgement sends it, and record that; what stands in the way may change the verdict."""
        bucket = self._buckets.quarantine if case.judgement.rejected else self._buckets.accepted
        source = case.arrival.object
        key = source.key if placement.reserved else _key(placement, case.arrival.at)
        try:
            copied = self._objects.copy(source, case.first.etag, case.first.total, bucket, key)
        except ObjectTakenError:
            if not placement.reserved:
                raise
            return self._file(case, _direct(case.arrival))
        verdict = case.verdict(placement, copied, self._clock())
        recorded = self._verdicts.record(verdict, reserved=placement.reserved)
        match recorded.outcome:
            case Outcome.RECORDED:
                return verdict, recorded.outcome
            case Outcome.ALREADY_RECORDED:
                self._discard_unless(verdict.stored, recorded.other_stored)
                return replace(verdict, stored=recorded.other_stored or verdict.stored), recorded.outcome
            case Outcome.DUPLICATE_BYTES:
                return self._as_duplicate(verdict, recorded, reserved=placement.reserved)
            case Outcome.SOP_INSTANCE_CONFLICT:
                self._objects.delete(verdict.stored)
                refused = _with(case.judgement, RULES["sop-instance-conflict"].finding("(0008,0018)"))
                return self._file(replace(case, judgement=refused), placement)
            case Outcome.NO_RESERVATION:
                self._objects.delete(verdict.stored)
                return self._file(case, _direct(case.arrival))

    def _as_duplicate(self, verdict: Verdict, recorded: Recorded, *, reserved: bool) -> tuple[Verdict, Outcome]:
        """Record the file as accepted, point it to the bytes that are already held, and drop our copy of them."""
        held = recorded.other_stored or verdict.stored
        duplicate = replace(verdict, duplicate_of=recorded.other_file_id, stored=held)
        outcome = self._verdicts.record(duplicate, reserved=reserved).outcome
        self._discard_unless(verdict.stored, held)
        return duplicate, outcome

    def _discard_unless(self, copy: ObjectVersion, kept: ObjectVersion | None) -> None:
        if kept is not None and (copy.bucket, copy.key) != (kept.bucket, kept.key):
            self._objects.delete(copy)


def _direct(arrival: Arrival) -> Placement:
    return keys.direct(arrival.object.bucket, arrival.object.key, arrival.object.version_id, arrival.at)


def _key(placement: Placement, day: datetime) -> str:
    return keys.object_key(placement.clinic_id, placement.upload_id, placement.file_id, day)


def _with(judgement: Judgement, found: Finding) -> Judgement:
    return replace(judgement, findings=(*judgement.findings, found))

"""One arriving object's way to its verdict: read, judge, copy, record.

Three calls of AWS for an accepted file. Every step may happen twice, and a crash between any two of them is healed by
the next delivery of the same event. Trouble of the infrastructure raises: it is never a verdict.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from intake import keys
from intake.events import Arrival
from intake.keys import Placement
from intake.ports import DECLARED_EXTENSION, DECLARED_SHA256, ObjectRange, Objects, Outcome, Verdicts
from intake.record import ObjectVersion, Verdict, now
from intake.states import State
from processor.filing import Buckets, Case, Filing
from processor.judge import FIRST_READ, ByteSource, Facts, Judgement, Profile
from processor.judge.catalogue import RULES

ARCHIVE = "zip"

Judge = Callable[[ByteSource, Facts], Judgement]


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


class Processor:
    """Takes arrivals to their verdicts."""

    def __init__(
        self,
        objects: Objects,
        verdicts: Verdicts,
        buckets: Buckets,
        judge: Judge,
        *,
        profile_of: Callable[[str], Profile],
        expand: Callable[[Verdict, ByteSource], int],
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._objects = objects
        self._filing = Filing(objects, verdicts, buckets, clock)
        self._accepted = buckets.accepted
        self._judge = judge
        self._profile_of = profile_of
        self._expand = expand

    def process(self, arrival: Arrival) -> Processed:
        """Judge, file and record one object version.

        Raises ObjectMissingError, ObjectChangedError, ContentionError; all are worth another delivery.
        """
        first = self._objects.read(arrival.object, 0, FIRST_READ)
        source = ObjectBytes(self._objects, arrival.object, first)
        case = self._judged(arrival, source)
        if case.placement.clinic_id == keys.UNASSIGNED:
            case = case.refused(RULES["clinic-unknown"].finding())
        verdict, outcome = self._filing.file(case)
        # Whether the verdict is new or stood already: a crash after it was recorded must not leave an archive packed.
        slices = self._expand(verdict, source) if self._is_own_archive(verdict) else 0
        return Processed(
            placement=Placement(verdict.clinic_id, verdict.upload_id, verdict.file_id, case.placement.reserved),
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

    def _judged(self, arrival: Arrival, source: ObjectBytes) -> Case:
        placement = keys.reservation(arrival.object.key) or _direct(arrival)
        judgement, judging_ms = timed(self._judge, source, self._facts(arrival, source.first, placement))
        return Case(
            placement=placement,
            incoming=arrival.object,
            source=arrival.object,
            key=arrival.object.key if placement.reserved else _key(placement, arrival.at),
            first=source.first,
            judgement=judgement,
            judging_ms=judging_ms,
            arrived_at=arrival.at,
            name=arrival.object.key.rpartition("/")[2],
            sha256=source.first.metadata.get(DECLARED_SHA256) if placement.reserved else None,
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
        accepted = verdict.stored.bucket == self._accepted
        return verdict.kind == ARCHIVE and accepted and verdict.stored.key.endswith(f"/{verdict.file_id}")


def timed(judge: Judge, source: ByteSource, facts: Facts) -> tuple[Judgement, int]:
    """Judge, and return also how many milliseconds that took."""
    started = time.perf_counter()
    judgement = judge(source, facts)
    return judgement, round((time.perf_counter() - started) * 1000)


def _direct(arrival: Arrival) -> Placement:
    return keys.direct(arrival.object.bucket, arrival.object.key, arrival.object.version_id, arrival.at)


def _key(placement: Placement, day: datetime) -> str:
    return keys.object_key(placement.clinic_id, placement.upload_id, placement.file_id, day)

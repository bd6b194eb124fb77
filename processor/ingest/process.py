"""One arriving object's way to its verdict: read, judge, copy, record.

Three calls of AWS for an accepted file, and two a minute to ask for its clinic. Every step may happen twice, and a
crash between any two of them is healed by the next delivery of the same event. Trouble of the infrastructure raises: it
is never a verdict.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from intake.dicom.streams import ByteSource
from intake.errors import LateThreatError, ScanUnfinishedError
from intake.files import keys
from intake.files.keys import KeyedIds, Placement
from intake.files.model import now
from intake.files.outcomes import Outcome, Verdict
from intake.files.ports import Verdicts
from intake.files.scan import Scan
from intake.files.states import JUDGED, State
from intake.messaging.events import Arrival
from intake.storage.model import DECLARED_EXTENSION, DECLARED_SHA256, ObjectRange
from intake.storage.ports import Objects
from processor.ingest.filing import Buckets, Case, Filing
from processor.ingest.senders import Placements
from processor.ingest.stored_objects import (
    CODES,
    UNKNOWN_SENDER,
    USABLE,
    ObjectBytes,
    Refusing,
    Scans,
    is_left_out,
    list_refusals,
    open_object,
)
from processor.judge import Facts, Judgement
from processor.judge.inspection.findings import Profile

AT_ONCE = 10
"""Messages that are worked on at the same time, for a file waits ten times longer for AWS than it is judged: a whole
batch, and as many connections as boto3 keeps. Each may hold 16 MiB of a document and what is read from it."""

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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A carrier file among what was dropped into S3: it gets no record and no verdict (docs/adr/0044)."""

    placement: Placement
    """Where it would have stood: opaque ids, for logs."""
    size: int


class Processor:
    """Takes arrivals to their verdicts."""

    def __init__(
        self,
        objects: Objects,
        verdicts: Verdicts,
        buckets: Buckets,
        judge: Judge,
        *,
        ids: KeyedIds,
        profile_of: Callable[[str], Profile],
        takes_part: Callable[[str], bool],
        expand: Callable[[Verdict, ByteSource], int],
        scans: Scans,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._objects = objects
        self._verdicts = verdicts
        self._scans = scans
        self._filing = Filing(objects, verdicts, buckets, ids, clock)
        self._placements = Placements(verdicts, ids, takes_part)
        self._takes_part = takes_part
        self._buckets = buckets
        self._judge = judge
        self._profile_of = profile_of
        self._expand = expand

    def process(self, arrival: Arrival) -> Processed | LeftOut:
        """Judge, file and record one object version, unless nobody means to send such a file.

        Raises ObjectMissingError, ObjectChangedError, ContentionError, ScanUnfinishedError; all are worth another
        delivery. Raises LateThreatError for what another delivery will not mend.
        """
        scan = self._scans.find_result(arrival.object, arrival.scan)
        if scan not in USABLE:
            return self._leave_unscanned(arrival)
        refusals = list_refusals(scan, is_nobodys=not self._takes_part(keys.sender(arrival.object.key)))
        source = open_object(self._objects, arrival.object, unread=bool(refusals))
        dated = _date_arrival(arrival, source.first)
        if not refusals and is_left_out(arrival.object.key, source.first):
            return LeftOut(self._placements.place(dated), source.size)
        case = self._judge_arrival(dated, source, scan, refusals)
        if arrival.scan is None and not self._scans.required:
            case = replace(case, told_at=arrival.at)
        verdict, outcome = self._filing.file(case)
        if scan is Scan.THREAT and outcome is Outcome.ALREADY_RECORDED:
            self._check_known(verdict.file_id)
        # Whether the verdict is new or stood already: a crash after it was recorded must not leave an archive packed.
        slices = self._expand(verdict, source) if self._buckets.holds_archive(verdict) else 0
        return Processed(
            placement=Placement(verdict.clinic_id, verdict.upload_id, verdict.file_id, case.placement.reserved),
            state=verdict.state,
            outcome=outcome,
            kind=verdict.kind,
            codes=tuple(found.code for found in verdict.findings),
            size=verdict.size,
            bytes_read=source.bytes_read,
            latency_ms=verdict.waited_ms,
            shadow=verdict.shadow,
            slices=slices,
        )

    def _leave_unscanned(self, arrival: Arrival) -> Processed:
        """Leave an object that has no result to go by, unless it has its verdict already.

        Raises ScanUnfinishedError.
        """
        known = self._placements.find_record(_date_arrival(arrival, self._objects.describe(arrival.object)))
        if known is None or known[1].state not in {*JUDGED, State.DELETED}:
            raise ScanUnfinishedError("no result of a malware scan to go by")
        placement, record = known
        return Processed(
            placement=placement,
            state=record.state,
            outcome=Outcome.ALREADY_RECORDED,
            kind=record.kind or "",
            codes=record.codes,
            size=record.size,
            bytes_read=0,
            latency_ms=0,
        )

    def _check_known(self, file_id: str) -> None:
        """Note a threat in a file that was judged before it was known: no later order lets such a file in.

        Raises LateThreatError: what becomes of the file is for people to say.
        """
        record = self._verdicts.file(file_id)
        if record and record.state is not State.DELETED and CODES[Scan.THREAT] not in record.codes:
            self._verdicts.note_scan(record, Scan.THREAT)
            raise LateThreatError(f"malware was found in a file that stands {record.state}: {file_id}")

    def _judge_arrival(
        self, arrival: Arrival, source: ObjectBytes, scan: Scan | None, refusals: tuple[str, ...]
    ) -> Case:
        placement = self._placements.place(arrival)
        judge = Refusing(refusals) if refusals else self._judge
        # What the sender says is believed where the portal signed it.
        declared = f"_.{source.first.metadata.get(DECLARED_EXTENSION, '')}"
        facts = Facts(
            extension=keys.extension(declared if placement.reserved else arrival.object.key),
            from_archive=placement.from_archive,
            profile=self._profile_of(placement.clinic_id),
        )
        judgement, judging_ms = time_judging(judge, source, facts)
        return Case(
            placement=placement,
            incoming=arrival.object,
            source=arrival.object,
            key=arrival.object.key if placement.reserved else placement.key(arrival.at),
            first=source.first,
            judgement=judgement,
            judging_ms=judging_ms,
            arrived_at=arrival.at,
            name=arrival.object.key.rpartition("/")[2],
            sha256=source.first.metadata.get(DECLARED_SHA256) if placement.reserved else None,
            scan=scan,
            nobodys=UNKNOWN_SENDER in refusals,
            profile=facts.profile,
        )


def _date_arrival(arrival: Arrival, described: ObjectRange) -> Arrival:
    """Return an arrival with the time at which its object landed, by which a file without a reservation is known.

    S3's notice, a scan's and the sweep's each have a time of their own, and are about one file.
    """
    return replace(arrival, at=described.last_modified)


def time_judging(judge: Judge, source: ByteSource, facts: Facts) -> tuple[Judgement, int]:
    """Judge, and return also how many milliseconds of work that took: without the wait for the file's turn."""
    started = time.thread_time()
    judgement = judge(source, facts)
    return judgement, round((time.thread_time() - started) * 1000)


def serialize(judge: Judge) -> Judge:
    """Return a judge that takes files one after the other: what it keeps between files knows no threads, and two that
    judged at the same time would only share one processor."""
    lock = Lock()

    def judge_next(source: ByteSource, facts: Facts) -> Judgement:
        with lock:
            return judge(source, facts)

    return judge_next

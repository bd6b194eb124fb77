"""What people order to be done with single files: judge again, try, accept by review, delete.

Every task may be delivered twice: the record's timeline tells that an order has been carried out, and its revision
keeps two of them from undoing each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from intake import keys
from intake.commands import DoTask
from intake.errors import ContentionError, ObjectMissingError, ScalperError
from intake.keyed_ids import KeyedIds
from intake.ports import Answer, Answered, Objects, Reviews, Task, Verdicts
from intake.record import Again, FileRecord, Finding, ObjectVersion, Severity, TimelineEntry, Verdict, now
from intake.review import obstacles
from intake.scan import Scan
from intake.states import JUDGED, OPEN, State
from processor.filing import Buckets, Case, Filing
from processor.judge import FIRST_READ, ByteSource, Facts, Profile
from processor.judge.catalogue import RULES
from processor.process import ARCHIVE, Judge, ObjectBytes, timed
from processor.scans import CODES, FINAL, PASSED, Refusing, Scans

STEPS = {Task.REPROCESS: "reprocess", Task.ACCEPT: "review-confirmed", Task.DELETE: "delete-ordered"}
"""What the timeline calls the wish that a task follows."""
RETRY = "retry"
"""The same, where a clinic's staff wish their own file to be checked again."""

Expand = Callable[[FileRecord | Verdict, ByteSource], int]
Answering = tuple[Answer, tuple[str, ...]]


class _NothingToDoError(ScalperError):
    """Raised within this module when a task does not apply; its answer says why."""

    def __init__(self, answer: Answer, codes: tuple[str, ...] = ()) -> None:
        super().__init__(answer)
        self.answering = answer, codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Carries out tasks. Trouble of the infrastructure raises, and is never an answer."""

    objects: Objects
    verdicts: Verdicts
    reviews: Reviews
    buckets: Buckets
    judge: Judge
    profile_of: Callable[[str], Profile]
    expand: Expand
    scans: Scans
    ids: KeyedIds
    clock: Callable[[], datetime] = now

    def do(self, command: DoTask) -> Answered:
        """Raises ContentionError, ObjectChangedError; both are worth another delivery."""
        record = self.verdicts.file(command.file_id)
        if record is None or not _may(command, record):
            return Answered(file_id=command.file_id, clinic_id=command.owner, answer=Answer.CLOSED)
        try:
            answer, codes = self._done(record) if _is_done(command, record) else self._task(command)(record, command)
        except _NothingToDoError as nothing:
            answer, codes = nothing.answering
        return Answered(file_id=record.file_id, clinic_id=record.clinic_id, answer=answer, codes=codes)

    def _task(self, command: DoTask) -> Callable[[FileRecord, DoTask], Answering]:
        return {
            Task.REPROCESS: self._reprocess,
            Task.TRY: self._try,
            Task.ACCEPT: self._accept,
            Task.DELETE: self._delete,
        }[command.task]

    def _reprocess(self, record: FileRecord, command: DoTask) -> Answering:
        asked = TimelineEntry(
            self.clock(), command.actor, RETRY if command.owner else STEPS[command.task], command.order_id
        )
        return self._filed(*self._judged(record, asked))

    def _try(self, record: FileRecord, _: DoTask) -> Answering:
        return _answer(self._filing.foreseen(self._judged(record)[0]).findings)

    def _accept(self, record: FileRecord, command: DoTask) -> Answering:
        review = self.reviews.review(record.file_id)
        if record.state is not State.REJECTED:
            raise _NothingToDoError(Answer.CLOSED)
        if review is None or not review.holds or review.decided_by != command.actor or review.decided_at is None:
            raise _NothingToDoError(Answer.REFUSED)
        proposed = TimelineEntry(review.proposed_at, review.proposed_by, "review-proposed")
        confirmed = TimelineEntry(review.decided_at, review.decided_by, STEPS[command.task], command.order_id)
        case, source = self._judged(record, proposed, confirmed)
        overridden = tuple(replace(found, severity=Severity.WARN) for found in case.judgement.findings)
        accepted = replace(case, judgement=replace(case.judgement, findings=overridden))
        rejecting = _codes((*case.judgement.findings, *self._filing.foreseen(accepted).findings))
        if not set(rejecting) <= set(review.codes) or obstacles(rejecting):
            return Answer.REFUSED, rejecting
        return self._filed(accepted, source)

    def _delete(self, record: FileRecord, command: DoTask) -> Answering:
        if record.state is not State.REJECTED or not self._in_quarantine(record):
            raise _NothingToDoError(Answer.CLOSED)
        asked = TimelineEntry(self.clock(), command.actor, STEPS[command.task], command.order_id)
        if not self.verdicts.delete(record, (asked,), self.clock()):
            raise ContentionError("the record changed while its file was to be deleted")
        return self._done(replace(record, state=State.DELETED))

    def _done(self, record: FileRecord) -> Answering:
        """Finish what follows from a record that was written: the delivery before this one may have ended there."""
        if record.state is State.DELETED and record.stored:
            self.objects.delete(record.stored)
            # An attempt to accept it may have left a copy that never was recorded.
            self.objects.delete(replace(record.stored, bucket=self.buckets.accepted, version_id=None))
            return Answer.DELETED, ()
        if record.state is State.ACCEPTED and record.stored and _is_own_archive(record):
            self._unpack(record, record.stored)
        return _answer(record.findings)

    def _judged(self, record: FileRecord, *steps: TimelineEntry) -> tuple[Case, ObjectBytes]:
        """Judge what is kept of a file, unless the malware scan keeps it out: no order overturns that."""
        if record.state not in {*OPEN, State.REJECTED}:
            raise _NothingToDoError(Answer.CLOSED)
        if not set(CODES.values()).isdisjoint(record.codes):
            raise _NothingToDoError(Answer.REJECTED, record.codes)
        try:
            version = self._kept(record)
            scan = self._scan(record, version)
            source = self._bytes(version, scan)
        except ObjectMissingError:
            raise _NothingToDoError(self._unpacked_again(record)) from None
        case = self._case(record, source, steps, scan)
        if record.clinic_id == keys.UNASSIGNED:
            case = case.refused(RULES["clinic-unknown"].finding())
        return case, source

    def _scan(self, record: FileRecord, version: ObjectVersion) -> Scan | None:
        """Return how the file's scan ended: as what arrived is tagged now, or else as it was when it was judged.

        What was once found in it stays found.
        """
        if record.scan in CODES:
            return record.scan
        from_quarantine = record.state is State.REJECTED
        try:
            scan = self.scans.of(record.incoming if from_quarantine else version)
        except ObjectMissingError:
            if not from_quarantine:
                raise
            scan = Scan.FAILED
        scan = scan if scan in FINAL else record.scan or scan
        if scan not in PASSED and scan not in CODES:
            raise _NothingToDoError(Answer.UNSCANNED)
        return scan

    def _bytes(self, version: ObjectVersion, scan: Scan | None) -> ObjectBytes:
        """Raises ObjectMissingError."""
        read = self.objects.describe(version) if scan in CODES else self.objects.read(version, 0, FIRST_READ)
        return ObjectBytes(self.objects, version, read)

    def _kept(self, record: FileRecord) -> ObjectVersion:
        """Raises ObjectMissingError when nothing is kept of the file."""
        version: ObjectVersion | None = record.incoming
        if record.state is State.REJECTED:
            version = record.stored if self._in_quarantine(record) else None
        elif record.incoming.version_id is None:
            found = self.objects.find(record.incoming.bucket, record.incoming.key)
            version = found.version if found else None
        if version is None:
            raise ObjectMissingError("nothing is kept of the file")
        return version

    def _in_quarantine(self, record: FileRecord) -> bool:
        """Say whether quarantine holds the file: of an archive's damaged entry there is nothing but the archive."""
        return record.stored is not None and record.stored.bucket == self.buckets.quarantine

    def _case(
        self, record: FileRecord, source: ObjectBytes, steps: tuple[TimelineEntry, ...], scan: Scan | None
    ) -> Case:
        facts = Facts(
            extension=keys.extension(record.name),
            from_archive=record.parent is not None,
            profile=self.profile_of(record.clinic_id),
        )
        judgement, judging_ms = timed(Refusing(scan) if scan in CODES else self.judge, source, facts)
        from_quarantine = record.state is State.REJECTED
        return Case(
            placement=keys.Placement(record.clinic_id, record.upload_id, record.file_id, reserved=True),
            incoming=record.incoming if from_quarantine else source.source,
            source=source.source,
            key=keys.object_key(record.clinic_id, record.upload_id, record.file_id, record.created_at),
            first=source.first,
            judgement=judgement,
            judging_ms=judging_ms,
            arrived_at=source.first.last_modified,
            name=record.name,
            sha256=record.sha256,
            again=Again(record.revision, steps, judged=record.state in JUDGED),
            scan=scan,
        )

    def _filed(self, case: Case, source: ObjectBytes) -> Answering:
        verdict, _ = self._filing.file(case)
        if _is_own_archive(verdict):
            self.expand(verdict, source)
        return _answer(verdict.findings)

    def _unpacked_again(self, record: FileRecord) -> Answer:
        """Have an archive's entry that never came out of it taken out again, with the others of that archive."""
        parent = self.verdicts.file(record.parent) if record.parent and record.state in OPEN else None
        if parent is None or parent.state is not State.ACCEPTED or parent.stored is None:
            return Answer.GONE
        self._unpack(parent, parent.stored)
        return Answer.ENQUEUED

    def _unpack(self, archive: FileRecord, stored: ObjectVersion) -> None:
        self.expand(archive, ObjectBytes(self.objects, stored, self.objects.read(stored, 0, FIRST_READ)))

    @property
    def _filing(self) -> Filing:
        return Filing(self.objects, self.verdicts, self.buckets, self.ids, self.clock)


def _may(command: DoTask, record: FileRecord) -> bool:
    """Say whether the one who ordered may: a clinic's staff have their own failed files checked again, and no more."""
    if not command.owner:
        return True
    own = command.owner == record.clinic_id and command.task is Task.REPROCESS
    return own and (record.state is State.FAILED or _is_done(command, record))


def _is_done(command: DoTask, record: FileRecord) -> bool:
    return any(step.detail == command.order_id and step.event in {RETRY, *STEPS.values()} for step in record.timeline)


def _is_own_archive(filed: FileRecord | Verdict) -> bool:
    accepted = filed.kind == ARCHIVE and filed.state is State.ACCEPTED and filed.duplicate_of is None
    return accepted and filed.stored is not None


def _answer(findings: tuple[Finding, ...]) -> Answering:
    rejecting = _codes(findings)
    if rejecting:
        return Answer.REJECTED, rejecting
    return (Answer.WARNED if findings else Answer.ACCEPTED), ()


def _codes(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found.code for found in findings if found.severity is Severity.REJECT))

"""What people order to be done with single files: judge again, try, accept by review, delete.

A file of an unknown sender that is judged again when the sender is a clinic that takes part becomes that clinic's, as
if it arrived now; what was recorded of it as nobody's stays until it is deleted.

Every task may be delivered twice: the record's timeline tells that an order has been carried out, and its revision
keeps two of them from undoing each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from intake.dicom.streams import ByteSource
from intake.errors import ContentionError, ObjectMissingError, ScalperError
from intake.files import keys
from intake.files.keys import KeyedIds, Placement
from intake.files.model import FileRecord, Finding, ObjectVersion, Severity, TimelineEntry, list_rejecting_codes, now
from intake.files.outcomes import Verdict
from intake.files.ports import Verdicts
from intake.files.scan import Scan
from intake.files.states import OPEN, State
from intake.orders.commands import DoTask
from intake.orders.model import Answer, Answered, Task
from intake.orders.review_rules import REPLACEABLE, obstacles
from intake.storage.ports import Objects
from processor.ingest.filing import Buckets, Case, Filing
from processor.ingest.process import Judge, time_judging
from processor.ingest.senders import place_again
from processor.ingest.stored_objects import (
    CODES,
    UNKNOWN_SENDER,
    USABLE,
    ObjectBytes,
    Refusing,
    Scans,
    list_refusals,
    open_object,
)
from processor.judge import Facts
from processor.judge.inspection.findings import Profile
from processor.judge.rules.catalogue import RULES
from processor.orders.past_verdicts import describe_again
from processor.orders.review_results import ReviewResults, list_steps

STEPS = {Task.REPROCESS: "reprocess", Task.ACCEPT: "review-confirmed", Task.DELETE: "delete-ordered"}
"""What the timeline calls the wish that a task follows."""
RETRY = "retry"
"""The same, where a clinic's staff wish their own file to be checked again."""

Answering = tuple[Answer, tuple[str, ...]]
"""An answer, and the codes of the findings that reject the file."""


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
    results: ReviewResults
    buckets: Buckets
    judge: Judge
    profile_of: Callable[[str], Profile]
    takes_part: Callable[[str], bool]
    expand: Callable[[FileRecord | Verdict, ByteSource], int]
    scans: Scans
    ids: KeyedIds
    remove_pictures: Callable[[str, str], None]
    clock: Callable[[], datetime] = now

    def do(self, command: DoTask) -> Answered:
        """Raises ContentionError, ObjectChangedError; both are worth another delivery."""
        record = self.verdicts.file(command.file_id)
        if record is None or not is_allowed(command, record):
            return Answered(file_id=command.file_id, clinic_id=command.owner, answer=Answer.CLOSED)
        carry_out = {
            Task.REPROCESS: self._reprocess,
            Task.TRY: self._try,
            Task.ACCEPT: self._accept,
            Task.DELETE: self._delete,
        }[command.task]
        try:
            answer, codes = self._finish(record) if is_done(command, record) else carry_out(record, command)
        except _NothingToDoError as nothing:
            answer, codes = nothing.answering
        answered = Answered(file_id=record.file_id, clinic_id=record.clinic_id, answer=answer, codes=codes)
        if command.task is Task.ACCEPT:
            self.results.tell(command, answered)
        return answered

    def _reprocess(self, record: FileRecord, command: DoTask) -> Answering:
        wish = RETRY if command.owner else STEPS[command.task]
        asked = TimelineEntry(self.clock(), command.actor, wish, command.order_id)
        return self._file(*self._judge_again(record, asked))

    def _try(self, record: FileRecord, _: DoTask) -> Answering:
        return choose_answer(self._filing.predict_judgement(self._judge_again(record)[0]).findings)

    def _accept(self, record: FileRecord, command: DoTask) -> Answering:
        review = self.results.find_agreed(record, command.actor)
        if review is None or record.state is not State.REJECTED:
            raise _NothingToDoError(Answer.REFUSED if record.state is State.REJECTED else Answer.CLOSED)
        steps = list_steps(review, STEPS[command.task], command.order_id)
        try:
            case, source = self._judge_again(record, *steps)
        except _NothingToDoError as nothing:
            self.results.keep_out(record, steps, nothing.answering[0])
            raise
        overridden = tuple(replace(found, severity=Severity.WARN) for found in case.judgement.findings)
        replaces = record.conflicts_with if REPLACEABLE.intersection(review.codes) else None
        accepted = replace(case, judgement=replace(case.judgement, findings=overridden), replaces=replaces)
        # A clash is with another file than the one whose place this one was let take: that was decided of no one.
        clash = list_rejecting_codes(self._filing.predict_judgement(accepted).findings)
        rejecting = (*list_rejecting_codes(case.judgement.findings), *clash)
        undecided = [code for code in rejecting if code in clash or code not in review.codes or obstacles([code])]
        if undecided:
            self.results.keep_out(record, steps, undecided[-1])
            return Answer.REFUSED, rejecting
        return self._file(accepted, source)

    def _delete(self, record: FileRecord, command: DoTask) -> Answering:
        if record.state is not State.REJECTED or not self._is_in_quarantine(record):
            raise _NothingToDoError(Answer.CLOSED)
        asked = TimelineEntry(self.clock(), command.actor, STEPS[command.task], command.order_id)
        if not self.verdicts.delete(record, (asked,), self.clock()):
            raise ContentionError("the record changed while its file was to be deleted")
        return self._finish(replace(record, state=State.DELETED))

    def _finish(self, record: FileRecord) -> Answering:
        """Finish what follows from a record that was written: the delivery before this one may have ended there."""
        if record.state is State.DELETED and record.stored:
            self.objects.delete(record.stored)
            # An attempt to accept it may have left a copy that never was recorded.
            self.objects.delete(replace(record.stored, bucket=self.buckets.accepted, version_id=None))
            self.remove_pictures(record.clinic_id, record.file_id)
            return Answer.DELETED, ()
        if record.state is State.ACCEPTED and record.stored and self.buckets.holds_archive(record):
            self.expand(record, open_object(self.objects, record.stored))
        return choose_answer(record.findings)

    def _judge_again(self, record: FileRecord, *steps: TimelineEntry) -> tuple[Case, ObjectBytes]:
        """Judge what is kept of a file, unless the malware scan keeps it out: no order overturns that."""
        if record.state not in {*OPEN, State.REJECTED}:
            raise _NothingToDoError(Answer.CLOSED)
        if not set(CODES.values()).isdisjoint(record.codes):
            raise _NothingToDoError(Answer.REJECTED, record.codes)
        try:
            version = self._find_kept(record)
            if (scan := self.scans.find_latest_result(record, version)) not in USABLE:
                raise _NothingToDoError(Answer.UNSCANNED)
            place = place_again(record, self.ids, self.takes_part)
            refusals = list_refusals(scan, is_nobodys=place.clinic_id == keys.UNASSIGNED)
            source = open_object(self.objects, version, unread=bool(refusals))
        except ObjectMissingError:
            raise _NothingToDoError(self._unpack_again(record)) from None
        case = self._make_case(record, source, place=place, steps=steps, scan=scan, refusals=refusals)
        if record.clinic_id != keys.UNASSIGNED and not self.takes_part(record.clinic_id):
            case = case.add_finding(RULES[UNKNOWN_SENDER].finding())
        return case, source

    def _find_kept(self, record: FileRecord) -> ObjectVersion:
        """Raises ObjectMissingError when nothing is kept of the file."""
        version: ObjectVersion | None = record.incoming
        if record.state is State.REJECTED:
            version = record.stored if self._is_in_quarantine(record) else None
        elif record.incoming.version_id is None:
            found = self.objects.find(record.incoming.bucket, record.incoming.key)
            version = found.version if found else None
        if version is None:
            raise ObjectMissingError("nothing is kept of the file")
        return version

    def _is_in_quarantine(self, record: FileRecord) -> bool:
        """Say whether quarantine holds the file: of an archive's damaged entry there is nothing but the archive."""
        return record.stored is not None and record.stored.bucket == self.buckets.quarantine

    def _make_case(
        self,
        record: FileRecord,
        source: ObjectBytes,
        *,
        place: Placement,
        steps: tuple[TimelineEntry, ...],
        scan: Scan | None,
        refusals: tuple[str, ...],
    ) -> Case:
        profile = self.profile_of(place.clinic_id)
        facts = Facts(keys.extension(record.name), from_archive=record.parent is not None, profile=profile)
        judgement, judging_ms = time_judging(Refusing(refusals) if refusals else self.judge, source, facts)
        return Case(
            placement=place,
            incoming=record.incoming if record.state is State.REJECTED else source.source,
            source=source.source,
            key=place.key(record.created_at),
            first=source.first,
            judgement=judgement,
            judging_ms=judging_ms,
            arrived_at=source.first.last_modified if place.reserved else record.created_at,
            name=record.name,
            sha256=record.sha256,
            again=describe_again(record, steps) if place.reserved else None,
            scan=scan,
            profile=profile,
        )

    def _file(self, case: Case, source: ObjectBytes) -> Answering:
        verdict, _ = self._filing.file(case)
        if self.buckets.holds_archive(verdict):
            self.expand(verdict, source)
        return choose_answer(verdict.findings)

    def _unpack_again(self, record: FileRecord) -> Answer:
        """Have an archive's entry that never came out of it taken out again, with the others of that archive."""
        parent = self.verdicts.file(record.parent) if record.parent and record.state in OPEN else None
        if parent is None or parent.state is not State.ACCEPTED or parent.stored is None:
            return Answer.GONE
        self.expand(parent, open_object(self.objects, parent.stored))
        return Answer.ENQUEUED

    @property
    def _filing(self) -> Filing:
        return Filing(self.objects, self.verdicts, self.buckets, self.ids, self.clock)


def is_allowed(command: DoTask, record: FileRecord) -> bool:
    """Say whether the one who ordered may: a clinic's staff have their own failed files checked again, and no more."""
    if not command.owner:
        return True
    own = command.owner == record.clinic_id and command.task is Task.REPROCESS
    return own and (record.state is State.FAILED or is_done(command, record))


def is_done(command: DoTask, record: FileRecord) -> bool:
    return any(step.detail == command.order_id and step.event in {RETRY, *STEPS.values()} for step in record.timeline)


def choose_answer(findings: tuple[Finding, ...]) -> Answering:
    rejecting = list_rejecting_codes(findings)
    if rejecting:
        return Answer.REJECTED, rejecting
    return (Answer.WARNED if findings else Answer.ACCEPTED), ()

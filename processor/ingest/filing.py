"""A judged object's way into the accepted or the quarantine bucket, and into its record.

Every step may happen twice, and a crash between any two of them is healed by the next delivery of the same message.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from intake.errors import ContentionError, ObjectTakenError
from intake.files.keys import KeyedIds, Placement
from intake.files.model import FileRecord, Finding, ObjectVersion, now
from intake.files.outcomes import Again, Outcome, Recorded, Verdict
from intake.files.ports import Verdicts
from intake.files.scan import Scan
from intake.files.states import State
from intake.storage.model import Copied, ObjectRange
from intake.storage.ports import Objects
from intake.tenants.model import profile_version
from processor.ingest.clashes import Clashes, Met
from processor.ingest.stored_objects import ObjectBytes
from processor.judge import ARCHIVE, Judgement
from processor.judge.inspection.findings import EVERYTHING, Profile
from processor.judge.rules.catalogue import RULES_VERSION


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where judged objects go."""

    accepted: str
    quarantine: str

    def holds_archive(self, filed: FileRecord | Verdict) -> bool:
        """Say whether a file is an accepted archive, whose entries are to be files of their own."""
        return filed.kind == ARCHIVE and filed.stored is not None and filed.stored.bucket == self.accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A judged object on its way to a record."""

    placement: Placement
    incoming: ObjectVersion
    """As the record names what arrived."""
    source: ObjectVersion
    """What was judged: the same, or what the quarantine holds of it."""
    key: str
    """In either bucket."""
    first: ObjectRange
    judgement: Judgement
    judging_ms: int
    arrived_at: datetime
    """As S3 dates the object, whoever tells of it and when."""
    name: str
    sha256: str | None = None
    """As it is known without a copy."""
    again: Again | None = None
    scan: Scan | None = None
    nobodys: bool = False
    """Its prefix is that of no clinic that takes part."""
    profile: Profile = EVERYTHING
    """Of its clinic."""
    conflicts_with: str | None = None
    """The file that stands in the way, once that is known."""
    replaces: str | None = None
    """The file whose place it takes, as two people decided."""
    told_at: datetime | None = None
    """When S3 told of it, which of an object sent in parts is when it was complete."""

    def verdict(self, copied: Copied, decided_at: datetime) -> Verdict:
        judgement = self.judgement
        return Verdict(
            clinic_id=self.placement.clinic_id,
            upload_id=self.placement.upload_id,
            file_id=self.placement.file_id,
            state=State.REJECTED if judgement.rejected else State.ACCEPTED,
            incoming=self.incoming,
            stored=copied.stored,
            size=self.first.total,
            etag=self.first.etag,
            sha256=copied.sha256 or self.sha256,
            kind=judgement.kind,
            findings=judgement.findings,
            metadata=judgement.metadata,
            rules_version=RULES_VERSION,
            profile_version=profile_version(self.profile.as_dict()),
            arrived_at=self.arrived_at,
            told_at=self.told_at,
            decided_at=decided_at,
            judging_ms=self.judging_ms,
            sop_instance_uid=judgement.sop_instance_uid,
            shadow=judgement.shadow,
            conflicts_with=self.conflicts_with,
            replaces=self.replaces,
            name=self.name,
            again=self.again,
            scan=self.scan,
        )

    def as_direct(self, ids: KeyedIds) -> "Case":
        """Return the same object as a file of its own: what its key promised belongs to another."""
        source = self.source
        place = ids.place_unassigned if self.nobodys else ids.place_direct
        placement = place(source.bucket, source.key, source.version_id, self.arrived_at)
        return replace(self, placement=placement, key=placement.key(self.arrived_at), sha256=None)

    def add_clash(self, met: Met) -> "Case":
        """Return the same object with what was found when another was met that stands in its way."""
        findings = (*self.judgement.findings, *met.findings)
        shadow = (*self.judgement.shadow, *met.shadow)
        judgement = replace(self.judgement, findings=findings, shadow=shadow)
        blocked = judgement.rejected or not met.is_duplicate
        return replace(self, judgement=judgement, conflicts_with=met.file_id if blocked else None)

    def add_finding(self, found: Finding) -> "Case":
        return replace(self, judgement=replace(self.judgement, findings=(*self.judgement.findings, found)))


class Filing:
    """Copies an object to where its judgement sends it, and records that; what stands in the way may change it."""

    def __init__(
        self,
        objects: Objects,
        verdicts: Verdicts,
        buckets: Buckets,
        ids: KeyedIds,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._objects = objects
        self._verdicts = verdicts
        self._buckets = buckets
        self._ids = ids
        self._clock = clock
        self._clashes = Clashes(objects)

    def file(self, case: Case) -> tuple[Verdict, Outcome]:
        """Raises ObjectMissingError, ObjectChangedError, ContentionError; all are worth another delivery."""
        bucket = self._buckets.quarantine if case.judgement.rejected else self._buckets.accepted
        try:
            if case.again and case.source.bucket == bucket:
                copied = Copied(case.source, case.sha256)
            else:
                copied = self._objects.copy(case.source, case.first.etag, case.first.total, bucket, case.key)
        except ObjectTakenError:
            return self._file_elsewhere(case, bucket)
        verdict = case.verdict(copied, self._clock())
        recorded = self._verdicts.record(verdict, reserved=case.placement.reserved)
        match recorded.outcome:
            case Outcome.RECORDED:
                return verdict, recorded.outcome
            case Outcome.ALREADY_RECORDED:
                self._discard_unless(verdict.stored, recorded.other_stored)
                return replace(verdict, stored=recorded.other_stored or verdict.stored), recorded.outcome
            case Outcome.DUPLICATE_BYTES:
                return self._file_duplicate(case, verdict, recorded)
            case Outcome.SOP_INSTANCE_CONFLICT:
                return self._file_clashing(case, copied, recorded)
            case Outcome.NO_RESERVATION:
                self._objects.delete(verdict.stored)
                if not case.placement.reserved:
                    raise ContentionError("another's record stands under the id of a file without a reservation")
                return self.file(case.as_direct(self._ids))

    def predict_judgement(self, case: Case) -> Judgement:
        """Return what filing would make of a case, as far as can be told without doing it.

        Who stands in the way of a file is told also where its findings reject it already.
        """
        would_be = replace(case.verdict(Copied(case.source, case.sha256), self._clock()), state=State.ACCEPTED)
        recorded = self._verdicts.check_conflicts(would_be)
        if recorded.outcome is not Outcome.SOP_INSTANCE_CONFLICT:
            return case.judgement
        return case.add_clash(self._meet(case, recorded)).judgement

    def _file_clashing(self, case: Case, copied: Copied, recorded: Recorded) -> tuple[Verdict, Outcome]:
        """File what another accepted file of the same SOP Instance UID stands in the way of."""
        met = self._meet(case, recorded)
        told = case.add_clash(met)
        if told.judgement.rejected:
            self._objects.delete(copied.stored)
            return self.file(told)
        return self._file_duplicate(told, told.verdict(copied, self._clock()), recorded)

    def _meet(self, case: Case, recorded: Recorded) -> Met:
        source = ObjectBytes(self._objects, case.source, case.first)
        return self._clashes.meet(source, recorded, case.profile)

    def _file_elsewhere(self, case: Case, bucket: str) -> tuple[Verdict, Outcome]:
        """Another object's copy stands where this one's was to go."""
        standing = self._verdicts.file(case.placement.file_id)
        if case.again:
            # A file without a valid verdict owns its key, so this is what an attempt left that never was recorded.
            if standing and standing.revision == case.again.revision:
                self._objects.delete(ObjectVersion(bucket, case.key))
            raise ContentionError("a copy that belongs to no record stood in the way")
        if standing and standing.incoming == case.incoming and standing.stored:
            # Judged again since, from its copy in quarantine: this is a late delivery of its arrival.
            verdict = case.verdict(Copied(standing.stored, standing.sha256), self._clock())
            return verdict, Outcome.ALREADY_RECORDED
        if not case.placement.reserved:
            raise ObjectTakenError(f"another object's copy stands under the key in {bucket}")
        return self.file(case.as_direct(self._ids))

    def _file_duplicate(self, case: Case, verdict: Verdict, recorded: Recorded) -> tuple[Verdict, Outcome]:
        """Record the file as accepted, point it to the bytes that are already held, and drop our copy of them."""
        held = recorded.other_stored or verdict.stored
        duplicate = replace(verdict, duplicate_of=recorded.other_file_id, stored=held, replaces=None)
        outcome = self._verdicts.record(duplicate, reserved=case.placement.reserved).outcome
        self._discard_unless(verdict.stored, held)
        return duplicate, outcome

    def _discard_unless(self, copy: ObjectVersion, kept: ObjectVersion | None) -> None:
        if kept is None or (copy.bucket, copy.key) != (kept.bucket, kept.key):
            self._objects.delete(copy)

"""The table, as the processor uses it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from intake.errors import ContentionError
from intake.files.model import FileRecord, FileSummary, Finding, ObjectVersion, Source, TimelineEntry, Upload, now
from intake.files.outcomes import Outcome, Recorded, Verdict
from intake.files.scan import Scan
from intake.files.states import SETTLING, State, may_become
from tests.fakes.table import FakeTable, summary


@dataclass
class FakeVerdicts:
    """The table, as the processor uses it."""

    table: FakeTable = field(default_factory=FakeTable)

    def record(self, verdict: Verdict, *, reserved: bool) -> Recorded:
        stored = self.table.files.get(verdict.file_id)
        again = verdict.again
        if again is None and stored is not None and not stored.is_of(verdict.clinic_id, verdict.incoming):
            return Recorded(Outcome.NO_RESERVATION)
        foreign = stored is None or not stored.is_of(verdict.clinic_id, verdict.incoming)
        if again and (stored is None or foreign or stored.revision != again.revision):
            raise ContentionError(verdict.file_id)
        if stored is not None and stored.state not in may_become(verdict.state, reprocessing=again is not None):
            if stored.incoming != verdict.incoming:
                return Recorded(Outcome.NO_RESERVATION)
            kept = None if stored.state is State.DELETED else stored.stored
            return Recorded(Outcome.ALREADY_RECORDED, stored.file_id, kept)
        if stored is None and reserved:
            return Recorded(Outcome.NO_RESERVATION)
        obstacle = self._obstacle(verdict)
        if obstacle is not None:
            return obstacle
        self._claim(verdict)
        if verdict.replaces and verdict.duplicate_of is None:
            former = self.table.files[verdict.replaces]
            told = TimelineEntry(verdict.decided_at, "processor", "superseded", verdict.file_id)
            self.table.save(former, superseded_by=verdict.file_id, timeline=(*former.timeline, told))
        self._write(verdict, stored or self._arrival(verdict))
        return Recorded(Outcome.RECORDED)

    def fail(self, record: FileRecord, reason: str) -> bool:
        stored = self.table.files.get(record.file_id)
        if stored is None:
            self._open_direct_upload(record.clinic_id, record.upload_id, record.created_at)
        elif stored.state not in may_become(State.FAILED) or not stored.is_of(record.clinic_id, record.incoming):
            return False
        at = now()
        told = TimelineEntry(at, "processor", State.FAILED.value, reason)
        base = stored or record
        self.table.save(base, state=State.FAILED, updated_at=at, timeline=(*base.timeline, told))
        return True

    def delete(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        stored = self.table.files.get(record.file_id)
        if stored is None or not stored.is_of(record.clinic_id, record.incoming):
            return False
        if stored.state is not State.REJECTED or stored.revision != record.revision:
            return False
        told = TimelineEntry(at, "processor", State.DELETED.value)
        self.table.save(stored, state=State.DELETED, updated_at=at, timeline=(*stored.timeline, *steps, told))
        return True

    def add_steps(self, record: FileRecord, steps: Sequence[TimelineEntry], at: datetime) -> bool:
        stored = self.table.files.get(record.file_id)
        if stored is None or (stored.clinic_id, stored.revision) != (record.clinic_id, record.revision):
            return False
        if stored.state is not State.REJECTED:
            return False
        self.table.save(stored, updated_at=at, timeline=(*stored.timeline, *steps))
        return True

    def settle(
        self, record: FileRecord, state: State, found: Finding | None, stored: ObjectVersion, at: datetime
    ) -> bool:
        standing = self.table.files.get(record.file_id)
        if standing is None or standing.state not in SETTLING or standing.revision != record.revision:
            return False
        findings = (*standing.findings, *((found,) if found else ()))
        told = TimelineEntry(at, "processor", state.value, found.code if found else "entries-judged")
        kept = {} if state is State.ACCEPTED else {"duplicate_of": None}
        self.table.save(
            standing, state=state, findings=findings, stored=stored, settled=True, updated_at=at,
            timeline=(*standing.timeline, told), **kept,
        )  # fmt: skip
        if state is State.REJECTED:
            identities = self.table.identities
            self.table.identities = {claim: held for claim, held in identities.items() if held != record.file_id}
        return True

    def note_scan(self, record: FileRecord, scan: Scan) -> None:
        stored = self.table.files.get(record.file_id)
        if stored is not None and stored.clinic_id == record.clinic_id:
            self.table.files[record.file_id] = replace(stored, scan=scan)

    def check_conflicts(self, verdict: Verdict) -> Recorded:
        return self._obstacle(verdict) or Recorded(Outcome.RECORDED)

    def expire(self, file: FileRecord | FileSummary, at: datetime) -> bool:
        stored = self.table.files.get(file.file_id)
        awaited = stored is not None and stored.clinic_id == file.clinic_id and stored.state is State.AWAITING_UPLOAD
        if stored is None or not awaited or stored.expires_at > at:
            return False
        told = TimelineEntry(at, "sweep", State.EXPIRED.value)
        self.table.save(stored, state=State.EXPIRED, updated_at=at, timeline=(*stored.timeline, told))
        return True

    def list_awaited(self) -> Iterator[FileSummary]:
        rows = [record for record in self.table.files.values() if record.state is State.AWAITING_UPLOAD]
        yield from (summary(record) for record in sorted(rows, key=lambda record: record.created_at))

    def file(self, file_id: str) -> FileRecord | None:
        return self.table.files.get(file_id)

    def _obstacle(self, verdict: Verdict) -> Recorded | None:
        if verdict.state is not State.ACCEPTED or verdict.duplicate_of is not None:
            return None
        identities = self.table.identities
        twin = identities.get((verdict.clinic_id, "sha256", verdict.sha256 or ""))
        if twin not in (None, verdict.file_id):
            return Recorded(Outcome.DUPLICATE_BYTES, twin, self.table.files[twin].stored)
        rival = identities.get((verdict.clinic_id, "sop", verdict.sop_instance_uid or ""))
        if rival not in (None, verdict.file_id, verdict.replaces):
            return Recorded(Outcome.SOP_INSTANCE_CONFLICT, rival, self.table.files[rival].stored)
        return None

    def _claim(self, verdict: Verdict) -> None:
        if verdict.state is not State.ACCEPTED or verdict.duplicate_of is not None:
            return
        for kind, value in (("sha256", verdict.sha256), ("sop", verdict.sop_instance_uid)):
            if value:
                self.table.identities[verdict.clinic_id, kind, value] = verdict.file_id

    def _write(self, verdict: Verdict, base: FileRecord) -> None:
        asked = verdict.again.steps if verdict.again else ()
        self.table.save(
            base,
            state=verdict.state,
            incoming=verdict.incoming,
            stored=verdict.stored,
            size=verdict.size,
            sha256=verdict.sha256,
            kind=verdict.kind,
            findings=verdict.findings,
            metadata=verdict.metadata,
            duplicate_of=verdict.duplicate_of,
            conflicts_with=verdict.conflicts_with or verdict.replaces,
            shadow=verdict.shadow,
            scan=verdict.scan or base.scan,
            rules_version=verdict.rules_version,
            profile_version=verdict.profile_version,
            updated_at=verdict.decided_at,
            timings=base.timings if verdict.again and verdict.again.judged else _timings(verdict),
            timeline=(*base.timeline, *asked, TimelineEntry(verdict.decided_at, "processor", verdict.state.value)),
        )

    def _arrival(self, verdict: Verdict) -> FileRecord:
        self._open_direct_upload(verdict.clinic_id, verdict.upload_id, verdict.arrived_at)
        return FileRecord(
            clinic_id=verdict.clinic_id,
            upload_id=verdict.upload_id,
            file_id=verdict.file_id,
            name=verdict.name,
            size=verdict.size,
            sha256=verdict.sha256,
            state=State.AWAITING_UPLOAD,
            source=Source.DIRECT,
            created_at=verdict.arrived_at,
            created_by="s3",
            updated_at=verdict.arrived_at,
            expires_at=verdict.arrived_at,
            incoming=verdict.incoming,
        )

    def _open_direct_upload(self, clinic_id: str, upload_id: str, at: datetime) -> None:
        direct = Upload(
            clinic_id=clinic_id, upload_id=upload_id, created_at=at, created_by="processor", source=Source.DIRECT
        )
        self.table.uploads.setdefault(upload_id, direct)


def _timings(verdict: Verdict) -> dict[str, int]:
    waited = (verdict.decided_at - verdict.arrived_at) // timedelta(milliseconds=1)
    return {"arrival_to_verdict": waited, "judging": verdict.judging_ms}

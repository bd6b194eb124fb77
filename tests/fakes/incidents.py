"""Incidents, rounds and the ledger, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from intake.files.keys import UNASSIGNED, is_announced
from intake.files.model import FileSummary, timestamp
from intake.files.states import State
from intake.operations.model import Announcements, AwaitedGroup, Incident, RecordedIds, SampledUpload, UploadAudit
from tests.fakes.table import FakeTable, summary


@dataclass
class FakeIncidents:
    """Keeps incidents and what was told, in order."""

    standing: dict[str, Incident] = field(default_factory=dict)
    told: list[Incident] = field(default_factory=list)

    def open(self, after: str, limit: int) -> tuple[tuple[Incident, ...], str]:
        behind = sorted(name for name in self.standing if name > after)
        page = behind[:limit]
        return tuple(self.standing[name] for name in page), page[-1] if len(behind) > limit else ""

    def note(self, incidents: Sequence[Incident]) -> None:
        for incident in incidents:
            self.standing.setdefault(incident.incident_id, incident)

    def tell(self, incident: Incident, at: datetime) -> None:
        standing = self.standing.get(incident.incident_id)
        if standing and not standing.told:
            self.told.append(incident)
            self.standing[incident.incident_id] = replace(incident, told=True)

    def close(self, incident: Incident, at: datetime) -> None:
        self.standing.pop(incident.incident_id, None)


@dataclass
class FakeRounds:
    """Keeps positions."""

    positions: dict[str, str] = field(default_factory=dict)

    def read(self) -> dict[str, str]:
        return dict(self.positions)

    def write(self, positions: dict[str, str]) -> None:
        self.positions = positions


@dataclass
class FakeUploadAudits:
    """Tells what a test has said of an upload; of any other, that all is exact."""

    told: dict[str, UploadAudit | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def audit(self, clinic_id: str, upload_id: str, ends: float) -> UploadAudit | None:
        self.asked.append(upload_id)
        return self.told.get(upload_id, UploadAudit(()))


@dataclass
class FakeUploadSamples:
    """Draws a clinic's uploads, the first ones first."""

    uploads: list[SampledUpload] = field(default_factory=list)

    def clinics(self) -> list[str]:
        return sorted({one.clinic_id for one in self.uploads})

    def draw(self, clinic_id: str, count: int) -> list[SampledUpload]:
        return [one for one in self.uploads if one.clinic_id == clinic_id][:count]


@dataclass
class FakeAwaitedFiles:
    """Finds what is awaited: what an upload announced at one moment is a group, and any other file is by itself."""

    table: FakeTable

    def clinics(self) -> list[str]:
        return sorted({record.clinic_id for record in self.table.files.values()})

    def page(self, clinic_id: str, after: str, until: datetime, limit: int) -> tuple[tuple[AwaitedGroup, ...], str]:
        rows: dict[str, list[FileSummary]] = {}
        for record in sorted(self.table.files.values(), key=lambda record: (record.created_at, record.file_id)):
            if (record.clinic_id, record.state) == (clinic_id, State.AWAITING_UPLOAD) and record.created_at < until:
                name = record.upload_id if is_announced(record.file_id) else record.file_id
                rows.setdefault(f"{timestamp(record.created_at)}#{name}", []).append(summary(record))
        behind = sorted(position for position in rows if position > after)
        found = tuple(_group(position, rows[position]) for position in behind[:limit])
        return found, behind[limit - 1] if len(behind) > limit else ""

    def files(self, group: AwaitedGroup) -> Sequence[FileSummary]:
        between = (
            record
            for name, record in sorted(self.table.files.items())
            if group.first <= name <= group.last and record.created_at == group.created_at
        )
        return [summary(record) for record in between if record.state is State.AWAITING_UPLOAD]


def _group(position: str, files: Sequence[FileSummary]) -> AwaitedGroup:
    first, last = files[0], files[-1]
    return AwaitedGroup(
        clinic_id=first.clinic_id,
        upload_id=first.upload_id,
        created_at=first.created_at,
        first=first.file_id,
        last=last.file_id,
        position=position,
        file=None if files[1:] else first,
    )


@dataclass
class FakeLedger:
    """Pages through the table's files by clinic."""

    table: FakeTable

    def clinics(self) -> list[str]:
        return sorted({record.clinic_id for record in self.table.files.values()} | {UNASSIGNED})

    def page(self, clinic_id: str, after: str, limit: int) -> tuple[dict[str, str], bool]:
        rows = sorted(
            (f"{record.created_at.isoformat()}#{record.file_id}", record.file_id)
            for record in self.table.files.values()
            if record.clinic_id == clinic_id and record.state is not State.AWAITING_UPLOAD
        )
        behind = [(position, file_id) for position, file_id in rows if position > after]
        return {file_id: position for position, file_id in behind[:limit]}, len(behind) > limit

    def look_up(self, file_ids: frozenset[str], upload_ids: frozenset[str]) -> RecordedIds:
        uploads = {one: self._announcements(one) for one in upload_ids & set(self.table.uploads)}
        return RecordedIds({one: self.table.files[one] for one in file_ids & set(self.table.files)}, uploads)

    def _announcements(self, upload_id: str) -> Announcements:
        upload = self.table.uploads[upload_id]
        announced = [one for one in self.table.files_of(upload_id) if is_announced(one.file_id)]
        last = max((record.created_at for record in announced), default=upload.created_at)
        return Announcements(upload.clinic_id, len(announced), f"{upload.created_at:%Y-%m-%d}", f"{last:%Y-%m-%d}")

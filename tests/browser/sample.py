"""A clinic's representative day, for looking at pages: invented names, synthetic identifiers."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from intake.files.keys import file_id, new_upload_id, object_key
from intake.files.model import FileRecord, Finding, Metadata, ObjectVersion, Source, TimelineEntry, Upload
from intake.files.states import JUDGED, State
from intake.projections.model import Change, Device, Snapshot
from intake.tenants.model import Clinic
from processor.judge.rules.catalogue import RULES
from tests.fakes import FakeDirectory, FakeProjections, FakeTable

CLINIC = "northside"
STAFF = "3f1c5b0e-77aa-4c53-9a35-9d1f3d2b7a10"

PATIENT = "NS-004711"

METADATA = {
    "modality": "CT",
    "body_part": "CHEST",
    "study_date": "20261121",
    "sop_class": "CT Image Storage",
    "sop_instance_uid": "1.2.826.0.1.3680043.8.498.10384756201938475610293847",
    "study_instance_uid": "1.2.826.0.1.3680043.8.498.55510293847561029384756",
    "series_instance_uid": "1.2.826.0.1.3680043.8.498.77711029384756102938475",
    "series_number": 3,
    "instance_number": 41,
    "rows": 512,
    "columns": 512,
    "bits_allocated": 16,
    "photometric_interpretation": "MONOCHROME2",
    "manufacturer": "Example Imaging",
    "transfer_syntax": "Explicit VR Little Endian",
    "patient": {"id": PATIENT, "name": "Probe^Petra", "birth_date": "19700101", "sex": "F"},
}


class Sample:
    """Fills the fakes. `now` is the moment that the pages are looked at."""

    def __init__(self, table: FakeTable, directory: FakeDirectory, projections: FakeProjections, now: datetime) -> None:
        self._table = table
        self._projections = projections
        self._now = now
        directory.save_clinic(Clinic(CLINIC, "Northside Radiology"))
        directory.save_clinic(Clinic("lakeview", "Lakeview Imaging Centre"))

    def upload(
        self, reference: str, *, minutes_ago: float, source: Source = Source.WEB, clinic: str = CLINIC
    ) -> Upload:
        upload = Upload(
            clinic_id=clinic,
            upload_id=new_upload_id(),
            created_at=self._now - timedelta(minutes=minutes_ago),
            created_by=STAFF,
            source=source,
            reference=reference,
        )
        self._table.uploads[upload.upload_id] = upload
        return upload

    def file(
        self,
        upload: Upload,
        name: str,
        state: State,
        *,
        codes: tuple[str, ...] = (),
        size: int = 528_384,
        kind: str = "dicom",
    ) -> FileRecord:
        """Add a file to an upload; `codes` are of the judge's rules."""
        stored = self._table.uploads[upload.upload_id]
        record = self._record(
            stored,
            new_id=file_id(upload.upload_id, stored.announced),
            name=name,
            state=state,
            codes=codes,
            size=size,
            kind=kind,
        )
        self._table.files[record.file_id] = record
        self._table.uploads[upload.upload_id] = self._with_one_more(stored)
        if state is not State.AWAITING_UPLOAD:
            self._projections.apply([self._change(record)])
        return record

    def past(
        self,
        state: State,
        count: int,
        hours_ago: float,
        codes: tuple[str, ...] = (),
        *,
        clinic: str = CLINIC,
        device: Device | None = None,
    ) -> None:
        """Add verdicts of past hours and days to the sums, without records of their own."""
        at = self._now - timedelta(hours=hours_ago)
        self._projections.apply(
            [
                Change(
                    file_id=f"past-{clinic}-{state}-{hours_ago}-{device}-{number}",
                    upload_id="past",
                    clinic_id=clinic,
                    source="web",
                    revision=1,
                    old=Snapshot(State.AWAITING_UPLOAD),
                    new=Snapshot(state, size=24_524_288),
                    at=at,
                    codes=codes,
                    latency_ms=240 + 9 * number + 3000 * (number % 23 == 22) if state in JUDGED else None,
                    device=device if state in JUDGED else None,
                )
                for number in range(count)
            ]
        )

    @staticmethod
    def _with_one_more(upload: Upload) -> Upload:
        return replace(upload, announced=upload.announced + 1)

    def _record(
        self, upload: Upload, *, new_id: str, name: str, state: State, codes: tuple[str, ...], size: int, kind: str
    ) -> FileRecord:
        judged = state in {State.ACCEPTED, State.REJECTED}
        key = object_key(upload.clinic_id, upload.upload_id, new_id, upload.created_at)
        reserved_at = upload.created_at
        decided_at = reserved_at + timedelta(seconds=4, milliseconds=310)
        return FileRecord(
            clinic_id=upload.clinic_id,
            upload_id=upload.upload_id,
            file_id=new_id,
            name=name,
            size=size,
            sha256=hashlib.sha256(name.encode()).hexdigest(),
            state=state,
            source=upload.source,
            created_at=reserved_at,
            created_by=STAFF,
            updated_at=reserved_at if state is State.AWAITING_UPLOAD else decided_at,
            expires_at=reserved_at + timedelta(hours=24),
            incoming=ObjectVersion("incoming", key),
            stored=ObjectVersion("accepted" if state is State.ACCEPTED else "quarantine", key, "v1")
            if judged
            else None,
            kind=kind if judged else None,
            findings=_findings(codes),
            metadata=_metadata(upload, new_id) if judged and kind == "dicom" else {},
            rules_version="2026.11.1" if judged else None,
            timings={"arrival_to_verdict": 312, "declared_to_verdict": 4310, "judging": 2} if judged else {},
            timeline=_timeline(state, reserved_at, decided_at, codes),
            revision=1,
        )

    @staticmethod
    def _change(record: FileRecord) -> Change:
        return Change(
            file_id=record.file_id,
            upload_id=record.upload_id,
            clinic_id=record.clinic_id,
            source=record.source,
            revision=1,
            old=Snapshot(State.AWAITING_UPLOAD),
            new=Snapshot(record.state, size=record.size),
            at=record.updated_at,
            codes=tuple(finding.code for finding in record.findings) if record.state is State.REJECTED else (),
            latency_ms=record.timings.get("arrival_to_verdict"),
        )


def _metadata(upload: Upload, new_id: str) -> Metadata:
    """Return what a slice says: each upload is a study, of two series, the second of which lacks a slice."""
    number = int(new_id.rpartition("-")[2])
    series, instance = (1, number + 1) if number < 10 else (2, number - 9 + (number > 12))
    study = f"{METADATA['study_instance_uid']}.{int(upload.created_at.timestamp())}"
    modality = "MR" if "MR" in upload.reference else "MG" if "Mammo" in upload.reference else "CT"
    told = {"study_instance_uid": study, "series_instance_uid": f"{study}.{series}", "modality": modality}
    return {**METADATA, **told, "series_number": series, "instance_number": instance}


def _findings(codes: tuple[str, ...]) -> tuple[Finding, ...]:
    places = {"truncated": "(7FE0,0010)", "sop-instance-uid-missing": "(0008,0018)"}
    return tuple(RULES[code].finding(places.get(code, "")) for code in codes)


def _timeline(
    state: State, reserved_at: datetime, decided_at: datetime, codes: tuple[str, ...]
) -> tuple[TimelineEntry, ...]:
    reserved = TimelineEntry(reserved_at, STAFF, "reserved")
    if state is State.AWAITING_UPLOAD:
        return (reserved,)
    actor = "sweep" if state is State.EXPIRED else "processor"
    return (reserved, TimelineEntry(decided_at, actor, state.value, codes[0] if codes else ""))

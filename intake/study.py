"""Studies and series as their accepted files add up to them: pure, so that the records give the same again.

Sources: DICOM PS3.3 C.7.2 (study), C.7.3 (series), C.7.4.1 (frame of reference), C.7.6.1 (instance number).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intake.keys import series_id, study_id
from intake.record import Metadata

LONGEST_UID = 128
"""Characters. The standard allows 64 (PS3.5 9.1); some scanners write more."""

LIMITS = {
    "modalities": 32,
    "study_dates": 32,
    "patients": 32,
    "uploads": 100,
    "series": 500,
    "frames_of_reference": 32,
    "numbers": 10_000,
}
"""How many different values of each kind are kept: an item of the table holds 400 KB, and senders may be hostile."""


@dataclass(frozen=True, slots=True)
class Instance:
    """What one accepted DICOM file says of its study and series."""

    study_uid: str
    series_uid: str
    modality: str = ""
    study_date: str = ""
    frame_of_reference: str = ""
    number: int | None = None
    """Instance Number, (0020,0013)."""
    patient: str = ""
    """A digest of the Patient ID; nothing where the file has none."""
    patient_key: str = ""
    """What the clinic finds the patient's studies by, as `intake/patient_keys.py` makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series, of the files that were accepted so far."""

    series_uid: str
    instances: int
    numbered: int = 0
    """Instances that have a number."""
    modalities: frozenset[str] = frozenset()
    frames_of_reference: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()
    """The different instance numbers, at most about `LIMITS`."""

    @property
    def series_id(self) -> str:
        return series_id(self.series_uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A clinic's study, of the files that were accepted so far. Sets hold at most about `LIMITS`."""

    clinic_id: str
    study_uid: str
    instances: int
    bytes: int
    first_at: datetime
    """When its first file was accepted."""
    last_at: datetime
    modalities: frozenset[str] = frozenset()
    study_dates: frozenset[str] = frozenset()
    """As the files say, `YYYYMMDD`; one where all is well."""
    patients: frozenset[str] = frozenset()
    """Digests of Patient IDs: enough to tell whether they differ, and no use besides."""
    uploads: frozenset[str] = frozenset()
    series_uids: frozenset[str] = frozenset()
    series: tuple[Series, ...] = field(default=())
    """Only where one study is asked for; lists leave it empty."""

    @property
    def study_id(self) -> str:
        return study_id(self.clinic_id, self.study_uid)


def instance(clinic_id: str, metadata: Metadata, patient_key: str = "") -> Instance | None:
    """Return what a DICOM file's metadata says of its study, or None where it names none."""
    study_uid, series_uid = study_uid_of(metadata), series_uid_of(metadata)
    if not study_uid:
        return None
    number = metadata.get("instance_number")
    return Instance(
        study_uid=study_uid,
        series_uid=series_uid,
        modality=short(metadata, "modality"),
        study_date=short(metadata, "study_date"),
        frame_of_reference=_uid(metadata, "frame_of_reference_uid"),
        number=number if isinstance(number, int) else None,
        patient=_patient(clinic_id, study_uid, metadata.get("patient", {})),
        patient_key=patient_key,
    )


def study_uid_of(metadata: Mapping[str, Any]) -> str:
    """Return the Study Instance UID of a file that names its series too, or nothing."""
    return _uid(metadata, "study_instance_uid") if series_uid_of(metadata) else ""


def series_uid_of(metadata: Mapping[str, Any]) -> str:
    return _uid(metadata, "series_instance_uid")


def _uid(metadata: Mapping[str, Any], name: str) -> str:
    uid = str(metadata.get(name, ""))
    return uid if uid.isascii() and len(uid) <= LONGEST_UID else ""


def short(metadata: Mapping[str, Any], name: str) -> str:
    return str(metadata.get(name, ""))[:16].strip()


def _patient(clinic_id: str, study_uid: str, patient: Mapping[str, object]) -> str:
    """Digest a Patient ID under a key of its clinic and study, so that it cannot be followed from study to study."""
    identifier = str(patient.get("id", "")).strip()
    if not identifier:
        return ""
    key = hashlib.sha256(f"{clinic_id}\0{study_uid}".encode()).digest()
    return hashlib.blake2b(identifier.encode("utf-8", "replace"), key=key, digest_size=10).hexdigest()

"""What a file is found by: the attributes that the table's indexes are keyed with, from what the record says.

An attribute that is None stands in no item, and so the file stands in that index no longer. No key holds a patient's
identity: Patient IDs and UIDs are digested with a key (`intake/files/keyed_ids.py`). A file's name is the exception,
for names are searched by how they begin (docs/adr/0010-searches-are-queries.md).
"""

import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from intake.files.causes import cause_of
from intake.files.keys import is_announced, upload_of
from intake.files.metadata import series_uid_of, study_uid_of
from intake.files.model import Finding
from intake.files.states import State

if TYPE_CHECKING:
    from intake.files.keyed_ids import KeyedIds

LISTED_BY_CLINIC = frozenset({State.ACCEPTED})
"""States that nearly every file ends in. All clinics' files in one of them are read from the clinics' own lists: one
more place in an index for each file would be paid for with each file (docs/adr/0023-what-a-file-costs.md)."""

STATE_SHARDS = 8
"""Partitions that each state's index is spread over, so that a busy hour of all clinics meets no single hot one."""

LONGEST_TERM = 200
"""Characters of a name that are compared; DynamoDB takes sort keys of up to 1024 bytes."""

_LARGEST_NUMBER = 9_999_999_999

Keys = dict[str, Any]


def index_by_state(clinic_id: str, file_id: str, state: State, findings: Sequence[Finding] = ()) -> Keys:
    """Return the attributes that follow a file's state: the lists of its state, and its upload's list of trouble."""
    cause = cause_of(state, findings)
    # Announced files stand in the list of awaited ones by the batch (`intake/records/pending.py`).
    in_batch = state is State.AWAITING_UPLOAD and is_announced(file_id)
    return {
        **({"clinic_state": None, "state_shard": None} if in_batch else index_in_lists(clinic_id, file_id, state)),
        "trouble_of": upload_of(file_id) if cause else None,
        "trouble": f"{cause}#{file_id}" if cause else None,
    }


def index_in_lists(clinic_id: str, identifier: str, state: State) -> Keys:
    """Return the attributes of what stands in the lists of its state: its clinic's, and everybody's."""
    return {
        "clinic_state": f"{clinic_id}#{state}",
        "state_shard": None if state in LISTED_BY_CLINIC else shard(state, identifier),
    }


def index_by_name(clinic_id: str, identifier: str, name: str) -> Keys:
    """Return the attributes that a file is found with by its name, or an upload by its reference."""
    begins = term(name)
    return {"name_of": clinic_id if begins else None, "name_key": f"{begins}#{identifier}" if begins else None}


def index_by_content(clinic_id: str, file_id: str, metadata: Mapping[str, Any], ids: "KeyedIds") -> Keys:
    """Return the attributes that a judged file is found with by its study or patient, and told by in lists."""
    study_uid, series_uid = study_uid_of(metadata), series_uid_of(metadata)
    return {
        "study_of": ids.study(clinic_id, study_uid) if study_uid else None,
        "study_place": _place(file_id, metadata, ids.series(clinic_id, series_uid)) if study_uid else None,
        "patient_key": ids.patient(clinic_id, patient_id_of(metadata)) or None,
        "modality": modality_of(metadata) or None,
    }


def series_of(study_place: str) -> str:
    """Return the id of the series that a file's place in its study begins with."""
    return study_place.partition("#")[0]


def shard(state: str, identifier: str) -> str:
    return f"{state}#{zlib.crc32(identifier.encode()) % STATE_SHARDS}"


def term(name: str) -> str:
    """Return what of a name is compared: its last path segment, without regard to case or to how it is encoded."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return _fold(last).strip()[:LONGEST_TERM]


def modality_of(metadata: Mapping[str, Any]) -> str:
    """Return a DICOM file's modality, in capitals as the standard writes them (PS3.3 C.7.3.1.1.1); or nothing."""
    return str(metadata.get("modality", "")).strip().upper()[:16]


def patient_id_of(metadata: Mapping[str, Any]) -> str:
    """Return the Patient ID that a file states, or nothing."""
    patient = metadata.get("patient")
    return str(patient.get("id", "")) if isinstance(patient, dict) else ""


def normalise_patient_id(patient_id: str) -> str:
    """Return a Patient ID as it is compared: without regard to case, width and surrounding or repeated spaces."""
    return " ".join(_fold(patient_id).split())


def _fold(text: str) -> str:
    # What UTF-8 cannot hold, no key may.
    return unicodedata.normalize("NFKC", text).casefold().encode("utf-8", "replace").decode()


def _place(file_id: str, metadata: Mapping[str, Any], series_id: str) -> str:
    """Return where a file stands in its study: by series, then by instance number."""
    number = metadata.get("instance_number")
    known = min(max(number, 0), _LARGEST_NUMBER) if isinstance(number, int) else _LARGEST_NUMBER
    return f"{series_id}#{known:010d}#{file_id}"

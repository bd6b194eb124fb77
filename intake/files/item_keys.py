"""How records lie in the table: one item per file, upload, claim, partner and projection.

Keys: `pk` and `sk`. Indexes: `by_clinic` (`clinic_key`; uploads and studies), `by_clinic_state` (`clinic_state`; files,
and batches of awaited ones) and `by_state` (`state_shard`; the same of files that are awaited or in trouble, and
studies), each sorted by `created_key`, the time of creation and the id; and those that searches read. An attribute that
is None stands in no item, and so the file stands in that index no longer.

No key holds a patient's identity: Patient IDs and UIDs are digested with a key (`KeyedIds`). A file's name is the
exception, for names are searched by how they begin (docs/adr/0010-searches-are-queries.md).
"""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from intake.files.keys import ALPHABET, KeyedIds, fold_text, is_announced, upload_of
from intake.files.metadata import patient_id_of, read_modality, read_series_uid, read_study_uid
from intake.files.model import Finding, Severity, timestamp
from intake.files.states import State
from intake.table.items import Item

META = "#META"
OUTBOX = "OUTBOX"
COUNTS = "#COUNTS"
SERIES = "SERIES#"
STUDY_OF_UPLOAD = "#STUDY#"
STUDIES = "studies"
UPLOADS = "uploads"
CLINICS = "CLINICS"
HOLDINGS = "HOLDINGS"


def upload_key(upload_id: str, sort: str = META) -> Item:
    return {"pk": f"UPLOAD#{upload_id}", "sk": sort}


FILE_SHARDS = 4
"""Partitions that an upload's files are spread over: an archive's entries, or what a hospital drops in a day, are one
upload, and DynamoDB writes 1,000 units a second to a partition (docs/adr/0058-hot-partitions.md). A page reads each."""

BEFORE_FILES = "FILE#"
"""Sorts before all of an upload's files."""


def file_key(file_id: str) -> Item:
    return {"pk": f"UPLOAD#{upload_of(file_id)}#{_find_shard(file_id)}", "sk": f"{BEFORE_FILES}{file_id}"}


def list_file_partitions(upload_id: str) -> tuple[str, ...]:
    return tuple(f"UPLOAD#{upload_id}#{shard}" for shard in range(FILE_SHARDS))


def _find_shard(file_id: str) -> int:
    """Return the partition of a file by the two digits that its id ends with, decimal ones or of base 32.

    Numbered neighbours lie in different partitions: files come in their order, and a page takes as many from each.
    """
    tens, ones = map(ALPHABET.find, f"00{file_id}"[-2:])
    return (2 * tens + ones) % FILE_SHARDS


def claim_key(clinic_id: str, identity: str) -> Item:
    """Return the key of the claim on `sha256:…` or `sop:…`; the first accepted file of a clinic holds it."""
    return {"pk": f"CLAIM#{clinic_id}#{identity}", "sk": "#CLAIM"}


def alert_key(kind: str, upload_id: str) -> Item:
    return {"pk": OUTBOX, "sk": f"{kind}#{upload_id}"}


def study_key(study_id: str) -> Item:
    return {"pk": f"STUDY#{study_id}", "sk": META}


def study_of_upload_key(upload_id: str, study_id: str) -> Item:
    """Return the key of what an upload brought of a study; it sorts before the upload's files."""
    return {**upload_key(upload_id), "sk": f"{STUDY_OF_UPLOAD}{study_id}"}


def study_list(clinic_id: str, *which: str) -> str:
    """Return the partition of `by_clinic` that lists a clinic's studies: all, or those of a date or a patient."""
    return "#".join((clinic_id, STUDIES, *which))


def series_key(study_id: str, series_id: str) -> Item:
    return {**study_key(study_id), "sk": f"{SERIES}{series_id}"}


def board_counts_key(clinic_id: str) -> Item:
    """Return the key of how many of a clinic's exams are in each state."""
    return {"pk": f"BOARD#{clinic_id}", "sk": COUNTS}


def label_set_key(clinic_id: str) -> Item:
    """Return the key of the labels that a clinic has in use."""
    return {"pk": f"BOARD#{clinic_id}", "sk": "#LABELS"}


def build_created_key(created_at: datetime, identifier: str) -> str:
    return f"{timestamp(created_at)}#{identifier}"


# What troubles a file: one cause each, so that the causes of an upload add up to its figures.
RANKS: dict[State, int] = {State.REJECTED: 0, State.FAILED: 1, State.EXPIRED: 2}
"""States that somebody should look at, in the order in which to look."""

WARNED = 3
"""The rank of accepted files that carry warnings."""


def find_cause(state: State, findings: Sequence[Finding]) -> str:
    """Return `{rank}#{code}` of the finding that weighs most, or nothing for a file without trouble.

    Causes sort as they are to be looked at. The judge's first finding is the one that explains the others.
    """
    if state is State.ACCEPTED:
        code = code_by(findings, Severity.WARN)
        return f"{WARNED}#{code}" if code else ""
    if state not in RANKS:
        return ""
    return f"{RANKS[state]}#{code_by(findings, Severity.REJECT) if state is State.REJECTED else ''}"


def read_state(cause: str) -> State:
    """Return the state of the files that share a cause."""
    rank = int(cause.partition("#")[0])
    return next((state for state, its in RANKS.items() if its == rank), State.ACCEPTED)


def read_code(cause: str) -> str:
    return cause.partition("#")[2]


def code_by(findings: Sequence[Finding], severity: Severity) -> str:
    """Return the code of the first finding that weighs so much, or nothing."""
    return next((finding.code for finding in findings if finding.severity is severity), "")


LISTED_BY_CLINIC = frozenset({State.ACCEPTED})
"""States that nearly every file ends in. All clinics' files in one of them are read from the clinics' own lists: one
more place in an index for each file would be paid for with each file (docs/adr/0023-what-a-file-costs.md)."""

STATE_SHARDS = 8
"""Partitions that each state's index is spread over, so that a busy hour of all clinics meets no single hot one."""

STUDY_SHARDS = 2
"""Those of everybody's exams: a page reads each, and an exam of hundreds of files is written there a few times."""

LONGEST_TERM = 200
"""Characters of a name that are compared; DynamoDB takes sort keys of up to 1024 bytes."""

_LARGEST_NUMBER = 9_999_999_999


def index_by_state(clinic_id: str, file_id: str, state: State, findings: Sequence[Finding] = ()) -> Item:
    """Return the attributes that follow a file's state: the lists of its state, and its upload's list of trouble."""
    cause = find_cause(state, findings)
    # Announced files stand in the list of awaited ones by the batch (`intake/records/pending.py`).
    in_batch = state is State.AWAITING_UPLOAD and is_announced(file_id)
    return {
        **({"clinic_state": None, "state_shard": None} if in_batch else index_in_lists(clinic_id, file_id, state)),
        "trouble_of": upload_of(file_id) if cause else None,
        "trouble": f"{cause}#{file_id}" if cause else None,
    }


def index_in_lists(clinic_id: str, identifier: str, state: State) -> Item:
    """Return the attributes of what stands in the lists of its state: its clinic's, and everybody's."""
    return {
        "clinic_state": f"{clinic_id}#{state}",
        "state_shard": None if state in LISTED_BY_CLINIC else shard(state, identifier),
    }


def index_by_name(clinic_id: str, identifier: str, name: str) -> Item:
    """Return the attributes that a file is found with by its name, or an upload by its reference."""
    begins = term(name)
    return {"name_of": clinic_id if begins else None, "name_key": f"{begins}#{identifier}" if begins else None}


def index_by_content(clinic_id: str, file_id: str, metadata: Mapping[str, Any], ids: KeyedIds) -> Item:
    """Return the attributes that a judged file is found with by its study or patient, and told by in lists."""
    study_uid, series_uid = read_study_uid(metadata), read_series_uid(metadata)
    number = metadata.get("instance_number")
    begins = place_series(ids.series(clinic_id, series_uid), number if isinstance(number, int) else None)
    return {
        "study_of": ids.study(clinic_id, study_uid) if study_uid else None,
        "study_place": f"{begins}#{file_id}" if study_uid else None,
        "patient_key": ids.patient(clinic_id, patient_id_of(metadata)) or None,
        "modality": read_modality(metadata) or None,
    }


def list_in_uploads(clinic_id: str, upload_id: str) -> Item:
    """Return the attributes that list an upload: its clinic's list, and the one of all clinics, for admins."""
    return {"clinic_key": f"{clinic_id}#{UPLOADS}", "state_shard": shard(UPLOADS, upload_id)}


def list_shards(state: str, count: int = STATE_SHARDS) -> tuple[str, ...]:
    return tuple(f"{state}#{number}" for number in range(count))


def place_series(series_id: str, number: int | None) -> str:
    """Return what the places of a series' files begin with that have an instance number, or none."""
    known = _LARGEST_NUMBER if number is None else min(max(number, 0), _LARGEST_NUMBER)
    return f"{series_id}#{known:010d}"


def read_series_id(study_place: str) -> str:
    """Return the id of the series that a file's place in its study begins with."""
    return study_place.partition("#")[0]


def shard(state: str, identifier: str, count: int = STATE_SHARDS) -> str:
    return f"{state}#{zlib.crc32(identifier.encode()) % count}"


def term(name: str) -> str:
    """Return what of a name is compared: its last path segment, without regard to case or to how it is encoded."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return fold_text(last).strip()[:LONGEST_TERM]

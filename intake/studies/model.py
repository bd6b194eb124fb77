"""Studies and series as their accepted files add up to them: pure, so that the records give the same again.

Sources: DICOM PS3.3 C.7.2 (study), C.7.3 (series), C.7.4.1 (frame of reference), C.7.6.1 (instance number).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from intake.files.metadata import read_series_uid, read_study_uid, read_uid, short_text
from intake.files.model import Metadata
from intake.files.states import State
from intake.studies.exams import Exam

if TYPE_CHECKING:
    from intake.files.outcomes import Page

LIMITS = {
    "modalities": 32,
    "study_dates": 32,
    "patients": 32,
    "uploads": 100,
    "series": 500,
    "match_keys": 16,
    "frames_of_reference": 32,
    "numbers": 10_000,
}
"""How many different values of each kind are kept: an item of the table holds 400 KB, and senders may be hostile."""

SHOWN_GAPS = 8
"""Gaps of a series that its study tells."""

GROWTH = (1, 10, 100, 1000)
"""Instances at which the file is chosen that shows a series: its middle one, as far as it has come."""

DOCUMENTS = frozenset(
    {"AU", "DOC", "ECG", "EPS", "HD", "KO", "PLAN", "PR", "REG", "RESP", "RTPLAN", "RTRECORD", "RTSTRUCT", "SR"}
)
"""Modalities whose instances are no images (PS3.3 C.7.3.1.1.1). They show no study that has images."""
PAGES = frozenset({"DOC"})
"""Of these, those that may be drawn all the same: documents that somebody scanned or printed."""

Gap = tuple[int, int]
"""The first and the last of the instance numbers that are missing beside each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What one accepted DICOM file says of its study and series."""

    study_id: str
    """As `intake/files/keys.py` makes it; so is the series'."""
    study_uid: str
    series_id: str
    series_uid: str
    modality: str = ""
    study_date: str = ""
    frame_of_reference: str = ""
    number: int | None = None
    """Instance Number, (0020,0013)."""
    patient: str = ""
    """A digest of the Patient ID; nothing where the file has none."""
    patient_key: str = ""
    """What the clinic finds the patient's studies by, likewise."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a clinic's people call some of their exams."""

    label_id: str
    """As `KeyedIds.label` makes it: it tells nothing of the text."""
    text: str = field(repr=False)
    """In their own words, which may name somebody in spite of what they are told."""


@dataclass(frozen=True, slots=True)
class StudyFile:
    """A file that a clinic's study got just now."""

    clinic_id: str
    upload_id: str
    at: datetime
    study_id: str
    exam: Exam
    """As this file tells it."""
    instance: Instance | None
    """None for a file that was not accepted."""
    file_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unshown:
    """A series that is new, or has grown so much that another of its files shows it better."""

    clinic_id: str
    study_id: str
    series_id: str
    number: int | None
    """The middle one of its instance numbers; None where it has none, or a file has it that came just now."""
    arrived: tuple[str, ...]
    """Ids of files of it that came just now, those in the middle first."""
    drawn: bool
    """Whether there is anything to be drawn in it."""


class Previews(Protocol):
    """Finds files that show series, and has them drawn."""

    def choose(self, series: Sequence[Unshown]) -> list[str]:
        """Return the id of an accepted file for each series, or nothing where none is found.

        What is to be drawn was asked for when this returns, at least once. Raises what the table and the queue raise.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series, of the files that were accepted so far."""

    series_id: str
    series_uid: str
    instances: int
    numbered: int = 0
    """Instances that have a number."""
    modalities: frozenset[str] = frozenset()
    frames_of_reference: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()
    """The different instance numbers, at most about `LIMITS`."""
    preview: str = ""
    """Which of its files shows it; nothing where none was chosen yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A clinic's study, of the files that were accepted so far. Sets hold at most about `LIMITS`."""

    clinic_id: str
    study_id: str
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
    exam: Exam = field(default=Exam())
    """As its first files tell it."""
    touched_at: datetime | None = None
    """When its last file had its verdict, whatever that was; None where only accepted ones did."""
    rejected: int = 0
    """Files of it that were rejected or failed."""
    repeated: int = 0
    """Instances that share their number with another one of their series."""
    missing: int = 0
    """Instance numbers that are missing in between, of all series together; or, where more were expected, so many."""
    expected_images: int = 0
    """How many images were expected, where anybody said so; else 0."""
    gaps: tuple[tuple[Gap, ...], ...] = ()
    """Of each series that has any: where they are, at most the first `SHOWN_GAPS`."""
    marks: frozenset[str] = frozenset()
    """Codes of the findings in its series."""
    labels: tuple[Label, ...] = ()
    """What its clinic's people call it, by their texts."""
    preview: str = ""
    """Which of its files shows it; nothing where none was chosen yet."""

    @property
    def seen_at(self) -> datetime:
        """When its last file had its verdict, whatever that was."""
        return self.touched_at or self.last_at


def instance(metadata: Metadata, study_id: str, series_id: str, patient_key: str = "") -> Instance | None:
    """Return what a DICOM file's metadata says of its study, or None where it names none."""
    study_uid = read_study_uid(metadata)
    if not (study_uid and study_id):
        return None
    number = metadata.get("instance_number")
    # Digested once more under the study's id, so that nobody can be followed from study to study.
    again = hashlib.blake2b(patient_key.encode(), key=study_id.encode(), digest_size=10).hexdigest()
    return Instance(
        study_id=study_id,
        study_uid=study_uid,
        series_id=series_id,
        series_uid=read_series_uid(metadata),
        modality=short_text(metadata, "modality"),
        study_date=short_text(metadata, "study_date"),
        frame_of_reference=read_uid(metadata, "frame_of_reference_uid"),
        number=number if isinstance(number, int) else None,
        patient=again if patient_key else "",
        patient_key=patient_key,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyQuery:
    """What studies are looked for by; all that is given must hold."""

    clinic_id: str | None
    patient_id: str = ""
    modality: str = ""
    first_date: str = ""
    """`YYYYMMDD`: the earliest study date."""
    last_date: str = ""


@dataclass(frozen=True, slots=True)
class StudyOfUpload:
    """What an upload brought of one study."""

    study_id: str
    counts: dict[State, int] = field(default_factory=dict)
    """Judged files by state."""
    modality: str = ""
    study_date: str = ""


class Studies(Protocol):
    """What the accepted DICOM files of a clinic add up to. A clinic id of None means all: for admins only."""

    def studies(self, query: StudyQuery, after: str | None, limit: int) -> "Page[Study]":
        """Return studies without their series. Raises InvalidCursorError.

        Without conditions, those first that got a file last; else by study date, newest first, and of one clinic only.
        A page may be short, as one of `Search.files`.
        """
        ...

    def study(self, clinic_id: str | None, study_id: str) -> Study:
        """Return a study with its series. Raises NotFoundError."""
        ...

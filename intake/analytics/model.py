"""What the analytics hold: one row for each verdict, of ids, codes, sizes and times, and nothing that names a person.

Written by the exporter, described to Athena by `infra/data/analytics.py`, asked by the queries in
`portal/saved_queries`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

TABLE = "verdicts"
PREFIX = "analytics/verdicts/"
"""Of the objects that hold the rows."""
PARTITION = "dt"
"""The day of a verdict in UTC, as `2026-11-25`; the objects of one day stand under `{PREFIX}dt={day}/`."""

COLUMNS: dict[str, tuple[str, str]] = {
    "occurred_at": ("string", "When the verdict fell, in UTC: 2026-11-25 12:00:00.123"),
    "clinic_id": ("string", "The tenant"),
    "upload_id": ("string", "Opaque"),
    "file_id": ("string", "Opaque; with revision it names a verdict, and a row that comes twice is the same twice"),
    "revision": ("bigint", "Rises with each change of a file's record: the highest is the latest verdict"),
    "state": ("string", "accepted, rejected, failed or expired"),
    "kind": ("string", "As the judge recognised it: dicom, pdf, …; empty where nothing was judged"),
    "codes": ("string", "Codes of the findings that rejected the file, with commas between"),
    "warnings": ("bigint", "How many findings only warn"),
    "size": ("bigint", "Bytes"),
    "modality": ("string", "DICOM's defined term; other for any other text; empty for files without one"),
    "device": ("string", "Make, model, and four digits that tell equal ones apart; no serial number, no station"),
    "source": ("string", "web, api or direct"),
    "duplicate": ("boolean", "Accepted, and its bytes were stored already"),
    "time_to_verdict_ms": ("bigint", "From arrival to the first verdict; empty for later ones"),
    "rules_version": ("string", "Of the judge"),
    "patient": ("string", "Keyed digest of the Patient ID; accepted and rejected DICOM files only"),
}
"""Column → Hive type and meaning, in the order in which they are written."""

_TERMS = """
AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL IVOCT IVUS KER KO
LEN LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE
RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC
"""
MODALITY_TERMS = frozenset(_TERMS.split())
"""The defined terms of Modality (0008,0060): DICOM PS3.3 C.7.3.1.1.1. Files may write anything else there."""


def day_of(at: datetime) -> str:
    """Return the partition that a moment belongs to."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def format_time(at: datetime) -> str:
    """Write a moment as both Hive and SQL's CAST read it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


def modality(text: str) -> str:
    """Return a modality, where it is one: a file may write anything there, a name as well."""
    return text if text in MODALITY_TERMS or not text else "other"


class Progress(StrEnum):
    """How far a query has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class QueryRun:
    """That a saved query was started, for a period."""

    query: str
    days: int
    execution_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """What Athena tells of a run."""

    progress: Progress
    scanned_bytes: int = 0
    """What is billed for it."""
    took_ms: int = 0


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A query's answer, at most a thousand rows of it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """Values as text, as Athena writes them; None for NULL."""


class Athena(Protocol):
    """Runs SQL over the analytics, for as long as it takes."""

    def start(self, sql: str, token: str) -> str:
        """Start a query and return its execution's id; the same again for the same `token`, of 32 to 128 characters."""
        ...

    def execution(self, execution_id: str) -> Execution | None:
        """Return how far it has come, or None for one that Athena no longer knows."""
        ...

    def table(self, execution_id: str) -> ResultTable | None:
        """Return the answer of a query that is done, or None where it is no longer kept."""
        ...


class QueryRuns(Protocol):
    """The latest run of each saved query and period."""

    def note(self, run: QueryRun) -> None: ...

    def latest(self, query: str) -> Mapping[int, QueryRun]:
        """Return the latest runs of a query, by the days of their period."""
        ...

"""What the REST API answers. Fields that this version does not know are left aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

AWAITING = "awaiting_upload"
ACCEPTED = "accepted"

Json = Mapping[str, Any]


def read_time(text: str) -> datetime:
    """Read a moment (RFC 3339)."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the judge found."""

    code: str
    severity: str
    """`reject` or `warn`."""
    message: str
    remedy: str
    where: str


@dataclass(frozen=True, slots=True)
class File:
    """A file. Lists of files leave `findings`, `metadata` and `sha256` out."""

    file_id: str
    upload_id: str
    name: str
    size: int
    state: str
    """`awaiting_upload`, `accepted`, `rejected`, `expired` (it never arrived) or `failed` (nothing to send again)."""
    kind: str | None
    warnings: int
    codes: tuple[str, ...]
    """Codes of the findings that rejected the file."""
    created_at: datetime
    updated_at: datetime
    sha256: str | None = None
    parent: str | None = None
    """The archive that this file is an entry of."""
    findings: tuple[Finding, ...] = ()
    metadata: Json = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        return self.state != AWAITING

    @classmethod
    def read(cls, row: Json) -> Self:
        return cls(
            file_id=row["file_id"],
            upload_id=row["upload_id"],
            name=row["name"],
            size=row["size"],
            state=row["state"],
            kind=row.get("kind"),
            warnings=row.get("warnings", 0),
            codes=tuple(row.get("codes", ())),
            created_at=read_time(row["created_at"]),
            updated_at=read_time(row["updated_at"]),
            sha256=row.get("sha256"),
            parent=row.get("parent"),
            findings=tuple(
                Finding(found["code"], found["severity"], found["message"], found["remedy"], found["where"])
                for found in row.get("findings", ())
            ),
            metadata=row.get("metadata", {}),
        )


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, and how far it has come."""

    upload_id: str
    state: str
    """`in_progress`, then `missing`, `needs_attention` or `complete`."""
    reference: str
    declared: int
    """How many images and documents were announced, and found in archives."""
    counts: Mapping[str, int]
    """Images and documents by state."""
    warnings: int
    created_at: datetime
    missing: int = 0
    """How many of them never came, or how many fewer there are than was expected."""
    archives: Mapping[str, int] = field(default_factory=dict)
    """Archives by state; what is in them counts as files."""
    duplicates: int = 0
    """Accepted files that were here already."""

    @property
    def complete(self) -> bool:
        """Whether all that was expected is here, and nobody need look at any of it."""
        return self.state == "complete"

    @property
    def settled(self) -> bool:
        """Whether every file has its verdict or was given up."""
        return self.state != "in_progress"

    @classmethod
    def read(cls, row: Json) -> Self:
        return cls(
            upload_id=row["upload_id"],
            state=row["state"],
            reference=row["reference"],
            declared=row["declared"],
            counts=dict(row["counts"]),
            warnings=row["warnings"],
            created_at=read_time(row["created_at"]),
            missing=row.get("missing", 0),
            archives=dict(row.get("archives", {})),
            duplicates=row.get("duplicates", 0),
        )


@dataclass(frozen=True, slots=True)
class Study:
    """What accepted DICOM files add up to."""

    study_uid: str
    instances: int
    """Accepted files."""
    modalities: tuple[str, ...]
    study_dates: tuple[str, ...]
    """`yyyymmdd`, as the files say; one where all is well."""
    uploads: tuple[str, ...]
    first_at: datetime
    last_at: datetime

    @classmethod
    def read(cls, row: Json) -> Self:
        return cls(
            study_uid=row["study_uid"],
            instances=row["instances"],
            modalities=tuple(row["modalities"]),
            study_dates=tuple(row["study_dates"]),
            uploads=tuple(row["uploads"]),
            first_at=read_time(row["first_at"]),
            last_at=read_time(row["last_at"]),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a file, as the change feed tells."""

    change_id: str
    file_id: str
    upload_id: str
    state: str
    codes: tuple[str, ...]
    warnings: int
    at: datetime

    @classmethod
    def read(cls, row: Json) -> Self:
        codes = tuple(row["codes"])
        return cls(
            row["id"], row["file_id"], row["upload_id"], row["state"], codes, row["warnings"], read_time(row["at"])
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the change feed."""

    changes: tuple[Change, ...]
    cursor: str
    """Where to go on."""
    poll_after: float
    """Seconds until asking again is worth it; 0 while there is more."""


@dataclass(frozen=True, slots=True)
class Put:
    """A presigned request: exactly these headers, and exactly the announced bytes."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime

    @classmethod
    def read(cls, row: Json) -> Self:
        return cls(row["url"], dict(row["headers"]), read_time(row["expires_at"]))


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How a large file is cut, and which parts S3 holds."""

    part_size: int
    part_count: int
    held: frozenset[int]

    @classmethod
    def read(cls, row: Json) -> Self:
        return cls(row["part_size"], row["part_count"], frozenset(part["number"] for part in row["held"]))


@dataclass(frozen=True, slots=True)
class Reserved:
    """An announced file, and how to send it: by `put` or by `plan`, or neither once it is no longer awaited."""

    file_id: str
    state: str
    put: Put | None
    plan: PartPlan | None

    @classmethod
    def read(cls, row: Json) -> Self:
        put, plan = row.get("put"), row.get("multipart")
        return cls(row["file_id"], row["state"], Put.read(put) if put else None, PartPlan.read(plan) if plan else None)

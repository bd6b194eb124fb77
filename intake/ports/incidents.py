"""Incidents: faults that the sweep finds, looks at twice, tells of once, and closes when they are over."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from intake.record import ObjectVersion


class Fault(StrEnum):
    """What is wrong. The values are the codes of alerts and logs."""

    LATE = "late"
    """A file has arrived, and has no verdict within the time that one may take."""
    OBJECT_MISSING = "object-missing"
    """A judged file's record names an object that its bucket does not hold."""
    OBJECT_UNCLAIMED = "object-unclaimed"
    """The accepted or the quarantine bucket holds an object that no record claims."""
    ARRIVAL_UNRECORDED = "arrival-unrecorded"
    """The incoming bucket holds an object that no record tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One fault of one object version."""

    fault: Fault
    clinic_id: str
    upload_id: str
    """Empty where the object belongs to none."""
    file_id: str
    object: ObjectVersion
    """Its key may hold a name: it stays in the table and is told to nobody."""
    seen_at: datetime
    """The object's last change, or when the fault was first seen where there is no object."""
    told: bool = False

    @property
    def incident_id(self) -> str:
        """What makes two findings the same incident: the fault and the object version. Opaque."""
        version = "\0".join((self.object.bucket, self.object.key, self.object.version_id or ""))
        digest = hashlib.sha256(version.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.fault}#{digest[:32]}"


class Incidents(Protocol):
    """What is open. A closed incident may begin again, as another one."""

    def open(self, after: str, limit: int) -> tuple[tuple[Incident, ...], str]:
        """Return up to `limit` open incidents behind a position, and where to go on: empty at the end."""
        ...

    def note(self, incidents: Sequence[Incident]) -> None:
        """Open incidents; those that are open already stay as they are."""
        ...

    def tell(self, incident: Incident, at: datetime) -> None:
        """Have an open incident told, once. Raises ContentionError."""
        ...

    def close(self, incident: Incident, at: datetime) -> None: ...


class Rounds(Protocol):
    """How far each of the sweep's rounds has come: a position per round, which that round alone understands."""

    def read(self) -> dict[str, str]: ...

    def write(self, positions: dict[str, str]) -> None: ...

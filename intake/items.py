"""How records lie in the table: one item per file, upload, claim, partner and projection.

Keys: `pk` and `sk`. Indexes: `by_clinic` (`clinic_key`; uploads and studies), `by_clinic_state` (`clinic_state`; files,
and batches of awaited ones) and `by_state` (`state_shard`; the same of files that are awaited or in trouble, and
studies), each sorted by `created_key`, the time of creation and the id; and those that searches read
(`intake/index_keys.py`).
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from intake.index_keys import by_content, by_name, by_state
from intake.keys import series_id, study_id, upload_of
from intake.packed import packed, unpacked
from intake.record import (
    FileRecord,
    FileSummary,
    Finding,
    ObjectVersion,
    Severity,
    Source,
    TimelineEntry,
)
from intake.scan import Scan
from intake.states import State

Item = dict[str, Any]
"""Attribute name → plain Python value."""
WireItem = dict[str, Any]
"""Attribute name → DynamoDB's typed value."""

META = "#META"
OUTBOX = "OUTBOX"
COUNTS = "#COUNTS"
SERIES = "SERIES#"
STUDY_OF_UPLOAD = "#STUDY#"
STUDIES = "studies"
CLINICS = "CLINICS"
HOLDINGS = "HOLDINGS"

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def wire(item: Mapping[str, Any]) -> WireItem:
    """Write an item as DynamoDB takes it, leaving out what is None."""
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def plain(item: Mapping[str, Any]) -> Item:
    """Read DynamoDB's form of an item; numbers become int, and what was packed is unpacked."""
    return {name: unpacked(value["B"]) if "B" in value else _plain(_deserialize(value)) for name, value in item.items()}


def timestamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds; such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def upload_key(upload_id: str, sort: str = META) -> Item:
    return {"pk": f"UPLOAD#{upload_id}", "sk": sort}


def file_key(file_id: str) -> Item:
    return {"pk": f"UPLOAD#{upload_of(file_id)}", "sk": f"FILE#{file_id}"}


def claim_key(clinic_id: str, identity: str) -> Item:
    """Return the key of the claim on `sha256:…` or `sop:…`; the first accepted file of a clinic holds it."""
    return {"pk": f"CLAIM#{clinic_id}#{identity}", "sk": "#CLAIM"}


def alert_key(kind: str, upload_id: str) -> Item:
    return {"pk": OUTBOX, "sk": f"{kind}#{upload_id}"}


def study_key(clinic_id: str, study_uid: str) -> Item:
    return study_key_of(study_id(clinic_id, study_uid))


def study_key_of(study_id: str) -> Item:
    return {"pk": f"STUDY#{study_id}", "sk": META}


def study_of_upload_key(upload_id: str, study_id: str) -> Item:
    """Return the key of what an upload brought of a study; it sorts before the upload's files."""
    return {**upload_key(upload_id), "sk": f"{STUDY_OF_UPLOAD}{study_id}"}


def study_list(clinic_id: str, *which: str) -> str:
    """Return the partition of `by_clinic` that lists a clinic's studies: all, or those of a date or a patient."""
    return "#".join((clinic_id, STUDIES, *which))


def series_key(clinic_id: str, study_uid: str, series_uid: str) -> Item:
    return {**study_key(clinic_id, study_uid), "sk": f"{SERIES}{series_id(series_uid)}"}


def expiry() -> int:
    """Return when DynamoDB may remove an item that only guards against repetition: in seven days, in epoch seconds."""
    return int(time.time()) + 7 * 86_400


def prefixed(item: Item, prefix: str) -> dict[str, int]:
    """Return the item's sums whose names begin with `prefix`, without it, and without those that came to nothing."""
    return {name.removeprefix(prefix): n for name, n in item.items() if name.startswith(prefix) and n}


def created_key(created_at: datetime, identifier: str) -> str:
    return f"{timestamp(created_at)}#{identifier}"


def file_item(record: FileRecord) -> Item:
    """Write a whole record."""
    return {
        **file_key(record.file_id),
        **by_state(record.clinic_id, record.file_id, record.state, record.findings),
        **by_name(record.clinic_id, record.file_id, record.name),
        **by_content(record.clinic_id, record.file_id, record.metadata),
        "created_key": created_key(record.created_at, record.file_id),
        "file_id": record.file_id,
        "upload_id": record.upload_id,
        "clinic_id": record.clinic_id,
        "name": record.name,
        "size": record.size,
        "sha256": record.sha256,
        "state": record.state.value,
        "source": record.source.value,
        "created_at": timestamp(record.created_at),
        "created_by": record.created_by,
        "updated_at": timestamp(record.updated_at),
        "expires_at": timestamp(record.expires_at),
        "incoming": object_map(record.incoming),
        "stored": object_map(record.stored) if record.stored else None,
        "kind": record.kind,
        "duplicate_of": record.duplicate_of,
        **finding_attributes(record.findings),
        "metadata": packed(record.metadata) if record.metadata else None,
        "rules_version": record.rules_version,
        "timings": record.timings,
        "timeline": [timeline_map(entry) for entry in record.timeline],
        "multipart_id": record.multipart_id,
        "parent": record.parent,
        "shadow": list(record.shadow) or None,
        "scan": record.scan.value if record.scan else None,
        "revision": record.revision,
    }


def file_record(item: Item) -> FileRecord:
    """Read a whole record."""
    return FileRecord(
        clinic_id=item["clinic_id"],
        upload_id=item["upload_id"],
        file_id=item["file_id"],
        name=item["name"],
        size=item["size"],
        sha256=item.get("sha256"),
        state=State(item["state"]),
        source=Source(item["source"]),
        created_at=moment(item["created_at"]),
        created_by=item["created_by"],
        updated_at=moment(item["updated_at"]),
        expires_at=moment(item["expires_at"]),
        incoming=object_version(item["incoming"]),
        stored=object_version(item["stored"]) if item.get("stored") else None,
        kind=item.get("kind"),
        duplicate_of=item.get("duplicate_of"),
        findings=tuple(_finding(row) for row in item.get("findings", ())),
        metadata=item.get("metadata", {}),
        rules_version=item.get("rules_version"),
        timings=item["timings"],
        timeline=tuple(_timeline_entry(row) for row in item["timeline"]),
        multipart_id=item.get("multipart_id"),
        parent=item.get("parent"),
        shadow=tuple(item.get("shadow", ())),
        scan=Scan(item["scan"]) if item.get("scan") else None,
        revision=item["revision"],
    )


def file_summary(item: Item) -> FileSummary:
    """Read what an index holds of a record."""
    return FileSummary(
        clinic_id=item["clinic_id"],
        upload_id=item["upload_id"],
        file_id=item["file_id"],
        name=item["name"],
        size=item["size"],
        state=State(item["state"]),
        source=Source(item["source"]),
        created_at=moment(item["created_at"]),
        updated_at=moment(item["updated_at"]),
        expires_at=moment(item["expires_at"]),
        kind=item.get("kind"),
        warnings=item.get("warnings", 0),
        codes=tuple(item.get("codes", ())),
    )


def finding_attributes(findings: tuple[Finding, ...]) -> Item:
    """Return what a record and its indexes hold of findings; a file without any takes no room for that."""
    return {
        "findings": [finding_map(finding) for finding in findings] or None,
        "warnings": sum(finding.severity is Severity.WARN for finding in findings) or None,
        "codes": rejecting_codes(findings) or None,
    }


def rejecting_codes(findings: tuple[Finding, ...]) -> list[str]:
    return list(dict.fromkeys(finding.code for finding in findings if finding.severity is Severity.REJECT))


def object_map(version: ObjectVersion) -> Item:
    return {"bucket": version.bucket, "key": version.key, "version_id": version.version_id}


def object_version(row: Item) -> ObjectVersion:
    return ObjectVersion(row["bucket"], row["key"], row.get("version_id"))


def finding_map(finding: Finding) -> Item:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy,
        "where": finding.where,
    }


def timeline_map(entry: TimelineEntry) -> Item:
    told = {"detail": entry.detail} if entry.detail else {}
    return {"at": timestamp(entry.at), "actor": entry.actor, "event": entry.event, **told}


def _finding(row: Item) -> Finding:
    return Finding(row["code"], Severity(row["severity"]), row["message"], row["remedy"], row["where"])


def _timeline_entry(row: Item) -> TimelineEntry:
    return TimelineEntry(moment(row["at"]), row["actor"], row["event"], row.get("detail", ""))


def _plain(value: Any) -> Any:  # noqa: ANN401  # An attribute holds any of DynamoDB's types.
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, set):
        return {_plain(inner) for inner in value}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value

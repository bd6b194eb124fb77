"""Files' records as items of the table, what its indexes hold of them."""

from intake.files.item_keys import build_created_key, file_key, index_by_name, index_by_state
from intake.files.model import (
    FileRecord,
    Finding,
    ObjectVersion,
    Severity,
    Source,
    TimelineEntry,
    list_rejecting_codes,
    timestamp,
)
from intake.files.outcomes import PastVerdict
from intake.files.scan import Scan
from intake.files.states import State
from intake.records.dealings import dealing_map, read_dealing
from intake.table.items import Item, moment, pack


def file_item(record: FileRecord) -> Item:
    """Write a whole record, as it begins. What only a verdict knows of it, no index holds yet."""
    return {
        **file_key(record.file_id),
        **index_by_state(record.clinic_id, record.file_id, record.state, record.findings),
        **trouble_attributes(record, handled=record.is_handled),
        **index_by_name(record.clinic_id, record.file_id, record.name),
        "created_key": build_created_key(record.created_at, record.file_id),
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
        "conflicts_with": record.conflicts_with,
        "superseded_by": record.superseded_by,
        "replaced_by": record.replaced_by,
        "dealt_with": dealing_map(record.dealt_with) if record.dealt_with else None,
        **finding_attributes(record.findings),
        "metadata": pack(record.metadata) if record.metadata else None,
        "rules_version": record.rules_version,
        "profile_version": record.profile_version,
        "timings": record.timings,
        "timeline": [timeline_map(entry) for entry in record.timeline],
        "multipart_id": record.multipart_id,
        "parent": record.parent,
        "shadow": list(record.shadow) or None,
        "scan": record.scan.value if record.scan else None,
        "settled": record.settled or None,
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
        conflicts_with=item.get("conflicts_with"),
        superseded_by=item.get("superseded_by"),
        replaced_by=item.get("replaced_by"),
        dealt_with=read_dealing(item["dealt_with"]) if item.get("dealt_with") else None,
        findings=tuple(
            Finding(row["code"], Severity(row["severity"]), row["message"], row["remedy"], row["where"])
            for row in item.get("findings", ())
        ),
        metadata=item.get("metadata", {}),
        rules_version=item.get("rules_version"),
        profile_version=item.get("profile_version"),
        timings=item["timings"],
        timeline=tuple(
            TimelineEntry(moment(row["at"]), row["actor"], row["event"], row.get("detail", ""))
            for row in item["timeline"]
        ),
        multipart_id=item.get("multipart_id"),
        parent=item.get("parent"),
        shadow=tuple(item.get("shadow", ())),
        scan=Scan(item["scan"]) if item.get("scan") else None,
        settled=item.get("settled", False),
        revision=item["revision"],
    )


def finding_attributes(findings: tuple[Finding, ...]) -> Item:
    """Return what a record and its indexes hold of findings; a file without any takes no room for that."""
    return {
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "message": finding.message,
                "remedy": finding.remedy,
                "where": finding.where,
            }
            for finding in findings
        ]
        or None,
        "warnings": sum(finding.severity is Severity.WARN for finding in findings) or None,
        "codes": list(list_rejecting_codes(findings)) or None,
    }


def object_map(version: ObjectVersion) -> Item:
    return {"bucket": version.bucket, "key": version.key, "version_id": version.version_id}


def object_version(row: Item) -> ObjectVersion:
    return ObjectVersion(row["bucket"], row["key"], row.get("version_id"))


def timeline_map(entry: TimelineEntry) -> Item:
    told = {"detail": entry.detail} if entry.detail else {}
    return {"at": timestamp(entry.at), "actor": entry.actor, "event": entry.event, **told}


def past_map(past: PastVerdict) -> Item:
    """Return what a record keeps of an earlier verdict. Who reads the record has no use for it."""
    told = {"codes": past.codes, "shadow": past.shadow, "device": past.device}
    return {"revision": past.revision, **{name: list(values) for name, values in told.items() if values}}


def trouble_attributes(record: FileRecord, *, handled: bool) -> Item:
    """Return a record's place in its upload's list of trouble: none for what needs nobody any more."""
    if handled:
        return {"trouble_of": None, "trouble": None}
    place = index_by_state(record.clinic_id, record.file_id, record.state, record.findings)
    return {name: place[name] for name in ("trouble_of", "trouble")}

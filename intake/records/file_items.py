"""Files' records as items of the table, what its indexes hold of them, and moving them from state to state."""

from collections.abc import Collection, Sequence
from datetime import datetime

from intake.files.item_keys import build_created_key, file_key, index_by_content, index_by_name, index_by_state
from intake.files.keys import KeyedIds
from intake.files.model import (
    FileRecord,
    FileSummary,
    Finding,
    ObjectVersion,
    Severity,
    Source,
    TimelineEntry,
    list_rejecting_codes,
    timestamp,
)
from intake.files.outcomes import Verdict
from intake.files.scan import Scan
from intake.files.states import State
from intake.records.dealings import dealing_map, read_dealing
from intake.table.expressions import Write, clinic, update
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


def trouble_attributes(record: FileRecord, *, handled: bool) -> Item:
    """Return a record's place in its upload's list of trouble: none for what needs nobody any more."""
    if handled:
        return {"trouble_of": None, "trouble": None}
    place = index_by_state(record.clinic_id, record.file_id, record.state, record.findings)
    return {name: place[name] for name in ("trouble_of", "trouble")}


def transition(
    file_id: str,
    clinic_id: str,
    *,
    incoming: ObjectVersion | None,
    sources: Collection[State],
    sets: Item,
    entries: Sequence[TimelineEntry],
    initial: Item | None = None,
    revision: int | None = None,
    expired_at: datetime | None = None,
) -> Write:
    """Return the update that moves a file's record, appends to its timeline and counts its revision.

    The record must be the clinic's and in one of `sources`; and it must have reserved the bucket and key of `incoming`,
    the object that settles it, where an object does. What `sets` sets to None is removed. With `initial`, the record
    may also be missing and is then created with those attributes; an existing record keeps its own. With `revision`,
    it must not have changed since that one. With `expired_at`, its time to arrive must be over then.
    """
    states = {f":from_{state}": state.value for state in sources}
    conditions = [f"#state IN ({', '.join(states)})"]
    names = {"#state": "state", "#timeline": "timeline", "#revision": "revision"}
    values: Item = {**states, ":entries": [*map(timeline_map, entries)], ":none": [], ":zero": 0, ":one": 1}
    if incoming is not None:
        conditions.append("#incoming.#bucket = :bucket AND #incoming.#key = :key")
        names |= {"#incoming": "incoming", "#bucket": "bucket", "#key": "key"}
        values |= {":bucket": incoming.bucket, ":key": incoming.key}
    if revision is not None:
        conditions.append("#revision = :revision")
        values[":revision"] = revision
    if expired_at is not None:
        conditions.append("expires_at <= :expired_at")
        values[":expired_at"] = timestamp(expired_at)
    return update(
        file_key(file_id),
        clinic(clinic_id),
        sets=sets,
        initial=initial,
        also=[
            "#timeline = list_append(if_not_exists(#timeline, :none), :entries)",
            "#revision = if_not_exists(#revision, :zero) + :one",
        ],
        condition=" AND ".join(conditions),
        values=values,
        names=names,
        or_missing="" if initial is None else "#state",
    )


def state_attributes(
    file: FileRecord | FileSummary | Verdict, state: State, at: datetime, findings: tuple[Finding, ...] = ()
) -> Item:
    """Return what every move of a record sets. What was said of the trouble that it was in before holds no longer."""
    place = index_by_state(file.clinic_id, file.file_id, state, findings)
    said = {"replaced_by": None, "dealt_with": None}
    return {**place, **said, "state": state.value, "updated_at": timestamp(at)}


def verdict_attributes(verdict: Verdict, ids: KeyedIds) -> Item:
    """Return what a verdict sets in its file's record."""
    delay = verdict.decided_at - verdict.arrived_at
    timings = {"arrival_to_verdict": max(0, round(delay.total_seconds() * 1000)), "judging": verdict.judging_ms}
    return {
        **state_attributes(verdict, verdict.state, verdict.decided_at, verdict.findings),
        **index_by_content(verdict.clinic_id, verdict.file_id, verdict.metadata, ids),
        "size": verdict.size,
        **({"sha256": verdict.sha256} if verdict.sha256 else {}),
        "incoming": object_map(verdict.incoming),
        "stored": object_map(verdict.stored),
        "kind": verdict.kind,
        **({"duplicate_of": verdict.duplicate_of} if verdict.duplicate_of else {}),
        "conflicts_with": verdict.conflicts_with or verdict.replaces,
        **finding_attributes(verdict.findings),
        "shadow": list(verdict.shadow) or None,
        **({"scan": verdict.scan.value} if verdict.scan else {}),
        "metadata": pack(verdict.metadata),
        "rules_version": verdict.rules_version,
        "profile_version": verdict.profile_version,
        **({} if verdict.again and verdict.again.judged else {"timings": timings}),
    }


def arrival_attributes(verdict: Verdict) -> Item:
    """Return what a record has that begins with its object's arrival instead of a reservation."""
    record = FileRecord(
        clinic_id=verdict.clinic_id,
        upload_id=verdict.upload_id,
        file_id=verdict.file_id,
        name=verdict.name,
        size=verdict.size,
        sha256=verdict.sha256,
        state=verdict.state,
        source=Source.DIRECT,
        created_at=verdict.arrived_at,
        created_by="s3",
        updated_at=verdict.decided_at,
        expires_at=verdict.arrived_at,
        incoming=verdict.incoming,
    )
    return initial_attributes(record)


def initial_attributes(record: FileRecord) -> Item:
    """Return what only the beginning of a record sets."""
    left_out = {"pk", "sk", "timeline", "revision"}
    return {name: value for name, value in file_item(record).items() if value is not None and name not in left_out}

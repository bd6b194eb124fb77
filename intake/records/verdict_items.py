"""What a verdict writes into the table."""

from intake.files.index_keys import by_content, by_state
from intake.files.keyed_ids import KeyedIds
from intake.files.model import FileRecord, Source, Verdict, timestamp
from intake.records.file_items import file_item, finding_attributes, object_map
from intake.table.compression import pack
from intake.table.items import Item


def verdict_attributes(verdict: Verdict, ids: KeyedIds) -> Item:
    """Return what a verdict sets in its file's record."""
    return {
        **by_state(verdict.clinic_id, verdict.file_id, verdict.state, verdict.findings),
        **by_content(verdict.clinic_id, verdict.file_id, verdict.metadata, ids),
        "state": verdict.state.value,
        "updated_at": timestamp(verdict.decided_at),
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
        **({} if verdict.again and verdict.again.judged else {"timings": _timings(verdict)}),
    }


def _timings(verdict: Verdict) -> dict[str, int]:
    delay = verdict.decided_at - verdict.arrived_at
    return {"arrival_to_verdict": max(0, round(delay.total_seconds() * 1000)), "judging": verdict.judging_ms}


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
    return {name: value for name, value in file_item(record).items() if is_initial(name, value)}


def is_initial(name: str, value: object) -> bool:
    """Say whether an attribute is one that only the beginning of a record sets."""
    return value is not None and name not in {"pk", "sk", "timeline", "revision"}

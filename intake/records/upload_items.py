"""How uploads lie in the table: their own facts in one item, their projected counts in another beside it."""

from datetime import datetime

from intake.files.index_keys import index_by_name
from intake.files.item_keys import build_created_key, upload_key
from intake.files.model import Source, Upload, timestamp
from intake.files.states import State
from intake.table.items import Item, collect_sums, moment


def upload_item(upload: Upload) -> Item:
    """Write an upload's own facts. Its counts are projected into an item beside it."""
    return {
        **upload_key(upload.upload_id),
        "clinic_key": f"{upload.clinic_id}#uploads",
        "created_key": build_created_key(upload.created_at, upload.upload_id),
        "upload_id": upload.upload_id,
        "clinic_id": upload.clinic_id,
        "created_at": timestamp(upload.created_at),
        "created_by": upload.created_by,
        "source": upload.source.value,
        "reference": upload.reference,
        "note": upload.note,
        "expected": upload.expected,
        "declared": upload.declared,
        "announced": upload.announced,
        **index_by_name(f"{upload.clinic_id}#uploads", upload.upload_id, upload.reference),
    }


def direct_upload_facts(clinic_id: str, upload_id: str, at: datetime) -> Item:
    """Return what the receipt of a clinic's day of direct drops says, but for how many they are."""
    return {
        "clinic_key": f"{clinic_id}#uploads",
        "created_key": build_created_key(at, upload_id),
        "upload_id": upload_id,
        "clinic_id": clinic_id,
        "created_at": timestamp(at),
        "created_by": "s3",
        "source": Source.DIRECT.value,
    }


def upload(meta: Item, counts: Item) -> Upload:
    """Read an upload from its facts and its projected counts (empty before the first verdict)."""
    judged: dict[State, int] = {
        state: counts.get(f"n_{state}", 0) for state in State if state is not State.AWAITING_UPLOAD
    }
    foreseen = meta.get("declared", 0)
    # An archive that waits for its entries' verdicts still waits for its own.
    unsettled = counts.get("unsettled", 0)
    judged[State.ACCEPTED] -= unsettled
    # Files dropped straight into S3 are not declared: as many as arrived were meant to.
    declared = max(foreseen, sum(judged.values()) + unsettled)
    return Upload(
        clinic_id=meta["clinic_id"],
        upload_id=meta["upload_id"],
        created_at=moment(meta["created_at"]),
        created_by=meta["created_by"],
        source=Source(meta["source"]),
        reference=meta.get("reference", ""),
        note=meta.get("note", ""),
        expected=meta.get("expected"),
        declared=declared,
        entries=foreseen - meta["announced"] if "announced" in meta else 0,
        counts={State.AWAITING_UPLOAD: declared - sum(judged.values()), **judged},
        warnings=counts.get("with_warnings", 0),
        causes=collect_sums(counts, "cause_"),
    )

"""Uploads as items of the table: their own facts in one, their projected sums in another beside it."""

from intake.files.item_keys import build_created_key, index_by_name, list_in_uploads, upload_key
from intake.files.model import Source, Upload, timestamp
from intake.files.states import State
from intake.records.dealings import read_dealing
from intake.table.items import Item, collect_sums, moment


def upload_item(upload: Upload) -> Item:
    """Write an upload's own facts. Its counts are projected into an item beside it."""
    return {
        **upload_key(upload.upload_id),
        **list_in_uploads(upload.clinic_id, upload.upload_id),
        "created_key": build_created_key(upload.created_at, upload.upload_id),
        "upload_id": upload.upload_id,
        "clinic_id": upload.clinic_id,
        "created_at": timestamp(upload.created_at),
        "created_by": upload.created_by,
        "source": upload.source.value,
        "reference": upload.reference,
        "note": upload.note,
        "expected": _write_expectation(upload),
        "declared": upload.declared,
        "announced": upload.announced,
        **index_by_name(f"{upload.clinic_id}#uploads", upload.upload_id, upload.reference),
    }


def begin_upload(upload: Upload) -> Item:
    """Return what an upload's first files write of it, beside its keys and how many they are."""
    counted = {*upload_key(upload.upload_id), "declared", "announced"}
    return {name: value for name, value in upload_item(upload).items() if name not in counted and value is not None}


def _write_expectation(upload: Upload) -> int | Item | None:
    """Write what is expected as one attribute: indexes copy it, and what an index copies is chosen once."""
    if upload.expected_images is None:
        return upload.expected
    return {"files": upload.expected, "images": upload.expected_images}


def _read_expectation(written: int | Item | None) -> Item:
    told = written if isinstance(written, dict) else {"files": written}
    return {"expected": told.get("files"), "expected_images": told.get("images")}


def read_upload(meta: Item, counts: Item) -> Upload:
    """Read an upload from its facts and its projected counts (empty before the first verdict)."""
    judged = _read_states(counts, "n_")
    containers = _read_states(counts, "c_")
    # Entries' verdicts may be counted before their archive's, which tells how many there are.
    foreseen = meta.get("declared", 0) + max(0, counts.get("inside", 0) - counts.get("held", 0))
    # An archive that waits for its entries' verdicts still waits for its own.
    # Below 0 its end was counted before its beginning, which tells how many entries there are.
    unsettled = max(0, counts.get("unsettled", 0))
    containers[State.ACCEPTED] -= unsettled
    # Files dropped straight into S3 are not declared: as many as arrived were meant to.
    declared = max(foreseen - sum(containers.values()), sum(judged.values()) + unsettled)
    return Upload(
        clinic_id=meta["clinic_id"],
        upload_id=meta["upload_id"],
        created_at=moment(meta["created_at"]),
        created_by=meta["created_by"],
        source=Source(meta["source"]),
        reference=meta.get("reference", ""),
        note=meta.get("note", ""),
        **_read_expectation(meta.get("expected")),
        announced=meta["announced"] if "announced" in meta else meta.get("declared", 0),
        declared=declared,
        counts={State.AWAITING_UPLOAD: declared - sum(judged.values()), **judged},
        containers={state: count for state, count in containers.items() if count > 0},
        documents=counts.get("documents", 0),
        duplicates=counts.get("duplicates", 0),
        repeats=counts.get("repeats", 0),
        replaced=counts.get("replaced", 0),
        handled={State(state): count for state, count in collect_sums(counts, "handled_").items()},
        announced_at=moment(meta["announced_at"]) if meta.get("announced_at") else None,
        changed_at=moment(counts["updated_at"]) if counts.get("updated_at") else None,
        closed=bool(counts.get("closed")),
        closing=read_dealing(counts["closed"]) if counts.get("closed") else None,
        warnings=counts.get("with_warnings", 0),
        causes=collect_sums(counts, "cause_"),
    )


def _read_states(counts: Item, prefix: str) -> dict[State, int]:
    """Read how many files there are in each state but the one of those that are awaited."""
    return {state: counts.get(f"{prefix}{state}", 0) for state in State if state is not State.AWAITING_UPLOAD}

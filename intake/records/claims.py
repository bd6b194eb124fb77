"""Who holds the identities of files: read, and never written, beside the verdicts that claim them."""

from collections.abc import Sequence

from intake.files.item_keys import claim_key
from intake.files.keys import UNASSIGNED
from intake.files.metadata import read_uid
from intake.files.model import FileRecord
from intake.table.items import Item
from intake.table.table import Table


def find_holders(table: Table, records: Sequence[FileRecord]) -> dict[str, str]:
    """Return, by file, the accepted file of its clinic that holds its SOP Instance UID and has other bytes."""
    named = [(record, read_uid(record.metadata, "sop_instance_uid")) for record in records]
    named = [(record, uid) for record, uid in named if uid and record.clinic_id != UNASSIGNED]
    claims = table.batch_get([claim_key(record.clinic_id, f"sop:{uid}") for record, uid in named])
    found = [(record, claim) for (record, _), claim in zip(named, claims, strict=True) if claim]
    return {record.file_id: claim["file_id"] for record, claim in found if _stands_in_the_way(record, claim)}


def _stands_in_the_way(record: FileRecord, claim: Item) -> bool:
    same = record.sha256 is not None and record.sha256 == claim.get("sha256")
    return not same and claim["file_id"] != record.file_id and not claim.get("released")

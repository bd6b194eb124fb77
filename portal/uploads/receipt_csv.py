"""An upload's receipt as a table: one line per file, told page by page, so that no upload is too large for it."""

from collections.abc import Iterator
from functools import partial
from itertools import chain

from intake.files.model import FileRecord, timestamp
from portal.auth.identity import Identity
from portal.cursors import read_rows
from portal.presentation import labels
from portal.presentation.csv_export import BEGIN, write_row
from portal.presentation.upload_labels import choose_upload_badge
from portal.services import Services
from portal.uploads.visibility import list_files_behind, read_upload

PAGE = 250
"""Files read at a time: about a megabyte of records, which is what one Query answers."""

COLUMNS = (
    "File", "State", "Size in bytes", "Kind", "What was found", "What to do", "Where", "Codes", "SHA-256",
    "Announced (UTC)", "Last change (UTC)", "File ID", "From archive (file ID)", "Same as (file ID)",
    "Replaced by (file ID)", "State of the upload",
)  # fmt: skip


def write_receipt(services: Services, identity: Identity, upload_id: str) -> Iterator[str]:
    """Yield the table line by line. Raises NotFoundError before the first one."""
    shown = read_upload(services, identity, upload_id)
    records = read_rows(partial(list_files_behind, services, identity, shown, limit=PAGE))
    state = choose_upload_badge(shown).label
    return chain([BEGIN + write_row(COLUMNS)], (write_row((*_list_cells(record), state)) for record in records))


def _list_cells(record: FileRecord) -> tuple[object, ...]:
    found = record.findings
    return (
        record.name,
        labels.choose_file_badge(record).label,
        record.size,
        labels.name_kind(record.kind),
        " | ".join(finding.message for finding in found),
        " | ".join(dict.fromkeys(finding.remedy for finding in found)),
        " | ".join(finding.where for finding in found if finding.where),
        " | ".join(finding.code for finding in found),
        record.sha256 or "",
        timestamp(record.created_at),
        timestamp(record.updated_at),
        record.file_id,
        record.parent or "",
        record.duplicate_of or "",
        record.replaced_by or "",
    )

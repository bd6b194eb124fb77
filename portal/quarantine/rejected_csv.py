"""The list of rejected files as a table to take away: ids, codes and numbers, as the page shows them."""

from collections.abc import Callable, Iterator
from functools import partial

from intake.files.model import FileRecord, timestamp
from intake.files.outcomes import Page
from intake.orders.model import Selection
from intake.projections.model import device
from portal.audit import note
from portal.auth.identity import Identity
from portal.cursors import read_rows
from portal.presentation import csv_export
from portal.quarantine.reviews import read_rejected
from portal.services import Services

COLUMNS = ("Sent (UTC)", "Clinic", "Upload", "File", "Kind", "Bytes", "Causes", "Device", "Rules version")
MOST_ROWS = 10_000
BATCH = 200


def export_rejected(
    services: Services, identity: Identity, wanted: Selection, filtered: str, *, with_handled: bool = False
) -> Iterator[str]:
    """Note that the list is exported, and return it line by line, the newest file first.

    One that would be too long ends with a line that says where to go on.
    """
    note(services, identity, "file.export", clinic_id=wanted.clinic_id, filter=filtered or "none")
    return _write_lines(partial(read_rejected, services, identity, wanted, limit=BATCH, with_handled=with_handled))


def _write_lines(read: Callable[[str | None], Page[FileRecord]]) -> Iterator[str]:
    yield csv_export.write_row(COLUMNS)
    for number, file in enumerate(read_rows(read)):
        if number == MOST_ROWS:
            yield csv_export.write_row([f"Cut here. Export again, sent before {file.created_at:%Y-%m-%d %H:%M} UTC."])
            return
        made_by = device(file.clinic_id, file.metadata)
        where = (file.clinic_id, file.upload_id, file.file_id)
        what = (file.kind or "", file.size, " ".join(file.codes), made_by.label if made_by else "")
        yield csv_export.write_row([timestamp(file.created_at), *where, *what, file.rules_version or ""])

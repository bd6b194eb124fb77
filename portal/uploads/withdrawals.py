"""Files that are not going to be sent after all: given up at once, and not a day after they were announced.

What arrives all the same is judged (docs/adr/0003-late-files-are-judged.md), so that nothing is lost by giving up.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from intake.errors import NotFoundError
from intake.files.keys import is_announced, is_file_id
from intake.files.model import FileRecord, TimelineEntry, Upload
from intake.files.states import State
from portal.audit import note
from portal.auth.identity import Identity
from portal.services import Services
from portal.uploads.requests import MAX_WITHDRAWN

WITHDRAWN = "withdrawn"
"""A step of a file's timeline."""

_PAGES = 10
"""Pages of a clinic's awaited files among which those of one upload are looked for."""

_THREADS = 8


def withdraw(services: Services, identity: Identity, file_ids: Iterable[str]) -> list[FileRecord]:
    """Give up the files that are awaited and have not arrived, and return all as they stand then.

    What has arrived stays awaited, since its verdict follows. Raises NotFoundError, and then none is given up.
    """
    records = _read_own(services, identity, file_ids)
    awaited = [record for record in records if record.state is State.AWAITING_UPLOAD and is_announced(record.file_id)]
    with ThreadPoolExecutor(_THREADS) as threads:
        arrived = list(threads.map(services.presigner.has_arrived, [record.incoming for record in awaited]))
    lost = [record for record, is_here in zip(awaited, arrived, strict=True) if not is_here]
    give_up(services, identity, lost)
    return _read_own(services, identity, file_ids) if lost else records


def give_up(services: Services, identity: Identity, records: Sequence[FileRecord]) -> None:
    """Give up awaited files, whether they have arrived or not. One that gets its verdict meanwhile keeps it."""
    for upload_id, count in Counter(record.upload_id for record in records).items():
        clinic_id = identity.own_clinic()
        note(services, identity, "file.withdraw", clinic_id=clinic_id, subject=upload_id, files=str(count))
    step = TimelineEntry(services.clock(), identity.subject, WITHDRAWN)
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(partial(services.records.withdraw, step=step), records))


def withdraw_awaited(services: Services, identity: Identity, upload_id: str) -> None:
    """Give up what an upload waits for, at most `MAX_WITHDRAWN` files. Raises NotFoundError."""
    upload = services.records.upload(identity.own_clinic(), upload_id)
    withdraw(services, identity, _find_awaited(services, upload))


def _find_awaited(services: Services, upload: Upload) -> list[str]:
    """Return ids of awaited files of an upload, which stand among those that its clinic announced meanwhile."""
    until = (upload.announced_at or services.clock()) + timedelta(milliseconds=1)
    found: list[str] = []
    after: str | None = None
    for _ in range(_PAGES):
        page = services.records.files(
            upload.clinic_id, State.AWAITING_UPLOAD, upload.created_at, after, MAX_WITHDRAWN, until=until
        )
        found += [row.file_id for row in page.rows if row.upload_id == upload.upload_id and is_announced(row.file_id)]
        after = page.next
        if after is None or len(found) >= MAX_WITHDRAWN:
            break
    return found[:MAX_WITHDRAWN]


def _read_own(services: Services, identity: Identity, file_ids: Iterable[str]) -> list[FileRecord]:
    clinic_id, wanted = identity.own_clinic(), list(dict.fromkeys(file_ids))
    found = services.records.get_many(wanted) if all(map(is_file_id, wanted)) else {}
    if any(file_id not in found or found[file_id].clinic_id != clinic_id for file_id in wanted):
        raise NotFoundError("there is no such file")
    return [found[file_id] for file_id in wanted]

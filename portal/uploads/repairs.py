"""Closing trouble: what a clinic's staff says of files that were not accepted or never came, and taking it back.

Who said what of which file is noted in the audit log before it is written; the person's own words stay with the file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from intake.errors import ConflictError
from intake.files.dealing import DEALT_WITH, REOPENED, REPLACED, Dealing, Reason
from intake.files.item_keys import RANKS
from intake.files.model import FileRecord, TimelineEntry
from intake.files.states import State
from portal.audit import note
from portal.auth.identity import Identity
from portal.services import Services

AT_ONCE = 100
"""Files with one cause that one request deals with; more take another."""

OFFERED = 100
"""Files of the same upload, announced behind one in trouble, among which its replacement is chosen."""


@dataclass(frozen=True, slots=True)
class Said:
    """Why nothing is to be done, as a person chose and wrote it."""

    reason: Reason
    words: str = ""


def deal(services: Services, identity: Identity, file_id: str, said: Said) -> FileRecord:
    """Say of a file in trouble that it needs nobody any more. Raises NotFoundError, ConflictError."""
    record = services.records.file(identity.own_clinic(), file_id)
    step = _step(services, identity, DEALT_WITH, said.reason)
    write = partial(services.repairs.deal, record, _sign(services, identity, said), step)
    return _carry_out(services, identity, "file.deal", record, write, is_open=True, reason_code=said.reason)


def deal_with_cause(services: Services, identity: Identity, upload_id: str, cause: str, said: Said) -> int:
    """Say the same of the first files of an upload that share a cause, and return of how many. Raises NotFoundError."""
    upload = services.records.upload(identity.own_clinic(), upload_id)
    records = services.troubles.files(upload_id, f"{cause}#", None, AT_ONCE).rows
    files = [record for record in records if record.state in RANKS and not record.is_handled]
    told = {"cause": cause, "files": str(len(files)), "reason_code": said.reason}
    note(services, identity, "file.deal", clinic_id=upload.clinic_id, subject=upload_id, **told)
    signed, step = _sign(services, identity, said), _step(services, identity, DEALT_WITH, said.reason)
    return sum(services.repairs.deal(record, signed, step) for record in files)


def replace(services: Services, identity: Identity, file_id: str, replacement_id: str) -> FileRecord:
    """Say which accepted file of the same upload was sent in place of one in trouble.

    Raises NotFoundError, and ConflictError also where the other file is of another upload, or was not accepted.
    """
    record = services.records.file(identity.own_clinic(), file_id)
    other = services.records.file(identity.own_clinic(), replacement_id)
    if other.state is not State.ACCEPTED or other.upload_id != record.upload_id:
        raise ConflictError("only an accepted file of the same upload replaces another")
    step = _step(services, identity, REPLACED, replacement_id)
    write = partial(services.repairs.replace, record, replacement_id, step)
    return _carry_out(services, identity, "file.replace", record, write, is_open=True, replaced_by=replacement_id)


def reopen(services: Services, identity: Identity, file_id: str) -> FileRecord:
    """Take back what was said of a file, or what it was replaced by. Raises NotFoundError, ConflictError."""
    record = services.records.file(identity.own_clinic(), file_id)
    write = partial(services.repairs.reopen, record, _step(services, identity, REOPENED))
    return _carry_out(services, identity, "file.reopen", record, write, is_open=False)


def close(services: Services, identity: Identity, upload_id: str, said: Said) -> None:
    """Say of an upload that nothing more is coming. Raises NotFoundError, ConflictError."""
    upload = services.records.upload(identity.own_clinic(), upload_id)
    if upload.closed or upload.waiting:
        raise ConflictError("it is closed already, or files are still awaited")
    note(services, identity, "upload.close", clinic_id=upload.clinic_id, subject=upload_id, reason_code=said.reason)
    _require(services.repairs.close(upload, _sign(services, identity, said)))


def reopen_upload(services: Services, identity: Identity, upload_id: str) -> None:
    """Say that something may come after all. Raises NotFoundError, ConflictError."""
    upload = services.records.upload(identity.own_clinic(), upload_id)
    if not upload.closed:
        raise ConflictError("nobody closed it")
    note(services, identity, "upload.reopen", clinic_id=upload.clinic_id, subject=upload_id)
    _require(services.repairs.close(upload, None))


def list_candidates(services: Services, record: FileRecord) -> Sequence[FileRecord]:
    """Return accepted files that were announced behind one in trouble, and may have been sent in its place."""
    if record.state not in RANKS or record.is_handled:
        return ()
    return services.repairs.list_behind(record, OFFERED)


def _carry_out(
    services: Services,
    identity: Identity,
    action: str,
    record: FileRecord,
    write: Callable[[], bool],
    *,
    is_open: bool,
    **detail: str,
) -> FileRecord:
    if record.state not in RANKS or record.is_handled is is_open:
        raise ConflictError("the file is not in that state")
    note(services, identity, action, clinic_id=record.clinic_id, subject=record.file_id, **detail)
    _require(write())
    return record


def _require(changed: bool) -> None:
    if not changed:
        raise ConflictError("it was changed at the same time")


def _sign(services: Services, identity: Identity, said: Said) -> Dealing:
    return Dealing(
        reason=said.reason,
        by=identity.subject,
        by_name=identity.display_name,
        at=services.clock(),
        words=said.words.strip(),
    )


def _step(services: Services, identity: Identity, event: str, detail: str = "") -> TimelineEntry:
    return TimelineEntry(services.clock(), identity.subject, event, detail)

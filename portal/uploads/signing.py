"""A reserved file on its way: signed anew, resumed part by part, completed."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from intake.errors import ConflictError, ObjectMissingError
from intake.files.model import FileRecord
from intake.files.states import State
from intake.storage.model import Part
from portal.auth.identity import Identity
from portal.errors import NotAwaitedError, NotMultipartError, PartsMissingError
from portal.services import Services
from portal.uploads.multipart import SignedPart, find_missing_parts, plan_parts, sign_parts
from portal.uploads.reservations import LIFETIME, Placed, sign_put

WORTH_PROLONGING = timedelta(hours=1)
"""A reservation is prolonged when that gains this much: a write per signed part would gain nothing."""


def sign(services: Services, identity: Identity, file_id: str) -> Placed:
    """Sign whatever the file still lacks, and await it for longer. Raises NotFoundError, NotAwaitedError."""
    record = _extend_awaited(services, identity, file_id)
    if record.multipart_id is None:
        return Placed(record, put=sign_put(services, record))
    return Placed(record, plan=plan_parts(record, _list_held(services, record)))


def sign_numbered(
    services: Services, identity: Identity, file_id: str, wanted: Mapping[int, str]
) -> tuple[SignedPart, ...]:
    """Sign the parts that are asked for. Raises NotFoundError, NotAwaitedError, NotMultipartError."""
    return sign_parts(services.presigner, _extend_awaited(services, identity, file_id), wanted)


def list_parts(services: Services, identity: Identity, file_id: str) -> tuple[FileRecord, tuple[Part, ...]]:
    """Return what S3 holds of a file. Raises NotFoundError, NotAwaitedError, NotMultipartError."""
    record = services.records.file(identity.own_clinic(), file_id)
    return record, _list_held(services, record)


def complete(services: Services, identity: Identity, file_id: str) -> FileRecord:
    """Have S3 join the parts, which it lists itself; a repetition changes nothing.

    Raises NotFoundError, NotMultipartError, PartsMissingError.
    """
    record = services.records.file(identity.own_clinic(), file_id)
    if record.multipart_id is None:
        raise NotMultipartError("The file is sent in one piece.")
    # One that was given up is judged all the same when it arrives, and to join its parts is to send it.
    if record.state in {State.AWAITING_UPLOAD, State.EXPIRED}:
        # Where S3 knows no parts, an earlier call joined them, and its answer was lost. The verdict follows, or the
        # sweep speaks up.
        with suppress(ObjectMissingError):
            held = services.presigner.parts(record.incoming, record.multipart_id)
            missing = find_missing_parts(record, held)
            if missing:
                raise PartsMissingError(missing)
            services.presigner.complete_multipart(record.incoming, record.multipart_id, held)
    return record


def _extend_awaited(services: Services, identity: Identity, file_id: str) -> FileRecord:
    """Return a file that may still be sent, and make sure that it is awaited for long enough."""
    record = services.records.file(identity.own_clinic(), file_id)
    if record.state is not State.AWAITING_UPLOAD:
        raise NotAwaitedError("The file is no longer awaited.")
    expires_at = services.clock() + LIFETIME
    if expires_at - record.expires_at >= WORTH_PROLONGING:
        try:
            services.records.extend(record, expires_at)
        except ConflictError as error:
            raise NotAwaitedError("The file has just arrived, or was given up.") from error
    return record


def _list_held(services: Services, record: FileRecord) -> tuple[Part, ...]:
    if record.multipart_id is None:
        raise NotMultipartError("The file is sent in one piece.")
    try:
        return services.presigner.parts(record.incoming, record.multipart_id)
    except ObjectMissingError as error:
        raise NotAwaitedError("S3 has joined the parts already.") from error

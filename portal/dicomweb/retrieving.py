"""Fetching instances and their metadata (WADO-RS, PS3.18 10.4).

API Gateway and Lambda let 6 MB of a message through, binary bytes written as base64. What is larger is downloaded from
S3 by the presigned address that the error names.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from intake.ports import Presigned
from intake.record import FileRecord, ObjectVersion
from portal.auditing import note
from portal.dicomweb.content import metadata
from portal.errors import RetrievalTooLargeError
from portal.identity import Identity
from portal.services import Services

LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of an answer, before base64."""
MOST_DESCRIBED = 1000
"""Instances whose metadata one request may read."""
AT_ONCE = 16

_ONE_BY_ONE = "Fetch each instance with `Accept: application/dicom`, which leads to S3 whatever its size."
_BY_SERIES = "Ask for the metadata of each series, or of each instance."


def described(services: Services, records: Iterable[FileRecord]) -> bytes:
    """Return the instances' metadata as a JSON array. Raises RetrievalTooLargeError."""
    wanted = list(islice(records, MOST_DESCRIBED + 1))
    if len(wanted) > MOST_DESCRIBED:
        raise RetrievalTooLargeError(LARGEST_MESSAGE, _BY_SERIES)
    read = partial(_read, services)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda record: metadata(read, _stored(record), record.size), wanted)
        rows = [json.dumps(row, separators=(",", ":")) for row in found]
    answer = f"[{','.join(rows)}]".encode()
    if len(answer) > LARGEST_MESSAGE:
        raise RetrievalTooLargeError(LARGEST_MESSAGE, _BY_SERIES)
    return answer


def contents(services: Services, identity: Identity, records: Iterable[FileRecord]) -> Iterator[bytes]:
    """Yield the instances' bytes. Raises RetrievalTooLargeError before anything is read where they are too many."""
    wanted: list[FileRecord] = []
    total = 0
    for record in records:
        total += record.size
        if total > LARGEST_MESSAGE:
            raise RetrievalTooLargeError(LARGEST_MESSAGE, _ONE_BY_ONE)
        wanted.append(record)
    for record in wanted:
        _note(services, identity, record)
    return (_read(services, _stored(record), 0, record.size) for record in wanted)


def address(services: Services, identity: Identity, record: FileRecord) -> Presigned:
    """Sign the download of one instance, of any size."""
    _note(services, identity, record)
    return services.presigner.get(_stored(record), f"{record.file_id}.dcm")


def _note(services: Services, identity: Identity, record: FileRecord) -> None:
    note(services, identity, "file.download", clinic_id=record.clinic_id, subject=record.file_id)


def _read(services: Services, source: ObjectVersion, start: int, length: int) -> bytes:
    return services.objects.read(source, start, length).data if length else b""


def _stored(record: FileRecord) -> ObjectVersion:
    if record.stored is None:
        raise ValueError("An accepted file is stored.")
    return record.stored

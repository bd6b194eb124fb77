"""Finding stored instances by the UIDs of DICOM, and fetching them and their metadata (WADO-RS, PS3.18 10.4).

API Gateway and Lambda let 6 MB of a message through, binary bytes written as base64. What is larger is downloaded from
S3 by the presigned address that the error names.

Accepted bytes are a sender's bytes: the judge has walked their structure, perhaps by older rules than today's, and has
not looked at what it would cost to tell of them. So nothing here trusts them, and all that one request names is
described within one budget.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from intake.dicom.budget import Budget
from intake.dicom.errors import TooCostlyError, UnreadableDataSetError
from intake.dicom.reader import scan
from intake.dicom.streams import FIRST_READ
from intake.errors import NotFoundError, ObjectChangedError, ObjectMissingError
from intake.files.model import FileRecord, ObjectVersion
from intake.files.states import State
from intake.search.ports import FileQuery
from intake.storage.model import Presigned
from portal.audit import note
from portal.auth.identity import Identity
from portal.dicomweb.json_model.writer import JsonWriter
from portal.errors import InstanceUnreadableError, MetadataTooLargeError, RetrievalTooLargeError, SearchTooBroadError
from portal.services import Services

Read = Callable[[ObjectVersion, int, int], bytes]
"""Object version, offset and length → bytes, fewer at the object's end."""

PAGE = 100
MOST_PAGES = 50
"""Pages of files that one request looks through."""
AHEAD = 8
"""Instances whose first bytes are being read while another is written."""
MIB = 1024 * 1024
LARGEST_MESSAGE = 4 * 1024 * 1024
"""Bytes of an answer, before base64."""
MOST_DESCRIBED = 400
"""Instances whose metadata one request may read: 4 MiB hold those of about as many, and each takes a call of S3."""
MOST_IN_A_MESSAGE = 250
"""Instances of one message: each takes a call of S3 and a line of the audit log."""
AT_ONCE = 16
"""Instances that are on their way to S3 at the same time."""

_ONE_BY_ONE = "Fetch each instance with `Accept: application/dicom`, which leads to S3 whatever its size."
_BY_SERIES = "Ask for the metadata of each series, or of each instance."
AS_A_FILE = "Download the file: GET /api/v1/files/{file_id}/content"


def list_instances(
    services: Services, identity: Identity, study_uid: str, series_uid: str = "", page_size: int = 0
) -> Iterator[FileRecord]:
    """Yield the accepted instances of a study, or of one of its series: by series, then by instance number.

    Raises SearchTooBroadError where they are not found within `MOST_PAGES`: a sender may have sent one instance a
    hundred thousand times. `page_size` is that of the first page, where few are wanted.
    """
    clinic_id = identity.own_clinic()
    query = FileQuery(
        clinic_id=clinic_id,
        study_id=services.ids.study(clinic_id, study_uid),
        series_id=services.ids.series(clinic_id, series_uid) if series_uid else "",
        state=State.ACCEPTED,
    )
    after: str | None = None
    for number in range(MOST_PAGES):
        page = services.search.files(query, after, page_size if page_size and not number else PAGE)
        yield from (record for record in page.rows if is_listed(record, study_uid, series_uid))
        after = page.next
        if after is None:
            return
    raise SearchTooBroadError("There are too many files to look through.")


def is_listed(record: FileRecord, study_uid: str, series_uid: str) -> bool:
    """Say whether a file is told of as an instance: a duplicate is told of once, and what was superseded no more.

    What names no instance is none: a review may have accepted it all the same.
    """
    metadata = record.metadata
    return (
        record.duplicate_of is None
        and record.superseded_by is None
        and record.stored is not None
        and bool(metadata.get("sop_instance_uid"))
        and metadata.get("study_instance_uid") == study_uid
        and series_uid in {"", metadata.get("series_instance_uid")}
    )


def find_first(services: Services, identity: Identity, study_uid: str, series_uid: str = "") -> FileRecord | None:
    """Return one instance, which tells of its study or series what all of its instances say."""
    return next(list_instances(services, identity, study_uid, series_uid, page_size=1), None)


def require_instances(
    services: Services, identity: Identity, study_uid: str, series_uid: str = ""
) -> Iterator[FileRecord]:
    """Yield instances as `list_instances` does, and at least one. Raises NotFoundError at once where there is none."""
    rows = list_instances(services, identity, study_uid, series_uid)
    one = next(rows, None)
    if one is None:
        raise NotFoundError("there is no such study or series")
    return chain([one], rows)


def build_address(record: FileRecord, base: str) -> str:
    """Return where an instance is fetched, or nothing for a file that names none: a DICOMDIR is no instance."""
    study_uid, series_uid, sop_uid = (
        record.metadata.get(key) for key in ("study_instance_uid", "series_instance_uid", "sop_instance_uid")
    )
    if not (study_uid and series_uid and sop_uid):
        return ""
    return f"{base}/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}"


def describe_instances(services: Services, records: Iterable[FileRecord], base: str) -> bytes:
    """Return the instances' metadata as a JSON array. `base` is the address of the DICOMweb service.

    Raises RetrievalTooLargeError, MetadataTooLargeError, InstanceUnreadableError, TooManyRequestsError.
    """
    wanted = list(islice(records, MOST_DESCRIBED + 1))
    if len(wanted) > MOST_DESCRIBED:
        raise MetadataTooLargeError(_BY_SERIES)
    try:
        with services.describing.turn():
            return _write_metadata(partial(_read, services), wanted, LARGEST_MESSAGE, base).encode()
    except TooCostlyError as spent:
        instead = _BY_SERIES if len(wanted) > 1 else AS_A_FILE
        if spent.cost == "characters":
            raise RetrievalTooLargeError(LARGEST_MESSAGE, instead) from spent
        raise MetadataTooLargeError(instead) from spent


def read_contents(services: Services, identity: Identity, records: Iterable[FileRecord]) -> Iterator[bytes]:
    """Yield the instances' bytes. Raises RetrievalTooLargeError before anything is read where they are too many.

    Raises InstanceUnreadableError for one that is gone.
    """
    wanted: list[FileRecord] = []
    total = 0
    for record in records:
        total += record.size
        if total > LARGEST_MESSAGE or len(wanted) == MOST_IN_A_MESSAGE:
            raise RetrievalTooLargeError(LARGEST_MESSAGE, _ONE_BY_ONE)
        wanted.append(record)
    for record in wanted:
        note_download(services, identity, record)
    return (_read_content(services, record) for record in wanted)


def sign_download(services: Services, identity: Identity, record: FileRecord) -> Presigned:
    """Sign the download of one instance, of any size."""
    note_download(services, identity, record)
    return services.presigner.get(require_stored(record), f"{record.file_id}.dcm")


def note_download(services: Services, identity: Identity, record: FileRecord) -> None:
    note(services, identity, "file.download", clinic_id=record.clinic_id, subject=record.file_id)


def _read_content(services: Services, record: FileRecord) -> bytes:
    try:
        data = _read(services, require_stored(record), 0, record.size)
    except ObjectMissingError as error:
        raise InstanceUnreadableError(record.file_id) from error
    if len(data) != record.size:
        raise InstanceUnreadableError(record.file_id)
    return data


def _read(services: Services, source: ObjectVersion, start: int, length: int) -> bytes:
    return services.objects.read(source, start, length).data if length else b""


def budget() -> Budget:
    """Return what one request may spend: less than a second of CPU, and some 50 MB of memory, whatever it names."""
    return Budget(steps=200_000, fetched=64 * MIB, inflated=64 * MIB, taken=8 * MIB)


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One object as the reader of data sets reads it."""

    file_id: str
    bulk_data: str
    """Where the addresses of its bulk data begin; empty where it has none."""
    read_range: Read
    stored: ObjectVersion
    size: int
    first: Future[bytes]
    """Its first bytes, on their way."""

    def read(self, start: int, length: int) -> bytes:
        return self.read_range(self.stored, start, length)


def _write_metadata(read: Read, records: Iterable[FileRecord], characters: int, base: str) -> str:
    """Return instances' attributes up to their pixel data as a JSON array of at most so many characters.

    Raises TooCostlyError, and InstanceUnreadableError for an instance that is gone or cannot be read any more.
    """
    spent = budget()
    writer = JsonWriter(spent, characters)
    rows = []
    with closing(_read_ahead(read, records, spent, base)) as instances:
        for instance in instances:
            try:
                rows.append(writer.write(scan(instance, spent, instance.first.result()), instance.bulk_data))
            except (UnreadableDataSetError, ObjectChangedError, ObjectMissingError) as error:
                raise InstanceUnreadableError(instance.file_id) from error
    return f"[{','.join(rows)}]"


def _read_ahead(read: Read, records: Iterable[FileRecord], spent: Budget, base: str) -> Generator[StoredInstance]:
    """Yield each instance with its first bytes on their way; few are held at a time."""
    with ThreadPoolExecutor(AHEAD) as threads:
        ahead: deque[StoredInstance] = deque()
        for record in records:
            length = min(FIRST_READ, record.size)
            spent.fetch(length)
            stored = require_stored(record)
            address = build_address(record, base)
            bulk_data = f"{address}/bulkdata/" if address else ""
            first = threads.submit(read, stored, 0, length)
            ahead.append(StoredInstance(record.file_id, bulk_data, read, stored, record.size, first))
            if len(ahead) == AHEAD:
                yield ahead.popleft()
        yield from ahead


def require_stored(record: FileRecord) -> ObjectVersion:
    if record.stored is None:
        raise ValueError("An accepted file is stored.")
    return record.stored

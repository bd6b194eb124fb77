"""Describing stored instances in the DICOM JSON model, all that one request names within one budget.

Accepted bytes are a sender's bytes: the judge has walked their structure, perhaps by older rules than today's, and has
not looked at what it would cost to tell of them. So nothing here trusts them.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from intake.dicom.budget import Budget
from intake.dicom.errors import UnreadableFileError
from intake.dicom.reader import scan
from intake.dicom.streams import FIRST_READ
from intake.errors import ObjectChangedError, ObjectMissingError
from intake.files.model import FileRecord, ObjectVersion
from portal.dicomweb.json_model.writer import JsonWriter
from portal.errors import InstanceUnreadableError

Read = Callable[[ObjectVersion, int, int], bytes]
"""Object version, offset and length → bytes, fewer at the object's end."""

AHEAD = 8
"""Instances whose first bytes are being read while another is written."""
MIB = 1024 * 1024


def budget() -> Budget:
    """Return what one request may spend: less than a second of CPU, and some 50 MB of memory, whatever it names."""
    return Budget(steps=200_000, fetched=64 * MIB, inflated=64 * MIB, taken=8 * MIB)


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One object as the reader of data sets reads it."""

    file_id: str
    read_range: Read
    stored: ObjectVersion
    size: int
    first: Future[bytes]
    """Its first bytes, on their way."""

    def read(self, start: int, length: int) -> bytes:
        return self.read_range(self.stored, start, length)


def write_metadata(read: Read, records: Iterable[FileRecord], characters: int) -> str:
    """Return instances' attributes before their pixel data as a JSON array of at most so many characters.

    Raises BudgetSpentError, and InstanceUnreadableError for an instance that is gone or cannot be read any more.
    """
    spent = budget()
    writer = JsonWriter(spent, characters)
    with closing(_read_ahead(read, records, spent)) as instances:
        rows = [_write_instance(instance, writer, spent) for instance in instances]
    return f"[{','.join(rows)}]"


def _write_instance(instance: StoredInstance, writer: JsonWriter, spent: Budget) -> str:
    try:
        return writer.write(scan(instance, spent, instance.first.result()))
    except (UnreadableFileError, ObjectChangedError, ObjectMissingError) as error:
        raise InstanceUnreadableError(instance.file_id) from error


def _read_ahead(read: Read, records: Iterable[FileRecord], spent: Budget) -> Generator[StoredInstance]:
    """Yield each instance with its first bytes on their way; few are held at a time."""
    with ThreadPoolExecutor(AHEAD) as threads:
        ahead: deque[StoredInstance] = deque()
        for record in records:
            length = min(FIRST_READ, record.size)
            spent.fetch(length)
            stored = require_stored(record)
            ahead.append(
                StoredInstance(record.file_id, read, stored, record.size, threads.submit(read, stored, 0, length))
            )
            if len(ahead) == AHEAD:
                yield ahead.popleft()
        yield from ahead


def require_stored(record: FileRecord) -> ObjectVersion:
    if record.stored is None:
        raise ValueError("An accepted file is stored.")
    return record.stored

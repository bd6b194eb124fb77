"""An object of a bucket as a source of bytes."""

from dataclasses import dataclass, field

from intake.dicom.streams import FIRST_READ
from intake.files.model import ObjectVersion
from intake.storage.model import ObjectRange
from intake.storage.ports import Objects


@dataclass(slots=True)
class ObjectBytes:
    """An object as the judge reads it: what the first read brought costs nothing more."""

    objects: Objects
    source: ObjectVersion
    first: ObjectRange
    bytes_read: int = field(init=False)

    def __post_init__(self) -> None:
        self.bytes_read = len(self.first.data)

    @property
    def size(self) -> int:
        return self.first.total

    def read(self, start: int, length: int) -> bytes:
        end = min(start + length, self.size)
        if end <= len(self.first.data):
            return self.first.data[start:end]
        part = self.objects.read(self.source, start, end - start).data
        self.bytes_read += len(part)
        return part


def open_object(objects: Objects, version: ObjectVersion, *, unread: bool = False) -> ObjectBytes:
    """Open an object at its first bytes, or with none of them where nobody is to read it. Raises ObjectMissingError."""
    first = objects.describe(version) if unread else objects.read(version, 0, FIRST_READ)
    return ObjectBytes(objects, version, first)

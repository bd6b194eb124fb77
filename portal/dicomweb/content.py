"""Reading stored instances: their header by ranges, and the whole of small ones.

Only accepted files are read, whose structure the judge has walked within its budgets; so a library may read them here.
"""

import io
from collections.abc import Callable
from typing import Any

from intake.record import ObjectVersion
from portal.errors import RetrievalTooLargeError

Read = Callable[[ObjectVersion, int, int], bytes]
"""Object version, offset and length → bytes, fewer at the object's end."""

WINDOW = 64 * 1024
"""Bytes read at once: most headers end within the first."""
MOST_OF_A_HEADER = 4 * 1024 * 1024
"""Bytes read of one object before its pixel data."""
LARGEST_VALUE = 1024
"""Bytes of a binary value that the metadata carry; larger ones are in the instance itself."""

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


class RangedFile(io.RawIOBase):
    """An object as a file that reads what it is asked for, a window at a time.

    Raises RetrievalTooLargeError from `read` beyond `MOST_OF_A_HEADER`.
    """

    name = "instance"
    """Asked for by the library; the key says nothing that it could use."""

    def __init__(self, read: Read, source: ObjectVersion, size: int) -> None:
        super().__init__()
        self._read, self._source, self._size = read, source, size
        self._position = 0
        self._start, self._window = 0, b""
        self._taken = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # Typeshed's WriteableBuffer is no run-time name.
        if self._position >= self._size:
            return 0
        if not self._start <= self._position < self._start + len(self._window):
            self._fetch()
        begin = self._position - self._start
        part = self._window[begin : begin + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _fetch(self) -> None:
        if self._taken >= MOST_OF_A_HEADER:
            raise RetrievalTooLargeError(MOST_OF_A_HEADER, "Download the file: GET /api/v1/files/{file_id}/content")
        self._start = self._position
        self._window = self._read(self._source, self._start, min(WINDOW, self._size - self._start))
        self._taken += len(self._window)


def metadata(read: Read, source: ObjectVersion, size: int) -> dict[str, Any]:
    """Return an instance's attributes before its pixel data, in the DICOM JSON model.

    Binary values above `LARGEST_VALUE` are left out. Raises RetrievalTooLargeError, ObjectMissingError.
    """
    from pydicom import dcmread  # noqa: PLC0415  # Half a second of a cold start that few requests need.

    with io.BufferedReader(RangedFile(read, source, size), WINDOW) as file:
        found = dcmread(file, stop_before_pixels=True, force=True)
        _drop_large_values(found)
        model: dict[str, Any] = found.to_json_dict(suppress_invalid_tags=True)
        return model


def _drop_large_values(data_set: Any) -> None:  # noqa: ANN401  # A pydicom Dataset, whose module loads late.
    for element in data_set.iterall():
        if element.VR in _BINARY and element.value is not None and len(element.value) > LARGEST_VALUE:
            element.value = None

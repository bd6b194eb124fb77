"""S3, as the processor reads, copies and writes it, and as the portal signs for it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from intake.files.model import ObjectVersion
from intake.storage.model import Copied, FoundObject, ObjectRange, Part, Presigned


class ObjectReader(Protocol):
    """The buckets, to be read."""

    def read(self, source: ObjectVersion, start: int, length: int) -> ObjectRange:
        """Return up to `length` bytes from offset `start`. Raises ObjectMissingError."""
        ...


class Objects(ObjectReader, Protocol):
    """The buckets, as the processor uses them. One call of AWS per method, but for copies above 256 MiB."""

    def copy(self, source: ObjectVersion, etag: str, size: int, bucket: str, key: str) -> Copied:
        """Copy exactly that version, once: a second call finds the first one's copy.

        Raises ObjectMissingError, ObjectChangedError when the source's ETag is no longer `etag`, and ObjectTakenError
        when the key already holds the copy of another version.
        """
        ...

    def delete(self, stored: ObjectVersion) -> None:
        """Remove an object from its key; the bucket's versioning keeps it for a while. Removing nothing is no error."""
        ...

    def find(self, bucket: str, key: str) -> FoundObject | None:
        """Return the newest version at a key, or None where there is none."""
        ...

    def describe(self, source: ObjectVersion) -> ObjectRange:
        """Return what S3 says of an object version, and none of its bytes. Raises ObjectMissingError."""
        ...

    def tag(self, source: ObjectVersion, name: str) -> str | None:
        """Return the value of an object version's tag, or None where it has none. Raises ObjectMissingError."""
        ...


class ObjectWriter(Protocol):
    """The incoming bucket, as the expansion of archives uses it."""

    def create(self, target: ObjectVersion, blocks: Iterator[bytes], extension: str) -> None:
        """Write an object unless one stands at its key. What `blocks` raises is raised, and leaves no object."""
        ...


class Presigner(Protocol):
    """S3, as the portal uses it: it signs, and drives multipart uploads; no file's bytes pass through it."""

    def put(self, target: ObjectVersion, size: int, sha256: str | None, extension: str = "") -> Presigned:
        """Sign a PUT of exactly that many bytes. `extension` is the declared name's, as `keys.extension` gives it."""
        ...

    def start_multipart(self, target: ObjectVersion, extension: str = "") -> str:
        """Open a multipart upload and return S3's id of it."""
        ...

    def part(self, target: ObjectVersion, multipart_id: str, number: int, size: int, sha256: str) -> Presigned:
        """Sign one part. S3 wants the checksum of every part of an upload that was opened with checksums."""
        ...

    def parts(self, target: ObjectVersion, multipart_id: str) -> tuple[Part, ...]:
        """List what S3 holds. Raises ObjectMissingError when the multipart upload is gone or complete."""
        ...

    def complete_multipart(self, target: ObjectVersion, multipart_id: str, parts: Sequence[Part]) -> None:
        """Join the parts. Raises ObjectMissingError as `parts` does, ConflictError when S3 refuses the list."""
        ...

    def has_arrived(self, target: ObjectVersion) -> bool:
        """Say whether an object stands at a key; parts that nobody has joined are none."""
        ...

    def get(self, stored: ObjectVersion, file_name: str, shown_as: str = "") -> Presigned:
        """Sign a download that the browser saves under `file_name`: an opaque one, for it stands in the URL.

        With `shown_as`, a media type, the browser shows it instead, and as nothing else.
        """
        ...


class RangeCopies(Protocol):
    """Ranges of objects, for whoever cannot ask for a range."""

    def share(self, source: ObjectVersion, start: int, length: int, media_type: str) -> str:
        """Return an address of a copy of a range, which is good for five minutes and answers as that media type.

        S3 copies ranges of objects above 5 MiB. Raises ObjectMissingError.
        """
        ...
